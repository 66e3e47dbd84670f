"""The outbox on a real database: order, claims, leases, stamps, and what people do with it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from stuf_klantcontact import outbox
from stuf_klantcontact.outbox import Claim, Order, Stamp
from stuf_klantcontact.store import Database
from stuf_klantcontact.tijdstip import stuf0301

NOON = datetime(2036, 11, 22, 12, 0, tzinfo=UTC)
"""Later than any clock this test runs by, so that what is enqueued now is due at noon."""

Connection = outbox.Connection


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connection() as connection:
        yield connection


def orders(*numbers: int, zaak: str = "Z1", abonnee: str = "ZM") -> list[Order]:
    return [Order(abonnee, zaak, "klcLk01", f"KC{number:012}") for number in numbers]


def enqueue(connection: Connection, *lists: list[Order]) -> None:
    """As intake does: within a statement of its own."""
    parameter = outbox.enqueue_parameter(order for orders in lists for order in orders)
    connection.execute(f"WITH {outbox.ENQUEUE} SELECT", {"orders": parameter})


def claim(
    connection: Connection, *, limit: int = 10, lease: float = 60.0, at: datetime = NOON, abonnee: str = "ZM"
) -> list[Claim]:
    return outbox.claim(connection, abonnee=abonnee, limit=limit, lease=lease, now=at)


def deliver(connection: Connection, claim: Claim, *, at: datetime = NOON) -> bool:
    return outbox.settle(connection, claim, state="delivered", now=at).accepted


def deliver_together(connection: Connection, claim: Claim) -> bool:
    (settled,) = outbox.settle_delivered(connection, [claim], codes=["Bv03"], now=NOON)
    return settled.accepted


def names(claims: list[Claim]) -> list[str]:
    return [claim.klantcontact.removeprefix("KC").lstrip("0") for claim in claims]


def a_stamp(number: str = "R-1") -> Stamp:
    return Stamp(referentienummer=number, tijdstip=NOON, action="urn:x/klcLk01", body=b"<bericht/>")


class TestEnqueue:
    def test_items_leave_in_the_order_of_the_orders(self, connection: Connection) -> None:
        enqueue(connection, orders(3, 1, 2))
        sent = []
        for _ in range(3):
            (claimed,) = claim(connection)
            sent += names([claimed])
            deliver(connection, claimed)
        assert sent == ["3", "1", "2"]
        assert claim(connection) == []

    def test_no_orders_is_fine(self, connection: Connection) -> None:
        enqueue(connection)
        assert claim(connection) == []

    def test_streams_of_one_message_are_independent(self, connection: Connection) -> None:
        enqueue(connection, orders(1), orders(2, zaak="Z2"), orders(3, abonnee="ANDER"))
        assert sorted(names(claim(connection))) == ["1", "2"]
        assert names(claim(connection, abonnee="ANDER")) == ["3"]

    def test_sequence_is_commit_order_when_transactions_commit_in_reverse(
        self, database: Database, connection: Connection
    ) -> None:
        """The second transaction that touches a stream waits for the first: none can overtake."""
        with database.connection() as first, database.connection() as second, database.connection() as look:
            committed: list[str] = []

            def late() -> None:
                with second.transaction():
                    enqueue(second, orders(2))
                    committed.append("2")

            with first.transaction():
                enqueue(first, orders(1))
                thread = threading.Thread(target=late)
                thread.start()
                wait_for_lock(look, second.info.backend_pid)
                assert committed == []
                committed.append("1")
            thread.join(10)
        assert committed == ["1", "2"]
        (one,) = claim(connection)
        deliver(connection, one)
        (two,) = claim(connection)
        assert names([one, two]) == ["1", "2"]
        assert [one.sequence, two.sequence] == [1, 2]

    def test_opposite_orders_over_the_same_zaken_do_not_deadlock(self, database: Database) -> None:
        failures: list[BaseException] = []
        barrier = threading.Barrier(4)

        def run(zaken: list[str]) -> None:
            try:
                with database.connection() as mine:
                    barrier.wait(10)
                    for number in range(25):
                        enqueue(mine, *(orders(number, zaak=zaak) for zaak in zaken))
            except BaseException as error:
                failures.append(error)

        zaken = [f"Z{number}" for number in range(6)]
        threads = [threading.Thread(target=run, args=(zaken[:: 1 if n % 2 else -1],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        with database.connection() as look:
            row = look.execute(
                "SELECT min(last_sequence), max(last_sequence), count(*) FROM outbox_stream"
            ).fetchone()
            gaps = look.execute("SELECT count(DISTINCT (stream_id, sequence)) FROM outbox_item").fetchone()
        assert row == (100, 100, 6)
        assert gaps == (600,)

    @pytest.mark.parametrize("together", [False, True])
    def test_an_enqueue_that_a_settle_waits_for_is_not_forgotten(
        self, database: Database, connection: Connection, together: bool
    ) -> None:
        """The settle's statement began before the second item was committed, so it cannot see it."""
        enqueue(connection, orders(1))
        (one,) = claim(connection)
        settle = deliver_together if together else deliver
        with database.connection() as other, database.connection() as settling:
            done: list[bool] = []
            thread = threading.Thread(target=lambda: done.append(settle(settling, one)))
            with other.transaction():
                enqueue(other, orders(2))
                thread.start()
                wait_for_lock(connection, settling.info.backend_pid)
            thread.join(10)
        assert done == [True]
        assert names(claim(connection)) == ["2"]


class TestClaim:
    def test_a_stream_is_given_once(self, connection: Connection) -> None:
        enqueue(connection, orders(1, 2))
        assert names(claim(connection)) == ["1"]
        assert claim(connection) == []

    def test_at_most_the_limit(self, connection: Connection) -> None:
        enqueue(connection, *(orders(1, zaak=f"Z{number}") for number in range(5)))
        assert len(claim(connection, limit=3)) == 3
        assert len(claim(connection, limit=3)) == 2

    def test_no_stream_twice_under_eight_threads(self, database: Database, connection: Connection) -> None:
        enqueue(connection, *(orders(1, zaak=f"Z{number:03}") for number in range(200)))
        taken: list[str] = []
        lock = threading.Lock()

        def work() -> None:
            with database.connection() as mine:
                while claims := claim(mine, limit=3):
                    with lock:
                        taken.extend(c.sleutel for c in claims)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(taken) == [f"Z{number:03}" for number in range(200)]

    def test_an_expired_lease_is_due_again(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (first,) = claim(connection, lease=60)
        assert claim(connection, at=NOON + timedelta(seconds=59)) == []
        (second,) = claim(connection, at=NOON + timedelta(seconds=61))
        assert second.item == first.item
        assert second.attempt == 2
        assert second.first_attempt_at == first.first_attempt_at

    def test_who_lost_the_lease_can_neither_stamp_nor_settle(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (old,) = claim(connection, lease=60)
        (new,) = claim(connection, at=NOON + timedelta(seconds=61))
        assert not outbox.stamp(connection, old, stamp=a_stamp("OLD"))
        assert not deliver(connection, old)
        assert outbox.stamp(connection, new, stamp=a_stamp("NEW"))
        assert deliver(connection, new)
        assert not deliver(connection, new), "a claim settles once"

    def test_a_lease_that_ran_out_is_over_also_while_nobody_else_has_claimed(self, connection: Connection) -> None:
        enqueue(connection, orders(1, 2))
        (late,) = claim(connection, lease=60)
        after = NOON + timedelta(seconds=60)
        assert not outbox.stamp(connection, late, stamp=a_stamp(), now=after)
        assert not outbox.keep_number(connection, late, documentidentificatie="A", now=after)
        assert not deliver(connection, late, at=after)
        assert _events(connection) == [("sending", 1, None, "")], "nothing of it was written"
        (again,) = claim(connection, at=after)
        assert (again.item, again.attempt, again.stamp) == (late.item, 2, None)

    def test_what_was_delivered_is_settled_together_each_by_who_has_its_lease(self, connection: Connection) -> None:
        enqueue(connection, *(orders(count, zaak=f"Z{count}") for count in (1, 2, 3)), orders(4, zaak="Z1"))
        one, two, three = sorted(claim(connection), key=lambda c: c.sleutel)
        lost = replace(three, fence=three.fence - 1)
        settled = outbox.settle_delivered(connection, [lost, two, one], codes=["Bv03", "Bv04", "Bv03"], now=NOON)
        assert [one.accepted for one in settled] == [False, True, True]
        again = outbox.settle_delivered(connection, [two, one], codes=["Bv03", "Bv03"], now=NOON)
        assert [one.accepted for one in again] == [False, False], "each once"
        assert names(claim(connection)) == ["4"], "what was behind the first is due at once"
        later = NOON + timedelta(seconds=60)
        (late,) = outbox.settle_delivered(connection, [three], codes=["Bv03"], now=later)
        assert not late.accepted, "the lease is over"
        rows = connection.execute(
            "SELECT e.item_id, e.code, i.code, i.delivered_at FROM outbox_event e"
            " JOIN outbox_item i ON i.id = e.item_id WHERE e.state = 'delivered' ORDER BY e.item_id"
        ).fetchall()
        assert rows == [(one.item, "Bv03", "Bv03", NOON), (two.item, "Bv04", "Bv04", NOON)]

    def test_who_lost_the_lease_cannot_hold_defer_or_number_what_another_sends(
        self, connection: Connection
    ) -> None:
        enqueue(connection, orders(1))
        (old,) = claim(connection, lease=60)
        (new,) = claim(connection, at=NOON + timedelta(seconds=61))
        for state in ("held", "waiting"):
            assert not outbox.settle(connection, old, state=state, code="laat", now=NOON).accepted
        assert not outbox.keep_number(connection, old, documentidentificatie="OUD", now=NOON)
        assert outbox.keep_number(connection, new, documentidentificatie="NIEUW", now=NOON)
        assert deliver(connection, new)

    def test_the_attempt_is_counted_before_anything_is_sent(
        self, database: Database, connection: Connection
    ) -> None:
        enqueue(connection, orders(1))
        claim(connection)
        with database.session() as session:
            (item,) = outbox.listing(session, states=("sending",))
            assert item.attempts == 1
            assert item.first_attempt_at == NOON

    def test_delivered_makes_the_next_due_at_once(self, connection: Connection) -> None:
        enqueue(connection, orders(1, 2))
        (one,) = claim(connection)
        deliver(connection, one)
        assert names(claim(connection)) == ["2"]

    def test_an_item_that_waits_for_its_next_attempt_blocks_only_its_stream(self, connection: Connection) -> None:
        enqueue(connection, orders(1, 2), orders(3, zaak="Z2"))
        first = {c.sleutel: c for c in claim(connection)}
        outbox.settle(connection, first["Z1"], state="waiting", delay=10, code="time-out", now=NOON)
        deliver(connection, first["Z2"])
        assert claim(connection, at=NOON + timedelta(seconds=9)) == []
        (again,) = claim(connection, at=NOON + timedelta(seconds=10))
        assert (again.attempt, names([again])) == (2, ["1"])

    def test_what_is_held_blocks_its_stream_and_nothing_else(self, connection: Connection) -> None:
        enqueue(connection, orders(1, 2), orders(3, 4, zaak="Z2"))
        first = {c.sleutel: c for c in claim(connection)}
        outbox.settle(connection, first["Z1"], state="held", code="StUF058", reason="nee", now=NOON)
        deliver(connection, first["Z2"])
        enqueue(connection, orders(5))
        assert names(claim(connection, at=NOON + timedelta(days=30))) == ["4"]

    def test_the_database_clock_rules_without_another(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (claimed,) = outbox.claim(connection, abonnee="ZM", limit=1, lease=60)
        assert abs(claimed.claimed_at - datetime.now(UTC)) < timedelta(minutes=1)


class TestStamp:
    def test_every_attempt_carries_the_same(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (first,) = claim(connection)
        assert first.stamp is None
        stamped = Stamp("R-1", NOON, "urn:x/iobLk01", b"<a></a>", document_sha256=b"\0" * 32, document_at=3)
        assert outbox.stamp(connection, first, stamp=stamped)
        outbox.settle(connection, first, state="waiting", now=NOON)
        (second,) = claim(connection)
        assert second.stamp == stamped

    def test_a_stamp_is_never_replaced(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (claimed,) = claim(connection)
        assert outbox.stamp(connection, claimed, stamp=a_stamp("R-1"))
        assert not outbox.stamp(connection, claimed, stamp=a_stamp("R-2"))

    def test_anew_forgets_the_stamp_and_keeps_its_number_in_the_events(
        self, database: Database, connection: Connection
    ) -> None:
        enqueue(connection, orders(1))
        (claimed,) = claim(connection)
        outbox.stamp(connection, claimed, stamp=a_stamp("R-1"))
        outbox.settle(connection, claimed, state="waiting", code="StUF019", anew=True, now=NOON)
        (again,) = claim(connection)
        assert again.stamp is None
        assert _events(connection) == [
            ("sending", 1, None, ""),
            ("waiting", 1, "R-1", "StUF019"),
            ("sending", 2, None, ""),
        ]

    def test_a_referentienummer_is_used_once(self, connection: Connection) -> None:
        enqueue(connection, orders(1), orders(2, zaak="Z2"))
        one, two = claim(connection)
        outbox.stamp(connection, one, stamp=a_stamp("R-1"))
        with pytest.raises(psycopg.errors.UniqueViolation):
            outbox.stamp(connection, two, stamp=a_stamp("R-1"))

    def test_tijdstip_rises_when_the_clock_stands_still_or_goes_back(self, connection: Connection) -> None:
        moments = [
            outbox.next_tijdstip(connection, now=now)
            for now in (NOON, NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1, microseconds=1234))
        ]
        millisecond = timedelta(milliseconds=1)
        assert moments == [
            NOON,
            NOON + millisecond,
            NOON + 2 * millisecond,
            NOON + timedelta(seconds=1, milliseconds=1),
        ]

    def test_local_time_rises_through_the_hour_that_comes_twice(self, connection: Connection) -> None:
        """On 25 October 2026 it is 02:30 twice; 03:00 comes once."""
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        steps = [first + timedelta(minutes=minutes) for minutes in (0, 29, 60, 61, 90)]
        given = [outbox.next_tijdstip_0301(connection, now=now) for now in steps]
        assert [moment for moment, _ in given] == steps
        assert [stuf0301(lokaal)[8:] for _, lokaal in given] == [
            "023000000",
            "025900000",
            "025900001",
            "025900002",
            "030000000",
        ]

    def test_local_time_rises_with_every_message_whatever_its_version(self, connection: Connection) -> None:
        outbox.next_tijdstip(connection, now=NOON)
        _, lokaal = outbox.next_tijdstip_0301(connection, now=NOON)
        assert outbox.next_tijdstip(connection, now=NOON) == NOON + timedelta(milliseconds=2)
        assert stuf0301(lokaal) == stuf0301(NOON + timedelta(milliseconds=1))

    def test_moments_taken_together_rise_like_those_taken_alone(self, connection: Connection) -> None:
        given = [outbox.next_tijdstip_0301(connection, now=NOON)]
        given += outbox.next_tijdstippen(connection, count=3, now=NOON)
        given += outbox.next_tijdstippen(connection, count=2, now=NOON - timedelta(hours=1))
        given += outbox.next_tijdstippen(connection, count=2, now=NOON + timedelta(seconds=1))
        given.append(outbox.next_tijdstip_0301(connection, now=NOON))
        millisecond = timedelta(milliseconds=1)
        after = NOON + timedelta(seconds=1)
        assert [moment for moment, _ in given] == [NOON + n * millisecond for n in range(6)] + [
            after + n * millisecond for n in range(3)
        ]
        assert [stuf0301(lokaal) for _, lokaal in given] == [stuf0301(moment) for moment, _ in given]

    def test_many_are_stamped_at_once_each_by_who_has_its_lease(self, connection: Connection) -> None:
        enqueue(connection, *(orders(number, zaak=f"Z{number}") for number in (1, 2, 3)))
        one, two, three = sorted(claim(connection), key=lambda c: c.sleutel)
        assert outbox.stamp(connection, two, stamp=a_stamp("ALONE"), now=NOON)
        lost = replace(three, fence=three.fence - 1)
        given = [(claimed, a_stamp(f"R-{place}")) for place, claimed in enumerate((lost, two, one))]
        assert outbox.stamp_all(connection, given, now=NOON) == {one.item}
        assert outbox.stamp_all(connection, given[2:], now=NOON) == frozenset(), "a stamp is never replaced"
        later = NOON + timedelta(seconds=60)
        assert outbox.stamp_all(connection, [(three, a_stamp())], now=later) == frozenset(), "the lease is over"
        stamps = {c.item: c.stamp for c in claim(connection, at=later)}
        assert stamps == {one.item: a_stamp("R-2"), two.item: a_stamp("ALONE"), three.item: None}

    def test_a_number_is_kept_once_and_by_who_has_the_lease(self, connection: Connection) -> None:
        enqueue(connection, orders(1), orders(2, zaak="Z2"))
        one, two = claim(connection)
        assert outbox.keep_number(connection, one, documentidentificatie="A")
        assert not outbox.keep_number(connection, one, documentidentificatie="B")
        assert not outbox.keep_number(connection, replace(two, fence=two.fence - 1), documentidentificatie="C")

    def test_tijdstip_rises_strictly_over_processes(self, database: Database) -> None:
        given: list[datetime] = []
        rose: list[bool] = []

        def ask() -> None:
            with database.connection() as mine:
                own = [outbox.next_tijdstip(mine) for _ in range(50)]
            rose.append(all(a < b for a, b in pairwise(own)))
            given.extend(own)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert rose == [True] * 4
        assert len(set(given)) == 200


class TestReceiver:
    def fail(self, connection: Connection, claim: Claim, *, at: datetime, at_once: bool = False) -> bool:
        return outbox.receiver_failed(
            connection, claim, at_once=at_once, reason="weg", first=10, longest=300, now=at
        )

    def test_five_failures_in_a_row_leave_it_alone_then_one_probe(self, connection: Connection) -> None:
        enqueue(connection, *(orders(1, zaak=f"Z{number}") for number in range(9)))
        claims = claim(connection, limit=5)
        assert [self.fail(connection, c, at=NOON) for c in claims] == [False, False, False, False, True]
        assert claim(connection, at=NOON + timedelta(seconds=9)) == []
        later = NOON + timedelta(seconds=10)
        (probe,) = claim(connection, at=later)
        assert probe.probe
        assert claim(connection, at=later) == [], "one probe at a time, whoever asks"
        assert not self.fail(connection, probe, at=later)
        assert claim(connection, at=later + timedelta(seconds=19)) == []
        (probe,) = claim(connection, at=later + timedelta(seconds=20))
        settled = outbox.settle(connection, probe, state="delivered", alive=True, now=later)
        assert settled == outbox.Settled(accepted=True, recovered=True)
        assert len(claim(connection, at=later + timedelta(seconds=20))) == 2

    def test_configuration_trouble_leaves_it_alone_at_once(self, connection: Connection) -> None:
        enqueue(connection, orders(1), orders(2, zaak="Z2"), orders(3, zaak="Z3"))
        one, two = claim(connection, limit=2)
        assert self.fail(connection, one, at=NOON, at_once=True)
        assert not self.fail(connection, two, at=NOON, at_once=True), "what was under way then is not news"
        assert claim(connection, at=NOON + timedelta(seconds=9)) == []
        assert len(claim(connection, at=NOON + timedelta(seconds=10))) == 1

    def test_the_pause_has_a_longest(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        at = NOON
        (probe,) = claim(connection, at=at)
        self.fail(connection, probe, at=at, at_once=True)
        for _ in range(30):
            at += timedelta(seconds=301)
            (probe,) = claim(connection, at=at)
            self.fail(connection, probe, at=at)
            outbox.settle(connection, probe, state="waiting", now=at)
        assert claim(connection, at=at + timedelta(seconds=299)) == []
        assert len(claim(connection, at=at + timedelta(seconds=300))) == 1

    def test_a_success_between_failures_counts_from_nought(self, connection: Connection) -> None:
        enqueue(connection, *(orders(1, zaak=f"Z{number}") for number in range(9)))
        claims = claim(connection, limit=9)
        for failing in claims[:4]:
            assert not self.fail(connection, failing, at=NOON)
        outbox.settle(connection, claims[4], state="delivered", alive=True, now=NOON)
        for failing in claims[5:9]:
            assert not self.fail(connection, failing, at=NOON)

    def test_another_abonnee_does_not_notice(self, connection: Connection) -> None:
        enqueue(connection, orders(1), orders(2, abonnee="ANDER"))
        (one,) = claim(connection)
        self.fail(connection, one, at=NOON, at_once=True)
        assert names(claim(connection, abonnee="ANDER")) == ["2"]

    def test_a_probe_that_died_is_followed_by_another(self, connection: Connection) -> None:
        enqueue(connection, orders(1), orders(2, zaak="Z2"))
        (one,) = claim(connection, limit=1)
        self.fail(connection, one, at=NOON, at_once=True)
        assert len(claim(connection, at=NOON + timedelta(seconds=10), lease=60)) == 1
        assert len(claim(connection, at=NOON + timedelta(seconds=71), lease=60)) == 1


class TestDesk:
    def test_retry_goes_now_with_fresh_patience_and_the_same_stamp(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (claimed,) = claim(connection)
        outbox.stamp(connection, claimed, stamp=a_stamp())
        outbox.settle(connection, claimed, state="waiting", delay=3600, now=NOON)
        assert outbox.retry(connection, items=[claimed.item], door="kim", now=NOON) == [claimed.item]
        (again,) = claim(connection, at=NOON + timedelta(hours=1))
        assert (again.attempt, again.stamp) == (1, a_stamp())
        assert again.first_attempt_at == NOON + timedelta(hours=1)

    def test_release_lets_a_held_item_go_and_what_is_behind_it_after_it(self, connection: Connection) -> None:
        enqueue(connection, orders(1, 2))
        (claimed,) = claim(connection)
        outbox.stamp(connection, claimed, stamp=a_stamp())
        outbox.settle(connection, claimed, state="held", now=NOON)
        assert outbox.release(connection, items=[claimed.item], door="kim", anew=True, now=NOON) == [claimed.item]
        (again,) = claim(connection)
        assert again.stamp is None
        deliver(connection, again)
        assert names(claim(connection)) == ["2"]

    def test_release_leaves_alone_what_is_not_held(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (claimed,) = claim(connection)
        outbox.settle(connection, claimed, state="waiting", delay=3600, now=NOON)
        assert outbox.release(connection, items=[claimed.item], door="kim", now=NOON) == []

    def test_hold_stops_an_item_and_all_behind_it(self, database: Database, connection: Connection) -> None:
        enqueue(connection, orders(1, 2, 3), orders(4, zaak="Z2"))
        with database.session() as session:
            second = outbox.listing(session, sleutel="Z1")[1].id
        assert outbox.hold(connection, items=[second], door="kim", reason="bezwaar", now=NOON) == [second]
        for claimed in claim(connection):
            deliver(connection, claimed)
        assert claim(connection) == []
        assert claim(connection, at=NOON + timedelta(days=9)) == []
        assert outbox.release(connection, items=[second], door="kim", now=NOON) == [second]
        (two,) = claim(connection)
        deliver(connection, two)
        assert names([two, *claim(connection)]) == ["2", "3"]

    def test_hold_does_not_stop_what_is_being_sent(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (claimed,) = claim(connection, lease=60)
        assert outbox.hold(connection, items=[claimed.item], door="kim", reason="", now=NOON) == []
        late = NOON + timedelta(seconds=61)
        assert outbox.hold(connection, items=[claimed.item], door="kim", reason="", now=late) == [claimed.item]
        assert not deliver(connection, claimed), "the lease had ended, and the person was first"

    def test_an_item_behind_another_waits_its_turn_when_retried(
        self, database: Database, connection: Connection
    ) -> None:
        enqueue(connection, orders(1, 2))
        (one,) = claim(connection)
        outbox.settle(connection, one, state="waiting", delay=3600, now=NOON)
        with database.session() as session:
            second = outbox.listing(session)[1].id
        outbox.retry(connection, items=[second], door="kim", now=NOON)
        assert claim(connection) == []

    def test_retry_probes_an_abonnee_that_is_left_alone(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (one,) = claim(connection)
        outbox.settle(connection, one, state="waiting", delay=10, now=NOON)
        outbox.receiver_failed(connection, one, at_once=True, reason="404", first=300, longest=300, now=NOON)
        assert claim(connection, at=NOON + timedelta(seconds=20)) == []
        outbox.retry(connection, items=[one.item], door="kim", now=NOON)
        (probe,) = claim(connection)
        assert probe.probe

    def test_every_change_leaves_an_event_with_the_person(self, connection: Connection) -> None:
        enqueue(connection, orders(1))
        (claimed,) = claim(connection)
        outbox.settle(connection, claimed, state="held", code="StUF058", reason="nee", now=NOON)
        outbox.release(connection, items=[claimed.item], door="kim", now=NOON)
        outbox.hold(connection, items=[claimed.item], door="jo", reason="toch niet", now=NOON)
        rows = connection.execute("SELECT state, code, reason, door FROM outbox_event ORDER BY id").fetchall()
        assert rows == [
            ("sending", "", "", ""),
            ("held", "StUF058", "nee", ""),
            ("waiting", "", "", "kim"),
            ("held", "", "toch niet", "jo"),
        ]

    def test_listing_filters(self, database: Database, connection: Connection) -> None:
        enqueue(connection, orders(1, 2), orders(3, zaak="Z2"), orders(4, abonnee="ANDER"))
        (one,) = claim(connection, limit=1)
        with database.session() as session:
            assert [i.klantcontact[-1] for i in outbox.listing(session)] == ["1", "2", "3", "4"]
            assert [i.klantcontact[-1] for i in outbox.listing(session, abonnee="ANDER")] == ["4"]
            assert [i.klantcontact[-1] for i in outbox.listing(session, sleutel="Z2")] == ["3"]
            assert [i.id for i in outbox.listing(session, states=("sending",))] == [one.item]
            assert [i.klantcontact[-1] for i in outbox.listing(session, limit=2)] == ["1", "2"]
            assert [i.stream.sleutel for i in outbox.listing(session, klantcontact="KC000000000003")] == ["Z2"]
            assert outbox.open_items(session) == 4


def wait_for_lock(look: Connection, pid: int) -> None:
    """Until that backend waits for somebody's lock."""
    for _ in range(2_000):
        row = look.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0, pg_sleep(0.005)", (pid,)).fetchone()
        if row is not None and row[0]:
            return
    pytest.fail("the other transaction never waited")


def _events(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT state, attempt, referentienummer, code FROM outbox_event ORDER BY id"
    ).fetchall()
