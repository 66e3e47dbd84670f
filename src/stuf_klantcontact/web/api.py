"""POST /api/v1/validate: XML in, the report out; and the OpenAPI document that says so.

What can go wrong with a request is a problem object (RFC 9457) with the HTTP status: 400 no such parameter, set or
language, 413 too large, 415 not XML, 429 too often, 503 busy. A message that is wrong is no problem but a report.
There are no CORS headers: a page of another origin cannot read an answer.
"""

import codecs
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from flask import Flask, Response, json, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from stuf_klantcontact import report
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.web import asked, openapi
from stuf_klantcontact.web.desk import OWN, Desk, Refused, too_large
from stuf_klantcontact.web.source import encoding

PREFIX: Final = "/api/"
XML: Final = ("application/xml", "text/xml", "application/soap+xml")
_CHARSET: Final = 40
"""Characters of a charset that are repeated."""


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
    schema = _asked(desk)
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
    found = replace(found, violations=(*_contradiction(data), *found.violations))
    if request.accept_mimetypes.best_match(["application/json", "text/plain"]) == "text/plain":
        text = report.as_text(found, language=asked.language())
        return Response(text + "\n", content_type="text/plain; charset=utf-8")
    return Response(report.as_json([found], base=base) + "\n", content_type="application/json")


def _asked(desk: Desk) -> str:
    """Which set; Refused for a parameter, set or language that there is not."""
    allowed = {"schema": desk.names, "lang": ("nl", "en")}
    for name, values in request.args.lists():
        if name not in allowed:
            known = ", ".join(allowed)
            raise Refused(
                400,
                Text(
                    f"Deze parameter is er niet; wel: {known}.", f"There is no such parameter; there are: {known}."
                ),
            )
        if len(values) > 1 or values[0] not in allowed[name]:
            known = ", ".join(allowed[name])
            raise Refused(
                400,
                Text(
                    f"Deze waarde van {name} is er niet; wel, en eenmaal: {known}.",
                    f"There is no such value of {name}; there are, to be given once: {known}.",
                ),
            )
    return request.args.get("schema", OWN)


def _contradiction(data: bytes) -> Iterator[Violation]:
    """A charset in the Content-Type that is not the encoding of the message: a receiver may believe either."""
    charset = request.mimetype_params.get("charset", "")
    own = encoding(data)
    if not charset or _codec(charset) == _codec(own):
        return
    said = charset[:_CHARSET]
    yield Violation(
        "HTTP-CHARSET",
        Text(
            f"Content-Type zegt charset={said}, maar het bericht zelf zegt {own}.",
            f"Content-Type says charset={said}, but the message itself says {own}.",
        ),
        hint=Text(
            "Codeer het bericht in UTF-8 en noem in beide UTF-8: Content-Type: text/xml; charset=utf-8.",
            "Encode the message in UTF-8 and let both say UTF-8: Content-Type: text/xml; charset=utf-8.",
        ),
        severity="warning",
        line=1,
        column=1,
        value=said,
        expected=own,
    )


def _codec(name: str) -> str:
    """The same for every name of an encoding, whatever the order of its bytes."""
    with suppress(LookupError, ValueError):
        name = codecs.lookup(name).name
    return name.lower().removesuffix("-le").removesuffix("-be")


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
