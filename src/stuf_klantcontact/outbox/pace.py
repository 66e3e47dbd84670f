"""No faster than an abonnee may be sent to: claim as many items as there are slots, over all machines.

Slots lie 60 / per_minuut seconds apart on the clock of the database. What was not used is lost, but for a
second's worth: so a worker that looks a little late still gets them all, and nobody gets a minute's worth at once.
No claim ever leaves the next slot more than one interval away, so one that is further was made on a clock that has
been put back since, or at a slower pace: it counts as now.
An abonnee without a pace pays nothing for those that have one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from stuf_klantcontact.outbox.moment import query
from stuf_klantcontact.outbox.queue import Claim, claim
from stuf_klantcontact.store import Connection

MINUTE: Final = 60.0
SAVED: Final = timedelta(seconds=1)
"""How long a slot that was not used keeps."""


@dataclass(frozen=True, slots=True)
class Paced:
    """What was claimed, and for how many seconds there is no slot (0: only what is due decides)."""

    claims: list[Claim]
    wait: float


_FIRST: Final = query("""
INSERT INTO outbox_receiver (abonnee, failures, reason, since) VALUES (%(abonnee)s, 0, '', {now})
ON CONFLICT (abonnee) DO NOTHING
""")
# Who claims for the same abonnee elsewhere waits here for the end of this transaction; no one else does.
_LOCK: Final = query("""
SELECT {now}, next_slot
  FROM outbox_receiver
 WHERE abonnee = %(abonnee)s
   FOR UPDATE
""")
_USED: Final = "UPDATE outbox_receiver SET next_slot = %(slot)s WHERE abonnee = %(abonnee)s"


def claim_at_pace(
    connection: Connection,
    *,
    abonnee: str,
    limit: int,
    lease: float,
    per_minuut: int,
    now: datetime | None = None,
) -> Paced:
    """Like claim, of an abonnee that is sent at most `per_minuut` items a minute (0: as many as it takes).

    A slot is used by what is claimed: an abonnee that is paused, left alone or has nothing due uses none.
    """
    if not per_minuut:
        return Paced(claim(connection, abonnee=abonnee, limit=limit, lease=lease, now=now), 0.0)
    apart = timedelta(seconds=MINUTE / per_minuut)
    with connection.transaction():
        moment, slot = _slot(connection, {"abonnee": abonnee, "now": now})
        if slot - moment > apart:
            slot = moment
        slot = max(slot, moment - max(timedelta(0), SAVED - apart))
        if slot > moment:
            return Paced([], (slot - moment).total_seconds())
        slots = (moment - slot) // apart + 1
        claims = claim(connection, abonnee=abonnee, limit=min(limit, slots), lease=lease, now=now)
        if not claims:
            return Paced([], 0.0)
        slot += len(claims) * apart
        connection.execute(_USED, {"abonnee": abonnee, "slot": slot})
    return Paced(claims, max(0.0, (slot - moment).total_seconds()))


def _slot(connection: Connection, values: dict[str, object]) -> tuple[datetime, datetime]:
    """The moment, and that of the next slot: now, when there was none yet."""
    row = connection.execute(_LOCK, values).fetchone()
    if row is None:
        connection.execute(_FIRST, values)
        row = connection.execute(_LOCK, values).fetchone()
    if row is None:
        raise AssertionError("a row that was just inserted")
    return row[0], row[0] if row[1] is None else row[1]
