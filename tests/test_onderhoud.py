"""How hard an abonnee may be pressed: at the same time, and not in its maintenance windows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from outgoing import adjusted, enqueue, order, remember, settings
from stuf_klantcontact import contract as contracts
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.onderhoud import window
from stuf_klantcontact.settings import Abonnee
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, FixedClock
from stuf_klantcontact.tijdstip import AMSTERDAM
from stuf_klantcontact.worker import Worker
from test_worker import is_settled, wait_until

MONDAY = datetime(2026, 11, 23)
DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")


def minutes(text: str, *, day: datetime) -> int:
    """How many minutes of real time of a day, as the Netherlands counts it, lie in a window."""
    begin = day.replace(tzinfo=AMSTERDAM).astimezone(UTC)
    end = (day + timedelta(days=1)).replace(tzinfo=AMSTERDAM).astimezone(UTC)
    every = (begin + timedelta(minutes=n) for n in range(int((end - begin).total_seconds()) // 60))
    return sum(window(text).has(moment.astimezone(AMSTERDAM)) for moment in every)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("zo 02:00-06:00", {"zo": 4}),
        ("ma-vr 12:30-13:00", dict.fromkeys(("ma", "di", "wo", "do", "vr"), 0.5)),
        ("za 22:00-04:00", {"za": 2, "zo": 4}),
        ("zo 22:00-04:00", {"zo": 2, "ma": 4}),
        ("za-ma 01:00-02:00", dict.fromkeys(("za", "zo", "ma"), 1)),
        ("wo 20:00-24:00", {"wo": 4}),
        ("wo 00:00-24:00", {"wo": 24}),
        ("wo 20:00-00:00", {"wo": 4}),
        ("ma-zo 23:59-00:01", dict.fromkeys(DAYS, 1 / 30)),
    ],
)
def test_a_window_covers_its_hours_and_no_other(text: str, hours: dict[str, float]) -> None:
    found = {day: minutes(text, day=MONDAY + timedelta(days=n)) / 60 for n, day in enumerate(DAYS)}
    assert found == pytest.approx({**dict.fromkeys(DAYS, 0), **hours})


def test_it_begins_on_the_minute_and_its_end_is_outside() -> None:
    sunday = datetime(2026, 11, 22, 2, 0)
    found = window("zo 02:00-06:00")
    inside = [sunday, datetime(2026, 11, 22, 5, 59, 59, 999_999)]
    outside = [datetime(2026, 11, 22, 1, 59, 59, 999_999), datetime(2026, 11, 22, 6, 0)]
    assert [found.has(moment) for moment in inside + outside] == [True, True, False, False]


@pytest.mark.parametrize(
    ("day", "text", "hours"),
    [
        (datetime(2027, 3, 28), "zo 02:00-06:00", 3.0),
        (datetime(2027, 3, 28), "zo 02:10-02:50", 0.0),
        (datetime(2027, 3, 28), "za 22:00-04:00", 3.0),
        (datetime(2027, 10, 31), "zo 02:00-06:00", 5.0),
        (datetime(2027, 10, 31), "zo 02:15-02:45", 1.0),
    ],
)
def test_the_clock_on_the_wall_rules_when_summer_time_begins_and_ends(
    day: datetime, text: str, hours: float
) -> None:
    assert minutes(text, day=day) == hours * 60


@pytest.mark.parametrize(
    "text",
    ["", "zondag 02:00-06:00", "zo 2:00-6:00", "zo 02:00", "zo 25:00-26:00", "zo 02:00-24:30", "zo 02:00-02:00",
     "zo 02:60-03:00", "02:00-06:00", "zo  02:00-06:00", "zo 02:00-06:00 "],
)  # fmt: skip
def test_what_is_no_window_is_a_mistake_in_the_settings(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a window like|ends after 24:00, or when it begins"):
        Abonnee(endpoint="http://x/", onderhoud=(text,))


@contextmanager
def delivering(delivery: Delivery, database: Database) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=Worker(delivery, database=database, poll=0.02).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        delivery.close()


def test_nothing_is_sent_in_a_window_and_all_after_it(database: Database) -> None:
    looked = threading.Semaphore(0)

    class Looking(Delivery):
        def rests(self, abonnee: str) -> bool:
            looked.release()
            return super().rests(abonnee)

    clock = FixedClock(datetime(2036, 11, 23, 1, 30, tzinfo=UTC))  # Sunday, 02:30 in the Netherlands
    remember(database, 1, 2)
    enqueue(database, order(1), order(2))
    with FakeZaakmagazijn() as zaakmagazijn:
        resting = adjusted(settings(zaakmagazijn.url), onderhoud=("zo 02:00-06:00",))
        with delivering(Looking(resting, database=database, contract=contracts.load(), clock=clock), database):
            for _ in range(5):
                assert looked.acquire(timeout=10)
            assert zaakmagazijn.received == []
            assert not is_settled(database)
            clock.advance(3.5 * 3600)
            wait_until(lambda: is_settled(database))
        assert len(zaakmagazijn.kept) == 2


@pytest.mark.parametrize("limit", [1, 2, 6])
def test_no_more_go_at_the_same_time_than_may(database: Database, limit: int) -> None:
    under_way, most = 0, 0
    changed = threading.Condition()

    def checkpoint(name: str) -> None:
        nonlocal under_way, most
        with changed:
            if name == "stamped":
                under_way += 1
                most = max(most, under_way)
                changed.notify_all()
                changed.wait_for(lambda: most >= limit, timeout=10)  # the others have the time to come too
            elif name == "answered":
                under_way -= 1

    for zaak in range(8):
        remember(database, zaak + 1, zaak=f"Z{zaak}")
        enqueue(database, order(zaak + 1, zaak=f"Z{zaak}"))
    with FakeZaakmagazijn() as zaakmagazijn:
        few = adjusted(settings(zaakmagazijn.url), gelijktijdig=limit)
        delivery = Delivery(few, database=database, contract=contracts.load(), checkpoint=checkpoint)
        with delivering(delivery, database):
            wait_until(lambda: is_settled(database))
    assert most == limit
    assert len(zaakmagazijn.kept) == 8
