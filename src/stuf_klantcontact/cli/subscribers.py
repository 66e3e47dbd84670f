"""The command subscribers: whom is told, how each is doing, and what a person does about it."""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, resync, rgbz
from stuf_klantcontact.cli.configuration import CONFIG, load
from stuf_klantcontact.cli.operate import BY, moment, opened, table
from stuf_klantcontact.secrecy import shown
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.tijdstip import AMSTERDAM
from stuf_klantcontact.transfer import Berichtenset


@click.group()
def subscribers() -> None:
    """Whom is told: how each is doing, and letting one be for a while."""


@subscribers.command("list")
@CONFIG
def subscribers_list(config: Path | None) -> None:
    """Every abonnee with its state, and what waits for it.

    Example: stuf-klantcontact subscribers list
    """
    settings, now = load(config), datetime.now(UTC)
    known = _subscribers(settings)
    rest = {naam: a.in_onderhoud(now.astimezone(AMSTERDAM)) for naam, a in settings.abonnee.items()}
    with opened(config) as database:
        with database.connection() as connection:
            standings = {standing.abonnee: standing for standing in outbox.standings(connection)}
        with database.session() as session:
            resyncs = {naam: _resynced(last) for naam, last in outbox.last_resyncs(session).items()}
    nothing = outbox.Standing("", 0, 0, None, None, None, False, "", None, "", "")
    rows = []
    for naam in sorted({*known, *standings}):
        standing = standings.get(naam, nothing)
        rows.append(
            (
                naam,
                *map(shown, known.get(naam, ("", ""))),
                _state(standing, rest=rest.get(naam, ""), now=now)
                if naam in known
                else "not in the settings: waits",
                standing.waiting,
                standing.held,
                *(at and moment(at) for at in (standing.oldest, standing.last_delivered)),
                resyncs.get(naam),
            )
        )
    head = (
        "name",
        "profile",
        "endpoint",
        "state",
        "waiting",
        "held",
        "oldest waiting",
        "last delivered",
        "last resync",
    )
    click.echo(table(rows, head=head))


def _subscribers(settings: Settings) -> dict[str, tuple[str, str]]:
    """Everyone who is told something: name to profile and endpoint."""
    found: dict[str, tuple[str, str]] = {
        a: (abonnee.profiel, abonnee.endpoint) for a, abonnee in settings.abonnee.items()
    }
    for naam, zender in settings.zender.items():
        if zender.functionele_fouten == "fo01":
            found[outbox.ZENDER + naam] = ("fo01", zender.endpoint)
    if settings.mail.server:
        found[outbox.MAIL] = ("mail", f"{settings.mail.server}:{settings.mail.port}")
    return found


def _state(standing: outbox.Standing, *, rest: str, now: datetime) -> str:
    if standing.paused_since is not None:
        since, reason = moment(standing.paused_since), standing.paused_reason
        return f"paused since {since} by {standing.paused_by}: {reason}"
    if standing.left_alone_until is not None:
        if standing.left_alone_until <= now:
            return f"left alone; the next item is a probe: {standing.trouble}"
        if standing.probing:
            return f"left alone; one item is being tried: {standing.trouble}"
        return f"left alone until {moment(standing.left_alone_until)}: {standing.trouble}"
    return f"in maintenance: {rest}" if rest else "open"


def _resynced(resync: outbox.Resync) -> str:
    how = ("into a file" if resync.in_file else "") + ("" if resync.ended_at else " not finished")
    return f"{moment(resync.begun_at)} by {resync.door} {how}".rstrip()


@subscribers.command("pause")
@click.argument("name")
@CONFIG
@BY
@click.option("--reason", required=True, help="Why; others see it in the list.")
def subscribers_pause(name: str, config: Path | None, by: str, reason: str) -> None:
    """Send nothing more to an abonnee, from any machine, until it is resumed; what is for it waits.

    Example: stuf-klantcontact subscribers pause ZAAKMAGAZIJN --reason "new version on Friday" --by jdevries
    """
    _known(name, config=config)
    with opened(config) as database, database.connection() as connection:
        done = outbox.pause(connection, abonnee=name, door=by, reason=reason)
    click.echo(f"{name}: {'paused; what is being sent now is finished' if done else 'was paused already'}")
    sys.exit(0 if done else 1)


@subscribers.command("resume")
@click.argument("name")
@CONFIG
@BY
def subscribers_resume(name: str, config: Path | None, by: str) -> None:
    """Send to a paused abonnee again, what waits first.

    Example: stuf-klantcontact subscribers resume ZAAKMAGAZIJN --by jdevries
    """
    _known(name, config=config)
    with opened(config) as database, database.connection() as connection:
        done = outbox.resume(connection, abonnee=name, door=by)
    click.echo(f"{name}: {'resumed' if done else 'was not paused'}")
    sys.exit(0 if done else 1)


def _known(name: str, *, config: Path | None) -> None:
    known = _subscribers(load(config))
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise click.UsageError(f"no abonnee {name} in the settings; there are: {names}")


@subscribers.command("resync")
@click.argument("name")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="It was put back to how it was at this moment (Dutch time): send what it was sent since, or never.",
)
@click.option("--zaak", default="", help="Only this zaakidentificatie.")
@click.option(
    "--with",
    "soort",
    type=click.Choice(["klcSa01", "klcLk01"]),
    default="klcSa01",
    show_default=True,
    help="The message about a contact; klcLk01 for a receiver that takes no synchronisation.",
)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, a StUF-berichtenSet, instead; the abonnee must be paused until it is loaded.",
)
@click.option("--anew", is_flag=True, help="From the beginning, also when an earlier one was broken off.")
@CONFIG
@BY
def subscribers_resync(
    name: str,
    since: datetime | None,
    zaak: str,
    soort: resync.Soort,
    file: Path | None,
    anew: bool,
    config: Path | None,
    by: str,
) -> None:
    """Bring a new or restored zaakmagazijn to the present state; new contacts come in order behind it.

    It is put in the outbox: what waited about the same contacts is replaced. Broken off, it goes on where it was
    when you give the same command again. Exit status 1 when somebody began another one meanwhile.

    Example: stuf-klantcontact subscribers resync ZAAKMAGAZIJN --since 2026-11-20 --by jdevries
    """
    settings = load(config)
    if name not in settings.abonnee:
        names = ", ".join(sorted(settings.abonnee)) or "none"
        raise click.UsageError(f"no abonnee {name} in the settings; there are: {names}")
    if since is not None:
        since = since.replace(tzinfo=AMSTERDAM)
        if since > datetime.now(UTC):
            raise click.UsageError(f"{moment(since)} is still to come: give --since the moment it was put back to")
    wanted = resync.Wanted(name, soort=soort, since=since, zaak=zaak, in_file=file is not None)
    with opened(config) as database, ExitStack() as stack:
        if zaak:
            _be_zaak(zaak, database, rsin=settings.gateway.rsin)
        written = None
        if file is not None:
            _be_at_rest(name, database)
            contract = contracts.load(settings.gateway.schemas_dir)
            written = Berichtenset(file, abonnee=name, database=database, settings=settings, contract=contract)
            stack.callback(written.discard)
        found = resync.begin(database, wanted, door=by, anew=anew)
        if found.klantcontacten:
            done = f"{found.klantcontacten} klantcontacten were done"
            click.echo(f"going on with the resync that {found.door} began at {moment(found.begun_at)}: {done}")
        with _bar(name) as bar:

            def progress(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            found = resync.run(database, found, settings=settings, into=written, progress=progress)
        if written is not None and not found.given_up:
            click.echo(f"{name}: load {', '.join(map(str, written.files))} there, then resume it")
    where = "to send" if file is None else "into the file"
    click.echo(
        f"{name}: {found.klantcontacten} klantcontacten looked at, {found.messages} messages {where}, "
        f"{found.replaced} that waited are replaced"
    )
    if found.given_up:
        click.echo(f"{name}: it was not finished, for another resync was begun meanwhile", err=True)
        sys.exit(1)


def _be_zaak(identificatie: str, database: Database, *, rsin: str) -> None:
    with database.session() as session:
        if rgbz.known_zaak_id(session, identificatie, rsin=rsin) is None:
            raise click.UsageError(f"no zaak {identificatie} is known here: check the zaakidentificatie")


def _be_at_rest(name: str, database: Database) -> None:
    """Wait until nothing is being sent: it would arrive there after the file, and is older."""

    def tell(rest: outbox.Rest) -> None:
        if rest.until is not None:
            until = moment(rest.until)
            click.echo(f"{name}: {rest.sending} being sent still; waiting until {until} at the latest", err=True)

    if not resync.wait_until_unsent(database, name, tell=tell):
        raise click.UsageError(
            f"pause {name} first: what comes in meanwhile must wait until the file is loaded there"
        )


def _bar(label: str) -> "ProgressBar[int]":
    """A bar on standard error; click shows none when that is no terminal."""
    return click.progressbar(length=1, label=label, file=sys.stderr)


COMMANDS = (subscribers,)
