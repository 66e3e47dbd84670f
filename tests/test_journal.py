"""The journal: every message once, as it was, and found again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from stuf_klantcontact import journal
from stuf_klantcontact.journal import Bericht
from stuf_klantcontact.store import Database

SOON = datetime.now(UTC) + timedelta(days=1)


def incoming(database: Database, referentienummer: str, **changed: Any) -> None:
    values: dict[str, Any] = {
        "partner": "MIJNZAKEN",
        "systeem": "0518|MIJNZAKEN|",
        "referentienummer": referentienummer,
        "raw": b"<a\x00\xff/>",
        "hash": b"h" * 32,
        "antwoord": b"<b/>",
    }
    with database.session() as session:
        journal.record_incoming(session, **{**values, **changed})


def outgoing(database: Database, referentienummer: str, *, verdict: journal.Verdict = "delivered") -> None:
    with database.session() as session:
        journal.record_outgoing(
            session,
            partner="ZAAKMAGAZIJN",
            referentienummer=referentienummer,
            berichtcode="Lk01",
            operatie="klcLk01",
            raw=b"<klcLk01/>",
            antwoord=None,
            verdict=verdict,
            code="",
        )


def found(database: Database, reference: str) -> list[Bericht]:
    with database.session() as session:
        return journal.find(session, reference)


def test_bytes_are_kept_as_they_were(database: Database) -> None:
    incoming(database, "r-1")
    (bericht,) = found(database, "r-1")
    assert (bericht.raw, bericht.antwoord, bericht.hash) == (b"<a\x00\xff/>", b"<b/>", b"h" * 32)
    assert (bericht.richting, bericht.verdict, bericht.partner) == ("in", "accepted", "MIJNZAKEN")
    assert abs(bericht.moment - datetime.now(UTC)) < timedelta(hours=1)


def test_of_a_system_a_number_is_accepted_once(database: Database) -> None:
    incoming(database, "r-1")
    with pytest.raises(IntegrityError):
        incoming(database, "r-1", raw=b"other")
    incoming(database, "r-1", systeem="0518|MIJNZAKEN|test")
    assert len(found(database, "r-1")) == 2


def test_every_attempt_to_send_is_kept(database: Database) -> None:
    for verdict in ("deferred", "deferred", "delivered"):
        outgoing(database, "ons-1", verdict=verdict)
    assert [bericht.verdict for bericht in found(database, "ons-1")] == ["deferred", "deferred", "delivered"]
    assert {bericht.richting for bericht in found(database, "ons-1")} == {"uit"}


def test_a_message_is_found_by_its_number_or_that_of_the_journal(database: Database) -> None:
    incoming(database, "r-1")
    incoming(database, "7")
    first, second = found(database, "r-1")[0].id, found(database, "7")[0].id
    assert [bericht.referentienummer for bericht in found(database, str(first))] == ["r-1"]
    assert [bericht.id for bericht in found(database, str(second))] == [second]


@pytest.mark.parametrize("reference", ["", "r-2", "9" * 40, "-1", "²", "٣", "%", "r_1", "x" * 5000])
def test_what_is_not_there_is_not_found(reference: str, database: Database) -> None:
    incoming(database, "r-1")
    assert found(database, reference) == []


def test_the_newest_messages_come_first_and_without_their_bytes(database: Database) -> None:
    for number in range(5):
        incoming(database, f"r-{number}")
    with database.session() as session:
        recent = journal.recent(session, limit=3)
        assert [bericht.referentienummer for bericht in recent] == ["r-4", "r-3", "r-2"]
        assert "raw" not in recent[0].__dict__
        assert journal.recent(session, since=SOON) == []
        assert len(journal.recent(session, since=SOON - timedelta(days=2))) == 5


def test_no_bytes_are_shown_when_a_message_is_printed() -> None:
    bericht = Bericht(richting="in", partner="MIJNZAKEN", raw=b"geheim", verdict="accepted", antwoord=b"geheim")
    assert "geheim" not in repr(bericht)


def test_a_message_that_was_not_accepted_before_has_no_previous() -> None:
    assert journal.previous({"vorig_hash": None, "vorig_antwoord": None}) is None
    assert journal.previous({"vorig_hash": b"h", "vorig_antwoord": b"a"}) == journal.Previous(b"h", b"a")
