"""Memory of a gateway worker and of a delivery worker, after many mixed messages of which a tenth is hostile.

What a process needs once is let in by a warm-up: the contract, prepared statements, a libxml2 dictionary and an
arena of the allocator for each thread. After it memory may not grow: what a message costs must go with the message.
The hostile ones have names that nobody saw before, for a name that is remembered would be memory that is never
given back. Of the two abonnees one is flaky, and answers one message in ten with nonsense, late, or not at all.
"""

import base64
import http.client
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString

import psutil

from crash.municipality import LEASE_MARGIN, write_config
from crash.processes import Family, wait_until
from crash.traffic import announce, release_held
from journeys.town import PASSWORD, SYNCHRONOUS, now
from soak.promise import Promise, progress
from soak.receivers import receivers
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.outlets.soap import envelope
from stuf_klantcontact.store import Database, embedded, upgrade
from stuf_klantcontact.testing import SoapClient, cast, closed_port

AIM: Final = 20.0
"""Most megabytes that a process may grow."""
ZAKEN: Final = [f"0518MEMO{number:06d}" for number in range(50)]
NUMBER: Final = "REFERENTIENUMMER-0001"
AUTHORIZATION: Final = "Basic " + base64.b64encode(f"mijnzaken:{PASSWORD}".encode()).decode()
BACKLOG: Final = 500
"""Most items that wait to be sent: the senders wait for the delivery."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many messages, of which the first are for warming up."""

    messages: int
    warm_up: int
    senders: int = 8


LONG: Final = Size(messages=60_000, warm_up=10_000)
SHORT: Final = Size(messages=500, warm_up=250)


class Mixture:
    """Messages by number: contacts, some with a document, repeats, wrong ones, and one in ten hostile."""

    def __init__(self) -> None:
        moment = now()
        self._plain = envelope(cast.contact(referentienummer=NUMBER, now=moment, zaak=ZAKEN[0]))
        self._document = envelope(
            cast.contact(referentienummer=NUMBER, now=moment, zaak=ZAKEN[0], pdf=cast.PDF * 50)
        )

    def message(self, number: int) -> bytes:
        """The message with that number, every time the same."""
        if number % 10 == 3:
            return self._hostile(number)
        if number % 10 == 5:
            number -= 1  # a repeat
        if number % 10 == 7:
            return self._good(number).replace(b"<gfo:Type>call<", b"<gfo:Type>duif<")
        return self._good(number)

    def _good(self, number: int) -> bytes:
        raw = self._document if number % 10 == 8 else self._plain
        zaak = ZAKEN[number % len(ZAKEN)].encode()
        return raw.replace(NUMBER.encode(), b"MEMO-%016d" % number).replace(ZAKEN[0].encode(), zaak)

    def _hostile(self, number: int) -> bytes:
        chance = random.Random(number)
        good = self._good(number)
        new = [b"n%d-%d" % (number, n) for n in range(200)]
        match (number // 10) % 10:
            case 0:
                return good.replace(b"<gfo:Type>", b"".join(b"<%b/>" % name for name in new) + b"<gfo:Type>")
            case 1:
                return good.replace(b"<gfo:Type>", b"<gfo:Type %b>" % b" ".join(b'%b=""' % name for name in new))
            case 2:
                spaces = b" ".join(b'xmlns:%b="urn:%b"' % (name, name) for name in new[:40])
                return good.replace(b"<gfo:Type>", b"<gfo:Type %b>" % spaces)
            case 3:
                entities = b"".join(b"<!ENTITY %b '%b'>" % (name, name) for name in new)
                return good.replace(b"?>", b"?><!DOCTYPE a [%b]>" % entities)
            case 4:
                return b"".join(b"<%b>" % name for name in new) * 20
            case 5:
                return chance.randbytes(20_000)
            case 6:
                return good[: chance.randrange(len(good))]
            case 7:
                return good.replace(b"<gfo:Type>", b"<gfo:Type>" + b"x" * 1_000_000)
            case 8:
                return good.replace(b"</gfo:Type>", b"</gfo:Type>" * 500)
            case _:
                return bytes(b if chance.random() > 0.01 else chance.randrange(256) for b in good)


class Senders:
    """Threads that send what is next; each has a connection that it keeps as long as it is kept open."""

    def __init__(self, port: int, *, mixture: Mixture, room: Callable[[], bool]) -> None:
        self._port = port
        self._mixture = mixture
        self._room = room
        self._lock = threading.Lock()
        self._next = 0
        self.statuses: dict[int, int] = {}

    def send(self, upto: int, *, threads: int) -> None:
        """Return when all messages before that number are answered."""
        running = [threading.Thread(target=self._send, args=(upto,)) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    def _send(self, upto: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": AUTHORIZATION}
        while True:
            with self._lock:
                number = self._next
                if number >= upto:
                    break
                self._next += 1
            while number % 50 == 0 and not self._room():
                time.sleep(0.2)
            try:
                connection.request("POST", SYNCHRONOUS, body=self._mixture.message(number), headers=headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):  # refused before it was read
                connection.close()
                status = 0
            with self._lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
        connection.close()


def run(*, short: bool) -> Sequence[Promise]:
    """The figures of one run, with a database of its own."""
    with embedded.private_data_dir() as folder:
        hold = embedded.hold(folder / "data")
        try:
            url = hold.url()
            database = Database(url, pool_size=1)
            upgrade(database)
            database.close()
            return play(SHORT if short else LONG, folder=folder, database_url=url)
        finally:
            hold.close()


def play(size: Size, *, folder: Path, database_url: str) -> Sequence[Promise]:
    """The figures of a run of that size in a migrated database."""
    with ExitStack() as stack:
        database = Database(database_url, pool_size=2)
        stack.callback(database.close)
        endpoints = stack.enter_context(receivers(folder, "NOORD", "+WEST", seed="memory"))
        config = write_config(
            folder, password_hash=hash_password(PASSWORD), database_url=database_url, endpoints=endpoints
        )
        port = closed_port()
        environment = {"LEASE_MARGIN": str(LEASE_MARGIN)}

        def start(command: str, *options: str) -> Family:
            log = folder / f"{command}.log"
            return stack.enter_context(
                Family(
                    command,
                    "--config",
                    str(config),
                    *options,
                    folder=folder / command,
                    log=log,
                    environment=environment,
                )
            )

        gateway = start("serve", "--no-delivery", "--port", str(port))
        deliver = start("deliver")
        client = SoapClient(f"http://127.0.0.1:{port}")
        wait_until(lambda: _answers(client), seconds=90, what=gateway.log.read_text)
        announce(client, ZAKEN)
        (worker,) = gateway.workers()
        processes = {"gateway worker": worker.pid, "delivery worker": deliver.head.pid}

        def counted(what: LiteralString) -> int:
            with database.connection() as connection:
                row = connection.execute(f"SELECT coalesce(sum({what}), 0) FROM outbox_stream").fetchone()
            assert row is not None
            return int(row[0])

        def waiting() -> int:
            release_held(database)
            return counted("last_sequence - open_sequence + 1")

        senders = Senders(port, mixture=Mixture(), room=lambda: waiting() < BACKLOG)
        before: dict[str, float] = {}
        for upto in _stops(size):
            senders.send(upto, threads=size.senders)
            wait_until(lambda: not waiting(), seconds=120, what=lambda: f"{waiting()} items still wait")
            memory = {name: _megabytes(pid) for name, pid in processes.items()}
            told = ", ".join(f"{name} {found:.1f} MB" for name, found in memory.items())
            progress(f"{upto:,} messages: {told}")
            if upto == size.warm_up:
                before = memory
        sent = counted("last_sequence")
    answered = ", ".join(f"{status}: {times:,}" for status, times in sorted(senders.statuses.items()))
    measured = size.messages - size.warm_up
    return [
        Promise("messages after the warm-up, a tenth of them hostile", f"{measured:,} (after {size.warm_up:,})"),
        Promise("answers by HTTP status (0: broken off)", answered),
        Promise("messages delivered, to a flaky abonnee and another", f"{sent:,}"),
        *(
            Promise(
                f"growth of a {name} in MB, from {before[name]:.0f}",
                f"{memory[name] - before[name]:.1f}",
                f"< {AIM:g}",
                memory[name] - before[name] < AIM,
            )
            for name in processes
        ),
    ]


def _stops(size: Size) -> list[int]:
    """Where memory is looked at."""
    step = max(1, (size.messages - size.warm_up) // 10)
    return sorted({size.warm_up, *range(size.warm_up + step, size.messages, step), size.messages})


def _megabytes(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1_000_000


def _answers(client: SoapClient) -> bool:
    try:
        return client.get("/health/ready").status == 200
    except OSError:
        return False
