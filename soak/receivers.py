"""Zaakmagazijnen in a process of their own, that keep a ledger of what arrived instead of the messages.

    python -m soak.receivers FOLDER SEED [+]NAME ...

A + before the name makes one flaky: it answers nonsense, breaks off, is slow, refuses, and is away for seconds.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crash.traffic import Arrival, arrival
from stuf_klantcontact.testing import FakeZaakmagazijn

ROOT: Final = Path(__file__).resolve().parent.parent

WHIMS: Final = {
    "well-behaved": 900,
    "status:503": 20,
    "lost-answer": 20,
    "reset": 15,
    "garbage": 10,
    "truncated": 10,
    "fo03:StUF046": 10,
    "slow": 10,
    "drip": 4,
    "fo03:StUF058": 1,
}
"""How a flaky one behaves, how often in a thousand times; what the last refuses waits for a person."""

AWAY: Final = 0.003
"""The chance that a request is the first of a few seconds in which it answers 503."""
AWAY_SECONDS: Final = 3.0


class Bookkeeper(FakeZaakmagazijn):
    """Writes a line for each message, in the order of arrival, before it answers."""

    def __init__(self, ledger: Path, *, flaky: bool, seed: str, port: int = 0) -> None:
        super().__init__(delay=0.3, port=port)
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._flaky = flaky
        self._chance = random.Random(seed)
        self._away = 0.0

    def behave(self) -> str:
        if not self._flaky:
            return "well-behaved"
        with self._changed:
            if time.monotonic() < self._away:
                return "status:503"
            if self._chance.random() < AWAY:
                self._away = time.monotonic() + AWAY_SECONDS
            return self._chance.choices(list(WHIMS), list(WHIMS.values()))[0]

    def note(self, raw: bytes, headers: dict[str, str], behaviour: str) -> None:
        """Nobody judged it, so it did not arrive."""

    def take(self, raw: bytes, headers: dict[str, str], behaviour: str) -> tuple[int, bytes]:
        with self._changed:
            status, data, request = self._judge(raw, headers, behaviour)
            found = arrival(request)
            words = (found.name, found.subject, found.referentienummer, found.digest, str(int(found.kept)))
            os.write(self._ledger, ("\t".join(words) + "\n").encode())
            return status, data


def read_ledger(path: Path, *, offset: int) -> tuple[list[Arrival], int]:
    """What arrived beyond an offset, and the new one."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    data = data[: data.rfind(b"\n") + 1]
    return list(_arrivals(data.decode())), offset + len(data)


def _arrivals(text: str) -> Iterator[Arrival]:
    for line in text.splitlines():
        name, subject, referentienummer, digest, kept = line.split("\t")
        yield Arrival(name, subject, referentienummer, digest, kept == "1")


@contextmanager
def receivers(folder: Path, *names: str, seed: str) -> Iterator[dict[str, str]]:
    """The process, and the addresses by name (without the +), until the end of the block."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-m", "soak.receivers", str(folder), seed, *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


def main(folder: str, seed: str, *names: str) -> None:
    """Print the addresses as JSON, and serve until standard input closes."""
    found = {}
    for word in names:
        name = word.removeprefix("+")
        keeper = Bookkeeper(Path(folder) / f"{name}.ledger", flaky=word != name, seed=f"{seed}{name}")
        found[name] = keeper.start().url
    print(json.dumps(found), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    threading.current_thread().name = "receivers"
    main(*sys.argv[1:])
