"""Commands that show what would become of a message: preview."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from lxml import etree

from stuf_klantcontact import report, validation
from stuf_klantcontact.cli.validate import LANGUAGE
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.parsing.refusals import Unreadable
from stuf_klantcontact.report.model import shown
from stuf_klantcontact.tijdstip import system_clock
from stuf_klantcontact.validation import gateway
from stuf_klantcontact.validation.document import open_document

WIDTH = 58


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--profile", default="zkn0320", show_default=True, metavar="zkn0320|zds0120|zgw",
              help="What the receiver speaks.")  # fmt: skip
@click.option("--zaakomschrijving", default="", help="What the gateway would know of the zaak; else a stand-in.")
@click.option("--rsin", default="", help="RSIN of the organisation; else a stand-in.")
@click.option("--organisatie", default="", help="organisatie in the stuurgegevens; else a stand-in.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@LANGUAGE
def preview(
    file: Path, profile: str, zaakomschrijving: str, rsin: str, organisatie: str, form: str, lang: report.Language
) -> None:
    """Show the RGBZ record and what a receiver would get, beside the elements they came from; a dry run.

    FILE may be - for standard input. Nothing is stored or sent and no database is needed: what only a gateway knows
    comes from the options or is a stand-in, marked with *. First comes what is sent, or why nothing is. Exit status
    1 when the message is not valid, 2 when the profile cannot be made yet.

    Example: stuf-klantcontact preview contact.xml --profile zkn0320 --zaakomschrijving "Vergunning dakkapel"
    """
    # The model takes a third of a second to load.
    from stuf_klantcontact.validation.preview import PROFILES, Facts
    from stuf_klantcontact.validation.preview import preview as map_message

    if profile not in PROFILES:
        raise click.UsageError(f"no such profile: {profile}; there are {', '.join(PROFILES)}")
    if PROFILES[profile] is None:
        there = ", ".join(name for name, made in PROFILES.items() if made is not None)
        not_yet = "nog niet mogelijk; wel" if lang == "nl" else "not yet; there is"
        click.echo(f"{profile}: {not_yet}: {there}", err=True)
        sys.exit(2)
    data = sys.stdin.buffer.read(STANDARD.message_bytes + 1) if str(file) == "-" else file.read_bytes()
    found = validation.check(data, against=validation.schemas(), file=str(file))
    message = _message(data)
    if not found.valid or message is None:
        click.echo(report.as_text(found, language=lang))
        if found.valid:
            wanted = ", ".join(sorted(tag.rpartition("}")[2] for tag in gateway.ROOTS))
            click.echo(f"{file}: {'geen' if lang == 'nl' else 'not one of'} {wanted}")
        sys.exit(1)
    facts = Facts(rsin=rsin, organisatie=organisatie, zaakomschrijving=zaakomschrijving)
    made = map_message(message, facts=facts, profile=profile, now=system_clock())
    if form == "json":
        click.echo(json.dumps(_as_dict(made, profile), ensure_ascii=False, indent=2))
    else:
        click.echo(_as_text(made, profile, lang))


def _message(data: bytes) -> etree._Element | None:
    try:
        opened = open_document(data, limits=STANDARD)
    except Unreadable:
        return None
    return next((message for message in opened.messages if message.tag in gateway.ROOTS), None)


def _as_dict(made: Any, profile: str) -> dict[str, Any]:
    return {
        "profile": profile,
        "groep": made.groep,
        "exchanged": made.exchanged,
        "why": asdict(made.why),
        "assumed": None if made.assumed is None else asdict(made.assumed),
        "record": [asdict(row) for row in made.rows],
        "messages": [
            {"name": name, "xml": etree.tostring(element, encoding="unicode", pretty_print=True)}
            for name, element in made.messages
        ],
        "elsewhere": [asdict(text) for text in made.elsewhere],
    }


def _as_text(made: Any, profile: str, language: report.Language) -> str:
    nl = language == "nl"
    lines = [
        f"{'groep' if nl else 'group'} {made.groep}: {made.why.nl if nl else made.why.en}",
        *([] if made.assumed is None else ["", made.assumed.nl if nl else made.assumed.en]),
        "",
        f"{'bron in het bericht' if nl else 'source in the message':34} {'RGBZ KLANTCONTACT':36} "
        f"{'waarde' if nl else 'value'}",
        f"{'-' * 34} {'-' * 36} {'-' * WIDTH}",
    ]
    for row in made.rows:
        source = f"{row.source}" + (f" ({'regel' if nl else 'line'} {row.line})" if row.line else "")
        value = shown(row.value)
        value = value if len(value) <= WIDTH else value[: WIDTH - 1] + "…"
        lines.append(f"{source:34} {row.attribute + ('*' if row.stand_in else ''):36} {value}")
    if any(row.stand_in for row in made.rows):
        lines += [
            "",
            "* " + ("voorbeeldwaarde: alleen de gateway weet dit" if nl else "stand-in: only the gateway knows"),
        ]
    if made.elsewhere:
        lines += ["", "elders meegenomen:" if nl else "carried elsewhere:"]
        lines += [f"- {shown(text.nl if nl else text.en)}" for text in made.elsewhere]
    for position, (name, element) in enumerate(made.messages, start=1):
        lines += ["", f"{profile} {position}: {name}", ""]
        lines.append(etree.tostring(element, encoding="unicode", pretty_print=True).rstrip())
    return "\n".join(lines)


COMMANDS = (preview,)
