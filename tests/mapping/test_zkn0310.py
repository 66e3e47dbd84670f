"""Zaken in: what zaaksystemen really send lands as the right zaak, with its statuses and betrokkenen."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import selectinload

from conftest import cpu_seconds, need
from mapping.zaakberichten import MESSAGES, OPERATIONS, published, stamped
from stuf_klantcontact import contract, parsing
from stuf_klantcontact.errors import Refusal
from stuf_klantcontact.intake import Intake, Received, about
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.names import BG0310, SOAP11, STUF0301, XSI, ZKN0310
from stuf_klantcontact.rgbz import Zaak, ZaakMutatie
from stuf_klantcontact.settings import Gateway, Limits, Settings, Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import cast
from stuf_klantcontact.tijdstip import AMSTERDAM

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
CONTRACT = contract.load()
SETTINGS = Settings(
    gateway=Gateway(organisatie="0518", rsin=cast.RSIN),
    zender={"ZAAKSYSTEEM": Zender(gebruiker="zaaksysteem", operaties=("zaken",))},
)
Take = Callable[[etree._Element], str]


@pytest.fixture
def take(database: Database) -> Take:
    """Send a zaak message to a gateway; gives the berichtcode of the answer."""
    intake = Intake(SETTINGS, database=database, contract=CONTRACT, clock=lambda: NOW)

    def _take(message: etree._Element) -> str:
        raw = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (
            SOAP11.encode(),
            etree.tostring(message),
        )
        envelope = parsing.read(raw, limits=Limits(), schema=CONTRACT.envelope)
        port = about.OPERATIONS[message.tag].port
        answer = intake.accept(Received(port, raw, "ZAAKSYSTEEM", envelope))
        element = etree.fromstring(answer.body)
        assert CONTRACT.violations(element) == []
        return etree.QName(element).localname[:4]

    return _take


@pytest.fixture
def load(database: Database) -> Callable[[str], Zaak]:
    """A zaak as it is stored now."""

    def _load(identificatie: str) -> Zaak:
        with database.session() as session:
            return session.scalars(
                select(Zaak)
                .where(Zaak.identificatie == identificatie)
                .options(selectinload(Zaak.statussen), selectinload(Zaak.betrokkenen))
            ).one()

    return _load


# -- real messages ------------------------------------------------------------------------------------------------

REAL = published(*OPERATIONS, valid=True)


def strings(context: etree._Element, path: str) -> list[str]:
    """The texts an XPath finds, with every step by local name only."""
    steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
    found = context.xpath(steps)
    assert isinstance(found, list)
    return [(e.text or "").strip() for e in found if isinstance(e, etree._Element)]


ROLES = ("Initiator", "Belanghebbende", "Gemachtigde", "Uitvoerende", "Verantwoordelijke", "OverigBetrokkene")
KINDS = ("natuurlijkPersoon", "nietNatuurlijkPersoon", "vestiging", "medewerker", "organisatorischeEenheid")
NUMBERS = ("inp.bsn", "anp.identificatie", "inn.nnpId", "ann.identificatie", "vestigingsNummer", "identificatie")


def expected_betrokkenen(zaak: etree._Element) -> set[tuple[str, str, str]]:
    """Rol, soort and number of everyone whom the object relates to the zaak, read once more and otherwise."""
    found = set()
    for role in ROLES:
        for kind in KINDS:
            people = zaak.xpath(
                f"*[local-name()='heeftAls{role}'][not(@*[local-name()='verwerkingssoort'] = 'V')]"
                f"/*[local-name()='gerelateerde']/*[local-name()='{kind}']"
            )
            assert isinstance(people, list)
            for person in people:
                assert isinstance(person, etree._Element)
                numbers = [number for name in NUMBERS for number in strings(person, name) if number]
                found.add((role, kind, numbers[0] if numbers else ""))
    return found


def test_real_messages_are_there() -> None:
    need(MESSAGES.is_dir(), "the real messages are not in ../shared/messages")
    assert len(REAL) >= 30


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_message_lands_as_the_right_zaak(path: Path, take: Take, load: Callable[[str], Zaak]) -> None:
    message = stamped(path)
    assert take(message) == "Bv03"

    zaak = [e for e in message if etree.QName(e).localname == "object"][-1]
    found = load(strings(zaak, "identificatie")[0])
    assert found.onvolledig is (strings(message, "parameters/mutatiesoort") != ["T"])
    for column in ("startdatum", "registratiedatum", "einddatum"):
        said = [text for text in strings(zaak, column) if text]
        assert getattr(found, column) == (datetime.strptime(said[0], "%Y%m%d").date() if said else None)
    assert [found.omschrijving] == (strings(zaak, "omschrijving") or [""])
    codes = [text for text in strings(zaak, "isVan/gerelateerde/code") if text]
    assert [found.zaaktype] == (codes[:1] or [""])

    moments = [text[:8] for text in strings(zaak, "heeft/datumStatusGezet") if text]
    assert sorted(f"{s.datum_status_gezet.astimezone(AMSTERDAM):%Y%m%d}" for s in found.statussen) == sorted(
        moments
    )
    assert len({(s.volgnummer, s.datum_status_gezet) for s in found.statussen}) == len(found.statussen)
    names = {text[:80] for text in strings(zaak, "heeft/gerelateerde/omschrijving")} | {""}
    assert {s.omschrijving for s in found.statussen} <= names
    volgnummers = {int(text) for text in strings(zaak, "heeft/gerelateerde/volgnummer") if text} | {0}
    assert {s.volgnummer for s in found.statussen} <= volgnummers

    assert {(b.rol, b.soort, b.identificatie) for b in found.betrokkenen} == expected_betrokkenen(zaak)
    addresses = re.findall(r"emailadres>\s*([^<\s]+@[^<\s]+?)\s*</", etree.tostring(zaak, encoding="unicode"))
    assert {b.emailadres for b in found.betrokkenen} - {""} <= set(addresses)
    assert bool({b.emailadres for b in found.betrokkenen} - {""}) == bool(addresses)


# -- was and wordt ------------------------------------------------------------------------------------------------

IDENTIFICATIE = cast.RUNNING


TOP = {"C": "W", "F": "W"}
"""verwerkingssoort of the zaak itself, where it is another letter than the mutatiesoort."""


def mutation(
    mutatiesoort: str, *objects: str, identificatie: str = IDENTIFICATIE, number: str = ""
) -> etree._Element:
    """A zakLk01 whose objects hold the given content, in prefixes ZKN, StUF, BG and xsi."""
    number = number or f"{mutatiesoort}-{abs(hash(objects)) % 10**9}"
    bodies = "".join(
        f'<ZKN:object StUF:entiteittype="ZAK" StUF:verwerkingssoort="{TOP.get(mutatiesoort, mutatiesoort)}">'
        f"<ZKN:identificatie>{identificatie}</ZKN:identificatie>{content}</ZKN:object>"
        for content in objects
    )
    return etree.fromstring(
        f"""<ZKN:zakLk01 xmlns:ZKN="{ZKN0310}" xmlns:StUF="{STUF0301}" xmlns:BG="{BG0310}" xmlns:xsi="{XSI}">
        <ZKN:stuurgegevens><StUF:berichtcode>Lk01</StUF:berichtcode>
        <StUF:zender><StUF:organisatie>0518</StUF:organisatie><StUF:applicatie>ZAAKSYSTEEM</StUF:applicatie>
        </StUF:zender><StUF:ontvanger><StUF:organisatie>0518</StUF:organisatie>
        <StUF:applicatie>KLANTCONTACT</StUF:applicatie></StUF:ontvanger>
        <StUF:referentienummer>{number}</StUF:referentienummer>
        <StUF:tijdstipBericht>20261122101500000</StUF:tijdstipBericht>
        <StUF:entiteittype>ZAK</StUF:entiteittype></ZKN:stuurgegevens>
        <ZKN:parameters><StUF:mutatiesoort>{mutatiesoort}</StUF:mutatiesoort>
        <StUF:indicatorOvername>V</StUF:indicatorOvername></ZKN:parameters>{bodies}</ZKN:zakLk01>"""
    )


def person(rol: str, bsn: str, *, soort: str = "T", mail: str = "") -> str:
    """A relation to a natuurlijk persoon, with verwerkingssoort `soort`."""
    address = f"<BG:sub.emailadres>{mail}</BG:sub.emailadres>" if mail else ""
    return (
        f'<ZKN:heeftAls{rol} StUF:verwerkingssoort="{soort}"><ZKN:gerelateerde><ZKN:natuurlijkPersoon>'
        f"<BG:inp.bsn>{bsn}</BG:inp.bsn><BG:geslachtsnaam>Jansen</BG:geslachtsnaam>{address}"
        f"</ZKN:natuurlijkPersoon></ZKN:gerelateerde></ZKN:heeftAls{rol}>"
    )


def status(volgnummer: str, moment: str, *, omschrijving: str = "In behandeling", soort: str = "T") -> str:
    return (
        f'<ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="{soort}"><ZKN:gerelateerde>'
        f"<ZKN:volgnummer>{volgnummer}</ZKN:volgnummer><ZKN:omschrijving>{omschrijving}</ZKN:omschrijving>"
        f"</ZKN:gerelateerde><ZKN:datumStatusGezet>{moment}</ZKN:datumStatusGezet></ZKN:heeft>"
    )


def type_(code: str) -> str:
    return (
        '<ZKN:isVan StUF:verwerkingssoort="T"><ZKN:gerelateerde><ZKN:omschrijving>Soort</ZKN:omschrijving>'
        f"<ZKN:code>{code}</ZKN:code></ZKN:gerelateerde></ZKN:isVan>"
    )


EMPTY = 'xsi:nil="true" StUF:noValue="{}"'
KNOWN = (
    "<ZKN:omschrijving>Dakkapel</ZKN:omschrijving><ZKN:startdatum>20260901</ZKN:startdatum>"
    "<ZKN:einddatum>20261101</ZKN:einddatum>"
)


def test_a_change_sets_what_it_names_and_leaves_the_rest(take: Take, load: Callable[[str], Zaak]) -> None:
    assert take(mutation("T", KNOWN + type_("B1026"))) == "Bv03"
    assert take(mutation("W", KNOWN, "<ZKN:omschrijving>Dakkapel en schuur</ZKN:omschrijving>")) == "Bv03"
    found = load(IDENTIFICATIE)
    assert (found.omschrijving, found.startdatum, found.einddatum, found.zaaktype) == (
        "Dakkapel en schuur",
        date(2026, 9, 1),
        date(2026, 11, 1),
        "B1026",
    )
    assert found.versie == 2
    assert not found.onvolledig


@pytest.mark.parametrize(
    ("einddatum", "expected"),
    [
        (f"<ZKN:einddatum {EMPTY.format('geenWaarde')}/>", None),
        ('<ZKN:einddatum StUF:noValue="geenWaarde"/>', None),
        (f"<ZKN:einddatum {EMPTY.format('waardeOnbekend')}/>", date(2026, 11, 1)),
        (f"<ZKN:einddatum {EMPTY.format('nietOndersteund')}/>", date(2026, 11, 1)),
        (f"<ZKN:einddatum {EMPTY.format('nietGeautoriseerd')}/>", date(2026, 11, 1)),
        ('<ZKN:einddatum xsi:nil="true"/>', date(2026, 11, 1)),
        ("<ZKN:einddatum/>", date(2026, 11, 1)),
        ("<ZKN:einddatum>20261131</ZKN:einddatum>", date(2026, 11, 1)),
        ("<ZKN:einddatum>20261115</ZKN:einddatum>", date(2026, 11, 15)),
        ("", date(2026, 11, 1)),
    ],
)
def test_only_geen_waarde_clears(
    einddatum: str, expected: date | None, take: Take, load: Callable[[str], Zaak]
) -> None:
    take(mutation("T", KNOWN))
    assert take(mutation("W", KNOWN, einddatum)) == "Bv03"
    assert load(IDENTIFICATIE).einddatum == expected


@pytest.mark.parametrize(
    "zaaktype",
    [
        "",
        type_(""),
        type_("B1026-te-lang"),
        f"<ZKN:isVan StUF:verwerkingssoort='V' {EMPTY.format('geenWaarde')}/>",
        "<ZKN:isVan StUF:verwerkingssoort='W'><ZKN:gerelateerde/></ZKN:isVan>",
    ],
)
def test_a_zaaktype_that_is_not_named_stays(zaaktype: str, take: Take, load: Callable[[str], Zaak]) -> None:
    take(mutation("T", type_("B1026")))
    assert take(mutation("W", "", zaaktype)) == "Bv03"
    assert load(IDENTIFICATIE).zaaktype == "B1026"


def roles(zaak: Zaak) -> list[tuple[str, str]]:
    return sorted((b.rol, b.identificatie) for b in zaak.betrokkenen)


A, B = "111222333", "123456782"
GONE = '<ZKN:heeftAlsBelanghebbende StUF:verwerkingssoort="{}" xsi:nil="true" StUF:noValue="geenWaarde"/>'


def ended(relation: str, moment: str) -> str:
    """The same relation with an eindRelatie."""
    tijdvak = f"<StUF:tijdvakRelatie><StUF:eindRelatie>{moment}</StUF:eindRelatie></StUF:tijdvakRelatie>"
    head, _, _ = relation.rpartition("</ZKN:heeftAls")
    return head + tijdvak + relation[len(head) :]


@pytest.mark.parametrize(
    ("oud", "huidig", "left"),
    [
        (GONE.format("T"), person("Belanghebbende", B, soort="T"), [A, B]),
        (person("Belanghebbende", A, soort="V"), GONE.format("V"), []),
        (person("Belanghebbende", A, soort="E"), GONE.format("E"), []),
        (person("Belanghebbende", A, soort="V"), person("Belanghebbende", A, soort="V"), []),
        (person("Belanghebbende", A, soort="R"), person("Belanghebbende", B, soort="R"), [B]),
        (person("Belanghebbende", A, soort="V"), person("Belanghebbende", B, soort="R"), [B]),
        (person("Belanghebbende", A, soort="I"), person("Belanghebbende", A, soort="I"), [A]),
        (person("Belanghebbende", A, soort="W"), person("Belanghebbende", A, soort="W"), [A]),
        (person("Gemachtigde", A, soort="V"), "", [A]),
        (person("Belanghebbende", B, soort="V"), "", [A]),
        # Another person in a changed relation ought to have been a replacement, and can be nothing else.
        (person("Belanghebbende", A, soort="W"), person("Belanghebbende", B, soort="W"), [B]),
        (person("Belanghebbende", A, soort="S"), person("Belanghebbende", B, soort="S"), [B]),
        (person("Belanghebbende", A, soort="O"), person("Belanghebbende", B, soort="O"), [B]),
        # The lists do not match: who changed into whom nobody can tell.
        ("", person("Belanghebbende", B, soort="W"), [A, B]),
        (person("Belanghebbende", A, soort="I"), person("Belanghebbende", B, soort="I"), [A, B]),
        (person("Belanghebbende", A, soort="R"), person("Belanghebbende", A, soort="R"), [A]),
        (person("Belanghebbende", A, soort="R"), GONE.format("R"), []),
        (
            person("Belanghebbende", A, soort="E") + person("Belanghebbende", B, soort="I"),
            GONE.format("E") + person("Belanghebbende", B, soort="I"),
            [B],
        ),
        ("", ended(person("Belanghebbende", A, soort="W"), "20261122"), []),
        ("", ended(person("Belanghebbende", A, soort="W"), "20261123"), [A]),
    ],
)
def test_relations_are_added_ended_and_replaced(
    oud: str, huidig: str, left: list[str], take: Take, load: Callable[[str], Zaak]
) -> None:
    take(mutation("T", person("Belanghebbende", A)))
    assert take(mutation("W", oud, huidig)) == "Bv03"
    assert roles(load(IDENTIFICATIE)) == [("Belanghebbende", bsn) for bsn in left]


@pytest.mark.parametrize("mutatiesoort", ["C", "F"])
@pytest.mark.parametrize(
    ("soort", "huidig", "left"),
    [("V", GONE.format("V"), []), ("R", person("Belanghebbende", B, soort="R"), [B])],
)
def test_a_relation_that_never_was_is_corrected(
    mutatiesoort: str, soort: str, huidig: str, left: list[str], take: Take, load: Callable[[str], Zaak]
) -> None:
    take(mutation("T", person("Belanghebbende", A)))
    assert take(mutation(mutatiesoort, person("Belanghebbende", A, soort=soort), huidig)) == "Bv03"
    assert roles(load(IDENTIFICATIE)) == [("Belanghebbende", bsn) for bsn in left]


def test_a_person_who_is_there_twice_is_one_and_keeps_the_address(take: Take, load: Callable[[str], Zaak]) -> None:
    take(mutation("T", person("Initiator", A, mail="a@example.org")))
    take(mutation("W", "", person("Initiator", A, soort="I") + person("Uitvoerende", A)))
    found = load(IDENTIFICATIE)
    assert roles(found) == [("Initiator", A), ("Uitvoerende", A)]
    assert {b.rol: b.emailadres for b in found.betrokkenen} == {"Initiator": "a@example.org", "Uitvoerende": ""}


def test_a_zaak_has_one_initiator_the_last_that_was_named(take: Take, load: Callable[[str], Zaak]) -> None:
    take(mutation("T", person("Initiator", A) + person("Belanghebbende", A)))
    take(mutation("W", person("Initiator", A, soort="W"), person("Initiator", B, soort="W")))
    assert roles(load(IDENTIFICATIE)) == [("Belanghebbende", A), ("Initiator", B)]


def test_statuses_gather_and_the_same_one_is_no_second(take: Take, load: Callable[[str], Zaak]) -> None:
    take(mutation("T", status("1", "20260901090000") + status("1", "20260901090000")))
    take(mutation("W", status("1", "20260901090000"), status("1", "20260901090000", omschrijving="Ontvangen")))
    take(mutation("W", "", status("2", "20261001") + status("0002", "20261001")))
    found = load(IDENTIFICATIE)
    assert sorted((s.volgnummer, s.omschrijving) for s in found.statussen) == [
        (1, "Ontvangen"),
        (2, "In behandeling"),
    ]


NO_STATUS = (
    '<ZKN:heeft StUF:entiteittype="ZAKSTT" StUF:verwerkingssoort="{}" xsi:nil="true" StUF:noValue="geenWaarde"/>'
)
FIRST, SECOND = ("1", "20260901090000"), ("2", "20261001090000")


@pytest.mark.parametrize(
    ("oud", "huidig", "left"),
    [
        (NO_STATUS.format("T"), status("3", "20261101", soort="T"), [1, 2, 3]),
        (status(*SECOND, soort="V"), NO_STATUS.format("V"), [1]),
        (status(*SECOND, soort="E"), NO_STATUS.format("E"), [1]),
        ("", status(*SECOND, soort="V"), [1]),
        (status(*SECOND, soort="R"), status("3", "20261101", soort="R"), [1, 3]),
        (status(*SECOND, soort="W"), status("2", "20261002090000", soort="W"), [1, 2]),
        (status(*SECOND, soort="I"), status(*SECOND, soort="I"), [1, 2]),
        (status("2", "", soort="V"), NO_STATUS.format("V"), [1]),
        (status("", SECOND[1], soort="V"), NO_STATUS.format("V"), [1]),
        (status("9", SECOND[1], soort="V"), NO_STATUS.format("V"), [1, 2]),
    ],
)
def test_statuses_are_added_ended_replaced_and_corrected(
    oud: str, huidig: str, left: list[int], take: Take, load: Callable[[str], Zaak]
) -> None:
    take(mutation("T", status(*FIRST) + status(*SECOND)))
    assert take(mutation("W", oud, huidig)) == "Bv03"
    assert sorted(s.volgnummer for s in load(IDENTIFICATIE).statussen if not s.vervallen) == left


def test_what_is_said_to_have_no_value_goes_and_what_is_not_said_stays(
    take: Take, load: Callable[[str], Zaak]
) -> None:
    known = person("Belanghebbende", A, mail="a@example.org").replace(
        "<BG:geslachtsnaam>", "<BG:voorletters>A.</BG:voorletters><BG:geslachtsnaam>"
    )
    take(mutation("T", known))
    told = person("Belanghebbende", A, soort="W").replace(
        "<BG:geslachtsnaam>Jansen</BG:geslachtsnaam>",
        f"<BG:voorletters {EMPTY.format('geenWaarde')}/><BG:geslachtsnaam {EMPTY.format('waardeOnbekend')}/>",
    )
    take(mutation("W", known, told))
    (found,) = load(IDENTIFICATIE).betrokkenen
    assert (found.naam, found.emailadres, found.gegevens) == (
        "Jansen",
        "a@example.org",
        {"geslachtsnaam": "Jansen"},
    )


@pytest.mark.parametrize(
    ("text", "indicator", "expected"),
    [
        ("20260915", "V", date(2026, 9, 15)),
        ("20260915", "D", date(2026, 9, 1)),
        ("20260915", "M", date(2026, 1, 1)),
        ("20260915", "J", None),
    ],
)
def test_a_startdatum_that_is_not_known_to_the_day_is_the_first_that_it_may_be(
    text: str, indicator: str, expected: date | None
) -> None:
    startdatum = f'<ZKN:startdatum StUF:indOnvolledigeDatum="{indicator}">{text}</ZKN:startdatum>'
    assert read(startdatum).velden.get("startdatum") == expected


def test_a_change_of_an_unknown_zaak_makes_an_incomplete_one_that_an_addition_completes(
    take: Take, load: Callable[[str], Zaak]
) -> None:
    assert take(mutation("W", "", status("2", "20261001090000"))) == "Bv03"
    found = load(IDENTIFICATIE)
    assert found.onvolledig
    assert (found.zaaktype, len(found.statussen)) == ("", 1)
    assert take(mutation("T", KNOWN + type_("B1026") + status("1", "20260901090000"))) == "Bv03"
    found = load(IDENTIFICATIE)
    assert not found.onvolledig
    assert (found.zaaktype, found.omschrijving, len(found.statussen)) == ("B1026", "Dakkapel", 2)


def test_what_is_no_longer_relevant_to_the_sender_stays_in_the_dossier(
    take: Take, load: Callable[[str], Zaak]
) -> None:
    take(mutation("T", KNOWN + type_("B1026")))
    assert take(mutation("V", "<ZKN:omschrijving>Anders</ZKN:omschrijving>")) == "Bv03"
    assert load(IDENTIFICATIE).omschrijving == "Dakkapel"


def test_the_sender_may_name_the_zaak_only_as_it_was(take: Take, load: Callable[[str], Zaak]) -> None:
    message = mutation("W", "", status("1", "20260901090000"))
    for element in message.findall(f"{{{ZKN0310}}}object")[1:]:
        element.remove(element[0])
    assert take(message) == "Bv03"
    assert len(load(IDENTIFICATIE).statussen) == 1


# -- reading alone ------------------------------------------------------------------------------------------------


def read(content: str) -> ZaakMutatie:
    return zkn0310.read(mutation("T", content))


@pytest.mark.parametrize("identificatie", ["", " ", "1234", "x" * 41])
def test_a_message_without_a_zaak_is_refused(identificatie: str, take: Take) -> None:
    with pytest.raises(Refusal) as refused:
        zkn0310.read(mutation("T", "", identificatie=identificatie))
    (violation,) = refused.value.violations
    assert violation.rule == "StUF055"
    assert violation.hint is not None
    assert "ZKN:identificatie" in violation.hint.en
    assert take(mutation("T", "", identificatie=identificatie)) == "Fo03"


def refused(message: etree._Element) -> list[tuple[str, str | None]]:
    """The code and the element of everything that keeps us from reading a message."""
    with pytest.raises(Refusal) as found:
        zkn0310.read(message)
    assert found.value.code == min(v.rule for v in found.value.violations)
    return [(v.rule, v.element) for v in found.value.violations]


def test_as_many_relations_as_a_message_may_have_cost_little_and_more_are_refused() -> None:
    statuses = [status(str(number), "20261101090000", soort="W") for number in range(1, 1_001)]
    people = [person("Belanghebbende", f"{number:09d}", soort="W") for number in range(1, 1_001)]
    for relations in (statuses, people):
        before, now = "".join(relations[:500]), "".join(relations[500:])
        with cpu_seconds(1):  # each is compared with each
            assert zkn0310.read(mutation("W", before, now)).mutatiesoort == "W"
        with cpu_seconds(1):
            assert refused(mutation("T", before + relations[-1])) == [("StUF058", "ZKN:object")]


def test_all_that_keeps_us_from_reading_is_said_at_once() -> None:
    relation = person("Initiator", A).replace(' StUF:verwerkingssoort="T"', "")
    message = mutation("Q", relation + status("1", "20260901", soort="X"), identificatie="1234")
    (object_,) = message.findall(f"{{{ZKN0310}}}object")
    object_.set(f"{{{STUF0301}}}entiteittype", "EDC")
    code, kind = (message.find(f".//{{{STUF0301}}}{local}") for local in ("berichtcode", "entiteittype"))
    code.text, kind.text = "Lk02", "EDC"
    assert refused(message) == [
        ("StUF055", "StUF:berichtcode"),
        ("StUF055", "StUF:entiteittype"),
        ("StUF055", "StUF:mutatiesoort"),
        ("StUF055", "ZKN:identificatie"),
        ("StUF055", "ZKN:object[1]"),
        ("StUF055", "ZKN:object[1]"),
        ("StUF055", "ZKN:heeftAlsInitiator[1]"),
        ("StUF055", "ZKN:heeft[1]"),
    ]


@pytest.mark.parametrize("objects", [(), ("", "", "")])
def test_a_kennisgeving_has_one_object_or_two(objects: tuple[str, ...]) -> None:
    assert refused(mutation("W", *objects)) == [("StUF055", "ZKN:object")]


def test_of_a_message_with_hundreds_of_faults_the_first_are_told() -> None:
    message = mutation("T", status("1", "20260901", soort="X") * 500)
    assert len(refused(message)) == 100


def synchronous(message: etree._Element) -> etree._Element:
    """The same as a zakLk02."""
    message.tag = f"{{{ZKN0310}}}zakLk02"
    message.find(f".//{{{STUF0301}}}berichtcode").text = "Lk02"
    return message


def test_a_synchronous_kennisgeving_is_taken_and_answered_at_once(take: Take, load: Callable[[str], Zaak]) -> None:
    assert take(synchronous(mutation("T", KNOWN + person("Initiator", A)))) == "Bv02"
    assert take(synchronous(mutation("W", KNOWN, "<ZKN:omschrijving>Schuur</ZKN:omschrijving>"))) == "Bv02"
    assert (load(IDENTIFICATIE).omschrijving, roles(load(IDENTIFICATIE))) == ("Schuur", [("Initiator", A)])
    assert take(synchronous(mutation("Q", KNOWN))) == "Fo02"


def test_an_identificatie_does_not_change() -> None:
    message = mutation("W", "", "")
    message.findall(f"{{{ZKN0310}}}object")[1][0].text = "0518ZAAK0000009"
    assert refused(message) == [("StUF058", "ZKN:identificatie[2]")]


BEGIN = "<StUF:tijdvakGeldigheid><StUF:beginGeldigheid>{}</StUF:beginGeldigheid></StUF:tijdvakGeldigheid>"


@pytest.mark.parametrize(
    ("code", "begin", "codes"),
    [
        ("Lk02", "20261123", ["StUF068"]),
        ("Lk02", "20261122", []),
        ("Lk02", "morgen", []),
        ("Lk01", "20261123", []),
    ],
)
def test_a_synchronous_kennisgeving_tells_of_what_is(code: str, begin: str, codes: list[str]) -> None:
    message = mutation("W", "", BEGIN.format(begin))
    message = synchronous(message) if code == "Lk02" else message
    if codes:
        assert [rule for rule, _ in refused(message)] == codes
    else:
        assert zkn0310.read(message).identificatie == IDENTIFICATIE


def keyed(mutatiesoort: str, soort: str, *identificaties: str, content: str = "") -> etree._Element:
    """A kennisgeving about the zaak itself: verwerkingssoort S or O, with oud and huidig."""
    message = mutation(mutatiesoort, "", content, number=f"k-{soort}-{'-'.join(identificaties)}"[:40])
    for element, identificatie in zip(message.findall(f"{{{ZKN0310}}}object"), identificaties, strict=True):
        element.set(f"{{{STUF0301}}}verwerkingssoort", soort)
        element[0].text = identificatie
    return message


OTHER = "0518ZAAK0000009"


def test_another_key_at_the_sender_changes_nothing_here(take: Take, load: Callable[[str], Zaak]) -> None:
    assert take(keyed("C", "S", OTHER, OTHER)) == "Bv03"
    take(mutation("T", KNOWN))
    assert take(keyed("C", "S", IDENTIFICATIE, IDENTIFICATIE, content="<ZKN:omschrijving/>")) == "Bv03"
    assert load(IDENTIFICATIE).omschrijving == "Dakkapel"
    with pytest.raises(NoResultFound):
        load(OTHER)


def test_a_zaak_that_merges_into_another_is_gone(take: Take, load: Callable[[str], Zaak]) -> None:
    take(mutation("T", KNOWN + person("Initiator", A) + status("1", "20260901"), identificatie=OTHER))
    take(mutation("T", KNOWN))
    for _ in range(2):  # the second time it is not known any more, which is as it should be
        assert take(keyed("C", "O", OTHER, IDENTIFICATIE)) == "Bv03"
        with pytest.raises(NoResultFound):
            load(OTHER)
    assert load(IDENTIFICATIE).omschrijving == "Dakkapel"


def test_a_withdrawal_of_what_is_not_known_makes_no_zaak(take: Take, load: Callable[[str], Zaak]) -> None:
    assert take(mutation("V", KNOWN)) == "Bv03"
    with pytest.raises(NoResultFound):
        load(IDENTIFICATIE)


@pytest.mark.parametrize(
    ("volgnummer", "expected"),
    [("1", 1), ("0012", 12), ("", None), ("x", None), ("-1", None), ("9" * 5000, None), ("²", None)],
)
def test_an_odd_volgnummer_is_none(volgnummer: str, expected: int | None) -> None:
    (found,) = read(status(volgnummer, "20260901")).statussen
    assert found.volgnummer == expected


@pytest.mark.parametrize("moment", ["", "gisteren", "20260231", "9999999999999", "0"])
def test_a_status_without_a_moment_is_none(moment: str) -> None:
    assert read(status("1", moment)).statussen == ()


@pytest.mark.parametrize(
    ("text", "indicator", "expected"),
    [
        ("19800517", "V", "1980-05-17"),
        ("19800517", "D", "1980-05"),
        ("19800517", "M", "1980"),
        ("19800517", "J", ""),
        ("19800517", "?", "1980-05-17"),
        ("19800231", "V", ""),
        ("", "V", ""),
    ],
)
def test_a_date_of_birth_is_kept_as_far_as_it_is_known(text: str, indicator: str, expected: str) -> None:
    born = f'<BG:geboortedatum StUF:indOnvolledigeDatum="{indicator}">{text}</BG:geboortedatum>'
    (found,) = read(person("Initiator", A).replace("<BG:geslachtsnaam>", f"{born}<BG:geslachtsnaam>")).betrokkenen
    assert found.gegevens.get("geboortedatum", "") == expected


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("s.jansen@example.org", True),
        (" s.jansen@example.org ", True),
        ("s.jansen", False),
        ("@example.org", False),
        ("a@b@c", False),
        ("a b@example.org", False),
        ("a@example.org\nBcc: b@example.org", False),
        ("a@example.org,b@example.org", False),
        ("&lt;a@example.org&gt;", False),
        ("x" * 250 + "@b.nl", False),
    ],
)
def test_only_one_plain_address_is_kept(address: str, kept: bool) -> None:
    (found,) = read(person("Initiator", A, mail=address)).betrokkenen
    assert found.emailadres == (address.strip() if kept else None)


def test_names_and_numbers_that_fit_nowhere_count_as_not_sent() -> None:
    content = (
        '<ZKN:heeftAlsUitvoerende StUF:verwerkingssoort="T"><ZKN:gerelateerde><ZKN:medewerker>'
        f"<ZKN:identificatie>{'m' * 25}</ZKN:identificatie><ZKN:achternaam>{'x' * 201}</ZKN:achternaam>"
        f"<ZKN:voorletters>{'J.' * 11}</ZKN:voorletters></ZKN:medewerker></ZKN:gerelateerde>"
        "</ZKN:heeftAlsUitvoerende>"
    )
    (found,) = read(content).betrokkenen
    assert (found.soort, found.identificatie, found.naam, found.gegevens) == ("medewerker", "", None, {})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 10))
def test_reading_gives_a_zaak_or_a_refusal(seed: int, edits: int) -> None:
    message, random = cast.zaak(cast.RUNNING, referentienummer="1", now=NOW), Random(seed)
    for _ in range(edits):
        element = random.choice([*message.iter(etree.Element)][1:] or [etree.SubElement(message, "x")])
        parent = element.getparent()
        assert parent is not None
        match random.randrange(4):
            case 0:
                parent.remove(element)
            case 1:
                element.text = random.choice(("", "x" * 900, "9" * 5000, "20260231", "\u0660"))
            case 2:
                element.tag = etree.QName(element).localname
            case _:
                parent.append(element)
    with suppress(Refusal):
        assert 5 <= len(zkn0310.read(message).identificatie) <= 40
