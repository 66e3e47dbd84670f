"""Questions to the dossier: klantcontacten and zaken by what is known of them, a page at a time.

What can go wrong: the database (sqlalchemy.exc.SQLAlchemyError), and a field that there is none of (KeyError: who
reads a question knows which there are). StUF 03.01 §6; stuf-facts §6.
"""

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
    """What a field must be: a text, or an aware moment for `datum_tijd`; "" with `gelijk`: it must have none.

    `begin`, `eind` and `bevat` are of texts alone, and tell capitals apart; `vanaf` and `totEnMet` include the
    value itself. A moment counts in milliseconds, as an answer tells it. StUF 03.01 §6.3.1 and §6.3.2.
    """

    veld: str
    vergelijking: Vergelijking
    waarde: str | datetime


_KLANTCONTACT: Final[Mapping[str, Any]] = {
    "identificatie": Klantcontact.identificatie,
    "verantwoordelijke_organisatie": Klantcontact.verantwoordelijke_organisatie,
    # An answer tells it in milliseconds; compared in microseconds the last of a page would come after itself.
    "datum_tijd": func.date_trunc("milliseconds", Klantcontact.datum_tijd),
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
    zaaktypen: Sequence[str] | None = None,
    limit: int,
) -> list[Klantcontact]:
    """At most `limit` klantcontacten that meet every condition, in the order of the fields `orde`.

    Only what is exchanged: personal, about a zaak, not withdrawn, of the organisation `rsin` (nine digits). `orde`
    names fields of a Voorwaarde that together tell each apart; `na`: only what comes after these values of them.
    `zaaktypen`: only about zaken of these; None: any. Each comes with its zaak and its documents, without their
    bytes; the session lets go of it, so that an answer can change nothing. KeyError: no such field.

    StUF 03.01 §6.1 (sortering), §6.3.1, §6.3.2 and §6.3.4 (vervolgvraag); stuf-facts §6.2, §6.3 and §6.5.
    """
    query = _klantcontacten(select(Klantcontact), voorwaarden, rsin=rsin, zaaktypen=zaaktypen)
    query = _page(query, [_KLANTCONTACT[veld] for veld in orde], na=[_told(waarde) for waarde in na]).limit(limit)
    query = query.options(joinedload(Klantcontact.zaak), selectinload(Klantcontact.informatieobjecten))
    found = list(session.scalars(query).unique())
    session.expunge_all()
    return found


def tel_klantcontacten(
    session: Session, voorwaarden: Sequence[Voorwaarde], *, rsin: str, zaaktypen: Sequence[str] | None = None
) -> int:
    """How many klantcontacten `zoek_klantcontacten` would find, without a limit (indicatorAantal)."""
    query = _klantcontacten(select(func.count(Klantcontact.id)), voorwaarden, rsin=rsin, zaaktypen=zaaktypen)
    return session.scalar(query) or 0


def zoek_zaken(
    session: Session,
    voorwaarden: Sequence[Voorwaarde],
    *,
    rsin: str,
    na: Sequence[str | datetime] = (),
    zaaktypen: Sequence[str] | None = None,
    limit: int,
) -> list[Zaak]:
    """At most `limit` zaken that meet every condition, by identificatie, of the organisation `rsin` (nine digits).

    `na`: nothing, or the identificatie after which to begin. `zaaktypen`: only of these; None: any. Each comes
    with its statussen; the session lets go of it. KeyError: a field that a zaak is not found by.

    StUF 03.01 §6.3.1, §6.3.2 and §6.3.4; stuf-facts §6.3 and §6.5.
    """
    query = _zaken(select(Zaak), voorwaarden, rsin=rsin, zaaktypen=zaaktypen)
    query = _page(query, [Zaak.identificatie], na=na).limit(limit)
    found = list(session.scalars(query.options(selectinload(Zaak.statussen))))
    session.expunge_all()
    return found


def tel_zaken(
    session: Session, voorwaarden: Sequence[Voorwaarde], *, rsin: str, zaaktypen: Sequence[str] | None = None
) -> int:
    """How many zaken `zoek_zaken` would find, without a limit (indicatorAantal)."""
    query = _zaken(select(func.count(Zaak.id)), voorwaarden, rsin=rsin, zaaktypen=zaaktypen)
    return session.scalar(query) or 0


def klantcontacten_van(session: Session, zaken: Sequence[Zaak], *, limit: int) -> dict[int, list[Klantcontact]]:
    """What is exchanged of these zaken, by the id of the zaak, oldest first; the session lets go of it.

    At most `limit` of them together, those of the first zaken by identificatie.
    """
    query = (
        select(Klantcontact)
        .join(Klantcontact.zaak)
        .where(Klantcontact.zaak_id.in_([zaak.id for zaak in zaken]), _EXCHANGED)
        .options(joinedload(Klantcontact.zaak), selectinload(Klantcontact.informatieobjecten))
        .order_by(Zaak.identificatie, Klantcontact.datum_tijd, Klantcontact.id)
        .limit(limit)
    )
    found: dict[int, list[Klantcontact]] = {zaak.id: [] for zaak in zaken}
    for klantcontact in session.scalars(query):
        if klantcontact.zaak_id is not None:
            found[klantcontact.zaak_id].append(klantcontact)
    session.expunge_all()
    return found


def _klantcontacten(
    query: Select[Any], voorwaarden: Sequence[Voorwaarde], *, rsin: str, zaaktypen: Sequence[str] | None
) -> Select[Any]:
    query = query.join(Klantcontact.zaak).where(Klantcontact.verantwoordelijke_organisatie == rsin, _EXCHANGED)
    if zaaktypen is not None:
        query = query.where(Zaak.zaaktype.in_(zaaktypen))
    return query.where(*(_meets(_KLANTCONTACT[v.veld], v) for v in voorwaarden))


def _zaken(
    query: Select[Any], voorwaarden: Sequence[Voorwaarde], *, rsin: str, zaaktypen: Sequence[str] | None
) -> Select[Any]:
    query = query.where(Zaak.bronorganisatie == rsin)
    if zaaktypen is not None:
        query = query.where(Zaak.zaaktype.in_(zaaktypen))
    return query.where(*(_meets(_ZAAK[v.veld], v) for v in voorwaarden))


def _page(
    query: Select[Any],
    columns: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    *,
    na: Sequence[str | datetime],
) -> Select[Any]:
    if na:
        query = query.where(tuple_(*columns) > tuple_(*na))
    return query.order_by(*columns)


def _meets(column: Any, voorwaarde: Voorwaarde) -> ColumnElement[bool]:
    waarde = _told(voorwaarde.waarde)
    found: ColumnElement[bool]
    if voorwaarde.veld == "datum_tijd" and isinstance(waarde, str):
        found = column.is_(None)
    elif voorwaarde.vergelijking == "vanaf":
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


def _told(waarde: str | datetime) -> str | datetime:
    """A moment in milliseconds, as an answer tells it."""
    return waarde if isinstance(waarde, str) else waarde.replace(microsecond=waarde.microsecond // 1000 * 1000)
