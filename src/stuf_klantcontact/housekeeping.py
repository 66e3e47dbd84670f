"""Keep the tables small: put aside what was delivered, and let go of messages whose time is over.

In steps of a page, each a short transaction with a pause behind it, so that nobody waits for it. Every delivery
process does it by itself; at most one of them takes a step at a time. What can go wrong: the database
(psycopg.Error), after which the next pass does what is left.

docs/operations.md; ADR 22.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Final, Protocol

from stuf_klantcontact import journal, outbox
from stuf_klantcontact.outbox import Connection
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, Step
from stuf_klantcontact.tijdstip import Clock, system_clock

PAGE: Final = 500
"""Rows that are looked at in one transaction."""
BETWEEN: Final = 600.0
"""Seconds between the passes of one process, more or less."""
REST: Final = 4.0
"""A pause is so many times as long as the step before it; five times that while something is due."""

_log = logging.getLogger(__name__)


class Work(Protocol):
    """Takes one step through a table, from the row after `after` on."""

    def __call__(self, connection: Connection, *, after: int, page: int, dry: bool) -> Step: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of housekeeping, as people call it."""

    name: str
    work: Work


@dataclass(slots=True)
class Done:
    """What became of a task: rows, and bytes of messages."""

    task: str
    rows: int = 0
    bytes: int = 0


def tasks(settings: Settings, *, now: datetime) -> list[Task]:
    """What there is to do by these settings."""
    aside = now - timedelta(hours=settings.delivery.aside_hours)
    dagen = settings.privacy.bewaartermijn_dagen
    before = now - timedelta(days=dagen)
    found = [Task("deliveries put aside", partial(outbox.put_aside, before=max(aside, before) if dagen else aside))]
    if dagen:
        found += [
            Task("attempts forgotten", partial(outbox.forget_attempts, before=before)),
            Task("mail addresses forgotten", partial(outbox.forget_addresses, before=before)),
            Task("messages forgotten", partial(journal.forget, before=before, now=now)),
        ]
    return found


def sweep(
    database: Database,
    *,
    settings: Settings,
    now: datetime,
    dry: bool = False,
    page: int = PAGE,
    progress: Callable[[Done], None] = lambda done: None,
) -> list[Done]:
    """Do all there is to do, without pauses, or (`dry`) only count it; `progress` hears of every step."""
    found = []
    for task in tasks(settings, now=now):
        done = Done(task.name)
        for step in _steps(database, task, page=page, dry=dry):
            done.rows += step.rows
            done.bytes += step.bytes
            progress(done)
        found.append(done)
    return found


def _steps(database: Database, task: Task, *, page: int, dry: bool) -> Iterator[Step]:
    after: int | None = 0
    while after is not None:
        with database.connection() as connection:
            step = task.work(connection, after=after, page=page, dry=dry)
        yield step
        after = step.last


class Housekeeper:
    """Does it now and then, in a thread of a delivery process, until told to stop."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        clock: Clock = system_clock,
        between: float = BETWEEN,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Connects to nothing yet."""
        self._settings = settings
        self._database = database
        self._clock = clock
        self._between = between
        self._chance = chance

    def run(self, stop: threading.Event) -> None:
        """Make passes until `stop` is set; each process at moments of its own."""
        while not stop.wait(self._between * (0.5 + self._chance())):
            try:
                self.once(stop)
            except Exception as error:  # it outlives whatever the database does
                _log.warning("housekeeping broken off exception=%s", type(error).__name__)

    def once(self, stop: threading.Event) -> int:
        """One pass; how many rows it did. Another process that is at it ends the pass."""
        rows = 0
        for task in tasks(self._settings, now=self._clock()):
            after: int | None = 0
            while after is not None:
                begun = monotonic()
                with self._database.connection() as connection, connection.transaction():
                    if not outbox.is_alone(connection):
                        return rows
                    busy = outbox.is_busy(connection)
                    step = task.work(connection, after=after, page=PAGE, dry=False)
                rows, after = rows + step.rows, step.last
                if stop.wait((monotonic() - begun) * REST * (5 if busy else 1)):
                    return rows
        return rows
