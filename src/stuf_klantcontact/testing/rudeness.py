"""The server below the fake zaakmagazijn, with all the ways in which one can be rude to a client."""

import gzip
import socket
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol

from stuf_klantcontact import berichten
from stuf_klantcontact.outlets import mtom
from stuf_klantcontact.outlets.soap import envelope

_PARTS: Final = mtom.content_type("antwoord")


class Owner(Protocol):
    """Whose server it is: who says how it behaves, and what becomes of a message."""

    behaviour: str
    delay: float

    @property
    def url(self) -> str: ...
    def behave(self) -> str: ...
    def let_in(self, authorization: str) -> bool: ...
    def wait(self, seconds: float) -> bool: ...
    def note(self, raw: bytes, headers: dict[str, str], behaviour: str) -> None: ...
    def take(self, raw: bytes, headers: dict[str, str], behaviour: str) -> tuple[int, bytes]: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, owner: Owner, host: str, port: int) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), Handler)

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Break what is still open."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left is no news."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Server

    def handle(self) -> None:
        """Serve one connection, unless it is not even HTTP that is spoken."""
        if self.server.owner.behaviour != "tls-garbage":
            super().handle()
            return
        self.connection.recv(16 * 1024)
        self.wfile.write(b"\x16\x03\x03\x40\x00" + bytes(range(256)) * 64)  # a handshake record, of nonsense
        self._break()

    def do_POST(self) -> None:
        """Take one request."""
        owner = self.server.owner
        behaviour = owner.behave()
        mode, _, word = behaviour.partition(":")
        if mode in ("reset", "deaf"):
            if mode == "deaf":
                owner.wait(3600)
            self._break()
            return
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not owner.let_in(self.headers.get("Authorization", "")):
            self._answer(401, b"<html><h1>401</h1></html>", kind="text/html", extra={"WWW-Authenticate": "Basic"})
            return
        if mode == "slow":
            owner.wait(owner.delay)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if mode in ("well-behaved", "slow", "mtom", "bv04", "lost-answer", "wrong-cross", "fo03", "fo03-200"):
            status, data = owner.take(raw, headers, behaviour)
            if mode == "lost-answer":
                self._break()
            elif mode == "mtom":
                self._answer(status, b"".join(mtom.in_parts([data], [], referentienummer="antwoord")), kind=_PARTS)
            else:
                self._answer(status, data)
            return
        owner.note(raw, headers, behaviour)
        self._be_rude(mode, word)

    def _be_rude(self, mode: str, word: str) -> None:
        owner = self.server.owner
        good = envelope(berichten.bv03_0302())
        if mode == "status":
            self._answer(int(word), b"<html><h1>Oeps</h1></html>", kind="text/html")
        elif mode == "redirect":
            self._answer(302, b"", extra={"Location": owner.url})
        elif mode == "html":
            self._answer(200, b"<html><body><h1>Welkom</h1></body></html>", kind="text/html")
        elif mode == "garbage":
            self._answer(200, bytes(range(256)))
        elif mode == "empty":
            self._answer(200, b"")
        elif mode == "truncated":
            self._head(200, len(good) + 100)
            self.wfile.write(good)
            self._break()
        elif mode == "half":
            self._answer(200, good[: len(good) // 2])
        elif mode == "doctype":
            self._answer(200, b'<!DOCTYPE a [<!ENTITY b "c">]>' + good.partition(b"?>")[2])
        elif mode == "gzip-bomb":
            self._answer(200, _bomb(), extra={"Content-Encoding": "gzip"})
        elif mode in ("deep", "wide"):
            self._answer(200, _deep() if mode == "deep" else _wide())
        elif mode in ("drip", "drip-headers"):
            self._drip(good, headers=mode == "drip-headers")
        elif mode in _ENDLESS:
            self._go_on(*_ENDLESS[mode])
        elif mode == "half-closed":
            self._head(200, len(good))
            self.wfile.write(good[: len(good) // 2])
            self.connection.shutdown(socket.SHUT_WR)
            self.rfile.read(1)  # until the client closes its side
            self._break()
        elif mode == "hang":
            owner.wait(3600)
            self._break()

    def _drip(self, good: bytes, *, headers: bool) -> None:
        owner = self.server.owner
        end = time.monotonic() + owner.delay
        if headers:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        else:
            self._head(200, len(good))
        for number, byte in enumerate(good):
            if time.monotonic() >= end or owner.wait(0.05):
                break
            self.wfile.write(b"X-%d: y\r\n" % number if headers else bytes([byte]))
            self.wfile.flush()
        self._break()

    def _go_on(self, begin: bytes, piece: bytes, times: int) -> None:
        """Send as fast as the client takes it, until it leaves or all is sent."""
        self.close_connection = True
        self.wfile.write(begin)
        for _ in range(times):
            if self.server.owner.wait(0):
                break
            self.wfile.write(piece)
        self._break()

    def _head(
        self, status: int, length: int, *, kind: str = "text/xml", extra: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(length))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _answer(
        self, status: int, data: bytes, *, kind: str = "text/xml", extra: dict[str, str] | None = None
    ) -> None:
        self._head(status, len(data), kind=kind, extra=extra)
        self.wfile.write(data)

    def _break(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: `received` tells."""


_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
_ENVELOPE: Final = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
_SO_MANY: Final = 10**9
_ENDLESS: Final = {
    "huge": (_OK + b"Content-Length: 300000000\r\n\r\n" + _ENVELOPE, b"<a>een antwoord</a>" * 5_000, 3_150),
    "endless-chunks": (
        _OK + b"Transfer-Encoding: chunked\r\n\r\n",
        b"4000\r\n" + b" " * 0x4000 + b"\r\n",
        _SO_MANY,
    ),
    "endless-headers": (_OK, b"X-Antwoord: volgt\r\n" * 500, _SO_MANY),
    "endless-continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 10, _SO_MANY),
}
"""What each begins with, what it goes on with, and how often."""


@cache
def _deep() -> bytes:
    return _ENVELOPE + b"<a>" * 30_000 + b"</a>" * 30_000 + b"</s:Body></s:Envelope>"


@cache
def _wide() -> bytes:
    return _ENVELOPE + b"<a>" + b"<b/>" * 60_000 + b"</a></s:Body></s:Envelope>"


@cache
def _bomb() -> bytes:
    """300 MB of blanks, compressed."""
    return gzip.compress(b" " * 10_000_000) * 30
