"""A fake zaakmagazijn: a real HTTP server that behaves as a good receiver should, or as badly as some do."""

import base64
import hmac
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from lxml import etree

from stuf_klantcontact import berichten, tijdstip
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.names import SOAP11, STUF0301, STUF0302, qname, split
from stuf_klantcontact.outlets.soap import envelope
from stuf_klantcontact.parsing import Unreadable, canonical_hash, read
from stuf_klantcontact.parsing.binary import decode_base64
from stuf_klantcontact.parsing.multipart import related
from stuf_klantcontact.parsing.xop import inlined
from stuf_klantcontact.settings import Limits
from stuf_klantcontact.stuurgegevens import Header, Systeem, answer, write
from stuf_klantcontact.stuurgegevens import read as read_header
from stuf_klantcontact.testing.rudeness import Server
from stuf_klantcontact.testing.zaakdocumenten import QUESTION, Zaakdocumenten
from stuf_klantcontact.tijdstip import Clock

BEHAVIOURS: Final = {
    "well-behaved": "judges, dedupes, keeps, and answers Bv03 or Fo03",
    "slow": "the same, after `delay` seconds",
    "mtom": "the same, with the answer in a multipart",
    "bv04": "confirms as an intermediate node, and keeps",
    "lost-answer": "keeps the message and breaks the connection instead of answering",
    "wrong-cross": "confirms another message",
    "fo03": "refuses with the code after the colon, as in fo03:StUF058",
    "fo03-200": "the same with HTTP 200 and without soap:Fault",
    "status": "answers the HTTP status after the colon and an HTML page, as in status:503",
    "redirect": "answers 302 to itself",
    "html": "answers an HTML page with status 200",
    "garbage": "answers bytes without meaning",
    "empty": "answers 200 and nothing",
    "truncated": "announces more of a Bv03 than it sends, and hangs up",
    "half": "sends half a Bv03 as if that were all",
    "half-closed": "announces a Bv03, sends half, and closes its own side of the connection only",
    "doctype": "answers a Bv03 with a DOCTYPE",
    "gzip-bomb": "answers 300 MB, compressed, though that was not asked for",
    "huge": "answers 300 MB of XML",
    "deep": "answers XML in which 30,000 elements are nested",
    "wide": "answers XML with 60,000 elements, in less than 250 kB",
    "endless-chunks": "answers in chunks without end",
    "endless-headers": "sends header after header without end, as fast as it can",
    "endless-continue": "says 100 Continue without end",
    "drip": "answers a byte at a time, for `delay` seconds",
    "drip-headers": "sends header after header, for `delay` seconds",
    "hang": "accepts the message and says nothing until it is stopped",
    "deaf": "accepts the connection, and neither reads nor answers until it is stopped",
    "tls-garbage": "answers as one who speaks TLS and then does not; for an endpoint with https:",
    "reset": "breaks the connection before it has read the message",
}


@dataclass(frozen=True, slots=True)
class Received:
    """One request, in the order of arrival. `kept`: it was taken in as a new message."""

    at: datetime
    raw: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    behaviour: str
    name: str = ""
    header: Header = field(default_factory=Header, repr=False)
    message: etree._Element | None = field(default=None, repr=False)
    kept: bool = False
    answer: str = ""

    @property
    def in_parts(self) -> bool:
        """Whether its documents came beside it (MTOM); `message` has them in it all the same."""
        return related(self.headers.get("content-type", "")) is not None

    @property
    def documents(self) -> list[bytes]:
        """The documents that it brought, decoded, in the order of the message; what is no base64 is left out."""
        if self.message is None:
            return []
        found = (decode_base64(e.text or "") for e in self.message.iter("{*}inhoud", "{*}eib.inhoud"))
        return [document for document in found if document]

    @property
    def referentienummer(self) -> str:
        """Of its stuurgegevens."""
        return self.header.referentienummer

    def text(self, path: str) -> str:
        """Text of the first element at a path of local names below the message; empty when there is none."""
        if self.message is None:
            return ""
        found = self.message.find("/".join(f"{{*}}{step}" for step in path.split("/")))
        return "" if found is None else (found.text or "").strip()


class FakeZaakmagazijn:
    """Listens on 127.0.0.1, or on `host`, between start and stop; also a context manager.

    It may be started again on its port.

    `behaviour` is one of BEHAVIOURS and may be changed while it runs; `next` makes the next requests different.
    With a contract it refuses what the contract refuses (StUF055); `ordered` makes it insist on rising
    tijdstipBerichten (StUF019); `judge` may refuse any message by giving a code for it; without `mtom` it answers
    415 to a message in parts, as receivers do that know no MTOM. Messages of ZDS 1.2 and
    StUF-ZKN 3.10 it takes as well: `zaakdocumenten` has the numbers it gave and the documents it holds.
    """

    def __init__(
        self,
        *,
        contract: Contract | None = None,
        behaviour: str = "well-behaved",
        host: str = "127.0.0.1",
        port: int = 0,
        user: str = "",
        password: str = "",
        delay: float = 1.0,
        ordered: bool = False,
        judge: Callable[[Received], str] | None = None,
        mtom: bool = True,
        clock: Clock = tijdstip.system_clock,
    ) -> None:
        self.behaviour = behaviour
        self.delay = delay
        self.judge = judge
        self.received: list[Received] = []
        self.zaakdocumenten = Zaakdocumenten()
        self._contract = contract
        self._credential = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self._ordered = ordered
        self._mtom = mtom
        self._clock = clock
        self._host = host
        self._port = port
        self._next: deque[str] = deque()
        self._changed = threading.Condition()
        self._accepted: dict[tuple[str, str], tuple[bytes, bytes]] = {}
        self._latest: dict[str, datetime] = {}
        self._number = 0
        self._stopping = threading.Event()
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """The endpoint; what it answers does not depend on the path."""
        return f"http://{self._host}:{self._port}/OntvangAsynchroon"

    @property
    def kept(self) -> list[Received]:
        """The messages that it took in, each once, in the order of arrival."""
        with self._changed:
            return [request for request in self.received if request.kept]

    def start(self) -> Self:
        """Listen."""
        self._stopping.clear()
        self._server = Server(self, self._host, self._port)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Listen no more, and break every connection."""
        server, self._server = self._server, None
        if server is not None:
            self._stopping.set()
            server.shutdown()
            server.server_close()
            server.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def next(self, *behaviours: str) -> None:
        """Let the next requests meet these behaviours, one each, before the usual one again."""
        for behaviour in behaviours:
            _known(behaviour)
        with self._changed:
            self._next.extend(behaviours)

    def wait_for(self, count: int, *, kept: bool = True, timeout: float = 10.0) -> list[Received]:
        """What it kept (or got), once there is so much; AssertionError when that takes too long."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._chosen(kept)) >= count, timeout):
                raise AssertionError(f"{len(self._chosen(kept))} messages came within {timeout:g} s, not {count}")
            return self._chosen(kept)

    def _chosen(self, kept: bool) -> list[Received]:
        return [request for request in self.received if request.kept or not kept]

    # --- what the server asks, from its threads ---------------------------------------------------------------

    def behave(self) -> str:
        with self._changed:
            return _known(self._next.popleft() if self._next else self.behaviour)

    def let_in(self, authorization: str) -> bool:
        if not self._credential:
            return True
        return hmac.compare_digest(authorization.encode(), f"Basic {self._credential}".encode())

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than the server runs; true when it stops."""
        return self._stopping.wait(seconds)

    def note(self, raw: bytes, headers: dict[str, str], behaviour: str) -> None:
        """Remember a message that nobody judged."""
        with self._changed:
            self.received.append(Received(self._clock(), raw, headers, behaviour))
            self._changed.notify_all()

    def take(self, raw: bytes, headers: dict[str, str], behaviour: str) -> tuple[int, bytes]:
        """Judge and keep one message; gives the HTTP status and the bytes of the answer."""
        with self._changed:
            status, data, request = self._judge(raw, headers, behaviour)
            self.received.append(request)
            self._changed.notify_all()
            return status, data

    def _judge(self, raw: bytes, headers: dict[str, str], behaviour: str) -> tuple[int, bytes, Received]:
        mode, _, word = behaviour.partition(":")
        at = self._clock()
        parts = related(headers.get("content-type", ""))
        if parts is not None and not self._mtom:
            return 415, b"", Received(at, raw, headers, behaviour, answer="415")
        try:
            schema = self._contract.envelope if self._contract else None
            data = raw if parts is None else inlined(raw, related=parts, limits=Limits())[0]
            parsed = read(data, limits=Limits(), schema=schema)
        except Unreadable as error:
            data = self._fo(Header(), error.code)
            return 500, data, Received(at, raw, headers, behaviour, answer=error.code)
        message = parsed.body
        header = read_header(message)

        def request(kept: bool, word: str) -> Received:
            return Received(at, raw, headers, behaviour, split(message.tag)[1], header, message, kept, word)

        def refuse(code: str) -> tuple[int, bytes, Received]:
            namespace = STUF0301 if self.zaakdocumenten.speaks(message) else STUF0302
            if mode == "fo03-200":
                return 200, self._fo(header, code, fault=False, namespace=namespace), request(False, code)
            return 500, self._fo(header, code, namespace=namespace), request(False, code)

        if mode in ("fo03", "fo03-200"):
            return refuse(word or "StUF058")
        key = (header.zender.sleutel, header.referentienummer)
        content = canonical_hash(message)
        if key in self._accepted:
            known, data = self._accepted[key]
            if known != content:
                return refuse("StUF016")
            return 200, data, request(False, "repeated")
        if not parsed.valid:
            return refuse("StUF055")
        moment = tijdstip.parse(header.tijdstip_bericht) if header.tijdstip_bericht else None
        latest = self._latest.get(key[0])
        if self._ordered and moment is not None and latest is not None and moment <= latest:
            return refuse("StUF019")
        old = self.zaakdocumenten.speaks(message)
        code = self.zaakdocumenten.judge(message, header) if old else ""
        code = code or (self.judge(request(False, "")) if self.judge else "")
        if code:
            return refuse(code)
        name = "Bv04" if mode == "bv04" else "Bv03"
        if mode == "wrong-cross":
            data = self._bv03_0301(Header(berichtcode="Lk01", zender=header.zender, referentienummer="another"))
            return 200, data, request(False, "Bv03")
        asked = message.tag == QUESTION
        if asked:
            name = "Du02"
            reply = replace(self._reply(header, name, old=True), functie=header.functie)
            data = envelope(self.zaakdocumenten.answer(reply))
        elif old:
            self.zaakdocumenten.take(message)
            data = envelope(_confirmation_0301(self._reply(header, name, old=True)))
        else:
            data = envelope(_confirmation(name))
        self._accepted[key] = (content, data)
        if moment is not None:
            self._latest[key[0]] = moment
        return 200, data, request(not asked, name)

    def _bv03_0301(self, header: Header) -> bytes:
        return envelope(berichten.bv03(self._reply(header, "Bv03", old=True)))

    def _reply(self, header: Header, berichtcode: str, *, old: bool = False) -> Header:
        """The header of an answer, of StUF 03.01 when the message is that old."""
        self._number += 1
        if not header.ontvanger.applicatie:
            header = replace(header, ontvanger=Systeem(applicatie="ZAAKMAGAZIJN"))
        return answer(
            header,
            berichtcode=berichtcode,
            referentienummer=f"ZM-{self._number}",
            tijdstip_bericht=(tijdstip.stuf0301 if old else tijdstip.stuf0302)(self._clock()),
        )

    def _fo(self, header: Header, code: str, *, fault: bool = True, namespace: str = STUF0302) -> bytes:
        """A Fo03, or a Fo02 to a question, in a soap:Fault unless that was not wanted."""
        plek, omschrijving = "server", "Fout bij de ontvanger"
        if code in Fout.__members__:
            plek, omschrijving = Fout[code].plek, Fout[code].situation.nl
        name = "Fo02" if header.berichtcode == "Di02" else "Fo03"
        reply = self._reply(header, name, old=namespace == STUF0301)
        root = etree.Element(qname(namespace, f"{name}Bericht"), nsmap={"StUF": namespace})
        root.append(write(reply, tag=qname(namespace, "stuurgegevens"), namespace=namespace))
        body = etree.SubElement(root, qname(namespace, "body"))
        for local, value in (("code", code), ("plek", plek), ("omschrijving", omschrijving)):
            etree.SubElement(body, qname(namespace, local)).text = value
        if not fault:
            return envelope(root)
        around = etree.Element(qname(SOAP11, "Fault"))
        etree.SubElement(around, "faultcode").text = f"soap:{plek.capitalize()}"
        etree.SubElement(around, "faultstring").text = omschrijving
        etree.SubElement(around, "detail").append(root)
        return envelope(around)


def closed_port() -> int:
    """A port on 127.0.0.1 where nobody listens: a dead zaakmagazijn."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def _known(behaviour: str) -> str:
    if behaviour.partition(":")[0] not in BEHAVIOURS:
        raise ValueError(f"unknown behaviour {behaviour!r}; known are {', '.join(BEHAVIOURS)}")
    return behaviour


def _confirmation_0301(header: Header) -> etree._Element:
    """Bv03 or Bv04, as the header says: both have full stuurgegevens (stuf-facts §2.2)."""
    root = etree.Element(qname(STUF0301, f"{header.berichtcode}Bericht"), nsmap={"StUF": STUF0301})
    root.append(write(header, tag=qname(STUF0301, "stuurgegevens"), namespace=STUF0301))
    return root


def _confirmation(name: str) -> etree._Element:
    if name == "Bv03":
        return berichten.bv03_0302()
    root = etree.Element(qname(STUF0301, "Bv04Bericht"), nsmap={"StUF": STUF0301})
    header = etree.SubElement(root, qname(STUF0301, "stuurgegevens"))
    etree.SubElement(header, qname(STUF0301, "berichtcode")).text = name
    return root
