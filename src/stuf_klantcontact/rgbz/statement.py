"""What intake's own two statements say of these tables: facts about a zaak, and a klantcontact that is added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from stuf_klantcontact.rgbz.tables import Informatieobject, Klantcontact

KLANTCONTACT_NUMMER: Final = "klantcontact_nummer"
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
        "documenten": Jsonb([columns(document) for document in documenten]),
    }


def columns(document: Informatieobject) -> dict[str, Any]:
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
