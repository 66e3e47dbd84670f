"""An MTOM message as the XML it stands for: the base64 of its part in the place of every xop:Include.

What comes of it goes through the same one reader as a message that was sent so at once: the limits, the schema
(which is asked about the base64, ONV0477) and the canonical hash know no difference. No part is used twice, so the
result is never longer than four thirds of what was sent. What is no such message raises Unreadable.

MTOM for SOAP 1.1 (SOAP11MTOM10) and XOP 1.0 §3; RFC 2392; protocolbindingen §3.1; stuf-facts §8.5.
"""

import io
from typing import Final
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from lxml import etree

from stuf_klantcontact.limits import Limits
from stuf_klantcontact.names import qname, split
from stuf_klantcontact.parsing import document
from stuf_klantcontact.parsing.binary import as_base64
from stuf_klantcontact.parsing.multipart import XOP, Part, Related, mtom, parts
from stuf_klantcontact.parsing.refusals import line_of, malformed

XOP_INCLUDE: Final = "http://www.w3.org/2004/08/xop/include"
INCLUDE: Final = qname(XOP_INCLUDE, "Include")
_INCLUDE: Final = INCLUDE.removeprefix("{")
"""As expat writes it."""

_INDENT: Final = 1_000
"""Most bytes of white space beside an xop:Include that go with it; base64 may have more around it."""

BINARY: Final = frozenset({"Inhoud", "inhoud"})
"""Local names of the elements that hold a document: dga:Inhoud, and BinaireInhoud in StUF-ZKN 3.10 and ZDS 1.2."""


def inlined(data: bytes, *, related: Related, limits: Limits) -> tuple[bytes, str | None]:
    """The envelope with its documents in it, and the charset that its part says, if any."""
    found = parts(data, boundary=related.boundary)
    root, others = _root(found, start=related.start)
    envelope = bytes(root.content())
    tree, _ = document(envelope, limits=limits, charset=root.charset)
    includes = list(tree.iter(INCLUDE))
    if not includes:
        if others:
            raise mtom("SOAP-MTOM-UNUSED")
        return envelope, root.charset
    chosen = _referred(includes, others, root=root)
    if len(chosen) != len(others):
        raise mtom("SOAP-MTOM-UNUSED")
    return _written(envelope, list(chosen.values())), root.charset


def _root(found: list[Part], *, start: str) -> tuple[Part, dict[str, Part]]:
    """The part with the envelope, and the others by their Content-ID."""
    root = found[0] if not start else next((part for part in found if part.content_id == start), None)
    if root is None:
        raise mtom("SOAP-MTOM-ROOT")
    if root.media != XOP:
        raise mtom("SOAP-MTOM-TYPE")
    others = {part.content_id: part for part in found if part is not root}
    if len(others) != len(found) - 1 or "" in others or root.content_id in others:
        raise mtom("SOAP-MTOM-CID")
    return root, others


def _referred(includes: list[etree._Element], others: dict[str, Part], *, root: Part) -> dict[str, Part]:
    """The parts that the xop:Includes stand for, in their order; no two stand for the same."""
    chosen: dict[str, Part] = {}
    for include in includes:
        holder, href = include.getparent(), include.get("href", "")
        alone = (
            holder is not None
            and split(holder.tag)[1] in BINARY
            and len(holder) == 1
            and not len(include)
            and not any((text or "").strip() for text in (holder.text, include.text, include.tail))
        )
        if not alone or href[:4].lower() != "cid:":
            raise mtom("SOAP-MTOM-INCLUDE", line=line_of(include))
        content_id = unquote_to_bytes(href[4:]).decode("latin-1")
        if content_id in chosen or content_id == root.content_id:
            raise mtom("SOAP-MTOM-TWICE", line=line_of(include))
        if content_id not in others:
            raise mtom("SOAP-MTOM-UNKNOWN", line=line_of(include))
        chosen[content_id] = others[content_id]
    return chosen


def _written(envelope: bytes, chosen: list[Part]) -> bytes:
    """The envelope with those parts in it, and every line of it where it was."""
    written = io.BytesIO()  # gives what was written without another copy
    done = 0
    for (start, end), part in zip(_places(envelope), chosen, strict=True):
        written.write(envelope[done:start])
        for text in as_base64(part.content()):
            written.write(text)
        done = end
    written.write(envelope[done:])
    return written.getvalue()


def _places(envelope: bytes) -> list[tuple[int, int]]:
    """From which byte to which every xop:Include is, white space around it included; it is known to be alone."""
    starts: list[int] = []
    ends: list[int] = []
    parser = expat.ParserCreate("utf-8", "}")

    def start(name: str, _: object) -> None:
        if name == _INCLUDE:
            starts.append(parser.CurrentByteIndex)

    def end(name: str) -> None:
        if name == _INCLUDE:
            at = parser.CurrentByteIndex
            # Of an empty element this is where its one tag ends, of another where its end tag begins.
            ends.append(at if envelope[at - 2 : at] == b"/>" else envelope.index(b">", at) + 1)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(envelope, True)
    except expat.ExpatError:  # a name that only the fifth edition of XML 1.0 allows
        raise malformed(0, line=0, column=0) from None
    return [
        (
            begin - _blanks(envelope[max(0, begin - _INDENT) : begin][::-1]),
            stop + _blanks(envelope[stop : stop + _INDENT]),
        )
        for begin, stop in zip(starts, ends, strict=True)
    ]


def _blanks(text: bytes) -> int:
    """How many blanks it begins with."""
    return len(text) - len(text.lstrip())
