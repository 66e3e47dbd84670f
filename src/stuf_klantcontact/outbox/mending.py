"""Streams whose first open item cannot be sent: let them say so, and hold what never comes to an outcome."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from stuf_klantcontact.outbox.moment import query
from stuf_klantcontact.store import Connection

MOST_LOST: Final = 5
"""Attempts in a row without any outcome, after which an item is held: it may be what ends its worker."""

CODE: Final = "geen uitkomst"
REASON: Final = (
    f"{MOST_LOST} keer begonnen, nooit afgemaakt: het proces dat dit verzond viel weg of liep vast, zie zijn log / "
    f"begun {MOST_LOST} times, never finished: the process that sent it was lost or got stuck, see its log"
)

_log = logging.getLogger(__name__)

# Two statements, because what the row lock waited for is visible only to the second.
_MEND_LOCK: Final = "SELECT FROM outbox_stream WHERE id = ANY(%(streams)s) ORDER BY abonnee, sleutel FOR UPDATE"
_MEND: Final = query("""
UPDATE outbox_stream s
   SET open_sequence = head.sequence, fence = s.fence + 1, unsettled = 0,
       due_at = CASE WHEN head.state IN ('waiting', 'sending') THEN {now} END
  FROM outbox_stream o
  LEFT JOIN LATERAL (
       SELECT sequence, state
         FROM outbox_item
        WHERE stream_id = o.id AND sequence >= o.open_sequence AND state IN ('waiting', 'sending', 'held')
        ORDER BY sequence
        LIMIT 1
  ) head ON true
 WHERE o.id = ANY(%(streams)s) AND s.id = o.id
""")
_HOLD_LOST: Final = query("""
WITH changed AS (
    UPDATE outbox_item i
       SET state = 'held', code = %(code)s, reason = %(reason)s, next_attempt_at = NULL
      FROM outbox_stream s
     WHERE s.id = ANY(%(streams)s) AND s.unsettled > %(most)s
       AND i.stream_id = s.id AND i.sequence = s.open_sequence AND i.state = 'sending'
    RETURNING i.id, i.attempts, i.referentienummer
)
INSERT INTO outbox_event (item_id, at, state, attempt, referentienummer, code, reason, door)
SELECT id, {now}, 'held', attempts, referentienummer, %(code)s, %(reason)s, '' FROM changed
RETURNING item_id
""")


def mend(connection: Connection, *, streams: Sequence[int], now: datetime | None) -> None:
    """Let streams whose first open item cannot be sent (a person held or skipped it, say) say so themselves.

    An item that was claimed once more than MOST_LOST times without any outcome is held here.
    """
    with connection.transaction():
        connection.execute(_MEND_LOCK, {"streams": streams})
        lost = connection.execute(
            _HOLD_LOST, {"streams": streams, "most": MOST_LOST, "code": CODE, "reason": REASON, "now": now}
        ).fetchall()
        connection.execute(_MEND, {"streams": streams, "now": now})
    for (item,) in lost:
        _log.error("held, %d attempts without an outcome item=%d", MOST_LOST, item)
