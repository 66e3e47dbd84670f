"""The pages /fouten and /fouten/CODE: what a rule or code means, what causes it, and what cures it.

What can go wrong: a code that nobody explains is a page that does not exist.
"""

import re
from collections.abc import Mapping
from typing import Final

from flask import Flask, abort, redirect, render_template
from werkzeug.wrappers import Response

from stuf_klantcontact.errors import Text
from stuf_klantcontact.rules import RULES
from stuf_klantcontact.validation.explanations import EXPLANATIONS, Explanation, explain, subject
from stuf_klantcontact.web import asked

PATH: Final = "/fouten"

_GROUPS: Final[Mapping[str, Text]] = {
    "gateway": Text("Regels voor klantcontacten", "Rules for klantcontacten"),
    "StUF": Text("Regels van StUF", "Rules of StUF"),
    "RGBZ": Text("Regels van RGBZ 2.0", "Rules of RGBZ 2.0"),
    "XSD": Text("Het schema", "The schema"),
    "well-formedness": Text("XML en SOAP", "XML and SOAP"),
    "HTTP": Text("Het verzoek", "The request"),
    "schemas": Text("Een set schema's", "A set of schemas"),
    "codes": Text("Foutcodes van StUF", "Error codes of StUF"),
}
"""In the order of the index."""
_CODE: Final = re.compile(r"StUF[0-9]{3}")
_SENT: Final = {rule.id: rule.fout.name for rule in RULES}


def register(web: Flask) -> None:
    """Add the pages."""
    groups: dict[str, list[Explanation]] = {group: [] for group in _GROUPS}
    for explanation in EXPLANATIONS.values():
        groups[_group(explanation.code)].append(explanation)

    @web.context_processor
    def about() -> dict[str, object]:
        return {"explained": EXPLANATIONS}

    @web.get(PATH)
    def index() -> str:
        return render_template("fouten.html", groups={_GROUPS[name]: found for name, found in groups.items()})

    @web.get(f"{PATH}/<code>")
    def one(code: str) -> str | Response:
        found = explain(code)
        if found is None:
            abort(404)
        if found.code != code:
            also = "?lang=en" if asked.language() == "en" else ""
            return redirect(f"{PATH}/{found.code}{also}", code=301)
        return render_template("fout.html", page=found, group=_GROUPS[_group(code)], sent=_SENT.get(code, ""))


def _group(code: str) -> str:
    return "codes" if _CODE.fullmatch(code) else subject(code)
