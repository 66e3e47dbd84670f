"""Commands that look at messages and settings, without a database: send, config."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from lxml import etree

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import fouten, parsing, report, settings
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.app import checking
from stuf_klantcontact.cli.configuration import CONFIG, load
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.report import Report
from stuf_klantcontact.secrecy import MASK, is_secret, shown
from stuf_klantcontact.store import check_database


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--url", required=True, help="Address of the port, for example …/soap/VerwerkSynchroonVrijBericht.")
@click.option("--user", default="", help="User name for HTTP Basic.")
@click.option("--password", default="", envvar="STUF_KLANTCONTACT_PASSWORD", help="Its password.")
def send(file: Path, url: str, user: str, password: str) -> None:
    """Post a ready message as a zaaksysteem would, and print the answer or the fault. Exit status 1 on a fault.

    The message goes through zeep's transport: as it is when the file has a SOAP envelope, else in one that leaves
    every line where it is, so that the lines that a fault names are those of FILE.

    Example: stuf-klantcontact send contact.xml --url http://127.0.0.1:8080/soap/VerwerkSynchroonVrijBericht
    """
    from stuf_klantcontact.cli.zaaksysteem import Zaaksysteem, enveloped  # zeep takes half a second to import

    data = file.read_bytes()
    try:
        message = parsing.read(data, limits=settings.Limits(), bare=True)
    except parsing.Unreadable as unreadable:
        click.echo(report.as_text(Report(str(file), "XML", unreadable.violations)))
        sys.exit(1)
    if message.body.getparent() is None:
        data = enveloped(data)
    outcome = Zaaksysteem(url, user=user, password=password).send(message.body, data=data)
    click.echo(f"HTTP {outcome.status} {outcome.name}")
    if outcome.code:
        known = fouten.Fout.__members__.get(outcome.code)
        click.echo(f"{outcome.code}: {known.situation.nl} / {known.situation.en}" if known else outcome.code)
        for rule, sentence in outcome.findings:
            click.echo(f"  {rule}: {sentence}")
    elif outcome.body is not None:
        click.echo(etree.tostring(outcome.body, pretty_print=True, encoding="unicode"))
    else:
        click.echo(outcome.content.decode("utf-8", "replace"))
    sys.exit(0 if outcome.status == 200 and not outcome.code else 1)


@click.group()
def config() -> None:
    """Check and show the settings, and make the hash of a password."""


@config.command("check")
@CONFIG
def config_check(config: Path | None) -> None:
    """Say whether the gateway can start with these settings. Exit status 2 when it cannot.

    A database elsewhere is asked: it must answer, be safe, and be migrated. The embedded one is not started.
    Official sets are loaded, which takes seconds the first time.

    Example: stuf-klantcontact config check --config gateway.toml
    """
    found = load(config)
    checking.check(found)
    contracts.load(found.gateway.schemas_dir)
    _check_sets(found)
    check_database(found)
    if not any(zender.gebruiker for zender in found.zender.values()):
        click.echo("No [zender] can send yet: give one a gebruiker and a wachtwoord_hash.")
    if not any(zaaktype.klantcontacten for zaaktype in found.zaaktype.values()):
        click.echo("No [zaaktype] allows klantcontacten yet (KC-08).")
    click.echo("The configuration is sound.")


def _check_sets(found: settings.Settings) -> None:
    """Load every official set, and say of which a part does not work. ConfigurationError: nothing of it does."""
    places = {f"validator.sets.{naam}": place for naam, place in found.validator.sets.items()}
    if found.gateway.zaak_schemas is not None:
        places["gateway.zaak_schemas"] = found.gateway.zaak_schemas
    for name, place in places.items():
        try:
            held = contracts.load_set(place)
        except ConfigurationError as error:
            raise ConfigurationError(f"{name}: {error}") from error
        if held.problems:
            click.echo(f"{name}: {len(held.problems)} problems; see: stuf-klantcontact schemas check {place}")


@config.command("show")
@CONFIG
def config_show(config: Path | None) -> None:
    """Print every setting as it is in force, without secrets.

    Example: stuf-klantcontact config show
    """
    click.echo(json.dumps(_hidden(load(config).model_dump(mode="json")), ensure_ascii=False, indent=2))


@config.command("hash")
@click.option(
    "--password",
    envvar="STUF_KLANTCONTACT_PASSWORD",
    help="The password. Better left out: others can see a command line, and your shell may keep it.",
)
def config_hash(password: str | None) -> None:
    """Print the argon2 hash of a password, for wachtwoord_hash.

    The password is asked twice on a terminal, and is one line of what comes through a pipe.

    Example: stuf-klantcontact config hash > secrets/mijnzaken.hash
    """
    if password is None and sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    elif password is None:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError("an empty password is none")
    click.echo(hash_password(password))


def _hidden(value: Any, *, name: str = "") -> Any:
    if is_secret(name) and value:
        return MASK
    if isinstance(value, dict):
        return {key: _hidden(item, name=key) for key, item in value.items()}
    is_address = isinstance(value, str) and ("://" in value or "url" in name or "endpoint" in name)
    return shown(value) if is_address else value


COMMANDS = (send, config)
