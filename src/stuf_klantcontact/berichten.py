"""Bv/Lk/La/Sa envelopes: the messages around an object.

Pure: an element in, an element out. Bv03 of StUF 03.01 has full stuurgegevens; that of StUF 03.02 has a berichtcode
and `intermediair`. StUF 03.01 §4.4 and §5.1; stuf-facts §3 and §4.1.
"""

from collections.abc import Sequence

from lxml import etree

from stuf_klantcontact.names import BG0320, KLC, STUF0301, STUF0302, ZKN0320, qname
from stuf_klantcontact.stuurgegevens import Header, write


def bv03(header: Header) -> etree._Element:
    """StUF 03.01 Bv03Bericht: stuurgegevens are in order and the message is safely stored."""
    root = etree.Element(qname(STUF0301, "Bv03Bericht"), nsmap={"StUF": STUF0301})
    root.append(write(header, tag=qname(STUF0301, "stuurgegevens"), namespace=STUF0301))
    return root


def bv03_0302(*, intermediair: bool = False) -> etree._Element:
    """StUF 03.02 Bv03Bericht; `intermediair` says that it comes from an intermediate node."""
    root = etree.Element(qname(STUF0302, "Bv03Bericht"), nsmap={"StUF": STUF0302})
    root.append(write(Header(berichtcode="Bv03"), tag=qname(STUF0302, "stuurgegevens"), namespace=STUF0302))
    etree.SubElement(root, qname(STUF0302, "intermediair")).text = "J" if intermediair else "N"
    return root


def lk01(name: str, *, header: Header, mutatiesoort: str, objects: Sequence[etree._Element]) -> etree._Element:
    """A kennisgeving of our koppelvlak on StUF 03.02: `name` is klcLk01 or iobLk01; objects are oud and huidig."""
    root = etree.Element(qname(KLC, name), nsmap={"klc": KLC, "StUF": STUF0302, "zkn": ZKN0320, "bg": BG0320})
    root.append(write(header, tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    parameters = etree.SubElement(root, qname(KLC, "parameters"))
    etree.SubElement(parameters, qname(STUF0302, "mutatiesoort")).text = mutatiesoort
    etree.SubElement(parameters, qname(STUF0302, "indicatorOvername")).text = "V"
    root.extend(objects)
    return root
