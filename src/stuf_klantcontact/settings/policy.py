"""What a municipality decides about contacts: per zaaktype, per group, and which kanaal a Type is."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from stuf_klantcontact.settings.section import Section, Words, words

Kanaal = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Groep = Literal["ontvangst", "verzending", "anoniem", "persoonlijk", "zonder_medewerker", "zonder_zaak"]
Effect = Literal["exchange", "keep", "refuse"]
Kept = Literal["keep", "refuse"]
KlantcontactType = Literal["click", "call", "face", "mail", "e-mail"]

KANAAL_BIJ_TYPE: dict[KlantcontactType, str] = {
    "click": "internet",
    "call": "telefoon",
    "face": "balie",
    "mail": "post",
    "e-mail": "e-mail",
}


class Groepen(Section):
    """[zaaktype.CODE.groepen]: what happens with each group of contacts (docs/mapping.md §3)."""

    persoonlijk: Effect = Field("exchange", description="call or face, medewerker and partij known, about a zaak")
    ontvangst: Effect = Field("exchange", description="informatie-ontvangst: as document data")
    verzending: Effect = Field("exchange", description="informatie-verzending: as document data")
    anoniem: Kept = Field("keep", description="call or face with an unknown partij; RGBZ does not exchange it")
    zonder_medewerker: Kept = Field("keep", description="call or face that the partij reported itself")


class Zaaktype(Section):
    """[zaaktype.CODE]: what the proceseigenaar decided; a zaaktype that is not listed allows no contacts."""

    klantcontacten: bool = Field(False, description="contacts may be added (KC-08)")
    medewerkers: Words = Field((), description='medewerkers who may add (KC-07); "*" is all')
    betrokkenen: bool = Field(False, description="betrokkenen of the zaak may add (KC-07)")
    gesloten_zaken: bool = Field(False, description="also to a zaak with an einddatum (KC-02)")
    voor_startdatum: bool = Field(False, description="also contacts from before the zaak started (KC-09)")
    partij_uit_zaak: bool = Field(True, description="the initiator is the partij when the message names none")
    medewerker_uit_zaak: bool = Field(False, description="the behandelaar is the medewerker when none is named")
    interactief: Annotated[tuple[KlantcontactType, ...], BeforeValidator(words)] = Field(
        ("call", "face"), description="types that are a conversation"
    )
    groepen: Groepen = Field(Groepen(), description="policy per group of contacts")
    melding: bool = Field(False, description="mail to betrokkenen when a contact is added")


class MappingChoices(Section):
    """[mapping]: choices that a municipality may make differently (docs/mapping.md §2)."""

    kanaal: Mapping[KlantcontactType, Kanaal] = Field(
        KANAAL_BIJ_TYPE, description="RGBZ kanaal for a Type, where it is to be another than ours"
    )
    zonder_zaak: Kept = Field("refuse", description="contacts that name no zaak (KC-02)")

    @field_validator("kanaal")
    @classmethod
    def _complete(cls, given: Mapping[KlantcontactType, str]) -> Mapping[KlantcontactType, str]:
        return {**KANAAL_BIJ_TYPE, **given}
