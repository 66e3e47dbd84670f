"""A zender whose order is guarded: every message later than all before it, over all ports (StUF019)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from journeys.test_klc_in import header, klantcontact
from journeys.town import ASYNCHRONOUS, SYNCHRONOUS, Town, now, rules_of, running
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import STUF0301, qname
from stuf_klantcontact.stuurgegevens import Systeem
from stuf_klantcontact.testing import Reply, cast
from stuf_klantcontact.tijdstip import stuf0301, stuf0302

GUARDED = {naam: {"volgorde_bewaken": True} for naam in ("MIJNZAKEN", "ZAAKSYSTEEM", "ZAAKMAGAZIJN")}
MAGAZIJN = Systeem(cast.ORGANISATIE, "ZAAKMAGAZIJN")
SUMMER = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC)
"""The last minute of summer time: it is 02:59:59, and a minute later 02:00:59."""
GEZET = now()
LATER = timedelta(milliseconds=1)


@pytest.fixture
def guarded(database_url: str, password_hash: str, tmp_path: Path) -> Iterator[Town]:
    """The municipality, which guards the order of both its zenders."""
    with running(database_url, password_hash, tmp_path, zender=GUARDED) as found:
        found.zaak()
        yield found


def message(number: str, moment: str | datetime, *, synchronous: bool = True, **rest: Any) -> etree._Element:
    """A contact whose tijdstipBericht is this moment, or this text."""
    made = cast.contact(referentienummer=number, now=GEZET, synchronous=synchronous, **rest)
    at(made, moment)
    return made


def at(made: etree._Element, moment: str | datetime) -> None:
    text = stuf0301(moment) if isinstance(moment, datetime) else moment
    next(made.iter(qname(STUF0301, "tijdstipBericht"))).text = text


def add(town: Town, number: str, moment: str | datetime, *, synchronous: bool = True, **rest: Any) -> Reply:
    made = message(number, moment, synchronous=synchronous, **rest)
    return town.send(made, port=SYNCHRONOUS if synchronous else ASYNCHRONOUS)


def test_each_message_is_later_than_every_one_before_it_on_whatever_port(guarded: Town) -> None:
    first = now()
    assert add(guarded, "V-1", first).status == 200
    equal = add(guarded, "V-2", first, synchronous=False)
    assert (equal.status, equal.code, equal.name) == (500, "StUF019", "Fo03Bericht")
    assert "een voor een" in equal.text("body/details")
    earlier = add(guarded, "V-3", first - LATER)
    assert (earlier.code, earlier.name) == ("StUF019", "Fo02Bericht")
    assert add(guarded, "V-2", first + LATER, synchronous=False).status == 200
    assert add(guarded, "V-3", first + LATER).code == "StUF019"
    correction = cast.contact(
        referentienummer="V-4",
        now=GEZET,
        wijzigt=guarded.record(add(guarded, "V-5", first + 2 * LATER)).identificatie,
    )
    at(correction, first)
    assert guarded.send(correction).code == "StUF019"
    at(correction, first + 3 * LATER)
    assert guarded.send(correction).status == 200


def test_a_repeated_message_is_known_before_its_order_is_looked_at(guarded: Town) -> None:
    first = now()
    answer = add(guarded, "V-1", first)
    assert add(guarded, "V-2", first + 2 * LATER).status == 200
    assert add(guarded, "V-1", first).raw == answer.raw
    assert add(guarded, "V-1", first + 5 * LATER, toelichting="Iets anders.").code == "StUF016"
    # What was refused did not move the clock.
    refused = add(guarded, "V-3", first + 9 * LATER, toelichting="")
    assert refused.status == 500
    assert add(guarded, "V-4", first + 3 * LATER).status == 200


def test_all_that_is_wrong_is_told_and_stuf019_goes_first(guarded: Town) -> None:
    first = now()
    assert add(guarded, "V-1", first).status == 200
    reply = add(guarded, "V-2", first, zaak="0518ZAAK0000099")
    assert (reply.code, rules_of(reply)) == ("StUF019", ["StUF019", "KC-01"])


def test_digits_that_are_cut_off_count_as_zero(guarded: Town) -> None:
    day = now() - timedelta(days=3)
    assert add(guarded, "V-1", f"{day:%Y%m%d}1015").status == 200
    assert add(guarded, "V-2", f"{day:%Y%m%d}101500000").code == "StUF019"
    assert add(guarded, "V-2", f"{day:%Y%m%d}1015000").code == "StUF019"
    assert add(guarded, "V-2", f"{day:%Y%m%d}10150001").status == 200


def test_each_system_has_a_clock_of_its_own(guarded: Town) -> None:
    first = now()
    assert add(guarded, "V-1", first).status == 200
    other = message("V-2", first)
    for zender in other.iter(qname(STUF0301, "zender")):
        etree.SubElement(zender, qname(STUF0301, "administratie")).text = "TEST"
    assert guarded.send(other).status == 200


def test_a_zender_that_is_not_guarded_has_none(town: Town) -> None:
    town.zaak()
    first = now()
    assert [add(town, f"W-{n}", moment).status for n, moment in enumerate((first, first, first - LATER))] == [
        200
    ] * 3
    far = now() + timedelta(days=400)
    assert add(town, "W-4", far).status == 200
    assert add(town, "W-5", "9999999999999").code == "StUF055", "which is no moment, guarded or not"


def test_zaken_and_klantcontacten_of_one_system_share_its_clock(guarded: Town) -> None:
    later = now() + timedelta(hours=1)
    klc = zkn0320.klc_lk01(klantcontact(), header=replace(header(), tijdstip_bericht=stuf0302(later)))
    assert guarded.send(klc, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    zaak = cast.zaak("0518ZAAK0000009", referentienummer="Z-1", now=later)
    assert guarded.send(zaak, user="zaaksysteem", port=ASYNCHRONOUS).code == "StUF019"
    at(zaak, later + LATER)
    assert guarded.send(zaak, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    klc = zkn0320.klc_lk01(klantcontact(), header=replace(header(), tijdstip_bericht=stuf0302(later + LATER)))
    assert guarded.send(klc, user="zaaksysteem", port=ASYNCHRONOUS).code == "StUF019"


def test_in_the_hour_that_comes_twice_digits_must_rise_and_moments_with_a_zone_do(guarded: Town) -> None:
    # 2026-10-25: 02:59:59.999 summer time is followed by 02:00 winter time.
    assert add(guarded, "V-1", "20261025025959999").status == 200
    assert add(guarded, "V-2", "20261025020000000").code == "StUF019"
    assert add(guarded, "V-2", "20261025030000000").status == 200
    for number, moment in enumerate((SUMMER, SUMMER + timedelta(minutes=1))):
        stamped = replace(
            header(), zender=MAGAZIJN, referentienummer=f"K-{number}", tijdstip_bericht=stuf0302(moment)
        )
        contact = klantcontact(identificatie=f"ZS2026000000{number}")
        reply = guarded.send(zkn0320.klc_lk01(contact, header=stamped), user="zaakmagazijn", port=ASYNCHRONOUS)
        assert reply.status == 200, reply.raw


@pytest.mark.parametrize(
    ("moment", "code"), [("9999999999999", "StUF055"), ("20991231", "StUF058"), ("20260231", "StUF055")]
)
def test_a_clock_that_nothing_could_come_after_is_refused(guarded: Town, moment: str, code: str) -> None:
    reply = add(guarded, "V-1", moment)
    assert (reply.code, rules_of(reply)) == (code, ["StUF-TIJDSTIPBERICHT"])
    assert add(guarded, "V-1", now()).status == 200


def test_of_many_at_the_same_moment_only_rising_ones_are_accepted(guarded: Town) -> None:
    first = now()
    moments = [first + n * LATER for n in (3, 1, 3, 2, 4, 4)]
    with ThreadPoolExecutor(len(moments)) as pool:
        replies = list(pool.map(lambda pair: add(guarded, f"P-{pair[0]}", pair[1]), enumerate(moments)))
    assert {reply.code for reply in replies} <= {"", "StUF019"}
    with guarded.gateway.database.engine.connect() as connection:
        accepted = [
            bytes(row[0])
            for row in connection.exec_driver_sql(
                "SELECT raw FROM bericht WHERE referentienummer LIKE 'P-%%' AND verdict = 'accepted' ORDER BY id"
            )
        ]
    digits = [next(etree.fromstring(raw).iter(qname(STUF0301, "tijdstipBericht"))).text or "" for raw in accepted]
    assert len(digits) == len(set(digits)) == sum(reply.status == 200 for reply in replies) > 0
    assert digits[-1] == max(digits) == stuf0301(moments[4])


def test_the_same_message_twice_at_the_same_moment_gets_one_answer(guarded: Town) -> None:
    first = now()
    klc = zkn0320.klc_lk01(klantcontact(), header=replace(header(), tijdstip_bericht=stuf0302(first + LATER)))
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: guarded.send(klc, user="zaaksysteem", port=ASYNCHRONOUS), range(4)))
        contacts = list(pool.map(lambda _: add(guarded, "V-1", first), range(4)))
    assert {reply.status for reply in again} == {200}
    assert len({reply.raw for reply in again}) == 1
    assert len({reply.raw for reply in contacts}) == 1
