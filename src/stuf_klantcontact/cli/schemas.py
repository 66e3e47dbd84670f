"""Commands about schema sets: what our own and the official ones contain, and what is wrong with a set."""

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from stuf_klantcontact import contract
from stuf_klantcontact.errors import ConfigurationError, Violation
from stuf_klantcontact.names import prefixed
from stuf_klantcontact.report import Language

_SET = click.Path(path_type=Path)
_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
_LANGUAGE = click.option("--lang", type=click.Choice(["nl", "en"]), default="nl", show_default=True)


@click.group()
def schemas() -> None:
    """Show and check schema sets: our own, and any release of VNG as downloaded (a folder or a ZIP)."""


@schemas.command("list")
@click.argument("sets", nargs=-1, type=_SET, metavar="[DIR|ZIP…]")
@_FORMAT
def schemas_list(sets: tuple[Path, ...], form: str) -> None:
    """List what our own set and the named ones contain: files with their versions, namespaces, messages.

    What a set is called here, or its DIR or ZIP, is what `validate --schema` takes. Exit status 2 when one of them
    is no set.

    Example: stuf-klantcontact schemas list downloads/zds0120.zip
    """
    held: list[contract.Schemas] = [contract.load()]
    failed = False
    for path in sets:
        try:
            held.append(contract.load_set(path))
        except ConfigurationError as error:
            failed = True
            click.echo(f"stuf-klantcontact: {_short(str(error))}\n{_what_to_name(path)}", err=True)
    if form == "json":
        click.echo(json.dumps([_described(one) for one in held], ensure_ascii=False, indent=2))
    else:
        _list(held)
        if not sets:
            click.echo("An official set: stuf-klantcontact schemas list DIR|ZIP, a release of VNG as downloaded.")
    if failed:
        sys.exit(2)


def _list(held: list[contract.Schemas]) -> None:
    for one in held:
        description = one.description
        click.echo(f"{one.name}: {len(description.files)} files, {len(description.messages)} messages")
        for namespace in description.namespaces:
            messages = [name for name in description.messages if name.startswith(f"{{{namespace}}}")]
            click.echo(f"  {namespace or '(no namespace)'}")
            for file in description.files:
                if file.namespace == namespace:
                    click.echo(f"    {file.path}" + (f"  ({file.version})" if file.version else ""))
            if messages:
                shown = ", ".join(prefixed(name) for name in messages[:12])
                more = f", and {len(messages) - 12} more" if len(messages) > 12 else ""
                click.echo(f"    messages: {shown}{more}")
        if not description.messages:
            click.echo(f"  no messages: it cannot validate anything. {_RELEASE}")


_RELEASE = (
    "Name the folder or ZIP file of a whole release as VNG Realisatie publishes it: the schemas with messages "
    "(…_msg_….xsd) are in it."
)


def _what_to_name(path: Path) -> str:
    """What to name instead of a place that is no set: mostly it is one folder too high."""
    inside: list[Path] = []
    with suppress(OSError):
        inside = sorted(
            place
            for place in path.iterdir()
            if place.suffix.lower() == ".zip" or (place.is_dir() and next(place.rglob("*.xsd"), None) is not None)
        )
    if not inside:
        return _RELEASE
    names = ", ".join(str(place) for place in inside[:6])
    return f"A set is one release. Name one of those that are in it: {names}."


def _short(reason: str) -> str:
    return reason if len(reason) <= 300 else f"{reason[:300]}…\n`schemas check` says everything."


@schemas.command("check")
@click.argument("path", type=_SET, metavar="DIR|ZIP")
@_FORMAT
@_LANGUAGE
def schemas_check(path: Path, form: str, lang: Language) -> None:
    """Say what is wrong with a set: what is missing, contradictory, refused or left out.

    Exit status 1 when a part of it cannot be used; what is only odd is a warning.

    Example: stuf-klantcontact schemas check downloads/zds0120
    """
    if not path.exists():
        raise click.UsageError(f"{path}: there is no such folder or ZIP file")
    try:
        held = contract.load_set(path)
    except ConfigurationError as error:
        if form == "json":
            click.echo(json.dumps({"set": str(path), "usable": False, "reason": str(error)}, indent=2))
        else:
            click.echo(f"stuf-klantcontact: {error}", err=True)
        sys.exit(1)
    usable = not any(problem.severity == "error" for problem in held.problems)
    if form == "json":
        click.echo(json.dumps({**_described(held), "usable": usable}, ensure_ascii=False, indent=2))
    else:
        for problem in held.problems:
            click.echo(_line(problem, lang))
        files, messages = len(held.description.files), len(held.description.messages)
        click.echo(f"{held.name}: {files} files, {messages} messages, {len(held.problems)} remarks")
    sys.exit(0 if usable else 1)


def _line(problem: Violation, language: Language) -> str:
    place = ":".join(str(part) for part in (problem.path, problem.line) if part)
    said = problem.message.nl if language == "nl" else problem.message.en
    hint = "" if problem.hint is None else problem.hint.nl if language == "nl" else problem.hint.en
    return " ".join(
        part for part in (f"{place}:" if place else "", problem.severity, problem.rule, said, hint) if part
    )


def _described(held: contract.Schemas) -> dict[str, Any]:
    return {
        "set": held.name,
        **asdict(held.description),
        "problems": [asdict(problem) for problem in held.problems],
    }


COMMANDS = (schemas,)
