"""Commands that keep running: serve, deliver."""

import click

COMMANDS: tuple[click.Command, ...] = ()
