"""Questions about klantcontacten and zaken: what is asked, and how much of an object goes into the answer.

`read_vraag` reads what a question selects by, leniently; what is wrong with a question is for validation.vraag, but
for what only an answering system can tell: StUF094 and StUF133. stuf-facts §6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from lxml import etree

from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.mapping.zkn0320.gegevens import KlantcontactGegevens

Wildcard = Literal["geen", "begin", "eind", "beginEnEind"]
Veld = Literal[
    "identificatie",
    "verantwoordelijke_organisatie",
    "datum_tijd",
    "kanaal",
    "onderwerp",
    "zaak",
    "medewerker",
    "bsn",
    "anp_identificatie",
    "vestigingsnummer",
    "document",
    "bronorganisatie",
    "omschrijving",
    "startdatum",
    "einddatum",
]
"""What may be selected by; of a ZAK identificatie, bronorganisatie, omschrijving, startdatum and einddatum."""

SORTERINGEN: Final[Mapping[str, tuple[tuple[Veld, ...], ...]]] = {
    "KLC": (("identificatie",), ("identificatie",), ("datum_tijd", "identificatie"), ("zaak", "identificatie")),
    "ZAK": (("identificatie",), ("identificatie",)),
}
"""The order for each sortering, by its number; 0 is any order, and ours is by identificatie."""

MAXIMUM: Final = 15
"""maximumAantal of a question that does not say it: what the schema of StUF 03.01 has."""

PRESETS: Final = frozenset({"alles", "allesMaarMatchgegevensGerelateerden", "matchgegevens"})


@dataclass(frozen=True, slots=True)
class Criterium:
    """gelijk: the value of a field; "" asks for what has no value; `wildcard` says where more may follow."""

    waarde: str | datetime
    wildcard: Wildcard = "geen"


@dataclass(frozen=True, slots=True)
class Bereik:
    """vanaf and totEnMet of a field, both inclusive; None is an open end."""

    vanaf: str | datetime | None = None
    tot_en_met: str | datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of an object is asked: a preset, or the element `object` that names what is wanted; else neither."""

    preset: str = ""
    object: etree._Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """klcLv01 or zakLv01 (`entiteittype` says which). All criteria hold together; without any, all is asked.

    `sleutel` is the one key asked by (its kind as in Sleutels, and its value). `genegeerd` names the elements that
    we do not select by: the answer says so (melding StUF0001). `fouten` are the errors that only we can tell.
    """

    entiteittype: str = "KLC"
    gelijk: Mapping[Veld, Criterium] = field(default_factory=dict)
    bereik: Mapping[Veld, Bereik] = field(default_factory=dict)
    sleutel: tuple[str, str] | None = None
    sortering: int = 0
    maximum_aantal: int = MAXIMUM
    vervolgvraag: bool = False
    start: KlantcontactGegevens | None = None
    aantal: bool = False
    scope: Scope = field(default_factory=Scope)
    genegeerd: tuple[str, ...] = ()
    fouten: tuple[Fout, ...] = ()


def read_vraag(message: etree._Element) -> Vraag:
    """Read the root element of a klcLv01 or zakLv01; never raises."""
    raise NotImplementedError


def prune(answer: etree._Element, *, scope: Scope) -> etree._Element:
    """An object of an answer with what `scope` asks, as a new element (stuf-facts §6.4)."""
    raise NotImplementedError
