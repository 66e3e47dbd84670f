"""What would become of a voegKlantcontactToe: RGBZ record, messages to a receiver, and where each part came from.

The same mapping as the gateway's, on facts about the zaak that the caller gives; what nobody gave is a stand-in,
and marked so. A partij that the message does not name is at the door that of the zaak: here a stand-in too.
Nothing is stored or sent. Only who previews pays for loading the model. docs/mapping.md §2, §3, §5.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from stuf_klantcontact import rules
from stuf_klantcontact.errors import Text
from stuf_klantcontact.mapping import gfozaken, zds0120, zkn0320
from stuf_klantcontact.names import split
from stuf_klantcontact.opvoering import Opvoering
from stuf_klantcontact.rgbz import BetrokkeneFeiten, Informatieobject, Klantcontact, Zaak
from stuf_klantcontact.settings import KANAAL_BIJ_TYPE, Abonnee, Zaaktype
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import AMSTERDAM, stuf0301, stuf0302

STAND_IN: Final = "VOORBEELD"
"""Begins every value that nobody gave."""
STAND_IN_RSIN: Final = "999990019"
"""No organisation has it; it passes the 11-proef."""
_INITIATOR: Final = BetrokkeneFeiten(
    rol="Initiator", soort="natuurlijkPersoon", identificatie="999993653", naam=f"{STAND_IN} initiator"
)
"""Nobody has that BSN; it passes the 11-proef."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gateway knows and a message does not say; empty is a stand-in."""

    rsin: str = ""
    organisatie: str = ""
    applicatie: str = "KLANTCONTACT"
    ontvanger: str = "ZAAKMAGAZIJN"
    zaakomschrijving: str = ""


Messages = Sequence[tuple[str, etree._Element]]
"""Each message with its name, in the order in which they are sent."""
Profile = Callable[[Klantcontact, Facts, datetime], Messages]
"""What a receiver of one kind gets of a klantcontact with its zaak and its informatieobjecten."""


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of the record, beside the element that it came from; `stand_in` when nobody gave it."""

    attribute: str
    value: str
    source: str
    line: int | None = None
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """The outcome: `groep` and `exchanged` say what the gateway would do, by its default policy, and `why` why.

    `assumed` says what was supposed about the zaak, and what becomes of the contact when it is otherwise.
    """

    groep: str
    exchanged: bool
    why: Text
    assumed: Text | None
    rows: tuple[Row, ...]
    messages: tuple[tuple[str, etree._Element], ...]
    elsewhere: tuple[Text, ...]


def preview(message: etree._Element, *, facts: Facts, profile: str, now: datetime) -> Preview:
    """Map one message that was found valid. NotImplementedError for a profile that cannot be made yet."""
    make = PROFILES[profile]
    if make is None:
        raise NotImplementedError(profile)
    opvoering = gfozaken.read(message)
    policy = Zaaktype()
    has_zaak = bool(opvoering.zaakidentificatie)
    partij, herkomst = gfozaken.partij(
        opvoering, betrokkenen=(_INITIATOR,) if has_zaak else (), uit_zaak=policy.partij_uit_zaak
    )
    medewerker = gfozaken.medewerker(opvoering, betrokkenen=(), uit_zaak=False)
    groep = rules.groep(opvoering, partij=partij, medewerker=medewerker, interactief=policy.interactief)
    exchanged = has_zaak and groep != "zonder_zaak" and getattr(policy.groepen, groep) == "exchange"
    identificatie = f"{STAND_IN}0001"
    omschrijving = facts.zaakomschrijving or f"{STAND_IN} zaakomschrijving"
    record = gfozaken.klantcontact(
        opvoering,
        identificatie=identificatie,
        rsin=facts.rsin or STAND_IN_RSIN,
        kanaal=KANAAL_BIJ_TYPE[opvoering.type],  # type: ignore[index]  # KC-04: it is one of the five
        groep=groep,
        effect="uitgewisseld" if exchanged else "bewaard",
        partij=partij,
        herkomst=herkomst,
        medewerker=medewerker,
        zaakomschrijving=omschrijving if has_zaak else "",
        zaak_id=None,
        status_id=None,
    )
    documenten = gfozaken.documenten(
        opvoering,
        identificatie=identificatie,
        rsin=facts.rsin or STAND_IN_RSIN,
        groep=groep,
        made=now.astimezone(AMSTERDAM).date(),
        partijnaam=gfozaken.partijnaam(partij, betrokkenen=()),
    )
    if has_zaak:
        record.zaak = Zaak(
            identificatie=opvoering.zaakidentificatie,
            bronorganisatie=facts.rsin or STAND_IN_RSIN,
            omschrijving=omschrijving,
        )
    record.informatieobjecten = list(documenten)
    return Preview(
        groep=groep,
        exchanged=exchanged,
        why=_why(record, opvoering, exchanged=exchanged, profile=profile),
        assumed=_ASSUMED[groep == "persoonlijk"] if herkomst == "initiator" else None,
        rows=tuple(_rows(record, opvoering, message, facts=facts)),
        messages=tuple(make(record, facts, now)) if exchanged else (),
        elsewhere=tuple(_elsewhere(record, opvoering)),
    )


def _why(record: Klantcontact, opvoering: Opvoering, *, exchanged: bool, profile: str) -> Text:
    """What is sent, or why nothing is."""
    if exchanged and profile == "zds0120":
        return Text(
            "uitgewisseld als zaakdocumenten: de documenten van het contact en een contactverslag",
            "exchanged as zaakdocumenten: the documents of the contact and a contactverslag",
        )
    if exchanged and record.groep == "persoonlijk":
        return Text(
            "uitgewisseld: een persoonlijk contact bij een zaak, met zijn documenten",
            "exchanged: a personal contact about a zaak, with its documents",
        )
    if exchanged and record.informatieobjecten:
        return Text(
            f"uitgewisseld als documentgegevens, zonder klantcontact: een contact van type {opvoering.type} is "
            "geen gesprek",
            f"exchanged as document data, without klantcontact: a contact of type {opvoering.type} is no "
            "conversation",
        )
    if record.groep == "anoniem" and opvoering.anoniem:
        return Text(
            "er gaat niets uit: het bericht zegt dat de partij anoniem is (kc:anoniem), en RGBZ wisselt een "
            "contact zonder partij niet uit; het blijft in het dossier",
            "nothing is sent: the message says that the partij is anonymous (kc:anoniem), and RGBZ does not "
            "exchange a contact without a partij; it is kept in the dossier",
        )
    return _KEPT.get(record.groep, _NOTHING)


_KEPT: Final[Mapping[str, Text]] = {
    "zonder_zaak": Text(
        "er gaat niets uit: het bericht noemt geen kc:zaakidentificatie, en er gaat alleen iets uit bij een zaak",
        "nothing is sent: the message names no kc:zaakidentificatie, and only what is about a zaak is sent",
    ),
    "anoniem": Text(
        "er gaat niets uit: het bericht noemt geen partij, en RGBZ wisselt een contact zonder partij niet uit; het "
        "blijft in het dossier",
        "nothing is sent: the message names no partij, and RGBZ does not exchange a contact without one; it is "
        "kept in the dossier",
    ),
    "zonder_medewerker": Text(
        "er gaat niets uit: het bericht noemt geen medewerker (gfo:Medewerker of kc:medewerker), en RGBZ wisselt "
        "een gesprek zonder medewerker niet uit; het blijft in het dossier",
        "nothing is sent: the message names no medewerker (gfo:Medewerker or kc:medewerker), and RGBZ does not "
        "exchange a conversation without one; it is kept in the dossier",
    ),
}
_NOTHING: Final = Text(
    "er gaat niets uit: er is geen document, en alleen documenten van zo'n contact worden uitgewisseld",
    "nothing is sent: there is no document, and of such a contact only documents are exchanged",
)
_ASSUMED: Final = {
    True: Text(
        "Het bericht noemt geen partij: aan de deur komt die uit de zaak, de initiator ([zaaktype] "
        "partij_uit_zaak). Hier staat een voorbeeld. Heeft de zaak niet precies één initiator, dan is het contact "
        "anoniem: het blijft in het dossier en er gaat niets uit.",
        "The message names no partij: at the door it is that of the zaak, the initiator ([zaaktype] "
        "partij_uit_zaak). Here a stand-in is shown. Has the zaak not exactly one initiator, then the contact is "
        "anonymous: it is kept in the dossier and nothing is sent.",
    ),
    False: Text(
        "Het bericht noemt geen partij: aan de deur komt die uit de zaak, de initiator ([zaaktype] "
        "partij_uit_zaak). Hier staat een voorbeeld; zonder initiator is er geen partij.",
        "The message names no partij: at the door it is that of the zaak, the initiator ([zaaktype] "
        "partij_uit_zaak). Here a stand-in is shown; without an initiator there is no partij.",
    ),
}


def _zkn0320(record: Klantcontact, facts: Facts, now: datetime) -> Messages:
    """Documents before the contact that refers to them; a receipt or a sending is its documents alone."""

    def header(position: int, entiteittype: str) -> Header:
        return Header(
            berichtcode="Lk01",
            zender=Systeem(facts.organisatie or STAND_IN, facts.applicatie),
            ontvanger=Systeem(facts.organisatie or STAND_IN, facts.ontvanger),
            referentienummer=f"{STAND_IN}-{position}",
            tijdstip_bericht=stuf0302(now),
            entiteittype=entiteittype,
        )

    found = [
        ("iobLk01", zkn0320.iob_lk01(document, klantcontact=record, header=header(position, "IOB")))
        for position, document in enumerate(record.informatieobjecten, start=1)
    ]
    if record.groep == "persoonlijk":
        found.append(("klcLk01", zkn0320.klc_lk01(record, header=header(len(found) + 1, "KLC"))))
    return found


def _zds0120(record: Klantcontact, facts: Facts, now: datetime) -> Messages:
    """A zaakdocument for each document that came with the contact, and one that is the contactverslag."""
    abonnee = Abonnee(profiel="zds0120", endpoint=STAND_IN)
    record.versie = 1
    sent: list[Informatieobject | None] = [
        document
        for document in record.informatieobjecten
        if not zds0120.is_toelichting(document.identificatie, klantcontact=record.identificatie)
    ]
    found = []
    for position, document in enumerate([*sent, None], start=1):
        header = Header(
            berichtcode="Lk01",
            zender=Systeem(facts.organisatie or STAND_IN, facts.applicatie),
            ontvanger=Systeem(facts.organisatie or STAND_IN, facts.ontvanger),
            referentienummer=f"{STAND_IN}-{position}",
            tijdstip_bericht=stuf0301(now.astimezone(AMSTERDAM)),
            entiteittype="EDC",
        )
        message = zds0120.zaakdocument(
            record, document, header=header, identificatie=f"{STAND_IN}-{position}", abonnee=abonnee, gemaakt=now
        )
        found.append((split(str(message.tag))[1], message))
    return found


PROFILES: Final[Mapping[str, Profile | None]] = {"zkn0320": _zkn0320, "zds0120": _zds0120, "zgw": None}
"""What a receiver may speak; None is not yet."""


def _rows(record: Klantcontact, opvoering: Opvoering, message: etree._Element, *, facts: Facts) -> Sequence[Row]:
    def row(attribute: str, value: str, source: str, *, stand_in: bool = False) -> Row:
        return Row(attribute, value, source, _line(message, source), stand_in)

    moment = record.datum_tijd.astimezone(AMSTERDAM).isoformat()
    rows = [
        row("identificatie", record.identificatie, "gateway", stand_in=True),
        row(
            "verantwoordelijke organisatie",
            record.verantwoordelijke_organisatie,
            "gateway: rsin",
            stand_in=not facts.rsin,
        ),
        row("datum-tijd", moment, "gfo:DatumGezet"),
        row("kanaal", record.kanaal, "gfo:Type"),
        row(
            "onderwerp",
            record.onderwerp,
            "kc:onderwerp" if opvoering.onderwerp else "gfo:Toelichting",
            stand_in=not opvoering.onderwerp and STAND_IN in record.onderwerp,
        ),
        row("toelichting", record.toelichting, "gfo:Toelichting"),
    ]
    if record.zaak is not None:
        rows.append(row("zaak: identificatie", record.zaak.identificatie, "kc:zaakidentificatie"))
        stand_in = not facts.zaakomschrijving
        rows.append(row("zaak: omschrijving", record.zaak.omschrijving, "gateway: zaak", stand_in=stand_in))
    own = (opvoering.opvoerder or {}).get("soort") == "medewerker"
    rows += [
        row(f"medewerker: {name}", str(value), "gfo:Opvoerder" if own else "kc:medewerker")
        for name, value in (record.medewerker or {}).items()
        if value
    ]
    source = {"bericht": "kc:contactpartij", "opvoerder": "gfo:Opvoerder"}.get(
        record.partij_herkomst, "gateway: initiator zaak"
    )
    assumed = record.partij_herkomst == "initiator"
    rows += [
        row(f"partij: {name}", _plain(value), source, stand_in=assumed and name != "soort")
        for name, value in (record.partij or {}).items()
        if value
    ]
    for position, document in enumerate(record.informatieobjecten, start=1):
        sent = position <= len(opvoering.documenten)
        where = f"dga:Document[{position}]" if sent else "gfo:Toelichting"
        rows.append(row(f"informatieobject {position}: {document.identificatie}", document.titel, where))
    return [found for found in rows if found.value]


def _elsewhere(record: Klantcontact, opvoering: Opvoering) -> Sequence[Text]:
    """What has no field of its own in the klantcontact, and where it went."""
    found = [
        Text(f"{name} = {value}: in StUF:extraElementen", f"{name} = {value}: in StUF:extraElementen")
        for name, value in record.extra.items()
    ]
    made: Sequence[Informatieobject] = record.informatieobjecten[len(opvoering.documenten) :]
    found += [
        Text(
            f"gfo:Toelichting heeft {len(opvoering.toelichting)} tekens: geheel in informatieobject "
            f"{document.identificatie}",
            f"gfo:Toelichting has {len(opvoering.toelichting)} characters: all of it in informatieobject "
            f"{document.identificatie}",
        )
        for document in made
    ]
    return found


def _line(message: etree._Element, source: str) -> int | None:
    local, _, position = source.rpartition(":")[2].partition("[")
    found = list(message.iter("{*}" + local))
    index = int(position.rstrip("]")) - 1 if position else 0
    line = found[index].sourceline if index < len(found) else None
    return line if isinstance(line, int) else None


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    return str(value)
