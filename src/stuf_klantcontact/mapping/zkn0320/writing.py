"""Messages out: kennisgevingen, synchronisations, and the objects of answers, from stored facts.

A record that lacks what RGBZ demands raises ValueError where it would be exchanged: the rules keep such a contact
from being exchanged at all. stuf-facts §4, §6.6 and §7; docs/mapping.md §5.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from lxml import etree

from stuf_klantcontact import berichten
from stuf_klantcontact.mapping.zkn0320 import changes, elements, records
from stuf_klantcontact.mapping.zkn0320.gegevens import (
    InformatieobjectGegevens,
    KlantcontactGegevens,
)
from stuf_klantcontact.names import ZKN0320, qname
from stuf_klantcontact.parsing.binary import base64_text
from stuf_klantcontact.stuurgegevens import Header

if TYPE_CHECKING:
    from stuf_klantcontact.rgbz import Informatieobject, Klantcontact, Zaak

TWO: Final = frozenset({"W", "C", "F"})
"""A mutatiesoort with two objects: how it was, and how it is."""

_OF_A_MESSAGE: Final = ("verwerkingssoort", "sleutelSynchronisatie")


def klc_lk01(
    klantcontact: "Klantcontact", *, header: Header, mutatiesoort: str = "T", oud: "Klantcontact | None" = None
) -> etree._Element:
    """klcLk01 or klcLk02, as `header` says: of a new klantcontact (T), a change (C, W), or its withdrawal (V).

    W and C need `oud`, how it was. ValueError when a C would add a relation: see `mutatiesoort`.
    """
    objects = _objects(
        mutatiesoort,
        _whole(klantcontact) if mutatiesoort == "T" else elements.klc(records.gegevens(klantcontact)),
        None if oud is None else elements.klc(records.gegevens(oud)),
    )
    return berichten.lk(f"klc{header.berichtcode}", header=header, mutatiesoort=mutatiesoort, objects=objects)


def iob_lk01(
    informatieobject: "Informatieobject",
    *,
    klantcontact: "Klantcontact | None",
    header: Header,
    zaak: "Zaak | None" = None,
    mutatiesoort: str = "T",
    oud: "tuple[Informatieobject, Klantcontact] | None" = None,
    beside_contact: bool = False,
    inhoud_als: Callable[[bytes], str] = base64_text,
) -> etree._Element:
    """iobLk01 or iobLk02: a document of a klantcontact, related to its zaak; `oud` is both as they were.

    A receipt or sending is exchanged as this and nothing else, so it carries what else was said of the contact, and
    changes with it; not so when the contact itself goes `beside_contact`. A document of no klantcontact is related
    to `zaak`, if any. `inhoud_als` says what stands for bytes.
    """
    objects = _objects(
        mutatiesoort,
        elements.iob(
            document(informatieobject, klantcontact=klantcontact, zaak=zaak, beside_contact=beside_contact),
            inhoud_als=inhoud_als,
        ),
        None if oud is None else elements.iob(document(oud[0], klantcontact=oud[1]), inhoud_als=inhoud_als),
    )
    return berichten.lk(f"iob{header.berichtcode}", header=header, mutatiesoort=mutatiesoort, objects=objects)


def klc_sa(klantcontact: "Klantcontact", *, header: Header, actueel: Header) -> etree._Element:
    """klcSa01 or klcSa02, as `header` says; `actueel` is the header of the kennisgeving (Lk01, Lk02) in it.

    sleutelSynchronisatie numbers the object and its relations, each entiteittype from 1 (stuf-facts §4.6).
    """
    element = elements.klc(records.gegevens(klantcontact))
    seen: dict[str, int] = {}
    for entity in (element, *element.iterchildren(etree.Element)):
        kind = entity.get(elements.ENTITEITTYPE)
        if kind is not None:
            seen[kind] = seen.get(kind, 0) + 1
            entity.set("sleutelSynchronisatie", str(seen[kind]))
    return berichten.sa(f"klc{header.berichtcode}", header=header, actueel=actueel, object=element)


def mutatiesoort(oud: "Klantcontact", huidig: "Klantcontact") -> str:
    """C for a correction; W when a relation was added, which no correction can say (StUF 03.01 table 5.5)."""
    before, after = (elements.klc(records.gegevens(klantcontact)) for klantcontact in (oud, huidig))
    return "W" if changes.added(before, after) else "C"


def klc(klantcontact: "Klantcontact", *, tag: str = elements.OBJECT) -> etree._Element:
    """The KLC of an answer, with all that is known of it: no verwerkingssoort (stuf-facts §6.6)."""
    return _answered(elements.klc(records.gegevens(klantcontact), tag=tag))


def zak(zaak: "Zaak", *, klantcontacten: Sequence["Klantcontact"]) -> etree._Element:
    """The ZAK of a zakLa01, with its statussen and its klantcontacten (heeft, heeftContact)."""
    root = elements.zak(zaak)
    for klantcontact in klantcontacten:
        relation = etree.SubElement(root, qname(ZKN0320, "heeftContact"))
        relation.set(elements.ENTITEITTYPE, "ZAKKLC")
        relation.append(klc(klantcontact, tag=qname(ZKN0320, "gerelateerde")))
    return root


def document(
    informatieobject: "Informatieobject",
    *,
    klantcontact: "Klantcontact | None",
    zaak: "Zaak | None" = None,
    beside_contact: bool = False,
) -> InformatieobjectGegevens:
    """What a document of a klantcontact, or of none, says in a message that adds it."""
    beschrijving, beside = "", {}
    if klantcontact is not None:
        zaak = klantcontact.zaak
        if klantcontact.groep in ("ontvangst", "verzending") and not beside_contact:
            beschrijving = klantcontact.toelichting
            beside = {**klantcontact.extra, "kanaal": klantcontact.kanaal, "onderwerp": klantcontact.onderwerp}
    return InformatieobjectGegevens(
        identificatie=informatieobject.identificatie,
        bronorganisatie=informatieobject.bronorganisatie,
        verwerkingssoort="T",
        creatiedatum=informatieobject.creatiedatum,
        ontvangstdatum=informatieobject.ontvangstdatum,
        afzender=informatieobject.afzender,
        titel=informatieobject.titel,
        beschrijving=beschrijving,
        verzenddatum=informatieobject.verzenddatum,
        geadresseerde=informatieobject.geadresseerde,
        formaat=informatieobject.formaat,
        taal=informatieobject.taal,
        inhoud=None if informatieobject.inhoud is None else informatieobject.inhoud.inhoud,
        verwijzing=informatieobject.verwijzing,
        bestandsnaam=informatieobject.bestandsnaam,
        extra={name: str(value) for name, value in beside.items()},
        zaken=() if zaak is None else (records.zaak(zaak, entiteittype="IOBZAK"),),
        bijzonderheden=informatieobject.bijzonderheden or {},
    )


def _whole(klantcontact: "Klantcontact") -> etree._Element:
    gegevens: KlantcontactGegevens = records.gegevens(klantcontact)
    if gegevens.partij is None:
        raise ValueError("a klantcontact is exchanged with exactly one natuurlijk persoon or vestiging")
    if gegevens.medewerker is None:
        raise ValueError("a klantcontact is exchanged with exactly one medewerker")
    return elements.klc(gegevens)


def _objects(soort: str, huidig: etree._Element, oud: etree._Element | None) -> list[etree._Element]:
    if soort in TWO:
        if oud is None:
            raise ValueError(f"mutatiesoort {soort} says how the object was, too")
        if soort != "W" and changes.added(oud, huidig):
            raise ValueError("a correction cannot add a relation: send mutatiesoort W")
        return changes.pair(oud, huidig)
    if soort == "V":
        huidig = elements.matchgegevens(huidig)
        huidig.set("verwerkingssoort", "V")
    return [huidig]


def _answered(element: etree._Element) -> etree._Element:
    for entity in element.iter(etree.Element):
        for name in _OF_A_MESSAGE:
            if name in entity.attrib:
                del entity.attrib[name]
    return element
