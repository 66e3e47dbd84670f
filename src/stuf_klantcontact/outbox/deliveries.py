"""Settle what was delivered together: several items of one abonnee, in one statement.

A commit waits for the disk; what was delivered meanwhile need not do so one by one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from stuf_klantcontact.outbox.moment import MOMENT
from stuf_klantcontact.outbox.queue import Claim, Settled
from stuf_klantcontact.store import Connection, Statement

# Streams are locked in the order in which enqueue locks them, so that the two cannot deadlock. What the lock waited
# for is seen by the UPDATE, which takes the row as it is then.
DELIVER: Final = f"""
given AS (
    SELECT *
      FROM unnest(%(items)s::bigint[], %(streams)s::bigint[], %(fences)s::bigint[], %(codes)s::text[])
           AS g(item, stream, fence, code)
), mine AS (
    SELECT s.id, g.item, g.code
      FROM outbox_stream s
      JOIN given g ON g.stream = s.id
     WHERE s.fence = g.fence AND s.due_at > {MOMENT}
     ORDER BY s.abonnee, s.sleutel
       FOR NO KEY UPDATE OF s
), stream AS (
    UPDATE outbox_stream s
       SET fence = fence + 1, unsettled = 0,
           open_sequence = CASE WHEN open_sequence < last_sequence THEN open_sequence + 1 END,
           due_at = CASE WHEN open_sequence < last_sequence THEN {MOMENT} END,
           delivered_at = {MOMENT}
      FROM mine
     WHERE s.id = mine.id
), event AS (
    INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
    SELECT i.id, {MOMENT}, 'delivered', i.attempts, i.referentienummer, mine.code, '', ''
      FROM outbox_item i
      JOIN mine ON i.id = mine.item AND i.stream_id = mine.id
), item AS (
    UPDATE outbox_item i
       SET state = 'delivered', code = mine.code, reason = '', next_attempt_at = NULL, delivered_at = {MOMENT}
      FROM mine
     WHERE i.id = mine.item AND i.stream_id = mine.id
    RETURNING i.id
), receiver AS (
    UPDATE outbox_receiver r
       SET failures = 0, not_before = NULL, reason = ''
      FROM outbox_receiver was
     WHERE r.abonnee = %(abonnee)s AND was.abonnee = r.abonnee
       AND (r.failures > 0 OR r.not_before IS NOT NULL)
    RETURNING was.not_before
)
"""
"""The CTEs of outbox.SETTLE for what was delivered; `delivering` has its parameters.

DELIVERED reads what came of it.
"""

DELIVERED: Final = """
SELECT ARRAY(SELECT id FROM item) AS accepted,
       EXISTS (SELECT FROM receiver WHERE not_before IS NOT NULL) AS recovered
"""

_DELIVER: Final = Statement(f"WITH {DELIVER} {DELIVERED}")


def settle_delivered(
    connection: Connection, claims: Sequence[Claim], *, codes: Sequence[str], now: datetime | None = None
) -> list[Settled]:
    """Like outbox.settle, of several items of one abonnee that were all delivered; in their order."""
    return delivered(_DELIVER.row(connection, delivering(claims, codes=codes, now=now)), claims)


def delivering(claims: Sequence[Claim], *, codes: Sequence[str], now: datetime | None = None) -> dict[str, Any]:
    """The parameters of DELIVER, as `settle_delivered` takes them."""
    return {
        "items": [claim.item for claim in claims],
        "streams": [claim.stream for claim in claims],
        "fences": [claim.fence for claim in claims],
        "codes": list(codes),
        "abonnee": claims[0].abonnee,
        "now": now,
    }


def delivered(row: Mapping[str, Any] | None, claims: Sequence[Claim]) -> list[Settled]:
    """Read DELIVERED of the row that a statement with DELIVER gives."""
    if row is None:
        raise AssertionError("a select that returns nothing")
    return [Settled(accepted=claim.item in row["accepted"], recovered=row["recovered"]) for claim in claims]
