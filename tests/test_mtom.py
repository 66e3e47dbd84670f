"""MTOM at the door: the same message in parts is the same message, and whatever else is in parts is refused."""

import base64
import io
import json
import logging
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import cpu_seconds
from standin import ASYNC, GOOD, VALID, Behind, Reply, assert_plain_refusal, call, door, environ, fault_in, quiet
from stuf_klantcontact import soap
from stuf_klantcontact.cli import cli
from stuf_klantcontact.intake import Answer, Received
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.parsing import Unreadable, canonical_hash
from stuf_klantcontact.parsing.binary import as_base64, base64_length, decode_base64
from stuf_klantcontact.parsing.multipart import PARTS, Related, parts, related
from stuf_klantcontact.parsing.xop import inlined
from stuf_klantcontact.settings import Limits

TYPE: Final = (
    'multipart/related; type="application/xop+xml"; start="<root@example.nl>"; start-info="text/xml"; boundary="b"'
)
CHUNKED: Final[dict[str, Any]] = {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}
XOP_ROOT: Final = (
    b'Content-ID: <root@example.nl>\r\nContent-Type: application/xop+xml; charset=UTF-8; type="text/xml"\r\n'
    b"Content-Transfer-Encoding: 8bit\r\n"
)
PDF: Final = b"%PDF-1.7\r\n--b is not a boundary\r\n" + bytes(range(256))
_DOCUMENT: Final = (
    '<dga:Document xmlns:dga="urn:nl:dga-uf"><dga:Titel>T{n}</dga:Titel><dga:Inhoud>{inhoud}</dga:Inhoud>'
    "</dga:Document>"
)


def include(href: str = "cid:doc1@example.nl", *, more: str = "", inside: str = "") -> str:
    return (
        f'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="{href}"{more}>{inside}</xop:Include>'
    )


def message(*inhouden: str) -> bytes:
    """VALID with these documents."""
    documenten = "".join(_DOCUMENT.format(n=n, inhoud=inhoud) for n, inhoud in enumerate(inhouden))
    return VALID.replace(b"<gfo:Documenten/>", f"<gfo:Documenten>{documenten}</gfo:Documenten>".encode())


def part(
    content: bytes, *, cid: str | None = "<doc1@example.nl>", encoding: str = "binary", more: str = ""
) -> bytes:
    head = [f"Content-Type: application/pdf\r\nContent-Transfer-Encoding: {encoding}\r\n{more}"]
    if cid is not None:
        head.append(f"Content-ID: {cid}\r\n")
    return "".join(head).encode() + b"\r\n" + content


def multipart(*bodies: bytes, boundary: bytes = b"b", end: bytes = b"--\r\n") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + body + b"\r\n" for body in bodies) + b"--" + boundary + end


def root(envelope: bytes, *, head: bytes = XOP_ROOT) -> bytes:
    return head + b"\r\n" + envelope


ONE: Final = multipart(root(message(include())), part(PDF))


def post(raw: bytes, *, content_type: str = TYPE, behind: Behind | None = None, **changes: Any) -> Reply:
    changes = {"CONTENT_TYPE": content_type, **changes}
    return call(door(behind), environ(raw, **changes, **{"wsgi.input": io.BytesIO(raw)}))


def taken(raw: bytes, *, content_type: str = TYPE, **changes: Any) -> Received:
    """What intake gets, of a request that must be all right."""
    behind = Behind()
    reply = post(raw, content_type=content_type, behind=behind, **changes)
    assert reply.status == 200, reply.body
    (received,) = behind.received
    return received


def contents(received: Received) -> list[bytes | None]:
    assert received.envelope is not None
    return [document.inhoud for document in gfozaken.read(received.envelope.body).documenten]


def refused(raw: bytes, *, content_type: str = TYPE) -> str:
    fault = fault_in(post(raw, content_type=content_type).body)
    assert fault.code == "StUF055"
    return fault.rules[0]


# --- what is taken ------------------------------------------------------------------------------------------------


def test_a_message_in_parts_is_that_message_and_its_bytes_are_kept_as_they_came() -> None:
    whole = taken(message(base64.b64encode(PDF).decode()), content_type="text/xml")
    in_parts = taken(ONE)
    assert in_parts.raw == ONE
    assert contents(in_parts) == contents(whole) == [PDF]
    assert in_parts.envelope is not None
    assert whole.envelope is not None
    assert canonical_hash(in_parts.envelope.body) == canonical_hash(whole.envelope.body)


def test_base64_in_lines_is_the_same_content_as_the_document_beside_the_message() -> None:
    in_lines = taken(message(base64.encodebytes(PDF).decode()), content_type="text/xml")
    other = taken(message(base64.encodebytes(PDF + b"!").decode()), content_type="text/xml")
    in_parts = taken(ONE)
    assert in_lines.envelope is not None
    assert other.envelope is not None
    assert in_parts.envelope is not None
    assert canonical_hash(in_lines.envelope.body) == canonical_hash(in_parts.envelope.body)
    assert canonical_hash(other.envelope.body) != canonical_hash(in_parts.envelope.body)
    assert contents(in_lines) == [PDF]


@pytest.mark.parametrize(
    "raw",
    [
        b"preamble, for those who cannot read this\r\n" + ONE,
        b"\r\n" + ONE,
        ONE + b"epilogue --b\r\n--b\r\n",
        ONE.replace(b"--b\r\n", b"--b \t\r\n"),
        ONE.removesuffix(b"\r\n"),
        ONE.replace(b"Content-ID", b"content-id").replace(b"binary", b"BINARY"),
        ONE.replace(b"<doc1@example.nl>", b"doc1@example.nl"),
        ONE.replace(b"cid:doc1@", b"CID:doc1%40"),
        ONE.replace(b"Content-Type: application/pdf", b"Content-Type:\r\n\tapplication/pdf;\r\n name=a.pdf"),
        multipart(part(PDF), root(message(include()))),
        multipart(root(message(include())), part(base64.encodebytes(PDF), encoding="base64")),
        multipart(root(message(f"\n  {include()}\n  ")), part(PDF)),
        multipart(root(base64.b64encode(message(include())), head=XOP_ROOT.replace(b"8bit", b"base64")), part(PDF)),
        multipart(root(b"\xef\xbb\xbf" + message(include())), part(PDF)),
    ],
    ids=lambda raw: f"{len(raw)}",
)
def test_what_multipart_allows_is_allowed(raw: bytes) -> None:
    found = taken(raw)
    assert contents(found) == [PDF]
    assert found.envelope is not None
    whole = taken(ONE)
    assert whole.envelope is not None
    assert canonical_hash(found.envelope.body) == canonical_hash(whole.envelope.body)


def test_several_documents_and_inline_base64_beside_them_keep_their_places() -> None:
    raw = multipart(
        root(message(include("cid:2"), base64.b64encode(b"inline").decode(), include("cid:1"))),
        part(b"one", cid="<1>"),
        part(b"two", cid="<2>"),
    )
    assert contents(taken(raw)) == [b"two", b"inline", b"one"]


def test_a_message_without_documents_may_come_in_one_part_and_without_start() -> None:
    received = taken(multipart(root(VALID)), content_type=TYPE.replace('start="<root@example.nl>"; ', ""))
    assert received.envelope is not None
    assert received.envelope.valid


def test_parts_may_come_in_chunks() -> None:
    assert contents(taken(ONE, **CHUNKED)) == [PDF]


@pytest.mark.parametrize(
    "content_type",
    [
        "Multipart/Related;boundary=b;type=application/xop+xml",
        'multipart/related; boundary="b"; type="application/xop+xml"; start="root@example.nl"',
        TYPE + '; action="x"; charset=utf-8',
        TYPE.replace("text/xml", "TEXT/XML; charset=utf-8"),
        TYPE.replace('"b"', r'"\b"') + ";",
    ],
)
def test_content_type_is_read_as_it_is_written(content_type: str) -> None:
    assert contents(taken(ONE, content_type=content_type)) == [PDF]


def test_the_schema_is_asked_about_the_documents_too() -> None:
    assert refused(multipart(root(message(include())), part(b""))).startswith("XSD-")


def test_lines_are_those_of_the_part_with_the_envelope() -> None:
    wrong = message(include()).replace(b">call<", b">fax<")
    reply = post(multipart(root(wrong), part(PDF)))
    line = wrong[: wrong.index(b">fax<")].count(b"\n") + 1
    assert fault_in(reply.body).message.findtext(".//{*}line") == str(line)


# --- what is refused ----------------------------------------------------------------------------------------------

LONG: Final = "X-A: " + "a" * 9_000 + "\r\n"
ROOT: Final = root(message(include()))
REFUSED: Final[list[tuple[str, bytes, str]]] = [
    ("another boundary", multipart(ROOT, part(PDF), boundary=b"c"), "MULTIPART"),
    ("no parts", b"--b--\r\n", "MULTIPART"),
    ("empty", b"", "MULTIPART"),
    ("lines end with LF", ONE.replace(b"\r\n", b"\n"), "MULTIPART"),
    ("plain XML", message("AAAA"), "MULTIPART"),
    ("cut off in the head", ONE[:60], "INCOMPLETE"),
    ("cut off in the envelope", ONE[:900], "INCOMPLETE"),
    ("cut off in the document", ONE[:-40], "INCOMPLETE"),
    ("without the last boundary", multipart(ROOT, part(PDF), end=b"\r\n"), "INCOMPLETE"),
    ("many parts", multipart(ROOT, *(part(b"a", cid=f"<{n}>") for n in range(PARTS))), "PARTS"),
    ("a head without end", multipart(ROOT, b"Content-ID: <doc1@example.nl>"), "HEADER"),
    ("a long head", multipart(ROOT, part(PDF, more=LONG)), "HEADER"),
    ("a header without colon", multipart(ROOT, part(PDF, more="Content-Disposition\r\n")), "HEADER"),
    ("a NUL in a header", multipart(ROOT, part(PDF, more="X: \x00\r\n")), "HEADER"),
    ("two Content-IDs", multipart(ROOT, part(PDF, more="Content-ID: <a>\r\n")), "HEADER"),
    ("two boundaries", multipart(ROOT, part(PDF).replace(b"pdf", b"pdf; a=1; a=2")), "HEADER"),
    ("quoted-printable", multipart(ROOT, part(PDF, encoding="quoted-printable")), "ENCODING"),
    ("uuencode", multipart(ROOT, part(PDF, encoding="x-uuencode")), "ENCODING"),
    ("not base64", multipart(ROOT, part(b"%PDF", encoding="base64")), "ENCODING"),
    ("stray bits", multipart(ROOT, part(b"AB==", encoding="base64")), "ENCODING"),
    ("multipart in it", multipart(ROOT, part(PDF).replace(b"application/pdf", b"multipart/mixed")), "TYPE"),
    ("root is text/xml", multipart(root(message(include()), head=b"Content-ID: <root@example.nl>\r\n")), "TYPE"),
    ("no such root", multipart(ROOT.replace(b"<root@", b"<other@"), part(PDF)), "ROOT"),
    ("no Content-ID", multipart(ROOT, part(PDF, cid=None)), "CID"),
    ("the same Content-ID", multipart(ROOT, part(PDF), part(PDF)), "CID"),
    ("that of the root", multipart(ROOT, part(PDF, cid="<root@example.nl>")), "CID"),
    ("an attachment nobody wants", multipart(root(VALID), part(PDF)), "UNUSED"),
    ("one of two", multipart(ROOT, part(PDF), part(PDF, cid="<2>")), "UNUSED"),
    ("unknown", multipart(root(message(include("cid:doc2@example.nl"))), part(PDF)), "UNKNOWN"),
    ("unknown, not ASCII", multipart(root(message(include("cid:doc\u00e91"))), part(PDF)), "UNKNOWN"),
    ("in other capitals", multipart(root(message(include("cid:Doc1@example.nl"))), part(PDF)), "UNKNOWN"),
    ("twice", multipart(root(message(include(), include())), part(PDF)), "TWICE"),
    ("itself", multipart(root(message(include("cid:root@example.nl"))), part(PDF)), "TWICE"),
    ("http", multipart(root(message(include("http://127.0.0.1:9/"))), part(PDF)), "INCLUDE"),
    ("file", multipart(root(message(include("file:///etc/hostname"))), part(PDF)), "INCLUDE"),
    ("relative", multipart(root(message(include("doc1@example.nl"))), part(PDF)), "INCLUDE"),
    ("beside text", multipart(root(message(f"AAAA{include()}")), part(PDF)), "INCLUDE"),
    ("before text", multipart(root(message(f"{include()}AAAA")), part(PDF)), "INCLUDE"),
    ("with text", multipart(root(message(include(inside="AAAA"))), part(PDF)), "INCLUDE"),
    ("two in one", multipart(root(message(include("cid:1") + include())), part(PDF)), "INCLUDE"),
    ("one in another", multipart(root(message(include(inside=include()))), part(PDF)), "INCLUDE"),
    (
        "in a text field",
        multipart(root(message().replace(b"Vroeg", include().encode())), part(PDF)),
        "INCLUDE",
    ),
    (
        "a name of XML 1.0 fifth edition",
        multipart(
            root(
                message(include()).replace(b"<gfo:Type>call</gfo:Type>", "<gfo:Type><\u218a/></gfo:Type>".encode())
            ),
            part(PDF),
        ),
        "XML-SYNTAX",
    ),
    ("as the envelope", multipart(root(include().encode()), part(PDF)), "INCLUDE"),
]


@pytest.mark.parametrize(("raw", "rule"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_mtom_message_is_refused_with_its_rule(
    raw: bytes, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert refused(raw) == (rule if rule.startswith("XML-") else f"SOAP-MTOM-{rule}")
    assert quiet(caplog.records, "999993653", GOOD, "doc1")


@pytest.mark.parametrize(
    ("envelope", "rule"),
    [
        (b"<!DOCTYPE a>" + VALID.partition(b"?>")[2], "XML-DOCTYPE"),
        (VALID.replace(b"Vroeg", b"&x;"), "XML-ENTITY"),
        (VALID[:-20], "XML-"),
        (b"", "XML-EMPTY"),
        (b"<a/>", "SOAP-ENVELOPE"),
        (VALID.replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope"), "SOAP-VERSION"),
        (message(include()).replace(b"UTF-8", b"iso-8859-1"), "XML-ENCODING"),
        (b"<a>" * 100_000, "XML-DEPTH"),
    ],
)
def test_the_part_with_the_envelope_is_guarded_as_a_message_is(envelope: bytes, rule: str) -> None:
    assert refused(multipart(root(envelope))).startswith(rule)


def test_the_charset_of_the_root_must_be_utf_8() -> None:
    assert refused(multipart(root(VALID, head=XOP_ROOT.replace(b"UTF-8", b"punycode")))) == "XML-ENCODING"


@pytest.mark.parametrize(
    "content_type",
    [
        TYPE.replace("related", "mixed"),
        TYPE.replace("application/xop+xml", "application/soap+xml"),
        TYPE.replace("text/xml", "application/soap+xml"),
        TYPE.replace('"b"', '""'),
        TYPE.replace('"b"', '"' + "b" * 71 + '"'),
        TYPE.replace('"b"', '"b "'),
        TYPE.replace('"b"', '"b\u00e9"'),
        TYPE.replace('"b"', '"b\\'),
        TYPE + "; boundary=c",
        TYPE + '; a="',
        "multipart/related" + "; a" * 20_000,
        "multipart/related; " + 'a="\\' * 20_000,
    ],
)
def test_another_multipart_is_refused_unread(content_type: str) -> None:
    with cpu_seconds(0.5):
        behind = Behind()
        reply = post(ONE, content_type=content_type, behind=behind)
        assert reply.status == 415
        assert b"[HTTP-MTOM]" in reply.body
        assert_plain_refusal(reply)
        assert not behind.received


def test_nothing_is_fetched() -> None:
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.setblocking(False)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/x"
        assert refused(multipart(root(message(include(url))), part(PDF))) == "SOAP-MTOM-INCLUDE"
        with pytest.raises(BlockingIOError):
            canary.accept()


# --- bounds -------------------------------------------------------------------------------------------------------

BOMBS: Final[list[tuple[str, bytes]]] = [
    ("boundaries", b"--b\r\n" * 1_000_000),
    ("nearly boundaries", b"--b\r\n\r\n" + b"\r\n--bb" * 1_000_000),
    ("blanks behind boundaries", b"--b\r\n\r\n" + (b"\r\n--b" + b" " * 1_000) * 5_000),
    ("one long blank", b"\r\n--b" + b" " * 6_000_000),
    ("empty lines", b"--b\r\n" + b"\r\n" * 3_000_000),
    ("dashes", b"-" * 6_000_000),
    ("folds", b"--b\r\nX: y" + b"\r\n " * 2_000_000),
    ("heads", b"".join(b"--b\r\nX: " + b"y" * 8_000 + b"\r\n\r\n\r\n" for _ in range(700)) + b"--b--"),
    (
        "blanks in the holder",
        multipart(root(message(" " * 3_000_000 + include() + " " * 3_000_000)), part(PDF)[1:]),
    ),
    ("includes", multipart(root(message(*[include(f"cid:{n}") for n in range(8_000)])), part(PDF))),
    ("elements", multipart(root(message().replace(b"Vroeg", b"<a/>" * 1_500_000)), part(PDF))),
    ("base64 of blanks", multipart(ROOT, part(b" " * 6_000_000, encoding="base64"))),
    ("base64 of nothing", multipart(ROOT, part(b"!" * 6_000_000, encoding="base64"))),
]


@pytest.mark.parametrize("raw", [row[1] for row in BOMBS], ids=[row[0] for row in BOMBS])
def test_hostile_parts_end_in_time(raw: bytes) -> None:
    with cpu_seconds(1.5):
        reply = post(raw)
    if reply.status != 200:  # base64 may have blanks around it, however many
        fault_in(reply.body)


_TOKENS: Final = st.sampled_from(
    (
        *(b"--b", b"--b--", b"\r\n", b"\n", b"\r", b" ", b"--", b"\x00", b":", b"\xff", b"=", b"<", b"&"),
        *(b"Content-ID: <root@example.nl>\r\n", b"Content-ID: <doc1@example.nl>\r\n", XOP_ROOT, PDF),
        *(b"Content-Type: multipart/related; boundary=b\r\n", b"Content-Transfer-Encoding: base64\r\n"),
        *(message(include()), include().encode()),
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tokens=st.lists(_TOKENS, max_size=20), at=st.lists(st.integers(0, len(ONE)), max_size=4), fresh=st.booleans()
)
def test_whatever_is_done_to_it_there_is_an_answer(tokens: list[bytes], at: Sequence[int], fresh: bool) -> None:
    """Made of tokens, or a good message with some of them put into it."""
    raw = b"".join(tokens)
    if not fresh:
        raw = ONE
        for place, token in zip(at, tokens, strict=False):
            raw = raw[:place] + token + raw[place:]
    reply = post(raw, PATH_INFO=f"/soap/{ASYNC}")
    if reply.status != 200:
        fault_in(reply.body)


@given(bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_parts_come_out_as_they_went_in(bodies: list[bytes]) -> None:
    raw = multipart(*(part(body, cid=f"<{n}>") for n, body in enumerate(bodies)), boundary=b"=_unlikely:1")
    found = parts(raw, boundary="=_unlikely:1")
    assert [bytes(one.content()) for one in found] == bodies
    assert [one.content_id for one in found] == [str(n) for n in range(len(bodies))]


def test_what_is_inlined_is_no_longer_than_base64_makes_it() -> None:
    content = bytes(3_000_000)
    raw = multipart(root(message(include())), part(content))
    limits = Limits()
    data, charset = inlined(raw, related=Related("b", "root@example.nl"), limits=limits)
    assert charset == "UTF-8"
    assert len(data) < 4 / 3 * len(raw)
    with pytest.raises(Unreadable):
        inlined(raw[:-30], related=Related("b", "root@example.nl"), limits=limits)


def test_large_messages_wait_for_each_other() -> None:
    """Else sixteen threads with a document of 25 MB each would need gigabytes."""
    running, most, entered = 0, 0, threading.Semaphore(0)
    lock, go_on = threading.Lock(), threading.Event()

    def accept(_: Received) -> Answer:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        entered.release()
        go_on.wait(10)
        with lock:
            running -= 1
        return Answer(b"<a/>")

    one = door(accept=accept, limits=Limits())
    raw = multipart(root(message(include())), part(bytes(soap.LARGE)))
    threads = [threading.Thread(target=call, args=(one, environ(raw, CONTENT_TYPE=TYPE))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(soap.LARGE_AT_ONCE):
        assert entered.acquire(timeout=20)
    small = threading.Thread(target=call, args=(one, environ()))
    small.start()
    assert entered.acquire(timeout=20), "a small message need not wait"
    go_on.set()
    for thread in (*threads, small):
        thread.join(30)
    assert most == soap.LARGE_AT_ONCE + 1


# --- base64 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("", b""),
        ("AA==", b"\x00"),
        ("AAE=", b"\x00\x01"),
        ("AAEC", b"\x00\x01\x02"),
        (" AA\nEC\t", b"\x00\x01\x02"),
        ("AA", None),
        ("AA=", None),
        ("AAE", None),
        ("AB==", None),
        ("AAF=", None),
        ("AA==AA==", None),
        ("AAEC====", None),
        ("=AAEC", None),
        ("AAE_", None),
        ("AAE-", None),
        ("AA EC!", None),
        ("!!!!", None),
        ("12.50", None),
        ("AAEC\u00a0", None),
        ("\u0661\u0661\u0661\u0661", None),
        ("\U0001f600", None),
    ],
)
def test_base64_is_read_strictly(text: str, decoded: bytes | None) -> None:
    assert decode_base64(text) == decoded


@given(st.binary(max_size=100))
def test_all_that_was_encoded_decodes(content: bytes) -> None:
    assert decode_base64(base64.encodebytes(content).decode()) == content


@given(st.binary(max_size=1000))
def test_base64_is_written_as_everybody_writes_it(content: bytes) -> None:
    assert b"".join(as_base64(content)) == base64.b64encode(content)
    assert base64_length(len(content)) == len(base64.b64encode(content))


def test_a_large_document_is_checked_strictly_and_in_time() -> None:
    content = bytes(range(256)) * 100_000
    written = b"".join(as_base64(content))
    assert written == base64.b64encode(content)
    text = written.decode()
    with cpu_seconds(2):
        assert decode_base64(text) == content
        assert decode_base64(text[:-2] + "\n" + text[-2:]) == content
        assert decode_base64(text[:-3] + "é" + text[-2:]) is None
        assert decode_base64(text[:1000] + "!" + text[1001:]) is None
        assert decode_base64(text[:-1]) is None


def test_related_says_nothing_of_what_it_is_not() -> None:
    assert related("text/xml") is None
    assert related("") is None
    assert related(TYPE) == Related("b", "root@example.nl")


WIRE: Final = b"POST /soap/VerwerkSynchroonVrijBericht HTTP/1.1\r\nHost: gateway\r\nContent-Type: "


@pytest.mark.parametrize(
    "head", [b"", b"Content-Type: " + TYPE.encode() + b"\r\n\r\n", WIRE + TYPE.encode() + b"\r\n\r\n"]
)
def test_validate_judges_a_saved_multipart_with_its_documents_in_place(head: bytes, tmp_path: Path) -> None:
    alone, file = tmp_path / "alone.xml", tmp_path / "wire.log"
    alone.write_bytes(message(base64.b64encode(PDF).decode()))
    file.write_bytes(head + ONE)
    found, same = (json.loads(validated(path, "--format", "json")[1]) for path in (file, alone))
    assert (found["valid"], found["violations"]) == (same["valid"], same["violations"])
    assert "XML-MALFORMED" not in str(found)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (ONE.removesuffix(b"--b--\r\n"), "SOAP-MTOM-INCOMPLETE"),
        (multipart(root(message(include("cid:other"))), part(PDF)), "SOAP-MTOM-"),
        (multipart(root(message(include())), part(b"x")).replace(b"\r\n", b"\n"), "SOAP-MTOM-MULTIPART"),
        (b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + ONE, "HTTP-MTOM"),
        (WIRE + b"text/xml\r\n\r\n" + VALID, "HTTP-MTOM"),
    ],
)
def test_validate_says_what_is_wrong_with_a_saved_multipart(data: bytes, rule: str, tmp_path: Path) -> None:
    file = tmp_path / "wire.log"
    file.write_bytes(data)
    status, said = validated(file)
    assert (status, rule in said) == (1, True), said


def validated(file: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["validate", str(file), *options])
    return result.exit_code, result.stdout
