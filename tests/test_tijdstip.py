"""Moments and dates of both StUF versions, and our own clock."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stuf_klantcontact import tijdstip

MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 1), max_value=datetime(9998, 12, 31), timezones=st.just(UTC)
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))


def test_a_0301_moment_is_dutch_local_time() -> None:
    assert tijdstip.parse("20261122101500123") == datetime(2026, 11, 22, 9, 15, 0, 123000, UTC)
    assert tijdstip.parse("20260722101500000") == datetime(2026, 7, 22, 8, 15, tzinfo=UTC)
    assert tijdstip.stuf0301(datetime(2026, 7, 22, 8, 15, 0, 7000, UTC)) == "20260722101500007"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261122", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("2026112210", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("202611221015", datetime(2026, 11, 22, 9, 15, tzinfo=UTC)),
        ("20261122101530", datetime(2026, 11, 22, 9, 15, 30, tzinfo=UTC)),
        ("202611221015301", datetime(2026, 11, 22, 9, 15, 30, 100_000, UTC)),
        ("2026112210153012", datetime(2026, 11, 22, 9, 15, 30, 120_000, UTC)),
        (" 20261122101530123\n", datetime(2026, 11, 22, 9, 15, 30, 123_000, UTC)),
    ],
)
def test_what_is_cut_off_a_0301_moment_counts_as_zero(text: str, expected: datetime) -> None:
    assert tijdstip.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:15:00+01:00", datetime(2026, 11, 22, 9, 15, tzinfo=UTC)),
        ("2026-11-22T10:15:00Z", datetime(2026, 11, 22, 10, 15, tzinfo=UTC)),
        ("2026-11-22T10:15:00", datetime(2026, 11, 22, 9, 15, tzinfo=UTC)),
        ("2026-07-22T10:15:00.5", datetime(2026, 7, 22, 8, 15, 0, 500_000, UTC)),
        ("2026-11-22T10:15:00.1234567-14:00", datetime(2026, 11, 23, 0, 15, 0, 123_456, UTC)),
        ("2026-12-31T24:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T24:00:00.000", datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_an_iso_moment_may_have_a_zone_or_be_dutch_local_time(text: str, expected: datetime) -> None:
    assert tijdstip.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026112",
        "202611221",
        "20261122101",
        "2026112210153",
        "202611221015301234",
        "20260231",
        "20261322",
        "2026112224",
        "20261122101560",
        "-20261122",
        "٢٠٢٦١١٢٢",
        "2026-11-22",
        "2026-11-22 10:15:00",
        "2026-11-22T10:15",
        "2026-11-22T24:00:01",
        "2026-11-22T24:00:00.001",
        "2026-11-22T10:15:00+15:00",
        "2026-11-22T10:15:00+14:30",
        "2026-02-30T10:15:00",
        "12026-11-22T10:15:00",
        "-0044-03-15T12:00:00",
        "0000-01-01T00:00:00",
        "0001-01-01T00:00:00+01:00",
        "00010101",
        "9999-12-31T23:59:59Z",
        "9999-12-31T24:00:00Z",
    ],
)
def test_what_is_not_a_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        tijdstip.parse(text)


@settings(max_examples=50)
@given(st.text(max_size=40) | st.from_regex(r"[0-9]{8,17}") | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*"))
def test_reading_a_moment_or_date_gives_one_or_raises_value_error(text: str) -> None:
    with suppress(ValueError):
        assert tijdstip.parse(text).utcoffset() == timedelta(0)
    with suppress(ValueError):
        assert isinstance(tijdstip.parse_date(text), date)


@settings(max_examples=50)
@given(MOMENTS)
def test_0302_reads_back_as_the_same_moment(moment: datetime) -> None:
    written = tijdstip.stuf0302(moment)
    assert tijdstip.parse(written) == moment
    assert len(written) == len("2026-11-22T10:15:00.000+01:00")


@settings(max_examples=50)
@given(MOMENTS)
def test_0301_reads_back_as_the_same_moment_but_for_the_hour_that_occurs_twice(moment: datetime) -> None:
    again = tijdstip.parse(tijdstip.stuf0301(moment))
    local = moment.astimezone(tijdstip.AMSTERDAM)
    assert again == (moment if local.fold == 0 else local.replace(fold=0).astimezone(UTC))


def test_when_summer_time_ends_only_0302_tells_the_two_hours_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)
    assert tijdstip.stuf0301(first) == tijdstip.stuf0301(second) == "20261025023000000"
    assert tijdstip.stuf0302(first) == "2026-10-25T02:30:00.000+02:00"
    assert tijdstip.stuf0302(second) == "2026-10-25T02:30:00.000+01:00"


def test_the_hour_that_spring_skips_is_still_read() -> None:
    assert tijdstip.parse("20260329023000") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_moment_of_when_dutch_time_had_odd_seconds_is_written_in_utc() -> None:
    assert tijdstip.stuf0302(datetime(1850, 1, 1, tzinfo=UTC)) == "1850-01-01T00:00:00.000+00:00"


def test_a_year_has_four_digits() -> None:
    assert tijdstip.stuf0301(datetime(812, 1, 1, 12, tzinfo=UTC)).startswith("08120101")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261122", date(2026, 11, 22)),
        ("20261122101500", date(2026, 11, 22)),
        ("2026-11-22", date(2026, 11, 22)),
        (" 2026-11-22+01:00 ", date(2026, 11, 22)),
        ("2024-02-29Z", date(2024, 2, 29)),
    ],
)
def test_a_date_of_either_version_is_read(text: str, expected: date) -> None:
    assert tijdstip.parse_date(text) == expected


@pytest.mark.parametrize(
    "text", ["", "20260231", "2026", "2026-W47-7", "2026-11-22x", "2026-11-22T10:00:00", "-0044-03-15", "00000000"]
)
def test_what_is_not_a_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        tijdstip.parse_date(text)


@settings(max_examples=50)
@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)), st.lists(st.integers(-7200, 7200)))
def test_our_clock_rises_strictly_whatever_the_clock_of_the_machine_does(start: datetime, steps: list[int]) -> None:
    now, previous, moments = min(start, datetime(9000, 1, 1, tzinfo=UTC)), None, []
    for step in [0, 0, *steps]:
        now += timedelta(seconds=step)
        previous = tijdstip.after(previous, now=now)
        moments.append(previous)
    assert all(one < other for one, other in pairwise(moments))
    assert all(one < other for one, other in pairwise(map(tijdstip.stuf0302, moments))) or _summer_ends(moments)


def _summer_ends(moments: list[datetime]) -> bool:
    return len({moment.astimezone(tijdstip.AMSTERDAM).utcoffset() for moment in moments}) > 1


def test_our_clock_follows_the_machine_to_the_millisecond() -> None:
    now = datetime(2026, 11, 22, 10, 15, 0, 123_999, UTC)
    assert tijdstip.after(None, now=now) == now.replace(microsecond=123_000)
    assert tijdstip.after(now.replace(microsecond=123_000), now=now) == now.replace(microsecond=124_000)
    assert tijdstip.after(now - timedelta(hours=1), now=now) == now.replace(microsecond=123_000)


def test_the_clock_of_the_machine_has_a_zone() -> None:
    assert tijdstip.system_clock().utcoffset() == timedelta(0)
