"""Try one outbox item once; settle by outcome.

The first attempt renders the message from the stored facts, holds it against the contract, and stores the bytes
under a referentienummer and a tijdstipBericht; every attempt sends those bytes, with no transaction open. A
zaakdocument first gets its number, which is stored before anything is sent under it. What can go wrong
with the receiver is an outcome (outlets). What goes wrong on our side before sending, such as a record
that cannot be rendered, holds the item for a person and leaves a log line with a reference. The database being away
leaves `attempt` as an exception; the lease then ends by itself and the item is tried again.

StUF 03.01 §4.3 and §4.4: the same number, moment and content on every attempt; stuf-facts §2.4 and §9.1.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import journal, outbox, retry, rgbz
from stuf_klantcontact.contract import Contract, Schemas
from stuf_klantcontact.delivery.composing import Message
from stuf_klantcontact.delivery.rendering import Moment, Rendering, trouble
from stuf_klantcontact.errors import Text, Trouble
from stuf_klantcontact.mapping import zds0120
from stuf_klantcontact.outbox import MAIL, Claim, Stamp
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Refused, judged, tls
from stuf_klantcontact.outlets.mail import MailOutlet
from stuf_klantcontact.outlets.soap import SoapOutlet
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.tijdstip import AMSTERDAM, Clock, system_clock

LONGEST_PAUSE: Final = 300.0
"""Most seconds that a receiver in trouble is left alone before it is probed again."""

MAIL_TIMEOUT: Final = 30.0

AT_ONCE: Final = 4
"""Items that go at the same time to a zender, or by mail."""

LEASE_MARGIN: Final = 30.0
"""Seconds that a lease lasts beyond the time-out of a receiver: for rendering, and for settling."""

_log = logging.getLogger(__name__)

Checkpoint = Callable[[str], None]
"""Called at "claimed", "stamped", "answered" and "settled", when it is so; a test may end the process there.

A zaakdocument is "asked" for its number, and "numbered", before it is stamped.
"""


def _pass(_: str) -> None:
    return


class Delivery:
    """Everything it takes to try an item. One for a process; threads share it."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        contract: Contract,
        zaak_schemas: Schemas | None = None,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        checkpoint: Checkpoint = _pass,
    ) -> None:
        """Without a clock, that of the database counts; a test passes one. Connects to nothing yet.

        `zaak_schemas` is an official set, against which zaakdocumenten are held besides our own contract of them.
        """
        self._settings = settings
        self._database = database
        zaakdocumenten = any(abonnee.profiel == "zds0120" for abonnee in settings.abonnee.values())
        self._rendering = Rendering(
            settings,
            database=database,
            contract=contract,
            zaakdocumenten=contracts.load_zaakdocumenten() if zaakdocumenten else None,
            zaak_schemas=zaak_schemas,
        )
        self._clock = clock
        self._chance = chance
        self._checkpoint = checkpoint
        self._soap = {
            naam: _outlet(abonnee, abonnee.endpoint)
            for naam, abonnee in settings.abonnee.items()
            if abonnee.profiel in ("zkn0320", "zds0120")
        }
        self._soap |= {
            outbox.ZENDER + naam: SoapOutlet(
                zender.endpoint,
                gebruiker=zender.endpoint_gebruiker,
                wachtwoord=zender.endpoint_wachtwoord,
                timeout=zender.timeout,
            )
            for naam, zender in settings.zender.items()
            if zender.functionele_fouten == "fo01"
        }
        self._vragen = {
            naam: _outlet(abonnee, abonnee.vrijbericht())
            for naam, abonnee in settings.abonnee.items()
            if abonnee.profiel == "zds0120" and abonnee.documentidentificatie == "vragen"
        }
        self._mail = MailOutlet(settings.mail, timeout=MAIL_TIMEOUT) if settings.mail.server else None

    @property
    def abonnees(self) -> tuple[str, ...]:
        """Whom it can deliver to. What waits for another (removed from the settings, say) goes on waiting."""
        return (*self._soap, *((MAIL,) if self._mail else ()))

    def timeout(self, abonnee: str) -> float:
        """Most seconds that one exchange with this abonnee takes."""
        if abonnee.startswith(outbox.ZENDER):
            return self._settings.zender[abonnee.removeprefix(outbox.ZENDER)].timeout
        return MAIL_TIMEOUT if abonnee == MAIL else self._settings.abonnee[abonnee].timeout

    def lease(self, abonnee: str) -> float:
        """Seconds for which to claim an item for this abonnee."""
        exchanges = 2 if abonnee in self._vragen else 1
        return max(self._settings.delivery.lease, exchanges * self.timeout(abonnee) + LEASE_MARGIN)

    def at_once(self, abonnee: str) -> int:
        """How many items this abonnee may be sent at the same time, by this process."""
        found = self._settings.abonnee.get(abonnee)
        return AT_ONCE if found is None else found.gelijktijdig

    def per_minuut(self, abonnee: str) -> int:
        """How many items this abonnee may be sent in a minute, by all processes together; 0: no limit."""
        found = self._settings.abonnee.get(abonnee)
        return 0 if found is None else found.per_minuut

    def rests(self, abonnee: str) -> bool:
        """Whether it has one of its maintenance windows now, by the clock of this machine."""
        found = self._settings.abonnee.get(abonnee)
        moment = self._clock() if self._clock else system_clock()
        return found is not None and bool(found.in_onderhoud(moment.astimezone(AMSTERDAM)))

    def now(self) -> datetime | None:
        """The moment to pass to the outbox: None leaves it to the database."""
        return self._clock() if self._clock else None

    def close(self) -> None:
        """Close the connections to receivers."""
        for outlet in (*self._soap.values(), *self._vragen.values()):
            outlet.close()

    def attempt(self, claim: Claim) -> None:
        """Try one claimed item, once, and settle it."""
        self._checkpoint("claimed")
        try:
            message = self._message(claim)
        except Trouble as error:
            self._hold(claim, error)
            return
        if message is None:
            return
        if isinstance(message, Attempt):
            self._settle(claim, message)
            self._checkpoint("settled")
            return
        self._checkpoint("stamped")
        if monotonic() + self.timeout(claim.abonnee) > claim.until:
            self.give_back(claim, code="lease")
            return
        attempt = self._send(claim, message)
        self._checkpoint("answered")
        berichtcode = "" if claim.soort == "mail" else claim.soort[-4:]
        self._record(claim, message, attempt, berichtcode=berichtcode, operatie=claim.soort)
        self._settle(claim, attempt)
        self._checkpoint("settled")

    def give_back(self, claim: Claim, *, code: str) -> None:
        """Let go of an item that was not sent, for whoever comes next."""
        with self._database.connection() as connection:
            outbox.settle(connection, claim, state="waiting", code=code, now=self.now())
            outbox.give_back_probe(connection, claim, now=self.now())

    # --- the message ----------------------------------------------------------------------------------------------

    def _message(self, claim: Claim) -> Message | Attempt | None:
        """What every attempt at this item sends; made and stored at the first.

        An Attempt: a number was asked for and not given. None: there is nothing to do any more for this claim.
        """
        if claim.stamp is not None:
            return self._again(claim.stamp)
        number = vorige = ""
        if claim.soort == "edcLk01":
            if claim.mutatiesoort != "T":
                with self._database.connection() as connection:
                    vorige = outbox.previous_number(connection, claim)
            numbered = self._number(claim, vorige=vorige)
            if not isinstance(numbered, str):
                return numbered
            number = numbered
        message = self._rendering.message(claim, at=self._moment(), documentidentificatie=number, vorige=vorige)
        with self._database.connection() as connection:
            kept = outbox.stamp(connection, claim, stamp=message.stamp, now=self.now())
        if not kept:
            self._lost(claim, "stamp")
            return None
        return message

    def _again(self, stamp: Stamp) -> Message:
        if stamp.document_sha256 is None:
            return Message(stamp)
        with self._database.session() as session:
            try:
                inhoud = rgbz.load_inhoud(session, stamp.document_sha256)
            except LookupError as error:
                raise trouble(error) from error
        return Message(stamp, inhoud)

    def _moment(self) -> Moment:
        with self._database.connection() as connection:
            return Moment(*outbox.next_tijdstip_0301(connection, now=self.now()))

    def _lost(self, claim: Claim, before: str) -> None:
        _log.warning("lease lost before the %s item=%d abonnee=%s", before, claim.item, claim.abonnee)

    # --- the number of a zaakdocument -----------------------------------------------------------------------------

    def _number(self, claim: Claim, *, vorige: str) -> str | Attempt | None:
        """The documentidentificatie of an item, which is kept before anything is sent under it.

        Whatever breaks off after that, the next attempt finds it. Only when everything ends between the answer of
        the receiver and our commit is a number lost; no document of ours has it, so nothing is doubled.
        """
        if claim.documentidentificatie is not None:
            return claim.documentidentificatie
        abonnee = self._settings.abonnee[claim.abonnee]
        changing = abonnee.document == "edcLk01" and claim.mutatiesoort != "T"
        number = vorige if changing else ""
        if (
            not number
            and abonnee.documentidentificatie == "vragen"
            and not (changing and claim.mutatiesoort == "V")
        ):
            asked = self._ask(claim)
            if not isinstance(asked, str):
                return asked
            number = asked
        if not number:
            gemeentecode = abonnee.gemeentecode or self._settings.gateway.organisatie
            number = zds0120.nummer(claim.klantcontact, gemeentecode=gemeentecode, volgnummer=claim.item)
        with self._database.connection() as connection:
            if not outbox.keep_number(connection, claim, documentidentificatie=number, now=self.now()):
                self._lost(claim, "number")
                return None
        self._checkpoint("numbered")
        return number

    def _ask(self, claim: Claim) -> str | Attempt | None:
        """Ask the receiver for a number: genereerDocumentIdentificatie_Di02 (ZDS 1.2, stuf-facts §11.8)."""
        if monotonic() + 2 * self.timeout(claim.abonnee) > claim.until:
            self.give_back(claim, code="lease")
            return None
        question = self._rendering.question(claim, at=self._moment())
        attempt, answer = self._vragen[claim.abonnee].ask(
            question.body(),
            action=question.stamp.action,
            referentienummer=question.stamp.referentienummer,
            answer=zds0120.DU02,
        )
        self._checkpoint("asked")
        number = "" if answer is None else zds0120.documentidentificatie(answer)
        if answer is not None and not number:
            reason = Text(
                nl="Het antwoord noemt geen bruikbare documentidentificatie",
                en="The answer names no documentidentificatie that can be used",
            )
            attempt = Attempt(Deferred("answer-unexpected", reason), attempt.answer)
        self._record(claim, question, attempt, berichtcode="Di02", operatie="genereerDocumentIdentificatie")
        return number or attempt

    # --- the exchange and what comes of it ------------------------------------------------------------------------

    def _send(self, claim: Claim, message: Message) -> Attempt:
        stamp = message.stamp
        if claim.abonnee == MAIL:
            if self._mail is None:
                raise AssertionError("mail is claimed only when there is a mail server")
            return self._mail.send(stamp.body, address=claim.sleutel)
        return self._soap[claim.abonnee].send(
            message.body(), action=stamp.action, referentienummer=stamp.referentienummer
        )

    def _record(self, claim: Claim, message: Message, attempt: Attempt, *, berichtcode: str, operatie: str) -> None:
        """Write an exchange in the journal, if there was one; the document is there already, by its hash."""
        if attempt.answer is None and isinstance(attempt.outcome, Deferred):
            return
        with self._database.session() as session:
            journal.record_outgoing(
                session,
                partner=claim.abonnee,
                referentienummer=message.stamp.referentienummer,
                berichtcode=berichtcode,
                operatie=operatie,
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


def _outlet(abonnee: Abonnee, address: str) -> SoapOutlet:
    return SoapOutlet(
        address,
        gebruiker=abonnee.gebruiker,
        wachtwoord=abonnee.wachtwoord,
        timeout=abonnee.timeout,
        trust=tls.context(
            ca=abonnee.ca,
            certificaat=abonnee.certificaat,
            sleutel=abonnee.sleutel,
            sleutel_wachtwoord=abonnee.sleutel_wachtwoord,
        ),
    )


def _both(reason: Text) -> str:
    return f"{reason.nl} / {reason.en}"
