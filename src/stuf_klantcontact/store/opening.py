"""Open the database that the settings name, and refuse what would lose messages.

What can go wrong: ConfigurationError, with the cure (unreachable, unsafe, not migrated).
"""

import psycopg

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import embedded
from stuf_klantcontact.store.connection import Unsafe
from stuf_klantcontact.store.database import SECONDS, Database
from stuf_klantcontact.store.trouble import reason

EMBEDDED = "embedded"


def open_database(
    settings: Settings,
    *,
    pool_size: int = 8,
    seconds: float = SECONDS,
    check_schema: bool = True,
    check_server: bool = True,
) -> Database:
    """Open what gateway.database_url names, and refuse what would lose messages.

    The embedded server is started, and its schema brought up to date. Any other database must have been: without
    `check_schema` (for the commands that migrate), nobody looks. Without `check_server` an address is not asked
    anything before its first use, for a process whose parent did. Raises ConfigurationError.
    """
    from stuf_klantcontact.store import migration  # Alembic is slow to import, and not every command gets here

    where = settings.gateway.database_url
    if where == EMBEDDED:
        hold = embedded.hold(settings.gateway.data_dir)
        database = Database(hold.url(), pool_size=pool_size, seconds=seconds, hold=hold)
    else:
        database = Database(where, pool_size=pool_size, seconds=seconds)
        if not check_server:
            database.tell()
            return database
    try:
        _refuse_what_is_unsafe(database)
        if check_schema and where == EMBEDDED:
            migration.upgrade(database)
        elif check_schema:
            migration.require_current(database)
    except BaseException:
        database.close()
        raise
    database.tell()  # until here, what is raised says it
    return database


def check_database(settings: Settings) -> None:
    """Refuse a database that is not reachable, safe and migrated. Raises ConfigurationError.

    The embedded one, which migrates itself, is neither started nor made: whether its folder can be used is all.
    """
    if settings.gateway.database_url == EMBEDDED:
        embedded.precondition(settings.gateway.data_dir)
    else:
        open_database(settings, pool_size=1).close()


def _refuse_what_is_unsafe(database: Database) -> None:
    """A database that may forget what it has acknowledged is of no use here; each connection is looked at."""
    try:
        with database.connection():
            pass
    except Unsafe as error:
        raise ConfigurationError(str(error)) from None
    except psycopg.Error as error:
        raise ConfigurationError(
            f"the database does not answer: {reason(error)}; check gateway.database_url "
            f"({database!r}) and that the server runs"
        ) from None
