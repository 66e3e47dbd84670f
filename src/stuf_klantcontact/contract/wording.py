"""Violations in words of our own, Dutch and English, and with values of persons masked.

libxml2's sentences are never shown: they are English, and they quote what the sender wrote.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.masking import MASK, of_person, safe
from stuf_klantcontact.contract.masking import mask as mask
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import prefixed, split

_NAMES: Final = 6
"""So many names fit in a sentence."""
_TYPES: Final[dict[str, Text]] = {
    "Tijdstip": Text(
        "een tijdstip als 2026-11-22T10:12:00+01:00, of in cijfers als 20261122101200000",
        "a moment such as 2026-11-22T10:12:00+01:00, or in digits such as 20261122101200000",
    ),
    "Datum": Text("een datum als 2026-11-22 of 20261122", "a date such as 2026-11-22 or 20261122"),
    "dateTime": Text("een tijdstip als 2026-11-22T10:12:00+01:00", "a moment such as 2026-11-22T10:12:00+01:00"),
    "date": Text("een datum als 2026-11-22", "a date such as 2026-11-22"),
    "gYearMonth": Text("een jaar en maand als 2026-11", "a year and month such as 2026-11"),
    "gYear": Text("een jaar als 2026", "a year such as 2026"),
    "base64Binary": Text("de bytes van het document in base64", "the bytes of the document in base64"),
    "Base64": Text("de bytes van het document in base64", "the bytes of the document in base64"),
    "decimal": Text("een getal, met een punt voor de decimalen", "a number, with a point before its decimals"),
    "double": Text("een getal, met een punt voor de decimalen", "a number, with a point before its decimals"),
    "nonNegativeInteger": Text("een geheel getal, 0 of meer", "a whole number, 0 or more"),
    "integer": Text("een geheel getal", "a whole number"),
    "positiveInteger": Text("een geheel getal groter dan 0", "a whole number above 0"),
    "boolean": Text("true of false", "true or false"),
    "anyURI": Text("een URI, bijvoorbeeld https://…", "a URI, for example https://…"),
}
_PATTERNS: Final[dict[str, Text]] = {
    "[0-9]{8,17}": Text(
        "EEJJMMDDhhmmssddd, bijvoorbeeld 20261122101200000", "EEJJMMDDhhmmssddd, for example 20261122101200000"
    ),
    "[^@]+@[^@]+": Text("een e-mailadres als naam@example.nl", "an e-mail address such as name@example.nl"),
    "[1-9][0-9]{3}[A-Z]{2}": Text("een postcode zonder spatie, 1234AB", "a postcode without a blank, 1234AB"),
}
_INTEGER: Final = re.compile(r"(?:scalar-i|I)nteger_?([0-9]+)")
_DIGITS: Final = re.compile(r"\(?\[0-9\]\{(\d+)\}\)?\??")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, before it is put into words."""

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


def violation(finding: Finding, *, path: str, place: tuple[int, int] | None = None) -> Violation:
    """The finding as a person reads it; `place` is its line and column, when they are known."""
    message, hint, expected = _words(finding)
    return Violation(
        rule=finding.rule,
        message=message,
        hint=hint,
        line=place[0] if place else _line(finding.element),
        column=place[1] if place else None,
        path=path,
        element=_called(str(finding.element.tag)),
        value=_value(finding),
        expected=expected,
    )


def attribute_meant(finding: Finding, names: Iterable[str]) -> Finding:
    """The finding of an unknown attribute, with the one of `names` that was evidently meant."""
    local = split(finding.attribute or "")[1].lower()
    locals_ = {split(name)[1].lower(): name for name in names}
    close = get_close_matches(local[:60], list(locals_), n=1, cutoff=0.75)
    return replace(finding, meant=locals_[close[0]]) if close else finding


def unknown_root(
    element: etree._Element, *, roots: frozenset[str], place: tuple[int, int] | None = None
) -> Violation:
    """The Body holds something that is no message of ours."""
    namespace, local = split(str(element.tag))
    same = sorted(name for name in roots if split(name)[1] == local)
    messages = [name for name in roots if split(name)[1].endswith(("_Di01", "_Di02", "Lk01"))]
    locals_ = {split(name)[1].lower(): name for name in sorted(roots)}
    close = get_close_matches(local.lower()[:60], list(locals_), n=3, cutoff=0.75)
    near = sorted(messages) if len(messages) <= _NAMES else [locals_[name] for name in close]
    known = ", ".join(dict.fromkeys(_called(name) for name in near))
    hint = Text(f"Stuur een van: {known}.", f"Send one of: {known}.")
    if not known:
        hint = Text(
            "Stuur een bericht dat deze schema's kennen; `schemas list` noemt ze.",
            "Send a message that these schemas know; `schemas list` names them.",
        )
    elif close and not same:
        hint = Text(f"Bedoelt u {known}?", f"Do you mean {known}?")
    if same:
        wanted = split(same[0])[0]
        hint = Text(
            f"{local} bestaat wel in namespace {wanted}; pas de namespace aan.",
            f"{local} does exist in namespace {wanted}; change the namespace.",
        )
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
        path="/" + _called(str(element.tag)),
        element=_called(str(element.tag)),
        expected=_called(same[0]) if same else known or None,
    )


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
        path="/" + _called(str(element.tag)),
        element=_called(str(element.tag)),
    )


def unexplained(element: etree._Element) -> Violation:
    """libxml2 says no and the search finds nothing: say at least that."""
    name = _called(str(element.tag))
    return Violation(
        rule="XSD-INVALID",
        message=Text(f"{name} voldoet niet aan het schema.", f"{name} does not satisfy the schema."),
        line=_line(element),
        path=f"/{name}",
        element=name,
    )


def _words(finding: Finding) -> tuple[Text, Text | None, str | None]:
    name = _called(str(finding.element.tag))
    match finding.rule:
        case "XSD-UNEXPECTED" | "XSD-ORDER" | "XSD-MISSING":
            return _structure(finding, name)
        case "XSD-ATTRIBUTE":
            return _attribute(finding, name)
        case "XSD-CONTENT":
            if finding.kind in ("SCHEMAV_CVC_COMPLEX_TYPE_2_2", "SCHEMAV_CVC_TYPE_3_1_2"):
                return (
                    Text(
                        f"{name} mag alleen tekst bevatten, geen elementen.",
                        f"{name} may hold text only, no elements.",
                    ),
                    Text("Haal de elementen weg.", "Take the elements out."),
                    None,
                )
            return (
                Text(
                    f"In {name} staat tekst waar die niet mag staan.",
                    f"{name} holds text where none is allowed.",
                ),
                Text(
                    "Haal de tekst weg of zet die in het juiste element.",
                    "Take the text out, or put it into the right element.",
                ),
                None,
            )
        case "XSD-NIL":
            return (
                Text(f"{name} mag niet met xsi:nil leeg zijn.", f"{name} may not be empty by xsi:nil."),
                Text("Laat xsi:nil weg en geef een waarde.", "Leave xsi:nil out and give a value."),
                None,
            )
    subject = f"{name}/@{_called(finding.attribute)}" if finding.attribute else name
    empty = not _raw(finding).strip()
    return _facet(finding, subject, empty=empty)


def _facet(finding: Finding, subject: str, *, empty: bool) -> tuple[Text, Text | None, str | None]:
    number = finding.detail
    wrong = (
        Text(f"{subject} is leeg.", f"{subject} is empty.")
        if empty
        else Text(f"De waarde van {subject} klopt niet.", f"The value of {subject} is not right.")
    )
    match finding.rule:
        case "XSD-ENUM":
            values = ", ".join(value.strip("'") or '""' for value in number.split(", '"))
            return (
                Text(
                    f"{subject} heeft een waarde die niet in de lijst staat.",
                    f"{subject} has a value that is not on the list.",
                ),
                Text(f"Stuur precies een van: {values}.", f"Send exactly one of: {values}."),
                values,
            )
        case "XSD-LENGTH" if finding.kind == "SCHEMAV_CVC_MINLENGTH_VALID":
            return (
                wrong if empty else Text(f"{subject} is te kort.", f"{subject} is too short."),
                Text(f"Geef ten minste {number} teken(s).", f"Give at least {number} character(s)."),
                f"minLength {number}",
            )
        case "XSD-LENGTH" if finding.kind == "SCHEMAV_CVC_LENGTH_VALID":
            return (
                Text(f"{subject} heeft niet de juiste lengte.", f"{subject} has not the right length."),
                Text(f"Geef precies {number} tekens.", f"Give exactly {number} characters."),
                f"length {number}",
            )
        case "XSD-LENGTH":
            return (
                Text(f"{subject} is te lang.", f"{subject} is too long."),
                Text(f"Geef ten hoogste {number} tekens.", f"Give at most {number} characters."),
                f"maxLength {number}",
            )
        case "XSD-PATTERN":
            form = _pattern(number)
            return (
                wrong
                if empty
                else Text(f"{subject} heeft niet de juiste vorm.", f"{subject} has not the right form."),
                Text(f"Stuur {form.nl}.", f"Send {form.en}."),
                number,
            )
        case "XSD-TYPE":
            form = _type(split(number)[1].removeprefix("xs:"), finding.builtin)
            return wrong, Text(f"Stuur {form.nl}.", f"Send {form.en}."), form.en
        case "XSD-RANGE":
            return (
                Text(f"{subject} is een getal buiten de grenzen.", f"{subject} is a number out of bounds."),
                Text(f"De grens is {number}.", f"The bound is {number}."),
                f"{finding.kind.removeprefix('SCHEMAV_CVC_').removesuffix('_VALID').lower()} {number}",
            )
        case "XSD-FIXED":
            return wrong, Text(f"Stuur {number}.", f"Send {number}."), number
    return wrong, None, None


def _structure(finding: Finding, name: str) -> tuple[Text, Text | None, str | None]:
    called = list(dict.fromkeys(_called(tag) for tag in finding.expected))
    names = ", ".join(called if len(called) <= _NAMES else [*called[:_NAMES], "…"])
    if finding.rule == "XSD-MISSING":
        if finding.before:
            message = Text(f"Vóór {name} ontbreekt: {names}.", f"Missing before {name}: {names}.")
        else:
            message = Text(f"In {name} ontbreekt: {names}.", f"Missing in {name}: {names}.")
        several = len(set(finding.expected)) > 1
        if finding.choice and several:
            return message, Text(f"Voeg een van {names} toe.", f"Add one of {names}."), names
        hint = (
            Text(
                f"Voeg toe: {names}, in deze volgorde.",
                f"Add {names}, in this order.",
            )
            if several
            else Text(f"Voeg {names} toe.", f"Add {names}.")
        )
        return message, hint, names or None
    if finding.rule == "XSD-ORDER":
        place = _called(finding.meant) if finding.meant else ""
        where = (
            Text(f"vóór {place}", f"before {place}") if finding.before else Text(f"na {place}", f"after {place}")
        )
        return (
            Text(f"{name} staat niet op zijn plaats.", f"{name} is not in its place."),
            Text(f"Zet {name} {where.nl}.", f"Put {name} {where.en}.") if place else None,
            names or None,
        )
    if finding.meant is not None:
        wanted = _called(finding.meant)
        namespace, local = split(finding.meant)
        if local == split(str(finding.element.tag))[1]:
            return (
                Text(f"{name} staat in de verkeerde namespace.", f"{name} is in the wrong namespace."),
                Text(
                    f"Zet {local}, met wat erin staat, in namespace {namespace}.",
                    f"Put {local}, with what is in it, into namespace {namespace}.",
                )
                if len(finding.element)
                else Text(f"Zet {local} in namespace {namespace}.", f"Put {local} into namespace {namespace}."),
                wanted,
            )
        return (
            Text(f"{name} wordt hier niet verwacht.", f"{name} is not expected here."),
            Text(f"Bedoelt u {wanted}?", f"Do you mean {wanted}?"),
            names,
        )
    if finding.choice:
        return (
            Text(f"Van {names} mag er maar een staan.", f"Only one of {names} may be there."),
            Text(f"Laat {name} weg, of het andere.", f"Leave {name} out, or the other."),
            names,
        )
    if finding.repeated:
        return (
            Text(f"{name} komt hier te vaak voor.", f"{name} occurs too often here."),
            Text(f"Laat {name} eenmaal staan.", f"Keep {name} once."),
            names or None,
        )
    if names:
        hint = Text(f"Laat {name} weg; verwacht wordt {names}.", f"Leave {name} out; expected is {names}.")
    else:
        hint = Text(f"Laat {name} weg; hier hoort niets meer.", f"Leave {name} out; nothing more belongs here.")
    return Text(f"{name} wordt hier niet verwacht.", f"{name} is not expected here."), hint, names or None


def _attribute(finding: Finding, name: str) -> tuple[Text, Text | None, str | None]:
    attribute = _called(finding.attribute or "")
    if finding.detail == "missing":
        return (
            Text(f"Bij {name} ontbreekt attribuut {attribute}.", f"{name} lacks attribute {attribute}."),
            Text(f"Voeg attribuut {attribute} toe.", f"Add attribute {attribute}."),
            attribute,
        )
    if finding.kind.startswith("SCHEMAV_CVC_ELT_4"):
        return (
            Text(
                f"{attribute} bij {name} noemt geen type dat past.",
                f"{attribute} of {name} names no type that fits.",
            ),
            Text(f"Laat attribuut {attribute} weg.", f"Leave attribute {attribute} out."),
            None,
        )
    if finding.meant is not None:
        wanted = _called(finding.meant)
        namespace, local = split(finding.meant)
        hint = Text(f"Bedoelt u {wanted}?", f"Do you mean {wanted}?")
        if local == split(finding.attribute or "")[1]:
            hint = (
                Text(f"Zet {local} in namespace {namespace}.", f"Put {local} into namespace {namespace}.")
                if namespace
                else Text(f"Schrijf {local} zonder prefix.", f"Write {local} without a prefix.")
            )
        return (
            Text(f"{name} kent geen attribuut {attribute}.", f"{name} has no attribute {attribute}."),
            hint,
            wanted,
        )
    return (
        Text(f"{name} kent geen attribuut {attribute}.", f"{name} has no attribute {attribute}."),
        Text(
            f"Laat attribuut {attribute} weg, of schrijf het met de juiste namespace.",
            f"Leave attribute {attribute} out, or write it with the right namespace.",
        ),
        None,
    )


def _type(kind: str, builtin: str) -> Text:
    digits = _INTEGER.match(kind)
    if kind not in _TYPES and not digits and builtin in _TYPES:
        kind = builtin
    if digits:
        return Text(
            f"een geheel getal van ten hoogste {digits.group(1)} cijfers",
            f"a whole number of at most {digits.group(1)} digits",
        )
    return _TYPES.get(kind, Text(f"een geldige waarde ({kind})", f"a valid value ({kind})"))


def _pattern(pattern: str) -> Text:
    digits = _DIGITS.fullmatch(pattern)
    if digits:
        return Text(f"precies {digits.group(1)} cijfers", f"exactly {digits.group(1)} digits")
    if "T([01]" in pattern:
        return _TYPES["dateTime"]
    return _PATTERNS.get(pattern, Text(f"een waarde volgens {pattern}", f"a value that matches {pattern}"))


def _raw(finding: Finding) -> str:
    if finding.attribute:
        return str(finding.element.get(finding.attribute) or "")
    return finding.element.text or ""


def _value(finding: Finding) -> str | None:
    """The offending value, when it is a single one; masked unless it is a code, a moment or a type."""
    if finding.rule in ("XSD-MISSING", "XSD-UNEXPECTED", "XSD-ORDER", "XSD-NIL") or finding.detail == "missing":
        return None
    raw = _raw(finding)
    if not raw:
        return ""
    if finding.rule == "XSD-CONTENT":
        return MASK
    local = split(finding.attribute or str(finding.element.tag))[1]
    return mask(raw, local=local, person=of_person(finding.element))


def _line(element: etree._Element) -> int | None:
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stub knows no type
    return line


def _called(tag: str) -> str:
    """An element's name for people, shortened: a sender may make it as long as he likes."""
    return safe(prefixed(tag), 80)
