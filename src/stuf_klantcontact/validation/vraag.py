"""StUF rules about questions: selection, keys, scope, follow-up and parameters of an Lv message.

Where the standard has an error code for it, that is the rule. StUF 03.01 §6.1 to §6.3, stuf-facts §6.
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.names import STUF0302
from stuf_klantcontact.parsing.markup import text
from stuf_klantcontact.validation.bericht import Bericht, attribute, children, said
from stuf_klantcontact.validation.places import finding

_KEYS: Final = ("sleutelVerzendend", "sleutelOntvangend", "sleutelGegevensbeheer", "sleutelSynchronisatie")


def check(bericht: Bericht) -> Iterator[Violation]:
    """Everything that is wrong with a question; nothing when it is none."""
    code = bericht.named or bericht.code
    if not code.startswith("Lv"):
        return
    parts = children(bericht.root)
    yield from _parameters(bericht, number=int(code[2:]))
    gelijk, vanaf, tot = (parts.get(name) for name in ("gelijk", "vanaf", "totEnMet"))
    bounds = [element for element in (vanaf, tot) if element is not None]
    equal = set(_leaves(gelijk)) if gelijk is not None else set()
    ranges = [set(_leaves(bound)) for bound in bounds]
    ranged = set().union(*ranges)
    by_key = [bool(_keys(bound)) for bound in bounds]
    if any(ranges) and not all(by_key) and (len(bounds) == 1 or ranges[0] != ranges[1]):
        differing = sorted(ranges[0] ^ ranges[1]) if len(bounds) == 2 else sorted(ranged)
        yield _standard(Fout.StUF076, bounds[-1], bericht, expected=", ".join(differing))
    if equal & ranged and gelijk is not None:
        yield _standard(Fout.StUF079, gelijk, bericht, expected=", ".join(sorted(equal & ranged)))
    for bound in bounds:
        for element in bound.iter(etree.Element):
            if attribute(element, "exact") or attribute(element, "wildcard"):
                yield _standard(Fout.StUF082, element, bericht)
            if said(element, "indOnvolledigeDatum") in ("D", "M", "J"):
                yield _standard(Fout.StUF085, element, bericht)
    for selection in (gelijk, *bounds):
        if selection is None:
            continue
        keys = _keys(selection)
        if len(keys) > 1:
            yield _standard(Fout.StUF088, selection, bericht, expected=", ".join(keys))
        if keys and any(isinstance(child.tag, str) for child in selection):
            yield _standard(Fout.StUF091, selection, bericht)
    yield from _scope(bericht, parts.get("scope"))
    yield from _follow_up(bericht, parts.get("start"), ranged=ranged)


def _parameters(bericht: Bericht, *, number: int) -> Iterator[Violation]:
    found = bericht.parameters
    where = children(bericht.root).get("parameters", bericht.root)
    for local in ("sortering", "indicatorVervolgvraag"):
        if local not in found:
            yield finding(
                "StUF-PARAMETERS",
                where,
                root=bericht.root,
                message=Text(
                    f"In de parameters van een vraag ontbreekt {local}.",
                    f"The parameters of a question lack {local}.",
                ),
                hint=Text(f"Vul StUF:{local}.", f"Fill StUF:{local}."),
                expected=f"StUF:{local}",
            )
    if number % 2 == 0 and text(found.get("indicatorAantal")) in ("true", "1"):
        yield finding(
            "StUF-PARAMETERS",
            found["indicatorAantal"],
            root=bericht.root,
            message=Text(
                "Een asynchrone vraag kan niet om het aantal vragen.",
                "An asynchronous question cannot ask for the number.",
            ),
            hint=Text("Laat StUF:indicatorAantal weg.", "Leave StUF:indicatorAantal out."),
        )
    if 3 <= number <= 6 and "peiltijdstipMaterieel" not in found:
        yield _standard(Fout.StUF118, where, bericht, expected="StUF:peiltijdstipMaterieel")
    if 5 <= number <= 6 and "peiltijdstipFormeel" not in found:
        yield _standard(Fout.StUF119, where, bericht, expected="StUF:peiltijdstipFormeel")


def _scope(bericht: Bericht, scope: etree._Element | None) -> Iterator[Violation]:
    for asked in scope if scope is not None else ():
        if (
            isinstance(asked.tag, str)
            and attribute(asked, "scope")
            and any(isinstance(child.tag, str) for child in asked)
        ):
            yield _standard(Fout.StUF097, asked, bericht)


def _follow_up(bericht: Bericht, start: etree._Element | None, *, ranged: set[str]) -> Iterator[Violation]:
    if text(bericht.parameters.get("indicatorVervolgvraag")) not in ("true", "1"):
        if start is not None:
            yield finding(
                "StUF-PARAMETERS",
                start,
                root=bericht.root,
                message=Text(
                    "start hoort bij een vervolgvraag, en dit is een nieuwe vraag.",
                    "start goes with a follow-up, and this is a new question.",
                ),
                hint=Text(
                    "Zet StUF:indicatorVervolgvraag op true, of laat start weg.",
                    "Set StUF:indicatorVervolgvraag to true, or leave start out.",
                ),
                expected="StUF:indicatorVervolgvraag = true",
            )
        return
    if start is None:
        yield _standard(Fout.StUF103, bericht.root, bericht)
        return
    missing = ranged - {name for last in start if isinstance(last.tag, str) for name in _leaves(last)}
    if missing:
        yield _standard(Fout.StUF106, start, bericht, expected=", ".join(sorted(missing)))


def _leaves(selection: etree._Element) -> Iterator[str]:
    """The paths of the elements that a selection names, below it.

    In StUF 03.02 the value of a date is an element too, and an open end has none.
    """
    for child in selection:
        if not isinstance(child.tag, str) or child.tag.startswith(f"{{{STUF0302}}}"):
            continue
        local = child.tag.rpartition("}")[2]
        below = list(_leaves(child))
        yield from (f"{local}/{name}" for name in below)
        if not below:
            yield local


def _keys(selection: etree._Element) -> list[str]:
    return [name for name in _KEYS if attribute(selection, name)]


_HINTS: Final = {
    Fout.StUF076: Text(
        "Noem in vanaf en totEnMet dezelfde elementen.", "Name the same elements in vanaf and totEnMet."
    ),
    Fout.StUF079: Text(
        "Vraag een element in gelijk, of in vanaf en totEnMet.",
        "Ask for an element in gelijk, or in vanaf and totEnMet.",
    ),
    Fout.StUF082: Text(
        "Gebruik exact (StUF 03.01) of wildcard (StUF 03.02) alleen in gelijk.",
        "Use exact (StUF 03.01) or wildcard (StUF 03.02) in gelijk only.",
    ),
    Fout.StUF085: Text(
        "Geef in vanaf en totEnMet een volledige datum.", "Give a complete date in vanaf and totEnMet."
    ),
    Fout.StUF088: Text("Vraag met een sleutel tegelijk.", "Ask by one key at a time."),
    Fout.StUF091: Text(
        "Vraag met een sleutel of met elementen, niet met beide.", "Ask by a key or by elements, not by both."
    ),
    Fout.StUF097: Text(
        "Gebruik attribuut scope, of noem de elementen, niet beide.",
        "Use attribute scope, or name the elements, not both.",
    ),
    Fout.StUF103: Text(
        "Zet in start het laatste object van het vorige antwoord.",
        "Put the last object of the previous answer into start.",
    ),
    Fout.StUF106: Text(
        "Zet in start ten minste alle elementen van vanaf en totEnMet.",
        "Put at least all elements of vanaf and totEnMet into start.",
    ),
    Fout.StUF118: Text("Vul StUF:peiltijdstipMaterieel.", "Fill StUF:peiltijdstipMaterieel."),
    Fout.StUF119: Text("Vul StUF:peiltijdstipFormeel.", "Fill StUF:peiltijdstipFormeel."),
}


def _standard(fout: Fout, element: etree._Element, bericht: Bericht, *, expected: str | None = None) -> Violation:
    """A finding whose rule is the standard's own code."""
    return finding(
        fout.name,
        element,
        root=bericht.root,
        message=Text(f"{fout.situation.nl}.", f"{fout.situation.en}."),
        hint=_HINTS[fout],
        expected=expected,
    )
