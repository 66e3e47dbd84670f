"""Whether a valid message of our own koppelvlakken is plainly in order, asked in one XPath.

The rules walk a message in Python, which takes longer than the parser and the schema together. Most messages are of
one common form in which no rule can find anything; those are recognised here by libxml2. What is not recognised is
not wrong: it only goes to the rules. tests/test_validation.py shows that the rules are silent on all that passes.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, cast

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.names import BG0320, GFOZAKEN, KC, KLC, STUF0301, STUF0302, ZKN0320, qname
from stuf_klantcontact.rules import passes_eleven_test

_KLANTCONTACT: Final = """concat(
  not(@* or */@* or */*/@* or */*/*/@*)
  and normalize-space(kc:stuurgegevens/S:referentienummer) != ''
  and not(g:Klantcontact/g:Documenten/*)
  and normalize-space(g:Klantcontact/g:Toelichting) != ''
  and normalize-space(g:Klantcontact/g:Opvoerder/g:Medewerker/g:Identificatie) != ''
  and (not(kc:contactpartij) or kc:contactpartij/kc:anoniem
    or count(kc:contactpartij/kc:natuurlijkPersoon/kc:bsn) = 1)
  and not(kc:contactpartij//kc:geboortedatum or kc:contactpartij//kc:namens or kc:medewerker),
  '|', kc:stuurgegevens/S:tijdstipBericht, '|', g:Klantcontact/g:DatumGezet,
  '|', kc:contactpartij/kc:natuurlijkPersoon/kc:bsn)"""

_KLC: Final = """concat(
  not(@noValue) and k:parameters/S:mutatiesoort = 'T' and count(k:object) = 1
  and normalize-space(k:stuurgegevens/S:referentienummer) != '' and k:stuurgegevens/S:entiteittype/S:type = 'KLC'
  and boolean(k:object[@z:entiteittype = 'KLC' and @verwerkingssoort = 'T'
    and normalize-space(z:identificatie) != '' and normalize-space(z:onderwerp) != ''
    and normalize-space(z:datum-tijd) != '' and not(z:heeftRelevant or S:tijdvakGeldigheid or @noValue)
    and not(S:aanvullendeElementen or z:historieMaterieel or z:historieFormeel)
    and count(*[@z:entiteittype]) = 3 and count(*[@verwerkingssoort = 'T']) = 3 and not(*/@noValue)
    and z:heeftBetrekkingOp/z:gerelateerde[@z:entiteittype = 'ZAK' and @verwerkingssoort = 'I'
      and z:zaakidentificatie/text() and z:bronorganisatie and z:omschrijving]
    and z:heeftPlaatsgevondenMetNPS/z:gerelateerde[@b:entiteittype = 'NPS'
      and (@verwerkingssoort = 'T' or @verwerkingssoort = 'I') and b:inp.burgerservicenummer/text()]
    and z:isGevoerdDoor/z:gerelateerde[@z:entiteittype = 'MDW' and @verwerkingssoort = 'I'
      and z:medewerkeridentificatie/text() and z:organisatie-identificatie and z:achternaam and z:voorletters
      and z:voorvoegselAchternaam]
    and not(*/z:gerelateerde/*[@noValue or @verwerkingssoort] or */z:gerelateerde/@noValue
      or *[@z:entiteittype]/S:*)]),
  '|', k:stuurgegevens/S:tijdstipBericht, '|', k:object/z:datum-tijd/S:tijdstip,
  '|', k:object/z:heeftPlaatsgevondenMetNPS/z:gerelateerde/b:inp.burgerservicenummer,
  '|', k:object/z:verantwoordelijkeOrganisatie,
  '|', k:object/z:heeftBetrekkingOp/z:gerelateerde/z:bronorganisatie,
  '|', k:object/z:isGevoerdDoor/z:gerelateerde/z:organisatie-identificatie)"""


def _compiled(expression: str, **namespaces: str) -> Callable[[etree._Element], str]:
    return cast(
        Callable[[etree._Element], str],
        etree.XPath(expression, namespaces=namespaces, smart_strings=False, regexp=False),
    )


_kc = _compiled(_KLANTCONTACT, kc=KC, g=GFOZAKEN, S=STUF0301)
_klc = _compiled(_KLC, k=KLC, z=ZKN0320, b=BG0320, S=STUF0302)
_NEVER: Final = "99999999"
_FORMS: Final[Mapping[str, Callable[[etree._Element], str]]] = {
    qname(KC, "voegKlantcontactToe_Di01"): _kc,
    qname(KC, "voegKlantcontactToe_Di02"): _kc,
    qname(KLC, "klcLk01"): _klc,
}


def in_order(element: etree._Element, *, now: datetime, limits: Limits) -> bool:
    """Whether a message that the schema found valid is of a form in which no rule can find anything."""
    form = _FORMS.get(element.tag)
    if form is None:
        return False
    clean, sent, contact, bsn, *rsins = form(element).split("|")
    if clean != "true" or (bsn and not passes_eleven_test(bsn)):
        return False
    if not all(_is_rsin(rsin) for rsin in rsins if rsin):
        return False
    # Of a day before yesterday it is plain that it is past, in whatever zone.
    recent = _before_yesterday(now.date())
    if _day(sent) < recent and _day(contact) < recent:
        return True
    try:
        return tijdstip.parse(sent) <= now and tijdstip.parse(contact) <= now + timedelta(
            seconds=limits.klokverschil
        )
    except ValueError:
        return False


@lru_cache(maxsize=4)
def _before_yesterday(today: date) -> str:
    return (today - timedelta(days=2)).strftime("%Y%m%d")


def _day(moment: str) -> str:
    """EEJJMMDD of a moment that exists, written in either form; of any other, a day that is never past."""
    digits = moment[:10].replace("-", "") if "-" in moment else moment[:8]
    if "-" in moment:
        return digits if len(digits) == 8 and moment[10:11] == "T" and _exists(digits) else _NEVER
    time = moment[8:].ljust(6, "0")
    return digits if time[:2] < "24" and time[2:4] < "60" and time[4:6] < "60" and _exists(digits) else _NEVER


@lru_cache(maxsize=4096)
def _exists(digits: str) -> bool:
    try:
        tijdstip.parse(digits)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_rsin(number: str) -> bool:
    """The same few organisations are in every message."""
    return passes_eleven_test(number.zfill(9))
