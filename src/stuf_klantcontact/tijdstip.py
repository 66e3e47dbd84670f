"""Dates and times of both StUF versions; our monotonic clock.

StUF 03.01 writes EEJJMMDDhhmmssddd in Dutch local time without a zone, cut off on the right where less is known;
StUF 03.02 writes an ISO dateTime with an offset. What cannot be read raises ValueError, never anything else.
StUF 03.01 §4.3, stuf-facts §1.3, §2.4 and §5.3.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present moment, with a zone. Passed in, so that a test can be at any moment it likes."""

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
MILLISECOND: Final = timedelta(milliseconds=1)
_DIGITS: Final = re.compile(r"[0-9]{8}(?:[0-9]{2}){0,3}[0-9]{0,3}", re.ASCII)
_ISO: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]+))?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


def system_clock() -> datetime:
    """The clock of this machine, in UTC."""
    return datetime.now(UTC)


def parse(text: str) -> datetime:
    """Read a moment of either version into a datetime in UTC; without a zone it is Dutch local time.

    A 03.01 moment may be cut off after the day, hour, minute, second or any part of the milliseconds; what is cut
    off counts as zero. The hour that occurs twice in autumn is read as its first occurrence.
    """
    text = text.strip(" \t\r\n")
    if _DIGITS.fullmatch(text):
        padded = text.ljust(17, "0")
        naive = datetime.strptime(padded[:14], "%Y%m%d%H%M%S").replace(microsecond=int(padded[14:]) * 1000)
        return naive.replace(tzinfo=AMSTERDAM).astimezone(UTC)
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("not a moment in a form that StUF knows")
    midnight = match["time"].startswith("24:00:00")
    moment = datetime.fromisoformat(match["date"] + "T" + ("00:00:00" if midnight else match["time"]))
    if midnight:
        moment += timedelta(days=1)
    if match["fraction"]:
        moment = moment.replace(microsecond=int(match["fraction"][:6].ljust(6, "0")))
    zone = match["zone"]
    if zone is None:
        return moment.replace(tzinfo=AMSTERDAM).astimezone(UTC)
    return datetime.fromisoformat(moment.isoformat() + ("+00:00" if zone == "Z" else zone)).astimezone(UTC)


def parse_date(text: str) -> date:
    """Read a 03.01 date or moment (its day) or an ISO date."""
    text = text.strip(" \t\r\n")
    if re.fullmatch(r"[0-9]{8,17}", text, re.ASCII):
        return datetime.strptime(text[:8], "%Y%m%d").date()
    return date.fromisoformat(text[:10])


def stuf0301(moment: datetime) -> str:
    """Write EEJJMMDDhhmmssddd in Dutch local time (17 digits)."""
    local = moment.astimezone(AMSTERDAM)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"


def stuf0302(moment: datetime) -> str:
    """Write YYYY-MM-DDThh:mm:ss.ddd+hh:mm in Dutch local time with its offset."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="milliseconds")


def after(previous: datetime | None, *, now: datetime) -> datetime:
    """The next moment of our monotonic clock: now, but at least a millisecond after the previous one.

    tijdstipBericht must rise strictly over all messages of a system (StUF019); two messages in one millisecond,
    and a clock that was set back, may not break that.
    """
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if previous is None or now > previous else previous + MILLISECOND
