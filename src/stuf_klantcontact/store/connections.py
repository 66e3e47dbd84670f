"""A small pool of driver connections in autocommit mode, for the hot path.

One statement is one transaction, so there is no BEGIN or COMMIT to wait for, and a connection that the server
closed is noticed by a look at its socket, without a question to the server. What can go wrong:
psycopg.OperationalError, when the server is away or when no connection comes free in time.
"""

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.pq import TransactionStatus

SECONDS_FOR_A_CONNECTION = 10.0


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
        self._idle: list[tuple[psycopg.Connection, select.poll]] = []
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Lend a connection; one that is broken, or left inside a transaction, does not come back."""
        if not self._turn.acquire(timeout=self._patience):
            raise psycopg.OperationalError(f"no database connection came free within {self._patience:g} s")
        try:
            connection, poller = self._take()
            try:
                yield connection
            finally:
                if connection.info.transaction_status is TransactionStatus.IDLE and not self._closed:
                    self._idle.append((connection, poller))
                    if self._closed:  # close() ran between the look and the append
                        self._close_idle()
                else:
                    connection.close()
        finally:
            self._turn.release()

    def _take(self) -> tuple[psycopg.Connection, select.poll]:
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
