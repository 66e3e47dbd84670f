"""Tell delivery, on any machine, that there may be something new: a hint by LISTEN/NOTIFY, never the truth.

A Teller says it after a commit, from a thread and on a connection of its own: who calls `tell` waits for nothing,
and the transactions of intake carry no NOTIFY, which would make their commits wait for each other. However many
call, it is said once in a while. A Listener hears it. What can go wrong (the database is away; LISTEN does not
work through a pgbouncer in transaction mode) costs the hint alone: delivery looks for itself every `poll` seconds.

No section of the standard: this is the machine under it.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

import psycopg

from stuf_klantcontact import store

GAP: Final = 0.02
"""Least seconds between two hints of one process."""
LONGEST_LOOK: Final = 0.5
"""Most seconds until a Listener sees that it must stop."""
AWAY: Final = 5.0
"""Seconds between attempts to connect."""

_NOTIFY: Final = "NOTIFY stuf_klantcontact_outbox"
_LISTEN: Final = "LISTEN stuf_klantcontact_outbox"

_log = logging.getLogger(__name__)

Connect = Callable[[], store.Connection]
"""Opens a connection in autocommit mode, which is the caller's to close."""


class Teller:
    """Says that there may be something new. One for a process; its thread begins with the first `tell`."""

    def __init__(self, connect: Connect) -> None:
        """Connects to nothing yet."""
        self._connect = connect
        self._new = threading.Event()
        self._stop = threading.Event()
        self._begin = threading.Lock()
        self._thread: threading.Thread | None = None
        self._trouble = store.Trouble(_log, over="delivery is told again of what is new")

    def tell(self) -> None:
        """Say it soon. Call it after the commit; it takes microseconds and never raises."""
        if not self._new.is_set():
            self._new.set()
            if self._thread is None:
                self._start()

    def close(self) -> None:
        """Say nothing more."""
        self._stop.set()
        self._new.set()
        if self._thread is not None:
            self._thread.join(AWAY)

    def _start(self) -> None:
        with self._begin:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="tell-delivery", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    while self._new.wait() and not self._stop.is_set():
                        self._new.clear()
                        connection.execute(_NOTIFY)
                        self._trouble.ends()
                        self._stop.wait(GAP)
            except psycopg.Error as error:
                told = f"delivery is not told of what is new, and looks for itself: {store.reason(error)}"
                self._trouble.begins(told, level=logging.INFO)
                self._stop.wait(AWAY)


class Listener:
    """Calls `heard` when there may be something new, and when it begins to listen."""

    def __init__(self, connect: Connect, *, heard: Callable[[], None]) -> None:
        """Connects to nothing yet."""
        self._connect = connect
        self._heard = heard
        self._trouble = store.Trouble(_log, over="hints of what is new come again")

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set. Never raises."""
        while not stop.is_set():
            try:
                with self._connect() as connection:
                    if connection.pooled:  # LISTEN would stay behind in a session of others
                        _log.info("no hints of what is new through a pooler; looking every now and then")
                        stop.wait()
                        return
                    connection.execute(_LISTEN)
                    self._trouble.ends()
                    self._heard()
                    while not stop.is_set():
                        for _ in connection.notifies(timeout=LONGEST_LOOK, stop_after=1):
                            self._heard()
            except psycopg.Error as error:
                told = f"no hints of what is new; looking every now and then: {store.reason(error)}"
                self._trouble.begins(told, level=logging.INFO)
                stop.wait(AWAY)
