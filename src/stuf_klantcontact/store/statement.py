"""A statement of the hot path: prepared once on each connection, and run without a cursor.

A cursor costs more processor time than the statement itself: it looks up how to write each parameter and how to
read each column anew every time. Here that is kept with the connection. What can go wrong: the errors of psycopg.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus

from stuf_klantcontact.store.connection import Connection

_PARAMETER: Final = re.compile(r"%\((\w+)\)([sb])")
_FORMATS: Final = {"s": PyFormat.TEXT, "b": PyFormat.BINARY}
_LARGE: Final = 4_000_000
"""A connection that carried so many bytes is not used again: libpq would keep a buffer of twice as many."""
_GOOD: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


@dataclass(slots=True)
class _Prepared:
    """What one connection keeps of a statement."""

    transformer: abc.Transformer
    columns: tuple[str, ...] = field(default=())


class Statement:
    """SQL with parameters as `%(name)s`, or `%(name)b` for bytes; each gets its type from where it stands.

    Threads may share it; a connection belongs to one thread at a time. In autocommit mode a run is a transaction,
    and one with very large parameters is the last of its connection.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        parameters = dict(_PARAMETER.findall(sql))
        places = {name: f"${place}" for place, name in enumerate(parameters, start=1)}
        self._names = tuple(parameters)
        self._formats = [_FORMATS[letter] for letter in parameters.values()]
        self._sql = _PARAMETER.sub(lambda found: places[found[1]], sql).encode()
        self._name = hashlib.sha256(self._sql).hexdigest()[:32].encode()

    def row(self, connection: Connection, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run it; its first row, by the names of its columns, or None when there is none."""
        return next(iter(self.rows(connection, parameters)), None)

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run it; all its rows, each by the names of its columns."""
        prepared: _Prepared = connection.statements.get(self._name) or self._prepare(connection)
        transformer = prepared.transformer
        values: Any = transformer.dump_sequence([parameters[name] for name in self._names], self._formats)
        size = sum(map(len, filter(None, values)))
        try:
            if connection.pooled:  # what is prepared may be in another session the next time
                connection.pgconn.send_query_params(self._sql, values, param_formats=transformer.formats)
            else:
                connection.pgconn.send_query_prepared(self._name, values, transformer.formats)
        except psycopg.OperationalError:
            connection.close()
            raise
        result = _only(connection.results(size=size))
        if result.status not in _GOOD:
            raise connection.failed(_error(result, connection=connection))
        rows: list[dict[str, Any]] = []
        if result.ntuples:
            if not prepared.columns:
                prepared.columns = tuple((result.fname(i) or b"").decode() for i in range(result.nfields))
            transformer.set_pgresult(result)
            found = transformer.load_rows(0, result.ntuples, tuple)
            rows = [dict(zip(prepared.columns, row, strict=True)) for row in found]
        if size > _LARGE and _is_idle(connection):
            connection.close()
        return rows

    def _prepare(self, connection: Connection) -> _Prepared:
        if not connection.pooled:
            connection.pgconn.send_prepare(self._name, self._sql)
            result = _only(connection.results(size=0))
            if result.status not in _GOOD:
                raise connection.failed(_error(result, connection=connection))
        prepared = _Prepared(Transformer(connection))
        connection.statements[self._name] = prepared
        return prepared


def _only(results: Sequence[pq.abc.PGresult]) -> pq.abc.PGresult:
    """The answer to one statement."""
    if not results:
        raise psycopg.OperationalError("the server gave no answer")
    return results[-1]


def _is_idle(connection: Connection) -> bool:
    """Whether nothing of it is left undone."""
    return connection.pgconn.transaction_status == TransactionStatus.IDLE


def _error(result: pq.abc.PGresult, *, connection: Connection) -> psycopg.Error:
    """The error that a cursor would have raised."""
    message = connection.pgconn.error_message.decode(errors="replace").strip()
    state = result.error_field(DiagnosticField.SQLSTATE)
    if state is None or connection.pgconn.status == ConnStatus.BAD:
        return psycopg.OperationalError(message)
    try:
        return psycopg.errors.lookup(state.decode())(message)
    except KeyError:
        return psycopg.DatabaseError(message)
