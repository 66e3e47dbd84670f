"""A receiver that costs next to nothing, as a process: it answers every message with Bv03 and knows when it came.

Runs as `python -m benchmarks.echo`: says its port, then answers each line on standard input with a line of JSON.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from stuf_klantcontact import berichten
from stuf_klantcontact.outlets.soap import envelope

MARK: Final = "Gevraagd naar "
"""Begins the toelichting of a message that is to be told apart; its number comes next."""

_MARKED: Final = re.compile(MARK.encode() + rb"([0-9]+)")
_LENGTH: Final = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came since the last report: when, on the clock of time.monotonic(), and which of the marked."""

    moments: list[float]
    marked: dict[int, float]

    @property
    def rate(self) -> float:
        """Messages a second, of the middle eight tenths: neither the start of who sends counts nor its end."""
        moments = self.moments[len(self.moments) // 10 : len(self.moments) * 9 // 10 + 1]
        return (len(moments) - 1) / (moments[-1] - moments[0]) if len(moments) > 1 else 0.0


class Echo:
    """The running process."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self._process = process
        self.url = url

    def count(self) -> int:
        """How many messages came since the last report."""
        return int(self._ask("count"))

    def report(self) -> Arrived:
        """What came since the last report."""
        said = self._ask("report")
        return Arrived(said["moments"], {int(number): moment for number, moment in said["marked"].items()})

    def wait_for(self, count: int, *, seconds: float = 600.0) -> None:
        """Until so many came since the last report. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while (came := self.count()) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{came} of {count} messages came within {seconds:.0f} s")
            time.sleep(0.1)

    def _ask(self, word: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def echo() -> Iterator[Echo]:
    """Start it, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.echo"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield Echo(process, f"http://127.0.0.1:{int(process.stdout.readline())}/OntvangAsynchroon")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answer() -> bytes:
    body = envelope(berichten.bv03_0302())
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, moments: list[float], marked: dict[int, float], answer: bytes) -> None:
        self._moments, self._marked, self._answer = moments, marked, answer
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        head = received.find(b"\r\n\r\n")
        if head < 0:
            return
        found = _LENGTH.search(received, 0, head)
        if len(received) < head + 4 + (int(found[1]) if found else 0):
            return
        now = time.monotonic()
        self._moments.append(now)
        if mark := _MARKED.search(received, head):
            self._marked.setdefault(int(mark[1]), now)
        received.clear()
        self._transport.write(self._answer)


async def _serve() -> None:
    moments: list[float] = []
    marked: dict[int, float] = {}
    answer = _answer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(moments, marked, answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "count":
            print(len(moments), flush=True)
        else:
            print(json.dumps({"moments": moments, "marked": marked}), flush=True)
            moments.clear()
            marked.clear()


if __name__ == "__main__":
    asyncio.run(_serve())
