"""A PostgreSQL outside: restarted, killed, paused, read-only, full, replaced by its replica. Nothing is lost.

Meanwhile a sender is told to try again (StUF046, StUF049), in time, and /health/ready says it.
"""

import importlib.util
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest

from conftest import need
from crash.processes import wait_until
from database.chapter import chapter
from database.flow import HANGING, Flow, flowing, migrate
from database.server import DATABASE, PASSWORD, ROLE, Server, server
from stuf_klantcontact.store import Database, programs

AT_ONCE = 2.5
"""Most seconds for an answer that waits for nothing, on a loaded machine."""
SOON = 8.0
"""Most seconds from the return of the database to the next acknowledgement."""


@pytest.fixture(scope="module")
def outside() -> Iterator[Server]:
    """A server with a migrated database."""
    need(Path("/proc/self/task").exists(), "the processes of a server are found in /proc")
    with server() as (found, _):
        migrate(found.url())
        yield found


@pytest.fixture(scope="module")
def flow(outside: Server, password_hash: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    with flowing(outside.url(), password_hash=password_hash, folder=tmp_path_factory.mktemp("flow")) as found:
        yield found


def test_a_restart_and_a_kill_while_messages_flow_lose_nothing(flow: Flow, outside: Server) -> None:
    senders = flow.send()
    flow.more()
    outside.restart()
    restarted = flow.more()
    outside.kill()
    outside.start()
    killed = flow.more()
    senders.stop()
    result = flow.account()
    print(f"{flow.acknowledged} acknowledged; back {restarted:.1f} s and {killed:.1f} s after the server: {result}")
    result.hold()
    assert max(restarted, killed) < SOON


def test_while_the_server_is_down_the_answer_is_a_fault_at_once(flow: Flow, outside: Server) -> None:
    sent = flow.one()
    outside.stop()
    try:
        code, seconds = flow.offer(sent)
        ready = flow.is_ready()
    finally:
        outside.start()
    assert (code, ready) == ("StUF049", False)
    assert seconds < AT_ONCE
    wait_until(partial(flow.takes, sent), seconds=SOON, what="no recovery")
    assert flow.is_ready()


def test_a_server_that_hangs_costs_one_sender_the_time_out_and_the_others_nothing(
    flow: Flow, outside: Server
) -> None:
    first, second = flow.one(), flow.one()
    with outside.paused():
        code, seconds = flow.offer(first)
        assert (code, flow.offer(second)[0]) == ("StUF049", "StUF049")
        waits = [flow.offer(second)[1] for _ in range(5)]
        assert not flow.is_ready()
    assert seconds < HANGING
    assert sorted(waits)[2] < AT_ONCE, waits
    start = time.monotonic()
    for sent in (first, second):
        wait_until(partial(flow.takes, sent), seconds=SOON, what="no recovery")
    print(f"hung for {seconds:.1f} s, others {max(waits):.2f} s; back after {time.monotonic() - start:.1f} s")
    assert flow.is_ready()
    flow.account().hold()


def test_a_server_that_may_only_be_read_is_let_go_of(flow: Flow, outside: Server) -> None:
    sent = flow.one()
    outside.run("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        wait_until(lambda: not flow.is_ready(), seconds=SOON, what="ready to write what cannot be written")
        assert flow.offer(sent)[0] == "StUF049"
        database = Database(outside.url(), pool_size=1)
        with pytest.raises(psycopg.OperationalError, match="read-only"), database.connection():
            pass
        database.close()
    finally:
        outside.run(
            "SET default_transaction_read_only = off",
            "ALTER SYSTEM RESET default_transaction_read_only",
            "SELECT pg_reload_conf()",
        )
    wait_until(partial(flow.takes, sent), seconds=SOON, what="no recovery")
    flow.account().hold()


def test_connections_are_as_many_as_promised_and_others_wait_their_turn(flow: Flow, outside: Server) -> None:
    """However many ask at once: those of the pool, one that tells delivery of news, and one that hears it."""
    promised = flow.town.gateway.settings.gateway.database_connections + 2
    seen = _at_once(flow, outside, senders=3 * promised)
    print(f"{seen} connections of {promised} promised")
    assert 2 < seen <= promised


def test_a_server_that_takes_fewer_connections_makes_them_wait_and_refuses_nobody(
    flow: Flow, outside: Server
) -> None:
    outside.run(
        f"ALTER ROLE {ROLE} CONNECTION LIMIT 4",
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{ROLE}'",
    )
    try:
        assert _at_once(flow, outside, senders=12) <= 4
    finally:
        outside.run(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")


def test_a_server_that_takes_no_connection_at_all_is_a_fault_at_once(flow: Flow, outside: Server) -> None:
    sent = flow.one()
    outside.run(
        f"ALTER ROLE {ROLE} CONNECTION LIMIT 0",
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{ROLE}'",
    )
    try:
        code, seconds = flow.offer(sent)
    finally:
        outside.run(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")
    assert (code, seconds < AT_ONCE) == ("StUF049", True)
    assert flow.takes(sent)
    flow.account().hold()


def _at_once(flow: Flow, outside: Server, *, senders: int) -> int:
    """Let so many offer a message at the same moment; all are taken. The most connections that were seen."""
    number = f"SELECT count(*)::int FROM pg_stat_activity WHERE usename = '{ROLE}'"
    messages = [flow.one() for _ in range(senders)]
    most = 0
    with ThreadPoolExecutor(senders) as pool:
        answers = [pool.submit(flow.offer, message) for message in messages]
        while not all(answer.done() for answer in answers):
            most = max(most, int(str(outside.run(number)[0][0])))
    assert {answer.result()[0] for answer in answers} == {"voegKlantcontactToe_Du02"}
    return most


def test_a_backup_and_a_repeat_of_what_came_after_it_miss_nothing(
    flow: Flow, outside: Server, tmp_path: Path
) -> None:
    for query in chapter("What to watch"):
        assert outside.run(query, database=DATABASE) is not None
    kept, later = [flow.one() for _ in range(3)], [flow.one() for _ in range(3)]
    assert all(flow.takes(sent) for sent in kept)
    flow.account().hold()
    backup = tmp_path / "backup"
    _client("pg_dump", "--format=custom", f"--file={backup}", f"--dbname={outside.url()}")
    assert all(flow.takes(sent) for sent in later)
    flow.account().hold()
    before = {
        sent.referentienummer: sent.identificatie for stream in flow.streams for sent in stream if sent.answer
    }
    outside.run(f"DROP DATABASE {DATABASE} WITH (FORCE)", *(line for line in chapter("") if "DATABASE" in line))
    _client("pg_restore", "--exit-on-error", f"--dbname={outside.url()}", str(backup))
    outside.run(*chapter("Backup"), database=DATABASE)
    for sent in (sent for stream in flow.streams for sent in stream if sent.answer):
        sent.answer = None
        wait_until(partial(flow.takes, sent), seconds=SOON, what=f"{sent.referentienummer} is not taken again")
    for sent in kept:
        assert sent.identificatie == before[sent.referentienummer]
    assert {sent.identificatie for sent in later} & set(before.values()) == set()
    flow.account().hold()


def _client(program: str, *words: str) -> None:
    """Run a program of PostgreSQL's clients, of the same version as the server."""
    spec = importlib.util.find_spec(programs.PACKAGE)
    assert spec is not None
    package = Path(next(iter(spec.submodule_search_locations or ())))
    path = package / f"pginstall{programs.MAJOR_VERSION}" / "bin" / program
    done = subprocess.run([path, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_full_disk_is_a_fault_and_room_is_enough_to_go_on(
    outside: Server, password_hash: str, tmp_path: Path
) -> None:
    need(os.geteuid() == 0, "mounting a small disk takes root")
    disk = outside.folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size=24m,mode=0700,uid={outside.user.uid}", "none", str(disk)]
    need(subprocess.run(mount, check=False, capture_output=True).returncode == 0, "a tmpfs can be mounted")
    try:
        outside.run(
            f"CREATE TABLESPACE small LOCATION '{disk}'", f"CREATE DATABASE small OWNER {ROLE} TABLESPACE small"
        )
        url = outside.url(database="small")
        migrate(url)
        with flowing(url, password_hash=password_hash, folder=tmp_path) as flow:
            senders = flow.send(pause=0.05)
            flow.more()
            filler = disk / "filler"
            with filler.open("wb") as file:
                written = 0
                try:
                    while True:
                        written += os.write(file.fileno(), bytes(65536))
                except OSError:
                    pass
            refused = flow.one()
            wait_until(lambda: flow.offer(flow.one())[0] == "StUF049", seconds=20, what="the disk is not full")
            # What is read does not need room, and the server stays.
            with flow.town.gateway.database.connection() as connection:
                assert connection.execute("SELECT count(*) > 0 FROM klantcontact").fetchone() == (True,)
            filler.unlink()
            start = time.monotonic()
            wait_until(partial(flow.takes, refused), seconds=SOON, what="no recovery")
            print(f"{written} bytes filled; back after {time.monotonic() - start:.1f} s")
            senders.stop()
            flow.account().hold()
    finally:
        outside.run("DROP DATABASE IF EXISTS small WITH (FORCE)", "DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", str(disk)], check=True)


def test_a_failover_keeps_what_was_acknowledged_and_the_gateway_follows(password_hash: str, tmp_path: Path) -> None:
    with server() as (first, stack):
        migrate(first.url())
        second = first.replica(first.folder.parent / "two", name="db2")
        stack.callback(second.stop)
        second.start()
        first.run(*chapter("Replicas and failover"))
        hosts = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
        with flowing(
            f"postgresql://{ROLE}:{PASSWORD}@{hosts}/{DATABASE}", password_hash=password_hash, folder=tmp_path
        ) as flow:
            sent = flow.one()
            with second.paused():  # nothing is acknowledged that the replica does not have
                code, seconds = flow.offer(sent)
                assert not flow.is_ready()
            assert code == "StUF049"
            assert seconds < HANGING
            wait_until(partial(flow.takes, sent), seconds=SOON, what="the replica is back")
            senders = flow.send()
            flow.more()
            first.kill()
            # Its replica alone may not be written to, and so is not taken.
            wait_until(lambda: not flow.is_ready(), seconds=SOON, what="ready without a server")
            before = flow.acknowledged
            second.promote()
            recovered = flow.more()
            senders.stop()
            result = flow.account()
            print(f"{before} acknowledged before, {recovered:.1f} s after the promotion it goes on: {result}")
            result.hold()
            assert recovered < SOON


def test_a_replica_is_not_taken_for_the_database(outside: Server) -> None:
    """Whatever order the hosts are in, and whichever does not answer."""
    nobody = "127.0.0.1:1"
    for hosts in (f"{nobody},127.0.0.1:{outside.port}", f"127.0.0.1:{outside.port},{nobody}"):
        database = Database(f"postgresql://{ROLE}:{PASSWORD}@{hosts}/{DATABASE}", pool_size=1)
        with database.connection() as connection:
            assert connection.info.port == outside.port
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        again = Database(database.url, pool_size=1)
        assert again.parameters == database.parameters
        assert PASSWORD not in repr(database)
        database.close()
