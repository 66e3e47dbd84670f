"""The delivery loop: order per zaak under threads and failures, nobody blocked by another, a clean stop."""

import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from outgoing import ABONNEE, adjusted, enqueue, items, number, order, remember, settings
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.outlets import Attempt
from stuf_klantcontact.outlets.soap import SoapOutlet
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, Received, closed_port
from stuf_klantcontact.worker import Worker


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contracts.load()


@pytest.fixture
def zaakmagazijn() -> Iterator[FakeZaakmagazijn]:
    with FakeZaakmagazijn() as fake:
        yield fake


@contextmanager
def working(
    settings: Settings,
    database: Database,
    contract: Contract,
    *,
    poll: float = 0.02,
    workers: int = 1,
    listen: bool = False,
) -> Iterator[list[Worker]]:
    """So many workers, as if each were a process of its own, until the end of the block."""
    stop = threading.Event()
    deliveries = [Delivery(settings, database=database, contract=contract) for _ in range(workers)]
    running = [Worker(delivery, database=database, poll=poll, listen=listen) for delivery in deliveries]
    threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in running]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
        for delivery in deliveries:
            delivery.close()
        assert not any(thread.is_alive() for thread in threads)


def wait_until(true: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:g} s")
        time.sleep(0.02)


def is_settled(database: Database) -> bool:
    with database.session() as session:
        return outbox.open_items(session) == 0


def by_zaak(received: list[Received]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for message in received:
        found[message.text("object/heeftBetrekkingOp/gerelateerde/zaakidentificatie")].append(
            message.text("object/identificatie")
        )
    return found


def test_order_per_zaak_holds_under_two_workers_with_four_threads_and_failures(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn
) -> None:
    zaken = [f"0518ZAAK{zaak:07}" for zaak in range(8)]
    expected = {}
    for place, zaak in enumerate(zaken):
        numbers = range(place * 100 + 1, place * 100 + 11)
        remember(database, *numbers, zaak=zaak)
        expected[zaak] = [number(count) for count in numbers]
    for step in range(10):
        enqueue(database, *(order(place * 100 + 1 + step, zaak=zaak) for place, zaak in enumerate(zaken)))
    chance = random.Random(5)
    mischief = ["lost-answer", "status:500", "empty", "half", "fo03:StUF046", "wrong-cross"]
    zaakmagazijn.next(*(chance.choice([*mischief, *["well-behaved"] * 14]) for _ in range(80)))
    quick = settings(zaakmagazijn.url, first_retry=0.02, longest_retry=0.05)
    with working(quick, database, contract, workers=2):
        wait_until(lambda: is_settled(database), seconds=60)
    assert by_zaak(zaakmagazijn.kept) == expected
    assert {item.state for item in items(database)} == {"delivered"}


def test_a_refused_item_holds_its_own_zaak_and_nothing_else(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn
) -> None:
    remember(database, 1, 2, zaak="Z1")
    remember(database, 3, 4, zaak="Z2")
    enqueue(database, order(1, zaak="Z1"), order(2, zaak="Z1"), order(3, zaak="Z2"), order(4, zaak="Z2"))
    zaakmagazijn.judge = lambda r: "StUF058" if r.text("object/identificatie") == number(1) else ""
    with working(settings(zaakmagazijn.url), database, contract):
        zaakmagazijn.wait_for(2)
        wait_until(
            lambda: [item.state for item in items(database)] == ["held", "waiting", "delivered", "delivered"]
        )
        zaakmagazijn.judge = None
        with database.connection() as connection:
            outbox.release(connection, items=[items(database)[0].id], door="kim")
        wait_until(lambda: is_settled(database))
    assert by_zaak(zaakmagazijn.kept) == {"Z2": [number(3), number(4)], "Z1": [number(1), number(2)]}


def test_threads_that_have_read_much_end_and_others_go_on_in_order(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuf_klantcontact.worker.RETIRE_BYTES", 10_000)
    lanes: set[threading.Thread] = set()
    senders: set[threading.Thread] = set()
    really_send, really_claim = SoapOutlet.send, outbox.claim_at_pace

    def send(*arguments: Any, **named: Any) -> Attempt:
        senders.add(threading.current_thread())
        return really_send(*arguments, **named)

    def claim(*arguments: Any, **named: Any) -> outbox.Paced:
        lanes.add(threading.current_thread())
        return really_claim(*arguments, **named)

    monkeypatch.setattr(SoapOutlet, "send", send)
    monkeypatch.setattr(outbox, "claim_at_pace", claim)
    remember(database, *range(1, 31))
    enqueue(database, *(order(count) for count in range(1, 31)))
    with working(settings(zaakmagazijn.url), database, contract):
        zaakmagazijn.wait_for(30)
        wait_until(lambda: is_settled(database))
    assert len(lanes) > 5, "30 messages and their answers come to some 100,000 bytes"
    assert len(senders) > 5
    assert [message.text("object/identificatie") for message in zaakmagazijn.kept] == [
        number(count) for count in range(1, 31)
    ]


def test_a_slow_exchange_keeps_no_other_zaak_waiting_when_threads_make_place(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuf_klantcontact.worker.RETIRE_BYTES", 10_000)
    finish, lock = threading.Event(), threading.Lock()
    begun, under_way, most = 0, 0, 0
    really = SoapOutlet.send

    def send(*arguments: Any, **named: Any) -> Attempt:
        nonlocal begun, under_way, most
        with lock:
            begun, under_way = begun + 1, under_way + 1
            most, first = max(most, under_way), begun == 1
        if first:
            finish.wait(25)
        try:
            return really(*arguments, **named)
        finally:
            with lock:
                under_way -= 1

    monkeypatch.setattr(SoapOutlet, "send", send)
    for count in range(1, 42):
        remember(database, count, zaak=f"Z{count}")
        enqueue(database, order(count, zaak=f"Z{count}"))
    patient = adjusted(settings(zaakmagazijn.url), gelijktijdig=2)
    with working(patient, database, contract):
        zaakmagazijn.wait_for(40)  # kept, the slow one not yet
        finish.set()
        wait_until(lambda: is_settled(database))
    assert most == 2, "as many as it may be sent at once, also while others take their place"


def test_a_lane_goes_on_when_there_was_no_thread_to_be_had(
    database: Database,
    contract: Contract,
    zaakmagazijn: FakeZaakmagazijn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("stuf_klantcontact.worker.LONGEST_WAIT", 0.05)
    lane = f"deliver-{ABONNEE}"
    begun: list[str] = []
    really = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        begun.append(thread.name)
        if thread.name == lane and begun.count(lane) in (2, 3):  # the first is there for as long as the process
            raise RuntimeError("can't start new thread")
        really(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    remember(database, 1)
    enqueue(database, order(1))
    with working(settings(zaakmagazijn.url), database, contract):
        wait_until(lambda: is_settled(database))
    assert begun.count(lane) == 4
    assert "cannot go on" in caplog.text


def test_a_defect_in_a_lane_is_logged_without_its_words_and_the_lane_goes_on(
    database: Database,
    contract: Contract,
    zaakmagazijn: FakeZaakmagazijn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("stuf_klantcontact.worker.LONGEST_WAIT", 0.05)
    failing = [LookupError("999993653")]

    def rests(*_: Any) -> bool:
        if failing:
            raise failing.pop()
        return False

    monkeypatch.setattr(Delivery, "rests", rests)
    remember(database, 1)
    enqueue(database, order(1))
    with working(settings(zaakmagazijn.url), database, contract):
        wait_until(lambda: is_settled(database))
    assert "cannot go on" in caplog.text
    assert "exception=LookupError" in caplog.text
    assert "999993653" not in caplog.text


@pytest.mark.parametrize("kind", ["hang", "dead"])
def test_a_dead_abonnee_delays_nobody_else(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, kind: str
) -> None:
    remember(database, *range(1, 21), zaak="Z1")
    with FakeZaakmagazijn(behaviour="hang") as hanging:
        url = hanging.url if kind == "hang" else f"http://127.0.0.1:{closed_port()}/"
        both = settings(zaakmagazijn.url, also={"DOOD": url})
        for count in range(1, 21):
            enqueue(
                database,
                order(count, zaak="Z1"),
                *(order(count, zaak=f"Z{n}", abonnee="DOOD") for n in range(8)),
            )
        started = time.monotonic()
        with working(both, database, contract):
            zaakmagazijn.wait_for(20)
            took = time.monotonic() - started
            hanging.stop()
    assert took < 4.5, "less than one time-out of the dead one"
    assert by_zaak(zaakmagazijn.kept) == {"Z1": [number(count) for count in range(1, 21)]}


def test_a_restart_goes_on_where_it_was(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn
) -> None:
    remember(database, *range(1, 31))
    enqueue(database, *(order(count) for count in range(1, 31)))
    for so_far in (5, 15, 30):
        with working(settings(zaakmagazijn.url), database, contract):
            zaakmagazijn.wait_for(so_far)
    wait_until(lambda: is_settled(database))
    assert [message.text("object/identificatie") for message in zaakmagazijn.kept] == [
        number(count) for count in range(1, 31)
    ]
    assert len(zaakmagazijn.received) == 30, "a clean stop repeats nothing"


def test_a_stop_finishes_what_is_under_way_and_claims_nothing_more(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn
) -> None:
    remember(database, 1, 2)
    enqueue(database, order(1), order(2))
    reached = threading.Event()
    finish = threading.Event()

    def judge(_: Received) -> str:
        reached.set()
        finish.wait(10)
        return ""

    zaakmagazijn.judge = judge
    stop = threading.Event()
    delivery = Delivery(settings(zaakmagazijn.url), database=database, contract=contract)
    worker = Worker(delivery, database=database, poll=0.02)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    assert reached.wait(10)
    stop.set()
    thread.join(0.2)
    assert thread.is_alive(), "it waits for the exchange"
    finish.set()
    thread.join(10)
    assert not thread.is_alive()
    delivery.close()
    assert [item.state for item in items(database)] == ["delivered", "waiting"]


def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The abonnee of every look into the outbox that is over; it grows."""
    found: list[str] = []
    really = outbox.claim_at_pace

    def look(*args: Any, **rest: Any) -> outbox.Paced:
        paced = really(*args, **rest)
        found.append(rest["abonnee"])
        return paced

    monkeypatch.setattr(outbox, "claim_at_pace", look)
    return found


def test_wake_saves_the_wait(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(database, 1)
    looked = looks(monkeypatch)
    with working(settings(zaakmagazijn.url), database, contract, poll=30.0) as (worker,):
        wait_until(lambda: ABONNEE in looked)  # and found nothing: it now waits for its poll
        enqueue(database, order(1))
        worker.wake()
        zaakmagazijn.wait_for(1, timeout=10)
    assert len(zaakmagazijn.kept) == 1


LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


def listeners(database: Database) -> int:
    with database.connection() as connection:
        row = connection.execute(LISTENING).fetchone()
    return 0 if row is None else int(row[0])


def test_a_word_from_another_process_saves_the_wait(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn
) -> None:
    remember(database, 1, 2)
    teller = outbox.Teller(database.own_connection)
    with working(settings(zaakmagazijn.url), database, contract, poll=60.0, listen=True):
        wait_until(lambda: listeners(database) == 1)
        enqueue(database, order(1))
        teller.tell()
        zaakmagazijn.wait_for(1, timeout=10)
        enqueue(database, order(2))
        for _ in range(100):
            teller.tell()
        zaakmagazijn.wait_for(2, timeout=10)
    teller.close()
    assert len(zaakmagazijn.kept) == 2


def test_a_listener_that_lost_its_connection_looks_and_listens_again(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuf_klantcontact.outbox.hints.AWAY", 0.05)
    remember(database, 1)
    with working(settings(zaakmagazijn.url), database, contract, poll=60.0, listen=True):
        wait_until(lambda: listeners(database) == 1)
        enqueue(database, order(1))
        with database.connection() as connection:
            connection.execute(LISTENING.replace("count(*)", "pg_terminate_backend(pid)"))
        zaakmagazijn.wait_for(1, timeout=20)
        wait_until(lambda: listeners(database) == 1)
    assert len(zaakmagazijn.kept) == 1


def test_no_hint_can_be_given_or_heard_and_polling_finds_it(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise psycopg.OperationalError("no connection to spare")

    monkeypatch.setattr(database, "own_connection", refuse)
    remember(database, 1)
    teller = outbox.Teller(database.own_connection)
    with working(settings(zaakmagazijn.url), database, contract, poll=0.05, listen=True):
        enqueue(database, order(1))
        teller.tell()
        zaakmagazijn.wait_for(1)
    teller.close()
    assert len(zaakmagazijn.kept) == 1


def test_polling_finds_what_nobody_told_of(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn
) -> None:
    remember(database, 1)
    with working(settings(zaakmagazijn.url), database, contract, poll=0.05):
        enqueue(database, order(1))
        zaakmagazijn.wait_for(1)
    assert len(zaakmagazijn.kept) == 1


def test_a_database_that_goes_away_is_waited_out(
    database: Database, contract: Contract, zaakmagazijn: FakeZaakmagazijn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    remember(database, 1, 2)
    with working(settings(zaakmagazijn.url), database, contract):
        enqueue(database, order(1))
        wait_until(lambda: items(database)[0].state == "delivered")
        with database.connection() as connection:
            connection.execute("ALTER TABLE outbox_stream RENAME TO gone")
        wait_until(lambda: "cannot claim" in caplog.text)
        with database.connection() as connection:
            connection.execute("ALTER TABLE gone RENAME TO outbox_stream")
        enqueue(database, order(2))
        zaakmagazijn.wait_for(2)
    assert [message.text("object/identificatie") for message in zaakmagazijn.kept] == [number(1), number(2)]
    assert caplog.text.count("cannot claim abonnee=ZAAKMAGAZIJN: UndefinedTable") == 1
    assert caplog.text.count("claims again abonnee=ZAAKMAGAZIJN") == 1


def test_an_attempt_that_breaks_off_leaves_the_loop_running(
    database: Database,
    contract: Contract,
    zaakmagazijn: FakeZaakmagazijn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def checkpoint(name: str) -> None:
        if name == "claimed" and not broken:
            broken.append(name)
            raise RuntimeError("secret")

    broken: list[str] = []
    remember(database, 1, zaak="Z1")
    remember(database, 2, zaak="Z2")
    one_thread = adjusted(settings(zaakmagazijn.url), gelijktijdig=1)
    delivery = Delivery(one_thread, database=database, contract=contract, checkpoint=checkpoint)
    stop = threading.Event()
    thread = threading.Thread(target=Worker(delivery, database=database, poll=0.02).run, args=(stop,))
    enqueue(database, order(1, zaak="Z1"), order(2, zaak="Z2"))
    thread.start()
    zaakmagazijn.wait_for(1)
    stop.set()
    thread.join(10)
    delivery.close()
    assert "exception=RuntimeError" in caplog.text
    assert "secret" not in caplog.text
    assert sorted(item.state for item in items(database)) == ["delivered", "sending"]


PROGRAM = """
import sys, threading
from outgoing import settings
from stuf_klantcontact import contract
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.store import Database
from stuf_klantcontact.worker import Worker, stop_on_signal
stop = threading.Event()
stop_on_signal(stop)
database = Database(sys.argv[1])
delivery = Delivery(settings(sys.argv[2]), database=database, contract=contract.load())
print("ready", flush=True)
Worker(delivery, database=database, poll=0.02).run(stop)
delivery.close()
database.close()
print("stopped", flush=True)
"""


def test_sigterm_stops_a_worker_process_cleanly(
    database: Database, database_url: str, zaakmagazijn: FakeZaakmagazijn
) -> None:
    remember(database, *range(1, 41))
    enqueue(database, *(order(count) for count in range(1, 41)))
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, database_url, zaakmagazijn.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        zaakmagazijn.wait_for(3, timeout=60)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out.split(), err) == (0, ["ready", "stopped"], "")
    states = [item.state for item in items(database)]
    assert "sending" not in states
    assert states.count("delivered") == len(zaakmagazijn.kept)
    assert ABONNEE in {item.stream.abonnee for item in items(database)}
