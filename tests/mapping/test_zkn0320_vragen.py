"""Questions about klantcontacten and zaken, and what goes into the answer."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conftest import ROOT
from mapping.test_zkn0320 import NS, check, document, header, record
from stuf_klantcontact import berichten
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import Bereik, Criterium, Scope
from stuf_klantcontact.names import KLC, STUF0302, XSI, ZKN0320, ZTC0320, qname
from stuf_klantcontact.rgbz import Klantcontact, Status, Zaak
from stuf_klantcontact.testing import cast

FIXTURES = ROOT / "fixtures" / "klc"


def fixture(code: str, name: str) -> etree._Element:
    return etree.parse(str(FIXTURES / code / "valid" / f"{name}.xml")).getroot()


def test_a_person_in_a_period() -> None:
    vraag = zkn0320.read_vraag(fixture("klcLv01", "van-een-persoon-in-een-periode"))
    assert vraag.entiteittype == "KLC"
    assert vraag.gelijk == {"bsn": Criterium(cast.BSN)}
    assert vraag.bereik == {
        "datum_tijd": Bereik(datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC))
    }
    assert (vraag.sortering, vraag.maximum_aantal, vraag.aantal, vraag.vervolgvraag) == (1, 100, True, False)
    assert vraag.scope == Scope("alles")
    assert (vraag.genegeerd, vraag.fouten) == ((), ())


def test_a_zaak_a_medewerker_and_a_kanaal() -> None:
    vraag = zkn0320.read_vraag(fixture("klcLv01", "van-een-zaak"))
    assert {veld: found.waarde for veld, found in vraag.gelijk.items()}["zaak"] == cast.RUNNING
    vraag = zkn0320.read_vraag(fixture("klcLv01", "van-een-medewerker-per-kanaal"))
    assert {"medewerker", "kanaal"} <= set(vraag.gelijk)


def test_an_open_end_is_none() -> None:
    vraag = zkn0320.read_vraag(fixture("klcLv01", "van-een-vestiging-met-open-einde"))
    bereik = vraag.bereik["datum_tijd"]
    assert (bereik.vanaf is None) != (bereik.tot_en_met is None)
    assert "vestigingsnummer" in vraag.gelijk


def test_a_follow_up_starts_after_the_last_object() -> None:
    vraag = zkn0320.read_vraag(fixture("klcLv01", "vervolgvraag"))
    assert vraag.vervolgvraag
    assert vraag.start["identificatie"] == "KC202600000001"
    assert vraag.start["datum_tijd"] == datetime(2026, 11, 20, 9, 12, tzinfo=UTC)


def test_a_question_about_all_has_no_criteria() -> None:
    vraag = zkn0320.read_vraag(fixture("klcLv01", "zonder-criteria"))
    assert (vraag.gelijk, vraag.bereik) == ({}, {})


def test_our_key_is_an_identificatie() -> None:
    vraag = zkn0320.read_vraag(fixture("klcLv01", "op-sleutel"))
    assert vraag.gelijk == {"identificatie": Criterium("KC202600000001")}
    assert vraag.fouten == ()


def test_a_zaak_is_asked_by_its_identificatie_and_organisatie() -> None:
    vraag = zkn0320.read_vraag(fixture("zakLv01", "zaak-met-contacten"))
    assert vraag.entiteittype == "ZAK"
    assert vraag.gelijk["identificatie"] == Criterium(cast.RUNNING)
    assert vraag.orde == ("identificatie",)


def vraag(selection: str = "", *, sortering: str = "0", attributes: str = "") -> zkn0320.Vraag:
    return zkn0320.read_vraag(
        etree.fromstring(
            f"<klc:klcLv01 xmlns:klc='{KLC}' xmlns:zkn='{ZKN0320}' xmlns:StUF='{STUF0302}' xmlns:xsi='{XSI}'>"
            f"<klc:parameters><StUF:sortering>{sortering}</StUF:sortering></klc:parameters>"
            f"<klc:gelijk zkn:entiteittype='KLC' {attributes}>{selection}</klc:gelijk></klc:klcLv01>"
        )
    )


@pytest.mark.parametrize(
    ("selection", "gelijk"),
    [
        ("<zkn:kanaal>Balie</zkn:kanaal>", {"kanaal": Criterium("Balie")}),
        ("<zkn:kanaal/>", {"kanaal": Criterium("")}),
        ("<zkn:kanaal noValue='vastgesteldOnbekend'/>", {"kanaal": Criterium("")}),
        ("<zkn:kanaal noValue='waardeOnbekend'/>", {}),
        ("<zkn:kanaal wildcard='begin'>foon</zkn:kanaal>", {"kanaal": Criterium("foon", "begin")}),
        (
            "<zkn:verantwoordelijkeOrganisatie>1234567</zkn:verantwoordelijkeOrganisatie>",
            {"verantwoordelijke_organisatie": Criterium("001234567")},
        ),
        (
            "<zkn:verantwoordelijkeOrganisatie xsi:nil='true'/>",
            {"verantwoordelijke_organisatie": Criterium("")},
        ),
    ],
)
def test_what_gelijk_asks(selection: str, gelijk: dict[Any, Criterium]) -> None:
    assert vraag(selection).gelijk == gelijk


def test_what_is_not_selected_by_is_named_once() -> None:
    found = vraag("<zkn:onderwerp>x</zkn:onderwerp><zkn:toelichting>y</zkn:toelichting>")
    assert found.genegeerd == ("onderwerp", "toelichting")
    assert found.gelijk == {}


def test_keys_of_the_sender_are_not_kept_and_few_orders_are_known() -> None:
    assert vraag(attributes="sleutelVerzendend='X1'").fouten == (Fout.StUF094,)
    assert vraag(sortering="99").fouten == (Fout.StUF133,)
    assert vraag(sortering="99").orde == ("identificatie",)
    assert vraag(sortering="2").orde == ("datum_tijd", "identificatie")


# --- answers ------------------------------------------------------------------------------------------------------


def contact() -> Klantcontact:
    found = record(
        toelichting="Teruggebeld.",
        bijzonderheden={
            "StUF:tijdstipRegistratie": f"<StUF:tijdstipRegistratie xmlns:StUF='{STUF0302}'/>",
            "zkn:isGevoerdDoor/StUF:tijdstipRegistratie": f"<StUF:tijdstipRegistratie xmlns:StUF='{STUF0302}'/>",
        },
    )
    found.informatieobjecten.append(document())
    return found


def answer(code: str, *objects: etree._Element, **more: Any) -> etree._Element:
    kind = "ZAK" if code.startswith("zak") else "KLC"
    message = berichten.la(
        code, header=replace(header(kind), berichtcode="La01", cross_refnummer="1"), objects=objects, **more
    )
    check(message)
    return message


def locals_(element: etree._Element) -> list[str]:
    return [etree.QName(child).localname for child in element]


WHOLE = [
    *("identificatie", "verantwoordelijkeOrganisatie", "datum-tijd", "kanaal", "onderwerp", "toelichting"),
    *("extraElementen", "heeftBetrekkingOp", "heeftPlaatsgevondenMetNPS", "heeftRelevant", "isGevoerdDoor"),
]


@pytest.mark.parametrize(
    ("preset", "own", "person"),
    [
        ("", WHOLE, 5),
        ("alles", [*WHOLE[:6], "tijdstipRegistratie", *WHOLE[6:]], 5),
        ("allesMaarMatchgegevensGerelateerden", [*WHOLE[:6], "tijdstipRegistratie", *WHOLE[6:]], 5),
        ("matchgegevens", WHOLE[:2], 0),
    ],
)
def test_a_preset_says_how_much(preset: str, own: list[str], person: int) -> None:
    pruned = zkn0320.prune(zkn0320.klc(contact()), scope=Scope(preset))
    answer("klcLa01", pruned)
    assert locals_(pruned) == own
    assert pruned.get("sleutelVerzendend") == "KC202600000001"
    assert not pruned.xpath(".//@verwerkingssoort")
    found = pruned.find("zkn:heeftPlaatsgevondenMetNPS/zkn:gerelateerde", NS)
    assert (0 if found is None else len(found)) == person


def test_of_related_objects_only_what_identifies_them() -> None:
    found = contact()
    found.bijzonderheden = {
        "zkn:heeftPlaatsgevondenMetNPS/zkn:gerelateerde/bg:emailadres": "<bg:emailadres xmlns:bg='"
        f"{NS['bg']}'>s.jansen@example.org</bg:emailadres>"
    }
    whole = zkn0320.klc(found)
    assert whole.find(".//bg:emailadres", NS) is not None
    pruned = zkn0320.prune(whole, scope=Scope("allesMaarMatchgegevensGerelateerden"))
    assert pruned.find(".//bg:emailadres", NS) is None
    assert whole.find(".//bg:emailadres", NS) is not None


def test_asked_elements_are_answered_and_one_without_a_value_says_so() -> None:
    scope = Scope(
        object=etree.fromstring(
            f"<klc:object xmlns:klc='{KLC}' xmlns:zkn='{ZKN0320}' xmlns:StUF='{STUF0302}' zkn:entiteittype='KLC'>"
            "<zkn:identificatie/><zkn:kanaal/><zkn:toelichting/><StUF:tijdstipRegistratie/>"
            "<zkn:heeftBetrekkingOp zkn:entiteittype='KLCZAK'><zkn:gerelateerde zkn:entiteittype='ZAK'>"
            "<zkn:zaakidentificatie/></zkn:gerelateerde></zkn:heeftBetrekkingOp>"
            "<zkn:isGevoerdDoor zkn:entiteittype='KLCMDW'><zkn:gerelateerde zkn:entiteittype='MDW'/>"
            "</zkn:isGevoerdDoor></klc:object>"
        )
    )
    found = contact()
    found.toelichting = ""
    pruned = zkn0320.prune(zkn0320.klc(found), scope=scope)
    answer("klcLa01", pruned)
    assert locals_(pruned) == [
        *("identificatie", "kanaal", "toelichting", "tijdstipRegistratie", "heeftBetrekkingOp", "isGevoerdDoor")
    ]
    toelichting = pruned.find("zkn:toelichting", NS)
    assert toelichting is not None
    assert toelichting.get("noValue") == "waardeOnbekend"
    related = pruned.find("zkn:heeftBetrekkingOp/zkn:gerelateerde", NS)
    assert related is not None
    assert locals_(related) == ["zaakidentificatie"]
    related = pruned.find("zkn:isGevoerdDoor/zkn:gerelateerde", NS)
    assert related is not None
    assert len(related) == 5


def test_nothing_found_is_no_antwoord() -> None:
    message = answer("klcLa01", aantal=0)
    assert locals_(message) == ["stuurgegevens", "parameters"]
    assert message.findtext("klc:parameters/StUF:aantalVoorkomens", namespaces=NS) == "0"
    message = answer("klcLa01", zkn0320.klc(contact()), vervolgvraag=True, meldingen=["StUF0001: onderwerp"])
    assert locals_(message) == ["stuurgegevens", "parameters", "melding", "antwoord"]
    assert message.findtext("klc:parameters/StUF:indicatorVervolgvraag", namespaces=NS) == "true"


def zaak() -> Zaak:
    found = Zaak(
        identificatie=cast.RUNNING,
        bronorganisatie=cast.RSIN,
        omschrijving="Vergunning",
        zaaktype="B1026",
        zaaktype_omschrijving="Omgevingsvergunning",
        startdatum=date(2026, 11, 1),
    )
    moments = (
        datetime(2026, 11, 2, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 11, 3, tzinfo=UTC),
    )
    for number, moment in enumerate(moments, start=1):
        found.statussen.append(
            Status(
                volgnummer=number, omschrijving=f"Stap {number}", datum_status_gezet=moment, vervallen=number == 3
            )
        )
    return found


def test_a_zaak_is_answered_with_its_statussen_and_contacts() -> None:
    element = zkn0320.zak(zaak(), klantcontacten=[contact(), record()])
    answer("zakLa01", element)
    numbers = element.findall(f"zkn:heeft/zkn:gerelateerde/{qname(ZTC0320, 'volgnummer')}", NS)
    assert [number.text for number in numbers] == ["0002", "0001"]
    contacts = element.findall("zkn:heeftContact/zkn:gerelateerde", NS)
    assert [found.get("sleutelVerzendend") for found in contacts] == ["KC202600000001"] * 2
    pruned = zkn0320.prune(element, scope=Scope("allesMaarMatchgegevensGerelateerden"))
    answer("zakLa01", pruned)
    found = pruned.find("zkn:heeftContact/zkn:gerelateerde", NS)
    assert found is not None
    assert locals_(found) == ["identificatie", "verantwoordelijkeOrganisatie"]


@pytest.mark.parametrize("code", ["klcLv01", "zakLv01"])
def test_every_valid_question_is_understood_whole(code: str) -> None:
    paths: list[Path] = sorted((FIXTURES / code / "valid").glob("*.xml"))
    assert paths
    for path in paths:
        found = zkn0320.read_vraag(etree.parse(str(path)).getroot())
        assert (found.genegeerd, found.fouten) == ((), ()), path.stem


def test_a_synchronous_kennisgeving_has_no_indicator() -> None:
    message = zkn0320.klc_lk01(record(), header=replace(header("KLC"), berichtcode="Lk02"))
    check(message)
    assert etree.QName(message).localname == "klcLk02"
    assert message.find("klc:parameters/StUF:indicatorOvername", NS) is None
