"""Bring the schema up to date (Alembic), whoever else is doing so at the same time.

Migrations are written out in migrations/versions and know nothing of the models; a test compares the two. What can
go wrong: ConfigurationError when the schema is not the one this version needs; SQLAlchemyError from a migration,
which then leaves the schema as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.store.connection import Connection
from stuf_klantcontact.store.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x6B6C616E74  # "klant": the advisory lock of whoever migrates


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where the schema is (None: nowhere yet) and where it must be."""

    current: str | None
    head: str

    @property
    def is_current(self) -> bool:
        return self.current == self.head


def configuration() -> Config:
    """Alembic's own, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(database: Database) -> None:
    """Run what is missing, in one transaction; a second process waits and finds nothing left to do."""
    if migration_status(database).is_current:
        return
    config = configuration()
    with database.engine.connect() as connection, _unhurried(connection), connection.begin():
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _refuse_the_future(MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _unhurried(connection: sqlalchemy.Connection) -> Iterator[None]:
    """Wait for the server for as long as it takes."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, Connection):
        raise TypeError("the engine lends connections of ours")
    usual, driver.patience = driver.patience, None
    try:
        yield
    finally:
        driver.patience = usual


def migration_status(database: Database) -> MigrationStatus:
    """Compare the schema with what this version needs."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return MigrationStatus(current, head or "")


def require_current(database: Database) -> None:
    """Raise ConfigurationError unless the schema is the one this version needs."""
    status = migration_status(database)
    if status.is_current:
        return
    _refuse_the_future(status.current)
    raise ConfigurationError(
        f"the database schema is at {status.current or 'nothing'} and this version needs {status.head}: run "
        "stuf-klantcontact db upgrade"
    )


def _refuse_the_future(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigurationError(
            f"the database schema is at {current}, which this version does not know: it was made by a later "
            "version of the gateway; install that one"
        )
