"""A statement of the hot path does what a cursor would: the same values, the same errors."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest
from psycopg.types.json import Jsonb

from stuf_klantcontact.store import Connection, Database, Statement


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection with a table of its own."""
    with database.connection() as connection:
        connection.execute("CREATE TEMPORARY TABLE thing (number bigint PRIMARY KEY, name text NOT NULL)")
        yield connection


MOMENT = datetime(2026, 11, 22, 10, 15, 0, 1000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT %(value)s::text AS value", "Łódź 'and' \\"),
        ("SELECT %(value)s::text AS value", ""),
        ("SELECT %(value)s::text AS value", None),
        ("SELECT %(value)s::bigint AS value", 7),
        ("SELECT %(value)s::bigint AS value", 2**40),
        ("SELECT %(value)s::date AS value", date(2026, 11, 22)),
        ("SELECT %(value)s::timestamptz AS value", MOMENT),
        ("SELECT %(value)b::bytea AS value", b"\x00\xff'\\"),
        ("SELECT %(value)b::bytea AS value", None),
        ("SELECT %(value)b::bytea[] AS value", [b"\x00", b""]),
    ],
)
def test_what_goes_in_comes_out(sql: str, value: object, connection: Connection) -> None:
    statement = Statement(sql)
    for _ in range(2):
        assert statement.row(connection, {"value": value}) == {"value": value}


def test_json_comes_out_as_what_it_says(connection: Connection) -> None:
    row = Statement("SELECT %(value)s::jsonb AS value").row(connection, {"value": Jsonb({"naam": "Jansen"})})
    assert row == {"value": {"naam": "Jansen"}}


def test_a_parameter_may_stand_in_two_places_and_others_may_be_left_over(connection: Connection) -> None:
    statement = Statement("SELECT %(a)s::text || %(b)s || %(a)s AS value")
    assert statement.row(connection, {"a": "x", "b": "-", "c": object()}) == {"value": "x-x"}


def test_two_of_the_same_text_get_along_on_one_connection(connection: Connection) -> None:
    for statement in (Statement("SELECT 1 AS value"), Statement("SELECT 1 AS value")):
        assert statement.row(connection, {}) == {"value": 1}


def test_no_row_is_none_and_each_run_is_a_transaction(connection: Connection) -> None:
    insert = Statement("INSERT INTO thing VALUES (%(number)s, %(name)s) ON CONFLICT DO NOTHING RETURNING number")
    assert insert.row(connection, {"number": 1, "name": "een"}) == {"number": 1}
    assert insert.row(connection, {"number": 1, "name": "een"}) is None
    assert connection.execute("SELECT count(*) FROM thing").fetchone() == (1,)


def test_the_error_is_the_one_of_a_cursor_and_the_connection_stays_of_use(connection: Connection) -> None:
    insert = Statement("INSERT INTO thing VALUES (%(number)s, %(name)s)")
    insert.row(connection, {"number": 1, "name": "een"})
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert.row(connection, {"number": 1, "name": "twee"})
    with pytest.raises(psycopg.errors.NotNullViolation):
        insert.row(connection, {"number": 2, "name": None})
    assert insert.row(connection, {"number": 3, "name": "drie"}) is None
    with pytest.raises(psycopg.errors.UndefinedTable):
        Statement("SELECT 1 FROM nothing").row(connection, {})


def test_it_still_runs_after_a_rollback_that_made_the_driver_throw_away_what_it_had_prepared(
    database: Database,
) -> None:
    """The ORM and the hot path share connections; after some runs psycopg prepares what the ORM asks."""
    statement = Statement("SELECT %(value)s::bigint AS value")
    with database.connection() as connection:
        assert statement.row(connection, {"value": 1}) == {"value": 1}
    for _ in range(2):
        with database.engine.connect() as lent:
            for _ in range(7):
                lent.exec_driver_sql("SELECT 1")
            prepared = lent.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '_pg3%%'")
            assert prepared.scalar_one(), "nothing would be thrown away"
            lent.rollback()
        with database.connection() as connection:
            assert statement.row(connection, {"value": 2}) == {"value": 2}


def test_a_server_that_hangs_up_is_an_operational_error_and_the_next_connection_works(database: Database) -> None:
    statement = Statement("SELECT pg_backend_pid() AS pid, pg_terminate_backend(%(pid)s::int) AS ended")
    with database.connection() as connection, pytest.raises(psycopg.OperationalError):
        statement.row(connection, {"pid": connection.info.backend_pid})
    with database.connection() as connection:
        row = statement.row(connection, {"pid": 0})
    assert row is not None
    assert row["ended"] is False


def test_a_connection_that_carried_a_large_document_is_not_used_again(database: Database) -> None:
    """Its buffers would stay as large: with a handful of connections that is half a gigabyte for nothing."""
    statement = Statement("SELECT length(%(value)b::bytea) AS value")
    with database.connection() as connection:
        assert statement.row(connection, {"value": bytes(1_000_000)}) == {"value": 1_000_000}
        with connection.transaction():
            assert statement.row(connection, {"value": bytes(5_000_000)}) == {"value": 5_000_000}
        assert not connection.closed, "what was begun must be finished"
        assert statement.row(connection, {"value": bytes(5_000_000)}) == {"value": 5_000_000}
        assert connection.closed
    with database.connection() as another:
        assert statement.row(another, {"value": b""}) == {"value": 0}
