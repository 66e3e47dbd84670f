"""A zender that is not strict is forgiven what leaves no doubt, and told so; a strict one is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from journeys.test_klc_in import header, klantcontact
from journeys.town import ASYNCHRONOUS, Town, now, rules_of, running
from stuf_klantcontact import journal
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import KC, XSI, qname
from stuf_klantcontact.testing import cast


@pytest.fixture
def mild(database_url: str, password_hash: str, tmp_path: Path) -> Iterator[Town]:
    zenders = {"MIJNZAKEN": {"strikt": False}, "ZAAKSYSTEEM": {"strikt": False}}
    with running(database_url, password_hash, tmp_path, zender=zenders) as found:
        found.zaak()
        yield found


def sloppy(number: str, **rest: Any) -> etree._Element:
    """A contact with an upper case Type, an empty element and a nil one."""
    message = cast.contact(referentienummer=number, now=now(), type="Call", **rest)
    etree.SubElement(message, qname(KC, "onderwerp"))
    etree.SubElement(message, qname(KC, "uitkomst")).set(qname(XSI, "nil"), "true")
    return message


def test_it_is_told_what_was_forgiven_and_the_message_is_kept_as_it_came(mild: Town) -> None:
    reply = mild.send(sloppy("M-1"))
    assert reply.status == 200, reply.raw
    assert reply.body is not None
    meldingen = [e.text or "" for e in reply.body.iter(qname(KC, "melding"))]
    assert [melding.split()[0] for melding in meldingen[-3:]] == ["MILD-CASE", "MILD-EMPTY", "MILD-NIL"]
    assert mild.record(reply).type == "call"
    with mild.gateway.database.session() as session:
        (kept,) = journal.find(session, "M-1")
        counted = {(f.partner, f.rule): f.times for f in journal.forgiven(session)}
    assert b"Call" in kept.raw
    assert kept.rules == "MILD-CASE MILD-EMPTY MILD-NIL"
    assert counted == {("MIJNZAKEN", rule): 1 for rule in kept.rules.split()}
    again = mild.send(sloppy("M-2"))
    assert again.status == 200
    with mild.gateway.database.session() as session:
        assert {f.times for f in journal.forgiven(session)} == {2}


def test_a_message_with_something_else_is_refused_with_all_of_it(mild: Town) -> None:
    message = sloppy("M-1", onderwerp="x" * 81)
    refused = mild.send(message)
    assert refused.code == "StUF055"
    assert {"XSD-ENUM", "XSD-LENGTH", "XSD-NIL"} <= set(rules_of(refused))
    by_rule = mild.send(sloppy("M-2", zaak="0518ZAAK0000099"))
    assert by_rule.code == "StUF064"
    assert rules_of(by_rule) == ["KC-01", "MILD-CASE", "MILD-EMPTY", "MILD-NIL"]


def test_a_strict_zender_is_forgiven_nothing(town: Town) -> None:
    town.zaak()
    assert town.send(sloppy("M-1")).code == "StUF055"


def test_a_kennisgeving_is_mended_too_and_bv02_has_room_for_a_melding(mild: Town) -> None:
    klc = zkn0320.klc_lk01(klantcontact(), header=header(code="Lk02"))
    moment = next(klc.iter("{*}tijdstipBericht"))
    moment.text = "20261122101500000"
    reply = mild.send(klc, user="zaaksysteem", port="/soap/VerwerkSynchroneKennisgeving")
    assert (reply.status, reply.name) == (200, "Bv02Bericht"), reply.raw
    assert reply.text("melding").startswith("MILD-MOMENT StUF:tijdstipBericht")
    klc = zkn0320.klc_lk01(klantcontact(identificatie="ZS20260000002"), header=header())
    next(klc.iter("{*}tijdstipBericht")).text = "20261122101500000"
    assert mild.send(klc, user="zaaksysteem", port=ASYNCHRONOUS).name == "Bv03Bericht"


def test_a_repeated_message_is_the_same_before_it_is_mended(mild: Town) -> None:
    message = sloppy("M-1")
    first = mild.send(message)
    assert mild.send(message).raw == first.raw
    next(message.iter("{*}Type")).text = "CALL"
    assert mild.send(message).code == "StUF016"
