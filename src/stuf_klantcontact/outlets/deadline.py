"""Connections for HTTP in which one deadline covers a whole exchange, however slowly the other side drips.

The request is written here; http.client of the standard library reads the answer, from a socket on which each
operation gets what is left until the deadline. Looking up a name is not covered: the resolver has its own time-out.
What can go wrong: FAILURES, of which TimeoutError is the deadline and Unreachable that there is no connection.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE: Final = 16 * 1024
_KEPT: Final = 8
_KEPT_SECONDS: Final = 5.0
_HEAD: Final = 65_536
"""Most bytes until the head of the answer is read: http.client skips any number of answers 100 before it."""
_MOST: Final = 2_000_000
"""Most bytes of the rest of it: http.client knows no limit to a chunk of less than no bytes."""

_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
"""Who writes head and body apart holds the second until the first is acknowledged, which else happens 40 ms later:
on a connection that is kept, the better part of what a message takes. Linux only."""

FAILURES: Final = (OSError, http.client.HTTPException)


class Unreachable(OSError):
    """No connection could be made."""


class Transport:
    """Posts to one server: it follows no redirect, keeps no cookie, reads no environment and decodes nothing.

    Threads share it; what one of them has open no other uses, until it is kept for the next message.
    """

    def __init__(self, host: str, port: int, *, verify: ssl.SSLContext | None) -> None:
        """`verify` is whom to trust; None: plain HTTP."""
        self._host = host
        self._port = port
        self._verify = verify
        self._kept: list[_Line] = []

    @contextmanager
    def post(self, head: bytes, body: Iterable[bytes], *, seconds: float) -> Iterator[http.client.HTTPResponse]:
        """Send it and read the head of the answer; inside the block who asked reads the rest, with `read`.

        All of that takes so many seconds at most. What was not read to its end is not kept open.
        """
        until = time.monotonic() + seconds
        line = self._line(until)
        try:
            with suppress(BrokenPipeError, ConnectionError):  # who hung up may have answered before
                line.send(head, body)
            line.left = _HEAD
            answer = http.client.HTTPResponse(line, method="POST")  # type: ignore[arg-type]
            answer.begin()
            line.left = _MOST
            yield answer
        except BaseException:
            line.close()
            raise
        if answer.isclosed() and not answer.will_close and not answer.length and len(self._kept) < _KEPT:
            line.until = time.monotonic() + _KEPT_SECONDS
            self._kept.append(line)
        else:
            answer.close()
            line.close()

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        while (line := self._idle()) is not None:
            line.close()

    def _line(self, until: float) -> "_Line":
        """One that was kept and is still open, or else a new one."""
        while (line := self._idle()) is not None:
            if time.monotonic() < line.until and not line.has_news():
                line.until = until
                return line
            line.close()
        try:
            return _Line(self._connect(until), until)
        except (TimeoutError, ssl.SSLError):
            raise
        except OSError as error:
            raise Unreachable(str(error)) from error

    def _idle(self) -> "_Line | None":
        try:
            return self._kept.pop()
        except IndexError:
            return None

    def _connect(self, until: float) -> socket.socket:
        connection = _connected(self._host, self._port, until=until)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._verify is None:
                return connection
            connection.settimeout(_left(until))
            return self._verify.wrap_socket(connection, server_hostname=self._host)
        except BaseException:
            connection.close()
            raise


def _connected(host: str, port: int, *, until: float) -> socket.socket:
    """To the first of its addresses that answers: each gets an equal part of the time that is left.

    socket.create_connection gives every address all of it, so that one that is dead takes what the next one needs.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure = OSError(f"{host} has no address")
    for place, (family, kind, protocol, _, address) in enumerate(found):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(until) / (len(found) - place))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


class _Line:
    """A connection and its deadline: to HTTPResponse a socket, of which it wants only `makefile`."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._socket = connection
        self.until = until
        self.left = 0
        """Bytes that may still be read of the answer."""

    def send(self, head: bytes, body: Iterable[bytes]) -> None:
        """Send it in pieces, so that a deadline that passes is seen; head and body go together."""
        written = head
        for piece in body:
            written += piece
            if len(written) > _PIECE:
                self._send(written)
                written = b""
        if written:
            self._send(written)

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            self._socket.settimeout(_left(self.until))
            self._socket.sendall(view[start : start + _PIECE])

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self), _PIECE)

    def receive_into(self, buffer: "WriteableBuffer") -> int:
        self._socket.settimeout(_left(self.until))
        if _QUICKACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        received = self._socket.recv_into(buffer)
        self.left -= received
        if self.left < 0:
            raise http.client.HTTPException("an answer without end")
        return received

    def has_news(self) -> bool:
        """Whether the other side said something that nobody asked for: goodbye, as a rule."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._socket.close()


class _Reading(io.RawIOBase):
    """What is read of one answer. To close it leaves the connection open."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive_into(buffer)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the exchange has passed")
    return left
