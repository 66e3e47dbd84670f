"""A change in two objects: of oud and huidig only what differs, with the verwerkingssoort that table 5.5 asks.

Both are rendered whole, and what is equal goes. An unchanged relation is left out: identifying it again (I) adds
nothing, and a receiver that does not know its gerelateerde would have to object. StUF 03.01 §5.2.4 to §5.2.6;
stuf-facts §4.3 to §4.5.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from lxml import etree

from stuf_klantcontact.mapping.zkn0320 import bijzonderheden
from stuf_klantcontact.names import STUF0302, XSI, ZKN0320, qname, split

MATCH: Final = frozenset(
    qname(ZKN0320, local)
    for local in (
        "identificatie",
        "verantwoordelijkeOrganisatie",
        "informatieobjectidentificatie",
        "bronorganisatie",
    )
)
"""Matchgegevens of KLC and IOB: in both objects, always."""

_NUMBERS: Final = frozenset({"eib.bestandsomvang"})
_REGISTRATION: Final = qname(STUF0302, "tijdstipRegistratie")
_NEVER_EMPTY: Final = frozenset({qname(STUF0302, "tijdvakGeldigheid"), qname(STUF0302, "aanvullendeElementen")})
_EXTRA: Final = qname(STUF0302, "extraElementen")
_GERELATEERDE: Final = qname(ZKN0320, "gerelateerde")
_MANY: Final = qname(ZKN0320, "heeftRelevant")
_ENTITEITTYPE: Final = qname(ZKN0320, "entiteittype")


class _Pair(NamedTuple):
    """A relation before and after; None when it was not, or is not, there."""

    oud: etree._Element | None
    huidig: etree._Element | None


def pair(oud: etree._Element, huidig: etree._Element) -> list[etree._Element]:
    """The two objects of a change, from the whole objects before and after; changes both."""
    relations = list(_relations(oud, huidig))
    for element in (oud, huidig):
        for child in list(_elements(element, relations=True)):
            element.remove(child)
    changed = _own(oud, huidig)
    parts = [_changed(relation) for relation in relations]
    bijzonderheden.insert(oud, *(part.oud for part in parts if part.oud is not None))
    bijzonderheden.insert(huidig, *(part.huidig for part in parts if part.huidig is not None))
    for element in (oud, huidig):
        # An object of which nothing of its own changed is only identified.
        element.set("verwerkingssoort", "W" if changed else "I")
    return [oud, huidig]


def added(oud: etree._Element, huidig: etree._Element) -> bool:
    """The change adds a relation: table 5.5 has no such case for a correction (C, F)."""
    return any(relation.oud is None for relation in _relations(oud, huidig))


def _own(oud: etree._Element, huidig: etree._Element) -> bool:
    """Leave of the objects' own elements those that differ, in both; tell whether there are any."""
    before, after = (
        {child.tag: child for child in _elements(element, relations=False)} for element in (oud, huidig)
    )
    changed = False
    emptied: tuple[list[etree._Element], list[etree._Element]] = ([], [])
    for tag in [*before, *(tag for tag in after if tag not in before)]:
        old, new = before.get(tag), after.get(tag)
        if tag in MATCH:
            continue
        if tag == _EXTRA:
            old, new = _group(oud, old), _group(huidig, new)
            _extra(old, new)
        if old is not None and new is not None and (_equal(old, new) or (tag == _EXTRA and not len(old))):
            oud.remove(old)
            huidig.remove(new)
            continue
        changed = True
        if tag == _REGISTRATION:
            if old is not None:
                oud.remove(old)
        elif tag not in _NEVER_EMPTY:
            for beside, missing, other in ((emptied[0], old, new), (emptied[1], new, old)):
                if missing is None and other is not None:
                    beside.append(_emptied(other))
    for element, added_to in zip((oud, huidig), emptied, strict=True):
        bijzonderheden.insert(element, *added_to)
    return changed


def _group(parent: etree._Element, group: etree._Element | None) -> etree._Element:
    """The extraElementen of an object, which it gets when it has none: what the other one has is named in both."""
    if group is None:
        bijzonderheden.insert(parent, group := etree.Element(_EXTRA, nsmap=bijzonderheden.NSMAP))
    return group


def _extra(old: etree._Element, new: etree._Element) -> None:
    """extraElementen are compared by name; one that is absent in one of the two is empty there."""
    by_name = [_by_name(group) for group in (old, new)]
    for naam in {**by_name[0], **by_name[1]}:
        items = [found.get(naam, []) for found in by_name]
        if [_said(item) for item in items[0]] == [_said(item) for item in items[1]]:
            for group, found in zip((old, new), items, strict=True):
                for item in found:
                    group.remove(item)
            continue
        for group, found in zip((old, new), items, strict=True):
            if not found:
                etree.SubElement(group, qname(STUF0302, "extraElement"), naam=naam)
    for group in (old, new):
        group[:] = sorted(group, key=lambda item: str(item.get("naam")))


def _by_name(group: etree._Element) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for item in group:
        found.setdefault(str(item.get("naam")), []).append(item)
    return found


def _changed(relation: _Pair) -> _Pair:
    """The relation in both objects, in the same order in both; nothing when it is unchanged."""
    old, new = relation
    if old is None or new is None:
        if old is not None:
            return _Pair(_before(_mark(old, "V", gerelateerde="I")), _mark(_emptied(old), "V"))
        return _Pair(None, None) if new is None else _Pair(_mark(_emptied(new), "T"), new)
    if _equal(old, new):
        return _Pair(None, None)
    if _equal(old.find(_GERELATEERDE), new.find(_GERELATEERDE)):  # what is said of the relation itself differs
        return _Pair(_before(_mark(old, "W", gerelateerde="I")), _mark(new, "W", gerelateerde="I"))
    return _Pair(_before(_mark(old, "R", gerelateerde="I")), _mark(new, "R"))


def _before(relation: etree._Element) -> etree._Element:
    """tijdstipRegistratie is of the new registration: oud has none."""
    for registration in list(relation.iterchildren(_REGISTRATION)):
        relation.remove(registration)
    return relation


def _relations(oud: etree._Element, huidig: etree._Element) -> Iterator[_Pair]:
    before, after = (
        {_identity(child): child for child in _elements(element, relations=True)} for element in (oud, huidig)
    )
    for key, child in before.items():
        yield _Pair(child, after.get(key))
    for key, child in after.items():
        if key not in before:
            yield _Pair(None, child)


def _identity(relation: etree._Element) -> tuple[str, ...]:
    """Which relation it is: there is one of each kind, but of those to documents."""
    if relation.tag != _MANY:
        return (relation.tag,)
    related = relation.find(_GERELATEERDE)
    return (relation.tag, *((child.text or "") for child in (related if related is not None else ())))


def _elements(element: etree._Element, *, relations: bool) -> Iterator[etree._Element]:
    for child in element.iterchildren(etree.Element):
        if (_ENTITEITTYPE in child.attrib) == relations:
            yield child


def _mark(relation: etree._Element, soort: str, *, gerelateerde: str = "") -> etree._Element:
    relation.set("verwerkingssoort", soort)
    related = relation.find(_GERELATEERDE)
    if related is not None and gerelateerde:
        related.set("verwerkingssoort", gerelateerde)
    return relation


def _emptied(element: etree._Element) -> etree._Element:
    """The same element without a value, or without the relation."""
    found = etree.Element(element.tag, nsmap=bijzonderheden.NSMAP)
    if _ENTITEITTYPE in element.attrib:
        found.set(_ENTITEITTYPE, str(element.get(_ENTITEITTYPE)))
    elif split(element.tag)[1] in _NUMBERS:
        found.set(qname(XSI, "nil"), "true")
    return found


def _equal(one: etree._Element | None, other: etree._Element | None) -> bool:
    if one is None or other is None:
        return one is other
    return bijzonderheden.canonical(one) == bijzonderheden.canonical(other)


def _said(item: etree._Element) -> tuple[str, str | None]:
    return item.text or "", item.get("noValue")
