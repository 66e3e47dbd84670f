"""The RGBZ 2.0 model (SQLAlchemy) and its queries.

Zaken with their statuses and betrokkenen, klantcontacten with their informatieobjecten, documents' bytes once by
hash. Intake runs FACTS and INSERT inside its own two statements. What can go wrong: the database
(sqlalchemy.exc.SQLAlchemyError, psycopg.Error), and a change of a zaak that its dossier does not allow
(errors.Refusal).

RGBZ 2.0 deel I §3.7 and deel II §2.5 (KLANTCONTACT), stuf-facts §10.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, Select, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import (
    Mapped,
    MappedAsDataclass,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

from stuf_klantcontact.errors import Refusal, Text, Violation
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


KLANTCONTACT_NUMMER = "klantcontact_nummer"
"""The sequence behind Klantcontact.identificatie: KC, year, eight digits. Gaps are harmless: the number means
nothing (RGBZ 2.0 deel II). One sequence for all years, so that no year's end needs care."""


@dataclass(frozen=True, slots=True)
class BetrokkeneFeiten:
    """What the rules and the mapping may know of a Betrokkene."""

    rol: str
    soort: str
    identificatie: str = ""
    naam: str = ""
    emailadres: str = ""
    gegevens: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZaakFeiten:
    """What the rules may know of a zaak: one consistent reading, `versie` says of what."""

    id: int
    versie: int
    identificatie: str
    omschrijving: str
    zaaktype: str
    startdatum: date | None
    einddatum: date | None
    status_id: int | None
    betrokkenen: tuple[BetrokkeneFeiten, ...] = ()
    onvolledig: bool = False


@dataclass(frozen=True, slots=True)
class StatusMutatie:
    """What a message says about a status; None is what it does not say, "" that there is none."""

    volgnummer: int | None = None
    datum_status_gezet: datetime | None = None
    omschrijving: str | None = None
    toelichting: str | None = None


@dataclass(frozen=True, slots=True)
class BetrokkeneMutatie:
    """What a message says about a betrokkene; None or an absent key is what it does not say, "" is none."""

    rol: str
    soort: str
    identificatie: str = ""
    naam: str | None = None
    emailadres: str | None = None
    gegevens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZaakMutatie:
    """What one message says about a zaak: the columns it sets, the statuses and betrokkenen it adds or ends.

    `bekend`: it is about a zaak that we know, and makes none when we do not. `opgegaan_in`: the zaak turned out to
    be another one that is registered twice, and that one remains.
    """

    identificatie: str
    mutatiesoort: str
    velden: Mapping[str, Any] = field(default_factory=dict)
    statussen: tuple[StatusMutatie, ...] = ()
    vervallen_statussen: tuple[StatusMutatie, ...] = ()
    betrokkenen: tuple[BetrokkeneMutatie, ...] = ()
    vervallen: tuple[BetrokkeneMutatie, ...] = ()
    bekend: bool = False
    opgegaan_in: str = ""


FACTS: Final = """
    zaak.id AS zaak_id, zaak.versie, zaak.identificatie, zaak.omschrijving, zaak.zaaktype,
    zaak.startdatum, zaak.einddatum, zaak.onvolledig, huidig.id AS status_id,
    (SELECT jsonb_agg(jsonb_build_object('rol', b.rol, 'soort', b.soort, 'identificatie', b.identificatie,
                      'naam', b.naam, 'emailadres', b.emailadres, 'gegevens', b.gegevens) ORDER BY b.id)
       FROM betrokkene b WHERE b.zaak_id = zaak.id) AS betrokkenen
"""
"""Columns of the facts about a zaak, for a SELECT over FACTS_FROM; `facts` reads them."""

NUMMER: Final = "nextval('klantcontact_nummer') AS nummer"
"""A column that takes the number of a new klantcontact; `klantcontactidentificatie` writes it."""

FACTS_FROM: Final = """
    (SELECT 1) AS one
    LEFT JOIN zaak ON zaak.identificatie = %(zaak)s AND zaak.bronorganisatie = %(rsin)s
    LEFT JOIN LATERAL (SELECT id FROM status WHERE status.zaak_id = zaak.id AND NOT vervallen
        ORDER BY datum_status_gezet DESC, volgnummer DESC, id DESC LIMIT 1) AS huidig ON true
"""
"""The tables of FACTS. The current status: latest datumStatusGezet, then volgnummer, then arrival (mapping §2)."""

INSERT: Final = """
    nieuw AS (
        INSERT INTO klantcontact (identificatie, verantwoordelijke_organisatie, datum_tijd, type, kanaal, onderwerp,
            toelichting, groep, effect, opvoerder, medewerker, partij, partij_herkomst, uitkomst, afspraken, extra,
            bijzonderheden, zaak_id, status_id, bericht_id)
        SELECT %(identificatie)s, %(rsin)s, %(datum_tijd)s, %(type)s, %(kanaal)s, %(onderwerp)s, %(toelichting)s,
            %(groep)s, %(effect)s, %(opvoerder)s, %(medewerker)s, %(partij)s, %(partij_herkomst)s, %(uitkomst)s,
            %(afspraken)s, %(extra)s, %(bijzonderheden)s, %(zaak_id)s, %(status_id)s, bericht_nieuw.id
        FROM bericht_nieuw
        RETURNING id)
"""
"""The CTE that adds a klantcontact for the row that CTE bericht_nieuw gives (none: nothing is added); its
parameters are `parameters`."""

INSERT_INHOUDEN: Final = """
    nieuwe_inhoud AS (
        INSERT INTO document_inhoud (sha256, inhoud)
        SELECT d.sha256, d.inhoud
        FROM bericht_nieuw, unnest(%(hashes)b::bytea[], %(inhouden)b::bytea[]) AS d(sha256, inhoud)
        ON CONFLICT DO NOTHING)
"""
"""The CTE that adds the bytes of its documents, of which there must be some."""

INSERT_DOCUMENTEN: Final = """
    nieuwe_documenten AS (
        INSERT INTO informatieobject (klantcontact_id, identificatie, bronorganisatie, creatiedatum, titel,
            bestandsnaam, formaat, taal, ontvangstdatum, verzenddatum, afzender, geadresseerde, verwijzing,
            inhoud_sha256)
        SELECT nieuw.id, d.identificatie, %(rsin)s, d.creatiedatum, d.titel, d.bestandsnaam, d.formaat, d.taal,
            d.ontvangstdatum, d.verzenddatum, d.afzender, d.geadresseerde, d.verwijzing,
            decode(d.sha256, 'hex')
        FROM nieuw, jsonb_to_recordset(%(documenten)s) AS d(identificatie text, creatiedatum date, titel text,
            bestandsnaam text, formaat text, taal text, ontvangstdatum date, verzenddatum date, afzender text,
            geadresseerde text, verwijzing text, sha256 text))
"""
"""The CTE that adds its documents; its parameters are in `parameters` too."""


def facts(row: Mapping[str, Any]) -> ZaakFeiten | None:
    """Read one row of FACTS; None when the zaak is not known."""
    if row["zaak_id"] is None:
        return None
    return ZaakFeiten(
        id=row["zaak_id"],
        versie=row["versie"],
        identificatie=row["identificatie"],
        omschrijving=row["omschrijving"],
        zaaktype=row["zaaktype"],
        startdatum=row["startdatum"],
        einddatum=row["einddatum"],
        status_id=row["status_id"],
        betrokkenen=tuple(BetrokkeneFeiten(**betrokkene) for betrokkene in row["betrokkenen"] or ()),
        onvolledig=row["onvolledig"],
    )


def klantcontactidentificatie(nummer: int, *, moment: datetime) -> str:
    """KC, the year and eight digits: AN14 (docs/mapping.md §2)."""
    return f"KC{moment.year:04d}{nummer % 100_000_000:08d}"


def parameters(klantcontact: Klantcontact, *, documenten: Sequence[Informatieobject]) -> dict[str, Any]:
    """The parameters of INSERT, INSERT_INHOUDEN and INSERT_DOCUMENTEN."""
    inhouden = {d.inhoud.sha256: d.inhoud.inhoud for d in documenten if d.inhoud is not None}
    return {
        "identificatie": klantcontact.identificatie,
        "rsin": klantcontact.verantwoordelijke_organisatie,
        "datum_tijd": klantcontact.datum_tijd,
        "type": klantcontact.type,
        "kanaal": klantcontact.kanaal,
        "onderwerp": klantcontact.onderwerp,
        "toelichting": klantcontact.toelichting,
        "groep": klantcontact.groep,
        "effect": klantcontact.effect,
        "opvoerder": Jsonb(klantcontact.opvoerder),
        "medewerker": Jsonb(klantcontact.medewerker) if klantcontact.medewerker else None,
        "partij": Jsonb(klantcontact.partij) if klantcontact.partij else None,
        "partij_herkomst": klantcontact.partij_herkomst,
        "uitkomst": klantcontact.uitkomst,
        "afspraken": klantcontact.afspraken,
        "extra": Jsonb(klantcontact.extra),
        "bijzonderheden": Jsonb(klantcontact.bijzonderheden),
        "zaak_id": klantcontact.zaak_id,
        "status_id": klantcontact.status_id,
        "hashes": list(inhouden),
        "inhouden": list(inhouden.values()),
        "documenten": Jsonb([_document(document) for document in documenten]),
    }


def _document(document: Informatieobject) -> dict[str, Any]:
    # Of a stored document the bytes are not read for this.
    sha256 = document.inhoud_sha256 or (document.inhoud and document.inhoud.sha256)
    return {
        "identificatie": document.identificatie,
        "creatiedatum": document.creatiedatum.isoformat(),
        "titel": document.titel,
        "bestandsnaam": document.bestandsnaam,
        "formaat": document.formaat,
        "taal": document.taal,
        "ontvangstdatum": document.ontvangstdatum and document.ontvangstdatum.isoformat(),
        "verzenddatum": document.verzenddatum and document.verzenddatum.isoformat(),
        "afzender": document.afzender,
        "geadresseerde": document.geadresseerde,
        "verwijzing": document.verwijzing,
        "sha256": sha256.hex() if sha256 else None,
    }


def zaak_feiten(session: Session, identificatie: str, *, rsin: str) -> ZaakFeiten | None:
    """The facts about a zaak, which until the end of the transaction nobody changes; None when it is not known."""
    known = select(Zaak.id).where(Zaak.identificatie == identificatie, Zaak.bronorganisatie == rsin)
    session.execute(known.with_for_update(read=True))
    row = session.connection().exec_driver_sql(
        f"SELECT {FACTS} FROM {FACTS_FROM}", {"zaak": identificatie, "rsin": rsin}
    )
    return facts(row.mappings().one())


def load_klantcontact(
    session: Session, identificatie: str, *, rsin: str, versie: int | None = None, document: str | None = None
) -> Klantcontact:
    """A klantcontact as it is, or was at `versie`, with what a message about it needs; the session lets go of it.

    Of the documents only `document` comes with its bytes. LookupError when the klantcontact, that version of it or
    the document is unknown.
    """
    found = session.scalars(
        _klantcontact(identificatie, rsin=rsin).options(
            joinedload(Klantcontact.zaak).selectinload(Zaak.betrokkenen),
            joinedload(Klantcontact.status),
            selectinload(Klantcontact.informatieobjecten),
        )
    ).one_or_none()
    if found is None:
        raise LookupError("no such klantcontact")
    versie = found.versie if versie is None else versie
    was = None if versie == found.versie else session.get(KlantcontactVersie, (found.id, versie))
    if versie != found.versie and was is None:
        raise LookupError("no such version of the klantcontact")
    documenten = [d for d in found.informatieobjecten if d.sinds <= versie and (d.tot is None or versie < d.tot)]
    wanted = [d for d in documenten if d.identificatie == document]
    if document is not None and not wanted:
        raise LookupError("no such document")
    for informatieobject in wanted:
        session.refresh(informatieobject, ["inhoud"])
    zaak = found.zaak
    if was is not None and was.gegevens["zaak_id"] != found.zaak_id:
        zaak = session.get(Zaak, was.gegevens["zaak_id"]) if was.gegevens["zaak_id"] else None
    session.expunge_all()
    if was is not None:
        for name, value in was.gegevens.items():
            setattr(found, name, datetime.fromisoformat(value) if name == "datum_tijd" else value)
        found.versie = versie
        found.zaak = zaak
    found.informatieobjecten = documenten
    return found


def lock_klantcontact(session: Session, identificatie: str, *, rsin: str) -> Klantcontact | None:
    """A klantcontact that nobody else changes until the end of the transaction; None when there is none."""
    return session.scalars(_klantcontact(identificatie, rsin=rsin).with_for_update()).one_or_none()


def replace_klantcontact(
    session: Session, current: Klantcontact, new: Klantcontact, *, documenten: Sequence[Informatieobject]
) -> "Vervangen":
    """Let `new` and `documenten` take the place of what a locked klantcontact says, and keep what it said."""
    session.add(_version(current))
    current.versie += 1
    for name in _CORRECTED:
        setattr(current, name, getattr(new, name))
    present = {d.identificatie: d for d in current.informatieobjecten if d.tot is None}
    given = {d.identificatie: d for d in documenten}
    kept = {n for n, d in given.items() if n in present and _document(d) == _document(present[n])}
    for name, old in present.items():
        if name not in kept:
            old.tot = current.versie
    for name, informatieobject in given.items():
        if name not in kept:
            informatieobject.sinds = current.versie
            if informatieobject.inhoud is not None:
                informatieobject.inhoud = session.merge(informatieobject.inhoud)
            current.informatieobjecten.append(informatieobject)
    return Vervangen(
        nieuw=tuple(n for n in given if n not in present),
        gewijzigd=tuple(n for n in given if n in present and n not in kept),
        gelijk=tuple(n for n in given if n in kept),
        vervallen=tuple(n for n in present if n not in given),
    )


def withdraw_klantcontact(session: Session, current: Klantcontact) -> "Vervangen":
    """Take a locked klantcontact and its documents out of the dossier, and keep what it was."""
    session.add(_version(current))
    current.versie += 1
    current.ingetrokken = True
    present = [d for d in current.informatieobjecten if d.tot is None]
    for informatieobject in present:
        informatieobject.tot = current.versie
    return Vervangen(vervallen=tuple(d.identificatie for d in present))


@dataclass(frozen=True, slots=True)
class Vervangen:
    """What became of the documents of a klantcontact that was changed, by their identificatie."""

    nieuw: tuple[str, ...] = ()
    gewijzigd: tuple[str, ...] = ()
    gelijk: tuple[str, ...] = ()
    vervallen: tuple[str, ...] = ()


_CORRECTED: Final = (
    "datum_tijd",
    "type",
    "kanaal",
    "onderwerp",
    "toelichting",
    "groep",
    "effect",
    "opvoerder",
    "medewerker",
    "partij",
    "partij_herkomst",
    "uitkomst",
    "afspraken",
    "extra",
    "bijzonderheden",
    "zaak_id",
)
"""What a correction replaces. The status is that at which the contact was stored (rule 1), and stays."""


def _klantcontact(identificatie: str, *, rsin: str) -> Select[Klantcontact]:
    return select(Klantcontact).where(
        Klantcontact.identificatie == identificatie, Klantcontact.verantwoordelijke_organisatie == rsin
    )


def _version(klantcontact: Klantcontact) -> KlantcontactVersie:
    gegevens = {name: getattr(klantcontact, name) for name in _CORRECTED}
    gegevens["datum_tijd"] = klantcontact.datum_tijd.isoformat()
    return KlantcontactVersie(klantcontact_id=klantcontact.id, versie=klantcontact.versie, gegevens=gegevens)


def load_inhoud(session: Session, sha256: bytes) -> bytes:
    """The bytes of a document by their hash. LookupError when they are not here (any longer)."""
    found = session.scalar(select(DocumentInhoud.inhoud).where(DocumentInhoud.sha256 == sha256))
    if found is None:
        raise LookupError("no such document")
    return found


def verwerk(session: Session, mutatie: ZaakMutatie, *, rsin: str, versie: int | None = None) -> Zaak | None:
    """Take over what a message says about a zaak; a zaak first heard of in a change is marked onvolledig.

    mutatiesoort V means that the zaak is no longer relevant to the sender, not that it is gone (StUF 03.01 §5.1):
    the dossier stays. Two messages about one zaak are taken one after the other, by the lock on its row. `versie`
    (0: not known) is that at which somebody was asked: when the zaak changed since, the answer is the older news.

    None when there is no such zaak and none was made. Raises errors.Refusal where the dossier does not allow it.
    """
    if mutatie.opgegaan_in:
        return _merge(session, mutatie, rsin=rsin)
    zaak = _locked(session, mutatie.identificatie, rsin=rsin)
    if zaak is None and mutatie.bekend:
        return None
    if zaak is None:
        inserted = (
            insert(Zaak)
            .values(
                identificatie=mutatie.identificatie,
                bronorganisatie=rsin,
                omschrijving="",
                zaaktype="",
                zaaktype_omschrijving="",
                onvolledig=mutatie.mutatiesoort != "T",
                versie=0,
            )
            .on_conflict_do_nothing()
        )
        session.execute(inserted)
        zaak = _locked(session, mutatie.identificatie, rsin=rsin)
        if zaak is None:
            raise LookupError("the zaak that was just inserted is not there")
    if versie is not None and zaak.versie != versie:
        return zaak
    if mutatie.mutatiesoort == "T":
        zaak.onvolledig = False
    for name, value in mutatie.velden.items():
        setattr(zaak, name, value)
    _take_statuses(zaak, mutatie)
    _take_betrokkenen(zaak, mutatie)
    zaak.versie += 1
    return zaak


def same_betrokkene(one: Betrokkene | BetrokkeneMutatie, other: Betrokkene | BetrokkeneMutatie) -> bool:
    """The same relation: rol, soort and number, or the name where no number is known."""
    if (one.rol, one.soort) != (other.rol, other.soort):
        return False
    if one.identificatie or other.identificatie:
        return one.identificatie == other.identificatie
    return (one.naam or "") == (other.naam or "")


def same_status(one: Status | StatusMutatie, other: StatusMutatie) -> bool:
    """The same by volgnummer and moment; what one of them does not say, or 0 as volgnummer, decides nothing."""
    numbers = one.volgnummer or None, other.volgnummer or None
    moments = one.datum_status_gezet, other.datum_status_gezet
    if moments[0] != moments[1]:
        return None in moments and numbers[0] is not None and numbers[0] == numbers[1]
    if None in numbers:
        return moments[0] is not None and (one.omschrijving == other.omschrijving or other.omschrijving is None)
    return numbers[0] == numbers[1]


def _take_statuses(zaak: Zaak, mutatie: ZaakMutatie) -> None:
    for gone in mutatie.vervallen_statussen:
        for status in zaak.statussen:
            if same_status(status, gone):
                status.vervallen = True
    for new in mutatie.statussen:
        # The one with this very volgnummer goes first: no two may have it at one moment.
        like = [status for status in zaak.statussen if same_status(status, new)]
        known = min(like, key=lambda status: status.volgnummer != new.volgnummer, default=None)
        if known is not None:
            known.vervallen = False
            known.volgnummer = new.volgnummer or known.volgnummer
            known.omschrijving = known.omschrijving if new.omschrijving is None else new.omschrijving
            known.toelichting = known.toelichting if new.toelichting is None else new.toelichting
        elif new.datum_status_gezet is not None:
            zaak.statussen.append(
                Status(
                    volgnummer=new.volgnummer or 0,
                    omschrijving=new.omschrijving or "",
                    datum_status_gezet=new.datum_status_gezet,
                    toelichting=new.toelichting or "",
                )
            )


def _take_betrokkenen(zaak: Zaak, mutatie: ZaakMutatie) -> None:
    # A zaak has one initiator: who is named now takes the place of who was.
    initiators = [b for b in mutatie.betrokkenen if b.rol == "Initiator"]
    followed = [b for b in zaak.betrokkenen if initiators and b.rol == "Initiator"]
    gone: list[Betrokkene | BetrokkeneMutatie] = [*mutatie.vervallen]
    gone += [b for b in followed if not any(same_betrokkene(b, new) for new in initiators)]
    for betrokkene in [b for b in zaak.betrokkenen if any(same_betrokkene(b, g) for g in gone)]:
        zaak.betrokkenen.remove(betrokkene)
    for new in mutatie.betrokkenen:
        known = next((b for b in zaak.betrokkenen if same_betrokkene(b, new)), None)
        if known is None:
            known = Betrokkene(rol=new.rol, soort=new.soort, identificatie=new.identificatie)
            zaak.betrokkenen.append(known)
        known.naam = known.naam if new.naam is None else new.naam
        known.emailadres = known.emailadres if new.emailadres is None else new.emailadres
        merged = {**known.gegevens, **new.gegevens}
        known.gegevens = {name: value for name, value in merged.items() if value != ""}


def _merge(session: Session, mutatie: ZaakMutatie, *, rsin: str) -> Zaak | None:
    """A zaak that was registered twice: the one that goes is forgotten, unless it has a dossier here.

    Contacts of the one have been exchanged under its identificatie, and no receiver would follow us to the other.
    """
    both = sorted((mutatie.identificatie, mutatie.opgegaan_in))
    locked = {identificatie: _locked(session, identificatie, rsin=rsin) for identificatie in both}
    gone, stays = locked[mutatie.identificatie], locked[mutatie.opgegaan_in]
    if gone is None:
        return stays
    for table in (Klantcontact, Informatieobject):
        if session.scalar(select(table.id).where(table.zaak_id == gone.id).limit(1)) is not None:
            raise Refusal(
                "StUF058",
                violations=[
                    Violation(
                        rule="StUF058",
                        message=Text(
                            "De zaak die vervalt heeft hier klantcontacten; dossiers worden niet samengevoegd",
                            "The zaak that goes has klantcontacten here; dossiers are not merged",
                        ),
                        hint=Text(
                            "Sluit die zaak met een einddatum (mutatiesoort W); haar dossier blijft dan bewaard.",
                            "Close that zaak with an einddatum (mutatiesoort W); its dossier is then kept.",
                        ),
                        element="ZKN:identificatie",
                    )
                ],
            )
    for status in gone.statussen:
        session.delete(status)
    session.delete(gone)
    return stays


def _locked(session: Session, identificatie: str, *, rsin: str) -> Zaak | None:
    return session.scalars(
        select(Zaak).where(Zaak.identificatie == identificatie, Zaak.bronorganisatie == rsin).with_for_update()
    ).one_or_none()
