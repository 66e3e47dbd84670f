"""The usual form of our messages as a schema: our own schemas without all that a rule could object to.

Every change only narrows: something optional is left out, something optional is demanded, one choice is left. So
what this schema finds valid is valid by our own schemas too, and one look of libxml2 answers for both. It is made
in memory, for nobody but validation.quick; a sender never meets it. What can go wrong: LookupError or ValueError
when our schemas have changed and the tables below have not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import schemas
from stuf_klantcontact.names import XSD

_LEFT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "gfozaken/gfozaken.xsd": ("*[@name='Actor']/*/*[not(@name='Medewerker')]",),
    "dga-uf/dga-uf.xsd": ("*[@name='Documenten']/*/*",),
    "klantcontact/kc0100.xsd": (
        "//xs:element[@type='kc:Medewerker']",
        "*[@name='Contactpartij']/*/*[not(@name='natuurlijkPersoon' or @name='anoniem')]",
        "*[@name='NatuurlijkPersoon']/*/*/*[not(@name='bsn')]",
        "*[@name='NatuurlijkPersoon']/*/*[@name='geboortedatum' or @name='namens']",
    ),
    "stuf0302/stuf0302.xsd": (
        "*[@name='Mutatiesoort']/*/*[not(@value='T')]",
        "*[@name='Verwerkingssoort']/*/*[not(@value='T' or @value='I')]",
        "*[@name='entiteit']/*[@name='verwerkingssoort']",
        "//xs:attribute[@name='noValue']",
    ),
    "zkn0320/zkn0320.xsd": (
        "*[@name='KLC-kennisgeving']/*/*[@ref or @name='heeftPlaatsgevondenMetVES' or @name='heeftRelevant']",
        "*[@name='KLCZAK-kennisgeving' or @name='KLCNPS-kennisgeving' or @name='KLCMDW-kennisgeving']/*/*[@ref]",
        "//xs:attribute[@name='noValue']",
    ),
    "bg0320/bg0320.xsd": ("//xs:attribute[@name='noValue']",),
}
"""By file and XPath: an optional element or attribute, one of several choices, one of several values."""

_DEMANDED: Final[Mapping[str, tuple[str, ...]]] = {
    "gfozaken/gfozaken.xsd": ("*[@name='Klantcontact']/*/*[@name='Toelichting']",),
    "klantcontact/kc0100.xsd": ("//xs:element[@name='zaakidentificatie']",),
    "klantcontact/klc0320.xsd": ("*[@name='KLC-Lk01']/*/*[@name='object']",),
    "stuf0302/stuf0302.xsd": ("*[@name='Tijdstip-e']/*",),
    "zkn0320/zkn0320.xsd": (
        "*[@name='KLC-kennisgeving']/*/*[not(@name='kanaal' or @name='toelichting')]",
        "*[@name='KLCZAK-kennisgeving' or @name='KLCNPS-kennisgeving' or @name='KLCMDW-kennisgeving']/*",
    ),
    "bg0320/bg0320.xsd": (
        "*[@name='NPS-gegevens']/*/*[@name='inp.burgerservicenummer']",
        "*[@name='NPS-btr']/*[@name='entiteittype']",
    ),
}
"""By file and XPath: what must be there, once."""

_FILLED: Final[Mapping[str, tuple[str, ...]]] = {
    "gfozaken/gfozaken.xsd": ("*[@name='Medewerker']/*/*[@name='Identificatie']",),
    "klantcontact/kc0100_stuf0301.xsd": ("//*[@name='referentienummer']",),
    "klantcontact/klc0320_stuf0302.xsd": ("//*[@name='referentienummer']",),
    "zkn0320/zkn0320.xsd": (
        "*[@name='KLC-kennisgeving']/*/*[@name='identificatie' or @name='onderwerp']",
        "*[@name='ZAK-matchgegevens']/*/*[@name='zaakidentificatie']",
        "*[@name='MDW-matchgegevens']/*/*[@name='medewerkeridentificatie']",
    ),
    "bg0320/bg0320.xsd": ("*[@name='NPS-gegevens']/*/*[@name='inp.burgerservicenummer']",),
}
"""By file and XPath: elements of which the text begins with something to be seen: more than any white space."""

_COLLAPSED: Final[Mapping[str, str]] = {"dga-uf/dga-uf.xsd": "*[@name='Toelichting']/*[count(*)=1][xs:minLength]"}
"""By file and XPath: text of any length but none, so that it may be counted without white space around it."""

_PATTERNS: Final[Mapping[str, Mapping[str, str]]] = {
    "stuf0301/stuf0301.xsd": {
        "Tijdstip": "[0-9]{4}[01][0-9][0-3][0-9]([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9][0-9]{0,3}",
    },
}
"""By file and simple type: the one way in which it is written, of the ways that its own pattern allows."""

_T: Final = {"fixed": "T"}
_I: Final = {"fixed": "I"}
_VERWERKINGSSOORT: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "zkn0320/zkn0320.xsd": {
        "KLC-kennisgeving": _T,
        "KLCZAK-kennisgeving": _T,
        "KLCNPS-kennisgeving": _T,
        "KLCMDW-kennisgeving": _T,
        "ZAK-matchgegevens": _I,
        "MDW-matchgegevens": _I,
    },
    "bg0320/bg0320.xsd": {"NPS-btr": {}},
}
"""By file and type: the verwerkingssoort it must have, T or I where none is fixed."""

_ATTRIBUTE: Final = f"{{{XSD}}}attribute"


def compiled() -> etree.XMLSchema:
    """The usual form, from the files of our own contract."""
    files = schemas.incoming()
    return schemas.compile_envelope({**files, **dict(_narrowed(files))})


def _narrowed(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    tables = (_LEFT_OUT, _DEMANDED, _FILLED, _COLLAPSED, _PATTERNS, _VERWERKINGSSOORT)
    for name in dict.fromkeys(name for table in tables for name in table):
        root = schemas.parse(files[name], name=name)
        for part in _found(root, _LEFT_OUT.get(name, ())):
            _leave_out(part)
        for part in _found(root, _DEMANDED.get(name, ())):
            for bound in ("minOccurs", "maxOccurs"):
                if part.get(bound) is not None:
                    del part.attrib[bound]
            if part.tag == _ATTRIBUTE:
                part.set("use", "required")
        for part in _found(root, _FILLED.get(name, ())):
            _fill(part)
        if name in _COLLAPSED:
            for part in _found(root, [_COLLAPSED[name]]):
                part.set("base", "xs:token")
        for type_name, pattern in _PATTERNS.get(name, {}).items():
            for part in _found(root, [f"xs:simpleType[@name='{type_name}']/*/xs:pattern"]):
                part.set("value", pattern)
        for type_name, soort in _VERWERKINGSSOORT.get(name, {}).items():
            for part in _found(root, [f"xs:complexType[@name='{type_name}']"]):
                etree.SubElement(
                    part,
                    _ATTRIBUTE,
                    {"name": "verwerkingssoort", "type": "StUF:Verwerkingssoort", "use": "required", **soort},
                )
        for value in root.iter(f"{{{XSD}}}enumeration"):
            # Each value of an enumeration is one of its base, so that has nothing to add, and costs as much again.
            restriction = value.getparent()
            if restriction is not None:
                restriction.set("base", "xs:string")
        yield name, etree.tostring(root)


def _leave_out(part: etree._Element) -> None:
    parent, kind = part.getparent(), etree.QName(part).localname
    optional = part.get("minOccurs") == "0" or (kind == "attribute" and part.get("use") != "required")
    of_several = kind == "enumeration" or (parent is not None and parent.tag == f"{{{XSD}}}choice")
    if parent is None or not (optional or (of_several and len(parent) > 1)):
        raise ValueError(f"{part.get('name') or part.get('ref')} is not optional in our schemas")
    parent.remove(part)


def _fill(element: etree._Element) -> None:
    """Text of its own type that also begins with something."""
    name = element.get("type", "")
    del element.attrib["type"]
    if name.endswith("-e"):
        within = etree.SubElement(etree.SubElement(element, f"{{{XSD}}}complexType"), f"{{{XSD}}}simpleContent")
    else:
        within = etree.SubElement(element, f"{{{XSD}}}simpleType")
    restriction = etree.SubElement(within, f"{{{XSD}}}restriction", base=name)
    etree.SubElement(restriction, f"{{{XSD}}}pattern", value=r"[\p{L}\p{N}\p{P}\p{S}].*")


def _found(root: etree._Element, paths: Sequence[str]) -> list[etree._Element]:
    found: list[etree._Element] = []
    for path in paths:
        parts = root.xpath(path, namespaces={"xs": XSD})
        if not isinstance(parts, list) or not parts:
            raise LookupError(f"{path} is not in our schemas")
        found += [part for part in parts if isinstance(part, etree._Element)]
    return found
