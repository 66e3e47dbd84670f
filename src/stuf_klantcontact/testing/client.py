"""A small SOAP 1.1 client that shows everything it gets, however wrong it is."""

import base64
import http.client
import re
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

from lxml import etree

from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.names import SOAP11, XMIME, qname, split
from stuf_klantcontact.outlets import mtom as outlets_mtom
from stuf_klantcontact.outlets.soap import action, envelope
from stuf_klantcontact.parsing.binary import decode_base64
from stuf_klantcontact.parsing.multipart import related
from stuf_klantcontact.parsing.xop import BINARY, inlined


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the child of the SOAP Body when there is one, and what a StUF fault in it says.

    `body` is the StUF message, taken out of soap:Fault when it is one; `fault` is soap:Fault itself.
    """

    status: int
    headers: dict[str, str]
    raw: bytes = field(repr=False)
    body: etree._Element | None = field(default=None, repr=False)
    fault: etree._Element | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Local name of the message, such as Bv03Bericht; empty when there is none."""
        return "" if self.body is None else split(self.body.tag)[1]

    @property
    def code(self) -> str:
        """code of a StUF fault, such as StUF058; empty when it is none."""
        return self.text("body/code")

    @property
    def faultcode(self) -> str:
        """faultcode of soap:Fault without its prefix: Client or Server."""
        return "" if self.fault is None else (self.fault.findtext("faultcode") or "").rpartition(":")[2]

    def text(self, path: str) -> str:
        """Text of the first element at a path of local names below the message; empty when there is none."""
        if self.body is None:
            return ""
        found = self.body.find("/".join(f"{{*}}{step}" for step in path.split("/")))
        return "" if found is None else (found.text or "").strip()


class SoapClient:
    """Posts messages to one server, each on a connection of its own."""

    def __init__(self, url: str, *, user: str = "", password: str = "", timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"not an http address: {url}")
        self._host = parts.hostname
        self._port = parts.port or 80
        self._folder = parts.path.rstrip("/")
        self._user = user
        self._password = password
        self._timeout = timeout

    def post(
        self,
        path: str,
        message: etree._Element | bytes,
        *,
        user: str | None = None,
        password: str | None = None,
        headers: dict[str, str] | None = None,
        mtom: bool = False,
    ) -> Reply:
        """Post a message (it gets an envelope) or bytes (sent as they are); no user at all: user="".

        With `mtom` the documents of a message go beside it.
        """
        sent = {"Content-Type": "text/xml; charset=utf-8"}
        if isinstance(message, bytes):
            data = message
        else:
            sent["SOAPAction"] = f'"{action(message)}"'
            if mtom:
                number = uuid4().hex
                sent["Content-Type"] = outlets_mtom.content_type(number)
                data = _in_parts(deepcopy(message), number=number)
            else:
                data = envelope(deepcopy(message))
        user = self._user if user is None else user
        if user:
            word = f"{user}:{self._password if password is None else password}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(word).decode("ascii")
        return self._exchange("POST", path, data=data, headers={**sent, **(headers or {})})

    def get(self, path: str, *, headers: dict[str, str] | None = None) -> Reply:
        """Get a page or a file: `raw` has it."""
        return self._exchange("GET", path, data=None, headers=headers or {})

    def _exchange(self, method: str, path: str, *, data: bytes | None, headers: dict[str, str]) -> Reply:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, self._folder + path, body=data, headers=headers)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        parts = related(response.getheader("Content-Type", ""))
        text = raw if parts is None else inlined(raw, related=parts, limits=STANDARD)[0]
        message, fault = _unfold(text) if method == "POST" else (None, None)
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, raw, message, fault)


def _in_parts(message: etree._Element, *, number: str) -> bytes:
    """A message with the documents in its Inhoud elements beside it."""
    contents, marks = [], []
    for place, element in enumerate(message.iter(*(f"{{*}}{local}" for local in sorted(BINARY)))):
        document = decode_base64(element.text or "")
        if document:
            element.text = f"{number}-{place:04}"
            marks.append(element.text.encode())
            contents.append((str(element.get(qname(XMIME, "contentType"), "")), document))
    pieces = re.split(b"|".join(marks), envelope(message)) if marks else [envelope(message)]
    return b"".join(outlets_mtom.in_parts(pieces, contents, referentienummer=number))


def _unfold(raw: bytes) -> tuple[etree._Element | None, etree._Element | None]:
    """The message, and the soap:Fault around it, if they are there."""
    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return None, None
    body = root.find(qname(SOAP11, "Body"))
    if body is None or len(body) == 0:
        return None, None
    child = body[0]
    if child.tag != qname(SOAP11, "Fault"):
        return child, None
    detail = child.find("detail")
    return (detail[0] if detail is not None and len(detail) else None), child
