"""Zaakdocumenten on their way out: whose number they get, what is sent, and that no number is taken twice."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.official import zds_schemas
from outgoing import ABONNEE, LATER, RSIN, enqueue, items, number, remember
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.app import checking
from stuf_klantcontact.contract import Contract, SchemaSet
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.journal import recent
from stuf_klantcontact.outbox import Item, Mutatiesoort, Order
from stuf_klantcontact.rgbz import Klantcontact
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, FixedClock

PDF = b"%PDF-1.7 " + bytes(range(256)) * 20
ZAAK = "0518ZAAK0000001"
QUESTION = "genereerDocumentIdentificatie_Di02"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contracts.load()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(LATER)


@pytest.fixture
def dms(clock: FixedClock) -> Iterator[FakeZaakmagazijn]:
    """A receiver that knows our messages as our own contract does, and insists on rising moments."""
    with FakeZaakmagazijn(contract=contracts.load_zaakdocumenten(), ordered=True, clock=clock) as fake:
        yield fake


Deliver = Callable[..., Item]


@pytest.fixture
def deliver(database: Database, contract: Contract, dms: FakeZaakmagazijn, clock: FixedClock) -> Iterator[Deliver]:
    """Try the one item that is due; settings of the abonnee may be given."""
    made: list[Delivery] = []

    def attempt(
        *,
        checkpoint: Callable[[str], None] = lambda name: None,
        zaak_schemas: SchemaSet | None = None,
        **abonnee: Any,
    ) -> Item:
        delivery = Delivery(
            settings(dms.url, **abonnee),
            database=database,
            contract=contract,
            zaak_schemas=zaak_schemas,
            clock=clock,
            chance=lambda: 0.0,
            checkpoint=checkpoint,
        )
        made.append(delivery)
        with database.connection() as connection:
            (claimed,) = outbox.claim(
                connection, abonnee=ABONNEE, limit=10, lease=delivery.lease(ABONNEE), now=clock()
            )
        delivery.attempt(claimed)
        return next(item for item in items(database) if item.id == claimed.item)

    yield attempt
    for delivery in made:
        delivery.close()


def settings(url: str, **abonnee: Any) -> Settings:
    return Settings(
        gateway={"organisatie": "0518", "applicatie": "KLANTCONTACT", "rsin": RSIN},
        abonnee={ABONNEE: {"profiel": "zds0120", "endpoint": url, "timeout": 5.0, **abonnee}},
    )


def order(count: int, *, document: int = 0, mutatiesoort: Mutatiesoort = "T", versie: int = 1) -> Order:
    """Send the verslag of a klantcontact, or one of its documents."""
    name = f"{number(count)}-{document}" if document else None
    return Order(ABONNEE, ZAAK, "edcLk01", number(count), name, mutatiesoort=mutatiesoort, versie=versie)


def again(database: Database, item: Item, clock: FixedClock, *, anew: bool = False) -> None:
    """Let an item go once more, and a receiver in trouble be probed."""
    with database.connection() as connection:
        outbox.retry(
            connection,
            items=[item.id],
            door="test",
            anew=anew,
            now=clock(),
        )


def replace_document(database: Database, inhoud: bytes) -> None:
    """Make a second version of klantcontact 1, with another document in the place of its only one."""
    with database.session() as session:
        current = rgbz.lock_klantcontact(session, number(1), rsin=RSIN)
        assert current is not None
        (old,) = current.informatieobjecten
        new = rgbz.Informatieobject(
            identificatie=old.identificatie,
            bronorganisatie=RSIN,
            creatiedatum=old.creatiedatum,
            titel=old.titel,
            inhoud=rgbz.DocumentInhoud(sha256=hashlib.sha256(inhoud).digest(), inhoud=inhoud),
        )
        rgbz.replace_klantcontact(session, current, current, documenten=[new])


def names(dms: FakeZaakmagazijn) -> list[str]:
    return [request.name for request in dms.received]


def test_a_number_is_asked_for_and_the_verslag_goes_under_it(
    database: Database, deliver: Deliver, dms: FakeZaakmagazijn
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    item = deliver()
    question, document = dms.received
    assert (question.name, question.answer) == ("genereerDocumentIdentificatie_Di02", "Du02")
    assert question.headers["soapaction"] == (
        '"http://www.stufstandaarden.nl/koppelvlak/zds0120/genereerDocumentIdentificatie_Di02"'
    )
    assert question.header.functie == "genereerDocumentidentificatie"
    assert document.name == "voegZaakdocumentToe_EdcLk01"
    assert document.header.tijdstip_bericht == "20361122130000001"
    assert document.header.ontvanger.applicatie == ABONNEE
    assert document.text("object/identificatie") == dms.zaakdocumenten.given[0] == item.documentidentificatie
    assert (item.state, item.code) == ("delivered", "Bv03")


def test_originals_go_whole_and_are_stored_once(
    database: Database, deliver: Deliver, dms: FakeZaakmagazijn
) -> None:
    remember(database, 1, inhoud=[PDF])
    enqueue(database, order(1, document=1), order(1))
    item = deliver()
    assert item.body is not None
    assert len(item.body) < len(PDF), "the document is in document_inhoud already"
    deliver()
    first, second = dms.kept
    assert first.text("object/titel") == "Bouwtekening"
    assert len(first.raw) > len(PDF)
    assert second.text("object/titel").startswith("Contactverslag")


class TestForm:
    """MTOM unless a receiver cannot read it; whichever, the message is the same."""

    @pytest.mark.parametrize("document", ["voegZaakdocumentToe", "edcLk01"])
    @pytest.mark.parametrize("mtom", [True, False])
    def test_documents_go_beside_the_message_or_in_it(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn, mtom: bool, document: str
    ) -> None:
        remember(database, 1, inhoud=[PDF])
        enqueue(database, order(1, document=1), order(1))
        assert deliver(mtom=mtom, document=document).code == "Bv03"
        assert deliver(mtom=mtom, document=document).code == "Bv03"
        first, second = dms.kept
        assert [first.in_parts, second.in_parts] == [mtom, mtom]
        assert first.documents == [PDF]
        assert (PDF in first.raw, base64.b64encode(PDF) in first.raw) == (mtom, not mtom)
        assert "Stand van zaken" in second.documents[0].decode()
        questions = [request for request in dms.received if not request.kept]
        assert {request.headers["content-type"] for request in questions} == {"text/xml; charset=utf-8"}

    def test_every_attempt_is_the_same_to_the_byte_whatever_is_set_in_between(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        remember(database, 1, inhoud=[PDF])
        enqueue(database, order(1, document=1))
        dms.next("well-behaved", "lost-answer")
        item = deliver()
        assert item.body is not None
        assert PDF not in item.body
        assert len(item.body) < 4_000, "the document is in document_inhoud already"
        clock.advance(10)
        assert deliver(mtom=False).state == "delivered"
        first, second = [request for request in dms.received if request.name != QUESTION]
        assert second.answer == "repeated"
        assert (first.raw, first.headers["content-type"]) == (second.raw, second.headers["content-type"])
        assert item.referentienummer is not None
        assert item.referentienummer in first.headers["content-type"]

    def test_a_receiver_that_knows_no_mtom_is_a_matter_of_configuration(
        self, database: Database, deliver: Deliver, contract: Contract, clock: FixedClock
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        with FakeZaakmagazijn(mtom=False, clock=clock) as simple:
            item = deliver(endpoint=simple.url)
            assert (item.state, item.code) == ("waiting", "HTTP 415")
            assert "mtom = false" in item.reason
            again(database, item, clock, anew=True)
            assert deliver(endpoint=simple.url, mtom=False).code == "Bv03"

    def test_a_correction_brings_both_documents(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1, inhoud=[PDF])
        enqueue(database, order(1, document=1))
        deliver(document="edcLk01")
        replace_document(database, b"%PDF-1.7 nieuw" * 100)
        enqueue(database, order(1, document=1, mutatiesoort="C", versie=2))
        item = deliver(document="edcLk01")
        assert item.code == "Bv03"
        assert dms.kept[-1].documents == [PDF, b"%PDF-1.7 nieuw" * 100]
        assert item.body is not None
        assert b"nieuw" not in item.body

    def test_a_media_type_can_put_no_header_into_the_message(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1, inhoud=[PDF])
        with database.session() as session:
            document = session.query(rgbz.Informatieobject).one()
            document.formaat = "text/x\r\nX-Evil: 1"
        enqueue(database, order(1, document=1))
        deliver()
        (kept,) = dms.kept
        assert b"Content-Type: application/octet-stream\r\n" in kept.raw
        assert b"\r\nX-Evil" not in kept.raw

    def test_answers_may_come_in_parts(self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        dms.behaviour = "mtom"
        assert deliver().code == "Bv03"
        assert [request.answer for request in dms.received] == ["Du02", "Bv03"]


@pytest.mark.parametrize("also", [{"verslag": "pdf"}, {"document": "edcLk01"}])
def test_a_municipality_chooses_the_form(
    database: Database, deliver: Deliver, dms: FakeZaakmagazijn, also: dict[str, str]
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    assert deliver(**also).state == "delivered"
    (kept,) = dms.kept
    assert kept.name == ("edcLk01" if "document" in also else "voegZaakdocumentToe_EdcLk01")
    assert kept.text("object/formaat") == ("application/pdf" if "verslag" in also else "text/plain")


def test_numbers_of_our_own_need_no_question(database: Database, deliver: Deliver, dms: FakeZaakmagazijn) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    item = deliver(documentidentificatie="zelf", gemeentecode="0519")
    assert names(dms) == ["voegZaakdocumentToe_EdcLk01"]
    assert item.documentidentificatie == f"0519{number(1)}-{item.id}"


def test_the_question_goes_to_the_endpoint_that_is_set(
    database: Database, deliver: Deliver, dms: FakeZaakmagazijn
) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    with FakeZaakmagazijn() as other:
        other.zaakdocumenten.next.append("ELDERS-1")
        item = deliver(endpoint_vrijbericht=other.url)
        assert [request.name for request in other.received] == ["genereerDocumentIdentificatie_Di02"]
    assert item.documentidentificatie == "ELDERS-1"
    assert names(dms) == ["voegZaakdocumentToe_EdcLk01"]


def test_without_a_setting_the_question_goes_beside_the_endpoint() -> None:
    found = settings("https://dms.example:8443/zds/0120/OntvangAsynchroon").abonnee[ABONNEE]
    assert found.vrijbericht() == "https://dms.example:8443/zds/0120/VerwerkSynchroonVrijBericht"


@pytest.mark.parametrize(
    ("abonnee", "organisatie", "mistake"),
    [
        ({}, "0518", ""),
        ({"verslag": "pdf", "document": "edcLk01"}, "00000001002220647000", ""),
        ({"documentidentificatie": "zelf"}, "0518", ""),
        ({"documentidentificatie": "zelf"}, "00000001002220647000", "gemeentecode"),
        ({"documentidentificatie": "zelf", "gemeentecode": "0518"}, "00000001002220647000", ""),
        ({"endpoint_vrijbericht": "dms.example/vrij"}, "0518", "endpoint_vrijbericht"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(
    abonnee: dict[str, str], organisatie: str, mistake: str
) -> None:
    given = settings("https://dms.example/OntvangAsynchroon", **abonnee)
    given = given.model_copy(update={"gateway": given.gateway.model_copy(update={"organisatie": organisatie})})
    if not mistake:
        checking.check(given)
        return
    with pytest.raises(ConfigurationError, match=f"abonnee.{ABONNEE}.{mistake}"):
        checking.check(given)


class TestNumberIsTakenOnce:
    @pytest.mark.parametrize("behaviour", ["status:503", "lost-answer", "fo03:StUF046", "fo03:StUF019"])
    def test_by_every_attempt(
        self,
        database: Database,
        deliver: Deliver,
        dms: FakeZaakmagazijn,
        clock: FixedClock,
        behaviour: str,
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        dms.next("well-behaved", behaviour)
        item = deliver()
        assert item.state == "waiting"
        clock.advance(10)
        item = deliver()
        assert item.state == "delivered"
        assert dms.zaakdocumenten.given == [item.documentidentificatie]
        assert list(dms.zaakdocumenten.held) == [item.documentidentificatie]

    @pytest.mark.parametrize("place", ["numbered", "stamped", "answered", "settled"])
    def test_by_a_crash_after_it_was_kept(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn, clock: FixedClock, place: str
    ) -> None:
        self.crash(database, deliver, clock, place)
        assert len(dms.zaakdocumenten.given) == 1
        assert list(dms.zaakdocumenten.held) == dms.zaakdocumenten.given

    def test_a_crash_before_our_commit_loses_a_number_and_doubles_no_document(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        self.crash(database, deliver, clock, "asked")
        _, second = dms.zaakdocumenten.given
        assert list(dms.zaakdocumenten.held) == [second]

    def crash(self, database: Database, deliver: Deliver, clock: FixedClock, place: str) -> None:
        class Crash(BaseException):
            pass

        def crash(reached: str) -> None:
            if reached == place:
                raise Crash

        remember(database, 1)
        enqueue(database, order(1))
        with pytest.raises(Crash):
            deliver(checkpoint=crash)
        clock.advance(3600)
        if [item.state for item in items(database)] != ["delivered"]:
            assert deliver().state == "delivered"

    def test_a_person_may_have_it_made_anew_under_the_same_number(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        dms.next("well-behaved", "fo03:StUF058")
        item = deliver()
        assert item.state == "held"
        with database.connection() as connection:
            outbox.release(connection, items=[item.id], door="kim", anew=True, now=clock())
        assert deliver().documentidentificatie == item.documentidentificatie
        assert len(dms.zaakdocumenten.given) == 1


class TestNoNumber:
    @pytest.mark.parametrize(
        ("behaviour", "state", "code"),
        [
            ("fo03:StUF049", "waiting", "StUF049"),
            ("fo03:StUF960", "waiting", "StUF960"),
            ("fo03:StUF052", "held", "StUF052"),
            ("status:503", "waiting", "HTTP 503"),
            ("status:404", "waiting", "HTTP 404"),
            ("html", "waiting", "answer-unreadable"),
            ("lost-answer", "waiting", "connection"),
            ("wrong-cross", "waiting", "crossRefnummer"),
        ],
    )
    def test_nothing_is_sent_until_there_is_one(
        self,
        database: Database,
        deliver: Deliver,
        dms: FakeZaakmagazijn,
        behaviour: str,
        state: str,
        code: str,
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        dms.behaviour = behaviour
        item = deliver()
        assert (item.state, item.code, item.documentidentificatie) == (state, code, None)
        assert item.reason
        assert dms.kept == []

    def test_a_number_that_cannot_be_used_is_none(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        dms.zaakdocumenten.next.append("x" * 41)
        item = deliver()
        assert (item.state, item.code) == ("waiting", "answer-unexpected")
        assert "documentidentificatie" in item.reason

    def test_both_exchanges_fit_in_the_lease(
        self, database: Database, contract: Contract, dms: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        made = Delivery(settings(dms.url, timeout=300.0), database=database, contract=contract, clock=clock)
        assert made.lease(ABONNEE) > 600
        remember(database, 1)
        enqueue(database, order(1))
        with database.connection() as connection:
            (late,) = outbox.claim(connection, abonnee=ABONNEE, limit=1, lease=400.0, now=clock())
        made.attempt(late)
        made.close()
        assert dms.received == []
        assert [item.code for item in items(database)] == ["lease"]

    def test_who_lost_the_lease_keeps_no_number_and_sends_nothing(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn, clock: FixedClock
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))

        def pause(reached: str) -> None:
            if reached == "asked":
                clock.advance(3600)
                with database.connection() as connection:
                    outbox.claim(connection, abonnee=ABONNEE, limit=1, lease=120.0, now=clock())

        deliver(checkpoint=pause)
        assert names(dms) == ["genereerDocumentIdentificatie_Di02"]
        assert [item.documentidentificatie for item in items(database)] == [None]


class TestChanges:
    def change(self, database: Database, **values: Any) -> None:
        """Correct the klantcontact, or withdraw it."""
        with database.session() as session:
            current = rgbz.lock_klantcontact(session, number(1), rsin=RSIN)
            assert current is not None
            if not values:
                rgbz.withdraw_klantcontact(session, current)
                return
            columns: dict[str, Any] = {
                name: values.get(name, getattr(current, name))
                for name in Klantcontact.__mapper__.columns.keys()  # noqa: SIM118 - a mapper is no dict
                if name not in ("id", "versie", "ingetrokken", "zaak_id", "status_id", "bericht_id")
            }
            new = Klantcontact(**columns, zaak_id=current.zaak_id)
            documenten = [d for d in current.informatieobjecten if d.tot is None]
            rgbz.replace_klantcontact(session, current, new, documenten=documenten)

    def test_zds_gets_another_verslag_that_names_the_one_before(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        deliver()
        self.change(database, onderwerp="Beter gezegd")
        enqueue(database, order(1, mutatiesoort="C", versie=2))
        assert deliver().state == "delivered"
        self.change(database)
        enqueue(database, order(1, mutatiesoort="V", versie=3))
        assert deliver().state == "delivered"
        first, second, third = dms.zaakdocumenten.given
        assert list(dms.zaakdocumenten.held) == [first, second, third]
        titles = [message.text("object/titel") for message in dms.kept]
        assert [title.partition(" telefoon")[0] for title in titles] == [
            "Contactverslag",
            "Contactverslag (correctie)",
            "Contactverslag (ingetrokken)",
        ]
        assert titles[2].endswith("Beter gezegd"), "what is withdrawn is what there was"
        previous = [
            {e.get("naam"): e.text for e in message.message.iter("{*}extraElement")}.get("vorigDocument")
            for message in dms.kept
            if message.message is not None
        ]
        assert previous == [None, first, second]

    def test_an_edclk01_corrects_and_withdraws_the_document_of_that_number(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1, inhoud=[PDF])
        enqueue(database, order(1, document=1), order(1))
        for _ in range(2):
            deliver(document="edcLk01")
        drawing, verslag = dms.zaakdocumenten.given
        self.change(database, onderwerp="Beter gezegd")
        enqueue(database, order(1, mutatiesoort="C", versie=2))
        assert deliver(document="edcLk01").documentidentificatie == verslag
        correction = dms.zaakdocumenten.held[verslag]
        assert [(t.text or "").rpartition(": ")[2] for t in correction.iter("{*}titel")] == [
            "Stand van zaken",
            "Beter gezegd",
        ]
        self.change(database)
        enqueue(
            database,
            order(1, mutatiesoort="V", versie=3),
            order(1, document=1, mutatiesoort="V", versie=3),
        )
        for _ in range(2):
            assert deliver(document="edcLk01").state == "delivered"
        assert dms.zaakdocumenten.held == {}
        assert dms.zaakdocumenten.given == [drawing, verslag]

    def test_who_never_had_the_document_gets_the_correction_as_new(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1)
        self.change(database, onderwerp="Beter gezegd")
        enqueue(database, order(1, mutatiesoort="C", versie=2))
        assert deliver(document="edcLk01").state == "delivered"
        (kept,) = dms.kept
        assert kept.text("parameters/mutatiesoort") == "T"


class TestCheck:
    def test_what_our_contract_forbids_is_not_sent(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1, zaak="Z1")
        enqueue(database, order(1))
        item = deliver(documentidentificatie="zelf")
        assert (item.state, item.code) == ("held", "eigen fout")
        assert dms.received == []

    def test_an_official_set_is_asked_when_there_is_one(
        self, database: Database, deliver: Deliver, dms: FakeZaakmagazijn
    ) -> None:
        remember(database, 1)
        enqueue(database, order(1))
        assert deliver(zaak_schemas=zds_schemas()[0]).state == "delivered"


def test_the_journal_has_question_and_document(database: Database, deliver: Deliver, dms: FakeZaakmagazijn) -> None:
    remember(database, 1)
    enqueue(database, order(1))
    deliver()
    with database.session() as session:
        second, first = recent(session)
        assert [(b.berichtcode, b.operatie, b.verdict, b.code) for b in (first, second)] == [
            ("Di02", "genereerDocumentIdentificatie", "delivered", "Du02"),
            ("Lk01", "edcLk01", "delivered", "Bv03"),
        ]
        assert first.raw == dms.received[0].raw


def test_moments_rise_through_the_hour_that_comes_twice(
    database: Database, deliver: Deliver, dms: FakeZaakmagazijn, clock: FixedClock
) -> None:
    """Summer time ends on 26 October 2036: at 03:00 it is 02:00 again. The receiver insists on rising moments."""
    clock.advance((datetime(2036, 10, 26, 0, 40, tzinfo=UTC) - clock()).total_seconds())
    remember(database, *range(1, 8))
    for count in range(1, 8):
        enqueue(database, order(count))
        assert deliver(documentidentificatie="zelf").code == "Bv03"
        clock.advance(timedelta(minutes=20).total_seconds())
    assert [message.header.tijdstip_bericht.removeprefix("20361026") for message in dms.kept] == [
        "024000000",
        "024000001",
        "024000002",
        "024000003",
        "030000000",
        "032000000",
        "034000000",
    ]
    assert [item.tijdstip_bericht for item in items(database)] == [
        datetime(2036, 10, 26, 0, 40, tzinfo=UTC) + timedelta(minutes=20 * place) for place in range(7)
    ]
