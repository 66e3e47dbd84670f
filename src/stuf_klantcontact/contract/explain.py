"""Which rules a message breaks and where.

libxml2 gives the verdict, but of the children of one element it reports only the first that does not fit, its log
on a shared schema mixes the texts of threads, and validating a tree costs the square of the number of errors. So
the message is fed once more, tag by tag, to a parser of our own that validates as it reads: after each tag its log
tells whether that tag was wrong, at linear cost and without any shared state. What does not fit is then repaired in
thought (left out, or a missing element put in) and the message fed again, until nothing new turns up or the work
exceeds BUDGET.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import wording
from stuf_klantcontact.contract.models import Model, Models
from stuf_klantcontact.contract.reading import Repairs, tags
from stuf_klantcontact.contract.wording import Finding
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import SOAP11, prefixed, split

LIMIT: Final = 100
"""At most so many violations are listed of one message."""
BUDGET: Final = 60_000
"""At most so many tags are fed while looking; one reading of the message is always done."""

_OPEN: Final = f'<e:Envelope xmlns:e="{SOAP11}"><e:Body>'
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


def explain(
    element: etree._Element, *, schema: etree.XMLSchema, roots: frozenset[str], models: Models
) -> list[Violation]:
    """Every violation that can be found in `element`, in document order; at most LIMIT, and it says so."""
    if element.tag not in roots:
        return [wording.unknown_root(element, roots=roots)]
    search = _Search(element, schema=schema, models=models)
    findings = search.run()
    places = _Places(element)
    violations = [
        wording.violation(finding, path=places.path(finding.element, finding.attribute))
        for finding in findings[:LIMIT]
    ]
    if search.stopped or len(findings) > LIMIT:
        violations.append(wording.more(len(violations), element))
    return violations


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
    def __init__(self, root: etree._Element, *, schema: etree.XMLSchema, models: Models) -> None:
        self._root = root
        self._schema = schema
        self._models = models
        self._order = {element: number for number, element in enumerate(root.iter(etree.Element))}
        self._work = 0
        self._repairs = Repairs()
        self._structure: dict[tuple[etree._Element, str], Finding] = {}
        self._recalled: set[etree._Element] = set()
        self.stopped = False

    def run(self) -> list[Finding]:
        values: dict[tuple[etree._Element, str | None, bool], Finding] = {}
        while True:
            before = self._work
            values = {}
            repaired = False
            for error in self._read():
                if error.type != _CONTENT:
                    finding = _value_finding(error)
                    # A value that breaks its own type often breaks the type below it too: once is enough.
                    of_value = finding.rule not in _OF_STRUCTURE
                    values.setdefault((finding.element, finding.attribute, of_value), finding)
                elif error.missing:
                    self._mend_end(error)
                    repaired = True
                else:
                    self._mend_start(error)
                    repaired = True
                if len(values) + len(self._structure) > LIMIT:
                    self.stopped = True
                    break
            if self.stopped or not repaired:
                break
            if self._work + (self._work - before) > BUDGET:
                self.stopped = True
                break
        found = [*self._structure.values(), *values.values()]
        return sorted(found, key=lambda finding: (self._order[finding.element], finding.rule))

    # Reading

    def _read(self) -> Iterator[_Error]:
        """Feed the message as repaired; yield each error with its element as soon as libxml2 has it."""
        parser = etree.XMLParser(schema=self._schema, huge_tree=True, resolve_entities=False, no_network=True)
        parser.feed(_OPEN)
        seen = 0
        for markup, element, synthetic, start in tags(self._root, self._repairs.frozen()):
            self._work += 1
            parser.feed(markup)
            log = parser.feed_error_log
            if len(log) == seen:
                continue
            for number in range(seen, len(log)):
                entry = log[number]
                parent = element.getparent() if start else element
                if entry.type_name in _OF_PARENT and parent is not None and parent in self._order:
                    yield _error(entry, parent)
                elif not synthetic:
                    yield _error(entry, element)
            seen = len(log)

    # Repairing

    def _mend_start(self, error: _Error) -> None:
        """An element that is not expected: leave it out, or put in what is missing before it."""
        element, expected = error.element, error.expected
        put = self._repairs.before.setdefault(element, [])
        recalled = self._recall(element.getparent(), expected)
        if recalled is not None:
            put.append(recalled)
            return
        tag = str(element.tag)
        model = self._models.find((*expected, tag)) if expected else self._model_beside(element)
        if model is None:
            self._drop_unknown(element, expected)
            return
        following = {sibling.tag for sibling in element.itersiblings(etree.Element)}
        late = expected and model.position(tag) > model.position(expected[-1])
        if late and following.isdisjoint(expected) and len(put) < 8:
            missing = model.mandatory(expected) or expected
            if (element, "XSD-MISSING") in self._structure:
                missing = (*self._structure[element, "XSD-MISSING"].expected, *missing)
            choice = model.alternatives(missing)
            self._add(Finding("XSD-MISSING", element, expected=missing, before=True, choice=choice))
            put.append(expected[-1])
            return
        if put:
            # What was put in before it did not help: it is the element itself that is out of place.
            self._structure.pop((element, "XSD-MISSING"), None)
            put.clear()
        self._repairs.dropped.add(element)
        if next(element.itersiblings(tag, preceding=True), None) is not None:
            for namesake in self._namesakes(element):
                self._add(Finding("XSD-UNEXPECTED", namesake, expected=expected, repeated=True))
            return
        if next(element.itersiblings(tag), None) is not None:
            self._add(Finding("XSD-UNEXPECTED", element, expected=expected, repeated=True))
            return
        chosen = [
            str(sibling.tag)
            for sibling in element.itersiblings(etree.Element, preceding=True)
            if model.position(str(sibling.tag)) >= 0 and model.alternatives((tag, str(sibling.tag)))
        ]
        if chosen:
            self._add(Finding("XSD-UNEXPECTED", element, expected=(chosen[0], tag), choice=True))
        else:
            place, before = _place(element, model)
            self._add(Finding("XSD-ORDER", element, expected=expected, meant=place, before=before))

    def _model_beside(self, element: etree._Element) -> Model | None:
        """The type of the parent, judged by the nearest sibling that stands where it may."""
        for sibling in element.itersiblings(etree.Element, preceding=True):
            if sibling not in self._repairs.dropped:
                return self._models.find((str(sibling.tag), str(element.tag)))
        return None

    def _drop_unknown(self, element: etree._Element, expected: tuple[str, ...]) -> None:
        """No type has this element beside what is expected: nor can any of its namesakes stand here."""
        meant = _meant(element, expected)
        for namesake in self._namesakes(element):
            if meant is not None:
                self._repairs.before[namesake] = [meant]
            self._add(Finding("XSD-UNEXPECTED", namesake, expected=expected, meant=meant))

    def _namesakes(self, element: etree._Element) -> Iterator[etree._Element]:
        """The element and those of the same name after it, left out; no more of them than will be listed."""
        for number, namesake in enumerate((element, *element.itersiblings(str(element.tag)))):
            self._repairs.dropped.add(namesake)
            if number <= LIMIT:
                yield namesake

    def _mend_end(self, error: _Error) -> None:
        """An element that ends too early: put what is missing at its end."""
        element, expected = error.element, error.expected
        put = self._repairs.at_end.setdefault(element, [])
        recalled = self._recall(element, expected)
        if recalled is not None:
            put.append(recalled)
            return
        model = self._models.find(expected)
        missing = (model.mandatory(expected) if model else ()) or expected
        choice = model.alternatives(missing) if model else False
        earlier = self._structure.get((element, "XSD-MISSING"))
        if earlier is not None and not earlier.before:
            missing, choice = (*earlier.expected, *missing), False
        self._add(Finding("XSD-MISSING", element, expected=missing, choice=choice))
        put.append(expected[-1] if expected else "missing")

    def _recall(self, parent: etree._Element | None, expected: tuple[str, ...]) -> str | None:
        """The name of an expected element that was left out elsewhere: then it only stood in the wrong place."""
        if parent is None:
            return None
        for child in parent.iterchildren(*expected) if expected else ():
            if (child, "XSD-ORDER") in self._structure and child not in self._recalled:
                self._recalled.add(child)
                return str(child.tag)
        return None

    def _add(self, finding: Finding) -> None:
        self._structure[(finding.element, finding.rule)] = finding


def _place(element: etree._Element, model: Model) -> tuple[str | None, bool]:
    """Where an element belongs: before the first sibling that comes later in the type, else after the last one."""
    own = model.position(str(element.tag))
    siblings = [str(sibling.tag) for sibling in element.itersiblings(etree.Element, preceding=True)][::-1]
    siblings += [str(sibling.tag) for sibling in element.itersiblings(etree.Element)]
    known = [(model.position(tag), tag) for tag in siblings if model.position(tag) >= 0]
    later = next((tag for position, tag in known if position > own), None)
    if later is not None:
        return later, True
    return next((tag for position, tag in reversed(known) if position < own), None), False


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


def _value_finding(error: _Error) -> Finding:
    rule = _RULES.get(error.type, "XSD-TYPE" if "DATATYPE" in error.type else "XSD-INVALID")
    return Finding(rule, error.element, attribute=error.attribute, detail=error.detail, kind=error.type)


def _meant(element: etree._Element, expected: tuple[str, ...]) -> str | None:
    """The expected name that the sender evidently meant: other namespace, other case, or a slip of the pen."""
    local = split(str(element.tag))[1]
    locals_ = {split(name)[1].lower(): name for name in expected if name != element.tag}
    close = get_close_matches(local.lower()[:60], list(locals_), n=1, cutoff=0.8)
    return locals_[close[0]] if close else None


class _Places:
    """XPaths with the prefixes of `names.PREFIXES`; the children of a parent are counted once."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._counted: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def path(self, element: etree._Element, attribute: str | None) -> str:
        steps = [f"/@{prefixed(attribute)}"] if attribute else []
        here: etree._Element | None = element
        while here is not None and here is not self._root:
            parent = here.getparent()
            steps.append("/" + (prefixed(str(here.tag)) if parent is None else self._step(here, parent)))
            here = parent
        steps.append("/" + prefixed(str(self._root.tag)))
        return "".join(reversed(steps))

    def _step(self, element: etree._Element, parent: etree._Element) -> str:
        tag = str(element.tag)
        numbers = self._counted.get((parent, tag))
        if numbers is None:
            numbers = {child: number for number, child in enumerate(parent.iterchildren(tag), start=1)}
            self._counted[parent, tag] = numbers
        return prefixed(tag) + (f"[{numbers[element]}]" if len(numbers) > 1 else "")
