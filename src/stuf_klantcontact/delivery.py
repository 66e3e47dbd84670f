"""Try one outbox item once; settle by outcome.

The first attempt renders the message from the stored facts, holds it against the contract, and stores the bytes
under a referentienummer and a tijdstipBericht; every attempt sends those bytes, with no transaction open. What can
go wrong with the receiver is an outcome (outlets). What goes wrong on our side before sending, such as a record
that cannot be rendered, holds the item for a person and leaves a log line with a reference. The database being away
leaves `attempt` as an exception; the lease then ends by itself and the item is tried again.

StUF 03.01 §4.3 and §4.4: the same number, moment and content on every attempt; stuf-facts §2.4 and §9.1.
"""

import base64
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import uuid4

from lxml import etree

from stuf_klantcontact import journal, outbox, retry, rgbz
from stuf_klantcontact.contract import Contract, ContractError
from stuf_klantcontact.errors import Text, Trouble
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.outbox import MAIL, Claim, Stamp
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Refused, judged
from stuf_klantcontact.outlets import mail as mails
from stuf_klantcontact.outlets import soap as soaps
from stuf_klantcontact.outlets.mail import MailOutlet
from stuf_klantcontact.outlets.soap import SoapOutlet
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import Clock, stuf0302

LONGEST_PAUSE: Final = 300.0
"""Most seconds that a receiver in trouble is left alone before it is probed again."""

MAIL_TIMEOUT: Final = 30.0

LEASE_MARGIN: Final = 30.0
"""Seconds that a lease lasts beyond the time-out of a receiver: for rendering, and for settling."""

DOCUMENT_CUT: Final = 1_000
"""A document of so many base64 characters is not stored in the body again: its hash stands for it."""

_log = logging.getLogger(__name__)

Checkpoint = Callable[[str], None]
"""Called at "claimed", "stamped", "answered" and "settled", when it is so; a test may end the process there."""


def _pass(_: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class _Message:
    """What goes out: the stamp, and the whole body with its document."""

    stamp: Stamp
    body: bytes


class Delivery:
    """Everything it takes to try an item. One for a process; threads share it."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        contract: Contract,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        checkpoint: Checkpoint = _pass,
    ) -> None:
        """Without a clock, that of the database counts; a test passes one. Connects to nothing yet."""
        self._settings = settings
        self._database = database
        self._contract = contract
        self._clock = clock
        self._chance = chance
        self._checkpoint = checkpoint
        self._soap: Mapping[str, SoapOutlet] = {
            naam: SoapOutlet(
                abonnee.endpoint,
                gebruiker=abonnee.gebruiker,
                wachtwoord=abonnee.wachtwoord,
                timeout=abonnee.timeout,
            )
            for naam, abonnee in settings.abonnee.items()
            if abonnee.profiel == "zkn0320"
        }
        self._mail = MailOutlet(settings.mail, timeout=MAIL_TIMEOUT) if settings.mail.server else None

    @property
    def abonnees(self) -> tuple[str, ...]:
        """Whom it can deliver to. What waits for another (removed from the settings, say) goes on waiting."""
        return (*self._soap, *((MAIL,) if self._mail else ()))

    def timeout(self, abonnee: str) -> float:
        """Most seconds that one exchange with this abonnee takes."""
        return MAIL_TIMEOUT if abonnee == MAIL else self._settings.abonnee[abonnee].timeout

    def lease(self, abonnee: str) -> float:
        """Seconds for which to claim an item for this abonnee."""
        return max(self._settings.delivery.lease, self.timeout(abonnee) + LEASE_MARGIN)

    def now(self) -> datetime | None:
        """The moment to pass to the outbox: None leaves it to the database."""
        return self._clock() if self._clock else None

    def close(self) -> None:
        """Close the connections to receivers."""
        for outlet in self._soap.values():
            outlet.close()

    def attempt(self, claim: Claim) -> None:
        """Try one claimed item, once, and settle it."""
        self._checkpoint("claimed")
        try:
            message = self._message(claim)
        except Trouble as trouble:
            self._hold(claim, trouble)
            return
        if message is None:
            _log.warning("lease lost before the stamp item=%d abonnee=%s", claim.item, claim.abonnee)
            return
        self._checkpoint("stamped")
        if monotonic() + self.timeout(claim.abonnee) > claim.until:
            self.give_back(claim, code="lease")
            return
        attempt = self._send(claim, message)
        self._checkpoint("answered")
        self._record(claim, message, attempt)
        self._settle(claim, attempt)
        self._checkpoint("settled")

    def give_back(self, claim: Claim, *, code: str) -> None:
        """Let go of an item that was not sent, for whoever comes next."""
        with self._database.connection() as connection:
            outbox.settle(connection, claim, state="waiting", code=code, now=self.now())
            outbox.give_back_probe(connection, claim, now=self.now())

    # --- the message ----------------------------------------------------------------------------------------------

    def _message(self, claim: Claim) -> _Message | None:
        """What every attempt at this item sends; made and stored at the first. None: the lease was lost."""
        if claim.stamp is not None:
            return self._again(claim.stamp)
        with self._database.connection() as connection:
            tijdstip = outbox.next_tijdstip(connection, now=self.now())
        message = self._first(claim, referentienummer=str(uuid4()), tijdstip=tijdstip)
        with self._database.connection() as connection:
            kept = outbox.stamp(connection, claim, stamp=message.stamp)
        return message if kept else None

    def _again(self, stamp: Stamp) -> _Message:
        if stamp.document_sha256 is None or stamp.document_at is None:
            return _Message(stamp, stamp.body)
        with self._database.session() as session:
            try:
                inhoud = rgbz.load_inhoud(session, stamp.document_sha256)
            except LookupError as error:
                raise _trouble(error) from error
        at = stamp.document_at
        return _Message(stamp, b"".join((stamp.body[:at], base64.b64encode(inhoud), stamp.body[at:])))

    def _first(self, claim: Claim, *, referentienummer: str, tijdstip: datetime) -> _Message:
        with self._database.session() as session:
            try:
                # Who is told of a withdrawal is told what there was.
                versie = claim.versie - (claim.mutatiesoort == "V")
                klantcontact = rgbz.load_klantcontact(
                    session,
                    claim.klantcontact,
                    rsin=self._settings.gateway.rsin,
                    versie=versie,
                    document=claim.document,
                )
            except LookupError as error:
                raise _trouble(error) from error
            document = _document(klantcontact, claim.document)
            inhoud = None if document is None else document.inhoud
            try:
                if claim.soort == "mail":
                    body, action = self._compose(claim, klantcontact, referentienummer, tijdstip), ""
                else:
                    element = self._render(claim, klantcontact, document, referentienummer, tijdstip)
                    self._contract.check(element)
                    action = soaps.action(element)
                    body = soaps.envelope(element)
            except Exception as error:  # whatever it is, it is ours, and a person must see it; nothing was sent
                raise _trouble(error) from error
        stamp = Stamp(referentienummer, tijdstip, action, body)
        if inhoud is not None:
            stamp = _without_document(stamp, inhoud)
        return _Message(stamp, body)

    def _render(
        self,
        claim: Claim,
        klantcontact: rgbz.Klantcontact,
        document: rgbz.Informatieobject | None,
        referentienummer: str,
        tijdstip: datetime,
    ) -> etree._Element:
        header = Header(
            berichtcode="Lk01",
            zender=self._zender(),
            ontvanger=self._ontvanger(claim.abonnee),
            referentienummer=referentienummer,
            tijdstip_bericht=stuf0302(tijdstip),
            entiteittype="KLC" if document is None else "IOB",
        )
        if document is None:
            return zkn0320.klc_lk01(klantcontact, header=header)
        return zkn0320.iob_lk01(document, klantcontact=klantcontact, header=header)

    def _compose(
        self, claim: Claim, klantcontact: rgbz.Klantcontact, referentienummer: str, tijdstip: datetime
    ) -> bytes:
        return mails.compose(
            claim.sleutel,
            zaak=klantcontact.zaak.identificatie if klantcontact.zaak else "",
            type=klantcontact.type,
            moment=klantcontact.datum_tijd,
            settings=self._settings.mail,
            referentienummer=referentienummer,
            sent=tijdstip,
        )

    def _zender(self) -> Systeem:
        gateway = self._settings.gateway
        return Systeem(gateway.organisatie, gateway.applicatie, gateway.administratie)

    def _ontvanger(self, naam: str) -> Systeem:
        abonnee: Abonnee = self._settings.abonnee[naam]
        organisatie = abonnee.organisatie or self._settings.gateway.organisatie
        return Systeem(organisatie, abonnee.applicatie or naam, abonnee.administratie)

    # --- the exchange and what comes of it ------------------------------------------------------------------------

    def _send(self, claim: Claim, message: _Message) -> Attempt:
        if claim.abonnee == MAIL:
            if self._mail is None:
                raise AssertionError("mail is claimed only when there is a mail server")
            return self._mail.send(message.body, address=claim.sleutel)
        stamp = message.stamp
        return self._soap[claim.abonnee].send(
            message.body, action=stamp.action, referentienummer=stamp.referentienummer
        )

    def _record(self, claim: Claim, message: _Message, attempt: Attempt) -> None:
        """Write an exchange in the journal, if there was one; the document is there already, by its hash."""
        if attempt.answer is None and isinstance(attempt.outcome, Deferred):
            return
        with self._database.session() as session:
            journal.record_outgoing(
                session,
                partner=claim.abonnee,
                referentienummer=message.stamp.referentienummer,
                berichtcode="" if claim.soort == "mail" else "Lk01",
                operatie=claim.soort,
                raw=message.stamp.body,
                antwoord=attempt.answer,
                verdict=judged(attempt.outcome),
                code=attempt.outcome.code,
            )

    def _settle(self, claim: Claim, attempt: Attempt) -> None:
        outcome = attempt.outcome
        policy = self._settings.delivery
        with self._database.connection() as connection:
            match outcome:
                case Delivered():
                    settled = outbox.settle(
                        connection, claim, state="delivered", code=outcome.code, alive=True, now=self.now()
                    )
                case Refused():
                    settled = outbox.settle(
                        connection,
                        claim,
                        state="held",
                        code=outcome.code,
                        reason=_both(outcome.reason),
                        alive=True,
                        now=self.now(),
                    )
                    _log.warning(
                        "refused, held item=%d abonnee=%s code=%s", claim.item, claim.abonnee, outcome.code
                    )
                case Deferred():
                    settled = self._defer(connection, claim, outcome)
                    if outcome.trouble != "item":
                        opened = outbox.receiver_failed(
                            connection,
                            claim,
                            at_once=outcome.trouble == "configuration",
                            reason=_both(outcome.reason),
                            first=policy.first_retry,
                            longest=min(policy.longest_retry, LONGEST_PAUSE),
                            now=self.now(),
                        )
                        if opened:
                            _log.error(
                                "receiver left alone for a while abonnee=%s code=%s", claim.abonnee, outcome.code
                            )
        if settled.recovered:
            _log.info("receiver takes messages again abonnee=%s", claim.abonnee)
        if not settled.accepted:
            _log.warning("lease lost before settling item=%d code=%s", claim.item, outcome.code)

    def _defer(self, connection: outbox.Connection, claim: Claim, outcome: Deferred) -> outbox.Settled:
        policy = self._settings.delivery
        patient = not retry.out_of_patience(claim.first_attempt_at, now=claim.claimed_at, days=policy.patience_days)
        reason = _both(outcome.reason)
        if not patient:
            reason = (
                f"{policy.patience_days:g} dagen geprobeerd / tried for {policy.patience_days:g} days: {reason}"
            )
            _log.warning("out of patience, held item=%d abonnee=%s", claim.item, claim.abonnee)
        return outbox.settle(
            connection,
            claim,
            state="waiting" if patient else "held",
            code=outcome.code,
            reason=reason,
            delay=retry.delay(
                claim.attempt, first=policy.first_retry, longest=policy.longest_retry, random=self._chance
            ),
            anew=outcome.anew,
            alive=outcome.trouble == "item",
            now=self.now(),
        )

    def _hold(self, claim: Claim, trouble: Trouble) -> None:
        """Our own trouble: for a person, with the reference that the log line has."""
        with self._database.connection() as connection:
            outbox.settle(
                connection,
                claim,
                state="held",
                code="eigen fout",
                reason=f"Het bericht kon niet worden gemaakt / The message could not be made ({trouble.reference})",
                now=self.now(),
            )
            outbox.give_back_probe(connection, claim, now=self.now())
        _log.error("held reference=%s item=%d abonnee=%s %s", trouble.reference, claim.item, claim.abonnee, trouble)


def _document(klantcontact: rgbz.Klantcontact, identificatie: str | None) -> rgbz.Informatieobject | None:
    return next((d for d in klantcontact.informatieobjecten if d.identificatie == identificatie), None)


def _without_document(stamp: Stamp, inhoud: rgbz.DocumentInhoud) -> Stamp:
    """The stamp to store: the document is stored already, and goes to every abonnee."""
    encoded = base64.b64encode(inhoud.inhoud)
    at = stamp.body.find(encoded)
    if len(encoded) < DOCUMENT_CUT or at < 0:
        return stamp
    body = stamp.body[:at] + stamp.body[at + len(encoded) :]
    return Stamp(stamp.referentienummer, stamp.tijdstip, stamp.action, body, inhoud.sha256, at)


def _trouble(error: Exception) -> Trouble:
    """What the log may say of an error of ours: its kind, and for the contract the place; never a value."""
    reference = uuid4().hex[:12]
    if isinstance(error, ContractError):
        first = error.violations[0]
        return Trouble(f"not as the contract says: {first.rule} at {first.path}", reference=reference)
    if isinstance(error, LookupError) and type(error) is LookupError:
        return Trouble(str(error), reference=reference)
    return Trouble(type(error).__name__, reference=reference)


def _both(reason: Text) -> str:
    return f"{reason.nl} / {reason.en}"
