"""A klantcontact as the opvoerder gave it, as plain values.

What a message said, before anything is judged: absent is "" or None, unreadable is None beside a flag. The dicts
are stored as they are (JSONB) and rendered from there, so their keys are the words of the standard.

GFOZaken Klantcontact (The Hague, Klantcontacten bij Mijn Haagse Zaken); docs/mapping.md §1.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypedDict

ActorSoort = Literal[
    "medewerker", "organisatorischeEenheid", "natuurlijkPersoon", "nietNatuurlijkPersoon", "vestiging"
]
STAFF: frozenset[str] = frozenset({"medewerker", "organisatorischeEenheid"})


class Actor(TypedDict, total=False):
    """GFOZaken Actor: identificatie is the employee number, BSN, RSIN, KvK- or vestigingsnummer that was given."""

    soort: ActorSoort
    identificatie: str
    stelsel: str
    naam: str
    voorletters: str
    voorvoegsel: str


class Medewerker(TypedDict, total=False):
    """The medewerker who had the contact (RGBZ MEDEWERKER)."""

    identificatie: str
    achternaam: str
    voorletters: str
    voorvoegsel: str


class Namens(TypedDict, total=False):
    """The niet-natuurlijk persoon that a natural person acted for; RGBZ has no relation for it."""

    rsin: str
    kvkNummer: str
    naam: str


class Contactpersoon(TypedDict, total=False):
    """KLANT-CONTACTPERSOON of a vestiging."""

    naam: str
    functie: str
    telefoonnummer: str
    emailadres: str


class Partij(TypedDict, total=False):
    """With whom: a natuurlijkPersoon or a vestiging (soort says which), or one not yet placed.

    `identificatie` is a number of a kind that RGBZ does not know; a geboortedatum may lack its day or month.
    """

    soort: Literal["natuurlijkPersoon", "vestiging", "nietNatuurlijkPersoon"]
    bsn: str
    anpIdentificatie: str
    identificatie: str
    geslachtsnaam: str
    voorvoegsel: str
    voorletters: str
    geslachtsaanduiding: str
    geboortedatum: str
    namens: Namens
    vestigingsnummer: str
    handelsnaam: str
    contactpersoon: Contactpersoon


@dataclass(frozen=True, slots=True)
class Document:
    """DGA-UF Document. What is there but cannot be read is None, and its name in `onleesbaar`."""

    titel: str
    identificatie: str = ""
    bestandsnaam: str = ""
    formaat: str = ""
    mediatype: str = ""
    """What the content says of itself (xmime:contentType), beside what Formaat says."""
    taal: str = ""
    ontvangstdatum: date | None = None
    verzenddatum: date | None = None
    inhoud: bytes | None = None
    verwijzing: str = ""
    onleesbaar: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opvoering:
    """Everything that one voegKlantcontactToe says."""

    zaakidentificatie: str = ""
    datum_gezet: datetime | None = None
    type: str = ""
    toelichting: str = ""
    opvoerder: Actor | None = None
    documenten: tuple[Document, ...] = ()
    onderwerp: str = ""
    contactpartij: Partij | None = None
    anoniem: bool = False
    medewerker: Medewerker | None = None
    richting: str = ""
    uitkomst: str = ""
    afspraken: str = ""
