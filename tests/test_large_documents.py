"""A document as large as the default allows, from end to end: over real HTTP, stored once, in bounded memory."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crash.municipality import Municipality, municipality
from crash.processes import Process
from journeys.town import PASSWORD
from stuf_klantcontact import contract
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.rgbz import DocumentInhoud
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, Received, Reply, cast

SYNCHRONOUS, ASYNCHRONOUS = "/soap/VerwerkSynchroonVrijBericht", "/soap/OntvangAsynchroon"
SIZE = STANDARD.document_bytes if os.environ.get("CI_REQUIRED") else 5_000_000
"""The largest one takes half a minute on two busy cores."""

COPIES = 10
BESIDES = 60_000_000
"""Most times its own length that a document takes of a worker, and of the process that delivers; and what else."""


@pytest.fixture
def town(database: Database, password_hash: str, tmp_path: Path) -> Iterator[tuple[Municipality, FakeZaakmagazijn]]:
    """A gateway in processes of its own, that tells a receiver of zkn0320 and one of ZDS 1.2."""
    with ExitStack() as stack:
        town = stack.enter_context(municipality(tmp_path, password_hash=password_hash, database_url=database.url))
        dms = stack.enter_context(FakeZaakmagazijn(contract=contract.load_zaakdocumenten()))
        text = town.config.read_text().replace("timeout = 2.0", "timeout = 60.0")
        text = re.sub(r"poll = \S+", "poll = 0.1", text)
        text += f'\n[abonnee.DMS]\nprofiel = "zds0120"\nendpoint = "{dms.url}"\ntimeout = 60.0\n'
        town.config.write_text(text)
        yield town, dms


def peak(process: Process) -> int:
    """Most bytes of memory that it had until now (VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def send(town: Municipality, number: str, document: bytes, *, now: datetime, mtom: bool) -> Reply:
    message = cast.contact(referentienummer=number, now=now, pdf=document)
    return town.client.post(SYNCHRONOUS, message, user="mijnzaken", password=PASSWORD, mtom=mtom)


def brought(received: list[Received]) -> list[bytes]:
    return [document for one in received for document in one.documents if len(document) > 10_000]


def test_a_large_document_comes_in_and_goes_out_in_bounded_memory(
    town: tuple[Municipality, FakeZaakmagazijn], database: Database
) -> None:
    gateway, dms = town
    document = b"%PDF-1.7\n" + os.urandom(SIZE - 9)
    family = gateway.start(delivery=False)
    now = datetime.now(UTC)
    announced = cast.zaak(cast.RUNNING, referentienummer="ZS-1", now=now)
    assert gateway.client.post(ASYNCHRONOUS, announced, user="zaaksysteem", password=PASSWORD).status == 200
    (worker,) = family.workers()
    at_rest = peak(worker)
    for number, mtom in (("MZ-1", False), ("MZ-2", True)):
        reply = send(gateway, number, document, now=now, mtom=mtom)
        assert (reply.status, reply.name) == (200, "voegKlantcontactToe_Du02"), reply.raw[:1000]
    assert send(gateway, "MZ-2", document, now=now, mtom=False).raw == reply.raw, (
        "it is the same message in another form"
    )
    intake = peak(worker) - at_rest
    assert family.terminate() == 0, family.log.read_text()
    with database.session() as session:
        assert session.query(DocumentInhoud).count() == 1
    sender = gateway.deliver()
    gateway.zaakmagazijn.wait_for(4, timeout=60)
    dms.wait_for(4, timeout=60)
    (process,) = [p for p in sender.members() if p.pid == sender.head.pid]
    delivery = peak(process)
    assert brought(gateway.zaakmagazijn.kept) == [document, document]
    assert brought(dms.kept) == [document, document]
    assert {one.in_parts for one in gateway.zaakmagazijn.kept} == {False}
    assert {one.in_parts for one in dms.kept} == {True}
    print(f"a worker: {intake / SIZE:.1f} times the document beside {at_rest / 1e6:.0f} MB at rest; "
          f"delivery: {delivery / 1e6:.0f} MB in all")  # fmt: skip
    assert intake < COPIES * SIZE + BESIDES
    assert delivery < at_rest + COPIES * SIZE + BESIDES
