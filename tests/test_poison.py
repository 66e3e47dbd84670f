"""What cannot go stops its own stream; a person retries, renders anew, holds or skips, and order is kept."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from outgoing import enqueue, items, number, order, remember, settings
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox
from stuf_klantcontact.rgbz import Klantcontact
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn
from test_outbox import NOON, Connection, a_stamp, claim, deliver, names, orders
from test_outbox import enqueue as put
from test_worker import by_zaak, is_settled, wait_until, working


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connection() as connection:
        yield connection


def ids(database: Database) -> list[int]:
    return [item.id for item in items(database)]


def states(database: Database) -> list[str]:
    return [item.state for item in items(database)]


def skip(connection: Connection, *items: int, seconds: float = 0) -> list[int]:
    at = NOON + timedelta(seconds=seconds)
    return outbox.skip(connection, items=items, door="kim", reason="met de hand verwerkt", now=at)


class TestSkip:
    def test_behind_a_held_head_the_stream_goes_on_in_order(self, connection: Connection) -> None:
        put(connection, orders(1, 2, 3), orders(4, zaak="Z2"))
        one, four = claim(connection)
        outbox.settle(connection, one, state="held", code="StUF058", now=NOON)
        assert claim(connection) == []
        assert skip(connection, one.item) == [one.item]
        (two,) = claim(connection)
        deliver(connection, two)
        (three,) = claim(connection)
        assert names([two, three]) == ["2", "3"]
        assert deliver(connection, four), "another stream did not notice"

    def test_a_head_that_waits_for_its_next_attempt(self, connection: Connection) -> None:
        put(connection, orders(1, 2))
        (one,) = claim(connection)
        outbox.settle(connection, one, state="waiting", delay=3600, now=NOON)
        skip(connection, one.item)
        assert names(claim(connection)) == ["2"]

    def test_in_the_middle_the_head_keeps_its_turn_and_its_wait(
        self, database: Database, connection: Connection
    ) -> None:
        put(connection, orders(1, 2, 3, 4))
        (one,) = claim(connection)
        assert skip(connection, *ids(database)[1:3]) == ids(database)[1:3]
        assert outbox.settle(connection, one, state="waiting", delay=60, now=NOON).accepted, "the claim still holds"
        assert claim(connection, at=NOON + timedelta(seconds=59)) == []
        later = NOON + timedelta(seconds=60)
        (one,) = claim(connection, at=later)
        deliver(connection, one, at=later)
        sent = [*names(claim(connection, at=later)), *names(claim(connection, at=later))]
        assert (names([one]), sent) == (["1"], ["4"])

    def test_behind_a_held_item_in_the_middle(self, database: Database, connection: Connection) -> None:
        put(connection, orders(1, 2, 3))
        outbox.hold(connection, items=[ids(database)[1]], door="kim", reason="wacht", now=NOON)
        skip(connection, ids(database)[0])
        assert claim(connection) == [], "the next one is held"
        assert claim(connection, at=NOON + timedelta(days=1)) == []
        skip(connection, ids(database)[1])
        assert names(claim(connection)) == ["3"]

    def test_the_last_one_and_then_a_new_one(self, database: Database, connection: Connection) -> None:
        put(connection, orders(1, 2))
        skip(connection, *ids(database))
        assert claim(connection) == []
        put(connection, orders(3))
        assert names(claim(connection)) == ["3"]

    def test_what_is_being_sent_or_was_delivered_is_not_skipped(self, connection: Connection) -> None:
        put(connection, orders(1, 2), orders(3, zaak="Z2"))
        one, three = claim(connection, lease=60)
        assert skip(connection, one.item) == []
        deliver(connection, one)
        assert skip(connection, one.item) == []
        assert skip(connection, three.item, seconds=61) == [three.item], "its lease has ended"
        assert not deliver(connection, three), "and its worker is told so"

    def test_a_skipped_item_stays_skipped(self, connection: Connection) -> None:
        put(connection, orders(1))
        (one,) = claim(connection)
        outbox.settle(connection, one, state="held", now=NOON)
        skip(connection, one.item)
        assert skip(connection, one.item) == []
        assert outbox.retry(connection, items=[one.item], door="kim", now=NOON) == []
        assert outbox.hold(connection, items=[one.item], door="kim", reason="", now=NOON) == []
        assert claim(connection, at=NOON + timedelta(days=1)) == []

    def test_who_why_and_when_are_kept(self, connection: Connection) -> None:
        put(connection, orders(1))
        (one,) = claim(connection)
        outbox.stamp(connection, one, stamp=a_stamp("R-7"))
        outbox.settle(connection, one, state="held", code="StUF058", reason="nee", now=NOON)
        skip(connection, one.item, seconds=5)
        last = "SELECT at, state, referentienummer, reason, door FROM outbox_event ORDER BY id DESC LIMIT 1"
        assert connection.execute(last).fetchone() == (
            NOON + timedelta(seconds=5), "skipped", "R-7", "met de hand verwerkt", "kim"
        )  # fmt: skip

    def test_a_correction_does_not_refer_to_a_document_that_was_skipped(self, connection: Connection) -> None:
        put(connection, orders(1, 1, 1))
        for documentidentificatie in ("A", "B"):
            (claimed,) = claim(connection)
            outbox.keep_number(connection, claimed, documentidentificatie=documentidentificatie)
            if documentidentificatie == "A":
                deliver(connection, claimed)
            else:
                outbox.settle(connection, claimed, state="held", now=NOON)
                skip(connection, claimed.item)
        (third,) = claim(connection)
        assert outbox.previous_number(connection, third) == "A"


@pytest.mark.parametrize("cure", ["skip", "anew", "retry"])
def test_a_refused_contact_waits_for_a_person_and_then_all_goes_on_in_order(database: Database, cure: str) -> None:
    remember(database, 1, 2, 3)
    enqueue(database, *(order(count) for count in (1, 2, 3)))
    with FakeZaakmagazijn() as zaakmagazijn:
        zaakmagazijn.judge = lambda r: "StUF058" if r.text("object/onderwerp") == "Stuk" else ""
        with database.session() as session:
            session.query(Klantcontact).filter_by(identificatie=number(1)).one().onderwerp = "Stuk"
        with working(settings(zaakmagazijn.url), database, contracts.load()):
            wait_until(lambda: states(database) == ["held", "waiting", "waiting"])
            (refused,) = zaakmagazijn.received
            with database.session() as session:
                session.query(Klantcontact).filter_by(identificatie=number(1)).one().onderwerp = "Heel"
            head = [ids(database)[0]]
            with database.connection() as connection:
                if cure == "skip":
                    outbox.skip(connection, items=head, door="kim", reason="met de hand verwerkt")
                else:
                    if cure == "retry":
                        zaakmagazijn.judge = None
                    outbox.retry(connection, items=head, door="kim", anew=cure == "anew")
            wait_until(lambda: is_settled(database))
    told = [message.text("object/identificatie") for message in zaakmagazijn.kept]
    if cure == "skip":
        assert told == [number(2), number(3)]
        assert states(database) == ["skipped", "delivered", "delivered"]
        return
    assert by_zaak(zaakmagazijn.kept) == {"0518ZAAK0000001": [number(1), number(2), number(3)]}
    again = zaakmagazijn.received[1]
    if cure == "anew":
        assert again.text("object/onderwerp") == "Heel"
        assert again.referentienummer != refused.referentienummer
    else:
        assert again.raw == refused.raw
