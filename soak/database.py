"""An outside PostgreSQL restarted and killed again and again, and failed over, while messages flow in and out.

What can go wrong: AssertionError, with what was lost, doubled or reordered.
"""

import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from soak.promise import Promise, progress
from stuf_klantcontact.access import hash_password

if TYPE_CHECKING:
    from database.flow import Flow
    from database.server import Server

RESTARTS, KILLS, PAUSES = 30, 8, 4
EVERY: Final = 20.0
"""Seconds between two of them, in which messages flow."""
PAUSE: Final = 10.0
SOON: Final = 10.0
"""Most seconds from the return of the server to the next acknowledgement."""


def run(*, short: bool) -> Sequence[Promise]:
    """Everything that can happen to one server, and then its replacement by a replica; once each in short."""
    from database.flow import flowing, migrate
    from database.server import server
    from journeys.town import PASSWORD

    restarts, kills, pauses = (1, 1, 1) if short else (RESTARTS, KILLS, PAUSES)
    every = 1.0 if short else EVERY
    logging.disable(logging.CRITICAL)  # every fault and every look in vain is a line
    with ExitStack() as stack:
        stack.callback(logging.disable, logging.NOTSET)
        first, inner = stack.enter_context(server())
        migrate(first.url())
        second = first.replica(first.folder.parent / "two", name="db2")
        inner.callback(second.stop)
        second.start()
        first.run("ALTER SYSTEM SET synchronous_standby_names = 'db2'", "SELECT pg_reload_conf()")
        address = first.url().replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        flow = stack.enter_context(flowing(address, password_hash=hash_password(PASSWORD), folder=folder))
        senders = flow.send(each=500, pause=0.02) if short else flow.send(each=6000, pause=0.2)
        back = {
            "restart": [_again(flow, first.restart, every=every) for _ in range(restarts)],
            "kill -9": [_again(flow, lambda: _killed(first), every=every) for _ in range(kills)],
            "pause": [_again(flow, lambda: _paused(first, short=short), every=every) for _ in range(pauses)],
        }
        first.kill()
        second.promote()
        back["failover"] = [flow.more(seconds=60)]
        senders.stop()
        result = flow.account()
        offered = [sent for stream in flow.streams for sent in stream if sent.offered]
        faults = sum(sent.offered - sent.unanswered - 1 for sent in offered)
        return [
            Promise("acknowledged", f"{flow.acknowledged:,}"),
            Promise("of which unknown at first, and resolved by a repeat", f"{_unknown(flow):,}"),
            Promise("faults that senders got meanwhile", f"{faults:,}"),
            Promise("lost", f"{len(result.lost)}", "0", not result.lost),
            Promise("stored twice", f"{len(result.stored_twice)}", "0", not result.stored_twice),
            Promise("out of order", f"{len(result.reordered)}", "0", not result.reordered),
            Promise("changed on the way", f"{len(result.changed)}", "0", not result.changed),
            Promise("sent once more to the receiver, same number", f"{result.repeated:,}"),
            *(
                Promise(
                    f"seconds to the next acknowledgement after a {what} ({len(seconds)})",
                    f"{sorted(seconds)[len(seconds) // 2]:.1f}, at most {max(seconds):.1f}",
                    f"{SOON:g} at most",
                    max(seconds) <= SOON,
                )
                for what, seconds in back.items()
            ),
        ]


def _again(flow: "Flow", trouble: Callable[[], None], *, every: float) -> float:
    """Let messages flow, let it happen, and see how long it takes from then until they flow again."""
    time.sleep(every)
    before = flow.acknowledged
    trouble()
    seconds = flow.more(seconds=60)
    progress(f"{flow.acknowledged:,} acknowledged, {flow.acknowledged - before} since; back after {seconds:.1f} s")
    return seconds


def _killed(server: "Server") -> None:
    server.kill()
    server.start()


def _paused(server: "Server", *, short: bool) -> None:
    with server.paused():
        time.sleep(1.0 if short else PAUSE)


def _unknown(flow: "Flow") -> int:
    """Messages of which the first COMMIT was broken off and had happened: they came again, and were known."""
    with suppress(psycopg.Error), flow.town.gateway.database.connection() as connection:
        row = connection.execute(
            "SELECT count(DISTINCT referentienummer) FROM bericht WHERE richting = 'in' AND verdict = 'repeated'"
        ).fetchone()
        return int(row[0]) if row else 0
    return 0
