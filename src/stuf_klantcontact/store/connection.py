"""One connection of the driver: how it is made, how long it may be silent, and when it is of no use any more.

A server that is paused, or waits for a replica, answers nothing and closes nothing: only a limit on our own side
ends that. Then the connection is dropped and never cancelled, for a COMMIT that is cancelled while it waits for a
replica is reported as done. What can go wrong: psycopg.OperationalError when the server is away, Unanswered when it
did not answer in time, Unsafe when it may forget what it has acknowledged.
"""

import logging
import re
import select
from collections.abc import Sequence
from typing import Any, Final, Self

import psycopg
from psycopg import pq
from psycopg.abc import RV, AdaptContext, PQGen
from psycopg.generators import execute

from stuf_klantcontact.store.address import Parameters, places
from stuf_klantcontact.store.trouble import Trouble, reason

OLDEST_VERSION: Final = 14
MARGIN: Final = 2.0
"""Seconds that we wait longer than the server does, so that its own answer comes first."""
IDLE_SECONDS: Final = 60.0
TIMEOUTS: Final = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
"""What limits the server, in each session."""
BYTES_A_SECOND: Final = 1_000_000
"""How much longer an answer may take when so much must be sent first."""

_SPENT: Final = (
    psycopg.errors.ReadOnlySqlTransaction,  # it became a replica
    psycopg.errors.FeatureNotSupported,  # what was prepared no longer fits the tables
    psycopg.errors.InvalidSqlStatementName,  # what was prepared is elsewhere
    psycopg.errors.DuplicatePreparedStatement,
)


Away: Final = psycopg.OperationalError
"""On a connection: the server is away, or went; what was under way may have happened."""


class Unanswered(psycopg.OperationalError):
    """The database did not answer in time: what became of the statement is not known."""


class Unsafe(psycopg.OperationalError):
    """The server may forget what it has acknowledged, or cannot be worked with; the message says what to do."""


class Connection(psycopg.Connection[Any]):
    """A connection that is given up when the server is silent for `patience` seconds; None: never."""

    patience: float | None = None
    silent = False
    """It was given up."""
    spent = False
    """Another connection may do what this one no longer can."""
    pooled = False
    """A pooler stands between us and the server, so that each transaction may be in another session."""
    statements: dict[bytes, Any]
    """What `Statement` keeps of each statement that it prepared here, by the name that the server knows it by."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server, as psycopg does, and no longer than it may take."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            if timeout is not None:  # who says how long to wait, wants to hear that it took longer
                raise
            raise self._given_up() from None
        except _SPENT:
            self.spent = True
            raise

    def results(self, *, size: int) -> Sequence[pq.abc.PGresult]:
        """What the server answers to what was sent with `pgconn.send_…`; `size` is the number of bytes of that."""
        patience = None if self.patience is None else self.patience + size / BYTES_A_SECOND
        try:
            return super().wait(execute(self.pgconn), timeout=patience)
        except psycopg.errors._WaitTimeout:
            raise self._given_up() from None

    def failed(self, error: psycopg.Error) -> psycopg.Error:
        """Note what an error says about this connection."""
        self.spent = self.spent or isinstance(error, _SPENT)
        return error

    def _given_up(self) -> Unanswered:
        self.silent = True
        self.close()
        return Unanswered(f"the database did not answer within {self.patience:g} s")

    def _deallocate(self, name: bytes | None) -> PQGen[None]:
        """As psycopg does: after a rollback it throws away all that was prepared here (None), ours included."""
        if name is None:
            self.statements.clear()
        return super()._deallocate(name)

    def has_news(self) -> bool:
        """Whether there is something to read; on an idle connection that is the server's goodbye."""
        return bool(self._poll.poll(0))

    @classmethod
    def open(cls, parameters: Parameters, *, context: AdaptContext | None) -> Self:
        """Connect in autocommit mode, to one host. Raises psycopg.OperationalError."""
        connection = cls.connect(**parameters, autocommit=True, context=context)  # type: ignore[arg-type]
        connection.statements = {}
        connection._poll = select.poll()
        connection._poll.register(connection.fileno(), select.POLLIN)
        return connection

    _poll: select.poll


_LOOK: Final = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
       pg_backend_pid() = %(pid)s,
       current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       current_setting('synchronous_standby_names') <> '', {timeouts}
"""


class Connector:
    """Makes connections to the database of an address, first to the host that was there the last time.

    With `tells`, the log has why there is none: once when that begins or changes, and once when there is one again.
    """

    tells = False

    def __init__(self, parameters: Parameters, *, seconds: float, context: AdaptContext | None = None) -> None:
        """`seconds` is the most that a statement may take. Connects to nothing yet."""
        self._places = places(parameters)
        self._context = context
        self._trouble = Trouble(logging.getLogger(__name__))
        self._patience = seconds + MARGIN
        limits = dict(zip(TIMEOUTS, (seconds, min(10.0, seconds / 2), IDLE_SECONDS), strict=True))
        own = re.findall(r"(\w+)\s*=", parameters.get("options", ""))
        # Through a pooler a session is not ours to set: what is there must do.
        self._look = _LOOK.format(
            timeouts=", ".join(
                f"CASE WHEN pg_backend_pid() = %(pid)s THEN set_config('{name}', '{value * 1000:.0f}', false)"
                f" ELSE current_setting('{name}') END"
                if name not in own
                else f"current_setting('{name}')"
                for name, value in limits.items()
            )
        )

    def __call__(self) -> Connection:
        """A connection in autocommit mode, to a server that can be trusted. Raises psycopg.OperationalError."""
        try:
            connection = self._open()
        except psycopg.OperationalError as error:
            if self.tells:
                self._say(error)
            raise
        self._trouble.ends()
        return connection

    def _say(self, error: psycopg.OperationalError) -> None:
        unsafe = isinstance(error, Unsafe)
        text = f"the database {'is refused' if unsafe else 'cannot be used'}: {reason(error)}"
        self._trouble.begins(text, level=logging.ERROR if unsafe else logging.WARNING, changes=True)

    def _open(self) -> Connection:
        first: psycopg.OperationalError | None = None
        for place in list(self._places):
            try:
                connection = Connection.open(place, context=self._context)
            except psycopg.OperationalError as error:
                first = first or error
                continue
            try:
                connection.patience = self._patience
                self._examine(connection)
            except BaseException:
                connection.close()
                raise
            if place is not self._places[0]:  # the others were in vain
                self._places = [place, *(other for other in self._places if other is not place)]
            return connection
        raise first or psycopg.OperationalError("the address names no host")

    def _examine(self, connection: Connection) -> None:
        row = connection.execute(self._look, {"pid": connection.info.backend_pid}).fetchone()
        if row is None:
            raise psycopg.OperationalError("a SELECT from no table gave no row")
        version, encoding, direct, fsync, full_page_writes, synchronous_commit, replicas, *timeouts = row
        if version < OLDEST_VERSION * 10_000:
            raise Unsafe(
                f"the server is PostgreSQL {version // 10_000}; the gateway needs {OLDEST_VERSION} or later"
            )
        if encoding != "UTF8":
            raise Unsafe(f"the database has the encoding {encoding}; make one with ENCODING 'UTF8'")
        safety = {"fsync": fsync, "full_page_writes": full_page_writes, "synchronous_commit": synchronous_commit}
        for name, value in safety.items():
            if value == "off":
                raise Unsafe(
                    f"{name} is off on the database server, so it could lose messages that were acknowledged: set "
                    f"{name} = on (postgresql.conf, or ALTER ROLE or ALTER DATABASE … RESET {name})"
                )
        if replicas and synchronous_commit == "local":
            raise Unsafe(
                "synchronous_commit is local and synchronous_standby_names is set, so a failover could lose "
                "messages that were acknowledged: set synchronous_commit = on (or remote_apply)"
            )
        if direct:
            return
        connection.pooled = True
        connection.prepare_threshold = None
        for name, value in zip(TIMEOUTS, timeouts, strict=True):
            if value == "0":
                raise Unsafe(
                    f"the address leads to a pooler (pgbouncer, say), through which the gateway cannot set {name}: "
                    f"run ALTER ROLE {connection.info.user} SET {name} = '30s', and RECONNECT in the pooler"
                )
