"""A gateway under granian with its delivery process, as a vendor meets it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from crash.municipality import SENDERS
from interop.programs import SECONDS
from journeys.town import ASYNCHRONOUS, PASSWORD, SYNCHRONOUS, now
from standin import until
from stuf_klantcontact import contract, outbox
from stuf_klantcontact.intake import PORTS
from stuf_klantcontact.outbox import Item
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import SoapClient, cast

RECEIVERS = ("NODE", "PHP")

SETTINGS = f"""{SENDERS}
[delivery]
poll = 0.1
first_retry = 0.5
"""
RECEIVER = """
[abonnee.{name}]
endpoint = "http://127.0.0.1:{port}/OntvangAsynchroon"
zaaktypen = ["{name}"]

[zaaktype.{name}]
klantcontacten = true
medewerkers = ["jdevries"]
"""


@dataclass(frozen=True)
class Running:
    """A gateway that listens; each receiver gets what belongs to the zaaktype of its name."""

    url: str
    database: Database
    ports: dict[str, int]
    client: SoapClient
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def number(self, prefix: str) -> str:
        """Something that was not used before."""
        return f"{prefix}-{next(self._numbers)}"

    def zaak(self, zaaktype: str = cast.ZAAKTYPE) -> str:
        """Have the zaaksysteem announce a new zaak; its identificatie."""
        identificatie = f"0518ZAAK{next(self._numbers):07}"
        message = cast.zaak(
            identificatie, zaaktype=zaaktype, referentienummer=self.number("ZS"), now=now(), emailadres=""
        )
        reply = self.client.post(ASYNCHRONOUS, message, user="zaaksysteem", password=PASSWORD)
        assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw
        return identificatie

    def contact(self, zaak: str, **rest: Any) -> str:
        """Have MIJNZAKEN add a contact; its identificatie."""
        message = cast.contact(referentienummer=self.number("MZ"), now=now(), zaak=zaak, **rest)
        reply = self.client.post(SYNCHRONOUS, message, user="mijnzaken", password=PASSWORD)
        assert reply.status == 200, reply.raw
        return reply.text("klantcontactidentificatie")

    def wsdls(self) -> dict[str, str]:
        """The address of every WSDL by its name, as it is served."""
        known = contract.load()
        return {
            name: f"{self.url}/soap/{port}?wsdl={name}"
            for port in PORTS
            for name in known.wsdls(port, address=self.url)
        }

    def settled(self, klantcontact: str, *, soort: str = "klcLk01") -> Item:
        """The item of the outbox about a contact, once it is delivered or held."""

        def look() -> list[Item]:
            with self.database.session() as session:
                found = outbox.listing(session, klantcontact=klantcontact, states=("delivered", "held"))
                session.expunge_all()
                return [item for item in found if item.soort == soort]

        assert until(lambda: bool(look()), seconds=SECONDS), f"{soort} of {klantcontact} was not settled"
        return look()[0]
