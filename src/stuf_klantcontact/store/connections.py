"""A small pool of driver connections in autocommit mode, for the hot path.

One statement is one transaction, so there is no BEGIN or COMMIT to wait for, and a connection that the server
closed is noticed by a look at its socket, without a question to the server. What can go wrong:
psycopg.OperationalError, when the server is away or when no connection comes free in time.
"""

import select
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import psycopg
from psycopg.pq import TransactionStatus

SECONDS_FOR_A_CONNECTION = 10.0

Member = tuple[psycopg.Connection, select.poll]
"""A connection, and what watches its socket."""


class Connections:
    """At most `size` connections, opened when first needed; the one last used is used first."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        *,
        size: int,
        patience: float = SECONDS_FOR_A_CONNECTION,
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._turn = threading.Semaphore(size)
        self._idle: list[Member] = []
        self._closed = False

    def connection(self) -> AbstractContextManager[psycopg.Connection]:
        """Lend a connection; one that is broken, or left inside a transaction, does not come back."""
        return _Loan(self)

    def take(self) -> Member:
        """Wait for a turn, and answer an idle connection or a new one."""
        if not self._turn.acquire(timeout=self._patience):
            raise psycopg.OperationalError(f"no database connection came free within {self._patience:g} s")
        try:
            return self._take()
        except BaseException:
            self._turn.release()
            raise

    def put_back(self, member: Member) -> None:
        connection, _ = member
        try:
            if connection.pgconn.transaction_status == TransactionStatus.IDLE and not self._closed:
                self._idle.append(member)
                if self._closed:  # close() ran between the look and the append
                    self._close_idle()
            else:
                connection.close()
        finally:
            self._turn.release()

    def _take(self) -> Member:
        if self._closed:
            raise psycopg.OperationalError("the database is closed")
        while True:
            try:
                connection, poller = self._idle.pop()
            except IndexError:
                break
            # An idle connection has nothing to say: what is readable is the server's goodbye.
            if not connection.closed and not poller.poll(0):
                return connection, poller
            connection.close()
        connection = self._connect()
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN)
        return connection, poller

    def _close_idle(self) -> None:
        while self._idle:
            try:
                connection, _ = self._idle.pop()
            except IndexError:
                return
            connection.close()

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._closed = True
        self._close_idle()


class _Loan:
    """The with-statement around one use (a generator would cost as much again as all the rest)."""

    __slots__ = ("_connections", "_member")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> psycopg.Connection:
        self._member = self._connections.take()
        return self._member[0]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.put_back(self._member)
