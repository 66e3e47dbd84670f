"""Questions to the dossier: klantcontacten and zaken by what is known of them, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from stuf_klantcontact.rgbz.tables import Klantcontact, Zaak

Vergelijking = Literal["gelijk", "begin", "eind", "bevat", "vanaf", "totEnMet"]


@dataclass(frozen=True, slots=True)
class Voorwaarde:
    """What a field must be; "" as value of `gelijk` means that it must have none."""

    veld: str
    vergelijking: Vergelijking
    waarde: str | datetime


_KLANTCONTACT: Final[Mapping[str, Any]] = {
    "identificatie": Klantcontact.identificatie,
    "verantwoordelijke_organisatie": Klantcontact.verantwoordelijke_organisatie,
    "datum_tijd": Klantcontact.datum_tijd,
    "kanaal": Klantcontact.kanaal,
    "zaak": Zaak.identificatie,
    "zaak_bronorganisatie": Zaak.bronorganisatie,
    "bsn": Klantcontact.partij["bsn"].astext,
    "anp_identificatie": Klantcontact.partij["anpIdentificatie"].astext,
    "vestigingsnummer": Klantcontact.partij["vestigingsnummer"].astext,
    "medewerker": Klantcontact.medewerker["identificatie"].astext,
}
_ZAAK: Final[Mapping[str, Any]] = {"identificatie": Zaak.identificatie, "bronorganisatie": Zaak.bronorganisatie}
_EXCHANGED: Final = and_(
    Klantcontact.effect == "uitgewisseld", Klantcontact.groep == "persoonlijk", Klantcontact.ingetrokken.is_(False)
)
"""RGBZ 2.0 exchanges personal contacts about a zaak, and answers with no others."""


def zoek_klantcontacten(
    session: Session,
    voorwaarden: Sequence[Voorwaarde],
    *,
    rsin: str,
    orde: Sequence[str],
    na: Sequence[str | datetime] = (),
    limit: int,
) -> list[Klantcontact]:
    """The klantcontacten that meet every condition, in the order of the fields `orde`, which tells each apart.

    `na`: only what comes after these values of the fields of `orde`.
    """
    query = _klantcontacten(select(Klantcontact), voorwaarden, rsin=rsin)
    query = _page(query, [_KLANTCONTACT[veld] for veld in orde], na=na).limit(limit)
    return list(
        session.scalars(
            query.options(joinedload(Klantcontact.zaak), selectinload(Klantcontact.informatieobjecten))
        ).unique()
    )


def tel_klantcontacten(session: Session, voorwaarden: Sequence[Voorwaarde], *, rsin: str) -> int:
    """How many there are."""
    return session.scalar(_klantcontacten(select(func.count(Klantcontact.id)), voorwaarden, rsin=rsin)) or 0


def zoek_zaken(
    session: Session,
    voorwaarden: Sequence[Voorwaarde],
    *,
    rsin: str,
    na: Sequence[str | datetime] = (),
    limit: int,
) -> list[Zaak]:
    """The zaken that meet every condition, by identificatie."""
    query = _page(_zaken(select(Zaak), voorwaarden, rsin=rsin), [Zaak.identificatie], na=na).limit(limit)
    return list(session.scalars(query.options(selectinload(Zaak.statussen))))


def tel_zaken(session: Session, voorwaarden: Sequence[Voorwaarde], *, rsin: str) -> int:
    """How many there are."""
    return session.scalar(_zaken(select(func.count(Zaak.id)), voorwaarden, rsin=rsin)) or 0


def klantcontacten_van(session: Session, zaken: Sequence[Zaak]) -> dict[int, list[Klantcontact]]:
    """What is exchanged of these zaken, by the id of the zaak, oldest first."""
    query = (
        select(Klantcontact)
        .where(Klantcontact.zaak_id.in_([zaak.id for zaak in zaken]), _EXCHANGED)
        .options(joinedload(Klantcontact.zaak), selectinload(Klantcontact.informatieobjecten))
        .order_by(Klantcontact.datum_tijd, Klantcontact.id)
    )
    found: dict[int, list[Klantcontact]] = {zaak.id: [] for zaak in zaken}
    for klantcontact in session.scalars(query):
        if klantcontact.zaak_id is not None:
            found[klantcontact.zaak_id].append(klantcontact)
    return found


def _klantcontacten(query: Select[Any], voorwaarden: Sequence[Voorwaarde], *, rsin: str) -> Select[Any]:
    query = query.join(Klantcontact.zaak).where(Klantcontact.verantwoordelijke_organisatie == rsin, _EXCHANGED)
    return query.where(*(_meets(_KLANTCONTACT[v.veld], v) for v in voorwaarden))


def _zaken(query: Select[Any], voorwaarden: Sequence[Voorwaarde], *, rsin: str) -> Select[Any]:
    query = query.where(Zaak.bronorganisatie == rsin)
    return query.where(*(_meets(_ZAAK[v.veld], v) for v in voorwaarden))


def _page(
    query: Select[Any], columns: Sequence[InstrumentedAttribute[Any]], *, na: Sequence[str | datetime]
) -> Select[Any]:
    if na:
        query = query.where(tuple_(*columns) > tuple_(*na))
    return query.order_by(*columns)


def _meets(column: Any, voorwaarde: Voorwaarde) -> ColumnElement[bool]:
    waarde = voorwaarde.waarde
    found: ColumnElement[bool]
    if voorwaarde.vergelijking == "vanaf":
        found = column >= waarde
    elif voorwaarde.vergelijking == "totEnMet":
        found = column <= waarde
    elif voorwaarde.vergelijking == "gelijk" or not isinstance(waarde, str):
        found = column == waarde if waarde != "" else or_(column.is_(None), column == "")
    elif voorwaarde.vergelijking == "begin":
        found = column.startswith(waarde, autoescape=True)
    elif voorwaarde.vergelijking == "eind":
        found = column.endswith(waarde, autoescape=True)
    else:
        found = column.contains(waarde, autoescape=True)
    return found
