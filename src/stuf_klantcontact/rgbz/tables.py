"""The tables of the RGBZ 2.0 model. RGBZ 2.0 deel I §3.7 and deel II §2.5."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column, relationship

from stuf_klantcontact.store import Base, Moment


class Zaak(MappedAsDataclass, Base, kw_only=True):
    """ZAAK: what the gateway must know of a case to judge and to render a contact."""

    __tablename__ = "zaak"
    __table_args__ = (UniqueConstraint("identificatie", "bronorganisatie"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    identificatie: Mapped[str] = mapped_column(String(40))
    bronorganisatie: Mapped[str] = mapped_column(String(9), doc="RSIN")
    omschrijving: Mapped[str] = mapped_column(String(80), default="")
    zaaktype: Mapped[str] = mapped_column(String(10), default="", doc="code of the zaaktype")
    zaaktype_omschrijving: Mapped[str] = mapped_column(String(80), default="")
    registratiedatum: Mapped[date | None] = mapped_column(default=None)
    startdatum: Mapped[date | None] = mapped_column(default=None)
    einddatum: Mapped[date | None] = mapped_column(default=None)
    onvolledig: Mapped[bool] = mapped_column(default=False, doc="known from a mutatiesoort W alone")
    versie: Mapped[int] = mapped_column(default=1, doc="rises with every change; intake checks it")
    statussen: Mapped[list["Status"]] = relationship(back_populates="zaak", default_factory=list, repr=False)
    betrokkenen: Mapped[list["Betrokkene"]] = relationship(
        back_populates="zaak", default_factory=list, repr=False, cascade="all, delete-orphan"
    )


class Status(MappedAsDataclass, Base, kw_only=True):
    """STATUS of a zaak. Current is: latest datumStatusGezet, then highest volgnummer, then latest arrival."""

    __tablename__ = "status"
    __table_args__ = (UniqueConstraint("zaak_id", "volgnummer", "datum_status_gezet"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    zaak_id: Mapped[int] = mapped_column(ForeignKey("zaak.id"), init=False, index=True)
    zaak: Mapped[Zaak] = relationship(back_populates="statussen", default=None, repr=False)
    volgnummer: Mapped[int] = mapped_column(default=0)
    omschrijving: Mapped[str] = mapped_column(String(80), default="")
    datum_status_gezet: Mapped[Moment]
    toelichting: Mapped[str] = mapped_column(String(1000), default="")
    vervallen: Mapped[bool] = mapped_column(
        default=False, server_default="false", doc="ended or withdrawn: never the current one; its contacts keep it"
    )


class Betrokkene(MappedAsDataclass, Base, kw_only=True):
    """A person, company or employee in a rol at a zaak."""

    __tablename__ = "betrokkene"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    zaak_id: Mapped[int] = mapped_column(ForeignKey("zaak.id"), init=False, index=True)
    zaak: Mapped[Zaak] = relationship(back_populates="betrokkenen", default=None, repr=False)
    rol: Mapped[str] = mapped_column(
        String(30),
        doc="Initiator, Belanghebbende, Gemachtigde, Uitvoerende, Verantwoordelijke, OverigBetrokkene",
    )
    soort: Mapped[str] = mapped_column(
        String(30),
        doc="natuurlijkPersoon, nietNatuurlijkPersoon, vestiging, medewerker, organisatorischeEenheid",
    )
    identificatie: Mapped[str] = mapped_column(String(40), default="", doc="BSN, RSIN, vestigingsnummer, …")
    naam: Mapped[str] = mapped_column(String(625), default="")
    emailadres: Mapped[str] = mapped_column(String(254), default="")
    gegevens: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default_factory=dict, doc="voorletters, voorvoegsel, geslachtsaanduiding, geboortedatum …"
    )


class Klantcontact(MappedAsDataclass, Base, kw_only=True):
    """KLANTCONTACT (KLC), with what GFOZaken says beyond RGBZ beside it."""

    __tablename__ = "klantcontact"
    __table_args__ = (
        UniqueConstraint("identificatie", "verantwoordelijke_organisatie"),
        Index("klantcontact_zaak_id_idx", "zaak_id"),
        # Who lets go of a message looks for it.
        Index("klantcontact_bericht_id_idx", "bericht_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    identificatie: Mapped[str] = mapped_column(String(14))
    verantwoordelijke_organisatie: Mapped[str] = mapped_column(String(9))
    datum_tijd: Mapped[Moment]
    type: Mapped[str] = mapped_column(String(6), doc="GFOZaken KlantcontactType")
    kanaal: Mapped[str] = mapped_column(String(20))
    onderwerp: Mapped[str] = mapped_column(String(80))
    toelichting: Mapped[str] = mapped_column(String(1000), default="")
    groep: Mapped[str] = mapped_column(String(20), doc="settings.Groep")
    effect: Mapped[str] = mapped_column(String(12), doc="uitgewisseld or bewaard")
    opvoerder: Mapped[dict[str, Any]] = mapped_column(JSONB, doc="Actor as given: soort, identificatie, naam …")
    medewerker: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, default=None, doc="is gevoerd door: identificatie, achternaam, voorletters, voorvoegsel"
    )
    partij: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB,
        default=None,
        doc="heeft plaatsgevonden met: soort natuurlijkPersoon or vestiging, their fields, contactpersoon, namens",
    )
    partij_herkomst: Mapped[str] = mapped_column(
        String(20), default="", doc="bericht, opvoerder, initiator or none"
    )
    uitkomst: Mapped[str] = mapped_column(default="")
    afspraken: Mapped[str] = mapped_column(default="")
    extra: Mapped[dict[str, Any]] = mapped_column(JSONB, default_factory=dict, doc="what travels in extraElementen")
    bijzonderheden: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        default_factory=dict,
        server_default="{}",
        doc="what a StUF message said that has no column: noValue, incomplete dates, aanvullendeElementen …",
    )
    versie: Mapped[int] = mapped_column(
        default=1, server_default="1", doc="rises with every correction and withdrawal"
    )
    ingetrokken: Mapped[bool] = mapped_column(
        default=False, server_default="false", doc="withdrawn: it is in the dossier no longer"
    )
    zaak_id: Mapped[int | None] = mapped_column(ForeignKey("zaak.id"), default=None)
    status_id: Mapped[int | None] = mapped_column(
        ForeignKey("status.id"), default=None, doc="the current status of the zaak when processed (rule 1)"
    )
    bericht_id: Mapped[int | None] = mapped_column(ForeignKey("bericht.id"), default=None, doc="journal")
    zaak: Mapped[Zaak | None] = relationship(default=None, repr=False)
    status: Mapped[Status | None] = relationship(default=None, repr=False)
    informatieobjecten: Mapped[list["Informatieobject"]] = relationship(
        back_populates="klantcontact", default_factory=list, repr=False, order_by="Informatieobject.id"
    )


class Informatieobject(MappedAsDataclass, Base, kw_only=True):
    """INFORMATIEOBJECT (IOB) that a klantcontact brought with it."""

    __tablename__ = "informatieobject"
    __table_args__ = (
        UniqueConstraint("klantcontact_id", "identificatie", "sinds"),
        Index("informatieobject_identificatie_idx", "identificatie"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    klantcontact_id: Mapped[int | None] = mapped_column(ForeignKey("klantcontact.id"), init=False)
    klantcontact: Mapped[Klantcontact | None] = relationship(
        back_populates="informatieobjecten", default=None, repr=False
    )
    zaak_id: Mapped[int | None] = mapped_column(
        ForeignKey("zaak.id"), default=None, doc="of a document that came before its contact, or without one"
    )
    sinds: Mapped[int] = mapped_column(
        default=1, server_default="1", doc="the versie of the contact that brought it"
    )
    tot: Mapped[int | None] = mapped_column(default=None, doc="the versie of the contact that it is no part of")
    identificatie: Mapped[str] = mapped_column(String(40))
    bronorganisatie: Mapped[str] = mapped_column(String(9))
    creatiedatum: Mapped[date]
    titel: Mapped[str] = mapped_column(String(200))
    bestandsnaam: Mapped[str] = mapped_column(String(255), default="")
    formaat: Mapped[str] = mapped_column(String(85), default="", doc="MIME type")
    taal: Mapped[str] = mapped_column(String(20), default="")
    ontvangstdatum: Mapped[date | None] = mapped_column(default=None)
    verzenddatum: Mapped[date | None] = mapped_column(default=None)
    afzender: Mapped[str] = mapped_column(String(200), default="")
    geadresseerde: Mapped[str] = mapped_column(String(200), default="")
    verwijzing: Mapped[str] = mapped_column(default="", doc="URI, when the document itself is elsewhere")
    inhoud_sha256: Mapped[bytes | None] = mapped_column(ForeignKey("document_inhoud.sha256"), default=None)
    inhoud: Mapped["DocumentInhoud | None"] = relationship(default=None, repr=False)
    bijzonderheden: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default_factory=dict, server_default="{}", doc="what a StUF message said that has no column"
    )
    bron: Mapped[str] = mapped_column(
        default="",
        server_default="",
        doc='sleutel of the system whose message about it last brought or changed it; "": it came with the contact',
    )


class KlantcontactVersie(MappedAsDataclass, Base, kw_only=True):
    """A klantcontact as it was before a correction or withdrawal: what `oud` of a kennisgeving says.

    RGBZ keeps no history of a klantcontact, and neither is this one: it lets a message about an earlier change be
    rendered after a later one.
    """

    __tablename__ = "klantcontact_versie"

    klantcontact_id: Mapped[int] = mapped_column(ForeignKey("klantcontact.id"), primary_key=True)
    versie: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    gegevens: Mapped[dict[str, Any]] = mapped_column(JSONB, doc="the columns of Klantcontact, by name")


class DocumentInhoud(MappedAsDataclass, Base, kw_only=True):
    """The bytes of a document, stored once however often it is sent."""

    __tablename__ = "document_inhoud"

    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    inhoud: Mapped[bytes] = mapped_column(repr=False)
