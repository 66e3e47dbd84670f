"""What people do with the outbox: look, hold, release, skip, retry. Every change is an event with their name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Subquery, cast, func, null, select, union_all, update
from sqlalchemy.orm import Session, aliased, contains_eager

from stuf_klantcontact.outbox.mending import mend
from stuf_klantcontact.outbox.moment import query
from stuf_klantcontact.outbox.tables import EVERY_ITEM, Event, Item, Past, Receiver, State, Stream
from stuf_klantcontact.store import Connection


def listing(
    session: Session,
    *,
    abonnee: str | None = None,
    sleutel: str | None = None,
    klantcontact: str | None = None,
    referentienummer: str | None = None,
    states: Sequence[State] = (),
    limit: int = 100,
    newest: bool = False,
) -> list[Item]:
    """Items with their stream loaded, oldest first. An item is `sending` until its worker or its lease ends.

    Where there are more than `limit`, those are the oldest, or the `newest`.

    Those that were put aside come without what was in their messages.
    """
    item = Item if states and _OPEN.issuperset(states) else aliased(Item, _every())
    query = select(item).join(item.stream).options(contains_eager(item.stream)).limit(limit)
    query = query.order_by(item.id.desc() if newest else item.id)
    if abonnee is not None:
        query = query.where(Stream.abonnee == abonnee)
    if sleutel is not None:
        query = query.where(Stream.sleutel == sleutel)
    if klantcontact is not None:
        query = query.where(item.klantcontact == klantcontact)
    if referentienummer is not None:
        query = query.where(item.referentienummer == referentienummer)
    if states:
        query = query.where(item.state.in_(states))
    found = list(session.scalars(query))
    return found[::-1] if newest else found


def history(session: Session, item: int) -> list[Event]:
    """What became of an item, oldest first: attempts, and what a person did."""
    return list(session.scalars(select(Event).where(Event.item_id == item).order_by(Event.id)))


_OPEN: Final[frozenset[State]] = frozenset({"waiting", "sending", "held"})


def _every() -> Subquery:
    """All items, as EVERY_ITEM has them, in the columns of Item."""
    hot, past = Item.__table__.columns, Past.__table__.columns
    aside = [past[c.name] if c.name in past else cast(null(), c.type).label(c.name) for c in hot]
    return union_all(select(*hot), select(*aside)).subquery()


def outcome(session: Session, referentienummer: str, *, abonnee: str, state: State, code: str, reason: str) -> bool:
    """Write what a receiver tells later of a message of ours; False when it never got one of that number.

    Who tells what became of it has it, so one not settled yet (its Bv03 is under way, or was lost) is settled
    by this, and its stream goes on. Bad news stays: what was refused is not confirmed by a later Bv01, which is
    written down as an event alone. So is bad news of a number that an item had before it was stamped anew: it goes
    again, or went. Good news of such a number is that the receiver has it.
    """
    if not referentienummer:
        return False
    had = select(Event.item_id).where(Event.referentienummer == referentienummer)
    found = _place(
        session,
        Item.referentienummer == referentienummer,
        Past.referentienummer == referentienummer,
        abonnee=abonnee,
    ) or _place(session, Item.id.in_(had), Past.id.in_(had), abonnee=abonnee)
    if found is None:
        return False
    item_id, stream_id = found
    # Two statements, because what the lock waited for is visible only to the second.
    stream = session.scalars(select(Stream).where(Stream.id == stream_id).with_for_update()).one()
    item: Item | Past | None
    item = session.scalars(select(Item).where(Item.id == item_id).with_for_update()).one_or_none()
    if item is None:  # it was put aside, perhaps this very moment
        item = session.scalars(select(Past).where(Past.id == item_id).with_for_update()).one_or_none()
    if item is None:
        return False
    now = session.execute(select(func.now())).scalar_one()
    heeded = state == "confirmed" or item.referentienummer == referentienummer
    if heeded and item.state in ("waiting", "sending", "held") and stream.open_sequence == item.sequence:
        more = item.sequence < stream.last_sequence
        stream.open_sequence, stream.due_at = (item.sequence + 1, now) if more else (None, None)
        stream.fence += 1  # who is still sending it learns that it is settled
        stream.unsettled = 0
    if heeded and item.state != "refused":
        item.state, item.code, item.reason = state, code, reason
        item.delivered_at = item.delivered_at or now
        stream.delivered_at = max(stream.delivered_at or item.delivered_at, item.delivered_at)
        if isinstance(item, Item):
            item.next_attempt_at = None
    session.add(
        Event(
            item_id=item.id,
            at=now,
            state=state if heeded else item.state,
            attempt=item.attempts,
            referentienummer=referentienummer,
            code=code,
            reason=reason,
        )
    )
    return True


def _place(
    session: Session, item: ColumnElement[bool], past: ColumnElement[bool], *, abonnee: str
) -> tuple[int, int] | None:
    """The id of an item of an abonnee, put aside or not, and that of its stream; None when there is none."""
    every = union_all(
        select(Item.id, Item.stream_id).join(Item.stream).where(item, Stream.abonnee == abonnee),
        select(Past.id, Past.stream_id)
        .join(Stream, Stream.id == Past.stream_id)
        .where(past, Stream.abonnee == abonnee),
    )
    found = session.execute(every).first()
    return None if found is None else (found[0], found[1])


_HOW: Final = f"""
SELECT i.id, i.state, CASE WHEN r.paused_since IS NOT NULL THEN s.abonnee ELSE '' END
  FROM {EVERY_ITEM} i
  JOIN outbox_stream s ON s.id = i.stream_id
  LEFT JOIN outbox_receiver r ON r.abonnee = s.abonnee
 WHERE i.id = ANY(%(items)s)
"""


def how(connection: Connection, *, items: Sequence[int]) -> dict[int, tuple[State, str]]:
    """The state of each item that there is or was, and its abonnee if that is paused, else ""."""
    rows = connection.execute(_HOW.encode(), {"items": list(items)}).fetchall()
    return {item: (state, paused) for item, state, paused in rows}


def hurry(session: Session, *, abonnee: str) -> None:
    """Let all that waits for an abonnee go now, and forget that it was in trouble; what is being sent goes once."""
    waiting = (Stream.abonnee == abonnee, Stream.due_at.is_not(None))
    # Two statements, because a claim that the lock waited for is visible only to the second.
    session.execute(select(Stream.id).where(*waiting).order_by(Stream.abonnee, Stream.sleutel).with_for_update())
    session.execute(
        update(Stream).where(*waiting, Stream.id.in_(_WAITING)).values(due_at=func.now()),
        execution_options={"synchronize_session": False},
    )
    session.execute(
        update(Receiver)
        .where(Receiver.abonnee == abonnee, Receiver.not_before.is_not(None))
        .values(not_before=func.now())
    )


_WAITING: Final = (
    select(Item.stream_id)
    .where(Item.stream_id == Stream.id, Item.sequence == Stream.open_sequence, Item.state == "waiting")
    .scalar_subquery()
)
"""The streams whose first open item waits: one that is being sent keeps its lease."""


def open_items(session: Session) -> int:
    """How many items are still on their way; what is held for a person is not."""
    query = select(func.count()).select_from(Item).where(Item.state.in_(("waiting", "sending")))
    return session.scalar(query) or 0


# In the order in which enqueue locks them, so that the two cannot deadlock.
_LOCK: Final = """
SELECT FROM outbox_stream
 WHERE id IN (SELECT stream_id FROM outbox_item WHERE id = ANY(%(items)s))
 ORDER BY abonnee, sleutel
   FOR UPDATE
"""

_RELEASE: Final = query("""
WITH changed AS (
    UPDATE outbox_item
       SET state = 'waiting', attempts = 0, first_attempt_at = NULL, next_attempt_at = {now},
           referentienummer = CASE WHEN %(anew)s THEN NULL ELSE referentienummer END,
           tijdstip_bericht = CASE WHEN %(anew)s THEN NULL ELSE tijdstip_bericht END,
           action = CASE WHEN %(anew)s THEN NULL ELSE action END,
           body = CASE WHEN %(anew)s THEN NULL ELSE body END,
           document_sha256 = CASE WHEN %(anew)s THEN NULL ELSE document_sha256 END,
           document_at = CASE WHEN %(anew)s THEN NULL ELSE document_at END
     WHERE id = ANY(%(items)s) AND state = ANY(%(states)s)
    RETURNING id, stream_id, sequence, state, attempts, referentienummer
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
    SELECT id, {now}, state, attempts, referentienummer, '', %(reason)s, %(door)s FROM changed
), stream AS (
    UPDATE outbox_stream s
       SET due_at = {now}
      FROM changed
     WHERE s.id = changed.stream_id AND s.open_sequence = changed.sequence
    RETURNING s.abonnee
), receiver AS (
    UPDATE outbox_receiver r
       SET not_before = {now}
      FROM (SELECT DISTINCT abonnee FROM stream) s
     WHERE r.abonnee = s.abonnee AND r.not_before > {now}
)
SELECT id FROM changed ORDER BY id
""")


_ANEW: Final = "opnieuw gemaakt, onder een nieuw nummer / made anew, under a new number"


def retry(
    connection: Connection,
    *,
    items: Sequence[int],
    door: str,
    states: Sequence[State] = ("waiting", "held"),
    anew: bool = False,
    now: datetime | None = None,
) -> list[int]:
    """Let items go now, with fresh patience; an item behind another one still waits its turn. Gives which did.

    `anew` forgets their stamp, so that they are rendered again and get a new number: for when the cause of a
    refusal lay with us (StUF 03.01 §4.4). An abonnee that is left alone is probed at once.
    """
    reason = _ANEW if anew else ""
    values = {
        "items": list(items),
        "door": door,
        "states": list(states),
        "anew": anew,
        "reason": reason,
        "now": now,
    }
    with connection.transaction():
        connection.execute(_LOCK, values)
        return [row[0] for row in connection.execute(_RELEASE, values).fetchall()]


def release(
    connection: Connection, *, items: Sequence[int], door: str, anew: bool = False, now: datetime | None = None
) -> list[int]:
    """Like retry, of what is held only."""
    return retry(connection, items=items, door=door, states=("held",), anew=anew, now=now)


_HOLD: Final = query("""
WITH changed AS (
    UPDATE outbox_item i
       SET state = 'held', reason = %(reason)s, code = 'held', next_attempt_at = NULL
      FROM outbox_stream s
     WHERE i.id = ANY(%(items)s) AND s.id = i.stream_id
       AND (i.state = 'waiting' OR (i.state = 'sending' AND s.due_at <= {now}))
    RETURNING i.id, i.stream_id, i.sequence, i.state, i.attempts, i.referentienummer, i.reason
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
    SELECT id, {now}, state, attempts, referentienummer, '', reason, %(door)s FROM changed
), stream AS (
    UPDATE outbox_stream s
       SET due_at = NULL, fence = s.fence + 1, unsettled = 0
      FROM changed
     WHERE s.id = changed.stream_id AND s.open_sequence = changed.sequence
)
SELECT id FROM changed ORDER BY id
""")


def hold(
    connection: Connection, *, items: Sequence[int], door: str, reason: str, now: datetime | None = None
) -> list[int]:
    """Stop items, and all behind them in their streams, until a person releases them. Gives which were stopped.

    What is being sent at this moment is not stopped.
    """
    values = {"items": list(items), "door": door, "reason": reason, "now": now}
    with connection.transaction():
        connection.execute(_LOCK, values)
        return [row[0] for row in connection.execute(_HOLD, values).fetchall()]


_SKIP: Final = query("""
WITH changed AS (
    UPDATE outbox_item i
       SET state = 'skipped', reason = %(reason)s, code = 'skipped', next_attempt_at = NULL
      FROM outbox_stream s
     WHERE i.id = ANY(%(items)s) AND s.id = i.stream_id
       AND (i.state IN ('waiting', 'held') OR (i.state = 'sending' AND s.due_at <= {now}))
    RETURNING i.id, i.stream_id, i.sequence = s.open_sequence AS first, i.state, i.attempts,
              i.referentienummer, i.reason
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
    SELECT id, {now}, state, attempts, referentienummer, '', reason, %(door)s FROM changed
)
SELECT id, stream_id, first FROM changed ORDER BY id
""")


def skip(
    connection: Connection, *, items: Sequence[int], door: str, reason: str, now: datetime | None = None
) -> list[int]:
    """Never send items; what is behind them in their streams goes on in order. Gives which were skipped.

    What is being sent at this moment is not skipped, nor is what was delivered.
    """
    values = {"items": list(items), "door": door, "reason": reason, "now": now}
    with connection.transaction():
        connection.execute(_LOCK, values)
        rows = connection.execute(_SKIP, values).fetchall()
        if first := [stream for _, stream, is_first in rows if is_first]:
            mend(connection, streams=first, now=now)
    return [row[0] for row in rows]
