"""What every section of the settings is made of: closed to unknown keys, read-only, lists that may be words."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints


def words(value: Any) -> Any:
    """Let an environment variable write a list as ``a, b``."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Applicatie = Annotated[str, StringConstraints(min_length=3, max_length=50)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
