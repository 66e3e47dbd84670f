"""RGBZ 2.0 out: a klantcontact as klcLk01, a document as iobLk01, on StUF 03.02 and the zkn0320 entity types.

Pure renderings of stored facts. A matchgegeven that is not known is sent in the empty form the standard allows
(stuf-facts §10.4); nothing is invented. A record that lacks what RGBZ demands raises ValueError: the rules keep
such a contact from being exchanged at all.

stuf-facts §10.2 to §10.8; docs/mapping.md §5.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from lxml import etree

from stuf_klantcontact import berichten
from stuf_klantcontact.names import BG0320, KLC, STUF0302, XSI, ZKN0320, qname
from stuf_klantcontact.rgbz import Informatieobject, Klantcontact, Zaak
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.tijdstip import stuf0302

_ENTITEITTYPE: Final = qname(ZKN0320, "entiteittype")
_BG_ENTITEITTYPE: Final = qname(BG0320, "entiteittype")
_GESLACHT: Final = {"M": "Man", "V": "Vrouw", "O": "Onbekend"}
_EXTENSION_LENGTH: Final = 5
_NAAM_LENGTH: Final = 200
_DATUM_FORMS: Final = {10: "datum", 7: "jaarMaand", 4: "jaar"}


def klc_lk01(klantcontact: Klantcontact, *, header: Header) -> etree._Element:
    """The klcLk01 that tells of a new klantcontact (mutatiesoort T)."""
    return berichten.lk01("klcLk01", header=header, mutatiesoort="T", objects=[klc(klantcontact)])


def iob_lk01(informatieobject: Informatieobject, *, klantcontact: Klantcontact, header: Header) -> etree._Element:
    """The iobLk01 that tells of a document of a klantcontact, related to its zaak (mutatiesoort T)."""
    objects = [iob(informatieobject, klantcontact=klantcontact)]
    return berichten.lk01("iobLk01", header=header, mutatiesoort="T", objects=objects)


def klc(klantcontact: Klantcontact) -> etree._Element:
    """KLC-basis with its relations, in the order of the type (stuf-facts §10.2)."""
    root = _entity(qname(KLC, "object"), "KLC", verwerkingssoort="T")
    root.set("sleutelVerzendend", klantcontact.identificatie)
    _add(root, "identificatie", klantcontact.identificatie)
    _integer(root, "verantwoordelijkeOrganisatie", klantcontact.verantwoordelijke_organisatie)
    _moment(etree.SubElement(root, qname(ZKN0320, "datum-tijd")), klantcontact.datum_tijd)
    _add(root, "kanaal", klantcontact.kanaal)
    _add(root, "onderwerp", klantcontact.onderwerp)
    _optional(root, "toelichting", klantcontact.toelichting)
    _extra(root, klantcontact.extra)
    if klantcontact.zaak is not None:
        relation = _entity(_sub(root, "heeftBetrekkingOp"), "KLCZAK", verwerkingssoort="T")
        _zak(relation, klantcontact.zaak)
    if klantcontact.partij is None:
        raise ValueError("a klantcontact is exchanged with exactly one natuurlijk persoon or vestiging")
    if klantcontact.partij["soort"] == "natuurlijkPersoon":
        relation = _entity(_sub(root, "heeftPlaatsgevondenMetNPS"), "KLCNPS", verwerkingssoort="T")
        _nps(relation, klantcontact.partij)
    else:
        relation = _entity(_sub(root, "heeftPlaatsgevondenMetVES"), "KLCVES", verwerkingssoort="T")
        _ves(relation, klantcontact.partij)
    for informatieobject in klantcontact.informatieobjecten:
        relation = _entity(_sub(root, "heeftRelevant"), "KLCIOB", verwerkingssoort="T")
        related = _entity(_sub(relation, "gerelateerde"), "IOB", verwerkingssoort="I")
        _add(related, "informatieobjectidentificatie", informatieobject.identificatie)
        _integer(related, "bronorganisatie", informatieobject.bronorganisatie)
    if klantcontact.medewerker is None:
        raise ValueError("a klantcontact is exchanged with exactly one medewerker")
    relation = _entity(_sub(root, "isGevoerdDoor"), "KLCMDW", verwerkingssoort="T")
    _mdw(relation, klantcontact.medewerker, rsin=klantcontact.verantwoordelijke_organisatie)
    return root


def iob(informatieobject: Informatieobject, *, klantcontact: Klantcontact) -> etree._Element:
    """IOB-basis with the relation to its zaak (stuf-facts §10.5); the document itself as base64 or as a link.

    A receipt or sending is exchanged as this and nothing else, so it carries what else was said of the contact.
    """
    root = _entity(qname(KLC, "object"), "IOB", verwerkingssoort="T")
    root.set("sleutelVerzendend", informatieobject.identificatie)
    _add(root, "informatieobjectidentificatie", informatieobject.identificatie)
    _integer(root, "bronorganisatie", informatieobject.bronorganisatie)
    _datum(root, "creatiedatum", informatieobject.creatiedatum)
    if informatieobject.ontvangstdatum is not None:
        _datum(root, "ontvangstdatum", informatieobject.ontvangstdatum)
        _optional(root, "afzender", informatieobject.afzender)
    _add(root, "typering", "enkelvoudigInformatieobject")
    _add(root, "titel", informatieobject.titel)
    alone = klantcontact.groep in ("ontvangst", "verzending")
    if alone:
        _optional(root, "beschrijving", klantcontact.toelichting)
    if informatieobject.verzenddatum is not None:
        _datum(root, "verzenddatum", informatieobject.verzenddatum)
        _optional(root, "geadresseerde", informatieobject.geadresseerde)
    _add(root, "vertrouwelijkaanduiding", "ZAAKVERTROUWELIJK")
    _optional(root, "eib.formaat", informatieobject.formaat)
    _optional(root, "eib.taal", informatieobject.taal)
    if informatieobject.inhoud is not None:
        _add(root, "eib.inhoud", base64.b64encode(informatieobject.inhoud.inhoud).decode("ascii"))
    _optional(root, "eib.link", informatieobject.verwijzing)
    if informatieobject.inhoud is not None:
        _add(root, "eib.bestandsomvang", str(len(informatieobject.inhoud.inhoud)))
    if informatieobject.bestandsnaam:
        naam = _sub(root, "bestandsnaamEnkelvoudigInformatieobject")
        _add(naam, "naam", informatieobject.bestandsnaam)
        extension = informatieobject.bestandsnaam.rpartition(".")[2]
        if "." in informatieobject.bestandsnaam and 0 < len(extension) <= _EXTENSION_LENGTH:
            _add(naam, "extensie", extension)
    if alone:
        _extra(root, {**klantcontact.extra, "kanaal": klantcontact.kanaal, "onderwerp": klantcontact.onderwerp})
    if klantcontact.zaak is not None:
        relation = _entity(_sub(root, "isBekendBij"), "IOBZAK", verwerkingssoort="T")
        _zak(relation, klantcontact.zaak)
    return root


def _zak(relation: etree._Element, zaak: Zaak) -> None:
    related = _entity(_sub(relation, "gerelateerde"), "ZAK", verwerkingssoort="I")
    _add(related, "zaakidentificatie", zaak.identificatie)
    _integer(related, "bronorganisatie", zaak.bronorganisatie)
    _add(related, "omschrijving", zaak.omschrijving)


def _mdw(relation: etree._Element, medewerker: Mapping[str, Any], *, rsin: str) -> None:
    related = _entity(_sub(relation, "gerelateerde"), "MDW", verwerkingssoort="I")
    _add(related, "medewerkeridentificatie", medewerker["identificatie"])
    _integer(related, "organisatie-identificatie", rsin)
    _add(related, "achternaam", medewerker.get("achternaam", ""))
    _add(related, "voorletters", medewerker.get("voorletters", ""))
    _add(related, "voorvoegselAchternaam", medewerker.get("voorvoegsel", ""))


def _nps(relation: etree._Element, persoon: Mapping[str, Any]) -> None:
    related = etree.SubElement(relation, qname(ZKN0320, "gerelateerde"))
    related.set(_BG_ENTITEITTYPE, "NPS")
    related.set("verwerkingssoort", "T")
    _bg(related, "inp.burgerservicenummer", persoon.get("bsn", ""))
    _bg(related, "anp.nummerAnderNatuurlijkPersoon", persoon.get("anpIdentificatie", ""))
    _bg(related, "geslachtsaanduiding", _GESLACHT.get(persoon.get("geslachtsaanduiding", ""), ""))
    datum = etree.SubElement(etree.SubElement(related, qname(BG0320, "geboorte")), qname(BG0320, "geboortedatum"))
    if form := _DATUM_FORMS.get(len(geboortedatum := persoon.get("geboortedatum", ""))):
        etree.SubElement(datum, qname(STUF0302, form)).text = geboortedatum
    stam, voorvoegsel = persoon.get("geslachtsnaam", ""), persoon.get("voorvoegsel", "")
    voorletters = persoon.get("voorletters", "")
    # bg0320 has no place for the text of a voorvoegsel: it goes before the name or, if that is too long, beside it.
    joined = f"{voorvoegsel} {stam}" if voorvoegsel and stam else stam
    fits = bool(stam) and len(joined) <= _NAAM_LENGTH
    if stam or voorletters:
        name = etree.SubElement(related, qname(BG0320, "naamgebruik"))
        if stam:
            _bg(name, "geslachtnaamstam", joined if fits else stam)
        if voorletters:
            _bg(name, "voorletters", voorletters)
    beside = {"identificatie": persoon.get("identificatie", ""), "voorvoegsel": "" if fits else voorvoegsel}
    _extra(relation, beside)


def _ves(relation: etree._Element, vestiging: Mapping[str, Any]) -> None:
    related = etree.SubElement(relation, qname(ZKN0320, "gerelateerde"))
    related.set(_BG_ENTITEITTYPE, "VES")
    related.set("verwerkingssoort", "T")
    _bg(related, "vestigingsnummer", vestiging.get("vestigingsnummer", ""))
    _bg(related, "handelsnaam", vestiging.get("handelsnaam", ""))
    contactpersoon = vestiging.get("contactpersoon")
    if contactpersoon:
        group = _sub(relation, "contactpersoonKlant-contactpersoon")
        _optional(group, "contactpersoonEmailadres", contactpersoon.get("emailadres", ""))
        _optional(group, "contactpersoonFunctie", contactpersoon.get("functie", ""))
        _optional(group, "contactpersoonTelefoonnummer", contactpersoon.get("telefoonnummer", ""))
        _add(group, "contactpersoonnaam", contactpersoon["naam"])
    _extra(relation, {"identificatie": vestiging.get("identificatie", "")})


def _extra(parent: etree._Element, values: Mapping[str, str]) -> None:
    given = {name: value for name, value in sorted(values.items()) if value}
    if not given:
        return
    group = etree.SubElement(parent, qname(STUF0302, "extraElementen"))
    for name, value in given.items():
        etree.SubElement(group, qname(STUF0302, "extraElement"), naam=name).text = value


def _entity(tag: str | etree._Element, entiteittype: str, *, verwerkingssoort: str) -> etree._Element:
    element = etree.Element(tag) if isinstance(tag, str) else tag
    element.set(_ENTITEITTYPE, entiteittype)
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
    text = stuf0302(value, timespec="milliseconds" if value.microsecond else "seconds")
    etree.SubElement(element, qname(STUF0302, "tijdstip")).text = text


def klc_sa(klantcontact: Klantcontact, *, header: Header, actueel: Header) -> etree._Element:
    """klcSa01 or klcSa02, as `header` says; `actueel` is the header of the kennisgeving in it."""
    raise NotImplementedError


def mutatiesoort(oud: Klantcontact, huidig: Klantcontact) -> str:
    """C for a correction; W when a relation was added, which no correction can say (StUF 03.01 table 5.5)."""
    raise NotImplementedError


def zak(zaak: Zaak, *, klantcontacten: Sequence[Klantcontact]) -> etree._Element:
    """The ZAK of a zakLa01, with its klantcontacten (heeftContact)."""
    raise NotImplementedError
