"""Commands; prints, exits.

Exit status: 0 done, 1 the answer is no, 2 usage or environment, 130 interrupted. Every command has an example in
its --help. A command is imported when it is asked for: `validate` need not wait for what `serve` needs.
"""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Final

import click

from stuf_klantcontact.errors import GatewayError

INTERRUPTED: Final = 130
MODULES: Final[Mapping[str, str]] = {
    "config": "check",
    "db": "operate",
    "deliver": "run",
    "deliveries": "operate",
    "demo": "run",
    "explain": "explain",
    "export": "transfer",
    "import": "transfer",
    "messages": "operate",
    "preview": "preview",
    "purge": "purge",
    "schemas": "schemas",
    "send": "check",
    "serve": "run",
    "subscribers": "subscribers",
    "validate": "validate",
}
"""Each command, and the module whose COMMANDS has it."""


@contextmanager
def importing() -> Iterator[None]:
    """Let no garbage be looked for meanwhile: what is imported stays, and the search is a tenth of the start-up."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class _Lazy(click.Group):
    """A group whose commands are imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        with importing():
            module = import_module(f"{__name__}.{MODULES[cmd_name]}")
        found: click.Command = next(command for command in module.COMMANDS if command.name == cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("stuf-klantcontact: interrupted", err=True)
            sys.exit(INTERRUPTED)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="stuf-klantcontact")
def cli() -> None:
    """SOAP/StUF gateway that puts every klantcontact into the zaakdossier it belongs to."""


def main(arguments: list[str] | None = None) -> None:
    """The entry point. What is wrong with the environment is said in one line, without a stack trace."""
    try:
        cli.main(args=arguments, prog_name="stuf-klantcontact", standalone_mode=True)
    except GatewayError as error:
        click.echo(f"stuf-klantcontact: {error}", err=True)
        sys.exit(2)
    except OSError as error:  # a file that cannot be read, say
        if error.strerror is None:
            raise
        name = f"{error.filename}: " if error.filename else ""
        click.echo(f"stuf-klantcontact: {name}{error.strerror}", err=True)
        sys.exit(2)
