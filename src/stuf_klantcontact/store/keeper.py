"""Keep the embedded PostgreSQL running while anybody holds it, and stop it when the last holder has gone.

A program of its own: `embedded` starts it detached from the terminal, and it needs nothing but the standard
library. Whether a process still lives is never asked by its number or its command line but by locks (flock), which
the kernel releases however a process ends:

- start.lock: exclusive, by whoever is starting the server;
- holders.lock: shared, by each process that uses the server; exclusive, by the keeper while it stops it;
- keeper.lock: exclusive, by the keeper;
- server.lock: exclusive, inherited by postgres and all its children: when it is free, not one of them is left.

What can go wrong: PostgreSQL does not start; the last lines of server.log say why. If the keeper itself is killed,
the server runs on, and the next process to open or close the database starts another keeper, which adopts it.
"""

import contextlib
import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

Event = Literal["vacant", "told to stop", "gone"]

SOCKET = ".s.PGSQL.5432"

LOOK = 0.02
LOOK_WHEN_READY = 3.0
LOOKS_WHEN_STUCK = 2
SECONDS_TO_STOP = 120.0
SECONDS_TO_BREAK_OFF = 15.0
FAILED_STARTS = 3
LONGEST_PAUSE = 5.0
LARGEST_LOG = 5_000_000


def locked(path: Path, *, mode: int, patience: float) -> int | None:
    """Take a lock within so many seconds (math.inf: however long it takes); answer its descriptor, or None.

    Only closing releases it: an explicit unlock in a forked child would release its parent's lock too.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, mode | (0 if patience == float("inf") else fcntl.LOCK_NB))
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(descriptor)
                return None
            time.sleep(LOOK)
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock exclusively at this moment."""
    if not path.exists():
        return False
    descriptor = locked(path, mode=fcntl.LOCK_SH, patience=0)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def as_user(uid: int, gid: int) -> dict[str, Any]:
    """Arguments of subprocess that run a program as that user, with no group but its own; none: as we are."""
    if uid == os.geteuid():
        return {"umask": 0o077}
    return {"user": uid, "group": gid, "extra_groups": [], "umask": 0o077}


def environment() -> Mapping[str, str]:
    """What PostgreSQL's programs may know of our environment: nothing of ours, and no PG* variable."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Server:
    """Where one embedded server lives, and as whom it runs."""

    folder: Path
    sockets: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def lock(self, name: Literal["start", "holders", "keeper", "server"]) -> Path:
        return self.folder / f"{name}.lock"

    def pid_file(self) -> list[str]:
        """Lines of postmaster.pid: process, data folder, start, port, socket folder, address, memory, status."""
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []

    def pid(self) -> int | None:
        """The number of the process that serves this data folder, None when that is not certain."""
        lines = self.pid_file()
        if not lines or not lines[0].isdigit() or not is_locked(self.lock("server")):
            return None
        pid = int(lines[0])
        try:
            if Path("/proc/self").exists():
                serves = Path(f"/proc/{pid}/cwd").samefile(self.data)
            else:
                answer = subprocess.run(  # noqa: S603
                    ["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
                )
                serves = answer.stdout.strip().endswith("postgres")
        except OSError:
            return None
        return pid if serves else None

    def is_ready(self) -> bool:
        lines = self.pid_file()
        return len(lines) >= 8 and lines[7].strip() == "ready" and self.pid() is not None

    def is_stuck(self) -> bool:
        """Whether it says that it recovers while no process of it does, and so would say that for ever.

        PostgreSQL 18.4 comes to this when the process that recovers from a crash is killed with -9 itself.
        """
        pid = self.pid()
        return pid is not None and self._is_starting() and not _recovers(pid)

    def _is_starting(self) -> bool:
        """Whether it refuses a newcomer for now (SQLSTATE 57P03), before it asks for a password."""
        words = b"\0\3\0\0user\0postgres\0\0"  # protocol 3.0
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(LOOK_WHEN_READY)
                connection.connect(str(self.sockets / SOCKET))
                connection.sendall((len(words) + 4).to_bytes(4, "big") + words)
                answer = connection.recv(4096)
        except OSError:
            return False
        return answer[:1] == b"E" and b"C57P03\0" in answer

    def start(self, postgres: Path) -> "subprocess.Popen[bytes] | None":
        """Start PostgreSQL; None when one is running already, to be adopted. Raises OSError."""
        descriptor = locked(self.lock("server"), mode=fcntl.LOCK_EX, patience=10 * LOOK)  # it may be looked at
        if descriptor is None:
            return None
        try:
            # No process of this server is left, so these are relics, whoever has their process number now.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            self._make_socket_folder()
            for relic in (SOCKET, f"{SOCKET}.lock"):
                (self.sockets / relic).unlink(missing_ok=True)
            self._make_room_in_log()
            with self.log.open("ab") as log:
                return subprocess.Popen(  # noqa: S603
                    [
                        str(postgres),
                        "-D",
                        str(self.data),
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "port=5432",
                        "-c",
                        f'unix_socket_directories="{self.sockets}"',
                        "-c",
                        "unix_socket_permissions=0700",
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=environment(),
                    pass_fds=(descriptor,),
                    start_new_session=True,
                    **as_user(self.uid, self.gid),
                )
        finally:
            os.close(descriptor)

    def join(self) -> None:
        """Return when not one process of the server is left."""
        descriptor = locked(self.lock("server"), mode=fcntl.LOCK_EX, patience=float("inf"))
        if descriptor is not None:
            os.close(descriptor)

    def _make_socket_folder(self) -> None:
        try:
            self.sockets.mkdir(mode=0o700)
        except FileExistsError:
            found = self.sockets.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self.uid, os.geteuid()):
                raise PermissionError(f"{self.sockets} is in the way and is not ours") from None
        descriptor = os.open(self.sockets, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchmod(descriptor, 0o700)
            if self.uid != os.geteuid():
                os.fchown(descriptor, self.uid, self.gid)
        finally:
            os.close(descriptor)

    def clear(self) -> None:
        """Remove what lies outside the folder: a socket folder elsewhere. No process may be left."""
        if self.sockets.parent != self.folder:
            with contextlib.suppress(OSError):
                self.sockets.rmdir()

    def _make_room_in_log(self) -> None:
        try:
            if self.log.stat().st_size > LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".log.1"))
        except FileNotFoundError:
            pass
        os.close(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))


def _recovers(pid: int) -> bool:
    """Whether the server has a startup process, or a child without a title yet; True where that cannot be seen."""
    seen = False
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            title = (process / "cmdline").read_bytes() if parent == str(pid) else b""
        except (OSError, IndexError):  # it has gone
            continue
        seen = True
        if parent == str(pid) and (title.startswith(b"postgres: startup") or not title.startswith(b"postgres: ")):
            return True
    return not seen


class Keeper:
    """Start or adopt the server, start it again if it dies, stop it when nobody is left."""

    def __init__(self, server: Server, *, postgres: Path, report: Callable[[str], None]) -> None:
        self._server = server
        self._postgres = postgres
        self._report = report
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._watching = False

    def tell_to_stop(self) -> None:
        self._events.put("told to stop")

    def keep(self) -> bool:
        """Return when nobody is left (True), or when PostgreSQL cannot be started (False)."""
        try:
            return self._keep()
        finally:
            self._server.clear()

    def _keep(self) -> bool:
        threading.Thread(target=self._wait_for_vacancy, daemon=True).start()
        failures = 0
        ever = False
        while True:
            reason = ""
            try:
                self._process = self._server.start(self._postgres)
            except OSError as error:
                reason = str(error)
                event: Event = "gone"
                ready = False
            else:
                threading.Thread(target=self._wait_for_end, daemon=True).start()
                event, ready = self._watch(first=not ever)
            if event != "gone":
                self._stop()
                return True
            if self._process is not None:
                self._process.wait()
            ever = ever or ready
            failures = 0 if ready else failures + 1
            if failures >= FAILED_STARTS and not ever:
                self._report(f"failed {reason}")
                return False
            try:
                self._events.get(timeout=min(0.1 * 2**failures, LONGEST_PAUSE))
            except Empty:
                continue
            return True

    def _watch(self, *, first: bool) -> tuple[Event, bool]:
        ready, stuck = False, 0
        while True:
            try:
                return self._events.get(timeout=LOOK_WHEN_READY if ready else LOOK), ready
            except Empty:
                if ready:
                    stuck = stuck + 1 if self._server.is_stuck() else 0
                    if stuck == LOOKS_WHEN_STUCK:
                        self._signal(signal.SIGKILL)
                elif self._server.is_ready():
                    ready = True
                    if first:
                        self._report("ready")

    def _wait_for_vacancy(self) -> None:
        # The descriptor stays open: newcomers wait until this process, and with it the server, is gone.
        locked(self._server.lock("holders"), mode=fcntl.LOCK_EX, patience=float("inf"))
        self._events.put("vacant")

    def _wait_for_end(self) -> None:
        self._server.join()
        self._events.put("gone")

    def _stop(self) -> None:
        """Fast shutdown; broken off if it takes too long, which costs a recovery at the next start."""
        for number, patience in (
            (signal.SIGINT, SECONDS_TO_STOP),
            (signal.SIGQUIT, SECONDS_TO_BREAK_OFF),
            (signal.SIGKILL, SECONDS_TO_BREAK_OFF),
        ):
            end = time.monotonic() + patience
            signalled = False
            while time.monotonic() < end:
                # A server that has only just been started has no postmaster.pid yet; our own child we know.
                if not signalled:
                    signalled = self._signal(number)
                try:
                    if self._events.get(timeout=LOOK if not signalled else end - time.monotonic()) == "gone":
                        if self._process is not None:
                            self._process.wait()
                        return
                except (Empty, ValueError):
                    continue

    def _signal(self, number: signal.Signals) -> bool:
        if self._process is not None:
            self._process.send_signal(number)
            return True
        pid = self._server.pid()
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True


def _report(line: str) -> None:
    """Tell the process that started us, once; it may be gone already."""
    with contextlib.suppress(OSError):
        os.write(1, line.encode())
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.close(nothing)


def main(arguments: list[str]) -> int:
    """keeper.py FOLDER SOCKETS UID GID POSTGRES"""
    folder, sockets, uid, gid, postgres = arguments
    if os.fork():  # our parent need not wait for us, and never sees us as a zombie
        os._exit(0)
    os.chdir("/")
    server = Server(Path(folder), Path(sockets), int(uid), int(gid))
    mine = locked(server.lock("keeper"), mode=fcntl.LOCK_EX, patience=1.0)
    if mine is None:
        _report("other")
        return 0
    keeper = Keeper(server, postgres=Path(postgres), report=_report)
    for number in (signal.SIGHUP, signal.SIGINT):  # not SIG_IGN, which postgres would inherit
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: keeper.tell_to_stop())
    done = keeper.keep()
    os.close(mine)  # before holders.lock: who gets that one must find no keeper
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
