"""How the tables are: what PostgreSQL's own statistics say of those that are written most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg


@dataclass(frozen=True, slots=True)
class TableHealth:
    """Rows by the estimate of the server, bytes with indexes, seconds since the last vacuum (-1: never)."""

    name: str
    live: int
    dead: int
    bytes: int
    vacuumed: float


def tables_health(connection: psycopg.Connection[Any], names: Sequence[str]) -> list[TableHealth]:
    """Of these tables, by name. Costs the same however large they are."""
    rows = connection.execute(
        "SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid),"
        " coalesce(extract(epoch FROM now() - greatest(last_autovacuum, last_vacuum)), -1)::float"
        " FROM pg_stat_user_tables WHERE schemaname = ANY(current_schemas(false)) AND relname = ANY(%s)"
        " ORDER BY relname",
        [list(names)],
    )
    return [TableHealth(*row) for row in rows.fetchall()]
