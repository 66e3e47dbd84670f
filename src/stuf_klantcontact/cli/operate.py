"""Commands for functioneel beheer: messages, deliveries, db."""

import getpass
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import click

from stuf_klantcontact import journal, outbox, rgbz
from stuf_klantcontact.cli.configuration import CONFIG, load
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, migration_status, open_database, told, upgrade
from stuf_klantcontact.tijdstip import AMSTERDAM
from stuf_klantcontact.validation.explanations import explain


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return None


BY = click.option(
    "--by",
    default=_login,
    required=True,
    show_default="who is logged in",
    help="Who asks for it; goes into the history.",
)

ITEMS = click.argument("items", nargs=-1, type=int, required=True)
ANEW = click.option("--anew", is_flag=True, help="Render and number the message again: the cause was ours.")
REASON = click.option("--reason", required=True, help="Why; goes into the history of the item.")


@contextmanager
def opened(config: Path | None, *, check_schema: bool = True) -> Iterator[Database]:
    """The database of a command, closed after it. Raises store.Failed when it goes wrong meanwhile."""
    database = open_database(load(config), pool_size=2, check_schema=check_schema)
    try:
        with told():
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
    with opened(config) as database, database.session() as session:
        rows = []
        for b in journal.recent(session, limit=limit):
            about = (b.richting, b.partner, b.operatie, b.referentienummer)
            rows.append((b.id, moment(b.moment), *about, b.verdict, b.code, b.rules))
    head = ("number", "moment", "in/uit", "partner", "bericht", "referentienummer", "verdict", "code", "rules")
    click.echo(table(rows, head=head))


@messages.command("warnings")
@CONFIG
@click.option("--days", default=30, show_default=True, type=click.IntRange(min=1), help="How far to look back.")
def messages_warnings(config: Path | None, days: int) -> None:
    """How often each zender that is not strikt was forgiven what.

    Example: stuf-klantcontact messages warnings --days 7
    """
    since = datetime.now(UTC) - timedelta(days=days)
    with opened(config) as database, database.session() as session:
        rows = [
            (f.partner, f.rule, f.times, moment(f.last), _meaning(f.rule))
            for f in journal.forgiven(session, since=since)
        ]
    click.echo(table(rows, head=("zender", "rule", "times", "last", "meaning")))


@messages.command("show")
@click.argument("reference")
@CONFIG
@click.option("--raw", is_flag=True, help="Print the message itself too; it may hold personal data.")
def messages_show(reference: str, config: Path | None, raw: bool) -> None:
    """Everything about a message, by its referentienummer or its number in the journal.

    Example: stuf-klantcontact messages show MZ-2026-000123
    """
    with opened(config) as database, database.session() as session:
        found = journal.find(session, reference)
        for bericht in found:
            ours = bericht.richting == "uit" and bericht.referentienummer
            items = outbox.listing(session, referentienummer=bericht.referentienummer) if ours else []
            brought = {
                about: outbox.listing(session, klantcontact=about[0])
                for about in ([] if ours else rgbz.klantcontacten_of(session, bericht.id))
            }
            click.echo("\n".join((*_described(bericht), *_became(items), *_brought(brought))))
            if raw:
                click.echo(_printable(bericht.raw))
                click.echo(_printable(bericht.antwoord or b""))
    if not found:
        click.echo(f"no message {reference}", err=True)
        sys.exit(1)


def _printable(raw: bytes) -> str:
    """For a terminal: of what is no text, as a document in a part of its own, each byte becomes a replacement."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _described(bericht: journal.Bericht) -> Iterator[str]:
    """A message of the journal, a line for each thing to know."""
    came = bericht.richting == "in"
    yield f"number {bericht.id}: {bericht.operatie or 'a message that could not be read'}"
    facts = {
        "moment": moment(bericht.moment),
        "from" if came else "to": bericht.partner,
        "zender": bericht.systeem,
        "referentienummer": bericht.referentienummer,
        "berichtcode": bericht.berichtcode,
        "outcome": bericht.verdict,
        "code": " ".join(part for part in (bericht.code, _meaning(bericht.code)) if part),
    }
    facts |= {f"rule {rule}": _meaning(rule) for rule in bericht.rules.split()}
    facts["size"] = f"{len(bericht.raw)} bytes; answer {len(bericht.antwoord or b'')} bytes"
    yield from (f"  {name + ':':18} {value}" for name, value in facts.items() if value)


def _brought(klantcontacten: Mapping[tuple[str, str], Sequence[outbox.Item]]) -> Iterator[str]:
    """The klantcontacten of a message that came in, each with its zaak and what is sent about it."""
    for (klantcontact, zaak), items in klantcontacten.items():
        yield f"  {'klantcontact:':18} {klantcontact}{zaak and ' zaak '}{zaak}"
        for item in items:
            when = f" {moment(item.delivered_at)}" if item.delivered_at else ""
            yield f"  {'delivery:':18} {item.id} {_receiver(item.stream)} {item.soort} {item.state}{when}"


def _became(items: Sequence[outbox.Item]) -> Iterator[str]:
    """What is known by now of a message of ours: its receiver may have told later that it was processed, or not."""
    for item in items:
        told = " ".join(part for part in (item.code, item.reason) if part)
        yield f"  {'now:':18} {item.state}{told and ': '}{told} (delivery {item.id})"


def _meaning(code: str) -> str:
    """What a rule or code means, in a sentence; "" when it is none of ours."""
    found = explain(code)
    return "" if found is None else found.meaning.en


def moment(moment: datetime) -> str:
    """Dutch time, and how far it is from UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(sep=" ", timespec="seconds")


@click.group()
def deliveries() -> None:
    """The outbox: what is still to be sent, and what is held."""


@deliveries.command("list")
@CONFIG
@click.option(
    "--state",
    type=click.Choice(["open", "all", *get_args(outbox.State)]),
    default="open",
    show_default=True,
    help="open: waiting, sending and held.",
)
@click.option("--abonnee", help="Only this receiver.")
@click.option("--zaak", help="Only this zaak.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
def deliveries_list(config: Path | None, state: str, abonnee: str | None, zaak: str | None, limit: int) -> None:
    """What is in the outbox, oldest first: of what is open the oldest, of what was closed the newest.

    Example: stuf-klantcontact deliveries list --state held
    """
    settings = load(config)
    with opened(config) as database, database.session() as session:
        states: tuple[outbox.State, ...] = (
            ("waiting", "sending", "held") if state == "open" else () if state == "all" else (state,)  # type: ignore[assignment]
        )
        if abonnee is not None:
            was_sent = bool(outbox.listing(session, abonnee=abonnee, limit=1))
            _refuse_unknown(abonnee, settings=settings, was_sent=was_sent)
        newest = state not in ("open", "waiting", "sending", "held")
        items = outbox.listing(
            session, states=states, abonnee=abonnee, sleutel=zaak, limit=limit + 1, newest=newest
        )
        more = len(items) > limit
        items = items[-limit:] if newest else items[:limit]
        zaken = rgbz.zaken_of(session, (i.klantcontact for i in items), rsin=settings.gateway.rsin)
        rows = [
            (
                i.id,
                _receiver(i.stream),
                zaken.get(i.klantcontact, ""),
                i.soort,
                i.klantcontact,
                i.state,
                i.attempts,
                moment(i.enqueued_at),
                (i.next_attempt_at and i.state in ("waiting", "sending") and moment(i.next_attempt_at)) or "",
                i.delivered_at and moment(i.delivered_at),
                i.referentienummer,
                i.code,
                i.reason,
            )
            for i in items
        ]
    head = ("item", "abonnee", "zaak", "soort", "klantcontact", "state", "attempts", "enqueued", "next attempt")
    click.echo(table(rows, head=(*head, "delivered", "referentienummer", "code", "reason")))
    if more:
        click.echo(f"(there are more: these are the {'newest' if newest else 'oldest'} {limit}; see --limit)")
    if not rows and state == "open":
        click.echo("(nothing is open; what was closed is shown with --state all)")


def _refuse_unknown(abonnee: str, *, settings: Settings, was_sent: bool) -> None:
    """Refuse a name that is not in the settings and never was sent anything. Raises click.UsageError."""
    known = {*settings.abonnee, *(outbox.ZENDER + naam for naam in settings.zender), outbox.MAIL}
    if abonnee not in known and not was_sent:
        raise click.UsageError(f"no abonnee {abonnee}; there are: {', '.join(sorted(settings.abonnee)) or 'none'}")


@deliveries.command("show")
@click.argument("item", type=int)
@CONFIG
def deliveries_show(item: int, config: Path | None) -> None:
    """What became of one item: each attempt, and who held, released, retried or skipped it and why.

    Example: stuf-klantcontact deliveries show 17
    """
    with opened(config) as database, database.session() as session:
        found = outbox.history(session, item)
        rows = [(moment(e.at), e.state, e.attempt, e.referentienummer, e.door, e.code, e.reason) for e in found]
    head = ("moment", "state", "attempt", "referentienummer", "by", "code", "reason")
    click.echo(table(rows, head=head) if rows else f"nothing has become of an item {item} yet")


def _receiver(stream: outbox.Stream) -> str:
    """The abonnee; of a mail also to whom, as far as it takes to tell addresses apart."""
    if stream.abonnee != outbox.MAIL:
        return stream.abonnee
    name, at, host = stream.sleutel.rpartition("@")
    return f"{stream.abonnee} {name[:1]}***@{host}" if at else f"{stream.abonnee} {stream.sleutel}"


@deliveries.command("retry")
@ITEMS
@CONFIG
@BY
@ANEW
def deliveries_retry(items: tuple[int, ...], config: Path | None, by: str, anew: bool) -> None:
    """Let held or waiting items go now, in their order. Exit status 1 when one of them cannot.

    Example: stuf-klantcontact deliveries retry 17 --by jdevries
    """
    with opened(config) as database, database.connection() as connection:
        done = outbox.retry(connection, items=items, door=by, anew=anew)
        how = outbox.how(connection, items=items)
    _tell(items, done, how, yes="goes now, or as soon as it is its turn", no="is not held or waiting")


@deliveries.command("release")
@ITEMS
@CONFIG
@BY
@ANEW
def deliveries_release(items: tuple[int, ...], config: Path | None, by: str, anew: bool) -> None:
    """Let held items go, in their order; leave alone what waits. Exit status 1 when one of them cannot.

    Example: stuf-klantcontact deliveries release 17 --by jdevries
    """
    with opened(config) as database, database.connection() as connection:
        done = outbox.release(connection, items=items, door=by, anew=anew)
        how = outbox.how(connection, items=items)
    _tell(items, done, how, yes="goes now, or as soon as it is its turn", no="is not held")


@deliveries.command("hold")
@ITEMS
@CONFIG
@BY
@REASON
def deliveries_hold(items: tuple[int, ...], config: Path | None, by: str, reason: str) -> None:
    """Stop waiting items, and what is behind them, until they are released. Exit status 1 when one cannot.

    Example: stuf-klantcontact deliveries hold 17 --reason "the zaak is being moved" --by jdevries
    """
    with opened(config) as database, database.connection() as connection:
        done = outbox.hold(connection, items=items, door=by, reason=reason)
        how = outbox.how(connection, items=items)
    _tell(items, done, how, yes="held, and with it what is behind it", no="is not waiting")


@deliveries.command("skip")
@ITEMS
@CONFIG
@BY
@REASON
def deliveries_skip(items: tuple[int, ...], config: Path | None, by: str, reason: str) -> None:
    """Never send held or waiting items; what is behind them goes on. Exit status 1 when one of them cannot.

    Example: stuf-klantcontact deliveries skip 17 --reason "entered by hand" --by jdevries
    """
    with opened(config) as database, database.connection() as connection:
        done = outbox.skip(connection, items=items, door=by, reason=reason)
        how = outbox.how(connection, items=items)
    _tell(items, done, how, yes="skipped; what is behind it goes on", no="is not held or waiting")


def _tell(
    items: Sequence[int], done: Sequence[int], how: dict[int, tuple[outbox.State, str]], *, yes: str, no: str
) -> None:
    """Say of every item whether it was done, and exit by whether all were."""
    for item in items:
        state, paused = how.get(item, ("", ""))
        if item in done:
            waits = f"goes when {paused} is resumed (subscribers resume)" if paused and state == "waiting" else yes
            click.echo(f"{item}: {waits}")
        else:
            click.echo(f"{item}: {f'{no}, but {state}' if state else 'there is no such item'}")
    sys.exit(0 if set(items) <= set(done) else 1)


@click.group()
def db() -> None:
    """The schema of the database."""


@db.command("upgrade")
@CONFIG
def db_upgrade(config: Path | None) -> None:
    """Bring the database up to this version. The embedded one does so by itself.

    Example: stuf-klantcontact db upgrade
    """
    with opened(config, check_schema=False) as database:
        upgrade(database)
        click.echo(f"at revision {migration_status(database).current}")


@db.command("status")
@CONFIG
def db_status(config: Path | None) -> None:
    """Which revision the database is at. Exit status 1 when it must be upgraded.

    Example: stuf-klantcontact db status
    """
    with opened(config, check_schema=False) as database:
        status = migration_status(database)
    click.echo(f"at revision {status.current or 'none'}, this version needs {status.head}")
    sys.exit(0 if status.is_current else 1)


COMMANDS = (messages, deliveries, db)
