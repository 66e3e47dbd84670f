"""Take a klantcontact from a system that speaks KLC itself.

What it says is judged by the rules that a voegKlantcontactToe obeys, and written as such a message would be; the
number of the contact is the sender's. mutatiesoort T says that the contact became relevant to the sender, not that
it is new to us, and V that it is so no longer: of one that is here, T leaves what it does not name, and V withdraws
it when it is of that sender. W, C and F change what they name, a synchronisation replaces it all. Whoever told us
is not told in turn.

StUF 03.01 §5.1 and §5.2; stuf-facts §4, §5.1 and §10; docs/mapping.md §7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from stuf_klantcontact import journal, outbox, rgbz
from stuf_klantcontact.intake import in_klc, judging, sending
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Done, Verdicts
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import Kennisgeving, KlantcontactGegevens
from stuf_klantcontact.opvoering import Document
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.settings import Groep, Settings


def contact(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take klcLk01, klcLk02, klcSa01 or klcSa02."""
    if findings:
        return verdicts.reject(message, findings)
    kennisgeving = zkn0320.read(message.element)
    huidig = kennisgeving.huidig or kennisgeving.oud
    if huidig is None:
        return verdicts.reject(message, [in_klc.without_object()])
    strange = in_klc.strange(huidig.identificatie, huidig.verantwoordelijke_organisatie, settings=verdicts.settings)
    verwijzing = huidig.zaak.gerelateerde if huidig.zaak is not None and huidig.zaak.aanwezig else None
    strange = strange or in_klc.not_one(kennisgeving)
    strange = strange or in_klc.strange_zaak("zkn:heeftBetrekkingOp", verwijzing, settings=verdicts.settings)
    if strange:
        return verdicts.reject(message, strange)

    def look(session: Session) -> tuple[str, rgbz.ZaakFeiten | None, list[Finding]] | None:
        if verwijzing is None:
            return None
        zaak = rgbz.zaak_feiten(session, verwijzing.identificatie, rsin=verdicts.settings.gateway.rsin)
        if zaak is not None and not zaak.onvolledig:
            return None
        outcome = _contact(session, message, kennisgeving, huidig, settings=verdicts.settings, added=[])
        return verwijzing.identificatie, zaak, outcome if isinstance(outcome, list) else []

    inquiry = verdicts.asked(message, look)
    added: list[rgbz.Klantcontact] = []

    def work(session: Session) -> Done | list[Finding]:
        added.clear()
        outcome = _contact(session, message, kennisgeving, huidig, settings=verdicts.settings, added=added)
        if isinstance(outcome, list):
            return inquiry.explained(outcome, port=message.received.port)
        orders = sending.but(outcome, message.header.zender, settings=verdicts.settings)
        return Done(verdicts.confirmed(message), orders)

    def written(bericht: int) -> None:
        for record in added:
            record.bericht_id = bericht

    return verdicts.taken(message, work, written=written)


def _contact(
    session: Session,
    message: Message,
    kennisgeving: Kennisgeving[KlantcontactGegevens],
    huidig: KlantcontactGegevens,
    *,
    settings: Settings,
    added: list[rgbz.Klantcontact],
) -> tuple[Order, ...] | list[Finding]:
    """Write what it says (in `added` too when it is here only now) and give what must be sent; or what is wrong."""
    rsin = settings.gateway.rsin
    soort = kennisgeving.mutatiesoort
    whole = soort in ("T", "")
    current = rgbz.lock_klantcontact(session, huidig.identificatie, rsin=rsin)
    if current is None and not whole:
        return [in_klc.unknown("zkn:identificatie", huidig.identificatie)]
    if current is None:
        return _write(session, message, huidig, None, settings=settings, added=added)
    if current.ingetrokken:
        if not whole:
            return [in_klc.withdrawn(huidig.identificatie)]
        return _write(session, message, huidig, current, settings=settings, added=added)
    if soort == "V":
        if journal.partner(session, current.bericht_id) in ("", message.received.zender):
            zaak = rgbz.zaak_feiten(session, current.zaak.identificatie, rsin=rsin) if current.zaak else None
            was = (current.groep, current.effect)
            gone = rgbz.withdraw_klantcontact(session, current)
            told = outbox.told(session, current.identificatie)
            bron = journal.systeem(session, current.bericht_id)
            return (*sending.changes(current, gone, was=was, told=told, bron=bron, zaak=zaak, settings=settings),)
        return ()
    gegevens = huidig
    if not message.header.berichtcode.startswith("Sa"):
        stored = zkn0320.gegevens(current)
        if others := zkn0320.other_one(stored, kennisgeving=kennisgeving):
            return [in_klc.not_replaced(element) for element in others]
        gegevens = _merged(stored, kennisgeving)
    return _write(session, message, gegevens, current, settings=settings, added=added)


def _merged(stored: KlantcontactGegevens, kennisgeving: Kennisgeving[KlantcontactGegevens]) -> KlantcontactGegevens:
    """What it says now; whether it is personal is told anew when it gets or loses a relation."""
    merged = zkn0320.merge(stored, kennisgeving=kennisgeving)
    huidig = kennisgeving.huidig
    if huidig is None or _is_complete(stored) == _is_complete(merged):
        return merged
    beside = {name: text for name, text in merged.extra.items() if name not in _DERIVED or name in huidig.extra}
    return replace(merged, extra=beside)


_GROEP: Final = "dossier.groep"
_EFFECT: Final = "dossier.effect"
_DERIVED: Final = frozenset({_GROEP, _EFFECT})


def _is_complete(gegevens: KlantcontactGegevens) -> bool:
    """It has all that a personal contact has."""
    zaak, medewerker = gegevens.zaak, gegevens.medewerker
    return (
        gegevens.partij is not None
        and medewerker is not None
        and medewerker.aanwezig
        and zaak is not None
        and zaak.aanwezig
    )


def _groep(gegevens: KlantcontactGegevens, *, type: str) -> Groep | None:
    """As its sender says; else a KLC is a personal contact by what it is (RGBZ). None: the Type decides."""
    zaak = gegevens.zaak is not None and gegevens.zaak.aanwezig
    said = gegevens.extra.get(_GROEP, "")
    for groep in ("ontvangst", "verzending", "anoniem", "zonder_medewerker"):
        if zaak and said == groep:
            return groep
    if _is_complete(gegevens):
        return "persoonlijk"
    if type or not zaak:
        return None if zaak else "zonder_zaak"
    return "anoniem" if gegevens.partij is None else "zonder_medewerker"


def _write(
    session: Session,
    message: Message,
    gegevens: KlantcontactGegevens,
    current: rgbz.Klantcontact | None,
    *,
    settings: Settings,
    added: list[rgbz.Klantcontact],
) -> tuple[Order, ...] | list[Finding]:
    if wrong := in_klc.not_stored(gegevens):
        return wrong
    types: Mapping[str, str] = {kanaal: type for type, kanaal in settings.mapping.kanaal.items()}
    opvoering = zkn0320.opvoering(gegevens, types=types)
    zaak = rgbz.zaak_feiten(session, opvoering.zaakidentificatie, rsin=settings.gateway.rsin)
    documenten, wrong = _documenten(session, gegevens, current)
    # That the contact refers to documents is all that the rules need to know of them here.
    known = tuple(Document(titel=d.titel, identificatie=d.identificatie) for d in documenten)
    judged = judging.judge(
        replace(opvoering, documenten=known),
        zaak,
        zender=message.received.zender,
        valid=True,
        now=message.now,
        settings=settings,
        groep=_groep(gegevens, type=opvoering.type),
    )
    zaak_id = zaak.id if zaak else None
    here = current is not None and not current.ingetrokken
    record: rgbz.Klantcontact | None = None
    if gegevens.datum_tijd is not None:
        record = zkn0320.klantcontact(gegevens, types=types)
        record.groep = judged.groep
        record.effect = "bewaard" if gegevens.extra.get(_EFFECT) == "bewaard" else judged.effect
        record.zaak_id = zaak_id
        record.status_id = zaak.status_id if zaak else None
        if current is not None and rgbz.same_klantcontact(current, record, documenten=documenten) and not wrong:
            current.bijzonderheden = record.bijzonderheden  # the sender's keys, which nobody else is told
            return ()
    wrong += in_klc.judged(
        judged.findings,
        gegevens,
        exchanged=current is not None and here and rgbz.ever_exchanged(session, current),
        other_zaak=current is not None and current.zaak_id != zaak_id,
        had_partij=current is not None and zkn0320.gegevens(current).partij is not None,
        objects=len(message.element.findall("{*}object")),
    )
    if wrong or record is None:
        return wrong or [in_klc.without_object()]
    if current is None:
        rgbz.add_klantcontact(session, record, documenten=documenten)
        added.append(record)
        return (
            *sending.orders(record, documenten, zaak=zaak, settings=settings),
            *sending.mails(record, opvoering, zaak=zaak, melding=judged.policy.melding, settings=settings),
        )
    was = (current.groep, current.effect if here else "bewaard")
    if not here:
        added.append(current)
    vervangen = rgbz.replace_klantcontact(session, current, record, documenten=documenten)
    told = outbox.told(session, current.identificatie)
    bron = journal.systeem(session, current.bericht_id)
    return (*sending.changes(current, vervangen, was=was, told=told, bron=bron, zaak=zaak, settings=settings),)


def _documenten(
    session: Session, gegevens: KlantcontactGegevens, current: rgbz.Klantcontact | None
) -> tuple[list[rgbz.Informatieobject], list[Finding]]:
    """The documents that a contact refers to, and those that did not come before it."""
    named = [r.gerelateerde for r in gegevens.documenten if r.gerelateerde is not None and r.aanwezig]
    keys = dict.fromkeys((verwijzing.identificatie, verwijzing.bronorganisatie) for verwijzing in named)
    found = rgbz.informatieobjecten_for(session, current, named=keys)
    wrong = [in_klc.unknown("zkn:heeftRelevant", key[0]) for key in keys if key not in found]
    return [found[key] for key in keys if key in found], wrong
