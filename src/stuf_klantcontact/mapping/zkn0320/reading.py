"""Messages in: kennisgevingen, synchronisations and requests of koppelvlak klc, as plain values.

Read by local name and leniently; nothing here raises. What no field holds is kept (`bijzonderheden`). A document
that is no base64 is `onleesbaar`. stuf-facts §4 to §7, §10.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final, TypeVar, cast

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.mapping.zkn0320 import bijzonderheden, elements
from stuf_klantcontact.mapping.zkn0320.gegevens import (
    DocumentVerwijzing,
    InformatieobjectGegevens,
    Kennisgeving,
    KlantcontactGegevens,
    Relatie,
    Sleutels,
    Verzoek,
    ZaakVerwijzing,
)
from stuf_klantcontact.names import split
from stuf_klantcontact.opvoering import Medewerker, Partij
from stuf_klantcontact.parsing.binary import decode_base64

T = TypeVar("T")

_RSIN_LENGTH: Final = 9
_GESLACHT: Final = {word: letter for letter, word in elements.GESLACHT.items()}
_GEBOREN: Final[Mapping[str, re.Pattern[str]]] = {
    "datum": re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII),
    "jaarMaand": re.compile(r"([0-9]{4}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII),
    "jaar": re.compile(r"([0-9]{4})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII),
}
_NAMENS: Final = ("rsin", "kvkNummer", "naam")


def read(message: etree._Element) -> Kennisgeving[KlantcontactGegevens]:
    """Read the root element of a klcLk01, klcLk02, klcSa01 or klcSa02."""
    return _kennisgeving(message, klantcontact)


def read_iob(message: etree._Element) -> Kennisgeving[InformatieobjectGegevens]:
    """Read the root element of an iobLk01 or iobLk02."""
    return _kennisgeving(message, informatieobject)


def read_verzoek(message: etree._Element) -> Verzoek:
    """Read the root element of a klcSa03 or klcSa04."""
    found = _first(message, "object")
    if found is None:
        return Verzoek()
    return Verzoek(
        identificatie=_text(_first(found, "identificatie")),
        verantwoordelijke_organisatie=rsin(_first(found, "verantwoordelijkeOrganisatie")),
        sleutels=sleutels(found),
    )


def klantcontact(element: etree._Element) -> KlantcontactGegevens:
    """A KLC object, wherever it stands."""
    extra = bijzonderheden.extra_elementen(element)
    zaak, medewerker = _first(element, "heeftBetrekkingOp"), _first(element, "isGevoerdDoor")
    namens = {name: extra[f"namens.{name}"] for name in _NAMENS if f"namens.{name}" in extra}
    found = KlantcontactGegevens(
        identificatie=_text(_first(element, "identificatie")),
        verantwoordelijke_organisatie=rsin(_first(element, "verantwoordelijkeOrganisatie")),
        verwerkingssoort=_said(element, "verwerkingssoort"),
        sleutels=sleutels(element),
        datum_tijd=_moment(_first(element, "datum-tijd")),
        kanaal=_text(_first(element, "kanaal")),
        onderwerp=_text(_first(element, "onderwerp")),
        toelichting=_text(_first(element, "toelichting")),
        extra=extra,
        zaak=None if zaak is None else _relatie(zaak, _zaak),
        partijen=tuple(
            _relatie(relation, partial(_partij, relation=relation, kind=kind, namens=namens))
            for kind in ("NPS", "VES")
            for relation in _children(element, f"heeftPlaatsgevondenMet{kind}")
        ),
        medewerker=None if medewerker is None else _relatie(medewerker, _medewerker),
        documenten=tuple(_relatie(relation, _document) for relation in _children(element, "heeftRelevant")),
    )
    rendered = elements.bare_klc(found, tag=element.tag)
    return replace(found, bijzonderheden=bijzonderheden.keep(element, rendered=rendered))


def informatieobject(element: etree._Element) -> InformatieobjectGegevens:
    """An IOB object. Its bytes are decoded strictly, as those of a GFOZaken document."""
    inhoud = _first(element, "eib.inhoud")
    packed = "" if inhoud is None else (inhoud.text or "")
    decoded = decode_base64(packed) if packed.strip() else None
    bestandsnaam = _first(element, "bestandsnaamEnkelvoudigInformatieobject")
    found = InformatieobjectGegevens(
        identificatie=_text(_first(element, "informatieobjectidentificatie")),
        bronorganisatie=rsin(_first(element, "bronorganisatie")),
        verwerkingssoort=_said(element, "verwerkingssoort"),
        sleutels=sleutels(element),
        creatiedatum=_datum(_first(element, "creatiedatum")),
        ontvangstdatum=_datum(_first(element, "ontvangstdatum")),
        afzender=_text(_first(element, "afzender")),
        titel=_text(_first(element, "titel")),
        beschrijving=_text(_first(element, "beschrijving")),
        verzenddatum=_datum(_first(element, "verzenddatum")),
        geadresseerde=_text(_first(element, "geadresseerde")),
        formaat=_text(_first(element, "eib.formaat")),
        taal=_text(_first(element, "eib.taal")),
        inhoud=decoded,
        onleesbaar=bool(packed.strip()) and decoded is None,
        verwijzing=_text(_first(element, "eib.link")),
        bestandsnaam="" if bestandsnaam is None else _text(_first(bestandsnaam, "naam")),
        extra=bijzonderheden.extra_elementen(element),
        zaken=tuple(_relatie(relation, _zaak) for relation in _children(element, "isBekendBij")),
    )
    # Its beschrijving and extraElementen have no column; its bytes need not be encoded again, nobody compares them.
    rendered = elements.bare_iob(replace(found, beschrijving="", extra={}), inhoud=None)
    return replace(found, bijzonderheden=bijzonderheden.keep(element, rendered=rendered))


def sleutels(element: etree._Element) -> Sleutels:
    """The keys on an object or selection."""
    return Sleutels(
        verzendend=_said(element, "sleutelVerzendend"),
        ontvangend=_said(element, "sleutelOntvangend"),
        gegevensbeheer=_said(element, "sleutelGegevensbeheer"),
        synchronisatie=_said(element, "sleutelSynchronisatie"),
    )


def rsin(element: etree._Element | None) -> str:
    """An RSIN as nine digits: a number loses its leading zeros on the way (stuf-facts §10.1)."""
    text = _text(element).strip()
    return text.zfill(_RSIN_LENGTH) if text.isascii() and text.isdigit() else text


def _kennisgeving(message: etree._Element, reader: Callable[[etree._Element], T]) -> Kennisgeving[T]:
    whole = _first(message, "actueel")
    if whole is None:
        whole = message
    parameters = _first(whole, "parameters")
    objects = _children(whole, "object")
    soort, overname = "", ""
    if parameters is not None:
        soort = _text(_first(parameters, "mutatiesoort")).strip()
        overname = _text(_first(parameters, "indicatorOvername")).strip()
    return Kennisgeving(
        mutatiesoort=soort,
        indicator_overname=overname or "V",
        oud=reader(objects[0]) if len(objects) > 1 else None,
        huidig=reader(objects[-1]) if objects else None,
    )


def _relatie(relation: etree._Element, reader: Callable[[etree._Element], T]) -> Relatie[T]:
    related = _first(relation, "gerelateerde")
    return Relatie(
        entiteittype=_said(relation, "entiteittype"),
        verwerkingssoort=_said(relation, "verwerkingssoort"),
        gerelateerde=None if related is None else reader(related),
        gerelateerde_soort="" if related is None else _said(related, "verwerkingssoort"),
    )


def _zaak(related: etree._Element) -> ZaakVerwijzing:
    return ZaakVerwijzing(
        identificatie=_text(_first(related, "zaakidentificatie")),
        bronorganisatie=rsin(_first(related, "bronorganisatie")),
        omschrijving=_text(_first(related, "omschrijving")),
    )


def _document(related: etree._Element) -> DocumentVerwijzing:
    return DocumentVerwijzing(
        identificatie=_text(_first(related, "informatieobjectidentificatie")),
        bronorganisatie=rsin(_first(related, "bronorganisatie")),
    )


def _medewerker(related: etree._Element) -> Medewerker:
    return cast(Medewerker, _fields(related, elements.MEDEWERKER))


def _partij(related: etree._Element, *, relation: etree._Element, kind: str, namens: Mapping[str, str]) -> Partij:
    beside = bijzonderheden.extra_elementen(relation)
    found: dict[str, Any]
    if kind == "VES":
        found = {"soort": "vestiging", **_fields(related, _VESTIGING), **_only(beside, "identificatie")}
        group = _first(relation, "contactpersoonKlant-contactpersoon")
        if group is not None and (person := _fields(group, elements.CONTACTPERSOON)):
            found["contactpersoon"] = person
    else:
        found = {"soort": "natuurlijkPersoon", **_fields(related, _PERSOON), **_only(beside, "identificatie")}
        found |= _only(beside, "voorvoegsel", "geslachtsaanduiding", "geboortedatum")
        if geslacht := _GESLACHT.get(_text(_first(related, "geslachtsaanduiding"))):
            found["geslachtsaanduiding"] = geslacht
        if geboren := _geboren(_first(_first(related, "geboorte"), "geboortedatum")):
            found["geboortedatum"] = geboren
        found |= _naam(_first(related, "naamgebruik"), before=beside.get("voorvoegselInNaam", ""))
    if namens:
        found["namens"] = dict(namens)
    return cast(Partij, found)


_VESTIGING: Final = {"vestigingsnummer": "vestigingsnummer", "handelsnaam": "handelsnaam"}
_PERSOON: Final = {"bsn": "inp.burgerservicenummer", "anpIdentificatie": "anp.nummerAnderNatuurlijkPersoon"}


def _naam(group: etree._Element | None, *, before: str) -> dict[str, str]:
    """Name and voorletters; `before` is the voorvoegsel that stands before the name."""
    found = {
        "geslachtsnaam": _text(_first(group, "geslachtnaamstam")),
        "voorletters": _text(_first(group, "voorletters")),
    }
    if before and found["geslachtsnaam"].startswith(f"{before} ") and len(found["geslachtsnaam"]) > len(before) + 1:
        found |= {"geslachtsnaam": found["geslachtsnaam"][len(before) + 1 :], "voorvoegsel": before}
    return {name: text for name, text in found.items() if text}


def _geboren(element: etree._Element | None) -> str:
    """A date as far as it is known: a day, a month (jjjj-mm) or a year."""
    for form, pattern in _GEBOREN.items():
        if match := pattern.fullmatch(_text(_first(element, form)).strip()):
            return match[1]
    return ""


def _fields(parent: etree._Element, names: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, local in names.items() if (text := _text(_first(parent, local)))}


def _only(values: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: values[name] for name in names if name in values}


def _moment(element: etree._Element | None) -> datetime | None:
    try:
        return tijdstip.parse(_text(_first(element, "tijdstip")))
    except ValueError:
        return None


def _datum(element: etree._Element | None) -> date | None:
    try:
        return tijdstip.parse_date(_text(_first(element, "datum")))
    except ValueError:
        return None


def _children(parent: etree._Element, local: str) -> list[etree._Element]:
    return list(parent.iterchildren("{*}" + local))


def _first(parent: etree._Element | None, local: str) -> etree._Element | None:
    """The first child of that name; there is one, but of handelsnaam and the relations to documents."""
    return None if parent is None else next(parent.iterchildren("{*}" + local), None)


def _text(element: etree._Element | None) -> str:
    """The text of an element as it is: white space in a text is part of it (stuf-facts §10.1)."""
    return "" if element is None else (element.text or "")


def _said(element: etree._Element, local: str) -> str:
    """An attribute, in whatever namespace."""
    if (plain := element.get(local)) is not None:
        return plain
    for name, value in element.attrib.items():
        if split(str(name))[1] == local:
            return str(value)
    return ""
