"""The delivery loop: claim, deliver, settle, stop on signal.

Each abonnee has a lane: a thread that claims and prepares, and threads that deliver, each an item of another zaak.
One of those writes down what came of it, and with that what the others have done meanwhile. So an abonnee that is
slow or dead keeps only its own lane busy. What these threads wrote and read is counted: after RETIRE_BYTES they
finish what they are at, and others take their place. Lanes poll; `wake` is a hint that saves the wait, and comes
from the database when there is something new. A lane whose abonnee has a pace waits for its next slot.
Told to stop, a lane claims nothing more and finishes what it has; what it claimed but did not begin it gives back.
What can go wrong: the database being away, which a lane reports and waits out.

StUF 03.01 §4.4: the sender offers a message until it is confirmed.
"""

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Final

from stuf_klantcontact import outbox
from stuf_klantcontact.delivery import Delivery, Message, Tried
from stuf_klantcontact.memory import RETIRE_BYTES, give_back
from stuf_klantcontact.outbox import Claim, Paced
from stuf_klantcontact.store import Database, Trouble, reason

LONGEST_WAIT: Final = 5.0
"""Most seconds between looks at a database that is away, or at a pace: its clock may have been put right."""

AHEAD: Final = 6
"""Claims for each thread while a receiver is quick: what is claimed together costs less. After a kill as many wait
for the end of their leases, which is why they are not more."""
GATHER: Final = 0.005
"""Seconds for which who writes down lets the others finish: two in one transaction cost little more than one."""
QUICK: Final = 0.25
"""Seconds within which a quick receiver takes a message. Of one that is not, nothing is claimed ahead."""

_log = logging.getLogger(__name__)


class Worker:
    """Delivers what is due until told to stop. Run as many as you like, on as many machines."""

    def __init__(self, delivery: Delivery, *, database: Database, poll: float = 1.0, listen: bool = False) -> None:
        """`poll` is the number of seconds between looks at an idle queue; `listen`: for hints, which save them."""
        self._listener = outbox.Listener(database.own_connection, heard=self.wake) if listen else None
        self._lanes = [_Lane(naam, delivery, database=database, poll=poll) for naam in delivery.abonnees]

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, then return when nothing is under way any more."""
        threads = [threading.Thread(target=lane.run, args=(stop,), name=lane.name) for lane in self._lanes]
        if self._listener is not None:
            threads.append(threading.Thread(target=self._listener.run, args=(stop,), name="listen"))
        for thread in threads:
            thread.start()
        stop.wait()
        _log.info("told to stop; what is being sent is finished first")
        self.wake()
        for thread in threads:
            thread.join()

    def wake(self) -> None:
        """Look now: there may be something new. From any thread, at any time; only a hint."""
        for lane in self._lanes:
            lane.bell.set()


class _Lane:
    """One abonnee's part of the loop."""

    def __init__(self, abonnee: str, delivery: Delivery, *, database: Database, poll: float) -> None:
        self.name = f"deliver-{abonnee}"
        self.bell = threading.Event()
        self._abonnee = abonnee
        self._delivery = delivery
        self._database = database
        self._poll = poll
        self._threads = delivery.at_once(abonnee)
        self._ahead = 1 if delivery.per_minuut(abonnee) else AHEAD
        self._quick = False
        self._taken = 0
        self._size = 0
        self._tried: list[Tried] = []
        self._settling = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._turns = threading.Semaphore(self._threads)
        """As many are sent at once as the abonnee may have, of all generations of threads together."""
        self._failures = 0
        self._trouble = Trouble(_log, over=f"claims again abonnee={abonnee}")

    def run(self, stop: threading.Event) -> None:
        generations: list[threading.Thread] = []
        while not stop.is_set():
            self._size = 0
            self._over.clear()
            generations = [one for one in generations if one.is_alive()]
            try:
                generations.append(self._generation(stop))
                self._over.wait()
            except RuntimeError as error:  # the system has no thread left, which may pass
                self._stumble(error, stop)
            give_back()
        for generation in generations:
            generation.join()

    def _generation(self, stop: threading.Event) -> threading.Thread:
        """Threads that go on until `stop`, or until others must take their place; what they have they finish."""
        thread = threading.Thread(target=self._run, args=(stop,), name=self.name)
        thread.start()
        return thread

    def _run(self, stop: threading.Event) -> None:
        with ThreadPoolExecutor(self._threads, thread_name_prefix=self.name) as pool:
            try:
                while not stop.is_set() and self._size < RETIRE_BYTES:
                    self.bell.clear()
                    found = self._claim()
                    self._begin(pool, found.claims, stop)
                    if found.wait:
                        stop.wait(min(LONGEST_WAIT, found.wait))  # whatever rings, there is no slot before that
                    else:
                        self.bell.wait(self._wait())
            except Exception as error:  # the same, or a defect
                self._stumble(error, stop)
            finally:
                self._over.set()

    def _stumble(self, error: Exception, stop: threading.Event) -> None:
        """Say so, and wait: what does not pass must not come again and again at once."""
        _log.error("cannot go on abonnee=%s exception=%s", self._abonnee, type(error).__name__)
        stop.wait(LONGEST_WAIT)

    def _begin(self, pool: ThreadPoolExecutor, claims: list[Claim], stop: threading.Event) -> None:
        messages = self._delivery.prepare(claims)
        left = len(claims)
        try:
            for claim in claims:
                pool.submit(self._deliver, claim, messages.pop(claim.item, None), stop)
                left -= 1
        finally:
            with self._lock:
                self._taken -= left

    def _claim(self) -> Paced:
        """As many claims as there is room for, and none in maintenance.

        A lease runs from the claim on, so there is room for what is sent at once, and for more only as long as the
        receiver is quick. What waits to be written down takes room; what is being written down does not.
        """
        free = self._room() - self._taken - len(self._tried)
        found = Paced([], 0.0)
        if free <= 0 or self._delivery.rests(self._abonnee):
            return found
        try:
            with self._database.connection() as connection:
                found = outbox.claim_at_pace(
                    connection,
                    abonnee=self._abonnee,
                    limit=free,
                    lease=self._delivery.lease(self._abonnee),
                    per_minuut=self._delivery.per_minuut(self._abonnee),
                    now=self._delivery.now(),
                )
            self._failures = 0
            self._trouble.ends()
        except Exception as error:  # the loop outlives whatever the database does
            self._failures += 1
            self._trouble.begins(f"cannot claim abonnee={self._abonnee}: {reason(error)}")
        with self._lock:
            self._taken += len(found.claims)
        return found

    def _room(self) -> int:
        return self._threads * (self._ahead if self._quick else 1)

    def _wait(self) -> float:
        return min(LONGEST_WAIT, self._poll * 2.0 ** min(self._failures, 10))

    def _deliver(self, claim: Claim, message: Message | None, stop: threading.Event) -> None:
        tried = None
        try:
            if stop.is_set():
                self._delivery.give_back(claim, code="gestopt")
            else:
                with self._turns:
                    begin = monotonic()
                    tried = self._delivery.send(claim, message=message)
        except Exception as error:
            _broken_off(claim, error)
        self._free(quick=tried is not None and tried.delivered and monotonic() - begin < QUICK)
        if tried is not None:
            self._settle(tried)

    def _settle(self, tried: Tried) -> None:
        """Have it written down: by the thread that is at it, or else by this one, until nothing is left."""
        with self._lock:
            self._size += tried.size
            self._tried.append(tried)
            if self._settling:
                return
            self._settling = True
        while together := self._next():
            try:
                rest = self._delivery.settle_together(together)
            except Exception as error:
                rest = []
                for one in together:
                    _broken_off(one.claim, error)
            for one in rest:
                try:
                    self._delivery.settle(one)
                except Exception as error:
                    _broken_off(one.claim, error)

    def _next(self) -> list[Tried]:
        if self._quick and self._tried and self._taken and self._threads > 1:
            sleep(GATHER)
        with self._lock:
            together, self._tried = self._tried, []
            self._settling = bool(together)
        if together:
            self._ring()
        return together

    def _free(self, *, quick: bool) -> None:
        with self._lock:
            self._quick = quick
            self._taken -= 1
        self._ring()

    def _ring(self) -> None:
        if self._taken + len(self._tried) <= max(self._room() // 2, self._threads - 1):
            self.bell.set()


def _broken_off(claim: Claim, error: Exception) -> None:
    """The lease ends by itself, and the item comes back."""
    _log.error(
        "attempt broken off item=%d abonnee=%s exception=%s", claim.item, claim.abonnee, type(error).__name__
    )


def stop_on_signal(stop: threading.Event) -> None:
    """Let SIGTERM and SIGINT set `stop`; from the main thread only."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
