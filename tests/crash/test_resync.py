"""kill -9 of `subscribers resync`: nothing is lost, and the same command again gives everything."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from crash.processes import FAILPOINTS
from outgoing import RSIN, enqueue, items, number, order, remember
from stuf_klantcontact.cli import cli
from stuf_klantcontact.store import Database

ZM = "ZAAKMAGAZIJN"
CONTACTS = (1, 2, 3, 4, 5)
WAITED = (2, 5)
ALL = {number(count) for count in CONTACTS}


@pytest.fixture
def config(database: Database, tmp_path: Path) -> Path:
    """A gateway with a paused zaakmagazijn, for which two of five klantcontacten wait."""
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[gateway]\norganisatie = "0518"\nrsin = "{RSIN}"\ndatabase_url = {json.dumps(database.url)}\n'
        f'[abonnee.{ZM}]\nendpoint = "http://127.0.0.1:1/OntvangAsynchroon"\n'
    )
    remember(database, *CONTACTS)
    enqueue(database, *(order(count) for count in WAITED))
    assert run(config=path, command=("pause", ZM, "--reason", "leeg")).exit_code == 0
    return path


def run(*, config: Path, command: tuple[str, ...]) -> Result:
    return CliRunner().invoke(cli, ["subscribers", *command, "--by", "kim", "--config", str(config)])


def killed(place: str, *, time: int, config: Path, command: tuple[str, ...]) -> None:
    """Run a command that ends itself with SIGKILL when it comes to that place for the so manieth time."""
    plan = config.with_name("plan")
    plan.write_text(f"{place}\n{time}\n")
    path = os.pathsep.join(filter(None, (str(FAILPOINTS), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "stuf_klantcontact", "subscribers", *command, "--by", "kim", "--config", config],
        env={**os.environ, "PYTHONPATH": path, "CRASH_PLAN": str(plan)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def waiting(database: Database) -> set[str]:
    return {item.klantcontact for item in items(database) if item.state == "waiting"}


def numbers(file: Path) -> set[str | None]:
    return {told.get("sleutelVerzendend") for told in etree.parse(file).iter("{*}object")}


@pytest.mark.parametrize(
    ("place", "time"),
    [("enqueued", 2), ("step done", 3), ("file named", 1), ("handed over", 1)],
)
def test_a_file_that_was_broken_off_loses_nothing(
    place: str, time: int, database: Database, config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "set.xml"
    command = ("resync", ZM, "--file", str(file))
    killed(place, time=time, config=config, command=command)
    assert file.exists() == (place in ("file named", "handed over"))
    done = {"enqueued": {number(count) for count in {1, 2, *WAITED}}, "handed over": set()}
    assert waiting(database) == done.get(place, ALL), "resumed now, it gets by messages what is in no file"
    if file.exists():
        assert numbers(file) == ALL, "whoever loads it after all has everything"
        assert "is there already: name another file, or remove it first" in str(
            run(config=config, command=command).exception
        )
        file.unlink()
    again = run(config=config, command=command)
    assert again.exit_code == 0, again.output
    assert (waiting(database), numbers(file)) == (set(), ALL)
    enqueue(database, order(3))
    assert run(config=config, command=("resume", ZM)).exit_code == 0
    assert waiting(database) == {number(3)}, "what came later comes behind it"


def test_messages_that_were_broken_off_go_on_where_they_were(database: Database, config: Path) -> None:
    killed("step done", time=2, config=config, command=("resync", ZM))
    assert waiting(database) == {number(count) for count in {1, 2, 3, 4, *WAITED}}
    again = run(config=config, command=("resync", ZM))
    assert again.exit_code == 0, again.output
    assert "going on with the resync that kim began" in again.output
    assert "5 klantcontacten looked at, 5 messages to send, 2 that waited are replaced" in again.output
    assert [item.klantcontact for item in items(database) if item.state == "waiting"] == sorted(ALL)
