"""The whole dossier, a page at a time, for who takes it elsewhere; and what comes from elsewhere, as it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from stuf_klantcontact.rgbz.klantcontacten import load_inhoud
from stuf_klantcontact.rgbz.statement import KLANTCONTACT_NUMMER
from stuf_klantcontact.rgbz.tables import DocumentInhoud, Informatieobject, Klantcontact, Status, Zaak


def blader(
    session: Session, *, na: int, limit: int, since: datetime | None = None, zaak: str | None = None
) -> list[Klantcontact]:
    """The next klantcontacten after the id `na`, with zaak, status and documents, but without their bytes.

    `since`: from that datum_tijd on; `zaak`: of that zaakidentificatie alone. Withdrawn ones are among them.
    """
    query = _chosen(since=since, zaak=zaak).where(Klantcontact.id > na).order_by(Klantcontact.id).limit(limit)
    return list(
        session.scalars(
            query.options(
                joinedload(Klantcontact.zaak),
                joinedload(Klantcontact.status),
                selectinload(Klantcontact.informatieobjecten.and_(Informatieobject.tot.is_(None))),
            )
        )
    )


@dataclass(frozen=True, slots=True)
class Plaats:
    """Where a klantcontact is in the order of zaken, of which zaak it is, and whether it is exchanged."""

    zaak_id: int
    id: int
    identificatie: str
    effect: str
    zaakidentificatie: str
    zaaktype: str


def blader_per_zaak(session: Session, *, na: tuple[int, int], limit: int, zaak: str | None = None) -> list[Plaats]:
    """The next klantcontacten of a zaak after `na` (Plaats.zaak_id and id), the withdrawn and the kept ones too."""
    key = tuple_(Klantcontact.zaak_id, Klantcontact.id)
    klantcontact = Zaak.id, Klantcontact.id, Klantcontact.identificatie, Klantcontact.effect
    query = select(*klantcontact, Zaak.identificatie, Zaak.zaaktype).join(Klantcontact.zaak)
    query = query.where(key > na).order_by(Klantcontact.zaak_id, Klantcontact.id).limit(limit)
    if zaak is not None:
        query = query.where(Zaak.identificatie == zaak)
    return [Plaats(*row) for row in session.execute(query)]


def tel_per_zaak(session: Session, *, zaak: str | None = None) -> int:
    """How many klantcontacten `blader_per_zaak` gives in all."""
    query = select(func.count()).select_from(Klantcontact).join(Klantcontact.zaak)
    return session.scalar(query if zaak is None else query.where(Zaak.identificatie == zaak)) or 0


def bij(session: Session, plaatsen: Iterable[Plaats]) -> list[Klantcontact]:
    """The klantcontacten themselves, in the order of their zaken, with all documents that they ever had."""
    query = (
        select(Klantcontact)
        .where(Klantcontact.id.in_([plaats.id for plaats in plaatsen]))
        .order_by(Klantcontact.zaak_id, Klantcontact.id)
        .options(joinedload(Klantcontact.zaak), selectinload(Klantcontact.informatieobjecten))
    )
    return list(session.scalars(query))


def tel(session: Session, *, since: datetime | None = None, zaak: str | None = None) -> int:
    """How many klantcontacten `blader` gives in all."""
    return session.scalar(select(func.count()).select_from(_chosen(since=since, zaak=zaak).subquery())) or 0


def blader_los(
    session: Session, *, na: int, limit: int, zaak: str | None = None
) -> list[tuple[Informatieobject, Zaak | None]]:
    """The next documents of no klantcontact after the id `na`, each with its zaak, but without their bytes."""
    query = _loose(zaak=zaak).where(Informatieobject.id > na).order_by(Informatieobject.id).limit(limit)
    return [(document, found) for document, found in session.execute(query)]


def tel_los(session: Session, *, zaak: str | None = None) -> int:
    """How many documents `blader_los` gives in all."""
    loose = _loose(zaak=zaak).with_only_columns(Informatieobject.id)
    return session.scalar(select(func.count()).select_from(loose.subquery())) or 0


def lend_inhoud(session: Session, document: Informatieobject) -> None:
    """Let a document have its bytes, until `return_inhoud`. LookupError when they are not here (any longer)."""
    sha256 = document.inhoud_sha256
    if sha256 is not None:
        inhoud = DocumentInhoud(sha256=sha256, inhoud=load_inhoud(session, sha256))
        # Not an assignment: nothing of it is to be written.
        set_committed_value(document, "inhoud", inhoud)


def return_inhoud(document: Informatieobject) -> None:
    """Take the bytes of a document out of memory again."""
    set_committed_value(document, "inhoud", None)


def bekende(session: Session, identificaties: Iterable[str], *, rsin: str) -> dict[str, Klantcontact]:
    """Those of these klantcontacten that are here, withdrawn or not, with their documents."""
    query = select(Klantcontact).where(
        Klantcontact.identificatie.in_(list(identificaties)), Klantcontact.verantwoordelijke_organisatie == rsin
    )
    found = session.scalars(query.options(selectinload(Klantcontact.informatieobjecten)))
    return {klantcontact.identificatie: klantcontact for klantcontact in found}


def informatieobjecten_here(
    session: Session, identificatie: str, *, bronorganisatie: str
) -> list[Informatieobject]:
    """The present documents of that number, without their bytes."""
    query = select(Informatieobject).where(
        Informatieobject.identificatie == identificatie,
        Informatieobject.bronorganisatie == bronorganisatie,
        Informatieobject.tot.is_(None),
    )
    return list(session.scalars(query))


def add_informatieobject(session: Session, new: Informatieobject) -> None:
    """Add a document of no contact (yet); the session lets go of it and of its bytes."""
    inhoud = new.inhoud
    if inhoud is not None:
        session.execute(
            insert(DocumentInhoud).values(sha256=inhoud.sha256, inhoud=inhoud.inhoud).on_conflict_do_nothing()
        )
        # Not an assignment, which would take the hash away with the bytes.
        set_committed_value(new, "inhoud", None)
        new.inhoud_sha256 = inhoud.sha256
    session.add(new)
    session.flush()
    session.expunge(new)


def known_zaak_id(session: Session, identificatie: str, *, rsin: str) -> int | None:
    """The id of a zaak, or None when nobody told of it."""
    return session.scalar(select(Zaak.id).where(Zaak.identificatie == identificatie, Zaak.bronorganisatie == rsin))


def zaak_id(session: Session, identificatie: str, *, rsin: str, omschrijving: str) -> int:
    """The id of a zaak; one that nobody told of is made, and marked onvolledig."""
    values = {
        "identificatie": identificatie,
        "bronorganisatie": rsin,
        "omschrijving": omschrijving,
        "zaaktype": "",
        "zaaktype_omschrijving": "",
        "onvolledig": True,
        "versie": 1,
    }
    session.execute(insert(Zaak).values(**values).on_conflict_do_nothing())
    return session.execute(
        select(Zaak.id).where(Zaak.identificatie == identificatie, Zaak.bronorganisatie == rsin)
    ).scalar_one()


def status_id(session: Session, zaak: int, *, volgnummer: int, omschrijving: str, gezet: datetime) -> int:
    """The id of a status of a zaak, which is made when it is not there."""
    values = {
        "zaak_id": zaak,
        "volgnummer": volgnummer,
        "omschrijving": omschrijving,
        "datum_status_gezet": gezet,
        "toelichting": "",
    }
    session.execute(insert(Status).values(**values).on_conflict_do_nothing())
    return session.execute(
        select(Status.id).where(
            Status.zaak_id == zaak, Status.volgnummer == volgnummer, Status.datum_status_gezet == gezet
        )
    ).scalar_one()


def reserveer(session: Session, *, rsin: str) -> None:
    """Let new klantcontacten get numbers beyond those that came from elsewhere."""
    session.execute(
        text(
            f"SELECT setval('{KLANTCONTACT_NUMMER}', greatest((SELECT last_value FROM {KLANTCONTACT_NUMMER}),"
            " (SELECT max(substr(identificatie, 7)::bigint) FROM klantcontact"
            "   WHERE verantwoordelijke_organisatie = :rsin AND identificatie ~ '^KC[0-9]{12}$'), 1))"
        ),
        {"rsin": rsin},
    )


def _loose(*, zaak: str | None) -> Select[Informatieobject, Zaak]:
    query = (
        select(Informatieobject, Zaak)
        .outerjoin(Zaak, Zaak.id == Informatieobject.zaak_id)
        .where(Informatieobject.klantcontact_id.is_(None))
    )
    return query if zaak is None else query.where(Zaak.identificatie == zaak)


def _chosen(*, since: datetime | None, zaak: str | None) -> Select[Klantcontact]:
    query = select(Klantcontact)
    if since is not None:
        query = query.where(Klantcontact.datum_tijd >= since)
    if zaak is not None:
        query = query.join(Klantcontact.zaak).where(Zaak.identificatie == zaak)
    return query
