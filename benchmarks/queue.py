"""What a claim, a settle and an enqueue cost with a million items waiting, held against a thousand, in one run.

The same statements in the same database, in turn: for an abonnee with a queue of its own, and for the one whose
items wait. Of what waits a half is one zaak behind a first item that may not go yet, a half are zaken of which the
next attempt is due later.
"""

import time
from collections import defaultdict
from statistics import quantiles

from benchmarks.figure import Figure
from benchmarks.stage import Stage, stage
from stuf_klantcontact import outbox
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.store import Connection

AIM = 1.5
FEW = 1_000
SETTLED = 200
"""Zaken of the queue that moves while it is measured."""
TURN = 50
Spent = dict[str, list[float]]


def measure(*, messages: int, few: int = FEW, times: int) -> list[Figure]:
    """`times` of each, by turns in a database with `few` items waiting and in one with `messages`."""
    with stage() as short_stage, stage() as long_stage:
        _backlog(short_stage, waiting=few)
        _backlog(long_stage, waiting=messages)
        spent_short: Spent = defaultdict(list)
        spent_long: Spent = defaultdict(list)
        for turn in range(-1, max(1, times // TURN)):
            for found, spent in ((short_stage, spent_short), (long_stage, spent_long)):
                _measure(found, times=TURN, spent=spent if turn >= 0 else defaultdict(list))
    short, long = _p99(spent_short), _p99(spent_long)
    return [
        Figure(
            f"{name}, p99, {messages:,} waiting",
            long[name] * 1e6,
            "µs",
            peer=f"{few:,} waiting",
            peer_value=short[name] * 1e6,
            ratio=long[name] / short[name],
            at_most=AIM,
        )
        for name in short
    ]


def _backlog(stage: Stage, *, waiting: int) -> None:
    """So many items that may not go yet, and statistics of them."""
    zaken = waiting // 2
    with stage.database.own_connection() as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("TRUNCATE outbox_event, outbox_item, outbox_past, outbox_stream, outbox_receiver")
        connection.execute(
            "INSERT INTO outbox_stream (abonnee, sleutel, last_sequence, open_sequence, due_at, fence)"
            " SELECT 'VOL', 'Z' || n, CASE n WHEN 0 THEN %(zaken)s::int ELSE 1 END, 1, now() + interval '1 day', 0"
            " FROM generate_series(0, %(zaken)s::int) n",
            {"zaken": zaken},
        )
        connection.execute(
            "INSERT INTO outbox_item (stream_id, sequence, soort, klantcontact, state, enqueued_at, attempts, code,"
            " reason) SELECT s.id, n, 'klcLk01', 'KC' || s.id, 'waiting', now(), 0, '', ''"
            " FROM outbox_stream s, LATERAL generate_series(1, s.last_sequence) n"
        )
        connection.execute("VACUUM ANALYZE outbox_stream, outbox_item")
        connection.execute("CHECKPOINT")


def _p99(spent: Spent) -> dict[str, float]:
    """Seconds that 99 of 100 stay below."""
    return {name: quantiles(seconds, n=100)[98] for name, seconds in spent.items()}


def _measure(stage: Stage, *, times: int, spent: Spent) -> None:
    with stage.database.connection() as connection:
        for number in range(times):
            spent["claim of nothing"].append(_claim_of_nothing(connection))
            spent["enqueue"].append(_enqueue(connection, "BEZIG", f"Z{number % SETTLED}"))
            spent["enqueue behind what waits"].append(_enqueue(connection, "VOL", f"Z{number % SETTLED}"))
            begin = time.perf_counter()
            claimed = outbox.claim(connection, abonnee="BEZIG", limit=4, lease=60)
            spent["claim of four"].append(time.perf_counter() - begin)
            for one in claimed:
                begin = time.perf_counter()
                outbox.settle(connection, one, state="delivered", code="Bv03", alive=True)
                spent["settle"].append(time.perf_counter() - begin)


def _claim_of_nothing(connection: Connection) -> float:
    """A look at the queue of which nothing may go."""
    begin = time.perf_counter()
    if outbox.claim(connection, abonnee="VOL", limit=4, lease=60):
        raise RuntimeError("what waits was claimed")
    return time.perf_counter() - begin


def _enqueue(connection: Connection, abonnee: str, sleutel: str) -> float:
    orders = outbox.enqueue_parameter([Order(abonnee, sleutel, "klcLk01", "KC1")])
    begin = time.perf_counter()
    connection.execute(f"WITH {outbox.ENQUEUE} SELECT".encode(), {"orders": orders})
    return time.perf_counter() - begin
