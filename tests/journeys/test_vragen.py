"""Questions about klantcontacten, requests to send one again, and what receivers tell later."""

import threading
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import pytest
from lxml import etree

from contract.official import klc_schema
from journeys.town import ASYNCHRONOUS, Town, now, running
from standin import until
from stuf_klantcontact import berichten, journal, outbox
from stuf_klantcontact.contract import load_zaakdocumenten
from stuf_klantcontact.intake import vraag as questions
from stuf_klantcontact.names import KLC, STUF0301, STUF0302, XSI, ZKN0320, qname
from stuf_klantcontact.stuurgegevens import Header, Systeem, write
from stuf_klantcontact.testing import Reply, cast
from stuf_klantcontact.tijdstip import stuf0302

VRAAG, SYNCHRONISATIE = "/soap/BeantwoordVraag", "/soap/VerstrekSynchronisatieBericht"
TRIGGER = "/soap/VerwerkTriggerbericht"
MAGAZIJN = Systeem(organisatie=cast.ORGANISATIE, applicatie="ZAAKMAGAZIJN")
_numbers = count(1)


def header(code: str, *, entiteittype: str = "KLC", cross: str = "") -> Header:
    return Header(
        berichtcode=code,
        zender=MAGAZIJN,
        ontvanger=cast.GATEWAY,
        referentienummer=f"ZM-{next(_numbers)}",
        tijdstip_bericht=stuf0302(now()),
        cross_refnummer=cross,
        entiteittype=entiteittype,
    )


def vraag(
    name: str = "klcLv01",
    *,
    gelijk: str = "",
    vanaf: str = "",
    tot: str = "",
    start: str = "",
    maximum: int = 15,
    sortering: int = 0,
    aantal: bool = False,
) -> etree._Element:
    """A question; the parts are XML with prefixes zkn and StUF."""
    kind = name[:3].upper()
    parts = "".join(
        f'<klc:{local} zkn:entiteittype="{kind}">{xml}</klc:{local}>'
        for local, xml in (("gelijk", gelijk), ("vanaf", vanaf), ("totEnMet", tot))
        if xml
    )
    follow = f'<klc:start><klc:object zkn:entiteittype="{kind}">{start}</klc:object></klc:start>' if start else ""
    root = etree.fromstring(
        f'<klc:{name} xmlns:klc="{KLC}" xmlns:StUF="{STUF0302}" xmlns:zkn="{ZKN0320}">'
        f"<klc:parameters><StUF:sortering>{sortering}</StUF:sortering>"
        f"<StUF:indicatorVervolgvraag>{'true' if start else 'false'}</StUF:indicatorVervolgvraag>"
        f"<StUF:maximumAantal>{maximum}</StUF:maximumAantal>"
        f"{'<StUF:indicatorAantal>true</StUF:indicatorAantal>' if aantal else ''}</klc:parameters>"
        f"{parts}{follow}</klc:{name}>"
    )
    root.insert(0, write(header("Lv01", entiteittype=kind), tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    return root


def ask(town: Town, message: etree._Element, *, port: str = VRAAG) -> Reply:
    return town.send(message, user="zaakmagazijn", port=port)


def found(reply: Reply) -> list[str]:
    """The numbers of the klantcontacten in an answer, which is as the official set wants it."""
    assert reply.status == 200, reply.raw
    assert reply.body is not None
    schema = klc_schema()
    assert schema.validate(reply.body), schema.error_log
    objects = reply.body.findall("{*}antwoord/{*}object")
    return [o.findtext("{*}identificatie") or o.findtext("{*}zaakidentificatie") or "" for o in objects]


@pytest.fixture
def numbers(town: Town) -> list[str]:
    """Three contacts, the last about a zaak of its own."""
    town.zaak()
    town.zaak("0518ZAAK0000009")
    replies = [town.contact(), town.contact(partij="vestiging", type="face"), town.contact(zaak="0518ZAAK0000009")]
    assert town.contact(partij="anoniem").text("effect") == "bewaard"
    return [reply.text("klantcontactidentificatie") for reply in replies]


ZAAK = (
    '<zkn:heeftBetrekkingOp zkn:entiteittype="KLCZAK"><zkn:gerelateerde zkn:entiteittype="ZAK">'
    f"<zkn:zaakidentificatie>{cast.RUNNING}</zkn:zaakidentificatie>"
    "</zkn:gerelateerde></zkn:heeftBetrekkingOp>"
)


def test_contacts_are_found_by_zaak_kanaal_number_and_period(town: Town, numbers: list[str]) -> None:
    first, second, third = numbers
    assert found(ask(town, vraag())) == [first, second, third]
    assert found(ask(town, vraag(gelijk=ZAAK))) == [first, second]
    assert found(ask(town, vraag(gelijk="<zkn:kanaal>balie</zkn:kanaal>"))) == [second]
    assert found(ask(town, vraag(gelijk=f"<zkn:identificatie>{third}</zkn:identificatie>"))) == [third]
    later = "<zkn:datum-tijd><StUF:tijdstip>2099-01-01T00:00:00</StUF:tijdstip></zkn:datum-tijd>"
    assert found(ask(town, vraag(vanaf=later, tot="<zkn:datum-tijd/>"))) == []
    assert found(ask(town, vraag(vanaf="<zkn:datum-tijd/>", tot=later))) == numbers


def test_nothing_found_is_an_answer_without_antwoord(town: Town) -> None:
    reply = ask(town, vraag(gelijk="<zkn:identificatie>KC209900000001</zkn:identificatie>"))
    assert found(reply) == []
    assert reply.body is not None
    assert reply.body.find("{*}antwoord") is None
    assert reply.text("stuurgegevens/berichtcode") == "La01"


def test_a_long_answer_comes_in_pages(town: Town, numbers: list[str]) -> None:
    page = ask(town, vraag(maximum=2, aantal=True))
    assert found(page) == numbers[:2]
    assert page.text("parameters/indicatorVervolgvraag") == "true"
    assert page.text("parameters/aantalVoorkomens") == "3"
    rest = ask(town, vraag(maximum=2, start=f"<zkn:identificatie>{numbers[1]}</zkn:identificatie>"))
    assert found(rest) == numbers[2:]
    assert rest.text("parameters/indicatorVervolgvraag") == "false"


def test_a_zaak_is_answered_with_its_contacts(town: Town, numbers: list[str]) -> None:
    reply = ask(town, vraag("zakLv01", gelijk=f"<zkn:zaakidentificatie>{cast.RUNNING}</zkn:zaakidentificatie>"))
    assert found(reply) == [cast.RUNNING]
    assert reply.body is not None
    contacts = reply.body.findall(".//{*}heeftContact/{*}gerelateerde/{*}identificatie")
    assert [c.text for c in contacts] == numbers[:2]


KC1 = "<zkn:identificatie>KC202600000001</zkn:identificatie>"


def keyed(gelijk: str = "", **keys: str) -> etree._Element:
    """A question by these keys."""
    message = vraag(gelijk=gelijk or "<zkn:kanaal/>")
    selection = next(message.iter(qname(KLC, "gelijk")))
    if not gelijk:
        selection[:] = []
    for name, value in keys.items():
        selection.set(name, value)
    return message


def scoped(content: str, *, scope: str) -> etree._Element:
    """A question for a preset that also names elements."""
    message = vraag()
    xml = f'<o xmlns:zkn="{ZKN0320}">{content}</o>'
    asked = etree.SubElement(etree.SubElement(message, qname(KLC, "scope")), qname(KLC, "object"))
    asked.set(qname(ZKN0320, "entiteittype"), "KLC")
    asked.set("scope", scope)
    asked.extend(etree.fromstring(xml))
    return message


def without_start(message: etree._Element) -> etree._Element:
    """A follow-up that does not say where it begins."""
    message.remove(next(message.iter(qname(KLC, "start"))))
    return message


def new(message: etree._Element) -> etree._Element:
    """A question that has a start, and says that it is no follow-up."""
    next(message.iter("{*}indicatorVervolgvraag")).text = "false"
    return message


def with_key(message: etree._Element, **keys: str) -> etree._Element:
    """A follow-up that gives a key of its last object."""
    next(message.iter(qname(KLC, "start")))[0].attrib.update(keys)
    return message


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (lambda: vraag(sortering=9), "StUF133"),
        (lambda: vraag(gelijk="<zkn:kanaal>x</zkn:kanaal>", vanaf="<zkn:kanaal>a</zkn:kanaal>"), "StUF076"),
        (
            lambda: vraag(
                gelijk="<zkn:kanaal>x</zkn:kanaal>", vanaf="<zkn:kanaal>a</zkn:kanaal>", tot="<zkn:kanaal/>"
            ),
            "StUF079",
        ),
        (
            lambda: vraag(
                vanaf='<zkn:kanaal wildcard="eind">a</zkn:kanaal>', tot='<zkn:kanaal wildcard="eind">b</zkn:kanaal>'
            ),
            "StUF082",
        ),
        (lambda: keyed(sleutelOntvangend="KC1", sleutelGegevensbeheer="1"), "StUF088"),
        (lambda: keyed("<zkn:kanaal>telefoon</zkn:kanaal>", sleutelOntvangend="KC1"), "StUF091"),
        (lambda: keyed(sleutelVerzendend="eigen"), "StUF094"),
        (lambda: scoped("<zkn:identificatie/>", scope="alles"), "StUF097"),
        (lambda: without_start(vraag(start=KC1)), "StUF103"),
        (lambda: new(vraag(start=KC1)), "StUF058"),
        (lambda: with_key(vraag(start=KC1), sleutelVerzendend="KC202600000001"), "StUF094"),
        (lambda: vraag(vanaf="<zkn:kanaal>a</zkn:kanaal>", tot="<zkn:kanaal/>", start=KC1), "StUF106"),
    ],
)
def test_a_wrong_question_is_refused_by_the_code_of_the_standard(message: object, code: str, town: Town) -> None:
    assert callable(message)
    reply = ask(town, message())
    assert (reply.status, reply.code, reply.name) == (500, code, "Fo02Bericht")


def verzoek(name: str, identificatie: str) -> etree._Element:
    root = etree.fromstring(
        f'<klc:{name} xmlns:klc="{KLC}" xmlns:zkn="{ZKN0320}">'
        '<klc:object zkn:entiteittype="KLC" verwerkingssoort="I">'
        f"<zkn:identificatie>{identificatie}</zkn:identificatie>"
        f"<zkn:verantwoordelijkeOrganisatie>{cast.RSIN}</zkn:verantwoordelijkeOrganisatie></klc:object></klc:{name}>"
    )
    root.insert(0, write(header(name[3:]), tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    return root


def test_a_contact_is_sent_again_when_asked(town: Town, numbers: list[str]) -> None:
    reply = ask(town, verzoek("klcSa04", numbers[0]), port=SYNCHRONISATIE)
    assert (reply.status, reply.name) == (200, "klcSa02"), reply.raw
    assert reply.text("actueel/object/identificatie") == numbers[0]
    assert klc_schema().validate(reply.body)
    assert ask(town, verzoek("klcSa03", numbers[0]), port=ASYNCHRONOUS).name == "Bv03Bericht"
    town.deliver()
    last = town.zaakmagazijn.kept[-1]
    assert (last.name, last.text("actueel/object/identificatie")) == ("klcSa01", numbers[0])
    unknown = ask(town, verzoek("klcSa04", "KC209900000001"), port=SYNCHRONISATIE)
    assert (unknown.status, unknown.code) == (500, "StUF064")


def outcome(code: str, *, cross: str, namespace: str) -> etree._Element:
    message = berichten.bevestiging(header(code, entiteittype="", cross=cross), namespace=namespace)
    if code == "Fo01":
        body = etree.SubElement(message, qname(namespace, "body"))
        for local, text in (("code", "StUF058"), ("plek", "server"), ("omschrijving", "Dat ging niet")):
            etree.SubElement(body, qname(namespace, local)).text = text
    return message


@pytest.mark.parametrize(("code", "state"), [("Bv01", "confirmed"), ("Fo01", "refused")])
def test_what_a_receiver_tells_later_settles_the_message(town: Town, code: str, state: str) -> None:
    town.zaak()
    town.contact()
    town.deliver()
    sent = town.zaakmagazijn.kept[0].text("stuurgegevens/referentienummer")
    reply = ask(town, outcome(code, cross=sent, namespace=STUF0302), port=ASYNCHRONOUS)
    assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw
    with town.gateway.database.session() as session:
        (item,) = outbox.listing(session, abonnee="ZAAKMAGAZIJN")
    assert item.state == state
    unknown = ask(town, outcome(code, cross="van-niemand", namespace=STUF0302), port=ASYNCHRONOUS)
    assert (unknown.status, unknown.code) == (500, "StUF043")


@pytest.mark.parametrize(("code", "state"), [("Bv01", "confirmed"), ("Fo01", "waiting")])
def test_what_is_told_of_a_number_from_before_a_new_stamp_is_understood(town: Town, code: str, state: str) -> None:
    town.zaak()
    town.contact()
    town.zaakmagazijn.next("fo03:StUF019")
    town.deliver()
    (first,) = town.zaakmagazijn.received
    reply = ask(town, outcome(code, cross=first.referentienummer, namespace=STUF0302), port=ASYNCHRONOUS)
    assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw
    with town.gateway.database.session() as session:
        (item,) = outbox.listing(session, abonnee="ZAAKMAGAZIJN")
    # That it has it is good news of the message; that it refused the old number is why there will be another.
    assert item.state == state


def test_tr01_of_who_is_no_abonnee_is_refused(database_url: str, password_hash: str, tmp_path: Path) -> None:
    with running(database_url, password_hash, tmp_path, abonnee={"applicatie": "EEN-ANDER"}) as town:
        message = berichten.bevestiging(header("Tr01", entiteittype=""), namespace=STUF0302)
        reply = ask(town, message, port=TRIGGER)
        assert (reply.status, reply.code, reply.name) == (500, "StUF061", "Fo02Bericht")


def test_tr01_hurries_what_waits(town: Town) -> None:
    town.zaak()
    town.contact()
    town.zaakmagazijn.next("status:503")
    town.deliver()
    assert town.zaakmagazijn.kept == []
    message = berichten.bevestiging(header("Tr01", entiteittype=""), namespace=STUF0301)
    for moment in message.iter("{*}tijdstipBericht"):
        moment.text = "20261122101500000"
    reply = ask(town, message, port=TRIGGER)
    assert (reply.status, reply.name) == (200, "Bv02Bericht"), reply.raw
    town.deliver()
    assert len(town.zaakmagazijn.kept) == 1


def rows(town: Town, query: LiteralString) -> list[tuple[object, ...]]:
    with town.gateway.database.connection() as connection:
        return connection.execute(query).fetchall()


DOCUMENTS = "SELECT id, klantcontact_id, sinds, tot FROM informatieobject ORDER BY id"


def test_a_question_changes_nothing(town: Town) -> None:
    town.zaak()
    number = town.contact(pdf=cast.PDF).text("klantcontactidentificatie")
    assert town.contact(wijzigt=number, pdf=cast.PDF + b"%meer").status == 200
    before = rows(town, DOCUMENTS)
    assert any(tot is not None for *_, tot in before), "a document that a correction replaced"
    assert found(ask(town, vraag())) == [number]
    assert found(ask(town, vraag("zakLv01"))) == [cast.RUNNING]
    assert ask(town, verzoek("klcSa04", number), port=SYNCHRONISATIE).name == "klcSa02"
    assert rows(town, DOCUMENTS) == before


MOMENT = "<zkn:datum-tijd><StUF:tijdstip>{}</StUF:tijdstip></zkn:datum-tijd>"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sortering": 2, "start": "<zkn:identificatie>KC202600000001</zkn:identificatie>"}, "StUF106"),
        ({"sortering": 2, "start": "<zkn:identificatie>KC2026</zkn:identificatie><zkn:datum-tijd/>"}, "StUF106"),
        ({"sortering": 3, "start": "<zkn:kanaal>x</zkn:kanaal>"}, "StUF106"),
        ({"name": "zakLv01", "start": " "}, "StUF106"),
        ({"start": " "}, "StUF106"),
        ({"gelijk": MOMENT.format("0001-01-01T00:00:00+14:00")}, "StUF055"),
        ({"vanaf": MOMENT.format("9999-12-31T23:59:59-14:00"), "tot": "<zkn:datum-tijd/>"}, "StUF055"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_do(
    asked: dict[str, Any], code: str, town: Town, numbers: list[str]
) -> None:
    reply = ask(town, vraag(**asked))
    assert (reply.status, reply.code) == (500, code), reply.raw


def test_who_asks_for_no_moment_finds_what_has_none(town: Town, numbers: list[str]) -> None:
    assert found(ask(town, vraag(gelijk="<zkn:datum-tijd/>"))) == []


def test_pages_by_moment_end(town: Town, numbers: list[str]) -> None:
    """The database knows microseconds; an answer, and so the next question, milliseconds."""
    with town.gateway.database.connection() as connection:
        connection.execute("UPDATE klantcontact SET datum_tijd = '2026-10-02T10:00:00.123456+02:00'")
    start, seen = "", []
    for _ in range(5):
        page = ask(town, vraag(maximum=1, sortering=2, start=start))
        seen += found(page)
        if page.text("parameters/indicatorVervolgvraag") == "false":
            break
        start = f"<zkn:identificatie>{seen[-1]}</zkn:identificatie>" + MOMENT.format(
            "2026-10-02T10:00:00.123+02:00"
        )
    assert seen == numbers
    told = MOMENT.format("2026-10-02T10:00:00.123+02:00")
    assert found(ask(town, vraag(gelijk=told))) == numbers
    assert found(ask(town, vraag(vanaf=told, tot=told))) == numbers


def test_who_wants_none_gets_the_number_and_nothing_to_follow_up(town: Town, numbers: list[str]) -> None:
    reply = ask(town, vraag(maximum=0, aantal=True))
    assert found(reply) == []
    assert reply.text("parameters/aantalVoorkomens") == "3"
    assert reply.text("parameters/indicatorVervolgvraag") == "false"


def test_an_answer_about_zaken_holds_so_many_contacts(
    town: Town, numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "LARGEST", 2)
    page = ask(town, vraag("zakLv01"))
    assert found(page) == [cast.RUNNING]
    assert page.text("parameters/indicatorVervolgvraag") == "true"
    assert page.text("melding").startswith("StUF0002")
    rest = ask(town, vraag("zakLv01", start=f"<zkn:zaakidentificatie>{cast.RUNNING}</zkn:zaakidentificatie>"))
    assert found(rest) == ["0518ZAAK0000009"]
    monkeypatch.setattr(questions, "LARGEST", 1)
    page = ask(town, vraag("zakLv01", maximum=1))
    assert page.body is not None
    contacts = page.body.findall(".//{*}heeftContact/{*}gerelateerde/{*}identificatie")
    assert [c.text for c in contacts] == numbers[:1]


def test_an_abonnee_is_answered_about_its_zaaktypen_alone(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path, abonnee={"zaaktypen": ["ANDER"]}) as town:
        town.zaak()
        number = town.contact().text("klantcontactidentificatie")
        counted = ask(town, vraag(aantal=True))
        assert (found(counted), counted.text("parameters/aantalVoorkomens")) == ([], "0")
        assert found(ask(town, vraag("zakLv01"))) == []
        for name, port in (("klcSa04", SYNCHRONISATIE), ("klcSa03", ASYNCHRONOUS)):
            assert ask(town, verzoek(name, number), port=port).code == "StUF064"


def test_only_who_speaks_zkn0320_is_sent_a_contact_again(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    judging = load_zaakdocumenten()
    with running(database_url, password_hash, tmp_path, abonnee={"profiel": "zds0120"}, contract=judging) as town:
        town.zaak()
        number = town.contact().text("klantcontactidentificatie")
        assert ask(town, verzoek("klcSa03", number), port=ASYNCHRONOUS).code == "StUF058"


def test_what_is_sent_again_names_the_request(town: Town, numbers: list[str]) -> None:
    request = verzoek("klcSa03", numbers[0])
    assert ask(town, request, port=ASYNCHRONOUS).name == "Bv03Bericht"
    town.deliver()
    last = town.zaakmagazijn.kept[-1]
    assert last.name == "klcSa01"
    assert last.text("stuurgegevens/crossRefnummer") == request.findtext("{*}stuurgegevens/{*}referentienummer")


def test_a_contact_is_sent_again_after_its_documents_and_in_the_stream_it_was_in(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path) as before:
        before.zaak()
        number = before.contact(pdf=cast.PDF).text("klantcontactidentificatie")
    per_system = {"volgorde": "systeem"}
    with running(database_url, password_hash, tmp_path, abonnee=per_system) as town:
        request = verzoek("klcSa03", number)
        assert ask(town, request, port=ASYNCHRONOUS).name == "Bv03Bericht"
        town.deliver()
        assert [kept.name for kept in town.zaakmagazijn.kept] == ["iobLk01", "klcLk01", "iobLk01", "klcSa01"]
        cross = [kept.text("stuurgegevens/crossRefnummer") for kept in town.zaakmagazijn.kept[2:]]
        assert cross == ["", request.findtext("{*}stuurgegevens/{*}referentienummer")]
        with town.gateway.database.session() as session:
            items = outbox.listing(session, abonnee="ZAAKMAGAZIJN", klantcontact=number)
            assert [item.stream.sleutel for item in items] == [cast.RUNNING] * 4


def test_tr01_is_answered_without_melding_of_what_was_forgiven(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path, zender={"ZAAKMAGAZIJN": {"strikt": False}}) as town:
        message = berichten.bevestiging(header("Tr01", entiteittype=""), namespace=STUF0302)
        for zender in message.iter("{*}zender"):
            etree.SubElement(zender, qname(STUF0302, "gebruiker")).set(qname(XSI, "nil"), "true")
        reply = ask(town, message, port=TRIGGER)
        assert (reply.status, reply.name) == (200, "Bv02Bericht"), reply.raw
        with town.gateway.database.session() as session:
            assert journal.forgiven(session), "there was something to forgive"
        assert reply.body is not None
        assert not list(reply.body.iter("{*}melding"))


@pytest.mark.parametrize(("code", "state"), [("Bv01", "confirmed"), ("Fo01", "refused")])
def test_news_before_our_own_settlement_is_not_lost(town: Town, code: str, state: str) -> None:
    """The receiver was quicker than its own Bv03, or that was lost: the message is settled, the stream goes on."""
    town.zaak()
    town.contact()
    town.contact()
    with town.gateway.database.connection() as connection:
        (claim,) = outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=10, lease=60, now=town.delivery.now())
        stamp = outbox.Stamp("vroeg-1", now(), "", b"<x/>")
        assert outbox.stamp(connection, claim, stamp=stamp)
        early = outcome(code, cross="vroeg-1", namespace=STUF0302)
        assert ask(town, early, port=ASYNCHRONOUS).name == "Bv03Bericht"
        settled = outbox.settle(connection, claim, state="waiting", code="timeout")
    assert not settled.accepted
    town.deliver()
    with town.gateway.database.session() as session:
        first, second = outbox.listing(session, abonnee="ZAAKMAGAZIJN")
    assert (first.state, second.state) == (state, "delivered")
    assert len(town.zaakmagazijn.kept) == 1


def test_what_was_refused_is_not_confirmed_afterwards(town: Town) -> None:
    town.zaak()
    town.contact()
    town.deliver()
    sent = town.zaakmagazijn.kept[0].text("stuurgegevens/referentienummer")
    for code in ("Fo01", "Bv01"):
        assert ask(town, outcome(code, cross=sent, namespace=STUF0302), port=ASYNCHRONOUS).name == "Bv03Bericht"
    assert rows(town, "SELECT state FROM outbox_item WHERE soort = 'klcLk01'") == [("refused",)]
    assert [r[0] for r in rows(town, "SELECT state FROM outbox_event ORDER BY id")][-2:] == ["refused", "confirmed"]


def test_a_hurry_sends_nothing_twice(town: Town) -> None:
    """The Tr01 comes while a worker takes the stream."""
    town.zaak()
    town.contact()
    database = town.gateway.database

    def hurry() -> None:
        with database.session() as session:
            outbox.hurry(session, abonnee="ZAAKMAGAZIJN")

    with database.connection() as worker, database.connection() as other:
        hurrying = threading.Thread(target=hurry)
        with worker.transaction():
            (claim,) = outbox.claim(worker, abonnee="ZAAKMAGAZIJN", limit=10, lease=600)
            hurrying.start()
            waits: LiteralString = (
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            assert until(lambda: other.execute(waits).fetchone() == (1,))
        hurrying.join()
        assert outbox.claim(other, abonnee="ZAAKMAGAZIJN", limit=10, lease=600) == []
        assert claim.fence == 1
