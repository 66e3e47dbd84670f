"""Load on one address: as many requests as it answers, each with a number of its own, over keep-alive connections.

wrk when it is there, because what a client burns the server cannot use; else a small client in Python. All that is
compared is measured with the same one.
"""

import base64
import http.client
import itertools
import selectors
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stage import REFERENTIENUMMER, ZAKEN

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("requests.lua")
_series = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure, and the request it gets."""

    name: str
    port: int
    path: str
    user: str
    password: str
    message: bytes

    @property
    def request(self) -> bytes:
        """The bytes of one HTTP request."""
        word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Basic {word}\r\n"
            f'Content-Type: text/xml; charset=utf-8\r\nSOAPAction: ""\r\n'
            f"Content-Length: {len(self.message)}\r\n\r\n"
        )
        return head.encode() + self.message


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answers with status 200, and answers a second."""

    answered: int
    rate: float


def client() -> str:
    """The name of the client that is used."""
    return "wrk" if shutil.which("wrk") else "Python (install wrk for a client that costs less)"


def warm_up(target: Target, *, folder: Path) -> int:
    """Wait for an answer, then load for a second: caches fill, statements get prepared. Gives the answers."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
    word = base64.b64encode(f"{target.user}:{target.password}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {word}", "Content-Type": "text/xml; charset=utf-8"}
    try:
        connection.request("POST", target.path, body=target.message, headers=headers)
        response = connection.getresponse()
        if response.read() and response.status != 200:
            raise RuntimeError(f"{target.name}: status {response.status}")
    finally:
        connection.close()
    return 1 + load(target, seconds=1, folder=folder).answered


def load(target: Target, *, seconds: float, folder: Path) -> Outcome:
    """Send for that long. Raises RuntimeError when anything but 200 comes back."""
    if shutil.which("wrk") and seconds >= 1:
        return _wrk(target, seconds=seconds, folder=folder)
    return _python(target, seconds=seconds)


def _wrk(target: Target, *, seconds: float, folder: Path) -> Outcome:
    template = folder / "request"
    template.write_bytes(target.request)
    template.chmod(0o600)
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(SCRIPT)]
    arguments = [str(template), REFERENTIENUMMER, f"{next(_series):06d}", ZAKEN[0], str(len(ZAKEN))]
    done = subprocess.run(
        [*words, f"http://127.0.0.1:{target.port}", "--", *arguments], capture_output=True, text=True, check=True
    )
    requests, microseconds, wrong = (int(word) for word in done.stdout.split("RESULT", 1)[1].split())
    if wrong or not requests:
        raise RuntimeError(f"{target.name}: {requests} answers, {wrong} of them wrong")
    return Outcome(requests, requests / microseconds * 1e6)


def _python(target: Target, *, seconds: float) -> Outcome:
    before, after = target.request.split(REFERENTIENUMMER.encode())
    middle, end = after.split(ZAKEN[0].encode())
    series = next(_series)
    numbers = itertools.count()

    def request() -> bytes:
        number = next(numbers)
        reference = f"{series:06d}{number:0{len(REFERENTIENUMMER) - 6}d}"
        return b"".join((before, reference.encode(), middle, ZAKEN[number % len(ZAKEN)].encode(), end))

    selector = selectors.DefaultSelector()
    answered = 0
    try:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", target.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request())
            selector.register(connection, selectors.EVENT_READ, bytearray())
        begin = time.perf_counter()
        while (now := time.perf_counter()) < begin + seconds:
            for key, _ in selector.select(timeout=1.0):
                member, received = key.fileobj, key.data
                assert isinstance(member, socket.socket)
                block = member.recv(65536)
                received += block
                if not block or (len(received) > 12 and received[9:12] != b"200"):
                    raise RuntimeError(f"{target.name}: {bytes(received[:200])!r}")
                if _complete(received):
                    answered += 1
                    received.clear()
                    member.sendall(request())
        return Outcome(answered, answered / (now - begin))
    finally:
        for key in list(selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        selector.close()


def _complete(received: bytearray) -> bool:
    """Whether these bytes are a whole response."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    length = received[:head].lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(received) >= head + 4 + int(length)
