"""bytes ↔ safe tree: one guarded, validating pass over a request; canonical hash; bytes of an element.

What can go wrong is the sender's: bytes that are not UTF-8, not XML 1.0, beyond the limits, with a DOCTYPE, or
not a SOAP 1.1 envelope with one message in its Body. All of it raises Unreadable, which says where and what to
send instead and never repeats the payload. A message that only breaks the schema does not raise: Envelope.valid
tells. (SOAP 1.1 §4; protocolbindingen §3; WS-I Basic Profile 1.1 §3.1.)

Two things make this cheap and safe. The encoding is pinned to UTF-8 before libxml2 sees a byte, so markup can be
counted in the raw bytes; and a message whose counts alone prove it to be within every limit, or that is no longer
than a chunk and found to be within them, is parsed in one shot, any other in chunks under the eye of a counter.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from lxml import etree

from stuf_klantcontact.limits import Limits
from stuf_klantcontact.parsing.envelopes import ENVELOPES, unfold
from stuf_klantcontact.parsing.positions import positions
from stuf_klantcontact.parsing.refusals import (
    Unreadable,
    beyond,
    declaration,
    doctype,
    encoding,
    line_of,
    malformed,
    namespace,
)

__all__ = [
    "Envelope",
    "Unreadable",
    "canonical_hash",
    "deeper_than",
    "document",
    "positions",
    "prolog",
    "read",
    "write",
]

CHUNK: Final = 64 * 1024

_LARGE: Final = 256 * 1024
_MANY: Final = 20_000
_MUCH: Final = 2**36
"""Bytes, tags, and bytes times pieces of text, from which the schema is better asked afterwards."""

_BASE64: Final = ("{*}Inhoud", "{*}inhoud", "{*}eib.inhoud")
"""dga:Inhoud, BinaireInhoud in StUF-ZKN 3.10 and ZDS 1.2, and that of zkn0320."""

OPTIONS: Final[Mapping[str, Any]] = {
    "encoding": "utf-8",  # pinned: what the document declares has been checked, and cannot switch the decoder
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "attribute_defaults": False,
    "dtd_validation": False,
    "huge_tree": True,  # lifts libxml2's cap of 10 MB on a text; ours are Limits and the size of the request
    "collect_ids": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How every parser of messages is made."""

_DEEPEST: Final = 2048
"""Where libxml2 stops by itself."""

_ELEMENTS: Final = etree.XPath("count(descendant-or-self::*)", regexp=False)

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_DECLARATION: Final = re.compile(
    rb"""<\?xml [ \t\r\n]+ version [ \t\r\n]* = [ \t\r\n]* (?P<v>["'])(?P<version>[0-9.]{1,9})(?P=v)
    (?: [ \t\r\n]+ encoding [ \t\r\n]* = [ \t\r\n]* (?P<e>["'])(?P<encoding>[A-Za-z0-9._:-]{1,40})(?P=e) )?
    (?: [ \t\r\n]+ standalone [ \t\r\n]* = [ \t\r\n]* (?P<s>["'])(?:yes|no)(?P=s) )?
    [ \t\r\n]* \?>""",
    re.VERBOSE,
)
_USUAL: Final = re.compile(rb"""<\?xml version="1\.0" encoding="(?:UTF|utf)-8"\?>[ \t\r\n]*+(?=<[A-Za-z_])""")
"""How nearly every document begins, root and all: what the patterns above and below would find, in one look."""
_MISC: Final = re.compile(
    rb"(?:[ \t\r\n]++|<!--[^-]*+(?:-[^-]++)*+-->|<\?(?![xX][mM][lL][ \t\r\n?]).*?\?>)*+", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A SOAP 1.1 envelope that is safe to walk; `valid` is the verdict of the schema in that same pass."""

    header: etree._Element | None
    body: etree._Element
    valid: bool


def read(
    data: bytes,
    *,
    limits: Limits,
    schema: etree.XMLSchema | None = None,
    charset: str | None = None,
    bare: bool = False,
) -> Envelope:
    """Turn a request into an envelope, or raise Unreadable. `charset` is the one of the Content-Type, if any.

    `bare` takes a message without an envelope too, for the validator; the schema has no say over one.
    """
    root, valid = document(data, limits=limits, schema=schema, charset=charset)
    if bare and root.tag not in ENVELOPES:
        return Envelope(None, root, valid)
    header, body = unfold(root)
    return Envelope(header, body, valid)


def document(
    data: bytes, *, limits: Limits, schema: etree.XMLSchema | None = None, charset: str | None = None
) -> tuple[etree._Element, bool]:
    """(root, verdict of the schema on all of it), whatever the root is; Unreadable when it is no XML for us."""
    data, begin = _utf8_document(data, charset=charset)
    valid = True
    afterwards = schema is not None and _better_afterwards(data)
    try:
        root = _tree(data, begin=begin, limits=limits, schema=None if afterwards else schema)
        if schema is not None and afterwards:
            valid = _obeys(schema, root)
    except (etree.XMLSyntaxError, _Seen) as error:
        # lxml says the same for "not well-formed" and "not valid", and frees that tree: nothing of it may be kept.
        try:
            if isinstance(error, _Seen):
                root = _seen_before(data, begin=begin, limits=limits, elements=error.elements)
            else:
                root = _tree(data, begin=begin, limits=limits, schema=None)
        except etree.XMLSyntaxError:
            raise _malformed(data) from None
        valid = schema is None
    # The root begins where it was seen to begin, so before that is the only place for a DOCTYPE.
    if b"<!" in data[:begin] and root.getroottree().docinfo.internalDTD is not None:
        raise doctype()
    return root, valid


def prolog(head: bytes) -> int:
    """Where the root begins in a document that starts like this; Unreadable when what precedes it is not for us."""
    return _utf8_document(head, charset=None)[1]


def write(element: etree._Element) -> bytes:
    """An element as UTF-8, without XML declaration."""
    return etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)


@cache
def deeper_than(depth: int) -> Callable[[etree._Element], bool]:
    """Whether a message nests deeper than so many elements, itself included."""
    steps = "/".join("*" * min(depth, _DEEPEST))
    return cast(Callable[[etree._Element], bool], etree.XPath(f"boolean({steps})", regexp=False))


def canonical_hash(element: etree._Element) -> bytes:
    """SHA-256 over the exclusive C14N of an element: equal for equal content, however it was written.

    White space in the base64 of a document is no content, and is taken out of `element`: a document beside the
    message (MTOM) has none (XOP 1.0 §3.1).
    """
    for leaf in element.iter(*_BASE64):
        packed = leaf.text or ""
        if not len(leaf) and any(space in packed for space in " \t\r\n"):
            leaf.text = "".join(packed.split()) or None
    try:
        return hashlib.sha256(
            etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
        ).digest()
    except etree.C14NError:
        raise namespace(element) from None


# --- before the parser ------------------------------------------------------------------------------------------


def _utf8_document(data: bytes, *, charset: str | None) -> tuple[bytes, int]:
    """The bytes without BOM, and where in them the root begins.

    Transport, BOM and XML declaration must all say UTF-8 and XML 1.0, and no DOCTYPE may come before the root.
    """
    if charset is not None and charset.lower() not in ("utf-8", "utf8"):
        raise encoding(1)
    usual = _USUAL.match(data)
    if usual is not None:
        return data, usual.end()
    data = data.removeprefix(_UTF8_BOM)
    if not data.strip(b" \t\r\n"):
        raise _malformed(b"")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:4]:
        raise encoding(1)
    start = 0
    if data.startswith(b"<?xml") and data[5:6] in (b" ", b"\t", b"\r", b"\n"):
        found = _DECLARATION.match(data)
        if found is None:
            raise declaration("XML-DECLARATION")
        if found["version"] != b"1.0":
            raise declaration("XML-VERSION")
        if (found["encoding"] or b"utf-8").lower() not in (b"utf-8", b"utf8"):
            raise encoding(1)
        start = found.end()
    misc = _MISC.match(data, start)
    begin = misc.end() if misc is not None else start
    if data.startswith(b"<!DOCTYPE", begin):
        raise doctype(data, offset=begin)
    if data[begin : begin + 1] != b"<" or data[begin + 1 : begin + 2] in (b"!", b"?", b"/"):
        raise _malformed(data)
    return data, begin


def _clearly_within(data: bytes, *, limits: Limits) -> bool:
    """Whether counting bytes alone proves that no limit can be passed: true for nearly every real message.

    A well-formed document has at most an element for each "<"; nests no deeper than half of those, as only the
    element at the bottom can do without an end tag; and needs an "=" for each attribute and for each namespace
    declaration. What is not well-formed is stopped by libxml2 itself at 2,048 levels.
    """
    tags = data.count(b"<")
    if tags >= 2 * limits.depth or tags > limits.elements:
        return False
    equals = data.count(b"=")
    return equals <= limits.attributes and equals <= limits.namespaces


def _better_afterwards(data: bytes) -> bool:
    """Whether to ask the schema only about the finished tree: the same verdict, at another price.

    While it parses, libxml2 measures the text of an element anew at each piece of it, and a reference, a comment or
    a few hundred bytes make a piece: a document of 25 MB took 44 s. Afterwards it is each error that costs more
    than the one before (lxml counts its siblings), which only many elements can make many.
    """
    if len(data) <= _LARGE:
        return False
    return data.count(b"<") <= _MANY or len(data) * (data.count(b"&") + data.count(b"<!")) > _MUCH


def _obeys(schema: etree.XMLSchema, root: etree._Element) -> bool:
    try:
        return bool(schema.validate(root))
    except etree.XMLSchemaValidateError:
        return False


def _found_within(root: etree._Element, data: bytes, *, limits: Limits) -> bool:
    """The same of a document that was parsed, for one whose bytes leave it open."""
    return (
        data.count(b"<") <= limits.elements
        and data.count(b"xmlns") <= limits.namespaces
        and not deeper_than(limits.depth)(root)
        and (data.count(b"=") <= limits.attributes or not _wider_than(limits.attributes)(root))
    )


@cache
def _wider_than(attributes: int) -> Callable[[etree._Element], bool]:
    expression = f"boolean(descendant-or-self::*[@*[{attributes + 1}]])"
    return cast(Callable[[etree._Element], bool], etree.XPath(expression, regexp=False))


# --- the parser -------------------------------------------------------------------------------------------------


def _tree(data: bytes, *, begin: int, limits: Limits, schema: etree.XMLSchema | None) -> etree._Element:
    """Parse, and validate in the same pass; XMLSyntaxError when not well-formed or not valid."""
    parser = _own_parser(schema)
    if _clearly_within(data, limits=limits):
        return etree.fromstring(data, parser)
    if len(data) - begin <= CHUNK:
        # What is as long as a first chunk has been parsed before a guard can look, so one look afterwards will do.
        with suppress(etree.XMLSyntaxError):
            root = etree.fromstring(data, parser)
            if _found_within(root, data, limits=limits):
                return root
    return _guarded(data, begin=begin, limits=limits, schema=schema)


class _Own(threading.local):
    """A parser for each thread and schema: making one costs a fifth of a parse, and sharing one serialises."""

    def __init__(self) -> None:
        self.schema: etree.XMLSchema | None = None
        self.parser = etree.XMLParser(**OPTIONS)


_own = _Own()


def _own_parser(schema: etree.XMLSchema | None) -> etree.XMLParser:
    if _own.schema is not schema:
        _own.schema, _own.parser = schema, etree.XMLParser(schema=schema, **OPTIONS)
    return _own.parser


def _guarded(data: bytes, *, begin: int, limits: Limits, schema: etree.XMLSchema | None) -> etree._Element:
    """The same in chunks, stopping at the first chunk that passes a limit.

    After some errors (an undeclared entity is one) lxml's feed() says nothing and takes the next chunk for the
    beginning of another document. So the root must be there after the first chunk, which reaches well into it, and
    be what is there at the end.
    """
    parser = etree.XMLPullParser(events=("start", "end", "start-ns"), schema=schema, **OPTIONS)
    depth = elements = namespaces = 0
    first: etree._Element | None = None
    for end in range(begin + CHUNK, len(data) + CHUNK, CHUNK):
        parser.feed(data[end - CHUNK if first is not None else 0 : end])
        for event, item in parser.read_events():
            if event == "end":
                depth -= 1
            elif event == "start":
                node = cast(etree._Element, item)
                if first is None:
                    first = node
                elif depth == 0:
                    raise _malformed(data)
                depth += 1
                elements += 1
                if depth > limits.depth:
                    raise beyond("XML-DEPTH", limits.depth, line=line_of(node))
                if elements > limits.elements:
                    raise beyond("XML-ELEMENTS", limits.elements, line=line_of(node))
                if len(node.attrib) > limits.attributes:
                    raise beyond("XML-ATTRIBUTES", limits.attributes, line=line_of(node))
            else:
                namespaces += 1
                if namespaces > limits.namespaces:
                    raise beyond("XML-NAMESPACES", limits.namespaces)
        if first is None:  # an error in the root's start tag, or a tag of more than a chunk
            raise _malformed(data, otherwise=beyond("XML-ATTRIBUTES", limits.attributes))
    try:
        root = parser.close()
    except etree.XMLSyntaxError:
        if schema is None:
            raise
        raise _Seen(elements) from None
    if root is None or root is not first or depth != 0:
        raise _malformed(data)
    return root


class _Seen(Exception):
    """The schema, or XML, has something against a document of which a guard saw all that libxml2 read of it."""

    def __init__(self, elements: int) -> None:
        self.elements = elements


def _seen_before(data: bytes, *, begin: int, limits: Limits, elements: int) -> etree._Element:
    """Parse a document anew that was within the limits: all of it was, if it has as many elements as were seen."""
    root = etree.fromstring(data, _own_parser(None))
    if _ELEMENTS(root) == elements:
        return root
    return _guarded(data, begin=begin, limits=limits, schema=None)


def _malformed(data: bytes, *, otherwise: Unreadable | None = None) -> Unreadable:
    """Say where and why the bytes are not well-formed: one more pass, which stops where the others did."""
    try:
        etree.fromstring(data, etree.XMLParser(**OPTIONS))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        return malformed(error.code or 0, line=line, column=column, data=data)  # type: ignore[attr-defined]
    return otherwise or malformed(0, line=0, column=0)
