"""parsing: what a sender may write and still be read, what is refused and why, and the canonical hash."""

import contextlib
import random
import threading
from typing import cast

import pytest
from lxml import etree

from conftest import cpu_seconds
from standin import VALID, the_contract
from stuf_klantcontact import parsing
from stuf_klantcontact.names import SOAP11
from stuf_klantcontact.parsing import Unreadable, canonical_hash, read, write
from stuf_klantcontact.settings import Limits

LIMITS = Limits()


def envelope(body: str = "<m/>", *, header: str = "", extra: str = "", before: str = "") -> bytes:
    return f'{before}<s:Envelope xmlns:s="{SOAP11}">{header}<s:Body>{body}</s:Body>{extra}</s:Envelope>'.encode()


def refused(data: bytes, *, limits: Limits = LIMITS, charset: str | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, limits=limits, schema=the_contract().envelope, charset=charset)
    refusal = caught.value
    assert refusal.code == "StUF055"
    assert refusal.__cause__ is None
    violation = refusal.violations[0]
    assert violation.message.nl.endswith(".")
    assert violation.message.en.endswith(".")
    assert violation.hint is not None
    return refusal


def test_a_good_message_is_read_and_found_valid() -> None:
    found = read(VALID, limits=LIMITS, schema=the_contract().envelope, charset="utf-8")
    assert found.valid
    assert etree.QName(found.body).localname == "voegKlantcontactToe_Di02"
    assert found.header is not None


def test_what_only_breaks_the_schema_is_read_and_found_invalid() -> None:
    found = read(VALID.replace(b">call<", b">fax<"), limits=LIMITS, schema=the_contract().envelope)
    assert not found.valid
    assert found.body.findtext("{*}Klantcontact/{*}Type") == "fax"


def test_without_a_schema_every_envelope_is_valid() -> None:
    assert read(envelope("<anything/>"), limits=LIMITS).valid


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + VALID,
        VALID.replace(b"UTF-8", b"utf-8"),
        VALID.replace(b'"1.0" encoding="UTF-8"', b"'1.0' standalone='yes'"),
        VALID.partition(b"?>")[2].lstrip(),
        b"\n  " + VALID.partition(b"?>")[2],
        VALID.replace(b"soap:", b"x:").replace(b"xmlns:soap", b"xmlns:x"),
        VALID.replace(b"<soap:Header/>", b""),
        VALID.replace(b"<soap:Header/>", b"<!-- hello --><soap:Header/><?hello there?>"),
        VALID.replace(
            b"<soap:Header/>", b'<soap:Header><a:b xmlns:a="urn:a" soap:mustUnderstand="0"/></soap:Header>'
        ),
        VALID.replace(
            b"<soap:Header/>",
            b'<soap:Header><a:b xmlns:a="urn:a" soap:mustUnderstand="1" soap:actor="urn:other"/></soap:Header>',
        ),
        VALID.replace(b"Vroeg", b"<![CDATA[<!DOCTYPE html>]]>Vroeg"),
    ],
    ids=[
        "bom",
        "lower",
        "standalone",
        "undeclared",
        "white",
        "prefix",
        "headerless",
        "comment",
        "mu0",
        "actor",
        "cdata",
    ],
)
def test_what_partners_do_and_may_do_is_read(data: bytes) -> None:
    assert read(data, limits=LIMITS, schema=the_contract().envelope).valid


@pytest.mark.parametrize(
    "end",
    [
        *(
            b"<a>\n  <b",
            b"<a>\n  <b c",
            b'<a>\n  <b c="d',
            b"<a>\n  <b></",
            b"<a>\n  <b></b",
            b"<a>\n  tekst",
            b"<a>\n  <",
        ),
        *(b"<a>\n  <b>&am", b"<a>\n  <!-- x", b"<a>\n  <![CDATA[x", "<a>\n  é".encode(), b"<a>\n  <b/>\n"),
    ],
)
def test_a_message_that_is_cut_off_is_said_to_end_too_early_and_where(end: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        read(end, limits=LIMITS)
    [violation] = raised.value.violations
    last = end.decode().rstrip().splitlines()[-1]
    assert (violation.rule, violation.line, violation.column) == ("XML-INCOMPLETE", 2, len(last) + 1)
    assert "XML-bibliotheek" not in (violation.hint.nl if violation.hint else "")


@pytest.mark.parametrize("data", [b"<a>\n<b></a>", b"<a>\n<b></c></a>", b"<a>\n<b c=d></b></a>", b"<a>\n<b c='<'"])
def test_what_is_wrong_before_the_end_is_not_said_to_be_cut_off(data: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        read(data, limits=LIMITS)
    assert raised.value.rule in ("XML-TAG", "XML-ATTRIBUTE")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "XML-EMPTY"),
        (b" \r\n\t ", "XML-EMPTY"),
        (b"hello", "XML-EMPTY"),
        (VALID[: VALID.index(b"</gfo:Type>")], "XML-INCOMPLETE"),
        (VALID + VALID, "XML-DECLARATION"),
        (VALID + b"<x/>", "XML-END"),
        (b" " + VALID, "XML-DECLARATION"),
        (VALID.replace(b"</gfo:Type>", b"</gfo:Tpye>"), "XML-TAG"),
        (VALID.replace(b"Vroeg", b"& Vroeg"), "XML-ENTITY"),
        (VALID.replace(b"<gfo:Type>", b"< gfo:Type>"), "XML-SYNTAX"),
        (VALID.replace(b"Vroeg", b"&eacute; Vroeg"), "XML-ENTITY"),
        (VALID.replace(b"Vroeg", b"\x00Vroeg"), "XML-CHARACTER"),
        (VALID.replace(b"Vroeg", b"\x0bVroeg"), "XML-CHARACTER"),
        (VALID.replace(b"Vroeg", b"&#0;Vroeg"), "XML-CHARACTER"),
        (VALID.replace(b"Vroeg", b"&#xD800;Vroeg"), "XML-CHARACTER"),
        (VALID.replace(b"Vroeg", b"\xef\xbf\xbeVroeg"), "XML-CHARACTER"),
        (VALID.replace(b"Vroeg", b"Jos\xe9"), "XML-ENCODING"),
        (VALID.replace(b"Vroeg", b"\xc0\xafVroeg"), "XML-ENCODING"),
        (VALID.replace(b"Vroeg", b"\xed\xa0\x80Vroeg"), "XML-ENCODING"),
        (VALID.decode().encode("utf-16"), "XML-ENCODING"),
        (VALID.decode().encode("utf-16-be"), "XML-ENCODING"),
        (VALID.decode().encode("utf-32"), "XML-ENCODING"),
        (VALID.replace(b'"UTF-8"', b'"ISO-8859-1"'), "XML-ENCODING"),
        (VALID.replace(b'"UTF-8"', b'"UTF-7"'), "XML-ENCODING"),
        (b"+ADw-!DOCTYPE a+AD4-" + VALID, "XML-EMPTY"),
        (VALID.decode().encode("cp500"), "XML-EMPTY"),
        (VALID.replace(b'version="1.0"', b'version="1.1"'), "XML-VERSION"),
        (VALID.replace(b'version="1.0"', b'version="2.0"'), "XML-VERSION"),
        (VALID.replace(b'version="1.0"', b"version=1.0"), "XML-DECLARATION"),
        (VALID.replace(b"<gfo:Type>", b"<nope:Type>"), "XML-NAMESPACE"),
        (VALID.replace(b"<gfo:Type>", b'<gfo:Type a="1" a="2">'), "XML-ATTRIBUTE"),
        (VALID.replace(b"?>", b"?><!DOCTYPE a>", 1), "XML-DOCTYPE"),
        (VALID.replace(b"?>", b"?>\n<!-- x --><?y z?>\n <!DOCTYPE a>", 1), "XML-DOCTYPE"),
        (b"\xef\xbb\xbf<!DOCTYPE a [<!ENTITY x 'y'>]>" + envelope("&x;"), "XML-DOCTYPE"),
    ],
)
def test_what_is_not_well_formed_utf8_is_refused(data: bytes, rule: str) -> None:
    assert refused(data).rule == rule


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"<m/>", "SOAP-ENVELOPE"),
        (VALID.replace(SOAP11.encode(), b"http://www.w3.org/2003/05/soap-envelope"), "SOAP-VERSION"),
        (envelope(""), "SOAP-BODY"),
        (envelope("text"), "SOAP-BODY"),
        (envelope("<m/>text"), "SOAP-BODY"),
        (envelope("<m/><n/>"), "SOAP-BODY"),
        (envelope(extra="<s:Body><n/></s:Body>"), "SOAP-ENVELOPE"),
        (envelope(extra="<n/>"), "SOAP-ENVELOPE"),
        (envelope(extra="<s:Header/>"), "SOAP-ENVELOPE"),
        (envelope(extra="text"), "SOAP-TEXT"),
        (envelope(header="<s:Header/>text"), "SOAP-TEXT"),
        (envelope(header="<s:Header/><s:Header/>"), "SOAP-ENVELOPE"),
        (f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode(), "SOAP-ENVELOPE"),
        (f'<s:Envelope xmlns:s="{SOAP11}"><s:Header/></s:Envelope>'.encode(), "SOAP-ENVELOPE"),
        (envelope("<s:Fault><faultcode>s:Client</faultcode></s:Fault>"), "SOAP-FAULT"),
        (envelope(header='<s:Header><x s:mustUnderstand="1"/></s:Header>'), "SOAP-MUSTUNDERSTAND"),
        (
            envelope(
                header='<s:Header><x s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"/>'
                "</s:Header>"
            ),
            "SOAP-MUSTUNDERSTAND",
        ),
    ],
)
def test_what_is_not_one_message_in_a_soap_11_envelope_is_refused(data: bytes, rule: str) -> None:
    assert refused(data).rule == rule


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<a>" * 70 + "</a>" * 70, "XML-DEPTH"),
        ("<a>" * 3_000 + "</a>" * 3_000, "XML-DEPTH"),
        ("<a>" * 3_000, "XML-DEPTH"),
        ("<m>" + "<a/>" * 50_001 + "</m>", "XML-ELEMENTS"),
        ("<m " + " ".join(f'a{n}="1"' for n in range(65)) + "/>", "XML-ATTRIBUTES"),
        ("<m " + " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(65)) + "/>", "XML-NAMESPACES"),
        ("<m " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/>", "XML-ATTRIBUTES"),
    ],
    ids=["depth", "deep", "deep-unclosed", "elements", "attributes", "namespaces", "many-attributes"],
)
def test_what_is_beyond_the_limits_is_refused(body: str, rule: str) -> None:
    assert refused(envelope(body)).rule == rule


@pytest.mark.parametrize("chunk", [100, 128, 333, 1_000])
def test_in_chunks_or_at_once_the_verdict_is_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """lxml's feed() forgets some errors, and then begins a second document in the middle of the first."""
    monkeypatch.setattr(parsing, "CHUNK", chunk)
    careful = Limits(depth=20)
    chance = random.Random(20261122)
    pieces = [
        b"&x;",
        b"<b a='1' a='2'/>",
        b"</b>",
        b"<q:a/>",
        b"\x00",
        b"<!-- -- -->",
        b"<",
        b"&",
        b"]]>",
        b"<?xml?>",
    ]
    data = [VALID, *(VALID.replace(b"Vroeg", piece) for piece in pieces), *(piece + VALID for piece in pieces)]
    data += [VALID[:400] + b"&x;" + b" " * 2_000 + envelope("<evil/>"), envelope("&x;") + b" " * 999 + envelope()]
    for _ in range(150):
        place, piece = chance.randrange(len(VALID)), chance.choice(pieces)
        data.append(VALID[:place] + piece + VALID[place + chance.randrange(3) :])

    def verdict(message: bytes, limits: Limits) -> str:
        try:
            found = read(message, limits=limits, schema=the_contract().envelope)
        except Unreadable as refusal:
            return refusal.rule
        return f"{found.valid} {canonical_hash(found.body).hex()}"

    assert not [message for message in data if verdict(message, careful) != verdict(message, LIMITS)]


def test_what_is_just_within_the_limits_is_read() -> None:
    attributes = " ".join(f'a{n}="=="' for n in range(64))
    names = " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(63))
    body = f"<m {attributes}><n {names}/>" + "<a>" * 61 + "</a>" * 61 + "<a/>" * 49_000 + "</m>"
    assert read(envelope(body), limits=LIMITS).body.tag == "m"


def test_the_charset_of_the_transport_must_agree() -> None:
    assert refused(VALID, charset="iso-8859-1").rule == "XML-ENCODING"


def test_a_refusal_says_where() -> None:
    lines = b"\n" * 70_000
    data = VALID.replace(b"<gfo:Type>", lines + b"<gfo:Type>").replace(b"</gfo:Type>", b"</gfo:Tpye>")
    where = data[: data.index(b"</gfo:Tpye>")].count(b"\n") + 1
    assert refused(data).violations[0].line == where
    doctype = refused(b"<!-- a\n -->\n  <!DOCTYPE a><a/>").violations[0]
    assert (doctype.line, doctype.column) == (3, 3)


def test_lines_stay_right_beyond_65535() -> None:
    found = read(VALID.replace(b"<gfo:Type>", b"\n" * 70_000 + b"<gfo:Type>"), limits=LIMITS)
    element = found.body.find("{*}Klantcontact/{*}Type")
    assert element is not None
    assert cast(int, element.sourceline) == VALID[: VALID.index(b"<gfo:Type>")].count(b"\n") + 70_001


@pytest.mark.parametrize("secret", ["GEHEIM123", "999993653"])
def test_a_refusal_never_repeats_the_message(secret: str) -> None:
    for data in (
        VALID.replace(b"</gfo:Type>", f"</{secret}>".encode()),
        VALID.replace(b"Vroeg", f"&{secret};".encode()),
        VALID.replace(b"<gfo:Type>", f"<{secret}:Type>".encode()),
        envelope(f"<m>{secret}</m>{secret}"),
        f"<{secret}/>".encode(),
        f"<!DOCTYPE {secret}>".encode() + envelope(),
        f'<?xml version="{secret}"?>'.encode() + envelope(),
    ):
        refusal = refused(data)
        assert secret not in str(refusal)
        assert secret not in repr(refusal.violations)


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE r ["
        + b"".join(b'<!ENTITY x%d "%s">' % (n, b"&x%d;" % (n - 1) * 10) for n in range(1, 10))
        + b"]><r/>",
        envelope("<m>" + "<bad/>" * 49_990 + "</m>"),
        envelope("<m " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>"),
        envelope("<m " + " ".join(f'xmlns:a{n}="urn:{n}"' for n in range(50_000)) + "/>"),
        envelope("<m " + " ".join(f'a{n}="1"' for n in range(200_000)) + "/>"),
        VALID.replace(b"</gfo:Klantcontact>", b"<gfo:Type>x</gfo:Type>" * 40_000 + b"</gfo:Klantcontact>"),
        b"<!--" * 500_000,
        b"<?a" * 500_000,
        b"<" * 2_000_000,
    ],
    ids=["laughs", "siblings", "attributes", "namespaces", "many", "invalid", "comments", "pis", "brackets"],
)
def test_hostile_sizes_cost_bounded_time(data: bytes) -> None:
    with cpu_seconds(1), contextlib.suppress(Unreadable):
        read(data, limits=LIMITS, schema=the_contract().envelope)


def test_a_large_document_is_read() -> None:
    inhoud = "QUJD" * 3_000_000
    found = read(envelope(f"<m>{inhoud}</m>"), limits=LIMITS)
    assert found.body.text == inhoud


def test_threads_read_with_one_schema_and_never_mix_verdicts() -> None:
    schema = the_contract().envelope
    wrong: list[str] = []

    def work(number: int) -> None:
        good = VALID.replace(b"jdevries", b"user%d" % number)
        bad = good.replace(b">call<", b">fax%d<" % number)
        for _ in range(100):
            one, two = read(good, limits=LIMITS, schema=schema), read(bad, limits=LIMITS, schema=schema)
            if not one.valid or two.valid or two.body.findtext("{*}Klantcontact/{*}Type") != f"fax{number}":
                wrong.append(f"thread {number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_hash_is_of_the_content_not_of_the_spelling() -> None:
    def hashed(data: bytes) -> bytes:
        return canonical_hash(read(data, limits=LIMITS).body)

    same = envelope('<a:m xmlns:a="urn:a" x="1" y="2"><a:n>t</a:n></a:m>')
    for other in (
        envelope("<a:m  y='2'   x='1' xmlns:a='urn:a' ><a:n><![CDATA[t]]></a:n></a:m>"),
        envelope('<a:m xmlns:a="urn:a" xmlns:unused="urn:u" x="1" y="2"><!-- c --><a:n>&#116;</a:n></a:m>'),
        envelope('<a:m xmlns:a="urn:a" x="1" y="2"><a:n>t</a:n></a:m>', header="<s:Header/>"),
    ):
        assert hashed(other) == hashed(same)
    assert hashed(envelope('<a:m xmlns:a="urn:a" x="1" y="2"><a:n>u</a:n></a:m>')) != hashed(same)


def test_a_relative_namespace_has_no_hash() -> None:
    body = read(envelope('<m xmlns:a="u1"><a:n/></m>'), limits=LIMITS).body
    with pytest.raises(Unreadable) as caught:
        canonical_hash(body)
    assert caught.value.rule == "XML-NAMESPACE"


def test_writing_and_reading_give_the_same_element() -> None:
    body = read(VALID, limits=LIMITS).body
    again = etree.fromstring(write(body))
    assert canonical_hash(again) == canonical_hash(body)
    assert not write(body).startswith(b"<?xml")


@pytest.mark.parametrize("unit", [b"&#65;", b"&amp;", b"A\r\n", b"<![CDATA[A]]>", b"A<!---->", b"AAAAAAAA"])
def test_a_text_of_millions_of_pieces_is_judged_in_time(unit: bytes) -> None:
    data = VALID.replace(b"Vroeg", unit * (8_000_000 // len(unit)))
    wrong = data.replace(b">call<", b">fax<")
    with cpu_seconds(4):
        assert read(data, limits=LIMITS, schema=the_contract().envelope).valid
        assert not read(wrong, limits=LIMITS, schema=the_contract().envelope).valid


def test_many_tags_and_many_pieces_at_once_are_judged_in_time() -> None:
    data = VALID.replace(b"<gfo:Documenten/>", b"<gfo:Bad/>" * 12_000).replace(b"Vroeg", b"&#65;" * 1_000_000)
    with cpu_seconds(4):
        assert not read(data, limits=LIMITS, schema=the_contract().envelope).valid


@pytest.mark.parametrize(
    ("data", "rule", "advice"),
    [
        ("<a><b></a>", "XML-TAG", "eindtag van dezelfde naam"),
        ("<a>x & y</a>", "XML-ENTITY", "&amp;"),
        ("<a>1 < 2</a>", "XML-SYNTAX", "&lt;"),
        ("<a/><b/>", "XML-END", "één buitenste element"),
        ("<a b=c/>", "XML-ATTRIBUTE", "tussen aanhalingstekens"),
        ("<a b/>", "XML-ATTRIBUTE", "een waarde"),
        ('<a b="1" b="2"/>', "XML-ATTRIBUTE", "eenmaal"),
        ('<a b="1><c/></a>', "XML-ATTRIBUTE", "hetzelfde aanhalingsteken"),
        ('<a b="1"c="2"/>', "XML-ATTRIBUTE", "een spatie ervoor"),
        ("<x:a/>", "XML-NAMESPACE", "xmlns:prefix"),
        ("<a>\x0b</a>", "XML-CHARACTER", "besturingstekens"),
        ("\n<?xml version='1.0'?><a/>", "XML-DECLARATION", "het allereerste"),
    ],
)
def test_each_kind_of_broken_xml_has_advice_of_its_own(data: str, rule: str, advice: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read(data.encode(), limits=Limits())
    [violation] = raised.value.violations
    assert violation.rule == rule
    assert violation.hint is not None
    assert advice in violation.hint.nl
    assert "XML-bibliotheek" not in violation.hint.nl
