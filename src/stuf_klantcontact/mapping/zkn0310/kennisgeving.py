"""What a kennisgeving says happened to a zaak: was and wordt, relations begun, changed, ended, replaced, removed.

Tables 5.3 to 5.5 of the standard, read from the receiver's side: accepted is whatever can have one meaning only.
What oud says beyond the identification is not compared with what is stored: the standard leaves that free, and the
zaaksysteem, not this gateway, knows how its zaak was. A tijdvak is not judged, since no history is kept.

StUF 03.01 §5.1 and §5.2; stuf-facts §4.1 to §4.6.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from lxml import etree

from stuf_klantcontact import fouten, stuurgegevens, tijdstip
from stuf_klantcontact.errors import Refusal, Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.limits import RELATIONS
from stuf_klantcontact.mapping.zkn0310 import zaak
from stuf_klantcontact.mapping.zkn0310.zaak import Item, Relation
from stuf_klantcontact.names import STUF0301, ZDS0120, ZKN0310, qname
from stuf_klantcontact.parsing.markup import text
from stuf_klantcontact.rgbz import ZaakMutatie, same_betrokkene, same_status

OPERATIONS: Final = (
    qname(ZKN0310, "zakLk01"),
    qname(ZKN0310, "zakLk02"),
    qname(ZDS0120, "creeerZaak_ZakLk01"),
    qname(ZDS0120, "updateZaak_ZakLk01"),
    qname(ZDS0120, "actualiseerZaakstatus_ZakLk01"),
)
"""The root elements that `read` understands, as their schema sets declare them (stuf-facts §11.2)."""

_MUTATIESOORTEN: Final = frozenset("TWVCF")
_SOORTEN: Final = frozenset("TWVIERSO")
"""Every verwerkingssoort (stuf-facts §4.2)."""
_GONE: Final = frozenset("VE")
"""Removed or ended: table 5.5 puts who or what in oud, some senders put it in huidig."""
_GONE_BEFORE: Final = _GONE | {"R", "O"}
"""Of a relation in oud: replaced, or merged into another, as well."""
_FINDINGS: Final = 100
"""So many are told; a message with more is not mended by reading them all."""
_CHANGED: Final = frozenset("WS")
"""The relation in huidig that stands at the same place says what became of that in oud."""


def read(message: etree._Element) -> ZaakMutatie:
    """Read the root element of a zaak message. Raises errors.Refusal with everything that keeps us from it."""
    objects = zaak.children(message, "object")
    violations = [*islice(_violations(message, objects), _FINDINGS)]
    if violations:
        raise Refusal(fouten.first([Fout[v.rule] for v in violations]).name, violations=violations)
    mutatiesoort = _mutatiesoort(message)
    oud, huidig = (objects[0] if len(objects) > 1 else None), objects[-1]
    was = "" if oud is None else zaak.identificatie(oud)
    identificatie = zaak.identificatie(huidig) or was
    top = zaak.verwerkingssoort(huidig)
    if top == "O" and was and was != identificatie:
        return ZaakMutatie(identificatie=was, mutatiesoort=mutatiesoort, bekend=True, opgegaan_in=identificatie)
    if mutatiesoort == "V" or top in ("S", "O"):
        # No longer relevant to the sender, or another key there: the dossier here is as it was.
        return ZaakMutatie(identificatie=identificatie, mutatiesoort=mutatiesoort, bekend=True)
    now = zaak.sent(message)
    before = [] if oud is None else [*zaak.betrokkenen(oud, now=None)]
    betrokkenen, vervallen = _change(before, [*zaak.betrokkenen(huidig, now=now)], same=same_betrokkene)
    statussen, vervallen_statussen = _change(
        [] if oud is None else [*zaak.statussen(oud)], [*zaak.statussen(huidig)], same=same_status
    )
    return ZaakMutatie(
        identificatie=identificatie,
        mutatiesoort=mutatiesoort,
        velden=zaak.velden(huidig),
        statussen=tuple(status for status in statussen if status.datum_status_gezet is not None),
        vervallen_statussen=tuple(vervallen_statussen),
        betrokkenen=tuple(betrokkenen),
        vervallen=tuple(vervallen),
    )


def _change(
    oud: Sequence[Relation[Item]], huidig: Sequence[Relation[Item]], *, same: Callable[[Item, Item], bool]
) -> tuple[list[Item], list[Item]]:
    """Whom or what a zaak is related to now, and what not any more, by the two lists of relations."""
    now = [relation.item for relation in huidig if relation.soort in zaak.THERE_NOW]
    gone = [relation.item for relation in oud if relation.soort in _GONE_BEFORE]
    gone += [relation.item for relation in huidig if relation.soort in _GONE]
    for local in dict.fromkeys(relation.local for relation in huidig):
        old = [r.item for r in oud if r.local == local and r.soort in _CHANGED]
        new = [r.item for r in huidig if r.local == local and r.soort in _CHANGED]
        # Relations stand in the same order in both objects (stuf-facts §4.4). One that is about somebody else
        # now ought to have been replaced (R); when the lists do not match, nobody can tell who that is.
        if len(old) == len(new):
            gone += [was for was, becomes in zip(old, new, strict=True) if not same(was, becomes)]
    return now, [item for item in gone if not any(same(item, other) for other in now)]


def _violations(message: etree._Element, objects: Sequence[etree._Element]) -> Iterator[Violation]:
    """Why nobody can tell what to do with this message, though no schema may have seen it."""
    yield from _header(message)
    mutatiesoort = _mutatiesoort(message)
    if mutatiesoort not in _MUTATIESOORTEN:
        yield _violation(
            "StUF:mutatiesoort",
            nl="Zeg in StUF:mutatiesoort wat er met de zaak gebeurde.",
            en="Say in StUF:mutatiesoort what happened to the zaak.",
            value=mutatiesoort or None,
            expected=", ".join(sorted(_MUTATIESOORTEN)),
        )
    if not 1 <= len(objects) <= 2:
        yield _violation(
            "ZKN:object",
            nl="Stuur de zaak zoals zij is in ZKN:object, met zo nodig daarvoor hoe zij was.",
            en="Send the zaak as it is in ZKN:object, and where needed before that as it was.",
            value=str(len(objects)),
            expected="1, 2",
        )
        return
    if (most := max(map(zaak.related, objects))) > RELATIONS:  # each is compared with each that is known
        yield _violation(
            "ZKN:object",
            fout=Fout.StUF058,
            nl=f"Verdeel ze: noem ten hoogste {RELATIONS} relaties (statussen en betrokkenen) per bericht.",
            en=f"Spread them: name at most {RELATIONS} relations (statussen and betrokkenen) in a message.",
            value=str(most),
            expected=f"0-{RELATIONS}",
        )
        return
    yield from _identified(objects, message=message)
    places: dict[etree._Element, str] = {}
    for element in (part for each in objects for part in (each, *each.iterchildren(*zaak.RELATION_TAGS))):
        kind = str(element.get(qname(STUF0301, "entiteittype"), "")) if element in objects else "ZAK"
        soort = zaak.verwerkingssoort(element)
        if kind == "ZAK" and soort in _SOORTEN:
            continue
        places = places or dict(_places(message))
        if kind != "ZAK":
            yield _violation(
                places[element],
                nl='Zet StUF:entiteittype="ZAK" op ZKN:object.',
                en='Put StUF:entiteittype="ZAK" on ZKN:object.',
                value=kind or None,
                expected="ZAK",
            )
        if soort not in _SOORTEN:
            yield _violation(
                places[element],
                nl="Zet StUF:verwerkingssoort op het object en op elke relatie.",
                en="Put StUF:verwerkingssoort on the object and on every relation.",
                value=soort or None,
                expected=", ".join(sorted(_SOORTEN)),
            )
    yield from _future(message, objects[-1])


def _header(message: etree._Element) -> Iterator[Violation]:
    header = stuurgegevens.read(message)
    named = re.search(r"Lk0[12]$", zaak.local_name(message))
    if named is not None and header.berichtcode != named[0]:
        yield _violation(
            "StUF:berichtcode",
            nl=f"Stuur berichtcode {named[0]}.",
            en=f"Send berichtcode {named[0]}.",
            value=header.berichtcode or None,
            expected=named[0],
        )
    if header.entiteittype not in ("", "ZAK"):
        yield _violation(
            "StUF:entiteittype",
            nl="Stuur entiteittype ZAK.",
            en="Send entiteittype ZAK.",
            value=header.entiteittype,
            expected="ZAK",
        )


def _identified(objects: Sequence[etree._Element], *, message: etree._Element) -> Iterator[Violation]:
    """Which zaak it is about: in one of the objects, and in both the same unless they merge."""
    numbers = [zaak.identificatie(element) for element in objects]
    shortest, longest = zaak.SHORTEST_IDENTIFICATIE, zaak.LONGEST_IDENTIFICATIE
    for number in dict.fromkeys(number for number in numbers if number or not any(numbers)):
        if not shortest <= len(number) <= longest:
            yield _violation(
                "ZKN:identificatie" if number else "ZKN:object",
                nl=f"Noem de zaak: ZKN:object met een ZKN:identificatie van {shortest} tot {longest} tekens.",
                en=f"Name the zaak: ZKN:object with a ZKN:identificatie of {shortest} to {longest} characters.",
                expected=f"{shortest}-{longest}",
            )
    different = len(numbers) == 2 and all(numbers) and numbers[0] != numbers[1]
    if different and zaak.verwerkingssoort(objects[-1]) != "O":
        yield _violation(
            next(place for e, place in _places(message) if e is zaak.first(objects[-1], "identificatie")),
            fout=Fout.StUF058,
            nl="Een zaakidentificatie wijzigt niet: noem in oud en huidig dezelfde zaak, of voeg met C en O samen.",
            en="A zaakidentificatie does not change: name the same zaak in oud and huidig, or merge with C and O.",
        )


def _future(message: etree._Element, huidig: etree._Element) -> Iterator[Violation]:
    """An Lk02 tells of what is; what is yet to come goes with Lk06 (stuf-facts §4.3)."""
    sent = zaak.sent(message)
    if sent is None or not zaak.local_name(message).endswith("Lk02"):
        return
    for begin in huidig.iter(qname(STUF0301, "beginGeldigheid"), qname(STUF0301, "beginRelatie")):
        try:
            future = tijdstip.parse(text(begin)) > sent
        except ValueError:
            continue
        if future:
            yield _violation(
                f"StUF:{zaak.local_name(begin)}",
                fout=Fout.StUF068,
                nl="Stuur de wijziging zodra zij ingaat.",
                en="Send the change as soon as it takes effect.",
            )
            return


def _mutatiesoort(message: etree._Element) -> str:
    parameters = zaak.first(message, "parameters")
    return "" if parameters is None else text(zaak.first(parameters, "mutatiesoort"))


def _places(message: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Every element below the root, as a finding names it: its local name, and the how many-th of those it is."""
    seen: Counter[str] = Counter()
    for element in message.iterdescendants(etree.Element):
        local = zaak.local_name(element)
        seen[local] += 1
        yield element, f"ZKN:{local}[{seen[local]}]"


def _violation(
    element: str,
    *,
    nl: str,
    en: str,
    fout: Fout = Fout.StUF055,
    value: str | None = None,
    expected: str | None = None,
) -> Violation:
    return Violation(
        rule=fout.name,
        message=fout.situation,
        hint=Text(nl, en),
        element=element,
        value=None if value is None else value[:40],
        expected=expected,
    )
