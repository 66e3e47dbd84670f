"""Take a klantcontact, or a document of one, from a system that speaks KLC itself.

What it says is judged by the rules that a voegKlantcontactToe obeys, and written as such a message would be; the
number of the contact is the sender's. mutatiesoort T says that the contact became relevant to the sender, not that
it is new to us: one that is here is replaced. W, C and F change what they name, V withdraws. A document comes
before the contact that refers to it, and waits for it here. Whoever told us is not told in turn.

StUF 03.01 §5.1 and §5.2; stuf-facts §4 and §10; docs/mapping.md §7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, judging, sending
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Done, Verdicts
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import Kennisgeving, KlantcontactGegevens
from stuf_klantcontact.opvoering import Document
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.stuurgegevens import Systeem
from stuf_klantcontact.tijdstip import AMSTERDAM


def contact(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take klcLk01, klcLk02, klcSa01 or klcSa02."""
    kennisgeving = zkn0320.read(message.element)
    huidig = kennisgeving.huidig or kennisgeving.oud
    if findings or huidig is None:
        return verdicts.reject(message, findings or [_without_object()])
    strange = _strange(huidig.identificatie, huidig.verantwoordelijke_organisatie, settings=verdicts.settings)
    if strange:
        return verdicts.reject(message, strange)

    inquiry = verdicts.inquiry(message)
    if verdicts.ask is not None and huidig.zaak is not None and huidig.zaak.gerelateerde is not None:
        verwijzing = huidig.zaak.gerelateerde
        with verdicts.database.session() as session:
            zaak = rgbz.zaak_feiten(session, verwijzing.identificatie, rsin=verdicts.settings.gateway.rsin)
        # Nothing is held while the zaaksysteem answers.
        inquiry.made_about(verwijzing.identificatie, zaak)

    def work(session: Session) -> Done | list[Finding]:
        outcome = _contact(session, message, kennisgeving, huidig, verdicts=verdicts)
        if isinstance(outcome, list):
            return inquiry.explained(outcome, port=message.received.port)
        return Done(verdicts.confirmed(message), _but(outcome, message.header.zender, settings=verdicts.settings))

    return verdicts.taken(message, work)


def document(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take iobLk01 or iobLk02."""
    kennisgeving = zkn0320.read_iob(message.element)
    huidig = kennisgeving.huidig or kennisgeving.oud
    if findings or huidig is None:
        return verdicts.reject(message, findings or [_without_object()])
    wrong: list[Finding] = []
    if huidig.onleesbaar:
        wrong.append(
            about.standard(
                Fout.StUF055,
                "zkn:eib.inhoud",
                expected="base64",
                nl="Codeer de inhoud van het document als base64, zonder andere tekens.",
                en="Encode the content of the document as base64, without other characters.",
            )
        )
    rsin = verdicts.settings.gateway.rsin

    def work(session: Session) -> bytes | list[Finding]:
        verwijzing = huidig.zaak
        zaak = rgbz.zaak_feiten(session, verwijzing.identificatie, rsin=rsin) if verwijzing else None
        if verwijzing is not None and zaak is None:
            wrong.append(_unknown("zkn:isBekendBij", verwijzing.identificatie))
        stored = rgbz.lock_informatieobject(session, huidig.identificatie, bronorganisatie=huidig.bronorganisatie)
        if stored is None and kennisgeving.mutatiesoort != "T":
            wrong.append(_unknown("zkn:informatieobjectidentificatie", huidig.identificatie))
        if wrong:
            return wrong
        made = message.now.astimezone(AMSTERDAM).date()
        if kennisgeving.mutatiesoort == "V" and stored is not None:
            rgbz.drop_informatieobject(session, stored)
        else:
            if stored is None or kennisgeving.mutatiesoort == "T":
                new = zkn0320.informatieobject(huidig, made=made)
            else:
                new = zkn0320.changed_informatieobject(stored, huidig=huidig)
            new.zaak_id = zaak.id if zaak else new.zaak_id
            rgbz.put_informatieobject(session, stored, new)
        return verdicts.confirmed(message)

    return verdicts.taken(message, work)


def _contact(
    session: Session,
    message: Message,
    kennisgeving: Kennisgeving[KlantcontactGegevens],
    huidig: KlantcontactGegevens,
    *,
    verdicts: Verdicts,
) -> tuple[Order, ...] | list[Finding]:
    """Write what it says, and give what must be sent; or what is wrong with it."""
    settings = verdicts.settings
    rsin = settings.gateway.rsin
    current = rgbz.lock_klantcontact(session, huidig.identificatie, rsin=rsin)
    if current is not None and current.ingetrokken:
        return [_withdrawn(huidig.identificatie)]
    if current is None and kennisgeving.mutatiesoort not in ("T", ""):
        return [_unknown("zkn:identificatie", huidig.identificatie)]
    if current is not None and kennisgeving.mutatiesoort == "V":
        zaak = rgbz.zaak_feiten(session, current.zaak.identificatie, rsin=rsin) if current.zaak else None
        was = (current.groep, current.effect)
        gone = rgbz.withdraw_klantcontact(session, current)
        told = outbox.told(session, current.identificatie)
        return (*sending.changes(current, gone, was=was, told=told, zaak=zaak, settings=settings),)
    gegevens = huidig
    if current is not None and kennisgeving.mutatiesoort not in ("T", ""):
        gegevens = zkn0320.merge(zkn0320.gegevens(current), kennisgeving=kennisgeving)
    return _write(session, message, gegevens, current, settings=settings)


def _write(
    session: Session,
    message: Message,
    gegevens: KlantcontactGegevens,
    current: rgbz.Klantcontact | None,
    *,
    settings: Settings,
) -> tuple[Order, ...] | list[Finding]:
    types: Mapping[str, str] = {kanaal: type for type, kanaal in settings.mapping.kanaal.items()}
    opvoering = zkn0320.opvoering(gegevens, types=types)
    zaak = rgbz.zaak_feiten(session, opvoering.zaakidentificatie, rsin=settings.gateway.rsin)
    documenten, wrong = _documenten(session, gegevens)
    # That the contact refers to documents is all that the rules need to know of them here.
    known = tuple(Document(titel=d.titel, identificatie=d.identificatie) for d in documenten)
    judged = judging.judge(
        replace(opvoering, documenten=known),
        zaak,
        zender=message.received.zender,
        valid=True,
        now=message.now,
        settings=settings,
    )
    wrong += [Finding(f.fout, _in_klc(f.violation)) for f in judged.findings]
    moved = current is not None and current.zaak_id != (zaak.id if zaak else None)
    if current is not None and moved and rgbz.ever_exchanged(session, current):
        wrong.append(about.other_zaak("zkn:heeftBetrekkingOp"))
    if wrong:
        return wrong
    record = zkn0320.klantcontact(gegevens, types=types)
    record.groep, record.effect = judged.groep, judged.effect
    record.zaak_id = zaak.id if zaak else None
    record.status_id = zaak.status_id if zaak else None
    if current is None:
        rgbz.add_klantcontact(session, record, documenten=documenten)
        return (
            *sending.orders(record, documenten, zaak=zaak, settings=settings),
            *sending.mails(record, opvoering, zaak=zaak, melding=judged.policy.melding, settings=settings),
        )
    was = (current.groep, current.effect)
    vervangen = rgbz.replace_klantcontact(session, current, record, documenten=documenten)
    told = outbox.told(session, current.identificatie)
    return (*sending.changes(current, vervangen, was=was, told=told, zaak=zaak, settings=settings),)


def _documenten(
    session: Session, gegevens: KlantcontactGegevens
) -> tuple[list[rgbz.Informatieobject], list[Finding]]:
    """The documents that a contact refers to, and those that did not come before it."""
    documenten: list[rgbz.Informatieobject] = []
    wrong: list[Finding] = []
    for relatie in gegevens.documenten:
        verwijzing = relatie.gerelateerde
        if verwijzing is None or not relatie.aanwezig:
            continue
        found = rgbz.lock_informatieobject(
            session, verwijzing.identificatie, bronorganisatie=verwijzing.bronorganisatie
        )
        if found is None:
            wrong.append(_unknown("zkn:heeftRelevant", verwijzing.identificatie))
        else:
            documenten.append(found)
    return documenten, wrong


def _but(orders: Sequence[Order], zender: Systeem, *, settings: Settings) -> list[Order]:
    """Whoever told us is not told in turn."""
    return [
        order
        for order in orders
        if order.abonnee not in settings.abonnee
        or (settings.abonnee[order.abonnee].applicatie or order.abonnee) != zender.applicatie
    ]


_IN_KLC: Mapping[str, str] = {
    "kc:zaakidentificatie": "zkn:heeftBetrekkingOp",
    "gfo:Klantcontact": "klc:object",
    "gfo:Type": "zkn:kanaal",
    "gfo:Opvoerder": "zkn:isGevoerdDoor",
    "kc:medewerker": "zkn:isGevoerdDoor",
    "gfo:DatumGezet": "zkn:datum-tijd",
    "kc:contactpartij": "klc:object",
    "kc:contactpersoon": "zkn:contactpersoonKlant-contactpersoon",
    "kc:bsn": "bg:inp.burgerservicenummer",
    "kc:vestigingsnummer": "bg:vestigingsnummer",
    "kc:rsin": "StUF:extraElementen",
    "kc:geboortedatum": "bg:geboorte",
}


def _in_klc(violation: Violation) -> Violation:
    """The rules name the elements of kc: a sender of klc is told of its own."""
    element = _IN_KLC.get(violation.element or "", violation.element)
    return Violation(
        rule=violation.rule,
        message=violation.message,
        hint=violation.hint,
        element=element,
        value=violation.value,
    )


def _strange(identificatie: str, organisatie: str, *, settings: Settings) -> list[Finding]:
    """KC-11 for a klantcontact of another organisation, or without a number."""
    wrong: list[Finding] = []
    if not identificatie:
        wrong.append(
            about.standard(
                Fout.StUF055,
                "zkn:identificatie",
                nl="Geef het klantcontact een identificatie van ten hoogste 14 tekens.",
                en="Give the klantcontact an identificatie of at most 14 characters.",
            )
        )
    if organisatie.rjust(9, "0") != settings.gateway.rsin:
        violation = Violation(
            rule="KC-11",
            message=Text(
                "De verantwoordelijke organisatie is niet die van deze gateway.",
                "The verantwoordelijke organisatie is not that of this gateway.",
            ),
            hint=Text(
                "Stuur alleen klantcontacten van de eigen organisatie, met haar RSIN.",
                "Send only klantcontacten of the own organisation, with its RSIN.",
            ),
            element="zkn:verantwoordelijkeOrganisatie",
            expected=settings.gateway.rsin,
        )
        wrong.append(Finding(Fout.StUF058, violation))
    return wrong


def _without_object() -> Finding:
    return about.standard(
        Fout.StUF055,
        "klc:object",
        nl="Zet het klantcontact of document in klc:object.",
        en="Put the klantcontact or document in klc:object.",
    )


def _unknown(element: str, identificatie: str) -> Finding:
    return about.standard(
        Fout.StUF064,
        element,
        value=identificatie[:40],
        nl="Meld eerst het object waarnaar wordt verwezen, of gebruik de identificatie die het hier heeft.",
        en="Announce the object that is referred to first, or use the identificatie that it has here.",
    )


def _withdrawn(identificatie: str) -> Finding:
    return about.standard(
        Fout.StUF064,
        "zkn:identificatie",
        value=identificatie[:14],
        nl="Dit klantcontact is ingetrokken: voeg het onder een nieuwe identificatie toe.",
        en="This klantcontact was withdrawn: add it under a new identificatie.",
    )
