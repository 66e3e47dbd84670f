"""What lies in a document: its encoding, its envelope, and the messages in it.

A message may stand alone, in a SOAP 1.1 or 1.2 envelope, in the detail of a SOAP fault, in the detailsXML of a Fo
message, or in a StUF-berichtenSet. What is wrong with the wrapping is a finding; only what cannot be read at all
raises Unreadable.

SOAP 1.1 §4, protocolbindingen §3, StUF 03.01 §4.4.3; XML 1.0 appendix F for encodings.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from lxml import etree

from stuf_klantcontact import parsing
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.names import SOAP11, SOAP12, STUF0301, STUF0302, qname
from stuf_klantcontact.parsing.refusals import Unreadable, encoding, soap

PLAIN: Final = (b'<?xml version="1.0" encoding="UTF-8"?>', b'<?xml version="1.0" encoding="utf-8"?>')
"""A document that begins with one of these is in UTF-8 and says so."""

BERICHTENSETS: Final = frozenset(qname(namespace, "StUF-berichtenSet") for namespace in (STUF0301, STUF0302))
"""Root elements of a file with many messages."""

_ENVELOPES: Final = {qname(SOAP11, "Envelope"): SOAP11, qname(SOAP12, "Envelope"): SOAP12}
_DETAILS_XML: Final = (qname(STUF0301, "detailsXML"), qname(STUF0302, "detailsXML"))
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FIRST_CHARACTERS: Final = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARED: Final = re.compile(r"""^(<\?xml[^>]*?\sencoding\s*=\s*)(["'])([A-Za-z0-9._:-]{1,40})\2""")
_READABLE: Final = frozenset(
    {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii", "iso8859-1", "iso8859-15"}
    | {"cp1252", "utf-8"}
)
"""Encodings that are read on, so that the rest of the message is judged too."""


class Opened(NamedTuple):
    """The messages of a document, and what is wrong around them."""

    data: bytes
    messages: tuple[etree._Element, ...]
    nested: tuple[etree._Element, ...]
    """Messages inside another one, which the schema does not look at."""
    findings: tuple[Violation, ...]
    is_set: bool


def open_document(data: bytes, *, limits: Limits, root: etree._Element | None = None) -> Opened:
    """Read a document; raises Unreadable when there is no message to judge.

    `root` is that of a PLAIN document that was parsed before.
    """
    findings: list[Violation] = []
    if not data.startswith(PLAIN):
        data, findings = _in_utf8(data)
    if root is None:
        try:
            root, _ = parsing.document(data, limits=limits)
        except Unreadable as unreadable:
            if not findings:
                raise
            raise _both(unreadable, findings) from None
    messages: tuple[etree._Element, ...] = (root,)
    tag = root.tag
    if tag in _ENVELOPES:
        messages, around = _unfold(root)
        findings += around
    elif tag in BERICHTENSETS:
        messages = tuple(root.iterchildren(etree.Element))
    nested = tuple(_nested(messages)) if b"detailsXML" in data else ()
    return Opened(data, messages, nested, tuple(findings), tag in BERICHTENSETS)


def without_bom(head: bytes) -> tuple[bytes, list[Violation]]:
    """The beginning of a document without the BOM of UTF-8, and what there is to say about that."""
    return (head[len(codecs.BOM_UTF8) :], [_bom()]) if head.startswith(codecs.BOM_UTF8) else (head, [])


def _in_utf8(data: bytes) -> tuple[bytes, list[Violation]]:
    """The same document in UTF-8 without BOM, and what there is to say about how it came."""
    bom = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), None)
    if bom is None and data[:1] == b"<" and data[1:2] != b"\x00" and not _declares_other(data):
        return data, []
    if bom is not None and bom[1] == "utf-8":
        rest = data[len(bom[0]) :]
        return rest, [_bom(), *_in_utf8(rest)[1]]
    name = bom[1] if bom else next((name for first, name in _FIRST_CHARACTERS if data.startswith(first)), "")
    if not name:
        declared = _DECLARED.match(data[:200].decode("latin-1"))
        if declared is None:
            return data, []
        try:
            name = codecs.lookup(declared[3]).name
        except LookupError:
            return data, []
    if name not in _READABLE or name == "utf-8":
        return data, []  # parsing says what is wrong with it
    try:
        text = data.decode(name)
    except UnicodeError:
        return data, []
    text = _DECLARED.sub(r"\1\2UTF-8\2", text.removeprefix("\ufeff"), count=1)
    finding = encoding(1).violations[0]
    return text.encode(), [replace(finding, value=name.upper())]


def _declares_other(data: bytes) -> bool:
    if not data.startswith(b"<?xml"):
        return False
    declared = _DECLARED.match(data[:200].decode("latin-1"))
    return declared is not None and declared[3].lower() not in ("utf-8", "utf8")


def _bom() -> Violation:
    return Violation(
        "XML-BOM",
        Text("Voor het bericht staat een byte order mark.", "A byte order mark precedes the message."),
        hint=Text(
            "Bewaar en verstuur het bericht als UTF-8 zonder BOM; niet elke ontvanger verdraagt er een.",
            "Save and send the message as UTF-8 without BOM; not every receiver tolerates one.",
        ),
        severity="warning",
        line=1,
        column=1,
    )


def _both(unreadable: Unreadable, findings: list[Violation]) -> Unreadable:
    unreadable.violations = (*findings, *unreadable.violations)
    return unreadable


def _unfold(envelope: etree._Element) -> tuple[tuple[etree._Element, ...], list[Violation]]:
    """The messages in a SOAP envelope: in its Body, or in the detail of the fault that is there."""
    namespace = _ENVELOPES[str(envelope.tag)]
    findings: list[Violation] = []
    if namespace == SOAP12:
        findings.append(replace(soap("SOAP-VERSION", envelope, expected=SOAP11).violations[0], severity="warning"))
    bodies = list(envelope.iterchildren(qname(namespace, "Body")))
    if len(bodies) != 1:
        raise soap("SOAP-ENVELOPE", envelope, expected="soap:Header?, soap:Body")
    (body,) = bodies
    strangers = [
        e for e in envelope.iterchildren(etree.Element) if e.tag not in (qname(namespace, "Header"), body.tag)
    ]
    if strangers:
        findings.append(soap("SOAP-ENVELOPE", strangers[0], expected="soap:Header?, soap:Body").violations[0])
    if any(
        (text or "").strip()
        for text in (
            envelope.text,
            body.text,
            *(e.tail for e in envelope.iter(etree.Element) if e.getparent() in (envelope, body)),
        )
    ):
        findings.append(soap("SOAP-TEXT", envelope).violations[0])
    messages = list(body.iterchildren(etree.Element))
    fault = next((message for message in messages if message.tag == qname(namespace, "Fault")), None)
    if fault is not None:
        details = fault.iterchildren("detail", "details", qname(SOAP11, "detail"), qname(SOAP12, "Detail"))
        messages = [message for detail in details for message in detail.iterchildren(etree.Element)]
        if not messages:
            raise soap("SOAP-FAULT", fault)
    elif len(messages) != 1:
        if not messages:
            raise soap("SOAP-BODY", body)
        findings.append(soap("SOAP-BODY", body).violations[0])
    return tuple(messages), findings


def _nested(messages: tuple[etree._Element, ...]) -> Iterator[etree._Element]:
    """The messages in a detailsXML: what has stuurgegevens of its own."""
    for message in messages:
        for details in message.iter(*_DETAILS_XML):
            for child in details.iterchildren(etree.Element):
                if next(child.iterchildren("{*}stuurgegevens"), None) is not None:
                    yield child
