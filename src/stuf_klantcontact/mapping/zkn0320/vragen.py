"""Questions about klantcontacten and zaken: what is asked, and how much of an object goes into the answer.

`read_vraag` reads what a question selects by, leniently and without raising. What is wrong with a question is for
validation.vraag to say, but for what only an answering system can tell: StUF094 and StUF133, StUF106 of a `start`
that lacks a field of our order, and StUF055 of a moment that cannot be told in every zone. stuf-facts §6.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal, cast

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.mapping.zkn0320 import bijzonderheden, reading
from stuf_klantcontact.names import BG0320, STUF0302, XSI, ZKN0320, ZTC0320, qname, split

Wildcard = Literal["geen", "begin", "eind", "beginEnEind"]
Veld = Literal[
    "identificatie",
    "verantwoordelijke_organisatie",
    "datum_tijd",
    "kanaal",
    "zaak",
    "zaak_bronorganisatie",
    "bsn",
    "anp_identificatie",
    "vestigingsnummer",
    "medewerker",
    "bronorganisatie",
]
"""What may be selected by; of a ZAK identificatie and bronorganisatie."""

SORTERINGEN: Final[Mapping[str, tuple[tuple[Veld, ...], ...]]] = {
    "KLC": (("identificatie",), ("identificatie",), ("datum_tijd", "identificatie"), ("zaak", "identificatie")),
    "ZAK": (("identificatie",), ("identificatie",)),
}
"""The order for each sortering, by its number; 0 is any order, and ours is by identificatie."""

MAXIMUM: Final = 15
"""maximumAantal of a question that does not say it: the default in the schema of StUF 03.01."""

MATCHGEGEVENS: Final[Mapping[str, tuple[str, ...]]] = {
    "KLC": ("identificatie", "verantwoordelijkeOrganisatie"),
    "ZAK": ("zaakidentificatie", "bronorganisatie", "omschrijving"),
    "IOB": ("informatieobjectidentificatie", "bronorganisatie"),
    "MDW": (
        *("medewerkeridentificatie", "organisatie-identificatie", "achternaam"),
        *("voorletters", "voorvoegselAchternaam"),
    ),
    "NPS": (
        *("inp.burgerservicenummer", "anp.nummerAnderNatuurlijkPersoon", "geslachtsaanduiding", "geboorte"),
        "naamgebruik",
    ),
    "VES": ("vestigingsnummer", "handelsnaam", "heeftAlsLocatie-adres"),
    "STT": ("volgnummer", "omschrijving"),
}
"""What identifies an entiteit (stuf-facts §10.4)."""

_VELDEN: Final[Mapping[str, Mapping[str, Veld]]] = {
    "KLC": {
        "identificatie": "identificatie",
        "verantwoordelijkeOrganisatie": "verantwoordelijke_organisatie",
        "datum-tijd": "datum_tijd",
        "kanaal": "kanaal",
        "heeftBetrekkingOp/zaakidentificatie": "zaak",
        "heeftBetrekkingOp/bronorganisatie": "zaak_bronorganisatie",
        "heeftPlaatsgevondenMetNPS/inp.burgerservicenummer": "bsn",
        "heeftPlaatsgevondenMetNPS/anp.nummerAnderNatuurlijkPersoon": "anp_identificatie",
        "heeftPlaatsgevondenMetVES/vestigingsnummer": "vestigingsnummer",
        "isGevoerdDoor/medewerkeridentificatie": "medewerker",
    },
    "ZAK": {"zaakidentificatie": "identificatie", "bronorganisatie": "bronorganisatie"},
}
_NUMBERS: Final = frozenset({"verantwoordelijkeOrganisatie", "bronorganisatie", "organisatie-identificatie"})
_MOMENTS: Final = frozenset({"datum-tijd"})
_HISTORY: Final = frozenset({qname(STUF0302, "tijdvakGeldigheid"), qname(STUF0302, "tijdstipRegistratie")})
_GERELATEERDE: Final = qname(ZKN0320, "gerelateerde")
_ENTITEITTYPES: Final = tuple(qname(namespace, "entiteittype") for namespace in (ZKN0320, BG0320, ZTC0320))
_LEAVES: Final = frozenset(
    {
        *("identificatie", "verantwoordelijkeOrganisatie", "datum-tijd", "kanaal", "onderwerp", "toelichting"),
        *("zaakidentificatie", "bronorganisatie", "omschrijving", "registratiedatum", "einddatum", "startdatum"),
        *("emailadres", "fax-nummer", "telefoonnummer", "verkorteNaam", "typering", "contactpersoonEmailadres"),
        *("contactpersoonFunctie", "contactpersoonTelefoonnummer", "contactpersoonnaam", "statustoelichting"),
    }
)
"""Elements of an answer that can say why they have no value."""


@dataclass(frozen=True, slots=True)
class Criterium:
    """gelijk: the value of a field; "" asks for what has no value; `wildcard` says on which side more may stand."""

    waarde: str | datetime
    wildcard: Wildcard = "geen"


@dataclass(frozen=True, slots=True)
class Bereik:
    """vanaf and totEnMet of a field, both inclusive; None is an open end."""

    vanaf: str | datetime | None = None
    tot_en_met: str | datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of an object is asked: a preset, or the element `object` that names what is wanted; else neither."""

    preset: str = ""
    object: etree._Element | None = None

    def asks(self, relation: str) -> bool:
        """Whether a relation of the object itself, by its local name, is wanted."""
        if self.object is not None:
            return any(split(child.tag)[1] == relation for child in self.object.iterchildren(etree.Element))
        return self.preset != "matchgegevens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vraag:
    """klcLv01 or zakLv01 (`entiteittype` says which). All criteria hold together; without any, all is asked.

    A key of ours is an identificatie, and stands among the criteria as such. `start` is what the last object of the
    answer before says of the fields of the order, for a vervolgvraag. `genegeerd` names the elements that we do not
    select by: the answer says so (melding StUF0001). `fouten` are the errors that only who answers can tell.
    """

    entiteittype: str = "KLC"
    gelijk: Mapping[Veld, Criterium] = field(default_factory=dict)
    bereik: Mapping[Veld, Bereik] = field(default_factory=dict)
    sortering: int = 0
    maximum_aantal: int = MAXIMUM
    vervolgvraag: bool = False
    start: Mapping[Veld, str | datetime] = field(default_factory=dict)
    aantal: bool = False
    scope: Scope = field(default_factory=Scope)
    genegeerd: tuple[str, ...] = ()
    fouten: tuple[Fout, ...] = ()

    @property
    def orde(self) -> tuple[Veld, ...]:
        """The fields to order by; each object has its own place in it."""
        orders = SORTERINGEN[self.entiteittype]
        return orders[self.sortering] if self.sortering < len(orders) else orders[0]


def read_vraag(message: etree._Element) -> Vraag:
    """Read the root element of a klcLv01 or zakLv01."""
    kind = "ZAK" if split(message.tag)[1].startswith("zak") else "KLC"
    parts = {split(child.tag)[1]: child for child in message.iterchildren(etree.Element)}
    parameters = {split(child.tag)[1]: (child.text or "").strip() for child in parts.get("parameters", ())}
    known = _VELDEN[kind]
    gelijk: dict[Veld, Criterium] = {}
    bounds: dict[str, dict[Veld, str | datetime]] = {"vanaf": {}, "totEnMet": {}}
    ignored: dict[str, None] = {}
    fouten: list[Fout] = []
    for name in ("gelijk", "vanaf", "totEnMet", "start"):
        for path, leaf in _leaves(parts.get(name)):
            if path.rpartition("/")[2] in _MOMENTS and not _readable(leaf):
                fouten.append(Fout.StUF055)
    for name in ("gelijk", "vanaf", "totEnMet"):
        for path, leaf in _leaves(parts.get(name)):
            veld = known.get(path)
            if veld is None:
                ignored[path.rpartition("/")[2]] = None
            elif name == "gelijk":
                if leaf.get("noValue", "vastgesteldOnbekend") == "vastgesteldOnbekend":
                    gelijk[veld] = Criterium(_value(leaf), _wildcard(leaf))
            elif (value := _value(leaf)) != "":
                bounds[name][veld] = value
        if (selection := parts.get(name)) is not None:
            keys = reading.sleutels(selection)
            if keys.verzendend or keys.gegevensbeheer or keys.synchronisatie:
                fouten.append(Fout.StUF094)
            elif keys.ontvangend and name == "gelijk":
                gelijk["identificatie"] = Criterium(keys.ontvangend)
            elif keys.ontvangend:
                bounds[name]["identificatie"] = keys.ontvangend
    # Our key of the last object comes back as sleutelOntvangend; its own key of it the sender never had from us.
    if any(reading.sleutels(last).verzendend for last in parts.get("start", ())):
        fouten.append(Fout.StUF094)
    sortering = _number(parameters.get("sortering", ""), otherwise=0)
    if sortering >= len(SORTERINGEN[kind]):
        fouten.append(Fout.StUF133)
    vraag = Vraag(
        entiteittype=kind,
        gelijk=gelijk,
        bereik={
            veld: Bereik(bounds["vanaf"].get(veld), bounds["totEnMet"].get(veld))
            for veld in dict.fromkeys((*bounds["vanaf"], *bounds["totEnMet"]))
        },
        sortering=sortering,
        maximum_aantal=_number(parameters.get("maximumAantal", ""), otherwise=MAXIMUM),
        vervolgvraag=parameters.get("indicatorVervolgvraag") in ("true", "1"),
        start=_start(parts.get("start"), known=known),
        aantal=parameters.get("indicatorAantal") in ("true", "1"),
        scope=_scope(parts.get("scope")),
        genegeerd=tuple(ignored),
    )
    if vraag.vervolgvraag and not all(vraag.start.get(veld) for veld in vraag.orde):
        fouten.append(Fout.StUF103 if "start" not in parts else Fout.StUF106)
    return replace(vraag, fouten=tuple(dict.fromkeys(fouten)))


def prune(answer: etree._Element, *, scope: Scope) -> etree._Element:
    """An object of an answer with what `scope` asks, as a new element (stuf-facts §6.4).

    Without a scope that is all but periods and tijdstipRegistratie, which are told only when asked for. An asked
    element that has no value says so.
    """
    pruned = deepcopy(answer)
    if scope.object is not None:
        _select(pruned, scope.object)
    elif scope.preset == "matchgegevens":
        _identify(pruned)
    elif scope.preset == "allesMaarMatchgegevensGerelateerden":
        for relation in pruned.iterchildren(etree.Element):
            related = relation.find(_GERELATEERDE)
            if related is not None:
                _identify(related)
    elif not scope.preset:
        for element in list(pruned.iter(*_HISTORY)):
            _remove(element)
    return pruned


def _select(answer: etree._Element, asked: etree._Element) -> None:
    """Leave of an answer what is asked, however deep."""
    wanted = {child.tag: child for child in asked.iterchildren(etree.Element)}
    for child in list(answer.iterchildren(etree.Element)):
        if child.tag not in wanted:
            answer.remove(child)
        elif len(wanted[child.tag]):
            _select(child, wanted[child.tag])
    present = {child.tag for child in answer.iterchildren(etree.Element)}
    without: list[etree._Element] = []
    for tag in wanted:
        local = split(tag)[1]
        if tag not in present and local in _LEAVES:
            child = etree.Element(tag, nsmap=bijzonderheden.NSMAP, noValue="waardeOnbekend")
            if local in _NUMBERS:
                child.set(qname(XSI, "nil"), "true")
            without.append(child)
    bijzonderheden.insert(answer, *without)


def _identify(entity: etree._Element) -> None:
    kind = next((str(entity.get(name)) for name in _ENTITEITTYPES if entity.get(name)), "")
    names = MATCHGEGEVENS.get(kind, ())
    for child in list(entity.iterchildren(etree.Element)):
        if split(child.tag)[1] not in names:
            entity.remove(child)


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _leaves(selection: etree._Element | None, above: str = "") -> Iterator[tuple[str, etree._Element]]:
    """The elements that a selection names, with their path; the step `gerelateerde` is left out of it."""
    for child in selection.iterchildren(etree.Element) if selection is not None else ():
        namespace, local = split(child.tag)
        path = above if local == "gerelateerde" else f"{above}/{local}".removeprefix("/")
        if len(child) and split(child[0].tag)[0] != STUF0302:
            yield from _leaves(child, path)
        elif local != "gerelateerde" or namespace != ZKN0320:
            yield path, child


def _value(leaf: etree._Element) -> str | datetime:
    """A text, a moment, or "" for no value; an RSIN has nine digits."""
    if len(leaf):
        try:
            return tijdstip.parse(leaf[0].text or "")
        except ValueError:
            return ""
    return reading.rsin(leaf) if split(leaf.tag)[1] in _NUMBERS else (leaf.text or "")


def _readable(leaf: etree._Element) -> bool:
    """Whether a moment that is said can be told in every zone."""
    text = (leaf[0].text or "").strip() if len(leaf) else ""
    try:
        return not text or tijdstip.parse(text) is not None
    except ValueError:
        return False


def _wildcard(leaf: etree._Element) -> Wildcard:
    found = leaf.get("wildcard", "geen")
    return cast(Wildcard, found) if found in ("begin", "eind", "beginEnEind") else "geen"


def _start(start: etree._Element | None, *, known: Mapping[str, Veld]) -> dict[Veld, str | datetime]:
    """The fields of the last object; our key, given back as sleutelOntvangend, is its identificatie."""
    last = next(iter(start), None) if start is not None else None
    if last is None:
        return {}
    found: dict[Veld, str | datetime] = {}
    for path, leaf in _leaves(last):
        if (veld := known.get(path)) is not None:
            found[veld] = _value(leaf)
    if key := reading.sleutels(last).ontvangend:
        found.setdefault("identificatie", key)
    return found


def _scope(scope: etree._Element | None) -> Scope:
    asked = next(iter(scope), None) if scope is not None else None
    if asked is None:
        return Scope()
    preset = str(asked.get("scope", ""))
    return Scope(preset=preset) if preset else Scope(object=asked if len(asked) else None)


def _number(text: str, *, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise
