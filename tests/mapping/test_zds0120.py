"""Zaakdocumenten: whatever is accepted for exchange can be told to a receiver of ZDS 1.2, and nothing gets lost."""

import base64
import hashlib
import re
import zlib
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from lxml import etree

from conftest import SHARED
from contract.official import zds_schemas
from mapping.contacten import facts, judge, messages
from stuf_klantcontact import contract
from stuf_klantcontact.contract import ContractError, SchemaSet
from stuf_klantcontact.mapping import zds0120
from stuf_klantcontact.mapping.zds0120 import verslag as verslagen
from stuf_klantcontact.names import STUF0301, XMIME, ZDS0120, ZKN0310, qname
from stuf_klantcontact.rgbz import (
    Betrokkene,
    DocumentInhoud,
    Informatieobject,
    Klantcontact,
    Status,
    Zaak,
    ZaakFeiten,
)
from stuf_klantcontact.settings import Abonnee
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import cast

CONTRACT = contract.load_zaakdocumenten()
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
NUMMER = "0518DMS0000001"
NS = {"ZDS": ZDS0120, "ZKN": ZKN0310, "StUF": STUF0301}


def abonnee(**chosen: Any) -> Abonnee:
    return Abonnee(profiel="zds0120", endpoint="http://127.0.0.1/OntvangAsynchroon", **chosen)


def header(**changed: str) -> Header:
    values = {"berichtcode": "Lk01", "entiteittype": "EDC", "referentienummer": "ons-1"}
    return Header(
        zender=cast.GATEWAY,
        ontvanger=Systeem("0518", "ZAAKMAGAZIJN"),
        tijdstip_bericht="20261122101500000",
        **{**values, **changed},
    )


@cache
def official() -> tuple[SchemaSet, ...]:
    return zds_schemas() if (SHARED / "standards").is_dir() else ()


def check(message: etree._Element) -> etree._Element:
    """Valid by our contract and, where they are there, by the official sets that have such a message."""
    assert CONTRACT.violations(message) == []
    CONTRACT.check(message)
    for schemas in official():
        if message.tag in schemas.roots:
            assert schemas.violations(message) == []
    return message


def record(**changed: Any) -> Klantcontact:
    """A call of J. de Vries with S. Jansen."""
    values: dict[str, Any] = {
        "identificatie": "KC202600000001",
        "verantwoordelijke_organisatie": cast.RSIN,
        "datum_tijd": datetime(2026, 11, 22, 9, 12, tzinfo=UTC),
        "type": "call",
        "kanaal": "telefoon",
        "onderwerp": "Stand van zaken",
        "toelichting": "Mevrouw vroeg wanneer haar vergunning klaar is.",
        "uitkomst": "Zij wacht af.",
        "afspraken": "Vrijdag terugbellen.",
        "groep": "persoonlijk",
        "effect": "uitgewisseld",
        "opvoerder": {"soort": "medewerker", "identificatie": "jdevries", "naam": "Vries"},
        "medewerker": {
            "identificatie": "jdevries",
            "achternaam": "Vries",
            "voorletters": "J.",
            "voorvoegsel": "de",
        },
        "partij": {
            "soort": "natuurlijkPersoon",
            "bsn": cast.BSN,
            "geslachtsnaam": "Jansen",
            "voorletters": "S.",
        },
        "partij_herkomst": "bericht",
        "extra": {"type": "call", "uitkomst": "Zij wacht af.", "afspraken": "Vrijdag terugbellen."},
    }
    found = Klantcontact(**{**values, **changed})
    found.zaak = Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="Verbouwing")
    found.status = Status(
        volgnummer=2, omschrijving="In behandeling", datum_status_gezet=datetime(2026, 9, 1, 22, 30, tzinfo=UTC)
    )
    return found


def document(content: bytes | None = cast.PDF, **changed: Any) -> Informatieobject:
    values: dict[str, Any] = {
        "identificatie": "KC202600000001-1",
        "bronorganisatie": cast.RSIN,
        "creatiedatum": date(2026, 11, 20),
        "titel": "Bouwtekening",
        "bestandsnaam": "bouwtekening.pdf",
        "formaat": "application/pdf",
    }
    inhoud = content and DocumentInhoud(sha256=hashlib.sha256(content).digest(), inhoud=content)
    return Informatieobject(**{**values, "inhoud": inhoud or None, **changed})


def made(
    found: Klantcontact, of: Informatieobject | None = None, *, to: Abonnee | None = None, **rest: Any
) -> etree._Element:
    arguments = {"header": header(), "identificatie": NUMMER, "gemaakt": NOW, **rest}
    return check(zds0120.zaakdocument(found, of, abonnee=to or abonnee(), **arguments))


def text(message: etree._Element, path: str) -> str | None:
    return message.findtext(path, namespaces=NS)


def content(message: etree._Element, *, place: int = -1) -> bytes:
    return base64.b64decode(message.findall("ZKN:object/ZKN:inhoud", NS)[place].text, validate=True)


def extra(message: etree._Element) -> dict[str, str]:
    return {e.get("naam"): e.text for e in message.findall("ZKN:object", NS)[-1].iter("{*}extraElement")}


class TestMessage:
    def test_the_layers_are_in_their_namespaces(self) -> None:
        message = made(record())
        assert message.tag == qname(ZDS0120, "voegZaakdocumentToe_EdcLk01")
        assert [child.tag for child in message] == [
            qname(ZKN0310, local) for local in ("stuurgegevens", "parameters", "object")
        ]
        assert {etree.QName(e).namespace for e in message[0]} == {STUF0301}
        assert text(message, "ZKN:parameters/StUF:mutatiesoort") == "T"
        inhoud = message.find("ZKN:object/ZKN:inhoud", NS)
        assert dict(inhoud.attrib) == {
            qname(STUF0301, "bestandsnaam"): "contactverslag-KC202600000001.txt",
            qname(XMIME, "contentType"): "text/plain",
        }

    def test_a_verslag_of_a_conversation(self) -> None:
        message = made(record())
        found = {etree.QName(e).localname: e.text for e in message.find("ZKN:object", NS) if not len(e)}
        found.pop("inhoud")
        assert found == {
            "identificatie": NUMMER,
            "dct.omschrijving": "Contactverslag",
            "creatiedatum": "20261122",
            "ontvangstdatum": "20261122",
            "titel": "Contactverslag telefoon 22-11-2026: Stand van zaken",
            "beschrijving": "Mevrouw vroeg wanneer haar vergunning klaar is.",
            "formaat": "text/plain",
            "taal": "nld",
            "status": "definitief",
            "vertrouwelijkAanduiding": "ZAAKVERTROUWELIJK",
            "auteur": "J. de Vries",
        }
        assert extra(message) == {
            "type": "call",
            "uitkomst": "Zij wacht af.",
            "afspraken": "Vrijdag terugbellen.",
            "klantcontactidentificatie": "KC202600000001",
            "verantwoordelijkeOrganisatie": cast.RSIN,
            "datumTijd": "2026-11-22T10:12:00+01:00",
            "kanaal": "telefoon",
            "onderwerp": "Stand van zaken",
            "groep": "persoonlijk",
            "gevoerdDoor": "jdevries",
            "contactpartij": "S. Jansen",
        }

    def test_it_is_relevant_for_the_zaak_at_its_status(self) -> None:
        relation = made(record()).find("ZKN:object/ZKN:isRelevantVoor", NS)
        assert text(relation, "ZKN:gerelateerde/ZKN:identificatie") == cast.RUNNING
        assert text(relation, "ZKN:stt.volgnummer") == "2"
        assert text(relation, "ZKN:stt.omschrijving") == "In behandeling"
        # 22:30 UTC in summer is the next day here; the element is a Datum and no Tijdstip.
        assert text(relation, "ZKN:sta.datumStatusGezet") == "20260902"

    def test_without_a_status_or_with_a_strange_volgnummer_it_says_less(self) -> None:
        found = record()
        found.status = None
        assert made(found).find(".//ZKN:sta.datumStatusGezet", NS) is None
        found.status = Status(volgnummer=0, datum_status_gezet=NOW)
        message = made(found)
        assert message.find(".//ZKN:stt.volgnummer", NS) is None
        assert text(message, ".//ZKN:sta.datumStatusGezet") == "20261122"

    @pytest.mark.parametrize(
        ("groep", "richting", "received"),
        [
            ("ontvangst", "", True),
            ("verzending", "", False),
            ("persoonlijk", "", True),
            ("persoonlijk", "uitgaand", False),
        ],
    )
    def test_a_verslag_has_an_ontvangstdatum_or_a_verzenddatum(
        self, groep: str, richting: str, received: bool
    ) -> None:
        message = made(record(groep=groep, extra={"type": "call", "richting": richting}))
        assert (text(message, ".//ZKN:ontvangstdatum"), text(message, ".//ZKN:verzenddatum")) == (
            ("20261122", None) if received else (None, "20261122")
        )

    def test_who_wrote_and_who_was_written_to(self) -> None:
        ontvangen = document(ontvangstdatum=date(2026, 11, 21), afzender="S. Jansen")
        message = made(record(groep="ontvangst"), ontvangen)
        assert text(message, ".//ZKN:ontvangstdatum") == "20261121"
        assert text(message, ".//ZKN:auteur") == "S. Jansen"
        assert extra(message)["afzender"] == "S. Jansen"
        verzonden = document(verzenddatum=date(2026, 11, 21), geadresseerde="S. Jansen")
        message = made(record(groep="verzending"), verzonden)
        assert text(message, ".//ZKN:verzenddatum") == "20261121"
        assert text(message, ".//ZKN:auteur") == "J. de Vries"
        assert extra(message)["geadresseerde"] == "S. Jansen"

    def test_a_document_travels_as_it_came(self) -> None:
        message = made(record(), document(taal="eng"), to=abonnee(documenttype_document="Tekening"))
        assert content(message) == cast.PDF
        assert text(message, ".//ZKN:dct.omschrijving") == "Tekening"
        assert text(message, ".//ZKN:titel") == "Bouwtekening"
        assert text(message, ".//ZKN:creatiedatum") == "20261120"
        assert text(message, ".//ZKN:taal") == "eng"
        assert text(message, ".//ZKN:formaat") == "application/pdf"
        assert extra(message)["informatieobjectidentificatie"] == "KC202600000001-1"

    def test_a_document_without_name_or_type_gets_a_safe_one(self) -> None:
        message = made(record(), document(bestandsnaam="", formaat="", identificatie="../a b"))
        inhoud = message.find(".//ZKN:inhoud", NS)
        assert inhoud.get(qname(STUF0301, "bestandsnaam")) == ".._a_b"
        assert text(message, ".//ZKN:formaat") == "application/octet-stream"

    @pytest.mark.parametrize("length", [100, 500])
    def test_a_document_elsewhere_is_its_address(self, length: int) -> None:
        address = "https://documenten.example/".ljust(length, "x")
        message = made(record(), document(None, verwijzing=address))
        assert content(message).decode() == f"{address}\r\n"
        assert text(message, ".//ZKN:formaat") == "text/uri-list"
        assert text(message, ".//ZKN:link") == (address if length <= 200 else None)
        assert extra(message)["verwijzing"] == address

    def test_a_contact_without_zaak_is_no_zaakdocument(self) -> None:
        found = record()
        found.zaak = None
        with pytest.raises(ValueError, match="zaak"):
            zds0120.zaakdocument(found, None, header=header(), identificatie=NUMMER, abonnee=abonnee(), gemaakt=NOW)


class TestChange:
    def test_zds_gets_a_new_verslag_that_says_which_it_replaces(self) -> None:
        message = made(record(versie=2), mutatiesoort="C", vorige="0518DMS0000009")
        assert text(message, "ZKN:parameters/StUF:mutatiesoort") == "T"
        assert text(message, ".//ZKN:titel").startswith("Contactverslag (correctie) telefoon")
        assert text(message, ".//ZKN:versie") == "2"
        assert "Dit verslag vervangt het verslag in document 0518DMS0000009." in content(message).decode()
        assert (extra(message)["mutatie"], extra(message)["vorigDocument"]) == ("correctie", "0518DMS0000009")

    def test_zds_gets_a_verslag_of_a_withdrawal(self) -> None:
        message = made(record(), mutatiesoort="V", vorige="0518DMS0000009")
        assert text(message, ".//ZKN:titel").startswith("Contactverslag (ingetrokken)")
        assert "ingetrokken; het verslag in document 0518DMS0000009 geldt niet meer" in content(message).decode()
        assert extra(message)["mutatie"] == "intrekking"

    def test_zds_cannot_withdraw_a_document(self) -> None:
        with pytest.raises(ValueError, match="withdraws"):
            made(record(), document(), mutatiesoort="V")

    def test_an_edclk01_corrects_with_what_was_and_is(self) -> None:
        message = made(
            record(onderwerp="Nieuw", versie=2),
            to=abonnee(document="edcLk01"),
            mutatiesoort="C",
            oud=record(onderwerp="Oud"),
        )
        oud, huidig = message.findall("ZKN:object", NS)
        assert message.tag == qname(ZKN0310, "edcLk01")
        assert text(message, "ZKN:parameters/StUF:mutatiesoort") == "C"
        assert {o.get(qname(STUF0301, "verwerkingssoort")) for o in (oud, huidig)} == {"W"}
        assert text(oud, "ZKN:titel").endswith(": Oud")
        assert text(huidig, "ZKN:titel").endswith(": Nieuw")
        assert "Oud" in content(message, place=0).decode()
        for each in (oud, huidig):
            assert text(each, "ZKN:identificatie") == NUMMER
            relation = each.find("ZKN:isRelevantVoor", NS)
            assert relation.get(qname(STUF0301, "verwerkingssoort")) == "I"

    def test_an_edclk01_corrects_a_document(self) -> None:
        message = made(
            record(),
            document(b"nieuw"),
            to=abonnee(document="edcLk01"),
            mutatiesoort="C",
            oud=record(),
            oud_document=document(b"oud"),
        )
        assert [content(message, place=place) for place in (0, 1)] == [b"oud", b"nieuw"]

    @pytest.mark.parametrize("of", [None, document()])
    def test_an_edclk01_withdraws_by_number(self, of: Informatieobject | None) -> None:
        message = made(record(), of, to=abonnee(document="edcLk01"), mutatiesoort="V")
        (gone,) = message.findall("ZKN:object", NS)
        assert gone.get(qname(STUF0301, "verwerkingssoort")) == "V"
        assert text(gone, "ZKN:identificatie") == NUMMER
        assert gone.find("ZKN:inhoud", NS) is None


class TestVerslag:
    def test_it_reads_as_a_page_for_people(self) -> None:
        found = record()
        found.informatieobjecten = [document()]
        assert content(made(found)).decode() == (
            "Contactverslag\n"
            "==============\n"
            "\n"
            "Zaak:               0518ZAAK0000001, Verbouwing\n"
            "Datum en tijd:      zondag 22 november 2026, 10:12 uur\n"
            "Kanaal:             telefoon\n"
            "Met:                S. Jansen\n"
            "Door:               J. de Vries\n"
            "Onderwerp:          Stand van zaken\n"
            "Status van de zaak: In behandeling\n"
            "\n"
            "Toelichting\n"
            "-----------\n"
            "Mevrouw vroeg wanneer haar vergunning klaar is.\n"
            "\n"
            "Uitkomst\n"
            "--------\n"
            "Zij wacht af.\n"
            "\n"
            "Afspraken\n"
            "---------\n"
            "Vrijdag terugbellen.\n"
            "\n"
            "Documenten\n"
            "----------\n"
            "- Bouwtekening (bouwtekening.pdf)\n"
            "\n"
            "Klantcontact KC202600000001 van 999990019\n"
        )

    def test_a_vestiging_with_its_contactpersoon(self) -> None:
        partij = {
            "soort": "vestiging",
            "vestigingsnummer": cast.VESTIGING,
            "handelsnaam": "Bakkerij Voorbeeld",
            "contactpersoon": {"naam": "A. el Idrissi", "functie": "bedrijfsleider", "telefoonnummer": "06"},
            "namens": {"naam": "Voorbeeld BV"},
        }
        said = content(made(record(partij=partij, partij_herkomst="initiator"))).decode()
        assert (
            "Bakkerij Voorbeeld, vestiging 000012345678, contactpersoon A. el Idrissi (bedrijfsleider), "
            "telefoon 06, namens Voorbeeld BV, initiator van de zaak"
        ) in said

    def test_who_is_known_by_number_alone_is_called_by_the_name_that_the_zaak_knows(self) -> None:
        found = record(partij={"soort": "natuurlijkPersoon", "bsn": cast.BSN})
        assert "Met:                niet bekend" in content(made(found)).decode()
        assert found.zaak is not None
        found.zaak.betrokkenen = [
            Betrokkene(rol="Initiator", soort="natuurlijkPersoon", identificatie=cast.BSN, naam="S. Jansen")
        ]
        assert "Met:                S. Jansen" in content(made(found)).decode()

    def test_the_whole_toelichting_is_in_it(self) -> None:
        whole = "Een lang verhaal. " * 100
        made_of_it = document(
            whole.encode(),
            identificatie="KC202600000001-T",
            bestandsnaam="KC202600000001.txt",
            formaat="text/plain",
        )
        found = record(toelichting=whole[:1000])
        found.informatieobjecten = [document(), made_of_it]
        message = made(found)
        said = content(message).decode()
        assert whole in said
        assert "KC202600000001.txt" not in said, "it is not a document on its own"
        assert text(message, ".//ZKN:beschrijving") == whole[:1000].rstrip()
        assert zds0120.is_toelichting("KC202600000001-T", klantcontact="KC202600000001")
        assert not zds0120.is_toelichting("KC202600000001-1", klantcontact="KC202600000001")

    def test_no_bsn_is_in_any_of_it(self) -> None:
        actor = {"soort": "natuurlijkPersoon", "identificatie": cast.BSN, "stelsel": "BSN", "naam": "Jansen"}
        found = record(
            groep="ontvangst",
            medewerker=None,
            opvoerder=actor,
            extra={f"opvoerder.{name}": value for name, value in actor.items()},
        )
        for each in (made(found), made(found, document())):
            assert cast.BSN not in etree.tostring(each, encoding="unicode")
            assert cast.BSN.encode() not in content(each)


class TestPdf:
    def pdf(self, found: Klantcontact) -> bytes:
        message = made(found, to=abonnee(verslag="pdf"))
        assert text(message, ".//ZKN:formaat") == "application/pdf"
        inhoud = message.find(".//ZKN:inhoud", NS)
        assert inhoud.get(qname(STUF0301, "bestandsnaam")) == "contactverslag-KC202600000001.pdf"
        return content(message)

    def test_it_has_what_pdfa_2b_demands(self) -> None:
        """ISO 19005-2: what can be checked without a validator of it."""
        data = self.pdf(record())
        assert data.startswith(b"%PDF-1.7\n%")
        xmp = etree.fromstring(re.search(rb"<x:xmpmeta.*?</x:xmpmeta>", data, re.DOTALL)[0])
        pdfaid = "{http://www.aiim.org/pdfa/ns/id/}"
        assert (xmp.findtext(f".//{pdfaid}part"), xmp.findtext(f".//{pdfaid}conformance")) == ("2", "B")
        assert b"/S /GTS_PDFA1" in data, "an output intent"
        profile = re.search(rb"/DestOutputProfile (\d+) 0 R", data)[1]
        assert b"acsp" in stream(data, profile), "an ICC profile"
        assert re.search(rb"/ID \[<[0-9A-F]{32}>", data)
        for forbidden in (b"/Encrypt", b"/JavaScript", b"/JS ", b"/EmbeddedFile", b"/LZWDecode"):
            assert forbidden not in data
        assert b"/Info" not in data[data.index(b"\ntrailer\n") :], "it would have to say what the XMP says"
        fonts = re.findall(rb"/Type /FontDescriptor|/FontFile2 (\d+) 0 R", data)
        assert len(fonts) == 2, "one font, and it is embedded"
        assert stream(data, next(font for font in fonts if font))[:4] in (b"\x00\x01\x00\x00", b"true")
        assert b"/ToUnicode" in data

    def test_it_says_what_the_text_says(self) -> None:
        data = self.pdf(record())
        for words in ("Contactverslag", "Mevrouw vroeg wanneer", "Vrijdag terugbellen", "S. Jansen"):
            assert words in drawn(data)

    def test_what_the_font_lacks_is_its_code_point(self) -> None:
        said = drawn(self.pdf(record(toelichting="Ja \U0001f600\u200f\tnee e\u0301\u2028 Zoë Łódź 漢")))
        assert "Ja [U+1F600][U+200F] nee é" in said
        assert "Zoë Łódź [U+6F22]" in said

    def test_a_long_toelichting_takes_more_pages(self) -> None:
        data = self.pdf(record(toelichting=("woord " * 15 + "x" * 300 + "\n") * 60))
        assert re.search(rb"/Count [2-9]", data)


def stream(data: bytes, number: bytes) -> bytes:
    found = re.search(rb"\n%s 0 obj\n<<(.*?)>>\nstream\n(.*?)\nendstream" % number, data, re.DOTALL)
    return zlib.decompress(found[2]) if b"/FlateDecode" in found[1] else found[2]


def drawn(data: bytes) -> str:
    """The text on the pages, read back through the ToUnicode map of the font."""
    number = re.search(rb"/ToUnicode (\d+) 0 R", data)[1]
    pairs = re.findall(r"<([0-9A-F]{4})> <([0-9A-F]+)>", stream(data, number).decode(), re.IGNORECASE)
    known = {int(glyph, 16): bytes.fromhex(code).decode("utf-16-be") for glyph, code in pairs}
    lines = []
    for page in re.findall(rb"/Contents (\d+) 0 R", data):
        for shown in re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", stream(data, page), re.DOTALL):
            glyphs = re.sub(rb"\\(.)", lambda m: {b"r": b"\r", b"n": b"\n"}.get(m[1], m[1]), shown, flags=re.DOTALL)
            codes = [int.from_bytes(glyphs[at : at + 2]) for at in range(0, len(glyphs), 2)]
            lines.append("".join(known.get(code, "?") for code in codes))
    return "\n".join(lines)


def test_a_question_for_a_number_is_a_valid_di02() -> None:
    asked = header(berichtcode="Di02", entiteittype="", functie=zds0120.FUNCTIE)
    message = check(zds0120.genereer_documentidentificatie(asked))
    assert [child.tag for child in message] == [qname(ZDS0120, "stuurgegevens")]


@pytest.mark.parametrize(
    ("body", "number"),
    [
        ("<ZDS:document><ZKN:identificatie> 0518A </ZKN:identificatie></ZDS:document>", "0518A"),
        (
            "<ZDS:melding>m</ZDS:melding><ZDS:document><ZKN:identificatie>A</ZKN:identificatie></ZDS:document>",
            "A",
        ),
        ("<ZDS:document/>", ""),
        ("", ""),
        (f"<ZDS:document><ZKN:identificatie>{'x' * 41}</ZKN:identificatie></ZDS:document>", ""),
    ],
)
def test_the_number_in_an_answer(body: str, number: str) -> None:
    answer = f'<ZDS:x xmlns:ZDS="{ZDS0120}" xmlns:ZKN="{ZKN0310}">{body}</ZDS:x>'
    assert zds0120.documentidentificatie(etree.fromstring(answer)) == number


def test_a_number_of_our_own_fits_and_begins_with_the_gemeentecode() -> None:
    number = zds0120.nummer("KC202600000001", gemeentecode="0518", volgnummer=2**63 - 1)
    assert number == f"0518KC202600000001-{2**63 - 1}"
    assert len(number) <= 40


# Shrinking takes minutes, and the violation says which field it is.
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(messages(), facts())
def test_whatever_is_accepted_becomes_valid_zaakdocumenten(message: etree._Element, zaak: ZaakFeiten) -> None:
    judged = judge(message, zaak)
    if judged.refused or judged.record is None or judged.record.zaak is None:
        event("not exchanged")
        return
    found = judged.record
    event(found.groep)
    for form in ("voegZaakdocumentToe", "edcLk01"):
        for mutatiesoort in ("T", "C", "V"):
            made(found, to=abonnee(document=form), mutatiesoort=mutatiesoort)
        for each in judged.documenten:
            made(found, each, to=abonnee(document=form))
    said = verslagen.contactverslag(found).tekst
    for whole in (judged.opvoering.toelichting, found.uitkomst, found.afspraken):
        assert whole.replace("\r", "\n").strip("\n") in said or not whole.strip()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
@given(messages(), facts())
def test_whatever_is_accepted_fits_in_a_pdf(message: etree._Element, zaak: ZaakFeiten) -> None:
    judged = judge(message, zaak)
    if not judged.refused and judged.record is not None and judged.record.zaak is not None:
        assert content(made(judged.record, to=abonnee(verslag="pdf"))).startswith(b"%PDF-1.7")


def test_our_contract_refuses_what_the_official_sets_refuse() -> None:
    broken = zds0120.zaakdocument(
        record(), None, header=header(), identificatie="x" * 41, abonnee=abonnee(), gemaakt=NOW
    )
    with pytest.raises(ContractError):
        CONTRACT.check(broken)
    for schemas in zds_schemas():
        assert schemas.violations(broken)
