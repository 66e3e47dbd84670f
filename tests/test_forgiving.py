"""What a zender that is not strict gets wrong is mended when it leaves no doubt, and refused when it does."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import etree

from stuf_klantcontact import contract
from stuf_klantcontact.intake import forgiving
from stuf_klantcontact.names import GFOZAKEN, KC, STUF0301, XSI, qname
from stuf_klantcontact.testing import cast

CONTRACT = contract.load()
NAMES = forgiving.known_names(CONTRACT.files())
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
Change = Callable[[etree._Element], object]


def the(message: etree._Element, local: str) -> etree._Element:
    return next(message.iter(f"{{*}}{local}"))


def text(local: str, value: str) -> Change:
    def change(message: etree._Element) -> None:
        the(message, local).text = value

    return change


def add(local: str, value: str = "", *, to: str = "", nil: bool = False, namespace: str = KC) -> Change:
    def change(message: etree._Element) -> None:
        made = etree.SubElement(the(message, to) if to else message, qname(namespace, local))
        made.text = value or None
        if nil:
            made.set(qname(XSI, "nil"), "true")

    return change


def remove(local: str) -> Change:
    def change(message: etree._Element) -> None:
        element = the(message, local)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def broken(*changes: Change) -> etree._Element:
    message = cast.contact(referentienummer="c-1", now=NOW, partij="persoon")
    for change in changes:
        change(message)
    return etree.fromstring(etree.tostring(message))


def mended(message: etree._Element) -> tuple[etree._Element, list[str]] | None:
    found = forgiving.mended(message, violations=CONTRACT.violations, names=NAMES)
    return None if found is None else (found[0], [warning.rule for warning in found[1]])


@pytest.mark.parametrize(
    ("change", "rule", "local", "value"),
    [
        (text("Type", " call\n"), "MILD-SPACE", "Type", "call"),
        (text("tijdstipBericht", " 20261122101500 "), "MILD-SPACE", "tijdstipBericht", "20261122101500"),
        (text("Type", "Call"), "MILD-CASE", "Type", "call"),
        (text("Type", " E-Mail "), "MILD-SPACE", "Type", "e-mail"),
        (text("berichtcode", "di02"), "MILD-CASE", "berichtcode", "Di02"),
        (text("functie", "VoegKlantcontactToe"), "MILD-CASE", "functie", "voegKlantcontactToe"),
        (text("voorletters", ""), "MILD-EMPTY", "voorletters", None),
        (text("geslachtsaanduiding", " "), "MILD-EMPTY", "geslachtsaanduiding", None),
        (add("onderwerp", nil=True), "MILD-NIL", "onderwerp", None),
        (
            text("tijdstipBericht", "2026-11-22T10:15:00+01:00"),
            "MILD-MOMENT",
            "tijdstipBericht",
            "20261122101500000",
        ),
        (remove("functie"), "MILD-HEADER", "functie", "voegKlantcontactToe"),
        (text("functie", ""), "MILD-EMPTY", "functie", "voegKlantcontactToe"),
        (text("berichtcode", ""), "MILD-EMPTY", "berichtcode", "Di02"),
        (remove("berichtcode"), "MILD-HEADER", "berichtcode", "Di02"),
        (add("prioriteit", "hoog"), "MILD-EXTRA", "prioriteit", None),
        (add("Zaaknummer", "1", to="Klantcontact", namespace=GFOZAKEN), "MILD-EXTRA", "Zaaknummer", None),
        (add("iets", "1", namespace="urn:van:ons"), "MILD-EXTRA", "iets", None),
    ],
)
def test_what_leaves_no_doubt_is_mended_and_told(change: Change, rule: str, local: str, value: str | None) -> None:
    message = broken(change)
    before = etree.tostring(message)
    assert not CONTRACT.valid(message)
    found = mended(message)
    assert found is not None
    copy, rules = found
    assert CONTRACT.valid(copy)
    assert rules[0] == rule
    elements = [*copy.iter(f"{{*}}{local}")]
    assert [element.text for element in elements] == ([] if value is None else [value])
    assert etree.tostring(message) == before


@pytest.mark.parametrize(
    "change",
    [
        text("Type", "telepathie"),
        text("bsn", "123"),
        text("bsn", ""),
        text("referentienummer", "x" * 41),
        text("tijdstipBericht", "gisteren"),
        remove("Type"),
        remove("referentienummer"),
        add("onderwrep", "Een verschrijving"),
        add("toelichting", "Op de verkeerde plaats"),
        add("onderwerp", "x" * 81),
        lambda message: message.insert(1, etree.Element(qname(KC, "prioriteit"))),
        lambda message: the(message, "Toelichting").set(qname(STUF0301, "noValue"), "geenWaarde"),
        lambda message: the(message, "functie").set("anders", "1"),
    ],
)
def test_what_leaves_doubt_is_not(change: Change) -> None:
    assert mended(broken(change)) is None


def test_everything_at_once_is_mended_and_one_thing_too_many_is_not() -> None:
    many = [text("Type", " CALL "), text("voorletters", ""), add("onderwerp", nil=True), remove("functie")]
    found = mended(broken(*many))
    assert found is not None
    assert set(found[1]) == {"MILD-SPACE", "MILD-CASE", "MILD-EMPTY", "MILD-NIL", "MILD-HEADER"}
    assert mended(broken(*many, text("bsn", "12"))) is None


def test_a_warning_says_where_and_what_was_expected() -> None:
    found = forgiving.mended(broken(text("Type", "Call")), violations=CONTRACT.violations, names=NAMES)
    assert found is not None
    (warning,) = found[1]
    assert (warning.severity, warning.element, warning.value) == ("warning", "gfo:Type", "Call")
    assert "click, call" in (warning.expected or "")
    assert (warning.path or "").endswith("/gfo:Klantcontact/gfo:Type")


def test_every_cure_is_shown() -> None:
    assert {cure.id for cure in forgiving.CURES} == {
        "MILD-SPACE",
        "MILD-CASE",
        "MILD-EMPTY",
        "MILD-NIL",
        "MILD-MOMENT",
        "MILD-HEADER",
        "MILD-EXTRA",
    }
