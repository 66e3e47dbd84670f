"""kill -9 at random, of every kind of process, while messages flow to five abonnees of which two are flaky.

The run is the supervisor that an installation has: what ended is started again. It ends only what it started.
"""

import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import psutil
import psycopg
from lxml import etree
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.exc import SQLAlchemyError

from crash.municipality import LEASE_MARGIN, write_config
from crash.processes import Family
from crash.traffic import Arrival, Senders, Sent, announce, reckon, release_held
from journeys.town import PASSWORD, now
from soak.promise import Promise, progress
from soak.receivers import read_ledger, receivers
from stuf_klantcontact import outbox
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.store import Database, embedded, upgrade
from stuf_klantcontact.store.keeper import Server
from stuf_klantcontact.testing import Reply, SoapClient, cast, closed_port

RECEIVERS: Final = ("NOORD", "OOST", "ZUID", "+WEST", "+MIDDEN")
KINDS: Final = ("gateway worker", "gateway head", "delivery worker", "database backend", "postmaster")
DOCUMENT_EVERY: Final = 20
STANDSTILL: Final = 120.0
"""Seconds without a delivery after which the run has failed."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it: kills of each of KINDS; `pace` is how many seconds there are at least between them."""

    kills: tuple[int, int, int, int, int]
    contacts: int
    zaken: int
    senders: int
    gateways: int
    deliverers: int
    pace: float


LONG: Final = Size(
    kills=(250, 150, 300, 200, 100), contacts=20_000, zaken=400, senders=8, gateways=2, deliverers=2, pace=1.0
)
SHORT: Final = Size(kills=(3, 1, 1, 4, 1), contacts=60, zaken=12, senders=4, gateways=1, deliverers=1, pace=0.3)


class Valve:
    """Lets the senders take a message only when the kills have come so far, so that it all happens together."""

    def __init__(self, total: int) -> None:
        self._changed = threading.Condition()
        self._total = total
        self._released = self._taken = 0

    def release(self, number: int) -> None:
        """So many messages may have been taken from now on."""
        with self._changed:
            self._released = min(number, self._total)
            self._changed.notify_all()

    def take(self) -> int | None:
        """The number of the next message; None when there is none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken < self._released or self._taken == self._total)
            if self._taken == self._total:
                return None
            self._taken += 1
            return self._taken


@dataclass
class Source:
    """What one sender sends: contacts about its own zaken in turn, each made when it is its time."""

    zaken: Sequence[str]
    valve: Valve
    sent: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))

    def __iter__(self) -> Iterator[Sent]:
        turn = 0
        while (number := self.valve.take()) is not None:
            zaak = self.zaken[turn % len(self.zaken)]
            turn += 1
            name = f"KILLS-{number}"
            document = cast.PDF if number % DOCUMENT_EVERY == 0 else None
            message = cast.contact(
                referentienummer=name,
                now=now(),
                zaak=zaak,
                toelichting=f"Contact {number} over {zaak}.",
                pdf=document,
            )
            sent = Sent(name, zaak, message)
            self.sent[zaak].append(sent)
            yield sent
            # Acknowledged: what is left of it must not fill the memory of a long run.
            sent.message = etree.Element("gone")
            if sent.answer is not None:
                sent.answer = Reply(sent.answer.status, {}, b"")


class Doors(SoapClient):
    """Any of the gateways."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(f"http://127.0.0.1:{ports[0]}", timeout=15.0)
        self._doors = [SoapClient(f"http://127.0.0.1:{port}", timeout=15.0) for port in ports]

    def post(self, *rest: object, **named: object) -> Reply:
        return random.choice(self._doors).post(*rest, **named)  # type: ignore[arg-type]


class Post:
    """A command that must run: `serve` or `deliver`."""

    def __init__(self, name: str, *command: str, folder: Path) -> None:
        self.name = name
        self._command = command
        self._folder = folder / name  # in nobody's command line: a Family then is only what this started
        self.family: Family | None = None
        self.starts = 0

    @property
    def alive(self) -> bool:
        return self.family is not None and self.family.head.poll() is None

    def keep(self) -> None:
        """Start it when it ended, once its workers are gone too."""
        if self.alive or (self.family is not None and self.family.members()):
            return
        self.starts += 1
        log = self._folder.with_suffix(".log")
        environment = {"LEASE_MARGIN": str(LEASE_MARGIN)}
        self.family = Family(*self._command, folder=self._folder, log=log, environment=environment)


class Kills:
    """One run, from the first message to the account."""

    def __init__(self, size: Size, *, folder: Path, hold: embedded.Hold, stack: ExitStack, seed: int) -> None:
        self._size = size
        self._folder = folder
        self._chance = random.Random(seed)
        self._server = Server(hold.folder, Path(str(conninfo_to_dict(hold.url())["host"])), 0, 0)
        endpoints = stack.enter_context(receivers(folder, *RECEIVERS, seed=str(seed)))
        self._ledgers = {name: folder / f"{name}.ledger" for name in endpoints}
        self._offsets = dict.fromkeys(endpoints, 0)
        self.arrived: dict[str, list[Arrival]] = {name: [] for name in endpoints}
        self._kept = 0
        self._senders: Senders | None = None
        config = write_config(
            folder,
            password_hash=hash_password(PASSWORD),
            database_url=hold.url(),
            endpoints=endpoints,
        )
        self.database = Database(hold.url(), pool_size=2)
        stack.callback(self.database.close)
        upgrade(self.database)
        self._ports = [closed_port() for _ in range(size.gateways)]
        options = ("--config", str(config))
        self.gateways = [
            Post(f"gateway-{n}", "serve", "--no-delivery", "--port", str(port), *options, folder=folder)
            for n, port in enumerate(self._ports)
        ]
        self.deliverers = [Post(f"deliver-{n}", "deliver", *options, folder=folder) for n in range(size.deliverers)]
        stack.callback(self._end)
        self.killed: Counter[str] = Counter()
        self._left = Counter(dict(zip(KINDS, size.kills, strict=True)))
        zaken = [f"0518KILLS{number:06d}" for number in range(size.zaken)]
        self.valve = Valve(size.contacts)
        self.sources = [Source(zaken[n :: size.senders], self.valve) for n in range(size.senders)]
        self._zaken = zaken

    def play(self) -> None:
        """Kill until enough was killed, then wait until everything arrived."""
        self._keep()
        doors = Doors(self._ports)
        self._wait(lambda: _is_ready(doors), what="no gateway that is ready")
        announce(doors, self._zaken)
        senders = self._senders = Senders(doors, self.sources, patience=STANDSTILL)
        total = self._left.total()
        for number in range(1, total + 1):
            part = number / total
            self.valve.release(round(part * self._size.contacts))
            time.sleep(self._size.pace * self._chance.uniform(0.5, 1.5))
            # Whatever was killed, the flow goes on: at most so far behind.
            behind = max(5, self._size.contacts // 50)
            aim = (part * self._size.contacts - behind) * len(self.arrived)
            self._wait(partial(self._has_come_to, aim), what="nothing is delivered any more")
            self._wait(self._kill, what="nobody to kill")
            if number % max(1, total // 20) == 0:
                release_held(self.database)
                progress(f"{number} kills, {self._look()} messages taken by the receivers")
        self._wait(lambda: not senders.busy, what="messages are not acknowledged")
        senders.join()
        self._wait(lambda: not self._open(), what="the outbox does not empty")
        self._look()

    def _wait(self, condition: Callable[[], object], *, what: str) -> None:
        """Until it is so, while what ended is started again; AssertionError when nothing moves any more."""
        kept, since = self._look(), time.monotonic()
        while not condition():
            self._keep()
            if self._senders is not None:
                self._senders.check()
            time.sleep(0.1)
            if self._look() > kept:
                kept, since = self._kept, time.monotonic()
            assert time.monotonic() - since < STANDSTILL, f"{what}, for {STANDSTILL:g} s: {self._standing()}"

    def _standing(self) -> str:
        """How it is with each abonnee and process: for who must find out why nothing moves."""
        alive = [post.name for post in (*self.gateways, *self.deliverers) if post.alive]
        try:
            with self.database.connection() as connection:
                standings = outbox.standings(connection)
        except (SQLAlchemyError, psycopg.Error) as error:
            return f"the database does not answer ({type(error).__name__}); running: {', '.join(alive)}"
        found = [f"{s.abonnee} {s.waiting} waiting, {s.held} held, {s.trouble or 'no trouble'}" for s in standings]
        return f"{'; '.join(found)}; running: {', '.join(alive)}"

    def _keep(self) -> None:
        for post in (*self.gateways, *self.deliverers):
            post.keep()

    def _look(self) -> int:
        """How many messages the receivers took by now."""
        for name, ledger in self._ledgers.items():
            news, self._offsets[name] = read_ledger(ledger, offset=self._offsets[name])
            self.arrived[name] += news
            self._kept += sum(a.kept for a in news)
        return self._kept

    def _has_come_to(self, number: float) -> bool:
        return self._look() >= number

    def _kill(self) -> bool:
        """One process, of a kind that there is now; False when there is none."""
        left = +self._left
        while left:
            kind = self._chance.choices(list(left), list(left.values()))[0]
            if self._kill_a(kind):
                self.killed[kind] += 1
                self._left[kind] -= 1
                return True
            del left[kind]
        return False

    def _kill_a(self, kind: str) -> bool:
        if kind in ("database backend", "postmaster"):
            pid = self._server.pid()
            try:
                if pid is not None and kind == "database backend":
                    pid = self._chance.choice(psutil.Process(pid).children()).pid
                if pid is not None:
                    os.kill(pid, signal.SIGKILL)
            except (psutil.NoSuchProcess, ProcessLookupError, IndexError):
                return False
            return pid is not None
        posts = [p for p in (self.deliverers if kind == "delivery worker" else self.gateways) if p.alive]
        if not posts:
            return False
        family = self._chance.choice(posts).family
        assert family is not None
        if kind == "gateway worker":
            workers = family.workers()
            if not workers:
                return False
            try:
                os.kill(self._chance.choice(workers).pid, signal.SIGKILL)
            except ProcessLookupError:
                return False
        else:
            family.kill_head()
        return True

    def _open(self) -> int:
        """How many streams have something to send."""
        release_held(self.database)
        try:
            with self.database.connection() as connection:
                row = connection.execute(
                    "SELECT count(*) FROM outbox_stream WHERE open_sequence IS NOT NULL"
                ).fetchone()
        except (SQLAlchemyError, psycopg.Error):
            return 1
        assert row is not None
        return int(row[0])

    def _end(self) -> None:
        for post in (*self.gateways, *self.deliverers):
            if post.family is not None:
                post.family.end()


def _is_ready(doors: SoapClient) -> bool:
    try:
        return doors.get("/health/ready").status == 200
    except OSError:
        return False


def run(*, short: bool) -> Sequence[Promise]:
    """The figures of one run."""
    return play(SHORT if short else LONG, seed=random.randrange(1_000_000))


def play(size: Size, *, seed: int) -> Sequence[Promise]:
    """The figures of a run of that size. Raises AssertionError when nothing moves any more."""
    progress(f"seed {seed}")
    began = time.monotonic()
    with embedded.private_data_dir() as folder, ExitStack() as stack:
        hold = embedded.hold(folder / "data")
        stack.callback(hold.close)
        kills = Kills(size, folder=folder, hold=hold, stack=stack, seed=seed)
        kills.play()
        streams = [stream for source in kills.sources for stream in source.sent.values()]
        result = reckon(kills.database, kills.arrived, streams)
    deliveries = sum(a.kept for arrived in kills.arrived.values() for a in arrived)
    acknowledged = sum(sent.answer is not None for stream in streams for sent in stream)
    repeated = result.repeated * 100_000 / max(1, deliveries)
    return [
        *(
            Promise(f"kill -9 of a {kind}", f"{kills.killed[kind]}", f"{aim}", kills.killed[kind] == aim)
            for kind, aim in zip(KINDS, size.kills, strict=True)
        ),
        Promise("contacts acknowledged", f"{acknowledged:,}", f"{size.contacts:,}", acknowledged == size.contacts),
        Promise(f"messages to {len(RECEIVERS)} abonnees, 2 of them flaky", f"{deliveries:,}"),
        _none("lost", result.lost),
        _none("stored or taken twice", result.stored_twice),
        _none("out of order for an abonnee and a zaak", result.reordered),
        _none("repeated with another referentienummer or other bytes", result.changed),
        Promise("repeats per 100,000 messages", f"{repeated:,.0f}"),
        Promise("seconds", f"{time.monotonic() - began:,.0f}"),
    ]


def _none(what: str, found: Sequence[str]) -> Promise:
    for line in found[:10]:
        progress(f"{what}: {line}")
    return Promise(what, f"{len(found)}", "0", not found)
