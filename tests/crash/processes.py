"""Processes that a test starts, found again whoever their parent became, and ended by their own numbers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

FAILPOINTS = Path(__file__).with_name("failpoints")
MARK = "CRASH_TEST"
CRASH_LOOP = 6.0
"""Granian gives up when a worker dies within 5.5 seconds after it replaced another."""


def wait_until(condition: Callable[[], object], *, seconds: float, what: Callable[[], object] | str) -> None:
    """Return when the condition holds; AssertionError, saying what is not so, when that takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Process:
    """One living process."""

    pid: int
    parent: int
    age: float
    command: str


class Family:
    """One command of ours and all that came of it: by its environment, or by the folder in its command line.

    PostgreSQL and its keeper are nobody's children and get a clean environment, but their commands name the folder.
    """

    def __init__(
        self, *arguments: str, folder: Path, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._mark = f"{MARK}={uuid4().hex}"
        self._folder = os.fsencode(folder)
        self.log = log
        name, _, value = self._mark.partition("=")
        path = os.pathsep.join(filter(None, (str(FAILPOINTS), os.environ.get("PYTHONPATH"))))
        with log.open("ab") as output:
            self.head = subprocess.Popen(
                [sys.executable, "-m", "stuf_klantcontact", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {}), name: value, "PYTHONPATH": path},
                start_new_session=True,
            )

    def members(self) -> list[Process]:
        """Who lives now; who died and was not collected yet does not."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                environment = (entry / "environ").read_bytes()
                status = (entry / "stat").read_text().rpartition(")")[2].split()
            except (OSError, IndexError):
                continue
            if self._mark.encode() in environment.split(b"\0") or self._folder in command:
                words = command.replace(b"\0", b" ").decode(errors="replace")
                age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(status[19]) / os.sysconf("SC_CLK_TCK")
                found.append(Process(int(entry.name), int(status[1]), age, words))
        return found

    def workers(self) -> list[Process]:
        """The processes that answer requests."""
        children = [p for p in self.members() if p.parent == self.head.pid]
        return [p for p in children if " deliver " not in p.command and "multiprocessing" not in p.command]

    def wait_until_settled(self) -> None:
        """Return when a worker may be killed: one that dies soon after it was started, takes all with it."""

        def is_settled() -> bool:
            workers = self.workers()
            return bool(workers) and all(worker.age > CRASH_LOOP for worker in workers)

        wait_until(is_settled, seconds=CRASH_LOOP + 20, what=lambda: f"no settled worker: {self.workers()}")

    def terminate(self, *, seconds: float = 30.0) -> int:
        """SIGTERM to the head of the family; its exit status."""
        self.head.terminate()
        return self.head.wait(timeout=seconds)

    def kill_head(self) -> None:
        """SIGKILL to the head of the family, and to nobody else."""
        self.head.kill()
        self.head.wait()

    def wait_until_gone(self, *, seconds: float = 20.0) -> None:
        """Return when not one of the family lives."""
        wait_until(lambda: not self.members(), seconds=seconds, what=lambda: f"still there: {self.members()}")

    def end(self) -> None:
        """However the test went: leave nobody behind."""
        if self.head.poll() is None:
            self.head.terminate()
            try:
                self.head.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill_head()
        try:
            self.wait_until_gone()
        except AssertionError:
            for process in self.members():
                os.kill(process.pid, signal.SIGKILL)
            raise

    def __enter__(self) -> "Family":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
