"""pure retry policy.

Nothing here can go wrong: numbers in, a number out. A delay doubles with every attempt until it is as long as it
may be; a part of it is left to chance, so that what failed together does not return together. The standard leaves
both to the sender (StUF 03.01 §4.4; stuf-facts §9.1).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

JITTER: Final = 0.2
"""The part of a delay that is left to chance; it only ever makes a delay shorter."""

_MOST_DOUBLINGS: Final = 60


def delay(attempt: int, *, first: float, longest: float, random: Callable[[], float]) -> float:
    """Seconds to wait after the given attempt (from 1) failed; `random` gives numbers from 0 up to 1."""
    doubled = first * float(2 ** min(max(attempt, 1) - 1, _MOST_DOUBLINGS))
    return min(longest, doubled) * (1.0 - JITTER * random())


def out_of_patience(first_attempt: datetime, *, now: datetime, days: float) -> bool:
    """Whether an item that was first tried then has been tried for long enough."""
    return now - first_attempt >= timedelta(days=days)
