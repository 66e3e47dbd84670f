"""Every message in and out, raw bytes and verdict, never changed.

A row is written once: an incoming message in the same statement as what it brought about, an outgoing one after its
answer. Of the accepted messages of a zender a referentienummer occurs once (promise 2), which the database guards.
What can go wrong: the database (sqlalchemy.exc.SQLAlchemyError, psycopg.Error).

StUF 03.01 §4.3 and §4.4 (safe storage before Bv03).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Identity, Index, LargeBinary, String, desc, func, or_, select, text
from sqlalchemy.orm import Mapped, MappedAsDataclass, Session, defer, mapped_column

from stuf_klantcontact.store import Base, Moment

Verdict = Literal["accepted", "refused", "repeated", "unreadable", "delivered", "deferred"]


class Bericht(MappedAsDataclass, Base, kw_only=True):
    """One message: `richting` in or uit, who sent it, what it was, what we found, and the answer."""

    __tablename__ = "bericht"
    __table_args__ = (
        Index(
            "bericht_accepted_once",
            "systeem",
            "referentienummer",
            unique=True,
            postgresql_where=text("richting = 'in' AND verdict = 'accepted' AND referentienummer <> ''"),
        ),
        Index("bericht_referentienummer", "referentienummer"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    richting: Mapped[str] = mapped_column(String(3))
    moment: Mapped[Moment] = mapped_column(server_default=func.clock_timestamp(), init=False)
    partner: Mapped[str] = mapped_column(doc="applicatie of the authenticated zender, or the abonnee")
    systeem: Mapped[str] = mapped_column(default="", doc="zender of the stuurgegevens: Systeem.sleutel")
    referentienummer: Mapped[str] = mapped_column(default="")
    berichtcode: Mapped[str] = mapped_column(default="")
    operatie: Mapped[str] = mapped_column(default="", doc="local name of the message")
    raw: Mapped[bytes] = mapped_column(repr=False, doc="the request body as it came in, or as it was sent")
    hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), default=None, doc="SHA-256, exclusive C14N")
    verdict: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(default="", doc="StUF error code, or what a receiver answered")
    rules: Mapped[str] = mapped_column(default="", doc="rule ids of the findings, with spaces between")
    antwoord: Mapped[bytes | None] = mapped_column(
        default=None, repr=False, doc="the answer as it was sent or came"
    )


class ZenderKlok(MappedAsDataclass, Base, kw_only=True):
    """The latest tijdstipBericht of a zender that asked us to guard it (StUF019)."""

    __tablename__ = "zender_klok"

    systeem: Mapped[str] = mapped_column(primary_key=True, doc="Systeem.sleutel")
    tijdstip: Mapped[Moment]


@dataclass(frozen=True, slots=True)
class Previous:
    """An accepted message with the same zender and referentienummer: its hash, and the answer it got."""

    hash: bytes
    antwoord: bytes


PREVIOUS: Final = "vorig.hash AS vorig_hash, vorig.antwoord AS vorig_antwoord"
"""Columns for a SELECT over PREVIOUS_FROM; `previous` reads them."""

PREVIOUS_FROM: Final = """
    LEFT JOIN bericht vorig ON vorig.systeem = %(systeem)s AND vorig.referentienummer = %(referentienummer)s
        AND vorig.richting = 'in' AND vorig.verdict = 'accepted' AND vorig.referentienummer <> ''
"""

INSERT: Final = """
    bericht_nieuw AS (
        INSERT INTO bericht (richting, partner, systeem, referentienummer, berichtcode, operatie, raw, hash,
            verdict, code, rules, antwoord)
        SELECT 'in', %(partner)s, %(systeem)s, %(referentienummer)s, %(berichtcode)s, %(operatie)s, %(raw)b,
            %(hash)b, %(verdict)s, %(code)s, %(rules)s, %(antwoord)b
        WHERE {condition}
        ON CONFLICT DO NOTHING RETURNING id)
"""
"""The CTE that writes an incoming message, if `condition` holds and it was not accepted before."""


def previous(row: Mapping[str, Any]) -> Previous | None:
    """Read PREVIOUS of a row; None when the message is new."""
    if row["vorig_hash"] is None:
        return None
    return Previous(hash=bytes(row["vorig_hash"]), antwoord=bytes(row["vorig_antwoord"]))


def accepted_before(session: Session, *, systeem: str, referentienummer: str) -> Previous | None:
    """The message that was accepted under this number; None when it is new, or has no number to know it by."""
    found = session.execute(
        select(Bericht.hash, Bericht.antwoord).where(
            Bericht.systeem == systeem,
            Bericht.referentienummer == referentienummer,
            Bericht.referentienummer != "",
            Bericht.richting == "in",
            Bericht.verdict == "accepted",
        )
    ).one_or_none()
    return None if found is None else Previous(hash=bytes(found.hash), antwoord=bytes(found.antwoord))


def record_incoming(session: Session, *, raw: bytes, antwoord: bytes, **rest: Any) -> None:
    """Write down an accepted message outside intake's one statement; IntegrityError: it was accepted before."""
    session.add(Bericht(richting="in", raw=raw, antwoord=antwoord, verdict="accepted", **rest))
    session.flush()


def record_outgoing(
    session: Session,
    *,
    partner: str,
    referentienummer: str,
    berichtcode: str,
    operatie: str,
    raw: bytes,
    antwoord: bytes | None,
    verdict: Verdict,
    code: str,
) -> None:
    """Write down one attempt to send: what went out and what came back."""
    session.add(
        Bericht(
            richting="uit",
            partner=partner,
            referentienummer=referentienummer,
            berichtcode=berichtcode,
            operatie=operatie,
            raw=raw,
            antwoord=antwoord,
            verdict=verdict,
            code=code,
        )
    )


def recent(session: Session, *, limit: int = 50, since: datetime | None = None) -> list[Bericht]:
    """The newest messages first, without their bytes."""
    query = select(Bericht).options(defer(Bericht.raw), defer(Bericht.antwoord)).order_by(desc(Bericht.id))
    if since is not None:
        query = query.where(Bericht.moment >= since)
    return list(session.scalars(query.limit(limit)))


def find(session: Session, reference: str) -> list[Bericht]:
    """Messages by referentienummer or by journal number, oldest first."""
    conditions = [Bericht.referentienummer == reference]
    if re.fullmatch("[0-9]{1,18}", reference):
        conditions.append(Bericht.id == int(reference))
    return list(session.scalars(select(Bericht).where(or_(*conditions)).order_by(Bericht.id)))
