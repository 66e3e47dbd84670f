"""Where in a message a finding is: the line, and an XPath with the prefixes of names.PREFIXES.

Only worked out for what was found: a message without findings pays nothing. Nothing here raises.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from lxml import etree

from stuf_klantcontact.contract import Positions, wording
from stuf_klantcontact.contract.paths import Paths
from stuf_klantcontact.contract.sentences import called
from stuf_klantcontact.errors import Severity, Text, Violation
from stuf_klantcontact.names import split
from stuf_klantcontact.parsing.refusals import line_of


def finding(
    rule: str,
    element: etree._Element,
    *,
    root: etree._Element,
    message: Text,
    hint: Text | None = None,
    severity: Severity = "error",
    value: str | None = None,
    expected: str | None = None,
    attribute: str | None = None,
    said: str | None = None,
) -> Violation:
    """A violation at `element`, or at one of its attributes; `value` is masked where it may be of a person.

    `said`: the attribute that has the value, of a violation of the element as a whole.
    """
    local = split(attribute or said or str(element.tag))[1]
    return Violation(
        rule=rule,
        message=message,
        hint=hint,
        severity=severity,
        line=line_of(element),
        path=Paths(root).path(element, attribute),
        element=called(str(element.tag)),
        value=None if value is None else wording.mask(value, local=local, within=element),
        expected=expected,
    )


def placed(violation: Violation, *, root: etree._Element) -> Violation:
    """A violation that only names an element, ``gfo:Documenten/dga:Document[2]``, with its line and path.

    By local name, because a municipality's own schema has its own namespaces; of the message when it is absent.
    """
    if violation.path is not None or not violation.element:
        return violation
    last, _, position = violation.element.rpartition("/")[2].rpartition(":")[2].partition("[")
    index = int(position.rstrip("]")) - 1 if position else 0
    element = next(islice(root.iter("{*}" + last), index, None), root)
    return replace(violation, line=line_of(element), path=Paths(root).path(element))


def located(
    violations: list[Violation], *, root: etree._Element, positions: Callable[[], Positions | None]
) -> list[Violation]:
    """The same with line and column of where the start tag begins, when the positions of the document are known."""
    known = positions() if violations else None
    if known is None:
        return violations
    wanted = {(violation.path or "").partition("/@")[0] for violation in violations}
    locals_ = {_local(step) for step in wanted}
    begin = next(n for n, node in enumerate(root.getroottree().getroot().iter(etree.Element)) if node is root)
    paths = Paths(root)
    found: dict[str, tuple[int, int]] = {}
    for number, element in enumerate(root.iter(etree.Element), start=begin):
        if split(str(element.tag))[1] in locals_ and number < len(known):
            here = paths.path(element)
            if here in wanted:
                found[here] = known[number]
    places = [found.get((violation.path or "").partition("/@")[0]) for violation in violations]
    return [
        violation if place is None else replace(violation, line=place[0], column=place[1])
        for violation, place in zip(violations, places, strict=True)
    ]


def _local(path: str) -> str:
    """The local name in the last step of an XPath."""
    step = path.rpartition("/")[2]
    return step.rpartition(":")[2].partition("[")[0]
