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
        _reconnected(found, *chapter("Through pgbouncer"))
        database = open_database(Settings(gateway=Gateway(database_url=address)), check_schema=False)
        upgrade(database)
        database.close()
        yield found, address


def test_a_pooler_is_known_and_the_limits_must_be_those_of_the_role(behind: tuple[Server, str]) -> None:
    found, address = behind
    settings = Settings(gateway=Gateway(database_url=address))
    for name in TIMEOUTS:
        _reconnected(found, f"ALTER ROLE {ROLE} RESET {name}")
        with pytest.raises(ConfigurationError, match=f"ALTER ROLE {ROLE} SET {name}"):
            open_database(settings)
        _reconnected(found, *(line for line in chapter("Through pgbouncer") if f" {name} " in line))
    database = open_database(settings, pool_size=2)
    with database.connection() as connection, database.session() as session:
        assert connection.pooled
        assert session.connection().exec_driver_sql("SHOW statement_timeout").scalar_one() == "10s"
    database.close()
    # What could lose messages is refused here too.
    _reconnected(found, f"ALTER ROLE {ROLE} SET synchronous_commit = off")
    with pytest.raises(ConfigurationError, match="set synchronous_commit = on"):
        open_database(settings)
    _reconnected(found, f"ALTER ROLE {ROLE} RESET synchronous_commit")


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


def _reconnected(found: Server, *statements: str) -> None:
    """Change the role, and let the pooler's sessions begin anew with what it is now."""
    found.run(*statements)
    found.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{ROLE}'")


def _connections(found: Server) -> int:
    ((number,),) = found.run(f"SELECT count(*)::int FROM pg_stat_activity WHERE usename = '{ROLE}'")
    assert isinstance(number, int)
    return number


def _prepared(flow: Flow) -> list[object]:
    """What a session of the server, whichever we get, has prepared."""
    database = flow.town.gateway.database
    with database.connection() as one, database.connection() as two, one.transaction(), two.transaction():
        return [row for each in (one, two) for row in each.execute("SELECT * FROM pg_prepared_statements")]
