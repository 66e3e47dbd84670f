"""The moment of a statement, on the clock of the database, and how long a lease runs, on that of this machine."""

import time
from typing import Final, LiteralString

from psycopg import sql

MOMENT: Final = "coalesce(%(now)s::timestamptz, statement_timestamp())"
"""The moment passed in, or else that of the database."""


def query(text: LiteralString, **parts: sql.Composable) -> bytes:
    """A statement in which {now} is the moment passed in, or else that of the database."""
    return sql.SQL(text).format(now=sql.SQL(MOMENT), **parts).as_bytes(None)


_SINCE_START: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


def uptime() -> float:
    """Seconds on a clock that only goes forward, and on Linux also while the machine is suspended: for leases."""
    return time.monotonic() if _SINCE_START is None else time.clock_gettime(_SINCE_START)
