"""Where each element of a document begins: a second pass over the raw bytes, on failures only.

libxml2 knows lines, not columns, and gives the line where a start tag ends. expat knows both.
"""

from typing import Any
from xml.parsers import expat

from stuf_klantcontact.parsing.refusals import doctype, malformed


def positions(data: bytes) -> list[tuple[int, int]]:
    """Line and column, both from 1 and in characters, of each element in the order of the document.

    For a document that `read` has taken: anything else raises Unreadable.
    """
    found: list[tuple[int, int]] = []
    parser = expat.ParserCreate("utf-8")

    def start(_name: str, _attributes: Any) -> None:
        found.append((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

    def declared(*_: Any) -> None:
        raise doctype()

    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(data.removeprefix(b"\xef\xbb\xbf"), True)
    except expat.ExpatError as error:
        raise malformed(0, line=error.lineno, column=error.offset + 1) from None
    return found
