"""The validator: every rule broken once, every way a document may come, and nothing that makes it raise."""

import random
import re
import threading
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from conftest import ROOT, SHARED, need
from contract.mutants import mutate
from stuf_klantcontact import contract, report, validation
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.names import STUF0301, XSI, ZKN0310, qname
from stuf_klantcontact.settings import Limits
from stuf_klantcontact.validation import message, quick
from stuf_klantcontact.validation.document import open_document

OWN = validation.schemas()
GLANCE = quick.Glance(after=0)
ELEMENTS_ONLY = etree.XMLParser(remove_comments=True, remove_pis=True)
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
FIXTURES = ROOT / "fixtures"
CONTACT = (FIXTURES / "kc/voegKlantcontactToe/valid/call-medewerker.xml").read_bytes()
KLC = (FIXTURES / "klc/klcLk01/valid/met-natuurlijk-persoon.xml").read_bytes()
VES = (FIXTURES / "klc/klcLk01/valid/met-vestiging-en-contactpersoon.xml").read_bytes()
IOB = (FIXTURES / "klc/iobLk01/valid/met-inhoud.xml").read_bytes()
WIJZIGING = (FIXTURES / "klc/klcLk01/valid/wijziging-toelichting.xml").read_bytes()
PERIODE = (FIXTURES / "klc/klcLv01/valid/van-een-vestiging-met-open-einde.xml").read_bytes()
PARTIJ = VES[VES.index(b"<zkn:heeftPlaatsgevondenMetVES") : VES.index(b"<zkn:isGevoerdDoor")].decode()
VALID = sorted(p for kind in ("kc", "klc") for p in (FIXTURES / kind).glob("*/valid/*.xml"))
PERSOON = b"""<kc:contactpartij><kc:natuurlijkPersoon><kc:bsn>999993653</kc:bsn>
  <kc:geslachtsnaam>Jansen</kc:geslachtsnaam></kc:natuurlijkPersoon></kc:contactpartij>
  <kc:richting>inkomend</kc:richting>"""
USUAL = {
    "medewerker": CONTACT,
    "anoniem": (FIXTURES / "kc/voegKlantcontactToe/valid/call-anoniem.xml").read_bytes(),
    "persoon": CONTACT.replace(b"</gfo:Klantcontact>", b"</gfo:Klantcontact>" + PERSOON),
    "klcLk01": KLC,
}
INVALID = sorted(p for kind in ("kc", "klc") for p in (FIXTURES / kind).glob("*/invalid/*.xml"))


def check(data: bytes, *, now: datetime = NOW) -> report.Report:
    return validation.check(data, against=OWN, file="bericht.xml", clock=lambda: now)


def rules_of(data: bytes) -> list[str]:
    return [violation.rule for violation in check(data).violations]


def changed(data: bytes, *changes: tuple[str, str]) -> bytes:
    text = data.decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def by_rules(text: str) -> list[Violation]:
    """What the rules say of a message that no schema here knows."""
    return list(message._by_rules(etree.fromstring(text), valid=True, limits=STANDARD, now=NOW))


def zak(objects: str, *, mutatiesoort: str = "T", code: str = "Lk01", header: str = "") -> str:
    return f"""<ZKN:zakLk01 xmlns:ZKN="{ZKN0310}" xmlns:StUF="{STUF0301}"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <ZKN:stuurgegevens><StUF:berichtcode>{code}</StUF:berichtcode>
        <StUF:zender><StUF:applicatie>ZAAKSYSTEEM</StUF:applicatie></StUF:zender>
        <StUF:ontvanger><StUF:applicatie>KLANTCONTACT</StUF:applicatie></StUF:ontvanger>
        <StUF:referentienummer>1</StUF:referentienummer><StUF:tijdstipBericht>20261120101500</StUF:tijdstipBericht>
        <StUF:entiteittype>ZAK</StUF:entiteittype>{header}</ZKN:stuurgegevens>
      <ZKN:parameters><StUF:mutatiesoort>{mutatiesoort}</StUF:mutatiesoort>
        <StUF:indicatorOvername>V</StUF:indicatorOvername></ZKN:parameters>
      {objects}</ZKN:zakLk01>"""


def zaak(content: str = "", *, soort: str = "T", attributes: str = "") -> str:
    return f"""<ZKN:object StUF:entiteittype="ZAK" StUF:verwerkingssoort="{soort}" {attributes}>
      <ZKN:identificatie>0518ZAAK0000001</ZKN:identificatie>{content}</ZKN:object>"""


def vraag(body: str, *, parameters: str = "", code: str = "Lv01") -> str:
    return f"""<ZKN:zak{code} xmlns:ZKN="{ZKN0310}" xmlns:StUF="{STUF0301}">
      <ZKN:stuurgegevens><StUF:berichtcode>{code}</StUF:berichtcode>
        <StUF:zender><StUF:applicatie>ZAAKSYSTEEM</StUF:applicatie></StUF:zender>
        <StUF:ontvanger><StUF:applicatie>KLANTCONTACT</StUF:applicatie></StUF:ontvanger>
        <StUF:referentienummer>1</StUF:referentienummer><StUF:tijdstipBericht>20261120</StUF:tijdstipBericht>
        <StUF:entiteittype>ZAK</StUF:entiteittype></ZKN:stuurgegevens>
      <ZKN:parameters><StUF:sortering>0</StUF:sortering>
        <StUF:indicatorVervolgvraag>false</StUF:indicatorVervolgvraag>{parameters}</ZKN:parameters>
      {body}</ZKN:zak{code}>"""


# --- fixtures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", VALID, ids=lambda p: p.stem)
def test_a_valid_message_has_no_findings_of_any_layer(path: Path) -> None:
    assert [(v.rule, v.line) for v in check(path.read_bytes()).violations] == []


@pytest.mark.parametrize("path", INVALID, ids=lambda p: p.stem)
def test_an_invalid_message_is_invalid_with_line_and_column_for_each_finding(path: Path) -> None:
    found = check(path.read_bytes())
    assert not found.valid
    assert all(v.line and v.column and v.path for v in found.violations)
    assert len({(v.rule, v.path, v.expected) for v in found.violations}) == len(found.violations)


# --- StUF ---------------------------------------------------------------------------------------------------------

STATUS = '<ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="{}">{}</ZKN:heeft>'
PARTY = '<ZKN:gerelateerde StUF:entiteittype="NPS" StUF:verwerkingssoort="{}">{}</ZKN:gerelateerde>'
TIJDVAK = "<StUF:tijdvakGeldigheid><StUF:beginGeldigheid>{}</StUF:beginGeldigheid>{}</StUF:tijdvakGeldigheid>"
EIND = "<StUF:eindGeldigheid>{}</StUF:eindGeldigheid>"
OPEN = '<StUF:eindGeldigheid xsi:nil="true" StUF:noValue="geenWaarde"/>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(zak(zaak()), [], id="in order"),
        pytest.param(zak(zaak() * 2), ["StUF-OBJECTEN"], id="T with two objects"),
        pytest.param(zak(zaak(soort="W"), mutatiesoort="W"), ["StUF-OBJECTEN"], id="W with one object"),
        pytest.param(zak(zaak(soort="W") * 2, mutatiesoort="W"), [], id="W with two"),
        pytest.param(zak(zaak(soort="V"), mutatiesoort="V"), [], id="V with one"),
        pytest.param(zak(zaak(soort="I")), ["StUF-VERWERKINGSSOORT"], id="T with object I"),
        pytest.param(zak(zaak().replace('StUF:verwerkingssoort="T"', "")), ["StUF-VERWERKINGSSOORT"], id="absent"),
        pytest.param(zak(zaak(soort="S") * 2, mutatiesoort="F"), ["StUF-VERWERKINGSSOORT"] * 2, id="S needs C"),
        pytest.param(
            zak(zaak(soort="W") + zaak(soort="I"), mutatiesoort="W"),
            ["StUF-VERWERKINGSSOORT"],
            id="oud is not huidig",
        ),
        pytest.param(zak(zaak(STATUS.format("W", ""))), ["StUF-VERWERKINGSSOORT"], id="T with relation W"),
        pytest.param(
            zak(zaak(STATUS.format("E", ""), soort="W") * 2, mutatiesoort="W"), [], id="W with relation E"
        ),
        pytest.param(
            zak(zaak(STATUS.format("E", ""), soort="W") * 2, mutatiesoort="C"),
            ["StUF-VERWERKINGSSOORT"] * 2,
            id="C with relation E",
        ),
        pytest.param(
            zak(zaak(STATUS.format("T", PARTY.format("V", "<x>1</x>")))),
            ["StUF-VERWERKINGSSOORT", "StUF-KERNGEGEVENS"],
            id="gerelateerde V, and nothing to know it by",
        ),
        pytest.param(
            zak(zaak().replace('StUF:entiteittype="ZAK"', 'StUF:entiteittype="EDC"')),
            ["StUF-ENTITEITTYPE"],
            id="EDC",
        ),
        pytest.param(
            zak(zaak().replace(">0518ZAAK0000001<", "><")),
            ["StUF-KERNGEGEVENS"],
            id="a zaak that nothing identifies",
        ),
        pytest.param(
            zak(zaak(attributes='StUF:sleutelOntvangend="9"').replace(">0518ZAAK0000001<", "><")),
            [],
            id="but by the key of the receiver",
        ),
        pytest.param(
            zak(
                zaak(soort="W", attributes='StUF:sleutelVerzendend="1"')
                + zaak(soort="W", attributes='StUF:sleutelVerzendend="2"'),
                mutatiesoort="W",
            ),
            ["StUF-SLEUTEL"],
            id="a key that changes",
        ),
        pytest.param(zak(zaak("<ZKN:startdatum>20260230</ZKN:startdatum>")), ["StUF-DATUM"], id="30 February"),
        pytest.param(zak(zaak("<ZKN:startdatum>31</ZKN:startdatum>")), ["StUF-DATUM"], id="a number is no date"),
        pytest.param(
            zak(zaak('<ZKN:startdatum StUF:indOnvolledigeDatum="M">20260001</ZKN:startdatum>')),
            ["StUF-DATUM"],
            id="an incomplete date is a date",
        ),
        pytest.param(zak(zaak("<ZKN:startdatum>20260228</ZKN:startdatum>")), [], id="28 February"),
        pytest.param(zak(zaak('<ZKN:einddatum xsi:nil="true"/>')), ["StUF-NIL"], id="nil without a reason"),
        pytest.param(
            zak(zaak('<ZKN:einddatum xsi:nil="true" StUF:noValue="geenWaarde"/>')), [], id="nil with a reason"
        ),
        pytest.param(
            zak(zaak('<ZKN:einddatum StUF:noValue="geenWaarde">20260101</ZKN:einddatum>')),
            ["StUF-NOVALUE"],
            id="a value that is none",
        ),
        pytest.param(zak(zaak(TIJDVAK.format("20260101", ""))), ["StUF-TIJDVAK"], id="begin alone"),
        pytest.param(zak(zaak(TIJDVAK.format("20260101", OPEN))), [], id="an open end"),
        pytest.param(
            zak(zaak(TIJDVAK.format("20260201", EIND.format("20260101")))),
            ["StUF-PERIODE"],
            id="ends before it begins",
        ),
        pytest.param(zak(zaak(TIJDVAK.format("20270101", OPEN))), ["StUF-TOEKOMST"], id="Lk01 of the future"),
        pytest.param(
            zak(
                zaak(TIJDVAK.format("20250101", EIND.format("20260101")), soort="W")
                + zaak(TIJDVAK.format("20260201", OPEN), soort="W"),
                mutatiesoort="W",
            ),
            ["StUF062"],
            id="periods that do not meet",
        ),
        pytest.param(zak(zaak(), code="Lk02"), ["StUF-BERICHTCODE"], id="another berichtcode"),
        pytest.param(zak(zaak(), code="Xx01"), ["StUF022"], id="an unknown berichtcode"),
        pytest.param(
            zak(zaak(), header="<StUF:functie>x</StUF:functie>"), ["StUF-STUURGEGEVENS"], id="a functie too many"
        ),
        pytest.param(
            zak(zaak()).replace("<StUF:referentienummer>1</StUF:referentienummer>", ""),
            ["StUF-REFERENTIENUMMER"],
            id="no referentienummer",
        ),
        pytest.param(
            zak(zaak()).replace(">1</StUF:ref", f">{'1' * 41}</StUF:ref"),
            ["StUF-REFERENTIENUMMER"],
            id="41 characters",
        ),
        pytest.param(
            zak(zaak()).replace("20261120101500", "20261320101500"), ["StUF-TIJDSTIPBERICHT"], id="thirteenth month"
        ),
        pytest.param(
            zak(zaak()).replace("20261120101500", "20271120101500"), ["StUF-TIJDSTIPBERICHT"], id="next year"
        ),
    ],
)
def test_the_rules_about_a_kennisgeving(text: str, expected: list[str]) -> None:
    assert [violation.rule for violation in by_rules(text)] == expected


def test_who_sends_nothing_is_told_first_to_say_why() -> None:
    [found] = [
        v for v in check(zak(zaak('<ZKN:einddatum xsi:nil="true"/>')).encode()).violations if v.rule == "StUF-NIL"
    ]
    assert found.hint is not None
    assert found.hint.nl.startswith("Voeg StUF:noValue toe")
    assert found.hint.en.startswith("Add StUF:noValue")


def test_an_open_end_is_written_as_its_version_has_it() -> None:
    half = "<StUF:tijdvakGeldigheid><StUF:beginGeldigheid>20260101</StUF:beginGeldigheid></StUF:tijdvakGeldigheid>"
    [old] = [v for v in check(zak(zaak(half)).encode()).violations if v.rule == "StUF-TIJDVAK"]
    assert "geenWaarde" in (old.hint.nl if old.hint else "")
    new = KLC.decode().replace(
        "<zkn:heeftBetrekkingOp",
        "<StUF:tijdvakGeldigheid><StUF:beginGeldigheid><StUF:tijdstip>2026-01-01T00:00:00</StUF:tijdstip>"
        "</StUF:beginGeldigheid></StUF:tijdvakGeldigheid><zkn:heeftBetrekkingOp",
        1,
    )
    unknown = new.replace("klcLk01", "xyzLk01")  # else the schema says that it is absent
    [found] = [v for v in check(unknown.encode()).violations if v.rule == "StUF-TIJDVAK"]
    assert found.hint is not None
    assert "geenWaarde" not in found.hint.nl
    assert found.hint.nl.endswith("zo nodig leeg.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(vraag("<ZKN:gelijk><ZKN:identificatie>1</ZKN:identificatie></ZKN:gelijk>"), [], id="in order"),
        pytest.param(vraag("<ZKN:vanaf><ZKN:startdatum/></ZKN:vanaf>"), ["StUF076"], id="a range of one side"),
        pytest.param(
            vraag("<ZKN:vanaf><ZKN:startdatum/></ZKN:vanaf><ZKN:totEnMet><ZKN:einddatum/></ZKN:totEnMet>"),
            ["StUF076"],
            id="sides that differ",
        ),
        pytest.param(
            vraag(
                "<ZKN:gelijk><ZKN:startdatum/></ZKN:gelijk><ZKN:vanaf><ZKN:startdatum/></ZKN:vanaf>"
                "<ZKN:totEnMet><ZKN:startdatum/></ZKN:totEnMet>"
            ),
            ["StUF079"],
            id="equal and in a range",
        ),
        pytest.param(
            vraag(
                '<ZKN:vanaf><ZKN:startdatum StUF:exact="false"/></ZKN:vanaf>'
                '<ZKN:totEnMet><ZKN:startdatum StUF:indOnvolledigeDatum="M"/></ZKN:totEnMet>'
            ),
            ["StUF082", "StUF085"],
            id="exact and incomplete in a range",
        ),
        pytest.param(
            vraag('<ZKN:gelijk StUF:sleutelVerzendend="1" StUF:sleutelOntvangend="2"/>'), ["StUF088"], id="two keys"
        ),
        pytest.param(
            vraag('<ZKN:gelijk StUF:sleutelVerzendend="1"><ZKN:identificatie/></ZKN:gelijk>'),
            ["StUF091"],
            id="a key and elements",
        ),
        pytest.param(
            vraag('<ZKN:scope><ZKN:object StUF:scope="alles"><ZKN:identificatie/></ZKN:object></ZKN:scope>'),
            ["StUF097"],
            id="scope twice",
        ),
        pytest.param(vraag("").replace(">false<", ">true<"), ["StUF103"], id="a follow-up of nothing"),
        pytest.param(
            vraag(
                "<ZKN:vanaf><ZKN:startdatum/></ZKN:vanaf><ZKN:totEnMet><ZKN:startdatum/></ZKN:totEnMet>"
                "<ZKN:start><ZKN:object><ZKN:identificatie/></ZKN:object></ZKN:start>"
            ).replace(">false<", ">true<"),
            ["StUF106"],
            id="a start without the range",
        ),
        pytest.param(
            vraag("<ZKN:start><ZKN:object><ZKN:identificatie/></ZKN:object></ZKN:start>"),
            ["StUF-PARAMETERS"],
            id="a start of a new question",
        ),
        pytest.param(vraag("", code="Lv03"), ["StUF118"], id="no peiltijdstip"),
        pytest.param(vraag("", code="Lv05"), ["StUF118", "StUF119"], id="neither of two"),
        pytest.param(
            vraag("").replace("<StUF:sortering>0</StUF:sortering>", ""), ["StUF-PARAMETERS"], id="no sortering"
        ),
        pytest.param(
            vraag("", code="Lv02", parameters="<StUF:indicatorAantal>true</StUF:indicatorAantal>"),
            ["StUF-PARAMETERS"],
            id="a count that cannot be asked",
        ),
    ],
)
def test_the_rules_about_a_question(text: str, expected: list[str]) -> None:
    assert [violation.rule for violation in by_rules(text)] == expected


# --- RGBZ and the gateway -----------------------------------------------------------------------------------------


def _without(data: bytes, local: str) -> bytes:
    root = etree.fromstring(data)
    for element in list(root.iter("{*}" + local)):
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    return etree.tostring(root)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(_without(KLC, "heeftPlaatsgevondenMetNPS"), ["RGBZ-PARTIJ"], id="no party"),
        pytest.param(_without(KLC, "heeftBetrekkingOp"), ["RGBZ-ZAAK"], id="no zaak"),
        pytest.param(_without(KLC, "isGevoerdDoor"), ["RGBZ-MEDEWERKER"], id="no medewerker"),
        pytest.param(changed(KLC, (">Voortgang vergunning<", "><")), ["RGBZ-VERPLICHT"], id="an empty onderwerp"),
        pytest.param(_without(KLC, "onderwerp"), ["RGBZ-VERPLICHT"], id="no onderwerp"),
        pytest.param(
            WIJZIGING.replace(b"<zkn:toelichting>", b"<zkn:onderwerp/><zkn:toelichting>"),
            ["RGBZ-VERPLICHT"],
            id="a change that takes the onderwerp away",
        ),
        pytest.param(
            changed(KLC, ("<zkn:isGevoerdDoor", PARTIJ + "<zkn:isGevoerdDoor")), ["RGBZ-PARTIJ"], id="two parties"
        ),
        pytest.param(
            changed(PERIODE, ("</klc:totEnMet>", "<zkn:kanaal>balie</zkn:kanaal></klc:totEnMet>")),
            ["StUF076"],
            id="a period that also ends at a kanaal",
        ),
        pytest.param(
            changed(KLC, ("T10:12:00", "T11:12:00")), ["RGBZ-TOEKOMST"], id="after its own message", marks=()
        ),
        pytest.param(changed(KLC, (">999993653<", ">999993654<")), ["RGBZ-NUMMER"], id="BSN"),
        pytest.param(
            changed(KLC, ('ZAK" verwerkingssoort="I"', 'ZAK" verwerkingssoort="T"')),
            ["RGBZ-VERWERKINGSSOORT"],
            id="a zaak that is added",
        ),
        pytest.param(
            _without(VES, "contactpersoonnaam"), ["RGBZ-CONTACTPERSOON"], id="a contactpersoon without name"
        ),
        pytest.param(_without(IOB, "ontvangstdatum"), ["RGBZ-AFZENDER"], id="an afzender without ontvangstdatum"),
        pytest.param(
            changed(KLC, ("<StUF:mutatiesoort>T<", "<StUF:mutatiesoort>W<")),
            ["StUF-OBJECTEN", "StUF-VERWERKINGSSOORT"],
            id="W with one object",
        ),
        pytest.param(changed(CONTACT, ("T10:12:00", "T12:12:00")), ["KC-09"], id="later than its own message"),
        pytest.param(changed(CONTACT, ("2026-11-20T10:12:00+01:00", "20260230")), ["KC-09"], id="no such day"),
    ],
)
def test_the_rules_of_rgbz_and_of_the_gateway(data: bytes, expected: list[str]) -> None:
    found = check(data, now=datetime(2026, 11, 20, 9, 15, tzinfo=UTC))
    rules = [v.rule for v in found.violations]
    assert rules == expected
    assert all(v.line and v.column for v in found.violations)


def test_a_finding_is_said_once_by_the_lowest_layer_that_sees_it() -> None:
    without = _without(CONTACT, "referentienummer")
    assert rules_of(without) == ["XSD-MISSING"]
    assert rules_of(changed(CONTACT, (">call<", ">fax<"))) == ["XSD-ENUM"]


def test_every_layer_speaks_of_one_message() -> None:
    data = changed(
        KLC,
        (">KC202600000001<", ">KC20260000000123<"),
        ('KLC" verwerkingssoort="T"', 'KLC" verwerkingssoort="W"'),
        (">999993653<", ">999993654<"),
    )
    assert {report.layer(rule) for rule in rules_of(b"\xef\xbb\xbf" + data)} == {
        "well-formedness",
        "XSD",
        "StUF",
        "RGBZ",
    }


def test_a_wrong_verwerkingssoort_is_said_once_and_shown() -> None:
    data = (FIXTURES / "klc/klcLk01/valid/wijziging-toelichting.xml").read_bytes()
    wrong = data.replace(b'verwerkingssoort="W"', b'verwerkingssoort="T"', 1)
    (violation,) = check(wrong).violations
    assert (violation.rule, violation.value) == ("StUF-VERWERKINGSSOORT", "T")
    assert violation.path == "/klc:klcLk01/klc:object[1]"


def test_numbers_of_persons_are_masked() -> None:
    found = check(changed(KLC, (">999993653<", ">999993654<")))
    assert [v.value for v in found.violations] == ["***"]


# --- documents ----------------------------------------------------------------------------------------------------

SOAP = '<s:Envelope xmlns:s="{}"><s:Body>{}</s:Body></s:Envelope>'
S11, S12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"


def bare(data: bytes) -> str:
    return data.decode().partition("?>")[2]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(CONTACT, [], id="alone"),
        pytest.param(bare(CONTACT).strip().encode(), [], id="without declaration"),
        pytest.param(b"\xef\xbb\xbf" + CONTACT, ["XML-BOM"], id="BOM"),
        pytest.param(CONTACT.decode().replace("UTF-8", "UTF-16").encode("utf-16"), ["XML-ENCODING"], id="UTF-16"),
        pytest.param(
            CONTACT.decode().replace("UTF-8", "ISO-8859-1").replace("Vries", "Vriës").encode("latin-1"),
            ["XML-ENCODING"],
            id="Latin-1",
        ),
        pytest.param(
            CONTACT.decode().replace("Vries", "Vriës").encode("latin-1"), ["XML-ENCODING"], id="not as said"
        ),
        pytest.param(SOAP.format(S11, bare(CONTACT)).encode(), [], id="SOAP 1.1"),
        pytest.param(SOAP.format(S12, bare(CONTACT)).encode(), ["SOAP-VERSION"], id="SOAP 1.2"),
        pytest.param(SOAP.format(S11, "").encode(), ["SOAP-BODY"], id="an empty Body"),
        pytest.param(SOAP.format(S11, bare(CONTACT) * 2).encode(), ["SOAP-BODY"], id="two messages"),
        pytest.param(SOAP.format(S11, "tekst" + bare(CONTACT)).encode(), ["SOAP-TEXT"], id="loose text"),
        pytest.param(SOAP.format(S11, "<s:Fault/>").encode(), ["SOAP-FAULT"], id="an empty fault"),
        pytest.param(b"", ["XML-EMPTY"], id="nothing"),
        pytest.param(b"<!DOCTYPE a><a/>", ["XML-DOCTYPE"], id="DOCTYPE"),
        pytest.param(CONTACT[:-40], ["XML-INCOMPLETE"], id="cut off"),
        pytest.param(b"<a/>", ["XSD-UNKNOWN-ROOT"], id="something else"),
    ],
)
def test_however_a_message_comes(data: bytes, expected: list[str]) -> None:
    assert rules_of(data) == expected


def test_an_odd_encoding_is_reported_and_the_rest_is_judged_in_its_own_lines() -> None:
    data = changed(CONTACT, (">call<", ">fax<")).decode().replace("UTF-8", "UTF-16").encode("utf-16")
    line = CONTACT.decode().splitlines().index("    <gfo:Type>call</gfo:Type>") + 1
    found = check(data)
    assert [(v.rule, v.line, v.column) for v in found.violations] == [
        ("XML-ENCODING", 1, None),
        ("XSD-ENUM", line, 5),
    ]


def test_the_message_in_a_fault_is_judged_and_so_is_the_one_in_its_details() -> None:
    inner = bare(changed(CONTACT, (">call<", ">fax<")))
    fault = f"""<StUF:Fo02Bericht xmlns:StUF="{STUF0301}">
      <StUF:stuurgegevens><StUF:berichtcode>Fo02</StUF:berichtcode></StUF:stuurgegevens><StUF:body><StUF:code>StUF055</StUF:code><StUF:plek>client</StUF:plek>
      <StUF:omschrijving>x</StUF:omschrijving><StUF:detailsXML>{inner}</StUF:detailsXML></StUF:body></StUF:Fo02Bericht>"""
    enveloped = SOAP.format(S11, f"<s:Fault><faultcode/><faultstring/><detail>{fault}</detail></s:Fault>").encode()
    assert rules_of(enveloped) == ["XSD-ENUM"]


# --- whatever comes -----------------------------------------------------------------------------------------------

SEEDS = [path.read_bytes() for path in (*VALID, *INVALID)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=4))
def test_no_document_makes_it_raise(seed: bytes, edits: Sequence[tuple[float, bytes]]) -> None:
    data = bytearray(seed)
    for where, new in edits:
        start = int(where * len(data))
        data[start : start + len(new)] = new
    found = check(bytes(data))
    assert found.valid == (not any(v.severity == "error" for v in found.violations))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    assert not check(data).valid


def test_no_mutant_makes_it_raise_and_what_is_let_through_quickly_breaks_no_rule() -> None:
    chance = random.Random(20261122)
    quickly = 0
    for _ in range(400):
        original = etree.fromstring(chance.choice((CONTACT, KLC)))
        mutant = etree.fromstring(etree.tostring(mutate(original, chance).message), ELEMENTS_ONLY)
        valid = OWN.valid(mutant)
        by_all = [v.rule for v in message._by_rules(mutant, valid=valid, limits=STANDARD, now=NOW)]
        if GLANCE.in_order(mutant, now=NOW, limits=STANDARD):
            quickly += 1
            assert valid
            assert by_all == []
        assert [v.rule for v in check(etree.tostring(mutant)).violations] or valid
    assert quickly > 10


@pytest.mark.parametrize("path", VALID, ids=lambda p: p.stem)
@pytest.mark.parametrize(
    "change",
    [
        (">999993653<", ">999993654<"),
        ('verwerkingssoort="I"', 'verwerkingssoort="T"'),
        ('verwerkingssoort="T"', 'verwerkingssoort="I"'),
        ("2026-11-20T10:12", "2027-11-20T10:12"),
        ("20261120", "20261320"),
        (">T</StUF:mutatiesoort>", ">W</StUF:mutatiesoort>"),
    ],
    ids=str,
)
def test_what_is_plainly_in_order_is_so_by_every_rule(path: Path, change: tuple[str, str]) -> None:
    root = etree.fromstring(path.read_text(encoding="utf-8").replace(*change).encode(), ELEMENTS_ONLY)
    if GLANCE.in_order(root, now=NOW, limits=STANDARD):
        assert OWN.valid(root)
        assert list(message._by_rules(root, valid=True, limits=STANDARD, now=NOW)) == []


def _odd(root: etree._Element) -> Iterator[etree._Element]:
    """The message with every text, attribute and element changed in turn in ways that a schema may overlook."""
    blank = ("", " ", "\n  ")
    dates = ("20261320", "00010101", "2026-11-20", "2026-11-20T24:00:00", "0001-01-01T00:00:00+14:00")
    texts = (*blank, *dates, "0", "x" * 90, "|", "000000000", "123456789", "T", "W", "9999-12-31T23:59:59-14:00")
    for index, element in enumerate(root.iter()):
        given = {str(name): str(value) for name, value in element.attrib.items()}
        others = [given | {"noValue": "waardeOnbekend"}, given | {qname(XSI, "nil"): "true"}]
        others += [{n: v for n, v in given.items() if n != name} for name in given]
        others += [given | {name: soort} for name in given for soort in "TIWV"]
        for attributes in others:
            copy = deepcopy(root)
            changed = [*copy.iter()][index]
            changed.attrib.clear()
            for name, value in attributes.items():
                changed.set(name, value)
            yield copy
        for text in blank if len(element) else texts:
            copy = deepcopy(root)
            [*copy.iter()][index].text = text
            yield copy
        if index:
            copy = deepcopy(root)
            changed = [*copy.iter()][index]
            parent = changed.getparent()
            assert parent is not None
            parent.remove(changed)
            yield copy
            copy = deepcopy(root)
            changed = [*copy.iter()][index]
            changed.addnext(deepcopy(changed))
            yield copy


@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
def test_a_glance_never_sees_less_than_a_long_look(data: bytes) -> None:
    [root] = open_document(data, limits=STANDARD).messages
    root = deepcopy(root)
    assert GLANCE.in_order(root, now=NOW, limits=STANDARD)
    passed = 0
    for odd in _odd(root):
        if GLANCE.in_order(odd, now=NOW, limits=STANDARD):
            passed += 1
            assert OWN.valid(odd), etree.tostring(odd)
            assert not list(message._by_rules(odd, valid=True, limits=STANDARD, now=NOW)), etree.tostring(odd)
    assert passed > 10


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2003"])
@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
def test_a_glance_sees_that_a_number_is_white_space(data: bytes, space: str) -> None:
    [root] = open_document(data, limits=STANDARD).messages
    root = deepcopy(root)
    number = next(element for element in root.iter(etree.Element) if str(element.tag).endswith("}referentienummer"))
    number.text = space
    assert not GLANCE.in_order(root, now=NOW, limits=STANDARD)


def test_after_many_messages_a_glance_does_and_says_the_same() -> None:
    wrong = changed(KLC, (">999993653<", ">999993654<"))
    said = [(check(CONTACT).valid, check(KLC).valid, rules_of(wrong)) for _ in range(quick.ENOUGH)]
    assert said == [(True, True, ["RGBZ-NUMMER"])] * quick.ENOUGH
    assert message.GLANCE.in_order(etree.fromstring(CONTACT), now=NOW, limits=STANDARD)


@pytest.mark.parametrize(
    ("old", "new", "rule", "expected"),
    [
        ('"ZAK" verwerkingssoort="I"', '"ZAK"', "StUF-VERWERKINGSSOORT", "I, T, W"),
        ('"ZAK" verwerkingssoort="I"', '"ZAK" verwerkingssoort="X"', "XSD-ENUM", "I, T, W"),
        (' verwerkingssoort="T"', ' verwerkingssoort="X"', "XSD-ENUM", "T"),
    ],
)
def test_of_a_verwerkingssoort_only_what_fits_is_offered(old: str, new: str, rule: str, expected: str) -> None:
    [found] = check(changed(KLC, (old, new))).violations
    assert (found.rule, found.expected) == (rule, expected)
    assert found.hint is not None
    assert not re.search(r"\b[EVRSO]\b", found.hint.nl)


def test_where_the_stuurgegevens_name_another_entiteittype_those_are_to_be_mended() -> None:
    """Not the object, whose type is that of the message and so of the schema."""
    [found] = by_rules(zak(zaak()).replace(">ZAK</StUF:entiteittype>", ">EDC</StUF:entiteittype>"))
    assert (found.rule, found.value, found.expected) == ("StUF-ENTITEITTYPE", "EDC", "ZAK")
    assert found.path == "/ZKN:zakLk01/ZKN:stuurgegevens/StUF:entiteittype"
    assert found.hint is not None
    assert found.hint.nl == "Zet het entiteittype in de stuurgegevens op ZAK."


def test_a_moment_is_advised_as_a_moment_and_a_date_as_a_date() -> None:
    [moment] = by_rules(zak(zaak(TIJDVAK.format("20261131101500", OPEN))))
    [day] = by_rules(zak(zaak("<ZKN:startdatum>20261131</ZKN:startdatum>")))
    assert (moment.rule, moment.expected, day.rule, day.expected) == (
        *("StUF-DATUM", "EEJJMMDDhhmmss"),
        *("StUF-DATUM", "EEJJMMDD"),
    )
    assert moment.hint is not None
    assert "20261122101200" in moment.hint.nl
    assert "datum" not in moment.hint.nl
    assert "tijdstip" in moment.message.nl
    assert "datum" in day.message.nl


@dataclass
class Counted:
    """A schema that counts how often it is asked."""

    schema: etree.XMLSchema
    asked: int = 0

    def validate(self, element: etree._Element) -> bool:
        self.asked += 1
        return self.schema.validate(element)


@pytest.mark.parametrize(
    ("changes", "times"),
    [
        ([], 1),
        ([(">call<", ">fax<"), ("<gfo:Toelichting>", '<gfo:Toelichting soort="x">')], 1),
        ([(">call<", ">fax<"), ("<gfo:Type>", "<gfo:Soort/><gfo:Type>")], 2),
    ],
    ids=["valid", "wrong values", "wrong children"],
)
def test_a_message_is_held_against_the_schema_no_oftener_than_needed(
    changes: list[tuple[str, str]], times: int
) -> None:
    counted = Counted(OWN.schema)
    root = etree.fromstring(changed(CONTACT, *changes))
    against = replace(contract.load(), envelope=cast(etree.XMLSchema, counted))
    found = message.check_message(root, against=against, now=NOW)
    assert len([v for v in found if v.rule.startswith("XSD")]) == len(changes)
    assert counted.asked == times


def test_threads_do_not_mix_their_findings() -> None:
    alone = {path: check(path.read_bytes()) for path in INVALID}
    wrong: list[Path] = []

    def work(paths: Sequence[Path]) -> None:
        wrong.extend(path for path in paths if check(path.read_bytes()).violations != alone[path].violations)

    threads = [threading.Thread(target=work, args=(INVALID[n:] + INVALID[:n],)) for n in (0, 5, 11, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_defaults_are_those_of_the_settings() -> None:
    configured = Limits()
    names = [name for name in Limits.model_fields if hasattr(STANDARD, name)]
    assert len(names) == 8
    assert [getattr(configured, name) for name in names] == [getattr(STANDARD, name) for name in names]


REAL = {
    "ozb-030-genereerZaakIdentificatie_Di02.xml",  # not XML at all
}


def test_real_messages_break_the_rules_that_they_are_known_to_break() -> None:
    need((SHARED / "messages").is_dir(), "the real messages are not here")
    found: dict[str, set[str]] = {}
    for path in sorted((SHARED / "messages").glob("*.xml")):
        if path.name in REAL:
            continue
        opened = open_document(path.read_bytes(), limits=STANDARD)
        for root in opened.messages:
            for violation in message._by_rules(root, valid=True, limits=STANDARD, now=NOW):
                found.setdefault(violation.rule, set()).add(path.stem)
    assert found["StUF-OBJECTEN"] == {"openforms-030-zakLk01", "zaakbrug-e2e-081-zakLk01"}
    assert found["StUF022"] == {"openforms-042-npsLa01"}
    assert found["StUF-DATUM"] == {"ozb-017-edcLa01", "ozb-073-geefZaakdocumentbewerken_Du02", "ozb-077-edcLa01"}
    assert len(found["StUF-REFERENTIENUMMER"]) == 5
    assert set(found) <= {
        "StUF-NIL",
        "StUF-NOVALUE",
        "StUF-VERWERKINGSSOORT",
        "StUF-OBJECTEN",
        "StUF022",
        "StUF-DATUM",
        "StUF-REFERENTIENUMMER",
    }
