"""The clock of the database jumps an hour, either way, also where summer time begins and ends: nobody notices.

Not the order, not the tijdstipBericht of either version of StUF, which rises strictly (StUF 03.01 §4.3.2), and not
the receiver: what comes twice comes because a lease ended, under the same number.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

import outgoing
from outgoing import ABONNEE, enqueue, number, order, remember
from stuf_klantcontact import contract, outbox
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.outbox import Claim, Stamp
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, FixedClock
from stuf_klantcontact.tijdstip import stuf0301, stuf0302

NOON = datetime(2036, 11, 22, 12, 0, tzinfo=UTC)
SUMMER_ENDS = datetime(2036, 10, 26, 1, 0, tzinfo=UTC)
SUMMER_BEGINS = datetime(2037, 3, 29, 1, 0, tzinfo=UTC)
HOUR = 3600.0
LEASE = 60.0
STREAMS, EACH = 3, 4

STEPS = st.one_of(
    st.tuples(st.just("time"), st.sampled_from([0.0, 0.001, 1.0, 30.0, LEASE, 600.0])),
    st.tuples(st.just("time"), st.sampled_from([HOUR, -HOUR])),
    st.tuples(st.just("claim"), st.integers(1, STREAMS)),
    st.tuples(st.just("delivered"), st.integers(0, 9)),
    st.tuples(st.just("deferred"), st.integers(0, 9)),
)

_examples = count(1)


@dataclass
class Told:
    """What a receiver sees, and who holds what."""

    sent: list[tuple[Claim, str]] = field(default_factory=list)
    stamped: list[tuple[datetime, datetime]] = field(default_factory=list)
    holders: dict[int, tuple[Claim, datetime]] = field(default_factory=dict)
    open: list[Claim] = field(default_factory=list)
    delivered: dict[int, list[int]] = field(default_factory=dict)
    latest: datetime = NOON


class Machines:
    """Delivery processes without a network: they claim, stamp and settle by the clock that jumps."""

    def __init__(self, connection: outbox.Connection, *, begin: datetime) -> None:
        self.clock = FixedClock(begin)
        self.told = Told(latest=begin)
        self.abonnee = f"JUMP{next(_examples)}"
        self._connection = connection
        connection.execute("DELETE FROM outbox_clock")
        orders = [
            outbox.Order(self.abonnee, f"Z{stream}", "klcLk01", f"KC{item:012}")
            for item in range(EACH)
            for stream in range(STREAMS)
        ]
        connection.execute(f"WITH {outbox.ENQUEUE} SELECT", {"orders": outbox.enqueue_parameter(orders)})

    def pass_time(self, seconds: float) -> None:
        self.told.latest = max(self.told.latest, self.clock.advance(seconds))

    def claim(self, limit: int) -> int:
        """Claim, and send at once what may be sent."""
        now = self.clock()
        claims = outbox.claim(self._connection, abonnee=self.abonnee, limit=limit, lease=LEASE, now=now)
        for claim in claims:
            if claim.stream in self.told.holders:
                _, until = self.told.holders[claim.stream]
                assert now >= until, "two hold the same item, and the lease of neither has ended"
            self.told.holders[claim.stream] = (claim, now + timedelta(seconds=LEASE))
            stamp = claim.stamp
            if stamp is None:
                moment, lokaal = outbox.next_tijdstip_0301(self._connection, now=now)
                name = f"{self.abonnee}-{claim.item}-{claim.attempt}"
                stamp = Stamp(name, moment, "urn:x/klcLk01", b"<bericht/>")
                assert outbox.stamp(self._connection, claim, stamp=stamp, now=now)
                self.told.stamped.append((moment, lokaal))
            self.told.sent.append((claim, stamp.referentienummer))
            self.told.open.append(claim)
        return len(claims)

    def settle(self, which: int, *, delivered: bool) -> None:
        """Whoever claimed that (longest ago, modulo how many there are) has an answer."""
        if not self.told.open:
            return
        claim = self.told.open.pop(which % len(self.told.open))
        now = self.clock()
        settled = outbox.settle(
            self._connection, claim, state="delivered" if delivered else "waiting", delay=5.0, now=now
        )
        holder, until = self.told.holders.get(claim.stream, (None, now))
        assert settled.accepted == (holder is claim and now < until), "only who holds it may settle it"
        if settled.accepted:
            del self.told.holders[claim.stream]
            if delivered:
                self.told.delivered.setdefault(claim.stream, []).append(claim.sequence)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begin=st.sampled_from([NOON, SUMMER_ENDS, SUMMER_BEGINS]),
    before=st.sampled_from([0.0, 1.0, 1800.0, HOUR, HOUR + 1800.0]),
    steps=st.lists(STEPS, max_size=30),
)
@example(
    begin=SUMMER_ENDS, before=1.0, steps=[("claim", 1), ("time", 1.0), ("claim", 1), ("time", HOUR), ("claim", 1)]
)
@example(
    begin=NOON, before=0.0, steps=[("claim", 3), ("time", -HOUR), ("claim", 3), ("delivered", 0), ("claim", 3)]
)
@example(
    begin=NOON, before=0.0, steps=[("claim", 1), ("time", HOUR), ("claim", 3), ("delivered", 0), ("delivered", 0)]
)
def test_order_numbers_and_moments_hold_whatever_the_clock_does(
    begin: datetime, before: float, steps: list[tuple[str, float]], database: Database
) -> None:
    with database.connection() as connection:
        machines = Machines(connection, begin=begin - timedelta(seconds=before))
        for what, how in steps:
            if what == "time":
                machines.pass_time(how)
            elif what == "claim":
                machines.claim(int(how))
            else:
                machines.settle(int(how), delivered=what == "delivered")
        told = machines.told
        event(f"sent again: {len(told.sent) > len(told.stamped)}")
        machines.clock.advance((told.latest - machines.clock()).total_seconds())
        for _ in range(3 * STREAMS * EACH):  # the clock is right again: it ends
            machines.clock.advance(2 * LEASE)
            while machines.claim(STREAMS):
                while told.open:
                    machines.settle(len(told.open) - 1, delivered=True)
    assert list(told.delivered.values()) == [list(range(1, EACH + 1))] * STREAMS, "all, once, in order"
    first = {(claim.stream, claim.sequence): name for claim, name in reversed(told.sent)}
    assert all(first[claim.stream, claim.sequence] == name for claim, name in told.sent), "one number an item"
    for stream in told.delivered:
        sequences = [claim.sequence for claim, _ in told.sent if claim.stream == stream]
        assert sequences == sorted(sequences)
    assert all(one < other for one, other in pairwise(moment for moment, _ in told.stamped))
    assert all(one < other for one, other in pairwise(stuf0301(lokaal) for _, lokaal in told.stamped))


def test_a_receiver_that_insists_on_rising_moments_takes_everything(database: Database) -> None:
    jumps = [0.0, HOUR, -HOUR, -HOUR, 1.0, HOUR, 0.0, 1800.0]
    for begin in (SUMMER_ENDS - timedelta(minutes=30), SUMMER_BEGINS - timedelta(minutes=30)):
        clock = FixedClock(begin)
        with database.connection() as connection, FakeZaakmagazijn(ordered=True, clock=clock) as zaakmagazijn:
            connection.execute("DELETE FROM outbox_clock")
            zaken = [f"0518{begin:%m}{count:07}" for count, _ in enumerate(jumps)]
            found = outgoing.settings(zaakmagazijn.url)
            delivery = Delivery(found, database=database, contract=contract.load(), clock=clock)
            for place, zaak in enumerate(zaken):
                item = begin.month * 100 + place
                remember(database, item, zaak=zaak)
                clock.advance(jumps[place])
                enqueue(database, order(item, zaak=zaak))
                (claim,) = outbox.claim(connection, abonnee=ABONNEE, limit=9, lease=120.0, now=clock())
                delivery.attempt(claim)
            delivery.close()
            kept = [message.text("object/identificatie") for message in zaakmagazijn.kept]
            assert kept == [number(begin.month * 100 + place) for place, _ in enumerate(zaken)]
            assert len(zaakmagazijn.received) == len(jumps)
            written = [message.header.tijdstip_bericht for message in zaakmagazijn.kept]
            assert written[0] == stuf0302(begin)
