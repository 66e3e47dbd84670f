"""Whether a valid message of our own koppelvlakken is plainly in order, seen at a glance.

The rules walk a message in Python, which takes longer than the parser and the schema together. Most messages are of
one usual form, in which no rule can find anything but a number or a moment that cannot be. A schema of that form
recognises them, and answers for our own schemas at the same time; only those few values are looked at here. What
is not recognised is not wrong: it only goes to our schemas and the rules. tests/test_validation.py shows that these
are silent on all that passes.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.names import BG0320, KC, KLC, qname
from stuf_klantcontact.rules import passes_eleven_test
from stuf_klantcontact.validation import usual

Said = tuple[str, str, str | None, tuple[str | None, ...]]
"""What a message of the usual form says: tijdstipBericht, the moment of the contact, the BSN, the RSINs."""

ENOUGH: Final = 100
"""So many messages go the long way before the schema is made: it takes about as long as they do."""

DEPTH: Final = 16
"""No message of the usual form nests as deep: nothing in it can hold another like itself."""

_CONTACTPARTIJ: Final = qname(KC, "contactpartij")
_BSN: Final = qname(BG0320, "inp.burgerservicenummer")


class Glance:
    """The schema of the usual form, made when it has become worth its while. Threads may share one."""

    def __init__(self, *, after: int = ENOUGH) -> None:
        self._left = after
        self._schema: etree.XMLSchema | None = None

    def in_order(self, element: etree._Element, *, now: datetime, limits: Limits) -> bool:
        """Whether a message is valid by our schemas and of a form in which no rule can find anything.

        For an element of a parser that left out comments and processing instructions.
        """
        form = _FORMS.get(element.tag)
        if form is None:
            return False
        schema = self._schema
        if schema is None:
            self._left -= 1
            if self._left >= 0:
                return False
            schema = self._schema = usual.compiled()
        try:
            if not schema.validate(element):
                return False
        except etree.XMLSchemaValidateError:
            return False
        sent, contact, bsn, rsins = form(element)
        if not _settled(_day(sent), _day(contact), now.date()) and not _past(sent, contact, now=now, limits=limits):
            return False
        for rsin in rsins:
            if rsin and not _is_rsin(rsin):
                return False
        return bsn is None or passes_eleven_test(bsn)


# --- what a message of the usual form says: its schema saw to it that everything is where it is looked for ----


def _voeg_toe(root: etree._Element) -> Said:
    """voegKlantcontactToe of a medewerker to a zaak, with nobody, somebody anonymous or somebody's BSN."""
    bsn = None
    if len(root) > 3:
        partij = next(root.iterchildren(_CONTACTPARTIJ), None)
        if partij is not None and len(partij[0]):
            bsn = partij[0][0].text
    return root[0][4].text or "", root[2][0].text or "", bsn, ()


def _klc_lk01(root: etree._Element) -> Said:
    """klcLk01 of a new klantcontact with a natuurlijk persoon, without documents or history."""
    klc = root[2]
    rsins = (klc[1].text, klc[-3][0][1].text, klc[-1][0][1].text)
    bsn = next(klc[-2][0].iterchildren(_BSN)).text
    return root[0][4].text or "", klc[2][0].text or "", bsn, rsins


_FORMS: Final[Mapping[str, Callable[[etree._Element], Said]]] = {
    qname(KC, "voegKlantcontactToe_Di01"): _voeg_toe,
    qname(KC, "voegKlantcontactToe_Di02"): _voeg_toe,
    qname(KLC, "klcLk01"): _klc_lk01,
}


# --- values -----------------------------------------------------------------------------------------------------


def _day(moment: str) -> str:
    """The day of a moment as it is written there, with its T when it has one."""
    return moment[:11] if moment[10:11] == "T" else moment[:8]


@lru_cache(maxsize=4096)
def _settled(sent: str, contact: str, today: date) -> bool:
    """Whether both days exist and lie before yesterday, so that they are past in whatever zone."""
    days = [day.replace("-", "").removesuffix("T") for day in (sent, contact)]
    try:
        first = min(tijdstip.parse(day) for day in days)
    except ValueError:
        return False
    recent = f"{today - timedelta(days=2):%Y%m%d}"
    return first.year > 1 and max(days) < recent and all(len(day) == 8 for day in days)


def _past(sent: str, contact: str, *, now: datetime, limits: Limits) -> bool:
    try:
        return tijdstip.parse(sent) <= now and tijdstip.parse(contact) <= now + timedelta(
            seconds=limits.klokverschil
        )
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _is_rsin(number: str) -> bool:
    """The same few organisations are in every message."""
    return passes_eleven_test(number.zfill(9))
