"""Base64 as XML carries it: decoded strictly, written piece by piece, with no more copies than there must be.

libxml2 accepts rubbish as xs:base64Binary and b64decode drops what it does not know: both let a broken document
through, so neither is asked. What is no base64 is None, never an exception.
(XML Schema part 2 §3.2.16; RFC 4648 §4.)
"""

import binascii
from collections.abc import Iterator
from typing import Final

_XML_SPACE: Final = b" \t\r\n"
_PIECE: Final = 3 * 64 * 1024


def decode_base64(text: str) -> bytes | None:
    """Decode strictly (alphabet, padding, no stray bits; XML's white space does not count) or give None."""
    packed: str | bytes = text
    try:
        # What is written without white space, as nearly every large document is, needs no copy to be decoded from.
        if any(space in text for space in _XML_SPACE.decode()):
            packed = text.encode("ascii").translate(None, _XML_SPACE)
        decoded = binascii.a2b_base64(packed, strict_mode=True)
    except ValueError:
        return None
    if not packed:
        return decoded
    last = binascii.b2a_base64(decoded[-(len(decoded) % 3 or 3) :], newline=False)
    end = packed[-4:]
    return decoded if last == (end.encode() if isinstance(end, str) else end) else None


def as_base64(data: bytes | memoryview) -> Iterator[bytes]:
    """The base64 of `data` in pieces of some 260 kB, which together are what b64encode gives."""
    view = memoryview(data)
    for start in range(0, len(view), _PIECE):
        yield binascii.b2a_base64(view[start : start + _PIECE], newline=False)


def base64_text(data: bytes) -> str:
    """The base64 of `data` as the text of an element."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def base64_length(length: int) -> int:
    """How many bytes the base64 of so many bytes is."""
    return (length + 2) // 3 * 4
