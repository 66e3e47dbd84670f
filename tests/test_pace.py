"""No faster than an abonnee may be sent to: slots on one clock, over all workers; clocks are passed in."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outgoing import ABONNEE, adjusted, remember, settings
from outgoing import enqueue as enqueue_orders
from outgoing import order as order_of
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.outbox import Order, Paced
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn
from stuf_klantcontact.worker import Worker
from test_worker import working

NOON = datetime(2036, 11, 22, 12, 0, tzinfo=UTC)

Connection = outbox.Connection


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connection() as connection:
        yield connection


def fill(connection: Connection, *, zaken: int, abonnee: str = "ZM") -> None:
    orders = [Order(abonnee, f"Z{zaak:04}", "klcLk01", "KC1") for zaak in range(zaken)]
    connection.execute(f"WITH {outbox.ENQUEUE} SELECT", {"orders": outbox.enqueue_parameter(orders)})


def claim(connection: Connection, at: float, *, per_minuut: int, limit: int = 50, abonnee: str = "ZM") -> Paced:
    """What is claimed so many seconds after noon."""
    return outbox.claim_at_pace(
        connection,
        abonnee=abonnee,
        limit=limit,
        lease=600,
        per_minuut=per_minuut,
        now=NOON + timedelta(seconds=at),
    )


def test_no_pace_is_no_limit_and_no_row(connection: Connection) -> None:
    fill(connection, zaken=40)
    found = claim(connection, 0, per_minuut=0)
    assert (len(found.claims), found.wait) == (40, 0.0)
    assert connection.execute("SELECT count(*) FROM outbox_receiver").fetchone() == (0,)


def test_thirty_a_minute_is_one_every_two_seconds(connection: Connection) -> None:
    fill(connection, zaken=40)
    given = {at: claim(connection, at, per_minuut=30) for at in (0, 1.5, 2, 2.1, 4)}
    assert {at: len(found.claims) for at, found in given.items()} == {0: 1, 1.5: 0, 2: 1, 2.1: 0, 4: 1}
    assert given[0].wait == 2.0
    assert given[1.5].wait == 0.5
    assert given[2.1].wait == pytest.approx(1.9)


def test_a_second_of_slots_is_saved_and_no_more(connection: Connection) -> None:
    fill(connection, zaken=200)
    assert len(claim(connection, 0, per_minuut=600).claims) == 1
    found = claim(connection, 1000, per_minuut=600)
    assert len(found.claims) == 10
    assert found.wait == pytest.approx(0.1)


def test_who_looks_late_gets_what_the_slots_allow(connection: Connection) -> None:
    """Looked at every 0.3 s, of six hundred a minute all are used, and no minute has more than its second extra."""
    fill(connection, zaken=1300)
    given = [(step * 0.3, len(claim(connection, step * 0.3, per_minuut=600).claims)) for step in range(401)]
    total = sum(count for _, count in given)
    assert 1195 <= total <= 1201
    for start, _ in given:
        assert sum(count for at, count in given if start <= at < start + 60) <= 610


def test_the_limit_leaves_slots_for_the_next(connection: Connection) -> None:
    fill(connection, zaken=40)
    claim(connection, 0, per_minuut=600)
    assert [len(claim(connection, 10, per_minuut=600, limit=4).claims) for _ in range(4)] == [4, 4, 2, 0]


def test_slots_are_shared_by_all_workers(database: Database, connection: Connection) -> None:
    fill(connection, zaken=40)
    claim(connection, 0, per_minuut=600)
    counts: list[int] = []

    def work() -> None:
        with database.connection() as mine:
            counts.append(len(claim(mine, 100, per_minuut=600, limit=4).claims))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 10


def test_nothing_due_paused_or_left_alone_uses_no_slot(connection: Connection) -> None:
    assert claim(connection, 0, per_minuut=30) == Paced([], 0.0)
    fill(connection, zaken=9)
    outbox.pause(connection, abonnee="ZM", door="kim", reason="onderhoud", now=NOON)
    assert claim(connection, 1, per_minuut=30) == Paced([], 0.0)
    outbox.resume(connection, abonnee="ZM", door="kim", now=NOON)
    (one,) = claim(connection, 1, per_minuut=30).claims
    outbox.receiver_failed(
        connection, one, at_once=True, reason="weg", first=10, longest=300, now=NOON + timedelta(seconds=1)
    )
    assert claim(connection, 4, per_minuut=30) == Paced([], 0.0), "left alone"
    found = claim(connection, 11, per_minuut=30)
    assert [claimed.probe for claimed in found.claims] == [True]
    assert found.wait == 2.0, "a probe uses a slot like any other"


def test_the_pace_of_one_does_not_slow_another(connection: Connection) -> None:
    fill(connection, zaken=9)
    fill(connection, zaken=9, abonnee="ANDER")
    claim(connection, 0, per_minuut=1)
    assert len(claim(connection, 0, per_minuut=1, abonnee="ANDER").claims) == 1
    assert len(claim(connection, 0, per_minuut=0, abonnee="ANDER").claims) == 8


def test_a_clock_that_was_an_hour_ahead_and_is_put_right_stops_nobody(connection: Connection) -> None:
    fill(connection, zaken=40)
    assert len(claim(connection, 3600, per_minuut=30).claims) == 1
    found = claim(connection, 0, per_minuut=30)
    assert (len(found.claims), found.wait) == (1, 2.0)
    assert [len(claim(connection, at, per_minuut=30).claims) for at in (1.9, 2, 3.9, 4)] == [0, 1, 0, 1]


def test_a_worker_looks_again_before_a_slot_of_an_hour_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuf_klantcontact.worker.LONGEST_WAIT", 0.05)
    really, looked = outbox.claim_at_pace, threading.Event()

    def look(connection: Connection, **rest: Any) -> Paced:
        """First on a clock that is an hour ahead."""
        if looked.is_set():
            return really(connection, **rest)
        looked.set()
        return Paced([], 3600.0)

    monkeypatch.setattr(outbox, "claim_at_pace", look)
    remember(database, 1)
    with FakeZaakmagazijn() as zaakmagazijn:
        paced = adjusted(settings(zaakmagazijn.url), per_minuut=30)
        with working(paced, database, contracts.load()):
            enqueue_orders(database, order_of(1))
            zaakmagazijn.wait_for(1, timeout=10)
    assert looked.is_set()


def test_a_worker_waits_for_its_slot_and_stops_at_once(database: Database) -> None:
    with FakeZaakmagazijn() as zaakmagazijn:
        remember(database, *range(1, 10), zaak="Z1")
        enqueue_orders(database, *(order_of(count, zaak="Z1") for count in range(1, 10)))
        paced = adjusted(settings(zaakmagazijn.url), per_minuut=2)
        delivery = Delivery(paced, database=database, contract=contracts.load())
        assert delivery.per_minuut(ABONNEE) == 2
        stop = threading.Event()
        worker = Worker(delivery, database=database, poll=0.01)
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        zaakmagazijn.wait_for(1)
        for _ in range(10):
            worker.wake()
            time.sleep(0.01)
        begin = time.monotonic()
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
        assert time.monotonic() - begin < 10, "it does not wait for the slot of half a minute later"
        delivery.close()
        assert len(zaakmagazijn.received) == 1
