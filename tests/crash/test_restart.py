"""`deliver` beside `serve` is started again however it ended, and whatever else happens while it is started."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from crash.processes import wait_until
from stuf_klantcontact.cli import run

DEAF = (
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w').write('x'); time.sleep(60)"
)
AGAIN = "import sys; open(sys.argv[1], 'a').write('x')"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_worker_forked_in_the_middle_of_the_start_does_not_hide_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    in_the_middle, forked = threading.Event(), threading.Event()
    start = subprocess._fork_exec  # type: ignore[attr-defined]

    def start_and_wait(*rest: Any) -> int:
        """The program runs, and the pipe that says so is still open."""
        number: int = start(*rest)
        in_the_middle.set()
        forked.wait(1.0)
        return number

    monkeypatch.setattr(subprocess, "_fork_exec", start_and_wait)
    monkeypatch.setattr(run, "RESTART_SECONDS", 0.01)
    with run._DeliveryProcess([sys.executable, "-c", AGAIN, str(starts)]):
        assert in_the_middle.wait(10)
        worker = os.fork()
        if not worker:
            signal.pause()
        forked.set()
        try:
            wait_until(
                lambda: starts.exists() and starts.stat().st_size >= 2, seconds=10, what="it was started only once"
            )
        finally:
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)


def test_a_start_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = tmp_path / "starts"
    refused = threading.Event()
    start = subprocess.Popen

    def refuse_once(*rest: Any, **named: Any) -> Any:
        if not refused.is_set():
            refused.set()
            raise BlockingIOError("no process left")
        return start(*rest, **named)

    monkeypatch.setattr(subprocess, "Popen", refuse_once)
    monkeypatch.setattr(run, "RESTART_SECONDS", 0.01)
    with run._DeliveryProcess([sys.executable, "-c", AGAIN, str(starts)]):
        wait_until(lambda: starts.exists() and starts.read_bytes(), seconds=10, what="it was not started")
    assert refused.is_set()


def test_delivery_that_does_not_end_in_time_is_ended_with_a_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = tmp_path / "begun"
    monkeypatch.setattr(run, "STOP_SECONDS", 0.3)
    delivery = run._DeliveryProcess([sys.executable, "-c", DEAF, str(begun)])
    with delivery:
        wait_until(lambda: begun.exists() and begun.read_bytes(), seconds=20, what="it was not started")
    assert delivery._process is not None
    assert delivery._process.returncode == -signal.SIGKILL
    (line,) = [record.getMessage() for record in caplog.records if "still sending" in record.getMessage()]
    assert line.startswith("delivery was still sending after 0.3 s")
