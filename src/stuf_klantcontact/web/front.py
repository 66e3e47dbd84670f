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
    wsdls: tuple[str, ...]
    """Their names; the first is that of a bare ?wsdl."""


PORTS: Final[Mapping[str, Text]] = {
    "VerwerkSynchroonVrijBericht": Text(
        nl="Een klantcontact toevoegen, wijzigen of verwijderen en meteen antwoord krijgen (Di02, Du02).",
        en="Add, correct or withdraw a klantcontact and get the answer at once (Di02, Du02).",
    ),
    "OntvangAsynchroon": Text(
        nl="Aanbieden met ontvangstbevestiging (Bv03): klantcontacten (Di01, klcLk01), documenten (iobLk01),"
        " synchronisatie (klcSa01, klcSa03), zaakberichten en bevestigingen.",
        en="Hand in for a confirmation of receipt (Bv03): klantcontacten (Di01, klcLk01), documents (iobLk01),"
        " synchronisation (klcSa01, klcSa03), zaak messages and confirmations.",
    ),
    "VerwerkSynchroneKennisgeving": Text(
        nl="Kennisgevingen die meteen verwerkt worden (klcLk02, iobLk02, klcSa02, Bv02).",
        en="Kennisgevingen that are processed at once (klcLk02, iobLk02, klcSa02, Bv02).",
    ),
    "BeantwoordVraag": Text(
        nl="Klantcontacten opvragen (klcLv01, klcLa01), of een zaak met haar contacten (zakLv01, zakLa01).",
        en="Ask for klantcontacten (klcLv01, klcLa01), or for a zaak with its contacts (zakLv01, zakLa01).",
    ),
    "VerstrekSynchronisatieBericht": Text(
        nl="De actuele stand van een klantcontact ophalen (klcSa04, klcSa02).",
        en="Get a klantcontact as it is now (klcSa04, klcSa02).",
    ),
    "VerwerkTriggerbericht": Text(
        nl="Vragen om alles wat voor u klaarligt (Tr01, Bv02).",
        en="Ask for everything that is waiting for you (Tr01, Bv02).",
    ),
}


def register(web: Flask, contract: Contract, *, ports: Iterable[str], organisatie: str, release: str) -> None:
    """Add the front page and /schemas/."""
    files = contract.files()
    shown = [
        Port(name, PORTS.get(name, Text(nl="", en="")), tuple(contract.wsdls(name, address=""))) for name in ports
    ]
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
