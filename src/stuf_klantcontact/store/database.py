"""Database: one engine for the ORM and a small pool of driver connections for the hot path.

What can go wrong: ConfigurationError when it is opened (unreachable, unsafe, not migrated); sqlalchemy.exc and
psycopg errors afterwards, of which OperationalError means that the server is away and a later use may succeed.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import embedded
from stuf_klantcontact.store.connections import SECONDS_FOR_A_CONNECTION, Connections

OLDEST_VERSION = 14
EMBEDDED = "embedded"

TIMEOUTS = "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"

CONNECTION = {
    "application_name": "stuf-klantcontact",
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}


class Database:
    """One PostgreSQL database. Threads may share it; processes may not: each opens its own."""

    def __init__(self, url: str | URL, *, pool_size: int = 8, hold: embedded.Hold | None = None) -> None:
        self._url = _complete(url)
        self._hold = hold
        self.engine: Engine = create_engine(
            self._url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=SECONDS_FOR_A_CONNECTION,
            pool_pre_ping=True,
            pool_use_lifo=True,
        )
        words, named = self.engine.dialect.create_connect_args(self._url)
        parameters: dict[str, Any] = {**named, "autocommit": True}
        self._connect = partial(psycopg.connect, *words, **parameters)
        self._connections = Connections(self._connect, size=pool_size)

    def __repr__(self) -> str:
        return f"Database({self._url.render_as_string(hide_password=True)!r})"

    @property
    def url(self) -> str:
        """Its address, password included: fit for gateway.database_url, not for a log."""
        return self._url.render_as_string(hide_password=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an error. Objects stay readable afterwards."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def connection(self) -> AbstractContextManager[psycopg.Connection]:
        """A driver connection in autocommit mode: one statement is one transaction."""
        return self._connections.connection()

    def own_connection(self) -> psycopg.Connection:
        """A driver connection in autocommit mode beside the pool, for who keeps one: the caller's to close."""
        return self._connect()

    def close(self) -> None:
        """Close all connections, and let go of the embedded server if it is that."""
        self._connections.close()
        self.engine.dispose()
        if self._hold is not None:
            self._hold.close()


def open_database(settings: Settings, *, pool_size: int = 8, check_schema: bool = True) -> Database:
    """Open what gateway.database_url names, and refuse what would lose messages.

    The embedded server is started, and its schema brought up to date. Any other database must have been: without
    `check_schema` (for the commands that migrate), nobody looks. Raises ConfigurationError.
    """
    from stuf_klantcontact.store import migration  # Alembic is slow to import, and not every command gets here

    address = settings.gateway.database_url
    if address == EMBEDDED:
        hold = embedded.hold(settings.gateway.data_dir)
        database = Database(hold.url(), pool_size=pool_size, hold=hold)
    else:
        database = Database(address, pool_size=pool_size)
    try:
        _refuse_what_is_unsafe(database)
        if check_schema and address == EMBEDDED:
            migration.upgrade(database)
        elif check_schema:
            migration.require_current(database)
    except BaseException:
        database.close()
        raise
    return database


def check_reachable(settings: Settings) -> None:
    """Refuse a database_url or data_dir that cannot work, with nothing started. Raises ConfigurationError."""
    if settings.gateway.database_url == EMBEDDED:
        embedded.precondition(settings.gateway.data_dir)
    else:
        _complete(settings.gateway.database_url)


def _complete(url: str | URL) -> URL:
    """Choose the driver, and set what a connection needs unless the address sets it."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("")
    if not re.fullmatch(r"(postgresql|postgres)(\+psycopg)?", parsed.drivername):
        raise ConfigurationError(
            'gateway.database_url must be "embedded" or an address such as postgresql://user:password@host/name'
        )
    query = {**CONNECTION, **parsed.query}
    given = query.get("options", "")
    query["options"] = f"{TIMEOUTS} {given if isinstance(given, str) else ' '.join(given)}".strip()
    return parsed.set(drivername="postgresql+psycopg", query=query)


def _refuse_what_is_unsafe(database: Database) -> None:
    """A database that may forget what it has acknowledged is of no use here."""
    try:
        with database.engine.connect() as connection:
            row = connection.exec_driver_sql(
                "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
                " current_setting('fsync'), current_setting('full_page_writes'),"
                " current_setting('synchronous_commit')"
            ).one()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise ConfigurationError(
            f"the database does not answer: {str(cause).strip().splitlines()[0]}; check gateway.database_url "
            f"({database!r}) and that the server runs"
        ) from None
    version, encoding, *safety = row
    if version < OLDEST_VERSION * 10_000:
        raise ConfigurationError(
            f"the server is PostgreSQL {version // 10_000}; the gateway needs {OLDEST_VERSION} or later"
        )
    if encoding != "UTF8":
        raise ConfigurationError(f"the database has the encoding {encoding}; make one with ENCODING 'UTF8'")
    for name, value in zip(("fsync", "full_page_writes", "synchronous_commit"), safety, strict=True):
        if value == "off":
            raise ConfigurationError(
                f"{name} is off on the database server, so it could lose messages that were acknowledged: set "
                f"{name} = on (postgresql.conf, or ALTER ROLE or ALTER DATABASE … RESET {name})"
            )
