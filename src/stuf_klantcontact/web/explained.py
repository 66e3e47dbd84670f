"""The pages /fouten and /fouten/CODE: what a rule or code means, what causes it, and what cures it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Flask, abort, redirect, render_template
from werkzeug.wrappers import Response

from stuf_klantcontact.errors import Text
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.rules import RULES
from stuf_klantcontact.web import asked

PATH: Final = "/fouten"


@dataclass(frozen=True, slots=True)
class Page:
    """What is known about one rule or code; empty is not shown."""

    code: str
    group: Text
    means: Text
    cause: Text | None = None
    cure: Text | None = None
    wrong: str = ""
    right: str = ""
    standard: str = ""
    sent: str = ""
    """The StUF code of the fault that names it."""


_KC: Final = Text("Regels voor klantcontacten", "Rules for klantcontacten")
_STUF: Final = Text("Foutcodes van StUF", "Error codes of StUF")
_PLEK: Final = {
    "client": Text("De oorzaak ligt bij de verzender.", "The cause lies with the sender."),
    "server": Text("De oorzaak ligt bij de ontvanger.", "The cause lies with the receiver."),
}


def pages() -> Mapping[str, Page]:
    """Every page by its code, in the order of the index."""
    found = [Page(rule.id, _KC, rule.demand, cure=rule.cure, sent=rule.fout.name) for rule in RULES]
    found += [
        Page(fout.name, _STUF, fout.situation, cause=_PLEK[fout.plek], standard="StUF 03.01, § 4.4.3, tabel 8.1")
        for fout in Fout
    ]
    return {page.code: page for page in found}


def register(web: Flask) -> None:
    """Add the pages."""
    known = pages()
    spelled = {code.casefold(): code for code in known}

    @web.context_processor
    def about() -> dict[str, object]:
        return {"explained": known}

    @web.get(PATH)
    def index() -> str:
        groups: dict[Text, list[Page]] = {}
        for page in known.values():
            groups.setdefault(page.group, []).append(page)
        return render_template("fouten.html", groups=groups)

    @web.get(f"{PATH}/<code>")
    def one(code: str) -> str | Response:
        if code not in known and code.casefold() in spelled:
            also = "?lang=en" if asked.language() == "en" else ""
            return redirect(f"{PATH}/{spelled[code.casefold()]}{also}", code=301)
        if code not in known:
            abort(404)
        return render_template("fout.html", page=known[code])
