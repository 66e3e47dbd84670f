"""What people, receivers and workers do with the outbox in whatever order, against a model of what it may do."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from stuf_klantcontact import outbox
from stuf_klantcontact.outbox import BREAKER_FAILURES, Claim, Stamp
from stuf_klantcontact.outbox.mending import MOST_LOST
from stuf_klantcontact.outbox.queue import SUSPECT
from stuf_klantcontact.store import Database
from test_outbox import NOON, Connection, enqueue, orders

EXAMPLES = int(os.environ.get("OUTBOX_EXAMPLES", "30"))
"""How many stories of 50 steps; `make soak` asks for more."""

LEASE = 60.0
FIRST, LONGEST = 10.0, 40.0
"""Seconds that a receiver in trouble is left alone."""

ABONNEES = ("ZM", "ANDER")
ZAKEN = ("Z1", "Z2")
OPEN = ("waiting", "sending", "held")

TABLES = (
    "outbox_event",
    "outbox_item",
    "outbox_stream",
    "outbox_trial",
    "outbox_receiver",
    "outbox_receiver_event",
)

some = st.lists(st.integers(0, 30), min_size=1, max_size=4)


@dataclass
class Item:
    """What the model knows of one item. `claim` is the right to try it, while that may be used."""

    id: int
    sequence: int
    state: str = "waiting"
    claim: Claim | None = None
    due: datetime = NOON
    number: str | None = None


@dataclass
class Receiver:
    """What the model knows of one abonnee."""

    paused: bool = False
    failures: int = 0
    not_before: datetime | None = None


class Outbox(RuleBasedStateMachine):
    """The rules are what may happen; each asserts what the outbox answers, the invariants what is stored."""

    connection: Connection
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.streams: dict[tuple[str, str], list[Item]] = {}
        self.receivers = {abonnee: Receiver() for abonnee in ABONNEES}
        self.stale: set[tuple[str, str]] = set()
        """Streams of which the next item was held or skipped while it was not the first."""
        self.lost = dict.fromkeys(((a, z) for a in ABONNEES for z in ZAKEN), 0)
        """Claims of each stream since the last that came to an outcome."""
        self.given: list[Claim] = []
        self.numbers = 0
        self.asked = 0

    @initialize()
    def begin(self) -> None:
        for table in TABLES:
            self.connection.execute(f"DELETE FROM {table}")
        for abonnee in ABONNEES:
            self.contacts_come_in(abonnee, list(ZAKEN))

    # --- the model ------------------------------------------------------------------------------------------------

    def head(self, stream: tuple[str, str]) -> Item | None:
        """The first open item, which is the only one that may go."""
        return next((item for item in self.streams[stream] if item.state in OPEN), None)

    def is_sending(self, item: Item) -> bool:
        return item.state == "sending" and item.due > self.now

    def item(self, claim: Claim) -> Item:
        return next(item for item in self.streams[claim.abonnee, claim.sleutel] if item.id == claim.item)

    def holds(self, claim: Claim) -> bool:
        """Whether its lease still runs, and nobody has the item by now."""
        item = self.item(claim)
        return item.claim is claim and self.is_sending(item)

    def chosen(self, which: list[int]) -> list[tuple[tuple[str, str], Item]]:
        """Items by their places among all there are."""
        everything = [(stream, item) for stream, items in self.streams.items() for item in items]
        return [everything[place] for place in sorted({n % len(everything) for n in which})] if everything else []

    def ids(self, which: list[int]) -> list[int]:
        return [item.id for _, item in self.chosen(which)]

    def left_alone_until(self, abonnee: str) -> datetime | None:
        return next(s.left_alone_until for s in outbox.standings(self.connection) if s.abonnee == abonnee)

    def is_due(self, stream: tuple[str, str]) -> bool:
        head = self.head(stream)
        return head is not None and head.state != "held" and head.due <= self.now

    # --- what happens ---------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 10, 61]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(abonnee=st.sampled_from(ABONNEES), zaken=st.lists(st.sampled_from(ZAKEN), min_size=1, max_size=3))
    def contacts_come_in(self, abonnee: str, zaken: list[str]) -> None:
        """One message, with items for one stream or more, as intake enqueues it."""
        enqueue(self.connection, *(orders(1, zaak=zaak, abonnee=abonnee) for zaak in zaken))
        rows = self.connection.execute(
            "SELECT i.id, s.sleutel FROM outbox_item i JOIN outbox_stream s ON s.id = i.stream_id"
            " WHERE s.abonnee = %s ORDER BY i.id DESC LIMIT %s",
            (abonnee, len(zaken)),
        ).fetchall()
        assert [zaak for _, zaak in rows] == zaken[::-1]
        for number, zaak in reversed(rows):
            items = self.streams.setdefault((abonnee, zaak), [])
            before = self.head((abonnee, zaak))
            items.append(Item(number, len(items) + 1, due=NOON))
            assert before is None or before is self.head((abonnee, zaak))

    @rule(target=claims, abonnee=st.sampled_from(ABONNEES), limit=st.sampled_from([1, 5]))
    def a_worker_claims(self, abonnee: str, limit: int) -> object:
        return multiple(*self.claim(abonnee, limit))

    @rule(target=claims, abonnee=st.sampled_from(ABONNEES), times=st.integers(2, 6))
    def workers_are_lost(self, abonnee: str, times: int) -> object:
        """One after the other, with all they had."""
        given: list[Claim] = []
        for _ in range(times):
            given += self.claim(abonnee, 5)
            self.now += timedelta(seconds=LEASE + 1)
        return multiple(*given)

    def claim(self, abonnee: str, limit: int) -> list[Claim]:
        due = [stream for stream in self.streams if stream[0] == abonnee and self.is_due(stream)]
        suspects = [stream for stream in due if self.lost[stream] >= SUSPECT]
        on_trial = any(
            lost > SUSPECT and (head := self.head(stream)) is not None and self.is_sending(head)
            for stream, lost in self.lost.items()
        )
        got = outbox.claim(self.connection, abonnee=abonnee, limit=limit, lease=LEASE, now=self.now)
        held = [stream for stream in suspects if self.lost[stream] >= MOST_LOST and self.is_held_as_lost(stream)]
        assert len(held) + sum((claim.abonnee, claim.sleutel) in suspects for claim in got) <= (not on_trial)
        able = min(limit, len(due) - len(suspects) if on_trial else len(due))
        able -= 0 if on_trial else max(0, len(suspects) - 1)
        receiver = self.receivers[abonnee]
        if receiver.paused or (receiver.not_before is not None and receiver.not_before > self.now):
            assert got == [], "paused, or left alone"
        elif receiver.not_before is not None:
            assert len(got) <= 1, "one probe"
            assert all(claim.probe for claim in got)
            receiver.not_before = self.left_alone_until(abonnee)
        else:
            assert len(got) + len(held) >= able - len(self.stale)
        for stream in held:
            head = self.head(stream)
            assert head is not None
            head.state, head.claim, self.lost[stream] = "held", None, 0
        for claim in got:
            stream = claim.abonnee, claim.sleutel
            assert stream in due, "twice, leased to another, held, or not yet due"
            assert self.lost[stream] < MOST_LOST, "without end"
            due.remove(stream)
            self.lost[stream] += 1
            head = self.head(stream)
            assert head is not None
            assert (claim.item, claim.sequence) == (head.id, head.sequence), "not the first that is open"
            assert (claim.stamp.referentienummer if claim.stamp else None) == head.number
            head.state, head.claim, head.due = "sending", claim, self.now + timedelta(seconds=LEASE)
        self.given += got
        return got

    def is_held_as_lost(self, stream: tuple[str, str]) -> bool:
        head = self.head(stream)
        assert head is not None
        row = self.connection.execute("SELECT state, code FROM outbox_item WHERE id = %s", (head.id,)).fetchone()
        return row == ("held", "geen uitkomst")

    @rule(claim=claims)
    def a_worker_stamps(self, claim: Claim) -> None:
        """Also one that lost its lease: then in vain."""
        item = self.item(claim)
        self.numbers += 1
        number = f"R-{self.numbers}"
        kept = outbox.stamp(
            self.connection, claim, stamp=Stamp(number, self.now, "urn:x/klcLk01", b"<a/>"), now=self.now
        )
        assert kept == (self.holds(claim) and item.number is None)
        if kept:
            item.number = number

    @rule(claim=consumes(claims), alive=st.booleans())
    def a_worker_delivered(self, claim: Claim, alive: bool) -> None:
        self.settle(claim, state="delivered", alive=alive)

    @rule(claim=claims, delay=st.sampled_from([0, 10, 60]), anew=st.booleans())
    def a_worker_defers(self, claim: Claim, delay: int, anew: bool) -> None:
        """Its claim stays in the bundle: what is done with it afterwards comes from a zombie."""
        if self.settle(claim, state="waiting", delay=delay, anew=anew) and anew:
            self.item(claim).number = None

    @rule(claim=claims)
    def a_worker_holds(self, claim: Claim) -> None:
        self.settle(claim, state="held", alive=True)

    def settle(
        self,
        claim: Claim,
        *,
        state: Literal["delivered", "waiting", "held"],
        delay: int = 0,
        anew: bool = False,
        alive: bool = False,
    ) -> bool:
        item, stream, receiver = self.item(claim), (claim.abonnee, claim.sleutel), self.receivers[claim.abonnee]
        settled = outbox.settle(
            self.connection, claim, state=state, delay=delay, anew=anew, alive=alive, now=self.now
        )
        assert settled.accepted == self.holds(claim), "by who does not have it (any more), or not by who has"
        assert settled.recovered == (alive and receiver.not_before is not None)
        if alive:
            receiver.failures, receiver.not_before = 0, None
        if settled.accepted:
            assert self.head(stream) is item, "something before it is still open"
            item.state, item.claim, item.due = state, None, self.now + timedelta(seconds=delay)
            self.lost[stream] = 0
            if state == "delivered":
                self.goes_on(stream, after=item)
        return settled.accepted

    def goes_on(self, stream: tuple[str, str], *, after: Item) -> None:
        """The next is due; if a person held or skipped it, the next claim finds that out, and gives nothing."""
        self.stale.discard(stream)
        if after.sequence < len(self.streams[stream]):
            following = self.streams[stream][after.sequence]
            following.due = self.now
            if following.state != "waiting":
                self.stale.add(stream)

    @rule(claim=claims, at_once=st.booleans())
    def a_receiver_fails(self, claim: Claim, at_once: bool) -> None:
        receiver = self.receivers[claim.abonnee]
        opened = outbox.receiver_failed(
            self.connection, claim, at_once=at_once, reason="weg", first=FIRST, longest=LONGEST, now=self.now
        )
        if receiver.not_before is not None and not claim.probe:
            assert not opened, "what a straggler says is not news"
            return
        receiver.failures = max(receiver.failures + 1, BREAKER_FAILURES if at_once else 0)
        if receiver.failures >= BREAKER_FAILURES:
            seconds = min(LONGEST, FIRST * 2.0 ** (receiver.failures - BREAKER_FAILURES))
            receiver.not_before = self.now + timedelta(seconds=seconds)
        assert opened == (receiver.failures == BREAKER_FAILURES)
        assert self.left_alone_until(claim.abonnee) == receiver.not_before

    @rule(which=some)
    def a_person_skips(self, which: list[int]) -> None:
        chosen = [(s, i) for s, i in self.chosen(which) if i.state in OPEN and not self.is_sending(i)]
        heads = [stream for stream, item in chosen if self.head(stream) is item]
        done = outbox.skip(self.connection, items=self.ids(which), door="kim", reason="x", now=self.now)
        assert done == sorted(item.id for _, item in chosen)
        self.asked += len(done)
        for _, item in chosen:
            item.state, item.claim = "skipped", None
        for stream in heads:
            self.lost[stream] = 0
            if (head := self.head(stream)) is not None:
                head.due = self.now

    @rule(which=some)
    def a_person_holds(self, which: list[int]) -> None:
        able = ("waiting", "sending")
        chosen = [i for _, i in self.chosen(which) if i.state in able and not self.is_sending(i)]
        for stream, item in self.chosen(which):
            if item in chosen and self.head(stream) is item:
                self.lost[stream] = 0
        done = outbox.hold(self.connection, items=self.ids(which), door="kim", reason="x", now=self.now)
        assert done == sorted(item.id for item in chosen)
        self.asked += len(done)
        for item in chosen:
            item.state, item.claim = "held", None

    @rule(which=some, anew=st.booleans(), held=st.booleans())
    def a_person_retries_or_releases(self, which: list[int], anew: bool, held: bool) -> None:
        states = ("held",) if held else ("held", "waiting")
        chosen = [item for _, item in self.chosen(which) if item.state in states]
        ask = outbox.release if held else outbox.retry
        done = ask(self.connection, items=self.ids(which), door="kim", anew=anew, now=self.now)
        assert done == sorted(item.id for item in chosen)
        self.asked += len(done)
        for item in chosen:
            item.state, item.due = "waiting", self.now
            if anew:
                item.number = None
        for abonnee, receiver in self.receivers.items():
            if receiver.not_before is not None:
                receiver.not_before = self.left_alone_until(abonnee)
                assert receiver.not_before is not None, "only a success ends it"

    @rule(abonnee=st.sampled_from(ABONNEES))
    def a_person_pauses_or_resumes(self, abonnee: str) -> None:
        receiver = self.receivers[abonnee]
        if receiver.paused:
            assert outbox.resume(self.connection, abonnee=abonnee, door="kim", now=self.now)
        else:
            assert outbox.pause(self.connection, abonnee=abonnee, door="kim", reason="x", now=self.now)
        receiver.paused = not receiver.paused

    # --- what must be so, always and in the end -------------------------------------------------------------------

    @invariant()
    def what_is_open_is_what_the_model_has_open(self) -> None:
        stored = self.connection.execute(
            "SELECT s.abonnee, s.sleutel, i.sequence, i.id, i.state, i.referentienummer FROM outbox_item i"
            " JOIN outbox_stream s ON s.id = i.stream_id WHERE i.state IN ('waiting', 'sending', 'held')"
        ).fetchall()
        assert sorted(stored) == sorted(
            (*stream, item.sequence, item.id, item.state, item.number)
            for stream, items in self.streams.items()
            for item in items
            if item.state in OPEN
        )

    @invariant()
    def who_lost_its_claim_has_an_old_fence(self) -> None:
        """Not only a lease that is over: that may begin again, on a clock that is put back."""
        fences = dict(self.connection.execute("SELECT id, fence FROM outbox_stream").fetchall())
        for claim in self.given:
            if self.item(claim).claim is not claim:
                assert claim.fence < fences[claim.stream]

    def teardown(self) -> None:
        """Nothing is lost: when all trouble is over, all that nobody skipped is delivered, in order."""
        for abonnee, receiver in self.receivers.items():
            if receiver.paused:
                self.a_person_pauses_or_resumes(abonnee)
            self.connection.execute(
                "UPDATE outbox_receiver SET failures = 0, not_before = NULL WHERE abonnee = %s", (abonnee,)
            )
            receiver.not_before = None
        self.now += timedelta(seconds=LEASE + 1)
        everything = [item for items in self.streams.values() for item in items]
        rounds = 0
        while any(item.state in OPEN for item in everything):
            rounds += 1
            assert rounds <= 2 * len(everything) + 9, "something stays behind"
            if any(item.state == "held" for item in everything):
                self.a_person_retries_or_releases(list(range(len(everything))), anew=False, held=True)
            for abonnee in ABONNEES:
                for claim in self.claim(abonnee, 9):
                    assert self.settle(claim, state="delivered")
        people = self.connection.execute("SELECT count(*) FROM outbox_event WHERE door = 'kim'").fetchone()
        assert people == (self.asked,), "each with the person"


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connection() as connection:
        yield connection


def test_whatever_happens_order_is_kept_nothing_is_lost_and_nothing_is_claimed_twice(
    connection: Connection,
) -> None:
    class Connected(Outbox):
        pass

    Connected.connection = connection
    run_state_machine_as_test(
        Connected,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes, and a story reads well
            suppress_health_check=list(HealthCheck),
        ),
    )
