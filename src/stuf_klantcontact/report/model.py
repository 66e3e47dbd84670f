"""What was found in one document, and of which layer each finding is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from stuf_klantcontact.errors import Severity, Text, Violation

Language = Literal["nl", "en"]
Layer = Literal["well-formedness", "XSD", "StUF", "RGBZ", "gateway"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file or message, in the order of its lines; `schema` says against what it was held.

    Of a StUF-berichtenSet each message that there is something to say about has a report of its own, with its
    `index` from 1; the report of the file says how many `messages` there were, how many of them are `invalid`, and
    how many are `warned` about only. A finding without a line is of the whole document, and comes last.
    """

    file: str
    schema: str
    violations: tuple[Violation, ...]
    index: int | None = None
    messages: int = 1
    invalid: int = 0
    warned: int = 0

    def __post_init__(self) -> None:
        if self.violations:
            ordered = tuple(sorted(self.violations, key=lambda v: (v.line is None, v.line or 0, v.column or 0)))
            object.__setattr__(self, "violations", ordered)

    @property
    def valid(self) -> bool:
        """Whether nothing but warnings was found."""
        return not self.invalid and not any(v.severity == "error" for v in self.violations)

    @property
    def warns(self) -> bool:
        """Whether there is a warning, in the document or in a message of it."""
        return bool(self.warned) or any(v.severity == "warning" for v in self.violations)

    @property
    def name(self) -> str:
        """The file, with the number of the message in it when there is one."""
        return self.file if self.index is None else f"{self.file}#{self.index}"

    def fails(self, least: Severity) -> bool:
        """Whether something at least as severe was found."""
        return not self.valid or (least == "warning" and self.warns)


def layer(rule: str) -> Layer:
    """The layer that a rule is of, from the lowest up: what cannot be read breaks no rule of StUF."""
    head = rule.partition("-")[0]
    if head in ("HTTP", "XML", "SOAP"):
        return "well-formedness"
    if head == "XSD":
        return "XSD"
    if head == "RGBZ":
        return "RGBZ"
    return "StUF" if head.startswith("StUF") else "gateway"


def url(rule: str, *, base: str = "") -> str:
    """The page about a rule."""
    return f"{base}/fouten/{rule}"


def said(text: Text, language: Language) -> str:
    """The sentence in one language."""
    return text.nl if language == "nl" else text.en


SEVERITIES: Final[Mapping[Severity, Text]] = {
    "error": Text("fout", "error"),
    "warning": Text("waarschuwing", "warning"),
}
"""What each kind of finding is called."""


def verdict(report: Report) -> Text:
    """The outcome in a word or three."""
    if not report.valid:
        return Text("ongeldig", "invalid")
    return Text("geldig, met waarschuwingen", "valid, with warnings") if report.warns else Text("geldig", "valid")


def shown(text: str) -> str:
    """A line for a terminal: what could move the cursor, change a colour or turn the reading order made visible."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def printable(text: str) -> str:
    """What XML can hold of a text."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff"
    )


def _escaped(character: str) -> str:
    return " " if character.isspace() else character.encode("unicode_escape").decode()


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON that UTF-8 can hold: half a surrogate pair, as a file name may have, stands there as its escape."""
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace").decode()
