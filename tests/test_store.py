"""The database as the records see it: sessions, connections, addresses, and the schema."""

import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from new_revision import metadata
from plugin_database import Postgres
from stuf_klantcontact import secrecy
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.settings import Gateway, Settings
from stuf_klantcontact.store import Database, MigrationStatus, migration, migration_status, open_database, upgrade
from stuf_klantcontact.store.address import parameters, places, written
from stuf_klantcontact.store.connection import Connector, Unanswered
from stuf_klantcontact.store.connections import PAUSE, SLOW, Connections


def by_url(url: str) -> Settings:
    return Settings(gateway=Gateway(database_url=url))


def test_session_commits_at_the_end_and_rolls_back_on_an_error(database: Database) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO document_inhoud VALUES ('\\x01', 'kept')"))
    with pytest.raises(OperationalError), database.session() as session:  # noqa: PT012
        session.execute(text("INSERT INTO document_inhoud VALUES ('\\x02', 'lost')"))
        raise OperationalError("halfway", None, Exception())
    with database.connection() as connection:
        assert connection.execute("SELECT inhoud FROM document_inhoud").fetchall() == [(b"kept",)]


def test_a_statement_on_a_connection_is_committed_at_once(database: Database) -> None:
    with database.connection() as connection, database.connection() as other:
        connection.execute("INSERT INTO document_inhoud VALUES ('\\x01', 'kept')")
        assert other.execute("SELECT count(*) FROM document_inhoud").fetchone() == (1,)


def test_every_session_has_limits_and_a_name(database: Database) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    with database.connection() as connection, database.session() as session:
        expected = ("30s", "10s", "1min", "stuf-klantcontact")
        assert connection.execute(query).fetchone() == expected
        assert tuple(session.execute(text(query)).one()) == expected


def test_the_address_may_set_limits_of_its_own(database_url: str) -> None:
    database = Database(f"{database_url}&options=-c%20statement_timeout%3D7s&application_name=mine")
    with database.connection() as connection:
        row = connection.execute("SELECT current_setting('statement_timeout'), current_setting('application_name')")
        assert row.fetchone() == ("7s", "mine")
    database.close()


def test_connections_are_reused_and_never_more_than_asked_for(database_url: str) -> None:
    database = Database(database_url, pool_size=2)
    pids = set()
    for _ in range(20):
        with database.connection() as connection:
            pids.add(connection.info.backend_pid)
    assert len(pids) == 1
    with database.connection() as one, database.connection() as two:
        assert one is not two
        third = threading.Event()

        def wait_for_third() -> None:
            with database.connection():
                third.set()

        thread = threading.Thread(target=wait_for_third)
        thread.start()
        assert not third.wait(0.1)
    assert third.wait(5)
    thread.join()
    database.close()


def test_who_waits_too_long_for_a_connection_is_told(database_url: str) -> None:
    connections = Connections(Connector(parameters(database_url), seconds=10), size=1, patience=0.05)
    with (
        connections.connection(),
        pytest.raises(psycopg.OperationalError, match="came free"),
        connections.connection(),
    ):
        pass
    connections.close()


def test_a_connection_left_in_a_transaction_does_not_come_back(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("BEGIN")
    assert connection.closed
    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_connections_that_the_server_ended_are_replaced_unseen(database: Database, postgres: Postgres) -> None:
    with database.connection() as one, database.connection() as two, database.session() as session:
        session.execute(text("SELECT 1"))
        name = one.info.dbname
        dead = [one, two]
    postgres.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    with database.connection() as one, database.connection() as two, database.session() as session:
        assert one.execute("SELECT 1").fetchone() == two.execute("SELECT 1").fetchone() == (1,)
        assert session.scalar(text("SELECT 1")) == 1
    assert one not in dead
    assert two not in dead


def test_a_connection_that_dies_in_use_raises_and_the_next_use_succeeds(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError), database.connection() as connection:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_borrowing_a_connection_costs_next_to_nothing(database: Database) -> None:
    """A small part of the cheapest statement, both measured here and now: others may use the machine."""

    def borrow() -> float:
        start = time.perf_counter()
        for _ in range(1000):
            with database.connection():
                pass
        return (time.perf_counter() - start) / 1000

    def ask() -> float:
        with database.connection() as connection:
            start = time.perf_counter()
            for _ in range(1000):
                connection.execute("SELECT 1")
            return (time.perf_counter() - start) / 1000

    assert min(borrow() for _ in range(10)) < 0.25 * min(ask() for _ in range(3))


def test_a_closed_database_keeps_no_connection_and_says_so(database_url: str, postgres: Postgres) -> None:
    database = Database(database_url)
    with database.connection() as lent:
        with database.connection() as idle:
            pass
        database.close()
        assert idle.closed
    assert lent.closed
    with pytest.raises(psycopg.OperationalError, match="closed"), database.connection():
        pass


def test_the_address_is_complete_and_its_display_hides_the_password(database: Database) -> None:
    other = Database(database.url)
    with other.session() as session:
        assert session.scalar(text("SELECT 1")) == 1
    other.close()
    password = database.parameters["password"]
    assert password
    assert str(password) in database.url
    assert str(password) not in repr(database)


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgresql+psycopg", "postgres"], ids=["plain", "with driver", "short"]
)
def test_any_postgresql_address_opens(database_url: str, scheme: str) -> None:
    database = open_database(by_url(database_url.replace("postgresql://", f"{scheme}://")))
    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM klantcontact")) == 0
    database.close()


@pytest.mark.parametrize(
    "url", ["sqlite:///x.db", "mysql://u:geheim@h/x", "geheim", "", "postgresql+asyncpg://h/x"]
)
def test_other_addresses_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(ConfigurationError, match="database_url") as refused:
        open_database(by_url(url))
    assert "geheim" not in str(refused.value)


def test_an_unreachable_server_is_a_configuration_error_without_the_password() -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1") as refused:
        open_database(by_url("postgresql://user:geheim@127.0.0.1:1/klantcontact"))
    assert "geheim" not in str(refused.value)


def test_a_process_whose_parent_has_looked_opens_a_database_that_is_away() -> None:
    """A worker that is replaced meanwhile: it must not fail, and take the others with it."""
    database = open_database(by_url("postgresql://user:geheim@127.0.0.1:1/klantcontact"), check_server=False)
    with pytest.raises(psycopg.OperationalError), database.connection():
        pass
    database.close()


@pytest.mark.parametrize(
    ("address", "shown", "hosts"),
    [
        ("postgresql://u:p%40%2F@db.example/n", "postgresql://u:***@db.example/n", ["db.example"]),
        ("postgres://u@a:5432,b:5433/n", "postgresql://u@a:5432,b:5433/n", ["a", "b"]),
        ("postgresql://u@a,b/n?port=6000", "postgresql://u@a:6000,b:6000/n", ["a", "b"]),
        ("postgresql://u@[::1]:5432/n", "postgresql://u@[::1]:5432/n", ["::1"]),
        ("postgresql:///n?host=/run/pg&user=u", "postgresql://u@/n?host=%2Frun%2Fpg", ["/run/pg"]),
        ("postgresql://h/n?connect_timeout=9", "postgresql://h/n?connect_timeout=9", ["h"]),
    ],
)
def test_an_address_is_read_shown_and_read_again(address: str, shown: str, hosts: list[str]) -> None:
    found = parameters(address)
    assert secrecy.shown(written(found)) == shown
    assert [place["host"] for place in places(found)] == hosts
    again = parameters(written(found))
    assert [place | {"port": ""} for place in places(again)] == [place | {"port": ""} for place in places(found)]
    assert again.get("password") == found.get("password")


@pytest.mark.parametrize("given", ["", "?target_session_attrs=any"])
def test_only_a_server_that_may_be_written_to_will_do_unless_the_address_says_otherwise(given: str) -> None:
    wanted = parameters(f"postgresql://h/n{given}")["target_session_attrs"]
    assert wanted == ("any" if given else "read-write")


def test_a_database_that_does_not_answer_is_asked_by_one_at_a_time() -> None:
    """With a clock of its own: nobody waits here."""
    now, asked = [0.0], []

    def silent() -> NoReturn:
        asked.append(now[0])
        now[0] += SLOW + 1
        raise Unanswered("nothing")

    connections = Connections(silent, size=4, monotonic=lambda: now[0])
    for _ in range(5):
        with pytest.raises(Unanswered), connections.connection():
            pass
    assert asked == [0.0]
    now[0] += PAUSE
    for _ in range(5):
        with pytest.raises(Unanswered), connections.connection():
            pass
    assert len(asked) == 2


def test_a_database_that_refuses_after_it_was_silent_is_asked_again_by_everybody() -> None:
    now, asked = [0.0], []

    def silent_at_first() -> NoReturn:
        asked.append(now[0])
        if len(asked) == 1:
            raise Unanswered("nothing")
        raise psycopg.OperationalError("connection refused")

    connections = Connections(silent_at_first, size=4, monotonic=lambda: now[0])
    for _ in range(4):
        with pytest.raises(psycopg.OperationalError), connections.connection():
            pass
        now[0] += PAUSE
    assert len(asked) == 4


def test_a_wrong_password_is_refused(database_url: str, postgres: Postgres) -> None:
    password = conninfo_to_dict(postgres.hold.url())["password"]
    with pytest.raises(ConfigurationError, match="password authentication failed"):
        open_database(by_url(database_url.replace(str(password), "wrong")))


@pytest.mark.parametrize("setting", ["synchronous_commit"])
def test_a_server_that_may_lose_messages_is_refused(database_url: str, postgres: Postgres, setting: str) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} SET {setting} = off")
    with pytest.raises(ConfigurationError, match=f"set {setting} = on"):
        open_database(by_url(database_url))


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_data_is_refused(database_url: str, postgres: Postgres, setting: str) -> None:
    postgres.run(f"ALTER SYSTEM SET {setting} = off")
    try:
        reload(postgres, setting=setting, value="off")
        with pytest.raises(ConfigurationError, match=f"set {setting} = on"):
            open_database(by_url(database_url))
    finally:
        postgres.run(f"ALTER SYSTEM RESET {setting}")
        reload(postgres, setting=setting, value="on")


def reload(postgres: Postgres, *, setting: str, value: str) -> None:
    postgres.run("SELECT pg_reload_conf()")

    def arrived() -> bool:
        with psycopg.connect(postgres.address("postgres")) as connection:
            return connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() == (value,)

    wait_until(arrived)


def wait_until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_database_that_is_not_utf8_is_refused(postgres: Postgres) -> None:
    postgres.run("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(ConfigurationError, match="UTF8"):
            open_database(by_url(postgres.address("latin")))
    finally:
        postgres.run("DROP DATABASE latin WITH (FORCE)")


def test_an_empty_database_by_address_asks_for_the_upgrade_and_then_opens(empty_database_url: str) -> None:
    settings = by_url(empty_database_url)
    with pytest.raises(ConfigurationError, match="stuf-klantcontact db upgrade"):
        open_database(settings)
    database = open_database(settings, check_schema=False)
    before = migration_status(database)
    upgrade(database)
    after = migration_status(database)
    database.close()
    assert (before.current, before.is_current) == (None, False)
    assert after == MigrationStatus(current=before.head, head=before.head)
    open_database(settings).close()


def test_a_schema_of_a_later_version_is_refused(database: Database) -> None:
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="later version"):
        open_database(by_url(database.url))
    with pytest.raises(ConfigurationError, match="later version"):
        upgrade(database)


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata()) == []
    with database.connection() as driver:
        assert driver.execute("SELECT nextval('klantcontact_nummer')").fetchone() == (1,)


def upgrade_by_url(url: str) -> None:
    """Run in a process of its own."""
    database = Database(url)
    upgrade(database)
    database.close()


def test_processes_that_upgrade_at_once_do_it_once(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    processes = [
        multiprocessing.get_context("spawn").Process(target=upgrade_by_url, args=(empty_database_url,))
        for _ in range(3)
    ]
    # Hold the migrators' lock until all three have come to it, so that they do meet.
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migration.LOCK})
        for process in processes:
            process.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        wait_until(lambda: connection.scalar(waiting) == 3, seconds=60)
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert migration_status(database).is_current
    database.close()


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with database.connection() as connection:
        connection.execute("CREATE TABLE outbox_event (in_the_way int)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(database)
    with database.connection() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("outbox_event",)]
    database.close()


def test_the_migrations_lie_in_the_package() -> None:
    assert {"env.py", "script.py.mako", "versions"} <= {path.name for path in migration.MIGRATIONS.iterdir()}
    assert migration.MIGRATIONS.is_relative_to(Path(migration.__file__).parent)


def test_a_server_that_is_away_raises_at_once(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url.partition("?")[0] + f"?host={tmp_path}")
    start = time.monotonic()
    with pytest.raises(psycopg.OperationalError), database.connection():
        pass
    with pytest.raises(OperationalError), database.session() as session:
        session.execute(text("SELECT 1"))
    assert time.monotonic() - start < 2
    database.close()
