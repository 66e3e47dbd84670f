"""Zaken in, from StUF-ZKN 3.10 and ZDS 1.2: what a zakLk01 in any of its guises says about a zaak.

Read leniently, by local name, whatever surrounds what we need: zaaksystemen differ in what else they send, and the
gateway keeps only what it judges and renders by. What cannot be read (a date that is none) counts as not sent.
Raises ValueError only when there is no zaakidentificatie at all.

stuf-facts §4 (was and wordt), §5.1 (noValue), §11.3 to §11.5.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.names import STUF0301, XSI, qname, split
from stuf_klantcontact.opvoering import STAFF
from stuf_klantcontact.rgbz import Betrokkene, Status, ZaakMutatie

OPERATIONS: Final = frozenset({"zakLk01", "creeerZaak_ZakLk01", "actualiseerZaakstatus_ZakLk01"})
"""Root elements that `read` understands."""

ROLLEN: Final = {
    "heeftAlsInitiator": "Initiator",
    "heeftAlsBelanghebbende": "Belanghebbende",
    "heeftAlsGemachtigde": "Gemachtigde",
    "heeftAlsUitvoerende": "Uitvoerende",
    "heeftAlsVerantwoordelijke": "Verantwoordelijke",
    "heeftAlsOverigBetrokkene": "OverigBetrokkene",
}
_SOORTEN: Final = (
    "natuurlijkPersoon",
    "nietNatuurlijkPersoon",
    "vestiging",
    "medewerker",
    "organisatorischeEenheid",
)
_IDENTIFIERS: Final = (
    "inp.bsn",
    "anp.identificatie",
    "inn.nnpId",
    "ann.identificatie",
    "vestigingsNummer",
    "identificatie",
)
_NAMES: Final = ("geslachtsnaam", "statutaireNaam", "handelsnaam", "achternaam", "naam")
_DATES: Final = {"startdatum": "startdatum", "registratiedatum": "registratiedatum", "einddatum": "einddatum"}
_IDENTIFICATIE_LENGTH: Final = 40
_ZAAKTYPE_LENGTH: Final = 10
_MEDEWERKER_LENGTH: Final = 24
_EMAIL_LENGTH: Final = 254
_LONGEST: Final = {
    "geslachtsnaam": 200,
    "voorletters": 20,
    "voorvoegselGeslachtsnaam": 10,
    "voorvoegselAchternaam": 10,
    "achternaam": 200,
    "naam": 50,
    "statutaireNaam": 500,
    "handelsnaam": 625,
}
"""What StUF-ZKN 3.10 allows; a longer value fits nowhere, and counts as not sent."""
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
_PRESENT: Final = frozenset({"", "T", "W", "I", "R", "S", "O"})
_GONE: Final = frozenset({"V", "E"})
_ENDED: Final = _GONE | {"R"}
"""verwerkingssoort of relations that are there now, that are no more, and that the old object says are no more."""


def read(message: etree._Element) -> ZaakMutatie:
    """Read the root element of a zaak message; the last `object` is how the zaak is now, the first how it was."""
    objects = [child for child in message.iterchildren(etree.Element) if _local(child) == "object"]
    mutatiesoort = ""
    for child in message.iterchildren(etree.Element):
        if _local(child) == "parameters":
            mutatiesoort = _text(_first(child, "mutatiesoort"))
    identificaties = [_text(_first(zaak, "identificatie")) for zaak in reversed(objects)]
    identificatie = next((text for text in identificaties if text), "")
    if not 0 < len(identificatie) <= _IDENTIFICATIE_LENGTH:
        raise ValueError("a zaak message names a zaak by its identificatie")
    oud, huidig = (objects[0], objects[-1]) if len(objects) > 1 else (None, objects[-1])
    vervallen = [
        *(_betrokkenen(oud, soorten=_ENDED) if oud is not None else ()),
        *_betrokkenen(huidig, soorten=_GONE),
    ]
    return ZaakMutatie(
        identificatie=identificatie,
        mutatiesoort=mutatiesoort or "T",
        velden=_velden(huidig),
        statussen=tuple(_statussen(huidig)),
        betrokkenen=tuple(_betrokkenen(huidig, soorten=_PRESENT)),
        vervallen=tuple(vervallen),
    )


def _velden(zaak: etree._Element) -> dict[str, Any]:
    """The columns that the message sets: a value, or None or "" where it says that there is none."""
    velden: dict[str, Any] = {}
    for local, column in (("omschrijving", "omschrijving"), *_DATES.items()):
        element = _first(zaak, local)
        if element is None or not (_has_text(element) or _is_cleared(element)):
            continue
        if local in _DATES:
            value = _date(element)
            if value is None and not _is_cleared(element):
                continue
            velden[column] = value
        else:
            velden[column] = _text(element)[:80]
    zaaktype = _related(zaak, "isVan")
    # A code that is too long could be cut into that of another zaaktype.
    if zaaktype is not None and 0 < len(code := _text(_first(zaaktype, "code"))) <= _ZAAKTYPE_LENGTH:
        velden["zaaktype"] = code
        velden["zaaktype_omschrijving"] = _text(_first(zaaktype, "omschrijving"))[:80]
    return velden


def _statussen(zaak: etree._Element) -> Iterator[Status]:
    for relation in _children(zaak, "heeft"):
        moment = _first(relation, "datumStatusGezet")
        statustype = _first(relation, "gerelateerde")
        if moment is None or not _has_text(moment):
            continue
        try:
            gezet = tijdstip.parse(_text(moment))
        except ValueError:
            continue
        volgnummer = _text(_first(statustype, "volgnummer")) if statustype is not None else ""
        yield Status(
            volgnummer=int(volgnummer) if re.fullmatch("[0-9]{1,9}", volgnummer) else 0,
            omschrijving=_text(_first(statustype, "omschrijving"))[:80] if statustype is not None else "",
            datum_status_gezet=gezet,
            toelichting=_text(_first(relation, "toelichting"))[:1000],
        )


def _betrokkenen(zaak: etree._Element, *, soorten: frozenset[str]) -> Iterator[Betrokkene]:
    """The betrokkenen of an object, by the verwerkingssoort of their relation."""
    for relation in zaak.iterchildren(etree.Element):
        rol = ROLLEN.get(_local(relation))
        gerelateerde = _first(relation, "gerelateerde") if rol else None
        if rol is None or gerelateerde is None:
            continue
        if relation.get(qname(STUF0301, "verwerkingssoort"), "") not in soorten:
            continue
        for actor in gerelateerde.iterchildren(etree.Element):
            if _local(actor) in _SOORTEN:
                yield _betrokkene(actor, rol=rol, relation=relation)


def _betrokkene(actor: etree._Element, *, rol: str, relation: etree._Element) -> Betrokkene:
    soort = _local(actor)
    parts = {_local(child): child for child in actor.iterchildren(etree.Element)}
    texts = {
        name: text
        for name, child in parts.items()
        if len(text := _text(child)) <= _LONGEST.get(name, _IDENTIFICATIE_LENGTH)
    }
    if "geboortedatum" in parts:
        texts["geboortedatum"] = _geboortedatum(parts["geboortedatum"])
    gegevens = {
        key: texts[name]
        for name, key in (
            ("geslachtsnaam", "geslachtsnaam"),
            ("voorletters", "voorletters"),
            ("voorvoegselGeslachtsnaam", "voorvoegsel"),
            ("voorvoegselAchternaam", "voorvoegsel"),
            ("geslachtsaanduiding", "geslachtsaanduiding"),
            ("geboortedatum", "geboortedatum"),
        )
        if texts.get(name)
    }
    return Betrokkene(
        rol=rol,
        soort=soort,
        identificatie=_nummer(texts, soort=soort),
        naam=next((texts[name] for name in _NAMES if texts.get(name)), ""),
        emailadres=_email(relation),
        gegevens=gegevens,
    )


def _nummer(texts: Mapping[str, str], *, soort: str) -> str:
    """The number of a betrokkene; that of staff is at most 24 long in every version."""
    number = next((texts[name] for name in _IDENTIFIERS if texts.get(name)), "")
    return number if soort not in STAFF or len(number) <= _MEDEWERKER_LENGTH else ""


def _geboortedatum(element: etree._Element) -> str:
    """The date as far as it is known: a day, month (jjjj-mm) or year; "" when there is none."""
    found = _date(element)
    if found is None:
        return ""
    known = {"D": 7, "M": 4, "J": 0}.get(str(element.get(qname(STUF0301, "indOnvolledigeDatum"), "V")), 10)
    return found.isoformat()[:known]


def _email(relation: etree._Element) -> str:
    """The first address in the relation, of the person or of an aanspreekpunt."""
    for element in relation.iter(etree.Element):
        text = _text(element) if _local(element) in ("emailadres", "sub.emailadres") else ""
        if len(text) <= _EMAIL_LENGTH and _EMAIL.fullmatch(text):
            return text
    return ""


def _date(element: etree._Element) -> date | None:
    try:
        return tijdstip.parse_date(_text(element))
    except ValueError:
        return None


def _related(parent: etree._Element, local: str) -> etree._Element | None:
    relation = _first(parent, local)
    return None if relation is None else _first(relation, "gerelateerde")


def _children(parent: etree._Element, local: str) -> list[etree._Element]:
    return [child for child in parent.iterchildren(etree.Element) if _local(child) == local]


def _first(parent: etree._Element, local: str) -> etree._Element | None:
    return next(iter(_children(parent, local)), None)


def _local(element: etree._Element) -> str:
    return split(element.tag)[1]


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _has_text(element: etree._Element) -> bool:
    return bool(_text(element))


def _is_cleared(element: etree._Element) -> bool:
    """Empty, and the sender says that there is no value (stuf-facts §5.1); xsi:nil alone is not enough."""
    return element.get(qname(STUF0301, "noValue")) == "geenWaarde" and (
        element.get(qname(XSI, "nil"), "true") in ("true", "1")
    )
