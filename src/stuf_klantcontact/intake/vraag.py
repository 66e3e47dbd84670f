"""Answer a question about klantcontacten or zaken, or a request to send a klantcontact again.

Answered is what is exchanged: personal contacts about a zaak, of our own organisation. Nothing found is an answer
without `antwoord`, never a fault. A page holds at most what was asked and at most LARGEST.

StUF 03.01 §6 and §5.4; stuf-facts §6 and §7.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from uuid import uuid4

from lxml import etree
from sqlalchemy.orm import Session

from stuf_klantcontact import berichten, outbox, rgbz, stuurgegevens
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, sending
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Verdicts
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import Vraag
from stuf_klantcontact.rgbz import Klantcontact, Voorwaarde, Zaak
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.tijdstip import stuf0302

LARGEST: Final = 500
"""Most objects in one answer, whatever was asked."""

_WILDCARDS: Final[dict[str, rgbz.Vergelijking]] = {
    "geen": "gelijk",
    "begin": "eind",
    "eind": "begin",
    "beginEnEind": "bevat",
}
"""A wildcard says where more may stand; before it, the value is at the end."""


def answer(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take klcLv01 or zakLv01."""
    vraag = zkn0320.read_vraag(message.element)
    said = {finding.fout for finding in findings}
    wrong = [*findings, *(_wrong(fout) for fout in vraag.fouten if fout not in said)]
    if wrong:
        return verdicts.reject(message, wrong)

    def work(session: Session) -> bytes:
        return etree.tostring(_la(session, message, vraag, settings=verdicts.settings))

    return verdicts.taken(message, work)


def again(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take klcSa04, answered with klcSa02, or klcSa03.

    At klcSa03 the contact goes out as klcSa01, after its documents, in the stream in which it was told before.
    """
    verzoek = zkn0320.read_verzoek(message.element)
    settings = verdicts.settings
    synchronous = message.header.berichtcode == "Sa04"
    abonnee = about.abonnee(message.header.zender.sleutel, settings=settings)
    wrong = [*findings]
    if not synchronous and (abonnee is None or settings.abonnee[abonnee].profiel != "zkn0320"):
        wrong.append(_nobody())
    zaaktypen = _zaaktypen(message, settings=settings)
    if wrong:
        return verdicts.reject(message, wrong)

    def work(session: Session) -> bytes | list[Finding]:
        # Our key of a klantcontact is its identificatie.
        identificatie = verzoek.identificatie or verzoek.sleutels.ontvangend
        organisatie = verzoek.verantwoordelijke_organisatie or settings.gateway.rsin
        try:
            found = rgbz.load_klantcontact(session, identificatie, rsin=organisatie)
        except LookupError:
            return [_unknown(identificatie)]
        exchanged = found.effect == "uitgewisseld" and found.groep == "persoonlijk" and not found.ingetrokken
        if not exchanged or organisatie != settings.gateway.rsin or found.zaak is None:
            return [_unknown(identificatie)]
        if zaaktypen is not None and found.zaak.zaaktype not in zaaktypen:
            return [_unknown(identificatie)]
        if synchronous:
            return etree.tostring(_sa(message, found))
        naam = abonnee or ""
        told = outbox.told(session, found.identificatie).get(naam)
        orders = sending.present(
            found,
            naam=naam,
            has=told.present if told else frozenset(),
            sleutel=sending.sleutel(found.zaak.identificatie, settings.abonnee[naam]),
            soort="klcSa01",
            settings=settings,
            elders=sending.elders(found.zaak.identificatie, told),
        )
        asked = message.header.referentienummer
        outbox.enqueue(session, [replace(o, cross_refnummer=asked) if o.soort == "klcSa01" else o for o in orders])
        return verdicts.confirmed(message)

    return verdicts.taken(message, work)


def _la(session: Session, message: Message, vraag: Vraag, *, settings: Settings) -> etree._Element:
    """klcLa01 or zakLa01, with what was found, and what there is to know about it."""
    rsin = settings.gateway.rsin
    voorwaarden = list(_voorwaarden(vraag))
    zaaktypen = _zaaktypen(message, settings=settings)
    limit = min(vraag.maximum_aantal, LARGEST)
    na = [vraag.start[veld] for veld in vraag.orde] if vraag.vervolgvraag else []
    cut = False
    objects: list[etree._Element]
    if vraag.entiteittype == "KLC":
        contacts = rgbz.zoek_klantcontacten(
            session, voorwaarden, rsin=rsin, orde=vraag.orde, na=na, zaaktypen=zaaktypen, limit=limit + 1
        )
        more = len(contacts) > limit
        objects = [zkn0320.klc(contact) for contact in contacts[:limit]]
        aantal = (
            rgbz.tel_klantcontacten(session, voorwaarden, rsin=rsin, zaaktypen=zaaktypen) if vraag.aantal else None
        )
    else:
        zaken = rgbz.zoek_zaken(session, voorwaarden, rsin=rsin, na=na, zaaktypen=zaaktypen, limit=limit + 1)
        objects, cut = _zaken(session, zaken[:limit], contacts=vraag.scope.asks("heeftContact"))
        more = len(zaken) > len(objects)
        aantal = rgbz.tel_zaken(session, voorwaarden, rsin=rsin, zaaktypen=zaaktypen) if vraag.aantal else None
    # Who wants none can only want the number: without a last object there is nothing to go on from.
    more = more and limit > 0
    meldingen = message.meldingen
    if vraag.genegeerd:
        meldingen.append("StUF0001: " + " ".join(vraag.genegeerd))
    if more and vraag.maximum_aantal > LARGEST:
        meldingen.append(f"StUF0002: er zijn er meer; een antwoord bevat er hier ten hoogste {LARGEST}")
    if cut:
        meldingen.append(f"StUF0002: een antwoord bevat hier ten hoogste {LARGEST} klantcontacten; vraag klcLv01")
    return berichten.la(
        f"{vraag.entiteittype.lower()}La01",
        header=_header(message, "La01", entiteittype=vraag.entiteittype),
        vervolgvraag=more,
        aantal=aantal,
        meldingen=meldingen,
        objects=[zkn0320.prune(element, scope=vraag.scope) for element in objects],
    )


def _zaken(session: Session, zaken: Sequence[Zaak], *, contacts: bool) -> tuple[list[etree._Element], bool]:
    """The zaken that fit with their contacts, and whether not all did; of the first zaak at most LARGEST."""
    if not contacts:
        return [zkn0320.zak(zaak, klantcontacten=()) for zaak in zaken], False
    found = rgbz.klantcontacten_van(session, zaken, limit=LARGEST + 1)
    cut = sum(map(len, found.values())) > LARGEST
    if cut:
        # The last one that came belongs to a zaak of which there may be more.
        last = max(index for index, zaak in enumerate(zaken) if found[zaak.id])
        zaken = zaken[: max(last, 1)]
    return [zkn0320.zak(zaak, klantcontacten=found[zaak.id][:LARGEST]) for zaak in zaken], cut


def _zaaktypen(message: Message, *, settings: Settings) -> tuple[str, ...] | None:
    """The zaaktypen that the asking system may hear of; None is any. Only an abonnee can be limited."""
    naam = about.abonnee(message.header.zender.sleutel, settings=settings)
    zaaktypen = ("*",) if naam is None else settings.abonnee[naam].zaaktypen
    return None if "*" in zaaktypen else zaaktypen


def _voorwaarden(vraag: Vraag) -> Iterator[Voorwaarde]:
    for veld, criterium in vraag.gelijk.items():
        yield Voorwaarde(veld, _WILDCARDS[criterium.wildcard], criterium.waarde)
    for veld, bereik in vraag.bereik.items():
        if bereik.vanaf is not None:
            yield Voorwaarde(veld, "vanaf", bereik.vanaf)
        if bereik.tot_en_met is not None:
            yield Voorwaarde(veld, "totEnMet", bereik.tot_en_met)


def _sa(message: Message, found: Klantcontact) -> etree._Element:
    """klcSa02: the contact as it is now."""
    actueel = Header(
        berichtcode="Lk02",
        zender=message.header.ontvanger,
        ontvanger=message.header.zender,
        referentienummer=uuid4().hex,
        tijdstip_bericht=stuf0302(message.now),
        entiteittype="KLC",
    )
    return zkn0320.klc_sa(found, header=_header(message, "Sa02", entiteittype="KLC"), actueel=actueel)


def _header(message: Message, berichtcode: str, *, entiteittype: str) -> Header:
    reply = stuurgegevens.answer(
        message.header,
        berichtcode=berichtcode,
        referentienummer=uuid4().hex,
        tijdstip_bericht=stuf0302(message.now),
    )
    return replace(reply, entiteittype=entiteittype)


def _wrong(fout: Fout) -> Finding:
    nl, en = {
        Fout.StUF094: (
            "Vraag op de identificatie van het object of op onze sleutel: sleutelOntvangend, ook in start.",
            "Ask by the identificatie of the object, or by our key: sleutelOntvangend, in start too.",
        ),
        Fout.StUF133: (
            "Gebruik een sortering die docs/mapping.md noemt; 0 is elke volgorde.",
            "Use a sortering that docs/mapping.md names; 0 is any order.",
        ),
        Fout.StUF103: (
            "Zet in start het laatste object van het vorige antwoord.",
            "Put the last object of the previous answer into start.",
        ),
        Fout.StUF106: (
            "Zet in start elk element van de gevraagde sortering, zoals het laatste object ze noemde.",
            "Put each element of the requested sortering into start, as the last object has them.",
        ),
        Fout.StUF055: (
            "Geef een volledig tijdstip, tussen de jaren 1 en 9999 in elke tijdzone.",
            "Give a complete moment, between the years 1 and 9999 in every zone.",
        ),
    }[fout]
    places = {
        Fout.StUF133: "klc:parameters",
        Fout.StUF103: "klc:start",
        Fout.StUF106: "klc:start",
        Fout.StUF055: "zkn:datum-tijd",
    }
    return about.standard(fout, places.get(fout, "klc:gelijk"), nl=nl, en=en)


def _unknown(identificatie: str) -> Finding:
    return about.standard(
        Fout.StUF064,
        "zkn:identificatie",
        value=identificatie[:14],
        nl="Er is geen uitgewisseld klantcontact met deze identificatie.",
        en="There is no exchanged klantcontact with this identificatie.",
    )


def _nobody() -> Finding:
    return about.standard(
        Fout.StUF058,
        "StUF:zender",
        nl="Het antwoord gaat naar een abonnee met profiel zkn0320: laat functioneel beheer uw systeem zo als "
        "[abonnee] instellen, of gebruik klcSa04.",
        en="The answer goes to an abonnee of profile zkn0320: have functioneel beheer set up your system as such "
        "[abonnee], or use klcSa04.",
    )
