"""Which rules a message breaks and where.

libxml2 gives the verdict, but of the children of one element it reports only the first that does not fit. So those
children are held beside the declarations (survey.py), the message is repaired in thought (reading.py), and libxml2
is asked again (objections.py). Where it still does not like the structure, its word counts, and what it does not
like is left out of the next reading.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import objections, reading, wording
from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.objections import CONTENT, Log, Objection
from stuf_klantcontact.contract.overlooked import Overlooked
from stuf_klantcontact.contract.paths import Paths
from stuf_klantcontact.contract.survey import Survey
from stuf_klantcontact.contract.wording import Finding
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import XSI, split

LIMIT: Final = 100
"""At most so many violations are listed of one message."""
READINGS: Final = 8
"""At most so often the message is read again because libxml2 found what the declarations did not tell."""

_SMALL: Final = 2_000
"""A message of more elements is read in pieces: as a tree its errors may take the square of their number."""
_ENTITIES: Final = ("object", "gerelateerde")
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
    log: Log | None = None,
) -> list[Violation]:
    """Every violation that can be found in `element`, in document order; at most LIMIT, and it says so.

    `positions` are those of the whole document that `element` is in; without them only lines are told. `log` is
    what libxml2 said of `element`, when it was asked just now.
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
        same = wording.namesakes(name, roots=roots)
        if len(same) != 1:
            return violations
        name = same[0]  # in the wrong namespace: then look on as if it were in the right one
    search = _Search(
        element, name=name, schema=schema, declarations=declarations, overlooked=overlooked, order=order, log=log
    )
    findings = search.run()
    paths = Paths(element)
    violations += [
        wording.violation(
            finding, path=paths.path(finding.element, finding.attribute), place=place(finding.element)
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
        log: Log | None,
    ) -> None:
        self._root = root
        self._log = log
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
                finding = self._value_finding(objection)
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

    def _value_finding(self, objection: Objection) -> Finding:
        rule = _RULES.get(objection.type, "XSD-TYPE" if "DATATYPE" in objection.type else "XSD-INVALID")
        element, attribute, detail = objection.element, objection.attribute, objection.detail
        finding = Finding(rule, element, attribute, detail=detail, kind=objection.type)
        if rule == "XSD-TYPE":
            # With the type of XML Schema that it comes down to.
            kind = self._declarations.of(element, root=self._root) if attribute is None else None
            finding.builtin = kind.builtin if kind is not None else self._declarations.builtin(detail)
        elif rule == "XSD-NIL":
            finding.relation = _is_relation(element)
        elif rule == "XSD-ATTRIBUTE" and attribute:
            self._attribute(finding, attribute)
        return finding

    def _attribute(self, finding: Finding, attribute: str) -> None:
        """What may be in an attribute that is absent, or which was meant by one that is not known."""
        element = finding.element
        kind = self._declarations.of(element, root=self._root)
        declared = kind.attributes if kind is not None else {}
        if finding.detail == "missing":
            if attribute in declared:
                finding.expected = declared[attribute].values
            return
        wording.attribute_meant(finding, declared.keys() - map(str, element.keys()))
        finding.relation = finding.meant is None and attribute == "noValue" and _is_relation(element)

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
        for _ in range(READINGS):
            originals = self._as_repaired(dropped)
            copy = self._root if originals is None else next(iter(originals))
            log, self._log = self._log, None
            if log is None or originals is not None:
                log = objections.log_of(copy, schema=self._schema)
            if log is None:
                return None
            mended = len(survey.mended)
            self._look_into(_in_message(log.unseen(), originals))
            if not self._overlooked.right(copy):
                survey.walk(self._root)
            if len(survey.mended) == mended:
                return _in_message(log.all(), originals)
            if survey.stopped or (self._root.getparent() is not None and _has_types(self._root)):
                return None  # a copy of a part loses the prefixes that only a value needs
        return None

    def _as_repaired(self, dropped: set[etree._Element]) -> dict[etree._Element, etree._Element] | None:
        """A repaired copy, its elements with those of the message; None when there is nothing to repair."""
        survey = self._survey
        if not survey.mended and not dropped and survey.root.name == self._root.tag:
            return None
        return reading.tree(survey.root, survey.mended, dropped, order=self._order)

    def _look_into(self, found: Iterable[Objection]) -> None:
        """Look at what libxml2 did not look at, or not to the end."""
        for objection in found:
            if objection.type != CONTENT:
                self._survey.walk(objection.element)
                continue
            parent = objection.element if objection.missing else objection.element.getparent()
            if parent is not None:
                self._survey.look_at(parent)

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


def _in_message(
    found: list[Objection], originals: Mapping[etree._Element, etree._Element] | None
) -> list[Objection]:
    """The objections to what the sender wrote, in the message itself."""
    if originals is None:
        return found
    found = [objection for objection in found if objection.element in originals]
    for objection in found:
        objection.element = originals[objection.element]
    return found


def _is_relation(element: etree._Element) -> bool:
    """Whether it is written as a relation of StUF 03.02."""
    return "verwerkingssoort" in element.keys() and split(str(element.tag))[1] not in _ENTITIES  # noqa: SIM118
