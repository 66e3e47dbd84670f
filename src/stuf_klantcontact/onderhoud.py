"""Maintenance windows: the hours of the week in which a receiver is left alone; pure.

A window is written as "zo 02:00-06:00", "ma-vr 12:30-13:00" or "za 22:00-04:00" (into the next day), in Dutch local
time as a clock on the wall shows it: when summer time begins a window of that night is an hour shorter, when it
ends an hour longer. What cannot be read raises ValueError.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_DAYS: Final = ("ma", "di", "wo", "do", "vr", "za", "zo")
_DAY: Final = 24 * 60
_WRITTEN: Final = re.compile(
    rf"({'|'.join(_DAYS)})(?:-({'|'.join(_DAYS)}))? "
    "([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` on each of `days` (0 is Monday), for `length` minutes; begin counts in minutes from midnight."""

    days: frozenset[int]
    begin: int
    length: int

    def has(self, lokaal: datetime) -> bool:
        """Whether a moment of Dutch local time lies in it; the end does not."""
        minute = lokaal.hour * 60 + lokaal.minute
        today = lokaal.weekday() in self.days and 0 <= minute - self.begin < self.length
        yesterday = (lokaal.weekday() - 1) % 7 in self.days and minute + _DAY - self.begin < self.length
        return today or yesterday


def window(text: str) -> Window:
    """Read one window. Raises ValueError."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is not a window like "zo 02:00-06:00", with a day of {", ".join(_DAYS)}')
    first = _DAYS.index(found[1])
    days = (_DAYS.index(found[2] or found[1]) - first) % 7 + 1
    begin, end = (int(found[place]) * 60 + int(found[place + 1]) for place in (3, 5))
    if end > _DAY or begin == end:
        raise ValueError(f'"{text}" ends after 24:00, or when it begins')
    return Window(frozenset((first + n) % 7 for n in range(days)), begin, (end - begin) % _DAY or _DAY)
