"""Accept one message, in one transaction.

A message is read, judged and written down together with everything it brings about: journal, RGBZ record, outbox.
Only after COMMIT is there an answer (promise 1). What kind of message it is says which module takes it: `adding` a
new contact, `changing` one that is here, `kennisgeving` and `informatieobject` what a system tells that speaks KLC
itself, `zaak` what a zaaksysteem tells, `vraag` what is asked of us, `uitslag` what became of a message of ours.

What can go wrong: whatever the sender did is answered with a StUF fault and journalled; when it is ours (the
database is away, a defect) the sender gets StUF046 or StUF049 with a reference that finds the log line.

StUF 03.01 §4.4 and §8; stuf-facts §8.2 and §9.2; docs/mapping.md §3 to §5.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Final, Protocol
from uuid import uuid4

from lxml import etree

from stuf_klantcontact import access, stuurgegevens, validation
from stuf_klantcontact.contract import Contract, Schemas
from stuf_klantcontact.errors import Violation, where
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import (
    about,
    adding,
    changing,
    forgiving,
    in_klc,
    informatieobject,
    kennisgeving,
    soort3,
    uitslag,
    volgorde,
    vraag,
    zaak,
)
from stuf_klantcontact.intake.about import PORTS, SYNCHRONOUS_PORTS, Finding, Soort
from stuf_klantcontact.intake.answers import Answer, Answers
from stuf_klantcontact.intake.inquiry import Ask
from stuf_klantcontact.intake.message import Message, Received, message, stuf
from stuf_klantcontact.intake.verdicts import Verdicts
from stuf_klantcontact.names import KC, split
from stuf_klantcontact.parsing import Unreadable
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.tijdstip import Clock, system_clock

__all__ = ["PORTS", "SYNCHRONOUS_PORTS", "Answer", "Intake", "Received"]

log = logging.getLogger(__name__)


_VERSIONS = frozenset({Fout.StUF001, Fout.StUF004, Fout.StUF007})


class Take(Protocol):
    """Takes one kind of message; `findings` is what is wrong with it so far."""

    def __call__(self, message: Message, findings: Sequence[Finding], /, *, verdicts: Verdicts) -> Answer:
        """Judge it, write it down, and answer."""
        ...


class Intake:
    """Accepts messages for one organisation. Threads may share it; it keeps nothing between messages."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        contract: Contract,
        zaak_schemas: Schemas | None = None,
        ask: Ask | None = None,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = monotonic,
        judged: Callable[[], None] | None = None,
    ) -> None:
        """`zaak_schemas`: the official set that zaak messages must satisfy. `ask`: who asks about unknown zaken.

        `judged` is called after each message, when all is committed; it may neither wait nor raise.
        """
        self._judged = judged
        self._monotonic = monotonic
        strict = all(zender.strikt for zender in settings.zender.values())
        self._names = frozenset() if strict else forgiving.known_names(contract.files())
        self._settings = settings
        self._clock = clock
        self._zaak_schemas = zaak_schemas
        self._answers = Answers(settings, clock=clock)
        self._verdicts = Verdicts(settings, database, contract, self._answers, ask, monotonic)

    def accept(self, received: Received) -> Answer:
        """Take one message all the way, and answer it; never raises."""
        try:
            if received.envelope is None:
                return self._verdicts.unreadable(received, now=self._clock())
            waits = received.port in SYNCHRONOUS_PORTS
            until = self._monotonic() + self._settings.limits.answer_seconds if waits else None
            answer = self._judge(message(received, received.envelope, now=self._clock(), until=until))
            if self._judged is not None:
                self._judged()
            return answer
        except Unreadable as unreadable:
            refused = replace(received, envelope=None, unreadable=unreadable)
            return self._verdicts.unreadable(refused, now=self._clock())
        except Exception as error:
            reference = uuid4().hex[:12]
            log.error("trouble %s: %s port=%s", reference, where(error), received.port)
            if received.envelope is None:
                return self._answers.trouble(received.port, reference, zender=received.zender)
            body = received.envelope.body
            return self._answers.trouble(
                received.port,
                reference,
                zender=received.zender,
                header=stuurgegevens.read(body),
                stuf=stuf(body.tag),
            )

    def trouble(self, port: str, reference: str) -> Answer:
        """The answer when something of ours failed before there was a message, with the reference in the log."""
        return self._answers.trouble(port, reference)

    def _judge(self, message: Message) -> Answer:
        settings, verdicts = self._settings, self._verdicts
        findings = about.identity(message.header, authenticated=message.received.zender, settings=settings)
        findings += soort3.versions(message.element)
        zender = settings.zender.get(message.received.zender)
        operation = about.OPERATIONS.get(message.element.tag)
        if operation is None or operation.port != message.received.port:
            if not any(finding.fout in _VERSIONS for finding in findings):
                findings += soort3.unsupported(message.element, message.header, port=message.received.port)
            return verdicts.refuse(message, findings)
        crowded = in_klc.crowded(message.element) if operation.soort in ("klantcontact", "document") else []
        if zender is not None and not zender.strikt and not crowded and not about.is_stranger(findings):
            message = self._forgiven(message, operation.soort)
        technical = [*soort3.header(message.element, message.header)]
        findings += technical
        if zender is None or not access.may(zender, operatie=operation.operatie):
            findings.append(about.not_allowed(operation.operatie))
        if operation.soort == "zaak":
            findings += about.incomplete_header(message.header)
        elif crowded:
            findings += crowded
        else:
            findings += soort3.without(self._by_contract(message), technical)
        if not any(finding.violation.element == "StUF:tijdstipBericht" for finding in findings):
            findings += volgorde.wrong(message, settings=settings)
        if operation.soort == "zaak":
            return zaak.take(message, findings, verdicts=verdicts, schemas=self._zaak_schemas)
        if about.is_stranger(findings):
            return verdicts.refuse(message, findings)
        return _TAKE[operation.soort](message, findings, verdicts=verdicts)

    def _forgiven(self, message: Message, soort: Soort) -> Message:
        """The message of a zender that is not strict, mended when that is all it takes."""
        schemas = self._zaak_schemas if soort == "zaak" else None
        if message.valid or (soort == "zaak" and schemas is None):
            return message

        def violations(element: etree._Element) -> Sequence[Violation]:
            if schemas is not None:
                return [] if schemas.valid(element) else schemas.violations(element)
            if split(element.tag)[0] == KC:
                return self._verdicts.contract.violations(element)
            return validation.check_message(
                element, against=self._verdicts.contract, limits=self._settings.limits, now=message.now
            )

        found = forgiving.mended(
            message.element, violations=violations, names=self._names if schemas is None else frozenset()
        )
        if found is None:
            return message
        element, warnings = found
        header = stuurgegevens.read(element)
        return replace(message, element=element, header=header, valid=True, warnings=warnings)

    def _by_contract(self, message: Message) -> list[Finding]:
        """What the schema says of it; of what is not a vrij bericht of ours, what StUF and RGBZ say too."""
        contract = self._verdicts.contract
        if split(message.element.tag)[0] == KC:
            if message.valid and message.header.referentienummer:
                return []
            schema = [] if message.valid else contract.violations(message.element)
            header = validation.check_header(message.element, said=schema, now=message.now)
            return [Finding(Fout.StUF055, v) for v in (*schema, *header)] or [about.unexplained()]
        found = validation.check_message(
            message.element, against=contract, limits=self._settings.limits, now=message.now
        )
        return [Finding(about.code_of(v), v) for v in found if v.severity == "error"]


_TAKE: Final[Mapping[Soort, Take]] = {
    "toevoegen": adding.take,
    "wijzigen": changing.correct,
    "verwijderen": changing.withdraw,
    "klantcontact": kennisgeving.contact,
    "document": informatieobject.document,
    "vraag": vraag.answer,
    "verzoek": vraag.again,
    "uitslag": uitslag.outcome,
    "trigger": uitslag.trigger,
}
