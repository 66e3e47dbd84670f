"""A violation for people: line, path, value, rule, Dutch and English text; text, JSON, SARIF, JUnit.

Every form has the same fields, in the order of docs/error-codes.md. Nothing here can go wrong; a value that is not
allowed in XML is dropped character by character, because a report must always reach the sender.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lxml import etree

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import KC, qname

Language = Literal["nl", "en"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file or message; `schema` says against what it was held."""

    file: str
    schema: str
    violations: tuple[Violation, ...]

    @property
    def valid(self) -> bool:
        """Whether nothing but warnings was found."""
        return not any(v.severity == "error" for v in self.violations)


def url(rule: str, *, base: str = "") -> str:
    """The page about a rule."""
    return f"{base}/fouten/{rule}"


def as_text(report: Report, *, language: Language = "nl") -> str:
    """Lines for a terminal: the verdict, then each finding with its place, what is wrong and what to do."""
    verdict = {("nl", True): "geldig", ("nl", False): "ongeldig", ("en", True): "valid", ("en", False): "invalid"}
    lines = [f"{report.file}: {verdict[language, report.valid]} ({report.schema})"]
    for violation in report.violations:
        place = ":".join(str(n) for n in (report.file, violation.line, violation.column) if n)
        lines.append(f"{place}: {violation.rule} {_said(violation.message, language)}")
        details = {
            "path": violation.path or violation.element,
            {"nl": "waarde", "en": "value"}[language]: violation.value,
            {"nl": "verwacht", "en": "expected"}[language]: violation.expected,
            {"nl": "oplossing", "en": "cure"}[language]: violation.hint and _said(violation.hint, language),
        }
        lines += [f"    {name}: {value}" for name, value in details.items() if value]
    return "\n".join("".join(c if c.isprintable() else _escaped(c) for c in line) for line in lines)


def as_dict(report: Report, *, base: str = "") -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "file": report.file,
        "valid": report.valid,
        "schema": report.schema,
        "violations": [
            {
                "rule": v.rule,
                "severity": v.severity,
                "line": v.line,
                "column": v.column,
                "path": v.path,
                "element": v.element,
                "value": v.value,
                "expected": v.expected,
                "message": {"nl": v.message.nl, "en": v.message.en},
                "hint": None if v.hint is None else {"nl": v.hint.nl, "en": v.hint.en},
                "url": url(v.rule, base=base),
            }
            for v in report.violations
        ],
    }


def as_json(reports: Sequence[Report], *, base: str = "") -> str:
    """One report as an object, several as an array."""
    documents = [as_dict(report, base=base) for report in reports]
    text = json.dumps(documents[0] if len(documents) == 1 else documents, ensure_ascii=False, indent=2)
    # A file name may have surrogates, which UTF-8 cannot; their escape is JSON for the same name.
    return text.encode(errors="backslashreplace").decode()


def as_element(violations: Iterable[Violation], *, base: str = "") -> etree._Element:
    """kc:bevindingen, for the detailsXML of a fault (docs/mapping.md §1)."""
    root = etree.Element(qname(KC, "bevindingen"), nsmap={"kc": KC})
    for violation in violations:
        bevinding = etree.SubElement(root, qname(KC, "bevinding"))
        values: tuple[tuple[str, object], ...] = (
            ("rule", violation.rule),
            ("severity", violation.severity),
            ("line", violation.line),
            ("column", violation.column),
            ("path", violation.path),
            ("element", violation.element),
            ("value", violation.value),
            ("expected", violation.expected),
            ("message", violation.message),
            ("hint", violation.hint),
            ("url", url(violation.rule, base=base)),
        )
        for local, value in values:
            if isinstance(value, Text):
                text = etree.SubElement(bevinding, qname(KC, local))
                etree.SubElement(text, qname(KC, "nl")).text = _printable(value.nl)
                etree.SubElement(text, qname(KC, "en")).text = _printable(value.en)
            elif value is not None:
                etree.SubElement(bevinding, qname(KC, local)).text = _printable(str(value))
    return root


def _said(text: Text, language: Language) -> str:
    return text.nl if language == "nl" else text.en


def _escaped(character: str) -> str:
    """What could move the cursor, change a colour or turn the reading order, made visible; blanks stay blank."""
    return " " if character.isspace() else character.encode("unicode_escape").decode()


def _printable(text: str) -> str:
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff"
    )
