"""What the queue costs does not grow with what waits in it: blocks that are touched, and never the time.

Statistics are first those of an almost empty queue, as when a receiver has just gone down; then the right ones.
"""

from typing import Any, LiteralString

import pytest

from stuf_klantcontact import outbox
from stuf_klantcontact.outbox import Order, aside, queue, receivers
from stuf_klantcontact.store import Connection, Database

FEW, MANY = 100, 10_000

STREAMS: LiteralString = """
INSERT INTO outbox_stream (abonnee, sleutel, last_sequence, open_sequence, due_at, fence)
SELECT %(abonnee)s, 'B' || n, 1, 1, now() + %(due)s::interval, 0
  FROM generate_series(%(first)s::int, %(last)s::int) n
"""
ITEMS: LiteralString = """
INSERT INTO outbox_item (stream_id, sequence, soort, klantcontact, state, enqueued_at, attempts, code, reason)
SELECT s.id, n.sequence, 'klcLk01', 'KC' || s.id, 'waiting', now(), 0, '', ''
  FROM outbox_stream s, LATERAL generate_series(s.open_sequence, s.last_sequence) n (sequence)
 WHERE NOT EXISTS (SELECT FROM outbox_item i WHERE i.stream_id = s.id AND i.sequence = n.sequence)
"""
CLOSED: LiteralString = """
INSERT INTO outbox_stream (abonnee, sleutel, last_sequence, fence, delivered_at)
SELECT 'ZM', 'C' || n, 1, 0, now() FROM generate_series(%(first)s::int, %(last)s::int) n
"""
LONGER: LiteralString = "UPDATE outbox_stream SET last_sequence = %(last)s::int WHERE abonnee = 'ZM'"


def grow(connection: Connection, shape: str, *, first: int, last: int) -> None:
    """The backlog of a shape, from `first` - 1 to `last`."""
    if shape == "one zaak behind a first item":
        if first == 1:
            connection.execute(STREAMS, {"abonnee": "ZM", "due": "1 day", "first": 1, "last": 1})
        connection.execute(LONGER, {"last": last})
    else:
        abonnee = "DOOD" if shape == "zaken of one that is paused" else "ZM"
        due = {"zaken that wait for a next attempt": "1 day", "zaken that are held": None}.get(shape, "-1 minute")
        connection.execute(STREAMS, {"abonnee": abonnee, "due": due, "first": first, "last": last})
    connection.execute(ITEMS)


def touched(connection: Connection, statement: Any, values: dict[str, Any]) -> int:
    """Blocks that a statement touches; it is rolled back."""
    with connection.transaction(force_rollback=True):
        if isinstance(statement, bytes):
            statement = statement.decode()
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        row = connection.execute(explained.encode(), values).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def costs(connection: Connection) -> dict[str, int]:
    """Blocks touched by each statement for the abonnee FREE, and for ZM, with whatever waits there."""
    orders = outbox.enqueue_parameter([Order("ZM", "B1", "klcLk01", "KC1"), Order("FREE", "F", "klcLk01", "KC1")])
    found = {
        "enqueue": touched(connection, f"WITH {outbox.ENQUEUE} SELECT", {"orders": orders}),
    }
    for abonnee in ("ZM", "FREE", "DOOD"):
        values = {"abonnee": abonnee, "lease": "1 minute", "now": None}
        found[f"breaker {abonnee}"] = touched(connection, queue._BREAKER, values)
        found[f"claim {abonnee}"] = touched(connection, queue._claim_query(4), values)
    (claimed,) = outbox.claim(connection, abonnee="FREE", limit=1, lease=60)
    settling = outbox.settling(claimed, state="delivered", alive=True)
    found["settle"] = touched(connection, queue._SETTLE.sql.replace(")b", ")s"), settling)
    outbox.settle(connection, claimed, state="waiting")
    return found


def test_what_people_and_metrics_look_at_is_what_is_open(database: Database) -> None:
    """And not the streams that there ever were."""

    def looks() -> dict[str, int]:
        return {
            "standings": touched(connection, receivers._STANDINGS, {}),
            "backlogs": touched(connection, aside._BACKLOG, {"now": None}),
        }

    with database.connection() as connection:
        grow(connection, "zaken that are held", first=1, last=3)
        connection.execute(CLOSED, {"first": 1, "last": FEW})
        connection.execute("VACUUM ANALYZE outbox_stream, outbox_item")
        few = looks()
        connection.execute(CLOSED, {"first": FEW + 1, "last": 2 * MANY})
        connection.execute("VACUUM ANALYZE outbox_stream, outbox_item")
        many = looks()
        (found,) = outbox.standings(connection)
        assert (found.waiting + found.held, found.last_delivered is not None) == (3, True)
        assert [(b.items, b.held) for b in outbox.backlogs(connection)] == [(3, 3)]
    for name, blocks in few.items():
        assert many[name] <= blocks * 1.5 + 30, (name, few, many)


@pytest.mark.parametrize(
    "shape",
    [
        "one zaak behind a first item",
        "zaken that wait for a next attempt",
        "zaken that are held",
        "zaken of one that is paused",
        "zaken that are due",
    ],
)
def test_claim_settle_and_enqueue_touch_as_much_of_a_long_queue_as_of_a_short_one(
    database: Database, shape: str
) -> None:
    with database.connection() as connection:
        outbox.pause(connection, abonnee="DOOD", door="kim", reason="onderhoud")
        grow(connection, shape, first=1, last=FEW)
        free = outbox.enqueue_parameter([Order("FREE", "F", "klcLk01", "KC1")])
        connection.execute(f"WITH {outbox.ENQUEUE} SELECT".encode(), {"orders": free})
        connection.execute("ANALYZE outbox_stream, outbox_item, outbox_receiver")
        few = costs(connection)
        grow(connection, shape, first=FEW + 1, last=MANY)
        stale = costs(connection)
        connection.execute("VACUUM ANALYZE outbox_stream, outbox_item, outbox_receiver")
        many = costs(connection)
    # A level more of a B-tree for each row that is looked up; a scan of what waits would be hundreds of blocks.
    for name, blocks in few.items():
        assert stale[name] <= blocks * 1.5 + 30, (name, "with the statistics of a short queue", few, stale)
        assert many[name] <= blocks * 1.5 + 30, (name, few, many)


ROWS: LiteralString = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int FROM pg_stat_xact_user_tables"


def test_a_plan_that_is_made_once_reads_as_little_of_a_long_queue(database: Database) -> None:
    """The server makes such a plan of what is asked often, without a look at the values."""

    def read() -> int:
        """Rows that were read; some of before the transaction count too."""
        row = connection.execute(ROWS).fetchone()
        return int(row[0] or 0) if row else 0

    def rows(abonnee: str) -> int:
        """Rows read by a whole turn of the queue."""
        orders = outbox.enqueue_parameter([Order(abonnee, "F", "klcLk01", "KC1")])
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            before = read()
            connection.execute(f"WITH {outbox.ENQUEUE} SELECT".encode(), {"orders": orders})
            (claimed,) = outbox.claim(connection, abonnee=abonnee, limit=4, lease=60)
            outbox.settle(connection, claimed, state="waiting", alive=True)
            (claimed,) = outbox.claim(connection, abonnee=abonnee, limit=4, lease=60)
            outbox.settle_delivered(connection, [claimed], codes=["Bv03"])
            assert not outbox.claim(connection, abonnee=abonnee, limit=4, lease=60)
            return read() - before

    few: dict[str, int] = {}
    many: dict[str, int] = {}
    with database.connection() as connection:
        connection.prepare_threshold = 0
        for found, first, last in ((few, 1, FEW), (many, FEW + 1, MANY)):
            grow(connection, "zaken that wait for a next attempt", first=first, last=last)
            connection.execute("VACUUM ANALYZE outbox_stream, outbox_item, outbox_receiver")
            found.update({abonnee: rows(abonnee) for abonnee in ("ZM", "FREE")})
    assert all(many[abonnee] <= few[abonnee] + 50 for abonnee in few), (few, many)
