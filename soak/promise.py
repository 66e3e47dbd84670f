"""One line of the table: what was promised, and what came of it."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

_began = time.monotonic()


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure, and the aim that it was held against, if there is one: `kept` says how that went."""

    what: str
    figure: str
    aim: str = ""
    kept: bool = True


def table(promises: Sequence[Promise]) -> str:
    """The promises for people, one a line."""
    rows = [("what", "figure", "aim", "kept")]
    rows += [(p.what, p.figure, p.aim, ("yes" if p.kept else "NO") if p.aim else "") for p in promises]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def progress(text: str) -> None:
    """Say on standard error how far it is."""
    print(f"{time.monotonic() - _began:7.0f} s  {text}", file=sys.stderr, flush=True)
