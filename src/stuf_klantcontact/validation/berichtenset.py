"""A StUF-berichtenSet of any size: each message judged on its own, at constant memory.

The file is fed to the parser piece by piece. After each piece every child of the root but the last is complete: it
is judged, reported and thrown away. So nothing is kept but the message that is being read, and no Python runs for
the elements inside one. Limits are counted in the bytes since the last complete message.

What can go wrong is in the reports: the last one is of the file, and says where reading had to stop.
Protocolbindingen §2, stuf-facts §9.3.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO, Final, cast

from lxml import etree

from stuf_klantcontact import parsing, tijdstip
from stuf_klantcontact.contract import Positions, Schemas
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.limits import STANDARD, Limits
from stuf_klantcontact.names import split
from stuf_klantcontact.parsing.refusals import Unreadable, beyond, line_of, malformed
from stuf_klantcontact.report import Report
from stuf_klantcontact.tijdstip import Clock, system_clock
from stuf_klantcontact.validation.document import BERICHTENSETS, without_bom
from stuf_klantcontact.validation.message import GLANCE, check_message
from stuf_klantcontact.validation.places import finding, located
from stuf_klantcontact.validation.quick import DEPTH

CHUNK: Final = 128 * 1024
_REFERENCE: Final = 40
"""Characters of a referentienummer (StUF 03.01)."""
Source = Callable[[int], str | None]
Progress = Callable[[int], None]
"""Called with the number of bytes that were read."""

_ASYNCHRONOUS: Final = frozenset(
    {"Lk01", "Lk03", "Lk05", "Sa01", "Sa03", "Sh01", "Sh03", "Di01", "Du01"}
    | {f"{kind}{number:02d}" for kind in ("Lv", "La") for number in range(2, 15, 2)}
)


def is_berichtenset(head: bytes) -> bool:
    """Whether a document that begins like this is a StUF-berichtenSet."""
    start = head.find(b"StUF-berichtenSet")
    return start > 0 and b"<" in head[:start] and not head[:start].rstrip().endswith(b"</")


def check_set(
    stream: BinaryIO,
    *,
    against: Schemas,
    limits: Limits = STANDARD,
    file: str = "",
    clock: Clock = system_clock,
    progress: Progress | None = None,
    series: "Series | None" = None,
) -> Iterator[tuple[Report, Source]]:
    """A report for each message that there is something to say about, and last that of the file.

    Each comes with a way to its source lines, for as long as the next has not been asked for. `series` is that of
    the parts before it, when the file is a part of a larger set.
    """
    reader = _Reader(stream, limits=limits, progress=progress)
    series = series or Series()
    count = invalid = warned = 0
    own = against.own and limits.depth >= DEPTH
    trouble: tuple[Violation, ...] = ()
    try:
        for element in reader:
            count += 1
            now = clock()
            violations: list[Violation] = []
            if not (own and GLANCE.in_order(element, now=now, limits=limits)):
                reader.measure(element)
                violations = check_message(
                    element, against=against, limits=limits, now=now, positions=reader.positions
                )
            if together := [*series.check(element)]:
                violations += located(together, root=element, positions=reader.positions)
            if violations:
                violations = numbered(violations, index=count, message=element)
                report = Report(file=file, schema=against.name, violations=tuple(violations), index=count)
                invalid += not report.valid
                warned += report.valid
                yield report, reader.line
    except Unreadable as unreadable:
        trouble = unreadable.violations
    yield (
        Report(
            file=file,
            schema=against.name,
            violations=(*reader.findings, *trouble),
            messages=count,
            invalid=invalid,
            warned=warned,
        ),
        reader.line,
    )


def messages(
    stream: BinaryIO, *, limits: Limits = STANDARD, progress: Progress | None = None
) -> Iterator[etree._Element]:
    """The messages of a set, unjudged; each is gone when the next is asked for. Raises parsing.Unreadable."""
    yield from _Reader(stream, limits=limits, progress=progress, keep=False)


def numbered(violations: list[Violation], *, index: int, message: etree._Element) -> list[Violation]:
    """The same, with the number of their message in the set and its referentienummer."""
    said = referentienummer(message)
    return [replace(violation, index=index, referentienummer=said) for violation in violations]


def referentienummer(message: etree._Element) -> str | None:
    """What a message calls itself, or None when it does not."""
    said = (message.findtext("{*}stuurgegevens/{*}referentienummer") or "").strip()
    return said[:_REFERENCE] or None


class _Reader:
    """The messages of a stream, one after another; each is gone when the next is asked for.

    The bytes of a message are there as long as it, unless nobody is to `keep` them: then its places are not known.
    """

    def __init__(self, stream: BinaryIO, *, limits: Limits, progress: Progress | None, keep: bool = True) -> None:
        self.findings: list[Violation] = []
        self._stream = stream
        self._limits = limits
        self._progress = progress
        self._keep = keep
        self._size = 0
        """Bytes since the last complete message."""
        self._buffer = b""
        """What was read since the last complete message, and that message."""
        self._line = 1
        self._column = 0
        """Where the buffer begins: its line, and the characters of that line before it."""
        self._element: etree._Element | None = None
        """The message that was given out last."""
        self._span: tuple[int, int] | None = None
        """Where in the buffer it is."""
        self._cursor = 0
        self._lines: list[bytes] | None = None
        self._tags = 0

    def __iter__(self) -> Iterator[etree._Element]:
        parser = etree.XMLPullParser(events=("start",), tag=tuple(BERICHTENSETS), **parsing.OPTIONS)
        root: etree._Element | None = None
        for chunk in self._chunks():
            self._feed(parser, chunk)
            if root is None:
                root = next((cast(etree._Element, element) for _, element in parser.read_events()), None)
                if root is None:
                    continue
                if root.getparent() is not None:
                    raise malformed(0, line=1, column=1)
                # The first message begins after the root's own start tag.
                self._cursor = self._buffer.find(b">", self._buffer.find(b"StUF-berichtenSet")) + 1
            # All but the last child are complete; of the last nobody can tell before something follows it.
            yield from self._complete(root, len(root) - 1)
            if self._tags > 2 * self._limits.elements + CHUNK // 4:
                raise beyond("XML-ELEMENTS", self._limits.elements, line=self._line)
            if self._size > self._limits.message_bytes + CHUNK:
                raise beyond("XML-SIZE", self._limits.message_bytes, line=self._line)
        try:
            closed = parser.close()
        except etree.XMLSyntaxError as error:
            raise _malformed(error) from None
        if root is None or closed is not root:
            raise malformed(0, line=self._line, column=1)
        yield from self._complete(root, len(root))

    def measure(self, element: etree._Element) -> None:
        """Unreadable when a message nests too deep."""
        if parsing.deeper_than(self._limits.depth)(element):
            raise beyond("XML-DEPTH", self._limits.depth, line=line_of(element))

    def line(self, number: int) -> str | None:
        """A line of the source, if it was read lately."""
        if self._lines is None:
            self._lines = self._buffer.split(b"\n")
        index = number - self._line
        if not 0 <= index < len(self._lines) or (index == 0 and self._column > CHUNK):
            return None
        return " " * (self._column if index == 0 else 0) + self._lines[index].decode("utf-8", "replace")

    def positions(self) -> Positions | None:
        """Line and column of the root and of each element of the message that was given out last.

        libxml2 counts lines up to 65,535 and guesses from there on, so the bytes are asked.
        """
        if self._span is None or self._element is None:
            return None
        start, stop = self._span
        data = self._buffer[start:stop]
        try:
            found = parsing.positions(data)
        except Unreadable:
            return None
        if len(found) != sum(1 for _ in self._element.iter(etree.Element)):
            return None
        above = self._line + self._buffer.count(b"\n", 0, start) - 1
        beside = _after_line_end(self._buffer[:start], before=self._column)
        return [(1, 1), *((line + above, column + (beside if line == 1 else 0)) for line, column in found)]

    def _complete(self, root: etree._Element, count: int) -> Iterator[etree._Element]:
        """Give out the first `count` children, each alone in the root, and throw them away."""
        for _ in range(count):
            self._element = element = root[0]
            if isinstance(element.tag, str):
                self._span = self._find(element) if self._keep else None
                yield element
            del root[0]
            self._tags = self._size = 0
        if not self._keep:
            self._line += self._buffer.count(b"\n")
            self._buffer, self._cursor, self._element = b"", 0, None
        elif self._cursor:
            self._line += self._buffer.count(b"\n", 0, self._cursor)
            self._column = _after_line_end(self._buffer[: self._cursor], before=self._column)
            self._buffer = self._buffer[self._cursor :]
            self._cursor, self._element, self._span, self._lines = 0, None, None, None
            self._size = len(self._buffer)

    def _find(self, element: etree._Element) -> tuple[int, int] | None:
        """Where in the buffer a message is: up to its end tag, from the end of the one before it."""
        start = self._cursor
        end = self._buffer.find(_end_tag(element.tag, element.prefix), start)
        stop = self._buffer.find(b">", end) + 1 if end >= 0 else 0
        if not stop:
            return None
        self._cursor = stop
        return start, stop

    def _chunks(self) -> Iterator[bytes]:
        head = self._stream.read(CHUNK)
        self._count(len(head))
        head, self.findings = without_bom(head)
        parsing.prolog(head)
        yield head
        while head := self._stream.read(CHUNK):
            self._count(len(head))
            yield head

    def _feed(self, parser: etree.XMLPullParser, chunk: bytes) -> None:
        self._buffer += chunk
        self._size += len(chunk)
        self._lines = None
        self._tags += chunk.count(b"<")
        try:
            parser.feed(chunk)
        except etree.XMLSyntaxError as error:
            raise _malformed(error) from None
        # After some errors feed() says nothing and takes the next piece for another document.
        for entry in parser.feed_error_log:
            if entry.level >= etree.ErrorLevels.ERROR:
                raise malformed(entry.type, line=entry.line, column=entry.column)

    def _count(self, length: int) -> None:
        if self._progress is not None and length:
            self._progress(length)


class Series:
    """What the messages of a set have in common: rising in time, asynchronous, of one StUF version."""

    def __init__(self) -> None:
        self._previous: datetime | None = None
        self._said = ""
        self._stuf = self._code = ""
        self._opens_part = False

    def next_part(self) -> None:
        """What follows is in the next file of a set that was split."""
        self._opens_part = True

    def check(self, element: etree._Element) -> Iterator[Violation]:
        """What is wrong with this message after those before it."""
        stuurgegevens = next(element.iterchildren("{*}stuurgegevens"), None)
        if stuurgegevens is None:
            return
        code = sent = None
        for part in stuurgegevens.iterchildren("{*}berichtcode", "{*}tijdstipBericht"):
            if part.tag.endswith("}berichtcode"):
                code = part
            else:
                sent = part
        if code is not None and (code.tag != self._code or code.text not in _ASYNCHRONOUS):
            yield from self._kind(element, code)
        if sent is not None and (said := (sent.text or "").strip()) != self._said:
            yield from self._order(element, sent, said)
        self._opens_part = False

    def _kind(self, element: etree._Element, code: etree._Element) -> Iterator[Violation]:
        said = (code.text or "").strip()
        if said and said not in _ASYNCHRONOUS:
            yield finding(
                "StUF-BERICHTENSET",
                code,
                root=element,
                value=said,
                message=Text(
                    f"Een StUF-berichtenSet bevat geen {said}: alleen asynchrone berichten, geen bevestigingen.",
                    f"A StUF-berichtenSet holds no {said}: asynchronous messages only, no confirmations.",
                ),
                hint=Text("Laat dit bericht weg.", "Leave this message out."),
            )
        stuf = split(str(code.tag))[0]
        if self._stuf and stuf != self._stuf:
            yield finding(
                "StUF-BERICHTENSET",
                element,
                root=element,
                message=Text(
                    "De berichten van een StUF-berichtenSet zijn van één StUF-versie.",
                    "The messages of a StUF-berichtenSet are of one StUF version.",
                ),
                hint=Text("Maak voor elke versie een eigen bestand.", "Make a file of its own for each version."),
                expected=self._stuf,
            )
        if not self._stuf:
            self._stuf, self._code = stuf, code.tag

    def _order(self, element: etree._Element, sent: etree._Element, said: str) -> Iterator[Violation]:
        try:
            moment = tijdstip.parse(said)
        except ValueError:
            return  # said of the message itself
        if self._previous is not None and moment < self._previous:
            yield finding(
                "StUF-VOLGORDE",
                sent,
                root=element,
                value=said,
                severity="warning" if self._opens_part else "error",
                message=Text(
                    "Dit bericht is eerder verzonden dan het laatste van het vorige deel.",
                    "This message was sent earlier than the last one of the part before.",
                )
                if self._opens_part
                else Text(
                    "Dit bericht is eerder verzonden dan het bericht ervoor.",
                    "This message was sent earlier than the one before it.",
                ),
                hint=Text(
                    "Zet de berichten op volgorde van tijdstipBericht.",
                    "Put the messages in order of tijdstipBericht.",
                ),
            )
        self._previous, self._said = moment, said


@lru_cache(maxsize=64)
def _end_tag(tag: str, prefix: str | None) -> bytes:
    local = tag.rpartition("}")[2]
    return f"</{prefix}:{local}".encode() if prefix else f"</{local}".encode()


def _after_line_end(data: bytes, *, before: int) -> int:
    """The characters of the last line of `data`, of which the first line had some before it."""
    end = data.rfind(b"\n")
    return len(data[end + 1 :].decode("utf-8", "replace")) + (before if end < 0 else 0)


def _malformed(error: etree.XMLSyntaxError) -> Unreadable:
    line, column = error.position
    return malformed(error.code or 0, line=line or 0, column=column or 0)  # type: ignore[attr-defined]
