"""run the WSGI app under granian: worker processes that start, stop and die together.

What can go wrong: the address is in use (ConfigurationError), or a worker cannot build the gateway (one line, and
exit code 1). SIGTERM and SIGINT stop after the requests that are being answered. When this process is killed with
-9 the workers notice within a second and end: no process stays behind.

What granian does with a hostile peer (tests/test_hostile_input.py holds it to most of this): two lengths, a length
that is no number, a NUL in a header or a blank before its colon get 400, a head beyond HEADER_BYTES 431, and a head
that takes longer than HEADER_SECONDS, or an idle connection, is closed; none of that takes a thread. Of
Content-Length and Transfer-Encoding together the second wins and the connection is closed afterwards; a bare LF
ends a line. A body is read when the door asks for it, without a limit in time: one that drips holds a thread. The
door asks only after authentication, so a stranger cannot do that.

No section of the standard: this is the machine under it.
"""

import errno
import multiprocessing
import multiprocessing.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.synchronize import Lock
from typing import Any, Final, Protocol

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.memory import RETIRE_BYTES, give_back, keep_what_is

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HEADER_SECONDS: Final = 10
"""How long the head of a request may take to arrive, also on an idle connection; then it is closed."""
HEADER_BYTES: Final = 64 * 1024
"""Most bytes of a request's head; beyond it 431."""
STOP_SECONDS: Final = 15
"""How long requests that are being answered may take to finish after SIGTERM."""
WATCH_SECONDS: Final = 0.5


class Served(Protocol):
    """What a worker makes for itself: app.answering.Gateway is one."""

    @property
    def wsgi(self) -> WSGI:
        """What granian calls."""

    def close(self) -> None:
        """Give back what it holds."""


def run(
    build: Callable[[], Served],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int = 1,
    threads: int = 16,
    memory: int = 1024,
    log_level: str = "error",
) -> int:
    """Serve until a signal; gives the exit code. Must be called in the main thread.

    `build` is called once in each worker, so it must be picklable where processes are spawned and not forked: a
    function of a module, or a functools.partial of one. `threads` answer at once in a worker; a worker that grows
    beyond `memory` MB is replaced by a fresh one.
    """
    probe(host, port)
    alarm = multiprocessing.Lock()
    server = Granian(
        "stuf_klantcontact",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HEADER_BYTES),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        workers_max_rss=memory,
        log_level=LogLevels(log_level),
    )
    try:
        server.serve(target_loader=partial(_load, build, threads, os.getpid(), alarm), wrap_loader=False)
    except SystemExit:
        return 1
    return 0 if alarm.acquire(block=False) else 1


def probe(host: str, port: int) -> None:
    """Granian's sockets share a port with whoever wants it; a second gateway there would steal requests."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise ConfigurationError(f"{host}:{port} {reason}; choose another with --host or --port") from error


def _load(build: Callable[[], Served], threads: int, parent: int, alarm: Lock) -> WSGI:
    """In a worker: build what it serves, and see to it that it ends. The first that cannot, stops them all."""
    threading.Thread(target=_follow, args=(parent,), name="follow-parent", daemon=True).start()
    try:
        served = build()
    except Exception as error:
        if alarm.acquire(block=False):
            said = str(error) if isinstance(error, ConfigurationError) else f"{type(error).__name__}: {error}"
            print(f"stuf-klantcontact: {said}", file=sys.stderr, flush=True)
            os.kill(parent, signal.SIGTERM)
        raise SystemExit(1) from None
    multiprocessing.util.Finalize(None, served.close, exitpriority=100)
    keep_what_is()
    return Retiring(served.wsgi, threads=threads)


class Retiring:
    """The app in threads that end after RETIRE_BYTES of requests; those of granian go on while there is work."""

    def __init__(self, wsgi: WSGI, *, threads: int) -> None:
        self._wsgi = wsgi
        self._threads = threads
        self._pool = self._fresh()
        self._read = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, in a thread of the pool."""
        body = environ["wsgi.input"] = _Counted(environ["wsgi.input"])
        with self._lock:
            answer = self._pool.submit(self._wsgi, environ, start_response)
        try:
            return answer.result()
        finally:
            del answer  # an exception in it would refer to it
            self._count(body.size)

    def _count(self, size: int) -> None:
        with self._lock:
            self._read += size
            if self._read < RETIRE_BYTES:
                return
            self._pool.shutdown(wait=False)  # what its threads are at they finish
            self._pool, self._read = self._fresh(), 0
        give_back()  # for the most part what those before them had

    def _fresh(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="answer")


class _Counted:
    """The body of a request, and how much of it was read: who only says that much comes costs nothing."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self.size = 0

    def read(self, *size: int) -> bytes:
        return self._counted(self._body.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._counted(self._body.readline(*size))

    def readlines(self, *_: int) -> list[bytes]:
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _counted(self, block: bytes) -> bytes:
        self.size += len(block)
        return block


def _follow(parent: int) -> None:
    """End this worker when its parent is gone: first as after SIGTERM, then for certain."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)
