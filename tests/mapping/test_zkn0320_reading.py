"""klcLk01 and iobLk01 in: what we say is understood as it was meant, and what others say is not lost."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lxml import etree

from conftest import ROOT
from mapping.contacten import an, facts, fill, judge, messages, parties
from mapping.test_gfozaken import mutate
from mapping.test_zkn0320 import CONTRACT, NS, check, document, header, record, text
from stuf_klantcontact import berichten
from stuf_klantcontact.mapping import gfozaken, zkn0320
from stuf_klantcontact.mapping.zkn0320 import bijzonderheden, elements, reading
from stuf_klantcontact.names import BG0320, KC, KLC, STUF0302, XSI, ZKN0320, qname
from stuf_klantcontact.rgbz import DocumentInhoud, Klantcontact, Zaak, ZaakFeiten
from stuf_klantcontact.settings import KANAAL_BIJ_TYPE
from stuf_klantcontact.testing import cast
from stuf_klantcontact.validation import bericht, kennisgeving

TYPES = {kanaal: kind for kind, kanaal in KANAAL_BIJ_TYPE.items()}
KLC_FIXTURES = sorted((ROOT / "fixtures" / "klc").glob("klc[LS]a[0-9][0-9]/valid/*.xml")) + sorted(
    (ROOT / "fixtures" / "klc").glob("klcLk*/valid/*.xml")
)
IOB_FIXTURES = sorted((ROOT / "fixtures" / "klc").glob("iobLk0*/valid/*.xml"))
COLUMNS = (
    *("identificatie", "verantwoordelijke_organisatie", "datum_tijd", "type", "kanaal", "onderwerp", "toelichting"),
    *("groep", "effect", "opvoerder", "medewerker", "partij", "partij_herkomst", "uitkomst", "afspraken", "extra"),
    "bijzonderheden",
)


def columns(found: Klantcontact) -> dict[str, Any]:
    return {name: getattr(found, name) for name in COLUMNS}


def c14n(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def through(element: etree._Element) -> etree._Element:
    """As it arrives: through bytes."""
    return etree.fromstring(etree.tostring(element))


def again(element: etree._Element) -> Klantcontact:
    huidig = zkn0320.read(through(element)).huidig
    assert huidig is not None
    return zkn0320.klantcontact(huidig, types=TYPES)


@profile(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(messages(), facts())
def test_a_contact_that_is_accepted_reads_back_as_the_same_record(
    message: etree._Element, zaak: ZaakFeiten
) -> None:
    judged = judge(message, zaak)
    if judged.record is None:
        event("refused")
        return
    found = judged.record
    event(found.groep)
    whole = found.groep == "persoonlijk"
    if whole:
        sent = zkn0320.klc_lk01(found, header=header("KLC"))
        assert columns(again(sent)) == columns(found)
    # A contact of any group goes into an answer and into an export.
    answer = through(zkn0320.klc(found))
    read = reading.klantcontact(answer)
    assert columns(zkn0320.klantcontact(read, types=TYPES)) == columns(found)
    assert c14n(elements.klc(replace(read, verwerkingssoort=""))) == c14n(answer)
    opvoering = zkn0320.opvoering(read, types=TYPES)
    assert opvoering.zaakidentificatie == (found.zaak.identificatie if found.zaak else "")
    assert opvoering.contactpartij == found.partij
    assert opvoering.opvoerder == found.opvoerder
    assert opvoering.richting == judged.opvoering.richting


def klc_objects(path: Path) -> list[etree._Element]:
    return list(etree.parse(str(path)).getroot().iter("{*}object"))


def without_keys(element: etree._Element) -> etree._Element:
    """Keys between two systems are kept, and not told to a third; numbers inside one message are its own."""
    found = deepcopy(element)
    for entity in found.iter(etree.Element):
        for name in ("sleutelVerzendend", "sleutelOntvangend", "sleutelSynchronisatie"):
            entity.attrib.pop(name, "")
    return found


def flat(element: etree._Element) -> list[tuple[str, dict[str, str], str]]:
    """An element without the white space between its elements, its extraElementen in the order of their names."""
    for group in element.iter(qname(STUF0302, "extraElementen")):
        group[:] = sorted(group, key=lambda item: str(item.get("naam")))
    return [
        (item.tag, dict(item.attrib), (item.text or "") if not len(item) else "")
        for item in element.iter(etree.Element)
    ]


@pytest.mark.parametrize("path", KLC_FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_klantcontact_that_is_read_is_written_as_it_was(path: Path) -> None:
    for element in klc_objects(path):
        gegevens = reading.klantcontact(element)
        assert flat(without_keys(elements.klc(gegevens, tag=element.tag))) == flat(without_keys(element))


@pytest.mark.parametrize("path", IOB_FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_document_that_is_read_is_written_as_it_was(path: Path) -> None:
    for element in klc_objects(path):
        assert flat(without_keys(elements.iob(reading.informatieobject(element)))) == flat(without_keys(element))


# --- beyond our fields --------------------------------------------------------------------------------------------

REASONS = ("nietOndersteund", "nietGeautoriseerd", "waardeBestaat", "waardeOnbekend", "vastgesteldOnbekend")
REGISTRATIE = f"<StUF:tijdstipRegistratie xmlns:StUF='{STUF0302}'>{{}}</StUF:tijdstipRegistratie>"
TIJDSTIPPEN = (
    REGISTRATIE.format("<StUF:tijdstip>2026-11-22T10:15:00.250+01:00</StUF:tijdstip>"),
    REGISTRATIE.format("").replace(">", " noValue='waardeOnbekend'>", 1),
)
AANVULLEND = (
    f"<StUF:aanvullendeElementen xmlns:StUF='{STUF0302}'><k:klant xmlns:k='urn:klant' k:soort='a&amp;b'> één "
    "<k:leeg/></k:klant></StUF:aanvullendeElementen>",
    f"<StUF:aanvullendeElementen xmlns:StUF='{STUF0302}'><bron xmlns='urn:bron' xmlns:t='urn:typen' "
    "soort='t:Bron'>1</bron></StUF:aanvullendeElementen>",
)
TIJDVAK = (
    f"<StUF:tijdvakGeldigheid xmlns:StUF='{STUF0302}'>"
    "<StUF:beginGeldigheid><StUF:jaarMaand>2026-11</StUF:jaarMaand></StUF:beginGeldigheid>"
    "<StUF:eindGeldigheid noValue='waardeOnbekend'/></StUF:tijdvakGeldigheid>"
)
Draw = Any


def put(parent: etree._Element, xml: str) -> None:
    bijzonderheden.insert(parent, etree.fromstring(xml))


def leave_out(parent: etree._Element, local: str, draw: Draw) -> None:
    """Take the value of an element away: say why, or only that there is none."""
    element = parent.find(f"{{*}}{local}")
    if element is None:
        namespace = BG0320 if parent.find(f"{{{BG0320}}}*") is not None else ZKN0320
        bijzonderheden.insert(parent, element := etree.Element(qname(namespace, local), nsmap=bijzonderheden.NSMAP))
    element[:] = []
    element.text = None
    if reason := draw(st.sampled_from((None, *REASONS))):
        element.set("noValue", reason)


@st.composite
def objects(draw: Draw) -> etree._Element:
    """A klantcontact as another system might say it, with whatever the standard has beyond our fields."""
    person = {
        "soort": "natuurlijkPersoon",
        "bsn": cast.BSN,
        "geslachtsnaam": "Jansen",
        "geboortedatum": draw(st.sampled_from(("1980-05-17", "1980-05", "1980"))),
    }
    company = {
        "soort": "vestiging",
        "vestigingsnummer": cast.VESTIGING,
        "handelsnaam": "Bakkerij",
        "contactpersoon": {},
    }
    company["contactpersoon"] = {"naam": "A. el Idrissi", "functie": "bedrijfsleider"}
    found = record(partij=draw(st.sampled_from((person, company))), toelichting=draw(st.sampled_from(("", "Ja"))))
    found.informatieobjecten.extend(
        document(identificatie=name) for name in draw(st.sampled_from((("D1",), ("a/[b]@", "2"), ())))
    )
    element = zkn0320.klc_lk01(found, header=header("KLC")).find("klc:object", NS)
    assert element is not None
    for local in draw(st.lists(st.sampled_from(("kanaal", "toelichting", "onderwerp")), unique=True)):
        leave_out(element, local, draw)
    relations = [child for child in element if child.find("zkn:gerelateerde", NS) is not None]
    for parent in draw(st.lists(st.sampled_from((element, *relations)), unique=True)):
        put(parent, draw(st.sampled_from(TIJDSTIPPEN)))
    for parent in draw(st.lists(st.sampled_from((element, *relations)), unique=True)):
        put(parent, draw(st.sampled_from(AANVULLEND)))
    for parent in draw(st.lists(st.sampled_from((element, *relations)), unique=True)):
        parent.set("sleutelGegevensbeheer", "G1")
    if draw(st.booleans()):
        put(element, TIJDVAK)
    more = draw(st.sampled_from(((), ("noValue",), ("leeg", "noValue"), ("type",))))
    if more:
        group = element.find("StUF:extraElementen", NS)
        assert group is not None
        for naam in more:
            item = etree.SubElement(group, qname(STUF0302, "extraElement"), naam=naam)
            if naam == "noValue":
                item.set("noValue", draw(st.sampled_from(REASONS)))
            if naam == "type":
                item.text = "nog een"
        group[:] = sorted(group, key=lambda item: str(item.get("naam")))
    related = element.find("*/zkn:gerelateerde[@bg:entiteittype]", NS)
    assert related is not None
    names = (
        ("emailadres", "telefoonnummer", "geslachtsaanduiding", "inp.burgerservicenummer")
        if "NPS" in related.attrib.values()
        else ("verkorteNaam", "handelsnaam", "fax-nummer")
    )
    for local in draw(st.lists(st.sampled_from(names), unique=True)):
        if draw(st.booleans()):
            leave_out(related, local, draw)
        elif related.find(f"{{*}}{local}") is None:
            put(related, f"<bg:{local} xmlns:bg='{BG0320}'>x &amp; y</bg:{local}>")
    if (name := related.find("bg:naamgebruik", NS)) is not None and draw(st.booleans()):
        put(name, f"<bg:voornamen xmlns:bg='{BG0320}'>Sanne</bg:voornamen>")
        put(related, f"<bg:academischeTitel xmlns:bg='{BG0320}'>drs</bg:academischeTitel>")
        put(related, f"<bg:academischeTitel xmlns:bg='{BG0320}'>ir</bg:academischeTitel>")
    if related.find("bg:handelsnaam", NS) is not None and draw(st.booleans()):
        for number in range(2, 12):
            put(related, f"<bg:handelsnaam xmlns:bg='{BG0320}'>Handelsnaam {number}</bg:handelsnaam>")
    if (geboren := related.find("*/bg:geboortedatum", NS)) is not None and draw(st.booleans()):
        leave_out(related.find("bg:geboorte", NS), "geboortedatum", draw)
        assert geboren is not None
    if draw(st.booleans()):
        number_ = element.find("zkn:verantwoordelijkeOrganisatie", NS)
        assert number_ is not None
        number_.text = None
        number_.set(qname(XSI, "nil"), "true")
        number_.set("noValue", "waardeOnbekend")
    return element


def stored(gegevens: zkn0320.KlantcontactGegevens) -> Klantcontact:
    """The record of it, with what intake attaches: its zaak and its documents. As it comes out of the database."""
    found = zkn0320.klantcontact(gegevens, types=TYPES)
    verwijzing = gegevens.zaak.gerelateerde if gegevens.zaak else None
    if verwijzing is not None:
        found.zaak = Zaak(
            identificatie=verwijzing.identificatie,
            bronorganisatie=verwijzing.bronorganisatie,
            omschrijving=verwijzing.omschrijving,
        )
    for relatie in gegevens.documenten:
        if relatie.gerelateerde is not None:
            number = relatie.gerelateerde
            found.informatieobjecten.append(
                document(identificatie=number.identificatie, bronorganisatie=number.bronorganisatie)
            )
    found.bijzonderheden = json.loads(json.dumps(found.bijzonderheden, sort_keys=True))
    return found


@profile(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(objects())
def test_what_has_no_field_is_stored_and_said_again(element: etree._Element) -> None:
    message = berichten.lk("klcLk01", header=header("KLC"), mutatiesoort="T", objects=[element])
    check(message)
    huidig = zkn0320.read(through(message)).huidig
    assert huidig is not None
    for name in huidig.bijzonderheden:
        event(name)
    assert c14n(zkn0320.klc_lk01(stored(huidig), header=header("KLC"))) == c14n(message)


def test_a_reason_for_no_value_goes_when_there_is_a_value() -> None:
    sent = zkn0320.klc_lk01(record(), header=header("KLC"))
    put(sent.find("klc:object", NS), f"<zkn:toelichting xmlns:zkn='{ZKN0320}' noValue='waardeOnbekend'/>")
    found = again(sent)
    found.zaak = record().zaak
    assert zkn0320.klc(found).find("zkn:toelichting", NS).get("noValue") == "waardeOnbekend"
    found.toelichting = "Teruggebeld."
    toelichting = zkn0320.klc(found).find("zkn:toelichting", NS)
    assert (toelichting.text, dict(toelichting.attrib)) == ("Teruggebeld.", {})


# --- changes ------------------------------------------------------------------------------------------------------


@st.composite
def contacts(draw: Draw) -> Klantcontact:
    """A personal contact about one of two zaken, as the mapping makes it of a message that was accepted."""
    opvoerder = draw(
        st.sampled_from(
            (
                {"soort": "medewerker", "identificatie": "jdevries", "stelsel": "Identificatie", "naam": "Vries"},
                {"soort": "medewerker", "identificatie": "afbakker", "stelsel": "Identificatie"},
                {
                    "soort": "organisatorischeEenheid",
                    "identificatie": "KCC",
                    "stelsel": "Identificatie",
                    "naam": "Balie",
                },
                {"soort": "natuurlijkPersoon", "identificatie": cast.BSN, "stelsel": "BSN", "naam": "Jansen"},
            )
        )
    )
    kind, fields = draw(parties().filter(lambda party: party[0] != "anoniem"))
    message = etree.Element("message")
    fill(message, KC, [("contactpartij", [(kind, fields)])])
    said = replace(
        gfozaken.read(message),
        zaakidentificatie=draw(st.sampled_from((cast.RUNNING, "0518ZAAK0000009"))),
        datum_gezet=draw(st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 22), timezones=st.just(UTC))),
        type=draw(st.sampled_from(tuple(KANAAL_BIJ_TYPE))),
        toelichting=draw(st.just("") | an(100)),
        onderwerp=draw(an(80)),
        opvoerder=opvoerder,
        medewerker=draw(
            st.sampled_from(({"identificatie": "jdevries", "voorletters": "J."}, {"identificatie": "2"}))
        ),
        richting=draw(st.sampled_from(("", "inkomend", "uitgaand"))),
        uitkomst=draw(st.just("") | an(30)),
        afspraken=draw(st.just("") | an(30)),
    )
    partij, herkomst = gfozaken.partij(said, betrokkenen=(), uit_zaak=False)
    found = gfozaken.klantcontact(
        said,
        identificatie="KC202600000001",
        rsin=cast.RSIN,
        kanaal=KANAAL_BIJ_TYPE[said.type],
        groep="persoonlijk",
        effect="uitgewisseld",
        partij=partij,
        herkomst=herkomst,
        medewerker=gfozaken.medewerker(said, betrokkenen=(), uit_zaak=False),
        zaakomschrijving="",
        zaak_id=None,
        status_id=None,
    )
    found.zaak = Zaak(identificatie=said.zaakidentificatie, bronorganisatie=cast.RSIN, omschrijving="Vergunning")
    for name in draw(st.lists(st.sampled_from(("D1", "D2", "D3")), unique=True)):
        found.informatieobjecten.append(document(identificatie=name))
    if draw(st.booleans()):
        without_extra(found)
    reasons = draw(st.lists(st.sampled_from(REASONS), max_size=2, unique=True))
    if reasons:
        items = [{"naam": f"reden {number}", "noValue": reason} for number, reason in enumerate(reasons)]
        found.bijzonderheden = {"StUF:extraElementen": items}
    return found


def without_extra(found: Klantcontact) -> None:
    """As of a sender that has no extraElementen: what is beside RGBZ follows from the rest."""
    medewerker, partij = found.medewerker or {}, found.partij or {}
    named = {name: text for name, text in medewerker.items() if name != "achternaam"}
    if "achternaam" in medewerker:
        named["naam"] = medewerker["achternaam"]
    found.opvoerder = {"soort": "medewerker", "stelsel": "Identificatie", **named}
    found.partij = {name: value for name, value in partij.items() if name != "namens"}
    found.type, found.partij_herkomst = TYPES[found.kanaal], "bericht"
    found.datum_tijd = found.datum_tijd.replace(year=2025, day=1, microsecond=0)
    found.extra, found.uitkomst, found.afspraken = {}, "", ""


@profile(max_examples=120, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(contacts(), contacts(), st.sampled_from(("Lk01", "Lk02")))
def test_a_change_that_is_told_makes_the_old_record_the_new_one(
    oud: Klantcontact, huidig: Klantcontact, code: str
) -> None:
    soort = zkn0320.mutatiesoort(oud, huidig)
    event(f"{code} {soort}")
    message = zkn0320.klc_lk01(huidig, header=replace(header("KLC"), berichtcode=code), mutatiesoort=soort, oud=oud)
    assert CONTRACT.violations(message) == []
    if code == "Lk01":
        check(message)
    assert [finding.rule for finding in kennisgeving.check(bericht.read(message))] == []
    told = zkn0320.read(through(message))
    merged = zkn0320.merge(zkn0320.gegevens(oud), kennisgeving=told)
    assert in_any_order(columns(zkn0320.klantcontact(merged, types=TYPES))) == in_any_order(columns(huidig))
    assert {relatie.gerelateerde.identificatie for relatie in merged.documenten} == {
        document.identificatie for document in huidig.informatieobjecten
    }
    assert merged.zaak.gerelateerde.identificatie == huidig.zaak.identificatie


@pytest.mark.parametrize(("was", "becomes"), [(900, 100), (0, 7), (7, 0), (5_000, 5_001), (5_001, 9_000)])
def test_a_change_of_less_than_a_millisecond_is_told_too(was: int, becomes: int) -> None:
    oud, huidig = (record(datum_tijd=datetime(2026, 11, 22, 9, 12, 0, n, tzinfo=UTC)) for n in (was, becomes))
    soort = zkn0320.mutatiesoort(oud, huidig)
    message = zkn0320.klc_lk01(huidig, header=header("KLC"), mutatiesoort=soort, oud=oud)
    merged = zkn0320.merge(zkn0320.gegevens(oud), kennisgeving=zkn0320.read(through(message)))
    assert zkn0320.klantcontact(merged, types=TYPES).datum_tijd == huidig.datum_tijd


def in_any_order(found: dict[str, Any]) -> dict[str, Any]:
    """Columns with the extraElementen that have no text by name: their order says nothing."""
    kept = {
        path: sorted(value, key=lambda item: item["naam"]) if isinstance(value, list) else value
        for path, value in found["bijzonderheden"].items()
    }
    return {**found, "bijzonderheden": kept}


@pytest.mark.parametrize(
    "with_one",
    [
        {"extra": {"type": "call", "uitkomst": "gereed"}},
        {"extra": {}, "bijzonderheden": {"StUF:extraElementen": [{"naam": "x", "noValue": "waardeOnbekend"}]}},
    ],
)
def test_extra_elementen_that_come_or_go_altogether_are_named_in_both(with_one: dict[str, Any]) -> None:
    none, some = record(extra={}), record(**with_one)
    for oud, huidig in ((none, some), (some, none)):
        first, last = change(oud, huidig).findall("klc:object/StUF:extraElementen", NS)
        assert [item.get("naam") for item in first] == [item.get("naam") for item in last] != []
        empty = first if oud is none else last
        assert [(item.text, item.get("noValue")) for item in empty] == [(None, None)] * len(empty)


def change(oud: Klantcontact, huidig: Klantcontact, soort: str = "C") -> etree._Element:
    message = zkn0320.klc_lk01(huidig, header=header("KLC"), mutatiesoort=soort, oud=oud)
    check(message)
    return message


def said(element: etree._Element) -> list[str]:
    """What an object names: elements, and relations with the verwerkingssoort of both ends."""
    found = []
    for child in element:
        related = child.find("zkn:gerelateerde", NS)
        local = etree.QName(child).localname
        if child.get("verwerkingssoort"):
            local += f" {child.get('verwerkingssoort')}"
        found.append(local + (f" {related.get('verwerkingssoort')}" if related is not None else ""))
    return found


MATCH = ["identificatie", "verantwoordelijkeOrganisatie"]


@pytest.mark.parametrize(
    ("before", "after", "soort", "oud", "huidig"),
    [
        ({"toelichting": "Ja"}, {"toelichting": "Nee"}, "CW", ["toelichting"], ["toelichting"]),
        ({}, {"toelichting": "Nee"}, "CW", ["toelichting"], ["toelichting"]),
        ({}, {"medewerker": {"identificatie": "2"}}, "CI", ["isGevoerdDoor R I"], ["isGevoerdDoor R I"]),
        (
            {},
            {"partij": {"soort": "natuurlijkPersoon", "bsn": "999990019"}},
            "CI",
            ["heeftPlaatsgevondenMetNPS R I"],
            ["heeftPlaatsgevondenMetNPS R T"],
        ),
        (
            {},
            {"partij": {"soort": "vestiging", "vestigingsnummer": cast.VESTIGING}},
            "WI",
            ["heeftPlaatsgevondenMetNPS V I", "heeftPlaatsgevondenMetVES T"],
            ["heeftPlaatsgevondenMetNPS V", "heeftPlaatsgevondenMetVES T T"],
        ),
        (
            {"partij": {"soort": "vestiging", "handelsnaam": "B", "contactpersoon": {"naam": "Jansen"}}},
            {"partij": {"soort": "vestiging", "handelsnaam": "B", "contactpersoon": {"naam": "Bakker"}}},
            "CI",
            ["heeftPlaatsgevondenMetVES W I"],
            ["heeftPlaatsgevondenMetVES W I"],
        ),
        ({}, {"medewerker": None}, "CI", ["isGevoerdDoor V I"], ["isGevoerdDoor V"]),
        ({"medewerker": None}, {}, "WI", ["isGevoerdDoor T"], ["isGevoerdDoor T I"]),
        ({}, {}, "CI", [], []),
    ],
)
def test_a_change_says_what_differs_and_nothing_else(
    before: dict[str, Any], after: dict[str, Any], soort: str, oud: list[str], huidig: list[str]
) -> None:
    # Who brought it up is the medewerker, whoever that is: nothing more needs to be said.
    def contact(changed: dict[str, Any]) -> Klantcontact:
        found = record(**changed)
        relatie = found.medewerker or {}
        opvoerder = {"soort": "medewerker", "stelsel": "Identificatie", "naam": relatie.get("achternaam", "")}
        opvoerder |= {name: text for name, text in relatie.items() if name != "achternaam"}
        found.opvoerder = {name: text for name, text in opvoerder.items() if text} if relatie else {}
        return found

    one, other = contact(before), contact(after)
    assert zkn0320.mutatiesoort(one, other) == soort[0]
    message = change(one, other, soort[0])
    first, last = message.findall("klc:object", NS)
    assert said(first) == [*MATCH, *oud]
    assert said(last) == [*MATCH, *huidig]
    assert {first.get("verwerkingssoort"), last.get("verwerkingssoort")} == {soort[1]}
    assert first.get("sleutelVerzendend") == last.get("sleutelVerzendend") == "KC202600000001"


def test_documents_that_come_and_go_stand_in_the_same_order_in_both() -> None:
    oud, huidig = record(), record()
    oud.informatieobjecten.extend(document(identificatie=name) for name in ("D1", "D2"))
    huidig.informatieobjecten.extend(document(identificatie=name) for name in ("D2", "D3"))
    with pytest.raises(ValueError, match="W"):
        change(oud, huidig)
    first, last = change(oud, huidig, zkn0320.mutatiesoort(oud, huidig)).findall("klc:object", NS)
    assert said(first) == [*MATCH, "heeftRelevant V I", "heeftRelevant T"]
    assert said(last) == [*MATCH, "heeftRelevant V", "heeftRelevant T I"]
    assert text(first, ".//zkn:informatieobjectidentificatie") == "D1"
    assert text(last, ".//zkn:informatieobjectidentificatie") == "D3"


def test_a_document_of_a_later_version_is_no_part_of_how_it_was() -> None:
    found = record()
    found.informatieobjecten.extend(
        [document(), document(identificatie="D2", sinds=2), document(identificatie="D3", tot=1)]
    )
    assert [relatie.gerelateerde for relatie in zkn0320.gegevens(found).documenten] == [
        zkn0320.DocumentVerwijzing("D1", cast.RSIN)
    ]


def test_a_withdrawal_only_says_which_contact_it_was() -> None:
    message = zkn0320.klc_lk01(record(), header=header("KLC"), mutatiesoort="V")
    check(message)
    (element,) = message.findall("klc:object", NS)
    assert said(element) == MATCH
    assert element.get("verwerkingssoort") == "V"
    told = zkn0320.read(message)
    assert (told.mutatiesoort, told.oud) == ("V", None)
    assert told.huidig is not None
    assert told.huidig.identificatie == "KC202600000001"


def test_a_change_needs_to_know_how_it_was() -> None:
    with pytest.raises(ValueError, match="how the object was"):
        zkn0320.klc_lk01(record(), header=header("KLC"), mutatiesoort="C")


def test_a_document_that_changes_or_goes_says_so() -> None:
    of = record()
    for soort, oud, names in (
        (
            "C",
            (document(titel="Tekening", bestandsnaam="a.pdf"), of),
            ["titel", "bestandsnaamEnkelvoudigInformatieobject"],
        ),
        ("V", None, []),
    ):
        message = zkn0320.iob_lk01(document(), klantcontact=of, header=header("IOB"), mutatiesoort=soort, oud=oud)
        check(message)
        for element in message.findall("klc:object", NS):
            assert said(element) == ["informatieobjectidentificatie", "bronorganisatie", *names]
        told = zkn0320.read_iob(message)
        assert told.mutatiesoort == soort
        assert told.huidig is not None
        assert told.huidig.identificatie == "D1"


# --- what others say ----------------------------------------------------------------------------------------------


def klc_object(body: str) -> etree._Element:
    """A KLC object with this in it, besides its number."""
    return etree.fromstring(
        f"<klc:object xmlns:klc='{KLC}' xmlns:zkn='{ZKN0320}' xmlns:bg='{BG0320}' xmlns:StUF='{STUF0302}' "
        f"zkn:entiteittype='KLC' verwerkingssoort='W' sleutelVerzendend='X1'><zkn:identificatie>KC202600000001"
        f"</zkn:identificatie><zkn:verantwoordelijkeOrganisatie>1234567</zkn:verantwoordelijkeOrganisatie>{body}"
        "</klc:object>"
    )


def test_a_number_gets_its_zeros_back_and_a_key_is_kept_but_told_to_nobody() -> None:
    found = reading.klantcontact(klc_object(""))
    assert found.verantwoordelijke_organisatie == "001234567"
    assert found.sleutels.verzendend == "X1"
    assert found.bijzonderheden == {"@sleutelVerzendend": "X1"}
    assert elements.klc(found).get("sleutelVerzendend") == "KC202600000001"


@pytest.mark.parametrize(
    ("said", "kanaal", "kept"),
    [
        ("", "telefoon", None),
        ("<zkn:kanaal>balie</zkn:kanaal>", "balie", None),
        ("<zkn:kanaal/>", "", None),
        ("<zkn:kanaal noValue='vastgesteldOnbekend'/>", "", {"noValue": "vastgesteldOnbekend"}),
        ("<zkn:kanaal noValue='waardeOnbekend'/>", "telefoon", None),
        ("<zkn:kanaal noValue='nietOndersteund'/>", "telefoon", None),
    ],
)
def test_a_change_leaves_clears_or_sets_a_value(said: str, kanaal: str, kept: dict[str, str] | None) -> None:
    told = zkn0320.Kennisgeving(mutatiesoort="W", huidig=reading.klantcontact(klc_object(said)))
    merged = zkn0320.merge(zkn0320.gegevens(record()), kennisgeving=told)
    assert merged.kanaal == kanaal
    assert merged.bijzonderheden.get("zkn:kanaal") == kept
    assert merged.onderwerp == "Stand van zaken"
    assert merged.partij is not None


@pytest.mark.parametrize(
    ("kanaal", "extra", "kind"),
    [
        ("telefoon", "", "call"),
        (" Telefoon ", "", "call"),
        ("WhatsApp", "", ""),
        ("WhatsApp", "<StUF:extraElement naam='type'>face</StUF:extraElement>", "face"),
        ("balie", "<StUF:extraElement naam='type'>bezoek</StUF:extraElement>", "face"),
    ],
)
def test_a_type_is_said_or_told_from_the_kanaal(kanaal: str, extra: str, kind: str) -> None:
    said = f"<zkn:kanaal>{kanaal}</zkn:kanaal>"
    said += f"<StUF:extraElementen>{extra}</StUF:extraElementen>" if extra else ""
    assert zkn0320.opvoering(reading.klantcontact(klc_object(said)), types=TYPES).type == kind


def test_who_had_the_contact_brought_it_up_unless_another_is_named() -> None:
    path = ROOT / "fixtures" / "klc" / "klcLk01" / "valid" / "met-natuurlijk-persoon.xml"
    huidig = zkn0320.read(etree.parse(str(path)).getroot()).huidig
    assert huidig is not None
    found = zkn0320.opvoering(huidig, types=TYPES)
    assert found.opvoerder is not None
    assert found.opvoerder["soort"] == "medewerker"
    assert found.medewerker is None
    named = replace(huidig, extra={"opvoerder.soort": "natuurlijkPersoon", "opvoerder.identificatie": cast.BSN})
    found = zkn0320.opvoering(named, types=TYPES)
    assert found.opvoerder == {"soort": "natuurlijkPersoon", "identificatie": cast.BSN}
    assert found.medewerker is not None


def test_without_a_partij_nobody_is_made_up() -> None:
    found = zkn0320.opvoering(reading.klantcontact(klc_object("")), types=TYPES)
    assert (found.contactpartij, found.anoniem, found.zaakidentificatie) == (None, True, "")
    with pytest.raises(ValueError, match="datum-tijd"):
        zkn0320.klantcontact(reading.klantcontact(klc_object("")), types=TYPES)


def test_a_document_is_read_with_its_content_and_its_zaak() -> None:
    of = record()
    sent = document(inhoud=DocumentInhoud(sha256=b"x" * 32, inhoud=cast.PDF), bestandsnaam="a.pdf", taal="nld")
    found = zkn0320.read_iob(through(zkn0320.iob_lk01(sent, klantcontact=of, header=header("IOB")))).huidig
    assert found is not None
    assert found.inhoud == cast.PDF
    assert found.zaak is not None
    assert found.zaak.identificatie == cast.RUNNING
    assert found.bijzonderheden == {}
    stored_ = zkn0320.informatieobject(found, made=date(2026, 11, 22))
    assert (stored_.titel, stored_.bestandsnaam, stored_.taal) == ("Bouwtekening", "a.pdf", "nld")
    assert stored_.inhoud is not None
    assert c14n(zkn0320.iob_lk01(stored_, klantcontact=of, header=header("IOB"))) == c14n(
        zkn0320.iob_lk01(sent, klantcontact=of, header=header("IOB"))
    )


def test_a_document_that_is_no_base64_is_found_out() -> None:
    message = zkn0320.iob_lk01(
        document(inhoud=DocumentInhoud(sha256=b"x" * 32, inhoud=cast.PDF)),
        klantcontact=record(),
        header=header("IOB"),
    )
    inhoud = message.find(".//zkn:eib.inhoud", NS)
    assert inhoud is not None
    inhoud.text = (inhoud.text or "")[:-1]
    found = zkn0320.read_iob(message).huidig
    assert found is not None
    assert (found.inhoud, found.onleesbaar) == (None, True)


def test_a_change_of_a_document_leaves_what_it_does_not_name() -> None:
    of = record()
    oud = document(taal="nld", formaat="application/pdf", inhoud=DocumentInhoud(sha256=b"x" * 32, inhoud=b"a"))
    huidig = document(titel="Tekening", formaat="application/pdf", inhoud=oud.inhoud)
    message = zkn0320.iob_lk01(huidig, klantcontact=of, header=header("IOB"), mutatiesoort="W", oud=(oud, of))
    check(message)
    assert message.find(".//zkn:eib.inhoud", NS) is None
    told = zkn0320.read_iob(through(message))
    assert told.huidig is not None
    found = zkn0320.changed_informatieobject(oud, huidig=told.huidig)
    assert (found.titel, found.taal, found.formaat, found.inhoud) == ("Tekening", "", "application/pdf", oud.inhoud)
    assert found.bijzonderheden == {}


@pytest.mark.parametrize("code", ["Sa01", "Sa02"])
def test_a_synchronisation_is_a_whole_kennisgeving_with_a_number_for_every_relation(code: str) -> None:
    found = record()
    found.informatieobjecten.extend([document(), document(identificatie="D2")])
    message = zkn0320.klc_sa(
        found,
        header=replace(header("KLC"), berichtcode=code),
        actueel=replace(header("KLC"), berichtcode="Lk01" if code == "Sa01" else "Lk02"),
    )
    check(message)
    (element,) = message.findall("klc:actueel/klc:object", NS)
    entities = [element, *(child for child in element if child.get(qname(ZKN0320, "entiteittype")))]
    numbers = [(e.get(qname(ZKN0320, "entiteittype")), e.get("sleutelSynchronisatie")) for e in entities]
    assert numbers == [
        *(("KLC", "1"), ("KLCZAK", "1"), ("KLCNPS", "1"), ("KLCIOB", "1"), ("KLCIOB", "2"), ("KLCMDW", "1")),
    ]
    assert element.find(".//zkn:gerelateerde[@sleutelSynchronisatie]", NS) is None
    told = zkn0320.read(through(message))
    assert told.mutatiesoort == "T"
    assert told.huidig is not None
    assert columns(zkn0320.klantcontact(told.huidig, types=TYPES)) == columns(found)


@pytest.mark.parametrize("code", ["klcSa03", "klcSa04"])
def test_a_request_says_which_contact_to_send_again(code: str) -> None:
    for path in sorted((ROOT / "fixtures" / "klc" / code / "valid").glob("*.xml")):
        found = zkn0320.read_verzoek(etree.parse(str(path)).getroot())
        assert found.identificatie.startswith("KC")
        assert found.verantwoordelijke_organisatie == cast.RSIN


@profile(max_examples=150, deadline=None)
@given(st.sampled_from(KLC_FIXTURES + IOB_FIXTURES), st.integers(0, 2**32), st.integers(1, 8))
def test_reading_never_raises_whatever_became_of_a_message(path: Path, seed: int, edits: int) -> None:
    message = etree.parse(str(path)).getroot()
    random = Random(seed)
    for _ in range(edits):
        mutate(message, random)
    for reader in (zkn0320.read, zkn0320.read_iob):
        found = reader(message)
        json.dumps(found.huidig.bijzonderheden if found.huidig else {})
    zkn0320.read_verzoek(message)
    zkn0320.read_vraag(message)
