"""What the schemas declare: which type an element has where it stands, its attributes, the order of its children.

Only for the words of a violation, for repairs in thought, and for the two things that libxml2 does not check: fixed
values on references to attributes, and base64. The verdict on everything else is libxml2's alone, so this may be
simple: no identity constraints, no redefinitions, and a restriction is believed to be one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.automaton import Particle, Wildcard
from stuf_klantcontact.contract.content import Content
from stuf_klantcontact.names import XSD, XSI, qname, split

_ELEMENT, _ATTRIBUTE = qname(XSD, "element"), qname(XSD, "attribute")
_GROUP, _ATTRIBUTES = qname(XSD, "group"), qname(XSD, "attributeGroup")
_COMPLEX, _SIMPLE = qname(XSD, "complexType"), qname(XSD, "simpleType")
_SEQUENCE, _CHOICE, _ALL, _ANY = (qname(XSD, local) for local in ("sequence", "choice", "all", "any"))
_ENUMERATION: Final = qname(XSD, "enumeration")
_DERIVATIONS: Final = (qname(XSD, "extension"), qname(XSD, "restriction"))
_CONTENTS: Final = (qname(XSD, "simpleContent"), qname(XSD, "complexContent"))
_TYPE: Final = qname(XSI, "type")
_BASE64: Final = qname(XSD, "base64Binary")
_DEPTH: Final = 48
"""Groups and types nested deeper than this are circular, or as good as."""

_PARTICLES: Final = 20_000
"""A type with more parts than this is not looked into further."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a type."""

    name: str
    required: bool
    fixed: str | None
    values: tuple[str, ...]
    """What it may hold, when that is a list: the fixed value, or an enumeration."""
    referred: bool
    """Whether it is a reference to a global attribute: libxml2 then overlooks the fixed value."""


@dataclass(slots=True, eq=False)
class Kind:
    """A type, as far as it matters here."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    content: Content | None = None
    """How the children are ordered; None for a type of text, and for anyType."""
    base64: bool = False
    builtin: str = ""
    """The type of XML Schema that its text comes down to."""
    fixed: tuple[Attribute, ...] = ()
    """The attributes whose fixed value libxml2 overlooks."""


_NOTHING: Final = Kind()


class Declarations:
    """The components of a set of schemas, each resolved when it is first asked for. Threads may share it."""

    def __init__(self, documents: Iterable[tuple[str, etree._Element]]) -> None:
        """`documents` are schemas, each with the namespace that it defines."""
        self._global: dict[tuple[str, str], etree._Element] = {}
        self._namespaces: dict[etree._Element, str] = {}
        self._members: dict[str, list[str]] = {}
        self._kinds: dict[etree._Element, Kind] = {}
        self._children: dict[tuple[Kind | None, str], Kind | None] = {}
        self._paths: dict[tuple[str, ...], Kind | None] = {}
        self._builtins: dict[str, Kind] = {}
        self._lock = RLock()
        self._choices = 0
        self._particles_left = _PARTICLES
        for namespace, root in documents:
            self._namespaces[root] = namespace
            for component in root.iterchildren(etree.Element):
                name = component.get("name", "").strip()
                if name:
                    self._global.setdefault((str(component.tag), joined(namespace, name)), component)
                    head = component.get("substitutionGroup")
                    if head is not None:
                        self._members.setdefault(self._resolve(component, head), []).append(joined(namespace, name))

    # Asking

    def known(self, tag: str) -> bool:
        """Whether an element of this name is declared globally."""
        return (_ELEMENT, tag) in self._global

    def root(self, tag: str) -> Kind | None:
        """The type of a global element."""
        return self.child(None, tag)

    def child(self, parent: Kind | None, tag: str, *, type_name: str | None = None) -> Kind | None:
        """The type of `tag` inside `parent`, or of the global element; None when nothing says what it is."""
        if type_name is not None:
            definition = self._global.get((_COMPLEX, type_name))
            if definition is not None:
                with self._lock:
                    return self._kind(definition)
        try:
            return self._children[parent, tag]
        except KeyError:
            with self._lock:
                found = self._find(parent, tag)
            self._children[parent, tag] = found
            return found

    def builtin(self, name: str) -> str:
        """The type of XML Schema that a named simple type comes down to."""
        definition = self._global.get((_SIMPLE, name))
        if definition is None:
            return ""
        with self._lock:
            return self._kind(definition).builtin

    def of(self, element: etree._Element, *, root: etree._Element) -> Kind | None:
        """The type of `element` where it stands below `root`."""
        path = [str(element.tag)]
        here: etree._Element | None = element
        while here is not None and here is not root:
            if here.get(_TYPE) is not None:
                return self._slowly(element, root=root)
            here = here.getparent()
            if here is not None:
                path.append(str(here.tag))
        key = tuple(path)
        try:
            return self._paths[key]
        except KeyError:
            kind = self.root(path[-1])
            for tag in path[-2::-1]:
                kind = self.child(kind, tag) if kind is not None else None
            if len(self._paths) < 50_000:
                self._paths[key] = kind
            return kind

    def type_of(self, element: etree._Element) -> str | None:
        """The name in an element's xsi:type."""
        value = element.get(_TYPE)
        if value is None:
            return None
        prefix, colon, local = value.strip().rpartition(":")
        return joined(element.nsmap.get(prefix if colon else None, ""), local)

    def _slowly(self, element: etree._Element, *, root: etree._Element) -> Kind | None:
        """With a type that the message itself names on the way."""
        chain = [element]
        while chain[-1] is not root:
            parent = chain[-1].getparent()
            if parent is None:
                break
            chain.append(parent)
        kind: Kind | None = None
        for step, part in enumerate(reversed(chain)):
            if step and kind is None:
                return None
            kind = self.child(kind, str(part.tag), type_name=self.type_of(part))
        return kind

    # Resolving

    def _find(self, parent: Kind | None, tag: str) -> Kind | None:
        if parent is None:
            declared = self._global.get((_ELEMENT, tag))
            return None if declared is None else self._of_element(declared)
        if parent.content is None:
            return None
        declared = parent.content.declaration(tag)
        if declared is None and parent.content.open_to(tag):
            declared = self._global.get((_ELEMENT, tag))
        return None if declared is None else self._of_element(declared)

    def _of_element(self, declared: etree._Element) -> Kind:
        """The type of a declaration: inside it, by name, or that of the head of its substitution group."""
        for _ in range(_DEPTH):
            for inner in declared.iterchildren(_COMPLEX, _SIMPLE):
                return self._kind(inner)
            name = declared.get("type")
            if name is not None:
                return self._named(declared, name)
            head = declared.get("substitutionGroup")
            found = self._global.get((_ELEMENT, self._resolve(declared, head))) if head else None
            if found is None:
                break
            declared = found
        return _NOTHING

    def _named(self, node: etree._Element, name: str) -> Kind:
        resolved = self._resolve(node, name)
        if split(resolved)[0] == XSD:
            return self._builtins.setdefault(resolved, Kind(base64=resolved == _BASE64, builtin=split(resolved)[1]))
        definition = self._global.get((_COMPLEX, resolved))
        if definition is None:
            definition = self._global.get((_SIMPLE, resolved))
        return _NOTHING if definition is None else self._kind(definition)

    def _kind(self, definition: etree._Element) -> Kind:
        kind = self._kinds.get(definition)
        if kind is None:
            kind = self._kinds[definition] = Kind()
            self._particles_left = _PARTICLES
            self._fill(kind, definition)
            kind.fixed = tuple(a for a in kind.attributes.values() if a.referred and a.fixed is not None)
        return kind

    def _fill(self, kind: Kind, definition: etree._Element) -> None:
        if definition.tag == _SIMPLE:
            for inner in definition.iterchildren(_DERIVATIONS[1]):
                base = self._base(inner)
                kind.base64, kind.builtin = base.base64, base.builtin
            return
        derived = next(definition.iterchildren(*_CONTENTS), None)
        derivation = None if derived is None else next(derived.iterchildren(*_DERIVATIONS), None)
        if derived is None or derivation is None:
            kind.attributes = self._attributes(definition, depth=0)
            particle = self._particle_in(definition, depth=0)
        else:
            base = self._base(derivation)
            own = self._attributes(derivation, depth=0)
            kind.attributes = {**base.attributes, **own}
            if derived.tag == _CONTENTS[0]:
                kind.base64, kind.builtin = base.base64, base.builtin
                return
            particle = self._particle_in(derivation, depth=0)
            if derivation.tag == _DERIVATIONS[0] and base.content is not None:
                particle = Particle("sequence", parts=(base.content.particle, particle))
        kind.content = Content(particle)

    def _base(self, derivation: etree._Element) -> Kind:
        base = derivation.get("base")
        if base is not None:
            return self._named(derivation, base)
        for inner in derivation.iterchildren(_SIMPLE):
            return self._kind(inner)
        return _NOTHING

    def _attributes(self, node: etree._Element, *, depth: int) -> dict[str, Attribute]:
        found: dict[str, Attribute] = {}
        for part in node.iterchildren(_ATTRIBUTE, _ATTRIBUTES):
            reference = part.get("ref")
            if part.tag == _ATTRIBUTES:
                group = self._global.get((_ATTRIBUTES, self._resolve(part, reference or "")))
                if group is not None and depth < _DEPTH:
                    found |= self._attributes(group, depth=depth + 1)
                continue
            fixed = part.get("fixed")
            declared: etree._Element | None = part
            if reference is not None:
                name = self._resolve(part, reference)
                declared = self._global.get((_ATTRIBUTE, name))
                if fixed is None and declared is not None:
                    fixed = declared.get("fixed")
            else:
                name = self._local(part, default="attributeFormDefault")
            found[name] = Attribute(
                name,
                required=part.get("use") == "required",
                fixed=None if part.get("use") == "prohibited" else fixed,
                values=(fixed,) if fixed is not None else self._enumeration(declared),
                referred=reference is not None,
            )
        return found

    def _enumeration(self, node: etree._Element | None) -> tuple[str, ...]:
        """The list of values that an attribute or a simple type comes down to; empty when there is none."""
        for _ in range(_DEPTH):
            if node is None:
                break
            inner = next(node.iterchildren(_SIMPLE, _DERIVATIONS[1]), None)
            if inner is not None and inner.tag == _DERIVATIONS[1]:
                listed = tuple(value.get("value", "") for value in inner.iterchildren(_ENUMERATION))
                if listed:
                    return listed
                node = inner
                continue
            if inner is None:
                name = node.get("type") or node.get("base")
                inner = self._global.get((_SIMPLE, self._resolve(node, name))) if name else None
            node = inner
        return ()

    # Particles

    def _particle_in(self, node: etree._Element, *, depth: int) -> Particle:
        for part in self._particles(node, depth=depth):
            return part
        return Particle("sequence")

    def _particles(self, node: etree._Element, *, depth: int) -> Iterator[Particle]:
        if depth > _DEPTH:
            return
        for part in node.iterchildren(_ELEMENT, _SEQUENCE, _CHOICE, _ALL, _GROUP, _ANY):
            self._particles_left -= 1
            if self._particles_left < 0:
                return
            least, most = _occurs(part)
            if part.tag == _ELEMENT:
                yield Particle("element", names=self._names(part), least=least, most=most)
            elif part.tag == _ANY:
                yield Particle("any", wildcard=self._wildcard(part), least=least, most=most)
            elif part.tag == _GROUP:
                group = self._global.get((_GROUP, self._resolve(part, part.get("ref", ""))))
                if group is not None:
                    inner = tuple(self._particles(group, depth=depth + 1))
                    yield Particle("sequence", parts=inner, least=least, most=most)
            elif part.tag == _ALL:
                # In any order: what is missing or double, libxml2 tells.
                inner = tuple(self._particles(part, depth=depth + 1))
                yield Particle("choice", parts=inner, least=0, most=None)
            else:
                inner = tuple(self._particles(part, depth=depth + 1))
                kind = "choice" if part.tag == _CHOICE else "sequence"
                if kind == "choice":
                    self._choices += 1
                yield Particle(kind, parts=inner, least=least, most=most, number=self._choices)

    def _names(self, part: etree._Element) -> dict[str, etree._Element]:
        """The elements that a particle stands for: one, or a whole substitution group."""
        reference = part.get("ref")
        if reference is None:
            return {self._local(part, default="elementFormDefault"): part}
        found: dict[str, etree._Element] = {}
        todo = [self._resolve(part, reference)]
        while todo:
            name = todo.pop(0)
            declared = self._global.get((_ELEMENT, name))
            if declared is None or name in found:
                continue
            found[name] = declared
            todo += self._members.get(name, ())
        return {n: d for n, d in found.items() if d.get("abstract") not in ("true", "1")} or found

    def _wildcard(self, part: etree._Element) -> Wildcard:
        own = self._namespaces.get(part.getroottree().getroot(), "")
        allowed = part.get("namespace", "##any")
        skip = part.get("processContents") == "skip"
        if allowed == "##any":
            return Wildcard(True, frozenset(), skip)
        if allowed == "##other":
            return Wildcard(True, frozenset({own, ""}), skip)
        special = {"##targetNamespace": own, "##local": ""}
        return Wildcard(False, frozenset(special.get(name, name) for name in allowed.split()), skip)

    def _local(self, part: etree._Element, *, default: str) -> str:
        root = part.getroottree().getroot()
        qualified = part.get("form", root.get(default, "unqualified")) == "qualified"
        return joined(self._namespaces.get(root, "") if qualified else "", part.get("name", "").strip())

    def _resolve(self, node: etree._Element, name: str) -> str:
        prefix, colon, local = name.strip().rpartition(":")
        namespace = node.nsmap.get(prefix if colon else None)
        if namespace is None and not colon:
            # A schema without a namespace of its own takes that of the one that includes it.
            namespace = self._namespaces.get(node.getroottree().getroot(), "")
        return joined(namespace or "", local)


def _occurs(part: etree._Element) -> tuple[int, int | None]:
    most = part.get("maxOccurs", "1").strip()
    least = part.get("minOccurs", "1").strip()
    return (
        int(least) if least.isdecimal() else 1,
        None if most == "unbounded" else int(most) if most.isdecimal() else 1,
    )


def joined(namespace: str, local: str) -> str:
    """A Clark name; without a namespace, the local name alone."""
    return qname(namespace, local) if namespace else local
