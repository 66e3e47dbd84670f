"""What an item sends: rendered from the stored facts, and held against its contract before anything is sent.

A record that cannot be rendered, or that comes out as no contract allows, is a defect of ours: Trouble, which says
what kind and where, never a value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from lxml import etree

from stuf_klantcontact import outbox, rgbz, stuurgegevens
from stuf_klantcontact.contract import Contract, ContractError, Schemas
from stuf_klantcontact.delivery.composing import Documents, Message, compose
from stuf_klantcontact.errors import Trouble
from stuf_klantcontact.mapping import zds0120, zkn0320
from stuf_klantcontact.names import STUF0301, STUF0302, split
from stuf_klantcontact.outbox import Claim, Stamp
from stuf_klantcontact.outlets import mail as mails
from stuf_klantcontact.outlets import soap as soaps
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import stuf0301, stuf0302


@dataclass(frozen=True, slots=True)
class Moment:
    """When an item is stamped, and the same as StUF 03.01 writes it (outbox.next_tijdstip_0301)."""

    moment: datetime
    lokaal: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message tells of: of a withdrawal what there was. `oud` is what a correction takes the place of."""

    klantcontact: rgbz.Klantcontact
    document: rgbz.Informatieobject | None
    oud: rgbz.Klantcontact | None = None
    oud_document: rgbz.Informatieobject | None = None


class Rendering:
    """Makes messages. One for a process; threads share it."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        contract: Contract,
        zaakdocumenten: Contract | None,
        zaak_schemas: Schemas | None,
    ) -> None:
        """`zaakdocumenten` is the contract of what goes to receivers of zds0120 (none: there are no such)."""
        self._settings = settings
        self._database = database
        self._contract = contract
        self._zaakdocumenten = zaakdocumenten
        self._zaak_schemas = zaak_schemas

    def message(self, claim: Claim, *, at: Moment, documentidentificatie: str = "", vorige: str = "") -> Message:
        """The message of an item, new numbers and all. Raises Trouble.

        A zaakdocument goes under its `documentidentificatie`; `vorige` is that of the verslag before it, if any.
        """
        referentienummer = str(uuid4())
        if claim.concept is not None:
            return self._answer(claim.concept, referentienummer, at)
        return self._made(
            claim,
            self._facts(claim),
            referentienummer,
            at,
            documentidentificatie=documentidentificatie,
            vorige=vorige,
        )

    def _made(
        self,
        claim: Claim,
        facts: Facts,
        referentienummer: str,
        at: Moment,
        *,
        documentidentificatie: str = "",
        vorige: str = "",
    ) -> Message:
        try:
            if claim.soort == "mail":
                body = self._mail(claim, facts.klantcontact, referentienummer, at.moment)
                return Message(Stamp(referentienummer, at.moment, "", body))
            documents, in_parts = Documents(referentienummer), False
            header = self._header(claim, referentienummer, at)
            if claim.soort == "edcLk01":
                abonnee = self._settings.abonnee[claim.abonnee]
                # Who never had the document cannot correct it: to them it is new.
                unknown = claim.mutatiesoort == "C" and abonnee.document == "edcLk01" and not vorige
                element = zds0120.zaakdocument(
                    facts.klantcontact,
                    facts.document,
                    header=header,
                    identificatie=documentidentificatie,
                    abonnee=abonnee,
                    gemaakt=at.moment,
                    mutatiesoort="T" if unknown else claim.mutatiesoort,
                    oud=facts.oud,
                    oud_document=facts.oud_document,
                    vorige=vorige,
                    inhoud_als=documents.mark,
                )
                in_parts = abonnee.mtom
            elif claim.soort == "klcSa01":
                element = zkn0320.klc_sa(
                    facts.klantcontact,
                    header=replace(header, berichtcode="Sa01", cross_refnummer=claim.cross_refnummer),
                    actueel=header,
                )
            else:
                element = _kennisgeving(facts, claim.mutatiesoort, header=header, documents=documents)
            self._check(element, soort=claim.soort)
            return compose(
                element,
                documents=documents,
                stamp=Stamp(referentienummer, at.moment, soaps.action(element), b""),
                in_parts=in_parts,
                stored=_inhoud(facts.document),
            )
        except Exception as error:  # whatever it is, it is ours, and a person must see it; nothing was sent
            raise trouble(error) from error

    @staticmethod
    def is_plain(claim: Claim) -> bool:
        """Whether it may be made together with others: the news of a contact, which most items are."""
        return claim.stamp is None and claim.soort == "klcLk01" and claim.mutatiesoort == "T" and not claim.document

    def load_plain(self, connection: outbox.Connection, claims: Sequence[Claim]) -> dict[int, rgbz.Klantcontact]:
        """The klantcontacten of plain items, by item; what is not as plain as its item is left out."""
        found = rgbz.load_plain(
            connection, {claim.klantcontact for claim in claims}, rsin=self._settings.gateway.rsin
        )
        return {
            claim.item: found[claim.klantcontact]
            for claim in claims
            if claim.klantcontact in found and found[claim.klantcontact].versie == claim.versie
        }

    def plain(self, claim: Claim, klantcontact: rgbz.Klantcontact, *, at: Moment) -> Message:
        """The message of a plain item. Raises Trouble."""
        return self._made(claim, Facts(klantcontact, None), str(uuid4()), at)

    def _answer(self, concept: str, referentienummer: str, at: Moment) -> Message:
        """What a zender is told afterwards of its own message: it only lacks a number and a moment."""
        try:
            element = etree.fromstring(concept)
            given = stuurgegevens.find(element)
            if given is None:
                raise ValueError("an answer without stuurgegevens")
            stuf = STUF0302 if split(element.tag)[0] == STUF0302 else STUF0301
            tijdstip = stuf0302(at.moment) if stuf == STUF0302 else stuf0301(at.lokaal)
            header = replace(
                stuurgegevens.read(element), referentienummer=referentienummer, tijdstip_bericht=tijdstip
            )
            element.replace(given, stuurgegevens.write(header, tag=given.tag, namespace=stuf))
            self._contract.check(element)
        except Exception as error:  # whatever it is, it is ours, and a person must see it; nothing was sent
            raise trouble(error) from error
        body = soaps.envelope(element)
        return Message(Stamp(referentienummer, at.moment, soaps.action(element), body), body)

    def question(self, claim: Claim, *, at: Moment) -> Message:
        """The message that asks a receiver for the number of a zaakdocument. Raises Trouble."""
        referentienummer = str(uuid4())
        header = Header(
            berichtcode="Di02",
            zender=self._zender(),
            ontvanger=self._ontvanger(claim.abonnee),
            referentienummer=referentienummer,
            tijdstip_bericht=stuf0301(at.lokaal),
            functie=zds0120.FUNCTIE,
        )
        element = zds0120.genereer_documentidentificatie(header)
        try:
            self._check(element, soort="edcLk01")
        except ContractError as error:
            raise trouble(error) from error
        body = soaps.envelope(element)
        return Message(Stamp(referentienummer, at.moment, soaps.action(element), body))

    def _facts(self, claim: Claim) -> Facts:
        # Who is told of a withdrawal is told what there was.
        versie = claim.versie - (claim.mutatiesoort == "V")
        try:
            klantcontact, document = self._load(claim, versie=versie)
            if claim.mutatiesoort != "C":
                return Facts(klantcontact, document)
            return Facts(klantcontact, document, *self._load(claim, versie=versie - 1))
        except LookupError as error:
            raise trouble(error) from error

    def _load(self, claim: Claim, *, versie: int) -> tuple[rgbz.Klantcontact, rgbz.Informatieobject | None]:
        with self._database.session() as session:

            def load(document: str | None) -> rgbz.Klantcontact:
                return rgbz.load_klantcontact(
                    session, claim.klantcontact, rsin=self._settings.gateway.rsin, versie=versie, document=document
                )

            klantcontact = load(claim.document)
            if claim.document is not None:
                return klantcontact, _document(klantcontact, claim.document)
            if claim.soort == "edcLk01":
                for document in klantcontact.informatieobjecten:
                    if zds0120.is_toelichting(document.identificatie, klantcontact=claim.klantcontact):
                        return load(document.identificatie), None
            return klantcontact, None

    def _header(self, claim: Claim, referentienummer: str, at: Moment) -> Header:
        zaakdocument = claim.soort == "edcLk01"
        return Header(
            berichtcode="Lk01",
            zender=self._zender(),
            ontvanger=self._ontvanger(claim.abonnee),
            referentienummer=referentienummer,
            tijdstip_bericht=stuf0301(at.lokaal) if zaakdocument else stuf0302(at.moment),
            entiteittype="EDC" if zaakdocument else "KLC" if claim.document is None else "IOB",
        )

    def _check(self, element: etree._Element, *, soort: str) -> None:
        if soort != "edcLk01":
            self._contract.check(element)
            return
        if self._zaakdocumenten is None:
            raise AssertionError("a zaakdocument is claimed only when there is a receiver of zds0120")
        self._zaakdocumenten.check(element)
        official = self._zaak_schemas
        if official is not None and element.tag in official.roots and not official.valid(element):
            raise ContractError(tuple(official.violations(element)))

    def _mail(
        self, claim: Claim, klantcontact: rgbz.Klantcontact, referentienummer: str, tijdstip: datetime
    ) -> bytes:
        return mails.compose(
            claim.sleutel,
            zaak=klantcontact.zaak.identificatie if klantcontact.zaak else "",
            type=klantcontact.type,
            moment=klantcontact.datum_tijd,
            settings=self._settings.mail,
            referentienummer=referentienummer,
            sent=tijdstip,
        )

    def _zender(self) -> Systeem:
        return stuurgegevens.ours(self._settings.gateway)

    def _ontvanger(self, naam: str) -> Systeem:
        return stuurgegevens.abonnee(naam, settings=self._settings)


def _kennisgeving(facts: Facts, mutatiesoort: str, *, header: Header, documents: Documents) -> etree._Element:
    """klcLk01 or iobLk01: of a change both as it was and as it is."""
    if facts.document is not None:
        was = (facts.oud_document, facts.oud) if facts.oud_document is not None and facts.oud is not None else None
        return zkn0320.iob_lk01(
            facts.document,
            klantcontact=facts.klantcontact,
            header=header,
            mutatiesoort=mutatiesoort,
            oud=was,
            inhoud_als=documents.mark,
        )
    if facts.oud is not None:
        # A relation that was added is no correction to StUF.
        mutatiesoort = zkn0320.mutatiesoort(facts.oud, facts.klantcontact)
    return zkn0320.klc_lk01(facts.klantcontact, header=header, mutatiesoort=mutatiesoort, oud=facts.oud)


def _document(klantcontact: rgbz.Klantcontact, identificatie: str | None) -> rgbz.Informatieobject | None:
    return next((d for d in klantcontact.informatieobjecten if d.identificatie == identificatie), None)


def _inhoud(document: rgbz.Informatieobject | None) -> bytes | None:
    """The bytes of a document: they are stored already, and go to every abonnee."""
    return None if document is None or document.inhoud is None else document.inhoud.inhoud


def trouble(error: Exception) -> Trouble:
    """What the log may say of an error of ours: its kind, and for the contract the place; never a value."""
    reference = uuid4().hex[:12]
    if isinstance(error, ContractError):
        first = error.violations[0]
        return Trouble(f"not as the contract says: {first.rule} at {first.path}", reference=reference)
    if isinstance(error, LookupError) and type(error) is LookupError:
        return Trouble(str(error), reference=reference)
    return Trouble(type(error).__name__, reference=reference)
