"""Database: one pool of connections for the hot path and the ORM, and the engine that lends from it.

What can go wrong: sqlalchemy.exc and psycopg errors, of which OperationalError means that the server is away and a
later use may succeed.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from stuf_klantcontact.errors import GatewayError
from stuf_klantcontact.secrecy import shown
from stuf_klantcontact.store import address, embedded
from stuf_klantcontact.store.connection import Connection, Connector
from stuf_klantcontact.store.connections import Connections
from stuf_klantcontact.store.sharing import SharedPool

_DIALECT = "postgresql+psycopg://"
SECONDS = 30.0
"""Most seconds that a statement may take where nobody waits for an answer."""


class Failed(GatewayError):
    """The database was away, or did not do what was asked: for a person, in one line and without values."""


@contextmanager
def told() -> Iterator[None]:
    """Turn an error of the database into Failed, which says its SQLSTATE and nothing that was in the statement."""
    try:
        yield
    except (psycopg.Error, SQLAlchemyError) as error:
        cause = getattr(error, "orig", None) or error
        kind, state = type(cause).__name__, getattr(cause, "sqlstate", None)
        raise Failed(
            f"the database failed: {kind}{f' (SQLSTATE {state})' if state else ''}. What was committed stays; "
            "look whether it is there and has room, and give the command again"
        ) from None


class Database:
    """One PostgreSQL database. Threads may share it; processes may not: each opens its own."""

    def __init__(
        self, url: str, *, pool_size: int = 8, seconds: float = SECONDS, hold: embedded.Hold | None = None
    ) -> None:
        """`seconds` is the most that a statement may take, `hold` what keeps its server running. Connects to
        nothing yet; never has more than `pool_size` connections.
        """
        self.parameters = address.parameters(url)
        self._hold = hold
        dialect = create_engine(_DIALECT).dialect
        _, named = dialect.create_connect_args(make_url(_DIALECT))
        self._connect = Connector(self.parameters, seconds=seconds, context=named.get("context"))
        self._connections = Connections(self._connect, size=pool_size)
        pool = SharedPool(connections=self._connections, dialect=dialect)
        self.engine: Engine = create_engine(_DIALECT, pool=pool)
        pool.serve(self.engine)

    def __repr__(self) -> str:
        return f"Database({shown(self.url)!r})"

    @property
    def url(self) -> str:
        """Its address, secrets included: fit for gateway.database_url, not for a log."""
        return address.written(self.parameters)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an error. Objects stay readable afterwards."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def connection(self) -> AbstractContextManager[Connection]:
        """A driver connection in autocommit mode: one statement is one transaction."""
        return self._connections.connection()

    def own_connection(self) -> Connection:
        """A driver connection in autocommit mode beside the pool, for who keeps one: the caller's to close."""
        return self._connect()

    def tell(self) -> None:
        """From now on the log has why there is no connection, when that is so."""
        self._connect.tells = True

    def rest(self) -> None:
        """Close the connections that nobody uses now; an embedded server goes on."""
        self._connections.rest()

    def close(self) -> None:
        """Close all connections, and let go of the embedded server if it is that."""
        self._connections.close()
        if self._hold is not None:
            self._hold.close()
