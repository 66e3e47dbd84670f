"""The one pool of connections of a process, for the hot path and the ORM alike.

Connections are lent in autocommit mode: one statement is one transaction, so there is no BEGIN or COMMIT to wait
for, and a connection that the server closed is noticed by a look at its socket, without a question to the server.
A database that does not answer is left alone for a moment: then one asks, and the others are told at once. What can
go wrong: psycopg.OperationalError, when the server is away or when no connection comes free in time.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus

from stuf_klantcontact.store.connection import Connection, Unanswered

SECONDS_FOR_A_CONNECTION: Final = 10.0
SLOW: Final = 1.0
"""Seconds after which a connection that failed was not refused but not answered."""
PAUSE: Final = 1.0
"""Seconds for which a database that did not answer is left alone."""
PROBE: Final = 15.0
"""Seconds that one who asks whether it is back may take, before another does."""
LOOK: Final = 0.005


class Connections:
    """At most `size` connections, opened when first needed; the one last used is used first."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        size: int,
        patience: float = SECONDS_FOR_A_CONNECTION,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._monotonic = monotonic
        self._turn = threading.Semaphore(size)
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._closed = False
        self._away = False
        self._ask_at = 0.0
        self._asking = threading.Lock()

    def connection(self) -> AbstractContextManager[Connection]:
        """Lend a connection; one that is broken, or left inside a transaction, does not come back."""
        return _Loan(self)

    def take(self) -> Connection:
        """Wait for a turn, and answer an idle connection or a new one."""
        if self._away:
            self._ask()
        if not self._turn.acquire(timeout=self._patience):
            self._ask_at = 0.0  # if we were to ask, another may
            raise psycopg.OperationalError(f"no database connection came free within {self._patience:g} s")
        try:
            connection = self._take()
            self._lent.add(connection)
        except BaseException:
            self._turn.release()
            raise
        return connection

    def put_back(self, connection: Connection) -> None:
        """Take back what `take` gave."""
        self._lent.discard(connection)
        try:
            if connection.silent:
                self._leave_alone()
            elif self._away:  # it answered, if only to say goodbye
                self._away = False
            if (
                connection.pgconn.transaction_status == TransactionStatus.IDLE
                and not connection.spent
                and not self._closed
            ):
                self._idle.append(connection)
                if self._closed:  # close() ran between the look and the append
                    self.rest()
            else:
                connection.close()
        finally:
            self._turn.release()

    def _ask(self) -> None:
        """Let one through to see whether the database is back."""
        with self._asking:
            now = self._monotonic()
            if self._away and now < self._ask_at:
                raise Unanswered("the database does not answer")
            self._ask_at = now + PROBE

    def _leave_alone(self) -> None:
        with self._asking:
            self._away = True
            self._ask_at = self._monotonic() + PAUSE
        self.rest()  # their server is the one that does not answer

    def _take(self) -> Connection:
        if self._closed:
            raise psycopg.OperationalError("the database is closed")
        end = self._monotonic() + self._patience
        while True:
            if (connection := self._from_idle()) is not None:
                return connection
            start = self._monotonic()
            try:
                return self._connect()
            except psycopg.OperationalError as error:
                if self._monotonic() - start > SLOW or isinstance(error, Unanswered):
                    self._leave_alone()
                    raise
                self._away = False  # to refuse is an answer, and costs nobody time
                # A server that takes no more connections still has those that others of us use.
                while not self._idle:
                    if not self._lent or self._monotonic() > end:
                        raise
                    time.sleep(LOOK)

    def _from_idle(self) -> Connection | None:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not connection.closed and not connection.has_news():
                return connection
            connection.close()

    def rest(self) -> None:
        """Close what is idle; it is opened again when needed."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            connection.close()

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._closed = True
        self.rest()


class _Loan:
    """The with-statement around one use (a generator would cost as much again as all the rest)."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> Connection:
        self._connection = self._connections.take()
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.put_back(self._connection)
