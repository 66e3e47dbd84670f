"""The SOAP door; the only file that imports spyne.

A request passes the HTTP guard (`transport`), proves who sent it, is read in one guarded pass (`parsing`), goes
through Spyne (`layer`) to intake, and comes back as an envelope. What can go wrong before the message is read gets
a 4xx with a sentence; everything after that a SOAP Fault with HTTP 500 and a complete StUF Fo. Whatever is raised,
by whatever, ends that way too: the sender gets a reference number, the log the same number, the kind of exception
and where it was raised, and neither ever gets the payload or a stack trace.

SOAP 1.1; WS-I Basic Profile 1.1; protocolbindingen §3 and §4.
"""

import hashlib
import logging
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape

from lxml import etree

from stuf_klantcontact import fouten, parsing
from stuf_klantcontact.access import Busy, Denied
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Text, Trouble, where
from stuf_klantcontact.intake import Answer, Received
from stuf_klantcontact.names import SOAP11
from stuf_klantcontact.parsing import xop
from stuf_klantcontact.settings import Limits
from stuf_klantcontact.soap import transport
from stuf_klantcontact.soap.layer import SpyneLayer
from stuf_klantcontact.soap.transport import Announced, Environ, Rejected, Response
from stuf_klantcontact.stuurgegevens import Header

__all__ = ["PATH", "Door", "build", "dispatch"]

PATH: Final = "/soap/"
LARGE: Final = 4_000_000
LARGE_AT_ONCE: Final = 2
"""So many messages of more than so many bytes are in hand at a time: each takes some ten times its length."""
RETRY_SECONDS: Final = "5"
REALM: Final = 'Basic realm="stuf-klantcontact", charset="UTF-8"'

StartResponse = Callable[..., Any]
WSGI = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

logger = logging.getLogger(__name__)

_OPEN: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="%b"><soap:Body>' % SOAP11.encode()
)
_CLOSE: Final = b"</soap:Body></soap:Envelope>"
_WSDL: Final = re.compile(r"wsdl(?:=([^&]*))?(?:&|$)", re.IGNORECASE)
_FAULTCODE: Final[Mapping[str, str]] = {"client": "Client", "server": "Server"}
_FAULTCODE_OF_RULE: Final[Mapping[str, str]] = {
    "SOAP-VERSION": "VersionMismatch",
    "SOAP-MUSTUNDERSTAND": "MustUnderstand",
}


@dataclass(frozen=True, slots=True)
class Door:
    """The WSGI callable for everything below /soap/. Holds nothing that a request changes."""

    accept: Callable[[Received], Answer]
    authenticate: Callable[[str | None], str]
    trouble: Callable[[str, str], Answer]
    schema: etree.XMLSchema
    limits: Limits
    wsdls: Mapping[str, Mapping[str, bytes]]
    """Of every port its WSDLs by name; the first is for who names none."""
    _layer: SpyneLayer = field(default_factory=SpyneLayer, repr=False)
    _turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(LARGE_AT_ONCE), repr=False)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; nothing is ever raised."""
        response = self._respond(environ)
        start_response(response.status, list(response.headers))
        return [response.body]

    def _respond(self, environ: Environ) -> Response:
        port = environ.get("PATH_INFO", "").removeprefix(PATH)
        try:
            if port not in self.wsdls:
                raise _no_such_port(self.wsdls)
            if environ.get("REQUEST_METHOD") == "GET":
                asked = _WSDL.match(environ.get("QUERY_STRING", ""))
                if asked is not None:
                    return _xml("200 OK", _wsdl(self.wsdls[port], name=asked[1]))
            announced = transport.check(environ, limit=self.limits.message_bytes)
            zender = self._who(environ)
            raw = transport.read_body(environ, length=announced.length, limit=self.limits.message_bytes)
        except Rejected as rejected:
            known = port if port in self.wsdls else "unknown"
            logger.info("rejected port=%s status=%d rule=%s", known, rejected.code, rejected.rule)
            return rejected.response()
        except Exception as error:
            return self._trouble(port, error)
        try:
            with self._turn if len(raw) > LARGE else nullcontext():
                status, headers, body = self._layer.run(lambda: self._exchange(port, zender, raw, announced))
            return Response(status, headers, body)
        except Exception as error:
            return self._trouble(port, error, raw=raw)

    def _who(self, environ: Environ) -> str:
        try:
            return self.authenticate(environ.get("HTTP_AUTHORIZATION"))
        except Busy as busy:
            later = [("Retry-After", RETRY_SECONDS)]
            raise Rejected(503, "HTTP-BUSY", busy.text, headers=later) from None
        except Denied as denied:
            raise Rejected(401, "HTTP-AUTH", denied.text, headers=[("WWW-Authenticate", REALM)]) from None

    def _exchange(self, port: str, zender: str, raw: bytes, announced: Announced) -> tuple[bytes, bool]:
        """One message to intake and its answer in an envelope; runs inside Spyne, so it does not raise."""
        try:
            envelope, unreadable = None, None
            try:
                envelope = self._read(raw, announced)
            except parsing.Unreadable as refusal:
                unreadable = refusal
            answer = self.accept(Received(port, raw, zender, envelope, unreadable))
            if answer.fault is not None:
                logger.info("refused port=%s zender=%s %s %s", port, zender, answer.said, _described(raw))
            faultcode = _FAULTCODE_OF_RULE.get(unreadable.rule) if unreadable else None
            return _enveloped(answer, faultcode=faultcode), answer.fault is not None
        except Exception as error:
            return self._troubled(port, error, raw=raw), True

    def _read(self, raw: bytes, announced: Announced) -> parsing.Envelope:
        """The tree of a request; of one in parts that of the message with its documents in place."""
        charset = announced.charset
        if announced.related is not None:
            raw, charset = xop.inlined(raw, related=announced.related, limits=self.limits)
        return parsing.read(raw, limits=self.limits, schema=self.schema, charset=charset)

    def _trouble(self, port: str, error: Exception, *, raw: bytes | None = None) -> Response:
        return _xml("500 Internal Server Error", self._troubled(port, error, raw=raw))

    def _troubled(self, port: str, error: Exception, *, raw: bytes | None) -> bytes:
        """The fault for what went wrong with us, and the one line in the log that goes with it."""
        reference = error.reference if isinstance(error, Trouble) else secrets.token_hex(6)
        logger.error("trouble reference=%s %s port=%s %s", reference, where(error), port, _described(raw))
        try:
            answer = self.trouble(port, reference)
        except Exception as second:
            logger.error("trouble reference=%s while answering: %s", reference, where(second))
            answer = _last_resort(reference)
        return _enveloped(answer)


def build(
    *,
    accept: Callable[[Received], Answer],
    authenticate: Callable[[str | None], str],
    trouble: Callable[[str, str], Answer],
    contract: Contract,
    limits: Limits,
    ports: Iterable[str],
    address: str,
) -> Door:
    """The door. `address` is the gateway's own: public_url, else the bound one; WSDLs name it and no other.

    `authenticate` gets the Authorization header and gives the applicatie, or raises access.Denied; `trouble` makes
    the complete Fo02 or Fo03 of a port for a reference number.
    """
    base = address.rstrip("/") + PATH
    return Door(
        accept=accept,
        authenticate=authenticate,
        trouble=trouble,
        schema=contract.envelope,
        limits=limits,
        wsdls={port: contract.wsdls(port, address=base + port) for port in ports},
    )


def dispatch(door: WSGI, otherwise: WSGI) -> WSGI:
    """One WSGI callable: what is below /soap/ goes through the door, everything else to `otherwise`."""

    def wsgi(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        chosen = door if environ.get("PATH_INFO", "").startswith(PATH) else otherwise
        return chosen(environ, start_response)

    return wsgi


def _xml(status: str, body: bytes) -> Response:
    headers = (("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(body))))
    return Response(status, headers, body)


def _wsdl(wsdls: Mapping[str, bytes], *, name: str | None) -> bytes:
    """The WSDL that was asked for: the first when no name was given, nor a number, as some clients do."""
    if not name or name.isdecimal():
        return next(iter(wsdls.values()))
    if name not in wsdls:
        known = ", ".join(wsdls)
        raise Rejected(
            404,
            "HTTP-WSDL",
            Text(
                nl=f"Deze WSDL heeft deze poort niet; wel: {known}.",
                en=f"This port has no such WSDL; it has: {known}.",
            ),
        )
    return wsdls[name]


def _no_such_port(ports: Iterable[str]) -> Rejected:
    known = ", ".join(ports)
    return Rejected(
        404,
        "HTTP-PORT",
        Text(nl=f"Deze poort bestaat niet; wel: {known}.", en=f"There is no such port; there are: {known}."),
    )


def _enveloped(answer: Answer, *, faultcode: str | None = None) -> bytes:
    """The answer's own bytes between those of an envelope: what intake stored is what is sent, to the byte."""
    if answer.fault is None:
        return b"".join((_OPEN, answer.body, _CLOSE))
    code = faultcode or _FAULTCODE[answer.fault.plek]
    head = f"<faultcode>soap:{code}</faultcode><faultstring>{escape(answer.fault.omschrijving)}</faultstring>"
    return b"".join(
        (_OPEN, b"<soap:Fault>", head.encode(), b"<detail>", answer.body, b"</detail></soap:Fault>", _CLOSE)
    )


def _last_resort(reference: str) -> Answer:
    """When even intake cannot say it: an Fo02, which needs nothing but its code."""
    message, fault = fouten.build(
        fouten.Fout.StUF049, header=Header(berichtcode="Fo02"), details=f"Referentie / reference: {reference}"
    )
    return Answer(parsing.write(message), fault)


def _described(raw: bytes | None) -> str:
    """What the log may say of a message."""
    if raw is None:
        return "unread"
    return f"bytes={len(raw)} sha256={hashlib.sha256(raw).hexdigest()}"
