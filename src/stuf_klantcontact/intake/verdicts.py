"""What every kind of message needs to be taken: the parts of the gateway, and a verdict written down and answered.

What is refused, repeated or unreadable is written here; an accepted message is written by who takes it, in one
transaction with what it brings about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from stuf_klantcontact import fouten, journal, outbox
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, afterwards, volgorde
from stuf_klantcontact.intake.about import REFERENCE_LENGTH, VOEG_TOE, Finding
from stuf_klantcontact.intake.answers import Answer, Answers
from stuf_klantcontact.intake.inquiry import Ask, Inquiry
from stuf_klantcontact.intake.message import Message, Received
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.rgbz import Klantcontact, ZaakFeiten
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, Statement
from stuf_klantcontact.stuurgegevens import Header

TRIES: Final = 5
"""Judgements of one message before we call it trouble: each needs the zaak to change in the same millisecond."""

AGAIN: Final = (
    psycopg.errors.IntegrityError,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
"""Somebody else was at the same rows at the same moment: nothing was written, and another try may succeed."""

_JOURNAL: Final = Statement("WITH " + journal.INSERT.format(condition="true") + " SELECT id FROM bericht_nieuw")


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to a message that was taken, and what must be sent because of it."""

    antwoord: bytes
    orders: Sequence[Order] = ()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The parts that judging takes. Threads may share it; it keeps nothing between messages."""

    settings: Settings
    database: Database
    contract: Contract
    answers: Answers
    ask: Ask | None = None
    monotonic: Callable[[], float] = monotonic

    def late(self, message: Message) -> bool:
        """Whether its sender has waited so long that nothing may be done with it any more (StUF960)."""
        return message.until is not None and self.monotonic() > message.until

    def taken(
        self,
        message: Message,
        work: Callable[[Session], Done | bytes | list[Finding]],
        *,
        code: str = "",
        found: str = "",
        written: Callable[[int], None] | None = None,
    ) -> Answer:
        """Do `work` and journal the message in one transaction, unless it was accepted before.

        `work` gives the answer, or what is wrong; then nothing of it stays. It is done anew when somebody else
        was at the same rows at the same moment. What it has to send goes into the outbox in one call, so that
        streams are locked in one order. Of a zender that is guarded, no message overtakes another here.
        `code` and `found` (rule ids) are for the journal, of a message that is refused only afterwards; `written`
        hears, still in the transaction, which row of the journal it is.
        """
        for _ in range(TRIES):
            try:
                with self.database.session() as session:
                    previous = journal.accepted_before(session, **message.identity)
                    early: list[Finding] = []
                    if previous is None and not self._ticked(session, message):
                        # It may have been the same message that went before, while this one waited.
                        previous = journal.accepted_before(session, **message.identity)
                        early = [volgorde.too_early(message)]
                    outcome = work(session) if previous is None else []
                    if isinstance(outcome, bytes):
                        outcome = Done(outcome)
                    if early:
                        outcome = [*early, *([] if isinstance(outcome, Done) else outcome)]
                    if previous is None and self.late(message):
                        outcome = [about.too_late()]
                    if not isinstance(outcome, Done):
                        session.rollback()
                    else:
                        confirmation = [] if code else self._confirmation(message)
                        if orders := [*outcome.orders, *confirmation]:
                            outbox.enqueue(session, orders)
                        number = journal.record_incoming(
                            session,
                            **message.journal,
                            antwoord=outcome.antwoord,
                            code=code,
                            rules=found or message.forgiven,
                        )
                        if written is not None:
                            written(number)
            except DBAPIError as error:
                if isinstance(error.orig, AGAIN):
                    continue
                raise
            if previous is not None:
                return self.again(message, previous)
            return Answer(body=outcome.antwoord) if isinstance(outcome, Done) else self.refuse(message, outcome)
        raise TimeoutError(f"others changed the same row {TRIES} times while a message was taken")

    def _ticked(self, session: Session, message: Message) -> bool:
        """Move the clock of its zender on, if it is guarded; false: this message is not later."""
        guarded = volgorde.of(message, settings=self.settings)
        return guarded is None or journal.tick(session, guarded, systeem=message.identity["systeem"])

    def reject(self, message: Message, findings: Sequence[Finding]) -> Answer:
        """Refuse for what is known already; a message that was accepted before is answered as it was then."""
        if about.is_stranger(findings):
            return self.refuse(message, findings)
        return self.taken(message, lambda _: [*findings])

    def refuse(self, message: Message, findings: Sequence[Finding]) -> Answer:
        """Answer with every finding, the code being the one that the standard puts first: now, or afterwards."""
        fout = fouten.first([finding.fout for finding in findings])
        ordered = sorted(findings, key=lambda finding: finding.fout is not fout)
        violations = [about.placed(finding.violation, message.element) for finding in ordered]
        violations += message.warnings
        found = " ".join(dict.fromkeys(v.rule for v in violations))
        if afterwards.wanted(message, settings=self.settings) and afterwards.functional(message, findings):
            return self._object(message, fout, violations, found=found)
        answer = self.answers.refusal(
            fout,
            violations,
            port=message.received.port,
            to=message.header,
            zender=message.received.zender,
            now=message.now,
            stuf=message.stuf,
        )
        self._write(message, verdict="refused", code=fout.name, found=found, antwoord=answer.body)
        return answer

    def _object(self, message: Message, fout: Fout, violations: Sequence[Violation], *, found: str) -> Answer:
        """Take a message that cannot be processed all the same: Bv03 now, Fo01 afterwards."""
        concept = self.answers.objection(fout, violations, to=message.header, stuf=message.stuf)

        def work(_: Session) -> Done:
            return Done(self.confirmed(message), [afterwards.order(message, "Fo01", concept=concept)])

        return self.taken(message, work, code=fout.name, found=found)

    def confirmed(self, message: Message) -> bytes:
        """Bv03, or Bv02 with what was forgiven."""
        return self.answers.confirmed(
            message.header,
            port=message.received.port,
            now=message.now,
            stuf=message.stuf,
            meldingen=message.meldingen,
        )

    def inquiry(self, message: Message) -> Inquiry:
        """About the zaak of this message; not for a zender that nobody trusts to vouch for an opvoerder."""
        zender = self.settings.zender.get(message.received.zender)
        return Inquiry(self.ask if zender is not None and zender.borgt_voor_opvoerder else None)

    def asked(
        self, message: Message, judge: Callable[[Session], tuple[str, ZaakFeiten | None, Sequence[Finding]] | None]
    ) -> Inquiry:
        """Have the zaaksysteem asked about the zaak of a message, when knowing more of it may help.

        `judge` gives the number of that zaak, what is known of it and what is wrong with the message by that; None
        when there is none. What it writes does not stay, and nothing is held while the zaaksysteem answers. A
        message that was accepted before, or with which nothing is wrong, asks nothing.
        """
        inquiry = self.inquiry(message)
        if inquiry.ask is None:
            return inquiry
        with self.database.session() as session:
            again = journal.accepted_before(session, **message.identity) is not None
            found = None if again else judge(session)
            session.rollback()
        if found is not None and found[2]:
            identificatie, zaak, findings = found
            inquiry.made_about(identificatie, zaak, findings=findings)
        return inquiry

    def processed(self, message: Message, record: Klantcontact, *, functie: str = VOEG_TOE) -> list[Order]:
        """The Du01 about a contact that was added, changed or withdrawn, for a zender that wants to hear of it."""
        if not afterwards.wanted(message, settings=self.settings):
            return []
        concept = self.answers.processed(message.header, record, functie=functie, meldingen=message.meldingen)
        return [afterwards.order(message, "Du01", concept=concept, klantcontact=record.identificatie)]

    def _confirmation(self, message: Message) -> list[Order]:
        """Bv01 for what has no answer of its own: a Du01, or the klcSa01 that was asked for."""
        asked = message.header.berichtcode == "Sa03"
        if afterwards.wanted(message, settings=self.settings) and not afterwards.is_vrij(message) and not asked:
            concept = self.answers.done(message.header, stuf=message.stuf, meldingen=message.meldingen)
            return [afterwards.order(message, "Bv01", concept=concept)]
        return []

    def again(self, message: Message, previous: journal.Previous) -> Answer:
        """An accepted referentienummer comes again: the stored answer, or StUF016 when the content is other."""
        if previous.hash != message.hash:
            finding = about.standard(
                Fout.StUF016,
                "StUF:referentienummer",
                value=message.header.referentienummer[:REFERENCE_LENGTH],
                nl="Geef een gewijzigd bericht een nieuw referentienummer; herhaal een bericht ongewijzigd.",
                en="Give a changed message a new referentienummer; repeat a message unchanged.",
            )
            return self.refuse(message, [finding])
        self._write(message, verdict="repeated", code="", found="", antwoord=previous.antwoord)
        return Answer(body=previous.antwoord)

    def unreadable(self, received: Received, *, now: datetime) -> Answer:
        """There is no tree: journal the bytes, and answer the authenticated zender."""
        unreadable = received.unreadable
        if unreadable is None:
            raise ValueError("without an envelope there is a reason why")
        fout = Fout[unreadable.code]
        answer = self.answers.refusal(
            fout, unreadable.violations, port=received.port, to=Header(), zender=received.zender, now=now
        )
        with self.database.connection() as connection:
            _JOURNAL.row(
                connection,
                {
                    "partner": received.zender,
                    "systeem": "",
                    "referentienummer": "",
                    "berichtcode": "",
                    "operatie": "",
                    "raw": received.raw,
                    "hash": None,
                    "verdict": "unreadable",
                    "code": fout.name,
                    "rules": " ".join(v.rule for v in unreadable.violations),
                    "antwoord": answer.body,
                },
            )
        return answer

    def _write(self, message: Message, *, verdict: str, code: str, found: str, antwoord: bytes) -> None:
        with self.database.connection() as connection:
            parameters = {"verdict": verdict, "code": code, "rules": found, "antwoord": antwoord}
            _JOURNAL.row(connection, {**message.journal, **parameters})
