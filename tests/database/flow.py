"""Messages that flow in and out through one gateway, whose database lives outside."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from crash.processes import wait_until
from crash.traffic import Account, Senders, Sent, account, announce, contacts, offer, wait_until_empty
from journeys.town import Town, running
from stuf_klantcontact import delivery
from stuf_klantcontact.store import Database, upgrade
from stuf_klantcontact.testing import Reply
from stuf_klantcontact.worker import Worker

TIMEOUT = 1.5
"""What database_timeout is here; the smallest that may be set."""
HANGING = TIMEOUT + 2.0 + 2.0
"""Most seconds that a sender waits for its fault: the time-out, its margin, and a loaded machine."""


@dataclass
class Flow:
    """A gateway that takes and delivers, and everything that was sent to it."""

    town: Town
    streams: list[list[Sent]] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=count)

    def send(self, *, each: int = 1000, pause: float = 0.02) -> Senders:
        """Senders that go on until they are stopped."""
        streams = contacts(each=each)
        self.streams += streams
        return Senders(self.town.client, streams, pause=pause)

    def one(self) -> Sent:
        """One message, not sent yet."""
        stream = contacts(each=1)[0]
        self.streams.append(stream)
        return stream[0]

    def offer(self, sent: Sent) -> tuple[str, float]:
        """What became of it ("" without an answer), and the seconds that took."""
        start = time.monotonic()
        reply: Reply | None = offer(self.town.client, sent)
        said = "" if reply is None else reply.code or reply.name
        return said, time.monotonic() - start

    def takes(self, sent: Sent) -> bool:
        """Whether it is acknowledged, when it is offered now."""
        offer(self.town.client, sent)
        return sent.answer is not None

    @property
    def acknowledged(self) -> int:
        return sum(sent.answer is not None for stream in self.streams for sent in stream)

    def more(self, number: int = 5, *, seconds: float = 20) -> float:
        """Wait until so many more are acknowledged; the seconds that took."""
        start, before = time.monotonic(), self.acknowledged
        wait_until(lambda: self.acknowledged >= before + number, seconds=seconds, what="nothing is acknowledged")
        return time.monotonic() - start

    def is_ready(self) -> bool:
        """Whether /health/ready says so."""
        return self.town.client.get("/health/ready").status == 200

    def account(self) -> Account:
        """When everything is delivered: what became of it all."""
        wait_until_empty(self.town.gateway.database)
        return account(self.town.gateway.database, self.town.zaakmagazijn, self.streams)


def migrate(url: str) -> None:
    database = Database(url, pool_size=1)
    upgrade(database)
    database.close()


@contextmanager
def flowing(
    url: str, *, password_hash: str, folder: Path, gateway: Mapping[str, Any] | None = None
) -> Iterator[Flow]:
    """A gateway and its delivery, ready for traffic."""
    values = {"database_timeout": TIMEOUT, **(gateway or {})}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "LEASE_MARGIN", 1.0)  # its end is awaited when the database goes before a settle
        with running(
            url,
            password_hash,
            folder,
            abonnee={"timeout": 2.0},
            gateway=values,
            delivery={"poll": 0.1, "lease": 3.0, "first_retry": 0.5},
        ) as town:
            stop = threading.Event()
            worker = Worker(town.delivery, database=town.gateway.database, poll=0.1, listen=True)
            thread = threading.Thread(target=worker.run, args=(stop,))
            thread.start()
            try:
                announce(town.client)
                yield Flow(town)
            finally:
                stop.set()
                thread.join()
