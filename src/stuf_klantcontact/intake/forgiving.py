"""Mend what a zender that is not `strikt` gets wrong without leaving any doubt of what it means.

What is forgiven is the table CURES, and nothing else: a message with one other violation is refused with all of
them. The mended message is held against the same schema again, so nothing invalid comes further than here; what was
mended is told as a warning. Pure: the message that came in stays as it was, and the journal keeps its bytes.

docs/error-codes.md, "What is forgiven".
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.intake import soort3
from stuf_klantcontact.names import PREFIXES, STUF0301, STUF0302, XSI, qname, split

ROUNDS: Final = 4
"""What is mended may bring another violation to light, but not often."""
LONGEST_NAME: Final = 80
"""A longer one is nobody's field, and costs much to compare with those that are known."""

_VALUE: Final = frozenset({"XSD-ENUM", "XSD-FIXED", "XSD-PATTERN", "XSD-TYPE", "XSD-LENGTH", "XSD-RANGE"})
_NIL: Final = qname(XSI, "nil")
_PREFIXES: Final = frozenset(PREFIXES.values())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a violation is: the element, the message it is in, and every name that the schemas know."""

    violation: Violation
    element: etree._Element
    root: etree._Element
    names: frozenset[str]

    @property
    def text(self) -> str:
        """The text of the element, as it stands."""
        return self.element.text or ""

    @property
    def simple(self) -> bool:
        """Whether the violation is about the text of the element, and not an attribute or its children."""
        return not len(self.element) and "/@" not in (self.violation.path or "")


@dataclass(frozen=True, slots=True)
class Cure:
    """One thing that is forgiven: of which rules, how it is mended (false: not this one), and what is told."""

    id: str
    rules: frozenset[str]
    mend: Callable[[Place], bool]
    told: Text


def mended(
    element: etree._Element, *, violations: Callable[[etree._Element], Sequence[Violation]], names: frozenset[str]
) -> tuple[etree._Element, tuple[Violation, ...]] | None:
    """A copy of a message in which nothing is wrong any more, and what was; None when that cannot be had.

    `violations` says what is wrong with a message, `names` are the local names that its schemas know.
    """
    copy = deepcopy(element)
    warnings: list[Violation] = []
    for _ in range(ROUNDS):
        found = [violation for violation in violations(copy) if violation.severity == "error"]
        if not found:
            return copy, tuple(warnings)
        places = [(violation, _find(copy, violation.path or "")) for violation in found]
        gone: list[etree._Element] = []
        for violation, place in places:
            if place is None:
                return None
            if any(place is other for other in gone):
                continue
            cure = _cured(Place(violation, place, copy, names))
            if cure is None:
                return None
            if place.getparent() is None:
                gone.append(place)
            warnings.append(replace(violation, rule=cure.id, message=cure.told, hint=None, severity="warning"))
    return None


def known_names(files: Mapping[str, bytes]) -> frozenset[str]:
    """Every local name of an element in these schemas, by their paths."""
    roots = [etree.fromstring(data) for path, data in files.items() if path.endswith(".xsd")]
    return frozenset(e.get("name", "") for root in roots for e in root.iter("{*}element"))


def _cured(place: Place) -> Cure | None:
    for cure in CURES:
        if place.violation.rule in cure.rules and cure.mend(place):
            return cure
    return None


def _find(root: etree._Element, path: str) -> etree._Element | None:
    """The element at the path of a violation, or the one whose attribute it names."""
    element = root
    for step in path.partition("/@")[0].split("/")[2:]:
        name, _, position = step.partition("[")
        prefix, _, local = name.rpartition(":")
        found = [
            child
            for child in element.iterchildren(etree.Element)
            if split(child.tag)[1] == local
            and (prefix not in _PREFIXES or PREFIXES.get(split(child.tag)[0]) == prefix)
        ]
        index = int(position.rstrip("]")) - 1 if position else 0
        if index >= len(found):
            return None
        element = found[index]
    return element


# --- the cures ----------------------------------------------------------------------------------------------------


def _nil(place: Place) -> bool:
    """xsi:nil that says nothing more: some serialisers write it for every field without a value."""
    element = place.element
    if not place.simple or place.text.strip() or set(element.keys()) != {_NIL}:
        return False
    return _remove(element)


def _empty(place: Place) -> bool:
    """An empty element; were it mandatory, that would come to light in the next round."""
    if not place.simple or place.text.strip() or len(place.element.attrib):
        return False
    return _remove(place.element)


def _remove(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is None:
        return False
    parent.remove(element)
    return True


def _moment(place: Place) -> bool:
    """A tijdstipBericht in the form of the other version of StUF."""
    namespace, local = split(place.element.tag)
    if local != "tijdstipBericht" or namespace not in (STUF0301, STUF0302):
        return False
    try:
        moment = tijdstip.parse(place.text)
    except ValueError:
        return False
    written = tijdstip.stuf0301(moment) if namespace == STUF0301 else tijdstip.stuf0302(moment)
    if place.text.strip() == written:
        return False
    place.element.text = written
    return True


def _space(place: Place) -> bool:
    text = place.text.strip()
    if not place.simple or not text or text == place.text:
        return False
    place.element.text = text
    return True


def _case(place: Place) -> bool:
    wanted = [e for e in (place.violation.expected or "").split(", ") if e.lower() == place.text.strip().lower()]
    if not place.simple or len(wanted) != 1 or wanted[0] == place.text:
        return False
    place.element.text = wanted[0]
    return True


def _header(place: Place) -> bool:
    """berichtcode or functie is absent from the stuurgegevens, and the name of the message says it."""
    local = (place.violation.expected or "").removeprefix("StUF:")
    element = place.element
    header = element if split(element.tag)[1] == "stuurgegevens" else element.getparent()
    if header is None or split(header.tag)[1] != "stuurgegevens" or local not in ("berichtcode", "functie"):
        return False
    kind, code = soort3.named(split(place.root.tag)[1])
    namespaces = {split(child.tag)[0] for child in header.iterchildren(etree.Element)}
    if len(namespaces) != 1:
        return False
    made = etree.Element(qname(namespaces.pop(), local))
    made.text = code if local == "berichtcode" else kind
    header.insert(0 if local == "berichtcode" else len(header), made)
    return True


def _extra(place: Place) -> bool:
    """An element at the end whose name nobody knows, and which is no slip for one that is known."""
    local = split(place.element.tag)[1]
    if not place.names or len(local) > LONGEST_NAME or local in place.names:
        return False
    if get_close_matches(local, place.names, n=1, cutoff=0.75):
        return False
    if any(split(after.tag)[1] in place.names for after in place.element.itersiblings(etree.Element)):
        return False
    return _remove(place.element)


CURES: Final = (
    Cure(
        "MILD-NIL",
        _VALUE | {"XSD-NIL", "StUF-NIL"},
        _nil,
        Text(
            "Een element met alleen xsi:nil is opgevat als weggelaten.",
            "An element with nothing but xsi:nil was taken for left out.",
        ),
    ),
    Cure(
        "MILD-EMPTY",
        _VALUE,
        _empty,
        Text("Een leeg element is opgevat als weggelaten.", "An empty element was taken for left out."),
    ),
    Cure(
        "MILD-SPACE",
        _VALUE,
        _space,
        Text("Witruimte om de waarde is weggelaten.", "White space around the value was left out."),
    ),
    Cure(
        "MILD-MOMENT",
        frozenset({"XSD-PATTERN", "XSD-TYPE"}),
        _moment,
        Text(
            "tijdstipBericht is gelezen in de vorm van de andere StUF-versie.",
            "tijdstipBericht was read in the form of the other version of StUF.",
        ),
    ),
    Cure(
        "MILD-CASE",
        frozenset({"XSD-ENUM", "XSD-FIXED"}),
        _case,
        Text(
            "Hoofdletters en kleine letters van de waarde zijn verbeterd.",
            "Upper and lower case of the value were put right.",
        ),
    ),
    Cure(
        "MILD-HEADER",
        frozenset({"XSD-MISSING"}),
        _header,
        Text(
            "berichtcode of functie is ingevuld uit de naam van het bericht.",
            "berichtcode or functie was filled in from the name of the message.",
        ),
    ),
    Cure(
        "MILD-EXTRA",
        frozenset({"XSD-UNEXPECTED"}),
        _extra,
        Text(
            "Een onbekend element aan het eind is niet overgenomen.",
            "An unknown element at the end was not taken over.",
        ),
    ),
)
"""What is forgiven, in the order in which it is tried."""
