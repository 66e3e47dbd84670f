"""Accept one message, in one transaction.

A message is read, judged and written down together with everything it brings about: journal, RGBZ record, outbox.
Only after COMMIT is there an answer (promise 1). The way of a klantcontact takes two statements: one that reads the
facts, one that writes; should the zaak have changed or the same message have been accepted in between, the second
writes nothing and the message is judged again.

What can go wrong: whatever the sender did is answered with a StUF fault and journalled; when it is ours (the
database is away, a defect) the sender gets StUF046 or StUF049 with a reference that finds the log line.

StUF 03.01 §4.4 and §8; stuf-facts §8.2 and §9.2; docs/mapping.md §3 to §5.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import uuid4

import psycopg
from lxml import etree
from sqlalchemy.exc import IntegrityError

from stuf_klantcontact import access, fouten, journal, outbox, parsing, rgbz, rules, stuurgegevens
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import where
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, sending
from stuf_klantcontact.intake.about import PORTS, REFERENCE_LENGTH, SYNCHRONOUS_PORTS, ZAKEN, Finding
from stuf_klantcontact.intake.answers import Answer, Answers
from stuf_klantcontact.mapping import gfozaken, zkn0310
from stuf_klantcontact.names import split
from stuf_klantcontact.opvoering import Opvoering
from stuf_klantcontact.parsing import Envelope, Unreadable
from stuf_klantcontact.settings import KlantcontactType, Settings, Zaaktype
from stuf_klantcontact.store import Database, Statement
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.tijdstip import AMSTERDAM, Clock, system_clock

__all__ = ["PORTS", "SYNCHRONOUS_PORTS", "Answer", "Intake", "Received"]

log = logging.getLogger(__name__)

TRIES: Final = 5
"""Judgements of one message before we call it trouble: each needs the zaak to change in the same millisecond."""

_JOURNALLED: Final = 600
"""Characters of a header value that the journal keeps beside the whole message; no valid one is longer."""
_FACTS: Final = Statement(f"SELECT {rgbz.FACTS}, {journal.PREVIOUS} FROM {rgbz.FACTS_FROM} {journal.PREVIOUS_FROM}")
_ZAAK_UNCHANGED: Final = (
    "%(zaak_id)s::bigint IS NULL OR EXISTS (SELECT FROM zaak WHERE id = %(zaak_id)s AND versie = %(versie)s)"
)
_ENQUEUE: Final = outbox.ENQUEUE.replace("%(orders)s::jsonb", "(SELECT %(orders)s::jsonb FROM bericht_nieuw)")
_END: Final = " SELECT id FROM bericht_nieuw"


@cache
def _accept(*, documenten: bool, inhouden: bool, orders: bool) -> Statement:
    """The one statement that writes an accepted klantcontact and all that comes with it."""
    parts = ["WITH " + journal.INSERT.format(condition=_ZAAK_UNCHANGED), rgbz.INSERT]
    # Each table that a statement names costs time, even when nothing goes into it.
    if inhouden:
        parts.append(rgbz.INSERT_INHOUDEN)
    if documenten:
        parts.append(rgbz.INSERT_DOCUMENTEN)
    if orders:
        parts.append(_ENQUEUE)
    return Statement(", ".join(parts) + _END)


_REFUSE: Final = Statement("WITH " + journal.INSERT.format(condition="true") + _END)


@dataclass(frozen=True, slots=True)
class Received:
    """What the door hands over: where it came in, the bytes, who sent them, and the tree or why there is none."""

    port: str
    raw: bytes
    zender: str
    envelope: Envelope | None = None
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class _Message:
    """A message on its way: what the door gave, and what we read of it."""

    received: Received
    element: etree._Element
    header: Header
    hash: bytes
    now: datetime

    @property
    def journal(self) -> dict[str, Any]:
        """Parameters of journal.INSERT that do not depend on the verdict."""
        return {
            "partner": self.received.zender,
            "systeem": self.header.zender.sleutel[:_JOURNALLED],
            # What goes into an index has a limit; of a message that we accept all of it is within.
            "referentienummer": self.header.referentienummer[:_JOURNALLED],
            "berichtcode": self.header.berichtcode[:_JOURNALLED],
            "operatie": split(self.element.tag)[1][:_JOURNALLED],
            "raw": self.received.raw,
            "hash": self.hash,
        }


class Intake:
    """Accepts messages for one organisation. Threads may share it; it keeps nothing between messages."""

    def __init__(
        self, settings: Settings, *, database: Database, contract: Contract, clock: Clock = system_clock
    ) -> None:
        self._settings = settings
        self._database = database
        self._contract = contract
        self._clock = clock
        self._answers = Answers(settings, clock=clock)

    def accept(self, received: Received) -> Answer:
        """Take one message all the way, and answer it; never raises."""
        try:
            if received.envelope is None:
                return self._unreadable(received)
            element = received.envelope.body
            message = _Message(
                received=received,
                element=element,
                header=stuurgegevens.read(element),
                hash=parsing.canonical_hash(element),
                now=self._clock(),
            )
            return self._judge(message, valid=received.envelope.valid)
        except Unreadable as unreadable:
            return self._unreadable(replace(received, envelope=None, unreadable=unreadable))
        except Exception as error:
            reference = uuid4().hex[:12]
            log.error("trouble %s: %s port=%s", reference, where(error), received.port)
            header = stuurgegevens.read(received.envelope.body) if received.envelope else None
            return self.trouble(received.port, reference, zender=received.zender, header=header)

    def trouble(self, port: str, reference: str, *, zender: str = "", header: Header | None = None) -> Answer:
        """The answer when something of ours failed, with the reference that the log has."""
        return self._answers.trouble(port, reference, zender=zender, header=header)

    # -- verdicts -----------------------------------------------------------------------------------------------

    def _judge(self, message: _Message, *, valid: bool) -> Answer:
        authenticated = message.received.zender
        findings = about.identity(message.header, authenticated=authenticated, settings=self._settings)
        port, operatie = about.OPERATIONS.get(message.element.tag, ("", ""))
        if not operatie or port != message.received.port:
            findings.append(about.not_supported(message.element, port=message.received.port, known=bool(operatie)))
            return self._refuse(message, findings)
        zender = self._settings.zender.get(message.received.zender)
        if zender is None or not access.may(zender, operatie=operatie):
            findings.append(about.not_allowed())
        if operatie == ZAKEN:
            findings += about.incomplete_header(message.header)
        elif not valid:
            schema = self._contract.violations(message.element)
            findings += [Finding(Fout.StUF055, violation) for violation in schema] or [about.unexplained()]
        if operatie == ZAKEN:
            return self._refuse(message, findings) if findings else self._zaak(message)
        return self._klantcontact(message, findings, valid=valid)

    def _klantcontact(self, message: _Message, findings: list[Finding], *, valid: bool) -> Answer:
        opvoering = gfozaken.read(message.element)
        stranger = any(f.fout in (Fout.StUF010, Fout.StUF013, Fout.StUF052) for f in findings)
        if stranger:
            # Whoever is not let in learns nothing about zaken.
            return self._refuse(message, findings)
        parameters = {
            "zaak": opvoering.zaakidentificatie,
            "rsin": self._settings.gateway.rsin,
            "systeem": message.header.zender.sleutel,
            "referentienummer": message.header.referentienummer,
        }
        for _ in range(TRIES):
            with self._database.connection() as connection:
                row = _FACTS.row(connection, parameters)
                if row is None:
                    raise LookupError("a SELECT from one row gave none")
                previous = journal.previous(row)
                outcome = None
                if previous is None:
                    outcome = self._settle(message, opvoering, row, findings, valid=valid, connection=connection)
            # What follows takes a connection of its own: nobody holds one while waiting for another.
            if previous is not None:
                return self._again(message, previous)
            if isinstance(outcome, Answer):
                return outcome
            if outcome is not None:
                return self._refuse(message, outcome)
        raise TimeoutError(f"the zaak changed {TRIES} times while a message was judged")

    def _settle(
        self,
        message: _Message,
        opvoering: Opvoering,
        row: Mapping[str, Any],
        findings: Sequence[Finding],
        *,
        valid: bool,
        connection: psycopg.Connection,
    ) -> Answer | list[Finding] | None:
        """Judge by these facts: what is wrong, or the answer once it is written; None when they no longer held."""
        settings = self._settings
        zaak = rgbz.facts(row)
        zaaktype = settings.zaaktype.get(zaak.zaaktype) if zaak else None
        policy = zaaktype or Zaaktype()
        betrokkenen = zaak.betrokkenen if zaak else ()
        partij, herkomst = gfozaken.partij(opvoering, betrokkenen=betrokkenen, uit_zaak=policy.partij_uit_zaak)
        medewerker = gfozaken.medewerker(opvoering, betrokkenen=betrokkenen, uit_zaak=policy.medewerker_uit_zaak)
        groep = rules.groep(opvoering, partij=partij, medewerker=medewerker, interactief=policy.interactief)
        judgement = rules.judge(
            rules.Case(
                opvoering=opvoering,
                zaak=zaak,
                zaaktype=zaaktype,
                zender=settings.zender[message.received.zender],
                partij=partij,
                medewerker=medewerker,
                groep=groep,
                now=message.now,
                limits=settings.limits,
                zonder_zaak=settings.mapping.zonder_zaak,
                valid=valid,
            )
        )
        if findings or judgement.violations:
            return [*findings, *(Finding(rules.rule(v.rule).fout, v) for v in judgement.violations)]

        kanaal = settings.mapping.kanaal[_type(opvoering)]
        identificatie = rgbz.klantcontactidentificatie(row["nummer"], moment=message.now.astimezone(AMSTERDAM))
        exchange = zaak is not None and groep != "zonder_zaak" and getattr(policy.groepen, groep) == "exchange"
        effect = "uitgewisseld" if exchange else "bewaard"
        record = gfozaken.klantcontact(
            opvoering,
            identificatie=identificatie,
            rsin=settings.gateway.rsin,
            kanaal=kanaal,
            groep=groep,
            effect=effect,
            partij=partij,
            herkomst=herkomst,
            medewerker=medewerker,
            zaakomschrijving=zaak.omschrijving if zaak else "",
            zaak_id=zaak.id if zaak else None,
            status_id=zaak.status_id if zaak else None,
        )
        documenten = gfozaken.documenten(
            opvoering,
            identificatie=identificatie,
            rsin=settings.gateway.rsin,
            groep=groep,
            made=message.now.astimezone(AMSTERDAM).date(),
            partijnaam=gfozaken.partijnaam(partij, betrokkenen=betrokkenen),
        )
        orders = [
            *sending.orders(record, documenten, zaak=zaak, settings=settings),
            *sending.mails(record, opvoering, zaak=zaak, melding=policy.melding, settings=settings),
        ]
        body = self._answers.accepted(message.header, record, port=message.received.port, now=message.now)
        parameters = {
            **message.journal,
            **rgbz.parameters(record, documenten=documenten),
            "versie": zaak.versie if zaak else None,
            "orders": outbox.enqueue_parameter(orders),
            "verdict": "accepted",
            "code": "",
            "rules": "",
            "antwoord": body,
        }
        statement = _accept(documenten=bool(documenten), inhouden=bool(parameters["inhouden"]), orders=bool(orders))
        written = statement.row(connection, parameters)
        return Answer(body=body) if written else None

    def _zaak(self, message: _Message) -> Answer:
        """Take over what a zaaksysteem says of a zaak, and journal it, in one transaction."""
        try:
            mutatie = zkn0310.read(message.element)
        except ValueError:
            finding = about.standard(
                Fout.StUF055,
                "ZKN:object",
                nl="Noem de zaak: ZKN:object met ZKN:identificatie.",
                en="Name the zaak: ZKN:object with ZKN:identificatie.",
            )
            return self._refuse(message, [finding])
        body = self._answers.bv03(message.header, now=message.now)
        for _ in range(TRIES):
            with self._database.connection() as connection:
                row = _FACTS.row(connection, {**message.journal, "zaak": "", "rsin": ""})
                previous = journal.previous(row or {"vorig_hash": None})
            if previous is not None:
                return self._again(message, previous)
            try:
                with self._database.session() as session:
                    journal.record_incoming(session, **message.journal, antwoord=body)
                    rgbz.verwerk(session, mutatie, rsin=self._settings.gateway.rsin)
                return Answer(body=body)
            except IntegrityError:
                continue  # the same message, or the same new zaak, was taken at this very moment
        raise TimeoutError(f"the zaak changed {TRIES} times while a message was taken over")

    def _again(self, message: _Message, previous: journal.Previous) -> Answer:
        """An accepted referentienummer comes again: the stored answer, or StUF016 when the content is other."""
        if previous.hash != message.hash:
            finding = about.standard(
                Fout.StUF016,
                "StUF:referentienummer",
                value=message.header.referentienummer[:REFERENCE_LENGTH],
                nl="Geef een gewijzigd bericht een nieuw referentienummer; herhaal een bericht ongewijzigd.",
                en="Give a changed message a new referentienummer; repeat a message unchanged.",
            )
            return self._refuse(message, [finding])
        self._write(message, verdict="repeated", code="", found="", antwoord=previous.antwoord)
        return Answer(body=previous.antwoord)

    def _refuse(self, message: _Message, findings: Sequence[Finding]) -> Answer:
        fout = fouten.first([finding.fout for finding in findings])
        ordered = sorted(findings, key=lambda finding: finding.fout is not fout)
        violations = [about.placed(finding.violation, message.element) for finding in ordered]
        answer = self._answers.refusal(
            fout,
            violations,
            port=message.received.port,
            to=message.header,
            zender=message.received.zender,
            now=message.now,
        )
        found = " ".join(dict.fromkeys(v.rule for v in violations))
        self._write(message, verdict="refused", code=fout.name, found=found, antwoord=answer.body)
        return answer

    def _unreadable(self, received: Received) -> Answer:
        """There is no tree: journal the bytes, and answer the authenticated zender."""
        unreadable = received.unreadable
        if unreadable is None:
            raise ValueError("without an envelope there is a reason why")
        fout = Fout[unreadable.code]
        answer = self._answers.refusal(
            fout,
            unreadable.violations,
            port=received.port,
            to=Header(),
            zender=received.zender,
            now=self._clock(),
        )
        with self._database.connection() as connection:
            _REFUSE.row(
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

    # -- writing ------------------------------------------------------------------------------------------------

    def _write(self, message: _Message, *, verdict: str, code: str, found: str, antwoord: bytes) -> None:
        with self._database.connection() as connection:
            parameters = {"verdict": verdict, "code": code, "rules": found, "antwoord": antwoord}
            _REFUSE.row(connection, {**message.journal, **parameters})


def _type(opvoering: Opvoering) -> KlantcontactType:
    """The Type, which KC-04 has found to be one of the five."""
    found: KlantcontactType = opvoering.type  # type: ignore[assignment]
    return found
