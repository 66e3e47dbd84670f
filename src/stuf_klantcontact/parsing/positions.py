"""Where each element of a document begins: a second pass over the raw bytes, on failures only.

libxml2 knows lines, not columns, and gives the line where a start tag ends. In a document that it has read, a "<"
begins a tag, a comment, a CDATA section or an instruction and nothing else, so the tags are found without a parser;
lines and columns are counted when somebody asks. Nothing here can go wrong.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, overload

_BOM: Final = b"\xef\xbb\xbf"
_SHORT: Final = 32_768
"""In a document of so many bytes the lines before a place are counted when it is asked for."""
_MARKUP: Final = re.compile(rb"<(?:!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>|(?![!?/])())", re.DOTALL)

Place = tuple[int, int]
"""Line and column, both from 1 and in characters."""


class _Places(Sequence[Place]):
    """The places of the elements, in the order of the document."""

    __slots__ = ("_ascii", "_data", "_lines", "_offsets")

    def __init__(self, data: bytes, offsets: list[int]) -> None:
        self._data = data
        self._offsets = offsets
        self._lines: list[int] | None = None
        if len(data) > _SHORT or b"\r" in data:
            self._lines = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
        self._ascii = data.isascii()

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, number: int) -> Place: ...

    @overload
    def __getitem__(self, number: slice) -> list[Place]: ...

    def __getitem__(self, number: int | slice) -> Place | list[Place]:
        if isinstance(number, slice):
            return [self._place(offset) for offset in self._offsets[number]]
        return self._place(self._offsets[number])

    def _place(self, offset: int) -> Place:
        if self._lines is None:
            line, begin = self._data.count(b"\n", 0, offset) + 1, self._data.rfind(b"\n", 0, offset) + 1
        else:
            line = bisect_right(self._lines, offset)
            begin = self._lines[line - 1]
        before = offset - begin if self._ascii else len(self._data[begin:offset].decode("utf-8", "replace"))
        return line, before + 1


def positions(data: bytes) -> Sequence[Place]:
    """Where each element begins, in the order of the document: one that `document` has read."""
    data = data.removeprefix(_BOM)
    if b"<!" not in data and data.count(b"<?") <= data.startswith(b"<?xml "):
        # What is left then is a "<" for each element.
        between = data.replace(b"</", b"//").replace(b"<?", b"??").split(b"<")[:-1]
        offsets = [length + number for number, length in enumerate(accumulate(map(len, between)))]
    else:
        offsets = [tag.start() for tag in _MARKUP.finditer(data) if tag.lastindex]
    return _Places(data, offsets)
