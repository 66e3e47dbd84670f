"""What a finding says, so that one knows what to write instead."""

from pathlib import Path

import pytest
from lxml import etree

from conftest import ROOT, need
from contract.official import STANDARDS
from contract.test_real_messages import message_of, rows
from stuf_klantcontact import contract
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import SOAP11, SOAP12, STUF0301, XSI, ZKN0310, ZKN0320, qname

KLC_LK01 = ROOT / "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml"
CALL = ROOT / "fixtures/kc/voegKlantcontactToe/valid/call-medewerker.xml"


@pytest.fixture(scope="module")
def ours() -> contract.Contract:
    return contract.load()


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> contract.SchemaSet:
    need((STANDARDS / "zds0120").is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    return contract.load_set(STANDARDS / "zds0120", cache=tmp_path_factory.mktemp("cache"))


def message(path: Path) -> etree._Element:
    return etree.parse(str(path)).getroot()


def only(found: list[Violation]) -> Violation:
    [violation] = found
    return violation


class TestAttribute:
    def test_an_absent_one_is_named_with_the_value_that_is_fixed(self, official: contract.SchemaSet) -> None:
        need(bool(rows()), "the real messages are not in ../shared/messages")
        valid = [message_of(row) for row in rows() if row["valid by Xerces"] == "yes"]
        lk01 = next(m for m in valid if m.tag == qname(ZKN0310, "zakLk01"))
        entity = next(e for e in lk01.iter(qname(ZKN0310, "heeft")) if e.get(qname(STUF0301, "entiteittype")))
        del entity.attrib[qname(STUF0301, "entiteittype")]
        found = only(official.violations(lk01))
        assert (found.rule, found.expected) == ("XSD-ATTRIBUTE", 'StUF:entiteittype="ZAKSTT"')
        assert found.hint is not None
        assert 'StUF:entiteittype="ZAKSTT"' in found.hint.nl
        assert found.value is None

    def test_an_absent_one_is_named_with_the_values_of_its_list(self, official: contract.SchemaSet) -> None:
        need(bool(rows()), "the real messages are not in ../shared/messages")
        valid = [message_of(row) for row in rows() if row["valid by Xerces"] == "yes"]
        lk01 = next(m for m in valid if m.tag == qname(ZKN0310, "zakLk01"))
        entity = next(lk01.iter(qname(ZKN0310, "object")))
        del entity.attrib[qname(STUF0301, "verwerkingssoort")]
        found = only(official.violations(lk01))
        assert found.expected is not None
        assert found.expected.startswith('StUF:verwerkingssoort="T" | "W" | ')
        assert found.hint is not None
        assert '"T" | "W"' in found.hint.en

    def test_a_reason_on_a_relation_of_stuf_0302_is_told_what_the_standard_allows(
        self, ours: contract.Contract
    ) -> None:
        lk01 = message(KLC_LK01)
        relation = next(lk01.iter(qname(ZKN0320, "isGevoerdDoor")))
        relation.set("noValue", "waardeOnbekend")
        found = only(ours.violations(lk01))
        assert found.rule == "XSD-ATTRIBUTE"
        assert found.hint is not None
        assert "leeg element met entiteittype en verwerkingssoort" in found.hint.nl

    def test_so_is_nil_on_it(self, ours: contract.Contract) -> None:
        lk01 = message(KLC_LK01)
        relation = next(lk01.iter(qname(ZKN0320, "isGevoerdDoor")))
        relation[:] = []
        relation.text = None
        relation.set(qname(XSI, "nil"), "true")
        [found] = [v for v in ours.violations(lk01) if v.rule == "XSD-NIL"]
        assert found.hint is not None
        assert "empty element with entiteittype and verwerkingssoort" in found.hint.en


class TestEnvelope:
    @pytest.mark.parametrize(
        "namespace", ["http://schemas.xmlsoap.org/soap/envelop/", "", "http://www.w3.org/2001/12"]
    )
    def test_of_a_wrong_namespace_is_told_those_of_soap(
        self, namespace: str, official: contract.SchemaSet, ours: contract.Contract
    ) -> None:
        envelope = etree.fromstring(f'<s:Envelope xmlns:s="{namespace}"/>' if namespace else "<Envelope/>")
        for held in (official, ours):
            found = held.violations(envelope)[0]
            assert found.rule == "XSD-UNKNOWN-ROOT"
            assert found.expected == f"{SOAP11}, {SOAP12}"
            assert found.hint is not None
            assert SOAP11 in found.hint.nl
            assert "gml" not in repr(found).lower()


class TestExpected:
    @pytest.mark.parametrize(
        ("path", "tag", "text", "expected"),
        [
            (CALL, "DatumGezet", "morgen", "2026-11-22T10:12:00+01:00 | 20261122101200000"),
            (KLC_LK01, "tijdstipBericht", "morgen", "xs:dateTime"),
            (KLC_LK01, "verantwoordelijkeOrganisatie", "x", "xs:integer, totalDigits 9"),
            (KLC_LK01, "verantwoordelijkeOrganisatie", "12345678901", "totalDigits 9"),
        ],
    )
    def test_it_is_in_no_language(
        self, path: Path, tag: str, text: str, expected: str, ours: contract.Contract
    ) -> None:
        changed = message(path)
        next(changed.iter(f"{{*}}{tag}")).text = text
        assert only(ours.violations(changed)).expected == expected


class TestMasking:
    @pytest.mark.parametrize(
        ("tag", "attribute", "value"),
        [
            ("berichtcode", None, "Lk99"),
            ("mutatiesoort", None, "X"),
            ("object", "verwerkingssoort", "Q"),
            ("gerelateerde", "verwerkingssoort", "Q"),
            ("object", qname(ZKN0320, "entiteittype"), "ZAAK"),
        ],
    )
    def test_what_stuf_itself_says_is_shown(
        self, tag: str, attribute: str | None, value: str, ours: contract.Contract
    ) -> None:
        changed = message(KLC_LK01)
        element = next(changed.iter(f"{{*}}{tag}"))
        if attribute is None:
            element.text = value
        else:
            element.set(attribute, value)
        assert only(ours.violations(changed)).value == value

    @pytest.mark.parametrize("value", ["999993653", "s.jansen@example.org", "0031612345678901234"])
    def test_but_not_a_persons_number_that_is_in_its_place(self, value: str, ours: contract.Contract) -> None:
        changed = message(KLC_LK01)
        next(changed.iter("{*}mutatiesoort")).text = value
        assert only(ours.violations(changed)).value == "***"

    def test_the_indicators_of_a_question_are_shown(self, official: contract.SchemaSet) -> None:
        need(bool(rows()), "the real messages are not in ../shared/messages")
        seen = set()
        for row in rows():
            for violation in official.violations(message_of(row)) if row["valid by Xerces"] == "no" else ():
                if violation.value:
                    seen.add((violation.element, violation.value))
        shown = {element for element, value in seen if value != "***"}
        assert {"StUF:indicatorVervolgvraag", "StUF:aantalVoorkomens"} <= shown

    def test_a_date_of_birth_is_not(self, ours: contract.Contract) -> None:
        changed = message(KLC_LK01.with_name("bronorganisatie-onbekend.xml"))
        born = next(next(changed.iter("{*}geboortedatum")).iter("{*}datum"))
        born.text = "1980-02-3O"
        found = only(ours.violations(changed))
        assert (found.rule, found.value) == ("XSD-TYPE", "***")
