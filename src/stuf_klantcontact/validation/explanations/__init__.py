"""What every rule and error code means: cause, wrong and right example, cure, section of the standard.

Pure data, for `explain`, the pages at /fouten/CODE and the reports. `explain` gives None for what it does not know.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from stuf_klantcontact.report import Layer, layer
from stuf_klantcontact.validation.explanations import (
    gateway,
    mild,
    mtom,
    objects,
    readable,
    request,
    schema,
    schemaset,
    standard,
    stuf,
)
from stuf_klantcontact.validation.explanations.entry import Explanation

__all__ = ["EXPLANATIONS", "Explanation", "Subject", "codes", "explain", "subject"]

Subject = Layer | Literal["HTTP", "schemas"]
"""What a rule is about: a layer of a message, the request that carries it, or a set of schemas."""

EXPLANATIONS: Final[Mapping[str, Explanation]] = MappingProxyType(
    {
        found.code: found
        for module in (request, readable, mtom, schema, stuf, objects, gateway, mild, schemaset, standard)
        for found in module.ENTRIES
    }
)
"""Every explanation by its code, layer by layer, the codes of the standard last."""

_BY_NAME: Final = {code.casefold(): found for code, found in EXPLANATIONS.items()}


def explain(code: str) -> Explanation | None:
    """The explanation of a rule or code, however it is capitalised; None when there is none."""
    return _BY_NAME.get(code.strip().casefold())


def subject(code: str) -> Subject:
    """What a rule is about."""
    match code.partition("-")[0]:
        case "HTTP":
            return "HTTP"
        case "SET":
            return "schemas"
        case _:
            return layer(code)


def codes() -> tuple[str, ...]:
    """Every code that can be explained."""
    return tuple(EXPLANATIONS)
