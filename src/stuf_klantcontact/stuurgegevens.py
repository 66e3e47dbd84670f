"""The header: read, answer, write.

Reading is by namespace-blind local name, because a header that is invalid or of the wrong StUF version must still
tell us whom to answer; what is absent is an empty string, so nothing here raises. Writing puts the elements in the
order of the standard and leaves out what is empty; the wrapper's namespace is the caller's to say.

StUF 03.01 §4.2 and §4.3; stuf-facts §2.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lxml import etree

from stuf_klantcontact.names import STUF0301, STUF0302, qname, split
from stuf_klantcontact.parsing import markup

if TYPE_CHECKING:  # the validator reads stuurgegevens too, and starts without pydantic
    from stuf_klantcontact.settings import Gateway, Settings

_ALWAYS_CROSS = frozenset({"Bv01", "Bv03", "Bv04", "Fo01", "Fo03"})
"""These carry a crossRefnummer even when it is empty (stuf-facts §2.2): an unreadable message had none."""


@dataclass(frozen=True, slots=True)
class Systeem:
    """A sending or receiving system; organisatie, applicatie and administratie together say which."""

    organisatie: str = ""
    applicatie: str = ""
    administratie: str = ""
    gebruiker: str = ""

    @property
    def sleutel(self) -> str:
        """organisatie|applicatie|administratie: what a referentienummer is unique within (StUF 03.01 §4.3)."""
        return f"{self.organisatie}|{self.applicatie}|{self.administratie}"


@dataclass(frozen=True, slots=True)
class Header:
    """stuurgegevens as plain text; tijdstip_bericht in the form of its own StUF version."""

    berichtcode: str = ""
    zender: Systeem = field(default_factory=Systeem)
    ontvanger: Systeem = field(default_factory=Systeem)
    referentienummer: str = ""
    tijdstip_bericht: str = ""
    cross_refnummer: str = ""
    entiteittype: str = ""
    functie: str = ""


def ours(gateway: "Gateway") -> Systeem:
    """This gateway, as stuurgegevens name it."""
    return Systeem(gateway.organisatie, gateway.applicatie, gateway.administratie)


def abonnee(naam: str, *, settings: "Settings") -> Systeem:
    """An abonnee, as stuurgegevens name it; without words of its own the organisatie is ours."""
    found = settings.abonnee[naam]
    return Systeem(found.organisatie or settings.gateway.organisatie, found.applicatie or naam, found.administratie)


def find(message: etree._Element) -> etree._Element | None:
    """The stuurgegevens of a message, whatever namespace its schema puts them in."""
    for child in message.iterchildren(etree.Element):
        if split(child.tag)[1] == "stuurgegevens":
            return child
    return None


def read(message: etree._Element) -> Header:
    """Read the header of a message (its root element); a message without one gives an empty Header."""
    element = find(message)
    if element is None:
        return Header()
    parts: dict[str, etree._Element] = {split(c.tag)[1]: c for c in element.iterchildren(etree.Element)}

    def text(local: str) -> str:
        return markup.text(parts.get(local))

    entiteittype = parts.get("entiteittype")
    if entiteittype is not None and len(entiteittype):
        kind = markup.text(entiteittype.find(qname(STUF0302, "type")))
    else:
        kind = markup.text(entiteittype)
    return Header(
        berichtcode=text("berichtcode"),
        zender=_systeem(parts.get("zender")),
        ontvanger=_systeem(parts.get("ontvanger")),
        referentienummer=text("referentienummer"),
        tijdstip_bericht=text("tijdstipBericht"),
        cross_refnummer=text("crossRefnummer"),
        entiteittype=kind,
        functie=text("functie"),
    )


def answer(header: Header, *, berichtcode: str, referentienummer: str, tijdstip_bericht: str) -> Header:
    """The header of a reply: zender and ontvanger change places, crossRefnummer points back (StUF 03.01 §4.2)."""
    return replace(
        header,
        berichtcode=berichtcode,
        zender=replace(header.ontvanger, gebruiker=""),
        ontvanger=header.zender,
        referentienummer=referentienummer,
        tijdstip_bericht=tijdstip_bericht,
        cross_refnummer=header.referentienummer,
        entiteittype="",
        functie="",
    )


def write(header: Header, *, tag: str, namespace: str, versie: str = "0320") -> etree._Element:
    """Write stuurgegevens as element `tag` with children in `namespace` (STUF0301 or STUF0302).

    Bv02 and Fo02 carry a berichtcode and nothing else (stuf-facts §2.2); a Bv03 of StUF 03.02 likewise. `versie` is
    that of the sectormodel, which only StUF 03.02 names.
    """
    root = etree.Element(tag)

    def add(parent: etree._Element, local: str, value: str) -> None:
        if value:
            etree.SubElement(parent, qname(namespace, local)).text = value

    add(root, "berichtcode", header.berichtcode)
    if header.berichtcode in ("Bv02", "Fo02") or (namespace == STUF0302 and header.berichtcode == "Bv03"):
        return root
    for local, systeem in (("zender", header.zender), ("ontvanger", header.ontvanger)):
        if systeem.applicatie:
            element = etree.SubElement(root, qname(namespace, local))
            add(element, "organisatie", systeem.organisatie)
            add(element, "applicatie", systeem.applicatie)
            add(element, "administratie", systeem.administratie)
            add(element, "gebruiker", systeem.gebruiker)
    add(root, "referentienummer", header.referentienummer)
    add(root, "tijdstipBericht", header.tijdstip_bericht)
    if header.berichtcode in _ALWAYS_CROSS:
        etree.SubElement(root, qname(namespace, "crossRefnummer")).text = header.cross_refnummer or None
    else:
        add(root, "crossRefnummer", header.cross_refnummer)
    if header.entiteittype and namespace == STUF0301:
        add(root, "entiteittype", header.entiteittype)
    elif header.entiteittype:
        kind = etree.SubElement(root, qname(namespace, "entiteittype"))
        add(kind, "sectormodel", "zkn")
        add(kind, "versie", versie)
        add(kind, "type", header.entiteittype)
    add(root, "functie", header.functie)
    return root


def _systeem(element: etree._Element | None) -> Systeem:
    if element is None:
        return Systeem()
    parts = {split(c.tag)[1]: markup.text(c) for c in element.iterchildren(etree.Element)}
    return Systeem(
        organisatie=parts.get("organisatie", ""),
        applicatie=parts.get("applicatie", ""),
        administratie=parts.get("administratie", ""),
        gebruiker=parts.get("gebruiker", ""),
    )
