"""The cast of the demo and of the tests: fictitious people, their zaken, and the messages a zaaksysteem sends.

Pure builders: each gives a complete StUF message as an element. Nobody here exists; the numbers are test numbers.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from stuf_klantcontact.names import (
    BG0310,
    DGA_UF,
    GFOZAKEN,
    KC,
    KLC,
    STUF0301,
    STUF0302,
    XMIME,
    ZDS0120,
    ZKN0310,
    ZKN0320,
    qname,
)
from stuf_klantcontact.stuurgegevens import Header, Systeem, write
from stuf_klantcontact.tijdstip import AMSTERDAM, stuf0301, stuf0302

ORGANISATIE: Final = "0518"
RSIN: Final = "999990019"
GATEWAY: Final = Systeem(ORGANISATIE, "KLANTCONTACT")
MIJNZAKEN: Final = Systeem(ORGANISATIE, "MIJNZAKEN")
ZAAKSYSTEEM: Final = Systeem(ORGANISATIE, "ZAAKSYSTEEM")
RUNNING, CLOSED, NOT_ALLOWED = "0518ZAAK0000001", "0518ZAAK0000002", "0518ZAAK0000003"
ZAAKTYPE, ZAAKTYPE_NOT_ALLOWED = "B1026", "B9999"
BSN: Final = "999993653"
VESTIGING: Final = "000012345678"
EMAIL: Final = "s.jansen@example.org"

PDF: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
"""One empty page."""


@dataclass(frozen=True, slots=True)
class Opvoerder:
    """An Actor of GFOZaken: the element it is in, and its children."""

    kind: str
    children: Sequence[tuple[str, str]]


JDEVRIES: Final = Opvoerder(
    "Medewerker",
    (("Identificatie", "jdevries"), ("Achternaam", "Vries"), ("Voorletters", "J."), ("Voorvoegsel", "de")),
)
KBAKKER: Final = Opvoerder("Medewerker", (("Identificatie", "kbakker"), ("Achternaam", "Bakker")))
SJANSEN: Final = Opvoerder("NatuurlijkPersoon", (("BSN", BSN), ("Naam", "Jansen")))
BEDRIJF: Final = Opvoerder("Vestiging", (("Vestigingsnummer", VESTIGING), ("Naam", "Bakkerij Voorbeeld")))


def contact(
    *,
    referentienummer: str,
    now: datetime,
    zaak: str | None = RUNNING,
    opvoerder: Opvoerder = JDEVRIES,
    type: str = "call",
    toelichting: str | None = "Mevrouw vroeg wanneer haar vergunning klaar is. Teruggebeld met de datum.",
    gezet: datetime | None = None,
    pdf: bytes | None = None,
    partij: str = "",
    onderwerp: str = "",
    medewerker: str = "",
    uitkomst: str = "",
    afspraken: str = "",
    synchronous: bool = True,
    zender: Systeem = MIJNZAKEN,
    wijzigt: str = "",
) -> etree._Element:
    """voegKlantcontactToe_Di02 (or _Di01); `partij` is "", "anoniem", "persoon" or "vestiging".

    With the identificatie of a klantcontact in `wijzigt` it is the wijzigKlantcontact of that one.
    """
    functie = "wijzigKlantcontact" if wijzigt else "voegKlantcontactToe"
    root = _vrij(functie, referentienummer=referentienummer, now=now, synchronous=synchronous, zender=zender)
    if wijzigt:
        etree.SubElement(root, qname(KC, "klantcontactidentificatie")).text = wijzigt
    if zaak is not None:
        etree.SubElement(root, qname(KC, "zaakidentificatie")).text = zaak
    klantcontact = etree.SubElement(root, qname(GFOZAKEN, "Klantcontact"))
    moment = (gezet or now).astimezone(AMSTERDAM).isoformat(timespec="seconds")
    etree.SubElement(klantcontact, qname(GFOZAKEN, "DatumGezet")).text = moment
    documenten = etree.SubElement(klantcontact, qname(GFOZAKEN, "Documenten"))
    if pdf is not None:
        document = etree.SubElement(documenten, qname(DGA_UF, "Document"))
        etree.SubElement(document, qname(DGA_UF, "Titel")).text = "Bouwtekening"
        etree.SubElement(document, qname(DGA_UF, "Bestandsnaam")).text = "bouwtekening.pdf"
        etree.SubElement(document, qname(DGA_UF, "Formaat")).text = "application/pdf"
        inhoud = etree.SubElement(document, qname(DGA_UF, "Inhoud"))
        inhoud.set(qname(XMIME, "contentType"), "application/pdf")
        inhoud.text = base64.b64encode(pdf).decode("ascii")
    actor = etree.SubElement(
        etree.SubElement(klantcontact, qname(GFOZAKEN, "Opvoerder")), qname(GFOZAKEN, opvoerder.kind)
    )
    for local, text in opvoerder.children:
        etree.SubElement(actor, qname(GFOZAKEN, local)).text = text
    if toelichting is not None:
        etree.SubElement(klantcontact, qname(GFOZAKEN, "Toelichting")).text = toelichting
    etree.SubElement(klantcontact, qname(GFOZAKEN, "Type")).text = type
    if onderwerp:
        etree.SubElement(root, qname(KC, "onderwerp")).text = onderwerp
    if partij:
        _add(etree.SubElement(root, qname(KC, "contactpartij")), _PARTIJEN[partij])
    if medewerker:
        _add(root, ("medewerker", [("identificatie", medewerker), ("achternaam", "Vries")]))
    for local, text in (("uitkomst", uitkomst), ("afspraken", afspraken)):
        if text:
            etree.SubElement(root, qname(KC, local)).text = text
    return root


def withdrawal(
    identificatie: str,
    *,
    referentienummer: str,
    now: datetime,
    reden: str = "",
    synchronous: bool = True,
    zender: Systeem = MIJNZAKEN,
) -> etree._Element:
    """verwijderKlantcontact_Di02 (or _Di01)."""
    root = _vrij(
        "verwijderKlantcontact",
        referentienummer=referentienummer,
        now=now,
        synchronous=synchronous,
        zender=zender,
    )
    etree.SubElement(root, qname(KC, "klantcontactidentificatie")).text = identificatie
    if reden:
        etree.SubElement(root, qname(KC, "reden")).text = reden
    return root


def question(
    *, referentienummer: str, now: datetime, zaak: str = RUNNING, zender: Systeem = MIJNZAKEN
) -> etree._Element:
    """klcLv01: which klantcontacten a zaak has, fifteen at the most."""
    root = etree.Element(qname(KLC, "klcLv01"), nsmap={"klc": KLC, "StUF": STUF0302, "zkn": ZKN0320})
    header = Header(
        berichtcode="Lv01",
        zender=zender,
        ontvanger=GATEWAY,
        referentienummer=referentienummer,
        tijdstip_bericht=stuf0302(now),
        entiteittype="KLC",
    )
    root.append(write(header, tag=qname(KLC, "stuurgegevens"), namespace=STUF0302))
    parameters = etree.SubElement(root, qname(KLC, "parameters"))
    for local, text in (("sortering", "0"), ("indicatorVervolgvraag", "false"), ("maximumAantal", "15")):
        etree.SubElement(parameters, qname(STUF0302, local)).text = text
    entiteittype = qname(ZKN0320, "entiteittype")
    gelijk = etree.SubElement(root, qname(KLC, "gelijk"), {entiteittype: "KLC"})
    relation = etree.SubElement(gelijk, qname(ZKN0320, "heeftBetrekkingOp"), {entiteittype: "KLCZAK"})
    related = etree.SubElement(relation, qname(ZKN0320, "gerelateerde"), {entiteittype: "ZAK"})
    etree.SubElement(related, qname(ZKN0320, "zaakidentificatie")).text = zaak
    return root


def _vrij(
    functie: str, *, referentienummer: str, now: datetime, synchronous: bool, zender: Systeem
) -> etree._Element:
    """The root of a vrij bericht of kc, with its stuurgegevens."""
    code = "Di02" if synchronous else "Di01"
    root = etree.Element(
        qname(KC, f"{functie}_{code}"), nsmap={"kc": KC, "StUF": STUF0301, "gfo": GFOZAKEN, "dga": DGA_UF}
    )
    header = Header(
        berichtcode=code,
        zender=zender,
        ontvanger=GATEWAY,
        referentienummer=referentienummer,
        tijdstip_bericht=stuf0301(now),
        functie=functie,
    )
    root.append(write(header, tag=qname(KC, "stuurgegevens"), namespace=STUF0301))
    return root


def zaak(
    identificatie: str,
    *,
    referentienummer: str,
    now: datetime,
    zaaktype: str = ZAAKTYPE,
    omschrijving: str = "Omgevingsvergunning Dorpsstraat 1",
    startdatum: str = "20260901",
    einddatum: str = "",
    status: str = "20260901090000",
    emailadres: str = EMAIL,
    operation: str = "creeerZaak_ZakLk01",
) -> etree._Element:
    """A zaak with S. Jansen as initiator and J. de Vries as behandelaar, as a zaaksysteem announces it."""
    namespace = ZKN0310 if operation == "zakLk01" else ZDS0120
    root = etree.Element(
        qname(namespace, operation), nsmap={"ZDS": ZDS0120, "ZKN": ZKN0310, "StUF": STUF0301, "BG": BG0310}
    )
    header = Header(
        berichtcode="Lk01",
        zender=ZAAKSYSTEEM,
        ontvanger=GATEWAY,
        referentienummer=referentienummer,
        tijdstip_bericht=stuf0301(now),
        entiteittype="ZAK",
    )
    root.append(write(header, tag=qname(ZKN0310, "stuurgegevens"), namespace=STUF0301))
    parameters = etree.SubElement(root, qname(ZKN0310, "parameters"))
    etree.SubElement(parameters, qname(STUF0301, "mutatiesoort")).text = "T"
    etree.SubElement(parameters, qname(STUF0301, "indicatorOvername")).text = "V"
    zaak = _entity(root, "object", "ZAK")
    values = (
        ("identificatie", identificatie),
        ("omschrijving", omschrijving),
        ("startdatum", startdatum),
        ("registratiedatum", startdatum),
        ("einddatum", einddatum),
        ("zaakniveau", "1"),
        ("deelzakenIndicatie", "N"),
    )
    for local, text in values:
        if text:
            etree.SubElement(zaak, qname(ZKN0310, local)).text = text
    zaaktype_element = _entity(_entity(zaak, "isVan", "ZAKZKT"), "gerelateerde", "ZKT", verwerkingssoort="I")
    etree.SubElement(zaaktype_element, qname(ZKN0310, "code")).text = zaaktype
    initiator = _entity(zaak, "heeftAlsInitiator", "ZAKBTRINI")
    related = etree.SubElement(initiator, qname(ZKN0310, "gerelateerde"))
    person = _entity(related, "natuurlijkPersoon", "NPS")
    for local, text in (("inp.bsn", BSN), ("geslachtsnaam", "Jansen"), ("voorletters", "S.")):
        etree.SubElement(person, qname(BG0310, local)).text = text
        if local == "inp.bsn":
            authentiek = etree.SubElement(person, qname(BG0310, "authentiek"))
            authentiek.text = "J"
            authentiek.set(qname(STUF0301, "metagegeven"), "true")
    if emailadres:
        aanspreekpunt = _entity(initiator, "heeftAlsAanspreekpunt", "ZAKBTRINICTP")
        point = _entity(aanspreekpunt, "gerelateerde", "CTP")
        etree.SubElement(point, qname(ZKN0310, "naam")).text = "S. Jansen"
        etree.SubElement(point, qname(ZKN0310, "emailadres")).text = emailadres
    behandelaar = etree.SubElement(
        _entity(zaak, "heeftAlsUitvoerende", "ZAKBTRUTV"), qname(ZKN0310, "gerelateerde")
    )
    medewerker = _entity(behandelaar, "medewerker", "MDW", verwerkingssoort="I")
    etree.SubElement(medewerker, qname(ZKN0310, "identificatie")).text = "jdevries"
    etree.SubElement(medewerker, qname(ZKN0310, "achternaam")).text = "Vries"
    if status:
        relation = _entity(zaak, "heeft", "ZAKSTT")
        statustype = _entity(relation, "gerelateerde", "STT", verwerkingssoort="I")
        etree.SubElement(statustype, qname(ZKN0310, "volgnummer")).text = "1"
        etree.SubElement(statustype, qname(ZKN0310, "omschrijving")).text = "In behandeling"
        etree.SubElement(relation, qname(ZKN0310, "datumStatusGezet")).text = status
    return root


_Node = tuple[str, "str | Sequence[_Node]"]

_PARTIJEN: Final[dict[str, _Node]] = {
    "anoniem": ("anoniem", ""),
    "persoon": (
        "natuurlijkPersoon",
        [("bsn", BSN), ("geslachtsnaam", "Jansen"), ("voorletters", "S."), ("geslachtsaanduiding", "V")],
    ),
    "vestiging": (
        "vestiging",
        [
            ("vestigingsnummer", VESTIGING),
            ("handelsnaam", "Bakkerij Voorbeeld"),
            ("contactpersoon", [("naam", "A. el Idrissi"), ("functie", "bedrijfsleider")]),
        ],
    ),
}


def _add(parent: etree._Element, node: _Node) -> None:
    element = etree.SubElement(parent, qname(KC, node[0]))
    if isinstance(node[1], str):
        element.text = node[1] or None
    else:
        for child in node[1]:
            _add(element, child)


def _entity(
    parent: etree._Element, local: str, entiteittype: str, *, verwerkingssoort: str = "T"
) -> etree._Element:
    element = etree.SubElement(parent, qname(ZKN0310, local))
    element.set(qname(STUF0301, "entiteittype"), entiteittype)
    element.set(qname(STUF0301, "verwerkingssoort"), verwerkingssoort)
    return element
