"""The demo killed with -9 in the middle leaves no process, and the next one plays as if nothing had happened."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from conftest import need
from crash.processes import Family, wait_until
from stuf_klantcontact.store.embedded import private_data_dir


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo makes its own temporary folder, so that whatever lives in there is known by it."""
    with private_data_dir() as folder:
        folder.chmod(0o755)
        yield folder


def test_a_demo_killed_in_the_middle_leaves_nobody_and_the_next_one_succeeds(folder: Path) -> None:
    need(Path("/proc/self/environ").exists(), "processes are found again in /proc")
    environment = {"TMPDIR": str(folder)}
    with Family("demo", "--once", folder=folder, log=folder / "first.log", environment=environment) as first:
        wait_until(lambda: _stored(folder) >= 3, seconds=60, what=lambda: first.log.read_text())
        commands = " ".join(process.command for process in first.members())
        assert "postgres" in commands
        assert " deliver " in commands
        assert first.head.poll() is None
        first.kill_head()
        first.wait_until_gone(seconds=30)
    with Family("demo", "--once", folder=folder, log=folder / "second.log", environment=environment) as second:
        assert second.head.wait(timeout=120) == 0, second.log.read_text()
        second.wait_until_gone(seconds=5)
    assert "FOUT" not in second.log.read_text()


def _stored(folder: Path) -> int:
    """How many contacts the demo has stored, asked without holding its database."""
    for password in folder.glob("*/data/postgresql/password"):
        try:
            with psycopg.connect(
                host=str(password.with_name("socket")),
                user="klantcontact",
                password=password.read_text(encoding="utf-8"),
                dbname="klantcontact",
            ) as connection:
                row = connection.execute("SELECT count(*) FROM klantcontact").fetchone()
                return int(row[0]) if row else 0
        except (OSError, psycopg.Error):  # not that far yet
            return 0
    return 0
