"""The front page, and the schemas that it links to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from flask import Flask, Response, abort, render_template

from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Text

_MEDIA: Final[Mapping[str, str]] = {
    ".xsd": "application/xml; charset=utf-8",
    ".wsdl": "text/xml; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Port:
    """A SOAP port as the front page shows it."""

    name: str
    text: Text


PORTS: Final[Mapping[str, Text]] = {
    "VerwerkSynchroonVrijBericht": Text(
        nl="Een klantcontact toevoegen en meteen antwoord krijgen (Di02, Du02).",
        en="Add a klantcontact and get the answer at once (Di02, Du02).",
    ),
    "OntvangAsynchroon": Text(
        nl="Een klantcontact aanbieden met ontvangstbevestiging (Di01, Bv03); ook zaakberichten.",
        en="Hand in a klantcontact for a confirmation of receipt (Di01, Bv03); zaak messages too.",
    ),
}


def register(web: Flask, contract: Contract, *, ports: Iterable[str], organisatie: str, release: str) -> None:
    """Add the front page and /schemas/."""
    files = contract.files()
    shown = [Port(name, PORTS.get(name, Text(nl="", en=""))) for name in ports]
    folders = _by_folder(files)

    @web.get("/")
    def front() -> str:
        return render_template("index.html", ports=shown, folders=folders, release=release, organisatie=organisatie)

    @web.get("/schemas/<path:path>")
    def schema(path: str) -> Response:
        if path not in files:
            abort(404)
        media = _MEDIA.get(PurePosixPath(path).suffix, "application/octet-stream")
        return Response(files[path], content_type=media)


def _by_folder(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for path in sorted(files):
        folders.setdefault(str(PurePosixPath(path).parent), []).append(path)
    return folders
