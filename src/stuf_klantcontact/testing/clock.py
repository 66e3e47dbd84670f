"""A clock that stands still until it is moved."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

NOON: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FixedClock:
    """Call it for the moment, as with any clock; `advance` moves it, and threads may share it."""

    def __init__(self, moment: datetime = NOON) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock shows a moment with a zone")
        self._moment = moment
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._moment

    def advance(self, seconds: float = 0.0, *, days: float = 0.0) -> datetime:
        """Move the clock, back too; gives the new moment."""
        with self._lock:
            self._moment += timedelta(days=days, seconds=seconds)
            return self._moment
