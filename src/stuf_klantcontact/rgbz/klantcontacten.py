"""A klantcontact and its documents: read, replaced and withdrawn, with what it was before."""

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, String, any_, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, class_mapper, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from stuf_klantcontact.rgbz.statement import FACTS, FACTS_FROM, ZaakFeiten, columns, facts
from stuf_klantcontact.rgbz.tables import (
    DocumentInhoud,
    Informatieobject,
    Klantcontact,
    KlantcontactVersie,
    Zaak,
)
from stuf_klantcontact.store import Base, Connection, Statement

Record = TypeVar("Record", bound=Base)

_SLICE: Final = 4_000_000

_OF_KLANTCONTACT: Final = tuple(column.name for column in Klantcontact.__table__.columns if column.name != "id")
_OF_ZAAK: Final = ("identificatie", "bronorganisatie", "omschrijving", "zaaktype", "zaaktype_omschrijving")


@dataclass(frozen=True, slots=True)
class Vervangen:
    """What became of the documents of a klantcontact that was changed, by their identificatie."""

    nieuw: tuple[str, ...] = ()
    gewijzigd: tuple[str, ...] = ()
    gelijk: tuple[str, ...] = ()
    vervallen: tuple[str, ...] = ()


def zaak_feiten(session: Session, identificatie: str, *, rsin: str) -> ZaakFeiten | None:
    """The facts about a zaak, which until the end of the transaction nobody changes; None when it is not known."""
    known = select(Zaak.id).where(Zaak.identificatie == identificatie, Zaak.bronorganisatie == rsin)
    session.execute(known.with_for_update(read=True))
    row = session.connection().exec_driver_sql(
        f"SELECT {FACTS} FROM {FACTS_FROM}", {"zaak": identificatie, "rsin": rsin}
    )
    return facts(dict(row.mappings().one()))


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
        sha256 = informatieobject.inhoud_sha256
        inhoud = DocumentInhoud(sha256=sha256, inhoud=load_inhoud(session, sha256)) if sha256 else None
        set_committed_value(informatieobject, "inhoud", inhoud)
    zaak = found.zaak
    if was is not None and was.gegevens["zaak_id"] != found.zaak_id:
        query = select(Zaak).where(Zaak.id == was.gegevens["zaak_id"]).options(selectinload(Zaak.betrokkenen))
        zaak = session.scalars(query).one_or_none()
    session.expunge_all()
    if was is not None:
        for name, value in was.gegevens.items():
            setattr(found, name, datetime.fromisoformat(value) if name == "datum_tijd" else value)
        found.versie = versie
        found.zaak = zaak
    found.informatieobjecten = documenten
    return found


_PLAIN: Final = Statement(f"""
SELECT {", ".join(f"k.{name}" for name in _OF_KLANTCONTACT)},
       {", ".join(f"z.{name} AS zaak_{name}" for name in _OF_ZAAK)}
  FROM klantcontact k
  JOIN zaak z ON z.id = k.zaak_id
 WHERE k.identificatie = ANY(%(identificaties)s::text[]) AND k.verantwoordelijke_organisatie = %(rsin)s
   AND NOT EXISTS (SELECT FROM informatieobject d WHERE d.klantcontact_id = k.id)
""")


def load_plain(connection: Connection, identificaties: Iterable[str], *, rsin: str) -> dict[str, Klantcontact]:
    """Klantcontacten as they are, by identificatie, in one statement: those with a zaak and without documents.

    With what a kennisgeving says of them and no more: neither the status nor the betrokkenen of the zaak.
    """
    rows = _PLAIN.rows(connection, {"identificaties": list(identificaties), "rsin": rsin})
    return {
        row["identificatie"]: _loaded(
            Klantcontact,
            {name: row[name] for name in _OF_KLANTCONTACT},
            informatieobjecten=[],
            zaak=_loaded(Zaak, {name: row[f"zaak_{name}"] for name in _OF_ZAAK}),
        )
        for row in rows
    }


def _loaded(kind: type[Record], columns: Mapping[str, Any], **relations: Any) -> Record:
    """A record as a session makes one of a row, at a tenth of the cost of one that is to be stored."""
    record: Record = class_mapper(kind).class_manager.new_instance()
    vars(record).update(columns, **relations)
    return record


def zaken_of(session: Session, klantcontacten: Iterable[str], *, rsin: str) -> dict[str, str]:
    """The zaakidentificatie by klantcontactidentificatie, of those that have a zaak."""
    query = (
        select(Klantcontact.identificatie, Zaak.identificatie)
        .join(Klantcontact.zaak)
        .where(
            Klantcontact.identificatie.in_(set(klantcontacten)), Klantcontact.verantwoordelijke_organisatie == rsin
        )
    )
    return dict(session.execute(query).all())


def klantcontacten_of(session: Session, bericht: int) -> list[tuple[str, str]]:
    """Klantcontact- and zaakidentificatie ("" without one) of what a message of the journal last told of."""
    query = (
        select(Klantcontact.identificatie, func.coalesce(Zaak.identificatie, ""))
        .outerjoin(Klantcontact.zaak)
        .where(Klantcontact.bericht_id == bericht)
        .order_by(Klantcontact.id)
    )
    return [(klantcontact, zaak) for klantcontact, zaak in session.execute(query)]


def lock_klantcontact(session: Session, identificatie: str, *, rsin: str) -> Klantcontact | None:
    """A klantcontact that nobody else changes until the end of the transaction; None when there is none."""
    return session.scalars(_klantcontact(identificatie, rsin=rsin).with_for_update()).one_or_none()


def ever_exchanged(session: Session, klantcontact: Klantcontact) -> bool:
    """Whether any version of it was exchanged, the present one included."""
    query = select(KlantcontactVersie.versie).where(
        KlantcontactVersie.klantcontact_id == klantcontact.id,
        KlantcontactVersie.gegevens["effect"].astext == "uitgewisseld",
    )
    return klantcontact.effect == "uitgewisseld" or session.scalars(query.limit(1)).first() is not None


def add_klantcontact(
    session: Session, klantcontact: Klantcontact, *, documenten: Sequence[Informatieobject]
) -> None:
    """Add a klantcontact that refers to documents which are here already."""
    session.add(klantcontact)
    klantcontact.informatieobjecten = list(documenten)
    session.flush()


def informatieobjecten_for(
    session: Session, current: Klantcontact | None, *, named: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Informatieobject]:
    """The documents for a (locked) klantcontact that refers to them, by identificatie and bronorganisatie.

    Its own, or one that came before it; else a copy of another's, which keeps its own. A klantcontact that was
    withdrawn has what was withdrawn with it. Those that are not here are left out. Two statements for all.
    """
    found: dict[tuple[str, str], Informatieobject] = {}
    for own in current.informatieobjecten if current is not None else ():
        if (key := _number(own)) not in named:
            continue
        if own.tot is None:
            found.setdefault(key, own)
        elif current is not None and current.ingetrokken and own.tot == current.versie:
            found.setdefault(key, copy_informatieobject(own))
    loose = select(Informatieobject).where(Informatieobject.klantcontact_id.is_(None))
    if names := _others(named, found):
        query = loose.where(_any_of(names)).order_by(Informatieobject.id).with_for_update()
        for informatieobject in session.scalars(query):
            if _number(informatieobject) in named:
                found.setdefault(_number(informatieobject), informatieobject)
    if names := _others(named, found):
        newest = select(func.max(Informatieobject.id)).where(_any_of(names), Informatieobject.tot.is_(None))
        newest = newest.group_by(Informatieobject.identificatie, Informatieobject.bronorganisatie)
        query = select(Informatieobject).where(Informatieobject.id.in_(newest)).order_by(Informatieobject.id)
        for informatieobject in session.scalars(query):
            if (key := _number(informatieobject)) in named and key not in found:
                found[key] = copy_informatieobject(informatieobject)
    return found


def _number(informatieobject: Informatieobject) -> tuple[str, str]:
    return informatieobject.identificatie, informatieobject.bronorganisatie


def _others(named: Collection[tuple[str, str]], found: Mapping[tuple[str, str], Informatieobject]) -> list[str]:
    return [key[0] for key in named if key not in found]


def _any_of(names: list[str]) -> ColumnElement[bool]:
    """One parameter, however many they are."""
    return Informatieobject.identificatie == any_(literal(names, ARRAY(String)))


def copy_informatieobject(informatieobject: Informatieobject) -> Informatieobject:
    """The same document for another klantcontact; its bytes are there once."""
    same = {name: getattr(informatieobject, name) for name in _DOCUMENT}
    return Informatieobject(
        identificatie=informatieobject.identificatie,
        bronorganisatie=informatieobject.bronorganisatie,
        inhoud_sha256=informatieobject.inhoud_sha256,
        **same,
    )


def lock_informatieobjecten(
    session: Session, identificatie: str, *, bronorganisatie: str
) -> list[Informatieobject]:
    """All present documents of that number, which nobody else changes until the end, nor the klantcontacten they
    belong to."""
    query = select(Informatieobject).where(
        Informatieobject.identificatie == identificatie,
        Informatieobject.bronorganisatie == bronorganisatie,
        Informatieobject.tot.is_(None),
    )
    # First the klantcontact and then its documents, as whoever changes one does.
    owners = select(Klantcontact.id).where(
        Klantcontact.id.in_(query.with_only_columns(Informatieobject.klantcontact_id))
    )
    session.execute(owners.order_by(Klantcontact.id).with_for_update())
    return list(session.scalars(query.order_by(Informatieobject.id).with_for_update()))


def informatieobject_was_here(session: Session, identificatie: str, *, bronorganisatie: str) -> bool:
    """Whether there is or was a document of that number."""
    query = select(Informatieobject.id).where(
        Informatieobject.identificatie == identificatie, Informatieobject.bronorganisatie == bronorganisatie
    )
    return session.scalars(query.limit(1)).first() is not None


def put_informatieobject(session: Session, stored: Informatieobject | None, new: Informatieobject) -> None:
    """Add a document, or let it take the place of the stored one."""
    if new.inhoud is not None:
        new.inhoud = session.merge(new.inhoud)
    if stored is None:
        session.add(new)
        return
    for name in _DOCUMENT:
        setattr(stored, name, getattr(new, name))
    stored.inhoud = new.inhoud


def forget_bron(session: Session, bron: str, *, document: tuple[str, str] | None = None) -> None:
    """A system no longer has what it brought: all of it, or one document (identificatie and bronorganisatie)."""
    statement = update(Informatieobject).where(Informatieobject.bron == bron).values(bron="")
    if document is not None:
        identificatie, bronorganisatie = document
        statement = statement.where(
            Informatieobject.identificatie == identificatie, Informatieobject.bronorganisatie == bronorganisatie
        )
    session.execute(statement)


def drop_informatieobject(session: Session, stored: Informatieobject) -> None:
    """Forget a document that no klantcontact refers to."""
    session.delete(stored)


_DOCUMENT: Final = (
    "creatiedatum",
    "titel",
    "bestandsnaam",
    "formaat",
    "taal",
    "ontvangstdatum",
    "verzenddatum",
    "afzender",
    "geadresseerde",
    "verwijzing",
    "zaak_id",
    "bijzonderheden",
    "bron",
)


def replace_klantcontact(
    session: Session, current: Klantcontact, new: Klantcontact, *, documenten: Sequence[Informatieobject]
) -> Vervangen:
    """Let `new` and `documenten` take the place of what a locked klantcontact says, and keep what it said.

    A klantcontact that was withdrawn is back.
    """
    session.add(_version(current))
    current.versie += 1
    current.ingetrokken = False
    for name in _CORRECTED:
        setattr(current, name, getattr(new, name))
    present = {d.identificatie: d for d in current.informatieobjecten if d.tot is None}
    given = {d.identificatie: d for d in documenten}
    kept = {n for n, d in given.items() if n in present and same_informatieobject(d, present[n])}
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


def same_informatieobject(one: Informatieobject, other: Informatieobject) -> bool:
    """Nothing of the document is other, nor what a sender said beside."""
    beside = _told(one.bijzonderheden), _told(other.bijzonderheden)
    return columns(one) == columns(other) and beside[0] == beside[1]


def same_klantcontact(current: Klantcontact, new: Klantcontact, *, documenten: Sequence[Informatieobject]) -> bool:
    """Whether `new` and `documenten` say nothing that a klantcontact does not say already: keys, and when it was
    registered, are between two systems."""
    present = {d.identificatie: d for d in current.informatieobjecten if d.tot is None}
    if present.keys() != {d.identificatie for d in documenten} or current.ingetrokken:
        return False
    if not all(same_informatieobject(d, present[d.identificatie]) for d in documenten):
        return False
    return _told(current.bijzonderheden) == _told(new.bijzonderheden) and all(
        getattr(current, name) == getattr(new, name) for name in _CORRECTED if name != "bijzonderheden"
    )


def _told(bijzonderheden: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        path: value
        for path, value in (bijzonderheden or {}).items()
        if value not in ({}, None) and "@sleutel" not in path and not path.endswith("StUF:tijdstipRegistratie")
    }


def withdraw_klantcontact(session: Session, current: Klantcontact) -> Vervangen:
    """Take a locked klantcontact and its documents out of the dossier, and keep what it was."""
    session.add(_version(current))
    current.versie += 1
    current.ingetrokken = True
    present = [d for d in current.informatieobjecten if d.tot is None]
    for informatieobject in present:
        informatieobject.tot = current.versie
    return Vervangen(vervallen=tuple(d.identificatie for d in present))


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
    """The bytes of a document by their hash. LookupError when they are not here (any longer).

    They come in slices: the driver needs six times the length of what it fetches at once.
    """
    whole = io.BytesIO()  # gives what was written without another copy
    while whole.tell() % _SLICE == 0:
        piece = func.substring(DocumentInhoud.inhoud, whole.tell() + 1, _SLICE)
        found = session.scalar(select(piece).where(DocumentInhoud.sha256 == sha256))
        if found is None:
            raise LookupError("no such document")
        if not whole.write(found):
            break
    return whole.getvalue()
