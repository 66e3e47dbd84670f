"""Bv/Lk/La/Sa envelopes: the messages around an object.

Pure: an element in, an element out. Bv03 of StUF 03.01 has full stuurgegevens; that of StUF 03.02 has a berichtcode
and `intermediair`. StUF 03.01 §4.4 and §5.1; stuf-facts §3 and §4.1.
"""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from stuf_klantcontact.names import BG0320, KLC, STUF0301, STUF0302, ZKN0320, qname
from stuf_klantcontact.stuurgegevens import Header, write

MELDING_LENGTH: Final = 250
AANTAL: Final = 999_999_999
"""The longest melding, and the highest aantalVoorkomens, that an answer can say (stuf-facts §6.6 and §6.7)."""


def bevestiging(
    header: Header, *, namespace: str, meldingen: Sequence[str] = (), intermediair: bool = False
) -> etree._Element:
    """Bv01, Bv02, Bv03 or Bv04, as `header.berichtcode` says, in StUF 03.01 or 03.02 (`namespace`).

    Bv03 promises that stuurgegevens are in order and the message is safely stored; Bv01 and Bv02 that it was
    processed, with `meldingen` (at most 250 characters each). `intermediair`: it comes from an intermediate node,
    which StUF 03.02 says with a Bv03.
    """
    root = etree.Element(qname(namespace, f"{header.berichtcode}Bericht"), nsmap={"StUF": namespace})
    root.append(write(header, tag=qname(namespace, "stuurgegevens"), namespace=namespace))
    for melding in meldingen:
        etree.SubElement(root, qname(namespace, "melding")).text = melding
    if namespace == STUF0302 and header.berichtcode == "Bv03":
        etree.SubElement(root, qname(STUF0302, "intermediair")).text = "J" if intermediair else "N"
    return root


def bv03(header: Header) -> etree._Element:
    """StUF 03.01 Bv03Bericht."""
    return bevestiging(header, namespace=STUF0301)


def bv03_0302(*, intermediair: bool = False) -> etree._Element:
    """StUF 03.02 Bv03Bericht."""
    return bevestiging(Header(berichtcode="Bv03"), namespace=STUF0302, intermediair=intermediair)


def lk(name: str, *, header: Header, mutatiesoort: str, objects: Sequence[etree._Element]) -> etree._Element:
    """A kennisgeving of our koppelvlak on StUF 03.02: `name` is klcLk01, iobLk02, ...; objects are oud and huidig.

    indicatorOvername is V; a synchronous one (Lk02) has none (stuf-facts §4.1).
    """
    root = _klc(name)
    _kennisgeving(root, header=header, mutatiesoort=mutatiesoort, objects=objects)
    return root


def sa(name: str, *, header: Header, actueel: Header, object: etree._Element) -> etree._Element:
    """klcSa01 or klcSa02: the present state as a complete kennisgeving with mutatiesoort T (stuf-facts §7)."""
    root = _klc(name)
    root.append(write(header, tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    inner = etree.SubElement(root, qname(KLC, "actueel"))
    _kennisgeving(inner, header=actueel, mutatiesoort="T", objects=[object])
    return root


def la(
    name: str,
    *,
    header: Header,
    vervolgvraag: bool = False,
    aantal: int | None = None,
    meldingen: Sequence[str] = (),
    objects: Sequence[etree._Element] = (),
) -> etree._Element:
    """klcLa01 or zakLa01. Without objects there is no `antwoord` (stuf-facts §6.6).

    `vervolgvraag`: there is more to ask for; `aantal`: how many there are, when that was asked. A melding is cut at
    250 characters.
    """
    root = _klc(name)
    root.append(write(header, tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    parameters = etree.SubElement(root, qname(KLC, "parameters"))
    etree.SubElement(parameters, qname(STUF0302, "indicatorVervolgvraag")).text = (
        "true" if vervolgvraag else "false"
    )
    if aantal is not None:
        etree.SubElement(parameters, qname(STUF0302, "aantalVoorkomens")).text = str(min(aantal, AANTAL))
    for melding in meldingen:
        etree.SubElement(root, qname(KLC, "melding")).text = melding[:MELDING_LENGTH]
    if objects:
        etree.SubElement(root, qname(KLC, "antwoord")).extend(objects)
    return root


def _klc(name: str) -> etree._Element:
    return etree.Element(qname(KLC, name), nsmap={"klc": KLC, "StUF": STUF0302, "zkn": ZKN0320, "bg": BG0320})


def _kennisgeving(
    parent: etree._Element, *, header: Header, mutatiesoort: str, objects: Sequence[etree._Element]
) -> None:
    parent.append(write(header, tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    parameters = etree.SubElement(parent, qname(KLC, "parameters"))
    etree.SubElement(parameters, qname(STUF0302, "mutatiesoort")).text = mutatiesoort
    if header.berichtcode in ("Lk01", "Lk05"):
        etree.SubElement(parameters, qname(STUF0302, "indicatorOvername")).text = "V"
    parent.extend(objects)
