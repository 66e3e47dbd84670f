"""A PostgreSQL for the tests: one embedded server for the session, a fresh migrated database for each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

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
        with psycopg.connect(self.hold.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

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
    return TEMPLATE


_number = count(1)


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
    name = f"test_{next(_number)}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE {_template}")
    yield postgres.address(name)
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def other_database(postgres: Postgres, _template: str) -> Iterator[Database]:
    """A second fresh, migrated database, for what goes from one to the other."""
    name = f"test_{next(_number)}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE {_template}")
    database = Database(postgres.address(name))
    yield database
    database.close()
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_settings(database_url: str) -> Settings:
    """Settings that name a fresh, migrated database and nothing else."""
    return Settings(gateway=Gateway(database_url=database_url))
