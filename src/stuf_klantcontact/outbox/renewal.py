"""What a resync needs of the outbox: how far it is, what was sent before, and room for what is sent anew.

All of it in the transaction of a session, which holds the streams it is about from the beginning: what others
enqueue meanwhile comes behind what the resync puts into them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stuf_klantcontact.outbox.desk import skip
from stuf_klantcontact.outbox.mending import mend
from stuf_klantcontact.outbox.moment import query
from stuf_klantcontact.outbox.tables import EVERY_ITEM, Resync, Stream
from stuf_klantcontact.store import Connection

_TOGETHER: Final = 500
"""Streams that are held at once."""


def begin_resync(
    session: Session,
    *,
    abonnee: str,
    door: str,
    soort: str,
    since: datetime | None,
    zaak: str,
    in_file: bool,
    anew: bool = False,
) -> Resync:
    """A new resync, or the one that was broken off if it had the same options; `anew` always gives a new one.

    One that was broken off and is not gone on with is given up.
    """
    values = {"abonnee": abonnee, "soort": soort, "since": since, "zaak": zaak, "in_file": in_file}
    zero = dict.fromkeys(("last_zaak", "last_klantcontact", "klantcontacten", "messages", "replaced"), 0)
    new = insert(Resync).values(**values, **zero, door=door, begun_at=func.now(), given_up=False)
    made = session.scalar(new.on_conflict_do_nothing().returning(Resync.id))
    found = session.scalars(
        select(Resync).where(Resync.abonnee == abonnee, Resync.ended_at.is_(None)).with_for_update()
    ).one()
    if made is not None or (not anew and all(getattr(found, name) == value for name, value in values.items())):
        return found
    end_resync(session, found, given_up=True)
    session.flush()
    return begin_resync(session, abonnee=abonnee, door=door, soort=soort, since=since, zaak=zaak, in_file=in_file)


def end_resync(session: Session, resync: Resync, *, given_up: bool = False) -> None:
    """Write down that a resync is over, which stays for ever."""
    resync.ended_at, resync.given_up = session.execute(select(func.now())).scalar_one(), given_up


def find_resync(session: Session, number: int) -> Resync:
    """A resync as it is, done or not."""
    return session.scalars(select(Resync).where(Resync.id == number)).one()


def last_resyncs(session: Session) -> dict[str, Resync]:
    """Of each abonnee that ever had one the last resync, done or not."""
    last = select(func.max(Resync.id)).group_by(Resync.abonnee)
    return {resync.abonnee: resync for resync in session.scalars(select(Resync).where(Resync.id.in_(last)))}


def next_resync(session: Session, number: int) -> Resync | None:
    """A resync that is not done, for one step of it; nobody else takes a step until the transaction ends."""
    return session.scalars(
        select(Resync).where(Resync.id == number, Resync.ended_at.is_(None)).with_for_update()
    ).one_or_none()


@dataclass(frozen=True, slots=True)
class Sent:
    """One item about a klantcontact that was put in a stream. Not delivered: it waits, or is held or under way."""

    sleutel: str
    klantcontact: str
    document: str | None
    mutatiesoort: str
    state: str
    delivered_at: datetime | None


# What a person skipped was never sent.
_SENT: Final = f"""
SELECT s.sleutel, i.klantcontact, i.document, i.mutatiesoort, i.state, i.delivered_at
  FROM {EVERY_ITEM} i
  JOIN outbox_stream s ON s.id = i.stream_id
 WHERE s.abonnee = %(abonnee)s AND i.klantcontact = ANY(%(klantcontacten)s) AND i.state <> 'skipped'
   AND i.soort IN ('klcLk01', 'klcSa01', 'iobLk01', 'edcLk01')
 ORDER BY i.id
"""


def sent(session: Session, *, abonnee: str, klantcontacten: Collection[str]) -> list[Sent]:
    """All that was put in the streams of an abonnee about these klantcontacten, oldest first."""
    rows = session.connection().exec_driver_sql(_SENT, {"abonnee": abonnee, "klantcontacten": list(klantcontacten)})
    return [Sent(*row) for row in rows]


# In the order in which enqueue locks them, so that the two cannot deadlock.
_HOLD: Final = """
INSERT INTO outbox_stream AS s (abonnee, sleutel, last_sequence, fence)
SELECT %(abonnee)s, sleutel, 0, 0
  FROM (
       SELECT sleutel FROM unnest(%(sleutels)s::text[]) AS sleutel
        UNION
       SELECT sleutel FROM outbox_stream WHERE abonnee = %(abonnee)s AND sleutel = ANY(%(elders)s)
  ) held
 ORDER BY sleutel
    ON CONFLICT (abonnee, sleutel) DO UPDATE SET last_sequence = s.last_sequence
"""


def hold_streams(session: Session, *, abonnee: str, sleutels: Iterable[str], elders: Iterable[str] = ()) -> None:
    """Let nothing be added to streams, nor claimed from them, until the transaction ends; new ones are made.

    Of `elders` none is made. What is read in statements after this one has all that was ever put in them.
    """
    values = {"abonnee": abonnee, "sleutels": list(set(sleutels)), "elders": list(set(elders))}
    session.connection().exec_driver_sql(_HOLD, values)


def open_streams(session: Session, *, abonnee: str, sleutels: Collection[str]) -> set[str]:
    """Those of these streams of an abonnee in which something waits, is being sent, or is held."""
    query = select(Stream.sleutel).where(Stream.abonnee == abonnee, Stream.sleutel.in_(sleutels))
    return set(session.scalars(query.where(Stream.open_sequence.is_not(None))))


_WAITING: Final = """
SELECT i.id
  FROM outbox_item i
  JOIN outbox_stream s ON s.id = i.stream_id
 WHERE s.abonnee = %(abonnee)s AND i.sequence >= s.open_sequence AND i.state IN ('waiting', 'sending', 'held')
   AND i.klantcontact = ANY(%(klantcontacten)s) AND i.cross_refnummer = ''
   AND i.soort IN ('klcLk01', 'klcSa01', 'iobLk01', 'edcLk01')
"""


def replace_waiting(
    session: Session, *, abonnee: str, klantcontacten: Collection[str], door: str, reason: str
) -> int:
    """Skip what waits or is held about klantcontacten in streams that are held; how many items that were.

    What is being sent at this moment goes on, and answers to a klcSa03 stay.
    """
    values = {"abonnee": abonnee, "klantcontacten": list(klantcontacten)}
    items = session.connection().exec_driver_sql(_WAITING, values).scalars().all()
    if not items:
        return 0
    return len(skip(_driver(session), items=items, door=door, reason=reason))


@dataclass(frozen=True, slots=True)
class Rest:
    """Whether a person paused an abonnee, how much it is being sent now, and until when that may last."""

    paused: bool
    sending: int
    until: datetime | None


_REST: Final = query("""
SELECT EXISTS (SELECT FROM outbox_receiver WHERE abonnee = %(abonnee)s AND paused_since IS NOT NULL),
       count(i.id), max(s.due_at)
  FROM outbox_stream s
  JOIN outbox_item i ON i.stream_id = s.id AND i.sequence = s.open_sequence AND i.state = 'sending'
 WHERE s.abonnee = %(abonnee)s AND s.due_at > {now}
""")


def rest(connection: Connection, *, abonnee: str) -> Rest:
    """How it is with an abonnee at this moment. Who is paused and is sent nothing now, is sent nothing at all."""
    row = connection.execute(_REST, {"abonnee": abonnee, "now": None}).fetchone()
    if row is None:
        raise AssertionError("an aggregate that returns nothing")
    return Rest(*row)


# Who would resume it waits until this transaction ends, so nothing of it is being sent.
_PAUSED: Final = """
SELECT FROM outbox_receiver WHERE abonnee = %(abonnee)s AND paused_since <= %(begun_at)s FOR SHARE
"""

# Streams are not locked, for intake would wait for all of them at once.
_HAND_OVER: Final = """
WITH given AS (
    SELECT id FROM outbox_item WHERE id = ANY(%(items)s) AND state IN ('waiting', 'held') ORDER BY id FOR UPDATE
), handed AS (
    UPDATE outbox_item i
       SET state = 'delivered', code = 'berichtenset', reason = %(reason)s, delivered_at = now(), attempts = 1,
           next_attempt_at = NULL
      FROM given, outbox_stream s
     WHERE i.id = given.id AND s.id = i.stream_id
    RETURNING i.id, i.stream_id, i.sequence = s.open_sequence AS first
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, code, reason, door)
    SELECT id, now(), 'delivered', 1, 'berichtenset', %(reason)s, %(door)s FROM handed
)
SELECT stream_id FROM handed WHERE first
"""


def hand_over(session: Session, resync: Resync, *, items: Collection[int]) -> list[int] | None:
    """Take items as delivered, for they are in the file of this resync; the streams to `tidy` once that is so.

    None, and nothing is taken, unless the abonnee was paused all the time: else some of them may have been sent.
    """
    connection = session.connection()
    values = {
        "abonnee": resync.abonnee,
        "begun_at": resync.begun_at,
        "items": list(items),
        "door": resync.door,
        "reason": f"resync {resync.id}",
    }
    if connection.exec_driver_sql(_PAUSED, values).first() is None:
        return None
    return list(connection.exec_driver_sql(_HAND_OVER, values).scalars())


def tidy(connection: Connection, *, streams: Sequence[int]) -> None:
    """Let streams go on behind what was handed over. A claim would find out by itself, one at a time."""
    for first in range(0, len(streams), _TOGETHER):
        mend(connection, streams=streams[first : first + _TOGETHER], now=None)


def _driver(session: Session) -> Connection:
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, Connection):
        raise AssertionError("a session that is in use has a connection of ours")
    return connection
