"""POST /api/v1/validate and its OpenAPI document, which every answer is held against."""

import hashlib
import io
import json
import logging
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient
from lxml import etree
from openapi_spec_validator import validate as validate_openapi
from werkzeug.test import TestResponse, create_environ

from standin import VALID, the_contract
from stuf_klantcontact import web
from stuf_klantcontact.settings import Gateway, Settings, Validator
from stuf_klantcontact.validation.explanations import explain
from stuf_klantcontact.web.throttle import AT_ONCE

INVALID = VALID.replace(b"<gfo:Type>call", b"<gfo:Type>GEHEIM")
VALID_REFERENCE = etree.fromstring(VALID).findtext(".//{*}referentienummer")
BASE = "https://gateway.example.nl"
PATH = "/api/v1/validate"


def client(**chosen: object) -> FlaskClient:
    settings = Settings(
        gateway=Gateway(organisatie="0518", public_url=BASE + "/"), validator=Validator.model_validate(chosen)
    )
    return web.build(contract=the_contract(), settings=settings, ready=dict).test_client()


def post(visitor: FlaskClient, data: bytes, query: str = "", **more: Any) -> TestResponse:
    return visitor.post(PATH + query, data=data, **{"content_type": "text/xml; charset=utf-8", **more})


def described(visitor: FlaskClient) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(visitor.get("/api/v1/openapi.json").data)
    return document


def as_described(reply: TestResponse, visitor: FlaskClient) -> Any:
    """The body, which is what the document says of this status and content type."""
    document = described(visitor)
    response = document["paths"][PATH]["post"]["responses"][str(reply.status_code)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name, header in response.get("headers", {}).items():
        jsonschema.validate(int(reply.headers[name]), header["schema"])
    schema = {**response["content"][reply.mimetype]["schema"], "components": document["components"]}
    body = json.loads(reply.data)
    jsonschema.Draft202012Validator(schema).validate(body)
    return body


def test_the_description_is_openapi() -> None:
    document = described(client())
    validate_openapi(document)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": BASE}]


def test_a_valid_message() -> None:
    visitor = client()
    reply = post(visitor, VALID)
    assert reply.status_code == 200
    assert as_described(reply, visitor) == {
        "file": "", "valid": True, "schema": "stuf-klantcontact", "violations": []
    }  # fmt: skip


def test_an_invalid_message_is_no_problem_but_a_report() -> None:
    visitor = client()
    reply = post(visitor, INVALID)
    assert reply.status_code == 200
    found = as_described(reply, visitor)
    assert not found["valid"]
    (violation,) = [v for v in found["violations"] if v["element"] == "gfo:Type"]
    assert violation["rule"] == "XSD-ENUM"
    assert violation["line"] == next(n for n, line in enumerate(INVALID.splitlines(), 1) if b"GEHEIM" in line)
    assert violation["url"] == f"{BASE}/fouten/XSD-ENUM"
    assert violation["message"]["nl"] != violation["message"]["en"]


@pytest.mark.parametrize("data", [b" ", b"<a", b"\x00\x01", b"<!DOCTYPE a><a/>", b"<a/>", b"x" * 1000])
def test_whatever_comes_gets_a_report(data: bytes) -> None:
    visitor = client()
    found = as_described(post(visitor, data), visitor)
    assert not found["valid"]
    assert found["violations"]


def test_a_berichtenset_has_one_report_with_counts() -> None:
    message = VALID.partition(b"<soap:Body>")[2].partition(b"</soap:Body>")[0]
    head = b'<StUF:StUF-berichtenSet xmlns:StUF="http://www.egem.nl/StUF/StUF0301">'
    visitor = client()
    found = as_described(post(visitor, head + message * 40 + b"</StUF:StUF-berichtenSet>"), visitor)
    assert found["messages"] == 40
    assert found["invalid"] == 40
    assert {v["rule"] for v in found["violations"]} == {"StUF-BERICHTENSET"}
    assert [v["index"] for v in found["violations"]] == list(range(1, 41))
    assert {v["referentienummer"] for v in found["violations"]} == {VALID_REFERENCE}


def test_as_text_in_the_language_that_is_asked_for() -> None:
    visitor = client()
    for lang, word in (("nl", "ongeldig"), ("en", "invalid")):
        reply = post(visitor, INVALID, f"?lang={lang}", headers={"Accept": "text/plain"})
        assert reply.content_type == "text/plain; charset=utf-8"
        assert word in reply.text.splitlines()[0]


@pytest.mark.parametrize(
    ("query", "more", "status", "said"),
    [
        ("", {"content_type": "application/json"}, 415, "Content-Type"),
        ("", {"content_type": ""}, 415, "Content-Type"),
        ("", {"headers": {"Content-Encoding": "gzip"}}, 415, "compressi"),
        ("?schema=nope", {}, 400, "stuf-klantcontact"),
        ("?schema=../..", {}, 400, "stuf-klantcontact"),
        ("?schema=", {}, 400, "stuf-klantcontact"),
        ("?taal=en", {}, 400, "schema, lang"),
    ],
)
def test_what_is_no_request_of_ours_is_a_problem(query: str, more: dict[str, Any], status: int, said: str) -> None:
    visitor = client()
    reply = post(visitor, VALID, query + ("&" if query else "?") + "lang=en", **more)
    assert (reply.status_code, reply.content_type) == (status, "application/problem+json")
    body = as_described(reply, visitor)
    assert body["status"] == status
    assert said in body["detail"]
    dutch = post(visitor, VALID, query, **more).json
    assert dutch is not None
    assert dutch["detail"] != body["detail"]


@pytest.mark.parametrize("query", ["?lang=de", "?lang=", "?lang=EN", "?lang=nl&lang=en"])
def test_a_language_that_there_is_not_is_a_problem_that_names_those_that_there_are(query: str) -> None:
    visitor = client()
    reply = post(visitor, VALID, query)
    assert reply.status_code == 400
    assert "nl, en" in as_described(reply, visitor)["detail"]


@pytest.mark.parametrize(
    ("charset", "declared", "reported"),
    [
        ("utf-8", b"UTF-8", False),
        ("UTF8", b"utf-8", False),
        ('"utf-8"', b"", False),
        ("iso-8859-1", b"UTF-8", True),
        ("iso-8859-1", b"", True),
        ("utf-8", b"ISO-8859-1", True),
        ("ISO-8859-1", b"latin1", False),
        ("onzin", b"UTF-8", True),
    ],
)
def test_a_charset_that_contradicts_the_message_is_reported(charset: str, declared: bytes, reported: bool) -> None:
    visitor = client()
    declaration = b'<?xml version="1.0" encoding="' + declared + b'"?>' if declared else b""
    data = declaration + VALID.partition(b"?>")[2]
    found = as_described(post(visitor, data, content_type=f"text/xml; charset={charset}"), visitor)
    said = [v for v in found["violations"] if v["rule"] == "HTTP-CHARSET"]
    assert [(v["severity"], v["value"]) for v in said] == [("warning", charset)] * reported
    assert explain("HTTP-CHARSET")


def test_a_utf_16_document_may_be_called_so_whatever_the_order_of_its_bytes() -> None:
    data = VALID.partition(b"?>")[2].decode().encode("utf-16")
    rules = [v["rule"] for v in post(client(), data, content_type="text/xml; charset=utf-16").json["violations"]]  # type: ignore[index]
    assert "XML-ENCODING" in rules
    assert "HTTP-CHARSET" not in rules


def test_too_large_and_too_often_are_problems() -> None:
    small = client(message_bytes=100)
    reply = post(small, VALID)
    assert reply.status_code == 413
    assert "100 bytes" in as_described(reply, small)["detail"]
    seldom = client(per_minute=1)
    assert post(seldom, VALID).status_code == 200
    reply = post(seldom, VALID)
    assert reply.status_code == 429
    assert as_described(reply, seldom)["title"] == "Too Many Requests"


@pytest.mark.parametrize(
    ("later", "dutch", "english"),
    [(59.5, "over 1 seconde opnieuw", "in 1 second."), (0.0, "over 60 seconden opnieuw", "in 60 seconds.")],
)
def test_how_long_to_wait_is_said_in_proper_words(later: float, dutch: str, english: str) -> None:
    settings = Settings(gateway=Gateway(organisatie="0518"), validator=Validator.model_validate({"per_minute": 1}))
    now = [0.0]
    visitor = web.build(contract=the_contract(), settings=settings, ready=dict, ticks=lambda: now[0]).test_client()
    assert post(visitor, VALID).status_code == 200
    now[0] = later
    assert dutch in as_described(post(visitor, VALID), visitor)["detail"]
    assert english in as_described(post(visitor, VALID, "?lang=en"), visitor)["detail"]


@pytest.mark.parametrize(("more", "status"), [(b"", 200), (b" ", 413), (b" " * 100_000, 413)])
def test_a_body_without_a_length_is_read_up_to_the_limit(more: bytes, status: int) -> None:
    visitor = client(message_bytes=len(VALID))
    environ = create_environ(PATH, method="POST", content_type="text/xml")
    environ["wsgi.input"], environ["wsgi.input_terminated"] = io.BytesIO(VALID + more), True
    assert not environ.get("CONTENT_LENGTH")
    reply = visitor.open(environ)
    assert reply.status_code == status
    as_described(reply, visitor)


def test_other_methods_and_paths_are_problems_too() -> None:
    visitor = client()
    reply = visitor.get(PATH)
    assert (reply.status_code, reply.content_type) == (405, "application/problem+json")
    assert "POST" in reply.headers["Allow"]
    assert visitor.get("/api/v1/nope").content_type == "application/problem+json"


def test_pages_of_other_origins_get_no_leave() -> None:
    reply = post(client(), VALID, headers={"Origin": "https://elsewhere.example"})
    assert not [name for name, _ in reply.headers if name.startswith("Access-Control")]


def test_the_log_has_length_and_hash_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post(client(), INVALID)
    assert hashlib.sha256(INVALID).hexdigest() in caplog.text
    for secret in ("GEHEIM", "vergunning", "jdevries"):
        assert secret not in caplog.text


class Dripping(io.BytesIO):
    """A body that does not come: whoever reads it first sees what the next visitor gets."""

    def __init__(self, visitor: FlaskClient, answers: list[int]) -> None:
        super().__init__(VALID)
        self._visitor, self._answers = visitor, answers
        self._asked = False

    def read(self, size: int | None = -1) -> bytes:
        if not self._asked and len(self._answers) < 20:
            self._asked = True
            self._answers.append(slow(self._visitor, self._answers).status_code)
        return super().read(size)

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def slow(visitor: FlaskClient, answers: list[int]) -> TestResponse:
    environ = create_environ(PATH, method="POST", content_type="text/xml")
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = Dripping(visitor, answers), str(len(VALID))
    return visitor.application.test_client().open(environ)


def test_bodies_that_drip_take_only_a_few_places() -> None:
    visitor = client()
    answers: list[int] = []
    assert slow(visitor, answers).status_code == 200
    assert answers == [503, *[200] * (AT_ONCE - 1)]
    reply = post(visitor, VALID)
    assert reply.status_code == 200
