"""Through a pgbouncer in transaction mode, where no session is ours: everything works, and nothing is prepared."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import need
from database.chapter import chapter
from database.flow import Flow, flowing
from database.server import ROLE, Server, pgbouncer, server
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.settings import Gateway, Settings
from stuf_klantcontact.store import open_database, upgrade
from stuf_klantcontact.store.connection import TIMEOUTS

KEPT = 3
"""Connections that the pooler keeps to the server: fewer than the gateway has to the pooler."""


@pytest.fixture(scope="module")
def behind() -> Iterator[tuple[Server, str]]:
    """A server, and the address of the pooler before it."""
    need(shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/bin") is not None, "pgbouncer")
    with server() as (found, _), pgbouncer(found, size=KEPT) as address:
        yield found, address


def test_a_pooler_is_known_and_the_limits_must_be_those_of_the_role(behind: tuple[Server, str]) -> None:
    found, address = behind
    settings = Settings(gateway=Gateway(database_url=address))
    for name in TIMEOUTS:
        with pytest.raises(ConfigurationError, match=f"ALTER ROLE {ROLE} SET {name}"):
            open_database(settings, check_schema=False)
        found.run(*(line for line in chapter("Through pgbouncer") if f" {name} " in line))
        found.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klantcontact'")
    database = open_database(settings, check_schema=False, pool_size=2)
    upgrade(database)
    with database.connection() as connection, database.session() as session:
        assert connection.pooled
        assert session.connection().exec_driver_sql("SHOW statement_timeout").scalar_one() == "10s"
    database.close()
    open_database(settings).close()
    # What could lose messages is refused here too.
    found.run(f"ALTER ROLE {ROLE} SET synchronous_commit = off")
    found.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klantcontact'")
    with pytest.raises(ConfigurationError, match="set synchronous_commit = on"):
        open_database(settings)
    found.run(f"ALTER ROLE {ROLE} RESET synchronous_commit")
    found.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klantcontact'")


def test_messages_flow_through_it_and_over_a_restart_of_the_server(
    behind: tuple[Server, str], password_hash: str, tmp_path: Path
) -> None:
    found, address = behind
    with flowing(address, password_hash=password_hash, folder=tmp_path) as flow:
        senders = flow.send(pause=0.0)
        flow.more(30)
        assert _connections(found) <= KEPT
        assert _prepared(flow) == []
        found.restart()
        recovered = flow.more()
        senders.stop()
        result = flow.account()
        print(f"{flow.acknowledged} acknowledged; back {recovered:.1f} s after the server: {result}")
        result.hold()


def _connections(found: Server) -> int:
    ((number,),) = found.run(f"SELECT count(*)::int FROM pg_stat_activity WHERE usename = '{ROLE}'")
    assert isinstance(number, int)
    return number


def _prepared(flow: Flow) -> list[object]:
    """What a session of the server, whichever we get, has prepared."""
    database = flow.town.gateway.database
    with database.connection() as one, database.connection() as two, one.transaction(), two.transaction():
        return [row for each in (one, two) for row in each.execute("SELECT * FROM pg_prepared_statements")]
