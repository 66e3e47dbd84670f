"""A document as a page shows it: lines, in which the places of findings are marked.

Of a long document only the lines around findings are shown, and of a long stretch without findings, such as a
document in base64, its beginning and its end: a page stays readable and of a bounded size. Nothing here can go
wrong: bytes that are in no encoding become U+FFFD.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stuf_klantcontact.errors import Severity, Violation

WHOLE: Final = 1_500
"""A document of so many lines is shown whole."""
AROUND: Final = 12
"""Of a longer one, so many lines before and after each line with a finding."""
STRETCH: Final = 1_600
"""A stretch of so many characters without a mark is shown whole."""
_HEAD, _TAIL = 1_000, 300

_DECLARED: Final = re.compile(r"""^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_TAG: Final = re.compile(r"</?[^\s/><]*|[^\s<>]{1,60}")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_NOT_UNICODE: Final = frozenset({"ascii", "iso8859-1", "iso8859-15", "cp1252"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: the numbers of the findings that begin with it, and whether it is what they are about."""

    text: str
    numbers: tuple[int, ...] = ()
    severity: Severity | None = None
    left_out: int = 0
    """So many characters come after `text` and are not shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line by its number; `severity` when a finding is about it, `skipped` lines before it are not shown."""

    number: int
    pieces: tuple[Piece, ...]
    severity: Severity | None = None
    skipped: int = 0


def encoding(data: bytes) -> str:
    """The encoding that a document says it has: by its BOM or first characters, its declaration, or by default."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name.upper()
    declared = _DECLARED.match(data[:300].decode("latin-1"))
    return declared[1] if declared else "UTF-8"


def readable(data: bytes) -> str:
    """The text of a document, in the encoding that it has or says it has."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data.decode(name, "replace").removeprefix("\ufeff")
    declared = _DECLARED.match(data[:300].decode("latin-1"))
    if declared is not None:
        try:
            name = codecs.lookup(declared[1]).name
        except LookupError:
            name = ""
        if name in _NOT_UNICODE:
            return data.decode(name, "replace")
    return data.decode("utf-8", "replace")


def written(text: str) -> bytes:
    """Pasted text as the bytes of the file that it comes from: in the encoding that it says it has."""
    declared = _DECLARED.match(text[:300])
    try:
        return text.encode(declared[1] if declared else "utf-8")
    except (LookupError, UnicodeError, ValueError):
        return text.encode("utf-8", "replace")


def marked(text: str, violations: Sequence[Violation]) -> list[Line]:
    """The lines to show, with the findings by their place in `violations`, from 1."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    there: dict[int, list[tuple[int, Violation]]] = {}
    for number, violation in enumerate(violations, start=1):
        if violation.line is not None and lines:
            there.setdefault(min(max(violation.line, 1), len(lines)), []).append((number, violation))
    shown = _shown(len(lines), there)
    found = []
    previous = 0
    for number in shown:
        here = there.get(number, [])
        found.append(
            Line(
                number,
                tuple(_pieces(lines[number - 1], here)),
                severity=_worst([violation for _, violation in here]),
                skipped=number - previous - 1,
            )
        )
        previous = number
    if previous < len(lines):
        found.append(Line(0, (), skipped=len(lines) - previous))
    return found


def _shown(length: int, there: dict[int, list[tuple[int, Violation]]]) -> Sequence[int]:
    if length <= WHOLE:
        return range(1, length + 1)
    kept: set[int] = set(range(1, min(length, AROUND) + 1))
    for number in there:
        kept.update(range(max(1, number - AROUND), min(length, number + AROUND) + 1))
    return sorted(kept)


def _pieces(line: str, here: list[tuple[int, Violation]]) -> list[Piece]:
    """The line cut where findings begin and where what they are about ends."""
    whole = [(number, violation) for number, violation in here if not _inside(line, violation)]
    places: dict[int, list[tuple[int, Violation]]] = {}
    for number, violation in here:
        if violation.column is not None and _inside(line, violation):
            places.setdefault(violation.column - 1, []).append((number, violation))
    pieces = []
    if whole:
        pieces.append(Piece("", numbers=tuple(n for n, _ in whole), severity=_worst([v for _, v in whole])))
    position = 0
    starts = sorted(places)
    for start, following in pairwise([*starts, len(line)]):
        if start > position:
            pieces += _plain(line[position:start])
        tag = _TAG.match(line, start)
        end = min(tag.end() if tag else start + 1, max(following, start + 1))
        about = places[start]
        pieces.append(
            Piece(line[start:end], numbers=tuple(n for n, _ in about), severity=_worst([v for _, v in about]))
        )
        position = end
    if position < len(line):
        pieces += _plain(line[position:])
    return pieces


def _inside(line: str, violation: Violation) -> bool:
    return violation.column is not None and 0 < violation.column <= len(line)


def _plain(text: str) -> list[Piece]:
    if len(text) <= STRETCH:
        return [Piece(text)]
    return [Piece(text[:_HEAD], left_out=len(text) - _HEAD - _TAIL), Piece(text[-_TAIL:])]


def _worst(violations: Sequence[Violation]) -> Severity | None:
    if not violations:
        return None
    return "error" if any(v.severity == "error" for v in violations) else "warning"
