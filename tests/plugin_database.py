"""A PostgreSQL for the tests: one embedded server for the session, an empty migrated database for each test.

To make and drop a database costs a second of disk; to empty it takes a thirtieth. So one that a test left with the
tables as they were made is emptied for the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import psycopg
import pytest

from stuf_klantcontact.settings import Gateway, Settings
from stuf_klantcontact.store import Database, embedded, upgrade

TEMPLATE = "template_migrated"


@dataclass(frozen=True)
class Postgres:
    """The session's server."""

    hold: embedded.Hold

    def run(self, statement: str) -> None:
        """Run one statement as the owner of the server."""
        with self.connected("postgres") as connection:
            connection.execute(statement)

    def connected(self, name: str) -> psycopg.Connection[Any]:
        """A connection of the owner of the server to one of its databases."""
        return psycopg.connect(self.hold.url(name), autocommit=True)

    def address(self, name: str) -> str:
        """What gateway.database_url must be for that database."""
        return self.hold.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One embedded server for all tests, in a temporary folder."""
    with embedded.private_data_dir() as folder:
        hold = embedded.hold(folder)
        try:
            yield Postgres(hold)
        finally:
            hold.close()


@pytest.fixture(scope="session")
def _template(postgres: Postgres) -> str:
    postgres.run(f"CREATE DATABASE {TEMPLATE}")
    database = Database(postgres.address(TEMPLATE), pool_size=1)
    upgrade(database)
    database.close()
    with postgres.connected(TEMPLATE) as connection:
        _schemas[TEMPLATE] = connection.execute(_SCHEMA).fetchone()
    return TEMPLATE


_number = count(1)
_empty: list[str] = []
"""Databases that wait for the next test."""
_schemas: dict[str, object] = {}
"""What _SCHEMA says of a template."""

_SCHEMA: Final = """
SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT concat_ws(' ', relname, relkind, relowner, relacl, reloptions) AS line
      FROM pg_class WHERE relnamespace = 'public'::regnamespace
     UNION ALL
    SELECT concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull, atthasdef, attisdropped)
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
     WHERE relnamespace = 'public'::regnamespace AND attnum > 0
     UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid <> 0
     UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
    SELECT concat_ws(' ', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     UNION ALL
    SELECT concat_ws(' ', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL
    SELECT concat_ws(' ', setrole, setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
     WHERE datname = current_database()
     UNION ALL
    SELECT version_num FROM alembic_version
) lines
"""
_TABLES: Final = """
SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""
_ALONE: Final = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def _lent(postgres: Postgres, template: str) -> Iterator[str]:
    """The name of an empty, migrated database."""
    if _empty:
        name = _empty.pop()
    else:
        name = f"test_{next(_number)}"
        postgres.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield name
    if _emptied(postgres, name, template=template):
        _empty.append(name)
    else:
        postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


def _emptied(postgres: Postgres, name: str, *, template: str) -> bool:
    """Whether it is as good as new: a test may have done anything to it."""
    try:
        with postgres.connected(name) as connection:
            connection.execute("SET lock_timeout = '5s'")
            connection.execute(_ALONE)
            if connection.execute(_SCHEMA).fetchone() != _schemas[template]:
                return False
            (tables,) = connection.execute(_TABLES).fetchone() or ("",)
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
            connection.execute("ALTER SEQUENCE klantcontact_nummer RESTART")
    except psycopg.Error:
        return False
    return True


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh database without any table."""
    name = f"test_{next(_number)}"
    postgres.run(f"CREATE DATABASE {name}")
    yield postgres.address(name)
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(postgres: Postgres, _template: str) -> Iterator[str]:
    """The address of a fresh, migrated database, for gateways that a test starts itself."""
    for name in _lent(postgres, _template):
        yield postgres.address(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def other_database(postgres: Postgres, _template: str) -> Iterator[Database]:
    """A second fresh, migrated database, for what goes from one to the other."""
    for name in _lent(postgres, _template):
        database = Database(postgres.address(name))
        yield database
        database.close()


@pytest.fixture
def database_settings(database_url: str) -> Settings:
    """Settings that name a fresh, migrated database and nothing else."""
    return Settings(gateway=Gateway(database_url=database_url))
