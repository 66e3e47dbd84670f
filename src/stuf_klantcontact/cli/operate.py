"""Commands for functioneel beheer: messages, deliveries, db."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from stuf_klantcontact import journal, outbox
from stuf_klantcontact.cli.check import CONFIG, load
from stuf_klantcontact.store import Database, migration_status, open_database, upgrade


@contextmanager
def _database(config: Path | None, *, check_schema: bool = True) -> Iterator[Database]:
    database = open_database(load(config), pool_size=2, check_schema=check_schema)
    try:
        yield database
    finally:
        database.close()


def table(rows: Sequence[Sequence[object]], *, head: Sequence[str]) -> str:
    """Rows in columns, for a terminal."""
    cells = [list(head), *([("" if c is None else str(c)) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(lines)


@click.group()
def messages() -> None:
    """The journal: every message in and out."""


@messages.command("list")
@CONFIG
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
def messages_list(config: Path | None, limit: int) -> None:
    """The newest messages.

    Example: stuf-klantcontact messages list --limit 20
    """
    with _database(config) as database, database.session() as session:
        rows = []
        for b in journal.recent(session, limit=limit):
            moment = f"{b.moment:%Y-%m-%d %H:%M:%S}"
            about = (b.richting, b.partner, b.operatie, b.referentienummer)
            rows.append((b.id, moment, *about, b.verdict, b.code, b.rules))
    head = ("number", "moment", "in/uit", "partner", "bericht", "referentienummer", "verdict", "code", "rules")
    click.echo(table(rows, head=head))


@messages.command("show")
@click.argument("reference")
@CONFIG
@click.option("--raw", is_flag=True, help="Print the message itself too; it may hold personal data.")
def messages_show(reference: str, config: Path | None, raw: bool) -> None:
    """Everything about a message, by its referentienummer or its number in the journal.

    Example: stuf-klantcontact messages show MZ-2026-000123
    """
    with _database(config) as database, database.session() as session:
        found = journal.find(session, reference)
        for bericht in found:
            click.echo(f"{bericht.id}  {bericht.moment:%Y-%m-%d %H:%M:%S}  {bericht.richting}  {bericht.partner}")
            click.echo(f"  {bericht.operatie} {bericht.referentienummer}: {bericht.verdict} {bericht.code}")
            if bericht.rules:
                click.echo(f"  rules: {bericht.rules}")
            click.echo(
                f"  {len(bericht.raw)} bytes" + (f", answer {len(bericht.antwoord)}" if bericht.antwoord else "")
            )
            if raw:
                click.echo(bericht.raw.decode("utf-8", "replace"))
                click.echo((bericht.antwoord or b"").decode("utf-8", "replace"))
    if not found:
        click.echo(f"no message {reference}", err=True)
        sys.exit(1)


@click.group()
def deliveries() -> None:
    """The outbox: what is still to be sent, and what is held."""


@deliveries.command("list")
@CONFIG
@click.option("--state", type=click.Choice(["open", "waiting", "sending", "held", "delivered"]), default="open",
              show_default=True)  # fmt: skip
@click.option("--abonnee", help="Only this receiver.")
@click.option("--zaak", help="Only this zaak.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
def deliveries_list(config: Path | None, state: str, abonnee: str | None, zaak: str | None, limit: int) -> None:
    """What is in the outbox.

    Example: stuf-klantcontact deliveries list --state held
    """
    with _database(config) as database, database.session() as session:
        states: tuple[outbox.State, ...] = (
            ("waiting", "sending", "held") if state == "open" else (state,)  # type: ignore[assignment]
        )
        items = outbox.listing(session, states=states, abonnee=abonnee, sleutel=zaak, limit=limit)
        rows = [
            (
                i.id,
                i.stream.abonnee,
                i.stream.sleutel,
                i.soort,
                i.klantcontact,
                i.state,
                i.attempts,
                i.code,
                i.reason,
            )
            for i in items
        ]
    head = ("item", "abonnee", "zaak", "soort", "klantcontact", "state", "attempts", "code", "reason")
    click.echo(table(rows, head=head))


@deliveries.command("retry")
@click.argument("items", nargs=-1, type=int, required=True)
@CONFIG
@click.option("--by", required=True, help="Who asks for it; goes into the history of the item.")
@click.option("--anew", is_flag=True, help="Render and number the message again: the cause was ours.")
def deliveries_retry(items: tuple[int, ...], config: Path | None, by: str, anew: bool) -> None:
    """Let held or waiting items go now, in their order. Exit status 1 when one of them cannot.

    Example: stuf-klantcontact deliveries retry 17 --by jdevries
    """
    with _database(config) as database, database.connection() as connection:
        done = outbox.retry(connection, items=items, door=by, anew=anew)
    for item in items:
        click.echo(
            f"{item}: {'goes now, or as soon as it is its turn' if item in done else 'is not held or waiting'}"
        )
    sys.exit(0 if len(done) == len(items) else 1)


@click.group()
def db() -> None:
    """The schema of the database."""


@db.command("upgrade")
@CONFIG
def db_upgrade(config: Path | None) -> None:
    """Bring the database up to this version. The embedded one does so by itself.

    Example: stuf-klantcontact db upgrade
    """
    with _database(config, check_schema=False) as database:
        upgrade(database)
        click.echo(f"at revision {migration_status(database).current}")


@db.command("status")
@CONFIG
def db_status(config: Path | None) -> None:
    """Which revision the database is at. Exit status 1 when it must be upgraded.

    Example: stuf-klantcontact db status
    """
    with _database(config, check_schema=False) as database:
        status = migration_status(database)
    click.echo(f"at revision {status.current or 'none'}, this version needs {status.head}")
    sys.exit(0 if status.is_current else 1)


COMMANDS = (messages, deliveries, db)
