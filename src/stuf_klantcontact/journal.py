"""Every message in and out, raw bytes and verdict, never changed.

A row is written once: an incoming message in the same statement as what it brought about, an outgoing one after its
answer; it goes when its time is over. Of the accepted messages of a zender a referentienummer occurs once
(promise 2), which the database guards.
What can go wrong: the database (sqlalchemy.exc.SQLAlchemyError, psycopg.Error).

StUF 03.01 §4.3 and §4.4 (safe storage before Bv03).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import psycopg
from sqlalchemy import DateTime, Identity, Index, LargeBinary, String, desc, func, or_, select, text
from sqlalchemy.orm import Mapped, MappedAsDataclass, Session, defer, mapped_column

from stuf_klantcontact.store import Base, Moment, Step
from stuf_klantcontact.tijdstip import Bounds

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
    """The latest tijdstipBericht of a zender whose order is guarded, over all ports and berichtcodes (StUF019).

    Digits without a zone are compared with digits, moments with a zone with moments; where the two meet, digits
    get the benefit of the doubt in the hour that comes twice.
    """

    __tablename__ = "zender_klok"

    systeem: Mapped[str] = mapped_column(primary_key=True, doc="Systeem.sleutel")
    tijdstip: Mapped[Moment] = mapped_column(doc="the latest; of digits the earliest moment that they can be")
    lokaal: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=False), default=None, doc="the latest without a zone, in Dutch local time as it was sent"
    )


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

_LATER: Final = """z.tijdstip < %(klok_latest)s::timestamptz
        AND coalesce(z.lokaal < %(klok_lokaal)s::timestamp, true)"""

KLOK: Final = f"NOT coalesce({_LATER}, true) AS te_vroeg"
"""Column for a SELECT over KLOK_FROM: the tijdstipBericht is not later than that of a message before it."""

KLOK_FROM: Final = " LEFT JOIN zender_klok z ON z.systeem = %(systeem)s "

TICK: Final = f"""
    klok AS (
        INSERT INTO zender_klok AS z (systeem, tijdstip, lokaal)
        VALUES (%(systeem)s, %(klok_earliest)s::timestamptz, %(klok_lokaal)s::timestamp)
        ON CONFLICT (systeem) DO UPDATE
           SET tijdstip = greatest(z.tijdstip, excluded.tijdstip), lokaal = coalesce(excluded.lokaal, z.lokaal)
         WHERE {_LATER}
        RETURNING 1)
"""
"""The CTE that moves the clock of a zender on, and gives no row when the message comes too early."""

TICKED: Final = "EXISTS (SELECT FROM klok)"
"""The condition that it did."""

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


OUTGOING: Final = """
    bericht_uit AS (
        INSERT INTO bericht (richting, partner, systeem, referentienummer, berichtcode, operatie, raw, verdict,
            code, rules, antwoord)
        VALUES ('uit', %(partner)s, '', %(referentienummer)s, %(berichtcode)s, %(operatie)s, %(raw)b, %(verdict)s,
            %(code)s, '', %(antwoord)b))
"""
"""The CTE that writes down one attempt to send: what went out and what came back."""

_OUTGOING_COLUMNS: Final = (
    "partner",
    "referentienummer",
    "berichtcode",
    "operatie",
    "raw",
    "antwoord",
    "verdict",
    "code",
)

OUTGOING_ALL: Final = """
    bericht_uit AS (
        INSERT INTO bericht (richting, systeem, rules, partner, referentienummer, berichtcode, operatie, raw,
            antwoord, verdict, code)
        SELECT 'uit', '', '', partner, referentienummer, berichtcode, operatie, raw, antwoord, verdict, code
          FROM unnest(%(uit_partner)s::text[], %(uit_referentienummer)s::text[], %(uit_berichtcode)s::text[],
                      %(uit_operatie)s::text[], %(uit_raw)b::bytea[], %(uit_antwoord)b::bytea[],
                      %(uit_verdict)s::text[], %(uit_code)s::text[])
               WITH ORDINALITY AS u(partner, referentienummer, berichtcode, operatie, raw, antwoord, verdict, code,
                                    place)
         ORDER BY place)
"""
"""The same of several; `outgoing` has its parameters."""


def outgoing(exchanges: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters of OUTGOING_ALL, of what are those of OUTGOING for each."""
    return {f"uit_{name}": [exchange[name] for exchange in exchanges] for name in _OUTGOING_COLUMNS}


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


def klok_parameters(bounds: Bounds) -> dict[str, datetime | None]:
    """The parameters of KLOK and TICK, besides `systeem`, for a tijdstipBericht."""
    return {"klok_earliest": bounds.earliest, "klok_latest": bounds.latest, "klok_lokaal": bounds.lokaal}


def tick(session: Session, bounds: Bounds, *, systeem: str) -> bool:
    """Move the clock of a zender on; false: this message is not later than every one that was accepted.

    Who else sends in the name of the same systeem waits here until this transaction ends.
    """
    parameters = {"systeem": systeem, **klok_parameters(bounds)}
    moved = session.connection().exec_driver_sql(f"WITH {TICK} SELECT 1 FROM klok", parameters)
    return moved.first() is not None


def record_incoming(session: Session, *, raw: bytes, antwoord: bytes, **rest: Any) -> int:
    """Write down an accepted message outside intake's one statement, and give its id.

    IntegrityError: it was accepted before.
    """
    bericht = Bericht(richting="in", raw=raw, antwoord=antwoord, verdict="accepted", **rest)
    session.add(bericht)
    session.flush()
    return bericht.id


def partner(session: Session, bericht: int | None) -> str:
    """Whose message it was; "" when that is not known."""
    return session.scalar(select(Bericht.partner).where(Bericht.id == bericht)) or ""


def systeem(session: Session, bericht: int | None) -> str:
    """The sleutel (organisatie|applicatie|administratie) of the system whose message it was; "" when not known."""
    return session.scalar(select(Bericht.systeem).where(Bericht.id == bericht)) or ""


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


@dataclass(frozen=True, slots=True)
class Forgiven:
    """How often a rule was forgiven a partner, and when last."""

    partner: str
    rule: str
    times: int
    last: datetime


def forgiven(session: Session, *, since: datetime | None = None) -> list[Forgiven]:
    """What was forgiven zenders that are not strikt, the most frequent first."""
    rule = func.unnest(func.string_to_array(Bericht.rules, " ")).label("rule")
    rows = select(Bericht.partner, rule, Bericht.moment).where(
        Bericht.richting == "in", Bericht.verdict == "accepted", Bericht.rules.like("%MILD-%")
    )
    if since is not None:
        rows = rows.where(Bericht.moment >= since)
    found = rows.subquery()
    times = func.count().label("times")
    query = (
        select(found.c.partner, found.c.rule, times, func.max(found.c.moment))
        .where(found.c.rule.like("MILD-%"))
        .group_by(found.c.partner, found.c.rule)
        .order_by(desc(times), found.c.partner, found.c.rule)
    )
    return [Forgiven(*row) for row in session.execute(query)]


def find(session: Session, reference: str) -> list[Bericht]:
    """Messages by referentienummer or by journal number, oldest first."""
    conditions = [Bericht.referentienummer == reference]
    if re.fullmatch("[0-9]{1,18}", reference):
        conditions.append(Bericht.id == int(reference))
    return list(session.scalars(select(Bericht).where(or_(*conditions)).order_by(Bericht.id)))


REPEAT_DAYS: Final = 30
"""Days in which a repeat of an accepted message gets its answer again, however short the journal keeps messages."""

_PAGE: Final = "(SELECT id FROM bericht WHERE id > %(after)s ORDER BY id LIMIT %(page)s)"
# What a klantcontact refers to says whose it is. Its answer has no personal data, and stays for a repeat.
_GOES: Final = """
    b.moment < %(before)s AND (
        b.richting = 'uit' OR b.verdict <> 'accepted' OR (
            b.moment < %(before_repeat)s AND NOT EXISTS (SELECT FROM klantcontact k WHERE k.bericht_id = b.id)
        )
    )
"""
_LENGTH: Final = "octet_length(b.raw) + coalesce(octet_length(b.antwoord), 0)"
_NEXT: Final = f"""
    (SELECT CASE WHEN min(p.moment) < %(before)s THEN max(p.id) END
       FROM bericht p WHERE p.id IN {_PAGE})
"""
_COUNT: Final = f"""
SELECT {_NEXT}, count(*), coalesce(sum(CASE WHEN {_GOES} THEN {_LENGTH} ELSE octet_length(b.raw) END), 0)::bigint
  FROM bericht b WHERE b.id IN {_PAGE} AND b.moment < %(before)s AND (b.raw <> '' OR {_GOES})
"""
_FORGET: Final = f"""
WITH old AS (
    SELECT b.id, {_GOES} AS goes, {_LENGTH} AS length, octet_length(b.raw) AS raw
      FROM bericht b
     WHERE b.id IN {_PAGE} AND b.moment < %(before)s AND (b.raw <> '' OR {_GOES})
       FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM bericht b USING old WHERE b.id = old.id AND old.goes
), emptied AS (
    UPDATE bericht b SET raw = '' FROM old WHERE b.id = old.id AND NOT old.goes
)
SELECT {_NEXT}, count(*), coalesce(sum(CASE WHEN goes THEN length ELSE raw END), 0)::bigint FROM old
"""


def forget(
    connection: psycopg.Connection, *, after: int, before: datetime, now: datetime, page: int, dry: bool = False
) -> Step:
    """Let go of messages from before a moment, a page of them.

    An accepted message loses its bytes, but keeps its number, hash and answer for REPEAT_DAYS, and for ever when a
    klantcontact came with it; of the others nothing stays.
    """
    values = {
        "after": after,
        "before": before,
        "before_repeat": min(before, now - timedelta(days=REPEAT_DAYS)),
        "page": page,
    }
    row = connection.execute((_COUNT if dry else _FORGET).encode(), values).fetchone()
    if row is None:
        raise LookupError("an aggregate that gave nothing")
    return Step(*row)
