"""POST /api/v1/validate: XML in, the report out; and the OpenAPI document that says so.

What can go wrong with a request is a problem object (RFC 9457) with the HTTP status: 400 no such set, 413 too
large, 415 not XML, 429 too often, 503 busy. A message that is wrong is no problem but a report.
There are no CORS headers: a page of another origin cannot read an answer.
"""

from http import HTTPStatus
from typing import Final

from flask import Flask, Response, json, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from stuf_klantcontact import report
from stuf_klantcontact.errors import Text
from stuf_klantcontact.web import asked, openapi
from stuf_klantcontact.web.desk import OWN, Desk, Refused, too_large

PREFIX: Final = "/api/"
XML: Final = ("application/xml", "text/xml", "application/soap+xml")


def register(web: Flask, desk: Desk, *, base: str, release: str) -> None:
    """Add the API; `base` is the address that links carry."""

    @web.post("/api/v1/validate")
    def validate() -> Response:
        try:
            with desk.turn():
                return _validated(desk, base=base)
        except RequestEntityTooLarge:
            return _problem(too_large(desk.limit))
        except Refused as refused:
            return _problem(refused)

    @web.get("/api/v1/openapi.json")
    def description() -> Response:
        return jsonify(openapi.document(release=release, base=base, sets=desk.names, limit=desk.limit))


def _validated(desk: Desk, *, base: str) -> Response:
    schema = request.args.get("schema", OWN)
    if schema not in desk.names:
        names = ", ".join(desk.names)
        raise Refused(
            400, Text(f"Deze set is er niet; wel: {names}.", f"There is no such set; there are: {names}.")
        )
    if request.mimetype not in XML:
        raise Refused(
            415,
            Text(
                f"Verstuur het bericht zelf, met als Content-Type een van: {', '.join(XML)}.",
                f"Send the message itself, with as Content-Type one of: {', '.join(XML)}.",
            ),
        )
    if request.content_encoding not in (None, "", "identity"):
        raise Refused(415, Text("Verstuur het bericht ongecomprimeerd.", "Send the message without compression."))
    # Without a length Werkzeug cuts a body off at its limit and says nothing: one byte more tells.
    request.max_content_length = desk.limit + 1
    data = request.get_data(cache=False)
    if len(data) > desk.limit:
        raise too_large(desk.limit)
    found = desk.check(data, schema=schema, file="")
    if request.accept_mimetypes.best_match(["application/json", "text/plain"]) == "text/plain":
        text = report.as_text(found, language=asked.language())
        return Response(text + "\n", content_type="text/plain; charset=utf-8")
    return Response(report.as_json([found], base=base) + "\n", content_type="application/json")


def problem(status: int, detail: str) -> Response:
    """A problem object of RFC 9457."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(
        json.dumps(body, ensure_ascii=False) + "\n", status=status, content_type="application/problem+json"
    )


def _problem(refused: Refused) -> Response:
    response = problem(refused.status, refused.text.en if asked.language() == "en" else refused.text.nl)
    if refused.retry_after:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response
