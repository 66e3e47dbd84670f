"""What people see of an abonnee and do with it: how much waits, pause, resume. Each is an event with their name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stuf_klantcontact.outbox.moment import query
from stuf_klantcontact.outbox.tables import OPEN_STREAM
from stuf_klantcontact.store import Connection


@dataclass(frozen=True, slots=True)
class Standing:
    """How it is with one abonnee. `waiting` has what is being sent too; `oldest` was enqueued then, and waits.

    `probing`: one item is being tried, and `left_alone_until` is the end of its lease.
    """

    abonnee: str
    waiting: int
    held: int
    oldest: datetime | None
    last_delivered: datetime | None
    left_alone_until: datetime | None
    probing: bool
    trouble: str
    paused_since: datetime | None
    paused_by: str
    paused_reason: str


# Abonnees are found by skipping from one to the next through the index on (abonnee, sleutel).
_STANDINGS: Final = f"""
WITH RECURSIVE known AS (
    (SELECT abonnee FROM outbox_stream ORDER BY abonnee LIMIT 1)
     UNION ALL
    SELECT (SELECT s.abonnee FROM outbox_stream s WHERE s.abonnee > known.abonnee ORDER BY s.abonnee LIMIT 1)
      FROM known
     WHERE known.abonnee IS NOT NULL
), told AS (
    SELECT abonnee, (SELECT max(s.delivered_at) FROM outbox_stream s WHERE s.abonnee = known.abonnee) AS delivered
      FROM known
     WHERE abonnee IS NOT NULL
), open AS (
    SELECT s.abonnee,
           count(*) FILTER (WHERE i.state <> 'held') AS waiting,
           count(*) FILTER (WHERE i.state = 'held') AS held,
           min(i.enqueued_at) FILTER (WHERE i.state <> 'held') AS oldest
      FROM {OPEN_STREAM} s
      JOIN outbox_item i ON i.stream_id = s.id AND i.sequence >= s.open_sequence
     WHERE i.state IN ('waiting', 'sending', 'held')
     GROUP BY s.abonnee
)
SELECT abonnee, coalesce(open.waiting, 0), coalesce(open.held, 0), open.oldest, told.delivered,
       r.not_before, coalesce(r.probing, false), coalesce(r.reason, ''), r.paused_since, coalesce(r.paused_by, ''),
       coalesce(r.paused_reason, '')
  FROM told
  LEFT JOIN open USING (abonnee)
  FULL JOIN outbox_receiver r USING (abonnee)
 ORDER BY abonnee
"""


def standings(connection: Connection) -> list[Standing]:
    """All abonnees that were ever sent something or paused, by name. Its cost is that of what is open."""
    return [Standing(*row) for row in connection.execute(_STANDINGS.encode()).fetchall()]


@dataclass(frozen=True, slots=True)
class Shut:
    """Whether a person paused an abonnee, and whether it is left alone because it was in trouble."""

    abonnee: str
    paused: bool
    left_alone: bool


_SHUT: Final = """
SELECT abonnee, paused_since IS NOT NULL, not_before IS NOT NULL FROM outbox_receiver ORDER BY abonnee
"""


def shut(connection: Connection) -> list[Shut]:
    """Of every abonnee that ever was paused or in trouble, by name; it costs what those few rows cost."""
    return [Shut(*row) for row in connection.execute(_SHUT).fetchall()]


_PAUSE: Final = query("""
WITH paused AS (
    INSERT INTO outbox_receiver AS r (abonnee, failures, reason, since, paused_since, paused_by, paused_reason)
    VALUES (%(abonnee)s, 0, '', {now}, {now}, %(door)s, %(reason)s)
    ON CONFLICT (abonnee) DO UPDATE
       SET paused_since = excluded.paused_since, paused_by = excluded.paused_by,
           paused_reason = excluded.paused_reason
     WHERE r.paused_since IS NULL
    RETURNING abonnee
)
INSERT INTO outbox_receiver_event (abonnee, at, state, reason, door)
SELECT abonnee, {now}, 'paused', %(reason)s, %(door)s FROM paused
""")


def pause(connection: Connection, *, abonnee: str, door: str, reason: str, now: datetime | None = None) -> bool:
    """Claim nothing more for an abonnee, in whichever process, until it is resumed. False: it was paused already.

    What is being sent at this moment is finished. What is for it waits, and goes on being added to.
    """
    values = {"abonnee": abonnee, "door": door, "reason": reason, "now": now}
    return connection.execute(_PAUSE, values).rowcount == 1


# Nobody has tried meanwhile, so the time does not count as patience. Rows that are locked are in other hands.
_RESUME: Final = query("""
WITH paused AS (
    SELECT abonnee, paused_since
      FROM outbox_receiver
     WHERE abonnee = %(abonnee)s AND paused_since IS NOT NULL
       FOR UPDATE
), resumed AS (
    UPDATE outbox_receiver r
       SET paused_since = NULL, paused_by = '', paused_reason = ''
      FROM paused
     WHERE r.abonnee = paused.abonnee
), tried AS (
    SELECT i.id, i.first_attempt_at + ({now} - paused.paused_since) AS first_attempt_at
      FROM paused
      JOIN outbox_stream s ON s.abonnee = paused.abonnee
      JOIN outbox_item i ON i.stream_id = s.id AND i.sequence = s.open_sequence
     WHERE i.state = 'waiting' AND i.first_attempt_at <= paused.paused_since
       FOR UPDATE OF i SKIP LOCKED
), patient AS (
    UPDATE outbox_item i
       SET first_attempt_at = tried.first_attempt_at
      FROM tried
     WHERE i.id = tried.id
)
INSERT INTO outbox_receiver_event (abonnee, at, state, reason, door)
SELECT abonnee, {now}, 'resumed', '', %(door)s FROM paused
""")


def resume(connection: Connection, *, abonnee: str, door: str, now: datetime | None = None) -> bool:
    """Let an abonnee be sent to again, in order. False: it was not paused."""
    return connection.execute(_RESUME, {"abonnee": abonnee, "door": door, "now": now}).rowcount == 1
