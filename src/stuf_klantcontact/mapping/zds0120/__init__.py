"""RGBZ 1.0 out: a klantcontact as zaakdocumenten, for receivers of ZDS 1.2 or StUF-ZKN 3.10 on StUF 03.01.

RGBZ 1.0 knows no klantcontact: a contactverslag and the original documents take its place, each with what was said
of the contact in extraElementen. Pure renderings of stored facts. A record without a zaak raises ValueError: the
rules keep such a contact from being exchanged at all.

stuf-facts §11.2, §11.6, §11.8; docs/mapping.md §5.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from lxml import etree

from stuf_klantcontact.mapping.gfozaken import cut
from stuf_klantcontact.mapping.zds0120.pdf import as_pdf
from stuf_klantcontact.mapping.zds0120.verslag import contactverslag, is_toelichting, medewerker, partij
from stuf_klantcontact.names import STUF0301, XMIME, ZDS0120, ZKN0310, qname, split
from stuf_klantcontact.parsing.binary import base64_text
from stuf_klantcontact.rgbz import Informatieobject, Klantcontact
from stuf_klantcontact.settings import Abonnee
from stuf_klantcontact.stuurgegevens import Header, write
from stuf_klantcontact.tijdstip import AMSTERDAM

__all__ = [
    "DU02",
    "FUNCTIE",
    "documentidentificatie",
    "genereer_documentidentificatie",
    "is_toelichting",
    "nummer",
    "zaakdocument",
]

FUNCTIE: Final = "genereerDocumentidentificatie"
"""As the schema writes it; the element has a capital I (stuf-facts §11.1)."""

DU02: Final = qname(ZDS0120, "genereerDocumentIdentificatie_Du02")
"""The answer with a number."""

_NSMAP: Final = {"ZDS": ZDS0120, "ZKN": ZKN0310, "StUF": STUF0301, "xmime": XMIME}
_NUMMER_LENGTH: Final = 40
_TITEL_LENGTH, _BESCHRIJVING_LENGTH, _AUTEUR_LENGTH, _LINK_LENGTH = 200, 1000, 200, 200
_TAAL: Final = "nld"
_ONBEKEND: Final = "onbekend"


def zaakdocument(
    klantcontact: Klantcontact,
    document: Informatieobject | None,
    *,
    header: Header,
    identificatie: str,
    abonnee: Abonnee,
    gemaakt: datetime,
    mutatiesoort: str = "T",
    oud: Klantcontact | None = None,
    oud_document: Informatieobject | None = None,
    vorige: str = "",
    inhoud_als: Callable[[bytes], str] = base64_text,
) -> etree._Element:
    """The message that brings a document of a contact, or without one its contactverslag.

    `identificatie` is the documentidentificatie. As edcLk01 a correction (C) and a withdrawal (V) change the
    document of that number; `oud` and `oud_document` are as they were before a C. ZDS 1.2 only adds: there they are
    a new verslag, and `vorige` is the number of the one before. `inhoud_als` says what stands for bytes.
    """
    making = _Making(identificatie, abonnee, gemaakt, inhoud_als)
    if abonnee.document == "voegZaakdocumentToe":
        if document is not None and mutatiesoort == "V":
            raise ValueError("ZDS 1.2 has no message that withdraws a zaakdocument")
        root = _kennisgeving(qname(ZDS0120, "voegZaakdocumentToe_EdcLk01"), header=header, mutatiesoort="T")
        root.append(making.edc(klantcontact, document, mutatiesoort=mutatiesoort, vorige=vorige))
        return root
    root = _kennisgeving(_zkn("edcLk01"), header=header, mutatiesoort=mutatiesoort)
    if mutatiesoort == "V":
        root.append(making.kern(klantcontact, document))
        return root
    verwerkingssoort = "T" if mutatiesoort == "T" else "W"
    if mutatiesoort == "C":
        root.append(making.edc(oud or klantcontact, oud_document or document, verwerkingssoort=verwerkingssoort))
    root.append(making.edc(klantcontact, document, mutatiesoort=mutatiesoort, verwerkingssoort=verwerkingssoort))
    return root


def genereer_documentidentificatie(header: Header) -> etree._Element:
    """The question for a number: genereerDocumentIdentificatie_Di02, with stuurgegevens alone."""
    root = etree.Element(qname(ZDS0120, "genereerDocumentIdentificatie_Di02"), nsmap=_NSMAP)
    root.append(write(header, tag=qname(ZDS0120, "stuurgegevens"), namespace=STUF0301))
    return root


def documentidentificatie(du02: etree._Element) -> str:
    """The number in the answer; empty when there is none that can be used."""
    for document in du02.iterchildren(etree.Element):
        if split(document.tag)[1] == "document":
            for element in document.iterchildren(etree.Element):
                if split(element.tag)[1] == "identificatie":
                    found = (element.text or "").strip()
                    return found if len(found) <= _NUMMER_LENGTH else ""
    return ""


def nummer(klantcontact: str, *, gemeentecode: str, volgnummer: int) -> str:
    """A number of our own: gemeentecode, identificatie of the contact, and a volgnummer that is given once."""
    return f"{gemeentecode}{klantcontact}-{volgnummer}"


# --- the object ---------------------------------------------------------------------------------------------------


def _kennisgeving(tag: str, *, header: Header, mutatiesoort: str) -> etree._Element:
    root = etree.Element(tag, nsmap=_NSMAP)
    root.append(write(header, tag=_zkn("stuurgegevens"), namespace=STUF0301))
    parameters = etree.SubElement(root, _zkn("parameters"))
    etree.SubElement(parameters, _stuf("mutatiesoort")).text = mutatiesoort
    etree.SubElement(parameters, _stuf("indicatorOvername")).text = "V"
    return root


@dataclass(frozen=True, slots=True)
class _Making:
    """What all objects of one message share."""

    identificatie: str
    abonnee: Abonnee
    gemaakt: datetime
    inhoud_als: Callable[[bytes], str]

    def edc(
        self,
        klantcontact: Klantcontact,
        document: Informatieobject | None,
        *,
        mutatiesoort: str = "T",
        verwerkingssoort: str = "T",
        vorige: str = "",
    ) -> etree._Element:
        """EDC with all that it has, in the order of the type (stuf-facts §11.6)."""
        root = _entity(etree.Element(_zkn("object")), "EDC", verwerkingssoort=verwerkingssoort)
        _add(root, "identificatie", self.identificatie)
        if document is None:
            self._verslag(root, klantcontact, mutatiesoort=mutatiesoort, vorige=vorige)
        else:
            self._origineel(root, klantcontact, document)
        _extra(root, klantcontact, document, mutatiesoort=mutatiesoort, vorige=vorige)
        # In a correction of the document its relation to the zaak does not change (StUF 03.01 table 5.5).
        _zaak(root, klantcontact, verwerkingssoort="T" if verwerkingssoort == "T" else "I")
        return root

    def kern(self, klantcontact: Klantcontact, document: Informatieobject | None) -> etree._Element:
        """EDC that goes: what tells which it was (StUF 03.01 §5.2.5, mutatiesoort V)."""
        root = _entity(etree.Element(_zkn("object")), "EDC", verwerkingssoort="V")
        _add(root, "identificatie", self.identificatie)
        if document is None:
            _add(root, "dct.omschrijving", self.abonnee.documenttype_verslag)
            _add(root, "titel", _titel(klantcontact, kop="Contactverslag"))
        else:
            _add(root, "dct.omschrijving", self.abonnee.documenttype_document)
            _add(root, "titel", document.titel)
        _zaak(root, klantcontact, verwerkingssoort="I")
        return root

    def _verslag(self, root: etree._Element, klantcontact: Klantcontact, *, mutatiesoort: str, vorige: str) -> None:
        made = contactverslag(klantcontact, mutatiesoort=mutatiesoort, vorige=vorige)
        auteur = medewerker(klantcontact) or _ONBEKEND
        if self.abonnee.verslag == "pdf":
            extension, formaat, inhoud = "pdf", "application/pdf", as_pdf(made, gemaakt=self.gemaakt, auteur=auteur)
        else:
            extension, formaat, inhoud = "txt", "text/plain", made.tekst.encode()
        day = _day(klantcontact.datum_tijd)
        sent = klantcontact.groep == "verzending" or klantcontact.extra.get("richting") == "uitgaand"
        _add(root, "dct.omschrijving", self.abonnee.documenttype_verslag)
        _datum(root, "creatiedatum", _day(self.gemaakt))
        _datum(root, "ontvangstdatum", None if sent else day)
        _add(root, "titel", _titel(klantcontact, kop=made.kop))
        _optional(root, "beschrijving", cut(klantcontact.toelichting, length=_BESCHRIJVING_LENGTH))
        _add(root, "formaat", formaat)
        _add(root, "taal", _TAAL)
        _optional(root, "versie", str(klantcontact.versie) if 1 < klantcontact.versie < 100_000 else "")
        _add(root, "status", "definitief")
        _datum(root, "verzenddatum", day if sent else None)
        _add(root, "vertrouwelijkAanduiding", "ZAAKVERTROUWELIJK")
        _add(root, "auteur", cut(auteur, length=_AUTEUR_LENGTH))
        naam = f"contactverslag-{klantcontact.identificatie}.{extension}"
        _inhoud(root, self.inhoud_als(inhoud), bestandsnaam=naam, formaat=formaat)

    def _origineel(self, root: etree._Element, klantcontact: Klantcontact, document: Informatieobject) -> None:
        formaat, bestandsnaam = document.formaat or "application/octet-stream", document.bestandsnaam
        if document.inhoud is not None:
            inhoud = document.inhoud.inhoud
        else:
            # There is no zaakdocument without content: of one that is elsewhere the content is where (RFC 2483).
            inhoud, formaat, bestandsnaam = f"{document.verwijzing}\r\n".encode(), "text/uri-list", ""
        # Of what came in the other side is the author; what went out, or was on the table, is ours.
        theirs = document.afzender if klantcontact.groep == "ontvangst" else ""
        _add(root, "dct.omschrijving", self.abonnee.documenttype_document)
        _datum(root, "creatiedatum", document.creatiedatum)
        _datum(root, "ontvangstdatum", document.ontvangstdatum)
        _add(root, "titel", document.titel)
        _add(root, "beschrijving", f"Bij klantcontact {klantcontact.identificatie}: {klantcontact.onderwerp}")
        _add(root, "formaat", formaat)
        _add(root, "taal", document.taal or _TAAL)
        _datum(root, "verzenddatum", document.verzenddatum)
        _add(root, "vertrouwelijkAanduiding", "ZAAKVERTROUWELIJK")
        _add(root, "auteur", cut(theirs or medewerker(klantcontact) or _ONBEKEND, length=_AUTEUR_LENGTH))
        _optional(root, "link", document.verwijzing if len(document.verwijzing) <= _LINK_LENGTH else "")
        bestandsnaam = bestandsnaam or _bestandsnaam(document)
        _inhoud(root, self.inhoud_als(inhoud), bestandsnaam=bestandsnaam, formaat=formaat)


def _titel(klantcontact: Klantcontact, *, kop: str) -> str:
    words = f"{kop} {klantcontact.kanaal} {_day(klantcontact.datum_tijd):%d-%m-%Y}: {klantcontact.onderwerp}"
    return cut(" ".join(words.split()), length=_TITEL_LENGTH)


def _bestandsnaam(document: Informatieobject) -> str:
    """Of a document that came without a name; no character in it means anything to a file system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", document.identificatie)


def _extra(
    root: etree._Element,
    klantcontact: Klantcontact,
    document: Informatieobject | None,
    *,
    mutatiesoort: str,
    vorige: str,
) -> None:
    """What RGBZ 1.0 has no attribute for, by name; no BSN, which nobody needs to put a document in its zaak."""
    said = dict(klantcontact.extra)
    if said.get("opvoerder.stelsel") == "BSN":
        said.pop("opvoerder.identificatie", None)
    said |= {
        "klantcontactidentificatie": klantcontact.identificatie,
        "verantwoordelijkeOrganisatie": klantcontact.verantwoordelijke_organisatie,
        "datumTijd": klantcontact.datum_tijd.astimezone(AMSTERDAM).isoformat(timespec="seconds"),
        "kanaal": klantcontact.kanaal,
        "onderwerp": klantcontact.onderwerp,
        "groep": klantcontact.groep,
        "gevoerdDoor": (klantcontact.medewerker or {}).get("identificatie", ""),
        "mutatie": {"C": "correctie", "V": "intrekking"}.get(mutatiesoort, ""),
        "vorigDocument": vorige,
    }
    if document is None:
        naam = {"ontvangst": "afzender", "verzending": "geadresseerde"}.get(klantcontact.groep, "contactpartij")
        said[naam] = partij(klantcontact)
    else:
        said |= {
            "informatieobjectidentificatie": document.identificatie,
            "bronorganisatie": document.bronorganisatie,
            "afzender": document.afzender,
            "geadresseerde": document.geadresseerde,
            "verwijzing": document.verwijzing,
        }
    group = etree.SubElement(root, _stuf("extraElementen"))
    for naam, waarde in sorted(said.items()):
        if waarde:
            etree.SubElement(group, _stuf("extraElement"), naam=naam).text = waarde


def _zaak(root: etree._Element, klantcontact: Klantcontact, *, verwerkingssoort: str) -> None:
    zaak, status = klantcontact.zaak, klantcontact.status
    if zaak is None:
        raise ValueError("a zaakdocument is about a zaak")
    relation = _entity(_sub(root, "isRelevantVoor"), "EDCZAK", verwerkingssoort=verwerkingssoort)
    related = _entity(_sub(relation, "gerelateerde"), "ZAK", verwerkingssoort="I")
    _add(related, "identificatie", zaak.identificatie)
    _optional(related, "omschrijving", zaak.omschrijving)
    if status is not None and verwerkingssoort == "T":
        if 0 < status.volgnummer <= 9999:
            _add(relation, "stt.volgnummer", str(status.volgnummer))
        _optional(relation, "stt.omschrijving", status.omschrijving)
        _datum(relation, "sta.datumStatusGezet", _day(status.datum_status_gezet))


# --- elements -----------------------------------------------------------------------------------------------------


def _inhoud(root: etree._Element, inhoud: str, *, bestandsnaam: str, formaat: str) -> None:
    element = _sub(root, "inhoud")
    element.set(_stuf("bestandsnaam"), bestandsnaam)
    element.set(qname(XMIME, "contentType"), formaat)
    element.text = inhoud


def _entity(element: etree._Element, entiteittype: str, *, verwerkingssoort: str) -> etree._Element:
    element.set(_stuf("entiteittype"), entiteittype)
    element.set(_stuf("verwerkingssoort"), verwerkingssoort)
    return element


def _zkn(local: str) -> str:
    return qname(ZKN0310, local)


def _stuf(local: str) -> str:
    return qname(STUF0301, local)


def _sub(parent: etree._Element, local: str) -> etree._Element:
    return etree.SubElement(parent, _zkn(local))


def _add(parent: etree._Element, local: str, text: str) -> None:
    _sub(parent, local).text = text


def _optional(parent: etree._Element, local: str, text: str) -> None:
    if text:
        _add(parent, local, text)


def _datum(parent: etree._Element, local: str, value: date | None) -> None:
    if value is not None:
        _add(parent, local, f"{value.year:04d}{value:%m%d}")


def _day(moment: datetime) -> date:
    return moment.astimezone(AMSTERDAM).date()
