"""What is said of a finding, Dutch and English: what is wrong, what to do, and what was expected.

That depends on the schema and on names, never on a value; so the same mistake in the next message is put into words
no more than once. What was expected is in no language: names, facets, values.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from stuf_klantcontact.contract.masking import safe
from stuf_klantcontact.errors import Text
from stuf_klantcontact.names import prefixed, split

NAMES: Final = 6
"""So many names fit in a sentence."""
_VALUES: Final = 20
"""So many values of an attribute are listed."""
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
_FORMS: Final = {
    "Tijdstip": "2026-11-22T10:12:00+01:00 | 20261122101200000",
    "Datum": "2026-11-22 | 20261122",
    "Base64": "xs:base64Binary",
}
"""Types that come down to no single one of XML Schema, by example."""
_PATTERNS: Final[dict[str, Text]] = {
    "[0-9]{8,17}": Text(
        "EEJJMMDDhhmmssddd, bijvoorbeeld 20261122101200000", "EEJJMMDDhhmmssddd, for example 20261122101200000"
    ),
    "[^@]+@[^@]+": Text("een e-mailadres als naam@example.nl", "an e-mail address such as name@example.nl"),
    "[1-9][0-9]{3}[A-Z]{2}": Text("een postcode zonder spatie, 1234AB", "a postcode without a blank, 1234AB"),
}
_BOUNDS: Final = {
    f"SCHEMAV_CVC_{facet.upper()}_VALID": facet
    for facet in (
        *("minInclusive", "maxInclusive", "minExclusive", "maxExclusive", "totalDigits", "fractionDigits"),
    )
}
_INTEGER: Final = re.compile(r"(?:scalar-i|I)nteger_?([0-9]+)")
_DIGITS: Final = re.compile(r"\(?\[0-9\]\{(\d+)\}\)?\??")


_OF_RELATION: Final = Text(
    "Laat het weg: in StUF 03.02 is zo'n relatie een leeg element met entiteittype en verwerkingssoort.",
    "Leave it out: in StUF 03.02 such a relation is an empty element with entiteittype and verwerkingssoort.",
)
_LONGEST: Final = 200
"""Words with a longer name in them are not kept: a sender may make a name as long as he likes."""

Words = tuple[Text, Text | None, str | None]
"""(message, hint, expected)."""


class Said(NamedTuple):
    """What a finding says, but for where it is: everything that its words depend on."""

    rule: str
    tag: str
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
    """A relation of StUF 03.02, which may be empty and needs no reason for it."""
    empty: bool = False
    """No text in it."""
    filled: bool = False
    """Elements in it."""


def words(said: Said) -> Words:
    """What to say."""
    if len(said.tag) > _LONGEST or (said.attribute is not None and len(said.attribute) > _LONGEST):
        return _words(said)
    return _kept(said)


@lru_cache(maxsize=2048)
def _kept(said: Said) -> Words:
    return _words(said)


@lru_cache(maxsize=2048)
def _short(tag: str) -> str:
    return safe(prefixed(tag), 80)


def called(tag: str) -> str:
    """An element's or attribute's name for people, shortened."""
    return _short(tag) if len(tag) <= _LONGEST else safe(prefixed(tag), 80)


def _words(said: Said) -> Words:
    name = called(said.tag)
    match said.rule:
        case "XSD-UNEXPECTED" | "XSD-ORDER" | "XSD-MISSING":
            return _structure(said, name)
        case "XSD-ATTRIBUTE":
            return _attribute(said, name)
        case "XSD-CONTENT":
            if said.kind in ("SCHEMAV_CVC_COMPLEX_TYPE_2_2", "SCHEMAV_CVC_TYPE_3_1_2"):
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
                _OF_RELATION
                if said.relation
                else Text(
                    "Laat xsi:nil weg, en geef een waarde of, waar dat mag, een leeg element.",
                    "Leave xsi:nil out, and give a value or, where that is allowed, an empty element.",
                ),
                None,
            )
    subject = f"{name}/@{called(said.attribute)}" if said.attribute else name
    return _facet(said, subject, empty=said.empty)


def _facet(said: Said, subject: str, *, empty: bool) -> Words:
    number = said.detail
    wrong = (
        Text(f"{subject} is leeg.", f"{subject} is empty.")
        if empty
        else Text(f"De waarde van {subject} klopt niet.", f"The value of {subject} is not right.")
    )
    match said.rule:
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
        case "XSD-LENGTH" if said.kind == "SCHEMAV_CVC_MINLENGTH_VALID":
            return (
                wrong if empty else Text(f"{subject} is te kort.", f"{subject} is too short."),
                Text(f"Geef ten minste {number} teken(s).", f"Give at least {number} character(s)."),
                f"minLength {number}",
            )
        case "XSD-LENGTH" if said.kind == "SCHEMAV_CVC_LENGTH_VALID":
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
            form, expected = _type(split(number)[1].removeprefix("xs:"), said.builtin)
            return wrong, Text(f"Stuur {form.nl}.", f"Send {form.en}."), expected
        case "XSD-RANGE":
            facet = _BOUNDS.get(said.kind, "")
            bound = Text(f"De grens is {number}.", f"The bound is {number}.")
            if facet.endswith("Digits"):
                bound = Text(f"Geef ten hoogste {number} cijfers.", f"Give at most {number} digits.")
                if facet.startswith("fraction"):
                    bound = Text(f"Geef ten hoogste {number} decimalen.", f"Give at most {number} decimals.")
            return (
                Text(f"{subject} is een getal buiten de grenzen.", f"{subject} is a number out of bounds."),
                bound,
                f"{facet} {number}".strip(),
            )
        case "XSD-FIXED":
            return wrong, Text(f"Stuur {number}.", f"Send {number}."), number
    return wrong, None, None


def _structure(said: Said, name: str) -> Words:
    listed = list(dict.fromkeys(called(tag) for tag in said.expected))
    names = ", ".join(listed if len(listed) <= NAMES else [*listed[:NAMES], "…"])
    if said.rule == "XSD-MISSING":
        if said.before:
            message = Text(f"Vóór {name} ontbreekt: {names}.", f"Missing before {name}: {names}.")
        else:
            message = Text(f"In {name} ontbreekt: {names}.", f"Missing in {name}: {names}.")
        several = len(set(said.expected)) > 1
        if said.choice and several:
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
    if said.rule == "XSD-ORDER":
        place = called(said.meant) if said.meant else ""
        where = Text(f"vóór {place}", f"before {place}") if said.before else Text(f"na {place}", f"after {place}")
        return (
            Text(f"{name} staat niet op zijn plaats.", f"{name} is not in its place."),
            Text(f"Zet {name} {where.nl}.", f"Put {name} {where.en}.") if place else None,
            names or None,
        )
    if said.meant is not None:
        wanted = called(said.meant)
        namespace, local = split(said.meant)
        if local == split(said.tag)[1]:
            return (
                Text(f"{name} staat in de verkeerde namespace.", f"{name} is in the wrong namespace."),
                Text(
                    f"Zet {local}, met wat erin staat, in namespace {namespace}.",
                    f"Put {local}, with what is in it, into namespace {namespace}.",
                )
                if said.filled
                else Text(f"Zet {local} in namespace {namespace}.", f"Put {local} into namespace {namespace}."),
                wanted,
            )
        return (
            Text(f"{name} wordt hier niet verwacht.", f"{name} is not expected here."),
            Text(f"Bedoelt u {wanted}?", f"Do you mean {wanted}?"),
            names,
        )
    if said.choice:
        return (
            Text(f"Van {names} mag er maar een staan.", f"Only one of {names} may be there."),
            Text(f"Laat {name} weg, of het andere.", f"Leave {name} out, or the other."),
            names,
        )
    if said.repeated:
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


def _attribute(said: Said, name: str) -> Words:
    attribute = called(said.attribute or "")
    if said.detail == "missing":
        values = " | ".join(f'"{value}"' for value in said.expected[:_VALUES])
        written = f"{attribute}={values}" if values else attribute
        return (
            Text(f"Bij {name} ontbreekt attribuut {attribute}.", f"{name} lacks attribute {attribute}."),
            Text(f"Voeg attribuut {attribute} toe, met een van: {values}.", f"Add attribute {attribute}: {values}.")
            if len(said.expected) > 1
            else Text(f"Voeg attribuut {written} toe.", f"Add attribute {written}."),
            written,
        )
    if said.kind.startswith("SCHEMAV_CVC_ELT_4"):
        return (
            Text(
                f"{attribute} bij {name} noemt geen type dat past.",
                f"{attribute} of {name} names no type that fits.",
            ),
            Text(f"Laat attribuut {attribute} weg.", f"Leave attribute {attribute} out."),
            None,
        )
    if said.meant is not None:
        wanted = called(said.meant)
        namespace, local = split(said.meant)
        hint = Text(f"Bedoelt u {wanted}?", f"Do you mean {wanted}?")
        if local == split(said.attribute or "")[1]:
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
    if said.relation:
        return (
            Text(f"{name} kent geen attribuut {attribute}.", f"{name} has no attribute {attribute}."),
            _OF_RELATION,
            None,
        )
    return (
        Text(f"{name} kent geen attribuut {attribute}.", f"{name} has no attribute {attribute}."),
        Text(
            f"Laat attribuut {attribute} weg, of schrijf het met de juiste namespace.",
            f"Leave attribute {attribute} out, or write it with the right namespace.",
        ),
        None,
    )


def _type(kind: str, builtin: str) -> tuple[Text, str]:
    """A type in words, and without."""
    digits = _INTEGER.match(kind)
    if digits:
        return (
            Text(
                f"een geheel getal van ten hoogste {digits[1]} cijfers",
                f"a whole number of at most {digits[1]} digits",
            ),
            f"xs:integer, totalDigits {digits[1]}",
        )
    if kind not in _TYPES and builtin in _TYPES:
        kind = builtin
    form = _TYPES.get(kind, Text(f"een geldige waarde ({kind})", f"a valid value ({kind})"))
    if kind in _TYPES:
        builtin = kind
    return form, _FORMS.get(kind) or (f"xs:{builtin}" if builtin else kind)


def _pattern(pattern: str) -> Text:
    digits = _DIGITS.fullmatch(pattern)
    if digits:
        return Text(f"precies {digits.group(1)} cijfers", f"exactly {digits.group(1)} digits")
    if "T([01]" in pattern:
        return _TYPES["dateTime"]
    return _PATTERNS.get(pattern, Text(f"een waarde volgens {pattern}", f"a value that matches {pattern}"))
