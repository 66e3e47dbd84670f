"""One message against the schema, then by the rules of StUF, RGBZ and the gateway; nothing is said twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from lxml import etree

from stuf_klantcontact.contract import Positions, Schemas, wording
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.limits import STANDARD, Limits
from stuf_klantcontact.names import KLC
from stuf_klantcontact.validation import (
    bericht,
    gateway,
    header,
    kennisgeving,
    official,
    quick,
    rgbz,
    vraag,
    waarden,
)
from stuf_klantcontact.validation.places import located

_SAYS_THE_SAME: Final = ("XSD-ENUM", "XSD-PATTERN", "XSD-TYPE", "XSD-LENGTH", "XSD-RANGE", "XSD-FIXED", "XSD-NIL")
"""Rules of the schema about a value: what a later layer says of the same place is the same again."""

GLANCE: Final = quick.Glance()
"""One for the process: our own schemas are the same in all of it."""


def check_message(
    element: etree._Element,
    *,
    against: Schemas,
    limits: Limits = STANDARD,
    now: datetime,
    positions: Callable[[], Positions | None] = lambda: None,
    glance: bool = False,
    as_it_was: bool = False,
) -> list[Violation]:
    """Every finding about one message; `positions` gives those of its whole document, if anybody has them.

    `as_it_was`: what is in a klcSa01 is a record of a dossier, which is not judged again.
    With `glance` one look may do: its parser has left out comments and processing instructions, and nobody looked.
    """
    if glance and against.own and GLANCE.in_order(element, now=now, limits=limits):
        return []
    valid, log = against.judge(element)
    # Held while anything looks: an element that nobody holds is made anew each time, its name as well.
    held = list(element.iter())
    found = [*_by_rules(element, valid=valid, limits=limits, now=now, as_it_was=as_it_was)]
    if valid:
        held.clear()
        return located(found, root=element, positions=positions)
    by_schema = against.violations(element, positions=positions(), log=log) or [wording.unexplained(element)]
    if element.tag not in against.roots:
        by_schema = official.explained(by_schema, tag=str(element.tag), against=against)
    if not found:
        return by_schema
    by_schema = _narrowed(by_schema, found)
    return [*by_schema, *located([*_not_said_before(found, by_schema)], root=element, positions=positions)]


def _narrowed(by_schema: list[Violation], found: list[Violation]) -> list[Violation]:
    """The schema's findings; of a verwerkingssoort with what fits the mutatiesoort, not with all that there are."""
    fitting = {v.path: v for v in found if v.rule == "StUF-VERWERKINGSSOORT" and v.expected}
    narrowed = []
    for violation in by_schema:
        place, slash, attribute = (violation.path or "").partition("/@")
        rule = fitting.get(place) if slash and attribute.rpartition(":")[2] == "verwerkingssoort" else None
        if rule is not None and rule.expected is not None and violation.rule in ("XSD-ATTRIBUTE", "XSD-ENUM"):
            hint, expected = rule.hint, rule.expected
            if violation.rule == "XSD-ATTRIBUTE":
                soorten = [f'"{soort}"' for soort in rule.expected.split(", ")]
                hint = Text(
                    f"Voeg attribuut {attribute} toe: {' of '.join(soorten)}.",
                    f"Add attribute {attribute}: {' or '.join(soorten)}.",
                )
                expected = f"{attribute}={' | '.join(soorten)}"
            violation = replace(violation, hint=hint, expected=expected)
        narrowed.append(violation)
    return narrowed


def check_header(element: etree._Element, *, said: list[Violation], now: datetime) -> list[Violation]:
    """What the rules find wrong with the stuurgegevens, besides what the schema said of them."""
    message = bericht.read(element)
    found = [] if message is None else [v for v in header.check(message, now=now) if v.severity == "error"]
    return [*_not_said_before(found, said)]


def _by_rules(
    element: etree._Element, *, valid: bool, limits: Limits, now: datetime, as_it_was: bool = False
) -> Iterator[Violation]:
    message = bericht.read(element)
    if message is not None:
        yield from header.check(message, now=now)
        sent = header.moment(message)
        # A message that was prepared ahead is judged as of its own moment.
        now = max(now, sent) if sent is not None else now
        if message.named.startswith("Lv"):
            yield from vraag.check(message)
        inner = bericht.read(element, within="actueel") if message.named[:2] == "Sa" and not as_it_was else None
        if inner is not None:
            yield from header.check(inner, now=now)
            yield from kennisgeving.check(inner)
            yield from rgbz.check(inner, now=now, limits=limits)
        if message.objects:
            yield from kennisgeving.check(message)
        if element.tag not in gateway.ROOTS:
            yield from waarden.check(message)
        if str(element.tag).startswith(f"{{{KLC}}}"):
            yield from rgbz.check(message, now=now, limits=limits)
    if element.tag in gateway.ROOTS:
        yield from gateway.check(element, valid=valid, now=now, limits=limits)


def _not_said_before(found: list[Violation], by_schema: list[Violation]) -> Iterator[Violation]:
    """What the schema did not say of the same place: a wrong value, or an element that is absent."""
    values = {v.path.partition("/@")[0] for v in by_schema if v.path and v.rule in _SAYS_THE_SAME}
    attributes = {v.path.partition("/@")[0] for v in by_schema if v.path and v.rule == "XSD-ATTRIBUTE"}
    absent = {name for v in by_schema if v.rule == "XSD-MISSING" for name in _names(v.expected)}
    unexpected = {v.path for v in by_schema if v.rule in ("XSD-UNEXPECTED", "XSD-ORDER")}
    for violation in found:
        if violation.path in values or violation.path in unexpected:
            continue
        if violation.rule in ("StUF-VERWERKINGSSOORT", "StUF-ENTITEITTYPE") and violation.path in attributes:
            continue
        if absent and not absent.isdisjoint(_names(violation.expected)):
            continue
        yield violation


def _names(expected: str | None) -> list[str]:
    """The local names in a list of elements that were expected."""
    return [name.rpartition(":")[2] for name in (expected or "").split(", ") if name]
