"""A StUF-berichtenSet into the dossier, as its records were."""

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
    """How many klantcontacten and documents were added, and what was here already and stays as it is."""

    klantcontacten: int = 0
    ingetrokken: int = 0
    """Withdrawn klantcontacten that are known now, so that nobody else gets their number."""
    documenten: int = 0
    bekend: int = 0
    """Contacts that were here already, the same or not."""
    afwijkend: list[str] = field(default_factory=list)
    """Numbers of contacts and documents that are here already and say something else."""


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

    Raises errors.Refusal when a message cannot be read, has an error by the schemas or the rules of StUF and RGBZ
    (as `validation.check_message` finds them), or is not one of an export: nothing stays.
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
    _referentienummer: str | None = None
    _contacts: list["_Contact"] = field(default_factory=list)
    _zaken: dict[str, int] = field(default_factory=dict)
    _statuses: dict[tuple[int, str, datetime], int] = field(default_factory=dict)

    def take(self, element: etree._Element) -> None:
        """Take one message of the set."""
        self._count += 1
        self._referentienummer = validation.referentienummer(element)
        if element.tag not in _CONTACTS | _DOCUMENTS:
            raise self._refusal(_not_ours(element))
        found = validation.check_message(
            element, against=self.contract, limits=self.settings.limits, now=self.clock(), as_it_was=True
        )
        if wrong := [violation for violation in found if violation.severity == "error"]:
            raise self._refusal(*wrong)
        if element.tag in _DOCUMENTS:
            self._document(element)
        else:
            self._contact(element)
        if len(self._contacts) >= PAGE:
            self.flush()

    def flush(self) -> None:
        """Write the contacts that wait, each with its documents, which came before it."""
        rsin = self.settings.gateway.rsin
        known = rgbz.bekende(self.session, [c.gegevens.identificatie for c in self._contacts], rsin=rsin)
        types: Mapping[str, str] = {kanaal: type for type, kanaal in self.settings.mapping.kanaal.items()}
        for contact in self._contacts:
            gegevens = contact.gegevens
            if contact.ingetrokken:
                record = _withdrawn(gegevens, now=self.clock())
            else:
                record = zkn0320.klantcontact(gegevens, types=types)
            if (here := known.get(gegevens.identificatie)) is not None:
                self.done.bekend += 1
                if not self._same(here, record, gegevens):
                    self.done.afwijkend.append(gegevens.identificatie)
                continue
            known[gegevens.identificatie] = record
            documenten = []
            if contact.ingetrokken:
                self.done.ingetrokken += 1
            else:
                self._relate(record, gegevens)
                documenten = self._documenten(contact)
                self.done.klantcontacten += 1
            self.session.add(record)
            record.informatieobjecten = documenten
            # Now, so that the next contact does not find a document that is taken.
            self.session.flush()
        self._contacts.clear()
        self.session.expunge_all()

    def _same(self, here: rgbz.Klantcontact, new: rgbz.Klantcontact, gegevens: KlantcontactGegevens) -> bool:
        """Whether what is here says the same; of its documents that is asked when they come."""
        if new.ingetrokken or here.ingetrokken:
            return new.ingetrokken == here.ingetrokken
        verwijzing = gegevens.zaak.gerelateerde if gegevens.zaak is not None else None
        if verwijzing is not None:
            rsin = self.settings.gateway.rsin
            # 0 is the id of none: a zaak that is not here is another than that of the contact.
            new.zaak_id = rgbz.known_zaak_id(self.session, verwijzing.identificatie, rsin=rsin) or 0
        present = [d for d in here.informatieobjecten if d.tot is None]
        named = {r.gerelateerde.identificatie for r in gegevens.documenten if r.gerelateerde is not None}
        return named == {d.identificatie for d in present} and rgbz.same_klantcontact(here, new, documenten=present)

    def _contact(self, element: etree._Element) -> None:
        kennisgeving = zkn0320.read(element)
        gegevens = kennisgeving.huidig
        soort = "T" if element.tag == qname(KLC, "klcSa01") else kennisgeving.mutatiesoort
        if soort not in ("T", "V") or gegevens is None or not gegevens.identificatie:
            raise self._refusal(_not_ours(element))
        ours = self.settings.gateway.rsin
        if soort == "T" and gegevens.datum_tijd is None:
            raise self._refusal(_not_ours(element))
        if gegevens.verantwoordelijke_organisatie != ours:
            raise self._refusal(_other_organisation(gegevens.verantwoordelijke_organisatie, ours=ours))
        if sum(relatie.aanwezig for relatie in gegevens.partijen) > 1:
            raise self._refusal(_one_only("zkn:heeftPlaatsgevondenMetNPS | zkn:heeftPlaatsgevondenMetVES"))
        zaak = gegevens.zaak.gerelateerde if gegevens.zaak is not None else None
        if zaak is not None and not zaak.is_of(ours):
            raise self._refusal(_other_zaak("zkn:heeftBetrekkingOp", zaak.bronorganisatie, ours=ours))
        if names := zkn0320.unreadable(gegevens.extra):
            raise self._refusal(_unreadable(names))
        self._contacts.append(_Contact(gegevens, soort == "V", self._count, self._referentienummer))

    def _documenten(self, contact: "_Contact") -> list[rgbz.Informatieobject]:
        named = [r.gerelateerde for r in contact.gegevens.documenten if r.gerelateerde is not None]
        keys = dict.fromkeys((verwijzing.identificatie, verwijzing.bronorganisatie) for verwijzing in named)
        found = rgbz.informatieobjecten_for(self.session, None, named=keys)
        for key in keys:
            if key not in found:
                raise self._refusal(_without_document(key[0]), contact=contact)
        return [found[key] for key in keys]

    def _document(self, element: etree._Element) -> None:
        kennisgeving = zkn0320.read_iob(element)
        huidig = kennisgeving.huidig
        if huidig is None or huidig.onleesbaar or kennisgeving.mutatiesoort != "T":
            raise self._refusal(_not_ours(element))
        if sum(relatie.aanwezig for relatie in huidig.zaken) > 1:
            raise self._refusal(_one_only("zkn:isBekendBij"))
        ours = self.settings.gateway.rsin
        if huidig.zaak is not None and not huidig.zaak.is_of(ours):
            raise self._refusal(_other_zaak("zkn:isBekendBij", huidig.zaak.bronorganisatie, ours=ours))
        element.clear()  # its base64 is as large as the document, which is all that is needed now
        document = zkn0320.informatieobject(huidig, made=self.clock().astimezone(AMSTERDAM).date())
        here = rgbz.informatieobjecten_here(
            self.session, huidig.identificatie, bronorganisatie=huidig.bronorganisatie
        )
        if here:
            if huidig.creatiedatum is None:
                document.creatiedatum = here[0].creatiedatum
            if not any(rgbz.same_informatieobject(document, other) for other in here):
                self.done.afwijkend.append(huidig.identificatie)
            self.session.expunge_all()
            return
        if huidig.zaak is not None:
            document.zaak_id = self._zaak(huidig.zaak.identificatie, huidig.zaak.omschrijving)
        rgbz.add_informatieobject(self.session, document)
        self.done.documenten += 1

    def _relate(self, record: rgbz.Klantcontact, gegevens: KlantcontactGegevens) -> None:
        verwijzing = gegevens.zaak.gerelateerde if gegevens.zaak is not None else None
        if verwijzing is None:
            return
        record.zaak_id = self._zaak(verwijzing.identificatie, verwijzing.omschrijving)
        volgnummer = gegevens.extra.get(f"{STATUS}volgnummer", "")
        gezet = zkn0320.moment(gegevens.extra.get(f"{STATUS}datumStatusGezet", ""))
        if gezet is None or not volgnummer:
            return
        key = (record.zaak_id, volgnummer, gezet)
        if key not in self._statuses:
            self._statuses[key] = rgbz.status_id(
                self.session,
                record.zaak_id,
                volgnummer=int(volgnummer),
                omschrijving=gegevens.extra.get(f"{STATUS}omschrijving", ""),
                gezet=gezet,
            )
        record.status_id = self._statuses[key]

    def _zaak(self, identificatie: str, omschrijving: str) -> int:
        if identificatie not in self._zaken:
            self._zaken[identificatie] = rgbz.zaak_id(
                self.session, identificatie, rsin=self.settings.gateway.rsin, omschrijving=omschrijving
            )
        return self._zaken[identificatie]

    def _refusal(self, *violations: Violation, contact: "_Contact | None" = None) -> Refusal:
        index, said = self._count, self._referentienummer
        if contact is not None:
            index, said = contact.number, contact.referentienummer
        return Refusal("StUF055", violations=[replace(v, index=index, referentienummer=said) for v in violations])


@dataclass(frozen=True, slots=True)
class _Contact:
    """What was said of a klantcontact, and by which message of the set."""

    gegevens: KlantcontactGegevens
    ingetrokken: bool
    number: int
    referentienummer: str | None


def _withdrawn(gegevens: KlantcontactGegevens, *, now: datetime) -> rgbz.Klantcontact:
    """The number of a klantcontact that was withdrawn elsewhere; what it said was not told."""
    return rgbz.Klantcontact(
        identificatie=gegevens.identificatie,
        verantwoordelijke_organisatie=gegevens.verantwoordelijke_organisatie,
        datum_tijd=now,
        type="",
        kanaal="",
        onderwerp="",
        groep="zonder_zaak",
        effect="bewaard",
        opvoerder={},
        bijzonderheden=dict(gegevens.bijzonderheden),
        ingetrokken=True,
    )


def _not_ours(element: etree._Element) -> Violation:
    return Violation(
        rule="StUF040",
        message=Text(
            "Dit bericht hoort niet in een export van klantcontacten.",
            "This message does not belong in an export of klantcontacten.",
        ),
        hint=Text(
            "Een import leest klcSa01, klcLk01 met mutatiesoort T of V, en iobLk01 met T en leesbare inhoud.",
            "An import reads klcSa01, klcLk01 with mutatiesoort T or V, and iobLk01 with T and readable content.",
        ),
        element=prefixed(str(element.tag)),
    )


def _one_only(relations: str) -> Violation:
    return Violation(
        rule="StUF058",
        message=Text(
            "Van deze relaties kan het dossier er een bewaren.", "The dossier can hold one of these relations."
        ),
        hint=Text("Noem er een.", "Name one."),
        element=relations.partition(" ")[0],
        expected=f"{relations} x 1",
    )


def _unreadable(names: list[str]) -> Violation:
    return Violation(
        rule="StUF055",
        message=Text(
            "Dit extraElement is er geen van een export: zijn naam of waarde zegt niets van een klantcontact.",
            "This extraElement is none of an export: its name or value says nothing of a klantcontact.",
        ),
        hint=Text(
            "Neem het over zoals de export het heeft, met alle extraElementen die zo beginnen, of laat het weg.",
            "Copy it as the export has it, with all extraElementen of the same beginning, or leave it out.",
        ),
        element="StUF:extraElementen",
        value=names[0][:40],
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


def _other_zaak(element: str, bronorganisatie: str, *, ours: str) -> Violation:
    """StUF064, as at the door: another organisation may have another zaak of the same number."""
    return Violation(
        rule="StUF064",
        message=Text("Deze zaak is van een andere organisatie.", "This zaak is of another organisation."),
        hint=Text(
            "Een dossier heeft de zaken van een organisatie: haal dit bericht en wat erbij hoort uit het bestand.",
            "A dossier has zaken of one organisation: take this message and what belongs to it out of the file.",
        ),
        element=element,
        value=bronorganisatie[:9],
        expected=ours,
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
