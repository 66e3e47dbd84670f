"""Which rules a message breaks and where.

libxml2 gives the verdict, but of the children of one element it reports only the first that does not fit. So those
children are held beside the declarations (survey.py), the message is repaired in thought (reading.py), and libxml2
is asked again (objections.py). Where it still does not like the structure, its word counts, and what it does not
like is left out of the next reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import objections, reading, wording
from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.objections import CONTENT, Objection
from stuf_klantcontact.contract.overlooked import Overlooked
from stuf_klantcontact.contract.survey import Survey
from stuf_klantcontact.contract.wording import Finding
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import PREFIXES, XSI, prefixed, split

LIMIT: Final = 100
"""At most so many violations are listed of one message."""
READINGS: Final = 8
"""At most so often the message is read again because libxml2 found what the declarations did not tell."""

_SMALL: Final = 2_000
"""A message of more elements is read in pieces: as a tree its errors may take the square of their number."""
_UNSEEN: Final = "SCHEMAV_CVC_ELT_"
"""Objections to an element of which libxml2 does not look at the content."""
_has_types = etree.XPath("boolean(descendant-or-self::*/@xsi:type)", namespaces={"xsi": XSI})

_RULES: Final = {
    "SCHEMAV_CVC_ENUMERATION_VALID": "XSD-ENUM",
    "SCHEMAV_CVC_PATTERN_VALID": "XSD-PATTERN",
    "SCHEMAV_CVC_MINLENGTH_VALID": "XSD-LENGTH",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "XSD-LENGTH",
    "SCHEMAV_CVC_LENGTH_VALID": "XSD-LENGTH",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "XSD-RANGE",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "XSD-CONTENT",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "XSD-CONTENT",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "XSD-CONTENT",
    "SCHEMAV_CVC_TYPE_3_1_1": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_TYPE_3_1_2": "XSD-CONTENT",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_AU": "XSD-FIXED",
    "SCHEMAV_CVC_ELT_5_2_2_2_2": "XSD-FIXED",
    "SCHEMAV_CVC_ELT_3_1": "XSD-NIL",
    "SCHEMAV_CVC_ELT_3_2_1": "XSD-NIL",
    "SCHEMAV_CVC_ELT_3_2_2": "XSD-NIL",
    "SCHEMAV_CVC_ELT_4_1": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_ELT_4_2": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_ELT_4_3": "XSD-ATTRIBUTE",
    "SCHEMAV_CVC_ELT_1": "XSD-UNEXPECTED",
}
_OF_STRUCTURE: Final = frozenset({"XSD-ATTRIBUTE", "XSD-CONTENT", "XSD-NIL"})
Positions = Sequence[tuple[int, int]]
"""Line and column of each element of a document, in its order (parsing.positions)."""


def explain(
    element: etree._Element,
    *,
    schema: etree.XMLSchema,
    roots: frozenset[str],
    declarations: Declarations,
    overlooked: Overlooked,
    positions: Positions | None = None,
) -> list[Violation]:
    """Every violation that can be found in `element`, in document order; at most LIMIT, and it says so.

    `positions` are those of the whole document that `element` is in; without them only lines are told.
    """
    order = {node: number for number, node in enumerate(element.iter(etree.Element))}
    offset = 0 if positions is None else _before(element)

    def place(node: etree._Element) -> tuple[int, int] | None:
        number = offset + order.get(node, 0)
        return positions[number] if positions is not None and number < len(positions) else None

    name = str(element.tag)
    violations = []
    if name not in roots:
        violations = [wording.unknown_root(element, roots=roots, place=place(element))]
        same = sorted(root for root in roots if split(root)[1] == split(name)[1])
        if len(same) != 1:
            return violations
        name = same[0]  # in the wrong namespace: then look on as if it were in the right one
    search = _Search(
        element, name=name, schema=schema, declarations=declarations, overlooked=overlooked, order=order
    )
    findings = search.run()
    places = _Places(element)
    violations += [
        wording.violation(
            finding, path=places.path(finding.element, finding.attribute), place=place(finding.element)
        )
        for finding in findings[:LIMIT]
    ]
    if search.stopped or len(findings) > LIMIT:
        violations.append(wording.more(len(violations), element))
    return violations


def _before(element: etree._Element) -> int:
    """How many elements of the document begin before `element`."""
    nodes = element.getroottree().getroot().iter(etree.Element)
    return next((number for number, node in enumerate(nodes) if node is element), 0)


class _Search:
    def __init__(
        self,
        root: etree._Element,
        *,
        name: str,
        schema: etree.XMLSchema,
        declarations: Declarations,
        overlooked: Overlooked,
        order: dict[etree._Element, int],
    ) -> None:
        self._root = root
        self._schema = schema
        self._order = order
        self._survey = Survey(root, name=name, declarations=declarations, limit=LIMIT)
        self._declarations = declarations
        self._overlooked = overlooked
        self._as_tree = len(order) <= _SMALL
        self.stopped = False

    def run(self) -> list[Finding]:
        survey = self._survey
        told: dict[tuple[etree._Element, bool], Finding] = {}
        dropped: set[etree._Element] = set()
        values: dict[tuple[etree._Element, str | None, bool], Finding] = {}
        for _ in range(READINGS):
            again = False
            values = {}
            for objection in self._objections(dropped):
                if objection.type == CONTENT:
                    if (objection.element, objection.missing) not in told:
                        told[objection.element, objection.missing] = _structure_finding(objection)
                        if not objection.missing:
                            dropped.add(objection.element)
                            again = True
                    continue
                finding = _value_finding(objection)
                if finding.rule == "XSD-ATTRIBUTE" and finding.attribute and finding.detail != "missing":
                    finding = self._attribute_meant(finding)
                if finding.rule == "XSD-TYPE":
                    finding = self._typed(finding)
                # A value that breaks its own type often breaks the type below it too: once is enough.
                of_value = finding.rule not in _OF_STRUCTURE
                values.setdefault((finding.element, finding.attribute, of_value), finding)
                if len(values) + len(told) > LIMIT:
                    self.stopped = True
                    break
            if self.stopped or not again:
                break
        for finding in survey.values:
            values.setdefault((finding.element, finding.attribute, True), finding)
        found = [*survey.findings, *told.values(), *values.values()]
        return sorted(found, key=self._place)

    def _place(self, finding: Finding) -> tuple[int, bool, str]:
        """In the order of the document; attributes first, which may explain the rest."""
        return self._order[finding.element], finding.attribute is None, finding.rule

    def _typed(self, finding: Finding) -> Finding:
        """A value that is not of its type: with the type of XML Schema that it comes down to."""
        kind = None
        if finding.attribute is None:
            kind = self._declarations.of(finding.element, root=self._root)
        builtin = kind.builtin if kind is not None else self._declarations.builtin(finding.detail)
        return replace(finding, builtin=builtin)

    def _attribute_meant(self, finding: Finding) -> Finding:
        """An attribute that is not known: one of the type that it may be a slip for."""
        kind = self._declarations.of(finding.element, root=self._root)
        if kind is None:
            return finding
        present = set(map(str, finding.element.keys()))
        return wording.attribute_meant(finding, [name for name in kind.attributes if name not in present])

    # Reading

    def _objections(self, dropped: set[etree._Element]) -> Iterable[Objection]:
        """What libxml2 objects to in the message as repaired, without `dropped`."""
        if self._as_tree:
            found = self._of_tree(dropped)
            if found is not None:
                return found
            self._as_tree = False
        return self._of_pieces(frozenset(dropped))

    def _of_tree(self, dropped: set[etree._Element]) -> list[Objection] | None:
        """Quickly: only where libxml2 does not like the children they are held beside the declarations."""
        survey = self._survey
        found: list[Objection] | None = None
        for _ in range(READINGS):
            originals = self._as_repaired(dropped)
            copy = self._root if originals is None else next(iter(originals))
            found = objections.of_tree(copy, schema=self._schema)
            if found is None:
                return None
            if originals is not None:
                found = [objection for objection in found if objection.element in originals]
                for objection in found:
                    objection.element = originals[objection.element]
            mended = len(survey.mended)
            self._look_into(found)
            if not self._overlooked.right(copy):
                survey.walk(self._root)
            if survey.stopped or (survey.mended and _has_types(self._root)):
                return None  # a copy of a part loses the prefixes that only a value needs
            if len(survey.mended) == mended:
                break
        return found

    def _as_repaired(self, dropped: set[etree._Element]) -> dict[etree._Element, etree._Element] | None:
        """A repaired copy, its elements with those of the message; None when there is nothing to repair."""
        survey = self._survey
        if not survey.mended and not dropped and survey.root.name == self._root.tag:
            return None
        return reading.tree(survey.root, survey.mended, dropped)

    def _look_into(self, found: Iterable[Objection]) -> None:
        """Look at what libxml2 did not look at, or not to the end."""
        for objection in found:
            if objection.type == CONTENT:
                parent = objection.element if objection.missing else objection.element.getparent()
                if parent is not None:
                    self._survey.look_at(parent)
            elif objection.type.startswith(_UNSEEN):
                self._survey.walk(objection.element)

    def _of_pieces(self, dropped: frozenset[etree._Element]) -> Iterator[Objection]:
        for objection in objections.of_pieces(self._repaired(dropped), schema=self._schema):
            if objection.element in self._order:
                yield objection

    def _repaired(self, dropped: frozenset[etree._Element]) -> Iterator[reading.Tag]:
        for tag in reading.tags(self._survey.root, self._survey.look, dropped):
            if self._survey.stopped:
                self.stopped = True
                return
            yield tag


def _structure_finding(objection: Objection) -> Finding:
    rule = "XSD-MISSING" if objection.missing else "XSD-UNEXPECTED"
    return Finding(rule, objection.element, expected=objection.expected)


def _value_finding(objection: Objection) -> Finding:
    rule = _RULES.get(objection.type, "XSD-TYPE" if "DATATYPE" in objection.type else "XSD-INVALID")
    return Finding(
        rule, objection.element, attribute=objection.attribute, detail=objection.detail, kind=objection.type
    )


class _Places:
    """XPaths with the prefixes of `names.PREFIXES`, else the sender's; children are counted once."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._counted: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def path(self, element: etree._Element, attribute: str | None) -> str:
        steps = [f"/@{prefixed(attribute)}"] if attribute else []
        here: etree._Element | None = element
        while here is not None and here is not self._root:
            parent = here.getparent()
            steps.append("/" + (_named(here) if parent is None else self._step(here, parent)))
            here = parent
        steps.append("/" + _named(self._root))
        return "".join(reversed(steps))

    def _step(self, element: etree._Element, parent: etree._Element) -> str:
        tag = str(element.tag)
        numbers = self._counted.get((parent, tag))
        if numbers is None:
            numbers = {child: number for number, child in enumerate(parent.iterchildren(tag), start=1)}
            self._counted[parent, tag] = numbers
        return _named(element) + (f"[{numbers[element]}]" if len(numbers) > 1 else "")


def _named(element: etree._Element) -> str:
    tag = str(element.tag)
    namespace, local = split(tag)
    if namespace and namespace not in PREFIXES and element.prefix:
        return f"{element.prefix}:{local}"
    return prefixed(tag)
