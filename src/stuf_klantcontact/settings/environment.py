"""The environment over the file, and ``file:`` secrets read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from stuf_klantcontact.errors import ConfigurationError


class Environment(EnvSettingsSource):
    """The environment, with the keys of [zender], [abonnee] and [zaaktype] spelled as the file spells them.

    Names of environment variables are case-blind; applicaties are not. A key that the file lacks is upper case.
    """

    def __init__(self, settings_cls: type[BaseSettings], file: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._file = file

    def __call__(self) -> dict[str, Any]:
        tree = super().__call__()
        file = self._file()
        for section in ("zender", "abonnee", "zaaktype"):
            if section in tree:
                known = {key.lower(): key for key in file.get(section, {})}
                tree[section] = {known.get(k.lower(), k.upper()): v for k, v in tree[section].items()}
        return tree


def with_secrets(value: Any, *, folder: Path) -> Any:
    """Replace every ``file:`` value by the content of that file, and relative folders by absolute ones."""
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: with_secrets(getattr(value, name), folder=folder) for name in type(value).model_fields}
        )
    if isinstance(value, Mapping):
        return {key: with_secrets(item, folder=folder) for key, item in value.items()}
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, str) and value.startswith("file:"):
        secret = folder / value.removeprefix("file:")
        try:
            return secret.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"cannot read the secret {secret}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise ConfigurationError(f"cannot read the secret {secret}: it is not UTF-8 text") from None
    return value
