"""What is wrong with the structure of a message, and how it would be right; and what libxml2 does not look at.

One walk down the message beside its declarations. Where the children of an element do not fit, the cheapest repair
says what to tell the sender, and is what the rest of the search pretends (reading.py).
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.content import Content, Edit
from stuf_klantcontact.contract.declarations import Declarations, Kind
from stuf_klantcontact.contract.reading import Part
from stuf_klantcontact.contract.wording import Finding
from stuf_klantcontact.names import XSD, XSI, qname, split

_NIL: Final = qname(XSI, "nil")
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_PLACES: Final = 40
"""So often it is tried where a misplaced element belongs."""


class Survey:
    """The children of each element as they should have been, and what that says; asked from the root down."""

    def __init__(self, root: etree._Element, *, name: str, declarations: Declarations, limit: int) -> None:
        """`name` is what the root should have been called."""
        self.findings: list[Finding] = []
        self.values: list[Finding] = []
        self.mended: dict[etree._Element, list[Part]] = {}
        """What has other children than it should have: its children as repaired."""
        self.stopped = False
        self._declarations = declarations
        self._limit = limit
        self._places = 0
        self._moved: dict[etree._Element, tuple[str, str]] = {}
        self._looked: dict[etree._Element, tuple[list[Part], bool]] = {}
        if name != root.tag:
            self._moved[root] = (split(str(root.tag))[0], split(name)[0])
        self.root = Part(root, name, declarations.child(None, name, type_name=declarations.type_of(root)))
        self._kinds = {root: self.root.kind}

    def look_at(self, element: etree._Element) -> None:
        """Look at the children of one element, and at all that is in those that have the wrong name."""
        if element in self._looked:
            return
        parts, mended = self.look(element, self._kind(element))
        for part in parts if mended else ():
            if part.element is not None and part.element.tag != part.name:
                self.walk(part.element)

    def walk(self, top: etree._Element) -> None:
        """Look at all that is in an element."""
        todo = [Part(top, "", self._kind(top))]
        while todo and not self.stopped:
            part = todo.pop()
            if part.element is not None:
                todo += reversed(self.look(part.element, part.kind)[0])

    def _kind(self, element: etree._Element) -> Kind | None:
        """The type of an element, which has the name that it should have or was looked at."""
        below: list[etree._Element] = []
        here: etree._Element | None = element
        while here is not None and here not in self._kinds:
            below.append(here)
            here = here.getparent()
        kind = self._kinds[here] if here is not None else None
        for part in reversed(below):
            if kind is None:
                return None
            kind = self._declarations.child(kind, str(part.tag), type_name=self._declarations.type_of(part))
        return kind

    def look(self, element: etree._Element, kind: Kind | None) -> tuple[list[Part], bool]:
        """The children of `element` as repaired, and whether some were left out."""
        known = self._looked.get(element)
        if known is None:
            known = self._looked[element] = self._visit(element, kind)
        return known

    def _visit(self, element: etree._Element, kind: Kind | None) -> tuple[list[Part], bool]:
        children = list(element.iterchildren(etree.Element))
        if kind is None:
            return [Part(child, str(child.tag), None) for child in children], False
        if kind.fixed:
            self.values += fixed_findings(element, kind)
        content = kind.content
        if content is None or element.get(_NIL, "").strip() in ("true", "1"):
            if kind.base64 and not is_base64(element):
                self.values.append(base64_finding(element))
            return [Part(child, str(child.tag), None) for child in children], False
        tags = [str(child.tag) for child in children]
        if content.right(tags):
            return self._typed(kind, zip(children, tags, strict=True)), False
        mended = self._mend(element, content, children, tags)
        self.mended[element] = self._typed(kind, ((part.element, part.name) for part in mended))
        return self.mended[element], True

    def _typed(self, kind: Kind, parts: Iterable[tuple[etree._Element | None, str]]) -> list[Part]:
        found = []
        for child, name in parts:
            type_name = self._declarations.type_of(child) if child is not None else None
            found.append(Part(child, name, self._declarations.child(kind, name, type_name=type_name)))
            if child is not None:
                self._kinds[child] = found[-1].kind
        return found

    # Structure

    def _mend(
        self, element: etree._Element, content: Content, children: list[etree._Element], tags: list[str]
    ) -> list[Part]:
        repair = content.repair(tags, limit=self._limit)
        if not repair.complete:
            self.stopped = True
        edits = list(repair.edits)
        parts = [
            Part(None if what == "insert" else children[number], name, None)
            for what, number, name, _ in edits
            if what != "drop"
        ]
        parts = self._dropped(content, children, edits, parts)
        self._missing(element, content, parts)
        for what, number, name, _ in edits:
            if what == "rename":
                self._meant(element, content, children[number], parts, name)
        return parts

    def _meant(
        self, parent: etree._Element, content: Content, child: etree._Element, parts: list[Part], name: str
    ) -> None:
        """An element under a wrong name; in the wrong namespace with all that is in it, that is one mistake."""
        (wrong, local), (right, meant) = split(str(child.tag)), split(name)
        if local == meant:
            self._moved[child] = (wrong, right)
            if self._moved.get(parent) == (wrong, right):
                return
        expected = self._expected(content, parts, child)
        self._add(Finding("XSD-UNEXPECTED", child, expected=expected, meant=name))

    def _dropped(
        self, content: Content, children: list[etree._Element], edits: list[Edit], parts: list[Part]
    ) -> list[Part]:
        """Say of each element that is left out why; where it only stood in the wrong place, put it there."""
        nowhere: set[str] = set()
        for what, number, tag, _ in edits:
            if what != "drop":
                continue
            child = children[number]
            put = next((i for i, part in enumerate(parts) if part.element is None and part.name == tag), None)
            if put is not None:
                parts = [*parts[:put], Part(child, tag, None), *parts[put + 1 :]]
                self._order(child, parts, put)
                continue
            place = None
            if content.declaration(tag) is not None and tag not in nowhere and self._places < _PLACES:
                self._places += 1
                place = content.place([part.name for part in parts], tag)
            if place is not None:
                parts = [*parts[:place], Part(child, tag, None), *parts[place:]]
                self._order(child, parts, place)
                continue
            nowhere.add(tag)
            self._refused(content, child, tag, parts, before=number)
        return parts

    def _order(self, child: etree._Element, parts: list[Part], place: int) -> None:
        following = parts[place + 1].name if place + 1 < len(parts) else None
        before = following is not None
        beside = following or (parts[place - 1].name if place else None)
        self._add(Finding("XSD-ORDER", child, expected=(), meant=beside, before=before))

    def _refused(
        self, content: Content, child: etree._Element, tag: str, parts: list[Part], *, before: int
    ) -> None:
        names = [part.name for part in parts]
        other = None
        if content.declaration(tag) is not None:
            other = next((name for name in names if name != tag and content.exclude(tag, name)), None)
        expected = self._expected(content, parts, child)
        if tag in names:
            self._add(Finding("XSD-UNEXPECTED", child, expected=expected, repeated=True))
        elif other is not None:
            self._add(Finding("XSD-UNEXPECTED", child, expected=(other, tag), choice=True))
        else:
            meant = next((name for name in content.meant(tag) if name in expected), None)
            self._add(Finding("XSD-UNEXPECTED", child, expected=expected, meant=meant))

    def _expected(self, content: Content, parts: list[Part], child: etree._Element) -> tuple[str, ...]:
        """What may stand where `child` is."""
        before: list[str] = []
        if len(parts) <= 300:
            earlier = set(child.itersiblings(etree.Element, preceding=True))
            for part in parts:
                if part.element is child or (part.element is not None and part.element not in earlier):
                    break
                before.append(part.name)
        return content.expected(before)

    def _missing(self, element: etree._Element, content: Content, parts: list[Part]) -> None:
        """What had to be put in: one finding for each place, and one for each choice."""
        names = [part.name for part in parts]
        pending: list[str] = []
        for number, part in enumerate(parts):
            if part.element is not None:
                continue
            rest = names[number + 1 :]
            among = content.alternatives(names[:number], part.name, rest) if len(names) <= 300 else (part.name,)
            following = next((later.element for later in parts[number:] if later.element is not None), None)
            place = following if following is not None else element
            last = number + 1 == len(parts) or parts[number + 1].element is not None
            if len(among) > 1:
                if pending:
                    self._add(self._absent(place, pending, before=following is not None))
                    pending = []
                self._add(Finding("XSD-MISSING", place, expected=among, before=following is not None, choice=True))
                continue
            pending.append(part.name)
            if last:
                self._add(self._absent(place, pending, before=following is not None))
                pending = []

    def _absent(self, place: etree._Element, names: list[str], *, before: bool) -> Finding:
        return Finding("XSD-MISSING", place, expected=tuple(names), before=before)

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if len(self.findings) > self._limit:
            self.stopped = True


def fixed_findings(element: etree._Element, kind: Kind) -> Iterator[Finding]:
    """The attributes that have another value than the one that the schema fixes."""
    for attribute in kind.fixed:
        value = element.get(attribute.name)
        if value is not None and value != attribute.fixed and value.strip() != attribute.fixed:
            yield Finding("XSD-FIXED", element, attribute=attribute.name, detail=attribute.fixed or "")


def base64_finding(element: etree._Element) -> Finding:
    """A document that is not base64."""
    return Finding("XSD-TYPE", element, detail=qname(XSD, "base64Binary"), kind="base64")


def is_base64(element: etree._Element) -> bool:
    """Whether the text is base64 as XML Schema has it: blanks do not count, the last bits must be nought."""
    text = element.text
    if not text or len(element):
        return True
    packed = _SPACE.sub("", text)
    try:
        decoded = binascii.a2b_base64(packed, strict_mode=True)
    except (ValueError, binascii.Error):
        return False
    tail = len(decoded) % 3
    return not tail or binascii.b2a_base64(decoded[-tail:], newline=False).decode() == packed[-4:]
