"""What was delivered is put aside and still known; messages go when their time is over, and nothing else does."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from werkzeug.test import Client

from outgoing import RSIN, remember
from stuf_klantcontact import housekeeping, journal, outbox
from stuf_klantcontact.app import answering
from stuf_klantcontact.cli import cli
from stuf_klantcontact.housekeeping import Housekeeper
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from test_journal import incoming
from test_outbox import a_stamp, claim, deliver, enqueue, orders
from test_subscribers import standing

LATER = datetime(2036, 12, 1, tzinfo=UTC)
"""Long after all that these tests do."""


def number(count: int) -> str:
    """As test_outbox numbers klantcontacten."""
    return f"KC{count:012}"


def settings(**privacy: Any) -> Settings:
    return Settings.model_validate({"gateway": {"rsin": RSIN}, "privacy": privacy})


def sweep(
    database: Database, *, dry: bool = False, now: datetime = LATER, page: int = 2, **privacy: Any
) -> list[int]:
    found = housekeeping.sweep(database, settings=settings(**privacy), now=now, dry=dry, page=page)
    return [done.rows for done in found]


def rows(database: Database, query: str) -> list[Any]:
    with database.connection() as connection:
        return connection.execute(query.encode()).fetchall()


def states(database: Database, **which: Any) -> list[tuple[str, str]]:
    with database.session() as session:
        return [(item.klantcontact[-1], item.state) for item in outbox.listing(session, **which)]


@pytest.fixture
def sent(database: Database) -> Database:
    """1 and 2 of Z1 delivered, 3 is next; 4 of Z2 is held, 5 behind it skipped; 6 of Z3 delivered."""
    with database.connection() as connection:
        enqueue(connection, orders(1, 2, 3), orders(4, 5, zaak="Z2"), orders(6, zaak="Z3"))
        for _ in range(2):
            for one in claim(connection):
                if one.sleutel == "Z2":
                    outbox.settle(connection, one, state="held", now=one.claimed_at)
                else:
                    outbox.stamp(connection, one, stamp=a_stamp(f"R-{one.klantcontact[-1]}"), now=one.claimed_at)
                    assert deliver(connection, one)
        outbox.skip(connection, items=[5], door="kim", reason="met de hand")
    return database


class TestAside:
    def test_what_is_open_stays_and_what_is_put_aside_is_still_found(self, sent: Database) -> None:
        everything = states(sent)
        with sent.session() as session:
            told = outbox.told(session, number(1))
        with sent.connection() as connection:
            before = standing(connection)
        assert sweep(sent, dry=True) == [3]
        assert len(rows(sent, "SELECT FROM outbox_item")) == 6
        assert sweep(sent) == [3]
        kept = rows(sent, "SELECT klantcontact FROM outbox_item ORDER BY id")
        assert [row[0][-1] for row in kept] == ["3", "4", "5"], "5 is behind one that is held"
        assert sweep(sent) == [0]
        assert states(sent) == everything
        assert states(sent, referentienummer="R-2") == [("2", "delivered")]
        assert states(sent, states=("delivered",), abonnee="ZM", sleutel="Z1") == [
            ("1", "delivered"),
            ("2", "delivered"),
        ]
        with sent.session() as session:
            assert outbox.told(session, number(1)) == told
            assert told["ZM"].present == {None}
        with sent.connection() as connection:
            assert standing(connection) == before
            (three,) = claim(connection)
            assert three.klantcontact == number(3)
            deliver(connection, three)
            enqueue(connection, orders(7))
            (seven,) = claim(connection)
            assert (seven.klantcontact, seven.sequence) == (number(7), 4)

    def test_not_before_its_time(self, sent: Database) -> None:
        at = rows(sent, "SELECT max(delivered_at) FROM outbox_item")[0][0]
        assert sweep(sent, now=at + timedelta(hours=23)) == [0]
        assert sweep(sent, now=at + timedelta(hours=24, seconds=1)) == [3]

    @pytest.mark.parametrize("aside", [False, True])
    def test_what_a_receiver_tells_later_is_heeded(self, sent: Database, *, aside: bool) -> None:
        if aside:
            sweep(sent)

        def tell(state: outbox.State, *, abonnee: str = "ZM", of: str = "R-2") -> bool:
            with sent.session() as session:
                return outbox.outcome(session, of, abonnee=abonnee, state=state, code=state, reason="later")

        assert not tell("confirmed", abonnee="ANDER")
        assert not tell("confirmed", of="R-9")
        assert tell("refused")
        assert tell("confirmed"), "noted, but bad news stays"
        assert states(sent, referentienummer="R-2") == [("2", "refused")]
        events = rows(sent, "SELECT state FROM outbox_event WHERE item_id = 2 ORDER BY id")
        assert [row[0] for row in events][-2:] == ["refused", "confirmed"]

    def test_the_number_of_a_zaakdocument_is_remembered(self, database: Database) -> None:
        first, again = (Order("ZM", "Z1", "edcLk01", number(1), mutatiesoort=soort) for soort in ("T", "C"))
        with database.connection() as connection:
            enqueue(connection, [first])
            (one,) = claim(connection)
            assert outbox.keep_number(connection, one, documentidentificatie="0518D1", now=one.claimed_at)
            deliver(connection, one)
        assert sweep(database) == [1]
        with database.connection() as connection:
            enqueue(connection, [again])
            (two,) = claim(connection)
            assert outbox.previous_number(connection, two) == "0518D1"

    def test_what_somebody_works_on_is_left_and_nobody_waits(self, sent: Database) -> None:
        with sent.connection() as other, other.transaction():
            other.execute("SELECT FROM outbox_item WHERE id = 1 FOR UPDATE")
            assert sweep(sent) == [2]
        assert sweep(sent) == [1]

    def test_a_delivery_process_does_it_by_itself_and_one_at_a_time(self, sent: Database) -> None:
        keeper = Housekeeper(settings(), database=sent, clock=lambda: LATER)
        stop = threading.Event()
        with sent.connection() as other, other.transaction():
            assert outbox.is_alone(other)
            assert keeper.once(stop) == 0
        assert keeper.once(stop) == 3
        running = threading.Thread(target=Housekeeper(settings(), database=sent, between=0.01).run, args=(stop,))
        running.start()
        stop.set()
        running.join(10)
        assert not running.is_alive()


class TestRetention:
    def test_messages_go_after_their_time_but_for_what_makes_a_repeat_safe(self, database: Database) -> None:
        for name in "ABC":
            incoming(database, f"MZ-{name}")
        with database.session() as session:
            session.execute(text("UPDATE bericht SET verdict = 'refused' WHERE referentienummer = 'MZ-C'"))
        with database.session() as session:
            journal.record_outgoing(
                session,
                partner="ZM",
                referentienummer="R-1",
                berichtcode="Lk01",
                operatie="klcLk01",
                raw=b"<uit/>",
                antwoord=b"<bv/>",
                verdict="delivered",
                code="",
            )
        remember_message(database, "MZ-A")
        now = rows(database, "SELECT max(moment) FROM bericht")[0][0]
        left = "SELECT referentienummer, raw = '', antwoord <> '' FROM bericht ORDER BY id"
        assert sweep(database, now=now + timedelta(days=9)) == [0], "for ever, unless a term is set"
        assert sweep(database, now=now + timedelta(days=6), bewaartermijn_dagen=7) == [0, 0, 0, 0]
        assert sweep(database, now=now + timedelta(days=8), bewaartermijn_dagen=7, dry=True) == [0, 0, 0, 4]
        assert sweep(database, now=now + timedelta(days=8), bewaartermijn_dagen=7) == [0, 0, 0, 4]
        assert rows(database, left) == [("MZ-A", True, True), ("MZ-B", True, True)]
        beyond = now + timedelta(days=journal.REPEAT_DAYS + 1)
        assert sweep(database, now=beyond, bewaartermijn_dagen=7) == [0, 0, 0, 1]
        assert rows(database, left) == [("MZ-A", True, True)], "a klantcontact came with it"
        assert sweep(database, now=LATER, bewaartermijn_dagen=7) == [0, 0, 0, 0]
        assert len(rows(database, "SELECT FROM klantcontact")) == 1

    def test_attempts_go_with_them_but_not_what_a_person_did(self, sent: Database) -> None:
        sweep(sent)
        with sent.connection() as connection:
            outbox.retry(connection, items=[4], door="kim")
        assert sweep(sent, bewaartermijn_dagen=30) == [0, 0, 0, 0]
        assert sweep(sent, bewaartermijn_dagen=5) == [0, 6, 0, 0]
        assert rows(sent, "SELECT DISTINCT item_id FROM outbox_event ORDER BY 1") == [(4,), (5,)]

    def test_addresses_go_where_nothing_is_open_and_a_next_mail_begins_anew(self, database: Database) -> None:
        def mail(name: str, contact: int) -> Order:
            return Order(outbox.MAIL, f"{name}@example.org", "mail", number(contact))

        with database.connection() as connection:
            enqueue(connection, [mail("an", 1)], [mail("bo", 2)], [mail("cas", 3)], orders(4, zaak="Z@1"))
            done = claim(connection, abonnee=outbox.MAIL, limit=2) + claim(connection)
            for one in done:
                assert deliver(connection, one)
        now = max(one.claimed_at for one in done)
        streams = "SELECT abonnee, sleutel FROM outbox_stream ORDER BY id"
        assert sweep(database, now=now + timedelta(days=6), bewaartermijn_dagen=7)[2] == 0
        assert sweep(database, now=now + timedelta(days=8), bewaartermijn_dagen=7, dry=True)[2] == 2
        assert sweep(database, now=now + timedelta(days=8), bewaartermijn_dagen=7)[2] == 2
        assert sweep(database, now=now + timedelta(days=9), bewaartermijn_dagen=7)[2] == 0
        first, second = (f"vergeten {one.stream}" for one in done[:2])
        assert rows(database, streams) == [
            ("ZM", "Z@1"), ("mail", first), ("mail", second), ("mail", "cas@example.org"),
        ]  # fmt: skip
        with database.connection() as connection:
            enqueue(connection, [mail("an", 5)])
            found = claim(connection, abonnee=outbox.MAIL, at=LATER)
        assert {one.sleutel for one in found} == {"cas@example.org", "an@example.org"}
        assert {contact for contact, _ in states(database)} == {"1", "2", "3", "4", "5"}, "who was told is kept"


def remember_message(database: Database, referentienummer: str) -> None:
    """A klantcontact that came with a message."""
    remember(database, 1)
    with database.session() as session:
        session.execute(
            text("UPDATE klantcontact SET bericht_id = (SELECT id FROM bericht WHERE referentienummer = :r)"),
            {"r": referentienummer},
        )


def test_purge_says_what_it_would_do_and_does_it(
    sent: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_GATEWAY__DATABASE_URL", database_url)
    monkeypatch.setenv("KLANTCONTACT_DELIVERY__ASIDE_HOURS", "0")
    with sent.connection() as connection:
        connection.execute(
            "UPDATE outbox_item SET delivered_at = now() - interval '1 hour' WHERE delivered_at > now()"
        )

    def run(*words: str) -> Sequence[str]:
        result = CliRunner().invoke(cli, ["purge", *words])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    for_ever = "the journal is kept for ever: privacy.bewaartermijn_dagen is 0"
    assert run("--dry-run") == ["deliveries put aside: 3 rows, 0.0 MB of messages (nothing was done)", for_ever]
    assert run() == ["deliveries put aside: 3 rows, 0.0 MB of messages", for_ever]
    assert run()[0] == "deliveries put aside: 0 rows, 0.0 MB of messages"


def test_metrics_say_what_is_open_and_how_the_tables_are(sent: Database, database_url: str) -> None:
    configured = Settings.model_validate(
        {"gateway": {"organisatie": "0518", "rsin": RSIN, "database_url": database_url}}
    )
    gateway = answering.build(configured, address="http://127.0.0.1")
    with sent.connection() as connection:
        outbox.pause(connection, abonnee="ZM", door="kim", reason="onderhoud")
    try:
        lines = Client(gateway.wsgi).get("/metrics").text.splitlines()
    finally:
        gateway.close()
    assert 'klantcontact_open_items{abonnee="ZM"} 3' in lines
    assert 'klantcontact_open_held{abonnee="ZM"} 1' in lines
    assert {'klantcontact_paused{abonnee="ZM"} 1', 'klantcontact_left_alone{abonnee="ZM"} 0'} <= set(lines)
    named = {line.partition("{")[0] for line in lines if 'table="outbox_item"' in line}
    assert named == {f"klantcontact_table_{name}" for name in ("rows", "dead_rows", "bytes", "vacuumed_seconds")}
    (size,) = (line for line in lines if line.startswith('klantcontact_table_bytes{table="outbox_stream"}'))
    assert float(size.split()[-1]) > 8000
    (oldest,) = (line for line in lines if line.startswith("klantcontact_open_oldest_seconds{"))
    assert 0 <= float(oldest.split()[-1]) < 600
