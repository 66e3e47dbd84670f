"""What an object of zkn0320 says, as plain values: the middle between its XML and a record.

A text that is absent is ""; what was said beside the values, or instead of one, is in `bijzonderheden`, by path.
stuf-facts §10.2, §10.3 and §10.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

from stuf_klantcontact.opvoering import Medewerker, Partij

T = TypeVar("T")

PRESENT: Final = frozenset({"", "T", "W", "I", "R", "S", "O"})
"""verwerkingssoort of a relation in the present object (huidig) that is there; V and E are no more."""


@dataclass(frozen=True, slots=True)
class Sleutels:
    """The keys on an object: the sender's, ours, a central one, one inside a Sa message (stuf-facts §4.6)."""

    verzendend: str = ""
    ontvangend: str = ""
    gegevensbeheer: str = ""
    synchronisatie: str = ""


@dataclass(frozen=True, slots=True)
class ZaakVerwijzing:
    """Matchgegevens of a ZAAK; bronorganisatie is an RSIN of nine digits, or ""."""

    identificatie: str = ""
    bronorganisatie: str = ""
    omschrijving: str = ""

    def is_of(self, rsin: str) -> bool:
        """Whether it is a zaak of the organisation that holds it: one that is not said to be another's is."""
        return self.bronorganisatie in ("", rsin)


@dataclass(frozen=True, slots=True)
class DocumentVerwijzing:
    """Matchgegevens of an INFORMATIEOBJECT."""

    identificatie: str = ""
    bronorganisatie: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relatie(Generic[T]):
    """A relation: what was done to it, and with whom or what it is.

    `gerelateerde` is None when the relation is empty: in oud it was not there yet, in huidig it is no more.
    `verwerkingssoort` is "" in answers; `gerelateerde_soort` is that of the gerelateerde (I: known; T: perhaps
    not).
    """

    entiteittype: str
    verwerkingssoort: str = ""
    gerelateerde: T | None = None
    gerelateerde_soort: str = ""

    @property
    def aanwezig(self) -> bool:
        """It is there now: in huidig, with content, and not ended or removed."""
        return self.gerelateerde is not None and self.verwerkingssoort in PRESENT


@dataclass(frozen=True, slots=True, kw_only=True)
class KlantcontactGegevens:
    """A KLC object: of a kennisgeving (oud or huidig), an answer or a synchronisation.

    `extra` holds the extraElementen that have a text, by name, those for columns (docs/mapping.md §7) too.
    `bijzonderheden` is JSON-able, path to what: a dict of attributes for an element that is there and empty
    ({"noValue": "waardeOnbekend"}, {} without a reason), a text for an element that no field holds (canonical XML)
    or an attribute ("@sleutelGegevensbeheer"), None for a matchgegeven that the sender left out, and a list for
    extraElementen that say noValue or repeat a name.
    """

    identificatie: str = ""
    verantwoordelijke_organisatie: str = ""
    verwerkingssoort: str = ""
    sleutels: Sleutels = field(default_factory=Sleutels)
    datum_tijd: datetime | None = None
    kanaal: str = ""
    onderwerp: str = ""
    toelichting: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    zaak: Relatie[ZaakVerwijzing] | None = None
    partijen: tuple[Relatie[Partij], ...] = ()
    medewerker: Relatie[Medewerker] | None = None
    documenten: tuple[Relatie[DocumentVerwijzing], ...] = ()
    bijzonderheden: Mapping[str, Any] = field(default_factory=dict)

    @property
    def partij(self) -> Relatie[Partij] | None:
        """The NPS or VES that the contact is with now; RGBZ allows one, and who stores it sees to that."""
        return next((relatie for relatie in self.partijen if relatie.aanwezig), None)

    def noemt(self, path: str) -> bool:
        """The object names the element at this path (``zkn:toelichting``), if only to say that it is empty."""
        return isinstance(self.bijzonderheden.get(path), dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InformatieobjectGegevens:
    """An IOB object. `inhoud` is None when there is none or, with `onleesbaar`, when it is no base64."""

    identificatie: str = ""
    bronorganisatie: str = ""
    verwerkingssoort: str = ""
    sleutels: Sleutels = field(default_factory=Sleutels)
    creatiedatum: date | None = None
    ontvangstdatum: date | None = None
    afzender: str = ""
    titel: str = ""
    beschrijving: str = ""
    verzenddatum: date | None = None
    geadresseerde: str = ""
    formaat: str = ""
    taal: str = ""
    inhoud: bytes | None = None
    onleesbaar: bool = False
    verwijzing: str = ""
    bestandsnaam: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    zaken: tuple[Relatie[ZaakVerwijzing], ...] = ()
    bijzonderheden: Mapping[str, Any] = field(default_factory=dict)

    @property
    def zaak(self) -> ZaakVerwijzing | None:
        """The zaak that it belongs to now; a document has one here, and who stores it sees to that."""
        return next((relatie.gerelateerde for relatie in self.zaken if relatie.aanwezig), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kennisgeving(Generic[T]):
    """klcLk01, klcLk02, iobLk01, iobLk02, or the actueel of a klcSa01 or klcSa02.

    Of mutatiesoort T and V the one object is `huidig`; W, C and F have `oud` first. Nothing here judges how many
    objects there are: what is not there is None.
    """

    mutatiesoort: str = ""
    indicator_overname: str = "V"
    oud: T | None = None
    huidig: T | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verzoek:
    """klcSa03 or klcSa04: which klantcontact to send again."""

    identificatie: str = ""
    verantwoordelijke_organisatie: str = ""
    sleutels: Sleutels = field(default_factory=Sleutels)
