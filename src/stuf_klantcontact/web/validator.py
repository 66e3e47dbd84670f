"""The page /valideren: paste or choose files, and read the findings beside the XML.

Works by form alone: the server renders everything, also the marked lines. Files that were checked come back hidden
in the form, so that they can be checked again with another set or in another language; that is the only place where
they are kept. What can go wrong with a request is said above the form, with its HTTP status.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from stuf_klantcontact import report
from stuf_klantcontact.errors import Text
from stuf_klantcontact.report import Report
from stuf_klantcontact.web import asked
from stuf_klantcontact.web.desk import OWN, Desk, Refused, too_large
from stuf_klantcontact.web.source import Line, marked, readable, written

PATH: Final = "/valideren"
FILES: Final = 20
"""So many documents at a time."""
_NAME: Final = 120

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""The only page with a script, our own, and with a form."""

_PASTED: Final = Text("geplakt bericht", "pasted message")


@dataclass(frozen=True, slots=True)
class Document:
    """What a visitor wants to be checked."""

    name: str
    data: bytes
    pasted: bool = False

    @property
    def kept(self) -> str:
        """For the hidden field that brings it back."""
        return base64.b64encode(self.data).decode()


@dataclass(frozen=True, slots=True)
class Result:
    """One document with what was found, ready for the page."""

    document: Document
    report: Report
    lines: list[Line]
    text: str
    """The report without links and without the message."""

    @property
    def errors(self) -> int:
        """How many findings make it invalid."""
        return sum(v.severity == "error" for v in self.report.violations)

    @property
    def warnings(self) -> int:
        """How many do not."""
        return len(self.report.violations) - self.errors


def register(web: Flask, desk: Desk) -> None:
    """Add the page."""

    @web.get(PATH)
    def validator() -> Response:
        return _page(desk, schema=_schema(desk, request.args.get("schema")))

    @web.post(PATH)
    def judge() -> Response:
        request.max_content_length = request.max_form_memory_size = 3 * desk.limit + 100_000
        request.max_form_parts = 4 * FILES
        try:
            with desk.turn():
                return _judged(desk)
        except RequestEntityTooLarge:
            return _page(desk, refused=too_large(desk.limit))
        except Refused as refused:
            return _page(desk, refused=refused)


def _judged(desk: Desk) -> Response:
    schema = _schema(desk, request.form.get("schema"))
    pasted = request.form.get("xml", "").replace("\r\n", "\n")
    documents = _documents(pasted)
    if sum(len(document.data) for document in documents) > desk.limit:
        raise too_large(desk.limit)
    if len(documents) > FILES:
        raise Refused(
            413, Text(f"Kies hooguit {FILES} bestanden tegelijk.", f"Choose at most {FILES} files at a time.")
        )
    if not documents and "controleer" in request.form:
        nothing = Text("Plak een bericht of kies een bestand.", "Paste a message or choose a file.")
        return _page(desk, schema=schema, refused=Refused(400, nothing))
    results = [_result(desk, document, schema=schema) for document in documents]
    return _page(desk, schema=schema, pasted=pasted, results=results)


def _documents(pasted: str) -> list[Document]:
    """What was pasted, then the files; chosen files come instead of those that the form brought back."""
    nl = asked.language() == "nl"
    found = [Document(_PASTED.nl if nl else _PASTED.en, written(pasted), pasted=True)] if pasted.strip() else []
    chosen = [
        Document((file.filename or "")[-_NAME:], file.read())
        for file in request.files.getlist("bestanden")
        if file.filename
    ]
    if not chosen:
        for name, kept in zip(request.form.getlist("naam"), request.form.getlist("bewaard"), strict=False):
            try:
                chosen.append(Document(name[-_NAME:], base64.b64decode(kept, validate=True)))
            except binascii.Error:
                continue
    return found + chosen


def _result(desk: Desk, document: Document, *, schema: str) -> Result:
    found = desk.check(document.data, schema=schema, file=document.name)
    lines = marked(readable(document.data), found.violations) if found.violations else []
    return Result(document, found, lines, report.as_text(found, language=asked.language()))


def _schema(desk: Desk, name: str | None) -> str:
    return name if name in desk.names else OWN


def _page(
    desk: Desk,
    *,
    schema: str = OWN,
    pasted: str = "",
    results: list[Result] | None = None,
    refused: Refused | None = None,
) -> Response:
    page = render_template(
        "valideren.html",
        names=desk.names,
        schema=schema,
        pasted=pasted,
        results=results or [],
        kept=[result.document for result in results or [] if not result.document.pasted],
        refused=refused,
        limit=desk.limit,
        files=FILES,
        layer=report.layer,
        verdict=report.verdict,
    )
    response = make_response(page, 200 if refused is None else refused.status)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    if refused is not None and refused.retry_after:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response
