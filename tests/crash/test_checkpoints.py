"""kill -9 at every named place between the sender and the receiver, and what became of every message."""

from pathlib import Path

import pytest

from crash.municipality import municipality
from crash.processes import wait_until
from crash.traffic import Senders, account, announce, contacts, wait_until_empty
from stuf_klantcontact.store import Database


@pytest.mark.parametrize("place", ["before commit", "after commit", "claimed", "stamped", "answered", "settled"])
def test_killed_at_a_checkpoint_nothing_is_lost_doubled_or_out_of_order(
    place: str,
    database: Database,
    password_hash: str,
    tmp_path: Path,
) -> None:
    with municipality(tmp_path, password_hash=password_hash, database_url=database.url) as town:
        # What was killed is started again by `serve` itself: a worker that answers, or the delivery process.
        gateway = town.start(crash_at=place, nth=6)
        announce(town.client)
        streams = contacts(each=5)
        Senders(town.client, streams).join()
        wait_until(lambda: town.died, seconds=30, what=f"nobody came to {place!r}")
        wait_until_empty(database)
        result = account(database, town.zaakmagazijn, streams)
        print(f"{place}: {result}; offered again {sum(s.offered - 1 for stream in streams for s in stream)}")
        result.hold()
        assert gateway.terminate() == 0, gateway.log.read_text()
        gateway.wait_until_gone()
