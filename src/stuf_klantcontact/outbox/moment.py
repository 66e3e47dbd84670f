"""The moment of a statement: that of the database, so that machines with other clocks agree; a test passes one."""

from typing import Final, LiteralString

from psycopg import sql

MOMENT: Final = "coalesce(%(now)s::timestamptz, statement_timestamp())"
"""The moment passed in, or else that of the database."""


def query(text: LiteralString, **parts: sql.Composable) -> bytes:
    """A statement in which {now} is the moment passed in, or else that of the database."""
    return sql.SQL(text).format(now=sql.SQL(MOMENT), **parts).as_bytes(None)
