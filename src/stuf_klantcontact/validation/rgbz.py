"""RGBZ 2.0 rules about klcLk01, klcSa01 and iobLk01, which the schemas of zkn0320 leave open.

RGBZ 2.0 deel I §3.7 and deel II (KLANTCONTACT, INFORMATIEOBJECT); stuf-facts §10.2, §10.3 and §10.6.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.names import KLC
from stuf_klantcontact.parsing.markup import text
from stuf_klantcontact.rules import passes_eleven_test
from stuf_klantcontact.tijdstip import AMSTERDAM
from stuf_klantcontact.validation.bericht import Bericht, children, said
from stuf_klantcontact.validation.kennisgeving import gerelateerde, relations
from stuf_klantcontact.validation.places import finding
from stuf_klantcontact.validation.waarden import moment_of

_MANDATORY: Final[Mapping[str, tuple[str, ...]]] = {
    "KLC": ("identificatie", "datum-tijd", "onderwerp"),
    "IOB": ("informatieobjectidentificatie", "bronorganisatie", "creatiedatum", "titel", "vertrouwelijkaanduiding"),
}
_ONE: Final[Mapping[str, tuple[str, str, str]]] = {
    "heeftBetrekkingOp": ("RGBZ-ZAAK", "zaak", "zaak"),
    "isGevoerdDoor": ("RGBZ-MEDEWERKER", "medewerker", "medewerker"),
}
_PARTIJ: Final = ("heeftPlaatsgevondenMetNPS", "heeftPlaatsgevondenMetVES")
_KNOWN_ONLY: Final = frozenset({"KLCZAK", "KLCIOB", "KLCMDW", "IOBZAK"})
_ELEVEN: Final = frozenset(
    {
        "inp.burgerservicenummer",
        "verantwoordelijkeOrganisatie",
        "bronorganisatie",
        "organisatie-identificatie",
    }
)
_DOSSIER: Final = ("dossier.groep", "dossier.partij.")
_HISTORY: Final = ("tijdvakGeldigheid", "historieMaterieel", "historieFormeel")


def check(bericht: Bericht, *, now: datetime, limits: Limits) -> Iterator[Violation]:
    """Everything that is wrong with the object as it is now; nothing for another kind of message."""
    tag = str(bericht.root.tag)
    if not tag.startswith(f"{{{KLC}}}") or not bericht.objects:
        return
    huidig = bericht.objects[-1]
    kind = said(huidig, "entiteittype") or bericht.entiteittype
    if text(bericht.parameters.get("mutatiesoort")) == "V" or kind not in _MANDATORY:
        return
    parts = children(huidig)
    yield from _mandatory(bericht, huidig, parts, kind)
    if kind == "KLC":
        yield from _klantcontact(bericht, huidig, parts, now=now, limits=limits)
    else:
        yield from _informatieobject(bericht, parts)
    yield from _relations(bericht, huidig)
    yield from _numbers(bericht, huidig)


def _mandatory(
    bericht: Bericht, huidig: etree._Element, parts: Mapping[str, etree._Element], kind: str
) -> Iterator[Violation]:
    """What is absent from a change stays as it was, so only something new must have it all (stuf-facts §5.1)."""
    new = said(huidig, "verwerkingssoort") in ("T", "")
    for local in _MANDATORY[kind]:
        element = parts.get(local)
        if element is None and not new:
            continue
        if element is None or not (text(element) or any(text(child) for child in element)):
            yield finding(
                "RGBZ-VERPLICHT",
                huidig if element is None else element,
                root=bericht.root,
                message=Text(f"RGBZ verlangt {local}.", f"RGBZ demands {local}."),
                hint=Text(f"Vul zkn:{local}.", f"Fill zkn:{local}."),
                expected=f"zkn:{local}",
            )


def _klantcontact(
    bericht: Bericht,
    huidig: etree._Element,
    parts: Mapping[str, etree._Element],
    *,
    now: datetime,
    limits: Limits,
) -> Iterator[Violation]:
    root = bericht.root
    present: dict[str, list[etree._Element]] = {}
    for relation in relations(huidig):
        if gerelateerde(relation) is not None:
            present.setdefault(str(relation.tag).rpartition("}")[2], []).append(relation)
    if text(bericht.parameters.get("mutatiesoort")) == "T" and not _of_dossier(bericht, parts):
        partijen = [relation for name in _PARTIJ for relation in present.get(name, ())]
        if len(partijen) != 1:
            yield finding(
                "RGBZ-PARTIJ",
                partijen[1] if partijen else huidig,
                root=root,
                message=Text(
                    "Een klantcontact is met precies een natuurlijk persoon of vestiging.",
                    "A klantcontact is with exactly one natuurlijk persoon or vestiging.",
                ),
                hint=Text(
                    "Stuur heeftPlaatsgevondenMetNPS of heeftPlaatsgevondenMetVES, een van beide.",
                    "Send heeftPlaatsgevondenMetNPS or heeftPlaatsgevondenMetVES, one of the two.",
                ),
                expected="zkn:heeftPlaatsgevondenMetNPS | zkn:heeftPlaatsgevondenMetVES",
            )
        for name, (rule, nl, en) in _ONE.items():
            found = present.get(name, [])
            if len(found) != 1:
                yield finding(
                    rule,
                    found[1] if found else huidig,
                    root=root,
                    message=Text(
                        f"Een klantcontact hoort bij precies een {nl}.",
                        f"A klantcontact belongs to exactly one {en}.",
                    ),
                    hint=Text(f"Stuur zkn:{name} eenmaal.", f"Send zkn:{name} once."),
                    expected=f"zkn:{name} x 1",
                )
    yield from _moment(bericht, parts.get("datum-tijd"), now=now, limits=limits)
    for name in _HISTORY:
        if name in parts:
            yield finding(
                "RGBZ-HISTORIE",
                parts[name],
                root=root,
                severity="warning",
                message=Text(
                    "RGBZ kent geen historie van een klantcontact.", "RGBZ knows no history of a klantcontact."
                ),
                hint=Text(
                    f"Laat {name} weg, tenzij de ontvanger erom vraagt.",
                    f"Leave {name} out, unless the receiver asks for it.",
                ),
            )
    for relation in present.get("heeftPlaatsgevondenMetVES", ()):
        yield from _contactpersoon(bericht, children(relation).get("contactpersoonKlant-contactpersoon"))


def _of_dossier(bericht: Bericht, parts: Mapping[str, etree._Element]) -> bool:
    """Whether it is of a dossier that goes elsewhere, and says that RGBZ has no such klantcontact.

    Of a groep that is not exchanged, or with somebody whom RGBZ does not relate (docs/mapping.md §7).
    """
    extra = parts.get("extraElementen")
    if extra is None or not str(bericht.root.tag).endswith(("Sa01", "Sa02")):
        return False
    return any(said(item, "naam").startswith(_DOSSIER) for item in extra.iterchildren(etree.Element))


def _moment(
    bericht: Bericht, element: etree._Element | None, *, now: datetime, limits: Limits
) -> Iterator[Violation]:
    moment = moment_of(element)
    if element is not None and moment is not None and moment > now + timedelta(seconds=limits.klokverschil):
        yield finding(
            "RGBZ-TOEKOMST",
            element,
            root=bericht.root,
            value=moment.astimezone(AMSTERDAM).isoformat(),
            message=Text(
                "Het klantcontact ligt in de toekomst.",
                "The klantcontact is in the future.",
            ),
            hint=Text(
                "Vul het moment waarop het contact begon; controleer klok en tijdzone.",
                "Give the moment at which the contact began; check clock and time zone.",
            ),
        )


def _contactpersoon(bericht: Bericht, group: etree._Element | None) -> Iterator[Violation]:
    if group is None:
        return
    parts = children(group)
    if not text(parts.get("contactpersoonnaam")):
        yield finding(
            "RGBZ-CONTACTPERSOON",
            parts.get("contactpersoonnaam", group),
            root=bericht.root,
            message=Text("Een contactpersoon heeft een naam.", "A contactpersoon has a name."),
            hint=Text(
                "Vul zkn:contactpersoonnaam, of laat de hele groep weg.",
                "Fill zkn:contactpersoonnaam, or leave the whole group out.",
            ),
            expected="zkn:contactpersoonnaam",
        )
    address = text(parts.get("contactpersoonEmailadres"))
    if address and not ("@" in address[1:-1] and " " not in address):
        yield finding(
            "RGBZ-EMAILADRES",
            parts["contactpersoonEmailadres"],
            root=bericht.root,
            value=address,
            message=Text("Dit is geen e-mailadres.", "This is no e-mail address."),
            hint=Text("Stuur een adres als naam@example.nl.", "Send an address such as name@example.nl."),
            expected="naam@example.nl",
        )


def _informatieobject(bericht: Bericht, parts: Mapping[str, etree._Element]) -> Iterator[Violation]:
    """afzender goes with ontvangstdatum, geadresseerde with verzenddatum; a received document is finished."""
    for local, needed, rule in (
        ("afzender", "ontvangstdatum", "RGBZ-AFZENDER"),
        ("geadresseerde", "verzenddatum", "RGBZ-GEADRESSEERDE"),
    ):
        if text(parts.get(local)) and needed not in parts:
            yield finding(
                rule,
                parts[local],
                root=bericht.root,
                message=Text(
                    f"{local} hoort bij {needed}, en die ontbreekt.",
                    f"{local} goes with {needed}, which is absent.",
                ),
                hint=Text(f"Vul zkn:{needed}, of laat {local} weg.", f"Fill zkn:{needed}, or leave {local} out."),
                expected=f"zkn:{needed}",
            )
    status = text(parts.get("status"))
    if status in ("in bewerking", "ter vaststelling") and "ontvangstdatum" in parts:
        yield finding(
            "RGBZ-STATUS",
            parts["status"],
            root=bericht.root,
            value=status,
            message=Text(
                "Een ontvangen document is niet meer in bewerking of ter vaststelling.",
                "A received document is no longer being made or awaiting approval.",
            ),
            hint=Text("Laat status weg, of stuur definitief.", "Leave status out, or send definitief."),
            expected="definitief, gearchiveerd, vernietigd, overgedragen",
        )


def _relations(bericht: Bericht, huidig: etree._Element) -> Iterator[Violation]:
    """Zaak, medewerker and document must be known to the receiver: they are only identified (stuf-facts §10.3)."""
    for relation in relations(huidig):
        related = gerelateerde(relation)
        if related is None or said(relation, "entiteittype") not in _KNOWN_ONLY:
            continue
        soort = said(related, "verwerkingssoort")
        kind = said(related, "entiteittype") or "gerelateerde"
        if soort not in ("I", ""):
            yield finding(
                "RGBZ-VERWERKINGSSOORT",
                related,
                root=bericht.root,
                value=soort,
                said="verwerkingssoort",
                message=Text(
                    f"Een {kind} wordt hier alleen aangewezen, niet toegevoegd of gewijzigd.",
                    f"{kind} is only pointed at here, not added or changed.",
                ),
                hint=Text('Zet verwerkingssoort="I".', 'Set verwerkingssoort="I".'),
                expected="I",
            )


def _numbers(bericht: Bericht, huidig: etree._Element) -> Iterator[Violation]:
    for element in huidig.iter(etree.Element):
        local = str(element.tag).rpartition("}")[2]
        value = text(element)
        if not value or local not in _ELEVEN:
            continue
        if not passes_eleven_test(value.zfill(9)):
            yield finding(
                "RGBZ-NUMMER",
                element,
                root=bericht.root,
                value=value,
                message=Text("Dit nummer voldoet niet aan de 11-proef.", "This number does not pass the 11-proef."),
                hint=Text("Controleer BSN of RSIN.", "Check the BSN or RSIN."),
                expected="11-proef",
            )
