"""console, validator page, JSON API, WSDL/XSD files, health, metrics (Flask; + `templates/`, `static/`).

What can go wrong: a page that does not exist, or an error of ours. Both end as a small page, or as JSON below
/health; an error of ours has a reference number that is also in the log, with the kind of the exception and where
it was raised, never its text. Nothing on a page comes from another host, and no page runs a script.

No section of the standard: this is not StUF.
"""

import logging
import secrets
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import PurePath, PurePosixPath
from typing import Final, Literal

from flask import Flask, Response, abort, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Text
from stuf_klantcontact.settings import Settings

Language = Literal["nl", "en"]
Ready = Callable[[], Mapping[str, bool]]
"""Asks every part that must work whether it does: {"database": True, …}."""

REQUEST_BYTES: Final = 1_000_000
DISTRIBUTION: Final = "stuf-klantcontact"

logger = logging.getLogger(__name__)

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_MEDIA: Final[Mapping[str, str]] = {
    ".xsd": "application/xml; charset=utf-8",
    ".wsdl": "text/xml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Port:
    """A SOAP port as the front page shows it."""

    name: str
    text: Text


_PORTS: Final[Mapping[str, Text]] = {
    "VerwerkSynchroonVrijBericht": Text(
        nl="Een klantcontact toevoegen en meteen antwoord krijgen (Di02, Du02).",
        en="Add a klantcontact and get the answer at once (Di02, Du02).",
    ),
    "OntvangAsynchroon": Text(
        nl="Een klantcontact aanbieden met ontvangstbevestiging (Di01, Bv03); ook zaakberichten.",
        en="Hand in a klantcontact for a confirmation of receipt (Di01, Bv03); zaak messages too.",
    ),
}


def build(*, contract: Contract, settings: Settings, ready: Ready, ports: Iterable[str] = tuple(_PORTS)) -> Flask:
    """The Flask application; `ready` is asked at every GET of /health/ready."""
    web = Flask("stuf_klantcontact", static_url_path="/static")
    web.config["MAX_CONTENT_LENGTH"] = REQUEST_BYTES
    started = time.time()
    release = version(DISTRIBUTION)
    files = contract.files()
    shown = [Port(name, _PORTS.get(name, Text(nl="", en=""))) for name in ports]
    folders = _by_folder(files)

    @web.get("/")
    def front() -> str:
        return render_template(
            "index.html",
            lang=_language(),
            ports=shown,
            folders=folders,
            release=release,
            organisatie=settings.gateway.organisatie,
        )

    @web.get("/schemas/<path:path>")
    def schema(path: str) -> Response:
        if path not in files:
            abort(404)
        media = _MEDIA.get(PurePosixPath(path).suffix, "application/octet-stream")
        return Response(files[path], content_type=media)

    @web.get("/health/live")
    def live() -> Response:
        return jsonify(status="ok")

    @web.get("/health/ready")
    def readiness() -> tuple[Response, int]:
        checks = _ask(ready)
        good = all(checks.values())
        return jsonify(status="ok" if good else "not ready", checks=checks), 200 if good else 503

    @web.get("/metrics")
    def metrics() -> Response:
        lines = (
            "# HELP klantcontact_build_info Release of the gateway.",
            "# TYPE klantcontact_build_info gauge",
            f'klantcontact_build_info{{version="{release}"}} 1',
            "# HELP klantcontact_process_start_time_seconds When this worker started, in seconds since 1970.",
            "# TYPE klantcontact_process_start_time_seconds gauge",
            f"klantcontact_process_start_time_seconds {started:.3f}",
            "# HELP klantcontact_ready Whether every part that must work does.",
            "# TYPE klantcontact_ready gauge",
            f"klantcontact_ready {int(all(_ask(ready).values()))}",
        )
        return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")

    @web.after_request
    def guard(response: Response) -> Response:
        response.headers.extend(_HEADERS)
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
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        logger.error("trouble reference=%s exception=%s where=%s", reference, type(error).__name__, place)
        return _error(500, reference=reference)

    return web


def _language() -> Language:
    return "en" if request.args.get("lang") == "en" else "nl"


def _ask(ready: Ready) -> dict[str, bool]:
    """What works; that asking fails is an answer too."""
    try:
        return dict(ready())
    except Exception as error:
        logger.warning("not ready: exception=%s", type(error).__name__)
        return {"gateway": False}


def _by_folder(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for path in sorted(files):
        folders.setdefault(str(PurePosixPath(path).parent), []).append(path)
    return folders


_SENTENCES: Final[Mapping[int, Text]] = {
    404: Text(nl="Deze pagina bestaat niet.", en="This page does not exist."),
    405: Text(nl="Deze pagina kent die methode niet.", en="This page does not know that method."),
    413: Text(nl="Dit is te groot.", en="This is too large."),
    500: Text(nl="Er ging bij ons iets mis.", en="Something went wrong on our side."),
}
_SENTENCE_OTHER: Final = Text(nl="Dit verzoek is niet te verwerken.", en="This request cannot be processed.")


def _error(code: int, *, reference: str = "") -> Response:
    sentence = _SENTENCES.get(code, _SENTENCE_OTHER)
    if request.path.startswith("/health"):
        response = jsonify(error={"nl": sentence.nl, "en": sentence.en}, reference=reference)
    else:
        page = render_template("error.html", lang=_language(), code=code, sentence=sentence, reference=reference)
        response = Response(page, content_type="text/html; charset=utf-8")
    response.status_code = code
    return response
