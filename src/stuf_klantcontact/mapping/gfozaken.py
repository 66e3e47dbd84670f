"""GFOZaken Klantcontact in: read a voegKlantcontactToe, make it an RGBZ 2.0 KLANTCONTACT, write its answer.

Reading is by local name, in whatever namespace and form a municipality's own schema puts the elements, and never
raises: what a schema refuses is left empty, so that the rules can judge the rest of the same message.

docs/mapping.md §1 to §3; RGBZ 2.0 deel I §3.7.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.names import KC, STUF0301, XMIME, qname, split
from stuf_klantcontact.opvoering import (
    STAFF,
    Actor,
    Document,
    Medewerker,
    Opvoering,
    Partij,
)
from stuf_klantcontact.parsing import markup
from stuf_klantcontact.parsing.binary import decode_base64
from stuf_klantcontact.stuurgegevens import Header, write

if TYPE_CHECKING:
    # What only reads a message need not load what speaks to a database.
    from stuf_klantcontact.rgbz import BetrokkeneFeiten, DocumentInhoud, Informatieobject, Klantcontact

T = TypeVar("T")

ONDERWERP_LENGTH: Final = 80
TOELICHTING_LENGTH: Final = 1000
TITEL_LENGTH: Final = 200

_ACTOREN: Final[Mapping[str, Any]] = {
    "Medewerker": "medewerker",
    "OrganisatorischeEenheid": "organisatorischeEenheid",
    "NatuurlijkPersoon": "natuurlijkPersoon",
    "NietNatuurlijkPersoon": "nietNatuurlijkPersoon",
    "Vestiging": "vestiging",
}
_IDENTIFIERS: Final = ("Identificatie", "BSN", "RSIN", "KVKnummer", "Vestigingsnummer")


def read(message: etree._Element) -> Opvoering:
    """Read the root element of a voegKlantcontactToe_Di01 or _Di02 (or one that resembles it)."""
    parts = _children(message)
    contact = _children(parts.get("Klantcontact"))
    partij, anoniem = _partij(parts.get("contactpartij"))
    names = ("identificatie", "achternaam", "voorletters", "voorvoegsel")
    medewerker = _fields(_children(parts.get("medewerker")), *names)
    return Opvoering(
        zaakidentificatie=markup.text(parts.get("zaakidentificatie")),
        datum_gezet=_or_none(tijdstip.parse, markup.text(contact.get("DatumGezet"))),
        type=markup.text(contact.get("Type")),
        toelichting=_whole_text(contact.get("Toelichting")),
        opvoerder=_actor(contact.get("Opvoerder")),
        documenten=tuple(_document(element) for element in _elements(contact.get("Documenten"))),
        onderwerp=markup.text(parts.get("onderwerp")),
        contactpartij=partij,
        anoniem=anoniem,
        medewerker=cast(Medewerker, medewerker) if medewerker else None,
        richting=markup.text(parts.get("richting")),
        uitkomst=_whole_text(parts.get("uitkomst")),
        afspraken=_whole_text(parts.get("afspraken")),
    )


def klantcontactidentificatie(message: etree._Element) -> str:
    """Which klantcontact a wijzigKlantcontact or verwijderKlantcontact is about; "" when it does not say."""
    return markup.text(_children(message).get("klantcontactidentificatie"))


def partij(
    opvoering: Opvoering, *, betrokkenen: Sequence["BetrokkeneFeiten"], uit_zaak: bool
) -> tuple[Partij | None, str]:
    """With whom the contact was, and how we know: "bericht", "opvoerder", "initiator" or "" for anonymous.

    A nietNatuurlijkPersoon comes back as such: RGBZ relates a contact to a person or a vestiging only, and KC-10
    tells the sender so.
    """
    if opvoering.contactpartij is not None:
        return opvoering.contactpartij, "bericht"
    if opvoering.anoniem:
        return None, ""
    actor = opvoering.opvoerder
    if actor is not None and actor.get("soort") not in STAFF:
        return _partij_van(actor.get("soort", ""), actor.get("identificatie", ""), actor), "opvoerder"
    initiators = [b for b in betrokkenen if b.rol == "Initiator" and b.soort not in STAFF and b.identificatie]
    if uit_zaak and len(initiators) == 1:
        initiator = initiators[0]
        found = _partij_van(
            initiator.soort, initiator.identificatie, {"naam": initiator.naam, **initiator.gegevens}
        )
        if found is not None and found["soort"] != "nietNatuurlijkPersoon":
            return found, "initiator"
    return None, ""


def medewerker(
    opvoering: Opvoering, *, betrokkenen: Sequence["BetrokkeneFeiten"], uit_zaak: bool
) -> Medewerker | None:
    """Who had the contact on our side: the opvoerder, whom the message names, or (if allowed) the behandelaar."""
    actor = opvoering.opvoerder
    if actor is not None and actor.get("soort") == "medewerker":
        return _medewerker({**actor, "achternaam": actor.get("naam", "")})
    if opvoering.medewerker is not None:
        return opvoering.medewerker
    behandelaars = [
        b
        for b in betrokkenen
        if b.soort == "medewerker" and b.rol in ("Uitvoerende", "Verantwoordelijke") and b.identificatie
    ]
    if uit_zaak and behandelaars:
        first = behandelaars[0]
        return _medewerker({**first.gegevens, "identificatie": first.identificatie, "achternaam": first.naam})
    return None


def onderwerp(opvoering: Opvoering, *, kanaal: str, zaakomschrijving: str) -> str:
    """At most 80 characters, never cut inside a word (docs/mapping.md §2)."""
    if opvoering.onderwerp:
        return opvoering.onderwerp
    sentence = re.split(r"(?<=[.!?])\s|\n", opvoering.toelichting.strip(), maxsplit=1)[0].strip()
    if 0 < len(sentence) <= ONDERWERP_LENGTH:
        return sentence
    return cut(f"{kanaal} over {zaakomschrijving}" if zaakomschrijving else kanaal, length=ONDERWERP_LENGTH)


def cut(text: str, *, length: int) -> str:
    """The first words of a text that fit; a single word that is too long is cut inside."""
    if len(text) <= length:
        return text
    head = text[: length + 1]
    space = max(head.rfind(" "), head.rfind("\n"), head.rfind("\t"))
    return head[:space].rstrip() if space > 0 else text[:length]


def documenten(
    opvoering: Opvoering, *, identificatie: str, rsin: str, groep: str, made: date, partijnaam: str
) -> "list[Informatieobject]":
    """The informatieobjecten of a contact, in the order they must be sent.

    Those of the message; the full toelichting where it does not fit in the RGBZ field; and for a receipt or sending
    without a document, one made from its toelichting, so that it can be exchanged as document data. In those two
    groups the other side is filled in, and the day of the contact where the message names none.
    """
    from stuf_klantcontact.rgbz import Informatieobject

    result = [
        Informatieobject(
            identificatie=document.identificatie or f"{identificatie}-{position}",
            bronorganisatie=rsin,
            creatiedatum=document.ontvangstdatum or document.verzenddatum or made,
            titel=document.titel,
            bestandsnaam=document.bestandsnaam,
            formaat=document.formaat,
            taal=document.taal,
            ontvangstdatum=document.ontvangstdatum,
            verzenddatum=document.verzenddatum,
            verwijzing=document.verwijzing,
            inhoud=_inhoud(document.inhoud),
        )
        for position, document in enumerate(opvoering.documenten, start=1)
    ]
    exchanged_as_document = groep in ("ontvangst", "verzending")
    if len(opvoering.toelichting) > TOELICHTING_LENGTH or (exchanged_as_document and not result):
        result.append(
            Informatieobject(
                identificatie=f"{identificatie}-T",
                bronorganisatie=rsin,
                creatiedatum=made,
                titel=f"Toelichting bij klantcontact {identificatie}",
                bestandsnaam=f"{identificatie}.txt",
                formaat="text/plain",
                taal="nld",
                inhoud=_inhoud(opvoering.toelichting.encode()),
            )
        )
    if exchanged_as_document:
        day = opvoering.datum_gezet.astimezone(tijdstip.AMSTERDAM).date() if opvoering.datum_gezet else made
        for informatieobject in result:
            if groep == "ontvangst":
                informatieobject.ontvangstdatum = informatieobject.ontvangstdatum or day
                informatieobject.afzender = partijnaam
            else:
                informatieobject.verzenddatum = informatieobject.verzenddatum or day
                informatieobject.geadresseerde = partijnaam
    return result


def partijnaam(partij: Partij | None, *, betrokkenen: Sequence["BetrokkeneFeiten"]) -> str:
    """A name for afzender or geadresseerde; "" when none is known. Never a BSN."""
    if partij is None:
        return ""
    if partij["soort"] != "natuurlijkPersoon":
        name = partij.get("handelsnaam", "")
    else:
        words = (partij.get("voorletters", ""), partij.get("voorvoegsel", ""), partij.get("geslachtsnaam", ""))
        name = " ".join(word for word in words if word) if partij.get("geslachtsnaam") else ""
    if not name:
        number = partij.get("bsn") or partij.get("vestigingsnummer") or partij.get("anpIdentificatie")
        name = next((b.naam for b in betrokkenen if number and b.identificatie == number), "")
    return cut(name, length=TITEL_LENGTH)


def klantcontact(
    opvoering: Opvoering,
    *,
    identificatie: str,
    rsin: str,
    kanaal: str,
    groep: str,
    effect: str,
    partij: Partij | None,
    herkomst: str,
    medewerker: Medewerker | None,
    zaakomschrijving: str,
    zaak_id: int | None,
    status_id: int | None,
) -> "Klantcontact":
    """The RGBZ record, without its documents (those are `documenten`). `opvoering` must have passed the rules."""
    from stuf_klantcontact.rgbz import Klantcontact

    if opvoering.datum_gezet is None or opvoering.opvoerder is None:
        raise ValueError("only an opvoering that passed the schema becomes a klantcontact")
    extra: dict[str, str] = {"type": opvoering.type}
    for name, value in (
        ("uitkomst", opvoering.uitkomst),
        ("afspraken", opvoering.afspraken),
        ("richting", opvoering.richting),
        ("partijHerkomst", herkomst if herkomst == "initiator" else ""),
    ):
        if value:
            extra[name] = value
    if partij is not None:
        extra |= {f"namens.{name}": str(text) for name, text in partij.get("namens", {}).items()}
    if opvoering.opvoerder.get("soort") != "medewerker" and herkomst != "opvoerder":
        extra |= {f"opvoerder.{name}": str(text) for name, text in opvoering.opvoerder.items()}
    if opvoering.medewerker is not None and opvoering.medewerker != medewerker:
        extra |= {f"medewerker.{name}": str(text) for name, text in opvoering.medewerker.items()}
    return Klantcontact(
        identificatie=identificatie,
        verantwoordelijke_organisatie=rsin,
        datum_tijd=opvoering.datum_gezet,
        type=opvoering.type,
        kanaal=kanaal,
        onderwerp=onderwerp(opvoering, kanaal=kanaal, zaakomschrijving=zaakomschrijving),
        toelichting=cut(opvoering.toelichting, length=TOELICHTING_LENGTH),
        groep=groep,
        effect=effect,
        opvoerder=dict(opvoering.opvoerder),
        medewerker=dict(medewerker) if medewerker else None,
        partij=dict(partij) if partij else None,
        partij_herkomst=herkomst,
        uitkomst=opvoering.uitkomst,
        afspraken=opvoering.afspraken,
        extra=extra,
        zaak_id=zaak_id,
        status_id=status_id,
    )


def write_du(header: Header, *, identificatie: str, groep: str, effect: str, meldingen: Sequence[str]) -> bytes:
    """Write the Du02 or Du01 of the functie in `header`, which is that of the answer, as UTF-8 XML."""
    root = etree.Element(qname(KC, f"{header.functie}_{header.berichtcode}"), nsmap={"kc": KC, "StUF": STUF0301})
    root.append(write(header, tag=qname(KC, "stuurgegevens"), namespace=STUF0301))
    for local, value in (("klantcontactidentificatie", identificatie), ("groep", groep), ("effect", effect)):
        etree.SubElement(root, qname(KC, local)).text = value
    for melding in meldingen:
        etree.SubElement(root, qname(KC, "melding")).text = melding
    return etree.tostring(root)


def _children(element: etree._Element | None) -> dict[str, etree._Element]:
    if element is None:
        return {}
    return {child.tag.rpartition("}")[2]: child for child in element if isinstance(child.tag, str)}


def _elements(element: etree._Element | None) -> list[etree._Element]:
    return [] if element is None else list(element.iterchildren(etree.Element))


def _whole_text(element: etree._Element | None) -> str:
    """Text with its inner white space kept: what a person wrote is not ours to fold."""
    return "" if element is None or not (element.text or "").strip() else (element.text or "")


def _or_none(reader: Callable[[str], T], text: str) -> T | None:
    try:
        return reader(text) if text else None
    except ValueError:
        return None


def _fields(parts: Mapping[str, etree._Element], *names: str) -> dict[str, Any]:
    """The text of the named children that have any."""
    return {name: text for name in names if (text := markup.text(parts.get(name)))}


def _actor(opvoerder: etree._Element | None) -> Actor | None:
    for element in _elements(opvoerder):
        local = split(element.tag)[1]
        if local not in _ACTOREN:
            continue
        parts = _children(element)
        actor = Actor(soort=_ACTOREN[local])
        for name in _IDENTIFIERS:
            if text := markup.text(parts.get(name)):
                actor["identificatie"], actor["stelsel"] = text, name
        if naam := markup.text(parts.get("Achternaam")) or markup.text(parts.get("Naam")):
            actor["naam"] = naam
        if voorletters := markup.text(parts.get("Voorletters")):
            actor["voorletters"] = voorletters
        if voorvoegsel := markup.text(parts.get("Voorvoegsel")):
            actor["voorvoegsel"] = voorvoegsel
        return actor
    return None


def _partij(contactpartij: etree._Element | None) -> tuple[Partij | None, bool]:
    for element in _elements(contactpartij):
        local, parts = split(element.tag)[1], _children(element)
        if local == "anoniem":
            return None, True
        if local == "natuurlijkPersoon":
            names = ("bsn", "anpIdentificatie", "geslachtsnaam", "voorvoegsel", "voorletters")
            more = ("geslachtsaanduiding", "geboortedatum")
            partij = {"soort": local, **_fields(parts, *names, *more)}
            if geboren := _or_none(tijdstip.parse_date, partij.get("geboortedatum", "")):
                partij["geboortedatum"] = geboren.isoformat()
        elif local == "vestiging":
            partij = {"soort": local, **_fields(parts, "vestigingsnummer", "handelsnaam")}
            contactpersoon = _children(parts.get("contactpersoon"))
            if person := _fields(contactpersoon, "naam", "functie", "telefoonnummer", "emailadres"):
                partij["contactpersoon"] = person
        else:
            continue
        namens = _children(_children(parts.get("namens")).get("nietNatuurlijkPersoon"))
        if found := _fields(namens, "rsin", "kvkNummer", "naam"):
            partij["namens"] = found
        return cast(Partij, partij), False
    return None, False


def _partij_van(soort: str, identificatie: str, gegevens: Mapping[str, Any]) -> Partij | None:
    """A partij from what is known of an opvoerder or a betrokkene."""
    found: dict[str, Any]
    if soort == "vestiging":
        number = _nummer(identificatie, {12: "vestigingsnummer"})
        return cast(Partij, {"soort": soort, **number, **_handelsnaam(gegevens)})
    if soort == "natuurlijkPersoon":
        own = gegevens.get("stelsel") == "Identificatie"
        number = _nummer(identificatie, {17: "anpIdentificatie"} if own else {9: "bsn", 17: "anpIdentificatie"})
        names = ("geslachtsnaam", "voorvoegsel", "voorletters", "geslachtsaanduiding", "geboortedatum")
        found = {"soort": soort, **number, **{n: str(gegevens[n]) for n in names if gegevens.get(n)}}
        if gegevens.get("naam"):
            found.setdefault("geslachtsnaam", str(gegevens["naam"]))
        return cast(Partij, found)
    if soort == "nietNatuurlijkPersoon":
        return cast(Partij, {"soort": soort, **_handelsnaam(gegevens)})
    return None


def _handelsnaam(gegevens: Mapping[str, Any]) -> dict[str, str]:
    return {"handelsnaam": str(gegevens["naam"])} if gegevens.get("naam") else {}


def _medewerker(gegevens: Mapping[str, Any]) -> Medewerker:
    """A medewerker from what is known of an opvoerder or a betrokkene; what is not known is absent."""
    names = ("identificatie", "achternaam", "voorletters", "voorvoegsel")
    return cast(Medewerker, {name: str(gegevens[name]) for name in names if gegevens.get(name)})


def _nummer(identificatie: str, kinds: Mapping[int, str]) -> dict[str, str]:
    """A number under the name that its length gives it, or as the identificatie of another kind."""
    digits = identificatie.isascii() and identificatie.isdigit()
    kind = kinds.get(len(identificatie), "identificatie") if digits else "identificatie"
    return {kind: identificatie} if identificatie else {}


def _document(element: etree._Element) -> Document:
    parts = _children(element)
    inhoud, formaat, mediatype = None, markup.text(parts.get("Formaat")), ""
    if (content := parts.get("Inhoud")) is not None:
        inhoud = decode_base64(content.text or "")
        mediatype = str(content.get(qname(XMIME, "contentType"), ""))
        formaat = formaat or mediatype
    ontvangen = _or_none(tijdstip.parse_date, markup.text(parts.get("Ontvangstdatum")))
    verzonden = _or_none(tijdstip.parse_date, markup.text(parts.get("Verzenddatum")))
    values = (("Inhoud", inhoud), ("Ontvangstdatum", ontvangen), ("Verzenddatum", verzonden))
    return Document(
        titel=markup.text(parts.get("Titel")),
        identificatie=markup.text(parts.get("Identificatie")),
        bestandsnaam=markup.text(parts.get("Bestandsnaam")),
        formaat=formaat,
        mediatype=mediatype,
        taal=markup.text(parts.get("Taal")),
        ontvangstdatum=ontvangen,
        verzenddatum=verzonden,
        inhoud=inhoud,
        verwijzing=markup.text(parts.get("Verwijzing")),
        onleesbaar=tuple(name for name, value in values if name in parts and value is None),
    )


def _inhoud(inhoud: bytes | None) -> "DocumentInhoud | None":
    from stuf_klantcontact.rgbz import DocumentInhoud

    return None if inhoud is None else DocumentInhoud(sha256=sha256(inhoud).digest(), inhoud=inhoud)
