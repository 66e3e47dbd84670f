"""The embedded PostgreSQL: one server per data folder, shared by the processes of one machine.

`hold` makes the server if need be, starts it if need be, and keeps it running until the hold is closed or the
process ends in whatever way; the last one out stops it (see `keeper`). The server listens on a Unix socket in a
folder of its own and wants a password even there. What can go wrong: ConfigurationError, with the cure: a folder
that may not be entered, a data folder of another version, a server that does not start, a full disk.
"""

import fcntl
import hashlib
import os
import secrets
import select
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.store import address, keeper, programs

ROLE = "klantcontact"
DATABASE = "klantcontact"

PATIENCE = 120.0
"""Seconds to wait for another process that is starting or stopping the server."""

PATIENCE_WITH_RECOVERY = 900.0
"""Seconds that a server may take to become ready, after a power cut."""

LONGEST_SOCKET_FOLDER = 103 - len(f"/{keeper.SOCKET}")

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
    "io_method": "sync",
    "jit": "off",
    "update_process_title": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the values in an error message may hold personal data: the log gets neither.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

_holds: "weakref.WeakSet[Hold]" = weakref.WeakSet()


class Hold:
    """One process's claim that the server must run."""

    def __init__(self, server: keeper.Server, descriptor: int, *, user: programs.User, password: str) -> None:
        self._server = server
        self._user = user
        self._descriptor: int | None = descriptor
        self._password = password
        if not _holds:
            os.register_at_fork(after_in_child=_let_go_in_child)
        _holds.add(self)

    def url(self, database: str = DATABASE) -> str:
        """The address of a database on this server, password included."""
        found = {"user": ROLE, "password": self._password, "dbname": database, "host": str(self._server.sockets)}
        return address.written(found)

    @property
    def folder(self) -> Path:
        return self._server.folder

    def close(self) -> None:
        """Let go; the keeper stops the server when nobody else holds it."""
        if self._descriptor is None:
            return
        mutex = keeper.locked(self._server.lock("start"), mode=fcntl.LOCK_EX, patience=0)
        if mutex is not None:  # else somebody is starting, and sees to a keeper
            try:
                if not keeper.is_locked(self._server.lock("keeper")):
                    _start_keeper(
                        self._server, user=self._user
                    )  # it was killed: without one, the server would run for ever
            except ConfigurationError:
                pass  # there is no server to stop
            finally:
                os.close(mutex)
        self.forget()

    def forget(self) -> None:
        """Drop the lock without a word, as the death of this process would."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _let_go_in_child() -> None:
    """A forked child shares its parent's lock, which would outlive the parent: a child takes its own."""
    for hold in list(_holds):
        hold.forget()


def hold(data_dir: Path) -> Hold:
    """Have the server of this data folder run, made and started if need be, until the hold is closed."""
    folder = data_dir.resolve() / "postgresql"
    try:
        user = programs.user_for(folder / "data")
        _make_folder(folder, user=user)
        with _alone(folder / "start.lock"):
            descriptor = keeper.locked(folder / "holders.lock", mode=fcntl.LOCK_SH, patience=PATIENCE)
            if descriptor is None:
                raise ConfigurationError(
                    f"the embedded database in {folder} has been stopping for {PATIENCE:g} s: look at "
                    f"{folder / 'server.log'}"
                )
            try:
                server = keeper.Server(folder, _sockets(folder), user.uid, user.gid)
                if not server.data.exists():
                    _initialise(server, user=user)
                password = _password(server)
                _check_version(server)
                _run(server, user=user, password=password)
            except BaseException:
                os.close(descriptor)
                raise
            return Hold(server, descriptor, user=user, password=password)
    except OSError as error:
        raise ConfigurationError(
            f"the embedded database cannot use {error.filename or folder}: {error.strerror or error}; set "
            "gateway.data_dir to a folder that this user may write to"
        ) from error


@contextmanager
def private_data_dir() -> Iterator[Path]:
    """A data folder for a demo or a test, gone afterwards; in reach of the user that PostgreSQL runs as."""
    user = programs.user_for(Path("/nonexistent"))
    for parent in dict.fromkeys((tempfile.gettempdir(), "/var/tmp", "/tmp")):  # noqa: S108
        if not os.access(parent, os.W_OK) or not user.reaches(Path(parent)):
            continue
        folder = Path(tempfile.mkdtemp(prefix="klantcontact-", dir=parent))
        if os.geteuid() == 0:
            folder.chmod(0o711)
        try:
            yield folder
        finally:
            _wait_for_end(folder / "postgresql")
            shutil.rmtree(folder, ignore_errors=True)
        return
    raise ConfigurationError(f'no temporary folder is open to "{user.name}": set TMPDIR to one that is')


def _wait_for_end(folder: Path) -> None:
    """Let a server that nobody holds finish, so that it does not write to a folder that is being removed."""
    for name in ("holders.lock", "server.lock"):
        if (folder / name).exists():
            descriptor = keeper.locked(folder / name, mode=fcntl.LOCK_EX, patience=30.0)
            if descriptor is not None:
                os.close(descriptor)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = keeper.locked(path, mode=fcntl.LOCK_EX, patience=PATIENCE)
    if descriptor is None:
        raise ConfigurationError(
            f"another process has been starting the embedded database for {PATIENCE:g} s ({path} is locked): look "
            f"at {path.with_name('server.log')}"
        )
    try:
        yield
    finally:
        os.close(descriptor)


def _make_folder(folder: Path, *, user: programs.User) -> None:
    """Ours alone; when root, passable (not readable) for the user that owns the data inside."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        try:
            missing.mkdir(mode=0o700)
        except FileExistsError:  # another process is as new as we are
            continue
        missing.chmod(mode)
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() != 0:
        raise ConfigurationError(f"{folder} belongs to another user: set gateway.data_dir to a folder of your own")
    if stat.S_IMODE(found.st_mode) != mode and found.st_uid == os.geteuid():
        folder.chmod(mode)
    _refuse_out_of_reach(folder, user=user)


def precondition(data_dir: Path) -> None:
    """Refuse a data folder that `hold` could not use, without making it. Raises ConfigurationError."""
    folder = data_dir.resolve() / "postgresql"
    user = programs.user_for(folder / "data")
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"the embedded database cannot use {nearest}: set gateway.data_dir to a folder that this user may "
            "write to"
        )
    _refuse_out_of_reach(nearest, user=user)


def _refuse_out_of_reach(folder: Path, *, user: programs.User) -> None:
    # Whoever has search permission on each folder above can name a file in it; `.` asks for exactly that.
    if user.uid != os.geteuid() and user.run("/bin/sh", "-c", 'test -e "$1/."', "sh", folder).returncode != 0:
        barrier = next(
            (p for p in reversed(folder.parents) if user.run("/bin/sh", "-c", 'test -x "$1"', "sh", p).returncode),
            folder,
        )
        raise ConfigurationError(
            f'PostgreSQL does not run as root but as "{user.name}", who may not enter {barrier}: set '
            "gateway.data_dir to a folder that other users may enter, for example /var/lib/stuf-klantcontact"
        )


def _sockets(folder: Path) -> Path:
    """Beside the data; elsewhere, under a name that follows from it, when the path is too long for a socket."""
    beside = folder / "socket"
    if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER and not set(str(beside)) & set(',"\\'):
        return beside  # a comma separates hosts to libpq and folders to the server
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]
    return Path("/tmp") / f"klantcontact-{digest}"  # noqa: S108 (0700 and its owner is checked)


def _initialise(server: keeper.Server, *, user: programs.User) -> None:
    """Make a new data folder, whole or not at all."""
    password = server.folder / "password"
    draft = server.folder / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    _write(password, secrets.token_urlsafe(32))
    handover = server.folder / "password.new"
    try:
        _write(handover, password.read_text(encoding="utf-8"))
        if user.uid != os.geteuid():
            for path in (draft, handover):
                os.chown(path, user.uid, user.gid)
        done = user.run(
            programs.folder_for(user) / "initdb",
            f"--pgdata={draft}",
            f"--username={ROLE}",
            f"--pwfile={handover}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")),
        )
    finally:
        handover.unlink(missing_ok=True)
    if done.returncode != 0:
        raise ConfigurationError(
            f"PostgreSQL could not make its data folder in {server.folder}: {_last_words(done.stderr)}"
        )
    draft.rename(server.data)
    _flush(server.folder)


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _password(server: keeper.Server) -> str:
    path = server.folder / "password"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} is missing, so the database in {server.data} cannot be opened: put it back from the backup"
        ) from None


def _check_version(server: keeper.Server) -> None:
    found = (server.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    if found != str(programs.MAJOR_VERSION):
        raise ConfigurationError(
            f"{server.data} was made by PostgreSQL {found} and this gateway brings {programs.MAJOR_VERSION}: move "
            "the data with pg_dump of the old version, or install the gateway's version that fits it"
        )


def _run(server: keeper.Server, *, user: programs.User, password: str) -> None:
    """Start a keeper if there is none, and wait until the server answers."""
    end = time.monotonic() + PATIENCE
    while True:
        if not keeper.is_locked(server.lock("keeper")):
            _start_keeper(server, user=user)
        try:
            _make_database(server, password=password)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ConfigurationError(
                    f"the password in {server.folder / 'password'} is not that of the database: put it back "
                    "from the backup"
                ) from None
            if time.monotonic() > end:
                raise ConfigurationError(
                    f"the embedded database does not answer: {_last_words(str(error))}; look at {server.log}"
                ) from None
            time.sleep(keeper.LOOK)
        else:
            return


def _make_database(server: keeper.Server, *, password: str) -> None:
    with psycopg.connect(
        host=str(server.sockets),
        user=ROLE,
        password=password,
        dbname="postgres",
        connect_timeout=10,
        autocommit=True,
    ) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _start_keeper(server: keeper.Server, *, user: programs.User) -> None:
    """Start the keeper and wait until it says that the server is ready. Raises ConfigurationError if it cannot."""
    postgres = programs.folder_for(user) / "postgres"
    reading, writing = os.pipe()
    try:
        log = os.open(server.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            begin = os.fstat(log).st_size
            words = (keeper.__file__, server.folder, server.sockets, server.uid, server.gid, postgres)
            subprocess.run(  # noqa: S603
                [sys.executable, "-I", "-S", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=log,
                cwd="/",
                start_new_session=True,
                check=True,
            )
        finally:
            os.close(log)
            os.close(writing)
        readable, _, _ = select.select([reading], [], [], PATIENCE_WITH_RECOVERY)
        answer = os.read(reading, 1000).decode(errors="replace") if readable else "failed no answer"
    except subprocess.CalledProcessError as error:
        raise ConfigurationError(f"the keeper of the database did not start: {error}") from None
    finally:
        os.close(reading)
    if answer in ("ready", "other"):
        return
    with server.log.open("rb") as file:
        file.seek(min(begin, server.log.stat().st_size))
        said = file.read(20_000).decode(errors="replace")
    reason = answer.removeprefix("failed").strip() or _last_words(said)
    raise ConfigurationError(f"the embedded database does not start: {reason}; the whole story is in {server.log}")


def _last_words(output: str) -> str:
    """The line that says what was wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error:" in line or "PANIC" in line]
    return (telling or lines or ["no reason given"])[-1]
