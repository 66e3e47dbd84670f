"""Zaken in: what zaaksystemen really send lands as the right zaak, with its statuses and betrokkenen."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from conftest import SHARED, need
from stuf_klantcontact import contract, parsing
from stuf_klantcontact.intake import Intake, Received
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.names import BG0310, SOAP11, STUF0301, XSI, ZKN0310, qname
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
        answer = intake.accept(Received("OntvangAsynchroon", raw, "ZAAKSYSTEEM", envelope))
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

MESSAGES = SHARED / "messages"
OPERATIONS = ("zakLk01", "creeerZaak_ZakLk01", "actualiseerZaakstatus_ZakLk01")


def real() -> Iterator[Path]:
    """The valid ones of the messages that others published."""
    index = MESSAGES / "index.tsv"
    for line in index.read_text(encoding="utf-8").splitlines() if index.is_file() else ():
        file, root, _, _, valid, *_ = line.split("\t")
        if root in OPERATIONS and valid == "yes":
            yield MESSAGES / file


def stamped(path: Path) -> etree._Element:
    """The zaak message in a file, from whatever envelope, as our zaaksysteem would send it now."""
    root = etree.parse(str(path)).getroot()
    (message,) = (e for e in root.iter(etree.Element) if etree.QName(e).localname in OPERATIONS)
    header = next(e for e in message if etree.QName(e).localname == "stuurgegevens")
    ours = {"zender": "ZAAKSYSTEEM", "ontvanger": "KLANTCONTACT"}
    for element in list(header):
        local = etree.QName(element).localname
        if local in ours:
            for child in list(element):
                element.remove(child)
            etree.SubElement(element, qname(STUF0301, "organisatie")).text = "0518"
            etree.SubElement(element, qname(STUF0301, "applicatie")).text = ours[local]
        elif local == "referentienummer":
            element.text = path.stem[:40]
        elif local == "tijdstipBericht":
            element.text = "20261122101500000"
    return etree.fromstring(etree.tostring(message))


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
    assert len(list(real())) >= 25


@pytest.mark.parametrize("path", sorted(real()), ids=lambda path: path.stem)
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


def mutation(
    mutatiesoort: str, *objects: str, identificatie: str = IDENTIFICATIE, number: str = ""
) -> etree._Element:
    """A zakLk01 whose objects hold the given content, in prefixes ZKN, StUF, BG and xsi."""
    number = number or f"{mutatiesoort}-{abs(hash(objects)) % 10**9}"
    bodies = "".join(
        f'<ZKN:object StUF:entiteittype="ZAK" StUF:verwerkingssoort="{mutatiesoort}">'
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
        f"<ZKN:isVan><ZKN:gerelateerde><ZKN:omschrijving>Soort</ZKN:omschrijving><ZKN:code>{code}</ZKN:code>"
        "</ZKN:gerelateerde></ZKN:isVan>"
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
        f"<ZKN:isVan {EMPTY.format('geenWaarde')}/>",
        "<ZKN:isVan><ZKN:gerelateerde/></ZKN:isVan>",
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
    ],
)
def test_relations_are_added_ended_and_replaced(
    oud: str, huidig: str, left: list[str], take: Take, load: Callable[[str], Zaak]
) -> None:
    take(mutation("T", person("Belanghebbende", A)))
    assert take(mutation("W", oud, huidig)) == "Bv03"
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


@pytest.mark.parametrize("identificatie", ["", " ", "x" * 41])
def test_a_message_without_a_zaak_is_refused(identificatie: str, take: Take) -> None:
    with pytest.raises(ValueError, match="identificatie"):
        zkn0310.read(mutation("T", "", identificatie=identificatie))
    assert take(mutation("T", "", identificatie=identificatie)) == "Fo03"


@pytest.mark.parametrize(
    ("volgnummer", "expected"), [("1", 1), ("0012", 12), ("", 0), ("x", 0), ("-1", 0), ("9" * 5000, 0), ("²", 0)]
)
def test_an_odd_volgnummer_is_zero(volgnummer: str, expected: int) -> None:
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
    assert found.emailadres == (address.strip() if kept else "")


def test_names_and_numbers_that_fit_nowhere_count_as_not_sent() -> None:
    content = (
        "<ZKN:heeftAlsUitvoerende><ZKN:gerelateerde><ZKN:medewerker>"
        f"<ZKN:identificatie>{'m' * 25}</ZKN:identificatie><ZKN:achternaam>{'x' * 201}</ZKN:achternaam>"
        f"<ZKN:voorletters>{'J.' * 11}</ZKN:voorletters></ZKN:medewerker></ZKN:gerelateerde>"
        "</ZKN:heeftAlsUitvoerende>"
    )
    (found,) = read(content).betrokkenen
    assert (found.soort, found.identificatie, found.naam, found.gegevens) == ("medewerker", "", "", {})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 10))
def test_reading_gives_a_zaak_or_raises_value_error(seed: int, edits: int) -> None:
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
    with suppress(ValueError):
        assert len(zkn0310.read(message).identificatie) <= 40
