"""What we ship for testing does what it says: otherwise every test that uses it proves nothing."""

import base64
import gc
import http.client
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from lxml import etree

from stuf_klantcontact import berichten
from stuf_klantcontact import contract as contracts
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.names import KLC, SOAP11, qname
from stuf_klantcontact.outlets.soap import envelope
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import FakeMailServer, FakeZaakmagazijn, FixedClock, Reply, SoapClient, closed_port
from stuf_klantcontact.testing.zaakmagazijn import BEHAVIOURS

ENDPOINT = "/OntvangAsynchroon"
CONFIRMS = ("well-behaved", "slow", "mtom", "bv04")
BREAKS = ("reset", "lost-answer", "truncated", "half-closed", "drip", "endless-headers", "tls-garbage")
ENDLESS = ("hang", "deaf", "huge", "endless-chunks", "endless-continue")
"""What only a client with a limit and a deadline gets away from: tests/test_answers.py has one."""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contracts.load()


@pytest.fixture
def fake() -> Iterator[FakeZaakmagazijn]:
    with FakeZaakmagazijn(delay=0.2) as fake:
        yield fake


def message(number: str = "R-1", *, moment: int = 0, subject: str = "a") -> etree._Element:
    header = Header(
        berichtcode="Lk01",
        zender=Systeem("0518", "KLANTCONTACT"),
        ontvanger=Systeem("0518", "ZAAKMAGAZIJN"),
        referentienummer=number,
        tijdstip_bericht=f"2026-11-22T12:00:{moment:02}.000+01:00",
        entiteittype="KLC",
    )
    element = etree.Element(qname(KLC, "object"))
    element.text = subject
    return berichten.lk("klcLk01", header=header, mutatiesoort="T", objects=[element])


def post(fake: FakeZaakmagazijn, element: etree._Element | bytes, **more: str) -> Reply:
    return SoapClient(fake.url.removesuffix(ENDPOINT), timeout=5).post(ENDPOINT, element, **more)


class TestZaakmagazijn:
    def test_confirms_and_keeps_in_order_with_bytes_and_headers(self, fake: FakeZaakmagazijn) -> None:
        for number in ("R-1", "R-2"):
            reply = post(fake, message(number))
            assert (reply.status, reply.name, reply.fault) == (200, "Bv03Bericht", None)
            assert reply.text("stuurgegevens/berichtcode") == "Bv03"
            assert reply.text("intermediair") == "N"
        assert [kept.referentienummer for kept in fake.kept] == ["R-1", "R-2"]
        assert fake.kept[0].raw == envelope(message("R-1"))
        assert fake.kept[0].headers["soapaction"] == '"urn:stuf-klantcontact:klc:0320/klcLk01"'
        assert fake.kept[0].at <= fake.kept[1].at

    def test_a_repeat_gets_the_same_answer_and_is_kept_once(self, fake: FakeZaakmagazijn) -> None:
        first, second = post(fake, message()), post(fake, message())
        assert first.raw == second.raw
        assert [request.kept for request in fake.received] == [True, False]

    def test_the_same_number_with_other_content_is_refused(self, fake: FakeZaakmagazijn) -> None:
        post(fake, message(subject="a"))
        reply = post(fake, message(subject="b"))
        assert (reply.status, reply.code, reply.faultcode) == (500, "StUF016", "Client")
        assert len(fake.kept) == 1

    def test_a_refused_message_is_judged_anew(self, fake: FakeZaakmagazijn) -> None:
        fake.judge = lambda request: "StUF058" if request.referentienummer == "R-1" else ""
        reply = post(fake, message())
        assert (reply.status, reply.name, reply.code) == (500, "Fo03Bericht", "StUF058")
        assert reply.text("stuurgegevens/crossRefnummer") == "R-1"
        fake.judge = None
        assert post(fake, message()).name == "Bv03Bericht"

    def test_with_a_contract_it_refuses_what_is_invalid(self, contract: Contract) -> None:
        with FakeZaakmagazijn(contract=contract) as strict:
            assert post(strict, message()).code == "StUF055"
            assert strict.kept == []

    def test_ordered_it_wants_rising_moments_but_knows_a_repeat(self) -> None:
        with FakeZaakmagazijn(ordered=True) as ordered:
            assert post(ordered, message("R-1", moment=5)).name == "Bv03Bericht"
            assert post(ordered, message("R-2", moment=5)).code == "StUF019"
            assert post(ordered, message("R-3", moment=4)).code == "StUF019"
            assert post(ordered, message("R-1", moment=5)).name == "Bv03Bericht"
            assert post(ordered, message("R-4", moment=6)).name == "Bv03Bericht"

    def test_what_is_no_message_is_refused_and_noted(self, fake: FakeZaakmagazijn) -> None:
        assert post(fake, b"nonsense").code == "StUF055"
        assert [request.kept for request in fake.received] == [False]

    def test_it_wants_its_password(self) -> None:
        with FakeZaakmagazijn(user="kc", password="geheim") as closed:
            assert post(closed, message()).status == 401
            assert post(closed, message(), user="kc", password="fout").status == 401
            assert post(closed, message(), user="kc", password="geheim").status == 200

    def test_next_changes_the_next_requests_only(self, fake: FakeZaakmagazijn) -> None:
        fake.next("status:503", "html")
        assert [post(fake, message()).status for _ in range(3)] == [503, 200, 200]
        assert [request.behaviour for request in fake.received] == ["status:503", "html", "well-behaved"]

    def test_an_unknown_behaviour_is_a_mistake_of_the_test(self, fake: FakeZaakmagazijn) -> None:
        with pytest.raises(ValueError, match="well-behaved"):
            fake.next("polite")

    @pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS.keys() - {*CONFIRMS, *BREAKS, *ENDLESS, "doctype"}))
    def test_nothing_rude_confirms(self, fake: FakeZaakmagazijn, behaviour: str) -> None:
        words = {"fo03": ":StUF058", "fo03-200": ":StUF058", "status": ":502"}
        fake.behaviour = behaviour + words.get(behaviour, "")
        reply = post(fake, message())
        about_us = reply.text("stuurgegevens/crossRefnummer") in ("", "R-1")
        assert (reply.status, reply.name, about_us) != (200, "Bv03Bericht", True)
        assert fake.kept == []

    def test_it_shows_the_documents_however_they_came(self, fake: FakeZaakmagazijn) -> None:
        with_one = message()
        etree.SubElement(with_one, qname(KLC, "inhoud")).text = base64.b64encode(b"een document").decode()
        for mtom in (False, True):
            assert SoapClient(fake.url.removesuffix(ENDPOINT)).post(ENDPOINT, with_one, mtom=mtom).status == 200
        inline, beside = fake.received
        assert [inline.in_parts, beside.in_parts] == [False, True]
        assert inline.documents == beside.documents == [b"een document"]
        assert beside.answer == "repeated", "it is the same message"
        assert b"een document" in beside.raw

    def test_it_may_be_one_that_knows_no_mtom(self) -> None:
        with FakeZaakmagazijn(mtom=False) as simple:
            client = SoapClient(simple.url.removesuffix(ENDPOINT))
            assert client.post(ENDPOINT, message(), mtom=True).status == 415
            assert client.post(ENDPOINT, message()).status == 200

    @pytest.mark.parametrize("behaviour", BREAKS)
    def test_some_break_the_connection(self, fake: FakeZaakmagazijn, behaviour: str) -> None:
        fake.behaviour = behaviour
        with pytest.raises((OSError, http.client.HTTPException)):
            post(fake, message())
        assert len(fake.kept) == (behaviour == "lost-answer")

    @pytest.mark.parametrize("behaviour", CONFIRMS)
    def test_some_confirm(self, fake: FakeZaakmagazijn, behaviour: str) -> None:
        fake.behaviour = behaviour
        assert post(fake, message()).name in ("Bv03Bericht", "Bv04Bericht")
        assert len(fake.kept) == 1

    def test_stop_breaks_what_hangs_and_start_listens_at_the_same_place(self) -> None:
        fake = FakeZaakmagazijn(behaviour="hang").start()
        failed: list[BaseException] = []

        def call() -> None:
            try:
                post(fake, message())
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        fake.wait_for(1, kept=False)
        url = fake.url
        fake.stop()
        thread.join(3)
        assert len(failed) == 1
        with pytest.raises(OSError, match=r"[Rr]efused"):
            post(fake, message())
        fake.behaviour = "well-behaved"
        with fake:
            assert fake.url == url
            assert post(fake, message()).name == "Bv03Bericht"

    def test_it_forgets_nothing_over_a_restart(self) -> None:
        fake = FakeZaakmagazijn()
        with fake:
            post(fake, message())
        with fake:
            post(fake, message())
        assert [request.answer for request in fake.received] == ["Bv03", "repeated"]

    def test_wait_for_says_what_did_not_come(self, fake: FakeZaakmagazijn) -> None:
        with pytest.raises(AssertionError, match="0 messages came within"):
            fake.wait_for(1, timeout=0.05)

    def test_nobody_listens_at_a_closed_port(self) -> None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", closed_port()), timeout=1)


class TestSoapClient:
    def test_it_sends_bytes_as_they_are_and_leaves_the_element_alone(self, fake: FakeZaakmagazijn) -> None:
        element = message()
        parent = etree.Element("parent")
        parent.append(element)
        post(fake, element)
        assert element.getparent() is parent
        post(fake, b"<a/>")
        assert [request.raw for request in fake.received] == [envelope(message()), b"<a/>"]

    def test_it_reads_an_untyped_fault(self, fake: FakeZaakmagazijn) -> None:
        reply = post(fake, b"")
        assert reply.fault is not None
        assert reply.fault.tag == qname(SOAP11, "Fault")
        assert reply.body is not None

    def test_get_shows_a_page_whatever_its_status(self, fake: FakeZaakmagazijn) -> None:
        assert SoapClient(fake.url).get("/x").status == 501

    @pytest.mark.parametrize("url", ["https://127.0.0.1/", "ftp://x", "nonsense"])
    def test_only_http_addresses(self, url: str) -> None:
        with pytest.raises(ValueError, match="not an http address"):
            SoapClient(url)


def test_the_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert clock() == clock()
    assert clock.advance(90, days=1) == clock() == datetime(2026, 11, 23, 12, 1, 30, tzinfo=UTC)
    assert clock.advance(-90) == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        FixedClock(datetime(2026, 11, 22))


def test_a_stopped_mail_server_leaves_nothing_behind() -> None:
    before = threading.active_count()
    with FakeMailServer() as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with pytest.raises(AssertionError, match="0 mails came"):
        server.wait_for(1, timeout=0.01)
    gc.collect()
    assert threading.active_count() == before
