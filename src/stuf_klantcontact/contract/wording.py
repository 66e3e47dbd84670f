"""Violations in words of our own, Dutch and English, and with values of persons masked.

libxml2's sentences are never shown: they are English, and they quote what the sender wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.masking import MASK, safe
from stuf_klantcontact.contract.masking import mask as mask
from stuf_klantcontact.contract.sentences import NAMES, Said, called, words
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import SOAP11, SOAP12, split

_LONGEST: Final = 200
"""A name of more characters is nobody's slip."""
_WITHOUT_VALUE: Final = frozenset({"XSD-MISSING", "XSD-UNEXPECTED", "XSD-ORDER", "XSD-NIL"})
"""Rules that are not about a single value."""


@dataclass(slots=True)
class Finding:
    """What was found, before it is put into words; see sentences.Said."""

    rule: str
    element: etree._Element
    attribute: str | None = None
    expected: tuple[str, ...] = ()
    detail: str = ""
    builtin: str = ""
    kind: str = ""
    meant: str | None = None
    before: bool = False
    repeated: bool = False
    choice: bool = False
    relation: bool = False


def violation(finding: Finding, *, path: str, place: tuple[int, int] | None = None) -> Violation:
    """The finding as a person reads it; `place` is its line and column, when they are known."""
    element, rule, attribute = finding.element, finding.rule, finding.attribute
    tag = str(element.tag)
    raw = (element.get(attribute) if attribute else element.text) or ""
    message, hint, expected = words(
        Said(
            rule,
            tag,
            attribute,
            finding.expected,
            finding.detail,
            finding.builtin,
            finding.kind,
            finding.meant,
            finding.before,
            finding.repeated,
            finding.choice,
            finding.relation,
            not raw or raw.isspace(),
            len(element) > 0,
        )
    )
    value: str | None = None
    if rule not in _WITHOUT_VALUE and finding.detail != "missing":
        value = MASK if raw and rule == "XSD-CONTENT" else raw
        if value and value != MASK:
            value = mask(value, local=split(attribute or tag)[1], within=element)
    return Violation(
        rule=rule,
        message=message,
        hint=hint,
        line=place[0] if place else _line(element),
        column=place[1] if place else None,
        path=path,
        element=called(tag),
        value=value,
        expected=expected,
    )


def attribute_meant(finding: Finding, names: Iterable[str]) -> None:
    """Say of an unknown attribute which one of `names` was evidently meant."""
    local = split(finding.attribute or "")[1].lower()
    locals_ = {split(name)[1].lower(): name for name in names}
    close = get_close_matches(local[:60], list(locals_), n=1, cutoff=0.75)
    if close:
        finding.meant = locals_[close[0]]


def unknown_root(
    element: etree._Element, *, roots: frozenset[str], place: tuple[int, int] | None = None
) -> Violation:
    """The Body holds something that is no message of ours."""
    namespace, local = split(str(element.tag))
    hint, expected = _envelope() if local == "Envelope" else _instead(local[:_LONGEST], roots)
    shown = safe(namespace, 100) or "-"
    return Violation(
        rule="XSD-UNKNOWN-ROOT",
        message=Text(
            f"{safe(local)} in namespace {shown} is geen bericht dat dit koppelvlak kent.",
            f"{safe(local)} in namespace {shown} is not a message of this interface.",
        ),
        hint=hint,
        line=place[0] if place else _line(element),
        column=place[1] if place else None,
        path="/" + called(str(element.tag)),
        element=called(str(element.tag)),
        expected=expected,
    )


def _envelope() -> tuple[Text, str]:
    """An envelope that is not SOAP's; whatever else is called so (GML has one) was not meant."""
    return (
        Text(
            f"Een SOAP-envelop staat in namespace {SOAP11} (SOAP 1.1) of {SOAP12} (SOAP 1.2).",
            f"A SOAP envelope is in namespace {SOAP11} (SOAP 1.1) or {SOAP12} (SOAP 1.2).",
        ),
        f"{SOAP11}, {SOAP12}",
    )


@lru_cache(maxsize=256)
def _instead(local: str, roots: frozenset[str]) -> tuple[Text, str | None]:
    by_local, lowered, messages = _known(roots)
    same = by_local.get(local, [])
    if same:
        wanted = split(same[0])[0]
        return (
            Text(
                f"{local} bestaat wel in namespace {wanted}; pas de namespace aan.",
                f"{local} does exist in namespace {wanted}; change the namespace.",
            ),
            called(same[0]),
        )
    close = get_close_matches(local.lower()[:60], list(lowered), n=3, cutoff=0.75)
    near = messages if len(messages) <= NAMES else [lowered[name] for name in close]
    known = ", ".join(dict.fromkeys(called(name) for name in near))
    if close and known:
        return Text(f"Bedoelt u {known}?", f"Do you mean {known}?"), known
    if known:
        return Text(f"Stuur een van: {known}.", f"Send one of: {known}."), known
    return (
        Text(
            "Stuur een bericht dat deze schema's kennen; `schemas list` noemt ze.",
            "Send a message that these schemas know; `schemas list` names them.",
        ),
        None,
    )


@lru_cache(maxsize=8)
def _known(roots: frozenset[str]) -> tuple[Mapping[str, list[str]], Mapping[str, str], list[str]]:
    """The roots of a set by local name, by lower case, and those that are messages as our own."""
    by_local: dict[str, list[str]] = {}
    for name in sorted(roots):
        by_local.setdefault(split(name)[1], []).append(name)
    lowered = {local.lower(): names[-1] for local, names in by_local.items()}
    messages = sorted(name for name in roots if split(name)[1].endswith(("_Di01", "_Di02", "Lk01")))
    return by_local, lowered, messages


def namesakes(tag: str, *, roots: frozenset[str]) -> list[str]:
    """The roots of that local name, in whatever namespace."""
    return _known(roots)[0].get(split(tag)[1], [])


def more(shown: int, element: etree._Element) -> Violation:
    """The last entry of a list that was cut off."""
    return Violation(
        rule="XSD-MORE",
        severity="warning",
        message=Text(
            f"Na deze {shown} is niet verder gezocht; er kunnen er meer zijn.",
            f"The search ended after these {shown}; there may be more.",
        ),
        hint=Text("Herstel deze en valideer opnieuw.", "Mend these and validate again."),
        path="/" + called(str(element.tag)),
        element=called(str(element.tag)),
    )


def unexplained(element: etree._Element) -> Violation:
    """libxml2 says no and the search finds nothing: say at least that."""
    name = called(str(element.tag))
    return Violation(
        rule="XSD-INVALID",
        message=Text(f"{name} voldoet niet aan het schema.", f"{name} does not satisfy the schema."),
        line=_line(element),
        path=f"/{name}",
        element=name,
    )


def _line(element: etree._Element) -> int | None:
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stub knows no type
    return line
