"""A StUF-berichtenSet into the dossier, as its records were."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO

from lxml import etree
from sqlalchemy.orm import Session

from stuf_klantcontact import rgbz, validation
from stuf_klantcontact.contract import Contract
from stuf_klantcontact.errors import Refusal, Text, Violation
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import KlantcontactGegevens
from stuf_klantcontact.names import KLC, prefixed, qname
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.tijdstip import AMSTERDAM, Clock, system_clock
from stuf_klantcontact.transfer.outward import STATUS

PAGE = 500
"""Messages that are written together."""

_CONTACTS = frozenset({qname(KLC, "klcSa01"), qname(KLC, "klcLk01")})
_DOCUMENTS = frozenset({qname(KLC, "iobLk01")})


@dataclass(slots=True)
class Imported:
    """How many klantcontacten and documents were added, and how many contacts were here already."""

    klantcontacten: int = 0
    documenten: int = 0
    bekend: int = 0


def take_in(
    database: Database,
    streams: list[BinaryIO],
    *,
    settings: Settings,
    contract: Contract,
    clock: Clock = system_clock,
    progress: Callable[[int], None] = lambda count: None,
) -> Imported:
    """Add what the parts of a set hold, in one transaction. `progress` gets the bytes that were read.

    Raises errors.Refusal when a message cannot be read, is not valid, or is not one of an export: nothing stays.
    """
    with database.session() as session:
        intake = _Intake(session, settings=settings, contract=contract, clock=clock)
        for stream in streams:
            for element in validation.messages(stream, limits=settings.limits, progress=progress):
                intake.take(element)
        intake.flush()
        rgbz.reserveer(session, rsin=settings.gateway.rsin)
        return intake.done


@dataclass(slots=True)
class _Intake:
    """What was read and is not written yet."""

    session: Session
    settings: Settings = field(kw_only=True)
    contract: Contract = field(kw_only=True)
    clock: Clock = field(kw_only=True)
    done: Imported = field(default_factory=Imported)
    _count: int = 0
    _contacts: list[tuple[KlantcontactGegevens, int]] = field(default_factory=list)
    """What each says, and the number of its message."""
    _zaken: dict[str, int] = field(default_factory=dict)
    _statuses: dict[tuple[int, str, str], int] = field(default_factory=dict)

    def take(self, element: etree._Element) -> None:
        """Take one message of the set."""
        self._count += 1
        if element.tag not in _CONTACTS | _DOCUMENTS:
            raise self._refusal(_not_ours(element))
        if not self.contract.valid(element):
            raise self._refusal(*self.contract.violations(element))
        if element.tag in _DOCUMENTS:
            self._document(element)
        else:
            self._contact(element)
        if len(self._contacts) >= PAGE:
            self.flush()

    def flush(self) -> None:
        """Write the contacts that wait, each with its documents, which came before it."""
        rsin = self.settings.gateway.rsin
        known = rgbz.bekende(self.session, [g.identificatie for g, _ in self._contacts], rsin=rsin)
        types: Mapping[str, str] = {kanaal: type for type, kanaal in self.settings.mapping.kanaal.items()}
        for gegevens, number in self._contacts:
            if gegevens.identificatie in known:
                self.done.bekend += 1
                continue
            known.add(gegevens.identificatie)
            record = zkn0320.klantcontact(gegevens, types=types)
            self._relate(record, gegevens)
            documenten = self._documenten(gegevens, number)
            self.session.add(record)
            record.informatieobjecten = documenten
            # Now, so that the next contact does not find a document that is taken.
            self.session.flush()
            self.done.klantcontacten += 1
        self._contacts.clear()
        self.session.expunge_all()

    def _contact(self, element: etree._Element) -> None:
        kennisgeving = zkn0320.read(element)
        gegevens = kennisgeving.huidig
        if element.tag == qname(KLC, "klcLk01") and kennisgeving.mutatiesoort != "T":
            raise self._refusal(_not_ours(element))
        ours = self.settings.gateway.rsin
        if gegevens is None or not gegevens.identificatie or gegevens.datum_tijd is None:
            raise self._refusal(_not_ours(element))
        if gegevens.verantwoordelijke_organisatie != ours:
            raise self._refusal(_other_organisation(gegevens.verantwoordelijke_organisatie, ours=ours))
        self._contacts.append((gegevens, self._count))

    def _documenten(self, gegevens: KlantcontactGegevens, number: int) -> list[rgbz.Informatieobject]:
        found = []
        for relatie in gegevens.documenten:
            named = relatie.gerelateerde
            if named is None:
                continue
            document = rgbz.informatieobject_for(
                self.session,
                None,
                identificatie=named.identificatie,
                bronorganisatie=named.bronorganisatie,
            )
            if document is None:
                raise self._refusal(_without_document(named.identificatie), number=number)
            found.append(document)
        return found

    def _document(self, element: etree._Element) -> None:
        kennisgeving = zkn0320.read_iob(element)
        huidig = kennisgeving.huidig
        if huidig is None or huidig.onleesbaar or kennisgeving.mutatiesoort != "T":
            raise self._refusal(_not_ours(element))
        if rgbz.is_here(self.session, huidig.identificatie, bronorganisatie=huidig.bronorganisatie):
            return
        document = zkn0320.informatieobject(huidig, made=self.clock().astimezone(AMSTERDAM).date())
        if huidig.zaak is not None:
            document.zaak_id = self._zaak(huidig.zaak.identificatie, huidig.zaak.omschrijving)
        rgbz.add_informatieobject(self.session, document)
        self.done.documenten += 1

    def _relate(self, record: rgbz.Klantcontact, gegevens: KlantcontactGegevens) -> None:
        verwijzing = gegevens.zaak.gerelateerde if gegevens.zaak is not None else None
        if verwijzing is None:
            return
        record.zaak_id = self._zaak(verwijzing.identificatie, verwijzing.omschrijving)
        volgnummer, gezet = (gegevens.extra.get(f"{STATUS}{n}", "") for n in ("volgnummer", "datumStatusGezet"))
        if not gezet or not re.fullmatch("[0-9]{1,9}", volgnummer):
            return
        key = (record.zaak_id, volgnummer, gezet)
        if key not in self._statuses:
            self._statuses[key] = rgbz.status_id(
                self.session,
                record.zaak_id,
                volgnummer=int(volgnummer),
                omschrijving=gegevens.extra.get(f"{STATUS}omschrijving", ""),
                gezet=datetime.fromisoformat(gezet),
            )
        record.status_id = self._statuses[key]

    def _zaak(self, identificatie: str, omschrijving: str) -> int:
        if identificatie not in self._zaken:
            self._zaken[identificatie] = rgbz.zaak_id(
                self.session, identificatie, rsin=self.settings.gateway.rsin, omschrijving=omschrijving
            )
        return self._zaken[identificatie]

    def _refusal(self, *violations: Violation, number: int | None = None) -> Refusal:
        index = self._count if number is None else number
        return Refusal("StUF055", violations=[replace(v, index=index) for v in violations])


def _not_ours(element: etree._Element) -> Violation:
    return Violation(
        rule="StUF040",
        message=Text(
            "Dit bericht hoort niet in een export van klantcontacten.",
            "This message does not belong in an export of klantcontacten.",
        ),
        hint=Text(
            "Een import leest klcSa01, en klcLk01 en iobLk01 met mutatiesoort T en leesbare inhoud.",
            "An import reads klcSa01, and klcLk01 and iobLk01 with mutatiesoort T and readable content.",
        ),
        element=prefixed(str(element.tag)),
    )


def _without_document(identificatie: str) -> Violation:
    return Violation(
        rule="StUF064",
        message=Text(
            "Dit klantcontact noemt een document dat er niet voor staat en hier niet is.",
            "This klantcontact names a document that does not stand before it and is not here.",
        ),
        hint=Text(
            "Zet de iobLk01 van een document voor het klantcontact dat ernaar verwijst.",
            "Put the iobLk01 of a document before the klantcontact that refers to it.",
        ),
        element="zkn:heeftRelevant",
        value=identificatie,
    )


def _other_organisation(organisatie: str, *, ours: str) -> Violation:
    return Violation(
        rule="KC-11",
        message=Text(
            "Dit klantcontact is van een andere organisatie.", "This klantcontact is of another organisation."
        ),
        hint=Text("Zet in gateway.rsin de RSIN van de export.", "Put the RSIN of the export into gateway.rsin."),
        element="zkn:verantwoordelijkeOrganisatie",
        value=organisatie,
        expected=ours,
    )
