"""Out of the outbox: claim, stamp and settle, each one statement on the driver's connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

from psycopg import sql

from stuf_klantcontact.outbox.mending import MOST_LOST, mend
from stuf_klantcontact.outbox.moment import MOMENT, query, uptime
from stuf_klantcontact.store import Connection, Statement

BREAKER_FAILURES: Final = 5
"""Failures in a row of one receiver, over all its streams, after which it is left alone for a while."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an item got at its first attempt. `body` lacks the document, which belongs at `document_at`."""

    referentienummer: str
    tijdstip: datetime
    action: str
    body: bytes
    document_sha256: bytes | None = None
    document_at: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to try one item once, until the lease ends; `fence` proves it.

    A lease that has run out is over, also while nobody else has claimed the item yet: who was paused for so long
    can neither stamp nor settle, and what it may have sent goes once more under the same number.

    `until` is the end of the lease on the clock of `uptime`, and never later than the real end.
    """

    item: int
    stream: int
    fence: int
    abonnee: str
    sleutel: str
    sequence: int
    soort: str
    klantcontact: str
    document: str | None
    attempt: int
    claimed_at: datetime
    first_attempt_at: datetime
    until: float
    probe: bool
    stamp: Stamp | None
    mutatiesoort: str = "T"
    versie: int = 1
    documentidentificatie: str | None = None
    concept: str | None = None
    cross_refnummer: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """`accepted`: the claim still held. `recovered`: the receiver was left alone, and now no longer is."""

    accepted: bool
    recovered: bool


# min, not EXISTS: of one row that it hopes to find soon, a plan made for any abonnee reads the whole table.
_BREAKER: Final = query("""
WITH probe AS (
    UPDATE outbox_receiver
       SET not_before = {now} + %(lease)s, probing = true
     WHERE abonnee = %(abonnee)s AND not_before <= {now} AND paused_since IS NULL
       AND (SELECT min(due_at) FROM outbox_stream WHERE abonnee = %(abonnee)s) <= {now}
    RETURNING 1
)
SELECT EXISTS (SELECT FROM probe)
  FROM outbox_receiver
 WHERE abonnee = %(abonnee)s AND (not_before IS NOT NULL OR paused_since IS NOT NULL)
""")


SUSPECT: Final = 2
"""Attempts in a row without any outcome, after which a stream is tried while no other such stream is, anywhere."""


# A worker that is lost takes along what it had at that moment, perhaps twice. By then all of that is suspect, and
# goes one at a time: so what is innocent is not there when the next worker is lost, and settles. Which one is on
# trial is one row, and its fence says whether it still is: who waited there for another claim sees that one's
# fence, and has an older one of that stream in its own snapshot.
# The limit is a literal: with a parameter the planner guesses a tenth of all streams, and reads all items.
@cache
def _claim_query(limit: int) -> bytes:
    return query(
        """
WITH due AS (
    SELECT id, fence, unsettled
      FROM outbox_stream
     WHERE abonnee = %(abonnee)s AND due_at <= {now}
       AND NOT EXISTS (
           SELECT FROM outbox_receiver WHERE abonnee = %(abonnee)s AND paused_since IS NOT NULL
       )
       AND (unsettled < {suspect} OR NOT EXISTS (
           SELECT FROM outbox_trial t JOIN outbox_stream s ON s.id = t.stream_id
            WHERE t.until > {now} AND s.fence <= t.fence
       ))
     ORDER BY due_at
     LIMIT {limit}
       FOR UPDATE SKIP LOCKED
), trial AS (
    INSERT INTO outbox_trial AS t (id, stream_id, fence, until)
    SELECT 1, id, fence + 1, {now} + %(lease)s FROM due WHERE unsettled >= {suspect} LIMIT 1
    ON CONFLICT (id) DO UPDATE
       SET stream_id = excluded.stream_id, fence = excluded.fence, until = excluded.until
     WHERE t.until <= {now} OR EXISTS (SELECT FROM outbox_stream s WHERE s.id = t.stream_id AND s.fence > t.fence)
    RETURNING stream_id
), leased AS (
    UPDATE outbox_stream s
       SET due_at = {now} + %(lease)s, fence = s.fence + 1, unsettled = s.unsettled + 1
      FROM due
     WHERE s.id = due.id AND (due.unsettled < {suspect} OR s.id IN (SELECT stream_id FROM trial))
    RETURNING s.id, s.sleutel, s.open_sequence, s.fence, s.unsettled
), tried AS (
    UPDATE outbox_item i
       SET state = 'sending', attempts = attempts + 1, next_attempt_at = NULL,
           first_attempt_at = coalesce(first_attempt_at, {now})
      FROM leased l
     WHERE i.stream_id = l.id AND i.sequence = l.open_sequence AND i.state IN ('waiting', 'sending')
       AND l.unsettled <= {most}
    RETURNING i.*
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
    SELECT id, {now}, 'sending', attempts, referentienummer, '', '', '' FROM tried
)
SELECT l.id, l.fence, l.sleutel, {now},
       t.id, t.sequence, t.soort, t.klantcontact, t.document, t.attempts, t.first_attempt_at,
       t.referentienummer, t.tijdstip_bericht, t.action, t.body, t.document_sha256, t.document_at,
       t.mutatiesoort, t.versie, t.documentidentificatie, CASE WHEN t.body IS NULL THEN t.concept END,
       t.cross_refnummer
  FROM leased l
  LEFT JOIN tried t ON t.stream_id = l.id
 ORDER BY l.id
""",
        limit=sql.Literal(limit),
        suspect=sql.Literal(SUSPECT),
        most=sql.Literal(MOST_LOST),
    )


def claim(
    connection: Connection, *, abonnee: str, limit: int, lease: float, now: datetime | None = None
) -> list[Claim]:
    """Take at most `limit` due streams of one abonnee, each with its first open item; count the attempt.

    The attempt is committed before anything is sent, so an item that kills its worker is seen to have tried. An
    abonnee that is paused gives nothing; nor does one that is left alone, and when its time has come a single
    probe, whoever asks first. What was claimed MOST_LOST times in a row without any outcome is held instead.
    """
    until = uptime() + lease
    values = {"abonnee": abonnee, "lease": timedelta(seconds=lease), "now": now}
    breaker = connection.execute(_BREAKER, values).fetchone()
    probe = breaker is not None
    if breaker is not None:
        if not breaker[0]:
            return []
        limit = 1
    rows = connection.execute(_claim_query(limit), values).fetchall()
    unsendable = [row[0] for row in rows if row[4] is None]
    if unsendable:
        mend(connection, streams=unsendable, now=now)
    claims = [
        Claim(
            item=row[4],
            stream=row[0],
            fence=row[1],
            abonnee=abonnee,
            sleutel=row[2],
            sequence=row[5],
            soort=row[6],
            klantcontact=row[7],
            document=row[8],
            attempt=row[9],
            claimed_at=row[3],
            first_attempt_at=row[10],
            until=until,
            probe=probe,
            stamp=None if row[14] is None else Stamp(*row[11:17]),
            mutatiesoort=row[17],
            versie=row[18],
            documentidentificatie=row[19],
            concept=row[20],
            cross_refnummer=row[21],
        )
        for row in rows
        if row[4] is not None
    ]
    if probe and not claims:
        connection.execute(_UNPROBED, values)
    return claims


_STAMP: Final = query("""
WITH mine AS (
    SELECT id
      FROM outbox_stream
     WHERE id = %(stream)s AND fence = %(fence)s AND due_at > {now}
       FOR NO KEY UPDATE
)
UPDATE outbox_item
   SET referentienummer = %(referentienummer)s, tijdstip_bericht = %(tijdstip)s, action = %(action)s,
       body = %(body)s, document_sha256 = %(document_sha256)s, document_at = %(document_at)s
  FROM mine
 WHERE outbox_item.id = %(item)s AND outbox_item.stream_id = mine.id AND body IS NULL
""")


def stamp(connection: Connection, claim: Claim, *, stamp: Stamp, now: datetime | None = None) -> bool:
    """Keep what every attempt at this item will send. False: the lease was lost, so do not send."""
    cursor = connection.execute(
        _STAMP,
        {
            "stream": claim.stream,
            "fence": claim.fence,
            "item": claim.item,
            "referentienummer": stamp.referentienummer,
            "tijdstip": stamp.tijdstip,
            "action": stamp.action,
            "body": stamp.body,
            "document_sha256": stamp.document_sha256,
            "document_at": stamp.document_at,
            "now": now,
        },
        binary=True,
    )
    return cursor.rowcount == 1


# Sequences have no gaps, so the next open item is the next number: looking for it in outbox_item would be wrong
# here, for this statement cannot see what an enqueue committed while it waited for the stream row.
SETTLE: Final = f"""
mine AS (
    UPDATE outbox_stream
       SET fence = fence + 1, unsettled = 0,
           open_sequence = CASE WHEN %(state)s::text <> 'delivered' THEN open_sequence
                                WHEN open_sequence < last_sequence THEN open_sequence + 1 END,
           due_at = CASE WHEN %(state)s::text = 'waiting' THEN {MOMENT} + %(delay)s::interval
                         WHEN %(state)s::text = 'delivered' AND open_sequence < last_sequence THEN {MOMENT} END,
           delivered_at = CASE WHEN %(state)s::text = 'delivered' THEN {MOMENT} ELSE delivered_at END
     WHERE id = %(stream)s AND fence = %(fence)s AND due_at > {MOMENT}
    RETURNING id
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
    SELECT i.id, {MOMENT}, %(state)s::text, i.attempts, i.referentienummer, %(code)s::text, %(reason)s::text, ''
      FROM outbox_item i
      JOIN mine ON mine.id = i.stream_id
     WHERE i.id = %(item)s
), item AS (
    UPDATE outbox_item i
       SET state = %(state)s::text, code = %(code)s::text, reason = %(reason)s::text,
           next_attempt_at = CASE WHEN %(state)s::text = 'waiting' THEN {MOMENT} + %(delay)s::interval END,
           delivered_at = CASE WHEN %(state)s::text = 'delivered' THEN {MOMENT} END,
           referentienummer = CASE WHEN %(anew)s::boolean THEN NULL ELSE referentienummer END,
           tijdstip_bericht = CASE WHEN %(anew)s::boolean THEN NULL ELSE tijdstip_bericht END,
           action = CASE WHEN %(anew)s::boolean THEN NULL ELSE action END,
           body = CASE WHEN %(anew)s::boolean THEN NULL ELSE body END,
           document_sha256 = CASE WHEN %(anew)s::boolean THEN NULL ELSE document_sha256 END,
           document_at = CASE WHEN %(anew)s::boolean THEN NULL ELSE document_at END
      FROM mine
     WHERE i.id = %(item)s AND i.stream_id = mine.id
    RETURNING i.id
), receiver AS (
    UPDATE outbox_receiver r
       SET failures = 0, not_before = NULL, reason = ''
      FROM outbox_receiver was
     WHERE %(alive)s::boolean AND r.abonnee = %(abonnee)s AND was.abonnee = r.abonnee
       AND (r.failures > 0 OR r.not_before IS NOT NULL)
    RETURNING was.not_before
)
"""
"""The CTEs that write down how one attempt ended; SETTLED reads what came of it, `settling` has its parameters."""

SETTLED: Final = (
    "EXISTS (SELECT FROM item) AS accepted, EXISTS (SELECT FROM receiver WHERE not_before IS NOT NULL) AS recovered"
)

_SETTLE: Final = Statement(f"WITH {SETTLE} SELECT {SETTLED}")


def settle(
    connection: Connection,
    claim: Claim,
    *,
    state: Literal["delivered", "waiting", "held"],
    code: str = "",
    reason: str = "",
    delay: float = 0.0,
    anew: bool = False,
    alive: bool = False,
    now: datetime | None = None,
) -> Settled:
    """Write down how one attempt ended; refused when the lease is over or somebody else holds the item by now.

    `waiting` tries again after `delay` seconds; `anew` then forgets the stamp, so that it gets a new number.
    `alive` says that the receiver does its work, so that it need not be left alone (any longer).
    """
    values = settling(claim, state=state, code=code, reason=reason, delay=delay, anew=anew, alive=alive, now=now)
    return settled(_SETTLE.row(connection, values))


def settling(
    claim: Claim,
    *,
    state: Literal["delivered", "waiting", "held"],
    code: str = "",
    reason: str = "",
    delay: float = 0.0,
    anew: bool = False,
    alive: bool = False,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The parameters of SETTLE, as `settle` takes them."""
    return {
        "stream": claim.stream,
        "fence": claim.fence,
        "item": claim.item,
        "abonnee": claim.abonnee,
        "state": state,
        "code": code,
        "reason": reason,
        "delay": timedelta(seconds=delay),
        "anew": anew,
        "alive": alive,
        "now": now,
    }


def settled(row: Mapping[str, Any] | None) -> Settled:
    """Read SETTLED of the row that a statement with SETTLE gives."""
    if row is None:
        raise AssertionError("a select that returns nothing")
    return Settled(accepted=row["accepted"], recovered=row["recovered"])


# What a straggler reports after the breaker opened is not news: only the probe may lengthen the pause.
_FAILED: Final = query("""
INSERT INTO outbox_receiver AS r (abonnee, failures, not_before, reason, since)
VALUES (%(abonnee)s, CASE WHEN %(at_once)s THEN %(threshold)s ELSE 1 END,
        CASE WHEN %(at_once)s THEN {now} + %(first)s END, %(reason)s, {now})
ON CONFLICT (abonnee) DO UPDATE
   SET failures = CASE WHEN %(at_once)s THEN greatest(r.failures + 1, %(threshold)s) ELSE r.failures + 1 END,
       not_before = CASE WHEN %(at_once)s OR r.failures + 1 >= %(threshold)s
                         THEN {now} + least(%(longest)s, %(first)s * power(
                             2, least(20, greatest(0, r.failures + 1 - %(threshold)s))
                         )) END,
       probing = false, reason = excluded.reason,
       since = CASE WHEN r.failures = 0 THEN excluded.since ELSE r.since END
 WHERE %(probe)s OR r.not_before IS NULL
RETURNING failures
""")


def receiver_failed(
    connection: Connection,
    claim: Claim,
    *,
    at_once: bool,
    reason: str,
    first: float,
    longest: float,
    now: datetime | None = None,
) -> bool:
    """Count a failure of the receiver; after BREAKER_FAILURES in a row, or `at_once`, leave it alone for a while.

    The pause doubles from `first` to `longest` seconds with every probe that fails. True: it was opened just now.
    """
    row = connection.execute(
        _FAILED,
        {
            "abonnee": claim.abonnee,
            "at_once": at_once,
            "probe": claim.probe,
            "reason": reason,
            "threshold": BREAKER_FAILURES,
            "first": timedelta(seconds=first),
            "longest": timedelta(seconds=longest),
            "now": now,
        },
    ).fetchone()
    return row is not None and row[0] == BREAKER_FAILURES


_UNPROBED: Final = query("""
UPDATE outbox_receiver SET not_before = {now} WHERE abonnee = %(abonnee)s AND not_before > {now}
""")


def give_back_probe(connection: Connection, claim: Claim, *, now: datetime | None = None) -> None:
    """Let another item be the probe: this one came to nothing before the receiver was asked."""
    if claim.probe:
        connection.execute(_UNPROBED, {"abonnee": claim.abonnee, "now": now})
