"""Pausing an abonnee: nobody claims for it, enqueue goes on, order stays, and it is known who did it when."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from outgoing import ABONNEE, enqueue, items, number, order, remember, settings
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn
from test_outbox import NOON, Connection, a_stamp, claim, deliver, names, orders
from test_outbox import enqueue as put
from test_worker import by_zaak, is_settled, looks, wait_until, working


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connection() as connection:
        yield connection


def pause(connection: Connection, *, seconds: float = 0, abonnee: str = "ZM") -> bool:
    at = NOON + timedelta(seconds=seconds)
    return outbox.pause(connection, abonnee=abonnee, door="kim", reason="onderhoud", now=at)


def resume(connection: Connection, *, seconds: float = 0) -> bool:
    return outbox.resume(connection, abonnee="ZM", door="jo", now=NOON + timedelta(seconds=seconds))


def standing(connection: Connection, abonnee: str = "ZM") -> outbox.Standing:
    (found,) = [standing for standing in outbox.standings(connection) if standing.abonnee == abonnee]
    return found


class TestPause:
    def test_nothing_is_claimed_until_it_is_resumed_and_then_all_in_order(self, connection: Connection) -> None:
        put(connection, orders(1))
        assert pause(connection)
        put(connection, orders(2), orders(3, zaak="Z2"), orders(4, abonnee="ANDER"))
        assert claim(connection, at=NOON + timedelta(days=9)) == []
        assert names(claim(connection, abonnee="ANDER")) == ["4"], "another does not notice"
        assert resume(connection)
        first = claim(connection)
        assert sorted(names(first)) == ["1", "3"]
        for claimed in first:
            deliver(connection, claimed)
        assert names(claim(connection)) == ["2"]

    def test_what_is_being_sent_is_finished_and_its_success_does_not_resume(self, connection: Connection) -> None:
        put(connection, orders(1, 2))
        (claimed,) = claim(connection)
        pause(connection)
        settled = outbox.settle(connection, claimed, state="delivered", alive=True, now=NOON)
        assert settled == outbox.Settled(accepted=True, recovered=False)
        assert claim(connection) == []
        assert standing(connection).paused_by == "kim"

    def test_it_outlives_trouble_and_trouble_outlives_it(self, connection: Connection) -> None:
        """Resumed, an abonnee that was left alone is probed, not flooded."""
        put(connection, orders(1), orders(2, zaak="Z2"), orders(3, zaak="Z3"))
        one, two = claim(connection, limit=2)
        pause(connection)
        for claimed in (one, two):
            outbox.settle(connection, claimed, state="waiting", delay=10, now=NOON)
            outbox.receiver_failed(connection, claimed, at_once=True, reason="404", first=10, longest=10, now=NOON)
        later = NOON + timedelta(seconds=20)
        assert claim(connection, at=later) == []
        outbox.retry(connection, items=[one.item], door="kim", now=later)
        assert claim(connection, at=later) == [], "a retry is not a resume"
        resume(connection, seconds=20)
        (probe,) = claim(connection, at=later)
        assert probe.probe
        assert outbox.settle(connection, probe, state="delivered", alive=True, now=later).recovered
        assert len(claim(connection, at=later)) == 2

    def test_who_and_when_are_kept(self, connection: Connection) -> None:
        assert not resume(connection), "it is not paused"
        assert pause(connection)
        assert not outbox.pause(connection, abonnee="ZM", door="jo", reason="ook", now=NOON), "the first one counts"
        assert resume(connection, seconds=60)
        assert not resume(connection, seconds=61)
        events = connection.execute(
            "SELECT abonnee, at, state, reason, door FROM outbox_receiver_event ORDER BY id"
        ).fetchall()
        assert events == [
            ("ZM", NOON, "paused", "onderhoud", "kim"),
            ("ZM", NOON + timedelta(seconds=60), "resumed", "", "jo"),
        ]

    def test_the_time_does_not_count_as_patience(self, connection: Connection) -> None:
        put(connection, orders(1))
        (claimed,) = claim(connection)
        outbox.settle(connection, claimed, state="waiting", delay=10, now=NOON)
        pause(connection, seconds=20)
        resume(connection, seconds=20 + 6 * 86_400)
        (again,) = claim(connection, at=NOON + timedelta(days=6, seconds=30))
        assert again.first_attempt_at == NOON + timedelta(days=6)
        assert again.attempt == 2

    def test_a_success_after_trouble_starts_a_new_row_of_failures(self, connection: Connection) -> None:
        put(connection, orders(1, 2))
        (claimed,) = claim(connection)
        outbox.receiver_failed(connection, claimed, at_once=False, reason="weg", first=10, longest=10, now=NOON)
        outbox.settle(connection, claimed, state="delivered", alive=True, now=NOON)
        later = NOON + timedelta(hours=1)
        (claimed,) = claim(connection, at=later)
        outbox.receiver_failed(connection, claimed, at_once=False, reason="weer", first=10, longest=10, now=later)
        rows = connection.execute("SELECT failures, reason, since FROM outbox_receiver").fetchall()
        assert rows == [(1, "weer", later)]


class TestStandings:
    def test_they_say_what_waits_is_held_and_was_delivered(self, connection: Connection) -> None:
        put(connection, orders(1, 2, 3), orders(4, zaak="Z2"), orders(5, zaak="Z3"))
        one, four, five = claim(connection)
        deliver(connection, one, at=NOON)
        deliver(connection, four, at=NOON + timedelta(seconds=30))
        outbox.settle(connection, five, state="held", now=NOON)
        assert names(claim(connection)) == ["2"]
        found = standing(connection)
        oldest = connection.execute("SELECT min(enqueued_at) FROM outbox_item WHERE sequence > 1").fetchone()
        assert oldest is not None
        assert (found.waiting, found.held, found.oldest) == (2, 1, oldest[0])
        assert found.last_delivered == NOON + timedelta(seconds=30)
        assert (found.paused_since, found.left_alone_until) == (None, None)

    def test_one_that_is_left_alone_says_until_when_and_why(self, connection: Connection) -> None:
        put(connection, orders(1))
        (one,) = claim(connection)
        outbox.settle(connection, one, state="waiting", delay=10, now=NOON)
        outbox.receiver_failed(connection, one, at_once=True, reason="HTTP 404", first=10, longest=10, now=NOON)
        found = standing(connection)
        assert (found.left_alone_until, found.trouble) == (NOON + timedelta(seconds=10), "HTTP 404")
        assert found.last_delivered is None

    def test_while_a_probe_is_under_way_they_say_so(self, connection: Connection) -> None:
        put(connection, orders(1))
        (one,) = claim(connection)
        outbox.settle(connection, one, state="waiting", delay=10, now=NOON)
        outbox.receiver_failed(connection, one, at_once=True, reason="HTTP 404", first=10, longest=10, now=NOON)
        assert not standing(connection).probing
        later = NOON + timedelta(seconds=10)
        (probe,) = claim(connection, at=later)
        assert standing(connection).probing
        outbox.receiver_failed(connection, probe, at_once=True, reason="weg", first=10, longest=10, now=later)
        found = standing(connection)
        assert (found.probing, found.left_alone_until) == (False, later + timedelta(seconds=10))

    def test_what_was_delivered_together_and_what_is_told_later_count_too(
        self, database: Database, connection: Connection
    ) -> None:
        put(connection, orders(1), orders(2, zaak="Z2"))
        one, two = claim(connection)
        outbox.settle_delivered(connection, [one], codes=["Bv03"], now=NOON)
        assert standing(connection).last_delivered == NOON
        outbox.stamp(connection, two, stamp=a_stamp("R-2"), now=NOON)
        with database.session() as session:
            assert outbox.outcome(session, "R-2", abonnee="ZM", state="confirmed", code="Bv01", reason="")
        told = connection.execute("SELECT delivered_at FROM outbox_item WHERE id = %s", (two.item,)).fetchone()
        assert told is not None
        assert standing(connection).last_delivered == max(NOON, told[0])

    def test_one_that_was_paused_before_anything_was_sent_is_there(self, connection: Connection) -> None:
        pause(connection)
        assert (standing(connection).paused_since, standing(connection).waiting) == (NOON, 0)


def test_two_workers_heed_a_pause_at_once_and_go_on_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = looks(monkeypatch)
    with FakeZaakmagazijn() as zaakmagazijn:
        remember(database, *range(1, 11))
        enqueue(database, *(order(count) for count in range(1, 6)))
        with working(settings(zaakmagazijn.url), database, contracts.load(), workers=2):
            wait_until(lambda: is_settled(database))
            with database.connection() as connection:
                outbox.pause(connection, abonnee=ABONNEE, door="kim", reason="onderhoud")
                enqueue(database, *(order(count) for count in range(6, 11)))
                claims = "SELECT count(*) FROM outbox_event WHERE state = 'sending'"
                so_far = looked.count(ABONNEE)
                wait_until(lambda: looked.count(ABONNEE) >= so_far + 20)
                assert connection.execute(claims).fetchone() == (5,)
                outbox.resume(connection, abonnee=ABONNEE, door="kim")
            wait_until(lambda: is_settled(database))
        assert by_zaak(zaakmagazijn.kept) == {"0518ZAAK0000001": [number(count) for count in range(1, 11)]}
        assert {item.state for item in items(database)} == {"delivered"}
