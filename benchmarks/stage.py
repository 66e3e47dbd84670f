"""A municipality to measure in: an embedded PostgreSQL, many zaken, one gateway, and the message that is sent."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psycopg.conninfo import make_conninfo

from stuf_klantcontact import rgbz, settings
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.outlets.soap import envelope
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, embedded, open_database
from stuf_klantcontact.testing import cast, closed_port

PORT = "VerwerkSynchroonVrijBericht"
GEBRUIKER = "mijnzaken"
ZAKEN = [f"0518BENCH{number:06d}" for number in range(200)]
TOELICHTING = "Mevrouw vroeg wanneer haar vergunning klaar is. Teruggebeld met de datum."
REFERENTIENUMMER = "REFERENTIENUMMER-0001"
"""Stands in the message where each request puts a number of its own, of the same length."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is measured in; the data folder goes when the run ends."""

    settings: Settings
    config: Path
    database: Database
    password: str
    message: bytes
    """A complete SOAP request, about the first of ZAKEN and numbered REFERENTIENUMMER."""

    @property
    def conninfo(self) -> str:
        """The same database with the same options, as psycopg wants it said."""
        return make_conninfo(**self.database.parameters)

    def request(self, number: int) -> bytes:
        """A request that was not sent before, about the next zaak."""
        reference = f"{number:0{len(REFERENTIENUMMER)}d}"
        zaak = ZAKEN[number % len(ZAKEN)]
        return self.message.replace(REFERENTIENUMMER.encode(), reference.encode()).replace(
            ZAKEN[0].encode(), zaak.encode()
        )


@contextmanager
def stage(*, endpoint: str = "", toelichting: str = TOELICHTING) -> Iterator[Stage]:
    """Set it up, and take it down. `endpoint` is that of the zaakmagazijn; nobody listens without one."""
    password = secrets.token_urlsafe(12)
    with embedded.private_data_dir() as folder:
        config = folder / "gateway.toml"
        descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(_toml(folder, password=password, endpoint=endpoint or f"http://127.0.0.1:{closed_port()}/"))
        found = settings.load(config)
        database = open_database(found)
        try:
            now = datetime.now(UTC)
            with database.session() as session:
                for number, zaak in enumerate(ZAKEN):
                    message = cast.zaak(zaak, referentienummer=f"ZAAK-{number}", now=now, startdatum="20200101")
                    rgbz.verwerk(session, zkn0310.read(message), rsin=cast.RSIN)
            contact = cast.contact(
                referentienummer=REFERENTIENUMMER, now=now, zaak=ZAKEN[0], toelichting=toelichting
            )
            yield Stage(found, config, database, password, envelope(contact))
        finally:
            database.close()


def _toml(folder: Path, *, password: str, endpoint: str) -> str:
    return f"""
[gateway]
organisatie = "{cast.ORGANISATIE}"
rsin = "{cast.RSIN}"
data_dir = "{folder / "data"}"

[zender.MIJNZAKEN]
gebruiker = "{GEBRUIKER}"
wachtwoord_hash = "{hash_password(password)}"
borgt_voor_opvoerder = true
operaties = ["voegKlantcontactToe"]

[abonnee.ZAAKMAGAZIJN]
endpoint = "{endpoint}"

[zaaktype.{cast.ZAAKTYPE}]
klantcontacten = true
medewerkers = ["jdevries"]
betrokkenen = true
"""
