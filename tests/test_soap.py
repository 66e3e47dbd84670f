"""The SOAP door as a peer meets it: status, fault, WSDL; and as an administrator does: what the log says."""

import gc
import io
import logging
import subprocess
import sys
import weakref
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from standin import (
    ASYNC,
    GOOD,
    SYNC,
    VALID,
    Behind,
    assert_plain_refusal,
    call,
    door,
    environ,
    fault_in,
    quiet,
    the_contract,
)
from stuf_klantcontact import soap
from stuf_klantcontact.access import Busy
from stuf_klantcontact.errors import Text, Trouble
from stuf_klantcontact.fouten import Fault
from stuf_klantcontact.intake import Answer, Received
from stuf_klantcontact.names import KC, KLC, SOAP11, WSDL_SOAP
from stuf_klantcontact.settings import Limits


class Chunked(io.BytesIO):
    """A body of unknown length; counts what was read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.taken = 0

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self.taken += len(block)
        return block


def test_a_good_message_reaches_intake_and_gets_its_answer() -> None:
    behind = Behind()
    reply = call(door(behind), environ())
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/xml; charset=utf-8"
    root = etree.fromstring(reply.body)
    assert [etree.QName(e).localname for e in root.iter()][:3] == ["Envelope", "Body", "Bv03Bericht"]
    (received,) = behind.received
    assert (received.port, received.raw, received.zender) == (SYNC, VALID, "MIJNZAKEN")
    assert received.envelope is not None
    assert received.envelope.valid
    assert received.unreadable is None


def test_the_answer_goes_out_as_intake_made_it() -> None:
    body = b"<x:y xmlns:x=\"urn:x\" a='1'><!-- kept -->\xc3\xa9</x:y>"
    assert body in call(door(accept=lambda _: Answer(body)), environ()).body


@pytest.mark.parametrize(("plek", "faultcode"), [("client", "soap:Client"), ("server", "soap:Server")])
def test_a_fault_is_http_500_with_plek_and_the_sentence(plek: Any, faultcode: str) -> None:
    answer = Answer(b"<Fo/>", Fault(plek, "Niet < goed & wel"))
    reply = call(door(accept=lambda _: answer), environ())
    fault = etree.fromstring(reply.body).find(f"{{{SOAP11}}}Body/{{{SOAP11}}}Fault")
    assert reply.status == 500
    assert fault is not None
    assert fault.findtext("faultcode") == faultcode
    assert fault.findtext("faultstring") == "Niet < goed & wel"
    assert fault.find("detail/Fo") is not None


@pytest.mark.parametrize(("port", "berichtcode"), [(SYNC, "Fo02Bericht"), (ASYNC, "Fo03Bericht")])
def test_unreadable_and_invalid_messages_reach_intake_and_become_faults(port: str, berichtcode: str) -> None:
    for raw, rule in ((b"<", "XML-"), (b"<a/>", "SOAP-ENVELOPE"), (VALID.replace(b">call<", b">fax<"), "XSD-")):
        behind = Behind()
        reply = call(door(behind), environ(raw, PATH_INFO=f"/soap/{port}"))
        fault = fault_in(reply.body)
        assert reply.status == 500
        assert etree.QName(fault.message).localname == berichtcode
        assert fault.code == "StUF055"
        assert fault.rules[0].startswith(rule)
        assert behind.received[0].raw == raw, "the journal must get what was received"


def test_soap_has_its_own_faultcodes_for_version_and_must_understand() -> None:
    version = VALID.replace(SOAP11.encode(), b"http://www.w3.org/2003/05/soap-envelope")
    header = VALID.replace(b"<soap:Header/>", b'<soap:Header><x soap:mustUnderstand="1"/></soap:Header>')
    assert fault_in(call(door(), environ(version)).body).faultcode == "soap:VersionMismatch"
    assert fault_in(call(door(), environ(header)).body).faultcode == "soap:MustUnderstand"


@pytest.mark.parametrize(
    ("changes", "status", "rule"),
    [
        ({"REQUEST_METHOD": "GET"}, 405, "HTTP-METHOD"),
        ({"REQUEST_METHOD": "GET", "QUERY_STRING": "xsd=1"}, 405, "HTTP-METHOD"),
        ({"REQUEST_METHOD": "PUT"}, 405, "HTTP-METHOD"),
        ({"REQUEST_METHOD": "TRACE"}, 405, "HTTP-METHOD"),
        ({"PATH_INFO": "/soap/"}, 404, "HTTP-PORT"),
        ({"PATH_INFO": "/soap/Nee"}, 404, "HTTP-PORT"),
        ({"PATH_INFO": f"/soap/{SYNC}/x"}, 404, "HTTP-PORT"),
        ({"PATH_INFO": "/soap/\r\nEVIL\udcff"}, 404, "HTTP-PORT"),
        ({"HTTP_HOST": None}, 400, "HTTP-HOST"),
        ({"CONTENT_TYPE": None}, 415, "HTTP-CONTENT-TYPE"),
        ({"CONTENT_TYPE": "text/plain"}, 415, "HTTP-CONTENT-TYPE"),
        ({"CONTENT_TYPE": "text/xmlish"}, 415, "HTTP-CONTENT-TYPE"),
        ({"CONTENT_TYPE": "application/json"}, 415, "HTTP-CONTENT-TYPE"),
        ({"CONTENT_TYPE": "application/soap+xml; charset=utf-8"}, 415, "HTTP-CONTENT-TYPE"),
        ({"CONTENT_TYPE": 'multipart/related; type="application/xop+xml"'}, 415, "HTTP-MTOM"),
        ({"CONTENT_TYPE": 'multipart/related; type="text/xml"; boundary=b'}, 415, "HTTP-MTOM"),
        ({"CONTENT_TYPE": "multipart/form-data; boundary=b"}, 415, "HTTP-MTOM"),
        ({"CONTENT_TYPE": "text/xml; charset=iso-8859-1"}, 415, "HTTP-CHARSET"),
        ({"CONTENT_TYPE": 'text/xml; charset="punycode"'}, 415, "HTTP-CHARSET"),
        ({"CONTENT_TYPE": "text/xml; charset=utf-8; charset=utf-7"}, 415, "HTTP-CHARSET"),
        ({"CONTENT_TYPE": "text/xml; CHARSET=hex"}, 415, "HTTP-CHARSET"),
        ({"CONTENT_TYPE": "text/xml; charset="}, 415, "HTTP-CHARSET"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, 415, "HTTP-CONTENT-ENCODING"),
        ({"HTTP_SOAPACTION": "x" * 513}, 400, "HTTP-SOAPACTION"),
        ({"CONTENT_LENGTH": None}, 411, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": ""}, 411, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": "abc"}, 400, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": "-1"}, 400, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": "+3"}, 400, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": "1_000"}, 400, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": "١٢"}, 400, "HTTP-LENGTH"),
        ({"CONTENT_LENGTH": "10000000000"}, 413, "HTTP-SIZE"),
        ({"CONTENT_LENGTH": str(len(VALID) + 1)}, 400, "HTTP-INCOMPLETE"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 400, "HTTP-FRAMING"),
        ({"HTTP_TRANSFER_ENCODING": "gzip, chunked", "CONTENT_LENGTH": None}, 400, "HTTP-FRAMING"),
        ({"HTTP_AUTHORIZATION": None}, 401, "HTTP-AUTH"),
        ({"HTTP_AUTHORIZATION": "Basic x"}, 401, "HTTP-AUTH"),
    ],
)
def test_what_is_wrong_with_the_transport_is_refused_unread(changes: Any, status: int, rule: str) -> None:
    behind = Behind()
    reply = call(door(behind), environ(**changes))
    assert reply.status == status
    assert_plain_refusal(reply)
    assert f"[{rule}]" in reply.body.decode()
    assert behind.received == []


def test_who_is_not_looked_at_for_want_of_time_is_asked_to_come_back() -> None:
    def busy(authorization: str | None) -> str:
        raise Busy(Text(nl="Even wachten.", en="One moment."))

    reply = call(replace(door(), authenticate=busy), environ())
    assert reply.status == 503
    assert "[HTTP-BUSY]" in reply.body.decode()
    assert int(reply.headers["retry-after"]) > 0
    assert "www-authenticate" not in reply.headers


def test_401_says_how_and_comes_before_the_body_is_read() -> None:
    class Untouchable:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    reply = call(door(), environ(HTTP_AUTHORIZATION="Basic bad", **{"wsgi.input": Untouchable()}))
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith('Basic realm="stuf-klantcontact"')
    assert call(door(), environ(REQUEST_METHOD="DELETE")).headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "TEXT/XML; Charset=UTF-8",
        'text/xml;charset="utf-8"',
        "text/xml; charset=utf8; action=x",
        "text/xml;",
    ],
)
def test_every_spelling_of_the_right_content_type_is_taken(content_type: str) -> None:
    assert call(door(), environ(CONTENT_TYPE=content_type)).status == 200


@pytest.mark.parametrize("action", [None, "", '""', '"urn:wrong"', "unquoted", "x" * 512, "<!ENTITY é>"])
def test_the_soapaction_does_not_matter(action: str | None) -> None:
    assert call(door(), environ(HTTP_SOAPACTION=action)).status == 200


def test_chunked_bodies_are_read_to_the_limit_and_no_further() -> None:
    chunked: dict[str, Any] = {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert call(door(), environ(**chunked)).status == 200
    endless = Chunked(VALID + b" " * 1_000_000)
    reply = call(door(limits=Limits(message_bytes=10_000)), environ(**chunked, **{"wsgi.input": endless}))
    assert reply.status == 413
    assert endless.taken == 10_001


def test_a_body_that_breaks_off_is_400() -> None:
    class Broken:
        def read(self, size: int = -1) -> bytes:
            raise OSError("peer is gone")

    assert call(door(), environ(**{"wsgi.input": Broken()})).status == 400


@pytest.mark.parametrize("port", [SYNC, ASYNC])
@pytest.mark.parametrize("query", ["wsdl", "WSDL", "wsdl=1"])
def test_the_wsdl_has_our_address_and_never_that_of_the_host_header(port: str, query: str) -> None:
    ask: dict[str, Any] = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "HTTP_HOST": "evil.example"}
    ask |= {"PATH_INFO": f"/soap/{port}", "HTTP_AUTHORIZATION": None, "CONTENT_TYPE": None}
    reply = call(door(address="https://gateway.example.nl/"), environ(b"", **ask))
    assert reply.status == 200
    addresses = [e.get("location") for e in etree.fromstring(reply.body).iter(f"{{{WSDL_SOAP}}}address")]
    assert addresses == [f"https://gateway.example.nl/soap/{port}"]
    assert b"evil" not in reply.body


@pytest.mark.parametrize(
    ("query", "namespace"),
    [
        ("wsdl", KC),
        ("wsdl=", KC),
        ("wsdl=kc0100_ontvangAsynchroon", KC),
        ("WSDL=klc0320_ontvangAsynchroon&x=y", KLC),
    ],
)
def test_a_port_with_two_wsdls_gives_the_one_that_is_named(query: str, namespace: str) -> None:
    ask: dict[str, Any] = {"REQUEST_METHOD": "GET", "QUERY_STRING": query, "PATH_INFO": f"/soap/{ASYNC}"}
    reply = call(door(), environ(b"", **ask))
    assert reply.status == 200
    assert etree.fromstring(reply.body).get("targetNamespace") == namespace


@pytest.mark.parametrize("name", ["klc0320", "kc0100_verwerkSynchroonVrijBericht", "../kc0100.xsd", "\udcff"])
def test_a_wsdl_that_the_port_does_not_have_is_404_with_those_it_has(name: str) -> None:
    ask: dict[str, Any] = {"REQUEST_METHOD": "GET", "QUERY_STRING": f"wsdl={name}", "PATH_INFO": f"/soap/{ASYNC}"}
    reply = call(door(), environ(b"", **ask))
    assert reply.status == 404
    assert_plain_refusal(reply)
    assert "it has: kc0100_ontvangAsynchroon, klc0320_ontvangAsynchroon.\n[HTTP-WSDL]" in reply.body.decode()


@pytest.mark.parametrize(
    "error", [ValueError("999993653 GEHEIM"), RecursionError(), MemoryError(), KeyError("GEHEIM")]
)
@pytest.mark.parametrize(("port", "code"), [(SYNC, "StUF049"), (ASYNC, "StUF046")])
def test_whatever_fails_is_a_fault_with_a_number_that_is_in_the_log(
    error: Exception, port: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    def accept(received: Received) -> Answer:
        raise error

    caplog.set_level(logging.DEBUG)
    reply = call(door(accept=accept), environ(PATH_INFO=f"/soap/{port}"))
    fault = fault_in(reply.body)
    assert reply.status == 500
    assert (fault.code, fault.faultcode) == (code, "soap:Server")
    reference = fault.message.findtext("{*}body/{*}details")
    assert reference
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert f"reference={reference}" in line
    assert f"exception={type(error).__name__}" in line
    assert "where=test_soap.py:" in line
    assert f"bytes={len(VALID)}" in line
    assert quiet(caplog.records, "999993653", "GEHEIM", "jdevries", GOOD)
    assert b"GEHEIM" not in reply.body
    assert b"Traceback" not in reply.body


def test_trouble_keeps_its_own_reference() -> None:
    def accept(received: Received) -> Answer:
        raise Trouble("the database is away", reference="R-42")

    assert fault_in(call(door(accept=accept), environ()).body).message.findtext("{*}body/{*}details") == "R-42"


def test_even_when_trouble_fails_there_is_a_complete_fault(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("GEHEIM")

    reply = call(door(accept=fail, trouble=fail), environ())
    assert fault_in(reply.body).code == "StUF049"
    assert quiet(caplog.records, "GEHEIM")


def test_authentication_that_fails_by_itself_is_a_fault_too() -> None:
    def broken(_: str | None) -> str:
        raise OSError("away")

    behind = Behind()
    wsgi = soap.build(
        accept=behind.accept,
        authenticate=broken,
        trouble=behind.trouble,
        contract=the_contract(),
        limits=Limits(),
        ports=[SYNC],
        address="http://127.0.0.1",
    )
    assert fault_in(call(wsgi, environ()).body).code == "StUF049"


def test_a_refusal_is_logged_by_length_and_hash_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call(door(), environ(VALID.replace(b">call<", b">999993653<")))
    assert "sha256=" in caplog.text
    assert quiet(caplog.records, "999993653", "jdevries", "0518ZAAK", GOOD, "gehe")


def test_nothing_of_a_request_outlives_it() -> None:
    """Spyne's contexts are reference cycles; with 25 MB in each, waiting for the garbage collector will not do."""

    class Marker:
        pass

    alive: list[Any] = []

    def accept(received: Received) -> Answer:
        marker = Marker()
        alive.append(weakref.ref(marker))
        return Answer(b"<ok/>")

    gc.collect()
    gc.disable()
    try:
        wsgi = door(accept=accept)
        call(wsgi, environ())
        gc.collect()
        for _ in range(20):
            call(wsgi, environ())
        assert [ref for ref in alive if ref() is not None] == []
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_dispatch_gives_the_door_what_is_below_soap_and_nothing_else() -> None:
    def pages(request: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "4")])
        return [b"page"]

    wsgi = soap.dispatch(door(), pages)
    assert call(wsgi, environ(PATH_INFO="/soap/nope")).status == 404
    for path in ("/", "/soap", "/soapy/x", "", "/x/soap/"):
        assert call(wsgi, environ(PATH_INFO=path)).body == b"page"


def test_importing_the_door_warns_of_nothing_and_leaves_no_import_hook_behind() -> None:
    code = (
        "import sys, stuf_klantcontact.soap\n"
        "names = [type(finder).__name__ for finder in sys.meta_path]\n"
        "assert '_SixMetaPathImporter' not in names, names\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
