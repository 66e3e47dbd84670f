"""The validator, held against bare lxml: a valid message, one with five errors, a berichtenSet, and its start."""

import io
import os
import resource
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

from lxml import etree

from benchmarks.figure import Figure
from stuf_klantcontact import validation
from stuf_klantcontact.validation.quick import ENOUGH

ROOT = Path(__file__).resolve().parent.parent
KLC = "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml"
CONTACT = "fixtures/kc/voegKlantcontactToe/valid/call-medewerker.xml"
FIVE = "fixtures/kc/voegKlantcontactToe/invalid/vijf-fouten-in-een-bericht.xml"
KLC_LK01 = "{urn:stuf-klantcontact:klc:0320}klcLk01"
START = b'<StUF:StUF-berichtenSet xmlns:StUF="http://www.egem.nl/StUF/StUF0301">'
END = b"</StUF:StUF-berichtenSet>"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
MEGABYTE = 1_000_000


class Berichtenset(io.BufferedIOBase):
    """A set of about so many bytes, made while it is read."""

    def __init__(self, size: int) -> None:
        message = (ROOT / KLC).read_bytes().partition(b"?>")[2]
        block = message * max(1, 128 * 1024 // len(message))
        self._pieces = iter((START, *(block for _ in range(size // len(block))), END))
        self._rest = b""

    def read(self, size: int | None = -1, /) -> bytes:
        size = sys.maxsize if size is None or size < 0 else size
        while len(self._rest) < size and (piece := next(self._pieces, None)) is not None:
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def measure(*, rounds: int, messages: int, megabytes: int) -> list[Figure]:
    """Each beside its floor, in turn; the median of the rounds' ratios.

    After so many messages as it takes for a glance to do: what is measured is a process that has been at it for a
    while. A first message is in `_start`.
    """
    against = validation.schemas()
    for _ in range(ENOUGH):
        validation.check((ROOT / KLC).read_bytes(), against=against, clock=lambda: NOW)

    def ours(data: bytes) -> Callable[[], object]:
        return lambda: validation.check(data, against=against, clock=lambda: NOW)

    def bare(data: bytes) -> Callable[[], object]:
        return lambda: against.schema.validate(etree.fromstring(data))

    figures = [
        _beside(name, ours(data), bare(data), rounds=rounds, times=messages, at_most=aim)
        for name, data, aim in (
            ("validate: valid voegKlantcontactToe", (ROOT / CONTACT).read_bytes(), 1.5),
            ("validate: valid klcLk01", (ROOT / KLC).read_bytes(), 1.5),
            ("validate: five errors", (ROOT / FIVE).read_bytes(), 5.0),
        )
    ]
    return [*figures, *_set(against, size=megabytes * MEGABYTE), _memory(megabytes), _start(rounds)]


def _beside(
    name: str, ours: Callable[[], object], bare: Callable[[], object], *, rounds: int, times: int, at_most: float
) -> Figure:
    pairs = [(_microseconds(ours, times), _microseconds(bare, times)) for _ in range(rounds)]
    return Figure(
        name,
        median(our for our, _ in pairs),
        "µs",
        peer="bare lxml parse + XSD",
        peer_value=median(theirs for _, theirs in pairs),
        ratio=median(our / theirs for our, theirs in pairs),
        at_most=at_most,
    )


def _set(against: validation.Schemas, *, size: int) -> list[Figure]:
    """Megabytes a second, in one process each."""

    def ours() -> None:
        *_, (file, _) = validation.check_set(cast(BinaryIO, Berichtenset(size)), against=against, clock=lambda: NOW)
        if not file.valid:
            raise RuntimeError("the set of the benchmark is not valid")

    def bare() -> None:
        for _, element in etree.iterparse(Berichtenset(size), events=("end",), tag=KLC_LK01, huge_tree=True):
            against.schema.validate(element)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]

    rates = [(size / _microseconds(ours, 1), size / _microseconds(bare, 1)) for _ in range(3)]
    return [
        Figure(
            f"validate: a berichtenSet of {size / MEGABYTE:.0f} MB",
            median(our for our, _ in rates),
            "MB/s",
            peer="bare iterparse + XSD",
            peer_value=median(theirs for _, theirs in rates),
            ratio=median(our / theirs for our, theirs in rates),
            at_least=0.7,
        )
    ]


def _memory(megabytes: int) -> Figure:
    """The peak of a process that reads the set and nothing else; its peer is what it may be."""
    script = textwrap.dedent(
        f"""
        from benchmarks.validation import Berichtenset, NOW, peak
        from stuf_klantcontact import validation
        stream = Berichtenset({megabytes * MEGABYTE})
        list(validation.check_set(stream, against=validation.schemas(), clock=lambda: NOW))
        print(peak())
        """
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    value = int(done.stdout) / MEGABYTE
    return Figure(
        f"validate: peak memory on {megabytes} MB",
        value,
        "MB",
        peer="aim",
        peer_value=200,
        ratio=value / 200,
        at_most=1,
    )


def peak() -> int:
    """The most bytes that this process had in memory: on Linux its own, as ru_maxrss begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _start(rounds: int) -> Figure:
    """User and system time of the whole command on one small file, compiled to bytecode as an installer does."""
    command = [sys.executable, "-m", "stuf_klantcontact", "validate", CONTACT]
    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        _cpu(command, environment)
        value = median(_cpu(command, environment) for _ in range(rounds))
    return Figure(
        "validate: start on one file", value, "ms", peer="aim", peer_value=500, ratio=value / 500, at_most=1
    )


def _cpu(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def _microseconds(action: Callable[[], object], times: int) -> float:
    begin = time.process_time()
    for _ in range(times):
        action()
    return (time.process_time() - begin) / times * 1e6


if __name__ == "__main__":
    from benchmarks.figure import table

    big = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(table(measure(rounds=15, messages=500, megabytes=big)))
