"""Asking for a zaak: the question is as the official sets say, and so is the answer that we read."""

import copy
from datetime import UTC, date, datetime
from typing import get_args

import pytest
from lxml import etree

from conftest import need
from mapping.zaakberichten import OFFICIAL
from stuf_klantcontact import contract, limits
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.mapping.zkn0310 import NotAnswered
from stuf_klantcontact.names import STUF0301, ZDS0120, ZKN0310, qname
from stuf_klantcontact.settings import Zaakvraag
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import cast
from stuf_klantcontact.testing.zaaksysteem import details

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
VRAGEN: tuple[Zaakvraag, ...] = get_args(Zaakvraag)
ASKING = Header(
    berichtcode="Lv01",
    zender=cast.GATEWAY,
    ontvanger=cast.ZAAKSYSTEEM,
    referentienummer="V-1",
    tijdstip_bericht="20261122101500000",
    entiteittype="ZAK",
)
ANSWERING = Header(
    berichtcode="La01",
    zender=cast.ZAAKSYSTEEM,
    ontvanger=cast.GATEWAY,
    referentienummer="A-1",
    tijdstip_bericht="20261122101501000",
    cross_refnummer="V-1",
)


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> contract.SchemaSet:
    need(OFFICIAL.is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    return contract.load_set(OFFICIAL, cache=tmp_path_factory.mktemp("sets"))


def known() -> etree._Element:
    return cast.zaak(cast.RUNNING, referentienummer="z", now=NOW)


@pytest.mark.parametrize("vraag", VRAGEN)
class TestMessages:
    def test_a_question_satisfies_the_official_set(self, vraag: Zaakvraag, official: contract.SchemaSet) -> None:
        question = zkn0310.write_question(vraag, identificatie=cast.RUNNING, header=ASKING)
        assert official.violations(question) == []
        assert official.valid(question)

    @pytest.mark.parametrize("found", [True, False])
    def test_so_does_the_answer_of_the_fake(
        self, vraag: Zaakvraag, found: bool, official: contract.SchemaSet
    ) -> None:
        answer = details(known() if found else None, vraag=vraag, header=ANSWERING)
        assert official.violations(answer) == []
        assert answer.tag == zkn0310.answer_name(vraag)

    def test_every_part_stands_in_its_own_namespace(self, vraag: Zaakvraag) -> None:
        question = zkn0310.write_question(vraag, identificatie=cast.RUNNING, header=ASKING)
        root = (
            qname(ZDS0120, "geefZaakdetails_ZakLv01") if vraag == "geefZaakdetails" else qname(ZKN0310, "zakLv01")
        )
        assert question.tag == root
        assert {etree.QName(child).namespace for child in question} == {ZKN0310}
        assert {etree.QName(e).namespace for part in question[:2] for e in part} == {STUF0301}
        assert question.findtext(f"{qname(ZKN0310, 'gelijk')}/{qname(ZKN0310, 'identificatie')}") == cast.RUNNING

    def test_what_is_answered_is_a_whole_zaak(self, vraag: Zaakvraag) -> None:
        answer = details(known(), vraag=vraag, header=ANSWERING)
        mutatie = zkn0310.read_answer(answer, vraag=vraag, identificatie=cast.RUNNING)
        assert mutatie is not None
        assert (mutatie.mutatiesoort, mutatie.bekend) == ("T", False)
        assert mutatie.velden["zaaktype"] == cast.ZAAKTYPE
        assert mutatie.velden["startdatum"] == date(2026, 9, 1)
        assert [b.rol for b in mutatie.betrokkenen] == ["Initiator", "Uitvoerende"]
        assert [s.omschrijving for s in mutatie.statussen] == ["In behandeling"]

    def test_an_answer_without_antwoord_says_that_there_is_no_such_zaak(self, vraag: Zaakvraag) -> None:
        answer = details(None, vraag=vraag, header=ANSWERING)
        assert zkn0310.read_answer(answer, vraag=vraag, identificatie=cast.RUNNING) is None

    def test_an_answer_about_another_zaak_is_none(self, vraag: Zaakvraag) -> None:
        answer = details(known(), vraag=vraag, header=ANSWERING)
        with pytest.raises(NotAnswered) as error:
            zkn0310.read_answer(answer, vraag=vraag, identificatie="0518ZAAK0000099")
        assert cast.RUNNING not in f"{error.value} {error.value.reason.nl}"

    def test_an_answer_may_relate_as_much_as_a_kennisgeving(self, vraag: Zaakvraag) -> None:
        answer = details(known(), vraag=vraag, header=ANSWERING)
        (initiator,) = answer.iter(qname(ZKN0310, "heeftAlsInitiator"))
        there = sum(1 for _ in initiator.itersiblings()) + sum(1 for _ in initiator.itersiblings(preceding=True))
        for _ in range(limits.RELATIONS - there):
            initiator.addnext(copy.deepcopy(initiator))
        assert zkn0310.read_answer(answer, vraag=vraag, identificatie=cast.RUNNING) is not None
        for _ in range(there):
            initiator.addnext(copy.deepcopy(initiator))
        with pytest.raises(NotAnswered, match=f"more than {limits.RELATIONS}"):
            zkn0310.read_answer(answer, vraag=vraag, identificatie=cast.RUNNING)

    def test_another_message_is_no_answer(self, vraag: Zaakvraag) -> None:
        with pytest.raises(NotAnswered, match="did not answer"):
            zkn0310.read_answer(known(), vraag=vraag, identificatie=cast.RUNNING)

    @pytest.mark.parametrize(
        ("moment", "rollen"), [("20261122", ["Uitvoerende"]), ("20261123", ["Initiator", "Uitvoerende"])]
    )
    def test_a_relation_that_has_ended_is_not_taken(self, moment: str, rollen: list[str], vraag: Zaakvraag) -> None:
        answer = details(known(), vraag=vraag, header=ANSWERING)
        initiator = answer.find(f".//{qname(ZKN0310, 'heeftAlsInitiator')}")
        assert initiator is not None
        tijdvak = etree.SubElement(initiator, qname(STUF0301, "tijdvakRelatie"))
        etree.SubElement(tijdvak, qname(STUF0301, "eindRelatie")).text = moment
        mutatie = zkn0310.read_answer(answer, vraag=vraag, identificatie=cast.RUNNING)
        assert mutatie is not None
        assert [b.rol for b in mutatie.betrokkenen] == rollen


def test_a_zaaksysteem_may_have_an_organisatie_of_its_own() -> None:
    header = Header(berichtcode="Lv01", zender=cast.GATEWAY, ontvanger=Systeem("0519", "ZAKEN", "test"))
    question = zkn0310.write_question("zakLv01", identificatie=cast.RUNNING, header=header)
    assert [e.text for e in question[0][2]] == ["0519", "ZAKEN", "test"]


@pytest.mark.parametrize(
    ("identificatie", "possible"),
    [
        ("0518ZAAK0000001", True),
        ("Zaak 12 é", True),
        ("12345", True),
        ("x" * 40, True),
        ("1234", False),
        ("x" * 41, False),
        ("", False),
        (" 12345", False),
        ("12345\n", False),
        ("0518/1", False),
        ("0518*1", False),
        ("0518\x001", False),
    ],
)
def test_nobody_is_asked_for_what_no_zaak_can_be_called(identificatie: str, possible: bool) -> None:
    assert zkn0310.askable(identificatie) is possible
