"""What a message says beyond the values that we have fields for: kept by path, and put back at the same place.

An object is rendered from its fields and laid beside what came in; the difference is what no field holds. It is
JSON-able, and put back later only where no value has come since: why there was no value goes when there is one.
Differences of form alone (a zone, leading zeros, the order of extraElementen) are not kept.

A path has the prefixes of names.PREFIXES, is relative to the object, and counts namesakes from 1 (none is written
for the first); a document goes by its identificatie: ``zkn:heeftRelevant[D1]/StUF:tijdstipRegistratie``.

stuf-facts §5; docs/mapping.md §7.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final
from urllib.parse import quote

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.names import BG0320, KLC, STUF0302, XSI, ZKN0320, prefixed, qname, split

ORDER: Final = (
    # Persons and vestigingen (bg0320)
    *("emailadres", "fax-nummer", "telefoonnummer", "inp.burgerservicenummer", "anp.nummerAnderNatuurlijkPersoon"),
    *("vestigingsnummer", "handelsnaam", "verkorteNaam", "academischeTitel", "geslachtsaanduiding", "geboorte"),
    *("naamgebruik", "voornamen", "voorvoegsel", "scheidingsteken", "geslachtnaamstam", "geslachtsnaamstam"),
    *("aanhef", "voorletters", "samengesteldeNaam", "heeftAlsLocatie-adres"),
    # Relations, contactpersoon
    *("gerelateerde", "contactpersoonKlant-contactpersoon", "contactpersoonEmailadres", "contactpersoonFunctie"),
    *("contactpersoonTelefoonnummer", "contactpersoonnaam"),
    # KLC, ZAK, MDW
    *("identificatie", "verantwoordelijkeOrganisatie", "datum-tijd", "kanaal", "onderwerp", "toelichting"),
    *("zaakidentificatie", "medewerkeridentificatie", "organisatie-identificatie", "achternaam"),
    # IOB, IOBZAK
    *("informatieobjectidentificatie", "bronorganisatie", "creatiedatum", "ontvangstdatum", "afzender", "typering"),
    *("titel", "beschrijving", "versie", "status", "verzenddatum", "geadresseerde", "vertrouwelijkaanduiding"),
    *("archiefnominatie", "archiefactiedatum", "auteur", "verschijningsvorm", "eib.formaat", "eib.taal"),
    *("eib.inhoud", "eib.link", "eib.bestandsomvang", "bestandsnaamEnkelvoudigInformatieobject", "naam"),
    *("extensie", "informatieobjecttype", "omschrijving", "omschrijvingGeneriek", "registratiedatum"),
    *("sta.volgnummer", "sta.omschrijving", "sta.datumStatusGezet"),
    # Of every entity, and the relations of KLC and IOB
    *("tijdvakRelatie", "tijdvakGeldigheid", "tijdstipRegistratie", "extraElementen", "aanvullendeElementen"),
    *("heeftBetrekkingOp", "heeftPlaatsgevondenMetNPS", "heeftPlaatsgevondenMetVES", "heeftRelevant"),
    *("isGevoerdDoor", "isBekendBij"),
)
"""Local names in an order that is right in every type of zkn0320 and bg0320 that we use."""

GROUPS: Final = frozenset(
    {
        "geboorte",
        "naamgebruik",
        "samengesteldeNaam",
        "contactpersoonKlant-contactpersoon",
        "bestandsnaamEnkelvoudigInformatieobject",
        "informatieobjecttype",
    }
)
"""Gegevensgroepen: what is in them is kept element by element."""

FIXED: Final = frozenset({"typering", "vertrouwelijkaanduiding"})
"""What we always say in the same words: what a sender said instead is kept, and so is its silence."""

DERIVED: Final = frozenset({"eib.bestandsomvang", "extensie"})
"""What we work out from other values: not kept beside them."""

_PLACE: Final = {name: position for position, name in enumerate(ORDER)}
NSMAP: Final = {"klc": KLC, "StUF": STUF0302, "zkn": ZKN0320, "bg": BG0320, "xsi": XSI}
"""The prefixes of what we write."""

_OF_THE_MESSAGE: Final = frozenset({"entiteittype", "verwerkingssoort", "scope", "sleutelSynchronisatie"})
"""Attributes that say something of one message, or follow from the element."""
_SYNCHRONISATIE: Final = "sleutelSynchronisatie"
_NOT_OURS: Final = frozenset({"sleutelVerzendend", "sleutelOntvangend"})
"""Keys between the sender and us: kept, but nothing that a third party may be told."""
_ELSEWHERE: Final = frozenset({"eib.inhoud"})
"""Never kept here: the bytes of a document are stored once, by hash."""
_EXTRA: Final = qname(STUF0302, "extraElementen")
_STEP: Final = re.compile(r"(?P<prefix>[A-Za-z]+):(?P<local>[^/\[\]@]+)(?:\[(?P<key>[^\]]*)\])?")
_COUNT: Final = re.compile(r"\[([0-9]{1,9})\]")
_DATE: Final = re.compile(r"([0-9]{4}(?:-[0-9]{2}){0,2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)


def keep(actual: etree._Element, *, rendered: etree._Element) -> dict[str, Any]:
    """What `actual` (an object that came in) says beyond `rendered` (the same object from its fields)."""
    kept: dict[str, Any] = {}
    # What a gateway like this one wrote is the same to the byte, and needs no comparing. What has another number of
    # elements is not: a document with its bytes, say, of which that would make two copies.
    if len(actual) != len(rendered) or _packed(actual) != _packed(rendered):
        _compare(actual, rendered, path="", kept=kept)
    return kept


def put_back(element: etree._Element, kept: Mapping[str, Any]) -> None:
    """Put what was kept back into an object that was rendered from its fields; changes `element`.

    Every parent is numbered once, as it was rendered, and gets its new children at the end: a message may be kept
    by tens of thousands of paths.
    """
    if not kept:  # as of most
        return
    parents = {"": _Parent(element)}
    for path in sorted(kept, key=_from_above):
        value = kept[path]
        steps, _, attribute = path.partition("@")
        if attribute:
            parent = _find(parents, steps.rstrip("/"), make=False)
            if parent is not None and attribute not in _NOT_OURS:
                parent.element.set(attribute, str(value))
            continue
        above, _, last = steps.rpartition("/")
        parent = _find(parents, above, make=value is not None)
        if parent is not None:
            _put(parent, last, value)
    for parent in parents.values():
        insert(parent.element, *parent.new)


def extra_elementen(parent: etree._Element) -> dict[str, str]:
    """The extraElementen of an object or relation that have a text, by name; of namesakes the first."""
    found: dict[str, str] = {}
    for naam, text, no_value in _extra(parent):
        if text and not no_value:
            found.setdefault(naam, text)
    return found


def insert(parent: etree._Element, *children: etree._Element) -> None:
    """Add children, each at its place in the order of the type, after its namesakes; in linear time."""
    before: list[etree._Element] = []
    places: list[int] = []  # what comes later than all before it: nothing goes in front of the others
    for sibling in parent if children else ():
        place = _place(sibling)
        if not places or place > places[-1]:
            before.append(sibling)
            places.append(place)
    for child in sorted(children, key=_place):
        position = bisect_right(places, _place(child))
        if position < len(before):
            before[position].addprevious(child)
        else:
            parent.append(child)


def empty(element: etree._Element) -> bool:
    """No text in it, however deep; white space between elements is none."""
    return not any(not len(leaf) and leaf.text for leaf in element.iter(etree.Element))


def canonical(element: etree._Element) -> str:
    """An element as exclusive C14N that can stand alone: prefixes in its values are declared too."""
    values = " ".join(
        word for node in element.iter(etree.Element) for word in (*map(str, node.attrib.values()), node.text or "")
    )
    used = [prefix for prefix in element.nsmap if prefix and f"{prefix}:" in values]
    return etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=used or None
    ).decode()


def _packed(element: etree._Element) -> bytes:
    if _SYNCHRONISATIE in element.attrib:
        element = deepcopy(element)
        for entity in element.iter(etree.Element):
            if _SYNCHRONISATIE in entity.attrib:
                del entity.attrib[_SYNCHRONISATIE]
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _compare(actual: etree._Element, rendered: etree._Element, *, path: str, kept: dict[str, Any]) -> None:
    for name, value in actual.attrib.items():
        local = split(str(name))[1]
        if local not in _OF_THE_MESSAGE and value != rendered.get(name):
            kept[f"{path}@{local}"] = str(value)
    ours = dict(_steps(rendered))
    theirs = dict(_steps(actual))
    for step, child in theirs.items():
        if child.tag != _EXTRA:
            _child(child, ours.get(step), path=f"{path}{step}", kept=kept)
    for step, child in ours.items():
        local = split(child.tag)[1]
        if step not in theirs and child.tag != _EXTRA and (empty(child) or local in FIXED):
            kept[f"{path}{step}"] = None
    said = set(_extra(rendered))
    beyond = [item for item in _extra(actual) if item not in said]
    if beyond:
        kept[f"{path}{prefixed(_EXTRA)}"] = [
            {"naam": naam, **({"tekst": text} if text else {}), **({"noValue": no_value} if no_value else {})}
            for naam, text, no_value in beyond
        ]


def _child(actual: etree._Element, rendered: etree._Element | None, *, path: str, kept: dict[str, Any]) -> None:
    local = split(actual.tag)[1]
    if _is_entity(actual) and rendered is not None:
        _compare(actual, rendered, path=f"{path}/", kept=kept)
    elif local in GROUPS and len(actual):
        other = etree.Element(actual.tag) if rendered is None else rendered
        _compare(actual, other, path=f"{path}/", kept=kept)
    elif not len(actual) and not actual.text and not _is_entity(actual):
        attributes = _attributes(actual)
        if rendered is None or not empty(rendered) or attributes != _attributes(rendered):
            kept[path] = attributes
    elif local in _ELSEWHERE:
        return
    elif rendered is None or empty(rendered):
        kept[path] = canonical(actual)
    elif local not in DERIVED and not len(actual) and not _same(actual, rendered):
        kept[path] = {"tekst": actual.text or ""}


def _same(actual: etree._Element, rendered: etree._Element) -> bool:
    """Equal in value; a date or a number may be written in more than one way."""
    one, other = ("".join(map(str, element.itertext())) for element in (actual, rendered))
    if one == other:
        return True
    one, other = one.strip(), other.strip()
    if (first := _DATE.fullmatch(one)) and (second := _DATE.fullmatch(other)):
        return first[1] == second[1]
    if one.isascii() and one.isdigit() and other.isdigit():
        return int(one) == int(other)
    try:
        return tijdstip.parse(one) == tijdstip.parse(other)
    except ValueError:
        return False


def _from_above(path: str) -> tuple[int, str]:
    """Parents before children, the second namesake before the tenth."""
    return path.count("/"), _COUNT.sub(lambda count: f"[{int(count[1]):09d}]", path)


class _Parent:
    """An element of a rendered object: its children by step, and those that it gets."""

    __slots__ = ("children", "element", "new")

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        self.children = dict(_steps(element))
        self.new: list[etree._Element] = []

    def add(self, step: str, child: etree._Element) -> etree._Element:
        self.children[step] = child
        self.new.append(child)
        return child

    def remove(self, step: str) -> None:
        self.element.remove(self.children.pop(step))


def _put(parent: _Parent, step: str, value: Any) -> None:
    if isinstance(value, list):
        _put_extra(parent, value)
        return
    present = parent.children.get(step)
    if value is None:
        if present is not None and (empty(present) or split(present.tag)[1] in FIXED):
            parent.remove(step)
    elif isinstance(value, str):
        if present is not None and not empty(present):
            return
        if present is not None:
            parent.remove(step)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        parent.add(step, etree.fromstring(value, parser))
    elif "tekst" in value:
        if present is not None:
            present.text = value["tekst"]
    elif present is None or empty(present) or split(present.tag)[1] in FIXED:
        if present is None:
            present = parent.add(step, etree.Element(_tag(step), nsmap=NSMAP))
        if not _is_entity(present):
            present.attrib.clear()
            present.text = None
        for name, text in value.items():
            present.set(_name(name), text)


def _put_extra(parent: _Parent, items: list[dict[str, str]]) -> None:
    step = prefixed(_EXTRA)
    present = set(_extra(parent.element))
    group = parent.children.get(step)
    if group is None:
        group = parent.add(step, etree.Element(_EXTRA, nsmap=NSMAP))
    for item in items:
        if (item["naam"], item.get("tekst", ""), item.get("noValue", "")) in present:
            continue
        element = etree.SubElement(group, qname(STUF0302, "extraElement"), naam=item["naam"])
        element.text = item.get("tekst") or None
        if "noValue" in item:
            element.set("noValue", item["noValue"])
    group[:] = sorted(group, key=lambda element: str(element.get("naam", "")))


def _extra(parent: etree._Element) -> Iterator[tuple[str, str, str]]:
    for group in parent.iterchildren(_EXTRA):
        for element in group.iterchildren(qname(STUF0302, "extraElement")):
            yield str(element.get("naam", "")), element.text or "", str(element.get("noValue", ""))


def _steps(parent: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    seen: dict[str, int] = {}
    for child in parent.iterchildren(etree.Element):
        name = prefixed(child.tag)
        key = _key(child)
        if key is None:
            seen[name] = seen.get(name, 0) + 1
            key = str(seen[name]) if seen[name] > 1 else ""
        yield f"{name}[{key}]" if key else name, child


def _key(child: etree._Element) -> str | None:
    """What a relation that occurs more than once goes by, whatever its position; None for all else."""
    if child.tag != qname(ZKN0320, "heeftRelevant"):
        return None
    return quote(
        child.findtext(f"{qname(ZKN0320, 'gerelateerde')}/{qname(ZKN0320, 'informatieobjectidentificatie')}") or "",
        safe=" .-_~",
    )


def _find(parents: dict[str, _Parent], path: str, *, make: bool) -> _Parent | None:
    """The element at a path; `make` adds the gegevensgroepen that are not there."""
    if (known := parents.get(path)) is not None:
        return known
    above, _, step = path.rpartition("/")
    parent = _find(parents, above, make=make)
    if parent is None:
        return None
    found = parent.children.get(step)
    if found is None and make and step.partition(":")[2] in GROUPS:
        found = parent.add(step, etree.Element(_tag(step), nsmap=NSMAP))
    if found is not None:
        parents[path] = _Parent(found)
    return parents.get(path)


def _place(element: etree._Element) -> int:
    return _PLACE.get(split(element.tag)[1], len(ORDER))


def _attributes(element: etree._Element) -> dict[str, str]:
    """What an empty element says of its emptiness, by prefixed name."""
    found: dict[str, str] = {}
    for name, value in sorted((prefixed(str(name)), str(value)) for name, value in element.attrib.items()):
        if name == "xsi:nil" and value in ("true", "1"):
            found[name] = "true"
        elif name != "xsi:nil" and name.rpartition(":")[2] not in _OF_THE_MESSAGE:
            found[name] = value
    return found


def _is_entity(element: etree._Element) -> bool:
    return any(str(name).endswith("}entiteittype") for name in element.keys())  # noqa: SIM118 (no mapping)


def _tag(step: str) -> str:
    match = _STEP.fullmatch(step)
    if match is None:
        raise ValueError("not a step of a path")
    return qname(NSMAP[match["prefix"]], match["local"])


def _name(name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return qname(NSMAP[prefix], local) if prefix else local
