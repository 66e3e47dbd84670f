"""A zaaksysteem of another make: zeep loads our WSDL, sends through its transport, and reads the reply.

What can go wrong: ConfigurationError when the gateway cannot be reached or serves no WSDL that zeep can load.
"""

import codecs
from dataclasses import dataclass
from typing import Any, Final

import requests
from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Error, Fault
from zeep.transports import Transport

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.names import KC, SOAP11, STUF0301, qname, split

TIMEOUT: Final = 30
_BEFORE: Final = f'<soap:Envelope xmlns:soap="{SOAP11}"><soap:Body>'.encode()
_AFTER: Final = b"</soap:Body></soap:Envelope>"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: HTTP status, name of the answer ("" for none), StUF code of a fault, and our findings."""

    status: int
    name: str
    code: str
    findings: tuple[tuple[str, str], ...]
    body: etree._Element | None
    content: bytes

    def text(self, local: str) -> str:
        """The text of the first element with that local name in the answer."""
        if self.body is None:
            return ""
        return next((e.text or "" for e in self.body.iter(etree.Element) if split(e.tag)[1] == local), "")


class Zaaksysteem:
    """Sends to one port of a gateway."""

    def __init__(self, url: str, *, user: str = "", password: str = "") -> None:
        session = requests.Session()
        session.trust_env = False
        session.auth = (user, password) if user else None
        session.adapters.pop("file://", None)
        self._url = url
        self._transport = Transport(session=session, timeout=TIMEOUT, operation_timeout=TIMEOUT)
        settings = Settings(strict=True, forbid_dtd=True, forbid_external=False)
        try:
            self._client = Client(f"{url}?wsdl", transport=self._transport, settings=settings)
        except (requests.RequestException, Error, etree.XMLSyntaxError, OSError) as error:
            raise ConfigurationError(f"no WSDL to be had at {url}?wsdl: {type(error).__name__}") from error
        self._binding: Any = next(iter(self._client.wsdl.bindings.values()))

    def send(self, message: etree._Element, *, data: bytes = b"") -> Outcome:
        """Send a StUF message in an envelope of ours; with `data`, the bytes of an envelope that has it."""
        namespace, local = split(message.tag)
        if not data:
            envelope = etree.Element(qname(SOAP11, "Envelope"), nsmap={"soap": SOAP11})
            etree.SubElement(envelope, qname(SOAP11, "Body")).append(message)
            data = etree.tostring(envelope)
        return self.post(data, action=f"{namespace}/{local}", operation=local)

    def post(self, data: bytes, *, action: str = "", operation: str = "") -> Outcome:
        """Send bytes as they are, sound or not."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        try:
            response = self._transport.post(self._url, data, headers)
        except requests.RequestException as error:
            raise ConfigurationError(f"{self._url} does not answer: {type(error).__name__}") from error
        code, findings = "", tuple[tuple[str, str], ...]()
        known = operation if operation in self._binding.all() else next(iter(self._binding.all()))
        try:
            self._binding.process_reply(self._client, self._binding.get(known), response)
        except Fault as fault:
            code, findings = _read_fault(fault.detail)
        except Error:
            pass  # not what the WSDL promises for this operation: the body below says what it is
        body = _body(response.content)
        name = "" if body is None else split(body.tag)[1]
        return Outcome(response.status_code, name, code, findings, body, response.content)


def enveloped(data: bytes) -> bytes:
    """A bare message in an envelope; it stands on the same lines as before."""
    data = data.removeprefix(codecs.BOM_UTF8)
    start = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    return data[:start] + _BEFORE + data[start:] + _AFTER


def _read_fault(detail: etree._Element | None) -> tuple[str, tuple[tuple[str, str], ...]]:
    if detail is None:
        return "", ()
    findings = []
    for bevinding in detail.iter(qname(KC, "bevinding")):
        rule = bevinding.findtext(qname(KC, "rule"), "")
        where = bevinding.findtext(qname(KC, "path"), "")
        message = bevinding.findtext(f"{qname(KC, 'message')}/{qname(KC, 'nl')}", "")
        hint = bevinding.findtext(f"{qname(KC, 'hint')}/{qname(KC, 'nl')}", "")
        line = bevinding.findtext(qname(KC, "line"), "")
        place = f"regel {line}, {where}: " if line else ""
        findings.append((rule, f"{place}{message} {hint}".strip()))
    return next((e.text or "" for e in detail.iter(qname(STUF0301, "code"))), ""), tuple(findings)


def _body(content: bytes) -> etree._Element | None:
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    body = root.find(qname(SOAP11, "Body"))
    return None if body is None or not len(body) else body[0]
