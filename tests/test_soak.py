"""What `make soak` holds for hours, held for seconds: each run in short, by the same code.

Not soak/database.py: that starts servers of its own, and waits for their return. tests/database has its steps.
"""

from collections.abc import Sequence
from pathlib import Path

from conftest import need
from soak import drain, hostile, kills, memory, poison
from soak.promise import Promise, table
from stuf_klantcontact.store import Database


def test_killed_at_random_nothing_is_lost_doubled_or_out_of_order() -> None:
    need(Path("/proc/self/environ").exists(), "processes are found again in /proc")
    hold(kills.run(short=True))


def test_memory_does_not_grow_with_the_messages(database_url: str, tmp_path: Path) -> None:
    need(Path("/proc/self/environ").exists(), "processes are found again in /proc")
    hold(memory.play(memory.SHORT, folder=tmp_path, database_url=database_url))


def test_who_was_down_for_days_gets_all_in_order_and_nobody_waited_for_it(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    hold(drain.play(drain.SHORT, folder=tmp_path, database=database, normal=other_database))


def test_hostile_receivers_cost_bounded_memory_and_nobody_else_notices(database: Database, tmp_path: Path) -> None:
    need(Path("/proc/self/environ").exists(), "processes are found again in /proc")
    hold(hostile.play(hostile.SHORT, folder=tmp_path, database=database))


def test_poison_holds_its_own_zaak_and_nothing_else(database: Database) -> None:
    hold(poison.play(poison.SHORT, database=database))


def hold(promises: Sequence[Promise]) -> None:
    print(table(promises))
    assert all(promise.kept for promise in promises), table(promises)
