"""What one object of StUF-ZKN 3.10 says about a zaak: its columns, and each relation that the gateway keeps.

Nothing here judges: a value that is absent, unusable or longer than the standard allows counts as not sent, and
only `noValue="geenWaarde"` says that there is none (stuf-facts §5.1). stuf-facts §11.3 to §11.7.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

from lxml import etree

from stuf_klantcontact import stuurgegevens, tijdstip
from stuf_klantcontact.names import STUF0301, XSI, qname, split
from stuf_klantcontact.opvoering import STAFF
from stuf_klantcontact.parsing.markup import text
from stuf_klantcontact.rgbz import BetrokkeneMutatie, StatusMutatie

ROLLEN: Final = {
    "heeftAlsInitiator": "Initiator",
    "heeftAlsBelanghebbende": "Belanghebbende",
    "heeftAlsGemachtigde": "Gemachtigde",
    "heeftAlsUitvoerende": "Uitvoerende",
    "heeftAlsVerantwoordelijke": "Verantwoordelijke",
    "heeftAlsOverigBetrokkene": "OverigBetrokkene",
}
STATUS: Final = "heeft"
ZAAKTYPE: Final = "isVan"
RELATIONS: Final = frozenset({*ROLLEN, STATUS, ZAAKTYPE})
"""The relations of a zaak that the gateway reads."""
SHORTEST_IDENTIFICATIE: Final = 5
LONGEST_IDENTIFICATIE: Final = 40

RELATION_TAGS: Final = tuple(f"{{*}}{local}" for local in sorted(RELATIONS))
_ROL_TAGS: Final = tuple(f"{{*}}{local}" for local in ROLLEN)
_SOORTEN: Final = (
    "natuurlijkPersoon",
    "nietNatuurlijkPersoon",
    "vestiging",
    "medewerker",
    "organisatorischeEenheid",
)
_IDENTIFIERS: Final = (
    "inp.bsn",
    "anp.identificatie",
    "inn.nnpId",
    "ann.identificatie",
    "vestigingsNummer",
    "identificatie",
)
_NAMES: Final = ("geslachtsnaam", "statutaireNaam", "handelsnaam", "achternaam", "naam")
_GEGEVENS: Final = {
    "geslachtsnaam": "geslachtsnaam",
    "voorletters": "voorletters",
    "voorvoegselGeslachtsnaam": "voorvoegsel",
    "voorvoegselAchternaam": "voorvoegsel",
    "geslachtsaanduiding": "geslachtsaanduiding",
    "geboortedatum": "geboortedatum",
}
_DATES: Final = ("startdatum", "registratiedatum", "einddatum")
_ZAAKTYPE_LENGTH: Final = 10
_MEDEWERKER_LENGTH: Final = 24
_EMAIL_LENGTH: Final = 254
_LONGEST: Final = {
    "geslachtsnaam": 200,
    "voorletters": 20,
    "voorvoegselGeslachtsnaam": 10,
    "voorvoegselAchternaam": 10,
    "achternaam": 200,
    "naam": 50,
    "statutaireNaam": 500,
    "handelsnaam": 625,
}
"""What StUF-ZKN 3.10 allows; a longer value fits nowhere, and counts as not sent."""
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")

THERE_NOW: Final = frozenset({"", "T", "W", "I", "R", "S", "O"})
"""verwerkingssoort of a relation that is there now: in huidig, or in an answer, which has none."""


Item = TypeVar("Item", BetrokkeneMutatie, StatusMutatie)


@dataclass(frozen=True, slots=True)
class Relation(Generic[Item]):
    """A relation by its name, with its verwerkingssoort ("" in an answer), and to whom or what."""

    local: str
    soort: str
    item: Item


def sent(message: etree._Element) -> datetime | None:
    """tijdstipBericht; None when it is absent or no moment."""
    try:
        return tijdstip.parse(stuurgegevens.read(message).tijdstip_bericht)
    except ValueError:
        return None


def identificatie(zaak: etree._Element) -> str:
    """The identificatie of an object; "" when it has none."""
    return text(first(zaak, "identificatie"))


def velden(zaak: etree._Element) -> dict[str, Any]:
    """The columns that an object sets: a value, or None or "" where it says that there is none."""
    found: dict[str, Any] = {}
    omschrijving = said(first(zaak, "omschrijving"))
    if omschrijving is not None:
        found["omschrijving"] = omschrijving[:80]
    for local in _DATES:
        element = first(zaak, local)
        value = said(element)
        if element is not None and value is not None:
            moment = _earliest(element) if local == "startdatum" else _date(element)
            if moment is not None or not value:
                found[local] = moment
    zaaktype = first(zaak, ZAAKTYPE)
    zaaktype = None if zaaktype is None else first(zaaktype, "gerelateerde")
    # A code that is too long could be cut into that of another zaaktype.
    if zaaktype is not None and 0 < len(code := text(first(zaaktype, "code"))) <= _ZAAKTYPE_LENGTH:
        found["zaaktype"] = code
        found["zaaktype_omschrijving"] = text(first(zaaktype, "omschrijving"))[:80]
    return found


def statussen(zaak: etree._Element) -> Iterator[Relation[StatusMutatie]]:
    """Every status that an object relates; one without a volgnummer and a moment is nothing to know it by."""
    for relation in children(zaak, STATUS):
        statustype = first(relation, "gerelateerde")
        parts = {} if statustype is None else {local_name(e): e for e in statustype.iterchildren(etree.Element)}
        volgnummer = text(parts.get("volgnummer"))
        status = StatusMutatie(
            volgnummer=int(volgnummer) if re.fullmatch("[0-9]{1,9}", volgnummer, re.ASCII) else None,
            datum_status_gezet=_moment(first(relation, "datumStatusGezet")),
            omschrijving=_cut(said(parts.get("omschrijving")), 80),
            toelichting=_cut(said(first(relation, "toelichting")), 1000),
        )
        if status.volgnummer is not None or status.datum_status_gezet is not None:
            # The end of a status is the beginning of the next: only its verwerkingssoort says that it lapsed.
            yield Relation(STATUS, verwerkingssoort(relation), status)


def betrokkenen(zaak: etree._Element, *, now: datetime | None) -> Iterator[Relation[BetrokkeneMutatie]]:
    """Everyone whom an object relates; E stands for a relation whose eindRelatie has passed."""
    for relation in zaak.iterchildren(*_ROL_TAGS):
        gerelateerde = first(relation, "gerelateerde")
        if gerelateerde is None:
            continue
        rol = ROLLEN[local_name(relation)]
        soort = "E" if _ended(relation, now=now) else verwerkingssoort(relation)
        for actor in gerelateerde.iterchildren(etree.Element):
            if local_name(actor) in _SOORTEN:
                yield Relation(local_name(relation), soort, _betrokkene(actor, rol=rol, relation=relation))


def verwerkingssoort(element: etree._Element) -> str:
    """What is to happen to an object or a relation; "" when it does not say."""
    return str(element.get(qname(STUF0301, "verwerkingssoort"), ""))


def said(element: etree._Element | None) -> str | None:
    """The text of an element; "" when it says that there is none, None when it says nothing (stuf-facts §5.1)."""
    if element is None:
        return None
    return text(element) or ("" if _is_cleared(element) else None)


def children(parent: etree._Element, local: str) -> list[etree._Element]:
    """The children of that local name."""
    return [*parent.iterchildren(f"{{*}}{local}")]


def related(zaak: etree._Element) -> int:
    """How many statussen and betrokkenen an object names; limits.RELATIONS says how many it may."""
    return sum(1 for _ in zaak.iterchildren(*RELATION_TAGS))


def first(parent: etree._Element, local: str) -> etree._Element | None:
    """The first child of that local name."""
    return next(parent.iterchildren(f"{{*}}{local}"), None)


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return split(element.tag)[1]


def _ended(relation: etree._Element, *, now: datetime | None) -> bool:
    tijdvak = first(relation, "tijdvakRelatie")
    end = None if tijdvak is None else _moment(first(tijdvak, "eindRelatie"))
    return end is not None and (now is None or end <= now)


def _betrokkene(actor: etree._Element, *, rol: str, relation: etree._Element) -> BetrokkeneMutatie:
    soort = local_name(actor)
    parts = {local_name(child): child for child in actor.iterchildren(etree.Element)}
    texts = {
        name: value
        for name, child in parts.items()
        if (value := said(child)) is not None and len(value) <= _LONGEST.get(name, LONGEST_IDENTIFICATIE)
    }
    if texts.get("geboortedatum"):
        texts["geboortedatum"] = _geboortedatum(parts["geboortedatum"])
        if not texts["geboortedatum"]:
            del texts["geboortedatum"]
    names = [texts[name] for name in _NAMES if name in texts]
    return BetrokkeneMutatie(
        rol=rol,
        soort=soort,
        identificatie=_nummer(texts, soort=soort),
        naam=next((name for name in names if name), names[0] if names else None),
        emailadres=_email(relation),
        gegevens={key: texts[name] for name, key in _GEGEVENS.items() if name in texts},
    )


def _nummer(texts: Mapping[str, str], *, soort: str) -> str:
    """The number of a betrokkene; that of staff is at most 24 long in every version."""
    number = next((texts[name] for name in _IDENTIFIERS if texts.get(name)), "")
    return number if soort not in STAFF or len(number) <= _MEDEWERKER_LENGTH else ""


def _geboortedatum(element: etree._Element) -> str:
    """The date as far as it is known: a day, month (jjjj-mm) or year; "" when there is none."""
    found = _date(element)
    if found is None:
        return ""
    known = {"D": 7, "M": 4, "J": 0}.get(_onvolledig(element), 10)
    return found.isoformat()[:known]


def _email(relation: etree._Element) -> str | None:
    """The first address in the relation, of the person or of an aanspreekpunt."""
    found: str | None = None
    for element in relation.iter(etree.Element):
        if local_name(element) in ("emailadres", "sub.emailadres"):
            value = said(element)
            if value and len(value) <= _EMAIL_LENGTH and _EMAIL.fullmatch(value):
                return value
            found = "" if value == "" else found
    return found


def _moment(element: etree._Element | None) -> datetime | None:
    try:
        return tijdstip.parse(text(element))
    except ValueError:
        return None


def _date(element: etree._Element) -> date | None:
    try:
        return tijdstip.parse_date(text(element))
    except ValueError:
        return None


def _earliest(element: etree._Element) -> date | None:
    """The first day that an incomplete date may mean: what it says of the rest is arbitrary (stuf-facts §5.3)."""
    found = _date(element)
    if found is None:
        return None
    match _onvolledig(element):
        case "D":
            return found.replace(day=1)
        case "M":
            return found.replace(month=1, day=1)
        case "J":
            return None
        case _:
            return found


def _onvolledig(element: etree._Element) -> str:
    return str(element.get(qname(STUF0301, "indOnvolledigeDatum"), "V"))


def _cut(value: str | None, length: int) -> str | None:
    return None if value is None else value[:length]


def _is_cleared(element: etree._Element) -> bool:
    """Empty, and the sender says that there is no value (stuf-facts §5.1); xsi:nil alone is not enough."""
    return element.get(qname(STUF0301, "noValue")) == "geenWaarde" and (
        element.get(qname(XSI, "nil"), "true") in ("true", "1")
    )
