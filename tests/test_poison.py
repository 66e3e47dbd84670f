"""What cannot go stops its own stream; a person retries, renders anew, holds or skips, and order is kept."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from outgoing import enqueue, items, number, order, remember, settings
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox
from stuf_klantcontact.outbox import Claim
from stuf_klantcontact.rgbz import Klantcontact
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn
from test_outbox import NOON, Connection, a_stamp, claim, deliver, names, orders, wait_for_lock
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


LOST = timedelta(seconds=61)
"""Until the lease of a worker that was lost is over."""


class TestWhatEndsItsWorker:
    """Out of memory, say: it is claimed, and nothing is heard of it."""

    def test_it_is_held_after_five_attempts_with_a_reason(self, database: Database, connection: Connection) -> None:
        put(connection, orders(1, 2), orders(3, zaak="Z2"))
        at, tried = NOON, 0
        for _ in range(50):
            tried += names(claim(connection, at=at)).count("1")
            at += LOST
        assert tried == 5
        with database.session() as session:
            (held, *_) = outbox.listing(session, states=["held"])
            assert (held.klantcontact[-1], held.attempts, held.code) == ("1", 5, "geen uitkomst")
            assert "begun 5 times, never finished" in held.reason
        last = "SELECT state, attempt, code, door FROM outbox_event WHERE item_id = %s ORDER BY id DESC LIMIT 1"
        assert connection.execute(last, (held.id,)).fetchone() == ("held", 5, "geen uitkomst", "")

    def test_released_it_has_five_attempts_again_and_what_is_behind_it_goes_after_it(
        self, database: Database, connection: Connection
    ) -> None:
        put(connection, orders(1, 2))
        at = NOON
        for _ in range(6):
            claim(connection, at=at)
            at += LOST
        first = ids(database)[0]
        assert outbox.release(connection, items=[first], door="kim", now=at) == [first]
        for _ in range(4):
            assert names(claim(connection, at=at)) == ["1"]
            at += LOST
        (one,) = claim(connection, at=at)
        assert deliver(connection, one, at=at)
        assert names(claim(connection, at=at)) == ["2"]

    def test_an_outcome_between_is_an_outcome(self, connection: Connection) -> None:
        put(connection, orders(1))
        at = NOON
        for attempt in range(30):
            (one,) = claim(connection, at=at)
            if attempt % 5 == 4:
                assert outbox.settle(connection, one, state="waiting", now=at).accepted
            else:
                at += LOST

    def test_what_was_delivered_together_came_to_an_outcome_too(self, connection: Connection) -> None:
        put(connection, orders(1, 2))
        at = NOON
        for _ in range(4):
            claim(connection, at=at)
            at += LOST
        assert outbox.settle_delivered(connection, claim(connection, at=at), codes=["Bv03"], now=at)[0].accepted
        for _ in range(5):
            assert names(claim(connection, at=at)) == ["2"]
            at += LOST

    def test_what_its_worker_had_besides_is_delivered(self, database: Database, connection: Connection) -> None:
        """Of several abonnees, all claimed anew at the same moment by a worker that always dies of the first."""
        lanes = ("ZM", "ANDER", "DERDE")
        for abonnee in lanes:
            put(connection, *(orders(zaak, zaak=f"Z{zaak}", abonnee=abonnee) for zaak in range(1, 9)))
        killer, at, deaths = ids(database)[3], NOON, 0
        for _ in range(60):
            claimed = [one for abonnee in lanes for one in claim(connection, at=at, abonnee=abonnee, limit=4)]
            if killer in [one.item for one in claimed]:
                deaths += 1
                at += LOST
            else:
                assert all(deliver(connection, one, at=at) for one in claimed)
                at += timedelta(seconds=1)
        assert deaths == 5
        assert [item.id for item in items(database) if item.state != "delivered"] == [killer]
        assert max(item.attempts for item in items(database) if item.id != killer) == 3, "two were lost"

    def test_two_that_are_suspect_are_never_tried_at_once(self, database: Database, connection: Connection) -> None:
        put(connection, orders(1), orders(2, abonnee="ANDER"))
        at = NOON
        for _ in range(2):
            assert names([*claim(connection, at=at), *claim(connection, at=at, abonnee="ANDER")]) == ["1", "2"]
            at += LOST
        got: list[Claim] = []
        with database.connection() as other:
            with connection.transaction():
                (one,) = claim(connection, at=at)
                thread = threading.Thread(target=lambda: got.extend(claim(other, at=at, abonnee="ANDER")))
                thread.start()
                with database.connection() as look:
                    wait_for_lock(look, other.info.backend_pid)
            thread.join(10)
            assert got == []
            assert claim(other, at=at, abonnee="ANDER") == []
            deliver(connection, one, at=at)
            assert names(claim(other, at=at, abonnee="ANDER")) == ["2"]


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
