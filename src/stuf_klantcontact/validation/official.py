"""A message of an official set, held against schemas that do not have it: which set to choose instead.

Nothing here raises. The sets are those that VNG Realisatie publishes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stuf_klantcontact.contract import Schemas, wording
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import BG0310, BG0320, STUF0301, STUF0302, ZDS0120, ZKN0310, ZKN0320, split

_SETS: Final[Mapping[str, str]] = {
    ZDS0120: "ZDS 1.2",
    ZKN0310: "ZDS 1.2 (StUF-ZKN 3.10)",
    BG0310: "ZDS 1.2 (StUF-BG 3.10)",
    STUF0301: "StUF 03.01",
    STUF0302: "StUF 03.02",
    ZKN0320: "zkn0320 (RGBZ 2.0)",
    BG0320: "zkn0320 (RGBZ 2.0)",
}
_PUBLISHED: Final = ("http://www.egem.nl/StUF/", "http://www.stufstandaarden.nl/")
"""What the namespaces of official sets begin with."""


def explained(violations: list[Violation], *, tag: str, against: Schemas) -> list[Violation]:
    """The same; of a message that is in an official set and not in `against`, it says in which."""
    namespace, _ = split(tag)
    if not namespace.startswith(_PUBLISHED) or wording.namesakes(tag, roots=against.roots):
        return violations
    name = _SETS.get(namespace, namespace)
    return [
        replace(
            violation,
            message=Text(
                f"{violation.element} hoort bij een officiële set van VNG Realisatie, {name}; die is niet gekozen "
                f"({against.name} kent dit bericht niet).",
                f"{violation.element} belongs to an official set of VNG Realisatie, {name}, which was not chosen "
                f"({against.name} does not know this message).",
            ),
            hint=Text(
                f"Valideer tegen die set: --schema DIR|ZIP met {name} zoals VNG Realisatie die uitgeeft; op de "
                "pagina en in de API: kies die set.",
                f"Validate against that set: --schema DIR|ZIP with {name} as VNG Realisatie publishes it; on the "
                "page and in the API: choose that set.",
            ),
            expected=None,
        )
        if violation.rule == "XSD-UNKNOWN-ROOT"
        else violation
        for violation in violations
    ]
