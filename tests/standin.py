"""A SOAP door with a stand-in behind it, which judges by the schema, answers complete StUF and stores nothing."""

import io
import logging
import os
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from stuf_klantcontact import berichten, contract, fouten, parsing, report, soap
from stuf_klantcontact.access import Denied
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import ConfigurationError, Text
from stuf_klantcontact.intake import PORTS, SYNCHRONOUS_PORTS, Answer, Received
from stuf_klantcontact.names import SOAP11
from stuf_klantcontact.settings import Limits
from stuf_klantcontact.stuurgegevens import Header, Systeem

SYNC = "VerwerkSynchroonVrijBericht"
ASYNC = "OntvangAsynchroon"
GOOD = "Basic bWlqbnpha2VuOmdlaGVpbQ=="

VALID = b"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body>
<kc:voegKlantcontactToe_Di02 xmlns:kc="urn:stuf-klantcontact:koppelvlak:0100"
 xmlns:StUF="http://www.egem.nl/StUF/StUF0301" xmlns:gfo="urn:nl:gfozaken">
<kc:stuurgegevens>
<StUF:berichtcode>Di02</StUF:berichtcode>
<StUF:zender><StUF:organisatie>0518</StUF:organisatie><StUF:applicatie>MIJNZAKEN</StUF:applicatie></StUF:zender>
<StUF:ontvanger><StUF:organisatie>0518</StUF:organisatie><StUF:applicatie>KLANTCONTACT</StUF:applicatie></StUF:ontvanger>
<StUF:referentienummer>MZ-2026-000123</StUF:referentienummer>
<StUF:tijdstipBericht>20261122101500000</StUF:tijdstipBericht>
<StUF:functie>voegKlantcontactToe</StUF:functie>
</kc:stuurgegevens>
<kc:zaakidentificatie>0518ZAAK0000001</kc:zaakidentificatie>
<gfo:Klantcontact>
<gfo:DatumGezet>2026-11-22T10:12:00+01:00</gfo:DatumGezet>
<gfo:Documenten/>
<gfo:Opvoerder><gfo:Medewerker><gfo:Identificatie>jdevries</gfo:Identificatie></gfo:Medewerker></gfo:Opvoerder>
<gfo:Toelichting>Vroeg wanneer de vergunning klaar is.</gfo:Toelichting>
<gfo:Type>call</gfo:Type>
</gfo:Klantcontact>
</kc:voegKlantcontactToe_Di02></soap:Body></soap:Envelope>
"""


@cache
def the_contract() -> Contract:
    return contract.load()


@dataclass(slots=True)
class Behind:
    """What stands where intake stands; `received` keeps what it was given."""

    received: MutableSequence[Received] = field(default_factory=list)

    def accept(self, received: Received) -> Answer:
        self.received.append(received)
        if received.unreadable is not None:
            return self._refuse(received.port, fouten.Fout.StUF055, received.unreadable.violations)
        envelope = received.envelope
        assert envelope is not None
        if not envelope.valid:
            violations = the_contract().violations(envelope.body)
            return self._refuse(received.port, fouten.Fout.StUF055, violations)
        try:
            parsing.canonical_hash(envelope.body)
        except parsing.Unreadable as unreadable:
            return self._refuse(received.port, fouten.Fout.StUF055, unreadable.violations)
        return Answer(parsing.write(berichten.bv03(_header("Bv03"))))

    def trouble(self, port: str, reference: str) -> Answer:
        fout = fouten.Fout.StUF049 if port in SYNCHRONOUS_PORTS else fouten.Fout.StUF046
        message, fault = fouten.build(fout, header=_header_of(port), details=reference)
        return Answer(parsing.write(message), fault)

    @staticmethod
    def _refuse(port: str, fout: fouten.Fout, violations: Any) -> Answer:
        element = report.as_element(violations)
        message, fault = fouten.build(
            fout, header=_header_of(port), details="zie detailsXML", details_xml=(element,)
        )
        return Answer(parsing.write(message), fault)


def _header_of(port: str) -> Header:
    return Header("Fo02") if port in SYNCHRONOUS_PORTS else _header("Fo03")


def _header(berichtcode: str) -> Header:
    return Header(
        berichtcode,
        zender=Systeem("0518", "KLANTCONTACT"),
        ontvanger=Systeem("0518", "MIJNZAKEN"),
        referentienummer="KC1",
        tijdstip_bericht="20261122101500000",
        cross_refnummer="MZ-2026-000123",
    )


def authenticate(authorization: str | None) -> str:
    if authorization != GOOD:
        raise Denied(Text(nl="Meld u aan.", en="Authenticate."))
    return "MIJNZAKEN"


def door(
    behind: Behind | None = None,
    *,
    accept: Callable[[Received], Answer] | None = None,
    limits: Limits | None = None,
    trouble: Callable[[str, str], Answer] | None = None,
    address: str = "http://127.0.0.1:8080",
) -> soap.Door:
    behind = behind or Behind()
    return soap.build(
        accept=accept or behind.accept,
        authenticate=authenticate,
        trouble=trouble or behind.trouble,
        contract=the_contract(),
        limits=limits or Limits(message_bytes=8_000_000),
        ports=PORTS,
        address=address,
    )


class Served:
    """What a worker of the real server serves in tests: the door, and a page beside it that tells who answers."""

    def __init__(self, mark: str = "") -> None:
        behind = Behind(deque(maxlen=1))  # nobody looks at them here, and they must not look like a leak
        self.wsgi = soap.dispatch(door(behind), self._page)
        self._mark = mark

    @staticmethod
    def _page(request: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if request["PATH_INFO"] == "/crash":
            os._exit(3)
        if request["PATH_INFO"] == "/slow":
            time.sleep(1.0)
        body = str(os.getpid()).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def close(self) -> None:
        if self._mark:
            with Path(self._mark).open("a") as mark:
                mark.write("closed\n")


def unable() -> Served:
    raise ConfigurationError("gateway.rsin is empty")


_SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
from functools import partial
import standin
from stuf_klantcontact import server
build = partial(standin.Served, sys.argv[4]) if sys.argv[4] != "unable" else standin.unable
sys.exit(server.run(build, port=int(sys.argv[2]), workers=int(sys.argv[3]), threads=4))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve(port: int, *, workers: int = 1, mark: str = "") -> subprocess.Popen[str]:
    """Start the real server; the caller waits with `answers` and ends it."""
    arguments = [sys.executable, "-c", _SERVE, str(Path(__file__).parent), str(port), str(workers), mark]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def environ(raw: bytes = VALID, **changes: Any) -> dict[str, Any]:
    """A good request, with changes; a value None takes the header away."""
    base: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/soap/{SYNC}",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "gateway.example.nl",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(raw)),
        "HTTP_SOAPACTION": '""',
        "HTTP_AUTHORIZATION": GOOD,
        "wsgi.input": io.BytesIO(raw),
    }
    base.update(changes)
    return {name: value for name, value in base.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def call(wsgi: Callable[..., Any], request: dict[str, Any]) -> Reply:
    begun: list[Any] = []
    body = b"".join(wsgi(request, lambda status, headers: begun.extend((status, headers))))
    reply = Reply(int(begun[0][:3]), {name.lower(): value for name, value in begun[1]}, body)
    assert reply.headers["content-length"] == str(len(body))
    return reply


@dataclass(frozen=True, slots=True)
class SoapFault:
    faultcode: str
    faultstring: str
    message: etree._Element

    @property
    def rules(self) -> list[str]:
        return [str(e.text) for e in self.message.iter("{*}rule")]

    @property
    def code(self) -> str:
        return str(self.message.findtext("{*}body/{*}code"))


def fault_in(body: bytes) -> SoapFault:
    """The SOAP Fault in an answer; asserts that it is one, with a complete and valid StUF fault in its detail."""
    root = etree.fromstring(body)
    fault = root.find(f"{{{SOAP11}}}Body/{{{SOAP11}}}Fault")
    assert fault is not None
    assert [child.tag for child in fault] == ["faultcode", "faultstring", "detail"]
    assert len(fault[2]) == 1
    message = fault[2][0]
    assert not the_contract().violations(message), "the Fo itself breaks the contract"
    return SoapFault(str(fault[0].text), str(fault[1].text), message)


def assert_plain_refusal(reply: Reply) -> None:
    """A 4xx has a Dutch and an English sentence and a rule."""
    assert 400 <= reply.status < 500
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    dutch, english, rule = reply.body.decode().splitlines()
    assert dutch.endswith(".")
    assert english.endswith(".")
    assert rule.startswith("[HTTP-")


def quiet(records: list[logging.LogRecord], *secrets: str) -> bool:
    """Whether none of the secrets is in any log line, and no line has a stack trace."""
    text = "\n".join(record.getMessage() for record in records)
    return not any(secret in text for secret in secrets) and not any(record.exc_info for record in records)
