"""Write down what came of an attempt: in the journal and in the outbox, in one transaction.

What can go wrong: the database being away for longer than a restart takes, which leaves as an exception; the lease
then ends by itself.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from time import monotonic, sleep
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

_EXCHANGED: Final = Statement(f"WITH {journal.OUTGOING}, {outbox.SETTLE} SELECT {outbox.SETTLED}")

_log = logging.getLogger("stuf_klantcontact.delivery")


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
        exchange = _exchange(claim, message, attempt, berichtcode=berichtcode, operatie=operatie)
        if exchange is not None:
            with self._database.session() as session:
                journal.record_outgoing(session, **exchange)

    def settle(self, claim: Claim, attempt: Attempt, *, message: Message | None) -> None:
        """Settle an item by the outcome of an attempt, and record the exchange; no message: there was none.

        What a receiver has answered is not given up because the database is away for a moment: it would be sent
        again. If a COMMIT that was broken off had happened, the journal has the exchange twice.
        """
        end = min(claim.until, monotonic() + PATIENCE)
        while True:
            try:
                return self._settle(claim, attempt, message=message)
            except Away as error:
                if monotonic() > end:
                    raise
                _log.warning("settling again item=%d exception=%s", claim.item, type(error).__name__)
                sleep(PAUSE)

    def _settle(self, claim: Claim, attempt: Attempt, *, message: Message | None) -> None:
        outcome = attempt.outcome
        policy = self._settings.delivery
        exchange = None
        if message is not None:
            berichtcode = "" if claim.soort == "mail" else claim.soort[-4:]
            exchange = _exchange(claim, message, attempt, berichtcode=berichtcode, operatie=claim.soort)
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
            _log.info("receiver takes messages again abonnee=%s", claim.abonnee)
        if not settled.accepted:
            _log.warning("lease lost before settling item=%d code=%s", claim.item, outcome.code)

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


def _exchange(
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


def _both(reason: Text) -> str:
    return f"{reason.nl} / {reason.en}"
