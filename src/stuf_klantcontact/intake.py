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
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final
from uuid import uuid4

import psycopg
from lxml import etree
from psycopg.rows import dict_row
from sqlalchemy.exc import IntegrityError

from stuf_klantcontact import (
    access,
    berichten,
    fouten,
    journal,
    outbox,
    parsing,
    report,
    rgbz,
    rules,
    stuurgegevens,
)
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fault, Fout
from stuf_klantcontact.mapping import gfozaken, zkn0310
from stuf_klantcontact.names import GFOZAKEN, KC, KLC, PREFIXES, ZDS0120, ZKN0310, prefixed, qname, split
from stuf_klantcontact.opvoering import STAFF, Opvoering
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.parsing import Envelope, Unreadable
from stuf_klantcontact.parsing.refusals import line_of
from stuf_klantcontact.settings import KlantcontactType, Settings, Zaaktype
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import AMSTERDAM, Clock, stuf0301, system_clock

log = logging.getLogger(__name__)

PORTS: Final = ("OntvangAsynchroon", "VerwerkSynchroonVrijBericht")
SYNCHRONOUS_PORTS: Final = frozenset({"VerwerkSynchroonVrijBericht"})
TRIES: Final = 5
"""Judgements of one message before we call it trouble: each needs the zaak to change in the same millisecond."""

ZAKEN: Final = "zaken"
VOEG_TOE: Final = "voegKlantcontactToe"
_OPERATIONS: Final[Mapping[str, tuple[str, str]]] = {
    qname(KC, f"{VOEG_TOE}_Di02"): ("VerwerkSynchroonVrijBericht", VOEG_TOE),
    qname(KC, f"{VOEG_TOE}_Di01"): ("OntvangAsynchroon", VOEG_TOE),
    **{
        qname(namespace, local): ("OntvangAsynchroon", ZAKEN)
        for namespace in (ZKN0310, ZDS0120)
        for local in zkn0310.OPERATIONS
    },
}
"""Each message we take: the port it belongs on, and the word in `operaties` that allows it."""

_REFERENCE_LENGTH: Final = 40
_JOURNALLED: Final = 600
"""Characters of a header value that the journal keeps beside the whole message; no valid one is longer."""
_FACTS: Final = f"SELECT {rgbz.FACTS}, {journal.PREVIOUS} FROM {rgbz.FACTS_FROM} {journal.PREVIOUS_FROM}"
_ZAAK_UNCHANGED: Final = (
    "%(zaak_id)s::bigint IS NULL OR EXISTS (SELECT FROM zaak WHERE id = %(zaak_id)s AND versie = %(versie)s)"
)
_ENQUEUE: Final = outbox.ENQUEUE.replace("%(orders)s::jsonb", "(SELECT %(orders)s::jsonb FROM bericht_nieuw)")
_ACCEPT: Final = (
    ", ".join(("WITH " + journal.INSERT.format(condition=_ZAAK_UNCHANGED), rgbz.INSERT, _ENQUEUE))
    + " SELECT id FROM bericht_nieuw"
)
_REFUSE: Final = "WITH " + journal.INSERT.format(condition="true") + " SELECT id FROM bericht_nieuw"


@dataclass(frozen=True, slots=True)
class Received:
    """What the door hands over: where it came in, the bytes, who sent them, and the tree or why there is none."""

    port: str
    raw: bytes
    zender: str
    envelope: Envelope | None = None
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: one complete StUF message as UTF-8 XML; with a fault it belongs in soap:Fault/detail."""

    body: bytes
    fault: Fault | None = None


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


@dataclass(frozen=True, slots=True)
class _Finding:
    """A violation and the code it would be refused with."""

    fout: Fout
    violation: Violation


class Intake:
    """Accepts messages for one organisation. Threads may share it; it keeps nothing between messages."""

    def __init__(
        self, settings: Settings, *, database: Database, contract: Contract, clock: Clock = system_clock
    ) -> None:
        self._settings = settings
        self._database = database
        self._contract = contract
        self._clock = clock
        gateway = settings.gateway
        self._ours = Systeem(gateway.organisatie, gateway.applicatie, gateway.administratie)

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
            # The text of an exception may quote the message, so only its kind and place are logged.
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{PurePath(place.filename).name}:{place.lineno}"
            log.error("trouble %s: %s at %s, port %s", reference, type(error).__name__, where, received.port)
            header = stuurgegevens.read(received.envelope.body) if received.envelope else None
            return self.trouble(received.port, reference, zender=received.zender, header=header)

    def trouble(self, port: str, reference: str, *, zender: str = "", header: Header | None = None) -> Answer:
        """The answer when something of ours failed: StUF046 or StUF049, with the reference that the log has."""
        details = (
            f"Storing bij de gateway, niet in uw bericht. Bied het over enkele minuten ongewijzigd opnieuw aan; "
            f"blijft het misgaan, noem dan {reference}. / Trouble of the gateway, not in your message. Offer it "
            f"again unchanged in a few minutes; if it keeps failing, mention {reference}."
        )
        element, fault = fouten.build(
            Fout.StUF049 if port in SYNCHRONOUS_PORTS else Fout.StUF046,
            header=self._answer_header("Fo", port=port, to=header or Header(), zender=zender, now=self._clock()),
            details=details,
        )
        return Answer(body=etree.tostring(element), fault=fault)

    # -- verdicts -----------------------------------------------------------------------------------------------

    def _judge(self, message: _Message, *, valid: bool) -> Answer:
        findings = self._identity(message)
        port, operatie = _OPERATIONS.get(message.element.tag, ("", ""))
        if not operatie or port != message.received.port:
            findings.append(_not_supported(message.element, port=message.received.port, known=bool(operatie)))
            return self._refuse(message, findings)
        zender = self._settings.zender.get(message.received.zender)
        if zender is None or not access.may(zender, operatie=operatie):
            findings.append(_standard(Fout.StUF052, "StUF:zender", nl=_MAY_NOT.nl, en=_MAY_NOT.en))
        if operatie == ZAKEN:
            findings += _incomplete_header(message.header)
        elif not valid:
            schema = self._contract.violations(message.element)
            findings += [_Finding(Fout.StUF055, violation) for violation in schema] or [_unexplained()]
        if operatie == ZAKEN:
            return self._refuse(message, findings) if findings else self._zaak(message)
        return self._klantcontact(message, findings, valid=valid)

    def _identity(self, message: _Message) -> list[_Finding]:
        """Who sent it, and was it meant for us. What the schema will say is absent is not said twice."""
        found: list[_Finding] = []
        zender, ontvanger = message.header.zender, message.header.ontvanger
        if ontvanger.applicatie and not access.is_us(ontvanger, gateway=self._settings.gateway):
            us = "|".join(
                part for part in (self._ours.organisatie, self._ours.applicatie, self._ours.administratie) if part
            )
            found.append(
                _standard(
                    Fout.StUF010,
                    "StUF:ontvanger",
                    nl="Zet deze gateway in StUF:ontvanger, met organisatie, applicatie en administratie.",
                    en="Put this gateway in StUF:ontvanger, with organisatie, applicatie and administratie.",
                    expected=us,
                )
            )
        known = access.is_known(zender, zenders=self._settings.zender, gateway=self._settings.gateway)
        if zender.applicatie and not known:
            found.append(
                _standard(
                    Fout.StUF013,
                    "StUF:zender",
                    nl="Gebruik de organisatie en applicatie waaronder uw systeem hier is aangemeld.",
                    en="Use the organisatie and applicatie under which your system is registered here.",
                )
            )
        elif zender.applicatie and zender.applicatie != message.received.zender:
            found.append(
                _standard(
                    Fout.StUF052,
                    "StUF:zender",
                    nl="Meld u aan als het systeem dat in StUF:zender staat.",
                    en="Authenticate as the system that StUF:zender names.",
                )
            )
        return found

    def _klantcontact(self, message: _Message, findings: list[_Finding], *, valid: bool) -> Answer:
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
                cursor = connection.cursor(row_factory=dict_row)
                row = cursor.execute(_FACTS, parameters).fetchone()
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
        findings: Sequence[_Finding],
        *,
        valid: bool,
        connection: psycopg.Connection,
    ) -> Answer | list[_Finding] | None:
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
            return [*findings, *(_Finding(rules.rule(v.rule).fout, v) for v in judgement.violations)]

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
            *self._orders(record, documenten, zaak=zaak),
            *self._mails(record, opvoering, zaak=zaak, melding=policy.melding),
        ]
        body = self._accepted(message, record)
        written = connection.execute(
            _ACCEPT,
            {
                **message.journal,
                **rgbz.parameters(record, documenten=documenten),
                "versie": zaak.versie if zaak else None,
                "orders": outbox.enqueue_parameter(orders),
                "verdict": "accepted",
                "code": "",
                "rules": "",
                "antwoord": body,
            },
        ).fetchone()
        return Answer(body=body) if written else None

    def _zaak(self, message: _Message) -> Answer:
        """Take over what a zaaksysteem says of a zaak, and journal it, in one transaction."""
        try:
            mutatie = zkn0310.read(message.element)
        except ValueError:
            finding = _standard(
                Fout.StUF055,
                "ZKN:object",
                nl="Noem de zaak: ZKN:object met ZKN:identificatie.",
                en="Name the zaak: ZKN:object with ZKN:identificatie.",
            )
            return self._refuse(message, [finding])
        body = etree.tostring(berichten.bv03(self._reply_header("Bv03", message)))
        for _ in range(TRIES):
            with self._database.connection() as connection:
                row = connection.cursor(row_factory=dict_row).execute(
                    _FACTS, {**message.journal, "zaak": "", "rsin": ""}
                )
                if (previous := journal.previous(row.fetchone() or {"vorig_hash": None})) is not None:
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
            finding = _standard(
                Fout.StUF016,
                "StUF:referentienummer",
                value=message.header.referentienummer[:_REFERENCE_LENGTH],
                nl="Geef een gewijzigd bericht een nieuw referentienummer; herhaal een bericht ongewijzigd.",
                en="Give a changed message a new referentienummer; repeat a message unchanged.",
            )
            return self._refuse(message, [finding])
        self._write(message, verdict="repeated", code="", found="", antwoord=previous.antwoord)
        return Answer(body=previous.antwoord)

    def _refuse(self, message: _Message, findings: Sequence[_Finding]) -> Answer:
        fout = fouten.first([finding.fout for finding in findings])
        ordered = sorted(findings, key=lambda finding: finding.fout is not fout)
        violations = [_placed(finding.violation, message.element) for finding in ordered]
        answer = self._fault(
            fout,
            violations,
            header=self._answer_header(
                "Fo", port=message.received.port, to=message.header, zender=message.received.zender, now=message.now
            ),
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
        header = self._answer_header(
            "Fo", port=received.port, to=Header(), zender=received.zender, now=self._clock()
        )
        answer = self._fault(fout, unreadable.violations, header=header)
        with self._database.connection() as connection:
            connection.execute(
                _REFUSE,
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
            connection.execute(
                _REFUSE, {**message.journal, "verdict": verdict, "code": code, "rules": found, "antwoord": antwoord}
            )

    def _fault(self, fout: Fout, violations: Sequence[Violation], *, header: Header) -> Answer:
        first = violations[0]
        base = self._settings.gateway.public_url.rstrip("/")
        details = [f"{first.rule}: {first.message.nl} / {first.message.en}"]
        if first.hint is not None:
            details.append(f"{first.hint.nl} / {first.hint.en}")
        if base:
            details.append(report.url(first.rule, base=base))
        element, fault = fouten.build(
            fout,
            header=header,
            details="\n".join(details),
            details_xml=(*_reference(header), report.as_element(violations, base=base)),
        )
        return Answer(body=etree.tostring(element), fault=fault)

    def _answer_header(self, kind: str, *, port: str, to: Header, zender: str, now: datetime) -> Header:
        """The header of a fault: Fo02 on a synchronous port, Fo03 on an asynchronous one, always complete."""
        synchronous = port in SYNCHRONOUS_PORTS
        known = self._settings.zender.get(zender)
        fallback = Systeem(
            organisatie=(known.organisatie if known else "") or self._settings.gateway.organisatie,
            applicatie=zender or "ONBEKEND",
        )
        usable = 3 <= len(to.zender.applicatie) <= 50 and len(to.zender.organisatie) <= 200
        return Header(
            berichtcode=f"{kind}02" if synchronous else f"{kind}03",
            zender=self._ours,
            ontvanger=replace(
                to.zender, administratie=to.zender.administratie[:50], gebruiker=to.zender.gebruiker[:100]
            )
            if usable
            else fallback,
            referentienummer=uuid4().hex,
            tijdstip_bericht=stuf0301(now),
            cross_refnummer=to.referentienummer[:_REFERENCE_LENGTH],
        )

    def _reply_header(self, berichtcode: str, message: _Message) -> Header:
        return stuurgegevens.answer(
            message.header,
            berichtcode=berichtcode,
            referentienummer=uuid4().hex,
            tijdstip_bericht=stuf0301(message.now),
        )

    def _accepted(self, message: _Message, record: rgbz.Klantcontact) -> bytes:
        if message.received.port not in SYNCHRONOUS_PORTS:
            return etree.tostring(berichten.bv03(self._reply_header("Bv03", message)))
        header = replace(self._reply_header("Du02", message), functie=VOEG_TOE)
        kept = _KEPT["zonder_zaak" if record.zaak_id is None else record.groep]
        return gfozaken.write_du02(
            header,
            identificatie=record.identificatie,
            groep=record.groep,
            effect=record.effect,
            meldingen=[] if record.effect == "uitgewisseld" else [kept],
        )

    def _orders(
        self,
        record: rgbz.Klantcontact,
        documenten: Sequence[rgbz.Informatieobject],
        *,
        zaak: rgbz.ZaakFeiten | None,
    ) -> list[Order]:
        """What each abonnee gets, documents before the contact that refers to them (docs/mapping.md §5)."""
        if record.effect != "uitgewisseld" or zaak is None:
            return []
        orders: list[Order] = []
        for naam, abonnee in self._settings.abonnee.items():
            if "*" not in abonnee.zaaktypen and zaak.zaaktype not in abonnee.zaaktypen:
                continue
            sleutel = zaak.identificatie if abonnee.volgorde == "zaak" else ""
            orders += [Order(naam, sleutel, "iobLk01", record.identificatie, d.identificatie) for d in documenten]
            if record.groep == "persoonlijk":
                orders.append(Order(naam, sleutel, "klcLk01", record.identificatie))
        return orders

    def _mails(
        self, record: rgbz.Klantcontact, opvoering: Opvoering, *, zaak: rgbz.ZaakFeiten | None, melding: bool
    ) -> list[Order]:
        """Betrokkenen who are not staff, have an address, and did not add the contact themselves (rule 8)."""
        if zaak is None or not melding or not self._settings.mail.server:
            return []
        actor = opvoering.opvoerder or {}
        addresses = {
            b.emailadres.lower(): b.emailadres
            for b in zaak.betrokkenen
            if b.emailadres
            and b.soort not in STAFF
            and not (
                b.identificatie and (b.soort, b.identificatie) == (actor.get("soort"), actor.get("identificatie"))
            )
        }
        return [Order(outbox.MAIL, address, "mail", record.identificatie) for address in addresses.values()]


_MAY_NOT: Final = Text(
    nl="Vraag functioneel beheer deze operatie in [zender] operaties toe te staan.",
    en="Ask functioneel beheer to allow this operation in [zender] operaties.",
)
_KEPT: Final[Mapping[str, str]] = {
    "persoonlijk": "Bewaard in het dossier, niet uitgewisseld: zo is het voor dit zaaktype ingesteld.",
    "ontvangst": "Bewaard in het dossier, niet uitgewisseld: zo is het voor dit zaaktype ingesteld.",
    "verzending": "Bewaard in het dossier, niet uitgewisseld: zo is het voor dit zaaktype ingesteld.",
    "anoniem": "Bewaard in het dossier, niet uitgewisseld: de contactpartij is niet bekend.",
    "zonder_medewerker": "Bewaard in het dossier, niet uitgewisseld: er is geen medewerker genoemd.",
    "zonder_zaak": "Bewaard, niet uitgewisseld: er is geen zaak genoemd.",
}


def _type(opvoering: Opvoering) -> KlantcontactType:
    """The Type, which KC-04 has found to be one of the five."""
    found: KlantcontactType = opvoering.type  # type: ignore[assignment]
    return found


def _reference(header: Header) -> tuple[etree._Element, ...]:
    """Fo02 has no room for the sender's referentienummer: it goes into detailsXML."""
    if header.berichtcode != "Fo02" or not header.cross_refnummer:
        return ()
    element = etree.Element(qname(KC, "referentienummer"), nsmap={"kc": KC})
    element.text = header.cross_refnummer
    return (element,)


def _standard(
    fout: Fout, element: str, *, nl: str, en: str, value: str | None = None, expected: str | None = None
) -> _Finding:
    """A finding whose rule is the standard's own code."""
    violation = Violation(
        rule=fout.name, message=fout.situation, hint=Text(nl, en), element=element, value=value, expected=expected
    )
    return _Finding(fout, violation)


def _unexplained() -> _Finding:
    """The schema refused the message, and no search says why: it is refused all the same."""
    return _standard(
        Fout.StUF055,
        "",
        nl="Controleer het bericht met het schema uit de WSDL.",
        en="Check the message against the schema of the WSDL.",
    )


def _not_supported(element: etree._Element, *, port: str, known: bool) -> _Finding:
    """The code for a message that this port does not take."""
    namespace = split(element.tag)[0]
    if known:
        fout, nl, en = (
            Fout.StUF025,
            "Stuur dit bericht naar een andere poort.",
            "Send this message to another port.",
        )
    elif namespace not in (KC, KLC, ZKN0310, ZDS0120, GFOZAKEN):
        fout, nl, en = Fout.StUF004, "Gebruik een bericht van dit koppelvlak.", "Use a message of this koppelvlak."
    else:
        fout, nl, en = Fout.StUF040, "Gebruik een bericht uit de WSDL.", "Use a message of the WSDL."
    local = [prefixed(tag) for tag, (own, _) in _OPERATIONS.items() if own == port]
    return _standard(fout, prefixed(element.tag), nl=nl, en=en, expected=", ".join(sorted(local)))


def _incomplete_header(header: Header) -> list[_Finding]:
    """What a zaak message must say for us to answer it and to know it when it comes again."""
    return [
        _standard(
            Fout.StUF055,
            f"StUF:{name}",
            nl=f"Vul StUF:{name} in de stuurgegevens.",
            en=f"Fill StUF:{name} in the stuurgegevens.",
        )
        for name, value, shortest, longest in (
            ("zender", header.zender.applicatie, 1, 50),
            ("zender", header.zender.administratie, 0, 50),
            ("zender", header.zender.gebruiker, 0, 100),
            ("ontvanger", header.ontvanger.applicatie, 1, 50),
            ("referentienummer", header.referentienummer, 1, _REFERENCE_LENGTH),
            ("tijdstipBericht", header.tijdstip_bericht, 1, 17),
        )
        if not shortest <= len(value) <= longest
    ]


def _placed(violation: Violation, message: etree._Element) -> Violation:
    """Add the line and the path of the element that a rule speaks of; of the whole message when it is absent."""
    if violation.path is not None or not violation.element:
        return violation
    last, _, position = violation.element.rpartition("/")[2].rpartition(":")[2].partition("[")
    found = [e for e in message.iter(etree.Element) if split(e.tag)[1] == last]
    index = int(position.rstrip("]")) - 1 if position else 0
    element = found[index] if index < len(found) else message
    steps = etree.ElementTree(message).getelementpath(element)
    inner = re.sub(r"\{([^}]*)\}", lambda m: f"{PREFIXES[m[1]]}:" if m[1] in PREFIXES else "", steps)
    path = f"/{prefixed(message.tag)}" + ("" if steps == "." else f"/{inner}")
    return replace(violation, line=line_of(element), path=path)
