"""engine, session, embedded server, migrations.

`open_database` opens the embedded PostgreSQL or one given by its address; `Base` and `Moment` are what the records'
tables are declared with. What can go wrong: ConfigurationError when it is opened, with the cure; afterwards the
errors of sqlalchemy and psycopg, of which OperationalError means that the server is away.
"""

from typing import TYPE_CHECKING, Any

from stuf_klantcontact.store.connection import Away, Connection
from stuf_klantcontact.store.database import Database, Failed, told
from stuf_klantcontact.store.health import TableHealth, tables_health
from stuf_klantcontact.store.opening import check_database, open_database
from stuf_klantcontact.store.statement import Statement
from stuf_klantcontact.store.tables import Base, Moment, Step
from stuf_klantcontact.store.trouble import Trouble, reason

if TYPE_CHECKING:
    from stuf_klantcontact.store.migration import MigrationStatus, migration_status, upgrade

__all__ = [
    "Away",
    "Base",
    "Connection",
    "Database",
    "Failed",
    "MigrationStatus",
    "Moment",
    "Statement",
    "Step",
    "TableHealth",
    "Trouble",
    "check_database",
    "migration_status",
    "open_database",
    "reason",
    "tables_health",
    "told",
    "upgrade",
]


def __getattr__(name: str) -> Any:
    """Import the migrations, and Alembic with them, only for who asks."""
    if name in ("MigrationStatus", "migration_status", "upgrade"):
        from stuf_klantcontact.store import migration

        return getattr(migration, name)
    raise AttributeError(name)
