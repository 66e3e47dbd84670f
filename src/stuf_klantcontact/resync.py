"""Bring a zaakmagazijn that is new, or was put back, to the present state: by messages in its own streams.

A step takes a page of klantcontacten, by zaak, in one transaction. It holds their streams, then reads: what was
enqueued before is seen, what comes later goes behind. What waited about these contacts is replaced, for the present
state says it all, and a receiver that lost them would refuse a correction. So nothing is missed, and nothing that
comes out is older than what came before it. How far it is stands in the database: broken off, it goes on where it
was. What can go wrong: the database (sqlalchemy.exc.SQLAlchemyError); then the last step is as if it never was.

StUF 03.01 §5.4; stuf-facts §7; docs/operations.md.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from time import sleep
from typing import Final, Literal, Protocol

from stuf_klantcontact import outbox, rgbz, stuurgegevens
from stuf_klantcontact.errors import GatewayError
from stuf_klantcontact.intake import sending
from stuf_klantcontact.outbox import Order, Resync, Sent
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.store import Database

PAGE: Final = 200
"""Klantcontacten in one transaction: their streams are held for some tenths of a second."""

POLL: Final = 0.2
"""Seconds between two looks at what is being sent."""


class Into(Protocol):
    """Takes what a resync has to say, instead of the abonnee."""

    def add(self, orders: Sequence[Order]) -> None:
        """Take the messages of a step, in their order."""

    def end(self) -> None:
        """Have all of it where it survives everything, though not yet where somebody looks for it."""

    def publish(self) -> None:
        """Let it be found."""


Soort = Literal["klcSa01", "klcLk01"]


class NotAtRest(GatewayError):
    """Something was sent to the abonnee while its file was written: what was sent may be older than the file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to bring up to date, and how much of it.

    `since`: it was put back to how it was then, so it has what it was sent before that and nothing later; without
    it, it has nothing that counts. `zaak`: of this zaakidentificatie alone. `in_file`: it gets a file, which is
    whole or is nothing, so one that was broken off is begun again.
    """

    abonnee: str
    soort: Soort = "klcSa01"
    since: datetime | None = None
    zaak: str = ""
    in_file: bool = False


def begin(database: Database, wanted: Wanted, *, door: str, anew: bool = False) -> Resync:
    """A resync to `run`: the one that was broken off, if it wanted the same and `anew` does not forbid it."""
    with database.session() as session:
        return outbox.begin_resync(
            session,
            abonnee=wanted.abonnee,
            door=door,
            soort=wanted.soort,
            since=wanted.since,
            zaak=wanted.zaak,
            in_file=wanted.in_file,
            anew=anew or wanted.in_file,
        )


def wait_until_unsent(
    database: Database, abonnee: str, *, tell: Callable[[outbox.Rest], None], pause: Callable[[float], None] = sleep
) -> bool:
    """Return when nothing is being sent to an abonnee that is paused; False at once when it is not (any longer).

    It takes no longer than a lease. `tell` gets how it is, whenever that changes.
    """
    said = None
    while True:
        with database.connection() as connection:
            now = outbox.rest(connection, abonnee=abonnee)
        if not (now.paused and now.sending):
            return now.paused
        if now != said:
            tell(now)
        said = now
        pause(POLL)


def run(
    database: Database,
    resync: Resync,
    *,
    settings: Settings,
    page: int = PAGE,
    into: Into | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Resync:
    """Take steps until it is done; the resync as it then is. Two that run the same one share the work.

    `into` gets what one that is in_file has to say. Its messages wait in the outbox until it has all of them, and
    are then taken as delivered: broken off before that, they are sent like any other. Raises NotAtRest when the
    abonnee was not paused all the time, or is being sent something still.

    `progress` gets how many klantcontacten were looked at, and how many there are.
    """
    with database.session() as session:
        total = rgbz.tel_per_zaak(session, zaak=resync.zaak or None)
        if not resync.zaak:  # it may have lost what it told us itself, and gets that from now on
            rgbz.forget_bron(session, stuurgegevens.abonnee(resync.abonnee, settings=settings).sleutel)
    given: list[int] = []
    while resync.ended_at is None:
        step = _step(database, resync, settings=settings, page=page)
        resync = step.resync
        if into is not None:
            into.add(step.orders)
            given += step.items
            if step.last:
                resync = _hand_over(database, resync, given, into=into)
        progress(resync.klantcontacten, max(total, resync.klantcontacten))
    return resync


@dataclass(frozen=True, slots=True)
class _Step:
    """The resync after a step, what the step had to say and the items that became of it; `last`: no more comes."""

    resync: Resync
    orders: Sequence[Order] = ()
    items: Sequence[int] = ()
    last: bool = False


def _step(database: Database, resync: Resync, *, settings: Settings, page: int) -> _Step:
    with database.session() as session:
        found = outbox.next_resync(session, resync.id)
        if found is None:
            return _Step(outbox.find_resync(session, resync.id))
        plaatsen = rgbz.blader_per_zaak(
            session, na=(found.last_zaak, found.last_klantcontact), limit=page, zaak=found.zaak or None
        )
        if not plaatsen:
            if not found.in_file:
                outbox.end_resync(session, found)
            return _Step(found, last=True)
        naam, names = found.abonnee, [plaats.identificatie for plaats in plaatsen]
        elders = {key for plaats in plaatsen for key in sending.elders(plaats.zaakidentificatie)}
        streams = _streams(plaatsen, settings.abonnee[naam])
        streams |= {one.sleutel for one in outbox.sent(session, abonnee=naam, klantcontacten=names)}
        outbox.hold_streams(session, abonnee=naam, sleutels=streams, elders=elders)
        sent = _by_contact(outbox.sent(session, abonnee=naam, klantcontacten=names))
        records = [
            record
            for record in rgbz.bij(session, plaatsen)
            if not _has_it_all(sent.get(record.identificatie, ()), since=found.since)
        ]
        renewed = [record.identificatie for record in records]
        found.replaced += outbox.replace_waiting(
            session, abonnee=naam, klantcontacten=renewed, door=found.door, reason=f"resync {found.id}"
        )
        is_open = outbox.open_streams(session, abonnee=naam, sleutels=elders)
        orders = [
            order
            for record in records
            for order in _orders(
                record, sent.get(record.identificatie, ()), is_open=is_open, resync=found, settings=settings
            )
        ]
        if found.in_file:
            left = outbox.sent(session, abonnee=naam, klantcontacten=renewed)
            if any(one.state == "sending" for one in left):
                raise _not_at_rest(naam)
        items = outbox.enqueue(session, orders) if orders else []
        found.messages += len(orders)
        found.klantcontacten += len(plaatsen)
        found.last_zaak, found.last_klantcontact = plaatsen[-1].zaak_id, plaatsen[-1].id
        return _Step(found, orders, items)


def _hand_over(database: Database, resync: Resync, items: Sequence[int], *, into: Into) -> Resync:
    """Take items as delivered and let the file be found, both or, should this be broken off, at most the second."""
    into.end()
    with database.session() as session:
        found = outbox.next_resync(session, resync.id)
        if found is None:
            return outbox.find_resync(session, resync.id)
        streams = outbox.hand_over(session, found, items=items)
        if streams is None:
            raise _not_at_rest(found.abonnee)
        outbox.end_resync(session, found)
        session.flush()
        into.publish()
    with database.connection() as connection:
        outbox.tidy(connection, streams=streams)
    return found


def _not_at_rest(abonnee: str) -> NotAtRest:
    return NotAtRest(
        f"{abonnee} was resumed, or was sent something, while its file was written. There is no file: what would "
        f"have been in it waits, and is sent as messages. For a file, pause {abonnee} and give the command again"
    )


def _streams(plaatsen: Sequence[rgbz.Plaats], abonnee: Abonnee) -> set[str]:
    """The keys of the streams in which an abonnee hears of these klantcontacten now."""
    return {
        sending.sleutel(plaats.zaakidentificatie, abonnee)
        for plaats in plaatsen
        if plaats.effect == "uitgewisseld" and sending.subscribes(abonnee, plaats.zaaktype)
    }


def _orders(
    record: rgbz.Klantcontact, about: Sequence[Sent], *, is_open: Set[str], resync: Resync, settings: Settings
) -> list[Order]:
    has: set[str | None] = set()
    for one in about:
        if resync.since is None or not _had(one, since=resync.since):
            continue
        if one.mutatiesoort == "V":
            has.discard(one.document)
        elif one.state != "refused":
            has.add(one.document)
    zaak = record.zaak.identificatie if record.zaak else ""
    sleutel = next(
        (key for key in sending.elders(zaak) if key in is_open),
        sending.sleutel(zaak, settings.abonnee[resync.abonnee]),
    )
    return sending.present(
        record,
        naam=resync.abonnee,
        has=frozenset(has),
        # Behind what is being sent, wherever that is.
        sleutel=next((one.sleutel for one in about if one.state == "sending"), sleutel),
        soort="klcLk01" if resync.soort == "klcLk01" else "klcSa01",
        settings=settings,
    )


def _has_it_all(about: Sequence[Sent], *, since: datetime | None) -> bool:
    return since is not None and bool(about) and all(_had(one, since=since) for one in about)


def _had(sent: Sent, *, since: datetime) -> bool:
    """Whether it was delivered before the moment to which the receiver was put back."""
    return sent.delivered_at is not None and sent.delivered_at < since


def _by_contact(all_sent: Sequence[Sent]) -> Mapping[str, list[Sent]]:
    found: dict[str, list[Sent]] = {}
    for one in all_sent:
        found.setdefault(one.klantcontact, []).append(one)
    return found
