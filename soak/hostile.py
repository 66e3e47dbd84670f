"""Receivers that mean harm: what they cost a delivery worker in memory and time, and what the others notice.

One abonnee behaves; each of the others, and the mail server, does its worst, to several messages at once, and
again whenever somebody says that it should be tried now. Every item of theirs must wait (or be held) with the right
code. What can go wrong: AssertionError, with what did not come true.
"""

import re
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from crash.municipality import TIMEOUT, write_config
from crash.processes import Family, wait_until
from outgoing import enqueue, number, order, remember
from rude_mail import RudeMailServer
from soak.promise import Promise, progress
from stuf_klantcontact import journal, outbox
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.store import Database, embedded, upgrade
from stuf_klantcontact.testing import FakeZaakmagazijn

_TABLES: Final = journal
"""A klantcontact refers to one of its tables."""

GROWTH: Final = 30.0
"""Most megabytes that a delivery worker may grow, at its worst moment too."""

GOOD: Final = "GOED"
MAIL_CODE: Final = "answer-size"
"""Of what is for the mail server, which never stops talking."""
HOSTILE: Final = {
    "gzip-bomb": "answer-encoding",
    "huge": "answer-size",
    "endless-chunks": "answer-size",
    "deep": "answer-unreadable",
    "wide": "answer-unreadable",
    "garbage": "answer-unreadable",
    "redirect": "HTTP 302",
    "wrong-cross": "crossRefnummer",
    "half-closed": "connection",
    "truncated": "connection",
    "endless-headers": "connection",
    "endless-continue": "connection",
    "drip": "time-out",
    "drip-headers": "time-out",
    "deaf": "time-out",
    "tls-garbage": "TLS",
    "fo03:StUF058": "StUF058",
}
"""What each does, and the code that its items must have."""

ZAKEN: Final = 4
"""As many as an abonnee is sent about at the same time."""


@dataclass(frozen=True, slots=True)
class Size:
    """How often the hostile are tried, and how many contacts the good one gets in each round."""

    rounds: int
    contacts: int


LONG: Final = Size(rounds=60, contacts=20)
SHORT: Final = Size(rounds=2, contacts=10)


def run(*, short: bool) -> Sequence[Promise]:
    """The figures of one run, with a database of its own."""
    with embedded.private_data_dir() as folder:
        hold = embedded.hold(folder / "data")
        database = Database(hold.url(), pool_size=2)
        try:
            upgrade(database)
            return play(SHORT if short else LONG, folder=folder, database=database)
        finally:
            database.close()
            hold.close()


def play(size: Size, *, folder: Path, database: Database) -> Sequence[Promise]:
    """The figures of a run of that size in a migrated database."""
    zaken = [f"Z{number}" for number in range(ZAKEN)]
    for place, zaak in enumerate(zaken):
        remember(database, place, zaak=zaak)
    with ExitStack() as stack:
        good = stack.enter_context(FakeZaakmagazijn())
        receivers = {b: stack.enter_context(FakeZaakmagazijn(delay=60.0)) for b in HOSTILE}
        endpoints = {GOOD: good.url, **{_name(b): _url(found, behaviour=b) for b, found in receivers.items()}}
        config = write_config(folder, password_hash="$argon2", database_url=database.url, endpoints=endpoints)
        mail = stack.enter_context(RudeMailServer("endless"))
        config.write_text(
            f'{config.read_text()}\n[mail]\nserver = "127.0.0.1"\nport = {mail.port}\nstarttls = false\n'
            'afzender = "noreply@gemeente.example"\n'
        )
        # Nobody dies here, so no lease need be short; one that ends on a slow machine would only blur the figures.
        config.write_text(re.sub(r"lease = \S+", "lease = 60.0", config.read_text()))
        worker = stack.enter_context(_worker(folder, config=config))
        latency = Latency(database, good, zaken=zaken)
        latency.measure(size.contacts)  # the first are slow: the contract, connections, an arena for each thread
        _put(database, zaken=zaken, behaviours=[b for b in HOSTILE if not b.startswith("tls")])
        wait_until(lambda: not _rows(database), seconds=60, what="all behave as yet")
        for behaviour, receiver in receivers.items():
            receiver.behaviour = behaviour
        before = psutil.Process(worker.head.pid).memory_info().rss
        alone = latency.measure(size.contacts)
        _put(database, zaken=zaken, behaviours=HOSTILE)
        enqueue(database, *(_mail(place) for place in range(ZAKEN)))
        beside, most = [], before
        began = time.monotonic()
        for turn in range(size.rounds):
            beside += latency.measure(size.contacts)
            wait_until(partial(_tried, database, turn + 1), seconds=60, what="all were tried")
            most = max(most, psutil.Process(worker.head.pid).memory_info().rss)
            if turn + 1 < size.rounds:
                with database.session() as session:
                    for naam in (*map(_name, receivers), outbox.MAIL):
                        outbox.hurry(session, abonnee=naam)
            if turn % 10 == 0:
                progress(f"round {turn + 1}: {(most - before) / 1e6:.1f} MB more at most")
        took = time.monotonic() - began
        wait_until(lambda: not _sending(database), seconds=60, what="nothing is under way")
        after = psutil.Process(worker.head.pid).memory_info().rss
        wrong = _wrong(database)
        middle = statistics.median(beside)
        exchanges = sum(len(found.received) for found in receivers.values())
    return [
        Promise(
            f"hostile receivers, tried in {size.rounds} rounds of {took / size.rounds:.1f} s", str(len(HOSTILE) + 1)
        ),
        Promise("hostile exchanges that came as far as a message", f"{exchanges:,}"),
        Promise("items with another code or state than they should", ", ".join(wrong) or "0", "0", not wrong),
        _megabytes("growth of the delivery worker in MB, at most", most - before),
        _megabytes("growth of the delivery worker in MB, afterwards", after - before),
        Promise("latency of a good receiver alone, p50 in ms", f"{1000 * statistics.median(alone):.0f}"),
        Promise("  beside the hostile", f"{1000 * middle:.0f}", f"< {500 * TIMEOUT:g}", middle < TIMEOUT / 2),
        Promise("  and the slowest", f"{1000 * max(beside):.0f}"),
    ]


def _name(behaviour: str) -> str:
    return behaviour.partition(":")[0].upper()


def _url(receiver: FakeZaakmagazijn, *, behaviour: str) -> str:
    return receiver.url.replace("http:", "https:") if behaviour.startswith("tls") else receiver.url


def _put(database: Database, *, zaken: Sequence[str], behaviours: Iterable[str]) -> None:
    """Something for each of them, about each of the zaken."""
    for place, zaak in enumerate(zaken):
        enqueue(database, *(order(place, zaak=zaak, abonnee=_name(behaviour)) for behaviour in behaviours))


def _mail(place: int) -> Order:
    return Order(outbox.MAIL, f"betrokkene{place}@example.org", "mail", number(place))


@contextmanager
def _worker(folder: Path, *, config: Path) -> Iterator[Family]:
    log = folder / "deliver.log"
    with Family("deliver", "--config", str(config), folder=folder / "deliver", log=log) as family:
        yield family


class Latency:
    """Contacts for the good receiver, one after another: how long until each is there."""

    def __init__(self, database: Database, receiver: FakeZaakmagazijn, *, zaken: Sequence[str]) -> None:
        self._database = database
        self._receiver = receiver
        self._zaken = zaken

    def measure(self, times: int) -> list[float]:
        """Seconds from the commit to the arrival, of so many."""
        found = []
        for turn in range(times):
            place = turn % len(self._zaken)
            enqueue(self._database, order(place, zaak=self._zaken[place], abonnee=GOOD))
            began = datetime.now(UTC)
            arrived = self._receiver.wait_for(len(self._receiver.kept) + 1, timeout=90)[-1]
            found.append(max(0.0, (arrived.at - began).total_seconds()))
        return found


def _rows(database: Database) -> list[tuple[str, str, str, int]]:
    """Abonnee, state, code and attempts of all that is for the hostile and was not delivered."""
    with database.connection() as connection:
        return connection.execute(
            "SELECT s.abonnee, i.state, i.code, i.attempts FROM outbox_item i JOIN outbox_stream s"
            " ON s.id = i.stream_id WHERE s.abonnee <> %s AND i.state <> 'delivered' ORDER BY 1",
            (GOOD,),
        ).fetchall()


def _tried(database: Database, times: int) -> bool:
    """Whether each abonnee was tried so often, of those that may be."""
    attempts = dict.fromkeys((*map(_name, HOSTILE), outbox.MAIL), 0)
    held = set()
    for abonnee, state, _, tried in _rows(database):
        attempts[abonnee] += tried
        if state == "held":
            held.add(abonnee)
    return min(tried for abonnee, tried in attempts.items() if abonnee not in held) >= times


def _sending(database: Database) -> int:
    return sum(state == "sending" for _, state, _, _ in _rows(database))


def _wrong(database: Database) -> list[str]:
    codes = {outbox.MAIL: MAIL_CODE} | {_name(behaviour): code for behaviour, code in HOSTILE.items()}
    return sorted(
        {
            f"{abonnee} {state} {code}"
            for abonnee, state, code, tried in _rows(database)
            if tried and (state, code) != ("held" if code == "StUF058" else "waiting", codes[abonnee])
        }
    )


def _megabytes(what: str, count: int) -> Promise:
    megabytes = count / 1_000_000
    return Promise(what, f"{megabytes:.1f}", f"< {GROWTH:g}", megabytes < GROWTH)
