"""The verdict on every answer a receiver can give, row by row; and the same over a real connection."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest
from lxml import etree

from stuf_klantcontact import berichten
from stuf_klantcontact.names import KLC, SOAP11, STUF0301, STUF0302, qname
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Refused, mtom
from stuf_klantcontact.outlets.soap import REPLY_BYTES, Reply, SoapOutlet, action, classify, envelope
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.testing import FakeZaakmagazijn, closed_port

OURS = "R-1"
SYSTEEM = Systeem(organisatie="0518", applicatie="ZAAKMAGAZIJN")


def bv03_0301(cross: str = OURS) -> bytes:
    header = Header(
        berichtcode="Bv03",
        zender=SYSTEEM,
        ontvanger=SYSTEEM,
        referentienummer="ZM-1",
        tijdstip_bericht="20261122120000000",
        cross_refnummer=cross,
    )
    return envelope(berichten.bv03(header))


def bv04(namespace: str = STUF0302) -> bytes:
    return body(
        f'<s:Bv04Bericht xmlns:s="{namespace}"><s:stuurgegevens><s:berichtcode>Bv04</s:berichtcode>'
        "</s:stuurgegevens></s:Bv04Bericht>"
    )


def body(content: str) -> bytes:
    return f'<soap:Envelope xmlns:soap="{SOAP11}"><soap:Body>{content}</soap:Body></soap:Envelope>'.encode()


def fo(
    code: str, *, name: str = "Fo03", cross: str = OURS, namespace: str = STUF0302, text: str = "Kan niet"
) -> str:
    return (
        f'<s:{name}Bericht xmlns:s="{namespace}"><s:stuurgegevens><s:berichtcode>{name}</s:berichtcode>'
        f"<s:crossRefnummer>{cross}</s:crossRefnummer></s:stuurgegevens>"
        f"<s:body><s:code>{code}</s:code><s:plek>client</s:plek><s:omschrijving>{text}</s:omschrijving></s:body>"
        f"</s:{name}Bericht>"
    )


def fault(content: str, detail: str = "detail") -> bytes:
    return body(
        "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>Kan niet</faultstring>"
        f"<{detail}>{content}</{detail}></soap:Fault>"
    )


def in_parts(data: bytes) -> bytes:
    return b"".join(mtom.in_parts([data], [], referentienummer="A"))


GOOD = envelope(berichten.bv03_0302())
VIA = envelope(berichten.bv03_0302(intermediair=True))
STRANGE = GOOD.replace(STUF0302.encode(), b"urn:x")
BARE_FAULT = body("<soap:Fault><faultcode>x</faultcode></soap:Fault>")
HTML = b"<html><body><h1>It works</h1></body></html>"

TABLE = [
    # Delivered: HTTP 200 with one Bv03 or Bv04.
    ("Bv03 of 03.02", Reply(200, GOOD), "delivered", "Bv03"),
    ("Bv03 of 03.02, intermediair J", Reply(200, VIA), "delivered", "Bv03"),
    ("Bv03 of 03.01, our crossRefnummer", Reply(200, bv03_0301()), "delivered", "Bv03"),
    ("Bv03 of 03.01, no crossRefnummer", Reply(200, bv03_0301("")), "delivered", "Bv03"),
    ("Bv03 in parts", Reply(200, in_parts(GOOD), content_type=mtom.content_type("A")), "delivered", "Bv03"),
    ("Bv04 of 03.02", Reply(200, bv04()), "delivered", "Bv04"),
    ("Bv04 of 03.01", Reply(200, bv04(STUF0301)), "delivered", "Bv04"),
    ("Bv03 after a byte order mark", Reply(200, b"\xef\xbb\xbf" + GOOD), "delivered", "Bv03"),
    ("Bv03, encoding identity", Reply(200, GOOD, content_encoding="identity"), "delivered", "Bv03"),
    # Refused: a Fo about this message.
    ("Fo03 in a fault", Reply(500, fault(fo("StUF058"))), "refused", "StUF058"),
    ("Fo01 in a fault", Reply(500, fault(fo("StUF055", name="Fo01"))), "refused", "StUF055"),
    ("Fo02, no crossRefnummer", Reply(500, fault(fo("StUF064", name="Fo02", cross=""))), "refused", "StUF064"),
    ("Fo03 of 03.01 in a fault", Reply(500, fault(fo("StUF010", namespace=STUF0301))), "refused", "StUF010"),
    ("Fo03 with HTTP 200", Reply(200, body(fo("StUF058"))), "refused", "StUF058"),
    ("Fo03 in a fault with HTTP 200", Reply(200, fault(fo("StUF058"))), "refused", "StUF058"),
    ("Fo03 in the Body with HTTP 500", Reply(500, body(fo("StUF058"))), "refused", "StUF058"),
    ("Fo03 in details, as the Bindings call it", Reply(500, fault(fo("StUF058"), "details")), "refused", "StUF058"),
    ("a code that is not in the standard", Reply(500, fault(fo("901"))), "refused", "901"),
    # The receiver cannot take anything now.
    ("StUF046", Reply(500, fault(fo("StUF046"))), "receiver", "StUF046"),
    ("StUF049", Reply(500, fault(fo("StUF049", name="Fo02"))), "receiver", "StUF049"),
    ("StUF960", Reply(500, fault(fo("StUF960", name="Fo02"))), "receiver", "StUF960"),
    ("StUF046 with HTTP 200", Reply(200, body(fo("StUF046"))), "receiver", "StUF046"),
    # Out of order: not processed, so stamped anew.
    ("StUF019", Reply(500, fault(fo("StUF019"))), "anew", "StUF019"),
    # Configuration trouble.
    *[(f"HTTP {status}", Reply(status, HTML), "configuration", f"HTTP {status}")
      for status in (300, 301, 302, 303, 304, 307, 308, 401, 403, 404, 405, 415)],
    ("401 with a Bv03 in it", Reply(401, GOOD), "configuration", "HTTP 401"),
    # All else: try again.
    *[(f"HTTP {status}", Reply(status, HTML), "receiver", f"HTTP {status}")
      for status in (201, 202, 204, 206, 400, 406, 408, 413, 429, 502, 503, 504, 599)],
    ("202 with a Bv03 in it", Reply(202, GOOD), "receiver", "HTTP 202"),
    ("400 with a Fo03 in it", Reply(400, fault(fo("StUF058"))), "receiver", "HTTP 400"),
    ("Bv03 with HTTP 500", Reply(500, GOOD), "receiver", "answer-unexpected"),
    ("Bv03 about another message", Reply(200, bv03_0301("R-2")), "receiver", "crossRefnummer"),
    ("Fo03 about another message", Reply(500, fault(fo("StUF058", cross="R-2"))), "receiver", "crossRefnummer"),
    ("another berichtcode", Reply(200, GOOD.replace(b">Bv03<", b">Fo03<")), "receiver", "answer-unexpected"),
    ("Bv02", Reply(200, GOOD.replace(b"Bv03", b"Bv02")), "receiver", "answer-unexpected"),
    ("Bv03 in a strange namespace", Reply(200, STRANGE), "receiver", "answer-unexpected"),
    ("our own message echoed", Reply(200, body(f'<k:klcLk01 xmlns:k="{KLC}"/>')), "receiver", "answer-unexpected"),
    ("fault without StUF", Reply(500, fault("<oops/>")), "receiver", "soap:Fault"),
    ("fault without detail", Reply(500, BARE_FAULT), "receiver", "soap:Fault"),
    ("Fo03 without a code", Reply(500, fault(fo(""))), "receiver", "Fo-code"),
    ("HTML with 200", Reply(200, HTML), "receiver", "answer-unreadable"),
    ("Bv03 in parts, unsaid", Reply(200, in_parts(GOOD)), "receiver", "answer-unreadable"),
    (
        "half of the parts",
        Reply(200, in_parts(GOOD)[:-9], content_type=mtom.content_type("A")),
        "receiver",
        "answer-unreadable",
    ),
    (
        "no parts at all",
        Reply(200, GOOD, content_type=mtom.content_type("A")),
        "receiver",
        "answer-unreadable",
    ),
    ("HTML with 500", Reply(500, HTML), "receiver", "HTTP 500"),
    ("empty with 200", Reply(200), "receiver", "answer-unreadable"),
    ("empty with 500", Reply(500), "receiver", "HTTP 500"),
    ("half a Bv03", Reply(200, GOOD[: len(GOOD) // 2]), "receiver", "answer-unreadable"),
    ("two messages", Reply(200, body("<a/><b/>")), "receiver", "answer-unreadable"),
    ("empty Body", Reply(200, body("")), "receiver", "answer-unreadable"),
    ("a Bv03 without envelope", Reply(200, etree.tostring(berichten.bv03_0302())), "receiver", "answer-unreadable"),
    ("garbage", Reply(200, bytes(range(256))), "receiver", "answer-unreadable"),
    ("gzip", Reply(200, b"\x1f\x8b\x08\x00", content_encoding="gzip"), "receiver", "answer-encoding"),
    ("a Bv03 called gzip", Reply(200, GOOD, content_encoding="gzip"), "receiver", "answer-encoding"),
    ("too long", Reply(200, GOOD, whole=False), "receiver", "answer-size"),
    ("too long with 500", Reply(500, fault(fo("StUF058")), whole=False), "receiver", "answer-size"),
    ("DOCTYPE", Reply(200, b"<!DOCTYPE a>" + GOOD.partition(b"?>")[2]), "receiver", "answer-unreadable"),
    ("entities", Reply(200, b'<!DOCTYPE a [<!ENTITY b "Bv03">]>' + GOOD.partition(b"?>")[2]
                       .replace(b">Bv03<", b">&b;<")), "receiver", "answer-unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "verdict", "code"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_verdict(reply: Reply, verdict: str, code: str) -> None:
    outcome = classify(reply, referentienummer=OURS)
    assert (_verdict(outcome), outcome.code) == (verdict, code)


def _verdict(outcome: Delivered | Deferred | Refused) -> str:
    match outcome:
        case Delivered():
            return "delivered"
        case Refused():
            return "refused"
        case Deferred(trouble=trouble, anew=anew):
            assert anew == (trouble == "item")
            return "anew" if anew else trouble


@pytest.mark.parametrize("reply", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_no_reply_cut_off_anywhere_is_taken_for_a_delivery(reply: Reply) -> None:
    whole = classify(reply, referentienummer=OURS)
    for length in range(0, len(reply.body) - 1, 7):
        outcome = classify(Reply(reply.status, reply.body[:length], reply.content_encoding), referentienummer=OURS)
        assert isinstance(outcome, Deferred), (length, whole)


def test_what_a_receiver_writes_comes_on_one_short_line() -> None:
    nasty = "nee&#10;2026-11-22 ERROR&#9;x&#x202e;" + "a" * 500
    outcome = classify(Reply(500, fault(fo("StUF058", text=nasty))), referentienummer=OURS)
    assert isinstance(outcome, Refused)
    assert outcome.reason.nl.startswith("Geweigerd: nee 2026-11-22 ERROR x aaa")
    assert outcome.reason.nl.isprintable()
    assert len(outcome.reason.nl) <= 211


def test_soap_action_is_namespace_slash_name() -> None:
    assert action(etree.Element(qname(KLC, "klcLk01"))) == "urn:stuf-klantcontact:klc:0320/klcLk01"


# --- over a connection --------------------------------------------------------------------------------------------


@pytest.fixture
def zaakmagazijn() -> Iterator[FakeZaakmagazijn]:
    with FakeZaakmagazijn(delay=20.0) as fake:
        yield fake


def message(number: str = OURS) -> bytes:
    header = Header(
        berichtcode="Lk01",
        zender=Systeem(applicatie="KLANTCONTACT"),
        ontvanger=SYSTEEM,
        referentienummer=number,
        tijdstip_bericht="2026-11-22T12:00:00.000+01:00",
        entiteittype="KLC",
    )
    return envelope(berichten.lk("klcLk01", header=header, mutatiesoort="T", objects=[]))


def send(url: str, *, timeout: float = 10.0, gebruiker: str = "", wachtwoord: str = "") -> Attempt:
    outlet = SoapOutlet(url, timeout=timeout, gebruiker=gebruiker, wachtwoord=wachtwoord)
    try:
        return outlet.send(message(), action=f"{KLC}/klcLk01", referentienummer=OURS)
    finally:
        outlet.close()


def test_a_delivery_is_the_very_bytes_with_the_right_headers(zaakmagazijn: FakeZaakmagazijn) -> None:
    attempt = send(zaakmagazijn.url)
    assert attempt.outcome == Delivered("Bv03")
    assert attempt.answer is not None
    assert b"Bv03" in attempt.answer
    (received,) = zaakmagazijn.received
    assert received.raw == message()
    assert received.headers["soapaction"] == '"urn:stuf-klantcontact:klc:0320/klcLk01"'
    assert received.headers["content-type"] == "text/xml; charset=utf-8"
    assert received.headers["accept-encoding"] == "identity"
    assert "authorization" not in received.headers


def test_basic_authentication() -> None:
    with FakeZaakmagazijn(user="kc", password="gehéim") as fake:
        assert isinstance(send(fake.url, gebruiker="kc", wachtwoord="gehéim").outcome, Delivered)
        assert send(fake.url, gebruiker="kc", wachtwoord="fout").outcome.code == "HTTP 401"
        assert send(fake.url).outcome.code == "HTTP 401"


def test_one_connection_carries_many_messages(zaakmagazijn: FakeZaakmagazijn) -> None:
    outlet = SoapOutlet(zaakmagazijn.url)
    for _ in range(3):
        assert isinstance(outlet.send(message(), action="x", referentienummer=OURS).outcome, Delivered)
    outlet.close()
    assert [request.answer for request in zaakmagazijn.received] == ["Bv03", "repeated", "repeated"]


def test_a_receiver_that_does_not_read_ends_at_the_time_out(zaakmagazijn: FakeZaakmagazijn) -> None:
    zaakmagazijn.behaviour = "deaf"
    outlet = SoapOutlet(zaakmagazijn.url, timeout=0.6)
    started = time.monotonic()
    outcome = outlet.send(b" " * 30_000_000, action="x", referentienummer=OURS).outcome
    took = time.monotonic() - started
    outlet.close()
    assert outcome.code == "time-out"
    assert took < 2


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "nonsense", "http://", "http://127.0.0.1:99999/"])
def test_an_unusable_endpoint_is_configuration_trouble(url: str) -> None:
    outcome = send(url).outcome
    assert isinstance(outcome, Deferred)
    assert outcome.code in ("endpoint", "connect")
    assert outcome.trouble == "configuration" or outcome.code == "connect"


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that answers nobody who knocks: its queue is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("addresses", "code"), [(["silent", "silent", "good"], "Bv03"), (["silent", "silent", "silent"], "time-out")]
)
def test_addresses_of_a_host_share_the_time_that_there_is(
    zaakmagazijn: FakeZaakmagazijn,
    silent: int,
    addresses: list[str],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = urlsplit(zaakmagazijn.url).port
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", good if name == "good" else silent))
             for name in addresses]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    began = time.monotonic()
    outcome = send(zaakmagazijn.url, timeout=1.5).outcome
    assert time.monotonic() - began < 2
    assert outcome.code == code


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux can be asked to acknowledge at once")
def test_a_receiver_that_writes_head_and_body_apart_is_not_kept_waiting(zaakmagazijn: FakeZaakmagazijn) -> None:
    """It would wait 40 ms with the body, on every message but the first of a connection."""
    outlet = SoapOutlet(zaakmagazijn.url)
    took = []
    for _ in range(20):
        begin = time.monotonic()
        outcome = outlet.send(message(), action=f"{KLC}/klcLk01", referentienummer=OURS).outcome
        took.append(time.monotonic() - begin)
        assert outcome == Delivered("Bv03")
    outlet.close()
    assert sorted(took)[5] < 0.03, took


def test_a_bomb_is_not_unpacked(zaakmagazijn: FakeZaakmagazijn) -> None:
    zaakmagazijn.behaviour = "gzip-bomb"
    attempt = send(zaakmagazijn.url)
    assert attempt.answer is not None
    assert len(attempt.answer) <= REPLY_BYTES
    assert attempt.answer.startswith(b"\x1f\x8b")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.mark.parametrize(
    ("begin", "on"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 65536),
        (HEAD, b"X: " + b"x" * 60000 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 8000 + b"\r\n\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"x" * 8000 + b"\r\n"),
    ],
    ids=["chunk-of-less-than-nothing", "head", "continue", "continue-without-a-head", "trailer"],
)
def test_an_answer_without_end_ends(begin: bytes, on: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(begin)
                while True:
                    connection.sendall(on)

        thread = threading.Thread(target=answer)
        thread.start()
        outlet = SoapOutlet(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=20.0)
        tracemalloc.start()
        outcome = outlet.send(b"<a/>", action="x", referentienummer="R").outcome
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        outlet.close()
        thread.join(10)
    assert isinstance(outcome, Deferred)
    assert outcome.code == "connection"
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"\r\nnonsense", "connection"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "connection"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "connection"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "connection"),
        (HEAD + b"Content-Length: 10\r\n\r\nab", "connection"),
        (HEAD + b"\r\nab", "answer-unreadable"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "HTTP 204"),
    ],
)
def test_an_answer_that_is_no_http_or_half_of_it_is_no_delivery(answer: bytes, code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def say() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=say)
        thread.start()
        outlet = SoapOutlet(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=20.0)
        outcome = outlet.send(b"<a/>", action="x", referentienummer="R").outcome
        outlet.close()
        thread.join(10)
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.trouble) == (code, "receiver")


def test_nothing_of_the_environment_is_used(
    zaakmagazijn: FakeZaakmagazijn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    assert isinstance(send(zaakmagazijn.url).outcome, Delivered)
