"""A SOAP/StUF gateway that puts every klantcontact into the zaakdossier it belongs to.

`validate` is the validator as a function; it is loaded when it is first asked for (docs/validator.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stuf_klantcontact.validation import validate as validate

__all__ = ["validate"]


def __getattr__(name: str) -> Any:
    if name != "validate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from stuf_klantcontact.validation import validate

    return validate
