"""The option --config, and the settings it names."""

from pathlib import Path

import click

from stuf_klantcontact import settings
from stuf_klantcontact.settings import Settings

CONFIG = click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="STUF_KLANTCONTACT_CONFIG",
    help="gateway.toml; without it, ./gateway.toml when there is one.",
)


def load(config: Path | None) -> Settings:
    """The settings of --config, of ./gateway.toml, or of the environment alone."""
    default = Path("gateway.toml")
    return settings.load(config or (default if default.exists() else None))
