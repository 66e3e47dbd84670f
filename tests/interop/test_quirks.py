"""What the SOAP stacks of other vendors do differently, over a real connection: taken, or refused with a reason."""

import base64
import gzip
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from lxml import etree

from interop.gateway import Running
from journeys.town import ASYNCHRONOUS, PASSWORD, SYNCHRONOUS, now
from stuf_klantcontact.names import KC, SOAP11
from stuf_klantcontact.testing import cast

SOAP_ACTION = f"{KC}/voegKlantcontactToe_Di02"
WSA = "http://www.w3.org/2005/08/addressing"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


@dataclass
class Request:
    """A good request, of which a quirk changes one thing."""

    message: str
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    prefix: str = "soap:"
    envelope: str = ""
    header: str = ""
    body: str = ""
    end: str = ""
    before: bytes = b""
    encode: Callable[[bytes], bytes] = bytes
    target: str = SYNCHRONOUS
    version: str = "1.1"
    chunked: bool = False
    headers: dict[str, str | None] = field(default_factory=dict)

    def replace(self, old: str, new: str) -> None:
        """Change the message; what is changed must be in it."""
        assert old in self.message
        self.message = self.message.replace(old, new)

    def bytes(self) -> tuple[bytes, bytes]:
        """Head and body, as they go over the line."""
        p = self.prefix
        xmlns = f"xmlns:{p[:-1]}" if p else "xmlns"
        text = (
            f'{self.declaration}<{p}Envelope {xmlns}="{SOAP11}"{self.envelope}>{self.header}'
            f"<{p}Body{self.body}>{self.message}</{p}Body></{p}Envelope>{self.end}"
        )
        data = self.encode(self.before + text.encode())
        headers: dict[str, str | None] = {
            "Host": "127.0.0.1",
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{SOAP_ACTION}"',
            "Authorization": "Basic " + base64.b64encode(f"mijnzaken:{PASSWORD}".encode()).decode(),
            "Connection": "close",
            **({"Transfer-Encoding": "chunked"} if self.chunked else {"Content-Length": str(len(data))}),
            **self.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        if self.chunked:
            pieces = [data[start : start + 500] for start in range(0, len(data), 500)]
            data = b"".join(b"%x;piece=yes\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        return f"POST {self.target} HTTP/{self.version}\r\n{lines}\r\n".encode(), data


def exchange(gateway: Running, request: Request) -> bytes:
    """Everything that comes back; who expects 100 Continue waits for it, and sends no body before it."""
    head, data = request.bytes()
    address = ("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    received = b""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(head)
        if request.headers.get("Expect"):
            received = connection.recv(65536)
        if not received or received.startswith(b"HTTP/1.1 100 "):
            connection.sendall(data)
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.fixture
def request_(gateway: Running) -> Request:
    """A good request about a zaak of its own."""
    message = cast.contact(referentienummer=gateway.number("RAW"), now=now(), zaak=gateway.zaak())
    return Request(etree.tostring(message).decode())


def quirk(**changes: object) -> Callable[[Request], None]:
    def apply(request: Request) -> None:
        for name, value in changes.items():
            assert hasattr(request, name)
            setattr(request, name, value)

    return apply


def header(name: str, value: str | None) -> Callable[[Request], None]:
    return lambda request: request.headers.update({name: value})


def wsa(attributes: str = "") -> Callable[[Request], None]:
    blocks = f"<wsa:To{attributes}>urn:gateway</wsa:To><wsa:Action>urn:anders</wsa:Action>"
    return quirk(header=f'<soap:Header xmlns:wsa="{WSA}">{blocks}</soap:Header>')


def replaced(old: str, new: str) -> Callable[[Request], None]:
    return lambda request: request.replace(old, new)


def renamed(request: Request) -> None:
    """Every prefix of the message another one."""
    for number, prefix in enumerate(re.findall(r"xmlns:(\w+)=", request.message)):
        request.replace(f"xmlns:{prefix}=", f"xmlns:_{number}.x=")
        request.message = re.sub(rf"(</?){prefix}:", rf"\g<1>_{number}.x:", request.message)


TAKEN: dict[str, Callable[[Request], None]] = {
    "byte order mark": quirk(before=b"\xef\xbb\xbf"),
    "no XML declaration": quirk(declaration=""),
    "white space and no XML declaration": quirk(declaration=" \r\n\t"),
    "declaration without encoding": quirk(declaration='<?xml version="1.0"?>'),
    "declaration in single quotes": quirk(
        declaration="<?xml version='1.0' encoding='utf-8' standalone='no' ?>\r\n\r\n"
    ),
    "comment and instruction first": quirk(declaration='<?xml version="1.0"?>\n<!-- made by X -->\n<?x y?>\n'),
    "comment and blank lines last": quirk(end="\r\n<!-- end -->\n\n"),
    "lines and indents": replaced("><", ">\r\n\t<"),
    "comments and CDATA in a value": replaced(">jdevries<", "><!-- who --><![CDATA[jdevries]]><?x?><"),
    "no SOAPAction": header("SOAPAction", None),
    "empty SOAPAction": header("SOAPAction", ""),
    "SOAPAction of two quotes": header("SOAPAction", '""'),
    "SOAPAction without quotes": header("SOAPAction", SOAP_ACTION),
    "SOAPAction of another message": header("SOAPAction", f'"{KC}/wijzigKlantcontact_Di02"'),
    "SOAPAction of something else": header("SOAPAction", '"http://tempuri.org/IService/Send"'),
    "empty header": quirk(header="<soap:Header/>"),
    "headers of WS-Addressing": wsa(),
    "headers that need not be understood": wsa(' soap:mustUnderstand="0"'),
    "headers for somebody else": wsa(' soap:mustUnderstand="1" soap:actor="urn:iemand-anders"'),
    "prefix SOAP-ENV": quirk(prefix="SOAP-ENV:"),
    "no prefix": quirk(prefix=""),
    "other prefixes": renamed,
    "id on the body": quirk(body=f' xmlns:wsu="{WSU}" wsu:Id="id-1"'),
    "encodingStyle": quirk(envelope=' soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'),
    "schemaLocation": replaced(
        "<kc:voegKlantcontactToe_Di02 ",
        '<kc:voegKlantcontactToe_Di02 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" ',
    ),
    "chunks": quirk(chunked=True),
    "expects 100 Continue": header("Expect", "100-continue"),
    "expects 100 Continue, chunks": quirk(chunked=True, headers={"Expect": "100-continue"}),
    "takes gzip": header("Accept-Encoding", "gzip, deflate, br"),
    "encoding identity": header("Content-Encoding", "identity"),
    "no charset": header("Content-Type", "text/xml"),
    "charset in quotes and capitals": header("Content-Type", 'Text/XML;Charset="UTF-8"; action="x"'),
    "names in lower case": quirk(headers={"SOAPAction": None, "soapaction": '""'}),
    "scheme in lower case": lambda request: request.headers.update(
        Authorization="basic " + base64.b64encode(f"mijnzaken:{PASSWORD}".encode()).decode()
    ),
    "HTTP/1.0 without Host": quirk(version="1.0", headers={"Host": None}),
    "sent to the address of the WSDL": quirk(target=f"{SYNCHRONOUS}?wsdl"),
    "absolute target": quirk(target=f"http://127.0.0.1{SYNCHRONOUS}"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_message_is_taken_however_it_was_sent(name: str, gateway: Running, request_: Request) -> None:
    plain = request_.bytes()
    TAKEN[name](request_)
    assert request_.bytes() != plain
    reply = exchange(gateway, request_)
    assert b"HTTP/1." in reply[:8]
    assert b" 200 OK\r\n" in reply
    assert b":voegKlantcontactToe_Du02 " in reply
    assert b"content-encoding" not in reply.lower()


REFUSED: dict[str, tuple[Callable[[Request], None], int, bytes]] = {
    "gzip": (quirk(encode=gzip.compress, headers={"Content-Encoding": "gzip"}), 415, b"HTTP-CONTENT-ENCODING"),
    "charset latin 1": (header("Content-Type", "text/xml; charset=ISO-8859-1"), 415, b"HTTP-CHARSET"),
    "declaration latin 1": (quirk(declaration='<?xml version="1.0" encoding="ISO-8859-1"?>'), 500, b"XML-ENCODING"),
    "UTF-16": (quirk(encode=lambda data: data.decode().encode("utf-16")), 500, b"XML-ENCODING"),
    "blank line before the declaration": (quirk(before=b"\r\n"), 500, b"XML-DECLARATION"),
    "header that must be understood": (wsa(' soap:mustUnderstand="1"'), 500, b"SOAP-MUSTUNDERSTAND"),
    "SOAP 1.2": (header("Content-Type", "application/soap+xml; charset=utf-8"), 415, b"HTTP-CONTENT-TYPE"),
    "types of rpc/encoded": (
        replaced(
            "<gfo:Type>",
            '<gfo:Type xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:type="xsd:string">',
        ),
        500,
        b"XSD-ATTRIBUTE",
    ),
    "message for another port": (quirk(target=ASYNCHRONOUS), 500, b"StUF025"),
    "no credentials, expects 100 Continue": (
        quirk(headers={"Authorization": None, "Expect": "100-continue"}),
        401,
        b"HTTP-AUTH",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_taken_is_refused_with_a_reason(name: str, gateway: Running, request_: Request) -> None:
    change, status, rule = REFUSED[name]
    change(request_)
    reply = exchange(gateway, request_)
    assert reply.startswith(b"HTTP/1.1 %d " % status)
    assert rule in reply
