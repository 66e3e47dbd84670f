"""console, validator page, JSON API, WSDL/XSD files, health, metrics (Flask; + `templates/`, `static/`).

What can go wrong: a page that does not exist, or an error of ours. Both end as a small page, or as JSON below
/health and /api; an error of ours has a reference number that is also in the log, with the kind of the exception
and where it was raised, never its text. Nothing on a page comes from another host, and only the validator's page
runs a script, our own.

No section of the standard: this is not StUF.
"""

import logging
import secrets
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Text, where
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.tijdstip import Clock, system_clock
from stuf_klantcontact.web import api, asked, explained, front, health, validator
from stuf_klantcontact.web.desk import Desk
from stuf_klantcontact.web.health import Gauge, Gauges, Ready
from stuf_klantcontact.web.throttle import Ticks

__all__ = ["Gauge", "Ready", "build"]

REQUEST_BYTES: Final = 1_000_000
DISTRIBUTION: Final = "stuf-klantcontact"

logger = logging.getLogger(__name__)

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def build(
    *,
    contract: Contract,
    settings: Settings,
    ready: Ready,
    gauges: Gauges = tuple,
    ports: Iterable[str] = tuple(front.PORTS),
    clock: Clock = system_clock,
    ticks: Ticks = time.monotonic,
) -> Flask:
    """The Flask application; `ready` is asked at every GET of /health/ready, `gauges` at /metrics."""
    web = Flask("stuf_klantcontact", static_url_path="/static")
    web.request_class = asked.Request
    web.config["MAX_CONTENT_LENGTH"] = REQUEST_BYTES
    web.json.ensure_ascii = False  # type: ignore[attr-defined]  # DefaultJSONProvider has it
    release = version(DISTRIBUTION)
    base = settings.gateway.public_url.rstrip("/")
    desk = Desk(settings, own=contract, clock=clock, ticks=ticks)

    front.register(web, contract, ports=ports, organisatie=settings.gateway.organisatie, release=release)
    validator.register(web, desk)
    explained.register(web)
    api.register(web, desk, base=base, release=release)
    health.register(web, ready, gauges=gauges, release=release)

    @web.context_processor
    def words() -> dict[str, Any]:
        lang = asked.language()
        return {
            "lang": lang,
            "also": "?lang=en" if lang == "en" else "",
            "t": lambda nl, en: en if lang == "en" else nl,
            "say": lambda text: text.en if lang == "en" else text.nl,
        }

    @web.after_request
    def guard(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @web.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        response = _error(error.code or 500)
        if "Allow" in error.get_response().headers:
            response.headers["Allow"] = error.get_response().headers["Allow"]
        return response

    @web.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        reference = secrets.token_hex(6)
        logger.error("trouble reference=%s %s", reference, where(error))
        return _error(500, reference=reference)

    return web


_SENTENCES: Final[Mapping[int, Text]] = {
    404: Text(nl="Deze pagina bestaat niet.", en="This page does not exist."),
    405: Text(nl="Deze pagina kent die methode niet.", en="This page does not know that method."),
    413: Text(nl="Dit is te groot.", en="This is too large."),
    500: Text(nl="Er ging bij ons iets mis.", en="Something went wrong on our side."),
}
_SENTENCE_OTHER: Final = Text(nl="Dit verzoek is niet te verwerken.", en="This request cannot be processed.")


def _error(code: int, *, reference: str = "") -> Response:
    sentence = _SENTENCES.get(code, _SENTENCE_OTHER)
    if request.path.startswith(api.PREFIX):
        said = sentence.en if asked.language() == "en" else sentence.nl
        return api.problem(code, f"{said} {reference}".strip())
    if request.path.startswith("/health"):
        response = jsonify(error={"nl": sentence.nl, "en": sentence.en}, reference=reference)
    else:
        page = render_template("error.html", code=code, sentence=sentence, reference=reference)
        response = Response(page, content_type="text/html; charset=utf-8")
    response.status_code = code
    return response
