"""Commands that explain rules and codes: explain."""

import json
import sys
from dataclasses import asdict

import click

from stuf_klantcontact.cli.validate import LANGUAGE
from stuf_klantcontact.report import Language
from stuf_klantcontact.validation.explanations import Explanation, codes, subject
from stuf_klantcontact.validation.explanations import explain as find


@click.command()
@click.argument("code", required=False)
@LANGUAGE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(code: str | None, lang: Language, form: str) -> None:
    """Say what a rule or error code means, what causes it, and how to cure it; without CODE, list them.

    Exit status 1 when there is no such code.

    Example: stuf-klantcontact explain StUF-OBJECTEN
    """
    if code is None:
        for known in codes():
            found = find(known)
            if found is not None:
                click.echo(f"{known:24}{found.meaning.nl if lang == 'nl' else found.meaning.en}")
        return
    found = find(code)
    if found is None:
        from difflib import get_close_matches

        close = ", ".join(get_close_matches(code.upper(), [known.upper() for known in codes()], n=3))
        click.echo(f"{code}: no such rule or code" + (f"; do you mean {close}?" if close else ""), err=True)
        sys.exit(1)
    if form == "json":
        click.echo(json.dumps({**asdict(found), "layer": subject(found.code)}, ensure_ascii=False, indent=2))
    else:
        click.echo(_text(found, lang))


def _text(found: Explanation, language: Language) -> str:
    nl = language == "nl"
    lines = [f"{found.code}: {found.meaning.nl if nl else found.meaning.en}", ""]
    for name, said in (
        ("laag" if nl else "layer", subject(found.code)),
        ("oorzaak" if nl else "cause", found.cause.nl if nl else found.cause.en),
        ("oplossing" if nl else "cure", found.cure.nl if nl else found.cure.en),
        ("fout" if nl else "wrong", found.wrong),
        ("goed" if nl else "right", found.right),
        ("bron" if nl else "source", found.section),
    ):
        if said:
            lines.append(f"  {name + ':':11}" + said.replace("\n", "\n" + " " * 13))
    return "\n".join(lines)


COMMANDS = (explain,)
