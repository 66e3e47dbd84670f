"""Refused messages: what they hold besides their own zaak. And the outbox against its model, for many stories.

Rounds without and with poison take turns; in the latter one zaak in ten has a first message that the receiver
always refuses. What counts is how fast all that is not behind it is delivered. What can go wrong: AssertionError,
with what did not come true.
"""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outgoing import enqueue, order, remember, settings
from soak.promise import Promise, progress
from stuf_klantcontact import contract, journal
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.store import Database, embedded, upgrade
from stuf_klantcontact.testing import FakeZaakmagazijn, Received
from stuf_klantcontact.worker import Worker

_TABLES: Final = journal
"""A klantcontact refers to one of its tables."""

ROOT: Final = Path(__file__).resolve().parent.parent
LOSS: Final = 5.0
"""Most percent of their throughput that the others may lose."""
POISON: Final = 900_000
"""From here the numbers of contacts that are refused."""
ONE_IN: Final = 10


@dataclass(frozen=True, slots=True)
class Size:
    """Of a round, how many rounds of each kind, and how many stories the model plays."""

    zaken: int
    each: int
    rounds: int
    stories: int


LONG: Final = Size(zaken=200, each=10, rounds=9, stories=1_000)
SHORT: Final = Size(zaken=20, each=2, rounds=1, stories=0)


def run(*, short: bool) -> Sequence[Promise]:
    """The figures of one run, with a database of its own."""
    with embedded.private_data_dir() as folder:
        hold = embedded.hold(folder / "data")
        database = Database(hold.url())
        try:
            upgrade(database)
            return play(SHORT if short else LONG, database=database)
        finally:
            database.close()
            hold.close()


def play(size: Size, *, database: Database) -> Sequence[Promise]:
    """The figures of a run of that size in a migrated database."""
    found: dict[bool, list[float]] = {False: [], True: []}
    with FakeZaakmagazijn() as zaakmagazijn:
        zaakmagazijn.judge = _refuse
        delivery = Delivery(settings(zaakmagazijn.url), database=database, contract=contract.load())
        try:
            for number in range(2 * size.rounds):
                poisoned = number % 2 == 1
                found[poisoned].append(_round(size, number, database, delivery, zaakmagazijn, poisoned=poisoned))
                progress(f"{'with' if poisoned else 'without'} poison: {found[poisoned][-1]:.0f}/s")
        finally:
            delivery.close()
    with database.connection() as connection:
        held = connection.execute("SELECT count(*) FROM outbox_item WHERE state = 'held'").fetchone()
        behind = connection.execute("SELECT count(*) FROM outbox_item WHERE state = 'waiting'").fetchone()
    without, with_poison = statistics.median(found[False]), statistics.median(found[True])
    loss = 100 * (1 - with_poison / without)
    poison = size.rounds * (size.zaken // ONE_IN)
    return [
        Promise("deliveries/s without poison", f"{without:.0f}"),
        Promise(f"deliveries/s of the others, with one zaak in {ONE_IN} poisoned", f"{with_poison:.0f}"),
        _loss(loss, told=size.rounds > 1),
        _exactly("items held", held, poison),
        _exactly("items behind them", behind, poison * size.each),
        *([_stories(size.stories)] if size.stories else []),
    ]


def _refuse(received: Received) -> str:
    number = received.text("object/identificatie")
    return "StUF058" if int(number[-8:]) >= POISON else ""


def _round(
    size: Size, number: int, database: Database, delivery: Delivery, receiver: FakeZaakmagazijn, *, poisoned: bool
) -> float:
    """How many a second of all that is not behind poison."""
    zaken = [f"R{number}Z{place}" for place in range(size.zaken)]
    first = 1 + number * 10_000
    count = 0
    for place, zaak in enumerate(zaken):
        contacts = [first + place * size.each + step for step in range(size.each)]
        if poisoned and place % ONE_IN == 0:
            contacts.insert(0, POISON + number * 1_000 + place)
        else:
            count += len(contacts)
        remember(database, *contacts, zaak=zaak)
        enqueue(database, *(order(contact, zaak=zaak) for contact in contacts))
    stop, before = threading.Event(), len(receiver.kept)
    worker = Worker(delivery, database=database, poll=0.02)
    thread = threading.Thread(target=worker.run, args=(stop,))
    began = time.monotonic()
    thread.start()
    try:
        receiver.wait_for(before + count, timeout=600)
        return count / (time.monotonic() - began)
    finally:
        stop.set()
        thread.join()


def _loss(percent: float, *, told: bool) -> Promise:
    """One round is too short to tell five percent."""
    return Promise(
        "loss of the others in %", f"{percent:.1f}", f"< {LOSS:g}" if told else "", not told or percent < LOSS
    )


def _exactly(what: str, row: tuple[int] | None, aim: int) -> Promise:
    assert row is not None
    return Promise(what, str(row[0]), str(aim), row[0] == aim)


def _stories(count: int) -> Promise:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/test_outbox_model.py"],
        cwd=ROOT,
        env={**os.environ, "OUTBOX_EXAMPLES": str(count)},
        capture_output=True,
        text=True,
        check=False,
    )
    kept = done.returncode == 0
    return Promise(f"the model of the outbox, {count:,} stories", "agrees" if kept else done.stdout, "agrees", kept)
