"""An envelope in parts: its documents beside it as they are (MTOM for SOAP 1.1), instead of in it as base64.

Boundary and Content-IDs are made of the referentienummer, so that every attempt is the same to the byte. What can
go wrong: ValueError when a document holds the boundary, which nobody can have known.

SOAP 1.1 Binding for MTOM 1.0; XOP 1.0; RFC 2387; protocolbindingen §3.1; stuf-facts §8.5.
"""

import re
from collections.abc import Sequence
from typing import Final

from stuf_klantcontact.parsing.multipart import XOP
from stuf_klantcontact.parsing.xop import XOP_INCLUDE

_MEDIA: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_ANY: Final = "application/octet-stream"


def content_type(referentienummer: str) -> str:
    """The Content-Type of the message with that number."""
    return (
        f'multipart/related; type="{XOP}"; start="<{_root(referentienummer)}>"; start-info="text/xml"; '
        f'boundary="{_boundary(referentienummer)}"'
    )


def in_parts(
    pieces: Sequence[bytes], contents: Sequence[tuple[str, bytes]], *, referentienummer: str
) -> list[bytes]:
    """The body, as what must be put together; every content is in it as it was given.

    `pieces` is the envelope, cut where a document belongs; `contents` are those, each with its media type.
    """
    boundary = f"--{_boundary(referentienummer)}"
    result = [
        f'{boundary}\r\nContent-Type: {XOP}; charset=UTF-8; type="text/xml"\r\n'
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{_root(referentienummer)}>\r\n\r\n".encode(),
        pieces[0],
    ]
    for number, piece in enumerate(pieces[1:], start=1):
        href = f"cid:{_document(referentienummer, number)}"
        result += [f'<xop:Include xmlns:xop="{XOP_INCLUDE}" href="{href}"/>'.encode(), piece]
    for number, (media, content) in enumerate(contents, start=1):
        if boundary.encode() in content:
            raise ValueError("a document holds the boundary")
        result += [
            f"\r\n{boundary}\r\nContent-Type: {media if _MEDIA.fullmatch(media) else _ANY}\r\n"
            f"Content-Transfer-Encoding: binary\r\n"
            f"Content-ID: <{_document(referentienummer, number)}>\r\n\r\n".encode(),
            content,
        ]
    return [*result, f"\r\n{boundary}--\r\n".encode()]


def _boundary(referentienummer: str) -> str:
    return f"stuf-klantcontact-{referentienummer}"


def _root(referentienummer: str) -> str:
    return f"bericht.{referentienummer}@stuf-klantcontact"


def _document(referentienummer: str, number: int) -> str:
    return f"document-{number}.{referentienummer}@stuf-klantcontact"
