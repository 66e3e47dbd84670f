"""Take a document from a system that speaks KLC itself: alone, or as a change of the contacts it belongs to.

A document comes before the contact that refers to it, and waits for it here. Once it belongs to a contact, a change
of it is a new version of that contact, so that a message about the document as it was can still be made.

StUF 03.01 §5.1 and §5.2; stuf-facts §4, §5.1 and §10.5; docs/mapping.md §7.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from stuf_klantcontact import journal, outbox, rgbz
from stuf_klantcontact.intake import in_klc, sending
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Done, Verdicts
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import InformatieobjectGegevens, Kennisgeving
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.tijdstip import AMSTERDAM


def document(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take iobLk01 or iobLk02."""
    if findings:
        return verdicts.reject(message, findings)
    kennisgeving = zkn0320.read_iob(message.element)
    huidig = kennisgeving.huidig or kennisgeving.oud
    if huidig is None:
        return verdicts.reject(message, [in_klc.without_object()])
    wrong = in_klc.not_one(kennisgeving) + in_klc.other_zaken(huidig)
    if wrong := wrong or in_klc.strange_zaak("zkn:isBekendBij", huidig.zaak, settings=verdicts.settings):
        return verdicts.reject(message, wrong)

    def look(session: Session) -> tuple[str, rgbz.ZaakFeiten | None, list[Finding]] | None:
        rsin = verdicts.settings.gateway.rsin
        if huidig.zaak is None or rgbz.zaak_feiten(session, huidig.zaak.identificatie, rsin=rsin) is not None:
            return None
        wrong = _document(session, message, kennisgeving, huidig, settings=verdicts.settings, orders=[])
        return huidig.zaak.identificatie, None, wrong

    inquiry = verdicts.asked(message, look)

    def work(session: Session) -> Done | list[Finding]:
        orders: list[Order] = []
        wrong = _document(session, message, kennisgeving, huidig, settings=verdicts.settings, orders=orders)
        if wrong:
            return inquiry.explained(wrong, port=message.received.port)
        return Done(verdicts.confirmed(message), orders)

    return verdicts.taken(message, work)


def _document(
    session: Session,
    message: Message,
    kennisgeving: Kennisgeving[InformatieobjectGegevens],
    huidig: InformatieobjectGegevens,
    *,
    settings: Settings,
    orders: list[Order],
) -> list[Finding]:
    """Write what it says, and add to `orders` what must be sent; or what is wrong with it."""
    stored = rgbz.lock_informatieobjecten(session, huidig.identificatie, bronorganisatie=huidig.bronorganisatie)
    if kennisgeving.mutatiesoort == "V":
        number = huidig.identificatie, huidig.bronorganisatie
        rgbz.forget_bron(session, message.header.zender.sleutel, document=number)
    if not stored and kennisgeving.mutatiesoort != "T":
        gone = kennisgeving.mutatiesoort == "V" and rgbz.informatieobject_was_here(
            session, huidig.identificatie, bronorganisatie=huidig.bronorganisatie
        )
        if gone:  # with its klantcontact, or the relation to it: who says so tells of the document after that
            return []
        return [in_klc.unknown("zkn:informatieobjectidentificatie", huidig.identificatie)]
    if kennisgeving.mutatiesoort == "V":
        return [
            finding for old in stored for finding in _gone(session, message, old, settings=settings, orders=orders)
        ]
    wrong: list[Finding] = []
    zaak_id = None
    if huidig.zaak is not None:
        zaak = rgbz.zaak_feiten(session, huidig.zaak.identificatie, rsin=settings.gateway.rsin)
        if zaak is None:
            wrong.append(in_klc.unknown_zaak("zkn:isBekendBij", huidig.zaak.identificatie))
        else:
            zaak_id = zaak.id
    adds = any(relatie.verwerkingssoort == "T" and relatie.aanwezig for relatie in huidig.zaken)
    if adds and kennisgeving.mutatiesoort != "T" and any(old.zaak_id not in (None, zaak_id) for old in stored):
        wrong.append(in_klc.another_zaak())
    if not stored:
        new = zkn0320.informatieobject(huidig, made=message.now.astimezone(AMSTERDAM).date())
        new.zaak_id, new.bron = zaak_id, message.header.zender.sleutel
        wrong += in_klc.bad_document(new, onleesbaar=huidig.onleesbaar, limits=settings.limits)
        if not wrong:
            rgbz.put_informatieobject(session, None, new)
        return wrong
    for old in stored:
        new = zkn0320.changed_informatieobject(old, huidig=huidig)
        new.creatiedatum = huidig.creatiedatum or old.creatiedatum
        new.zaak_id, new.bron = zaak_id or old.zaak_id, message.header.zender.sleutel
        wrong += in_klc.bad_document(new, onleesbaar=huidig.onleesbaar, limits=settings.limits)
        if wrong:
            return wrong
        if rgbz.same_informatieobject(old, new):
            old.bijzonderheden = new.bijzonderheden  # the sender's keys, which nobody else is told
        elif old.klantcontact is None:
            rgbz.put_informatieobject(session, old, new)
        else:
            orders += _replace(session, message, old.klantcontact, old, new, settings=settings)
    return []


def _gone(
    session: Session,
    message: Message,
    old: rgbz.Informatieobject,
    *,
    settings: Settings,
    orders: list[Order],
) -> list[Finding]:
    contact = old.klantcontact
    if contact is None:
        rgbz.drop_informatieobject(session, old)
    elif journal.partner(session, contact.bericht_id) in ("", message.received.zender):
        others = [d for d in contact.informatieobjecten if d.tot is None and d is not old]
        if not others and not contact.toelichting.strip():
            return [in_klc.without_content()]
        orders += _replace(session, message, contact, old, None, settings=settings)
    return []


def _replace(
    session: Session,
    message: Message,
    contact: rgbz.Klantcontact,
    old: rgbz.Informatieobject,
    new: rgbz.Informatieobject | None,
    *,
    settings: Settings,
) -> list[Order]:
    """A new version of the contact, with the one document for the other or without it; what must be sent of it."""
    present = [d for d in contact.informatieobjecten if d.tot is None]
    documenten = [d if d is not old else new for d in present]
    rsin = settings.gateway.rsin
    zaak = rgbz.zaak_feiten(session, contact.zaak.identificatie, rsin=rsin) if contact.zaak else None
    vervangen = rgbz.replace_klantcontact(
        session, contact, contact, documenten=[d for d in documenten if d is not None]
    )
    orders = sending.changes(
        contact,
        vervangen,
        was=(contact.groep, contact.effect),
        told=outbox.told(session, contact.identificatie),
        bron=journal.systeem(session, contact.bericht_id),
        zaak=zaak,
        settings=settings,
    )
    return sending.but(orders, message.header.zender, settings=settings)
