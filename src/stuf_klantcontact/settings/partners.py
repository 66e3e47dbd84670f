"""Whom we exchange messages with: zenders, abonnees and the zaaksysteem that is asked."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from stuf_klantcontact.onderhoud import window
from stuf_klantcontact.settings.section import Section, Words

Documenttype = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Zaakdocument = Literal["voegZaakdocumentToe", "edcLk01"]
Zaakvraag = Literal["geefZaakdetails", "zakLv01"]


Operatie = Literal[
    "voegKlantcontactToe",
    "wijzigKlantcontact",
    "verwijderKlantcontact",
    "zaken",
    "klantcontacten",
    "vragen",
    "bevestigingen",
]
"""What a zender may be allowed to do. intake.about says which messages each of them is."""


class Zender(Section):
    """[zender.APPLICATIE]: a system that may send to us; the key is its applicatie in stuurgegevens."""

    organisatie: str = Field("", description="organisatie in its stuurgegevens; empty: that of the gateway")
    administratie: str = Field("", description="administratie in its stuurgegevens; empty: any")
    gebruiker: str = Field("", description="user name of HTTP Basic; empty: the system cannot send")
    wachtwoord_hash: str = Field("", description="argon2 hash of its password; may be file:")
    borgt_voor_opvoerder: bool = Field(False, description="trusted to vouch for opvoerders (KC-06)")
    operaties: Words = Field(
        (),
        description=f"what it may do: {', '.join(get_args(Operatie))}; [] is nothing",
    )
    strikt: bool = Field(True, description="refuse every violation of the schema; false: forgive MILD-... and warn")
    volgorde_bewaken: bool = Field(
        False, description="refuse a message whose tijdstipBericht is not later than all before it (StUF019)"
    )
    functionele_fouten: Literal["fo03", "fo01"] = Field(
        "fo03",
        description="what follows an asynchronous message that schema or rules refuse: Fo03 at the door, or Bv03 "
        "and later an Fo01 to its endpoint (and Bv01 or Du01 when it was processed)",
    )
    endpoint: str = Field("", description="address of its OntvangAsynchroon, for functionele_fouten fo01")
    endpoint_gebruiker: str = Field("", description="user name of HTTP Basic there")
    endpoint_wachtwoord: str = Field("", repr=False, description="password there; may be file:")
    timeout: float = Field(30.0, gt=0, le=600, description="total seconds for one exchange of messages there")


class Zaaksysteem(Section):
    """[zaaksysteem]: the system that is asked for a zaak that is not known here; nobody without an endpoint."""

    endpoint: str = Field("", description="address of its BeantwoordVraag; empty: nobody is asked")
    vraag: Zaakvraag = Field("geefZaakdetails", description="how it is asked: ZDS 1.2, or StUF-ZKN 3.10")
    organisatie: str = Field("", description="organisatie as ontvanger; empty: that of the gateway")
    applicatie: str = Field("", description="applicatie as ontvanger")
    administratie: str = Field("", description="administratie as ontvanger")
    gebruiker: str = Field("", description="user name of HTTP Basic at the zaaksysteem")
    wachtwoord: str = Field("", repr=False, description="its password; may be file:")
    timeout: float = Field(5.0, gt=0, le=60, description="total seconds for one question; a sender waits for it")

    @model_validator(mode="after")
    def _can_be_addressed(self) -> "Zaaksysteem":
        if self.endpoint and not 3 <= len(self.applicatie) <= 50:
            raise ValueError(
                "zaaksysteem.applicatie is needed when zaaksysteem.endpoint is set: 3 to 50 characters"
            )
        return self


class Abonnee(Section):
    """[abonnee.NAAM]: a zaakmagazijn that is told about klantcontacten."""

    profiel: Literal["zkn0320", "zds0120", "zgw"] = Field("zkn0320", description="what the receiver speaks")
    endpoint: str = Field(..., description="address of its OntvangAsynchroon")
    organisatie: str = Field("", description="organisatie as ontvanger; empty: that of the gateway")
    applicatie: str = Field("", description="applicatie as ontvanger; empty: the key")
    administratie: str = Field("", description="administratie as ontvanger")
    gebruiker: str = Field("", description="user name of HTTP Basic at the receiver")
    wachtwoord: str = Field("", repr=False, description="its password; may be file:")
    zaaktypen: Words = Field(("*",), description="zaaktypen it hears of")
    volgorde: Literal["zaak", "systeem"] = Field("zaak", description="order per zaak, or over the whole system")
    timeout: float = Field(30.0, gt=0, le=600, description="total seconds for one exchange of messages")
    certificaat: Path | None = Field(
        None, description="PEM file with our certificate, and those between it and its root, for two-way TLS"
    )
    sleutel: Path | None = Field(None, description="PEM file with its private key; empty: in certificaat")
    sleutel_wachtwoord: str = Field("", repr=False, description="password of that key, if it has one; may be file:")
    ca: Path | None = Field(
        None, description="PEM file with the only roots to trust there; empty: those that this machine trusts"
    )
    gelijktijdig: int = Field(
        4, ge=1, le=64, description="messages it is sent at the same time by each delivery process"
    )
    per_minuut: int = Field(
        0,
        ge=0,
        le=100_000,
        description="most messages a minute that it is sent by all delivery processes together, evenly spread; "
        "0: as many as it takes",
    )
    onderhoud: Words = Field(
        (),
        description='hours of the week in which it is sent nothing, in Dutch local time: "zo 02:00-06:00", '
        '"ma-vr 12:30-13:00"',
    )
    document: Zaakdocument = Field(
        "voegZaakdocumentToe", description="zds0120: the message that brings a zaakdocument"
    )
    mtom: bool = Field(
        True,
        description="zds0120: documents beside the message (MTOM), as StUF 03.01 wants; false: in it as base64",
    )
    verslag: Literal["tekst", "pdf"] = Field(
        "tekst", description="zds0120: the contactverslag as text/plain, or as PDF/A"
    )
    documenttype_verslag: Documenttype = Field(
        "Contactverslag", description="zds0120: dct.omschrijving of the contactverslag, as the receiver knows it"
    )
    documenttype_document: Documenttype = Field(
        "Bijlage bij klantcontact", description="zds0120: dct.omschrijving of a document of the contact"
    )
    documentidentificatie: Literal["vragen", "zelf"] = Field(
        "vragen", description="zds0120: who numbers zaakdocumenten: the receiver, when asked, or this gateway"
    )
    gemeentecode: str = Field(
        "",
        pattern=r"^([0-9]{4})?$",
        description="zds0120: begins the numbers that this gateway makes; empty: gateway.organisatie",
    )
    endpoint_vrijbericht: str = Field(
        "",
        description="zds0120: address of its VerwerkSynchroonVrijBericht, which gives numbers; "
        "empty: that of endpoint with another last segment",
    )

    @field_validator("onderhoud")
    @classmethod
    def _windows(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            window(text)
        return given

    def in_onderhoud(self, lokaal: datetime) -> str:
        """The maintenance window in which a moment of Dutch local time lies, as it was written; else empty."""
        return next((text for text in self.onderhoud if window(text).has(lokaal)), "")

    def vrijbericht(self) -> str:
        """The address that is asked for document numbers."""
        if self.endpoint_vrijbericht:
            return self.endpoint_vrijbericht
        parts = urlsplit(self.endpoint)
        return urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/VerwerkSynchroonVrijBericht"))
