"""GFOZaken Klantcontact in: read whatever comes, place it in RGBZ, lose nothing."""

import base64
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from conftest import ROOT
from mapping.contacten import Judged, facts, judge, messages
from stuf_klantcontact import contract
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.names import DGA_UF, GFOZAKEN, KC, qname, split
from stuf_klantcontact.opvoering import Actor, Document, Medewerker, Opvoering, Partij
from stuf_klantcontact.rgbz import BetrokkeneFeiten, Informatieobject, ZaakFeiten
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import cast

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
FIXTURES = ROOT / "fixtures" / "kc" / "voegKlantcontactToe"
VALID = sorted(FIXTURES.glob("valid/*.xml"))
ALL = sorted(FIXTURES.glob("*/*.xml"))
ANYWHERE = ("", "urn:ergens", GFOZAKEN, KC, DGA_UF)


def message_of(path: Path) -> etree._Element:
    """The message in a fixture, with or without an envelope."""
    root = etree.parse(str(path)).getroot()
    found = next((e for e in root.iter(etree.Element) if split(e.tag)[1].startswith("voegKlantcontact")), None)
    return root if found is None else found


def test_fixtures_are_there() -> None:
    assert len(VALID) > 10


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_every_valid_fixture_is_understood(path: Path) -> None:
    message = message_of(path)
    opvoering = gfozaken.read(message)
    assert opvoering.datum_gezet is not None
    assert opvoering.type in ("click", "call", "face", "mail", "e-mail")
    assert opvoering.opvoerder is not None
    assert opvoering.opvoerder.get("identificatie")
    assert opvoering.toelichting or opvoering.documenten
    assert all(not document.onleesbaar for document in opvoering.documenten)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_no_fixture_is_too_broken_to_read(path: Path) -> None:
    assert isinstance(gfozaken.read(message_of(path)), Opvoering)


VALUES = (
    "",
    " ",
    "x" * 5000,
    "20260231",
    "-1",
    "9" * 400,
    "AAAA",
    "====",
    "\u0660",
    "2026-13-01T00:00:00Z",
    "é\U0001f600",
)


def mutate(message: etree._Element, random: Random) -> None:
    """One edit somewhere: drop, repeat, move, rename, empty, fill, or put elsewhere."""
    elements = [element for element in message.iter(etree.Element) if element is not message]
    if not elements:
        return
    element = random.choice(elements)
    parent = element.getparent()
    assert parent is not None
    match random.randrange(8):
        case 0:
            parent.remove(element)
        case 1:
            parent.append(deepcopy(element))
        case 2:
            parent.insert(0, element)
        case 3:
            element.tag = qname(
                random.choice(ANYWHERE), random.choice(("X", "Type", "Document", "vestiging", "Inhoud"))
            )
        case 4:
            element.tag = split(element.tag)[1]
        case 5:
            element.text = random.choice(VALUES)
        case 6:
            for child in element:
                element.remove(child)
        case _:
            element.insert(0, deepcopy(random.choice(elements)))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ALL), st.integers(0, 2**32), st.integers(1, 12))
def test_reading_never_raises_whatever_became_of_a_message(path: Path, seed: int, edits: int) -> None:
    message, random = message_of(path), Random(seed)
    for _ in range(edits):
        mutate(message, random)
    opvoering = gfozaken.read(message)
    assert isinstance(opvoering, Opvoering)
    json.dumps([opvoering.opvoerder, opvoering.contactpartij, opvoering.medewerker])


@pytest.mark.parametrize("namespace", ["", "http://denhaag.example/gfozaken/1.2"])
@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_municipality_may_have_another_namespace_or_none(path: Path, namespace: str) -> None:
    message = message_of(path)
    expected = gfozaken.read(message)
    for element in message.iter(etree.Element):
        if split(element.tag)[0] in (GFOZAKEN, DGA_UF):
            element.tag = f"{{{namespace}}}{split(element.tag)[1]}" if namespace else split(element.tag)[1]
    assert gfozaken.read(message) == expected


def test_everything_that_a_message_says_is_read() -> None:
    message = cast.contact(
        referentienummer="1",
        now=NOW,
        type="face",
        pdf=cast.PDF,
        partij="vestiging",
        onderwerp="Vergunning",
        medewerker="mdevries",
        uitkomst="Gereed",
        afspraken="Geen",
        toelichting="  Eerste regel.\n  Tweede regel. ",
    )
    assert gfozaken.read(message) == Opvoering(
        zaakidentificatie=cast.RUNNING,
        datum_gezet=NOW,
        type="face",
        toelichting="  Eerste regel.\n  Tweede regel. ",
        opvoerder=Actor(
            soort="medewerker",
            identificatie="jdevries",
            stelsel="Identificatie",
            naam="Vries",
            voorletters="J.",
            voorvoegsel="de",
        ),
        documenten=(
            Document(
                titel="Bouwtekening",
                bestandsnaam="bouwtekening.pdf",
                formaat="application/pdf",
                mediatype="application/pdf",
                inhoud=cast.PDF,
            ),
        ),
        onderwerp="Vergunning",
        contactpartij=Partij(
            soort="vestiging",
            vestigingsnummer=cast.VESTIGING,
            handelsnaam="Bakkerij Voorbeeld",
            contactpersoon={"naam": "A. el Idrissi", "functie": "bedrijfsleider"},
        ),
        medewerker=Medewerker(identificatie="mdevries", achternaam="Vries"),
        uitkomst="Gereed",
        afspraken="Geen",
    )


def documented(**fields: str) -> Document:
    """The document of a message whose one document has these children."""
    message = cast.contact(referentienummer="1", now=NOW)
    documenten = next(message.iter(qname(GFOZAKEN, "Documenten")))
    document = etree.SubElement(documenten, qname(DGA_UF, "Document"))
    for name, text in fields.items():
        etree.SubElement(document, qname(DGA_UF, name)).text = text
    (found,) = gfozaken.read(message).documenten
    return found


def test_what_is_there_but_cannot_be_read_is_told_apart_from_what_is_absent() -> None:
    found = documented(Titel="x", Inhoud="!!", Ontvangstdatum="20260231", Verzenddatum="2026-11-22")
    assert found.onleesbaar == ("Inhoud", "Ontvangstdatum")
    assert (found.inhoud, found.ontvangstdatum, found.verzenddatum) == (None, None, date(2026, 11, 22))
    assert documented(Titel="x").onleesbaar == ()


def test_a_date_of_birth_is_read_in_either_form_and_kept_when_it_is_none() -> None:
    message = cast.contact(referentienummer="1", now=NOW, partij="persoon")
    persoon = next(message.iter(qname(KC, "natuurlijkPersoon")))
    geboortedatum = etree.SubElement(persoon, qname(KC, "geboortedatum"))
    for text, expected in (("19800517", "1980-05-17"), ("1980-05-17Z", "1980-05-17"), ("19800231", "19800231")):
        geboortedatum.text = text
        assert (gfozaken.read(message).contactpartij or {}).get("geboortedatum") == expected


# -- onderwerp ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "toelichting", "zaak", "expected"),
    [
        ("Vergunning", "Iets anders.", "Dakkapel", "Vergunning"),
        ("", "Mevrouw belde. Zij vroeg iets.", "Dakkapel", "Mevrouw belde."),
        ("", "Waarom? Daarom!", "Dakkapel", "Waarom?"),
        ("", "  Eerste regel\nTweede regel.", "Dakkapel", "Eerste regel"),
        ("", "Artikel 3.14 is duidelijk. En meer.", "", "Artikel 3.14 is duidelijk."),
        ("", "x" * 80, "Dakkapel", "x" * 80),
        ("", "x" * 81, "Dakkapel", "telefoon over Dakkapel"),
        ("", "", "Dakkapel", "telefoon over Dakkapel"),
        ("", "", "", "telefoon"),
        ("", "", "woord " * 13 + "eind", "telefoon over " + " ".join(["woord"] * 11)),
    ],
)
def test_the_onderwerp_is_given_or_made_and_never_cut_inside_a_word(
    given_: str, toelichting: str, zaak: str, expected: str
) -> None:
    opvoering = Opvoering(onderwerp=given_, toelichting=toelichting)
    assert gfozaken.onderwerp(opvoering, kanaal="telefoon", zaakomschrijving=zaak) == expected


@given(st.text(max_size=60), st.integers(1, 40))
def test_cutting_gives_the_first_words_that_fit(text: str, length: int) -> None:
    head = gfozaken.cut(text, length=length)
    assert len(head) <= length
    assert text.startswith(head)
    rest = text[len(head) :]
    if rest and head and " " in text[: length + 1].strip():
        assert rest[0].isspace() or " " not in head.strip()


# -- with whom, by whom -------------------------------------------------------------------------------------------

PERSOON = Partij(soort="natuurlijkPersoon", bsn=cast.BSN, geslachtsnaam="Jansen")
MDW = Actor(soort="medewerker", identificatie="jdevries", naam="Vries", voorletters="J.", voorvoegsel="de")
OEH = Actor(soort="organisatorischeEenheid", identificatie="KCC")
NPS = Actor(soort="natuurlijkPersoon", identificatie=cast.BSN, stelsel="BSN", naam="Jansen")
INITIATOR = BetrokkeneFeiten(
    rol="Initiator",
    soort="natuurlijkPersoon",
    identificatie=cast.BSN,
    naam="Jansen",
    gegevens={"voorletters": "S.", "geboortedatum": "1980-05"},
)
VESTIGING = BetrokkeneFeiten(
    rol="Initiator", soort="vestiging", identificatie=cast.VESTIGING, naam="Bakkerij Voorbeeld"
)
BEHANDELAAR = BetrokkeneFeiten(
    rol="Uitvoerende", soort="medewerker", identificatie="jdevries", naam="Vries", gegevens={"voorletters": "J."}
)


@pytest.mark.parametrize(
    ("opvoering", "betrokkenen", "uit_zaak", "expected"),
    [
        (Opvoering(contactpartij=PERSOON, opvoerder=NPS), [VESTIGING], True, (PERSOON, "bericht")),
        (Opvoering(anoniem=True, opvoerder=MDW), [INITIATOR], True, (None, "")),
        (Opvoering(opvoerder=NPS), [VESTIGING], True, (PERSOON, "opvoerder")),
        (
            Opvoering(opvoerder=Actor(soort="vestiging", identificatie=cast.VESTIGING, naam="Bakkerij")),
            [],
            True,
            (Partij(soort="vestiging", vestigingsnummer=cast.VESTIGING, handelsnaam="Bakkerij"), "opvoerder"),
        ),
        (
            Opvoering(opvoerder=Actor(soort="nietNatuurlijkPersoon", identificatie=cast.RSIN, naam="BV")),
            [INITIATOR],
            True,
            (Partij(soort="nietNatuurlijkPersoon", handelsnaam="BV"), "opvoerder"),
        ),
        (
            Opvoering(
                opvoerder=Actor(soort="natuurlijkPersoon", identificatie="123456789", stelsel="Identificatie")
            ),
            [],
            True,
            (Partij(soort="natuurlijkPersoon", identificatie="123456789"), "opvoerder"),
        ),
        (
            Opvoering(opvoerder=Actor(soort="natuurlijkPersoon", identificatie="1" * 17, stelsel="Identificatie")),
            [],
            True,
            (Partij(soort="natuurlijkPersoon", anpIdentificatie="1" * 17), "opvoerder"),
        ),
        (
            Opvoering(opvoerder=MDW),
            [BEHANDELAAR, INITIATOR],
            True,
            (
                Partij(
                    soort="natuurlijkPersoon",
                    bsn=cast.BSN,
                    geslachtsnaam="Jansen",
                    voorletters="S.",
                    geboortedatum="1980-05",
                ),
                "initiator",
            ),
        ),
        (
            Opvoering(opvoerder=OEH),
            [VESTIGING],
            True,
            (
                Partij(soort="vestiging", vestigingsnummer=cast.VESTIGING, handelsnaam="Bakkerij Voorbeeld"),
                "initiator",
            ),
        ),
        (Opvoering(opvoerder=MDW), [INITIATOR], False, (None, "")),
        (Opvoering(opvoerder=MDW), [INITIATOR, VESTIGING], True, (None, "")),
        (Opvoering(opvoerder=MDW), [BEHANDELAAR], True, (None, "")),
        (
            Opvoering(opvoerder=MDW),
            [BetrokkeneFeiten("Belanghebbende", "natuurlijkPersoon", "1")],
            True,
            (None, ""),
        ),
        (Opvoering(opvoerder=MDW), [BetrokkeneFeiten("Initiator", "nietNatuurlijkPersoon", "1")], True, (None, "")),
        (Opvoering(opvoerder=MDW), [BetrokkeneFeiten("Initiator", "natuurlijkPersoon", "")], True, (None, "")),
        (Opvoering(), [], True, (None, "")),
    ],
)
def test_with_whom_comes_from_the_message_the_opvoerder_or_the_zaak(
    opvoering: Opvoering, betrokkenen: list[BetrokkeneFeiten], uit_zaak: bool, expected: tuple[Partij | None, str]
) -> None:
    assert gfozaken.partij(opvoering, betrokkenen=betrokkenen, uit_zaak=uit_zaak) == expected


DEVRIES = Medewerker(identificatie="jdevries", achternaam="Vries", voorletters="J.", voorvoegsel="de")
KBAKKER = Medewerker(identificatie="kbakker")


@pytest.mark.parametrize(
    ("opvoering", "uit_zaak", "expected"),
    [
        (Opvoering(opvoerder=MDW, medewerker=KBAKKER), True, DEVRIES),
        (Opvoering(opvoerder=NPS, medewerker=KBAKKER), True, KBAKKER),
        (
            Opvoering(opvoerder=NPS),
            True,
            Medewerker(identificatie="jdevries", achternaam="Vries", voorletters="J."),
        ),
        (Opvoering(opvoerder=OEH), False, None),
        (Opvoering(), False, None),
    ],
)
def test_by_whom_comes_from_the_opvoerder_the_message_or_the_zaak(
    opvoering: Opvoering, uit_zaak: bool, expected: Medewerker | None
) -> None:
    assert gfozaken.medewerker(opvoering, betrokkenen=[INITIATOR, BEHANDELAAR], uit_zaak=uit_zaak) == expected


@pytest.mark.parametrize(
    ("partij", "name"),
    [
        (None, ""),
        (PERSOON, "Jansen"),
        (
            Partij(soort="natuurlijkPersoon", bsn="1", geslachtsnaam="Vries", voorvoegsel="de", voorletters="J."),
            "J. de Vries",
        ),
        (Partij(soort="natuurlijkPersoon", bsn=cast.BSN, voorletters="S."), "Jansen"),
        (Partij(soort="natuurlijkPersoon", bsn="999990019"), ""),
        (Partij(soort="natuurlijkPersoon"), ""),
        (Partij(soort="vestiging", handelsnaam="Bakkerij"), "Bakkerij"),
        (Partij(soort="vestiging", vestigingsnummer=cast.VESTIGING), "Bakkerij Voorbeeld"),
        (Partij(soort="nietNatuurlijkPersoon", handelsnaam="woord " * 40), " ".join(["woord"] * 33)),
    ],
)
def test_the_other_side_of_a_document_has_a_name_and_never_a_number(partij: Partij | None, name: str) -> None:
    assert gfozaken.partijnaam(partij, betrokkenen=[INITIATOR, VESTIGING]) == name


# -- documents ----------------------------------------------------------------------------------------------------

GEZET = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def documents(groep: str, *, toelichting: str = "Kort.", of: tuple[Document, ...] = ()) -> list[Informatieobject]:
    return gfozaken.documenten(
        Opvoering(toelichting=toelichting, documenten=of, datum_gezet=GEZET),
        identificatie="KC202600000001",
        rsin=cast.RSIN,
        groep=groep,
        made=date(2026, 11, 22),
        partijnaam="S. Jansen",
    )


def test_a_conversation_without_documents_has_none() -> None:
    assert documents("persoonlijk") == []
    assert documents("anoniem", toelichting="x" * 1000) == []


def test_a_toelichting_that_does_not_fit_is_kept_whole_as_a_document() -> None:
    long = "Woord é. " * 200
    (found,) = documents("persoonlijk", toelichting=long)
    assert found.inhoud is not None
    assert found.inhoud.inhoud.decode() == long
    assert (found.identificatie, found.formaat, found.taal) == ("KC202600000001-T", "text/plain", "nld")
    assert found.bestandsnaam == "KC202600000001.txt"
    assert found.creatiedatum == date(2026, 11, 22)
    assert (found.ontvangstdatum, found.verzenddatum) == (None, None)


@pytest.mark.parametrize(
    ("groep", "received", "posted", "afzender", "geadresseerde"),
    [
        ("ontvangst", date(2026, 11, 21), None, "S. Jansen", ""),
        ("verzending", None, date(2026, 11, 21), "", "S. Jansen"),
    ],
)
def test_a_receipt_or_sending_without_a_document_gets_one_of_the_day_of_the_contact(
    groep: str, received: date | None, posted: date | None, afzender: str, geadresseerde: str
) -> None:
    (found,) = documents(groep)
    assert found.inhoud is not None
    assert found.inhoud.inhoud == b"Kort."
    assert (found.ontvangstdatum, found.verzenddatum) == (received, posted)
    assert (found.afzender, found.geadresseerde) == (afzender, geadresseerde)


def test_documents_keep_what_the_message_says_of_them() -> None:
    given_ = Document(
        titel="Brief",
        identificatie="D1",
        bestandsnaam="brief.pdf",
        formaat="application/pdf",
        taal="nld",
        ontvangstdatum=date(2026, 11, 1),
        verzenddatum=date(2026, 10, 30),
        inhoud=b"%PDF",
    )
    first, second = documents("ontvangst", of=(given_, Document(titel="Elders", verwijzing="https://x.example")))
    assert (first.identificatie, first.titel, first.bestandsnaam) == ("D1", "Brief", "brief.pdf")
    assert (first.ontvangstdatum, first.verzenddatum) == (date(2026, 11, 1), date(2026, 10, 30))
    assert (first.creatiedatum, first.formaat, first.taal) == (date(2026, 11, 1), "application/pdf", "nld")
    assert first.inhoud is not None
    assert len(first.inhoud.sha256) == 32
    assert (second.identificatie, second.verwijzing, second.inhoud) == (
        "KC202600000001-2",
        "https://x.example",
        None,
    )


def test_a_record_is_made_only_of_what_passed_the_schema() -> None:
    facts_: dict[str, Any] = {
        "identificatie": "KC1",
        "rsin": cast.RSIN,
        "kanaal": "telefoon",
        "groep": "persoonlijk",
        "effect": "bewaard",
        "partij": None,
        "herkomst": "",
        "medewerker": None,
        "zaakomschrijving": "",
        "zaak_id": None,
        "status_id": None,
    }
    with pytest.raises(ValueError, match="passed the schema"):
        gfozaken.klantcontact(Opvoering(opvoerder=MDW), **facts_)
    with pytest.raises(ValueError, match="passed the schema"):
        gfozaken.klantcontact(Opvoering(datum_gezet=NOW), **facts_)
    assert gfozaken.klantcontact(Opvoering(datum_gezet=NOW, opvoerder=MDW), **facts_).onderwerp == "telefoon"


# -- nothing lost -------------------------------------------------------------------------------------------------


def texts(value: object) -> Iterator[str]:
    """Every text in a record as it is stored."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif value is not None:
        yield str(value)


def stored(judged: Judged) -> set[str]:
    record = judged.record
    assert record is not None
    columns = ("type", "kanaal", "onderwerp", "toelichting", "opvoerder", "medewerker", "partij", "uitkomst")
    more = ("afspraken", "extra")
    found = {text for name in (*columns, *more) for text in texts(getattr(record, name))}
    for document in judged.documenten:
        fields = ("identificatie", "titel", "bestandsnaam", "formaat", "taal", "verwijzing")
        found |= {str(getattr(document, name)) for name in fields}
        found |= {day.isoformat() for day in (document.ontvangstdatum, document.verzenddatum) if day}
        if document.inhoud is not None:
            found |= {base64.b64encode(document.inhoud.inhoud).decode()}
            found |= (
                {document.inhoud.inhoud.decode(errors="replace")} if document.formaat == "text/plain" else set()
            )
    return found


DATES = ("Ontvangstdatum", "Verzenddatum", "geboortedatum")


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(messages(), facts())
def test_everything_that_an_accepted_message_says_is_stored(message: etree._Element, zaak: ZaakFeiten) -> None:
    judged = judge(message, zaak)
    assume(judged.record is not None)
    assert judged.record is not None
    found = stored(judged)
    for element in message.iter(etree.Element):
        local, said = split(element.tag)[1], element.text or ""
        inside = {split(ancestor.tag)[1] for ancestor in element.iterancestors(etree.Element)}
        if len(element) or "stuurgegevens" in inside or not said.strip():
            continue
        if local in DATES:
            said = said[:10] if "-" in said else f"{said[:4]}-{said[4:6]}-{said[6:8]}"
        elif local == "DatumGezet":
            assert judged.record.datum_tijd == judged.opvoering.datum_gezet
            continue
        elif local == "zaakidentificatie":
            # Of a zaak that is not known, nothing is accepted.
            assert judged.record.zaak is not None
            assert judged.record.zaak.identificatie == said
            continue
        elif local not in ("Toelichting", "uitkomst", "afspraken"):
            said = said.strip()
        assert said in found, local


# -- the answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("meldingen", [[], ["Bewaard, niet uitgewisseld."], ["een", "twee"]])
@pytest.mark.parametrize(
    "groep", ["ontvangst", "verzending", "anoniem", "persoonlijk", "zonder_medewerker", "zonder_zaak"]
)
def test_the_answer_is_as_the_schema_wants_it(groep: str, meldingen: list[str]) -> None:
    header = Header(
        "Du02",
        cast.GATEWAY,
        Systeem("0518", "MIJNZAKEN"),
        "ons-1",
        "20261122101500000",
        "MZ-1",
        functie="voegKlantcontactToe",
    )
    answer = etree.fromstring(
        gfozaken.write_du(
            header, identificatie="KC202600000001", groep=groep, effect="bewaard", meldingen=meldingen
        )
    )
    assert contract.load().violations(answer) == []
    assert [e.text for e in answer.iter(qname(KC, "melding"))] == meldingen
    assert answer.findtext(qname(KC, "groep")) == groep


def test_a_behandelaar_without_a_number_is_nobody() -> None:
    nameless = BetrokkeneFeiten("Uitvoerende", "medewerker", "", "Vries")
    known = BetrokkeneFeiten("Verantwoordelijke", "medewerker", "afbakker", "Bakker")
    assert gfozaken.medewerker(Opvoering(), betrokkenen=(nameless,), uit_zaak=True) is None
    found = gfozaken.medewerker(Opvoering(), betrokkenen=(nameless, known), uit_zaak=True)
    assert found == Medewerker(identificatie="afbakker", achternaam="Bakker")
