"""Put aside what need not be sent any more, so that what is claimed from stays small; forget what is old.

A step takes a page of rows in the order of their ids and tells where the next one begins: what a long backlog
holds up is passed over a page at a time, and never scanned at once. Rows that somebody works on are left alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import sql

from stuf_klantcontact.outbox.enqueue import MAIL
from stuf_klantcontact.outbox.moment import query
from stuf_klantcontact.outbox.tables import EVERY_ITEM, OPEN_STREAM, PAST_COLUMNS
from stuf_klantcontact.store import Connection, Step

_DONE: Final = """
    SELECT i.id
      FROM (SELECT id FROM outbox_item WHERE id > %(after)s ORDER BY id LIMIT %(page)s) page
      JOIN outbox_item i ON i.id = page.id
      JOIN outbox_stream s ON s.id = i.stream_id
     WHERE i.state IN ('delivered', 'confirmed', 'refused', 'skipped')
       AND coalesce(i.delivered_at, i.enqueued_at) < %(before)s
       AND (s.open_sequence IS NULL OR i.sequence < s.open_sequence)
"""
_LAST: Final = """
    (SELECT max(id) FROM (SELECT id FROM outbox_item WHERE id > %(after)s ORDER BY id LIMIT %(page)s) page)
"""
_LENGTH: Final = "coalesce(octet_length(i.body), 0) + coalesce(octet_length(i.concept), 0)"

_COUNT_DONE: Final = f"""
SELECT {_LAST}, count(*), coalesce(sum({_LENGTH}), 0)::bigint
  FROM outbox_item i WHERE i.id IN ({_DONE})
"""
_PUT_ASIDE: Final = f"""
WITH done AS ({_DONE} FOR UPDATE OF i SKIP LOCKED), gone AS (
    DELETE FROM outbox_item i USING done WHERE i.id = done.id RETURNING i.*
), kept AS (
    INSERT INTO outbox_past ({PAST_COLUMNS}) SELECT {PAST_COLUMNS} FROM gone
)
SELECT {_LAST}, count(*), coalesce(sum({_LENGTH}), 0)::bigint FROM gone i
"""


def put_aside(connection: Connection, *, after: int, before: datetime, page: int, dry: bool = False) -> Step:
    """Move what was settled before a moment out of the way; its message goes, which the journal has."""
    return _step(connection, _COUNT_DONE if dry else _PUT_ASIDE, after=after, before=before, page=page)


_OLD: Final = """
    SELECT e.id
      FROM (SELECT * FROM outbox_event WHERE id > %(after)s ORDER BY id LIMIT %(page)s) e
     WHERE e.door = '' AND e.at < %(before)s AND NOT EXISTS (SELECT FROM outbox_item i WHERE i.id = e.item_id)
"""
_LAST_EVENT: Final = """
    (SELECT max(id) FROM (SELECT id FROM outbox_event WHERE id > %(after)s ORDER BY id LIMIT %(page)s) page)
"""
_COUNT_OLD: Final = f"SELECT {_LAST_EVENT}, count(*), 0::bigint FROM ({_OLD}) old"
_FORGET: Final = f"""
WITH gone AS (DELETE FROM outbox_event e USING ({_OLD}) old WHERE e.id = old.id RETURNING e.id)
SELECT {_LAST_EVENT}, count(*), 0::bigint FROM gone
"""


def forget_attempts(connection: Connection, *, after: int, before: datetime, page: int, dry: bool = False) -> Step:
    """Delete attempts from before a moment, of what was put aside; what a person did with an item stays."""
    return _step(connection, _COUNT_OLD if dry else _FORGET, after=after, before=before, page=page)


# The rest of the stream stays: it is who was told of a contact and when, and to how many.
_KNOWN: Final = f"""
    SELECT s.id
      FROM (SELECT id FROM outbox_stream WHERE id > %(after)s ORDER BY id LIMIT %(page)s) page
      JOIN outbox_stream s ON s.id = page.id
     WHERE s.abonnee = '{MAIL}' AND s.sleutel LIKE '%%@%%' AND s.open_sequence IS NULL
       AND NOT EXISTS (
           SELECT FROM {EVERY_ITEM} i
            WHERE i.stream_id = s.id AND coalesce(i.delivered_at, i.enqueued_at) >= %(before)s
       )
"""
_LAST_STREAM: Final = """
    (SELECT max(id) FROM (SELECT id FROM outbox_stream WHERE id > %(after)s ORDER BY id LIMIT %(page)s) page)
"""
_COUNT_KNOWN: Final = f"SELECT {_LAST_STREAM}, count(*), 0::bigint FROM ({_KNOWN}) known"
_FORGET_ADDRESS: Final = f"""
WITH known AS ({_KNOWN} FOR UPDATE OF s SKIP LOCKED), gone AS (
    UPDATE outbox_stream s SET sleutel = 'vergeten ' || s.id FROM known WHERE s.id = known.id RETURNING s.id
)
SELECT {_LAST_STREAM}, count(*), 0::bigint FROM gone
"""


def forget_addresses(connection: Connection, *, after: int, before: datetime, page: int, dry: bool = False) -> Step:
    """Take the mail address out of what was last mailed there before a moment; a next mail to it begins anew."""
    return _step(connection, _COUNT_KNOWN if dry else _FORGET_ADDRESS, after=after, before=before, page=page)


def _step(connection: Connection, sql: str, *, after: int, before: datetime, page: int) -> Step:
    row = connection.execute(sql.encode(), {"after": after, "before": before, "page": page}).fetchone()
    if row is None:
        raise AssertionError("an aggregate that returns nothing")
    return Step(*row)


_ALONE: Final = f"SELECT pg_try_advisory_xact_lock({0x6B6C616E75})"


def is_alone(connection: Connection) -> bool:
    """Whether no other process keeps house at this moment; nobody does until the transaction ends."""
    row = connection.execute(_ALONE.encode()).fetchone()
    return row is not None and bool(row[0])


_DUE: Final = query("SELECT EXISTS (SELECT FROM outbox_stream WHERE due_at <= {now})")


def is_busy(connection: Connection) -> bool:
    """Whether something could be claimed now."""
    row = connection.execute(_DUE, {"now": None}).fetchone()
    return row is not None and bool(row[0])


_BACKLOG: Final = query(
    """
SELECT s.abonnee, sum(s.last_sequence - s.open_sequence + 1)::bigint, count(*) FILTER (WHERE s.due_at IS NULL),
       coalesce(greatest(0, extract(epoch FROM {now} - min(i.enqueued_at))), 0)::float
  FROM {open} s
  LEFT JOIN outbox_item i ON i.stream_id = s.id AND i.sequence = s.open_sequence
 GROUP BY s.abonnee
 ORDER BY s.abonnee
""",
    open=sql.SQL(OPEN_STREAM),
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is open for one abonnee: items, streams of which the first item is held, seconds the oldest is there.

    `items` has all from the first open one of each stream on: also what a person skipped behind it meanwhile.
    """

    abonnee: str
    items: int
    held: int
    oldest: float


def backlogs(connection: Connection) -> list[Backlog]:
    """By abonnee, of those for which something is open. Costs what their streams cost, however much is in them."""
    return [Backlog(*row) for row in connection.execute(_BACKLOG, {"now": None}).fetchall()]
