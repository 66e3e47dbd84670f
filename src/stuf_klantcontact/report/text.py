"""A report as lines for a terminal: with colour, the line of the source, and a caret under what is wrong."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.report.model import SEVERITIES, Language, Report, said, shown, verdict

Source = Callable[[int], str | None]
"""Gives a line of the document by its number, or None when it is not at hand."""

WIDTH: Final = 110
"""Columns of a source line that are shown."""

_OFTEN: Final = 5
"""So many rules are named as the most frequent."""
_UNNAMED: Final = Text("bericht", "message")
"""What a document without a file name is called."""
_BOLD, _RED, _YELLOW, _GREEN, _CYAN, _DIM = "1", "1;31", "1;33", "1;32", "36", "2"


def as_text(
    report: Report, *, language: Language = "nl", colour: bool = False, source: Source | None = None
) -> str:
    """The verdict, then each finding with its place, what is wrong and what to do."""

    def paint(text: str, code: str) -> str:
        return f"\x1b[{code}m{shown(text)}\x1b[0m" if colour else shown(text)

    file = report.file or said(_UNNAMED, language)
    colours = _GREEN if report.valid and not report.warns else _YELLOW if report.valid else _RED
    lines = [
        f"{paint(_place(file, report.index), _BOLD)}: {paint(said(verdict(report), language), colours)}"
        f" ({shown(report.schema)}){_counted(report, language)}"
    ]
    for violation in report.violations:
        place = _place(file, violation.index or report.index, violation.line, violation.column)
        rule = f"{said(SEVERITIES[violation.severity], language)} {violation.rule}"
        rule = paint(rule, _RED if violation.severity == "error" else _YELLOW)
        lines.append(f"{paint(place, _BOLD)}: {rule} {shown(said(violation.message, language))}")
        if source is not None and violation.line is not None:
            lines += [paint(line, _DIM) if n == 0 else paint(line, _RED)
                      for n, line in enumerate(excerpt(violation, source))]  # fmt: skip
        details = {
            {"nl": "bericht", "en": "message"}[language]: _message(violation),
            {"nl": "pad", "en": "path"}[language]: violation.path or violation.element,
            {"nl": "waarde", "en": "value"}[language]: violation.value,
            {"nl": "verwacht", "en": "expected"}[language]: violation.expected,
            {"nl": "oplossing", "en": "cure"}[language]: violation.hint and said(violation.hint, language),
        }
        lines += [f"    {paint(name, _CYAN)}: {shown(value)}" for name, value in details.items() if value]
    return "\n".join(lines)


@dataclass(slots=True)
class Tally:
    """What came of many files, and which rules were broken most."""

    files: int = 0
    invalid: int = 0
    warned: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        """Count one report; of a StUF-berichtenSet only the file is a file, and every finding a finding."""
        self.rules.update(violation.rule for violation in report.violations)
        if report.index is None:
            self.files += 1
            self.invalid += not report.valid
            self.warned += report.valid and report.warns

    def as_text(self, *, language: Language) -> str:
        """The counts in a line, and below it the most frequent rules."""
        valid, often = self.files - self.invalid - self.warned, self.rules.most_common(_OFTEN)
        listed = ", ".join(f"{rule} {count}×" for rule, count in often)
        if language == "nl":
            line = f"{self.files} bestanden: {valid} geldig, {self.warned} geldig met waarschuwingen, "
            return f"{line}{self.invalid} ongeldig" + (f"\n    vaakst: {listed}" if listed else "")
        line = f"{self.files} files: {valid} valid, {self.warned} valid with warnings, "
        return f"{line}{self.invalid} invalid" + (f"\n    most often: {listed}" if listed else "")


def _place(file: str, index: int | None, *numbers: int | None) -> str:
    """As compilers write it: file#message:line:column."""
    return ":".join([f"{file}#{index}" if index else file, *(str(number) for number in numbers if number)])


def _message(violation: Violation) -> str:
    """Which message of a StUF-berichtenSet: its number and its referentienummer."""
    if violation.index is None:
        return ""
    return f"{violation.index}, referentienummer {violation.referentienummer or '-'}"


def _counted(report: Report, language: Language) -> str:
    """How many messages a file had, and how many of them are invalid."""
    if report.messages == 1:
        return ""
    if language == "nl":
        return f": {report.messages} berichten, {report.invalid} ongeldig"
    return f": {report.messages} messages, {report.invalid} invalid"


def excerpt(violation: Violation, source: Source) -> Iterator[str]:
    """The line of the source and, when it can be told where in it, a caret; nothing when it is not at hand."""
    line = source(violation.line or 0)
    if line is None or not line.strip():
        return
    number = str(violation.line)
    text = "".join(c if c.isprintable() else " " for c in line.rstrip())
    column = _column(violation, text)
    start = 0
    if len(text) > WIDTH:
        start = max(0, min((column or 1) - 1 - WIDTH // 3, len(text) - WIDTH))
    indent = len(text[start:]) - len(text[start:].lstrip()) if start == 0 else 0
    start += max(0, indent - 2)
    piece = text[start : start + WIDTH]
    dots = "…" if start > indent else ""
    yield f"    {number} | {dots}{piece}{'…' if start + WIDTH < len(text) else ''}"
    if column is not None and start < column <= start + WIDTH:
        yield f"    {' ' * len(number)} | {' ' * (len(dots) + column - 1 - start)}{'^' * _width(text, column)}"


def _column(violation: Violation, text: str) -> int | None:
    """Where in the line: as was found, else where a tag of that name begins."""
    if violation.column is not None and 0 < violation.column <= len(text) + 1:
        return violation.column
    steps = (violation.path or violation.element or "").split("/@")[0]
    local = re.sub(r"\[[0-9]+\]$", "", steps).rpartition("/")[2].rpartition(":")[2]
    found = re.search(rf"<(?:[\w.-]+:)?{re.escape(local)}(?=[\s/>]|$)", text) if local else None
    return found.start() + 1 if found else None


def _width(text: str, column: int) -> int:
    """The caret is as wide as the start tag that it is under."""
    found = re.compile(r"<[^\s/>]*").match(text, column - 1)
    return max(1, len(found[0]) if found else 1)
