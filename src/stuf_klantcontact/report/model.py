"""What was found in one document, and of which layer each finding is."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from stuf_klantcontact.errors import Text, Violation

Language = Literal["nl", "en"]
Layer = Literal["well-formedness", "XSD", "StUF", "RGBZ", "gateway"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file or message; `schema` says against what it was held.

    Of a StUF-berichtenSet each message that there is something to say about has a report of its own, with its
    `index` from 1; the report of the file says how many `messages` there were, and how many of them are `invalid`.
    """

    file: str
    schema: str
    violations: tuple[Violation, ...]
    index: int | None = None
    messages: int = 1
    invalid: int = 0

    @property
    def valid(self) -> bool:
        """Whether nothing but warnings was found."""
        return not self.invalid and not any(v.severity == "error" for v in self.violations)

    @property
    def name(self) -> str:
        """The file, with the number of the message in it when there is one."""
        return self.file if self.index is None else f"{self.file}#{self.index}"


def layer(rule: str) -> Layer:
    """The layer that a rule is of, from the lowest up: what cannot be read breaks no rule of StUF."""
    head = rule.partition("-")[0]
    if head in ("XML", "SOAP"):
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
