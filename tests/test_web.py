"""The pages: what a visitor, a monitor and a SOAP client's schema loader get."""

import logging
import re

import pytest
from flask.testing import FlaskClient
from lxml import etree

from standin import the_contract
from stuf_klantcontact import web
from stuf_klantcontact.settings import Gateway, Settings


def client(*, ready: web.Ready = lambda: {"database": True}) -> FlaskClient:
    settings = Settings(gateway=Gateway(organisatie="0518"))
    return web.build(contract=the_contract(), settings=settings, ready=ready).test_client()


def test_the_front_page_is_dutch_with_english_beside_it_and_every_link_works() -> None:
    visitor = client()
    dutch, english = visitor.get("/").text, visitor.get("/?lang=en").text
    assert '<html lang="nl">' in dutch
    assert "Elk klantcontact in het zaakdossier" in dutch
    assert "organisatie 0518" in dutch
    assert '<html lang="en">' in english
    assert "Every klantcontact in the zaakdossier" in english
    links = set(re.findall(r'(?:href|src)="([^"]+)"', dutch))
    assert {"/soap/OntvangAsynchroon?wsdl", "/soap/VerwerkSynchroonVrijBericht?wsdl", "/health/ready"} <= links
    named = {link for link in links if "?wsdl=" in link}
    assert named == {
        "/soap/OntvangAsynchroon?wsdl=klc0320_ontvangAsynchroon",
        "/soap/VerwerkTriggerbericht?wsdl=klc0320_verwerkTriggerbericht",
    }
    assert not [link for link in links if "//" in link], "nothing comes from another host"
    for link in links:
        if link.startswith("/") and not link.startswith("/soap/"):
            assert visitor.get(link, buffered=True).status_code == 200, link


def test_no_page_may_run_a_script_or_be_framed() -> None:
    visitor = client()
    for path in ("/", "/nope", "/schemas/klantcontact/kc0100.xsd", "/static/style.css", "/health/live"):
        reply = visitor.get(path, buffered=True)
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in reply.text


def test_every_schema_is_served_as_it_is() -> None:
    visitor = client()
    for path, data in the_contract().files().items():
        reply = visitor.get(f"/schemas/{path}")
        assert reply.status_code == 200
        assert reply.data == data
        assert reply.content_type.startswith(("application/xml", "text/xml"))
        assert etree.fromstring(reply.data) is not None


@pytest.mark.parametrize(
    "path",
    [
        "../pyproject.toml",
        "%2e%2e/pyproject.toml",
        "klantcontact/../../pyproject.toml",
        "/etc/passwd",
        "nope.xsd",
        ".",
    ],
)
def test_nothing_else_is_served_as_a_schema(path: str) -> None:
    reply = client().get(f"/schemas/{path}")
    assert reply.status_code in (404, 308)
    assert b"hatchling" not in reply.data


def test_ready_says_what_is_not() -> None:
    assert client().get("/health/live").json == {"status": "ok"}
    assert client().get("/health/ready").json == {"status": "ok", "checks": {"database": True}}
    reply = client(ready=lambda: {"database": False, "schema": True}).get("/health/ready")
    assert reply.status_code == 503
    assert reply.json == {"status": "not ready", "checks": {"database": False, "schema": True}}


def test_a_check_that_fails_is_not_ready_and_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> dict[str, bool]:
        raise ConnectionError("password=GEHEIM")

    reply = client(ready=fail).get("/health/ready")
    assert reply.status_code == 503
    assert "GEHEIM" not in reply.text + caplog.text


def test_metrics_are_prometheus_text() -> None:
    reply = client().get("/metrics")
    assert reply.content_type.startswith("text/plain; version=0.0.4")
    values = dict(line.rsplit(" ", 1) for line in reply.text.splitlines() if not line.startswith("#"))
    assert values["klantcontact_ready"] == "1"
    assert float(values["klantcontact_process_start_time_seconds"]) > 0
    assert any(name.startswith("klantcontact_build_info{") for name in values)


def test_errors_are_small_pages_or_json() -> None:
    visitor = client()
    page = visitor.get("/nope")
    assert (page.status_code, page.content_type) == (404, "text/html; charset=utf-8")
    assert "Deze pagina bestaat niet." in page.text
    assert "This page does not exist." in visitor.get("/nope?lang=en").text
    json = visitor.get("/health/nope").json
    assert json is not None
    assert json["error"]["nl"] == "Deze pagina bestaat niet."
    assert visitor.post("/").status_code == 405
    assert "GET" in visitor.post("/").headers["Allow"]


def test_an_error_of_ours_has_a_number_and_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    pages = web.build(contract=the_contract(), settings=Settings(), ready=dict)

    @pages.get("/broken")
    def broken() -> str:
        raise ValueError("GEHEIM")

    caplog.set_level(logging.DEBUG)
    reply = pages.test_client().get("/broken")
    assert reply.status_code == 500
    found = re.search(r"<code>([0-9a-f]{12})</code>", reply.text)
    assert found is not None
    assert f"reference={found[1]} exception=ValueError where=test_web.py:" in caplog.text
    assert "GEHEIM" not in reply.text + caplog.text
    assert "Traceback" not in reply.text + caplog.text
