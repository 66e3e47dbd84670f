"""The page /valideren by form alone, as a browser without scripts uses it."""

import hashlib
import html
import io
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, stream_encode_multipart

from conftest import SHARED, need
from standin import VALID, the_contract
from stuf_klantcontact import web
from stuf_klantcontact.settings import Gateway, Settings, Validator

INVALID = VALID.replace(b"<gfo:Type>call", b"<gfo:Type>GEHEIM").replace(b"gfo:DatumGezet", b"gfo:DatumGezt")
ZKN0320 = SHARED / "standards" / "zkn0320-draft-20170710"


def client(**chosen: object) -> FlaskClient:
    settings = Settings(gateway=Gateway(organisatie="0518"), validator=Validator.model_validate(chosen))
    return web.build(contract=the_contract(), settings=settings, ready=dict).test_client()


def post(visitor: FlaskClient, *, xml: bytes = b"", lang: str = "nl", **fields: Any) -> TestResponse:
    data = MultiDict({"xml": xml.decode(), "controleer": "1"})
    for name, value in fields.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    stream, length, boundary = stream_encode_multipart(data, use_tempfile=False)
    return visitor.post(
        f"/valideren?lang={lang}",
        input_stream=stream,
        content_length=length,
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def file(data: bytes, name: str) -> FileStorage:
    return FileStorage(io.BytesIO(data), filename=name)


def test_the_empty_page_says_what_it_does_and_that_nothing_is_stored() -> None:
    dutch, english = client().get("/valideren"), client().get("/valideren?lang=en")
    assert "Er wordt niets bewaard." in dutch.text
    assert "Nothing is stored." in english.text
    assert dutch.headers["Cache-Control"] == "no-store"
    assert "uitkomst" not in re.sub(r'action="[^"]+"', "", dutch.text)


def test_only_our_own_script_may_run() -> None:
    reply = client().get("/valideren")
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "form-action 'self'" in policy
    assert re.findall(r"<script[^>]*>[^<]*</script>", reply.text) == [
        '<script src="/static/valideren.js" defer></script>'
    ]
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//', reply.text)
    assert "onclick" not in reply.text
    assert 'style="' not in reply.text


def test_findings_stand_beside_the_lines_that_they_are_about() -> None:
    page = post(client(), xml=INVALID).text
    assert "ongeldig, " in page
    links = re.findall(r'<a class="jump" href="#(r-1-\d+)">', page)
    assert len(links) >= 2
    for target in links:
        assert page.count(f'id="{target}"') == 1
    back = re.findall(r'class="nr error" id="r-1-\d+" href="#(b-1-\d+)"', page)
    assert sorted(back) == sorted(re.findall(r'<li id="(b-1-\d+)"', page))
    marked = re.findall(r'<div class="line error" data-n="(\d+)">', page)
    wrong = [n for n, line in enumerate(INVALID.splitlines(), 1) if b"DatumGezt" in line or b"GEHEIM" in line]
    assert {str(n) for n in wrong} <= set(marked)
    assert '<mark class="error">&lt;gfo:Type</mark>' in page


def test_the_message_is_shown_escaped_and_a_persons_number_is_masked_in_findings() -> None:
    attack = b'<a><script>alert("x")</script><img src=x onerror=alert(1)></a>'
    page = post(client(), xml=attack).text
    assert "<script>alert" not in page
    assert "<img" not in page
    wrong = VALID.replace(b"<gfo:Identificatie>jdevries", b"<gfo:BSN>12345678</gfo:BSN><gfo:Identificatie>j")
    page = post(client(), xml=wrong).text
    said = page.partition('<div class="source">')[0].partition('<section aria-labelledby="uitkomst">')[2]
    assert 'class="findings"' in said
    assert "12345678" not in said


def test_a_valid_message_is_called_valid() -> None:
    page = post(client(), xml=VALID).text
    assert "geldig, geen bevindingen" in page
    assert 'class="findings"' not in page


def test_the_report_to_copy_has_no_links_and_nothing_of_the_message() -> None:
    page = post(client(), xml=INVALID).text
    text = html.unescape(page.partition('id="verslag-1"')[2].partition(">")[2].partition("</textarea>")[0])
    assert text.strip().startswith("geplakt bericht: ongeldig")
    assert "gfo:DatumGezt" in text
    assert "http" not in text.replace("http://www.egem.nl", "")
    assert "/fouten" not in text
    assert "vergunning" not in text


def test_english_all_the_way() -> None:
    page = post(client(), xml=INVALID, lang="en").text
    assert "Outcome: invalid" in page
    assert "line " in page
    assert "regel " not in page
    assert "bevinding" not in page.replace("detailsXML", "")


def test_several_files_are_judged_each_and_come_back_for_another_look() -> None:
    visitor = client()
    page = post(visitor, bestanden=[file(VALID, "goed.xml"), file(INVALID, "fout.xml")]).text
    assert "2 berichten, 1 ongeldig" in page
    assert '<span class="verdict">geldig</span> goed.xml' in page
    assert '<span class="verdict">ongeldig</span> fout.xml' in page
    kept: dict[str, Any] = {
        "naam": re.findall(r'name="naam" value="([^"]+)"', page),
        "bewaard": re.findall(r'name="bewaard" value="([^"]+)"', page),
    }
    again = post(visitor, lang="en", **kept).text
    assert "2 messages, 1 invalid" in again
    assert '<span class="verdict">invalid</span> fout.xml' in again
    replaced = post(visitor, **kept, bestanden=[file(VALID, "nieuw.xml")]).text
    assert "fout.xml" not in replaced
    assert "nieuw.xml" in replaced


def test_a_file_is_judged_by_its_bytes() -> None:
    latin = VALID.replace(b"UTF-8", b"ISO-8859-1").replace(b"Vroeg", "Eén".encode("latin-1"))
    page = post(client(), bestanden=[file(latin, "latin.xml")]).text
    assert "XML-ENCODING" in page


def test_the_name_of_a_file_is_text() -> None:
    page = post(client(), bestanden=[file(b"<a/>", "<b>x.xml")]).text
    assert "<b>x" not in page
    assert "&lt;b&gt;x.xml" in page
    page = post(client(), naam=['"><b>x.xml'], bewaard=["PGEvPg=="]).text
    assert "<b>x" not in page
    assert "&lt;b&gt;x.xml" in page


def test_another_language_without_a_message_is_no_mistake() -> None:
    reply = client().post("/valideren?lang=en", data={"xml": ""}, content_type="multipart/form-data")
    assert reply.status_code == 200
    assert "Paste the message here" in reply.text
    assert 'role="alert"' not in reply.text


def test_nothing_to_check_is_said() -> None:
    reply = post(client())
    assert reply.status_code == 400
    assert "Plak een bericht of kies een bestand." in reply.text


@pytest.mark.parametrize("way", ["xml", "bestanden", "much"])
def test_what_is_too_large_is_refused_with_the_way_out(way: str) -> None:
    visitor = client(message_bytes=10_000)
    size = 500_000 if way == "much" else 10_001
    if way == "xml":
        reply = post(visitor, xml=b"x" * size)
    else:
        reply = post(visitor, bestanden=[file(b"x" * size, "groot.xml")])
    assert reply.status_code == 413
    assert "Dit is te groot" in reply.text
    assert "stuf-klantcontact validate" in reply.text


def test_too_many_files_are_refused() -> None:
    reply = post(client(), bestanden=[file(b"<a/>", f"{n}.xml") for n in range(21)])
    assert reply.status_code == 413
    assert "20 bestanden" in reply.text


def test_who_asks_too_often_hears_when_to_come_back() -> None:
    visitor = client(per_minute=1)
    assert post(visitor, xml=VALID).status_code == 200
    reply = post(visitor, xml=VALID)
    assert reply.status_code == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert "Probeer het over" in reply.text
    assert visitor.get("/valideren").status_code == 200


def test_the_address_is_that_before_our_own_proxies() -> None:
    trusting, plain = client(per_minute=1, proxies=1), client(per_minute=1)
    for last, status in (("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.1", 429)):
        headers = {"X-Forwarded-For": f"198.51.100.9, {last}"}
        assert trusting.post("/valideren", data={"xml": ""}, headers=headers).status_code == status
    for claimed, status in (("192.0.2.1", 200), ("192.0.2.2", 429)):
        headers = {"X-Forwarded-For": claimed}
        assert plain.post("/valideren", data={"xml": ""}, headers=headers).status_code == status


def test_the_log_has_length_and_hash_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post(client(), bestanden=[file(INVALID, "naam-van-iemand.xml")])
    assert f"bytes={len(INVALID)} sha256={hashlib.sha256(INVALID).hexdigest()}" in caplog.text
    for secret in ("GEHEIM", "vergunning", "naam-van-iemand", "jdevries"):
        assert secret not in caplog.text


def test_nothing_is_written_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    large = VALID.replace(b"<gfo:Documenten/>", b"<gfo:Documenten/>" + b"<!-- x -->" * 100_000)
    assert post(client(), bestanden=[file(large, "groot.xml")]).status_code == 200


def test_a_configured_set_can_be_chosen() -> None:
    need(ZKN0320.exists(), "the official set zkn0320 is not beside the project")
    visitor = client(sets={"zkn0320": ZKN0320})
    assert '<option value="zkn0320">' in visitor.get("/valideren").text
    page = post(visitor, xml=b"<a/>", schema="zkn0320").text
    assert "Gecontroleerd tegen zkn0320" in page
    assert '<option value="zkn0320" selected>' in page


def test_a_set_that_does_not_load_is_said_and_the_rest_works(tmp_path: Path) -> None:
    (tmp_path / "leeg").mkdir()
    visitor = client(sets={"kapot": tmp_path / "leeg"})
    reply = post(visitor, xml=VALID, schema="kapot")
    assert reply.status_code == 503
    assert "kapot zijn hier niet te laden" in reply.text
    assert str(tmp_path) not in reply.text
    assert post(visitor, xml=VALID).status_code == 200


def test_a_file_with_very_many_findings_has_a_page_of_bounded_size() -> None:
    message = VALID.partition(b"<soap:Body>")[2].partition(b"</soap:Body>")[0].replace(b"Di02<", b"Di99<")
    many = (
        b'<StUF:StUF-berichtenSet xmlns:StUF="http://www.egem.nl/StUF/StUF0301">'
        + message * 700
        + b"</StUF:StUF-berichtenSet>"
    )
    page = post(client(), bestanden=[file(many, "set.xml")]).text
    assert 'id="b-1-1001"' in page
    assert 'id="b-1-1002"' not in page
    assert "de eerste 1000 staan hier" in page
