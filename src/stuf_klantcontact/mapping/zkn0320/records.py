"""Records from what an object says, and what an object says from records; an Opvoering too, for the rules.

What a record holds beyond RGBZ travels in extraElementen: under the names of docs/mapping.md §2 what is in `extra`,
and under ``dossier.`` what cannot be told from the rest. docs/mapping.md §7.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from stuf_klantcontact.mapping.zkn0320.gegevens import (
    DocumentVerwijzing,
    InformatieobjectGegevens,
    KlantcontactGegevens,
    Relatie,
    ZaakVerwijzing,
)
from stuf_klantcontact.opvoering import Actor, Medewerker, Opvoering, Partij
from stuf_klantcontact.settings import Groep, KlantcontactType

if TYPE_CHECKING:
    from stuf_klantcontact.rgbz import Informatieobject, Klantcontact, Zaak

DOSSIER: Final = "dossier."
"""What begins so is a column of ours, not an extraElement of the sender."""
_GROEP: Final = "persoonlijk"
_EFFECT: Final = "uitgewisseld"
_STELSELS: Final = {
    "bsn": "BSN",
    "anpIdentificatie": "Identificatie",
    "identificatie": "Identificatie",
    "vestigingsnummer": "Vestigingsnummer",
}
"""How an opvoerder names himself by the number that he has as partij."""
_TYPES: Final = frozenset(get_args(KlantcontactType))
_EFFECTEN: Final = frozenset({"uitgewisseld", "bewaard"})
_HERKOMSTEN: Final = frozenset({"bericht", "opvoerder", "initiator"})
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "groep": frozenset(get_args(Groep)),
    "effect": _EFFECTEN,
    "partijHerkomst": _HERKOMSTEN,
    "opvoerder.soort": frozenset(
        {"medewerker", "organisatorischeEenheid", "natuurlijkPersoon", "nietNatuurlijkPersoon", "vestiging"}
    ),
    "partij.soort": frozenset({"nietNatuurlijkPersoon"}),  # the others are related
}
_TEXTS: Final = frozenset(
    {f"opvoerder.{name}" for name in Actor.__annotations__}
    | {f"partij.{name}" for name in Partij.__annotations__ if name not in ("namens", "contactpersoon")}
    | {"status.omschrijving"}
)


def gegevens(klantcontact: "Klantcontact") -> KlantcontactGegevens:
    """What a klantcontact says in a message that adds it (mutatiesoort T), with its documents."""
    partij, medewerker = klantcontact.partij, klantcontact.medewerker
    related = partij is not None and partij["soort"] in ("natuurlijkPersoon", "vestiging")
    kind = "KLCVES" if related and partij is not None and partij["soort"] == "vestiging" else "KLCNPS"
    return KlantcontactGegevens(
        identificatie=klantcontact.identificatie,
        verantwoordelijke_organisatie=klantcontact.verantwoordelijke_organisatie,
        verwerkingssoort="T",
        datum_tijd=klantcontact.datum_tijd,
        kanaal=klantcontact.kanaal,
        onderwerp=klantcontact.onderwerp,
        toelichting=klantcontact.toelichting,
        extra=_said_beside(klantcontact, partij=partij if related else None),
        zaak=None if klantcontact.zaak is None else zaak(klantcontact.zaak),
        partijen=(
            Relatie(
                entiteittype=kind, verwerkingssoort="T", gerelateerde=cast(Partij, partij), gerelateerde_soort="T"
            ),
        )
        if related
        else (),
        medewerker=None
        if not medewerker
        else Relatie(
            entiteittype="KLCMDW",
            verwerkingssoort="T",
            gerelateerde=cast(Medewerker, medewerker),
            gerelateerde_soort="I",
        ),
        documenten=tuple(
            Relatie(
                entiteittype="KLCIOB",
                verwerkingssoort="T",
                gerelateerde=DocumentVerwijzing(document.identificatie, document.bronorganisatie),
                gerelateerde_soort="I",
            )
            for document in klantcontact.informatieobjecten
            # What a later correction brought or took away is no part of how it was.
            if document.sinds <= klantcontact.versie
            and (document.tot is None or document.tot > klantcontact.versie)
        ),
        bijzonderheden=klantcontact.bijzonderheden or {},
    )


def zaak(zaak: "Zaak", *, entiteittype: str = "KLCZAK") -> Relatie[ZaakVerwijzing]:
    """The relation to a zaak, which the receiver must know."""
    return Relatie(
        entiteittype=entiteittype,
        verwerkingssoort="T",
        gerelateerde=ZaakVerwijzing(zaak.identificatie, zaak.bronorganisatie, zaak.omschrijving),
        gerelateerde_soort="I",
    )


def klantcontact(gegevens: KlantcontactGegevens, *, types: Mapping[str, str]) -> "Klantcontact":
    """The record of a whole object (mutatiesoort T), without zaak, documents and ids.

    `types` is Type by kanaal, for a sender that does not say the Type in extraElementen. Raises ValueError when the
    object has no datum-tijd.
    """
    from stuf_klantcontact.rgbz import Klantcontact

    if gegevens.datum_tijd is None:
        raise ValueError("a klantcontact has a datum-tijd")
    return Klantcontact(
        identificatie=gegevens.identificatie,
        verantwoordelijke_organisatie=gegevens.verantwoordelijke_organisatie,
        datum_tijd=_datum_tijd(gegevens) or gegevens.datum_tijd,
        kanaal=gegevens.kanaal,
        onderwerp=gegevens.onderwerp,
        toelichting=gegevens.toelichting,
        bijzonderheden=dict(gegevens.bijzonderheden),
        medewerker=_medewerker(gegevens),
        **_read_beside(gegevens, types=types),
    )


def opvoering(gegevens: KlantcontactGegevens, *, types: Mapping[str, str]) -> Opvoering:
    """The same as a voegKlantcontactToe would have said it, so that the business rules can judge it.

    Documents come in messages of their own, and are not in it. Without a partij the contact is anonymous: what a
    kennisgeving does not relate, the zaak need not supply.
    """
    beside = _read_beside(gegevens, types=types)
    opvoerder = cast(Actor, beside["opvoerder"]) or None
    other = below(gegevens.extra, "medewerker.")
    by_medewerker = opvoerder is not None and opvoerder.get("soort") == "medewerker"
    medewerker = other or (None if by_medewerker else _medewerker(gegevens))
    verwijzing = gegevens.zaak.gerelateerde if gegevens.zaak is not None and gegevens.zaak.aanwezig else None
    return Opvoering(
        zaakidentificatie=verwijzing.identificatie if verwijzing is not None else "",
        datum_gezet=_datum_tijd(gegevens) or gegevens.datum_tijd,
        type=beside["type"],
        toelichting=gegevens.toelichting,
        opvoerder=opvoerder,
        onderwerp=gegevens.onderwerp,
        contactpartij=cast("Partij | None", beside["partij"]),
        anoniem=beside["partij"] is None,
        medewerker=cast("Medewerker | None", medewerker or None),
        richting=gegevens.extra.get("richting", ""),
        uitkomst=beside["uitkomst"],
        afspraken=beside["afspraken"],
    )


def informatieobject(gegevens: InformatieobjectGegevens, *, made: date) -> "Informatieobject":
    """The record of a document, without its zaak; `made` is its creatiedatum where the message names none."""
    from stuf_klantcontact.rgbz import DocumentInhoud, Informatieobject

    inhoud = gegevens.inhoud
    return Informatieobject(
        identificatie=gegevens.identificatie,
        bronorganisatie=gegevens.bronorganisatie,
        creatiedatum=gegevens.creatiedatum or made,
        titel=gegevens.titel,
        bestandsnaam=gegevens.bestandsnaam,
        formaat=gegevens.formaat,
        taal=gegevens.taal,
        ontvangstdatum=gegevens.ontvangstdatum,
        verzenddatum=gegevens.verzenddatum,
        afzender=gegevens.afzender,
        geadresseerde=gegevens.geadresseerde,
        verwijzing=gegevens.verwijzing,
        inhoud=None if inhoud is None else DocumentInhoud(sha256=sha256(inhoud).digest(), inhoud=inhoud),
        bijzonderheden=dict(gegevens.bijzonderheden),
    )


def unreadable(extra: Mapping[str, str]) -> list[str]:
    """The extraElementen under ``dossier.`` that say nothing of a record: no name or value of ours, or one alone.

    Nothing of such a message may be stored: the record would miss it, or could be sent to nobody.
    """
    dossier = below(extra, DOSSIER)
    wrong = {name for name, text in dossier.items() if not _is_ours(name, text)}
    for column in ("opvoerder", "partij"):
        names = {name for name in dossier if name.startswith(f"{column}.")}
        if names and f"{column}.soort" not in names:
            wrong |= names
    return sorted(f"{DOSSIER}{name}" for name in wrong)


def _is_ours(name: str, text: str) -> bool:
    if name in _WORDS:
        return text in _WORDS[name]
    if name == "status.volgnummer":
        return re.fullmatch("[0-9]{1,9}", text) is not None
    if name in ("datumTijd", "status.datumStatusGezet"):
        return moment(text) is not None
    return name in _TEXTS


def moment(text: str) -> datetime | None:
    """The moment in an extraElement of ours, in UTC; None when it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _said_beside(klantcontact: "Klantcontact", *, partij: Mapping[str, Any] | None) -> dict[str, str]:
    """extraElementen: those of the record, and what reading could not tell without. `partij` is who is related."""
    extra = {name: str(value) for name, value in klantcontact.extra.items()}
    for name, value in (("uitkomst", klantcontact.uitkomst), ("afspraken", klantcontact.afspraken)):
        if value:
            extra.setdefault(name, value)
    for name, value in (klantcontact.partij or {}).get("namens", {}).items():
        extra.setdefault(f"namens.{name}", str(value))
    if klantcontact.datum_tijd.microsecond % 1000:  # more digits than a dateTime of StUF has
        extra[f"{DOSSIER}datumTijd"] = klantcontact.datum_tijd.isoformat()

    def read() -> dict[str, Any]:
        return _beside(
            extra,
            kanaal=klantcontact.kanaal,
            partij=partij,
            medewerker=_texts(klantcontact.medewerker),
            types={klantcontact.kanaal: klantcontact.type},
        )

    beside = read()
    for column in ("groep", "effect", "partij", "partij_herkomst", "opvoerder"):  # the last depends on those before
        value = getattr(klantcontact, column)
        if beside[column] == value:
            continue
        if isinstance(value, dict):
            extra |= {f"{DOSSIER}{column}.{name}": str(text) for name, text in value.items()}
        elif value:
            extra[f"{DOSSIER}{_CAMEL.get(column, column)}"] = str(value)
        beside = read()
    return extra


_CAMEL: Final = {"partij_herkomst": "partijHerkomst"}


def _read_beside(gegevens: KlantcontactGegevens, *, types: Mapping[str, str]) -> dict[str, Any]:
    relatie = gegevens.partij
    return _beside(
        gegevens.extra,
        kanaal=gegevens.kanaal,
        partij=None if relatie is None else relatie.gerelateerde,
        medewerker=_medewerker(gegevens),
        types=types,
    )


def _beside(
    extra: Mapping[str, str],
    *,
    kanaal: str,
    partij: Mapping[str, Any] | None,
    medewerker: Mapping[str, Any] | None,
    types: Mapping[str, str],
) -> dict[str, Any]:
    """The columns that RGBZ has no attribute for, by these extraElementen and what the object says else."""
    dossier = below(extra, DOSSIER)
    extra = {name: text for name, text in extra.items() if not name.startswith(DOSSIER)}
    partij = dict(partij or {}) or below(dossier, "partij.") or None
    herkomst = dossier.get("partijHerkomst", "")
    if herkomst not in _HERKOMSTEN:
        herkomst = "initiator" if extra.get("partijHerkomst") == "initiator" else "bericht"
    groep, effect = dossier.get("groep", ""), dossier.get("effect", "")
    kind = extra.get("type", "")
    if kind not in _TYPES:
        known = {kanaal.casefold(): found for kanaal, found in types.items()}
        kind = known.get(kanaal.strip().casefold(), "")
    return {
        "type": kind,
        "groep": groep if groep in get_args(Groep) else _GROEP,
        "effect": effect if effect in _EFFECTEN else _EFFECT,
        "partij": partij,
        "partij_herkomst": herkomst if partij else "",
        "opvoerder": _opvoerder(extra, dossier, partij if herkomst == "opvoerder" else None, medewerker),
        "uitkomst": extra.get("uitkomst", ""),
        "afspraken": extra.get("afspraken", ""),
        "extra": extra,
    }


def _opvoerder(
    extra: Mapping[str, str],
    dossier: Mapping[str, str],
    partij: Mapping[str, Any] | None,
    medewerker: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """As said; else the partij, when that is where the partij comes from; else the medewerker."""
    for said in (below(dossier, "opvoerder."), below(extra, "opvoerder.")):
        if said.get("soort"):
            return dict(said)
    found: dict[str, Any]
    if partij is not None:
        number = next((name for name in _STELSELS if partij.get(name)), "")
        found = {
            "soort": partij.get("soort", ""),
            "identificatie": partij.get(number, ""),
            "stelsel": _STELSELS.get(number, ""),
            "naam": partij.get("geslachtsnaam", "") or partij.get("handelsnaam", ""),
        }
    elif medewerker is not None:
        found = {
            "soort": "medewerker",
            "identificatie": medewerker.get("identificatie", ""),
            "stelsel": "Identificatie",
            "naam": medewerker.get("achternaam", ""),
            "voorletters": medewerker.get("voorletters", ""),
            "voorvoegsel": medewerker.get("voorvoegsel", ""),
        }
    else:
        found = {}
    return {name: text for name, text in found.items() if text}


def _medewerker(gegevens: KlantcontactGegevens) -> dict[str, Any] | None:
    relatie = gegevens.medewerker
    return None if relatie is None or not relatie.aanwezig else _texts(relatie.gerelateerde)


def _texts(medewerker: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: text for name, text in (medewerker or {}).items() if text} or None


def _datum_tijd(gegevens: KlantcontactGegevens) -> datetime | None:
    """The moment with more digits than a dateTime of StUF has, when it is the same moment."""
    found, said = moment(gegevens.extra.get(f"{DOSSIER}datumTijd", "")), gegevens.datum_tijd
    if found is None or said is None:
        return None
    return found if 0 <= (found - said).total_seconds() < 0.001 else None


def below(values: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The extraElementen whose name begins so, by the rest of their name."""
    return {name.removeprefix(prefix): text for name, text in values.items() if name.startswith(prefix)}
