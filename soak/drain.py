"""An abonnee that is down for three days, by a clock passed in: nobody waits for it, and then it gets all in order.

What the others notice is measured against the same deliveries in a second database that has no backlog, in turn, so
that a busy machine slows both.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Final

from outgoing import ABONNEE, enqueue, number, remember, settings
from soak.promise import Promise, progress
from soak.receivers import Bookkeeper, read_ledger
from stuf_klantcontact import contract, outbox
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.store import Database, embedded, upgrade
from stuf_klantcontact.testing import FixedClock, closed_port
from stuf_klantcontact.worker import Worker

DOWN: Final = "WEG"
DAYS: Final = 3
BEGIN: Final = datetime(2036, 11, 22, 12, 0, tzinfo=UTC)
"""Later than any clock this runs by, so that what is enqueued now is due then."""
AIM: Final = 1.2
BATCH: Final = 1000
DELIVERIES: Final = 3
"""To the others, of each side, while the one that is down is tried once."""
TOLD: Final = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many items wait for the one that is down, in how many streams, and how often the clock moves."""

    items: int
    zaken: int
    steps: int


LONG: Final = Size(items=100_000, zaken=500, steps=864)
SHORT: Final = Size(items=1000, zaken=50, steps=36)


class Side:
    """A database, and the delivery from it on a clock of its own."""

    def __init__(
        self, database: Database, *, living: str, down: str, stack: ExitStack, zaken: Sequence[str]
    ) -> None:
        self.database = database
        self.clock = FixedClock(BEGIN)
        self.settings = settings(living, also={DOWN: down})
        self.delivery = Delivery(self.settings, database=database, contract=contract.load(), clock=self.clock)
        stack.callback(self.delivery.close)
        for count, zaak in enumerate(zaken, start=1):
            remember(database, count, zaak=zaak)
        self.seconds: list[float] = []

    def deliver_one(self, zaak: str, *, count: int) -> None:
        """From the enqueue to the settle, timed."""
        began = time.perf_counter()
        enqueue(self.database, Order(ABONNEE, zaak, "klcLk01", number(count)))
        assert self.attempt(ABONNEE) == 1
        self.seconds.append(time.perf_counter() - began)

    def attempt(self, abonnee: str) -> int:
        """Try what is due, as a lane does; gives how many there were."""
        with self.database.connection() as connection:
            lease = self.delivery.lease(abonnee)
            claims = outbox.claim(connection, abonnee=abonnee, limit=4, lease=lease, now=self.clock())
        for claim in claims:
            self.delivery.attempt(claim)
        return len(claims)


def run(*, short: bool) -> Sequence[Promise]:
    """The figures of one run, with a server of its own."""
    with embedded.private_data_dir() as folder, ExitStack() as stack:
        hold = embedded.hold(folder / "data")
        stack.callback(hold.close)
        database = Database(hold.url(), pool_size=10)
        stack.callback(database.close)
        with database.connection() as connection:
            connection.execute("CREATE DATABASE normal")
        normal = Database(hold.url("normal"), pool_size=2)
        stack.callback(normal.close)
        for found in (database, normal):
            upgrade(found)
        return play(SHORT if short else LONG, folder=folder, database=database, normal=normal)


def play(size: Size, *, folder: Path, database: Database, normal: Database) -> Sequence[Promise]:
    """The figures of a run of that size in two migrated databases."""
    zaken = [f"0518DRAIN{count:06d}" for count in range(size.zaken)]
    port = closed_port()
    down = f"http://127.0.0.1:{port}/"
    with ExitStack() as stack:
        living = stack.enter_context(Bookkeeper(folder / "living.ledger", flaky=False, seed=""))
        sides = [
            Side(found, living=living.url, down=down, stack=stack, zaken=zaken) for found in (normal, database)
        ]
        behind = sides[1]
        for first in range(0, size.items, BATCH):
            counts = range(first, min(first + BATCH, size.items))
            enqueue(
                database,
                *(Order(DOWN, zaken[n % size.zaken], "klcLk01", number(n % size.zaken + 1)) for n in counts),
            )
        with database.connection() as connection:
            connection.execute("ANALYZE")
        progress(f"{size.items:,} items wait")
        attempts = 0
        lane = stack.enter_context(ThreadPoolExecutor(1))
        for step in range(size.steps):
            # As in a delivery process: the lane of the one that is down looks while another lane delivers.
            tried = lane.submit(behind.attempt, DOWN)
            for count in range(step * DELIVERIES, (step + 1) * DELIVERIES):
                for side in sides if count % 2 else reversed(sides):
                    side.deliver_one(zaken[count % size.zaken], count=count % size.zaken + 1)
            attempts += tried.result()
            for side in sides:
                side.clock.advance(days=DAYS / size.steps)
        ledger = folder / "down.ledger"
        progress(f"{DAYS} days have passed, {attempts} attempts")
        began = time.monotonic()
        stack.enter_context(Bookkeeper(ledger, flaky=False, seed="", port=port))
        behind.clock.advance(3600)  # the time of a probe has come, whatever the breaker made of it
        _drain(behind)
        seconds = time.monotonic() - began
        arrived = [a.referentienummer for a in read_ledger(ledger, offset=0)[0]]
        with database.connection() as connection:
            rows = connection.execute(
                "SELECT referentienummer, sleutel, sequence"
                "  FROM outbox_item JOIN outbox_stream s ON s.id = stream_id WHERE abonnee = %s",
                [DOWN],
            ).fetchall()
    places = {row[0]: (row[1], row[2]) for row in rows}
    came: dict[str, list[int]] = defaultdict(list)
    for referentienummer in arrived:
        sleutel, sequence = places[referentienummer]
        came[sleutel].append(sequence)
    reordered = sum(found != sorted(found) for found in came.values())
    usual, meanwhile = (quantiles(side.seconds, n=100) for side in sides)
    ratio = meanwhile[49] / usual[49]
    return [
        Promise("items behind a receiver that was down", f"{size.items:,} in {size.zaken} zaken"),
        Promise(f"attempts in {DAYS} days", f"{attempts:,}"),
        Promise(
            "delivered afterwards", f"{len(set(arrived)):,}", f"{size.items:,}", len(set(arrived)) == size.items
        ),
        Promise("delivered twice", f"{len(arrived) - len(set(arrived))}", "0", len(arrived) == len(set(arrived))),
        Promise("zaken out of order", f"{reordered}", "0", not reordered),
        Promise("drained per second", f"{size.items / seconds:,.0f}"),
        Promise("a delivery to another in ms (p25, p50, p99)", _milliseconds(meanwhile)),
        Promise("the same without a backlog", _milliseconds(usual)),
        Promise("ratio of the p50", f"{ratio:.2f}", f"<= {AIM}", ratio <= AIM),
    ]


def _drain(side: Side) -> None:
    """A delivery process works until nothing waits any more."""
    stop = threading.Event()
    worker = Worker(side.delivery, database=side.database, poll=0.05)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        last, since = -1, time.monotonic()
        while left := _open_items(side.database):
            if left // TOLD != last // TOLD:
                progress(f"{left:,} items wait")
            if left != last:
                last, since = left, time.monotonic()
            assert time.monotonic() - since < 60, f"{left} items wait and nothing moves"
            stop.wait(0.5)
    finally:
        stop.set()
        thread.join()


def _open_items(database: Database) -> int:
    with database.session() as session:
        return outbox.open_items(session)


def _milliseconds(found: Sequence[float]) -> str:
    return ", ".join(f"{1000 * found[place]:.1f}" for place in (24, 49, 98))
