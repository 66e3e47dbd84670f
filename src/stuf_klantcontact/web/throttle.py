"""How often one address may ask, and how many may be busy at once.

A bucket per address: each request takes one, and they come back evenly over a minute. Addresses of IPv6 count per
network of 64 bits, because one host has all of those. Buckets are this worker's own and only in memory; at most
REMEMBERED of them, the longest unused go first. Nothing here can go wrong.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import BoundedSemaphore, Lock
from typing import Final

Ticks = Callable[[], float]
"""Seconds that never go back."""

REMEMBERED: Final = 10_000
AT_ONCE: Final = 6
"""A body that drips holds a thread, and anybody may send one here: so the door keeps most of the threads."""


class Throttle:
    """One for all that is open to strangers. Every method may be called from every thread."""

    def __init__(self, per_minute: int, *, ticks: Ticks, at_once: int = AT_ONCE) -> None:
        self._size = float(per_minute)
        self._rate = per_minute / 60
        self._ticks = ticks
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._busy = BoundedSemaphore(at_once)

    def wait(self, address: str) -> float:
        """Take one request of `address`: 0.0 when it may go on, else the seconds to wait for the next."""
        key = _network(address)
        with self._lock:
            now = self._ticks()
            left, since = self._buckets.pop(key, (self._size, now))
            left = min(self._size, left + max(0.0, now - since) * self._rate)
            allowed = left >= 1
            self._buckets[key] = (left - allowed, now)
            while len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Whether there is a place among those that are busy; it is held while the context lasts."""
        got = self._busy.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._busy.release()


def _network(address: str) -> str:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
    return str(found)
