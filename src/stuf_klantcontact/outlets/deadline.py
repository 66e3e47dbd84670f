"""Connections for HTTP in which one deadline covers a whole exchange, however slowly the other side drips.

httpcore, what httpx is built on, bounds each read and each write; a receiver that sends a byte now and then never
exceeds those. Here every operation on the socket gets what is left until the deadline of its thread. Looking up a
name is not covered: that is the resolver's own time-out. What can go wrong: FAILURES, of which
httpcore.TimeoutException is the deadline.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import httpcore

_PIECE: Final = 16 * 1024


FAILURES: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


class Transport:
    """A bare transport: it follows no redirect, keeps no cookie, reads no environment and decodes nothing."""

    def __init__(self, *, verify: ssl.SSLContext) -> None:
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=None,
            max_keepalive_connections=8,
            keepalive_expiry=5.0,
            network_backend=_Backend(self._deadline),
        )

    def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send it and read the head of the answer; who asked reads the rest, and closes it."""
        return self._pool.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything that this thread sends and receives inside takes so many seconds at most, all together."""
        self._deadline.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline.at = None


class _Deadline(threading.local):
    at: float | None = None

    def left(self, timeout: float | None, *, late: type[Exception]) -> float | None:
        if self.at is None:
            return timeout
        left = self.at - time.monotonic()
        if left <= 0:
            raise late("the deadline of the exchange has passed")
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """What is written goes when there is a piece of it, or when an answer is read: head and body go together."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self._written = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._written:
            with suppress(httpcore.WriteError):  # who hung up may have answered before
                self._send(timeout)
        return self._stream.read(max_bytes, self._deadline.left(timeout, late=httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._written = self._written + buffer if self._written else buffer
        if len(self._written) > _PIECE:
            self._send(timeout)

    def _send(self, timeout: float | None) -> None:
        view, self._written = memoryview(self._written), b""
        for start in range(0, len(view), _PIECE):
            left = self._deadline.left(timeout, late=httpcore.WriteTimeout)
            self._stream.write(bytes(view[start : start + _PIECE]), left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, late=httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: _Deadline) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, late=httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(stream, self._deadline)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)
