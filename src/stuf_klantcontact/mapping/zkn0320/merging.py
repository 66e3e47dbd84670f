"""What is stored, after a change (W, C, F) that another system told us of.

stuf-facts §4.3 to §4.5 and §5.1; docs/mapping.md §7.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from stuf_klantcontact.mapping.zkn0320 import records
from stuf_klantcontact.mapping.zkn0320.gegevens import (
    DocumentVerwijzing,
    InformatieobjectGegevens,
    Kennisgeving,
    KlantcontactGegevens,
    Relatie,
    ZaakVerwijzing,
)
from stuf_klantcontact.opvoering import Partij

if TYPE_CHECKING:
    from stuf_klantcontact.rgbz import Informatieobject

T = TypeVar("T")

_EXTRA: Final = "StUF:extraElementen"
_IOB_PATHS: Final = {
    "titel": "zkn:titel",
    "bestandsnaam": "zkn:bestandsnaamEnkelvoudigInformatieobject/zkn:naam",
    "formaat": "zkn:eib.formaat",
    "taal": "zkn:eib.taal",
    "ontvangstdatum": "zkn:ontvangstdatum",
    "verzenddatum": "zkn:verzenddatum",
    "afzender": "zkn:afzender",
    "geadresseerde": "zkn:geadresseerde",
    "verwijzing": "zkn:eib.link",
}
"""Columns of a document that a change may empty, and where it would say so."""


def merge(
    stored: KlantcontactGegevens, *, kennisgeving: Kennisgeving[KlantcontactGegevens]
) -> KlantcontactGegevens:
    """What a klantcontact says after a change (W, C, F): huidig over what is stored; what it does not name stays.

    An empty element clears a value, and so does vastgesteldOnbekend, which is kept; any other reason says nothing
    of the value here (stuf-facts §5.1). A relation that is ended or removed goes; a replaced one takes its place.
    Which documents go, oud says: their relation is empty in huidig.
    """
    huidig = kennisgeving.huidig
    if huidig is None:
        return stored
    kept = {path: value for path, value in stored.bijzonderheden.items() if path != _EXTRA}
    replaced: list[str] = []
    texts: dict[str, str] = {}
    for name in ("kanaal", "onderwerp", "toelichting"):
        said = huidig.bijzonderheden.get(f"zkn:{name}")
        texts[name] = getattr(huidig, name) or ("" if _clears(said) else getattr(stored, name))
    for relaties, path in (
        ((huidig.zaak,), "zkn:heeftBetrekkingOp"),
        ((huidig.medewerker,), "zkn:isGevoerdDoor"),
        (huidig.partijen, "zkn:heeftPlaatsgevondenMet"),
        (huidig.documenten, "zkn:heeftRelevant"),
    ):
        if any(relatie is not None and relatie.verwerkingssoort not in ("I", "W") for relatie in relaties):
            kept = {known: value for known, value in kept.items() if not known.startswith(path)}
            replaced.append(path)
    for path, value in huidig.bijzonderheden.items():
        # Empty without a reason has been obeyed, and what a change leaves out stays: nothing more to say of either.
        if path != _EXTRA and value != {} and (value is not None or path.startswith(tuple(replaced))):
            kept[path] = value
    extra, reasons = _merged_extra(stored, huidig)
    if reasons:
        kept[_EXTRA] = reasons
    partijen = _merged_partijen(stored, huidig, namens=records.below(extra, "namens."))
    return replace(
        stored,
        kanaal=texts["kanaal"],
        onderwerp=texts["onderwerp"],
        toelichting=texts["toelichting"],
        datum_tijd=huidig.datum_tijd or _milliseconds(stored.datum_tijd),
        extra=extra,
        zaak=_merged(stored.zaak, huidig.zaak),
        partijen=partijen,
        medewerker=_merged(stored.medewerker, huidig.medewerker),
        documenten=_merged_documenten(stored, kennisgeving.oud, huidig),
        bijzonderheden={path: value for path, value in kept.items() if not texts.get(path.removeprefix("zkn:"))},
    )


def other_one(stored: KlantcontactGegevens, *, kennisgeving: Kennisgeving[KlantcontactGegevens]) -> list[str]:
    """Relations in which a change (W, C, F) puts somebody else without saying so, by the name of their element.

    The gerelateerde of a W or I is the one that is there, whose keys may not change, and a T adds one where there
    is none: another takes its place with R (stuf-facts §4.2 and §4.5, table 5.5; §10.2: there is one of each).
    """
    huidig = kennisgeving.huidig
    if kennisgeving.oud is None or huidig is None:
        return []
    found: list[str] = []
    for relatie, before in (
        (huidig.zaak, stored.zaak),
        (huidig.medewerker, stored.medewerker),
        *((relatie, _of(stored.partijen, relatie.entiteittype)) for relatie in huidig.partijen),
    ):
        if relatie is None or before is None or relatie.verwerkingssoort not in ("T", "W", "I"):
            continue
        was, now = _keys(before.gerelateerde), _keys(relatie.gerelateerde)
        common = was.keys() & now.keys()
        if any(was[key] != now[key] for key in common) or (
            relatie.verwerkingssoort == "T" and not common and relatie.gerelateerde != before.gerelateerde
        ):
            found.append(_ELEMENT[relatie.entiteittype])
    return found


_ELEMENT: Final[Mapping[str, str]] = {
    "KLCZAK": "zkn:heeftBetrekkingOp",
    "KLCMDW": "zkn:isGevoerdDoor",
    "KLCNPS": "zkn:heeftPlaatsgevondenMetNPS",
    "KLCVES": "zkn:heeftPlaatsgevondenMetVES",
}
_KEYS: Final = ("bsn", "anpIdentificatie", "vestigingsnummer", "identificatie")


def _of(relaties: tuple[Relatie[T], ...], entiteittype: str) -> Relatie[T] | None:
    return next((relatie for relatie in relaties if relatie.entiteittype == entiteittype), None)


def _keys(gerelateerde: Any) -> dict[str, str]:
    """What it is known by; empty when there is none, or nothing of it has a number."""
    if isinstance(gerelateerde, ZaakVerwijzing):
        return {"identificatie": gerelateerde.identificatie} if gerelateerde.identificatie else {}
    return {key: gerelateerde[key] for key in _KEYS if gerelateerde and gerelateerde.get(key)}


def changed_informatieobject(stored: "Informatieobject", *, huidig: InformatieobjectGegevens) -> "Informatieobject":
    """The record of a document after a change (W, C, F), as `merge`; its content stays where huidig has none."""
    new = records.informatieobject(huidig, made=stored.creatiedatum)
    for column, path in _IOB_PATHS.items():
        if not getattr(new, column) and not _clears(huidig.bijzonderheden.get(path)):
            setattr(new, column, getattr(stored, column))
    if new.inhoud is None and not _clears(huidig.bijzonderheden.get("zkn:eib.inhoud")):
        new.inhoud, new.inhoud_sha256 = stored.inhoud, stored.inhoud_sha256
    said = {path: value for path, value in huidig.bijzonderheden.items() if value not in ({}, None)}
    new.bijzonderheden = {**stored.bijzonderheden, **said}
    new.zaak_id = stored.zaak_id
    return new


def _milliseconds(moment: datetime | None) -> datetime | None:
    """A moment as a message has it; what it has beyond that is in an extraElement, and may change alone."""
    return None if moment is None else moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _clears(said: Any) -> bool:
    """An empty element says that there is no value, unless it says that this sender cannot tell."""
    return isinstance(said, dict) and said.get("noValue", "vastgesteldOnbekend") == "vastgesteldOnbekend"


def _merged(stored: Relatie[T] | None, huidig: Relatie[T] | None) -> Relatie[T] | None:
    if huidig is None or huidig.verwerkingssoort in ("I", "S", "O"):
        return stored
    return _added(huidig) if huidig.aanwezig else None


def _added(relatie: Relatie[T]) -> Relatie[T]:
    """The relation as a message that adds it would have it."""
    soort = "T" if relatie.entiteittype in ("KLCNPS", "KLCVES") else "I"
    return replace(relatie, verwerkingssoort="T", gerelateerde_soort=soort)


def _merged_partijen(
    stored: KlantcontactGegevens, huidig: KlantcontactGegevens, *, namens: Mapping[str, str]
) -> tuple[Relatie[Partij], ...]:
    known = {relatie.entiteittype: relatie for relatie in stored.partijen}
    for relatie in huidig.partijen:
        before = known.get(relatie.entiteittype)
        if relatie.verwerkingssoort == "W" and before is not None and relatie.gerelateerde is not None:
            both = cast(Partij, {**(before.gerelateerde or {}), **relatie.gerelateerde})
            known[relatie.entiteittype] = replace(before, gerelateerde=both)
        elif (now := _merged(before, relatie)) is not None:
            known[relatie.entiteittype] = now
        else:
            known.pop(relatie.entiteittype, None)
    found: list[Relatie[Partij]] = []
    for kind in sorted(known):
        partij: dict[str, Any] = dict(known[kind].gerelateerde or {})
        partij.pop("namens", None)
        if namens:
            partij["namens"] = namens
        found.append(replace(known[kind], gerelateerde=cast(Partij, partij)))
    return tuple(found)


def _merged_documenten(
    stored: KlantcontactGegevens, oud: KlantcontactGegevens | None, huidig: KlantcontactGegevens
) -> tuple[Relatie[DocumentVerwijzing], ...]:
    gone = {
        relatie.gerelateerde
        for relatie in (oud.documenten if oud is not None else ())
        if relatie.verwerkingssoort in ("V", "E", "R")
    }
    known = {relatie.gerelateerde: relatie for relatie in stored.documenten if relatie.gerelateerde not in gone}
    for relatie in huidig.documenten:
        if relatie.aanwezig:
            known.setdefault(relatie.gerelateerde, _added(relatie))
    return tuple(known.values())


def _merged_extra(
    stored: KlantcontactGegevens, huidig: KlantcontactGegevens
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """extraElementen with a text, by name, and what else was said of them."""
    said: list[dict[str, str]] = huidig.bijzonderheden.get(_EXTRA, [])
    cleared = {item["naam"] for item in said if not item.get("tekst") and _clears(item)}
    extra = {name: text for name, text in {**stored.extra, **huidig.extra}.items() if name not in cleared}
    named = {item["naam"] for item in said} | set(huidig.extra)
    before: list[dict[str, str]] = stored.bijzonderheden.get(_EXTRA, [])
    return extra, [item for item in before if item["naam"] not in named] + [item for item in said if len(item) > 1]
