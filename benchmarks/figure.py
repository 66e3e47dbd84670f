"""One line of the table: a figure, what it is held against, and the aim for their ratio."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement. `ratio` is figure / peer; `at_least` and `at_most` are aims for it, if there is one."""

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float = 0.0
    ratio: float = 0.0
    at_least: float | None = None
    at_most: float | None = None

    @property
    def aim(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None when there is none."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None if self.at_most is None else self.ratio <= self.at_most


def table(figures: Sequence[Figure]) -> str:
    """The figures for people, one a line."""
    rows = [("what", "figure", "held against", "its figure", "ratio", "aim", "met")]
    for figure in figures:
        rows.append(
            (
                figure.name,
                f"{figure.value:,.0f} {figure.unit}",
                figure.peer,
                f"{figure.peer_value:,.0f} {figure.unit}" if figure.peer else "",
                f"{figure.ratio:.2f}" if figure.peer else "",
                figure.aim,
                {True: "yes", False: "NO", None: ""}[figure.met],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)
