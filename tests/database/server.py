"""PostgreSQL servers of a test's own, reached by TCP as an outsider's, that may be paused, killed, and replaced."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from crash.processes import wait_until
from database.chapter import chapter
from stuf_klantcontact.store import keeper, programs
from stuf_klantcontact.store.embedded import private_data_dir

OWNER = "beheerder"
ROLE = "klantcontact"
PASSWORD = "geheim"
DATABASE = "klantcontact"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "min_wal_size": "32MB",
    "wal_keep_size": "64MB",
    "wal_retrieve_retry_interval": "500ms",
    "io_method": "sync",
    "jit": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@dataclass
class Server:
    """One server; `port` stays the same over its lives."""

    folder: Path
    user: programs.User
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, *, user: str = ROLE, database: str = DATABASE) -> str:
        """Its address."""
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements as the owner of the server; the rows of the last."""
        with psycopg.connect(self.url(user=OWNER, database=database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # of a life that was ended by a kill
        words = [f"--{name}={value}" for name, value in {**SETTINGS, **self.settings}.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs.folder_for(self.user) / "postgres", "-D", self.data, "-p", str(self.port), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=keeper.environment(),
                start_new_session=True,
                **keeper.as_user(self.user.uid, self.user.gid),
            )
        wait_until(self._answers, seconds=30, what=lambda: (self.folder / "log").read_text(errors="replace"))

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url(user=OWNER, database="postgres")):
            return True
        return False

    def stop(self) -> None:
        """As pg_ctl stop -m fast does: break off what goes on, and write down what was committed."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the whole server, without a goodbye."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """As pg_ctl restart -m fast does."""
        self.stop()
        self.start()

    def promote(self) -> None:
        """As pg_ctl promote does: a replica becomes the server."""
        self.run("SELECT pg_promote()")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop all its processes, so that it accepts connections (the kernel does) and says nothing."""
        stopped = self.processes()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def processes(self) -> list[int]:
        """The postmaster and its children."""
        if self._process is None:
            return []
        head = self._process.pid
        children = Path(f"/proc/{head}/task/{head}/children").read_text().split()
        return [head, *map(int, children)]

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(FileNotFoundError):
            children = self.processes()[1:]
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                for pid in children:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
        self._process.wait(timeout=60)
        self._process = None

    def replica(self, folder: Path, *, name: str) -> "Server":
        """A streaming replica of this server, not started yet; this one is stopped while its data are copied."""
        self.stop()
        other = Server(folder, self.user, settings=dict(self.settings))
        _own(folder, user=self.user)
        shutil.copytree(self.data, other.data)
        self.start()
        (other.data / "standby.signal").touch()
        source = f"host=127.0.0.1 port={self.port} user={OWNER} password={PASSWORD} application_name={name}"
        with (other.data / "postgresql.auto.conf").open("a") as file:
            file.write(f"primary_conninfo = '{source}'\n")
        _own(folder, user=self.user)
        return other


def _own(folder: Path, *, user: programs.User) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if user.uid != os.geteuid():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.uid, user.gid)


@contextmanager
def server(settings: Mapping[str, str] | None = None) -> Iterator[tuple[Server, ExitStack]]:
    """A running server with a role and an empty database for the gateway, and what ends before it does."""
    with private_data_dir() as parent:
        user = programs.user_for(parent / "nothing yet")
        found = Server(parent / "one", user, settings=dict(settings or {}))
        _own(found.folder, user=user)
        password = found.folder / "password"
        password.write_text(PASSWORD)
        _own(found.folder, user=user)
        done = user.run(
            programs.folder_for(user) / "initdb",
            f"--pgdata={found.data}",
            f"--username={OWNER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-instructions",
            "--no-sync",
        )
        assert done.returncode == 0, done.stderr
        with ExitStack() as stack:
            stack.callback(found.stop)
            found.start()
            found.run(*chapter(""))
            yield found, stack


PGBOUNCER = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users
max_client_conn = 100
logfile = {folder}/pgbouncer.log
"""


@contextmanager
def pgbouncer(behind: Server, *, size: int) -> Iterator[str]:
    """The address of a pgbouncer in transaction mode, which keeps so many connections to the server."""
    folder = behind.folder / "pgbouncer"
    folder.mkdir()
    port = free_port()
    (folder / "users").write_text(f'"{ROLE}" "{PASSWORD}"\n')
    lines = PGBOUNCER.format(server=behind.port, port=port, folder=folder).splitlines()
    lines += [*chapter("Through pgbouncer", kind="ini"), f"default_pool_size = {size}"]
    (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
    _own(folder, user=behind.user)
    process = subprocess.Popen(
        [shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin") or "pgbouncer", folder / "pgbouncer.ini"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **keeper.as_user(behind.user.uid, behind.user.gid),
    )
    try:

        def listens() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False

        wait_until(listens, seconds=10, what="pgbouncer does not listen")
        yield f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def seconds_until(condition: object, *, most: float, what: str) -> float:
    """How long it took until the condition held."""
    start = time.monotonic()
    wait_until(condition, seconds=most, what=what)  # type: ignore[arg-type]
    return time.monotonic() - start
