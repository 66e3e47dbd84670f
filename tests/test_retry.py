"""The retry policy as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stuf_klantcontact import retry


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [
        (1, 10),
        (2, 20),
        (3, 40),
        (4, 80),
        (5, 160),
        (6, 320),
        (7, 640),
        (8, 1280),
        (9, 2560),
        (10, 3600),
        (11, 3600),
        (1_000_000, 3600),
        (0, 10),
    ],
)
def test_delay_doubles_from_ten_seconds_to_an_hour(attempt: int, seconds: float) -> None:
    assert retry.delay(attempt, first=10, longest=3600, random=lambda: 0.0) == seconds


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_chance_takes_off_a_fifth_at_most(attempt: int, chance: float) -> None:
    most = retry.delay(attempt, first=10, longest=3600, random=lambda: 0.0)
    assert 0.8 * most <= retry.delay(attempt, first=10, longest=3600, random=lambda: chance) <= most


def test_five_days_of_patience_hold_some_hundred_and_thirty_attempts() -> None:
    seconds, attempts = 0.0, 1
    while seconds < 5 * 86_400:
        seconds += retry.delay(attempts, first=10, longest=3600, random=lambda: 0.0)
        attempts += 1
    assert 120 < attempts < 140


@pytest.mark.parametrize(
    ("after", "held"),
    [
        (timedelta(0), False),
        (timedelta(days=5) - timedelta(seconds=1), False),
        (timedelta(days=5), True),
        (timedelta(days=50), True),
        (-timedelta(hours=1), False),
    ],
)
def test_patience_counts_from_the_first_attempt(after: timedelta, held: bool) -> None:
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert retry.out_of_patience(start, now=start + after, days=5) is held
