"""The command purge: what would go, and let it go."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from stuf_klantcontact import housekeeping
from stuf_klantcontact.cli.configuration import CONFIG, load
from stuf_klantcontact.cli.operate import opened
from stuf_klantcontact.housekeeping import Done


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@CONFIG
def purge(dry_run: bool, config: Path | None) -> None:
    """Let go of what is kept no longer: now, instead of when a delivery process finds the time.

    What was delivered is put aside without its message (delivery.aside_hours); messages, attempts and mail
    addresses go after privacy.bewaartermijn_dagen. Klantcontacten and their documents never go.

    Example: stuf-klantcontact purge --dry-run
    """
    settings = load(config)
    shows = sys.stderr.isatty()

    def progress(done: Done) -> None:
        if shows:
            click.echo(f"\r{_said(done)}\033[K", nl=False, err=True)

    with opened(config) as database:
        found = housekeeping.sweep(
            database, settings=settings, now=datetime.now(UTC), dry=dry_run, progress=progress
        )
    if shows:
        click.echo("\r\033[K", nl=False, err=True)
    for done in found:
        click.echo(_said(done) + (" (nothing was done)" if dry_run else ""))
    if not settings.privacy.bewaartermijn_dagen:
        click.echo("the journal is kept for ever: privacy.bewaartermijn_dagen is 0")


def _said(done: Done) -> str:
    return f"{done.task}: {done.rows} rows, {done.bytes / 1_000_000:.1f} MB of messages"


COMMANDS = (purge,)
"""What this module adds to the command line."""
