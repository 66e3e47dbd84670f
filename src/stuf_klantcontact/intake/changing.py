"""Correct or withdraw a klantcontact that is here.

RGBZ 2.0 knows no history for a klantcontact: a correction replaces it (mutatiesoort C), a withdrawal takes it out
of the dossier (V). What it was stays beside it, so that each abonnee is told every change in order. A contact that
was not exchanged and now is goes out as new, one that was and now is not as withdrawn. The zaak of a contact that
was exchanged cannot be corrected: two zaken are two streams, where the correction could overtake or be overtaken.

docs/mapping.md §1; StUF 03.01 §5.1; stuf-facts §4.1.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, judging, sending
from stuf_klantcontact.intake.about import VERWIJDER, WIJZIG, Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Verdicts
from stuf_klantcontact.mapping import gfozaken


def correct(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take a wijzigKlantcontact: what it says takes the place of what was there."""
    settings = verdicts.settings
    rsin = settings.gateway.rsin
    opvoering = gfozaken.read(message.element)
    inquiry = verdicts.inquiry(message)
    if inquiry.ask is not None:
        with verdicts.database.session() as looking:
            zaak = rgbz.zaak_feiten(looking, opvoering.zaakidentificatie, rsin=rsin)
        inquiry.made_about(opvoering.zaakidentificatie, zaak)

    def work(session: Session) -> bytes | list[Finding]:
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
            return [*wrong, _unknown(message)]
        if current.effect == "uitgewisseld" and current.zaak_id != (zaak.id if zaak else None):
            wrong.append(about.other_zaak("kc:zaakidentificatie"))
        if wrong:
            return inquiry.explained(wrong, port=message.received.port)
        record, documenten = judging.record(
            opvoering, judged, identificatie=current.identificatie, now=message.now, settings=settings
        )
        was = (current.groep, current.effect)
        vervangen = rgbz.replace_klantcontact(session, current, record, documenten=documenten)
        orders = sending.changes(current, vervangen, was=was, zaak=zaak, settings=settings)
        outbox.enqueue(session, [*orders, *verdicts.processed(message, current, functie=WIJZIG)])
        return verdicts.answers.accepted(
            message.header,
            current,
            port=message.received.port,
            now=message.now,
            functie=WIJZIG,
            meldingen=message.meldingen,
        )

    return verdicts.taken(message, work)


def withdraw(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take a verwijderKlantcontact."""
    settings = verdicts.settings
    rsin = settings.gateway.rsin

    def work(session: Session) -> bytes | list[Finding]:
        current = _present(session, message, rsin=rsin)
        if current is None or findings:
            return [*findings, *([_unknown(message)] if current is None else [])]
        zaak = rgbz.zaak_feiten(session, current.zaak.identificatie, rsin=rsin) if current.zaak else None
        was = (current.groep, current.effect)
        vervangen = rgbz.withdraw_klantcontact(session, current)
        orders = sending.changes(current, vervangen, was=was, zaak=zaak, settings=settings)
        outbox.enqueue(session, [*orders, *verdicts.processed(message, current, functie=VERWIJDER)])
        return verdicts.answers.accepted(
            message.header,
            current,
            port=message.received.port,
            now=message.now,
            functie=VERWIJDER,
            meldingen=message.meldingen,
        )

    return verdicts.taken(message, work)


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
