"""A receiver that wants rising moments: one stream for all zaken, a new stamp after StUF019, summer time or not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journeys.town import Town, running
from stuf_klantcontact import contract, outbox
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.testing import FakeZaakmagazijn, cast

SUMMER_TIME_ENDS = datetime(2027, 10, 31, 1, tzinfo=UTC)
"""03:00 becomes 02:00."""


class Clock:
    """A clock that a test sets."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture(params=["zkn0320", "zds0120"])
def ordered(
    request: pytest.FixtureRequest, database_url: str, password_hash: str, tmp_path: Path
) -> Iterator[tuple[Town, Clock, str]]:
    """The municipality with a receiver that insists on StUF019, and the clock by which it delivers."""
    profiel = request.param
    judging = contract.load_zaakdocumenten() if profiel == "zds0120" else contract.load()
    with FakeZaakmagazijn(contract=judging, ordered=True) as strict:
        abonnee = {
            "profiel": profiel,
            "volgorde": "systeem",
            "endpoint": strict.url,
            "documentidentificatie": "zelf",
            "gemeentecode": "0518",
        }
        with running(database_url, password_hash, tmp_path, abonnee=abonnee) as town:
            for zaak in (cast.RUNNING, "0518ZAAK0000008", "0518ZAAK0000009"):
                town.zaak(zaak)
            clock = Clock(SUMMER_TIME_ENDS - timedelta(seconds=2))
            delivery = Delivery(
                town.gateway.settings, database=town.gateway.database, contract=town.gateway.contract, clock=clock
            )
            try:
                yield replace(town, delivery=delivery, zaakmagazijn=strict), clock, profiel
            finally:
                delivery.close()


def item(town: Town) -> outbox.Item:
    with town.gateway.database.session() as session:
        found = outbox.listing(session, abonnee="ZAAKMAGAZIJN")[-1]
        session.expunge_all()
        return found


def test_after_stuf019_a_message_goes_again_with_a_new_number_and_a_later_moment(
    ordered: tuple[Town, Clock, str],
) -> None:
    town, clock, _ = ordered
    town.contact()
    town.zaakmagazijn.next("fo03:StUF019")
    town.deliver()
    assert (item(town).state, item(town).code, item(town).referentienummer) == ("waiting", "StUF019", None)
    (refused,) = town.zaakmagazijn.received
    clock.moment += timedelta(hours=2)
    town.deliver()
    (kept,) = town.zaakmagazijn.kept
    assert item(town).state == "delivered"
    assert kept.referentienummer != refused.referentienummer
    assert kept.text("stuurgegevens/tijdstipBericht") > refused.text("stuurgegevens/tijdstipBericht")


def test_all_zaken_are_one_stream_whose_moments_rise_through_the_hour_that_comes_twice(
    ordered: tuple[Town, Clock, str],
) -> None:
    town, clock, profiel = ordered
    zaken = (cast.RUNNING, "0518ZAAK0000008", "0518ZAAK0000009", cast.RUNNING, "0518ZAAK0000008")
    steps = (-2, -1, 1, 1800, 3601)
    for zaak, seconds in zip(zaken, steps, strict=True):
        assert town.contact(zaak=zaak, opvoerder=cast.JDEVRIES).status == 200
        clock.moment = SUMMER_TIME_ENDS + timedelta(seconds=seconds)
        town.deliver()
    assert [request.answer for request in town.zaakmagazijn.received] == ["Bv03"] * len(steps)
    moments = [request.text("stuurgegevens/tijdstipBericht") for request in town.zaakmagazijn.kept]
    if profiel == "zds0120":
        assert moments == sorted(set(moments))
        # The second 02:00 goes on from the last moment of the first, by milliseconds.
        assert [moment[:14] for moment in moments] == ["20271031025958", "20271031025959", *["20271031025959"] * 2,
                                                       "20271031030001"]  # fmt: skip
    else:
        told = [datetime.fromisoformat(moment) for moment in moments]
        assert told == sorted(set(told))
        assert [moment[-6:] for moment in moments] == ["+02:00"] * 2 + ["+01:00"] * 3


def test_nothing_overtakes_what_the_receiver_cannot_take_now(ordered: tuple[Town, Clock, str]) -> None:
    town, clock, _ = ordered
    for zaak in (cast.RUNNING, "0518ZAAK0000008"):
        town.contact(zaak=zaak)
    town.zaakmagazijn.next("status:503")
    town.deliver()
    assert len(town.zaakmagazijn.received) == 1
    clock.moment += timedelta(hours=2)
    town.deliver()
    assert [request.answer for request in town.zaakmagazijn.received[1:]] == ["Bv03", "Bv03"]
    first, again, _ = (request.raw for request in town.zaakmagazijn.received)
    assert again == first
