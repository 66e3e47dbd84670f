"""What an item gets once and keeps: its moments, its stamp when many get one, and the number of its zaakdocument.

StUF 03.01 §4.3: tijdstipBericht rises strictly over all messages of a system.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from stuf_klantcontact.outbox.moment import MOMENT, query
from stuf_klantcontact.outbox.queue import Claim, Stamp
from stuf_klantcontact.outbox.tables import EVERY_ITEM
from stuf_klantcontact.store import Connection, Statement
from stuf_klantcontact.tijdstip import AMSTERDAM, MILLISECOND

_COUNT: Final = "%(count)s::int * interval '1 millisecond'"
_TICKED: Final = f"(date_trunc('milliseconds', {MOMENT}) + {_COUNT} - interval '1 millisecond')"

_TICK: Final = query("""
INSERT INTO outbox_clock AS c (id, last, lokaal)
VALUES (1, date_trunc('milliseconds', {now}), date_trunc('milliseconds', {now}) AT TIME ZONE 'Europe/Amsterdam')
ON CONFLICT (id) DO UPDATE
   SET last = greatest(excluded.last, c.last + interval '1 millisecond'),
       lokaal = greatest(excluded.lokaal, c.lokaal + interval '1 millisecond')
RETURNING last, lokaal
""")


def next_tijdstip(connection: Connection, *, now: datetime | None = None) -> datetime:
    """The next tijdstipBericht: now, or a millisecond after the last one that any process was given."""
    return _tick(connection, now)[0]


def next_tijdstip_0301(connection: Connection, *, now: datetime | None = None) -> tuple[datetime, datetime]:
    """The next tijdstipBericht, and the same as StUF 03.01 writes it: in Dutch local time, which must rise as well.

    When summer time ends an hour of local time comes twice. In its second coming the local time goes on by
    milliseconds from the last of the first, until the clock has overtaken it (StUF 03.01 §4.3.2).
    """
    moment, lokaal = _tick(connection, now)
    return moment, lokaal.replace(tzinfo=AMSTERDAM)


_TICKS: Final = Statement(f"""
INSERT INTO outbox_clock AS c (id, last, lokaal)
VALUES (1, {_TICKED}, {_TICKED} AT TIME ZONE 'Europe/Amsterdam')
ON CONFLICT (id) DO UPDATE
   SET last = greatest(excluded.last, c.last + {_COUNT}), lokaal = greatest(excluded.lokaal, c.lokaal + {_COUNT})
RETURNING last, lokaal
""")


def next_tijdstippen(
    connection: Connection, *, count: int, now: datetime | None = None
) -> list[tuple[datetime, datetime]]:
    """The next so many, at once, each as next_tijdstip_0301 gives it."""
    row = _TICKS.row(connection, {"count": count, "now": now})
    if row is None:
        raise AssertionError("an upsert that returns nothing")
    back = [place * MILLISECOND for place in reversed(range(count))]
    return [(row["last"] - less, (row["lokaal"] - less).replace(tzinfo=AMSTERDAM)) for less in back]


def _tick(connection: Connection, now: datetime | None) -> tuple[datetime, datetime]:
    row = connection.execute(_TICK, {"now": now}).fetchone()
    if row is None:
        raise AssertionError("an upsert that returns nothing")
    return row[0], row[1]


# Streams are locked in the order in which enqueue locks them, so that the two cannot deadlock.
_STAMPS: Final = Statement(f"""
WITH given AS (
    SELECT *
      FROM unnest(%(items)s::bigint[], %(streams)s::bigint[], %(fences)s::bigint[], %(numbers)s::text[],
                  %(moments)s::timestamptz[], %(actions)s::text[], %(bodies)b::bytea[])
           AS g(item, stream, fence, referentienummer, tijdstip, action, body)
), mine AS (
    SELECT s.id, g.item
      FROM outbox_stream s
      JOIN given g ON g.stream = s.id
     WHERE s.fence = g.fence AND s.due_at > {MOMENT}
     ORDER BY s.abonnee, s.sleutel
       FOR NO KEY UPDATE OF s
)
UPDATE outbox_item i
   SET referentienummer = g.referentienummer, tijdstip_bericht = g.tijdstip, action = g.action, body = g.body
  FROM given g
  JOIN mine USING (item)
 WHERE i.id = g.item AND i.stream_id = mine.id AND i.body IS NULL
RETURNING i.id
""")


def stamp_all(
    connection: Connection, stamps: Sequence[tuple[Claim, Stamp]], *, now: datetime | None = None
) -> frozenset[int]:
    """Like outbox.stamp, of many at once and without documents; gives the items that may be sent."""
    rows = _STAMPS.rows(
        connection,
        {
            "items": [claim.item for claim, _ in stamps],
            "streams": [claim.stream for claim, _ in stamps],
            "fences": [claim.fence for claim, _ in stamps],
            "numbers": [stamp.referentienummer for _, stamp in stamps],
            "moments": [stamp.tijdstip for _, stamp in stamps],
            "actions": [stamp.action for _, stamp in stamps],
            "bodies": [stamp.body for _, stamp in stamps],
            "now": now,
        },
    )
    return frozenset(row["id"] for row in rows)


_NUMBER: Final = query("""
WITH mine AS (
    SELECT id
      FROM outbox_stream
     WHERE id = %(stream)s AND fence = %(fence)s AND due_at > {now}
       FOR NO KEY UPDATE
)
UPDATE outbox_item
   SET documentidentificatie = %(documentidentificatie)s
  FROM mine
 WHERE outbox_item.id = %(item)s AND outbox_item.stream_id = mine.id AND documentidentificatie IS NULL
""")


def keep_number(
    connection: Connection, claim: Claim, *, documentidentificatie: str, now: datetime | None = None
) -> bool:
    """Keep the number of the zaakdocument that an item brings, for ever. False: the lease was lost."""
    values = {"stream": claim.stream, "fence": claim.fence, "item": claim.item, "now": now}
    cursor = connection.execute(_NUMBER, {**values, "documentidentificatie": documentidentificatie})
    return cursor.rowcount == 1


_PREVIOUS_NUMBER: Final = f"""
SELECT i.documentidentificatie
  FROM {EVERY_ITEM} i
  JOIN outbox_stream s ON s.id = i.stream_id
 WHERE s.abonnee = %(abonnee)s AND i.klantcontact = %(klantcontact)s AND i.id < %(item)s
   AND i.document IS NOT DISTINCT FROM %(document)s AND i.documentidentificatie IS NOT NULL
   AND i.state <> 'skipped'
 ORDER BY i.id DESC
 LIMIT 1
"""


def previous_number(connection: Connection, claim: Claim) -> str:
    """The number under which this abonnee got the document, or the verslag, before; empty when it did not."""
    values = {"abonnee": claim.abonnee, "klantcontact": claim.klantcontact, "item": claim.item}
    row = connection.execute(_PREVIOUS_NUMBER, {**values, "document": claim.document}).fetchone()
    return "" if row is None else str(row[0])
