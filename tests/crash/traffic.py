"""Senders that repeat what was not acknowledged, and the account of what became of every message."""

import hashlib
import http.client
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import psycopg
from lxml import etree
from sqlalchemy.exc import SQLAlchemyError

from crash.processes import wait_until
from journeys.town import ASYNCHRONOUS, PASSWORD, SYNCHRONOUS, now
from stuf_klantcontact import outbox
from stuf_klantcontact.outbox.tables import EVERY_ITEM
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, Received, Reply, SoapClient, cast

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

    def __init__(
        self,
        client: SoapClient,
        streams: Iterable[Iterable[Sent]],
        *,
        pause: float = 0.0,
        patience: float = PATIENCE,
    ) -> None:
        self._pause = pause
        self._patience = patience
        self._enough = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._send, args=(client, stream), daemon=True) for stream in streams
        ]
        for thread in self._threads:
            thread.start()

    def _send(self, client: SoapClient, stream: Iterable[Sent]) -> None:
        try:
            for sent in stream:
                send_until_acknowledged(client, sent, seconds=self._patience)
                if self._enough.wait(self._pause):
                    return
        except BaseException as error:
            self._errors.append(error)

    @property
    def busy(self) -> bool:
        """Whether there is still something to send."""
        return any(thread.is_alive() for thread in self._threads)

    def check(self) -> None:
        """Raise what went wrong with one of them."""
        assert not self._errors, self._errors[0]

    def stop(self) -> None:
        """Let each be acknowledged what it sends now, and send nothing more."""
        self._enough.set()
        self.join()

    def join(self) -> None:
        """Return when everything is acknowledged; raise what went wrong."""
        for thread in self._threads:
            thread.join(timeout=2 * PATIENCE)
        self.check()
        assert not self.busy


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


def release_held(database: Database) -> None:
    """Do what a person does about refusals: have them tried again. Nothing while the database is away."""
    try:
        with database.session() as session:
            held = [item.id for item in outbox.listing(session, states=("held",))]
        if held:
            with database.connection() as connection:
                outbox.release(connection, items=held, door="cli")
    except (SQLAlchemyError, psycopg.Error):
        return


def wait_until_empty(database: Database, *, seconds: float = 30.0) -> None:
    """Return when everything in the outbox was delivered."""

    def states() -> dict[str, int]:
        with database.connection() as connection:
            return dict(connection.execute("SELECT state, count(*) FROM outbox_item GROUP BY 1").fetchall())

    wait_until(lambda: set(states()) <= {"delivered"}, seconds=seconds, what=lambda: f"outbox: {states()}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request at a receiver: what it tells, of which klantcontact or document, and whether it was new there."""

    name: str
    subject: str
    referentienummer: str
    digest: str
    kept: bool


def arrival(request: Received) -> Arrival:
    """What the account needs of a request."""
    path = "object/identificatie" if request.name == "klcLk01" else "object/informatieobjectidentificatie"
    digest = hashlib.sha256(request.raw).hexdigest()
    return Arrival(request.name, request.text(path), request.referentienummer, digest, request.kept)


def account(database: Database, zaakmagazijn: FakeZaakmagazijn, streams: Sequence[Sequence[Sent]]) -> Account:
    """What became of every message, with one receiver."""
    arrived = [arrival(request) for request in zaakmagazijn.received if request.name]
    return reckon(database, {"ZAAKMAGAZIJN": arrived}, streams)


def reckon(
    database: Database, receivers: Mapping[str, Sequence[Arrival]], streams: Iterable[Sequence[Sent]]
) -> Account:
    """Hold what the senders were told against the journal, the records, and what each abonnee got.

    A stream is what was sent about one zaak, in order; `receivers` has what arrived, in order.
    """
    lost, twice, reordered, changed = [], [], [], []
    with database.connection() as connection:
        journal = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT referentienummer, count(*) FILTER (WHERE verdict = 'accepted'), count(DISTINCT raw)"
                "  FROM bericht WHERE richting = 'in' AND partner = 'MIJNZAKEN' GROUP BY 1"
            )
        }
        stored = Counter(row[0] for row in connection.execute("SELECT identificatie FROM klantcontact"))
        orders = connection.execute(
            "SELECT abonnee, soort, klantcontact, document, count(*)"
            f"  FROM {EVERY_ITEM} i JOIN outbox_stream s ON s.id = stream_id GROUP BY 1, 2, 3, 4"
        ).fetchall()
    zaken = [[sent for sent in stream if sent.answer is not None] for stream in streams]
    for sent in (sent for stream in zaken for sent in stream):
        accepted, contents = journal.get(sent.referentienummer, (0, 0))
        if accepted != 1:
            lost.append(f"{sent.referentienummer}: {accepted} times in the journal")
        if contents != 1:
            changed.append(sent.referentienummer)
        if sent.identificatie not in stored:
            lost.append(f"{sent.referentienummer}: {sent.identificatie} is not stored")
    everything = {sent.identificatie for stream in zaken for sent in stream}
    twice += [i for i, times in stored.items() if i not in everything or times > 1]
    twice += [f"outbox: {row}" for row in orders if row[-1] != 1]
    repeats: dict[str, int] = {}
    for abonnee, arrived in receivers.items():
        kept = [a.subject for a in arrived if a.kept and a.name == "klcLk01"]
        twice += [f"{i} at {abonnee}" for i, times in Counter(kept).items() if times > 1]
        place = {subject: number for number, subject in enumerate(kept)}
        for stream in zaken:
            told = [sent.identificatie for sent in stream]
            lost += [f"{i} did not arrive at {abonnee}" for i in told if i not in place]
            got = sorted((i for i in told if i in place), key=place.__getitem__)
            if got != [i for i in told if i in place]:
                reordered.append(f"{stream[0].zaak} at {abonnee}: {told} arrived as {got}")
        numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
        digests: dict[str, set[str]] = defaultdict(set)
        times: Counter[str] = Counter()
        first: dict[tuple[str, str], int] = {}
        for number, a in enumerate(arrived):
            first.setdefault((a.name, a.subject), number)
            numbers[a.name, a.subject].add(a.referentienummer)
            digests[a.referentienummer].add(a.digest)
            times[a.referentienummer] += 1
        changed += [f"{subject} at {abonnee}: {found}" for subject, found in numbers.items() if len(found) != 1]
        changed += [f"{number} at {abonnee}" for number, bodies in digests.items() if len(bodies) != 1]
        repeats |= {f"{number} at {abonnee}": found - 1 for number, found in times.items() if found > 1}
        for whose, soort, klantcontact, document, _ in orders:
            if whose == abonnee and document is not None:
                if ("iobLk01", document) not in first:
                    lost.append(f"{soort} {document} at {abonnee}")
                elif first["iobLk01", document] > first.get(("klcLk01", klantcontact), 0):
                    reordered.append(f"{document} after {klantcontact} at {abonnee}")
    return Account(lost, twice, reordered, changed, repeats)
