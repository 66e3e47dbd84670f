"""Mutants: a valid message with one thing changed, and where that was."""

import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import qname

_FIXED = ("entiteittype", "verwerkingssoort", "functie", "nil", "noValue", "naam")
_BAD = ("", "?", "x" * 300, "31-12-2026", "99", "-", "ü<&>\"'", "'}. Expected is ( a ).", "een twee", "2026-13-45")


@dataclass(frozen=True)
class Mutant:
    """The changed message. `places` are the elements of which one must be named; `name` what is not there."""

    kind: str
    message: etree._Element
    places: tuple[etree._Element, ...]
    name: str | None = None
    attribute: str | None = None

    def named_by(self, violation: Violation, *, order: dict[etree._Element, int]) -> bool:
        """Whether this violation is about the place; its line is the number of its element, from 0."""
        if violation.line not in {order[place] for place in self.places}:
            return False
        if self.name is not None:
            local = etree.QName(self.name).localname
            return violation.rule != "XSD-MISSING" or local in (violation.expected or "")
        return self.attribute is None or f"@{self.attribute}" in (violation.path or "").replace(":", "@")


def mutate(original: etree._Element, chance: random.Random) -> Mutant:
    """One change, of one of seven kinds."""
    message = deepcopy(original)
    elements = list(message.iter(etree.Element))[1:]
    assert elements
    return chance.choice(_KINDS)(message, elements, chance)


def _delete(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    element = chance.choice(elements)
    parent = element.getparent()
    assert parent is not None
    siblings = list(parent.iterchildren(etree.Element))
    after = siblings[siblings.index(element) + 1 :]
    parent.remove(element)
    return Mutant("delete", message, (parent, *after), name=str(element.tag))


def _duplicate(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    element = chance.choice(elements)
    copy = deepcopy(element)
    element.addnext(copy)
    parent = element.getparent()
    assert parent is not None
    return Mutant("duplicate", message, tuple(parent.iterchildren(str(element.tag))))


def _swap(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    for _ in range(20):
        element = chance.choice(elements)
        others = [other for other in element.itersiblings(etree.Element) if other.tag != element.tag]
        if others:
            other = chance.choice(others)
            parent = element.getparent()
            assert parent is not None
            children = list(parent.iterchildren(etree.Element))
            first, second = children.index(element), children.index(other)
            children[first], children[second] = other, element
            parent[:] = children
            return Mutant("swap", message, (element, other))
    return _rename(message, elements, chance)


def _rename(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    element = chance.choice(elements)
    name = etree.QName(element)
    local = name.localname
    middle = chance.randrange(len(local))
    slip = chance.choice(
        [
            local + "x",
            local[:middle] + local[middle + 1 :] or "q",
            local.swapcase(),
            local[:1].swapcase() + local[1:],
        ]
    )
    slip = slip if slip[0].isalpha() else f"q{slip}"
    element.tag = qname(name.namespace, slip) if name.namespace else slip
    return Mutant("rename", message, (element,))


def _namespace(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    element = chance.choice(elements)
    name = etree.QName(element)
    used = {etree.QName(other).namespace for other in elements} | {"urn:elders", None}
    wrong = chance.choice(sorted(used - {name.namespace}, key=str))
    element.tag = qname(wrong, name.localname) if wrong else name.localname
    return Mutant("namespace", message, (element,))


def _value(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    leaves = [element for element in elements if len(element) == 0 and (element.text or "").strip()]
    element = chance.choice(leaves or elements)
    element.text = chance.choice(_BAD) or None
    return Mutant("value", message, (element,))


def _attribute(message: etree._Element, elements: Sequence[etree._Element], chance: random.Random) -> Mutant:
    having = [element for element in elements if any(etree.QName(a).localname in _FIXED for a in element.attrib)]
    if not having:
        return _value(message, elements, chance)
    element = chance.choice(having)
    name = chance.choice([a for a in element.attrib if etree.QName(a).localname in _FIXED])
    element.set(name, chance.choice(["XXX", "ZAKK", "", "t", "X"]))
    return Mutant("attribute", message, (element,), attribute=etree.QName(name).localname)


_KINDS: tuple[Callable[[etree._Element, Sequence[etree._Element], random.Random], Mutant], ...] = (
    _delete,
    _duplicate,
    _swap,
    _rename,
    _namespace,
    _value,
    _attribute,
)
