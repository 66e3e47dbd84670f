"""The whole dossier, a page at a time, for who takes it elsewhere; and what comes from elsewhere, as it was."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from stuf_klantcontact.rgbz.statement import KLANTCONTACT_NUMMER
from stuf_klantcontact.rgbz.tables import DocumentInhoud, Informatieobject, Klantcontact, Status, Zaak


def blader(
    session: Session, *, na: int, limit: int, since: datetime | None = None, zaak: str | None = None
) -> list[Klantcontact]:
    """The next klantcontacten after the id `na`, with zaak, status and documents, but without their bytes.

    `since`: from that datum_tijd on; `zaak`: of that zaakidentificatie alone. Withdrawn ones are out of it.
    """
    query = _present(since=since, zaak=zaak).where(Klantcontact.id > na).order_by(Klantcontact.id).limit(limit)
    return list(
        session.scalars(
            query.options(
                joinedload(Klantcontact.zaak),
                joinedload(Klantcontact.status),
                selectinload(Klantcontact.informatieobjecten.and_(Informatieobject.tot.is_(None))),
            )
        )
    )


def tel(session: Session, *, since: datetime | None = None, zaak: str | None = None) -> int:
    """How many klantcontacten `blader` gives in all."""
    return session.scalar(select(func.count()).select_from(_present(since=since, zaak=zaak).subquery())) or 0


def bekende(session: Session, identificaties: Iterable[str], *, rsin: str) -> set[str]:
    """Which of these klantcontacten are here, withdrawn or not."""
    query = select(Klantcontact.identificatie).where(
        Klantcontact.identificatie.in_(list(identificaties)), Klantcontact.verantwoordelijke_organisatie == rsin
    )
    return set(session.scalars(query))


def is_here(session: Session, identificatie: str, *, bronorganisatie: str) -> bool:
    """Whether there is a document of that number."""
    query = select(Informatieobject.id).where(
        Informatieobject.identificatie == identificatie, Informatieobject.bronorganisatie == bronorganisatie
    )
    return session.execute(query.limit(1)).first() is not None


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


def _present(*, since: datetime | None, zaak: str | None) -> Select[Klantcontact]:
    query = select(Klantcontact).where(Klantcontact.ingetrokken.is_(False))
    if since is not None:
        query = query.where(Klantcontact.datum_tijd >= since)
    if zaak is not None:
        query = query.join(Klantcontact.zaak).where(Zaak.identificatie == zaak)
    return query
