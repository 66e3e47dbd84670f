"""Corrections and withdrawals: the dossier and every zaakmagazijn follow, in order."""

import threading
import time
from pathlib import Path

import psycopg
from lxml import etree
from sqlalchemy import text

from contract.official import klc_schema
from journeys.test_afterwards import Pair, pair
from journeys.test_klc_in import klantcontact, tell
from journeys.town import ASYNCHRONOUS, Town, now, running
from stuf_klantcontact import rgbz
from stuf_klantcontact.names import KC, qname
from stuf_klantcontact.testing import cast
from stuf_klantcontact.testing.zaakmagazijn import Received

__all__ = ["pair"]
OTHER = "0518ZAAK0000009"


def mutatie(received: Received) -> tuple[str, str, int]:
    """Which message, its mutatiesoort, and how many objects it has; it must be as the official set wants it."""
    assert received.message is not None
    schema = klc_schema()
    assert schema.validate(received.message), schema.error_log
    objects = received.message.findall("{*}object")
    return received.name, received.text("parameters/mutatiesoort"), len(objects)


def test_a_correction_replaces_the_contact_and_the_zaakmagazijn_hears_was_and_wordt(town: Town) -> None:
    town.zaak()
    number = town.contact(toelichting="Zij belde over de verkeerde vergunning.").text("klantcontactidentificatie")
    corrected = town.contact(wijzigt=number, toelichting="Zij belde over haar vergunning.", uitkomst="Gebeld.")
    assert corrected.name == "wijzigKlantcontact_Du02"
    assert corrected.text("klantcontactidentificatie") == number
    record = town.record(corrected)
    assert (record.toelichting, record.uitkomst, record.versie) == ("Zij belde over haar vergunning.", "Gebeld.", 2)
    town.deliver()
    new, correction = town.zaakmagazijn.kept
    assert mutatie(new) == ("klcLk01", "T", 1)
    assert new.text("object/toelichting") == "Zij belde over de verkeerde vergunning."
    assert mutatie(correction) == ("klcLk01", "C", 2)
    assert correction.message is not None
    was, wordt = correction.message.findall("{*}object")
    assert was.findtext("{*}toelichting") == "Zij belde over de verkeerde vergunning."
    assert wordt.findtext("{*}toelichting") == "Zij belde over haar vergunning."
    assert was.findtext("{*}identificatie") == wordt.findtext("{*}identificatie") == number


def test_a_withdrawn_contact_leaves_the_dossier_and_cannot_be_changed(town: Town) -> None:
    town.zaak()
    number = town.contact(pdf=cast.PDF).text("klantcontactidentificatie")
    withdrawn = town.withdraw(number)
    assert withdrawn.name == "verwijderKlantcontact_Du02"
    assert town.record(withdrawn).ingetrokken
    town.deliver()
    assert [mutatie(m)[:2] for m in town.zaakmagazijn.kept] == [
        ("iobLk01", "T"),
        ("klcLk01", "T"),
        ("klcLk01", "V"),
        ("iobLk01", "V"),
    ]
    assert town.zaakmagazijn.kept[2].text("object/identificatie") == number
    for again in (town.withdraw(number), town.contact(wijzigt=number)):
        assert (again.status, again.code) == (500, "StUF064")


def test_what_is_not_there_cannot_be_corrected(town: Town) -> None:
    town.zaak()
    refused = town.contact(wijzigt="KC202600009999")
    assert (refused.status, refused.code) == (500, "StUF064")
    assert town.withdraw("KC202600009999").code == "StUF064"


def test_a_correction_obeys_the_rules_that_the_contact_had_to(town: Town) -> None:
    town.zaak()
    number = town.contact().text("klantcontactidentificatie")
    refused = town.contact(wijzigt=number, toelichting=None, opvoerder=cast.KBAKKER)
    assert (refused.status, refused.code) == (500, "StUF052")
    with town.gateway.database.session() as session:
        assert rgbz.load_klantcontact(session, number, rsin=cast.RSIN).versie == 1


def test_a_contact_that_was_exchanged_stays_with_its_zaak(town: Town) -> None:
    other = "0518ZAAK0000009"
    town.zaak()
    town.zaak(other)
    number = town.contact().text("klantcontactidentificatie")
    refused = town.contact(wijzigt=number, zaak=other)
    assert (refused.status, refused.code) == (500, "StUF058")


def test_not_by_way_of_a_version_that_is_not_exchanged_either(town: Town) -> None:
    town.zaak()
    town.zaak(OTHER)
    number = town.contact().text("klantcontactidentificatie")
    assert town.contact(wijzigt=number, partij="anoniem").text("effect") == "bewaard"
    refused = town.contact(wijzigt=number, zaak=OTHER)
    assert (refused.status, refused.code) == (500, "StUF058")


def test_a_contact_that_was_never_exchanged_may_move_and_knows_where_it_was(town: Town) -> None:
    town.zaak()
    town.zaak(OTHER)
    number = town.contact(partij="anoniem").text("klantcontactidentificatie")
    assert town.contact(wijzigt=number, zaak=OTHER).text("effect") == "uitgewisseld"
    with town.gateway.database.session() as session:
        before = rgbz.load_klantcontact(session, number, rsin=cast.RSIN, versie=1)
    assert before.zaak is not None
    assert before.zaak.identificatie == cast.RUNNING
    assert {b.rol for b in before.zaak.betrokkenen} == {"Initiator", "Uitvoerende"}


def test_a_withdrawal_that_names_another_zaak_withdraws_nothing(town: Town) -> None:
    town.zaak()
    town.zaak(OTHER)
    number = town.contact().text("klantcontactidentificatie")
    for zaak, code in ((OTHER, "StUF058"), ("0518ZAAK0000404", "StUF058"), (cast.RUNNING, "")):
        message = cast.withdrawal(number, referentienummer=f"MZ-weg-{zaak}", now=now())
        element = etree.Element(qname(KC, "zaakidentificatie"))
        element.text = zaak
        message.insert(2, element)
        reply = town.send(message)
        assert reply.code == code, reply.raw
    assert town.record(reply).ingetrokken


def test_a_number_that_another_system_used_is_passed_over(town: Town) -> None:
    town.zaak()
    taken = town.contact().text("klantcontactidentificatie")
    later = [f"{taken[:6]}{int(taken[6:]) + step:08d}" for step in (1, 2, 3)]
    for number in later[:2]:
        assert tell(town, klantcontact(identificatie=number)).status == 200
    assert town.contact().text("klantcontactidentificatie") == later[2]


def test_who_was_told_of_a_contact_hears_its_end_whatever_became_of_the_zaaktype(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    abonnee = {"zaaktypen": [cast.ZAAKTYPE]}
    with running(database_url, password_hash, tmp_path, abonnee=abonnee) as town:
        town.zaak()
        first, second = (town.contact(pdf=cast.PDF).text("klantcontactidentificatie") for _ in range(2))
        with town.gateway.database.engine.begin() as connection:
            connection.execute(text("UPDATE zaak SET zaaktype = 'B7777', versie = versie + 1"))
        assert town.withdraw(first).status == 200
        with town.gateway.database.engine.begin() as connection:
            connection.execute(text("UPDATE zaak SET zaaktype = 'B1026', versie = versie + 1"))
        assert town.contact(wijzigt=second, pdf=cast.PDF, toelichting="Anders.").status == 200
        town.deliver()
        assert [mutatie(m)[:2] for m in town.zaakmagazijn.kept] == [
            ("iobLk01", "T"),
            ("klcLk01", "T"),
            ("iobLk01", "T"),
            ("klcLk01", "T"),
            ("klcLk01", "V"),
            ("iobLk01", "V"),
            ("klcLk01", "C"),
        ]


def test_who_was_never_told_of_a_contact_hears_a_correction_as_new(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    abonnee = {"zaaktypen": ["B7777"]}
    with running(database_url, password_hash, tmp_path, abonnee=abonnee) as town:
        town.zaak()
        number = town.contact(pdf=cast.PDF).text("klantcontactidentificatie")
        told = town.gateway.settings.abonnee["ZAAKMAGAZIJN"]
        object.__setattr__(told, "zaaktypen", ("*",))
        assert town.contact(wijzigt=number, pdf=cast.PDF, toelichting="Anders.").status == 200
        town.deliver()
        assert [mutatie(m)[:2] for m in town.zaakmagazijn.kept] == [("iobLk01", "T"), ("klcLk01", "T")]


def test_a_message_that_loses_a_deadlock_is_taken_all_the_same(pair: Pair) -> None:
    town = pair.town
    number = pair.town.contact().text("klantcontactidentificatie")
    replies = []

    def correct() -> None:
        message = cast.contact(wijzigt=number, synchronous=False, referentienummer="F-9", now=now())
        replies.append(town.send(message, port=ASYNCHRONOUS))

    with town.gateway.database.connection() as other, town.gateway.database.connection() as looking:
        # The other one is not the victim: it looks for a deadlock only after a minute.
        other.execute("SET deadlock_timeout = '60s'")
        with other.transaction():
            other.execute("SELECT FROM outbox_stream WHERE abonnee = 'ZAAKMAGAZIJN' FOR UPDATE")
            taking = threading.Thread(target=correct)
            taking.start()
            until_somebody_waits(looking)
            other.execute("SELECT FROM klantcontact WHERE identificatie = %s FOR UPDATE", [number])
        other.execute("RESET deadlock_timeout")
        taking.join(20)
    assert [(reply.status, reply.name) for reply in replies] == [(200, "Bv03Bericht")]
    with town.gateway.database.session() as session:
        assert rgbz.load_klantcontact(session, number, rsin=cast.RSIN).versie == 2


def until_somebody_waits(connection: psycopg.Connection) -> None:
    """Wait until a statement waits for a lock."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        row = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
        if row and row[0]:
            return
        time.sleep(0.01)
    raise TimeoutError("nobody waits")


def test_documents_follow_a_correction(town: Town) -> None:
    town.zaak()
    number = town.contact(pdf=cast.PDF).text("klantcontactidentificatie")
    assert town.contact(wijzigt=number, pdf=cast.PDF + b"%meer").status == 200
    assert town.contact(wijzigt=number).status == 200
    town.deliver()
    assert [mutatie(m)[:2] for m in town.zaakmagazijn.kept] == [
        ("iobLk01", "T"),
        ("klcLk01", "T"),
        ("iobLk01", "C"),
        ("klcLk01", "C"),
        ("klcLk01", "C"),
        ("iobLk01", "V"),
    ]


def test_a_contact_that_becomes_anonymous_is_taken_back_from_the_zaakmagazijn(town: Town) -> None:
    town.zaak()
    number = town.contact().text("klantcontactidentificatie")
    kept = town.contact(wijzigt=number, partij="anoniem")
    assert kept.text("effect") == "bewaard"
    again = town.contact(wijzigt=number)
    assert again.text("effect") == "uitgewisseld"
    town.deliver()
    assert [mutatie(m)[1] for m in town.zaakmagazijn.kept] == ["T", "V", "T"]


def test_a_change_without_an_answer_to_wait_for_gets_bv03(town: Town) -> None:
    town.zaak()
    number = town.contact().text("klantcontactidentificatie")
    message = cast.contact(wijzigt=number, synchronous=False, referentienummer="MZ-later", now=now())
    reply, again = (town.send(message, port=ASYNCHRONOUS) for _ in range(2))
    assert (reply.status, reply.name) == (200, "Bv03Bericht")
    assert reply.raw == again.raw
    with town.gateway.database.session() as session:
        assert rgbz.load_klantcontact(session, number, rsin=cast.RSIN).versie == 2
