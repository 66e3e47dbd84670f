"""Take a voegKlantcontactToe: the way of nearly every message, in two statements.

One reads the facts, one writes the journal, the record and the outbox. Should the zaak have changed or the same
message (or, of a guarded zender, a later one) have been accepted in between, the second writes nothing and the
message is judged again; so it is, with the next number, when its number was taken by a klantcontact that came from
elsewhere.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import psycopg

from stuf_klantcontact import journal, outbox, rgbz
from stuf_klantcontact.intake import about, judging, sending, volgorde
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import AGAIN, TRIES, Verdicts
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.opvoering import Opvoering
from stuf_klantcontact.store import Connection, Statement
from stuf_klantcontact.tijdstip import AMSTERDAM

_FACTS: Final = Statement(
    f"SELECT {rgbz.FACTS}, {rgbz.NUMMER}, {journal.PREVIOUS} FROM {rgbz.FACTS_FROM} {journal.PREVIOUS_FROM}"
)
_FACTS_GUARDED: Final = Statement(
    f"SELECT {rgbz.FACTS}, {rgbz.NUMMER}, {journal.PREVIOUS}, {journal.KLOK} "
    f"FROM {rgbz.FACTS_FROM} {journal.PREVIOUS_FROM} {journal.KLOK_FROM}"
)

_ZAAK_UNCHANGED: Final = (
    "%(zaak_id)s::bigint IS NULL OR EXISTS (SELECT FROM zaak WHERE id = %(zaak_id)s AND versie = %(versie)s)"
)
_ENQUEUE: Final = outbox.ENQUEUE.replace("%(orders)s::jsonb", "(SELECT %(orders)s::jsonb FROM bericht_nieuw)")


@cache
def _accept(*, guarded: bool, documenten: bool, inhouden: bool, orders: bool) -> Statement:
    """The one statement that writes an accepted klantcontact and all that comes with it."""
    condition = f"({_ZAAK_UNCHANGED}) AND {journal.TICKED}" if guarded else _ZAAK_UNCHANGED
    parts = [journal.INSERT.format(condition=condition), rgbz.INSERT]
    if guarded:
        parts.insert(0, journal.TICK)
    # Each table that a statement names costs time, even when nothing goes into it.
    if inhouden:
        parts.append(rgbz.INSERT_INHOUDEN)
    if documenten:
        parts.append(rgbz.INSERT_DOCUMENTEN)
    if orders:
        parts.append(_ENQUEUE)
    return Statement("WITH " + ", ".join(parts) + " SELECT id FROM bericht_nieuw")


def take(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Judge and write a voegKlantcontactToe; `findings` is what is wrong with it so far."""
    opvoering = gfozaken.read(message.element)
    parameters: dict[str, Any] = {
        "zaak": opvoering.zaakidentificatie,
        "rsin": verdicts.settings.gateway.rsin,
        "systeem": message.header.zender.sleutel,
        "referentienummer": message.header.referentienummer,
    }
    guarded = volgorde.of(message, settings=verdicts.settings)
    if guarded is not None:
        parameters |= journal.klok_parameters(guarded)
    inquiry = verdicts.inquiry(message)
    for _ in range(TRIES):
        with verdicts.database.connection() as connection:
            row = (_FACTS if guarded is None else _FACTS_GUARDED).row(connection, parameters)
            if row is None:
                raise LookupError("a SELECT from one row gave none")
            previous = journal.previous(row)
            outcome = None
            if previous is None and verdicts.late(message):
                return verdicts.refuse(message, [about.too_late()])
            if previous is None:
                try:
                    outcome = _settle(message, opvoering, row, findings, verdicts=verdicts, connection=connection)
                except AGAIN:
                    continue
        # What follows takes a connection of its own: nobody holds one while waiting for another.
        if previous is not None:
            return verdicts.again(message, previous)
        if isinstance(outcome, Answer):
            return outcome
        if outcome is not None and not inquiry.made_about(
            opvoering.zaakidentificatie, rgbz.facts(row), findings=outcome
        ):
            return verdicts.refuse(message, inquiry.explained(outcome, port=message.received.port))
    raise TimeoutError(f"the zaak changed {TRIES} times while a message was judged")


def _settle(
    message: Message,
    opvoering: Opvoering,
    row: Mapping[str, Any],
    findings: Sequence[Finding],
    *,
    verdicts: Verdicts,
    connection: Connection,
) -> Answer | list[Finding] | None:
    """Judge by these facts: what is wrong, or the answer once it is written; None when they no longer held."""
    settings = verdicts.settings
    zaak = rgbz.facts(row)
    judged = judging.judge(
        opvoering, zaak, zender=message.received.zender, valid=message.valid, now=message.now, settings=settings
    )
    wrong = [*findings, *judged.findings]
    if row.get("te_vroeg"):
        wrong.append(volgorde.too_early(message))
    if wrong:
        return wrong
    identificatie = rgbz.klantcontactidentificatie(row["nummer"], moment=message.now.astimezone(AMSTERDAM))
    record, documenten = judging.record(
        opvoering, judged, identificatie=identificatie, now=message.now, settings=settings
    )
    orders = [
        *sending.orders(record, documenten, zaak=zaak, settings=settings),
        *sending.mails(record, opvoering, zaak=zaak, melding=judged.policy.melding, settings=settings),
        *verdicts.processed(message, record),
    ]
    body = verdicts.answers.accepted(
        message.header, record, port=message.received.port, now=message.now, meldingen=message.meldingen
    )
    parameters = {
        **message.journal,
        **rgbz.parameters(record, documenten=documenten),
        "versie": zaak.versie if zaak else None,
        "orders": outbox.enqueue_parameter(orders),
        "verdict": "accepted",
        "code": "",
        "rules": message.forgiven,
        "antwoord": body,
    }
    guarded = volgorde.of(message, settings=settings)
    statement = _accept(
        guarded=guarded is not None,
        documenten=bool(documenten),
        inhouden=bool(parameters["inhouden"]),
        orders=bool(orders),
    )
    if guarded is None:
        return Answer(body=body) if statement.row(connection, parameters) else None
    # When nothing was written the clock must not have moved either.
    with connection.transaction() as transaction:
        if statement.row(connection, parameters | journal.klok_parameters(guarded)):
            return Answer(body=body)
        raise psycopg.Rollback(transaction)
    return None
