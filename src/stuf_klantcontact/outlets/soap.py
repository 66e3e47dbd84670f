"""Speak to one receiver of StUF over SOAP 1.1; classify the answer.

What can go wrong is the receiver's doing or the network's, and every bit of it is a row of `classify` or of
`_unsent`: the table of promise 5 in docs/architecture.md. A reply is read to a limit in size and in total time,
never decompressed, and never trusted: no DOCTYPE, no entities.

Protocolbindingen §3 and §4, StUF 03.01 §4.4; stuf-facts §8.3 and §9.1.
"""

import base64
import http.client
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import httpx
from lxml import etree

from stuf_klantcontact.errors import Text
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.names import SOAP11, STUF0301, STUF0302, qname, split
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Outcome, Refused, tls
from stuf_klantcontact.outlets.deadline import FAILURES, Transport, Unreachable
from stuf_klantcontact.parsing import Unreadable
from stuf_klantcontact.parsing.multipart import related
from stuf_klantcontact.parsing.xop import inlined
from stuf_klantcontact.stuurgegevens import read as read_header

REPLY_BYTES: Final = 250_000
"""Most of a reply that is read; a Bv03 has some 1,000 and a Fo03 with details some 10,000."""

REPLY_KEPT: Final = 16_000
"""Most of a reply that is kept when it is not one that can be read: enough to see what it was."""

REPLY_MARKUP: Final = 20_000
"""Most elements and attributes of a reply, as its bytes show them: each costs memory of a hundred bytes or more."""

_PORTS: Final = {"http": 80, "https": 443}

XML: Final = "text/xml; charset=utf-8"

_BEFORE: Final = (
    f"<?xml version='1.0' encoding='utf-8'?>\n<soap:Envelope xmlns:soap=\"{SOAP11}\"><soap:Body>".encode()
)
_AFTER: Final = b"</soap:Body></soap:Envelope>"

OMSCHRIJVING_LENGTH: Final = 200

JUDGED: Final = (200, 500)
"""Statuses of which the body is read: the Bindings know no others."""
PLAIN: Final = ("", "identity")
"""Encodings that leave it as it is."""

UNSUPPORTED: Final = 415
CONFIGURATION: Final = frozenset({401, 403, 404, 405, UNSUPPORTED})
"""Statuses, besides all of 3xx, that no repetition cures: somebody must change a setting."""

LATER: Final = frozenset({"StUF046", "StUF049", "StUF960"})
"""Codes by which a receiver says that it cannot take any message now."""

OUT_OF_ORDER: Final = "StUF019"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `whole` is false when it was longer than we read."""

    status: int
    body: bytes = b""
    content_encoding: str = ""
    whole: bool = True
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """What to post: `length` bytes, in pieces that are made while they are sent."""

    pieces: Callable[[], Iterator[bytes]]
    length: int
    content_type: str = XML


def envelope(message: etree._Element) -> bytes:
    """The bytes to send: a SOAP 1.1 envelope around a message, in UTF-8."""
    written = etree.tostring(message, encoding="utf-8", xml_declaration=False, with_tail=False)
    return b"%b%b%b" % (_BEFORE, written, _AFTER)


def action(message: etree._Element) -> str:
    """SOAPAction of a message, without quotes: namespace, slash and operation (protocolbindingen §4.2)."""
    namespace, local = split(message.tag)
    return f"{namespace}/{local.removesuffix('Bericht') if namespace in (STUF0301, STUF0302) else local}"


class SoapOutlet:
    """One endpoint. Threads share it; it keeps connections open between messages."""

    def __init__(
        self,
        endpoint: str,
        *,
        gebruiker: str = "",
        wachtwoord: str = "",
        timeout: float = 30.0,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._trust = trust
        self._opened: tuple[Transport, str] | None = None
        self._always = (
            "Accept: text/xml, multipart/related\r\nAccept-Encoding: identity\r\nUser-Agent: stuf-klantcontact\r\n"
        )
        if gebruiker:
            credential = base64.b64encode(f"{gebruiker}:{wachtwoord}".encode()).decode("ascii")
            self._always += f"Authorization: Basic {credential}\r\n"

    def send(self, body: bytes | Body, *, action: str, referentienummer: str) -> Attempt:
        """Post one envelope, once, within the time-out."""
        return self.ask(body, action=action, referentienummer=referentienummer, answer="")[0]

    def ask(
        self, body: bytes | Body, *, action: str, referentienummer: str, answer: str
    ) -> tuple[Attempt, etree._Element | None]:
        """Post one envelope like `send`, and give the answer too: the message with the Clark name `answer`.

        Delivered then says that it came; None: it did not.
        """
        try:
            reply = self._post(body, action=action)
        except (*FAILURES, httpx.InvalidURL, ValueError) as error:
            return Attempt(_unsent(error, seconds=self._timeout)), None
        outcome = classify(reply, referentienummer=referentienummer, answer=answer)
        message = _message(reply) if answer and isinstance(outcome, Delivered) else None
        unreadable = isinstance(outcome, Deferred) and outcome.code.startswith("answer-")
        return Attempt(outcome, reply.body[:REPLY_KEPT] if unreadable else reply.body), message

    def _post(self, body: bytes | Body, *, action: str) -> Reply:
        content = body if isinstance(body, Body) else Body(lambda: iter((body,)), len(body))
        transport, head = self._open()
        head += (
            f"Content-Type: {content.content_type}\r\nContent-Length: {content.length}\r\n"
            f'SOAPAction: "{action}"\r\n\r\n'
        )
        with transport.post(head.encode("ascii"), content.pieces(), seconds=self._timeout) as answer:
            encoding = ", ".join(answer.headers.get_all("content-encoding", ())).strip().lower()
            kind = ", ".join(answer.headers.get_all("content-type", ()))
            judged = answer.status in JUDGED and encoding in PLAIN
            most = REPLY_BYTES if judged else REPLY_KEPT
            received = answer.read(most + 1)
            if len(received) > most:
                return Reply(answer.status, received[:REPLY_KEPT], encoding, whole=False)
            if answer.length:
                raise http.client.IncompleteRead(received, answer.length)
            return Reply(answer.status, received, encoding, content_type=kind)

    def _open(self) -> tuple[Transport, str]:
        """What posts there, and the head of every message as far as it is the same.

        The endpoint is read once. Raises httpx.InvalidURL or ValueError, each time.
        """
        if self._opened is None:
            url = httpx.URL(self._endpoint)
            if url.scheme not in _PORTS or not url.host:
                raise ValueError("neither http nor https")
            verify = (self._trust or tls.usual()) if url.scheme == "https" else None
            transport = Transport(url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme], verify=verify)
            target, host = url.raw_path.decode("ascii"), url.netloc.decode("ascii")
            self._opened = transport, f"POST {target} HTTP/1.1\r\nHost: {host}\r\n{self._always}"
        return self._opened

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened[0].close()


def classify(reply: Reply, *, referentienummer: str, answer: str = "") -> Outcome:
    """The verdict on a reply to the message with that referentienummer; pure, and the only place that judges.

    `answer` is the Clark name of the message that answers a question; without it a Bv03 or Bv04 is wanted.
    """
    status, code = reply.status, f"HTTP {reply.status}"
    if 300 <= status < 400:
        return _configuration(
            code,
            "De ontvanger verwijst door; een doorverwijzing wordt niet gevolgd: controleer het endpoint",
            "The receiver redirects; a redirect is not followed: check the endpoint",
        )
    if status == UNSUPPORTED:
        return _configuration(
            code,
            "De ontvanger neemt deze vorm niet aan: controleer het endpoint; kent hij geen MTOM: mtom = false",
            "The receiver does not take this form: check the endpoint; if it knows no MTOM: mtom = false",
        )
    if status in CONFIGURATION:
        return _configuration(
            code,
            "De ontvanger weigert het verzoek: controleer endpoint, gebruiker en wachtwoord",
            "The receiver rejects the request: check endpoint, user and password",
        )
    if status not in JUDGED:
        return _later(code, f"De ontvanger antwoordde {code}", f"The receiver answered {code}")
    if reply.content_encoding not in PLAIN:
        return _later(
            "answer-encoding",
            "Het antwoord is gecomprimeerd, hoewel daar niet om gevraagd is",
            "The answer is compressed, although that was not asked for",
        )
    if not reply.whole:
        return _later("answer-size", "Het antwoord is te groot om te lezen", "The answer is too large to be read")
    message = _message(reply)
    if message is None:
        return _later(
            code if status == 500 else "answer-unreadable",
            f"De ontvanger antwoordde {code} zonder een leesbaar SOAP-bericht",
            f"The receiver answered {code} without a readable SOAP message",
        )
    return _verdict(message, status=status, referentienummer=referentienummer, answer=answer)


def _verdict(message: etree._Element, *, status: int, referentienummer: str, answer: str) -> Outcome:
    """The verdict on a message of StUF, or a soap:Fault, that came with status 200 or 500."""
    namespace, local = split(message.tag)
    if (namespace, local) == (SOAP11, "Fault"):
        found = _fo(message)
        if found is None:
            return _later(
                "soap:Fault",
                "De ontvanger antwoordde een SOAP Fault zonder foutbericht van StUF",
                "The receiver answered a SOAP fault without a fault message of StUF",
            )
        message = found
        local = split(message.tag)[1]
    elif namespace not in (STUF0301, STUF0302) and message.tag != answer:
        return _not_wanted(local, answer=answer)
    header = read_header(message)
    if header.cross_refnummer not in ("", referentienummer):
        return _later(
            "crossRefnummer",
            "Het antwoord gaat over een ander bericht: crossRefnummer is niet ons referentienummer",
            "The answer is about another message: crossRefnummer is not our referentienummer",
        )
    if local in ("Fo01Bericht", "Fo02Bericht", "Fo03Bericht"):
        return _fault(message)
    wanted = message.tag == answer if answer else local in ("Bv03Bericht", "Bv04Bericht")
    if status == 200 and wanted and header.berichtcode == (answer[-4:] or local[:4]):
        return Delivered(header.berichtcode)
    return _not_wanted(local, answer=answer)


def _fault(message: etree._Element) -> Outcome:
    code = " ".join(_text(message, "code").split())[:20]
    omschrijving = _plain(_text(message, "omschrijving"))
    if not code:
        return _later("Fo-code", "Het foutbericht noemt geen code", "The fault message names no code")
    if code == OUT_OF_ORDER:
        return Deferred(
            code,
            Text(
                nl="De ontvanger verlangt oplopende tijdstippen; het bericht krijgt een nieuw nummer en tijdstip. "
                'Overweeg volgorde = "systeem"',
                en="The receiver wants rising moments; the message gets a new number and moment. "
                'Consider volgorde = "systeem"',
            ),
            trouble="item",
            anew=True,
        )
    if code in LATER:
        return _later(
            code, "De ontvanger kan nu geen berichten verwerken", "The receiver cannot process messages now"
        )
    return Refused(code, Text(nl=f"Geweigerd: {omschrijving}", en=f"Refused: {omschrijving}"))


def _not_wanted(local: str, *, answer: str) -> Deferred:
    name, got = split(answer)[1], _plain(local)[:50]
    return _later(
        "answer-unexpected",
        f"Het antwoord is geen {name or 'Bv03 of Bv04'} maar {got}",
        f"The answer is not a {name or 'Bv03 or Bv04'} but {got}",
    )


def _later(code: str, nl: str, en: str) -> Deferred:
    return Deferred(code, Text(nl=nl, en=en))


def _configuration(code: str, nl: str, en: str) -> Deferred:
    return Deferred(code, Text(nl=nl, en=en), trouble="configuration")


def _unsent(error: Exception, *, seconds: float) -> Deferred:
    """The verdict on an exchange that came to no reply."""
    if isinstance(error, TimeoutError):
        return _later(
            "time-out",
            f"De ontvanger antwoordde niet binnen {seconds:g} seconden",
            f"The receiver did not answer within {seconds:g} seconds",
        )
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
        return _configuration(
            "TLS",
            "De beveiligde verbinding komt niet tot stand: controleer certificaat en endpoint",
            "The secure connection cannot be made: check certificate and endpoint",
        )
    if isinstance(error, Unreachable):
        return _later("connect", "De ontvanger is niet bereikbaar", "The receiver cannot be reached")
    if isinstance(error, FAILURES):
        return _later("connection", "De verbinding is verbroken", "The connection was broken")
    return _configuration(
        "endpoint", "Het endpoint is geen bruikbaar adres", "The endpoint is not a usable address"
    )


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _message(reply: Reply) -> etree._Element | None:
    """The only child of the SOAP Body in a reply, also one in parts; None when it is not that, or not safe."""
    data = reply.body
    parts = related(reply.content_type)
    if parts is not None:
        try:
            data, _ = inlined(data, related=parts, limits=STANDARD)
        except Unreadable:
            return None
    if data.count(b"<") + data.count(b"=") > REPLY_MARKUP:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data.removeprefix(b"\xef\xbb\xbf"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.internalDTD is not None or root.tag != qname(SOAP11, "Envelope"):
        return None
    bodies = root.findall(qname(SOAP11, "Body"))
    if len(bodies) != 1 or len(bodies[0]) != 1:
        return None
    return bodies[0][0]


def _fo(fault: etree._Element) -> etree._Element | None:
    """The StUF message in the detail of a soap:Fault; some senders qualify `detail`, or write `details`."""
    for child in fault:
        if split(child.tag)[1] in ("detail", "details"):
            for message in child:
                if split(message.tag)[0] in (STUF0301, STUF0302):
                    return message
    return None


def _text(message: etree._Element, local: str) -> str:
    """Text of a child of the body of a Fo message."""
    for body in message:
        if split(body.tag)[1] == "body":
            for child in body:
                if split(child.tag)[1] == local:
                    return child.text or ""
    return ""


def _plain(text: str) -> str:
    """What a receiver wrote, on one line, without control characters, and not longer than the standard allows."""
    cleaned = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(cleaned.split())[:OMSCHRIJVING_LENGTH]
