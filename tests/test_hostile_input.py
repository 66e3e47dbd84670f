"""Everything a hostile or clumsy peer can send ends as a 4xx or as a SOAP Fault, in bounded time, and unlogged.

Spyne's known defects, the XML layer and the HTTP layer, row by row; then mutants of a good message, and threads.
"""

import io
import logging
import random
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conftest import cpu_seconds
from standin import (
    ASYNC,
    GOOD,
    SYNC,
    VALID,
    Behind,
    Reply,
    answers,
    assert_plain_refusal,
    call,
    door,
    environ,
    fault_in,
    free_port,
    quiet,
    serve,
    until,
)
from stuf_klantcontact.names import SOAP11

SECRET = "999993653"
OPEN = f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>'
CLOSE = "</s:Body></s:Envelope>"


def envelope(body: str, *, before: str = "", header: str = "") -> bytes:
    return f'{before}<s:Envelope xmlns:s="{SOAP11}">{header}<s:Body>{body}{CLOSE}'.encode()


def edited(old: bytes, new: bytes) -> bytes:
    assert old in VALID
    return VALID.replace(old, new, 1)


def judged(raw: bytes, caplog: pytest.LogCaptureFixture, **changes: Any) -> Reply:
    """Send it; whatever it is: bounded time, a complete answer, and nothing of it in the log."""
    caplog.set_level(logging.DEBUG)
    with cpu_seconds(1):
        reply = call(door(), environ(raw, **changes))
    assert quiet(caplog.records, SECRET, GOOD)
    if reply.status == 500:
        fault_in(reply.body)
    elif reply.status != 200:
        assert_plain_refusal(reply)
    assert b"Traceback" not in reply.body
    return reply


LAUGHS = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
CYCLE = '<a id="1" href="#2"><b/></a><c id="2" href="#1"><b/></c>'
MTOM: dict[str, Any] = {"CONTENT_TYPE": 'multipart/related; type="application/xop+xml"; boundary=b'}

ROWS: list[tuple[str, bytes, dict[str, Any], int | str]] = [
    # Spyne's defects
    ("S1 empty Body", envelope(""), {}, "SOAP-BODY"),
    ("S1 text in Body", envelope(SECRET), {}, "SOAP-BODY"),
    ("S1 no Body", f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode(), {}, "SOAP-ENVELOPE"),
    ("S2 empty", b"", {}, "XML-EMPTY"),
    ("S2 length empty", VALID, {"CONTENT_LENGTH": ""}, 411),
    ("S2 length negative", VALID, {"CONTENT_LENGTH": "-1"}, 400),
    ("S3 length abc", VALID, {"CONTENT_LENGTH": "abc"}, 400),
    ("S3 length 1_000", VALID, {"CONTENT_LENGTH": "1_000"}, 400),
    ("S4 Fault", envelope("<s:Fault><faultcode>s:Client</faultcode><faultstring/></s:Fault>"), {}, "SOAP-FAULT"),
    ("S5 entity in text", edited(b"Vroeg", b"Jan&x;sen " + SECRET.encode()), {}, "XML-ENTITY"),
    ("S5 declared", envelope("<m>Jan&x;sen</m>", before="<!DOCTYPE a [<!ENTITY x 's'>]>"), {}, "XML-DOCTYPE"),
    ("S6 entity between", edited(b"<gfo:Type>", b"&x;<gfo:Type>"), {}, "XML-ENTITY"),
    ("S6 entity before operation", envelope("&x;<m/>", before="<!DOCTYPE a [<!ENTITY x 's'>]>"), {}, "XML-DOCTYPE"),
    ("S7 entity in Header", edited(b"<soap:Header/>", b"<soap:Header><a>&x;</a></soap:Header>"), {}, "XML-ENTITY"),
    ("S7 bare DOCTYPE", edited(b"?>", b"?><!DOCTYPE a>"), {}, "XML-DOCTYPE"),
    ("S8 two Bodies", envelope("<m/></s:Body><s:Body><m/>"), {}, "SOAP-ENVELOPE"),
    ("S8 two children", envelope("<m/><m/>"), {}, "SOAP-BODY"),
    (
        "S9 mustUnderstand",
        envelope("<m/>", header='<s:Header><x s:mustUnderstand="1"/></s:Header>'),
        {},
        "SOAP-MUST",
    ),
    (
        "S10 nil false",
        edited(
            b"<gfo:Toelichting>",
            b'<gfo:Toelichting xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">',
        ),
        {},
        "XSD-",
    ),
    ("S11 wrong namespace", edited(b"<gfo:Type>call</gfo:Type>", b"<kc:Type>call</kc:Type>"), {}, "XSD-"),
    (
        "S12 id and href",
        edited(b"<gfo:Documenten/>", f"<gfo:Documenten>{CYCLE}</gfo:Documenten>".encode()),
        {},
        "XSD-",
    ),
    ("S12 href cycle", envelope(CYCLE), {}, "SOAP-BODY"),
    ("S14 long tail", VALID + b" " * 9_000_000, {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}, 413),
    *(
        (f"S15 charset {name}", VALID, {"CONTENT_TYPE": f"text/xml; charset={name}"}, 415)
        for name in (
            "punycode",
            "hex",
            "zlib",
            "utf-7",
            "unicode_escape",
            "idna",
            "nope",
            "utf-16",
            "iso-8859-1",
            "'",
        )
    ),
    ("S16 latin-1 declared", edited(b"UTF-8", b"iso-8859-1").replace(b"Vroeg", b"Jos\xc3\xa9"), {}, "XML-ENCODING"),
    ("S17 text/plain", VALID, {"CONTENT_TYPE": "text/plain"}, 415),
    ("S17 json", VALID, {"CONTENT_TYPE": "application/json"}, 415),
    ("S18 part without Content-ID", b"--b\r\n\r\n" + VALID + b"\r\n--b--", MTOM, "SOAP-MTOM-TYPE"),
    (
        "S19 Content-ID injection",
        b'--b\r\nContent-ID: <x" or "1"="1>\r\n\r\n' + VALID + b"\r\n--b--",
        MTOM,
        "SOAP-MTOM-TYPE",
    ),
    ("S23 malformed", edited(b"</gfo:Type>", f"</{SECRET}>".encode()), {}, "XML-TAG"),
    (
        "S24 newline in xsi:type",
        edited(
            b"<gfo:Type>",
            b'<gfo:Type xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="g:A&#10;FAKE 999993653">',
        ),
        {},
        "XSD-",
    ),
    ("S25 gzip", zlib.compress(VALID), {"HTTP_CONTENT_ENCODING": "gzip"}, 415),
    ("S25 gzip unsaid", zlib.compress(VALID), {}, "XML-"),
    # the XML layer
    ("laughs", envelope("<m>&x9;</m>", before=f"<!DOCTYPE a [<!ENTITY x0 'ha'>{LAUGHS}]>"), {}, "XML-DOCTYPE"),
    (
        "quadratic",
        envelope(f"<m>{'&x;' * 100}</m>", before=f"<!DOCTYPE a [<!ENTITY x '{'h' * 100_000}'>]>"),
        {},
        "XML-D",
    ),
    (
        "XXE file",
        envelope("<m>&x;</m>", before='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
        {},
        "XML-D",
    ),
    (
        "XXE net",
        envelope("<m>&x;</m>", before='<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]>'),
        {},
        "XML-D",
    ),
    ("external DTD", envelope("<m/>", before='<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">'), {}, "XML-DOCTYPE"),
    (
        "parameter entity",
        envelope("<m/>", before='<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/hostname">%p;]>'),
        {},
        "X",
    ),
    ("DOCTYPE after root", envelope("<m/>") + b"<!DOCTYPE a>", {}, "XML-END"),
    ("DOCTYPE inside", envelope("<!DOCTYPE a><m/>"), {}, "XML-"),
    ("UTF-16 DOCTYPE", envelope("<m/>", before="<!DOCTYPE a>").decode().encode("utf-16"), {}, "XML-ENCODING"),
    ("UTF-7 DOCTYPE", b"+ADw-!DOCTYPE a+AD4-" + envelope("<m/>"), {}, "XML-"),
    ("UTF-7 declared", b'<?xml version="1.0" encoding="utf-7"?>+ADw-!DOCTYPE a+AD4-', {}, "XML-ENCODING"),
    (
        "schemaLocation",
        edited(
            b"<kc:voegKlantcontactToe_Di02",
            b'<kc:voegKlantcontactToe_Di02 xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
            b' i:schemaLocation="urn:nl:gfozaken http://127.0.0.1:1/x.xsd"',
        ),
        {},
        200,
    ),
    (
        "XInclude",
        edited(
            b"<gfo:Documenten/>",
            b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/><gfo:Documenten/>',
        ),
        {},
        "XSD-",
    ),
    ("deep", envelope("<a>" * 100_000), {}, "XML-DEPTH"),
    ("attributes", envelope("<m " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>"), {}, "XML-ATTRIBUTES"),
    ("random names", envelope("<m>" + "".join(f"<a{n}/>" for n in range(100_000)) + "</m>"), {}, "XML-ELEMENTS"),
    (
        "namespaces",
        envelope("<m " + " ".join(f'xmlns:a{n}="u:{n}"' for n in range(2_000)) + "/>"),
        {},
        "XML-NAMESPACES",
    ),
    (
        "relative namespace",
        edited(b"<gfo:Documenten/>", b'<gfo:Documenten xmlns:u="u1"/>'),
        {},
        "XML-NAMESPACE",
    ),
    ("many invalid", edited(b"<gfo:Documenten/>", b"<gfo:Bad/>" * 40_000), {}, "XSD-"),
    ("XML 1.1", edited(b'version="1.0"', b'version="1.1"'), {}, "XML-VERSION"),
    ("XML 2.0", edited(b'version="1.0"', b'version="2.0"'), {}, "XML-VERSION"),
    ("NUL", edited(b"Vroeg", b"\x00"), {}, "XML-CHARACTER"),
    ("control", edited(b"Vroeg", b"\x08"), {}, "XML-CHARACTER"),
    ("surrogate", edited(b"Vroeg", b"\xed\xa0\x80"), {}, "XML-ENCODING"),
    ("overlong", edited(b"Vroeg", b"\xc0\xbc"), {}, "XML-ENCODING"),
    ("FFFE", edited(b"Vroeg", b"\xef\xbf\xbe"), {}, "XML-CHARACTER"),
    ("character reference 0", edited(b"Vroeg", b"&#0;"), {}, "XML-CHARACTER"),
    ("long comment", edited(b"<gfo:Type>", b"<!--" + b"x" * 7_000_000 + b"--><gfo:Type>"), {}, 200),
    ("unclosed comment", b"<!--" * 500_000, {}, "XML-"),
    ("brackets", b"<" * 2_000_000, {}, "XML-"),
    ("ampersands", envelope("&" * 1_000_000), {}, "XML-"),
    ("long name", edited(b"<gfo:Type>", b"<" + b"n" * 60_000 + b"/><gfo:Type>"), {}, "XSD-"),
    ("HTML", b"<!DOCTYPE html><html><body>hello</body></html>", {}, "XML-DOCTYPE"),
    ("JSON", b'{"a": 1}', {}, "XML-EMPTY"),
    ("zeros", b"\x00" * 1_000_000, {}, "XML-ENCODING"),
    # headers
    ("long SOAPAction", VALID, {"HTTP_SOAPACTION": "x" * 10_000}, 400),
    ("entity in SOAPAction", VALID, {"HTTP_SOAPACTION": '"<!DOCTYPE a>&x;"'}, 200),
    ("newline in path", VALID, {"PATH_INFO": "/soap/x\nFAKE 999993653"}, 404),
    ("10 GB", VALID, {"CONTENT_LENGTH": "10000000000"}, 413),
    ("long credentials", VALID, {"HTTP_AUTHORIZATION": "Basic " + "A" * 100_000}, 401),
]


@pytest.mark.parametrize(("raw", "changes", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_row_ends_as_it_should(
    raw: bytes, changes: dict[str, Any], expected: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    for port in (SYNC, ASYNC):
        if isinstance(expected, int):
            path = {} if "PATH_INFO" in changes else {"PATH_INFO": f"/soap/{port}"}
            assert judged(raw, caplog, **{**path, **changes, "wsgi.input": io.BytesIO(raw)}).status == expected
        else:
            fault = fault_in(judged(raw, caplog, PATH_INFO=f"/soap/{port}", **changes).body)
            assert fault.rules[0].startswith(expected)
            assert fault.code == "StUF055"


def test_nothing_is_fetched(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.setblocking(False)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/x"
        for raw in (
            envelope("<m>&x;</m>", before=f'<!DOCTYPE a SYSTEM "{url}" [<!ENTITY x SYSTEM "{url}">]>'),
            envelope(
                f'<m xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:noNamespaceSchemaLocation="{url}"/>'
            ),
            envelope(f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{url}"/>'),
            f'<?xml-stylesheet href="{url}"?>'.encode() + envelope("<m/>"),
        ):
            judged(raw, caplog)
        with pytest.raises(BlockingIOError):
            canary.accept()


# --- mutants ----------------------------------------------------------------------------------------------------


def mutants(count: int, *, seed: int) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Good requests with one to four things broken: bytes, markup, headers."""
    chance = random.Random(seed)
    tokens = [
        b"<",
        b">",
        b"&",
        b"&x;",
        b"<!DOCTYPE a>",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<?",
        b"?>",
        b"\x00",
    ]
    tokens += [
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"</soap:Body>",
        b"<soap:Body>",
        b"<soap:Fault/>",
        b'xmlns=""',
        b"'",
        b'"',
    ]
    tokens += [
        b"<soap:Header>",
        b' soap:mustUnderstand="1"',
        b"\xe9",
        b"\r\n",
        b"&#0;",
        b"\xf0\x9f\x98\x80",
        b"kc:",
        b"StUF:",
    ]
    headers: list[tuple[str, list[str | None]]] = [
        (
            "CONTENT_TYPE",
            [None, "", "text/xml; charset=", "text/xml;;;", "text/xml; charset=\udcff", ";", "text/html"],
        ),
        ("CONTENT_LENGTH", [None, "", "0", "1", "-1", "1e3", " 12", "99999999999999999999", "\x00"]),
        ("HTTP_AUTHORIZATION", [None, "", "Basic", "Basic \x00", "Bearer x", "Basic bWlqbnpha2Vu"]),
        ("HTTP_SOAPACTION", [None, "\udcff", '"' * 600, "\x00"]),
        ("HTTP_CONTENT_ENCODING", ["br", "", "identity, gzip", "\udcff"]),
        ("HTTP_TRANSFER_ENCODING", ["chunked", "", "identity", "chunked, chunked"]),
        ("PATH_INFO", ["/soap/", "/soap/\udcff\n", "/soap/..", f"/soap/{ASYNC}", f"/soap/{ASYNC}\x00"]),
        ("REQUEST_METHOD", ["GET", "post", "", "\udcff"]),
        ("QUERY_STRING", ["wsdl", "WSDL=../../x", "\udcff"]),
        ("HTTP_HOST", [None, "\udcff", "a\r\nb"]),
    ]
    for _ in range(count):
        raw = bytearray(VALID)
        changes: dict[str, Any] = {}
        for _ in range(chance.randint(1, 4)):
            place, length = chance.randrange(len(raw) + 1), chance.choice([0, 0, 1, 2, 10, 200])
            match chance.randrange(7):
                case 0:
                    raw[place : place + length] = chance.choice(tokens)
                case 1:
                    raw[place : place + length] = chance.randbytes(chance.choice([1, 3, 30]))
                case 2:
                    del raw[place : place + length + 1]
                case 3:
                    raw[place:place] = raw[chance.randrange(len(raw) + 1) :][:length]
                case 4:
                    del raw[place:]
                case 5:
                    raw = bytearray(
                        bytes(raw).replace(
                            *chance.choice([(b"gfo:", b"kc:"), (b"Di02", b"Di01"), (b">", b"/>")]), 1
                        )
                    )
                case 6:
                    name, values = chance.choice(headers)
                    changes[name] = chance.choice(values)
        yield bytes(raw), changes


def test_2000_mutants_and_none_escapes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wsgi = door()
    seen: dict[int, int] = {}
    for raw, changes in mutants(2_000, seed=20261122):
        with cpu_seconds(1.0):
            reply = call(wsgi, environ(raw, **changes))
        seen[reply.status] = seen.get(reply.status, 0) + 1
        if reply.status == 500:
            assert fault_in(reply.body).code == "StUF055", raw
        elif reply.status != 200:
            assert_plain_refusal(reply)
    assert seen[500] > 1_000
    assert sum(count for status, count in seen.items() if 400 <= status < 500) > 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR], "a mutant found a defect"
    assert quiet(caplog.records, "jdevries", "MZ-2026", "vergunning", GOOD)


def test_threads_never_answer_with_the_values_of_another() -> None:
    wsgi = door()
    foreign: list[str] = []
    own = [0] * 8

    def work(number: int) -> None:
        mark = f"w{number}x"
        kinds: list[Callable[[], bytes]] = [
            lambda: edited(b">call<", f">{mark}<".encode()),
            lambda: edited(b"<gfo:Documenten/>", f"<gfo:{mark}/><gfo:Documenten/>".encode()),
            lambda: edited(b"2026-11-22T", f"{mark}T".encode()),
            lambda: edited(b"</gfo:Type>", f"</gfo:{mark}>".encode()),
        ]
        for turn in range(500):
            body = call(wsgi, environ(kinds[turn % len(kinds)]())).body.decode()
            own[number] += mark in body
            foreign.extend(other for n in range(8) if n != number and (other := f"w{n}x") in body)
            if "StUF055" not in body:
                foreign.append(f"no fault for {mark}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert foreign == []
    assert all(count >= 125 for count in own), "faults name the element of their own message"


# --- the HTTP layer, with raw sockets -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    number = free_port()
    process: subprocess.Popen[str] = serve(number)
    assert until(lambda: answers(number))
    yield number
    process.terminate()
    process.communicate(timeout=30)


def exchange(port: int, *parts: bytes, seconds: float = 8.0) -> bytes:
    """What comes back, until the peer closes or is silent after a complete answer."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            while block := connection.recv(65536):
                received += block
                received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
                head, found, body = received.partition(b"\r\n\r\n")
                lengths = [
                    int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                ]
                if found and lengths and len(body) >= lengths[0]:
                    break
        except ConnectionError:
            pass  # refused in the middle of what we send: what came before that counts
    return received


def post(*headers: str, body: bytes = VALID, length: bool = True) -> bytes:
    lines = [
        f"POST /soap/{SYNC} HTTP/1.1",
        "Host: a",
        f"Authorization: {GOOD}",
        "Content-Type: text/xml; charset=utf-8",
    ]
    lines += [f"Content-Length: {len(body)}"] if length else []
    return ("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode("latin-1") + body


def chunks(data: bytes, *, size: int = 100) -> bytes:
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


FRAMING: list[tuple[str, bytes, tuple[int, ...]]] = [
    ("good", post(), (200,)),
    ("chunked", post("Transfer-Encoding: chunked", body=chunks(VALID), length=False), (200,)),
    (
        "chunked wins over a length, and the connection ends",
        post("Transfer-Encoding: chunked", body=chunks(VALID)),
        (200,),
    ),
    ("two lengths", post("Content-Length: 3"), (400,)),
    ("length +3", post("Content-Length: +3", length=False), (400,)),
    ("length abc", post("Content-Length: abc", length=False), (400,)),
    ("no length", post(body=b"", length=False), (411,)),
    ("length of 10 GB", post("Content-Length: 10000000000", length=False), (413,)),
    ("header of 1 MB", post("X-A: " + "a" * 1_000_000), (431,)),
    ("5,000 headers", post(*(f"X-{n}: 1" for n in range(5_000))), (431,)),
    ("NUL in header", post("X-A: a\x00b"), (400,)),
    ("blank before colon", post("X-A : b"), (400,)),
    ("no Host", post().replace(b"Host: a\r\n", b""), (400,)),
    ("bare LF", post().replace(b"\r\n", b"\n"), (200, 400)),
    ("gzip, chunked", post("Transfer-Encoding: gzip, chunked", body=chunks(VALID), length=False), (400,)),
    ("xchunked", post("Transfer-Encoding: xchunked", body=chunks(VALID), length=False), (400,)),
    ("chunk that is no number", post("Transfer-Encoding: chunked", body=b"zz\r\nabc", length=False), (400, 500)),
    ("TLS to a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, (400,)),
    ("HTTP/1.0", post().replace(b"HTTP/1.1", b"HTTP/1.0"), (200,)),
    ("unauthenticated", post().replace(GOOD.encode(), b"Basic eDp5"), (401,)),
    ("gzip", post("Content-Encoding: gzip", body=zlib.compress(VALID)), (415,)),
    ("expect", post("Expect: 100-continue"), (200,)),
]


@pytest.mark.parametrize(("data", "statuses"), [row[1:] for row in FRAMING], ids=[row[0] for row in FRAMING])
def test_framing_through_the_real_server(port: int, data: bytes, statuses: tuple[int, ...]) -> None:
    began = time.monotonic()
    answer = exchange(port, data)
    assert time.monotonic() - began < 5
    assert answer[:9] in (b"HTTP/1.1 ", b"HTTP/1.0 ")
    assert int(answer[9:12]) in statuses
    assert b"Traceback" not in answer
    if int(answer[9:12]) == 500:
        fault_in(answer.partition(b"\r\n\r\n")[2])


def test_after_a_length_beside_chunked_the_connection_is_closed(port: int) -> None:
    """So that nothing can hide behind it, whatever a proxy made of the two."""
    second = post().replace(b"POST", b"HIDE")
    answer = exchange(port, post("Transfer-Encoding: chunked", body=chunks(VALID)) + second)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.lower()


def test_a_stranger_who_sends_half_a_message_holds_nobody_up(port: int) -> None:
    """The body is read only after authentication, so a stranger gets an answer and not a thread."""
    half = post(body=VALID[:50]).replace(b"Content-Length: 50", b"Content-Length: 5000")
    strangers = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(40)]
    try:
        for stranger in strangers:
            stranger.sendall(half.replace(GOOD.encode(), b"Basic eDp5"))
        began = time.monotonic()
        assert exchange(port, post())[9:12] == b"200"
        assert time.monotonic() - began < 2
        assert all(stranger.recv(12) == b"HTTP/1.1 401" for stranger in strangers)
    finally:
        for stranger in strangers:
            stranger.close()


def test_slow_headers_and_idle_connections_hold_nobody_up_and_are_closed(port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(40)]
    try:
        for number, connection in enumerate(slow):
            if number % 2:
                connection.sendall(b"POST /soap/x HTTP/1.1\r\nHost: a\r\nX-")
        began = time.monotonic()
        assert exchange(port, post())[9:12] == b"200"
        assert time.monotonic() - began < 2
        assert all(connection.recv(100)[:12] in (b"", b"HTTP/1.1 408") for connection in slow)
        assert time.monotonic() - began < 20
    finally:
        for connection in slow:
            connection.close()


def test_the_journal_side_gets_what_was_received() -> None:
    behind = Behind()
    for raw in (b"", b"\x00", b"<", envelope(""), VALID[:100], zlib.compress(VALID)):
        call(door(behind), environ(raw))
        assert behind.received[-1].raw == raw
        assert behind.received[-1].unreadable is not None
