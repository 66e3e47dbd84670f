"""A zaak that is not known here is asked from the zaaksysteem: over real HTTP, with a real database."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select, text

from mapping.test_zkn0320 import document, record
from stuf_klantcontact import asking, contract, parsing, stuurgegevens
from stuf_klantcontact.app import answering, checking
from stuf_klantcontact.asking import Asking
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.intake import Intake, Received
from stuf_klantcontact.journal import Bericht
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import KC, SOAP11, STUF0301, qname
from stuf_klantcontact.rgbz import DocumentInhoud, Zaak
from stuf_klantcontact.settings import Gateway, Settings, Zaaksysteem, Zaaktype, Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import FakeZaaksysteem, FixedClock, cast, closed_port
from stuf_klantcontact.tijdstip import stuf0302

CONTRACT = contract.load()
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
SYNC, ASYNC = "VerwerkSynchroonVrijBericht", "OntvangAsynchroon"
SETTINGS = Settings(
    gateway=Gateway(organisatie="0518", rsin=cast.RSIN),
    zender={
        "MIJNZAKEN": Zender(
            gebruiker="a",
            borgt_voor_opvoerder=True,
            operaties=("voegKlantcontactToe", "wijzigKlantcontact", "klantcontacten"),
        ),
        "ZAAKSYSTEEM": Zender(gebruiker="b", operaties=("zaken",)),
    },
    zaaktype={"B1026": Zaaktype(klantcontacten=True, medewerkers=("jdevries",), betrokkenen=True)},
)


class Reply:
    """An answer, read."""

    def __init__(self, body: bytes) -> None:
        self.element = etree.fromstring(body)
        assert CONTRACT.violations(self.element) == []
        fault = self.element.findtext(f".//{qname(STUF0301, 'code')}")
        self.kind = fault or etree.QName(self.element).localname.partition("Bericht")[0][-4:]
        self.rules = [e.text for e in self.element.iter(qname(KC, "rule"))]
        self.hints = [e.text or "" for e in self.element.iterfind(".//{*}hint/{*}en")]


class Town:
    """A gateway that may ask one zaaksysteem, and what is in its database."""

    def __init__(self, database: Database, endpoint: str, **changed: Any) -> None:
        self.database = database
        self.clock = FixedClock(NOW)
        asked = Zaaksysteem(endpoint=endpoint, applicatie="ZAAKSYSTEEM", **{"timeout": 10.0, **changed})
        settings = SETTINGS.model_copy(update={"zaaksysteem": asked})
        self.asking = Asking(settings, database=database, clock=self.clock)
        self.intake = Intake(settings, database=database, contract=CONTRACT, ask=self.asking, clock=self.clock)

    def send(self, element: etree._Element, *, port: str = SYNC, zender: str = "MIJNZAKEN") -> Reply:
        raw = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (
            SOAP11.encode(),
            etree.tostring(element),
        )
        envelope = parsing.read(raw, limits=SETTINGS.limits, schema=CONTRACT.envelope)
        return Reply(self.intake.accept(Received(port, raw, zender, envelope)).body)

    def contact(self, number: str = "c-1", *, port: str = SYNC, **fields: Any) -> Reply:
        message = cast.contact(referentienummer=number, now=NOW, synchronous=port == SYNC, **fields)
        return self.send(message, port=port)

    def zaak(self, number: str = "z-1", *, mutatiesoort: str = "T", **fields: Any) -> Reply:
        message = cast.zaak(cast.RUNNING, referentienummer=number, now=NOW, operation="zakLk01", **fields)
        soort = message.find(f".//{qname(STUF0301, 'mutatiesoort')}")
        assert soort is not None
        soort.text = mutatiesoort
        return self.send(message, port=ASYNC, zender="ZAAKSYSTEEM")

    @property
    def stored(self) -> Zaak | None:
        with self.database.session() as session:
            return session.scalars(select(Zaak)).one_or_none()

    @property
    def journal(self) -> list[Bericht]:
        """What went out, in order."""
        with self.database.session() as session:
            return [*session.scalars(select(Bericht).where(Bericht.richting == "uit").order_by(Bericht.id))]


def zaken(**fields: Any) -> dict[str, etree._Element]:
    return {cast.RUNNING: cast.zaak(cast.RUNNING, referentienummer="z", now=NOW, **fields)}


@pytest.fixture
def fake() -> Iterator[FakeZaaksysteem]:
    """A zaaksysteem that knows the running zaak."""
    with FakeZaaksysteem(zaken=zaken()) as fake:
        yield fake


@pytest.fixture
def town(database: Database, fake: FakeZaaksysteem) -> Iterator[Town]:
    town = Town(database, fake.url)
    yield town
    town.asking.close()


Make = Callable[..., Town]


@pytest.fixture
def make(database: Database, fake: FakeZaaksysteem) -> Iterator[Make]:
    """A gateway with other settings for its zaaksysteem."""
    made: list[Town] = []

    def _make(**changed: Any) -> Town:
        made.append(Town(database, **{"endpoint": fake.url, **changed}))
        return made[-1]

    yield _make
    for each in made:
        each.asking.close()


# -- answered -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vraag", ["geefZaakdetails", "zakLv01"])
def test_a_contact_about_an_unknown_zaak_lands_once_the_zaaksysteem_has_told(
    vraag: str, make: Make, fake: FakeZaaksysteem
) -> None:
    town = make(vraag=vraag)
    assert town.contact().kind == "Du02"
    assert fake.asked == [cast.RUNNING]
    assert town.stored is not None
    assert (town.stored.zaaktype, town.stored.onvolledig, town.stored.versie) == (cast.ZAAKTYPE, False, 1)
    (row,) = town.journal
    assert (row.partner, row.berichtcode, row.verdict, row.code) == ("ZAAKSYSTEEM", "Lv01", "delivered", "La01")
    assert row.operatie == {"zakLv01": "zakLv01", "geefZaakdetails": "geefZaakdetails_ZakLv01"}[vraag]
    assert row.raw == fake.received[0].raw
    assert b"La01" in (row.antwoord or b"")
    assert fake.received[0].headers["soapaction"].rpartition("/")[2] == f'{row.operatie}"'


def test_who_is_known_is_not_asked_for(town: Town, fake: FakeZaaksysteem) -> None:
    town.zaak()
    assert town.contact().kind == "Du02"
    assert town.contact("c-2", toelichting=" ").kind == "StUF058"
    assert fake.asked == []


def test_a_zaak_of_which_only_a_change_is_known_is_asked_for(town: Town, fake: FakeZaaksysteem) -> None:
    town.zaak(mutatiesoort="W", zaaktype="X" * 11)
    assert town.stored is not None
    assert town.stored.onvolledig
    assert town.contact().kind == "Du02"
    assert fake.asked == [cast.RUNNING]
    assert not town.stored.onvolledig


def test_of_a_zaak_that_nobody_knows_that_is_said(town: Town, fake: FakeZaaksysteem) -> None:
    reply = town.contact(zaak="0518ZAAK0000077")
    assert (reply.kind, reply.rules) == ("StUF064", ["KC-01"])
    assert "later" not in reply.hints[0]
    assert fake.asked == ["0518ZAAK0000077"]
    assert town.stored is None
    assert [row.verdict for row in town.journal] == ["delivered"]


def test_a_fault_that_says_not_found_is_an_answer(town: Town, fake: FakeZaaksysteem) -> None:
    fake.behaviour = "fo03:StUF064"
    assert town.contact().kind == "StUF064"
    assert [(row.verdict, row.code) for row in town.journal] == [("refused", "StUF064")]


def test_a_repeated_message_asks_nothing(town: Town, fake: FakeZaaksysteem) -> None:
    first = town.contact()
    fake.stop()
    again = town.contact()
    assert etree.tostring(again.element) == etree.tostring(first.element)


def test_a_correction_to_an_unknown_zaak_asks_too_unless_it_is_refused_anyway(
    town: Town, fake: FakeZaaksysteem
) -> None:
    town.zaak()
    other = "0518ZAAK0000009"
    added = town.contact(partij="anoniem")
    number = added.element.findtext("{*}klantcontactidentificatie")
    for refused in ({"wijzigt": "KC202600009999"}, {"wijzigt": number, "toelichting": " "}):
        assert "KC-01" in town.contact("w-1", zaak=other, **refused).rules
    assert town.contact("w-2", zaak=other, toelichting=" ").kind == "StUF058"
    assert fake.asked == []
    reply = town.contact("w-3", zaak=other, wijzigt=number, partij="anoniem")
    assert (reply.kind, reply.rules) == ("StUF064", ["KC-01"])
    assert fake.asked == [other]


def test_credentials_are_for_the_zaaksysteem(database: Database) -> None:
    with FakeZaaksysteem(zaken=zaken(), user="klantcontact", password="geheim") as fake:
        town = Town(database, fake.url, gebruiker="klantcontact", wachtwoord="geheim")
        assert town.contact().kind == "Du02"
        town.asking.close()


# -- not asked ----------------------------------------------------------------------------------------------------


def test_a_stranger_makes_us_ask_nothing(town: Town, fake: FakeZaaksysteem) -> None:
    assert town.contact(zender=Systeem("0518", "VREEMD")).kind == "StUF013"
    assert town.send(cast.contact(referentienummer="c", now=NOW), zender="ZAAKSYSTEEM").kind == "StUF052"
    assert fake.received == []


@pytest.mark.parametrize("zaak", ["1234", "0518/0001", "0518?0001"])
def test_nobody_is_asked_for_a_number_that_cannot_be(zaak: str, town: Town, fake: FakeZaaksysteem) -> None:
    assert "KC-01" in town.contact(zaak=zaak).rules
    assert fake.received == []


def test_without_an_endpoint_nobody_is_asked(database: Database) -> None:
    intake = Intake(SETTINGS, database=database, contract=CONTRACT, clock=lambda: NOW)
    raw = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (
        SOAP11.encode(),
        etree.tostring(cast.contact(referentienummer="c", now=NOW)),
    )
    envelope = parsing.read(raw, limits=SETTINGS.limits, schema=CONTRACT.envelope)
    reply = Reply(intake.accept(Received(SYNC, raw, "MIJNZAKEN", envelope)).body)
    assert (reply.kind, reply.rules) == ("StUF064", ["KC-01"])


# -- no answer ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("port", "code"), [(SYNC, "StUF049"), (ASYNC, "StUF046")])
def test_when_the_zaaksysteem_is_away_the_sender_may_repeat_and_then_it_lands(
    port: str, code: str, make: Make, fake: FakeZaaksysteem
) -> None:
    town = make()
    fake.stop()
    reply = town.contact(port=port)
    assert (reply.kind, reply.rules) == (code, ["KC-01"])
    assert "could not be asked" in reply.hints[0]
    assert town.stored is None
    assert [(row.verdict, row.code, row.antwoord) for row in town.journal] == [("deferred", "connect", None)]
    fake.start()
    assert town.contact(port=port).kind in ("Du02", "Bv03")


def test_beside_what_repeating_does_not_mend_the_code_stays(town: Town, fake: FakeZaaksysteem) -> None:
    fake.stop()
    reply = town.contact(toelichting=" ")
    assert (reply.kind, reply.rules) == ("StUF058", ["KC-05", "KC-01"])


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("status:503", "HTTP 503"),
        ("html", "answer-unreadable"),
        ("garbage", "answer-unreadable"),
        ("empty", "answer-unreadable"),
        ("doctype", "answer-unreadable"),
        ("truncated", "connection"),
        ("reset", "connection"),
        ("huge", "answer-size"),
        ("gzip-bomb", "answer-encoding"),
        ("redirect", "HTTP 302"),
        ("wrong-cross", "crossRefnummer"),
        ("bv04", "answer-unexpected"),
        ("fo03:StUF052", "StUF052"),
    ],
)
def test_whatever_else_it_does_is_no_answer(
    behaviour: str, code: str, town: Town, fake: FakeZaaksysteem, caplog: pytest.LogCaptureFixture
) -> None:
    fake.behaviour = behaviour
    assert town.contact().kind == "StUF049"
    (row,) = town.journal
    assert row.code == code or behaviour == "bv04"
    assert row.verdict in ("deferred", "refused")
    assert f"no answer: {row.code}" in caplog.text
    assert cast.RUNNING not in caplog.text


@pytest.mark.parametrize("behaviour", ["hang", "drip", "drip-headers"])
def test_one_deadline_covers_the_whole_question(behaviour: str, make: Make, fake: FakeZaaksysteem) -> None:
    town = make(timeout=0.5)
    fake.behaviour, fake.delay = behaviour, 30.0
    begun = time.monotonic()
    assert town.contact().kind == "StUF049"
    assert 0.4 < time.monotonic() - begun < 5
    assert [row.code for row in town.journal] == ["time-out"]


def test_a_zaaksysteem_that_fails_is_left_alone_for_a_while(
    town: Town, fake: FakeZaaksysteem, caplog: pytest.LogCaptureFixture
) -> None:
    fake.behaviour = "status:503"
    caplog.set_level(logging.WARNING)
    assert [town.contact().kind for _ in range(asking.FAILURES + 2)] == ["StUF049"] * (asking.FAILURES + 2)
    assert len(fake.received) == asking.FAILURES
    fake.behaviour = "well-behaved"
    assert town.contact().kind == "StUF049"
    town.clock.advance(asking.PAUSE.total_seconds())
    assert town.contact().kind == "Du02"


def test_wrong_credentials_leave_it_alone_at_once(database: Database) -> None:
    with FakeZaaksysteem(zaken=zaken(), user="klantcontact", password="geheim") as fake:
        town = Town(database, fake.url, gebruiker="klantcontact", wachtwoord="fout")
        town.contact()
        town.contact()
        assert [row.code for row in town.journal] == ["HTTP 401"]
        town.asking.close()


def test_refusals_do_not_count_as_failures(town: Town, fake: FakeZaaksysteem) -> None:
    fake.behaviour = "fo03:StUF052"
    for _ in range(asking.FAILURES + 1):
        town.contact()
    assert len(fake.received) == asking.FAILURES + 1


# -- at the same time ---------------------------------------------------------------------------------------------


def asked(fake: FakeZaaksysteem, count: int) -> None:
    """Wait until so many questions have come in."""
    fake.wait_for(count, kept=False)


@pytest.fixture
def gated() -> Iterator[tuple[FakeZaaksysteem, threading.Event]]:
    """A zaaksysteem that answers when the event is set."""
    gate = threading.Event()
    with FakeZaaksysteem(zaken=zaken(), gate=gate) as fake:
        yield fake, gate
        gate.set()


def test_no_connection_is_held_while_the_zaaksysteem_answers(
    gated: tuple[FakeZaaksysteem, threading.Event], database_url: str
) -> None:
    fake, gate = gated
    database = Database(database_url, pool_size=1)
    town = Town(database, fake.url)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(town.contact)
        asked(fake, 1)
        with database.engine.connect() as connection:
            open_ = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")
            assert connection.scalar(open_) == 0
        assert town.contact("c-2", zaak="1234").kind == "StUF064"
        gate.set()
        assert waiting.result(20).kind == "Du02"
    town.asking.close()
    database.close()


def test_what_came_in_while_it_answered_is_newer(
    gated: tuple[FakeZaaksysteem, threading.Event], database: Database
) -> None:
    fake, gate = gated
    town = Town(database, fake.url)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(town.contact)
        asked(fake, 1)
        assert town.zaak(omschrijving="Zoals het nu is").kind == "Bv03"
        gate.set()
        assert waiting.result(20).kind == "Du02"
    assert town.stored is not None
    assert (town.stored.omschrijving, town.stored.versie) == ("Zoals het nu is", 1)
    assert len(town.journal) == 1
    town.asking.close()


def test_messages_about_one_unknown_zaak_at_the_same_moment_all_land(
    gated: tuple[FakeZaaksysteem, threading.Event], database: Database
) -> None:
    fake, gate = gated
    town = Town(database, fake.url)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(town.contact, f"c-{number}") for number in range(3)]
        asked(fake, 3)
        gate.set()
        assert [w.result(20).kind for w in waiting] == ["Du02"] * 3
    assert town.stored is not None
    assert town.stored.versie == 1
    town.asking.close()


def test_only_a_few_ask_at_the_same_time(
    gated: tuple[FakeZaaksysteem, threading.Event], database: Database
) -> None:
    fake, gate = gated
    town = Town(database, fake.url)
    with ThreadPoolExecutor(asking.AT_ONCE + 2) as pool:
        waiting = [pool.submit(town.contact, f"c-{number}") for number in range(asking.AT_ONCE + 2)]
        asked(fake, asking.AT_ONCE)
        gate.set()
        assert [w.result(20).kind for w in waiting] == ["Du02"] * (asking.AT_ONCE + 2)
    # Who waited for a place asks when another has its answer, or finds the zaak there.
    assert fake.most_at_once == asking.AT_ONCE
    town.asking.close()


def test_who_waited_for_a_place_does_not_ask_a_zaaksysteem_that_failed_meanwhile(
    gated: tuple[FakeZaaksysteem, threading.Event], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 1)
    monkeypatch.setattr(asking, "FAILURES", 1)
    fake, gate = gated
    town = Town(database, fake.url, timeout=2.0)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(town.contact, "c-1")
        asked(fake, 1)
        second = pool.submit(town.contact, "c-2")
        assert [first.result(20).kind, second.result(20).kind] == ["StUF049"] * 2
    gate.set()
    assert len(town.journal) == 1
    town.asking.close()


# -- wired --------------------------------------------------------------------------------------------------------


def test_the_gateway_is_put_together_with_its_zaaksysteem(database_url: str, fake: FakeZaaksysteem) -> None:
    gateway = SETTINGS.gateway.model_copy(update={"database_url": database_url})
    zender = SETTINGS.zender["MIJNZAKEN"].model_copy(update={"wachtwoord_hash": "$argon2id$"})
    settings = SETTINGS.model_copy(
        update={
            "gateway": gateway,
            "zender": {"MIJNZAKEN": zender},
            "zaaksysteem": Zaaksysteem(endpoint=fake.url, applicatie="ZAAKSYSTEEM"),
        }
    )
    built = answering.build(settings, address="http://127.0.0.1:1", clock=lambda: NOW)
    try:
        raw = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (
            SOAP11.encode(),
            etree.tostring(cast.contact(referentienummer="c", now=NOW)),
        )
        envelope = parsing.read(raw, limits=SETTINGS.limits, schema=built.contract.envelope)
        assert Reply(built.intake.accept(Received(SYNC, raw, "MIJNZAKEN", envelope)).body).kind == "Du02"
    finally:
        built.close()
    assert fake.asked == [cast.RUNNING]


@pytest.mark.parametrize(
    ("section", "mistake"),
    [
        ({"zaaksysteem": Zaaksysteem(endpoint="zaken", applicatie="ZAAKSYSTEEM")}, "zaaksysteem.endpoint"),
        ({"gateway": Gateway(organisatie="0518", rsin=cast.RSIN, zaak_schemas="/nergens")}, "gateway.zaak_schemas"),
    ],
)
def test_settings_that_cannot_work_are_refused(section: dict[str, Any], mistake: str) -> None:
    with pytest.raises(ConfigurationError, match=mistake):
        checking.check(SETTINGS.model_copy(update=section))


def test_a_zaaksysteem_needs_a_name() -> None:
    with pytest.raises(ValueError, match=r"zaaksysteem\.applicatie"):
        Zaaksysteem(endpoint="http://127.0.0.1:1/")


def test_a_closed_port_is_no_zaaksysteem(make: Make) -> None:
    assert make(endpoint=f"http://127.0.0.1:{closed_port()}/").contact().kind == "StUF049"


def test_a_kennisgeving_asks_only_when_nothing_else_is_wrong_with_it(make: Make, fake: FakeZaaksysteem) -> None:
    town = make()
    said = record()
    said.zaak = Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="")
    said.informatieobjecten = [document(identificatie="NERGENS-1")]
    assert town.send(zkn0320.klc_lk01(said, header=ours("k-1")), port=ASYNC).kind == "Fo03"
    assert fake.asked == []
    said.informatieobjecten, said.toelichting = [], "Teruggebeld."
    reply = town.send(zkn0320.klc_lk01(said, header=ours("k-2")), port=ASYNC)
    assert reply.kind == "Bv03", (reply.rules, reply.hints, fake.asked)
    assert fake.asked == [cast.RUNNING]


def test_a_kennisgeving_that_comes_again_asks_nothing(make: Make, fake: FakeZaaksysteem) -> None:
    """It was accepted; that its zaak is here no longer is none of its business."""
    town = make()
    said = record()
    said.zaak = Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="")
    said.informatieobjecten, said.toelichting = [], "Teruggebeld."
    message = zkn0320.klc_lk01(said, header=ours("k-1"))
    assert town.send(message, port=ASYNC).kind == "Bv03"
    with town.database.session() as session:
        session.execute(text("TRUNCATE klantcontact, zaak CASCADE"))
    fake.asked.clear()
    assert town.send(message, port=ASYNC).kind == "Bv03"
    assert fake.asked == []
    assert town.send(zkn0320.klc_lk01(said, header=ours("k-2")), port=ASYNC).kind == "Bv03"
    assert fake.asked == [cast.RUNNING]


def test_a_document_about_an_unknown_zaak_lands_once_the_zaaksysteem_has_told(
    town: Town, fake: FakeZaaksysteem
) -> None:
    said = record()
    said.zaak = Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="")
    good = document(identificatie="D-1")
    header = replace(ours("d-2"), entiteittype="IOB")
    reply = town.send(zkn0320.iob_lk01(good, klantcontact=said, header=header), port=ASYNC)
    assert reply.kind == "Bv03", (reply.rules, reply.hints)
    assert fake.asked == [cast.RUNNING]


def test_a_document_that_is_refused_anyway_asks_nothing(town: Town, fake: FakeZaaksysteem) -> None:
    said = record()
    said.zaak = Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="")
    bad = document(identificatie="D-2", bestandsnaam="a.exe", formaat="application/x-msdownload")
    bad.inhoud = DocumentInhoud(sha256=b"\0" * 32, inhoud=b"MZ")
    header = replace(ours("d-3"), entiteittype="IOB")
    reply = town.send(zkn0320.iob_lk01(bad, klantcontact=said, header=header), port=ASYNC)
    assert (reply.kind, set(reply.rules)) == ("Fo03", {"KC-01", "KC-12"})
    assert fake.asked == []


def ours(number: str) -> Header:
    return Header(
        berichtcode="Lk01",
        zender=cast.MIJNZAKEN,
        ontvanger=cast.GATEWAY,
        referentienummer=number,
        tijdstip_bericht=stuf0302(NOW),
        entiteittype="KLC",
    )


def test_questions_take_part_in_the_order_of_all_that_we_send(town: Town, fake: FakeZaaksysteem) -> None:
    for number in ("0518ZAAK0000071", "0518ZAAK0000072"):
        town.contact(f"c-{number}", zaak=number)
    first, second = (
        stuurgegevens.read(parsing.read(b.raw, limits=SETTINGS.limits, schema=CONTRACT.envelope).body)
        for b in town.journal
    )
    assert second.tijdstip_bericht > first.tijdstip_bericht, "the clock stands still"
