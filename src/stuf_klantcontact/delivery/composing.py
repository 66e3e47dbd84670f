"""The bytes of a message with documents: in it as base64 or beside it in parts, and stored without them.

While a message is rendered and held against its contract a mark stands for each document: 64 digits, which are
base64 to every schema. So a document of 25 MB is in memory once, whatever is done with the message around it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from stuf_klantcontact.names import XMIME, qname
from stuf_klantcontact.outbox import Stamp
from stuf_klantcontact.outlets import mtom
from stuf_klantcontact.outlets import soap as soaps
from stuf_klantcontact.parsing.binary import as_base64, base64_length, base64_text

DOCUMENT_CUT: Final = 750
"""A document of so many bytes is not stored in the body again: its hash stands for it."""

_PIECE: Final = 256 * 1024
_CONTENT_TYPE: Final = qname(XMIME, "contentType")


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: the stamp, and the document that belongs at its document_at, if one does."""

    stamp: Stamp
    document: bytes | None = None

    def body(self) -> soaps.Body:
        """What to post; it is made while it is sent. The same bytes each time: the stamp says in what form."""
        stamp, document = self.stamp, self.document
        in_parts = stamp.body.startswith(b"--")
        kind = mtom.content_type(stamp.referentienummer) if in_parts else soaps.XML
        if document is None or stamp.document_at is None:
            return soaps.Body(lambda: iter((stamp.body,)), len(stamp.body), kind)
        at = stamp.document_at

        def pieces() -> Iterator[bytes]:
            yield stamp.body[:at]
            if in_parts:
                for start in range(0, len(document), _PIECE):
                    yield document[start : start + _PIECE]
            else:
                yield from as_base64(document)
            yield stamp.body[at:]

        length = len(document) if in_parts else base64_length(len(document))
        return soaps.Body(pieces, len(stamp.body) + length, kind)


class Documents:
    """The documents of one message that is being rendered, each by its mark."""

    def __init__(self, referentienummer: str) -> None:
        self._referentienummer = referentienummer.encode()
        self._marked: dict[str, bytes] = {}

    def mark(self, inhoud: bytes) -> str:
        """What stands for a document: the same for the same bytes, so that what did not change is seen."""
        if not inhoud:
            return ""
        mark = hashlib.sha256(self._referentienummer + hashlib.sha256(inhoud).digest()).hexdigest()
        self._marked.setdefault(mark, inhoud)
        return mark

    @property
    def marked(self) -> Mapping[str, bytes]:
        """Every document by its mark."""
        return self._marked


def compose(
    element: etree._Element, *, documents: Documents, stamp: Stamp, in_parts: bool, stored: bytes | None
) -> Message:
    """Put the documents where their marks are. `stored` is the one that needs not be stored with the message."""
    marked = documents.marked
    if not marked:
        return Message(replace(stamp, body=soaps.envelope(element)))
    found = [
        (str(e.get(_CONTENT_TYPE, "")), marked[e.text])
        for e in element.iter(etree.Element)
        if e.text is not None and e.text in marked
    ]
    envelope = soaps.envelope(element)
    if not found:
        return Message(replace(stamp, body=envelope))
    pieces = re.split(b"|".join(mark.encode() for mark in marked), envelope)
    if in_parts:
        chunks = mtom.in_parts(pieces, found, referentienummer=stamp.referentienummer)
    else:
        chunks = [pieces[0]]
        for (_, inhoud), piece in zip(found, pieces[1:], strict=True):
            chunks += [inhoud, piece]
    last = max((place for place, chunk in enumerate(chunks) if chunk == stored), default=-1)
    if stored is None or len(stored) < DOCUMENT_CUT or last < 0:
        last = -1
    # In an envelope every second chunk is a document.
    texts = [
        chunk if in_parts or place % 2 == 0 or place == last else base64_text(chunk).encode()
        for place, chunk in enumerate(chunks)
    ]
    if last < 0 or stored is None:
        return Message(replace(stamp, body=b"".join(texts)))
    before = b"".join(texts[:last])
    body = b"".join((before, *texts[last + 1 :]))
    cut = replace(stamp, body=body, document_sha256=hashlib.sha256(stored).digest(), document_at=len(before))
    return Message(cut, stored)
