"""Correct or withdraw a klantcontact that is here.

RGBZ 2.0 knows no history for a klantcontact: a correction replaces it (mutatiesoort C), a withdrawal takes it out
of the dossier (V). What it was stays beside it, so that each abonnee is told every change in order. A contact that
was not exchanged and now is goes out as new, one that was and now is not as withdrawn. The zaak of a contact that
was ever exchanged cannot be corrected: two zaken are two streams, where the correction could overtake or be
overtaken.

docs/mapping.md §1; StUF 03.01 §5.1; stuf-facts §4.1.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from stuf_klantcontact import journal, outbox, rgbz
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, judging, sending
from stuf_klantcontact.intake.about import VERWIJDER, WIJZIG, Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Done, Verdicts
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.outbox import Order


def correct(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take a wijzigKlantcontact: what it says takes the place of what was there."""
    settings = verdicts.settings
    rsin = settings.gateway.rsin
    opvoering = gfozaken.read(message.element)

    def judge(session: Session) -> tuple[rgbz.Klantcontact | None, judging.Judged, list[Finding]]:
        current = _present(session, message, rsin=rsin)
        zaak = rgbz.zaak_feiten(session, opvoering.zaakidentificatie, rsin=rsin)
        judged = judging.judge(
            opvoering,
            zaak,
            zender=message.received.zender,
            valid=message.valid,
            now=message.now,
            settings=settings,
        )
        wrong = [*findings, *judged.findings]
        if current is None:
            return current, judged, [*wrong, _unknown(message)]
        if current.zaak_id != (zaak.id if zaak else None) and rgbz.ever_exchanged(session, current):
            wrong.append(about.other_zaak("kc:zaakidentificatie"))
        return current, judged, wrong

    def look(session: Session) -> tuple[str, rgbz.ZaakFeiten | None, list[Finding]]:
        _, judged, wrong = judge(session)
        return opvoering.zaakidentificatie, judged.zaak, wrong

    inquiry = verdicts.asked(message, look)

    def work(session: Session) -> Done | list[Finding]:
        current, judged, wrong = judge(session)
        if wrong or current is None:
            return inquiry.explained(wrong, port=message.received.port)
        record, documenten = judging.record(
            opvoering, judged, identificatie=current.identificatie, now=message.now, settings=settings
        )
        was = (current.groep, current.effect)
        vervangen = rgbz.replace_klantcontact(session, current, record, documenten=documenten)
        told = outbox.told(session, current.identificatie)
        bron = journal.systeem(session, current.bericht_id)
        orders = sending.changes(
            current, vervangen, was=was, told=told, bron=bron, zaak=judged.zaak, settings=settings
        )
        return _done(message, current, orders, functie=WIJZIG, verdicts=verdicts)

    return verdicts.taken(message, work)


def withdraw(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take a verwijderKlantcontact; the zaak that it names, if any, must be that of the contact."""
    settings = verdicts.settings
    rsin = settings.gateway.rsin
    named = gfozaken.read(message.element).zaakidentificatie

    def work(session: Session) -> Done | list[Finding]:
        current = _present(session, message, rsin=rsin)
        if current is None:
            return [*findings, _unknown(message)]
        present = current.zaak.identificatie if current.zaak else ""
        wrong = [*findings, *([_not_there()] if named and named != present else [])]
        if wrong:
            return wrong
        zaak = rgbz.zaak_feiten(session, present, rsin=rsin) if present else None
        was = (current.groep, current.effect)
        vervangen = rgbz.withdraw_klantcontact(session, current)
        told = outbox.told(session, current.identificatie)
        bron = journal.systeem(session, current.bericht_id)
        orders = sending.changes(current, vervangen, was=was, told=told, bron=bron, zaak=zaak, settings=settings)
        return _done(message, current, orders, functie=VERWIJDER, verdicts=verdicts)

    return verdicts.taken(message, work)


def _done(
    message: Message, current: rgbz.Klantcontact, orders: Sequence[Order], *, functie: str, verdicts: Verdicts
) -> Done:
    antwoord = verdicts.answers.accepted(
        message.header,
        current,
        port=message.received.port,
        now=message.now,
        functie=functie,
        meldingen=message.meldingen,
    )
    return Done(antwoord, [*orders, *verdicts.processed(message, current, functie=functie)])


def _not_there() -> Finding:
    """The klantcontact that is to be withdrawn is at another zaak, or at none."""
    return about.standard(
        Fout.StUF058,
        "kc:zaakidentificatie",
        nl="Dit klantcontact hoort niet bij deze zaak: noem zijn eigen zaak, of laat kc:zaakidentificatie weg.",
        en="This klantcontact is not at this zaak: name its own zaak, or leave kc:zaakidentificatie out.",
    )


def _present(session: Session, message: Message, *, rsin: str) -> rgbz.Klantcontact | None:
    identificatie = gfozaken.klantcontactidentificatie(message.element)
    current = rgbz.lock_klantcontact(session, identificatie, rsin=rsin)
    return None if current is None or current.ingetrokken else current


def _unknown(message: Message) -> Finding:
    return about.standard(
        Fout.StUF064,
        "kc:klantcontactidentificatie",
        value=gfozaken.klantcontactidentificatie(message.element)[:14],
        nl="Gebruik de klantcontactidentificatie uit het antwoord op voegKlantcontactToe; een ingetrokken "
        "klantcontact kan niet meer worden gewijzigd.",
        en="Use the klantcontactidentificatie from the answer to voegKlantcontactToe; a withdrawn klantcontact can "
        "be changed no longer.",
    )
