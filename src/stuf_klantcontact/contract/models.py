"""Which children the types of our schemas have, in which order, and which of them are mandatory or alternatives.

Only for the words of a violation and for guessing what was meant: the verdict is libxml2's alone. So this reads the
schemas simply: a type is the flat list of the elements in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

from stuf_klantcontact.contract.schemas import parse
from stuf_klantcontact.names import XSD, qname

_ELEMENT, _GROUP, _TYPE = qname(XSD, "element"), qname(XSD, "group"), qname(XSD, "complexType")
_CHOICE = qname(XSD, "choice")
_COMPOSITORS = {qname(XSD, local) for local in ("sequence", "all", "complexContent", "restriction")} | {_CHOICE}
_EXTENSION = qname(XSD, "extension")
_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Child:
    """One element of a type. `choice` is the number of the innermost choice it is an alternative of."""

    name: str
    mandatory: bool
    choice: int | None


@dataclass(frozen=True, slots=True)
class Model:
    """The children of one type, in order."""

    children: tuple[Child, ...]

    def position(self, name: str) -> int:
        """Where `name` stands; -1 when it is not in this type."""
        return next((number for number, child in enumerate(self.children) if child.name == name), -1)

    def child(self, name: str) -> Child:
        """What the type says about `name`."""
        return self.children[self.position(name)]

    def mandatory(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of `names` that may not be missing; with an alternative, its fellow alternatives."""
        wanted = tuple(name for name in names if self.child(name).mandatory)
        first = self.child(wanted[0]).choice if wanted else None
        return tuple(name for name in wanted if self.child(name).choice == first)

    def alternatives(self, names: Iterable[str]) -> bool:
        """Whether `names` are alternatives: exactly one of them may stand there."""
        choices = {self.child(name).choice for name in names}
        return len(choices) == 1 and None not in choices


class Models:
    """The types of a set of schemas, found by the names of their children."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        roots = [parse(data, name=name) for name, data in files.items() if name.endswith(".xsd")]
        self._named = {
            (definition.tag, qname(root.get("targetNamespace", ""), definition.get("name", ""))): definition
            for root in roots
            for definition in root.iterchildren(_GROUP, _TYPE)
        }
        self._by_name: dict[str, list[Model]] = {}
        self._choices: dict[etree._Element, int] = {}
        for root in roots:
            for definition in root.iter(_TYPE):
                model = Model(tuple(self._children(definition, mandatory=True, choice=None, depth=0)))
                for child in model.children:
                    self._by_name.setdefault(child.name, []).append(model)

    def find(self, names: Iterable[str]) -> Model | None:
        """A type that has every one of `names` among its children."""
        wanted = set(names)
        if not wanted:
            return None
        for model in self._by_name.get(next(iter(wanted)), ()):
            if wanted <= {child.name for child in model.children}:
                return model
        return None

    def _number(self, choice: etree._Element) -> int:
        return self._choices.setdefault(choice, len(self._choices))

    def _children(
        self, node: etree._Element, *, mandatory: bool, choice: int | None, depth: int
    ) -> Iterable[Child]:
        if depth > _DEPTH:
            return
        for part in node.iterchildren(etree.Element):
            needed = mandatory and part.get("minOccurs", "1") != "0"
            if part.tag == _ELEMENT:
                yield Child(_element_name(part), needed, choice)
            elif part.tag == _GROUP:
                group = self._named.get((_GROUP, _resolved(part, part.get("ref", ""))))
                if group is not None:
                    yield from self._children(group, mandatory=needed, choice=choice, depth=depth + 1)
            elif part.tag == _EXTENSION:
                base = self._named.get((_TYPE, _resolved(part, part.get("base", ""))))
                if base is not None:
                    yield from self._children(base, mandatory=mandatory, choice=choice, depth=depth + 1)
                yield from self._children(part, mandatory=mandatory, choice=choice, depth=depth + 1)
            elif part.tag in _COMPOSITORS:
                inner = self._number(part) if part.tag == _CHOICE else choice
                yield from self._children(part, mandatory=needed, choice=inner, depth=depth + 1)


def _resolved(node: etree._Element, name: str) -> str:
    prefix, colon, local = name.rpartition(":")
    return qname(node.nsmap.get(prefix if colon else None, ""), local)


def _element_name(node: etree._Element) -> str:
    reference = node.get("ref")
    if reference:
        return _resolved(node, reference)
    root = node.getroottree().getroot()
    qualified = node.get("form", root.get("elementFormDefault", "unqualified")) == "qualified"
    name = node.get("name", "")
    return qname(root.get("targetNamespace", ""), name) if qualified else name
