"""What the tests of the way out share: facts to send, orders to send them, settings that say to whom."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from stuf_klantcontact import outbox
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.rgbz import DocumentInhoud, Informatieobject, Klantcontact, Zaak
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.store import Database

RSIN = "999990019"
ABONNEE = "ZAAKMAGAZIJN"
LATER = datetime(2036, 11, 22, 12, 0, tzinfo=UTC)
"""A moment at which all that is enqueued now is due."""


def settings(url: str, *, also: dict[str, str] | None = None, **delivery: float) -> Settings:
    """A gateway that tells one zaakmagazijn (and `also` others, by name and address)."""
    tree: dict[str, Any] = {
        "gateway": {"organisatie": "0518", "applicatie": "KLANTCONTACT", "rsin": RSIN},
        "abonnee": {
            naam: {"endpoint": address, "timeout": 5.0} for naam, address in {ABONNEE: url, **(also or {})}.items()
        },
        "delivery": delivery,
    }
    return Settings(**tree)


def adjusted(settings: Settings, **values: object) -> Settings:
    """The same, with other settings of the zaakmagazijn."""
    abonnee = Abonnee.model_validate({**settings.abonnee[ABONNEE].model_dump(), **values})
    return settings.model_copy(update={"abonnee": {**settings.abonnee, ABONNEE: abonnee}})


def number(count: int) -> str:
    return f"KC2026{count:08}"


def remember(database: Database, *counts: int, zaak: str = "0518ZAAK0000001", inhoud: Sequence[bytes] = ()) -> None:
    """Klantcontacten of one zaak, each with documents of these bytes, as intake would have stored them."""
    with database.session() as session:
        stored = session.query(Zaak).filter_by(identificatie=zaak).one_or_none() or Zaak(
            identificatie=zaak, bronorganisatie=RSIN, omschrijving="Verbouwing", zaaktype="B1026"
        )
        session.add(stored)
        for count in counts:
            klantcontact = Klantcontact(
                identificatie=number(count),
                verantwoordelijke_organisatie=RSIN,
                datum_tijd=datetime(2026, 11, 22, 9, 12, tzinfo=UTC),
                type="call",
                kanaal="telefoon",
                onderwerp="Stand van zaken",
                toelichting="Mevrouw vroeg wanneer haar vergunning klaar is.",
                groep="persoonlijk",
                effect="uitgewisseld",
                opvoerder={"soort": "medewerker", "identificatie": "jdevries"},
                medewerker={"identificatie": "jdevries", "achternaam": "Vries", "voorletters": "J."},
                partij={
                    "soort": "natuurlijkPersoon",
                    "bsn": "999993653",
                    "geslachtsnaam": "Jansen",
                    "geslachtsaanduiding": "V",
                    "geboortedatum": "1980-01-01",
                },
                partij_herkomst="bericht",
                zaak=stored,
            )
            session.add(klantcontact)
            for place, content in enumerate(inhoud, start=1):
                sha256 = hashlib.sha256(content).digest()
                bytes_ = session.get(DocumentInhoud, sha256) or DocumentInhoud(sha256=sha256, inhoud=content)
                klantcontact.informatieobjecten.append(
                    Informatieobject(
                        identificatie=f"{number(count)}-{place}",
                        bronorganisatie=RSIN,
                        creatiedatum=date(2026, 11, 22),
                        titel="Bouwtekening",
                        bestandsnaam="tekening.pdf",
                        formaat="application/pdf",
                        inhoud=bytes_,
                    )
                )
                session.flush()


def order(count: int, *, zaak: str = "0518ZAAK0000001", abonnee: str = ABONNEE, document: int = 0) -> Order:
    """Send a klantcontact, or one of its documents, about a zaak."""
    if document:
        return Order(abonnee, zaak, "iobLk01", number(count), f"{number(count)}-{document}")
    return Order(abonnee, zaak, "klcLk01", number(count))


def enqueue(database: Database, *orders: Order) -> None:
    """As intake does, in a transaction of its own."""
    with database.connection() as connection:
        connection.execute(f"WITH {outbox.ENQUEUE} SELECT", {"orders": outbox.enqueue_parameter(orders)})


def items(database: Database) -> list[outbox.Item]:
    """All items, oldest first."""
    with database.session() as session:
        return outbox.listing(session, limit=10_000)
