"""klcLk01 and iobLk01: whatever is accepted for exchange can be said, and is said in the words of the standard."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from lxml import etree

from conftest import ROOT, SHARED
from contract.official import errors, klc_schema
from mapping.contacten import Judged, facts, judge, messages, zaak_feiten
from stuf_klantcontact import contract
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import BG0320, KLC, STUF0302, XSI, ZKN0320, qname
from stuf_klantcontact.rgbz import DocumentInhoud, Informatieobject, Klantcontact, Zaak, ZaakFeiten
from stuf_klantcontact.settings import Zaaktype
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import cast
from stuf_klantcontact.tijdstip import stuf0302

CONTRACT = contract.load()
GOLDEN = ROOT / "fixtures" / "golden" / "klantcontact"
NS = {"klc": KLC, "zkn": ZKN0320, "bg": BG0320, "StUF": STUF0302}
GOLDEN_POLICY = Zaaktype(klantcontacten=True, medewerkers=("*",), betrokkenen=True)
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
ZAAK = Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="Omgevingsvergunning Dorpsstraat 1")


def header(entiteittype: str) -> Header:
    return Header(
        berichtcode="Lk01",
        zender=cast.GATEWAY,
        ontvanger=Systeem("0518", "ZAAKMAGAZIJN"),
        referentienummer="ons-1",
        tijdstip_bericht=stuf0302(NOW),
        entiteittype=entiteittype,
    )


@cache
def official() -> etree.XMLSchema | None:
    return klc_schema() if (SHARED / "standards").is_dir() else None


def check(message: etree._Element) -> None:
    """Valid by our contract and, where it is there, by the official set."""
    assert CONTRACT.violations(message) == []
    CONTRACT.check(message)
    if (schema := official()) is not None:
        assert errors(schema, message) == []


def sent(judged: Judged) -> list[etree._Element]:
    """What goes out for an accepted contact, as intake orders it."""
    record = judged.record
    assert record is not None
    result = [zkn0320.iob_lk01(d, klantcontact=record, header=header("IOB")) for d in judged.documenten]
    if record.groep == "persoonlijk":
        result.append(zkn0320.klc_lk01(record, header=header("KLC")))
    return result


# Shrinking takes minutes, and the violation says which field it is.
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(messages(), facts())
def test_whatever_is_accepted_can_be_said_validly(message: etree._Element, zaak: ZaakFeiten) -> None:
    assert CONTRACT.violations(message) == []
    judged = judge(message, zaak)
    if judged.refused:
        event(f"refused {judged.refused[0]}")
        return
    assert judged.record is not None
    event(judged.record.groep)
    for outgoing in sent(judged):
        check(outgoing)


def test_the_official_set_is_asked_too() -> None:
    broken = zkn0320.klc_lk01(record(), header=header("KLC"))
    broken.find(".//zkn:kanaal", NS).text = "x" * 21
    assert errors(klc_schema(), broken)


def record(**changed: object) -> Klantcontact:
    """A contact of J. de Vries with S. Jansen."""
    values: dict[str, object] = {
        "identificatie": "KC202600000001",
        "verantwoordelijke_organisatie": cast.RSIN,
        "datum_tijd": datetime(2026, 11, 22, 9, 12, tzinfo=UTC),
        "type": "call",
        "kanaal": "telefoon",
        "onderwerp": "Stand van zaken",
        "groep": "persoonlijk",
        "effect": "uitgewisseld",
        "opvoerder": {
            "soort": "medewerker",
            "identificatie": "jdevries",
            "stelsel": "Identificatie",
            "naam": "Vries",
            "voorletters": "J.",
            "voorvoegsel": "de",
        },
        "medewerker": {
            "identificatie": "jdevries",
            "achternaam": "Vries",
            "voorletters": "J.",
            "voorvoegsel": "de",
        },
        "partij": {"soort": "natuurlijkPersoon", "bsn": cast.BSN, "geslachtsnaam": "Jansen"},
        "partij_herkomst": "bericht",
        "extra": {"type": "call"},
    }
    found = Klantcontact(**{**values, **changed})
    found.zaak = another(ZAAK)
    return found


def another(zaak: Zaak) -> Zaak:
    return Zaak(
        identificatie=zaak.identificatie, bronorganisatie=zaak.bronorganisatie, omschrijving=zaak.omschrijving
    )


def document(**changed: object) -> Informatieobject:
    values: dict[str, object] = {
        "identificatie": "D1",
        "bronorganisatie": cast.RSIN,
        "creatiedatum": date(2026, 11, 22),
        "titel": "Bouwtekening",
    }
    return Informatieobject(**{**values, **changed})


def klc(found: Klantcontact) -> etree._Element:
    message = zkn0320.klc_lk01(found, header=header("KLC"))
    check(message)
    return message


def iob(found: Informatieobject, *, of: Klantcontact | None = None) -> etree._Element:
    message = zkn0320.iob_lk01(found, klantcontact=of or record(), header=header("IOB"))
    check(message)
    return message


def text(message: etree._Element, path: str) -> str | None:
    found = message.find(path, NS)
    return None if found is None else (found.text or "")


def test_a_person_is_said_by_number_name_sex_and_date_of_birth() -> None:
    message = klc(
        record(
            partij={
                "soort": "natuurlijkPersoon",
                "bsn": cast.BSN,
                "geslachtsnaam": "Jong",
                "voorvoegsel": "de",
                "voorletters": "S.",
                "geslachtsaanduiding": "V",
                "geboortedatum": "1980-05-17",
            }
        )
    )
    person = message.find(".//zkn:heeftPlaatsgevondenMetNPS/zkn:gerelateerde", NS)
    assert person is not None
    assert text(person, "bg:inp.burgerservicenummer") == cast.BSN
    assert text(person, "bg:anp.nummerAnderNatuurlijkPersoon") == ""
    assert text(person, "bg:geslachtsaanduiding") == "Vrouw"
    assert text(person, "bg:geboorte/bg:geboortedatum/StUF:datum") == "1980-05-17"
    assert text(person, "bg:naamgebruik/bg:geslachtnaamstam") == "de Jong"
    assert text(person, "bg:naamgebruik/bg:voorletters") == "S."
    assert message.find(".//zkn:heeftPlaatsgevondenMetVES", NS) is None


@pytest.mark.parametrize(
    ("geboortedatum", "form"), [("1980-05-17", "datum"), ("1980-05", "jaarMaand"), ("1980", "jaar")]
)
def test_a_date_of_birth_is_said_as_far_as_it_is_known(geboortedatum: str, form: str) -> None:
    message = klc(record(partij={"soort": "natuurlijkPersoon", "bsn": cast.BSN, "geboortedatum": geboortedatum}))
    assert text(message, f".//bg:geboortedatum/StUF:{form}") == geboortedatum


def test_what_is_not_known_of_a_person_is_said_empty() -> None:
    message = klc(record(partij={"soort": "natuurlijkPersoon"}))
    for name in ("inp.burgerservicenummer", "anp.nummerAnderNatuurlijkPersoon", "geslachtsaanduiding"):
        assert text(message, f".//bg:{name}") == ""
    assert message.find(".//bg:naamgebruik", NS) is None
    assert len(message.find(".//bg:geboortedatum", NS)) == 0


@pytest.mark.parametrize(
    ("partij", "stam", "beside"),
    [
        ({"geslachtsnaam": "x" * 197, "voorvoegsel": "de"}, "de " + "x" * 197, {"voorvoegselInNaam": "de"}),
        ({"geslachtsnaam": "x" * 198, "voorvoegsel": "de"}, "x" * 198, {"voorvoegsel": "de"}),
        ({"voorvoegsel": "de", "voorletters": "S."}, None, {"voorvoegsel": "de"}),
        ({"identificatie": "klant 12"}, None, {"identificatie": "klant 12"}),
    ],
)
def test_what_has_no_place_in_bg0320_travels_beside(
    partij: dict[str, str], stam: str | None, beside: dict[str, str]
) -> None:
    message = klc(record(partij={"soort": "natuurlijkPersoon", **partij}))
    assert text(message, ".//bg:geslachtnaamstam") == stam
    assert text(message, ".//bg:naamgebruik/bg:voorletters") == partij.get("voorletters")
    found = message.iterfind(".//zkn:heeftPlaatsgevondenMetNPS/StUF:extraElementen/StUF:extraElement", NS)
    assert {element.get("naam"): element.text for element in found} == beside


def test_a_vestiging_is_said_with_its_contactpersoon() -> None:
    message = klc(
        record(
            partij={
                "soort": "vestiging",
                "vestigingsnummer": cast.VESTIGING,
                "handelsnaam": "Bakkerij Voorbeeld",
                "contactpersoon": {
                    "naam": "A. el Idrissi",
                    "functie": "bedrijfsleider",
                    "emailadres": "a@example.org",
                },
            }
        )
    )
    relation = message.find(".//zkn:heeftPlaatsgevondenMetVES", NS)
    assert relation is not None
    assert text(relation, "zkn:gerelateerde/bg:vestigingsnummer") == cast.VESTIGING
    assert text(relation, "zkn:gerelateerde/bg:handelsnaam") == "Bakkerij Voorbeeld"
    group = relation.find("zkn:contactpersoonKlant-contactpersoon", NS)
    assert group is not None
    assert [(etree.QName(child).localname, child.text) for child in group] == [
        ("contactpersoonEmailadres", "a@example.org"),
        ("contactpersoonFunctie", "bedrijfsleider"),
        ("contactpersoonnaam", "A. el Idrissi"),
    ]


def test_documents_are_referred_to_and_not_repeated() -> None:
    found = record()
    found.informatieobjecten.extend([document(), document(identificatie="D2")])
    message = klc(found)
    related = message.findall(".//zkn:heeftRelevant/zkn:gerelateerde", NS)
    assert [text(element, "zkn:informatieobjectidentificatie") for element in related] == ["D1", "D2"]
    assert {element.get("verwerkingssoort") for element in related} == {"I"}


def test_related_objects_must_be_known_but_persons_need_not() -> None:
    message = klc(record())
    kinds = {
        etree.QName(element.getparent()).localname: element.get("verwerkingssoort")
        for element in message.iterfind(".//zkn:gerelateerde", NS)
    }
    assert kinds == {"heeftBetrekkingOp": "I", "heeftPlaatsgevondenMetNPS": "T", "isGevoerdDoor": "I"}


def test_the_moment_has_its_offset_and_no_more_digits_than_it_needs() -> None:
    assert text(klc(record()), ".//zkn:datum-tijd/StUF:tijdstip") == "2026-11-22T10:12:00+01:00"
    split_second = datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    message = klc(record(datum_tijd=split_second))
    assert text(message, ".//zkn:datum-tijd/StUF:tijdstip") == "2026-07-01T14:00:00.250+02:00"
    message = klc(record(datum_tijd=datetime(1850, 1, 1, tzinfo=UTC)))
    assert text(message, ".//zkn:datum-tijd/StUF:tijdstip") == "1850-01-01T00:00:00+00:00"


def test_without_an_rsin_the_number_of_the_organisation_is_nil() -> None:
    message = klc(record(verantwoordelijke_organisatie=""))
    for name in ("verantwoordelijkeOrganisatie", "organisatie-identificatie"):
        element = message.find(f".//zkn:{name}", NS)
        assert element is not None
        assert element.get(qname(XSI, "nil")) == "true"


def test_what_rgbz_has_no_place_for_travels_in_extra_elementen() -> None:
    message = klc(record(extra={"uitkomst": "gereed", "afspraken": "", "type": "call"}))
    found = message.findall("klc:object/StUF:extraElementen/StUF:extraElement", NS)
    assert [(element.get("naam"), element.text) for element in found] == [("type", "call"), ("uitkomst", "gereed")]
    assert klc(record(extra={})).find(".//StUF:extraElementen", NS) is None


@pytest.mark.parametrize("missing", ["partij", "medewerker"])
def test_a_contact_that_lacks_what_rgbz_demands_is_not_rendered(missing: str) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        zkn0320.klc_lk01(record(**{missing: None}), header=header("KLC"))


def test_a_document_travels_as_base64_with_its_size_name_and_type() -> None:
    message = iob(
        document(
            bestandsnaam="bouw.tekening.pdf",
            formaat="application/pdf",
            taal="nld",
            inhoud=DocumentInhoud(sha256=b"x" * 32, inhoud=cast.PDF),
        )
    )
    assert text(message, ".//zkn:eib.bestandsomvang") == str(len(cast.PDF))
    assert text(message, ".//zkn:eib.formaat") == "application/pdf"
    assert text(message, ".//zkn:bestandsnaamEnkelvoudigInformatieobject/zkn:naam") == "bouw.tekening.pdf"
    assert text(message, ".//zkn:bestandsnaamEnkelvoudigInformatieobject/zkn:extensie") == "pdf"
    assert text(message, ".//zkn:isBekendBij/zkn:gerelateerde/zkn:zaakidentificatie") == cast.RUNNING


@pytest.mark.parametrize(
    ("name", "extension"),
    [("brief.pdf", "pdf"), ("brief.tar.gz", "gz"), ("brief", None), ("brief.", None), ("brief.muziek", None)],
)
def test_an_extension_is_said_when_it_fits(name: str, extension: str | None) -> None:
    message = iob(document(bestandsnaam=name))
    assert text(message, ".//zkn:naam") == name
    assert text(message, ".//zkn:extensie") == extension


def test_sender_and_receiver_go_with_their_dates() -> None:
    received = iob(document(ontvangstdatum=date(2026, 11, 20), afzender="S. Jansen", geadresseerde="x"))
    assert text(received, ".//zkn:ontvangstdatum/StUF:datum") == "2026-11-20"
    assert text(received, ".//zkn:afzender") == "S. Jansen"
    assert received.find(".//zkn:geadresseerde", NS) is None
    posted = iob(document(verzenddatum=date(2026, 11, 20), geadresseerde="S. Jansen", afzender="x"))
    assert text(posted, ".//zkn:verzenddatum/StUF:datum") == "2026-11-20"
    assert text(posted, ".//zkn:geadresseerde") == "S. Jansen"
    assert posted.find(".//zkn:afzender", NS) is None


@pytest.mark.parametrize("groep", ["ontvangst", "verzending"])
def test_a_document_that_goes_alone_carries_what_else_was_said(groep: str) -> None:
    of = record(groep=groep, toelichting="Bijlage bij de aanvraag.", extra={"type": "mail", "uitkomst": "gereed"})
    message = iob(document(), of=of)
    assert text(message, ".//zkn:beschrijving") == "Bijlage bij de aanvraag."
    found = message.iterfind("klc:object/StUF:extraElementen/StUF:extraElement", NS)
    assert {element.get("naam"): element.text for element in found} == {
        "type": "mail",
        "uitkomst": "gereed",
        "kanaal": "telefoon",
        "onderwerp": "Stand van zaken",
    }


def test_a_document_beside_its_contact_does_not_repeat_it() -> None:
    message = iob(document(), of=record(toelichting="Bijlage bij de aanvraag."))
    assert message.find(".//zkn:beschrijving", NS) is None
    assert message.find(".//StUF:extraElementen", NS) is None


def test_a_document_that_is_elsewhere_is_a_link() -> None:
    message = iob(document(verwijzing="https://documenten.example/1"))
    assert text(message, ".//zkn:eib.link") == "https://documenten.example/1"
    assert message.find(".//zkn:eib.inhoud", NS) is None


def golden_zaak() -> ZaakFeiten:
    return zaak_feiten(cast.zaak(cast.RUNNING, referentienummer="1", now=NOW))


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.xml")), ids=lambda path: path.stem)
def test_golden_pairs_of_a_message_and_what_the_zaakmagazijn_gets(path: Path) -> None:
    message, *expected = etree.parse(str(path), etree.XMLParser(remove_blank_text=True)).getroot()
    assert CONTRACT.violations(message) == []
    judged = judge(message, golden_zaak(), policy=GOLDEN_POLICY)
    assert judged.refused == ()
    found = sent(judged)
    assert [etree.tostring(element, method="c14n", exclusive=True) for element in found] == [
        etree.tostring(element, method="c14n", exclusive=True) for element in expected
    ]


def test_golden_pairs_are_there() -> None:
    assert len(list(GOLDEN.glob("*.xml"))) >= 6
