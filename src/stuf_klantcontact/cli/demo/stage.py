"""What the demo runs with, each a process or a server of its own: started, and stopped."""

import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import server, settings
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.cli.demo.acts import ASYNCHRONOUS
from stuf_klantcontact.cli.zaaksysteem import Zaaksysteem
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.store import Database, open_database
from stuf_klantcontact.testing import FakeMailServer, FakeZaakmagazijn, cast, closed_port

START_SECONDS: Final = 60.0


@dataclass(slots=True)
class Stage:
    """What the demo runs with: addresses, credentials, and the receivers."""

    url: str
    passwords: dict[str, str]
    database: Database
    zaakmagazijn: FakeZaakmagazijn
    mail: FakeMailServer
    clients: dict[tuple[str, str], Zaaksysteem] = field(default_factory=dict)

    def client(self, port: str, user: str) -> Zaaksysteem:
        """A zaaksysteem that is logged in as `user`."""
        if (port, user) not in self.clients:
            password = self.passwords.get(user, "wrong")
            self.clients[port, user] = Zaaksysteem(f"{self.url}/soap/{port}", user=user, password=password)
        return self.clients[port, user]


@contextmanager
def stage(folder: Path, *, port: int) -> Iterator[Stage]:
    """Everything started, and at the end everything stopped."""
    contract = contracts.load()
    passwords = {user: secrets.token_urlsafe(12) for user in ("mijnzaken", "zaaksysteem")}
    port = port or closed_port()
    server.probe("127.0.0.1", port)  # else whoever listens there would be taken for our gateway
    config = folder / "gateway.toml"
    with FakeZaakmagazijn(contract=contract) as zaakmagazijn, FakeMailServer() as mail:
        config.write_text(_toml(folder, passwords, zaakmagazijn=zaakmagazijn, mail=mail), encoding="utf-8")
        config.chmod(0o600)
        click.echo("De database, de gateway en de bezorging starten…", err=True)
        command = [sys.executable, "-m", "stuf_klantcontact", "serve", "--config", str(config), "--port", str(port)]
        log = folder / "gateway.log"
        with log.open("wb") as sink:
            gateway = subprocess.Popen([*command, "--until-stdin-closes"], stdin=subprocess.PIPE, stderr=sink)  # noqa: S603
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, gateway, log=log)
            database = open_database(settings.load(config), pool_size=1)
            try:
                yield Stage(url, passwords, database, zaakmagazijn, mail)
            finally:
                database.close()
        finally:
            gateway.terminate()
            gateway.wait(timeout=START_SECONDS)


def announce_zaken(stage: Stage, *, now: datetime) -> None:
    """Three zaken, as the zaaksysteem of the municipality tells of them."""
    zaken = (
        cast.zaak(cast.RUNNING, referentienummer="ZS-2026-000001", now=now),
        cast.zaak(cast.CLOSED, referentienummer="ZS-2026-000002", now=now, einddatum="20261001"),
        cast.zaak(
            cast.NOT_ALLOWED,
            referentienummer="ZS-2026-000003",
            now=now,
            zaaktype=cast.ZAAKTYPE_NOT_ALLOWED,
            operation="zakLk01",
        ),
    )
    for zaak in zaken:
        outcome = stage.client(ASYNCHRONOUS, "zaaksysteem").send(zaak)
        if outcome.name != "Bv03Bericht":
            raise ConfigurationError(f"the zaak was not taken: HTTP {outcome.status} {outcome.name} {outcome.code}")


def _toml(folder: Path, passwords: dict[str, str], *, zaakmagazijn: FakeZaakmagazijn, mail: FakeMailServer) -> str:
    hashes = {user: hash_password(password) for user, password in passwords.items()}
    return f"""
[gateway]
organisatie = "{cast.ORGANISATIE}"
rsin = "{cast.RSIN}"
data_dir = "{folder / "data"}"

[zender.MIJNZAKEN]
gebruiker = "mijnzaken"
wachtwoord_hash = "{hashes["mijnzaken"]}"
borgt_voor_opvoerder = true
operaties = ["voegKlantcontactToe", "wijzigKlantcontact", "verwijderKlantcontact", "vragen"]

[zender.ZAAKSYSTEEM]
gebruiker = "zaaksysteem"
wachtwoord_hash = "{hashes["zaaksysteem"]}"
operaties = ["zaken"]

[abonnee.ZAAKMAGAZIJN]
endpoint = "{zaakmagazijn.url}"

[zaaktype.{cast.ZAAKTYPE}]
klantcontacten = true
medewerkers = ["jdevries"]
betrokkenen = true
melding = true

[mail]
server = "{mail.host}"
port = {mail.port}
starttls = false
afzender = "klantcontact@gemeente.example"
portaal = "https://mijn.gemeente.example/zaken"

[delivery]
poll = 0.2
"""


def _wait_until_ready(url: str, gateway: "subprocess.Popen[bytes]", *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if gateway.poll() is not None:
            raise ConfigurationError(
                f"the gateway ended with exit status {gateway.returncode}:\n{log.read_text(errors='replace')}"
            )
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as response:  # noqa: S310
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise ConfigurationError(f"the gateway was not ready within {START_SECONDS:.0f} s")
