"""Write down what came of attempts: in the journal and in the outbox, in one transaction.

What can go wrong: the database being away for longer than a restart takes, which leaves as an exception; the lease
then ends by itself.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import sleep
from typing import Any, Final, Literal

from stuf_klantcontact import journal, outbox, retry
from stuf_klantcontact.delivery.composing import Message
from stuf_klantcontact.errors import Text, Trouble
from stuf_klantcontact.outbox import Claim
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Refused, judged
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Away, Database, Statement

LONGEST_PAUSE: Final = 300.0
"""Most seconds that a receiver in trouble is left alone before it is probed again."""

PATIENCE: Final = 15.0
"""Most seconds for which a database that is away is asked to take an outcome: a restart, or a failover."""
PAUSE: Final = 0.5

LEAST_TOGETHER: Final = 2
"""One by itself costs less alone."""

_EXCHANGED: Final = Statement(f"WITH {journal.OUTGOING}, {outbox.SETTLE} SELECT {outbox.SETTLED}")
_DELIVERED: Final = Statement(f"WITH {outbox.DELIVER}, {journal.OUTGOING_ALL} {outbox.DELIVERED}")

_log = logging.getLogger("stuf_klantcontact.delivery")


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one attempt, and when, on the clock of outbox.uptime(). No message: nothing was sent."""

    claim: Claim
    attempt: Attempt
    message: Message | None
    at: float = field(default_factory=outbox.uptime)

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it."""
        return isinstance(self.attempt.outcome, Delivered)

    @property
    def size(self) -> int:
        """Bytes that were written and read for it, without the document."""
        sent = 0 if self.message is None else len(self.message.stamp.body)
        return sent + len(self.attempt.answer or b"")


class Outcomes:
    """Settles items. One for a process; threads share it."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        now: Callable[[], datetime | None],
        chance: Callable[[], float],
    ) -> None:
        """`now` gives the moment to pass to the outbox; `chance` the jitter of a retry."""
        self._settings = settings
        self._database = database
        self._now = now
        self._chance = chance

    def record(self, claim: Claim, message: Message, attempt: Attempt, *, berichtcode: str, operatie: str) -> None:
        """Write an exchange that settles nothing in the journal, if there was one."""
        exchange = _outgoing(claim, message, attempt, berichtcode=berichtcode, operatie=operatie)
        if exchange is not None:
            with self._database.session() as session:
                journal.record_outgoing(session, **exchange)

    def settle(self, tried: Tried) -> None:
        """Settle an item by the outcome of an attempt, and record the exchange.

        What a receiver has answered is not given up because the database is away for a moment: it would be sent
        again. If a COMMIT that was broken off had happened, the journal has the exchange twice.
        """
        self._patiently(lambda: self._settle(tried), [tried])

    def settle_together(self, tried: Sequence[Tried]) -> list[Tried]:
        """Settle what one abonnee was delivered in one transaction, and give the rest, which `settle` takes.

        What is wrong with one of them comes out there. Raises Away as `settle` does, and has settled none then.
        """
        together = [one for one in tried if one.delivered]
        if len(together) < LEAST_TOGETHER:
            return list(tried)
        try:
            self._patiently(lambda: self._deliver(together), together)
        except Away:
            raise
        except Exception as error:
            _log.warning("cannot settle together exception=%s", type(error).__name__)
            return list(tried)
        return [one for one in tried if one not in together]

    def _patiently(self, write: Callable[[], None], tried: Sequence[Tried]) -> None:
        end = min(min(one.claim.until, one.at + PATIENCE) for one in tried)
        while True:
            try:
                return write()
            except Away as error:
                if outbox.uptime() > end:
                    raise
                for one in tried:
                    _log.warning("settling again item=%d exception=%s", one.claim.item, type(error).__name__)
                sleep(PAUSE)

    def _deliver(self, tried: Sequence[Tried]) -> None:
        claims = [one.claim for one in tried]
        codes = [one.attempt.outcome.code for one in tried]
        exchanges = [exchange for one in tried if (exchange := _exchange(one)) is not None]
        values = outbox.delivering(claims, codes=codes, now=self._now()) | journal.outgoing(exchanges)
        with self._database.connection() as connection:
            settled = outbox.delivered(_DELIVERED.row(connection, values), claims)
        if settled[0].recovered:
            _recovered(claims[0].abonnee)
        for claim, code, one in zip(claims, codes, settled, strict=True):
            _look(one, claim, code=code)

    def _settle(self, tried: Tried) -> None:
        claim, outcome = tried.claim, tried.attempt.outcome
        policy = self._settings.delivery
        exchange = _exchange(tried)
        with self._database.connection() as connection:
            match outcome:
                case Delivered():
                    settled = self._write(
                        connection, claim, exchange, state="delivered", code=outcome.code, alive=True
                    )
                case Refused():
                    settled = self._write(
                        connection,
                        claim,
                        exchange,
                        state="held",
                        code=outcome.code,
                        reason=_both(outcome.reason),
                        alive=True,
                    )
                    _log.warning(
                        "refused, held item=%d abonnee=%s code=%s", claim.item, claim.abonnee, outcome.code
                    )
                case Deferred():
                    settled = self._defer(connection, claim, outcome, exchange)
                    if outcome.trouble != "item":
                        opened = outbox.receiver_failed(
                            connection,
                            claim,
                            at_once=outcome.trouble == "configuration",
                            reason=_both(outcome.reason),
                            first=policy.first_retry,
                            longest=min(policy.longest_retry, LONGEST_PAUSE),
                            now=self._now(),
                        )
                        if opened:
                            _log.error(
                                "receiver left alone for a while abonnee=%s code=%s", claim.abonnee, outcome.code
                            )
        if settled.recovered:
            _recovered(claim.abonnee)
        _look(settled, claim, code=outcome.code)

    def _defer(
        self, connection: outbox.Connection, claim: Claim, outcome: Deferred, exchange: dict[str, Any] | None
    ) -> outbox.Settled:
        policy = self._settings.delivery
        patient = not retry.out_of_patience(claim.first_attempt_at, now=claim.claimed_at, days=policy.patience_days)
        reason = _both(outcome.reason)
        if not patient:
            reason = (
                f"{policy.patience_days:g} dagen geprobeerd / tried for {policy.patience_days:g} days: {reason}"
            )
            _log.warning("out of patience, held item=%d abonnee=%s", claim.item, claim.abonnee)
        return self._write(
            connection,
            claim,
            exchange,
            state="waiting" if patient else "held",
            code=outcome.code,
            reason=reason,
            delay=retry.delay(
                claim.attempt, first=policy.first_retry, longest=policy.longest_retry, random=self._chance
            ),
            anew=outcome.anew,
            alive=outcome.trouble == "item",
        )

    def _write(
        self,
        connection: outbox.Connection,
        claim: Claim,
        exchange: dict[str, Any] | None,
        *,
        state: Literal["delivered", "waiting", "held"],
        **rest: Any,
    ) -> outbox.Settled:
        """One transaction for both: an exchange is in the journal also when its lease was over."""
        if exchange is None:
            return outbox.settle(connection, claim, state=state, now=self._now(), **rest)
        values = outbox.settling(claim, state=state, now=self._now(), **rest)
        return outbox.settled(_EXCHANGED.row(connection, values | exchange))

    def hold(self, claim: Claim, trouble: Trouble) -> None:
        """Our own trouble: for a person, with the reference that the log line has."""
        with self._database.connection() as connection:
            outbox.settle(
                connection,
                claim,
                state="held",
                code="eigen fout",
                reason=f"Het bericht kon niet worden gemaakt / The message could not be made ({trouble.reference})",
                now=self._now(),
            )
            outbox.give_back_probe(connection, claim, now=self._now())
        _log.error("held reference=%s item=%d abonnee=%s %s", trouble.reference, claim.item, claim.abonnee, trouble)


def _exchange(tried: Tried) -> dict[str, Any] | None:
    """What the journal says of what settles an item, if something was sent."""
    if tried.message is None:
        return None
    soort = tried.claim.soort
    berichtcode = "" if soort == "mail" else soort[-4:]
    return _outgoing(tried.claim, tried.message, tried.attempt, berichtcode=berichtcode, operatie=soort)


def _outgoing(
    claim: Claim, message: Message, attempt: Attempt, *, berichtcode: str, operatie: str
) -> dict[str, Any] | None:
    """What the journal says of an exchange, if there was one; the document is there already, by its hash."""
    if attempt.answer is None and isinstance(attempt.outcome, Deferred):
        return None
    return {
        "partner": claim.abonnee,
        "referentienummer": message.stamp.referentienummer,
        "berichtcode": berichtcode,
        "operatie": operatie,
        "raw": message.stamp.body,
        "antwoord": attempt.answer,
        "verdict": judged(attempt.outcome),
        "code": attempt.outcome.code,
    }


def _recovered(abonnee: str) -> None:
    _log.info("receiver takes messages again abonnee=%s", abonnee)


def _look(settled: outbox.Settled, claim: Claim, *, code: str) -> None:
    if not settled.accepted:
        _log.warning("lease lost before settling item=%d code=%s", claim.item, code)


def _both(reason: Text) -> str:
    return f"{reason.nl} / {reason.en}"
