"""Into the outbox: the SQL that intake runs inside its one statement."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy.orm import Session

from stuf_klantcontact.outbox.tables import EVERY_ITEM

MAIL: Final = "mail"
"""The abonnee of everything that goes by mail; its sleutel is the address."""

ZENDER: Final = "zender:"
"""Begins the abonnee of what goes back to a zender."""

Soort = Literal["klcLk01", "klcSa01", "iobLk01", "edcLk01", "mail", "Bv01", "Du01", "Fo01"]
"""edcLk01 is a zaakdocument, in whichever message its receiver wants it: a document, or else the contactverslag."""
Mutatiesoort = Literal["T", "C", "V"]


@dataclass(frozen=True, slots=True)
class Order:
    """One message to send. Orders of one stream leave in the order in which they are given.

    `concept` is the message itself, but for its number and moment, when nothing else tells what it says.
    `cross_refnummer` is the referentienummer of the message that a klcSa01 answers. `elders` are keys of streams:
    it goes into the first of them in which something is open, and into that of `sleutel` when there is none.
    """

    abonnee: str
    sleutel: str
    soort: Soort
    klantcontact: str
    document: str | None = None
    mutatiesoort: Mutatiesoort = "T"
    versie: int = 1
    concept: str | None = None
    cross_refnummer: str = ""
    elders: tuple[str, ...] = ()


def enqueue_parameter(orders: Iterable[Order]) -> str:
    """Write orders as the value of ``%(orders)s`` in ENQUEUE; none at all is fine."""
    return json.dumps(
        [
            {
                "abonnee": order.abonnee,
                "sleutel": order.sleutel,
                "elders": order.elders or None,
                "soort": order.soort,
                "klantcontact": order.klantcontact,
                "document": order.document,
                "mutatiesoort": order.mutatiesoort,
                "versie": order.versie,
                "concept": order.concept,
                "cross_refnummer": order.cross_refnummer,
            }
            for order in orders
        ]
    )


# The upsert locks the stream row until COMMIT, so sequences rise in commit order. Streams are locked in one
# order everywhere, so two messages about the same zaken cannot deadlock here.
ENQUEUE: Final = """
outbox_order AS (
    SELECT *, row_number() OVER (PARTITION BY abonnee, sleutel ORDER BY given) AS place,
           count(*) OVER (PARTITION BY abonnee, sleutel) AS places
      FROM (
           SELECT o.abonnee, o.soort, o.klantcontact, o.document, o.mutatiesoort, o.versie, o.concept,
                  o.cross_refnummer, o.given,
                  coalesce(CASE WHEN o.elders IS NOT NULL THEN (
                      SELECT s.sleutel
                        FROM outbox_stream s
                       WHERE s.abonnee = o.abonnee AND s.sleutel = ANY(o.elders) AND s.open_sequence IS NOT NULL
                       ORDER BY array_position(o.elders, s.sleutel)
                       LIMIT 1
                  ) END, o.sleutel) AS sleutel
             FROM ROWS FROM (
                      jsonb_to_recordset(%(orders)s::jsonb)
                      AS (abonnee text, sleutel text, elders text[], soort text, klantcontact text, document text,
                          mutatiesoort text, versie bigint, concept text, cross_refnummer text)
                  ) WITH ORDINALITY AS o(abonnee, sleutel, elders, soort, klantcontact, document, mutatiesoort,
                                       versie, concept, cross_refnummer, given)
           ) o
), outbox_locked AS (
    INSERT INTO outbox_stream AS s (abonnee, sleutel, last_sequence, open_sequence, due_at, fence)
    SELECT abonnee, sleutel, places, 1, now(), 0
      FROM outbox_order
     WHERE place = 1
     ORDER BY abonnee, sleutel
    ON CONFLICT (abonnee, sleutel) DO UPDATE
       SET last_sequence = s.last_sequence + excluded.last_sequence,
           open_sequence = coalesce(s.open_sequence, s.last_sequence + 1),
           due_at = CASE WHEN s.open_sequence IS NULL THEN excluded.due_at ELSE s.due_at END
    RETURNING s.id, s.abonnee, s.sleutel, s.last_sequence
), outbox_enqueued AS (
    INSERT INTO outbox_item (stream_id, sequence, soort, klantcontact, document, mutatiesoort, versie, concept,
                             cross_refnummer, state, enqueued_at, next_attempt_at, attempts, code, reason)
    SELECT s.id, s.last_sequence - o.places + o.place, o.soort, o.klantcontact, o.document, o.mutatiesoort,
           o.versie, o.concept, o.cross_refnummer, 'waiting', now(), now(), 0, '', ''
      FROM outbox_order o
      JOIN outbox_locked s USING (abonnee, sleutel)
     ORDER BY o.given
    RETURNING id
)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What an abonnee has of a klantcontact, by the last that was sent of it, and the key of the stream it is in.

    `present` has the identificaties of documents, and None for the contact itself; so has `ordered`, of all that
    there ever was something to send of, sent or skipped.
    """

    sleutel: str
    present: frozenset[str | None]
    ordered: frozenset[str | None]


_TOLD: Final = f"""
SELECT DISTINCT ON (s.abonnee, i.document, i.state = 'skipped')
       s.abonnee, i.id, s.sleutel, i.document, i.mutatiesoort, i.state = 'skipped'
  FROM {EVERY_ITEM} i
  JOIN outbox_stream s ON s.id = i.stream_id
 WHERE i.klantcontact = %(klantcontact)s AND i.soort IN ('klcLk01', 'klcSa01', 'iobLk01', 'edcLk01')
 ORDER BY s.abonnee, i.document, i.state = 'skipped', i.id DESC
"""


def told(session: Session, klantcontact: str) -> Mapping[str, Told]:
    """Which abonnees were told of a klantcontact, and what they have of it, whatever their settings are now."""
    found: dict[str, Told] = {}
    rows = session.connection().exec_driver_sql(_TOLD, {"klantcontact": klantcontact}).all()
    # A resync may have moved it to another stream: the last one counts.
    for abonnee, _, sleutel, document, mutatiesoort, skipped in sorted(rows, key=lambda row: (row[0], row[1])):
        if skipped:  # by a person, so it was never sent
            continue
        known = found.get(abonnee)
        present = (known.present if known else frozenset()) | ({document} if mutatiesoort != "V" else set())
        ordered = known.ordered if known else frozenset(row[3] for row in rows if row[0] == abonnee)
        found[abonnee] = Told(sleutel, present, ordered)
    return found


def enqueue(session: Session, orders: Iterable[Order]) -> list[int]:
    """Add orders in the transaction of a session; the ids of the items that they became, in their order."""
    rows = session.connection().exec_driver_sql(
        f"WITH {ENQUEUE} SELECT id FROM outbox_enqueued ORDER BY id", {"orders": enqueue_parameter(orders)}
    )
    return list(rows.scalars())
