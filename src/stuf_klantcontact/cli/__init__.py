"""Commands; prints, exits.

Exit status: 0 done, 1 the answer is no, 2 usage or environment. Every command has an example in its --help.
"""

import sys

import click

from stuf_klantcontact.cli import check, operate, run, schemas
from stuf_klantcontact.errors import GatewayError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="stuf-klantcontact")
def cli() -> None:
    """SOAP/StUF gateway that puts every klantcontact into the zaakdossier it belongs to."""


for command in (*check.COMMANDS, *operate.COMMANDS, *run.COMMANDS, *schemas.COMMANDS):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """The entry point. What is wrong with the environment is said in one line, without a stack trace."""
    try:
        cli.main(args=arguments, prog_name="stuf-klantcontact", standalone_mode=True)
    except GatewayError as error:
        click.echo(f"stuf-klantcontact: {error}", err=True)
        sys.exit(2)
