"""The server as an administrator meets it: it starts, stops, survives a crash, and leaves nothing behind."""

import io
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from standin import GOOD, SYNC, VALID, answers, free_port, serve, until
from stuf_klantcontact import server
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.memory import RETIRE_BYTES


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Servers that a test starts; whatever is left of them is killed."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def get(port: int, path: str = "/") -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        body: bytes = reply.read()
        return body


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_after_the_request_that_is_being_answered(
    signal_: signal.Signals, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    port, mark = free_port(), tmp_path / "mark"
    process = serve(port, workers=2, mark=str(mark))
    started.append(process)
    assert until(lambda: answers(port))
    children = workers_of(process)
    assert len(children) == 2
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert not select_ready(connection, 0.2)
        process.send_signal(signal_)
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert process.wait(timeout=30) == 0
    assert not [child for child in children if child.is_running()]
    assert mark.read_text() == "closed\nclosed\n", "each worker gives back what it holds"
    assert not answers(port)


def select_ready(connection: socket.socket, seconds: float) -> bool:
    return bool(select.select([connection], [], [], seconds)[0])


def test_kill_9_of_the_parent_leaves_no_process(tmp_path: Path, started: list[subprocess.Popen[str]]) -> None:
    port, mark = free_port(), tmp_path / "mark"
    process = serve(port, workers=2, mark=str(mark))
    started.append(process)
    assert until(lambda: answers(port))
    children = workers_of(process)
    assert len(children) == 2
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert until(lambda: not any(child.is_running() for child in children), seconds=5)
    assert mark.read_text() == "closed\nclosed\n"
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what was freed stays with the process")
def test_what_a_peer_makes_up_does_not_fill_the_memory(started: list[subprocess.Popen[str]]) -> None:
    port = free_port()
    process = serve(port)
    started.append(process)
    assert until(lambda: answers(port))
    (worker,) = workers_of(process)

    def post(number: int) -> None:
        made_up = "".join(f"<n{number}-{count}-{'n' * 200}/>" for count in range(8_000)).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/soap/{SYNC}",
            data=VALID.partition(b"<gfo:Type>")[0] + made_up,  # broken off: it need not be explained
            headers={"Content-Type": "text/xml; charset=utf-8", "Authorization": GOOD},
        )
        with pytest.raises(urllib.error.HTTPError, match="500") as refused:
            urllib.request.urlopen(request, timeout=30)
        refused.value.close()

    def megabytes() -> float:
        return float(worker.memory_info().rss) / 1_000_000

    for number in range(5):
        post(number)
    before = megabytes()
    for number in range(5, 45):
        post(number)
    assert megabytes() - before < 60, "they come to 120 when they are kept"


def test_threads_that_read_enough_make_place_and_lose_nothing_that_they_are_at() -> None:
    threads: dict[str, threading.Thread] = {}
    go_on = threading.Event()

    def app(environ: dict[str, Any], _: Any) -> list[bytes]:
        threads[environ["PATH_INFO"]] = threading.current_thread()
        size = len(environ["wsgi.input"].read())
        if environ["PATH_INFO"] == "slow":
            assert go_on.wait(20)
        if environ["PATH_INFO"] == "wrong":
            raise LookupError
        return [b"%d" % size]

    retiring = server.Retiring(app, threads=4)

    def ask(path: str, *, size: int = 0, **more: str) -> Iterable[bytes]:
        body = io.BytesIO(b"a" * size)
        return retiring({"PATH_INFO": path, "wsgi.input": body, **more}, lambda *_: None)

    with ThreadPoolExecutor(1) as other:
        slow = other.submit(ask, "slow", size=10)
        assert until(lambda: "slow" in threads)
        ask("much announced and nothing read", CONTENT_LENGTH="10000000000")
        ask("before", size=RETIRE_BYTES - 1)
        assert ask("last", size=1) == [b"1"]
        assert until(lambda: not threads["last"].is_alive())
        assert threads["much announced and nothing read"] in (threads["before"], threads["last"])
        with pytest.raises(LookupError):
            ask("wrong")
        assert ask("after", size=3) == [b"3"]
        assert threads["after"].is_alive()
        assert threads["slow"].is_alive()
        go_on.set()
        assert slow.result(20) == [b"10"]
    assert until(lambda: not threads["slow"].is_alive())


def test_a_worker_that_crashes_is_replaced(started: list[subprocess.Popen[str]]) -> None:
    port = free_port()
    process = serve(port)
    started.append(process)
    assert until(lambda: answers(port))
    first = get(port)
    with pytest.raises(OSError):  # noqa: PT011 - reset or closed, as it comes
        get(port, "/crash")
    assert until(lambda: answers(port))
    assert get(port) != first


def test_a_worker_that_cannot_start_says_why_in_one_line_and_ends_it_all(
    started: list[subprocess.Popen[str]],
) -> None:
    process = serve(free_port(), workers=2, mark="unable")
    started.append(process)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.count("stuf-klantcontact: gateway.rsin is empty") == 1
    assert "Traceback" not in said


def test_a_port_in_use_is_a_configuration_error_also_when_granian_would_share_it() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} is in use"):
            server.run(lambda: pytest.fail("must not start"), port=port)
