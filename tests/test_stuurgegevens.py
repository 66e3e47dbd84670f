"""The header: read leniently, answered with the roles exchanged, written in the order of the standard."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from stuf_klantcontact import contract, stuurgegevens
from stuf_klantcontact.berichten import bv03, bv03_0302
from stuf_klantcontact.names import KC, STUF0301, STUF0302, qname, split
from stuf_klantcontact.stuurgegevens import Header, Systeem

CONTRACT = contract.load()
FULL = Header(
    berichtcode="Di02",
    zender=Systeem("0518", "MIJNZAKEN", "productie", "jdevries"),
    ontvanger=Systeem("0518", "KLANTCONTACT"),
    referentienummer="MZ-1",
    tijdstip_bericht="20261122101500000",
    cross_refnummer="X-1",
    entiteittype="ZAK",
    functie="voegKlantcontactToe",
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp")), max_size=12)
SYSTEMS = st.builds(Systeem, WORDS, WORDS.filter(bool), WORDS, WORDS)
HEADERS = st.builds(
    Header,
    berichtcode=st.sampled_from(("Di01", "Di02", "Lk01", "Fo03", "Bv03")),
    zender=SYSTEMS,
    ontvanger=SYSTEMS,
    referentienummer=WORDS,
    tijdstip_bericht=WORDS,
    cross_refnummer=WORDS,
    entiteittype=WORDS,
    functie=WORDS,
)


def written(header: Header, *, namespace: str = STUF0301) -> etree._Element:
    message = etree.Element(qname(KC, "message"))
    message.append(stuurgegevens.write(header, tag=qname(KC, "stuurgegevens"), namespace=namespace))
    return message


@settings(max_examples=50)
@given(HEADERS)
def test_what_is_written_on_03_01_reads_back(header: Header) -> None:
    assert stuurgegevens.read(written(header)) == header


@settings(max_examples=50)
@given(HEADERS.filter(lambda header: header.berichtcode != "Bv03"))
def test_what_is_written_on_03_02_reads_back(header: Header) -> None:
    assert stuurgegevens.read(written(header, namespace=STUF0302)) == header


def test_the_order_is_that_of_the_standard() -> None:
    element = stuurgegevens.write(FULL, tag=qname(KC, "stuurgegevens"), namespace=STUF0301)
    assert [split(child.tag)[1] for child in element] == [
        "berichtcode",
        "zender",
        "ontvanger",
        "referentienummer",
        "tijdstipBericht",
        "crossRefnummer",
        "entiteittype",
        "functie",
    ]
    assert [split(child.tag)[1] for child in element[1]] == [
        "organisatie",
        "applicatie",
        "administratie",
        "gebruiker",
    ]


def test_03_02_names_sectormodel_and_version_of_the_entiteittype() -> None:
    kind = written(FULL, namespace=STUF0302).find(f".//{qname(STUF0302, 'entiteittype')}")
    assert kind is not None
    assert [(split(child.tag)[1], child.text) for child in kind] == [
        ("sectormodel", "zkn"),
        ("versie", "0320"),
        ("type", "ZAK"),
    ]


@pytest.mark.parametrize("code", ["Bv02", "Fo02"])
@pytest.mark.parametrize("namespace", [STUF0301, STUF0302])
def test_synchronous_confirmations_and_faults_carry_a_berichtcode_only(code: str, namespace: str) -> None:
    message = written(Header(berichtcode=code, zender=FULL.zender, referentienummer="1"), namespace=namespace)
    assert stuurgegevens.read(message) == Header(berichtcode=code)


@pytest.mark.parametrize("code", ["Bv01", "Bv03", "Bv04", "Fo01", "Fo03"])
def test_asynchronous_answers_have_a_cross_refnummer_even_when_there_is_none(code: str) -> None:
    message = written(Header(berichtcode=code))
    assert message.find(f".//{qname(STUF0301, 'crossRefnummer')}") is not None


def test_an_answer_goes_back_to_the_sender_and_points_to_its_message() -> None:
    answer = stuurgegevens.answer(
        FULL, berichtcode="Bv03", referentienummer="ons-1", tijdstip_bericht="20261122101501000"
    )
    assert answer == Header(
        berichtcode="Bv03",
        zender=Systeem("0518", "KLANTCONTACT"),
        ontvanger=FULL.zender,
        referentienummer="ons-1",
        tijdstip_bericht="20261122101501000",
        cross_refnummer="MZ-1",
    )


def test_confirmations_are_as_the_schemas_want_them() -> None:
    answer = stuurgegevens.answer(FULL, berichtcode="Bv03", referentienummer="1", tijdstip_bericht="20261122")
    CONTRACT.check(bv03(answer))
    for intermediair in (True, False):
        element = bv03_0302(intermediair=intermediair)
        CONTRACT.check(element)
        assert element.findtext(qname(STUF0302, "intermediair")) == ("J" if intermediair else "N")


@pytest.mark.parametrize(
    "xml",
    [
        "<m/>",
        "<m>text</m>",
        "<m><stuurgegevens/></m>",
        "<m><!-- x --><?pi x?><stuurgegevens><zender/><entiteittype><a/></entiteittype></stuurgegevens></m>",
        "<m><s><stuurgegevens><berichtcode>Di02</berichtcode></stuurgegevens></s></m>",
    ],
)
def test_what_is_absent_reads_as_nothing(xml: str) -> None:
    assert stuurgegevens.read(etree.fromstring(xml)) == Header()


def test_the_header_is_found_in_whatever_namespace_it_stands() -> None:
    message = etree.fromstring(
        "<m xmlns='urn:a'><stuurgegevens xmlns='urn:b'><zender xmlns='urn:c'><applicatie> ABC"
        "</applicatie></zender><referentienummer>\n1\n</referentienummer></stuurgegevens></m>"
    )
    header = stuurgegevens.read(message)
    assert (header.zender.applicatie, header.referentienummer) == ("ABC", "1")


def test_a_system_is_known_by_organisatie_applicatie_and_administratie() -> None:
    assert Systeem("a", "b", "c", "d").sleutel == Systeem("a", "b", "c", "e").sleutel
    others = {Systeem("a", "b", "x"), Systeem("a", "x", "c"), Systeem("x", "b", "c")}
    assert Systeem("a", "b", "c").sleutel not in {other.sleutel for other in others}


def test_a_header_has_the_eight_fields_of_the_standard() -> None:
    assert len(fields(Header)) == 8
