"""Zaken in, from StUF-ZKN 3.10 and ZDS 1.2: what a zakLk01 in any of its guises says about a zaak.

Read leniently, by local name, whatever surrounds what we need: zaaksystemen differ in what else they send, and the
gateway keeps only what it judges and renders by. What cannot be read (a date that is none) counts as not sent.
Raises ValueError only when there is no zaakidentificatie at all.

stuf-facts §4 (was and wordt), §5.1 (noValue), §11.3 to §11.5.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.names import STUF0301, XSI, qname, split
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
_ENDED: Final = frozenset({"V", "E", "R"})


def read(message: etree._Element) -> ZaakMutatie:
    """Read the root element of a zaak message; the last `object` is how the zaak is now, the first how it was."""
    objects = [child for child in message.iterchildren(etree.Element) if _local(child) == "object"]
    mutatiesoort = ""
    for child in message.iterchildren(etree.Element):
        if _local(child) == "parameters":
            mutatiesoort = _text(_first(child, "mutatiesoort"))
    if not objects or not (identificatie := _text(_first(objects[-1], "identificatie"))):
        raise ValueError("a zaak message names a zaak by its identificatie")
    oud, huidig = (objects[0], objects[-1]) if len(objects) > 1 else (None, objects[-1])
    return ZaakMutatie(
        identificatie=identificatie,
        mutatiesoort=mutatiesoort or "T",
        velden=_velden(huidig),
        statussen=tuple(_statussen(huidig)),
        betrokkenen=tuple(_betrokkenen(huidig)),
        vervallen=tuple(_betrokkenen(oud, ended=True)) if oud is not None else (),
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
    if (zaaktype := _related(zaak, "isVan")) is not None:
        velden["zaaktype"] = _text(_first(zaaktype, "code"))[:10]
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
        except (ValueError, OverflowError):
            continue
        volgnummer = _text(_first(statustype, "volgnummer")) if statustype is not None else ""
        yield Status(
            volgnummer=int(volgnummer) if volgnummer.isascii() and volgnummer.isdecimal() else 0,
            omschrijving=_text(_first(statustype, "omschrijving"))[:80] if statustype is not None else "",
            datum_status_gezet=gezet,
            toelichting=_text(_first(relation, "toelichting"))[:1000],
        )


def _betrokkenen(zaak: etree._Element, *, ended: bool = False) -> Iterator[Betrokkene]:
    """The betrokkenen of an object; with `ended`, only those whose relation the message ends or removes."""
    for relation in zaak.iterchildren(etree.Element):
        rol = ROLLEN.get(_local(relation))
        gerelateerde = _first(relation, "gerelateerde") if rol else None
        if rol is None or gerelateerde is None:
            continue
        if ended and relation.get(qname(STUF0301, "verwerkingssoort")) not in _ENDED:
            continue
        for actor in gerelateerde.iterchildren(etree.Element):
            if _local(actor) in _SOORTEN:
                yield _betrokkene(actor, rol=rol, relation=relation)


def _betrokkene(actor: etree._Element, *, rol: str, relation: etree._Element) -> Betrokkene:
    texts = {_local(child): _text(child) for child in actor.iterchildren(etree.Element)}
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
        soort=_local(actor),
        identificatie=next((texts[name] for name in _IDENTIFIERS if texts.get(name)), "")[:40],
        naam=next((texts[name] for name in _NAMES if texts.get(name)), "")[:625],
        emailadres=_email(relation),
        gegevens=gegevens,
    )


def _email(relation: etree._Element) -> str:
    """The first address in the relation, of the person or of an aanspreekpunt."""
    for element in relation.iter(etree.Element):
        if _local(element) in ("emailadres", "sub.emailadres") and "@" in _text(element):
            return _text(element)[:254]
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
