"""Senders that repeat what was not acknowledged, and the account of what became of every message."""

import http.client
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from lxml import etree

from crash.processes import wait_until
from journeys.town import ASYNCHRONOUS, PASSWORD, SYNCHRONOUS, now
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, Reply, SoapClient, cast

ZAKEN = ("0518ZAAK0000101", "0518ZAAK0000102", "0518ZAAK0000103")
ACKNOWLEDGED = ("voegKlantcontactToe_Du02", "Bv03Bericht")
PATIENCE = 45.0
"""Most seconds in which a message must come through, crash included."""


@dataclass
class Sent:
    """One message, how often it was offered or nobody listened, and the answer that acknowledged it."""

    referentienummer: str
    zaak: str
    message: etree._Element = field(repr=False)
    refused: int = 0
    offered: int = 0
    unanswered: int = 0
    answer: Reply | None = None
    identificatie: str = ""


def announce(client: SoapClient, zaken: Sequence[str] = ZAKEN) -> None:
    """Have the zaaksysteem tell of the zaken."""
    for zaak in zaken:
        message = cast.zaak(zaak, referentienummer=f"ZS-{zaak}", now=now(), emailadres="")
        reply = client.post(ASYNCHRONOUS, message, user="zaaksysteem", password=PASSWORD)
        assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw


_prefixes = (f"MZ{number}" for number in count(1))


def contacts(*, each: int, zaken: Sequence[str] = ZAKEN) -> list[list[Sent]]:
    """For every zaak so many new messages, the second of them with a document."""
    prefix = next(_prefixes)
    return [
        [
            Sent(
                referentienummer := f"{prefix}-{zaak[-3:]}-{number}",
                zaak,
                cast.contact(
                    referentienummer=referentienummer,
                    now=now(),
                    zaak=zaak,
                    toelichting=f"Contact {number} over {zaak}.",
                    pdf=cast.PDF if number == 2 else None,
                ),
            )
            for number in range(1, each + 1)
        ]
        for zaak in zaken
    ]


def offer(client: SoapClient, sent: Sent) -> Reply | None:
    """Offer a message once; None when no answer came."""
    try:
        reply = client.post(SYNCHRONOUS, sent.message, user="mijnzaken", password=PASSWORD)
    except ConnectionRefusedError:  # nobody listens, so nobody got it
        sent.refused += 1
        return None
    except (OSError, http.client.HTTPException):
        sent.offered += 1
        sent.unanswered += 1
        return None
    sent.offered += 1
    if reply.name in ACKNOWLEDGED:
        sent.answer, sent.identificatie = reply, reply.text("klantcontactidentificatie")
    return reply


def send_until_acknowledged(client: SoapClient, sent: Sent, *, seconds: float = PATIENCE) -> None:
    """Offer the same bytes until they are acknowledged, as a zaaksysteem must (StUF 03.01 §4.4)."""
    end = time.monotonic() + seconds
    while sent.answer is None:
        assert time.monotonic() < end, f"{sent.referentienummer} not acknowledged in {seconds:g} s"
        reply = offer(client, sent)
        if sent.answer is None:
            # Trouble of the gateway may be repeated (StUF046/049 say so); any other refusal is a failed test.
            assert reply is None or reply.code in ("StUF046", "StUF049"), reply.raw
            time.sleep(0.05)


class Senders:
    """A sender for each zaak: it sends its messages one after another, each until it is acknowledged.

    With a pause between them, they can be stopped before they have sent everything.
    """

    def __init__(self, client: SoapClient, streams: Sequence[Sequence[Sent]], *, pause: float = 0.0) -> None:
        self._pause = pause
        self._enough = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._send, args=(client, stream), daemon=True) for stream in streams
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, client: SoapClient, stream: Sequence[Sent]) -> None:
        try:
            for sent in stream:
                send_until_acknowledged(client, sent)
                if self._enough.wait(self._pause):
                    return
        except BaseException as error:
            self._errors.append(error)

    def stop(self) -> None:
        """Let each be acknowledged what it sends now, and send nothing more."""
        self._enough.set()
        self.join()

    def join(self) -> None:
        """Return when everything is acknowledged; raise what went wrong."""
        for thread in self._threads:
            thread.join(timeout=2 * PATIENCE)
        assert not self._errors, self._errors[0]
        assert not any(thread.is_alive() for thread in self._threads)


@dataclass(frozen=True)
class Account:
    """What a crash did: each a list of what went wrong, but `repeats`, which are allowed: one for a message."""

    lost: list[str]
    stored_twice: list[str]
    reordered: list[str]
    changed: list[str]
    repeats: dict[str, int]

    def hold(self) -> None:
        """Assert the promises."""
        assert self.lost == []
        assert self.stored_twice == []
        assert self.reordered == []
        assert self.changed == []
        assert set(self.repeats.values()) <= {1}, self.repeats

    @property
    def repeated(self) -> int:
        """How many messages came to the receiver once more."""
        return sum(self.repeats.values())

    def __str__(self) -> str:
        return (
            f"lost {len(self.lost)}, stored twice {len(self.stored_twice)}, reordered {len(self.reordered)}, "
            f"changed {len(self.changed)}, repeats at the receiver {self.repeated}"
        )


def wait_until_empty(database: Database, *, seconds: float = 30.0) -> None:
    """Return when everything in the outbox was delivered."""

    def states() -> dict[str, int]:
        with database.connection() as connection:
            return dict(connection.execute("SELECT state, count(*) FROM outbox_item GROUP BY 1").fetchall())

    wait_until(lambda: set(states()) <= {"delivered"}, seconds=seconds, what=lambda: f"outbox: {states()}")


def account(database: Database, zaakmagazijn: FakeZaakmagazijn, streams: Sequence[Sequence[Sent]]) -> Account:
    """Hold what the senders were told against the journal, the records, and what the zaakmagazijn got."""
    lost, twice, reordered, changed = [], [], [], []
    accepted: dict[str, int] = defaultdict(int)
    bytes_in: dict[str, set[bytes]] = defaultdict(set)
    with database.connection() as connection:
        journal = connection.execute(
            "SELECT referentienummer, verdict, raw FROM bericht WHERE richting = 'in' AND partner = 'MIJNZAKEN'"
        ).fetchall()
        stored = [row[0] for row in connection.execute("SELECT identificatie FROM klantcontact").fetchall()]
        orders = connection.execute(
            "SELECT soort, klantcontact, document, count(*) FROM outbox_item GROUP BY 1, 2, 3"
        ).fetchall()
    for referentienummer, verdict, raw in journal:
        accepted[referentienummer] += verdict == "accepted"
        bytes_in[referentienummer].add(bytes(raw))
    arrived = [r for r in zaakmagazijn.received if r.name]
    contacts_kept = [r.text("object/identificatie") for r in arrived if r.kept and r.name == "klcLk01"]
    for stream in streams:
        for sent in stream:
            if sent.answer is None:
                continue
            if accepted[sent.referentienummer] != 1:
                lost.append(f"{sent.referentienummer}: {accepted[sent.referentienummer]} times in the journal")
            if sent.identificatie not in stored or sent.identificatie not in contacts_kept:
                lost.append(f"{sent.referentienummer}: {sent.identificatie} did not arrive")
            if len(bytes_in[sent.referentienummer]) != 1:
                changed.append(sent.referentienummer)
        told = [sent.identificatie for sent in stream if sent.answer is not None]
        got = [i for i in contacts_kept if i in told]
        if got != told:
            reordered.append(f"{stream[0].zaak}: {told} arrived as {got}")
    everything = {sent.identificatie for stream in streams for sent in stream if sent.answer is not None}
    twice += [i for i in stored if i not in everything or stored.count(i) > 1]
    twice += [f"outbox: {row}" for row in orders if row[3] != 1]
    twice += [i for i in contacts_kept if contacts_kept.count(i) > 1]
    numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
    bytes_out: dict[str, set[bytes]] = defaultdict(set)
    times: dict[str, int] = defaultdict(int)
    first: list[tuple[str, str]] = []
    for request in arrived:
        path = "object/identificatie" if request.name == "klcLk01" else "object/informatieobjectidentificatie"
        subject = (request.name, request.text(path))
        if subject not in first:
            first.append(subject)
        numbers[subject].add(request.referentienummer)
        bytes_out[request.referentienummer].add(request.raw)
        times[request.referentienummer] += 1
    changed += [f"{subject}: {found}" for subject, found in numbers.items() if len(found) != 1]
    changed += [number for number, bodies in bytes_out.items() if len(bodies) != 1]
    for soort, klantcontact, document, _ in orders:
        if document is not None and ("iobLk01", document) not in first:
            lost.append(f"{soort} {document}")
        elif document is not None and first.index(("iobLk01", document)) > first.index(("klcLk01", klantcontact)):
            reordered.append(f"{document} after {klantcontact}")
    return Account(lost, twice, reordered, changed, {n: t - 1 for n, t in times.items() if t > 1})
