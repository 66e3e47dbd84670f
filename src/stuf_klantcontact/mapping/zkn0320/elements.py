"""Objects out: KLC, IOB and ZAK of zkn0320 from what they say, in the order of their types.

A matchgegeven that is not known is sent in the empty form the standard allows (stuf-facts §10.4); nothing is
invented. What was kept of an object that came in is put back. stuf-facts §10.2 to §10.8.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from stuf_klantcontact.mapping.zkn0320 import bijzonderheden
from stuf_klantcontact.mapping.zkn0320.bijzonderheden import NSMAP
from stuf_klantcontact.mapping.zkn0320.gegevens import (
    DocumentVerwijzing,
    InformatieobjectGegevens,
    KlantcontactGegevens,
    Relatie,
    ZaakVerwijzing,
)
from stuf_klantcontact.names import BG0320, KLC, STUF0302, XSI, ZKN0320, ZTC0320, qname
from stuf_klantcontact.opvoering import Medewerker, Partij
from stuf_klantcontact.parsing.binary import base64_text
from stuf_klantcontact.tijdstip import is_known_date, stuf0302

if TYPE_CHECKING:
    from stuf_klantcontact.rgbz import Status, Zaak

OBJECT: Final = qname(KLC, "object")
ENTITEITTYPE: Final = qname(ZKN0320, "entiteittype")
BG_ENTITEITTYPE: Final = qname(BG0320, "entiteittype")
GESLACHT: Final = {"M": "Man", "V": "Vrouw", "O": "Onbekend"}
DATUM_FORMS: Final = {10: "datum", 7: "jaarMaand", 4: "jaar"}
NAAM_LENGTH: Final = 200
CONTACTPERSOON: Final = {
    "emailadres": "contactpersoonEmailadres",
    "functie": "contactpersoonFunctie",
    "telefoonnummer": "contactpersoonTelefoonnummer",
    "naam": "contactpersoonnaam",
}
MEDEWERKER: Final = {
    "identificatie": "medewerkeridentificatie",
    "achternaam": "achternaam",
    "voorletters": "voorletters",
    "voorvoegsel": "voorvoegselAchternaam",
}
_EXTENSION_LENGTH: Final = 5
_ZAAKTYPE_LENGTH: Final = 5
_HIGHEST_VOLGNUMMER: Final = 9999


def klc(gegevens: KlantcontactGegevens, *, tag: str = OBJECT) -> etree._Element:
    """KLC with its relations (stuf-facts §10.2), and what was kept of it."""
    root = bare_klc(gegevens, tag=tag)
    bijzonderheden.put_back(root, gegevens.bijzonderheden)
    return root


def bare_klc(gegevens: KlantcontactGegevens, *, tag: str = OBJECT) -> etree._Element:
    """The same from its fields alone."""
    root = _entity(etree.Element(tag, nsmap=NSMAP), "KLC", verwerkingssoort=gegevens.verwerkingssoort)
    if gegevens.identificatie:
        root.set("sleutelVerzendend", gegevens.identificatie)
    _add(root, "identificatie", gegevens.identificatie)
    _integer(root, "verantwoordelijkeOrganisatie", gegevens.verantwoordelijke_organisatie)
    if gegevens.datum_tijd is not None:
        _moment(_sub(root, "datum-tijd"), gegevens.datum_tijd)
    _optional(root, "kanaal", gegevens.kanaal)
    _optional(root, "onderwerp", gegevens.onderwerp)
    _optional(root, "toelichting", gegevens.toelichting)
    _extra(root, gegevens.extra)
    if gegevens.zaak is not None:
        _zaak(root, "heeftBetrekkingOp", gegevens.zaak)
    for relatie in gegevens.partijen:
        _partij(root, relatie)
    for document in gegevens.documenten:
        _document(root, document)
    if gegevens.medewerker is not None:
        _medewerker(root, gegevens.medewerker, rsin=gegevens.verantwoordelijke_organisatie)
    return root


def iob(gegevens: InformatieobjectGegevens, *, inhoud_als: Callable[[bytes], str] = base64_text) -> etree._Element:
    """IOB with its zaak (stuf-facts §10.5), the document itself as base64 or as a link, and what was kept of it."""
    root = bare_iob(gegevens, inhoud=None if gegevens.inhoud is None else inhoud_als(gegevens.inhoud))
    bijzonderheden.put_back(root, gegevens.bijzonderheden)
    return root


def bare_iob(gegevens: InformatieobjectGegevens, *, inhoud: str | None) -> etree._Element:
    """The same from its fields alone, with `inhoud` as its content, which is base64."""
    root = _entity(etree.Element(OBJECT, nsmap=NSMAP), "IOB", verwerkingssoort=gegevens.verwerkingssoort)
    if gegevens.identificatie:
        root.set("sleutelVerzendend", gegevens.identificatie)
    _add(root, "informatieobjectidentificatie", gegevens.identificatie)
    _integer(root, "bronorganisatie", gegevens.bronorganisatie)
    if gegevens.creatiedatum is not None:
        _datum(root, "creatiedatum", gegevens.creatiedatum)
    if gegevens.ontvangstdatum is not None:
        _datum(root, "ontvangstdatum", gegevens.ontvangstdatum)
        _optional(root, "afzender", gegevens.afzender)
    _add(root, "typering", "enkelvoudigInformatieobject")
    _optional(root, "titel", gegevens.titel)
    _optional(root, "beschrijving", gegevens.beschrijving)
    if gegevens.verzenddatum is not None:
        _datum(root, "verzenddatum", gegevens.verzenddatum)
        _optional(root, "geadresseerde", gegevens.geadresseerde)
    _add(root, "vertrouwelijkaanduiding", "ZAAKVERTROUWELIJK")
    _optional(root, "eib.formaat", gegevens.formaat)
    _optional(root, "eib.taal", gegevens.taal)
    if inhoud is not None:
        _add(root, "eib.inhoud", inhoud)
    _optional(root, "eib.link", gegevens.verwijzing)
    if gegevens.inhoud is not None:
        _add(root, "eib.bestandsomvang", str(len(gegevens.inhoud)))
    if gegevens.bestandsnaam:
        naam = _sub(root, "bestandsnaamEnkelvoudigInformatieobject")
        _add(naam, "naam", gegevens.bestandsnaam)
        extension = gegevens.bestandsnaam.rpartition(".")[2]
        if "." in gegevens.bestandsnaam and 0 < len(extension) <= _EXTENSION_LENGTH:
            _add(naam, "extensie", extension)
    _extra(root, gegevens.extra)
    for relatie in gegevens.zaken:
        _zaak(root, "isBekendBij", relatie)
    return root


def matchgegevens(element: etree._Element) -> etree._Element:
    """Only what identifies an object (KLC or IOB), as a new element with the same attributes."""
    root = etree.Element(element.tag, nsmap=NSMAP)
    root.attrib.update(element.attrib)
    for child in list(element.iterchildren(etree.Element))[:2]:
        root.append(child)
    return root


def _zaak(parent: etree._Element, name: str, relatie: Relatie[ZaakVerwijzing]) -> None:
    element = _relation(parent, name, relatie)
    if relatie.gerelateerde is None:
        return
    related = _entity(_sub(element, "gerelateerde"), "ZAK", verwerkingssoort=relatie.gerelateerde_soort)
    _add(related, "zaakidentificatie", relatie.gerelateerde.identificatie)
    _integer(related, "bronorganisatie", relatie.gerelateerde.bronorganisatie)
    _add(related, "omschrijving", relatie.gerelateerde.omschrijving)


def _document(parent: etree._Element, relatie: Relatie[DocumentVerwijzing]) -> None:
    element = _relation(parent, "heeftRelevant", relatie)
    if relatie.gerelateerde is None:
        return
    related = _entity(_sub(element, "gerelateerde"), "IOB", verwerkingssoort=relatie.gerelateerde_soort)
    _add(related, "informatieobjectidentificatie", relatie.gerelateerde.identificatie)
    _integer(related, "bronorganisatie", relatie.gerelateerde.bronorganisatie)


def _medewerker(parent: etree._Element, relatie: Relatie[Medewerker], *, rsin: str) -> None:
    element = _relation(parent, "isGevoerdDoor", relatie)
    if relatie.gerelateerde is None:
        return
    related = _entity(_sub(element, "gerelateerde"), "MDW", verwerkingssoort=relatie.gerelateerde_soort)
    medewerker = relatie.gerelateerde
    _add(related, "medewerkeridentificatie", medewerker.get("identificatie", ""))
    _integer(related, "organisatie-identificatie", rsin)
    _add(related, "achternaam", medewerker.get("achternaam", ""))
    _add(related, "voorletters", medewerker.get("voorletters", ""))
    _add(related, "voorvoegselAchternaam", medewerker.get("voorvoegsel", ""))


def _partij(parent: etree._Element, relatie: Relatie[Partij]) -> None:
    kind = "VES" if relatie.entiteittype == "KLCVES" else "NPS"
    element = _relation(parent, f"heeftPlaatsgevondenMet{kind}", relatie)
    partij = relatie.gerelateerde
    if partij is None:
        return
    related = _sub(element, "gerelateerde")
    related.set(BG_ENTITEITTYPE, kind)
    if relatie.gerelateerde_soort:
        related.set("verwerkingssoort", relatie.gerelateerde_soort)
    (_vestiging if kind == "VES" else _persoon)(element, related, partij)


def _persoon(relation: etree._Element, related: etree._Element, persoon: Partij) -> None:
    geslacht, geboren = persoon.get("geslachtsaanduiding", ""), persoon.get("geboortedatum", "")
    _bg(related, "inp.burgerservicenummer", persoon.get("bsn", ""))
    _bg(related, "anp.nummerAnderNatuurlijkPersoon", persoon.get("anpIdentificatie", ""))
    _bg(related, "geslachtsaanduiding", GESLACHT.get(geslacht, ""))
    datum = etree.SubElement(etree.SubElement(related, qname(BG0320, "geboorte")), qname(BG0320, "geboortedatum"))
    if form := DATUM_FORMS[len(geboren)] if is_known_date(geboren) else "":
        etree.SubElement(datum, qname(STUF0302, form)).text = geboren
    stam, voorvoegsel = persoon.get("geslachtsnaam", ""), persoon.get("voorvoegsel", "")
    voorletters = persoon.get("voorletters", "")
    # bg0320 has no place for the text of a voorvoegsel: it goes before the name, and beside it is said what it is;
    # or beside it alone, when the two together are too long.
    joined = f"{voorvoegsel} {stam}" if voorvoegsel and stam else stam
    fits = len(joined) <= NAAM_LENGTH
    if stam or voorletters:
        name = etree.SubElement(related, qname(BG0320, "naamgebruik"))
        if stam:
            _bg(name, "geslachtnaamstam", joined if fits else stam)
        if voorletters:
            _bg(name, "voorletters", voorletters)
    before = bool(voorvoegsel and stam and fits)
    beside = {
        "identificatie": persoon.get("identificatie", ""),
        "voorvoegselInNaam" if before else "voorvoegsel": voorvoegsel,
        "geslachtsaanduiding": "" if geslacht in GESLACHT else geslacht,
        "geboortedatum": "" if form else geboren,
    }
    _extra(relation, beside)


def _vestiging(relation: etree._Element, related: etree._Element, vestiging: Partij) -> None:
    _bg(related, "vestigingsnummer", vestiging.get("vestigingsnummer", ""))
    _bg(related, "handelsnaam", vestiging.get("handelsnaam", ""))
    contactpersoon: Mapping[str, Any] = vestiging.get("contactpersoon") or {}
    if any(contactpersoon.values()):
        group = _sub(relation, "contactpersoonKlant-contactpersoon")
        for name, local in CONTACTPERSOON.items():
            _optional(group, local, contactpersoon.get(name, ""))
    _extra(relation, {"identificatie": vestiging.get("identificatie", "")})


def _relation(parent: etree._Element, name: str, relatie: Relatie[Any]) -> etree._Element:
    return _entity(_sub(parent, name), relatie.entiteittype, verwerkingssoort=relatie.verwerkingssoort)


def _extra(parent: etree._Element, values: Mapping[str, str]) -> None:
    given = {name: value for name, value in sorted(values.items()) if value}
    if not given:
        return
    group = etree.SubElement(parent, qname(STUF0302, "extraElementen"))
    for name, value in given.items():
        etree.SubElement(group, qname(STUF0302, "extraElement"), naam=name).text = value


def _entity(element: etree._Element, entiteittype: str, *, verwerkingssoort: str) -> etree._Element:
    element.set(ENTITEITTYPE, entiteittype)
    if verwerkingssoort:
        element.set("verwerkingssoort", verwerkingssoort)
    return element


def _sub(parent: etree._Element, local: str) -> etree._Element:
    return etree.SubElement(parent, qname(ZKN0320, local))


def _add(parent: etree._Element, local: str, text: str) -> None:
    _sub(parent, local).text = text or None


def _optional(parent: etree._Element, local: str, text: str) -> None:
    if text:
        _add(parent, local, text)


def _bg(parent: etree._Element, local: str, text: str) -> None:
    etree.SubElement(parent, qname(BG0320, local)).text = text or None


def _integer(parent: etree._Element, local: str, text: str) -> None:
    """Empty is not a legal integer: no value is xsi:nil (stuf-facts §5.2)."""
    element = _sub(parent, local)
    if text:
        element.text = text
    else:
        element.set(qname(XSI, "nil"), "true")


def _datum(parent: etree._Element, local: str, value: date) -> None:
    etree.SubElement(_sub(parent, local), qname(STUF0302, "datum")).text = value.isoformat()


def _moment(element: etree._Element, value: datetime) -> None:
    text = stuf0302(value, timespec="milliseconds" if value.microsecond >= 1000 else "seconds")
    etree.SubElement(element, qname(STUF0302, "tijdstip")).text = text


def zak(zaak: "Zaak") -> etree._Element:
    """ZAK of an answer: its own elements and its statussen (heeft), oldest first; the last is the current one."""
    root = _entity(etree.Element(OBJECT, nsmap={**NSMAP, "ztc": ZTC0320}), "ZAK", verwerkingssoort="")
    root.set("sleutelVerzendend", zaak.identificatie)
    _add(root, "zaakidentificatie", zaak.identificatie)
    _integer(root, "bronorganisatie", zaak.bronorganisatie)
    _add(root, "omschrijving", zaak.omschrijving)
    for name, value in (
        ("registratiedatum", zaak.registratiedatum),
        ("einddatum", zaak.einddatum),
        ("startdatum", zaak.startdatum),
    ):
        if value is not None:
            _datum(root, name, value)
    if zaak.zaaktype or zaak.zaaktype_omschrijving:
        group = _sub(root, "zaaktype")
        number = zaak.zaaktype.isascii() and zaak.zaaktype.isdigit() and len(zaak.zaaktype) <= _ZAAKTYPE_LENGTH
        _optional(group, "identificatie", zaak.zaaktype if number else "")
        _optional(group, "omschrijving", zaak.zaaktype_omschrijving)
        # A code that is no number has no place in zkn0320.
        _extra(root, {} if number else {"zaaktype": zaak.zaaktype})
    current = [status for status in zaak.statussen if not status.vervallen]
    for status in sorted(
        current, key=lambda status: (status.datum_status_gezet, status.volgnummer, status.id or 0)
    ):
        _status(root, status)
    return root


def _status(root: etree._Element, status: "Status") -> None:
    relation = _entity(_sub(root, "heeft"), "ZAKSTT", verwerkingssoort="")
    related = _sub(relation, "gerelateerde")
    related.set(qname(ZTC0320, "entiteittype"), "STT")
    if 0 < status.volgnummer <= _HIGHEST_VOLGNUMMER:
        etree.SubElement(related, qname(ZTC0320, "volgnummer")).text = f"{status.volgnummer:04d}"
    if status.omschrijving:
        etree.SubElement(related, qname(ZTC0320, "omschrijving")).text = status.omschrijving
    _optional(relation, "statustoelichting", status.toelichting)
    _moment(_sub(relation, "datumStatusGezet"), status.datum_status_gezet)
