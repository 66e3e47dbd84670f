"""A violation for people: line, path, value, rule, Dutch and English text; text, JSON, SARIF, JUnit.

Every form has the same fields, in the order of docs/error-codes.md. Nothing here can go wrong; a value that is not
allowed in XML is dropped character by character, because a report must always reach the sender.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import KC, qname
from stuf_klantcontact.report.model import Language, Layer, Report, json_text, layer, printable, url, verdict
from stuf_klantcontact.report.sarif import Describe, Described
from stuf_klantcontact.report.text import as_text

__all__ = [
    "Describe",
    "Described",
    "Language",
    "Layer",
    "Report",
    "as_dict",
    "as_element",
    "as_json",
    "as_text",
    "layer",
    "url",
    "verdict",
]


def as_dict(report: Report, *, base: str = "") -> dict[str, Any]:
    """The report as JSON has it; a message of a StUF-berichtenSet has its index."""
    head: dict[str, Any] = {"file": report.file, "valid": report.valid, "schema": report.schema}
    if report.index is not None:
        head["index"] = report.index
    if report.messages != 1:
        head |= {"messages": report.messages, "invalid": report.invalid, "warned": report.warned}
    return head | {
        "violations": [
            {
                "rule": v.rule,
                "layer": layer(v.rule),
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
            | ({} if v.index is None else {"index": v.index, "referentienummer": v.referentienummer})
            for v in report.violations
        ],
    }


def as_json(reports: Sequence[Report], *, base: str = "") -> str:
    """One report as an object, several as an array."""
    documents = [as_dict(report, base=base) for report in reports]
    return json_text(documents[0] if len(documents) == 1 else documents, indent=2)


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
                etree.SubElement(text, qname(KC, "nl")).text = printable(value.nl)
                etree.SubElement(text, qname(KC, "en")).text = printable(value.en)
            elif value is not None:
                etree.SubElement(bevinding, qname(KC, local)).text = printable(str(value))
    return root
