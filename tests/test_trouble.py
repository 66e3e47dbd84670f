"""What the log says of a database that cannot be used: the cause, once, and that it is over."""

import logging
from pathlib import Path

import psycopg
import pytest

from outgoing import settings
from plugin_database import Postgres
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, open_database, reason
from stuf_klantcontact.store.address import parameters, written


@pytest.fixture
def opened(database: Database, postgres: Postgres, tmp_path: Path) -> Database:
    """As a process opens it, as a role of its own."""
    postgres.run("DROP ROLE IF EXISTS kim")
    postgres.run("CREATE ROLE kim LOGIN SUPERUSER PASSWORD 'geheim'")
    address = written(parameters(database.url) | {"user": "kim", "password": "geheim"})
    tree = settings("http://127.0.0.1:1/x").model_dump()
    tree["gateway"] |= {"database_url": address, "data_dir": tmp_path}
    return open_database(Settings(**tree), pool_size=1)


def use(database: Database, *, times: int = 1) -> None:
    for _ in range(times):
        database.rest()
        try:
            with database.connection() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            pass


@pytest.mark.parametrize(
    ("change", "cure", "cause", "level"),
    [
        (
            "ALTER ROLE kim SET synchronous_commit = off",
            "ALTER ROLE kim RESET synchronous_commit",
            "synchronous_commit is off on the database server, so it could lose messages",
            logging.ERROR,
        ),
        (
            "ALTER ROLE kim NOLOGIN",
            "ALTER ROLE kim LOGIN",
            'role "kim" is not permitted to log in',
            logging.WARNING,
        ),
    ],
)
def test_the_log_has_the_cause_once_and_that_it_is_over_once(
    opened: Database,
    postgres: Postgres,
    caplog: pytest.LogCaptureFixture,
    change: str,
    cure: str,
    cause: str,
    level: int,
) -> None:
    caplog.set_level(logging.INFO)
    use(opened)
    assert caplog.records == []
    postgres.run(change)
    use(opened, times=3)
    (record,) = caplog.records
    assert cause in record.getMessage()
    assert record.levelno == level
    assert "geheim" not in caplog.text
    postgres.run(cure)
    use(opened, times=2)
    assert [record.getMessage() for record in caplog.records[1:]] == ["the database answers again"]
    opened.close()


def test_another_cause_is_said_too(opened: Database, postgres: Postgres, caplog: pytest.LogCaptureFixture) -> None:
    postgres.run("ALTER ROLE kim NOLOGIN")
    use(opened)
    postgres.run("DROP ROLE kim")
    use(opened)
    assert len(caplog.records) == 2
    opened.close()


def test_a_reason_is_one_line_without_values_and_without_the_rest_of_a_password() -> None:
    assert reason(psycopg.errors.UniqueViolation("Key (bsn)=(999993653) already exists")) == "UniqueViolation"
    refused = psycopg.OperationalError("connection refused\nIs the server running?")
    assert reason(refused) == "connection refused"
    assert "heim" not in reason(psycopg.OperationalError('could not translate host name "heim@db" to address'))
