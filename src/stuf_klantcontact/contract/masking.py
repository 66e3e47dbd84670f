"""Which values may be shown: codes, moments and types; nothing that may be of a person."""

import re
from typing import Final

from lxml import etree

from stuf_klantcontact.names import split

MASK: Final = "***"

_STUF: Final = frozenset(
    {
        *("berichtcode", "mutatiesoort", "sortering", "maximumAantal", "aantalVoorkomens", "indicatorAantal"),
        *("indicatorAfnemerIndicatie", "indicatorHistorie", "indicatorLaatsteBericht", "indicatorOvername"),
        *("indicatorVervolgvraag", "verwerkingssoort", "entiteittype", "noValue", "nil", "exact"),
        *("indOnvolledigeDatum", "metagegeven"),
    }
)
"""What StUF itself says with a word from a list, a number of things, or yes and no: wherever it stands."""
_SHOWN: Final = frozenset(
    {
        # stuurgegevens, parameters and attributes
        *("organisatie", "applicatie", "administratie", "referentienummer", "crossRefnummer"),
        *(
            "tijdstipBericht",
            "functie",
            "sectormodel",
            "versie",
            "type",
            "code",
            "plek",
        ),
        *("intermediair", "contentType"),
        # the contact: codes, moments and types, nothing of a person
        *("zaakidentificatie", "DatumGezet", "Type", "richting", "groep", "effect", "Ontvangstdatum"),
        *("Verzenddatum", "Formaat", "Taal", "severity", "rule", "line", "column"),
        # zkn0320
        *("bronorganisatie", "verantwoordelijkeOrganisatie", "organisatie-identificatie", "kanaal", "tijdstip"),
        *("datum", "jaarMaand", "jaar", "typering", "status", "vertrouwelijkaanduiding", "extensie"),
        *("eib.formaat", "eib.taal", "eib.bestandsomvang", "sta.volgnummer"),
    }
)
"""Elements and attributes whose value may be shown; any other may be of a person."""
_NUMBERS: Final = frozenset(
    {
        *(
            "DatumGezet",
            "tijdstipBericht",
            "Ontvangstdatum",
            "Verzenddatum",
            "tijdstip",
            "datum",
            "referentienummer",
        ),
        *("crossRefnummer", "bronorganisatie", "verantwoordelijkeOrganisatie", "organisatie-identificatie"),
        *("zaakidentificatie", "organisatie"),
    }
)
"""Those of them in which a long number is as it should be; elsewhere it may be a BSN in the wrong place."""
_PERSONS_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{8,9}(?![0-9])|[0-9]{18,}|@")
_PERSONS: Final = frozenset({"geboorte", "geboortedatum"})
_ABOVE: Final = tuple(f"{{*}}{name}" for name in sorted(_PERSONS))


def mask(value: str, *, local: str, within: etree._Element | None = None) -> str:
    """`value` of the element or attribute `local`, or ``***`` where it may be of a person.

    `within` is the element that it is of: in what says a thing of a person even a date is the person's.
    """
    if local not in _STUF and (local not in _SHOWN or (within is not None and _of_person(within))):
        return MASK
    if local not in _NUMBERS and _PERSONS_NUMBER.search(value):
        return MASK
    return safe(value)


def _of_person(element: etree._Element) -> bool:
    return split(str(element.tag))[1] in _PERSONS or next(element.iterancestors(*_ABOVE), None) is not None


def safe(value: str, length: int = 40) -> str:
    """On one line, without control characters, of a bounded length."""
    clean = value
    if not value.isprintable():
        clean = "".join(
            character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in value
        )
    return clean if len(clean) <= length else clean[: length - 1] + "…"
