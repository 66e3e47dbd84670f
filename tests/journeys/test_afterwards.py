"""A zender that wants functional answers afterwards: Bv03 now, and Du01, Bv01 or Fo01 at its own endpoint."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from journeys.test_klc_in import header, klantcontact
from journeys.town import ASYNCHRONOUS, Town, now, rules_of, running
from stuf_klantcontact import contract, outbox
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import KC, STUF0301, STUF0302, qname, split
from stuf_klantcontact.stuurgegevens import Systeem
from stuf_klantcontact.testing import FakeZaakmagazijn, Reply, cast
from stuf_klantcontact.testing.zaakmagazijn import Received


@dataclass
class Pair:
    """The municipality, and the system whose endpoint gets the answers."""

    town: Town
    sender: FakeZaakmagazijn

    def add(self, number: str, **rest: object) -> Reply:
        message = cast.contact(referentienummer=number, now=now(), synchronous=False, **rest)
        return self.town.send(message, port=ASYNCHRONOUS)

    def told(self) -> list[Received]:
        """What its endpoint was told, in order."""
        self.town.deliver()
        return self.sender.kept

    def items(self) -> list[outbox.Item]:
        with self.town.gateway.database.session() as session:
            return outbox.listing(session, abonnee="zender:MIJNZAKEN")


@pytest.fixture
def pair(database_url: str, password_hash: str, tmp_path: Path) -> Iterator[Pair]:
    with FakeZaakmagazijn(contract=contract.load(), user="gw", password="geheim") as sender:
        fo01 = {
            "functionele_fouten": "fo01",
            "endpoint": sender.url,
            "endpoint_gebruiker": "gw",
            "endpoint_wachtwoord": "geheim",
        }
        zenders = {"MIJNZAKEN": fo01, "ZAAKSYSTEEM": fo01}
        with running(database_url, password_hash, tmp_path, zender=zenders) as town:
            town.zaak()
            assert sender.kept == []
            town.deliver()
            assert [request.name for request in sender.kept] == ["Bv01Bericht"]
            sender.received.clear()
            yield Pair(town, sender)


def test_a_contact_that_the_rules_refuse_gets_bv03_and_then_fo01(pair: Pair) -> None:
    reply = pair.add("F-1", zaak="0518ZAAK0000099", toelichting=" ")
    assert (reply.status, reply.name) == (200, "Bv03Bericht")
    (fo01,) = pair.told()
    assert fo01.name == "Fo01Bericht"
    assert fo01.text("stuurgegevens/crossRefnummer") == "F-1"
    assert fo01.text("stuurgegevens/ontvanger/applicatie") == "MIJNZAKEN"
    assert fo01.text("stuurgegevens/zender/applicatie") == "KLANTCONTACT"
    assert (fo01.text("body/code"), fo01.text("body/plek")) == ("StUF058", "server")
    assert fo01.message is not None
    assert {e.text for e in fo01.message.iter(qname(KC, "rule"))} == {"KC-01", "KC-05"}
    assert fo01.headers["soapaction"] == f'"{STUF0301}/Fo01"'
    with pair.town.gateway.database.engine.connect() as connection:
        journalled = connection.execute(
            text("SELECT verdict, code, rules FROM bericht WHERE referentienummer = 'F-1'")
        ).one()
    assert tuple(journalled) == ("accepted", "StUF058", "KC-05 KC-01")
    assert [item.state for item in pair.items()] == ["delivered"]


def test_a_contact_that_the_schema_refuses_gets_bv03_and_then_fo01(pair: Pair) -> None:
    assert pair.add("F-1", type="telepathie").name == "Bv03Bericht"
    (fo01,) = pair.told()
    assert fo01.text("body/code") == "StUF055"


def test_a_repeated_message_gets_the_same_bv03_and_no_second_fo01(pair: Pair) -> None:
    message = cast.contact(referentienummer="F-1", now=now(), synchronous=False, toelichting=" ")
    first = pair.town.send(message, port=ASYNCHRONOUS)
    assert pair.town.send(message, port=ASYNCHRONOUS).raw == first.raw
    assert len(pair.told()) == 1
    changed = cast.contact(referentienummer="F-1", now=now(), synchronous=False)
    refused = pair.town.send(changed, port=ASYNCHRONOUS)
    assert (refused.code, refused.name) == ("StUF016", "Fo03Bericht")
    assert len(pair.told()) == 1


def test_what_was_processed_is_told_too(pair: Pair) -> None:
    assert pair.add("F-1").name == "Bv03Bericht"
    (du01,) = pair.told()
    number = du01.text("klantcontactidentificatie")
    assert (du01.name, du01.text("effect")) == ("voegKlantcontactToe_Du01", "uitgewisseld")
    assert du01.text("stuurgegevens/functie") == "voegKlantcontactToe"
    assert pair.add("F-2", wijzigt=number, toelichting="Beter verwoord.").name == "Bv03Bericht"
    gone = cast.withdrawal(number, referentienummer="F-3", now=now(), synchronous=False)
    assert pair.town.send(gone, port=ASYNCHRONOUS).name == "Bv03Bericht"
    told = pair.told()
    assert [request.name for request in told[1:]] == ["wijzigKlantcontact_Du01", "verwijderKlantcontact_Du01"]
    assert [request.text("stuurgegevens/crossRefnummer") for request in told] == ["F-1", "F-2", "F-3"]
    moments = [request.text("stuurgegevens/tijdstipBericht") for request in told]
    assert moments == sorted(set(moments))


def test_kennisgevingen_get_bv01_or_fo01_in_their_own_version_of_stuf(pair: Pair) -> None:
    for contact in (klantcontact(), klantcontact(toelichting=" ")):
        klc = zkn0320.klc_lk01(contact, header=replace(header(), referentienummer=f"K-{contact.toelichting[:1]}"))
        assert pair.town.send(klc, user="zaaksysteem", port=ASYNCHRONOUS).name == "Bv03Bericht"
    zaak = cast.zaak("0518ZAAK0000009", referentienummer="Z-1", now=now(), startdatum="29990101")
    assert pair.town.send(zaak, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    told = pair.told()
    names = [(r.name, split(r.message.tag)[0]) for r in told if r.message is not None]
    assert names[:2] == [("Bv01Bericht", STUF0302), ("Fo01Bericht", STUF0302)]
    assert names[2][1] == STUF0301


def test_synchronous_messages_are_answered_at_once(pair: Pair) -> None:
    reply = pair.town.contact(toelichting=" ")
    assert (reply.name, rules_of(reply)) == ("Fo02Bericht", ["KC-05"])
    assert pair.town.contact().status == 200
    assert pair.told() == []


@pytest.mark.parametrize(
    ("local", "value", "code"),
    [
        ("ontvanger", "", "StUF010"),
        ("zender", "", "StUF013"),
        ("referentienummer", "", "StUF055"),
        ("referentienummer", "x" * 41, "StUF055"),
    ],
)
def test_wrong_stuurgegevens_are_refused_at_the_door(pair: Pair, local: str, value: str, code: str) -> None:
    message = cast.contact(referentienummer="F-1", now=now(), synchronous=False)
    element = next(message.iter(qname(STUF0301, local)))
    if len(element):
        element = next(element.iter(qname(STUF0301, "applicatie")))
        value = "NIEMAND"
    element.text = value
    reply = pair.town.send(message, port=ASYNCHRONOUS)
    assert (reply.status, reply.code, reply.name) == (500, code, "Fo03Bericht")
    assert pair.told() == []


def test_who_speaks_in_the_name_of_another_is_refused_at_the_door(pair: Pair) -> None:
    message = cast.contact(
        referentienummer="F-1", now=now(), synchronous=False, zender=Systeem(cast.ORGANISATIE, "PORTAAL")
    )
    reply = pair.town.send(message, port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == (500, "StUF052")
    assert pair.told() == []


def test_an_answer_is_offered_until_it_is_taken_and_stays_the_same(pair: Pair) -> None:
    pair.sender.next("status:503", "lost-answer")
    pair.add("F-1", toelichting=" ")
    for _ in range(3):
        pair.town.deliver()
        with pair.town.gateway.database.connection() as connection:
            outbox.retry(connection, items=[pair.items()[0].id], door="test")
    attempts = [request.raw for request in pair.sender.received]
    assert len(attempts) >= 3
    assert len(set(attempts)) == 1
    assert len(pair.told()) == 1


def test_an_answer_that_is_refused_is_held_for_a_person(pair: Pair) -> None:
    pair.sender.next("fo03:StUF043")
    pair.add("F-1", toelichting=" ")
    pair.town.deliver()
    assert [(item.state, item.code) for item in pair.items()] == [("held", "StUF043")]


def test_other_zenders_are_refused_as_ever(town: Town) -> None:
    town.zaak()
    message = cast.contact(referentienummer="F-1", now=now(), synchronous=False, toelichting=" ")
    reply = town.send(message, port=ASYNCHRONOUS)
    assert (reply.status, reply.name) == (500, "Fo03Bericht")
