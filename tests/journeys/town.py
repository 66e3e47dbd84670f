"""A small municipality in one process: the gateway behind real HTTP, a zaakmagazijn, a mail server."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from lxml import etree
from werkzeug.serving import make_server

from stuf_klantcontact import outbox
from stuf_klantcontact.app import answering
from stuf_klantcontact.app.answering import Gateway
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.rgbz import Klantcontact, load_klantcontact
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.testing import FakeMailServer, FakeZaakmagazijn, Reply, SoapClient, cast

PASSWORD = "een-wachtwoord-van-niemand"
SYNCHRONOUS, ASYNCHRONOUS = "/soap/VerwerkSynchroonVrijBericht", "/soap/OntvangAsynchroon"

ZENDERS: Mapping[str, Mapping[str, Any]] = {
    "MIJNZAKEN": {
        "gebruiker": "mijnzaken",
        "borgt_voor_opvoerder": True,
        "operaties": ["voegKlantcontactToe", "wijzigKlantcontact", "verwijderKlantcontact"],
    },
    "PORTAAL": {"gebruiker": "portaal", "operaties": ["voegKlantcontactToe"]},
    "ZAAKMAGAZIJN": {
        "gebruiker": "zaakmagazijn",
        "borgt_voor_opvoerder": True,
        "operaties": ["klantcontacten", "vragen", "bevestigingen"],
    },
    "ZAAKSYSTEEM": {
        "gebruiker": "zaaksysteem",
        "operaties": ["zaken", "klantcontacten"],
        "borgt_voor_opvoerder": True,
    },
}


@dataclass
class Town:
    """What a journey can do, and what it can look at."""

    gateway: Gateway
    client: SoapClient
    delivery: Delivery
    zaakmagazijn: FakeZaakmagazijn
    mail: FakeMailServer
    _numbers: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    def zaak(self, identificatie: str = cast.RUNNING, **rest: str) -> None:
        """Have the zaaksysteem announce a zaak."""
        message = cast.zaak(identificatie, referentienummer=f"ZS-{next(self._numbers)}", now=now(), **rest)
        reply = self.client.post(ASYNCHRONOUS, message, user="zaaksysteem", password=PASSWORD)
        assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw

    def contact(self, *, user: str = "mijnzaken", **rest: object) -> Reply:
        """Have MIJNZAKEN add a contact, and give the answer."""
        arguments = {"referentienummer": f"MZ-{next(self._numbers)}", "now": now(), **rest}
        return self.send(cast.contact(**arguments), user=user)

    def withdraw(self, identificatie: str) -> Reply:
        """Have MIJNZAKEN withdraw a contact."""
        number = f"MZ-{next(self._numbers)}"
        return self.send(cast.withdrawal(identificatie, referentienummer=number, now=now()))

    def send(self, message: etree._Element | bytes, *, user: str = "mijnzaken", port: str = SYNCHRONOUS) -> Reply:
        """Send anything as somebody."""
        return self.client.post(port, message, user=user, password=PASSWORD)

    def record(self, reply: Reply) -> Klantcontact:
        """What the gateway stored for an accepted contact."""
        assert reply.status == 200, reply.raw
        with self.gateway.database.session() as session:
            return load_klantcontact(session, reply.text("klantcontactidentificatie"), rsin=cast.RSIN)

    def deliver(self) -> None:
        """Send everything that is due, in this thread, until nothing is."""
        while self._deliver_once():
            pass

    def _deliver_once(self) -> bool:
        claims = []
        for abonnee in self.delivery.abonnees:
            with self.gateway.database.connection() as connection:
                claims += outbox.claim(
                    connection,
                    abonnee=abonnee,
                    limit=10,
                    lease=self.delivery.lease(abonnee),
                    now=self.delivery.now(),
                )
        for claim in claims:
            self.delivery.attempt(claim)
        return bool(claims)


def now() -> datetime:
    """The present; contacts of the cast are of now."""
    return datetime.now(UTC) - timedelta(seconds=1)


def rules_of(reply: Reply) -> list[str]:
    """The rules in the report of a refusal, most important first."""
    assert reply.body is not None, reply.raw
    return [e.text or "" for e in reply.body.iter("{*}rule")]


@pytest.fixture(scope="session")
def password_hash() -> str:
    """As cheap as argon2 allows: real ones cost time on purpose, at each first use of a gateway."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def town(database_url: str, password_hash: str, tmp_path: Path) -> Iterator[Town]:
    """A running municipality, with the cast of the demo and no zaak yet."""
    with running(database_url, password_hash, tmp_path) as found:
        yield found


@contextmanager
def running(
    database_url: str,
    password_hash: str,
    folder: Path,
    *,
    abonnee: Mapping[str, Any] | None = None,
    zender: Mapping[str, Mapping[str, Any]] | None = None,
    contract: Contract | None = None,
    gateway: Mapping[str, Any] | None = None,
    **sections: Any,
) -> Iterator[Town]:
    """The same, whose zaakmagazijn has these settings and judges by that contract; so have its zenders."""
    with FakeMailServer() as mail:
        zaakmagazijn = FakeZaakmagazijn(contract=contract).start()
        settings = Settings.model_validate(
            {
                "gateway": {
                    "organisatie": cast.ORGANISATIE,
                    "rsin": cast.RSIN,
                    "database_url": database_url,
                    "data_dir": folder,
                    **(gateway or {}),
                },
                "zender": {
                    naam: {"wachtwoord_hash": password_hash, **values, **(zender or {}).get(naam, {})}
                    for naam, values in ZENDERS.items()
                },
                "abonnee": {"ZAAKMAGAZIJN": {"endpoint": zaakmagazijn.url, **(abonnee or {})}},
                "zaaktype": {
                    cast.ZAAKTYPE: {
                        "klantcontacten": True,
                        "medewerkers": ["jdevries"],
                        "betrokkenen": True,
                        "melding": True,
                    }
                },
                "mail": {
                    "server": mail.host,
                    "port": mail.port,
                    "starttls": False,
                    "afzender": "klantcontact@gemeente.example",
                },
                **sections,
            }
        )
        built = answering.build(settings, address="http://127.0.0.1")
        server = make_server("127.0.0.1", 0, built.wsgi, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        delivery = Delivery(settings, database=built.database, contract=built.contract)
        client = SoapClient(f"http://127.0.0.1:{server.server_port}")
        try:
            yield Town(built, client, delivery, zaakmagazijn, mail)
        finally:
            delivery.close()
            server.shutdown()
            server.server_close()
            thread.join()
            built.close()
            zaakmagazijn.stop()
