"""A message of one set, held against schemas that do not have it: which set to choose instead.

Nothing here raises. The sets are our own and those that VNG Realisatie publishes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from stuf_klantcontact.contract import OWN, Schemas, wording
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.names import BG0310, BG0320, KC, KLC, STUF0301, STUF0302, ZDS0120, ZKN0310, ZKN0320, split

_SETS: Final[Mapping[str, str]] = {
    ZDS0120: "ZDS 1.2",
    ZKN0310: "ZDS 1.2 (StUF-ZKN 3.10)",
    BG0310: "ZDS 1.2 (StUF-BG 3.10)",
    STUF0301: "StUF 03.01",
    STUF0302: "StUF 03.02",
    ZKN0320: "zkn0320 (RGBZ 2.0)",
    BG0320: "zkn0320 (RGBZ 2.0)",
}
_OURS: Final = (KC, KLC)
_KNOWN: Final = frozenset((*_SETS, *_OURS))
_PUBLISHED: Final = ("http://www.egem.nl/StUF/", "http://www.stufstandaarden.nl/")
"""What the namespaces of official sets begin with."""


def explained(violations: list[Violation], *, tag: str, against: Schemas) -> list[Violation]:
    """The same; of a message that is in another known set and not in `against`, it says in which."""
    namespace, local = split(tag)
    same = wording.namesakes(tag, roots=against.roots)
    if same and (
        against.own or namespace not in _KNOWN or any(split(root)[0] == namespace for root in against.roots)
    ):
        return (
            violations  # that set has the message, and only its namespace is wrong; names of ours are in no other
        )
    if namespace in _OURS and not against.own:
        belongs, hint = _to_ours(against)
    elif namespace.startswith(_PUBLISHED):
        belongs, hint = _to_official(_SETS.get(namespace, namespace), against)
    else:
        return violations
    if same:
        right = split(same[0])[0]
        hint = Text(
            f"{hint.nl} Is {against.name} wel bedoeld, zet {local} dan in namespace {right}.",
            f"{hint.en} If {against.name} is what is meant, put {local} into namespace {right}.",
        )
    return [
        replace(
            violation,
            message=Text(f"{violation.element} {belongs.nl}", f"{violation.element} {belongs.en}"),
            hint=hint,
            expected=violation.expected if same else None,
        )
        if violation.rule == "XSD-UNKNOWN-ROOT"
        else violation
        for violation in violations
    ]


def _to_ours(against: Schemas) -> tuple[Text, Text]:
    return (
        Text(
            f"hoort bij onze eigen set, {OWN}; die is niet gekozen ({against.name} kent dit bericht niet).",
            f"belongs to our own set, {OWN}, which was not chosen ({against.name} does not know this message).",
        ),
        Text(
            f"Valideer zonder --schema; op de pagina en in de API: kies {OWN}.",
            f"Validate without --schema; on the page and in the API: choose {OWN}.",
        ),
    )


def _to_official(name: str, against: Schemas) -> tuple[Text, Text]:
    return (
        Text(
            f"hoort bij een officiële set van VNG Realisatie, {name}; die is niet gekozen "
            f"({against.name} kent dit bericht niet).",
            f"belongs to an official set of VNG Realisatie, {name}, which was not chosen "
            f"({against.name} does not know this message).",
        ),
        Text(
            f"Valideer tegen die set: --schema DIR|ZIP met {name} zoals VNG Realisatie die uitgeeft; op de "
            "pagina en in de API: kies die set.",
            f"Validate against that set: --schema DIR|ZIP with {name} as VNG Realisatie publishes it; on the "
            "page and in the API: choose that set.",
        ),
    )
