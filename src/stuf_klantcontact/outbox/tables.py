"""The tables of the outbox. Nothing outside this package writes them."""

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column, relationship

from stuf_klantcontact.store import Base, Moment

State = Literal["waiting", "sending", "delivered", "held", "confirmed", "refused", "skipped"]


class Stream(MappedAsDataclass, Base, kw_only=True):
    """All that goes to one abonnee about one zaak (or over the whole system, or to one mail address).

    While its first open item is being sent, `due_at` is the end of the lease: a lease that runs out makes the
    stream due again, without anybody sweeping. Null: nothing is open, or the first open item is held.
    Sequences have no gaps, so the next item is known without looking for it.
    """

    __tablename__ = "outbox_stream"
    __table_args__ = (
        UniqueConstraint("abonnee", "sleutel"),
        Index("outbox_stream_due_idx", "abonnee", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        # Beside the one above it has all that is open, and no claim or settle of what is not held writes it.
        Index(
            "outbox_stream_held_idx",
            "abonnee",
            postgresql_where=text("due_at IS NULL AND open_sequence IS NOT NULL"),
        ),
        Index(
            "outbox_stream_delivered_idx",
            "abonnee",
            "delivered_at",
            postgresql_where=text("delivered_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    abonnee: Mapped[str] = mapped_column(String(60), doc='an abonnee, "mail", or "zender:" before the name of one')
    sleutel: Mapped[str] = mapped_column(doc='zaakidentificatie, mail address, or "" for volgorde systeem')
    last_sequence: Mapped[int] = mapped_column(doc="sequence of the newest item")
    open_sequence: Mapped[int | None] = mapped_column(default=None, doc="sequence of the first open item")
    due_at: Mapped[Moment | None] = mapped_column(default=None)
    fence: Mapped[int] = mapped_column(default=0, doc="rises with every claim and settle: the fencing token")
    unsettled: Mapped[int] = mapped_column(
        default=0, server_default="0", doc="claims since the last that came to an outcome"
    )
    delivered_at: Mapped[Moment | None] = mapped_column(default=None, doc="when its receiver last took an item")


OPEN_STREAM: Final = """(
    SELECT * FROM outbox_stream WHERE due_at IS NOT NULL
     UNION ALL
    SELECT * FROM outbox_stream WHERE due_at IS NULL AND open_sequence IS NOT NULL
)"""
"""The streams with something open, for a FROM; however many there ever were, through two indexes."""


class Trial(MappedAsDataclass, Base, kw_only=True):
    """The one row behind what is tried alone: the last stream of which attempt after attempt had no outcome.

    It is being tried until `until`, or until its fence has gone on.
    """

    __tablename__ = "outbox_trial"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stream_id: Mapped[int] = mapped_column(doc="Stream.id")
    fence: Mapped[int]
    until: Mapped[Moment]


class Item(MappedAsDataclass, Base, kw_only=True):
    """One message to send. What is in `body` was stamped at the first attempt and is never changed after it."""

    __tablename__ = "outbox_item"
    __table_args__ = (
        UniqueConstraint("stream_id", "sequence"),
        UniqueConstraint("referentienummer"),
        CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'held', 'confirmed', 'refused', 'skipped')", name="state"
        ),
        Index("outbox_item_klantcontact_idx", "klantcontact"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    stream_id: Mapped[int] = mapped_column(ForeignKey("outbox_stream.id"))
    stream: Mapped[Stream] = relationship(default=None, repr=False)
    sequence: Mapped[int]
    soort: Mapped[str] = mapped_column(
        String(20), doc="klcLk01, klcSa01, iobLk01, edcLk01, mail, Bv01, Du01 or Fo01"
    )
    klantcontact: Mapped[str] = mapped_column(
        String(14), doc='Klantcontact.identificatie; "" when it is about a message that brought none'
    )
    document: Mapped[str | None] = mapped_column(String(40), default=None, doc="Informatieobject.identificatie")
    mutatiesoort: Mapped[str] = mapped_column(
        String(1), default="T", server_default="T", doc="T new, C corrected, V withdrawn"
    )
    versie: Mapped[int] = mapped_column(
        default=1, server_default="1", doc="the Klantcontact.versie that it tells of"
    )
    concept: Mapped[str | None] = mapped_column(
        Text, default=None, repr=False, doc="of Bv01, Du01 and Fo01: the message, without its number and moment"
    )
    cross_refnummer: Mapped[str] = mapped_column(
        String(40), default="", server_default="", doc="of klcSa01: the referentienummer of the klcSa03 that asked"
    )
    state: Mapped[str] = mapped_column(String(10), default="waiting", doc="State")
    enqueued_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(default=0, doc="since it was enqueued or last released")
    first_attempt_at: Mapped[Moment | None] = mapped_column(default=None, doc="from here patience counts")
    next_attempt_at: Mapped[Moment | None] = mapped_column(default=None)
    delivered_at: Mapped[Moment | None] = mapped_column(default=None)
    referentienummer: Mapped[str | None] = mapped_column(String(40), default=None)
    tijdstip_bericht: Mapped[Moment | None] = mapped_column(default=None)
    action: Mapped[str | None] = mapped_column(default=None, doc="SOAPAction, without quotes")
    body: Mapped[bytes | None] = mapped_column(
        LargeBinary, default=None, repr=False, doc="what is sent, without the document at document_at"
    )
    document_sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), default=None, doc="the document that belongs in body, as base64"
    )
    document_at: Mapped[int | None] = mapped_column(default=None, doc="byte of body at which it belongs")
    documentidentificatie: Mapped[str | None] = mapped_column(
        String(40),
        default=None,
        doc="number of the zaakdocument at the receiver; taken once, whatever becomes of it",
    )
    code: Mapped[str] = mapped_column(default="", doc="of the last outcome: a StUF or HTTP code, or a word of ours")
    reason: Mapped[str] = mapped_column(default="", doc="of the last outcome, for people")


class Past(MappedAsDataclass, Base, kw_only=True):
    """An item that need not be sent any more, and was put aside: all of it but what was in its message.

    The journal has that, for as long as it keeps messages.
    """

    __tablename__ = "outbox_past"
    __table_args__ = (
        UniqueConstraint("stream_id", "sequence"),
        UniqueConstraint("referentienummer"),
        Index("outbox_past_klantcontact_idx", "klantcontact"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, doc="Item.id")
    stream_id: Mapped[int] = mapped_column(ForeignKey("outbox_stream.id"))
    sequence: Mapped[int]
    soort: Mapped[str] = mapped_column(String(20))
    klantcontact: Mapped[str] = mapped_column(String(14))
    document: Mapped[str | None] = mapped_column(String(40))
    mutatiesoort: Mapped[str] = mapped_column(String(1))
    versie: Mapped[int]
    cross_refnummer: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), doc="delivered, confirmed, refused or skipped")
    enqueued_at: Mapped[Moment]
    attempts: Mapped[int]
    delivered_at: Mapped[Moment | None]
    referentienummer: Mapped[str | None] = mapped_column(String(40))
    tijdstip_bericht: Mapped[Moment | None]
    documentidentificatie: Mapped[str | None] = mapped_column(String(40))
    code: Mapped[str]
    reason: Mapped[str]


PAST_COLUMNS: Final = ", ".join(column.name for column in Past.__table__.columns)

EVERY_ITEM: Final = f"(SELECT {PAST_COLUMNS} FROM outbox_item UNION ALL SELECT {PAST_COLUMNS} FROM outbox_past)"
"""What is to be sent and what was, for a FROM: an item is always in one of the two."""


class Event(MappedAsDataclass, Base, kw_only=True):
    """One change of state of one item; never changed. When it was enqueued, Item.enqueued_at says."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("outbox_event_item_id_idx", "item_id"),
        Index("outbox_event_referentienummer_idx", "referentienummer"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    item_id: Mapped[int] = mapped_column(doc="Item.id or Past.id")
    at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int] = mapped_column(default=0)
    referentienummer: Mapped[str | None] = mapped_column(String(40), default=None)
    code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    door: Mapped[str] = mapped_column(default="", doc="the person who asked for it; empty: delivery itself")


class Receiver(MappedAsDataclass, Base, kw_only=True):
    """An abonnee that is or was in trouble or paused, or has a pace; one that never was and has none has no row.

    Before `not_before` nothing is claimed for it, after that one probe; nothing at all while it is paused. While a
    probe is under way `not_before` is the end of its lease. Of one with a pace (per_minuut) nothing is claimed
    before `next_slot`.
    """

    __tablename__ = "outbox_receiver"

    abonnee: Mapped[str] = mapped_column(String(60), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, doc="in a row, over all its streams")
    not_before: Mapped[Moment | None] = mapped_column(default=None, doc="null: the breaker is closed")
    probing: Mapped[bool] = mapped_column(
        default=False, server_default="false", doc="not_before was set by a probe that began, not by a failure"
    )
    reason: Mapped[str] = mapped_column(default="", doc="of the last failure, for people")
    since: Mapped[Moment] = mapped_column(doc="of the first failure in that row")
    paused_since: Mapped[Moment | None] = mapped_column(default=None, doc="null: a person let it be sent to")
    paused_by: Mapped[str] = mapped_column(default="", server_default="")
    paused_reason: Mapped[str] = mapped_column(default="", server_default="")
    next_slot: Mapped[Moment | None] = mapped_column(default=None, doc="when its pace lets the next message go")


class ReceiverEvent(MappedAsDataclass, Base, kw_only=True):
    """What a person did with an abonnee; never changed."""

    __tablename__ = "outbox_receiver_event"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    abonnee: Mapped[str] = mapped_column(String(60))
    at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(10), doc="paused or resumed")
    reason: Mapped[str] = mapped_column(default="")
    door: Mapped[str] = mapped_column(doc="the person who asked for it")


class Resync(MappedAsDataclass, Base, kw_only=True):
    """One time that an abonnee was brought to the present state: who asked, for what, how far it is. Never deleted.

    It goes by zaak and by klantcontact; what lies behind the last ones of it was not offered yet.
    """

    __tablename__ = "outbox_resync"
    __table_args__ = (
        # Two at once would be the same work twice.
        Index("outbox_resync_open_idx", "abonnee", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, init=False)
    abonnee: Mapped[str] = mapped_column(String(60))
    door: Mapped[str] = mapped_column(doc="the person who asked for it")
    soort: Mapped[str] = mapped_column(String(20), doc="klcSa01 or klcLk01")
    since: Mapped[Moment | None] = mapped_column(default=None, doc="the receiver was put back to this moment")
    zaak: Mapped[str] = mapped_column(default="", doc='only this zaakidentificatie; "" is all')
    in_file: Mapped[bool] = mapped_column(
        default=False, server_default="false", doc="into a berichtenSet; its messages are taken as delivered"
    )
    begun_at: Mapped[Moment]
    ended_at: Mapped[Moment | None] = mapped_column(default=None)
    given_up: Mapped[bool] = mapped_column(default=False, doc="ended by a later one, before it was done")
    last_zaak: Mapped[int] = mapped_column(default=0, doc="Zaak.id")
    last_klantcontact: Mapped[int] = mapped_column(default=0, doc="Klantcontact.id")
    klantcontacten: Mapped[int] = mapped_column(default=0, doc="that were looked at")
    messages: Mapped[int] = mapped_column(default=0, doc="that were put into the outbox")
    replaced: Mapped[int] = mapped_column(default=0, doc="items that waited, and need not go any more")


class Clock(MappedAsDataclass, Base, kw_only=True):
    """The one row behind tijdstipBericht: strictly rising for our system, over all processes.

    Both columns rise with every message. StUF 03.02 writes `last` with its offset; StUF 03.01 writes `lokaal`,
    without a zone to tell two hours apart when summer time ends.
    """

    __tablename__ = "outbox_clock"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[Moment]
    lokaal: Mapped[datetime] = mapped_column(
        DateTime(timezone=False), doc="Dutch local time; goes on by milliseconds in the hour that comes twice"
    )
