"""StUF rules about values: no value and why, dates that exist, periods that end after they begin.

StUF 03.01 §3.4, stuf-facts §5. An element that only asks for something (scope) may be empty by xsi:nil alone.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, cast

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import STUF0301, STUF0302, XSI, qname
from stuf_klantcontact.parsing.markup import text
from stuf_klantcontact.validation.bericht import Bericht, children
from stuf_klantcontact.validation.places import finding

_NIL: Final = qname(XSI, "nil")
_NO_VALUE: Final = qname(STUF0301, "noValue")
_ONVOLLEDIG: Final = qname(STUF0301, "indOnvolledigeDatum")
_TIJDVAK: Final = re.compile(r"tijdvak(Geldigheid|Relatie|Object)")
_DATUM: Final = re.compile(r"(?:^|\.)(?:[a-z]*datum|datum[A-Z]\w*|[a-z]+datum[A-Z]\w*|[a-z]+Einddatum)$")
_TIJDSTIP: Final = re.compile(r"^(?:tijdstip|peiltijdstip)\w*$|^(?:begin|eind)(?:Geldigheid|Relatie|Object)$")
_DIGITS: Final = re.compile(r"[0-9]{8,17}", re.ASCII)
_ASKING: Final = frozenset({"scope"})

_no_value_0302: Final = cast(
    Callable[[etree._Element], list[etree._Element]], etree.XPath("descendant::*[@noValue and (text() or *)]")
)


def check(bericht: Bericht) -> Iterator[Violation]:
    """Everything that is wrong with values, in either version."""
    if bericht.stuf == STUF0302:
        yield from _check_0302(bericht)
    elif bericht.stuf == STUF0301:
        yield from _check_0301(bericht)


def _check_0302(bericht: Bericht) -> Iterator[Violation]:
    """Dates are dates by their schema here; what is left is noValue beside a value, and periods."""
    for element in _no_value_0302(bericht.root):
        if len(element) or (element.text or "").strip():
            yield _no_value_with_content(element, root=bericht.root)
    for tijdvak in bericht.root.iter(
        qname(STUF0302, "tijdvakGeldigheid"), qname(STUF0302, "tijdvakRelatie"), qname(STUF0302, "tijdvakObject")
    ):
        yield from _tijdvak(tijdvak, root=bericht.root)


def _check_0301(bericht: Bericht) -> Iterator[Violation]:
    root = bericht.root
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        tag = element.tag
        if not isinstance(tag, str):
            continue
        local = tag.rpartition("}")[2]
        if local in _ASKING or element is bericht.stuurgegevens:
            walk.skip_subtree()
            continue
        if element.keys():
            yield from _emptiness(element, root=root)
        if "ijdvak" in local and _TIJDVAK.fullmatch(local):
            yield from _tijdvak(element, root=root)
        elif not len(element) and ("atum" in local or "ijdstip" in local or local[:3] in ("beg", "ein")):
            yield from _date(element, local, root=root)


def _emptiness(element: etree._Element, *, root: etree._Element) -> Iterator[Violation]:
    no_value = element.get(_NO_VALUE)
    if no_value is None:
        if element.get(_NIL) in ("true", "1"):
            yield finding(
                "StUF-NIL",
                element,
                root=root,
                message=Text(
                    "xsi:nil zonder StUF:noValue zegt niet waarom er geen waarde is.",
                    "xsi:nil without StUF:noValue does not say why there is no value.",
                ),
                hint=Text(
                    'Voeg StUF:noValue toe, "geenWaarde" als er geen waarde is en "waardeOnbekend" als u die niet'
                    " kent; of laat het element weg als u er niets over zegt.",
                    'Add StUF:noValue, "geenWaarde" when there is no value and "waardeOnbekend" when you do not'
                    " know it; or leave the element out when you say nothing of it.",
                ),
                expected="StUF:noValue",
            )
    elif len(element) or (element.text or "").strip():
        yield _no_value_with_content(element, root=root)


def _no_value_with_content(element: etree._Element, *, root: etree._Element) -> Violation:
    return finding(
        "StUF-NOVALUE",
        element,
        root=root,
        message=Text(
            "Het element heeft een waarde en zegt met noValue dat het er geen heeft.",
            "The element has a value and says by noValue that it has none.",
        ),
        hint=Text("Laat noValue weg, of maak het element leeg.", "Leave noValue out, or empty the element."),
    )


def _date(element: etree._Element, local: str, *, root: etree._Element) -> Iterator[Violation]:
    raw = (element.text or "").strip()
    if not raw:
        return
    of_day = _DATUM.search(local) is not None
    if not of_day and _TIJDSTIP.match(local) is None:
        return
    try:
        if not _DIGITS.fullmatch(raw):
            raise ValueError("digits")
        tijdstip.parse(raw)
    except ValueError:
        form = "EEJJMMDD" if of_day else "EEJJMMDDhhmmss"
        hint = (
            Text(f"Stuur een bestaande datum als 20261122 ({form}).", "Send a real date such as 20261122.")
            if of_day
            else Text(
                f"Stuur een bestaand tijdstip als 20261122101200 ({form}); laat achteraan weg wat niet bekend is, "
                "tot op de dag.",
                "Send a real moment such as 20261122101200; what is not known may be cut off, down to the day.",
            )
        )
        if element.get(_ONVOLLEDIG) in ("D", "M", "J"):
            hint = Text(
                "Ook een onvolledige datum is een bestaande datum; indOnvolledigeDatum zegt welk deel telt.",
                "An incomplete date is a real date too; indOnvolledigeDatum says which part counts.",
            )
        yield finding(
            "StUF-DATUM",
            element,
            root=root,
            value=raw,
            message=Text("Deze datum bestaat niet.", "There is no such date.")
            if of_day
            else Text("Dit tijdstip bestaat niet.", "There is no such moment."),
            hint=hint,
            expected=form,
        )


def _tijdvak(tijdvak: etree._Element, *, root: etree._Element) -> Iterator[Violation]:
    """Begin and eind travel together, and eind is not before begin (stuf-facts §4.3 and §5.3)."""
    parts = children(tijdvak)
    begin = next((parts[name] for name in parts if name.startswith("begin")), None)
    eind = next((parts[name] for name in parts if name.startswith("eind")), None)
    if begin is None or eind is None:
        kind = str(tijdvak.tag).rpartition("tijdvak")[2]
        absent = f"eind{kind}" if eind is None else f"begin{kind}"
        yield finding(
            "StUF-TIJDVAK",
            tijdvak,
            root=root,
            # The schema of StUF 03.01 makes one of them optional where the text does not.
            severity="warning",
            message=Text(
                f"In het tijdvak ontbreekt {absent}; begin en eind gaan samen.",
                f"The period lacks {absent}; begin and eind go together.",
            ),
            hint=Text(
                f'Voeg StUF:{absent} toe, zo nodig leeg met StUF:noValue="geenWaarde".',
                f'Add StUF:{absent}, if need be empty with StUF:noValue="geenWaarde".',
            )
            if tijdvak.tag.startswith(f"{{{STUF0301}}}")
            else Text(f"Voeg StUF:{absent} toe, zo nodig leeg.", f"Add StUF:{absent}, if need be empty."),
            expected=f"StUF:{absent}",
        )
        return
    first, last = moment_of(begin), moment_of(eind)
    if first is not None and last is not None and last < first:
        yield finding(
            "StUF-PERIODE",
            eind,
            root=root,
            value=text(eind),
            message=Text("Het tijdvak eindigt voordat het begint.", "The period ends before it begins."),
            hint=Text("Controleer begin en eind.", "Check begin and eind."),
            expected=f">= {text(begin) or 'begin'}",
        )


def moment_of(element: etree._Element | None) -> datetime | None:
    """The moment that an element of either version says; None when it says none."""
    if element is None:
        return None
    raw = text(element) or next((text(child) for child in element if isinstance(child.tag, str)), "")
    try:
        return tijdstip.parse(raw if "T" in raw or "-" not in raw else f"{raw}T00:00:00")
    except ValueError:
        return None
