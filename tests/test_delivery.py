"""One attempt at one item: what the zaakmagazijn gets, what is stored, and what each outcome leads to."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from outgoing import ABONNEE, LATER, RSIN, enqueue, items, number, order, remember, settings
from plugin_database import Postgres
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.journal import recent
from stuf_klantcontact.outbox import Claim, Item, Order
from stuf_klantcontact.rgbz import Klantcontact
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeMailServer, FakeZaakmagazijn, FixedClock, closed_port

PDF = b"%PDF-1.7 " + bytes(range(256)) * 20


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contracts.load()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(LATER)


@pytest.fixture
def zaakmagazijn(contract: Contract) -> Iterator[FakeZaakmagazijn]:
    with FakeZaakmagazijn(contract=contract) as fake:
        yield fake


@pytest.fixture
def delivery(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> Iterator[Delivery]:
    delivery = make(settings(zaakmagazijn.url), database, contract, clock)
    yield delivery
    delivery.close()


def make(
    settings: Settings,
    database: Database,
    contract: Contract,
    clock: FixedClock,
    checkpoint: Callable[[str], None] = lambda name: None,
) -> Delivery:
    return Delivery(
        settings, database=database, contract=contract, clock=clock, chance=lambda: 0.0, checkpoint=checkpoint
    )


def claim(database: Database, clock: FixedClock, *, abonnee: str = ABONNEE, lease: float = 120.0) -> list[Claim]:
    with database.connection() as connection:
        return outbox.claim(connection, abonnee=abonnee, limit=10, lease=lease, now=clock())


def attempt(delivery: Delivery, database: Database, clock: FixedClock, *, abonnee: str = ABONNEE) -> Item:
    """Try the one item that is due; gives it as it is then."""
    (claimed,) = claim(database, clock, abonnee=abonnee)
    delivery.attempt(claimed)
    return next(item for item in items(database) if item.id == claimed.item)


def test_a_klantcontact_arrives_as_a_valid_klclk01(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    item = attempt(delivery, database, clock)
    (received,) = zaakmagazijn.kept
    assert received.name == "klcLk01"
    assert received.text("object/identificatie") == number(1)
    assert received.header.zender.applicatie == "KLANTCONTACT"
    assert received.header.ontvanger.organisatie == "0518"
    assert received.header.ontvanger.applicatie == ABONNEE
    assert received.header.tijdstip_bericht == "2036-11-22T13:00:00.000+01:00"
    assert (item.state, item.code, item.attempts, item.delivered_at) == ("delivered", "Bv03", 1, LATER)
    assert received.referentienummer == item.referentienummer


def test_documents_arrive_before_the_contact_that_refers_to_them(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1, inhoud=[PDF, b"tweede"])
    enqueue(database, order(1, document=1), order(1, document=2), order(1))
    for _ in range(3):
        attempt(delivery, database, clock)
    assert [message.name for message in zaakmagazijn.kept] == ["iobLk01", "iobLk01", "klcLk01"]
    moments = [message.header.tijdstip_bericht for message in zaakmagazijn.kept]
    assert moments == sorted(set(moments)), "tijdstipBericht rises though the clock stands still"


def test_a_document_is_stored_once_and_sent_whole_on_every_attempt(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1, inhoud=[PDF])
    enqueue(database, order(1, document=1))
    zaakmagazijn.next("lost-answer")
    item = attempt(delivery, database, clock)
    assert item.state == "waiting"
    assert item.body is not None
    assert len(item.body) < len(PDF), "the document is in document_inhoud already"
    clock.advance(10)
    assert attempt(delivery, database, clock).state == "delivered"
    first, second = zaakmagazijn.received
    assert first.raw == second.raw
    assert second.answer == "repeated"
    assert len(first.raw) > len(PDF)


def test_every_attempt_sends_the_same_bytes_and_waits_longer(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    zaakmagazijn.next("status:503", "empty", "lost-answer", "status:500")
    waits = []
    while (item := attempt(delivery, database, clock)).state == "waiting":
        assert item.next_attempt_at is not None
        waits.append((item.next_attempt_at - clock()).total_seconds())
        clock.advance(waits[-1])
    assert waits == [10, 20, 40, 80]
    assert len({request.raw for request in zaakmagazijn.received}) == 1
    assert len(zaakmagazijn.kept) == 1
    assert item.state == "delivered"


def test_a_receiver_that_is_stopped_by_configuration_is_left_alone_with_an_alarm(
    database: Database,
    delivery: Delivery,
    zaakmagazijn: FakeZaakmagazijn,
    clock: FixedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remember(database, 1)
    remember(database, 2, zaak="Z2")
    enqueue(database, order(1), order(2, zaak="Z2"))
    first, second = claim(database, clock)
    zaakmagazijn.behaviour = "redirect"
    delivery.attempt(first)
    assert [r.levelname for r in caplog.records if "left alone" in r.message] == ["ERROR"]
    delivery.give_back(second, code="x")
    assert claim(database, clock) == []
    zaakmagazijn.behaviour = "well-behaved"
    clock.advance(10)
    with caplog.at_level(logging.INFO):
        assert attempt(delivery, database, clock).state == "delivered"
    assert "takes messages again" in caplog.text
    assert attempt(delivery, database, clock).state == "delivered"


def test_out_of_order_at_the_receiver_is_stamped_anew_and_then_delivered(
    database: Database, contract: Contract, clock: FixedClock
) -> None:
    with FakeZaakmagazijn(contract=contract, ordered=True) as ordered:
        delivery = make(settings(ordered.url), database, contract, clock)
        remember(database, 1)
        remember(database, 2, zaak="Z2")
        enqueue(database, order(1), order(2, zaak="Z2"))
        one, two = claim(database, clock)
        ordered.next("status:503")
        delivery.attempt(one)
        delivery.attempt(two)
        clock.advance(10)
        item = attempt(delivery, database, clock)
        assert (item.state, item.code, item.referentienummer) == ("waiting", "StUF019", None)
        clock.advance(20)
        item = attempt(delivery, database, clock)
        delivery.close()
    assert item.state == "delivered"
    moments = [message.header.tijdstip_bericht for message in ordered.kept]
    assert moments == sorted(set(moments))
    assert len({message.referentienummer for message in ordered.received if message.name}) == 3


def test_patience_ends_after_five_days_and_a_person_starts_it_again(
    database: Database, contract: Contract, clock: FixedClock
) -> None:
    delivery = make(settings(f"http://127.0.0.1:{closed_port()}/"), database, contract, clock)
    remember(database, 1)
    enqueue(database, order(1))
    item = attempt(delivery, database, clock)
    clock.advance(days=5, seconds=-1)
    item = attempt(delivery, database, clock)
    assert item.state == "waiting"
    clock.advance(3600)
    item = attempt(delivery, database, clock)
    assert (item.state, item.code) == ("held", "connect")
    assert "5 dagen geprobeerd" in item.reason
    with database.connection() as connection:
        outbox.release(connection, items=[item.id], door="kim", now=clock())
    clock.advance(3600)
    assert attempt(delivery, database, clock).state == "waiting"
    delivery.close()


class TestOurOwnTrouble:
    def test_what_cannot_be_rendered_is_held_with_a_reference_that_the_log_has(
        self,
        database: Database,
        delivery: Delivery,
        zaakmagazijn: FakeZaakmagazijn,
        clock: FixedClock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        remember(database, 1, 2)
        with database.session() as session:
            session.query(Klantcontact).filter_by(identificatie=number(1)).one().partij = None
        enqueue(database, order(1), order(2))
        item = attempt(delivery, database, clock)
        assert (item.state, item.code) == ("held", "eigen fout")
        (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        reference = line.partition("reference=")[2].split()[0]
        assert reference
        assert reference in item.reason
        assert "999993653" not in caplog.text
        assert zaakmagazijn.received == []
        assert claim(database, clock) == []

    def test_what_the_contract_forbids_is_not_sent(
        self,
        database: Database,
        delivery: Delivery,
        zaakmagazijn: FakeZaakmagazijn,
        clock: FixedClock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        remember(database, 1)
        with database.session() as session:
            session.query(Klantcontact).one().medewerker = {"identificatie": "j" * 25, "achternaam": "Vries"}
        enqueue(database, order(1))
        assert attempt(delivery, database, clock).code == "eigen fout"
        assert "not as the contract says" in caplog.text
        assert zaakmagazijn.received == []

    @pytest.mark.parametrize(
        "missing", [order(9), Order(ABONNEE, "Z", "iobLk01", number(1), "weg")], ids=["klantcontact", "document"]
    )
    def test_facts_that_are_gone_hold_the_item(
        self, database: Database, delivery: Delivery, clock: FixedClock, missing: Order
    ) -> None:
        remember(database, 1)
        enqueue(database, missing)
        assert attempt(delivery, database, clock).state == "held"

    def test_a_document_whose_bytes_are_gone_holds_the_item(
        self, database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        remember(database, 1, inhoud=[PDF])
        enqueue(database, order(1, document=1))
        zaakmagazijn.next("status:503")
        attempt(delivery, database, clock)
        with database.session() as session:
            session.query(rgbz.Informatieobject).one().inhoud = None
            session.query(rgbz.DocumentInhoud).delete()
        clock.advance(10)
        assert attempt(delivery, database, clock).code == "eigen fout"

    def test_a_probe_that_came_to_nothing_makes_room_for_another(
        self, database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        remember(database, 1)
        remember(database, 2, zaak="Z2")
        enqueue(database, order(1), order(9, zaak="Z9"))
        one, broken = claim(database, clock)
        zaakmagazijn.next("status:404")
        delivery.attempt(one)
        delivery.give_back(broken, code="x")
        clock.advance(10)
        for _ in range(2):
            (probe,) = claim(database, clock)
            delivery.attempt(probe)
        assert sorted(item.state for item in items(database)) == ["delivered", "held"]


class TestLease:
    def test_a_lost_lease_sends_nothing_at_the_first_attempt(
        self, database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        (old,) = claim(database, clock)
        clock.advance(121)
        (new,) = claim(database, clock)
        delivery.attempt(old)
        assert zaakmagazijn.received == []
        delivery.attempt(new)
        assert len(zaakmagazijn.received) == 1

    def test_too_little_lease_for_an_exchange_sends_nothing_and_lets_another_try(
        self, database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        """As after a pause of the whole process: the monotonic clock says that the time-out would not fit."""
        remember(database, 1)
        enqueue(database, order(1))
        (late,) = claim(database, clock, lease=4.0)
        delivery.attempt(late)
        assert zaakmagazijn.received == []
        assert attempt(delivery, database, clock).state == "delivered"

    @pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has a clock that goes on")
    def test_a_machine_that_was_suspended_does_not_send_under_a_lease_that_ran_out(
        self,
        database: Database,
        delivery: Delivery,
        zaakmagazijn: FakeZaakmagazijn,
        clock: FixedClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """time.monotonic() stands still meanwhile; the clock since the machine was started does not."""
        remember(database, 1)
        enqueue(database, order(1))
        (late,) = claim(database, clock, lease=120.0)
        really = time.clock_gettime

        def later(which: int) -> float:
            return really(which) + (118.0 if which == time.CLOCK_BOOTTIME else 0.0)

        monkeypatch.setattr(time, "clock_gettime", later)
        delivery.attempt(late)
        assert zaakmagazijn.received == []
        assert items(database)[0].code == "lease"

    def test_a_settle_after_the_lease_is_refused_and_the_repeat_is_recognised(
        self, database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        """The zombie: paused between the answer and the settle, while another worker took over."""
        others: list[Claim] = []

        def pause(name: str) -> None:
            if name == "answered" and not others:
                clock.advance(121)
                others.extend(claim(database, clock))

        zombie = make(settings(zaakmagazijn.url), database, contract, clock, pause)
        remember(database, 1)
        enqueue(database, order(1))
        (claimed,) = claim(database, clock)
        zombie.attempt(claimed)
        (item,) = items(database)
        assert item.state == "sending", "the other worker has it"
        zombie.attempt(others[0])
        assert [request.answer for request in zaakmagazijn.received] == ["Bv03", "repeated"]
        assert items(database)[0].state == "delivered"
        zombie.close()

    @pytest.mark.parametrize("name", ["claimed", "stamped", "answered", "settled"])
    def test_a_crash_anywhere_loses_nothing_and_repeats_once_at_most(
        self, database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock, name: str
    ) -> None:
        class Crash(BaseException):
            pass

        def crash(reached: str) -> None:
            if reached == name:
                raise Crash

        remember(database, 1, 2)
        enqueue(database, order(1), order(2))
        (claimed,) = claim(database, clock)
        crashing = make(settings(zaakmagazijn.url), database, contract, clock, crash)
        with pytest.raises(Crash):
            crashing.attempt(claimed)
        crashing.close()
        restarted = make(settings(zaakmagazijn.url), database, contract, clock)
        clock.advance(121)
        while claims := claim(database, clock):
            restarted.attempt(claims[0])
        restarted.close()
        assert [message.text("object/identificatie") for message in zaakmagazijn.kept] == [number(1), number(2)]
        assert len(zaakmagazijn.received) == (3 if name == "answered" else 2)
        assert [item.state for item in items(database)] == ["delivered", "delivered"]


def test_a_database_that_is_away_when_the_receiver_answers_learns_of_it_afterwards(
    database: Database, postgres: Postgres, contract: Contract, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    name = database.parameters["dbname"]
    back = threading.Timer(0.7, postgres.run, [f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"])

    def away(reached: str) -> None:
        if reached == "answered":
            postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
            back.start()

    remember(database, 1)
    enqueue(database, order(1))
    (claimed,) = claim(database, clock)
    delivery = make(settings(zaakmagazijn.url), database, contract, clock, away)
    assert delivery.attempt(claimed)
    back.join()
    delivery.close()
    assert len(zaakmagazijn.received) == 1
    assert [item.state for item in items(database)] == ["delivered"]
    assert journal_out(database) == [zaakmagazijn.received[0].referentienummer]


def test_what_is_settled_together_is_written_down_as_it_would_have_been_alone(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    for count in range(1, 6):
        remember(database, count, zaak=f"Z{count}")
        enqueue(database, order(count, zaak=f"Z{count}"))
    zaakmagazijn.judge = lambda r: "StUF058" if r.text("object/identificatie") == number(3) else ""
    *claims, last = claim(database, clock)
    delivery.attempt(last)
    tried = [one for claimed in claims if (one := delivery.send(claimed)) is not None]
    (refused,) = delivery.settle_together(tried)
    assert refused.claim.klantcontact == number(3)
    delivery.settle(refused)
    assert [item.state for item in items(database)] == ["delivered", "delivered", "held", "delivered", "delivered"]
    with database.session() as session:
        rows = [
            (row.partner, row.berichtcode, row.operatie, row.verdict, row.code, row.raw, (row.antwoord or b"")[:6])
            for row in recent(session)
        ]
    assert [row[-2] for row in reversed(rows)] == [zaakmagazijn.received[place].raw for place in (0, 1, 2, 4, 3)], (
        "in the order in which they were settled"
    )
    alone, *together = [row[:5] + row[6:] for row in reversed(rows)]
    assert together[:3] == [alone] * 3


def test_no_transaction_is_open_while_the_network_is_in_use(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    zaakmagazijn.behaviour = "slow"
    zaakmagazijn.delay = 60
    (claimed,) = claim(database, clock)
    thread = threading.Thread(target=delivery.attempt, args=(claimed,))
    states: list[str] = []

    def look(_: object) -> str:
        with database.connection() as connection:
            rows = connection.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            ).fetchall()
        states.extend(row[0] for row in rows)
        return ""

    zaakmagazijn.behaviour = "well-behaved"
    zaakmagazijn.judge = look
    thread.start()
    thread.join(10)
    assert items(database)[0].state == "delivered"
    assert set(states) <= {"idle"}


def test_the_journal_keeps_what_went_out_and_what_came_back(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    zaakmagazijn.next("fo03:StUF046")
    attempt(delivery, database, clock)
    clock.advance(10)
    item = attempt(delivery, database, clock)
    with database.session() as session:
        second, first = recent(session)
        assert [first.verdict, second.verdict] == ["deferred", "delivered"]
        assert [first.code, second.code] == ["StUF046", "Bv03"]
        assert {first.richting, second.richting} == {"uit"}
        assert {first.partner, second.partner} == {ABONNEE}
        assert {first.referentienummer, second.referentienummer} == {item.referentienummer}
        assert first.raw == second.raw == zaakmagazijn.received[0].raw
        assert b"StUF046" in (first.antwoord or b"")
        assert b"Bv03" in (second.antwoord or b"")


class TestMail:
    def test_a_betrokkene_gets_a_mail_and_a_bad_address_blocks_nobody(
        self, database: Database, contract: Contract, clock: FixedClock
    ) -> None:
        remember(database, 1)
        enqueue(
            database,
            *(
                Order(outbox.MAIL, a, "mail", number(1))
                for a in ("bad address", "full@example.org", "a@example.org", "b@example.org")
            ),
        )
        with FakeMailServer(refuse={"full@example.org": "452 4.2.2 full"}) as server:
            configured = Settings(
                gateway={"organisatie": "0518", "rsin": RSIN},
                mail={
                    "server": server.host,
                    "port": server.port,
                    "starttls": False,
                    "afzender": "noreply@gemeente.example",
                },
            )
            delivery = make(configured, database, contract, clock)
            assert delivery.abonnees == (outbox.MAIL,)
            tried = [delivery.send(claimed) for claimed in claim(database, clock, abonnee=outbox.MAIL)]
            for one in delivery.settle_together([one for one in tried if one is not None]):
                delivery.settle(one)
            got, other = sorted(server.wait_for(2), key=lambda mail: mail.recipients)
        assert (got.recipients, other.recipients) == (("a@example.org",), ("b@example.org",))
        assert "0518ZAAK0000001" in got.text
        for secret in ("999993653", "vergunning", "Jansen", "Stand van zaken"):
            assert secret not in got.text
        states = {item.stream.sleutel: (item.state, item.code) for item in items(database)}
        assert states == {
            "a@example.org": ("delivered", "250"),
            "b@example.org": ("delivered", "250"),
            "full@example.org": ("waiting", "SMTP 452"),
            "bad address": ("held", "eigen fout"),
        }


def test_what_is_prepared_together_arrives_as_it_would_have_alone(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    """Plain items are made in three statements; the same message comes of them but for its number and moment."""
    remember(database, 1, 2, 3, zaak="Z1")
    remember(database, 4, zaak="Z4", inhoud=[PDF])
    enqueue(database, *(order(count, zaak=f"S{count}") for count in (1, 2, 3, 4)))
    claims = claim(database, clock)
    prepared = delivery.prepare(claims)
    assert [claimed.klantcontact in {number(1), number(2), number(3)} for claimed in claims] == [
        claimed.item in prepared for claimed in claims
    ], "one with a document is made on its own"
    for item in items(database):
        assert (item.body is not None) == (item.id in prepared), "stamped before anything is sent"
    for claimed in claims:
        assert delivery.attempt(claimed, message=prepared.get(claimed.item))
    again = make(settings(zaakmagazijn.url), database, delivery._rendering._contract, clock)
    enqueue(database, order(1, zaak="S9"))
    (alone,) = claim(database, clock)
    assert again.prepare([alone]) == {}, "one by itself is made alone"
    assert again.attempt(alone)
    again.close()
    together = next(message for message in zaakmagazijn.kept if message.text("object/identificatie") == number(1))
    apart = zaakmagazijn.kept[-1]
    for own in (together.referentienummer, apart.referentienummer):
        assert own
    stripped = [
        message.raw.replace(message.referentienummer.encode(), b"").replace(
            message.header.tijdstip_bericht.encode(), b""
        )
        for message in (together, apart)
    ]
    assert stripped[0] == stripped[1]
    moments = [message.header.tijdstip_bericht for message in zaakmagazijn.kept]
    assert len(set(moments)) == len(moments)
    assert {item.state for item in items(database)} == {"delivered"}
    assert len(journal_out(database)) == 5


def journal_out(database: Database) -> list[str]:
    with database.session() as session:
        return [bericht.referentienummer for bericht in recent(session) if bericht.richting == "uit"]


def test_preparing_stops_for_one_that_cannot_be_made_and_goes_on_with_the_rest(
    database: Database, delivery: Delivery, zaakmagazijn: FakeZaakmagazijn, clock: FixedClock
) -> None:
    remember(database, 1, 2, 3)
    with database.session() as session:
        broken = session.query(Klantcontact).filter_by(identificatie=number(2)).one()
        broken.partij = None
    enqueue(database, *(order(count, zaak=f"S{count}") for count in (1, 2, 3)))
    claims = claim(database, clock)
    prepared = delivery.prepare(claims)
    for claimed in claims:
        delivery.attempt(claimed, message=prepared.get(claimed.item))
    assert [item.state for item in items(database)] == ["delivered", "held", "delivered"]


def test_who_lost_the_lease_while_preparing_sends_nothing(
    database: Database,
    delivery: Delivery,
    zaakmagazijn: FakeZaakmagazijn,
    clock: FixedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remember(database, 1, 2)
    enqueue(database, order(1, zaak="S1"), order(2, zaak="S2"))
    claims = claim(database, clock, lease=60)
    clock.advance(seconds=61)
    taken = claim(database, clock, lease=60)[:1]
    prepared = delivery.prepare(claims)
    assert prepared == {}
    for claimed in claims:
        assert not delivery.attempt(claimed)
    assert zaakmagazijn.received == []
    assert delivery.attempt(taken[0])
