"""The gateway as a family of processes: killed at the head it leaves nobody behind, told to stop it drains."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.gate import held_at_commit
from crash.municipality import municipality
from crash.processes import wait_until
from crash.traffic import Senders, Sent, account, announce, contacts, offer, wait_until_empty
from stuf_klantcontact import settings
from stuf_klantcontact.settings import Gateway
from stuf_klantcontact.store import Database, open_database
from stuf_klantcontact.store.embedded import private_data_dir
from stuf_klantcontact.testing import SoapClient


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where PostgreSQL may live, also when the tests run as root."""
    with private_data_dir() as folder:
        yield folder


def test_killed_at_the_head_nobody_stays_and_nothing_acknowledged_is_lost(folder: Path, password_hash: str) -> None:
    with municipality(folder, password_hash=password_hash, delay=0.05) as town:
        first = town.start(workers=2)
        announce(town.client)
        commands = " ".join(process.command for process in first.members())
        assert "postgres" in commands
        assert " deliver " in commands
        assert len(first.workers()) == 2
        streams = contacts(each=400)
        senders = Senders(town.client, streams, pause=0.2)
        town.zaakmagazijn.wait_for(5, timeout=30)
        first.kill_head()
        before = acknowledged(streams)
        first.wait_until_gone()
        second = town.start()
        wait_until(lambda: acknowledged(streams) > before + 5, seconds=30, what="nobody is heard any more")
        senders.stop()
        database = open_database(settings.load(town.config), pool_size=1)
        try:
            wait_until_empty(database)
            result = account(database, town.zaakmagazijn, streams)
        finally:
            database.close()
        print(f"the head killed with {before} of {acknowledged(streams)} acknowledged: {result}")
        result.hold()
        assert second.terminate() == 0, second.log.read_text()
        second.wait_until_gone()
        told = [
            line for line in second.log.read_text().splitlines() if "ready to" in line or "told to stop" in line
        ]
        assert sum("ready to answer address=http" in line and "abonnees=1 database=" in line for line in told) == 1
        assert sum("ready to deliver version=" in line for line in told) == 1
        assert sum("told to stop" in line for line in told) == 2


def test_told_to_stop_every_request_is_answered_and_nothing_stays_halfway(
    database: Database, password_hash: str, tmp_path: Path
) -> None:
    zaken = [f"0518ZAAK00002{number:02}" for number in range(5)]
    with municipality(tmp_path, password_hash=password_hash, database_url=database.url, delay=0.3) as town:
        gateway = town.start()
        announce(town.client, zaken)
        streams = contacts(each=1000, zaken=zaken[1:])
        ((last,),) = contacts(each=1, zaken=zaken[:1])
        senders = [threading.Thread(target=_send_until_refused, args=(town.client, stream)) for stream in streams]
        for sender in senders:
            sender.start()
        town.zaakmagazijn.wait_for(4, timeout=30)
        with held_at_commit(database, last) as gate:
            waiting = threading.Thread(target=offer, args=(town.client, last))
            waiting.start()
            gate.wait_for_somebody()
            gateway.head.terminate()
            for sender in senders:
                sender.join()  # by now nobody listens any more
            assert last.answer is None
            # A process that answers and one that delivers, each with its pool and one connection for hints.
            assert connections(database) <= 2 * (Gateway().database_connections + 1)
            gate.open()
            waiting.join()
        assert last.answer is not None
        assert gateway.head.wait(timeout=30) == 0, gateway.log.read_text()
        gateway.wait_until_gone()
        assert all(any(sent.refused for sent in stream) for stream in streams), "the load ended too early"
        offered = [sent for stream in streams for sent in stream if sent.offered]
        broken = [sent.referentienummer for sent in offered if sent.unanswered]
        print(f"stopped after {len(offered)} offers; broken off: {broken}")
        with database.connection() as connection:
            states = dict(connection.execute("SELECT state, count(*) FROM outbox_item GROUP BY 1").fetchall())
        assert "sending" not in states, states
        assert states["waiting"] > 0, "there was no load"
        # What the zaakmagazijn has, we know that it has: nothing will come twice.
        assert states["delivered"] == len(town.zaakmagazijn.kept)
        assert broken == []


def _send_until_refused(client: SoapClient, stream: list[Sent]) -> None:
    """Send one after another; stop when nobody listens any more."""
    for sent in stream:
        offer(client, sent)
        if sent.refused:
            return
        time.sleep(0.01)


def connections(database: Database) -> int:
    """How many connections others have to this database."""
    with database.connection() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'stuf-klantcontact' AND pid <> pg_backend_pid()"
        ).fetchone()
    return int(row[0]) if row else 0


def acknowledged(streams: list[list[Sent]]) -> int:
    return sum(sent.answer is not None for stream in streams for sent in stream)
