"""One process that answers: build(settings) -> Gateway."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, soap, web
from stuf_klantcontact.access import Access
from stuf_klantcontact.app import parts
from stuf_klantcontact.app.checking import check
from stuf_klantcontact.asking import Asking
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.intake import PORTS, Intake
from stuf_klantcontact.outbox import Teller
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, Trouble, reason, tables_health
from stuf_klantcontact.tijdstip import Clock, system_clock

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


def build(
    settings: Settings, *, address: str, clock: Clock = system_clock, database_checked: bool = False
) -> Gateway:
    """Put a gateway together. `address` is where it listens; gateway.public_url goes before it in WSDLs.

    With `database_checked`, a database elsewhere need not answer now: a worker that is replaced while it is away
    must not take the others with it.
    """
    check(settings)
    contract = contracts.load(settings.gateway.schemas_dir)
    zaak_schemas = parts.zaak_schemas(settings)
    database = parts.database(settings, check_server=not database_checked)
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
        ready=partial(_ready, database, trouble=Trouble(log, over="ready again")),
        gauges=lambda: _gauges(database),
        ports=PORTS,
    )
    log.info("ready to answer address=%s %s", address, parts.described(settings, database))
    return Gateway(settings, database, contract, intake, soap.dispatch(door, pages), asking, teller)


def _ready(database: Database, *, trouble: Trouble) -> dict[str, bool]:
    """Which of the parts that must work do: the database, when it can write."""
    try:
        with database.connection() as connection:
            row = connection.execute(
                "SELECT current_setting('transaction_read_only') = 'off', EXISTS (SELECT FROM bericht)"
            ).fetchone()
            connection.execute("SELECT pg_current_xact_id()")  # its COMMIT goes to disk, and to the replicas
    except Exception as error:
        trouble.begins(f"not ready: {reason(error)}")
        return {"database": False}
    trouble.ends()
    return {"database": row is not None and row[0]}


WATCHED = ("bericht", "outbox_event", "outbox_item", "outbox_past", "outbox_stream")
"""The tables that are written most."""


def _gauges(database: Database) -> list[web.Gauge]:
    """What /metrics says of the outbox and its tables."""
    with database.connection() as connection:
        backlogs, shut = outbox.backlogs(connection), outbox.shut(connection)
        health = tables_health(connection, WATCHED)
    open_ = [
        (
            "items",
            "Messages from the first open one of each stream on, also those skipped behind it.",
            {b.abonnee: float(b.items) for b in backlogs},
        ),
        ("held", "Streams (zaken) that wait for a person.", {b.abonnee: float(b.held) for b in backlogs}),
        ("oldest_seconds", "Age of the oldest of them.", {b.abonnee: b.oldest for b in backlogs}),
    ]
    receivers = [
        ("paused", "1: a person lets it be.", {s.abonnee: float(s.paused) for s in shut}),
        (
            "left_alone",
            "1: it was in trouble, and only one item at a time is tried.",
            {s.abonnee: float(s.left_alone) for s in shut},
        ),
    ]
    tables = [
        ("rows", "Rows, as the server estimates.", {t.name: float(t.live) for t in health}),
        ("dead_rows", "Dead rows, which a vacuum will take away.", {t.name: float(t.dead) for t in health}),
        ("bytes", "Bytes, with indexes.", {t.name: float(t.bytes) for t in health}),
        ("vacuumed_seconds", "Since the last vacuum; -1: never.", {t.name: t.vacuumed for t in health}),
    ]
    found = [web.Gauge(f"klantcontact_open_{name}", meaning, "abonnee", values) for name, meaning, values in open_]
    found += [web.Gauge(f"klantcontact_{name}", meaning, "abonnee", values) for name, meaning, values in receivers]
    return found + [web.Gauge(f"klantcontact_table_{n}", meaning, "table", values) for n, meaning, values in tables]
