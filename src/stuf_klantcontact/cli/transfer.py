"""The commands export and import: the dossier to a StUF-berichtenSet, and back."""

import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import transfer
from stuf_klantcontact.cli.configuration import CONFIG, load
from stuf_klantcontact.errors import Refusal
from stuf_klantcontact.parsing import Unreadable
from stuf_klantcontact.report import Report, as_text
from stuf_klantcontact.store import open_database
from stuf_klantcontact.tijdstip import AMSTERDAM
from stuf_klantcontact.validation import parts


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="contacts from this day on")
@click.option("--zaak", help="contacts of this zaakidentificatie alone")
@CONFIG
def export(file: Path, since: datetime | None, zaak: str | None, config: Path | None) -> None:
    """Write the dossier to FILE, a StUF-berichtenSet; more than 2.75 GB becomes FILE_1, FILE_2 and so on.

    Example: stuf-klantcontact export klantcontacten.xml --since 2026-01-01
    """
    settings = load(config)
    database = open_database(settings, pool_size=2)
    try:
        with _bar("export") as bar:

            def progress(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            done = transfer.take_out(
                database,
                file,
                settings=settings,
                contract=contracts.load(settings.gateway.schemas_dir),
                since=since.replace(tzinfo=AMSTERDAM) if since else None,
                zaak=zaak,
                progress=progress,
            )
    finally:
        database.close()
    beside = (
        f", {count} {what}"
        for count, what in (
            (done.ingetrokken, "numbers of withdrawn ones"),
            (done.losse_documenten, "documents of no klantcontact"),
        )
        if count
    )
    click.echo(f"{done.klantcontacten} klantcontacten{''.join(beside)}: {', '.join(map(str, done.files))}")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@CONFIG
def import_(files: tuple[Path, ...], config: Path | None) -> None:
    """Add what an export wrote; all of it, or nothing when one message is wrong. Nobody is notified.

    What is here already stays as it is; the numbers of those that differ are listed. The parts of a split export
    go in their own order.

    Example: stuf-klantcontact import klantcontacten.xml
    """
    settings = load(config)
    names = [str(file) for file in files]
    ordered = parts.in_order(names, split=parts.families(names))
    database = open_database(settings, pool_size=2)
    try:
        with ExitStack() as stack:
            streams = [stack.enter_context(Path(name).open("rb")) for name in ordered]
            bar = stack.enter_context(_bar("import", length=sum(Path(name).stat().st_size for name in ordered)))
            done = transfer.take_in(
                database,
                list(streams),
                settings=settings,
                contract=contracts.load(settings.gateway.schemas_dir),
                progress=bar.update,
            )
    except (Refusal, Unreadable) as refused:
        click.echo(
            as_text(Report(file=", ".join(ordered), schema=contracts.OWN, violations=refused.violations)), err=True
        )
        click.echo("nothing was imported", err=True)
        sys.exit(1)
    finally:
        database.close()
    for number in done.afwijkend:
        click.echo(f"{number} is here already and says something else: it stays as it is here", err=True)
    withdrawn = f", and {done.ingetrokken} numbers of withdrawn ones" if done.ingetrokken else ""
    differ = f", {len(done.afwijkend)} of what was here differ" if done.afwijkend else ""
    click.echo(
        f"{done.klantcontacten} klantcontacten and {done.documenten} documents were added{withdrawn}; "
        f"{done.bekend} were here{differ}"
    )


def _bar(label: str, *, length: int = 0) -> "ProgressBar[int]":
    """A bar on standard error; click shows none when that is no terminal."""
    return click.progressbar(length=length or 1, label=label, file=sys.stderr)


COMMANDS = (export, import_)
