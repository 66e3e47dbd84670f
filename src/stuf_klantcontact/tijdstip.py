"""Dates and times of both StUF versions; our monotonic clock.

StUF 03.01 writes EEJJMMDDhhmmssddd in Dutch local time without a zone, cut off on the right where less is known;
StUF 03.02 writes an ISO dateTime with an offset. What cannot be read raises ValueError, never anything else.
StUF 03.01 §4.3, stuf-facts §1.3, §2.4 and §5.3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present moment, with a zone. Passed in, so that a test can be at any moment it likes."""

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
MILLISECOND: Final = timedelta(milliseconds=1)
_DIGITS: Final = re.compile(r"[0-9]{8}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}[0-9]{0,3})?)?)?", re.ASCII)
_ISO: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]+))?(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?",
    re.ASCII,
)
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_KNOWN: Final = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}", re.ASCII)


def system_clock() -> datetime:
    """The clock of this machine, in UTC."""
    return datetime.now(UTC)


def parse(text: str) -> datetime:
    """Read a moment of either version into a datetime in UTC; without a zone it is Dutch local time.

    A 03.01 moment may be cut off after the day, hour, minute, second or any part of the milliseconds; what is cut
    off counts as zero. The hour that occurs twice in autumn is read as its first occurrence.
    """
    text = text.strip(" \t\r\n")
    try:
        if _DIGITS.fullmatch(text):
            return _from_digits(text)
        return _from_iso(text)
    except OverflowError:
        raise ValueError("a moment outside the years that can be told in every zone") from None


def _from_digits(text: str) -> datetime:
    return _utc(_local(text).replace(tzinfo=AMSTERDAM))


def _local(digits: str) -> datetime:
    """Digits as they stand, what is cut off being zero."""
    text = digits.ljust(17, "0")
    day = _day(text)
    return datetime(
        day.year, day.month, day.day, int(text[8:10]), int(text[10:12]), int(text[12:14]), int(text[14:]) * 1000
    )


def _from_iso(text: str) -> datetime:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("not a moment in a form that StUF knows")
    time, fraction, zone = match["time"], match["fraction"] or "", match["zone"]
    midnight = time == "24:00:00" and not fraction.strip("0")
    moment = datetime.fromisoformat(f"{match['date']}T{'00:00:00' if midnight else time}{zone or ''}")
    moment = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    if midnight:
        moment += timedelta(days=1)
    return _utc(moment if zone else moment.replace(tzinfo=AMSTERDAM))


def _utc(moment: datetime) -> datetime:
    """In UTC, if it can be told in Dutch local time too: OverflowError at both ends of the calendar."""
    moment.astimezone(AMSTERDAM)
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a moment may have been. Without a zone it also has an order of its own: `lokaal`, as it was written.

    The two bounds differ in the hour that comes twice when summer time ends, and in the one that then is skipped.
    """

    earliest: datetime
    latest: datetime
    lokaal: datetime | None = None


def bounds(text: str) -> Bounds:
    """Read a moment of either version without choosing between the two hours that it may mean. ValueError."""
    text = text.strip(" \t\r\n")
    match = _ISO.fullmatch(text)
    moment = parse(text)
    if match is not None and match["zone"]:
        return Bounds(moment, moment)
    lokaal = _local(text) if match is None else moment.astimezone(AMSTERDAM).replace(tzinfo=None)
    both = [lokaal.replace(tzinfo=AMSTERDAM, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return Bounds(min(both), max(both), lokaal)


def parse_date(text: str) -> date:
    """Read a 03.01 date or moment (its day) or an ISO date."""
    text = text.strip(" \t\r\n")
    if re.fullmatch(r"[0-9]{8,17}", text, re.ASCII):
        return _day(text)
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a date in a form that StUF knows")
    return date.fromisoformat(match[1])


def is_known_date(text: str) -> bool:
    """It is a day that exists (jjjj-mm-dd), or as far as that is known its month (jjjj-mm) or year (jjjj)."""
    if not _KNOWN.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True


def _day(digits: str) -> date:
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def stuf0301(moment: datetime) -> str:
    """Write EEJJMMDDhhmmssddd in Dutch local time (17 digits)."""
    local = moment.astimezone(AMSTERDAM)
    return f"{local.year:04d}{local:%m%d%H%M%S}{local.microsecond // 1000:03d}"


def stuf0302(moment: datetime, *, timespec: str = "milliseconds") -> str:
    """Write YYYY-MM-DDThh:mm:ss.ddd+hh:mm in Dutch local time with its offset.

    Long ago that offset had seconds, which no dateTime can say: such a moment is written in UTC.
    """
    local = moment.astimezone(AMSTERDAM)
    offset = local.utcoffset()
    sayable = offset is not None and not offset % timedelta(minutes=1)
    return (local if sayable else moment.astimezone(UTC)).isoformat(timespec=timespec)


def after(previous: datetime | None, *, now: datetime) -> datetime:
    """The next moment of our monotonic clock: now, but at least a millisecond after the previous one.

    tijdstipBericht must rise strictly over all messages of a system (StUF019); two messages in one millisecond,
    and a clock that was set back, may not break that.
    """
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if previous is None or now > previous else previous + MILLISECOND
