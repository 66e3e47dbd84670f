"""Which rules a message breaks and where.

libxml2 gives the verdict, but of the children of one element it reports only the first that does not fit, its log
on a shared schema mixes the texts of threads, and validating a tree costs the square of the number of errors. So
the structure is looked at beside the declarations (survey.py), the message is repaired in thought, and the repaired
one is fed to a parser of our own that validates as it reads, in pieces in which no name occurs twice: what its log
says of a piece tells which element it is about, at linear cost and without any shared state. Where libxml2 still
does not like the structure, its word counts, and what it does not like is left out of the next reading.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import wording
from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.reading import OPEN, Tag, tags
from stuf_klantcontact.contract.survey import Survey
from stuf_klantcontact.contract.wording import Finding
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import PREFIXES, prefixed, split

LIMIT: Final = 100
"""At most so many violations are listed of one message."""
READINGS: Final = 8
"""At most so often the message is read again because libxml2 found what the declarations did not tell."""

_NAMED: Final = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: ")
_EXPECTED: Final = re.compile(r"Expected is (?:one of )?\( (.*) \)\.\s*$", re.DOTALL)
_QUOTED_END: Final = re.compile(r"'([^']*)'\.\s*$")

_CONTENT = "SCHEMAV_ELEMENT_CONTENT"
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
_OF_PARENT: Final = ("SCHEMAV_CVC_COMPLEX_TYPE_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_TYPE_3_1_2")
"""Errors about text, which libxml2 notices only at the tag that follows it."""

Positions = Sequence[tuple[int, int]]
"""Line and column of each element of a document, in its order (parsing.positions)."""


def explain(
    element: etree._Element,
    *,
    schema: etree.XMLSchema,
    roots: frozenset[str],
    declarations: Declarations,
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
    search = _Search(element, name=name, schema=schema, declarations=declarations, order=order)
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


@dataclass(frozen=True, slots=True)
class _Error:
    """One entry of the parser's log, attached to the element it is about."""

    type: str
    element: etree._Element
    attribute: str | None
    expected: tuple[str, ...]
    detail: str
    missing: bool


class _Search:
    def __init__(
        self,
        root: etree._Element,
        *,
        name: str,
        schema: etree.XMLSchema,
        declarations: Declarations,
        order: dict[etree._Element, int],
    ) -> None:
        self._root = root
        self._schema = schema
        self._order = order
        self._survey = Survey(root, name=name, declarations=declarations, limit=LIMIT)
        self._declarations = declarations
        self.stopped = False

    def run(self) -> list[Finding]:
        survey = self._survey
        told: dict[tuple[etree._Element, bool], Finding] = {}
        dropped: set[etree._Element] = set()
        values: dict[tuple[etree._Element, str | None, bool], Finding] = {}
        for _ in range(READINGS):
            again = False
            values = {}
            for error in self._read(dropped):
                if error.type == _CONTENT:
                    if (error.element, error.missing) not in told:
                        told[error.element, error.missing] = _structure_finding(error)
                        if not error.missing:
                            dropped.add(error.element)
                            again = True
                    continue
                finding = _value_finding(error)
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

    def _read(self, dropped: set[etree._Element]) -> Iterator[_Error]:
        """Feed the message as repaired; yield each error with its element as soon as libxml2 has it."""
        parser = etree.XMLParser(schema=self._schema, huge_tree=True, resolve_entities=False, no_network=True)
        try:
            yield from self._feed(parser, dropped)
        finally:
            # A push parser that is dropped half-way keeps its document for ever.
            with suppress(etree.XMLSyntaxError):
                parser.close()

    def _feed(self, parser: etree.XMLParser, dropped: set[etree._Element]) -> Iterator[_Error]:
        parser.feed(OPEN)
        seen = len(parser.feed_error_log)
        open_: list[tuple[str, etree._Element]] = []
        for piece in _pieces(tags(self._survey.root, self._survey.look, dropped)):
            if self._survey.stopped:
                self.stopped = True
                return
            parser.feed("".join(tag.markup for tag in piece))
            log = parser.feed_error_log
            if len(log) > seen:
                here = {tag.name: tag.element for tag in piece}
                for number in range(seen, len(log)):
                    error = _error_of(log[number], here, open_)
                    if error is not None and error.element in self._order:
                        yield error
                seen = len(log)
            for tag in piece:
                if tag.element is None:
                    continue
                if tag.start:
                    open_.append((tag.name, tag.element))
                else:
                    open_.pop()


def _pieces(stream: Iterator[Tag]) -> Iterator[list[Tag]]:
    """The tags in pieces, such that a name stands for one element in each."""
    piece: list[Tag] = []
    names: dict[str, etree._Element | None] = {}
    for tag in stream:
        if tag.name in names and (tag.element is None or names[tag.name] is not tag.element):
            yield piece
            piece, names = [], {}
        piece.append(tag)
        names[tag.name] = tag.element
    if piece:
        yield piece


def _error_of(
    entry: etree._LogEntry,
    here: dict[str, etree._Element | None],
    open_: list[tuple[str, etree._Element]],
) -> _Error | None:
    """The error with its element: the one of that name in this piece, else the innermost that is still open."""
    named = _NAMED.match(entry.message)
    name = named.group(1) if named else ""
    above = next((element for known, element in reversed(open_) if known == name), None)
    if name in here and not (entry.type_name in _OF_PARENT and above is not None and here[name] is None):
        element = here[name]
    else:
        element = above
    return None if element is None else _error(entry, element)


def _error(entry: etree._LogEntry, element: etree._Element) -> _Error:
    """Read what libxml2 says; only the parts that come from the schema, never the value of the sender."""
    message = entry.message
    named = _NAMED.match(message)
    attribute = named.group(2) if named else None
    detail = ""
    expected: tuple[str, ...] = ()
    missing = False
    if entry.type_name == _CONTENT:
        missing = "Missing child element(s)." in message[: 40 + len(named.group(0) if named else "")]
        match = _EXPECTED.search(message)
        expected = tuple(_clark(name) for name in match.group(1).split(", ")) if match else ()
        expected = tuple(name for name in expected if name)
    elif entry.type_name == "SCHEMAV_CVC_ENUMERATION_VALID":
        detail = message.rpartition("is not an element of the set {")[2].rstrip().removesuffix("}.")
    elif entry.type_name == "SCHEMAV_CVC_PATTERN_VALID":
        detail = message.rpartition("is not accepted by the pattern '")[2].rstrip().removesuffix("'.")
    elif entry.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        match = re.search(r"The attribute '([^']*)' is required but missing", message)
        attribute, detail = (match.group(1) if match else None), "missing"
    else:
        match = _QUOTED_END.search(message)
        detail = match.group(1) if match else ""
    return _Error(entry.type_name, element, attribute, expected, detail, missing)


def _clark(name: str) -> str:
    """libxml2 writes {uri}local, ##other{uri}* for a wildcard, and * for anything."""
    return "" if "*" in name or name.startswith("##") else name


def _structure_finding(error: _Error) -> Finding:
    rule = "XSD-MISSING" if error.missing else "XSD-UNEXPECTED"
    return Finding(rule, error.element, expected=error.expected)


def _value_finding(error: _Error) -> Finding:
    rule = _RULES.get(error.type, "XSD-TYPE" if "DATATYPE" in error.type else "XSD-INVALID")
    return Finding(rule, error.element, attribute=error.attribute, detail=error.detail, kind=error.type)


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
