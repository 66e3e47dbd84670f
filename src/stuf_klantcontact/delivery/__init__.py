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
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.contract import Contract, Schemas
from stuf_klantcontact.delivery.composing import Message
from stuf_klantcontact.delivery.outcomes import Outcomes, Tried
from stuf_klantcontact.delivery.rendering import Moment, Rendering, trouble
from stuf_klantcontact.errors import Text, Trouble
from stuf_klantcontact.mapping import zds0120
from stuf_klantcontact.outbox import MAIL, Claim, Stamp
from stuf_klantcontact.outlets import Attempt, Deferred, tls
from stuf_klantcontact.outlets.mail import MailOutlet
from stuf_klantcontact.outlets.soap import SoapOutlet
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.tijdstip import AMSTERDAM, Clock, system_clock

MAIL_TIMEOUT: Final = 30.0

AT_ONCE: Final = 4
"""Items that go at the same time to a zender, or by mail."""

LEAST_TOGETHER: Final = 2
"""So few items are made one by one: it costs no less together."""

LEASE_MARGIN: Final = 30.0
"""Seconds that a lease lasts beyond the time-out of a receiver: for rendering, and for settling."""

__all__ = ["Checkpoint", "Delivery", "Message", "Tried"]

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
        self._outcomes = Outcomes(settings, database=database, now=self.now, chance=chance)
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

    def prepare(self, claims: Sequence[Claim]) -> dict[int, Message]:
        """Make the messages of plain items together, and stamp them, in three statements; each by its item.

        What is not among them `attempt` makes: it says what is the matter with it, if anything is. Never raises.
        """
        plain = [claim for claim in claims if self._rendering.is_plain(claim)]
        if len(plain) < LEAST_TOGETHER:
            return {}
        try:
            self._checkpoint("claimed")
            with self._database.connection() as connection:
                records = self._rendering.load_plain(connection, plain)
                plain = [claim for claim in plain if claim.item in records]
                if not plain:
                    return {}
                moments = outbox.next_tijdstippen(connection, count=len(plain), now=self.now())
            made: list[tuple[Claim, Message]] = []
            for claim, moment in zip(plain, moments, strict=True):
                with suppress(Trouble):
                    made.append((claim, self._rendering.plain(claim, records[claim.item], at=Moment(*moment))))
            with self._database.connection() as connection:
                stamps = [(claim, message.stamp) for claim, message in made]
                kept = outbox.stamp_all(connection, stamps, now=self.now())
        except Exception as error:  # what is wrong with one of them, its own attempt will say
            _log.warning("cannot prepare exception=%s", type(error).__name__)
            return {}
        return {claim.item: message for claim, message in made if claim.item in kept}

    def attempt(self, claim: Claim, *, message: Message | None = None) -> bool:
        """Try one claimed item, once, and settle it; `message` is what `prepare` made. Whether it was delivered."""
        tried = self.send(claim, message=message)
        if tried is None:
            return False
        self.settle(tried)
        return tried.delivered

    def send(self, claim: Claim, *, message: Message | None = None) -> Tried | None:
        """Try one claimed item, once, and say what is to be settled; None: nothing is, any more."""
        made: Message | Attempt | None = message
        if made is None:
            self._checkpoint("claimed")
            try:
                made = self._message(claim)
            except Trouble as error:
                self._outcomes.hold(claim, error)
                return None
        if made is None:
            return None
        if isinstance(made, Attempt):
            return Tried(claim, made, None)
        self._checkpoint("stamped")
        if outbox.uptime() + self.timeout(claim.abonnee) > claim.until:
            self.give_back(claim, code="lease")
            return None
        attempt = self._send(claim, made)
        self._checkpoint("answered")
        return Tried(claim, attempt, made)

    def settle(self, tried: Tried) -> None:
        """Write down what came of a try. The database being away for longer than a restart leaves as Away."""
        self._outcomes.settle(tried)
        self._checkpoint("settled")

    def settle_together(self, tried: Sequence[Tried]) -> list[Tried]:
        """Write down what one abonnee was delivered, at once, and give the rest, which `settle` takes.

        The database being away for longer than a restart leaves as Away, and then none was written down.
        """
        rest = self._outcomes.settle_together(tried)
        if len(rest) < len(tried):
            self._checkpoint("settled")
        return rest

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
        if outbox.uptime() + 2 * self.timeout(claim.abonnee) > claim.until:
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
        self._outcomes.record(
            claim, question, attempt, berichtcode="Di02", operatie="genereerDocumentIdentificatie"
        )
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
