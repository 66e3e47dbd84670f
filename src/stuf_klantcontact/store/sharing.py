"""Let SQLAlchemy borrow from the one pool of the process, instead of keeping connections of its own.

What SQLAlchemy knows of a connection stays with that connection, so that it is set up once. What can go wrong: what
`connections` raises.
"""

import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from stuf_klantcontact.store.connection import Connection
from stuf_klantcontact.store.connections import Connections


class SharedPool(Pool):
    """A pool to SQLAlchemy that lends what `Connections` lends."""

    def __init__(self, creator: Callable[[], Any] | None = None, *, connections: Connections, **named: Any) -> None:
        """`creator` is what SQLAlchemy would connect with, and is not called."""
        super().__init__(self._taken, **named)
        self._connections = connections
        self._mine = threading.local()
        self._lent: dict[ConnectionPoolEntry, Connection] = {}
        self._entries: WeakKeyDictionary[Connection, ConnectionPoolEntry] = WeakKeyDictionary()

    def _taken(self) -> Any:
        return self._mine.connection

    def _do_get(self) -> ConnectionPoolEntry:
        connection = self._connections.take()
        try:
            entry = self._entries.get(connection)
            if entry is None:
                self._mine.connection = connection
                entry = self._create_connection()
                self._entries[connection] = entry
            connection.autocommit = False
            self._lent[entry] = connection
        except BaseException:
            self._connections.put_back(connection)
            raise
        finally:
            self._mine.connection = None
        return entry

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        connection = self._lent.pop(record)
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            connection.autocommit = True
        self._connections.put_back(connection)

    def serve(self, engine: Engine) -> None:
        """When one connection is lost, leave the others: each is looked at when it is lent."""

        @event.listens_for(engine, "handle_error")
        def one_is_not_all(context: ExceptionContext) -> None:
            context.invalidate_pool_on_disconnect = False

    def recreate(self) -> "SharedPool":
        return self

    def dispose(self) -> None:
        self._connections.rest()

    def status(self) -> str:
        return "SharedPool"
