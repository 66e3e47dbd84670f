"""Composition root: `build(settings) -> Gateway`; the only place where parts meet.

What can go wrong: ConfigurationError, with the setting to change, before anything listens.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, soap, web
from stuf_klantcontact.access import Access
from stuf_klantcontact.asking import Asking
from stuf_klantcontact.contract import Contract, Schemas
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.housekeeping import Housekeeper
from stuf_klantcontact.intake import PORTS, Intake
from stuf_klantcontact.intake.about import OPERATIONS
from stuf_klantcontact.outbox import Teller
from stuf_klantcontact.outlets import tls
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.store import Database, open_database, tables_health
from stuf_klantcontact.tijdstip import Clock, system_clock
from stuf_klantcontact.worker import Worker

log = logging.getLogger(__name__)

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one process, put together."""

    settings: Settings
    database: Database
    contract: Contract
    intake: Intake
    wsgi: WSGI
    asking: Asking | None = None
    teller: Teller | None = None

    def close(self) -> None:
        """Let go of the zaaksysteem and the database."""
        if self.teller is not None:
            self.teller.close()
        if self.asking is not None:
            self.asking.close()
        self.database.close()


def check(settings: Settings) -> None:
    """Refuse what would go wrong only later. Raises ConfigurationError, with every mistake at once."""
    mistakes: list[str] = []
    if not settings.gateway.organisatie:
        mistakes.append("gateway.organisatie is empty: without it no message can be meant for this gateway")
    if not settings.gateway.rsin:
        mistakes.append("gateway.rsin is empty: RGBZ wants the verantwoordelijke organisatie of every klantcontact")
    for naam, abonnee in settings.abonnee.items():
        if abonnee.profiel == "zgw":
            mistakes.append(
                f'abonnee.{naam}.profiel "{abonnee.profiel}" is not supported yet; use "zkn0320" or "zds0120"'
            )
        if abonnee.profiel == "zds0120":
            mistakes += _of_zds(naam, abonnee, settings=settings)
        if not _is_address(abonnee.endpoint):
            mistakes.append(f'abonnee.{naam}.endpoint "{abonnee.endpoint}" is not an http or https address')
        mistakes += _of_tls(naam, abonnee)
    if settings.zaaksysteem.endpoint and not _is_address(settings.zaaksysteem.endpoint):
        mistakes.append(f'zaaksysteem.endpoint "{settings.zaaksysteem.endpoint}" is not an http or https address')
    zaak_schemas = settings.gateway.zaak_schemas
    if zaak_schemas is not None and not zaak_schemas.exists():
        mistakes.append(f"gateway.zaak_schemas: there is no {zaak_schemas}")
    gebruikers = [zender.gebruiker for zender in settings.zender.values() if zender.gebruiker]
    for gebruiker in sorted({g for g in gebruikers if gebruikers.count(g) > 1}):
        mistakes.append(f'gebruiker "{gebruiker}" belongs to more than one zender')
    for naam, zender in settings.zender.items():
        if zender.gebruiker and not zender.wachtwoord_hash.startswith("$argon2"):
            mistakes.append(
                f"zender.{naam}.wachtwoord_hash is not an argon2 hash; make one with: stuf-klantcontact config hash"
            )
        if zender.functionele_fouten == "fo01" and not _is_address(zender.endpoint):
            mistakes.append(f'zender.{naam}.endpoint "{zender.endpoint}" is not an http or https address')
        known = {operation.operatie for operation in OPERATIONS.values()}
        for operatie in sorted(set(zender.operaties) - known):
            mistakes.append(f'zender.{naam}.operaties: "{operatie}" is none of {", ".join(sorted(known))}')
    for naam, place in settings.validator.sets.items():
        if not place.exists():
            mistakes.append(f"validator.sets.{naam}: there is no {place}")
    if mistakes:
        raise ConfigurationError("the configuration cannot work:\n" + "\n".join(f"  {m}" for m in mistakes))


def _of_tls(naam: str, abonnee: Abonnee) -> Iterator[str]:
    files = (abonnee.ca, abonnee.certificaat, abonnee.sleutel)
    if any(files) and urlsplit(abonnee.endpoint).scheme != "https":
        yield f"abonnee.{naam}: ca, certificaat and sleutel are for an endpoint that begins with https:"
    try:
        tls.context(
            ca=abonnee.ca,
            certificaat=abonnee.certificaat,
            sleutel=abonnee.sleutel,
            sleutel_wachtwoord=abonnee.sleutel_wachtwoord,
        )
    except ConfigurationError as error:
        yield f"abonnee.{naam}.{error}"


def _of_zds(naam: str, abonnee: Abonnee, *, settings: Settings) -> Iterator[str]:
    asks = abonnee.documentidentificatie == "vragen"
    if asks and not _is_address(abonnee.vrijbericht()):
        yield f'abonnee.{naam}.endpoint_vrijbericht "{abonnee.vrijbericht()}" is not an http or https address'
    gemeentecode = abonnee.gemeentecode or settings.gateway.organisatie
    if not asks and not re.fullmatch(r"[0-9]{4}", gemeentecode):
        yield (
            f"abonnee.{naam}.gemeentecode is empty and gateway.organisatie is none: "
            "the document numbers that we make begin with its four digits"
        )


def build(
    settings: Settings, *, address: str, clock: Clock = system_clock, database_checked: bool = False
) -> Gateway:
    """Put a gateway together. `address` is where it listens; gateway.public_url goes before it in WSDLs.

    With `database_checked`, a database elsewhere need not answer now: a worker that is replaced while it is away
    must not take the others with it.
    """
    check(settings)
    contract = contracts.load(settings.gateway.schemas_dir)
    zaak_schemas = _zaak_schemas(settings)
    database = _open(settings, check_server=not database_checked)
    asking = Asking(settings, database=database, clock=clock) if settings.zaaksysteem.endpoint else None
    teller = Teller(database.own_connection)
    intake = Intake(
        settings,
        database=database,
        contract=contract,
        zaak_schemas=zaak_schemas,
        ask=asking,
        clock=clock,
        judged=teller.tell if settings.delivery.wake else None,
    )
    door = soap.build(
        accept=intake.accept,
        authenticate=Access(settings.zender).authenticate,
        trouble=intake.trouble,
        contract=contract,
        limits=settings.limits,
        ports=PORTS,
        address=settings.gateway.public_url or address,
    )
    pages = web.build(
        contract=contract,
        settings=settings,
        ready=lambda: _ready(database),
        gauges=lambda: _gauges(database),
        ports=PORTS,
    )
    return Gateway(settings, database, contract, intake, soap.dispatch(door, pages), asking, teller)


def deliver(settings: Settings, *, stop: threading.Event) -> None:
    """Send what is due until `stop` is set: the parts of one delivery process."""
    check(settings)
    contract = contracts.load(settings.gateway.schemas_dir)
    database = _open(settings)
    zds = any(abonnee.profiel == "zds0120" for abonnee in settings.abonnee.values())
    zaak_schemas = _zaak_schemas(settings) if zds else None
    delivery = Delivery(settings, database=database, contract=contract, zaak_schemas=zaak_schemas)
    keeper = threading.Thread(
        target=Housekeeper(settings, database=database).run, args=(stop,), name="housekeeping"
    )
    keeper.start()
    try:
        Worker(delivery, database=database, poll=settings.delivery.poll, listen=settings.delivery.wake).run(stop)
    finally:
        stop.set()
        keeper.join()
        delivery.close()
        database.close()


def _open(settings: Settings, *, check_server: bool = True) -> Database:
    """The database, for a process in which somebody waits for it."""
    return open_database(
        settings,
        pool_size=settings.gateway.database_connections,
        seconds=settings.gateway.database_timeout,
        check_server=check_server,
    )


def _zaak_schemas(settings: Settings) -> Schemas | None:
    """The official set for zaak messages, remembered in data_dir: loading one takes seconds, the next time less."""
    path = settings.gateway.zaak_schemas
    return None if path is None else contracts.load_set(path, cache=settings.gateway.data_dir / "cache")


def _is_address(text: str) -> bool:
    where = urlsplit(text)
    return where.scheme in ("http", "https") and bool(where.hostname)


def _ready(database: Database) -> dict[str, bool]:
    """Which of the parts that must work do: the database, when it can write."""
    try:
        with database.connection() as connection:
            row = connection.execute(
                "SELECT current_setting('transaction_read_only') = 'off', EXISTS (SELECT FROM bericht)"
            ).fetchone()
            connection.execute("SELECT pg_current_xact_id()")  # its COMMIT goes to disk, and to the replicas
    except Exception:
        log.warning("the database does not answer")
        return {"database": False}
    return {"database": row is not None and row[0]}


WATCHED = ("bericht", "outbox_event", "outbox_item", "outbox_past", "outbox_stream")
"""The tables that are written most."""


def _gauges(database: Database) -> list[web.Gauge]:
    """What /metrics says of the outbox and its tables."""
    with database.connection() as connection:
        backlogs = outbox.backlogs(connection)
        health = tables_health(connection, WATCHED)
    open_ = [
        ("items", "Messages that wait, are held or are under way.", {b.abonnee: float(b.items) for b in backlogs}),
        ("held", "Streams (zaken) that wait for a person.", {b.abonnee: float(b.held) for b in backlogs}),
        ("oldest_seconds", "Age of the oldest of them.", {b.abonnee: b.oldest for b in backlogs}),
    ]
    tables = [
        ("rows", "Rows, as the server estimates.", {t.name: float(t.live) for t in health}),
        ("dead_rows", "Dead rows, which a vacuum will take away.", {t.name: float(t.dead) for t in health}),
        ("bytes", "Bytes, with indexes.", {t.name: float(t.bytes) for t in health}),
        ("vacuumed_seconds", "Since the last vacuum; -1: never.", {t.name: t.vacuumed for t in health}),
    ]
    found = [web.Gauge(f"klantcontact_open_{name}", meaning, "abonnee", values) for name, meaning, values in open_]
    return found + [web.Gauge(f"klantcontact_table_{n}", meaning, "table", values) for n, meaning, values in tables]
