"""One schema of a release: where it is, which version it says it is, what it declares; whether two are the same.

Nothing here can go wrong: what is no schema does not come here.
"""

import posixpath
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from lxml import etree

from stuf_klantcontact.contract import remarks
from stuf_klantcontact.names import XSD, qname, split

XML: Final = "http://www.w3.org/XML/1998/namespace"
XML_SCHEMA: Final = f"""<xs:schema xmlns:xs="{XSD}" targetNamespace="{XML}">
  <xs:attribute name="lang" type="xs:language"/>
  <xs:attribute name="space"><xs:simpleType><xs:restriction base="xs:NCName">
    <xs:enumeration value="default"/><xs:enumeration value="preserve"/>
  </xs:restriction></xs:simpleType></xs:attribute>
  <xs:attribute name="base" type="xs:anyURI"/>
  <xs:attribute name="id" type="xs:ID"/>
  <xs:attributeGroup name="specialAttrs">
    <xs:attribute ref="xml:lang"/><xs:attribute ref="xml:space"/><xs:attribute ref="xml:base"/>
  </xs:attributeGroup>
</xs:schema>
"""
"""The four attributes that XML itself has, for a set that only gives their address on the web."""


@dataclass(slots=True, eq=False)
class Document:
    """One schema of the set: a file, or one that stands in a WSDL."""

    path: str
    namespace: str
    root: etree._Element
    version: str
    stored: str = ""
    """Under which name it is stored for libxml2."""
    components: frozenset[tuple[str, str]] = frozenset()


def elements(root: etree._Element) -> list[str]:
    """The global elements that it declares and that may stand in a message."""
    return [
        element.get("name", "").strip()
        for element in root.iterchildren(qname(XSD, "element"))
        if element.get("abstract") not in ("true", "1")
    ]


def version(root: etree._Element) -> str:
    """The version that the file gives itself, with the patch of its StUF appinfo."""
    said_version = (root.get("version") or "").strip()
    for appinfo in root.iter("{*}appinfo"):
        said = {split(str(part.tag))[1]: (part.text or "").strip() for part in appinfo.iterchildren(etree.Element)}
        parts = [said_version, *(f"{key} {said[key]}" for key in ("patch", "patchdatum") if said.get(key))]
        return remarks.short(", ".join(part for part in parts if part))
    return remarks.short(said_version)


def same(one: etree._Element, other: etree._Element) -> bool:
    """Whether two define the same, annotations and versions aside."""
    return _plain(one) == _plain(other)


def _plain(root: etree._Element) -> bytes:
    copy = etree.fromstring(etree.tostring(root))
    etree.strip_elements(copy, qname(XSD, "annotation"), with_tail=False)
    for reference in list(copy.iterchildren(qname(XSD, "include"), qname(XSD, "import"))):
        copy.remove(reference)
    for key in ("version", "id"):
        if key in copy.attrib:
            del copy.attrib[key]
    return b"".join(etree.tostring(part, method="c14n", exclusive=True).strip() for part in copy)


def joined(path: str, location: str) -> str:
    """Where in the release a location leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(location.strip())))
