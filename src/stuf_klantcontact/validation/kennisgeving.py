"""StUF rules about kennisgevingen: how many objects, which verwerkingssoort, what identifies them, from when.

Tables rather than code, so that they can be laid beside the standard. No schema of StUF holds any of this.
StUF 03.01 §5.1 and §5.2, tables 5.3 to 5.5; stuf-facts §4.1 to §4.6.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from lxml import etree

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.names import STUF0301, STUF0302, XSI, qname
from stuf_klantcontact.parsing.markup import text
from stuf_klantcontact.validation import header
from stuf_klantcontact.validation.bericht import Bericht, children, said
from stuf_klantcontact.validation.places import finding
from stuf_klantcontact.validation.waarden import moment_of

CODES: Final = frozenset({"Lk01", "Lk02", "Lk05", "Lk06"})
"""The single notifications."""

OBJECTS: Final[Mapping[str, int]] = {"T": 1, "V": 1, "W": 2, "C": 2, "F": 2}
"""How many objects each mutatiesoort has: huidig, or oud and huidig."""

TOP: Final[Mapping[str, frozenset[str]]] = {
    "T": frozenset("T"),
    "W": frozenset("WI"),
    "C": frozenset("WISO"),
    "F": frozenset("WI"),
    "V": frozenset("V"),
}
"""verwerkingssoort of the object itself for each mutatiesoort (tables 5.3 and 5.4)."""

RELATION: Final[Mapping[str, frozenset[str]]] = {
    "T": frozenset("T"),
    "W": frozenset("TWVERI"),
    "C": frozenset("WVRISO"),
    "F": frozenset("WVRISO"),
    "V": frozenset("I"),
}
"""verwerkingssoort of a relation (table 5.5)."""

GERELATEERDE: Final[Mapping[str, frozenset[str]]] = {
    "T": frozenset("TIW"),
    "W": frozenset("TIW"),
    "C": frozenset("TI"),
    "F": frozenset("TI"),
    "V": frozenset("TI"),
}
"""verwerkingssoort of a gerelateerde: W only outside corrections, never V, E, R, S or O (stuf-facts §4.2)."""

KERNGEGEVENS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    (STUF0301, "ZAK"): ("identificatie",),
    (STUF0301, "EDC"): ("identificatie",),
    (STUF0301, "BSL"): ("identificatie",),
    (STUF0301, "MDW"): ("identificatie",),
    (STUF0301, "OEH"): ("identificatie",),
    (STUF0301, "NPS"): ("inp.bsn", "anp.identificatie", "inp.a-nummer", "geslachtsnaam"),
    (STUF0301, "NNP"): ("inn.nnpId", "ann.identificatie", "statutaireNaam"),
    (STUF0301, "VES"): ("vestigingsNummer", "handelsnaam"),
    (STUF0301, "ZKT"): ("code", "omschrijving"),
    (STUF0302, "KLC"): ("identificatie",),
    (STUF0302, "ZAK"): ("zaakidentificatie",),
    (STUF0302, "IOB"): ("informatieobjectidentificatie",),
    (STUF0302, "MDW"): ("medewerkeridentificatie",),
    (STUF0302, "NPS"): (
        "inp.burgerservicenummer",
        "anp.nummerAnderNatuurlijkPersoon",
        "geslachtsaanduiding",
        "geboorte",
    ),
    (STUF0302, "VES"): ("vestigingsnummer", "handelsnaam"),
}
"""What identifies an entiteit: one at least must have a value (stuf-facts §4.4, §10.4). Others are not judged."""

MATCHGEGEVENS: Final[Mapping[str, tuple[str, ...]]] = {
    "ZAK": ("zaakidentificatie", "bronorganisatie", "omschrijving"),
    "IOB": ("informatieobjectidentificatie", "bronorganisatie"),
    "MDW": (
        "medewerkeridentificatie",
        "organisatie-identificatie",
        "achternaam",
        "voorletters",
        "voorvoegselAchternaam",
    ),
}
"""What StUF 03.02 wants present, empty if need be, to identify what the receiver knows (stuf-facts §10.4)."""

_NIL: Final = qname(XSI, "nil")
_IN_NAME: Final = re.compile(r"(?:[}_])([A-Za-z]{3})Lk0[1256]$")
_EQUAL_KEYS: Final = frozenset("TWVIER")


def check(bericht: Bericht) -> Iterator[Violation]:
    """Everything that is wrong with a kennisgeving; nothing when it is none."""
    if (bericht.named or bericht.code) not in CODES:
        return
    mutatiesoort = text(bericht.parameters.get("mutatiesoort"))
    if mutatiesoort not in OBJECTS:
        return  # absent or unknown: the schema says so, and nothing below it can be judged
    objects = bericht.objects
    if len(objects) != OBJECTS[mutatiesoort]:
        yield _objects(bericht, mutatiesoort)
    yield from _entiteittype(bericht)
    for element in objects:
        yield from _object(bericht, element, mutatiesoort)
    if len(objects) == 2:
        yield from _pair(bericht, mutatiesoort)
    yield from _future(bericht)


def relations(element: etree._Element) -> Iterator[etree._Element]:
    """The relations of an object: they say their entiteittype or verwerkingssoort, or hold a gerelateerde."""
    for child in element:
        if not isinstance(child.tag, str):
            continue
        for name in child.keys():  # noqa: SIM118 (an element is no mapping)
            if str(name).endswith(("entiteittype", "verwerkingssoort")):
                yield child
                break
        else:
            if gerelateerde(child) is not None:
                yield child


def gerelateerde(relation: etree._Element) -> etree._Element | None:
    """The gerelateerde of a relation; None when it is empty or no relation."""
    return next((e for e in relation if isinstance(e.tag, str) and e.tag.endswith("}gerelateerde")), None)


def entities(relation: etree._Element) -> Iterator[etree._Element]:
    """Who or what a relation relates to: the gerelateerde, or the choice inside one that has no type of its own."""
    related = gerelateerde(relation)
    if related is None:
        return
    if not said(related, "entiteittype") and not said(related, "verwerkingssoort"):
        chosen = [child for child in related if isinstance(child.tag, str) and said(child, "entiteittype")]
        if chosen:
            yield from chosen
            return
    yield related


def entiteittype_of(bericht: Bericht) -> str:
    """The entiteittype in the name of a kennisgeving: ZAK of updateZaak_ZakLk01; "" when its objects differ."""
    found = _IN_NAME.search(str(bericht.root.tag))
    kind = found[1].upper() if found else ""
    return kind if any(said(element, "entiteittype") == kind for element in bericht.objects) else ""


def _entiteittype(bericht: Bericht) -> Iterator[Violation]:
    """The stuurgegevens say what the message is about, as its name and its objects do."""
    wanted, element = entiteittype_of(bericht), bericht.header.get("entiteittype")
    if element is None or not wanted or bericht.entiteittype in ("", wanted):
        return
    kind = element.find(f"{{{STUF0302}}}type")
    yield finding(
        "StUF-ENTITEITTYPE",
        element if kind is None else kind,
        root=bericht.root,
        value=bericht.entiteittype,
        message=Text(
            "Het entiteittype in de stuurgegevens is niet dat van het bericht en zijn object.",
            "The entiteittype in the stuurgegevens is not that of the message and its object.",
        ),
        hint=Text(
            f"Zet het entiteittype in de stuurgegevens op {wanted}.",
            f"Set the entiteittype in the stuurgegevens to {wanted}.",
        ),
        expected=wanted,
    )


def _objects(bericht: Bericht, mutatiesoort: str) -> Violation:
    wanted, found = OBJECTS[mutatiesoort], len(bericht.objects)
    where = bericht.objects[wanted] if found > wanted else (bericht.objects or [bericht.root])[0]
    what = Text("een object", "one object") if wanted == 1 else Text("twee objecten", "two objects")
    hint = (
        Text("Stuur alleen het object zoals het is.", "Send only the object as it is.")
        if wanted == 1
        else Text(
            "Stuur eerst het object zoals het was, dan zoals het is.", "Send the object as it was, then as it is."
        )
    )
    return finding(
        "StUF-OBJECTEN",
        where,
        root=bericht.root,
        message=Text(
            f"Bij mutatiesoort {mutatiesoort} horen {what.nl}, niet {found}."
            if wanted == 2
            else f"Bij mutatiesoort {mutatiesoort} hoort {what.nl}, niet {found}.",
            f"Mutatiesoort {mutatiesoort} has {what.en}, not {found}.",
        ),
        hint=hint,
        expected=f"object x {wanted}",
    )


def _object(bericht: Bericht, element: etree._Element, mutatiesoort: str) -> Iterator[Violation]:
    # The name of a kennisgeving (zakLk01) is what its schema goes by; without one the stuurgegevens are believed.
    wanted = entiteittype_of(bericht) or bericht.entiteittype
    kind = said(element, "entiteittype")
    if wanted and kind != wanted:
        yield finding(
            "StUF-ENTITEITTYPE",
            element,
            root=bericht.root,
            value=kind or None,
            said="entiteittype",
            message=Text(
                "Het entiteittype van het object is niet dat van het bericht.",
                "The entiteittype of the object is not that of the message.",
            )
            if kind
            else Text("Het object noemt zijn entiteittype niet.", "The object does not say its entiteittype."),
            hint=Text(f'Zet entiteittype="{wanted}" op object.', f'Put entiteittype="{wanted}" on object.'),
            expected=wanted,
        )
    yield from _verwerkingssoort(bericht, element, TOP[mutatiesoort], mutatiesoort=mutatiesoort, what="object")
    yield from _identified(bericht, element, kind or wanted)
    yield from _relations(bericht, element, mutatiesoort, depth=0)


def _relations(bericht: Bericht, element: etree._Element, mutatiesoort: str, *, depth: int) -> Iterator[Violation]:
    if depth > 8:
        return
    # Inside a gerelateerde that is only identified, what it is related to may be only identified too.
    allowed = RELATION[mutatiesoort] | (frozenset("I") if depth else frozenset())
    for relation in relations(element):
        yield from _verwerkingssoort(bericht, relation, allowed, mutatiesoort=mutatiesoort, what="relatie")
        for entity in entities(relation):
            yield from _verwerkingssoort(
                bericht, entity, GERELATEERDE[mutatiesoort], mutatiesoort=mutatiesoort, what="gerelateerde"
            )
            yield from _identified(bericht, entity, said(entity, "entiteittype"))
        yield from _relations(bericht, relation, mutatiesoort, depth=depth + 1)


def _verwerkingssoort(
    bericht: Bericht, element: etree._Element, allowed: frozenset[str], *, mutatiesoort: str, what: str
) -> Iterator[Violation]:
    if what == "relatie" and element.tag.endswith("}gerelateerde"):
        return
    soort = said(element, "verwerkingssoort")
    if soort in allowed:
        return
    choices = ", ".join(sorted(allowed))
    english = {"relatie": "relation"}.get(what, what)
    article = "an" if english == "object" else "a"
    yield finding(
        "StUF-VERWERKINGSSOORT",
        element,
        root=bericht.root,
        value=soort or None,
        said="verwerkingssoort",
        message=Text(
            f"Verwerkingssoort {soort} past bij mutatiesoort {mutatiesoort} niet op een {what}.",
            f"Verwerkingssoort {soort} does not fit {article} {english} with mutatiesoort {mutatiesoort}.",
        )
        if soort
        else Text(f"Op deze {what} ontbreekt verwerkingssoort.", f"This {english} lacks verwerkingssoort.")
        if what != "object"
        else Text("Op het object ontbreekt verwerkingssoort.", "The object lacks verwerkingssoort."),
        hint=Text(
            f"Zet verwerkingssoort op {' of '.join(sorted(allowed))}.",
            f"Set verwerkingssoort to {' or '.join(sorted(allowed))}.",
        ),
        expected=choices,
    )


def _identified(bericht: Bericht, entity: etree._Element, kind: str) -> Iterator[Violation]:
    """At least one kerngegeven has a value, or (03.01) the receiver's own key is given."""
    names = KERNGEGEVENS.get((bericht.stuf, kind))
    if names is None or entity.get(_NIL) in ("true", "1"):
        return
    if bericht.stuf == STUF0301 and said(entity, "sleutelOntvangend"):
        return
    parts = children(entity)
    if not any(_has_value(parts.get(name)) for name in names):
        yield finding(
            "StUF-KERNGEGEVENS",
            entity,
            root=bericht.root,
            message=Text(
                f"Dit {kind} is door niets te herkennen: geen kerngegeven heeft een waarde.",
                f"Nothing identifies this {kind}: no kerngegeven has a value.",
            ),
            hint=Text(f"Vul {' of '.join(names[:2])}.", f"Fill {' or '.join(names[:2])}."),
            expected=", ".join(names),
        )
    elif bericht.stuf == STUF0302 and said(entity, "verwerkingssoort") == "I":
        missing = [name for name in MATCHGEGEVENS.get(kind, ()) if name not in parts]
        if missing:
            yield finding(
                "StUF-MATCHGEGEVENS",
                entity,
                root=bericht.root,
                message=Text(
                    f"Matchgegevens van {kind} ontbreken: {', '.join(missing)}.",
                    f"Matchgegevens of {kind} are missing: {', '.join(missing)}.",
                ),
                hint=Text(
                    "Stuur ze mee, leeg als er geen waarde is (een getal met xsi:nil).",
                    "Send them, empty when there is no value (a number with xsi:nil).",
                ),
                expected=", ".join(missing),
            )


def _has_value(element: etree._Element | None) -> bool:
    return element is not None and (bool((element.text or "").strip()) or len(element) > 0)


def _pair(bericht: Bericht, mutatiesoort: str) -> Iterator[Violation]:
    """What oud and huidig must have in common, and how their periods meet (stuf-facts §4.3 and §4.4)."""
    oud, huidig = bericht.objects
    soort, other = said(oud, "verwerkingssoort"), said(huidig, "verwerkingssoort")
    # Of two that differ one may not be here at all, and that was said of it.
    if soort != other and {soort, other} <= TOP[mutatiesoort]:
        yield finding(
            "StUF-VERWERKINGSSOORT",
            huidig,
            root=bericht.root,
            value=other,
            said="verwerkingssoort",
            message=Text(
                "Het oude en het huidige object hebben een verschillende verwerkingssoort.",
                "The old and the present object have a different verwerkingssoort.",
            ),
            hint=Text(f"Zet verwerkingssoort op {soort}.", f"Set verwerkingssoort to {soort}."),
            expected=soort,
        )
    keys = said(oud, "sleutelVerzendend"), said(huidig, "sleutelVerzendend")
    if soort in _EQUAL_KEYS and keys[0] != keys[1]:
        yield finding(
            "StUF-SLEUTEL",
            huidig,
            root=bericht.root,
            message=Text(
                "sleutelVerzendend verschilt tussen het oude en het huidige object.",
                "sleutelVerzendend differs between the old and the present object.",
            ),
            hint=Text(
                "Geef beide objecten dezelfde sleutel; een nieuwe sleutel gaat met mutatiesoort C en S.",
                "Give both objects the same key; a new key goes with mutatiesoort C and S.",
            ),
        )
    if mutatiesoort == "W" and soort == "W":
        yield from _change(bericht, oud, huidig)


def _change(bericht: Bericht, oud: etree._Element, huidig: etree._Element) -> Iterator[Violation]:
    """A change ends the old period where the new one begins, and the new one has no end (StUF062)."""
    before, after = (children(element).get("tijdvakGeldigheid") for element in (oud, huidig))
    if before is None or after is None:
        return
    old, new = children(before), children(after)
    ended, begun = moment_of(old.get("eindGeldigheid")), moment_of(new.get("beginGeldigheid"))
    wrong = (ended is not None and begun is not None and ended != begun) or moment_of(
        new.get("eindGeldigheid")
    ) is not None
    if wrong:
        yield finding(
            Fout.StUF062.name,
            after,
            root=bericht.root,
            # A fault only for a receiver that keeps history.
            severity="warning",
            message=Text(
                "De tijdvakken van oud en huidig sluiten niet op elkaar aan.",
                "The periods of the old and the present object do not meet.",
            ),
            hint=Text(
                "Laat oud eindigen waar huidig begint, en laat dat geen einde hebben (03.01: noValue geenWaarde).",
                "End the old one where the present one begins, and give that no end (03.01: noValue geenWaarde).",
            ),
        )


def _future(bericht: Bericht) -> Iterator[Violation]:
    """Lk01 and Lk02 tell of what is; Lk05 and Lk06 of what will be (stuf-facts §4.3)."""
    sent: datetime | None = header.moment(bericht)
    if sent is None:
        return
    code = bericht.named or bericht.code
    for element in bericht.objects:
        for begin in element.iter(qname(bericht.stuf, "beginGeldigheid"), qname(bericht.stuf, "beginRelatie")):
            moment = moment_of(begin)
            if moment is None or (moment > sent) == (code in ("Lk05", "Lk06")):
                continue
            if code in ("Lk05", "Lk06"):
                message = Text(
                    f"Een {code} vertelt alleen van wat nog komt; dit begin is al geweest.",
                    f"An {code} tells only of what is to come; this begin has passed.",
                )
            else:
                message = Text(
                    f"Een {code} vertelt niet van wat nog komt; dit begin ligt na tijdstipBericht.",
                    f"An {code} does not tell of what is to come; this begin is after tijdstipBericht.",
                )
            yield finding(
                Fout.StUF068.name if code == "Lk02" else "StUF-TOEKOMST",
                begin,
                root=bericht.root,
                value=text(begin),
                message=message,
                hint=Text(
                    "Gebruik Lk05 of Lk06 voor toekomstige mutaties, Lk01 of Lk02 voor de andere.",
                    "Use Lk05 or Lk06 for future changes, Lk01 or Lk02 for the others.",
                ),
            )
