"""What a contact is and what the rules say of it, by the facts about its zaak. Pure."""

from dataclasses import dataclass
from datetime import datetime

from stuf_klantcontact import rgbz, rules
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.opvoering import Medewerker, Opvoering, Partij
from stuf_klantcontact.settings import Groep, KlantcontactType, Settings, Zaaktype
from stuf_klantcontact.tijdstip import AMSTERDAM


@dataclass(frozen=True, slots=True)
class Judged:
    """With whom, by whom, of which groep, what happens with it, and what is wrong."""

    zaak: rgbz.ZaakFeiten | None
    policy: Zaaktype
    partij: Partij | None
    herkomst: str
    medewerker: Medewerker | None
    groep: Groep
    effect: str
    findings: tuple[Finding, ...]


def judge(
    opvoering: Opvoering,
    zaak: rgbz.ZaakFeiten | None,
    *,
    zender: str,
    valid: bool,
    now: datetime,
    settings: Settings,
    groep: Groep | None = None,
) -> Judged:
    """Judge a contact by its own words and the facts about its zaak (docs/mapping.md §3 and §4).

    `groep` is for who knows it without the Type.
    """
    zaaktype = settings.zaaktype.get(zaak.zaaktype) if zaak else None
    policy = zaaktype or Zaaktype()
    betrokkenen = zaak.betrokkenen if zaak else ()
    partij, herkomst = gfozaken.partij(opvoering, betrokkenen=betrokkenen, uit_zaak=policy.partij_uit_zaak)
    medewerker = gfozaken.medewerker(opvoering, betrokkenen=betrokkenen, uit_zaak=policy.medewerker_uit_zaak)
    groep = groep or rules.groep(opvoering, partij=partij, medewerker=medewerker, interactief=policy.interactief)
    judgement = rules.judge(
        rules.Case(
            opvoering=opvoering,
            zaak=zaak,
            zaaktype=zaaktype,
            zender=settings.zender[zender],
            partij=partij,
            medewerker=medewerker,
            groep=groep,
            now=now,
            limits=settings.limits,
            zonder_zaak=settings.mapping.zonder_zaak,
            valid=valid,
        )
    )
    exchange = zaak is not None and groep != "zonder_zaak" and getattr(policy.groepen, groep) == "exchange"
    return Judged(
        zaak=zaak,
        policy=policy,
        partij=partij,
        herkomst=herkomst,
        medewerker=medewerker,
        groep=groep,
        effect="uitgewisseld" if exchange else "bewaard",
        findings=tuple(Finding(rules.rule(v.rule).fout, v) for v in judgement.violations),
    )


def record(
    opvoering: Opvoering, judged: Judged, *, identificatie: str, now: datetime, settings: Settings
) -> tuple[rgbz.Klantcontact, list[rgbz.Informatieobject]]:
    """The RGBZ record of a contact that the rules let in, and its documents, in the order they must be sent."""
    zaak = judged.zaak
    klantcontact = gfozaken.klantcontact(
        opvoering,
        identificatie=identificatie,
        rsin=settings.gateway.rsin,
        kanaal=settings.mapping.kanaal[_type(opvoering)],
        groep=judged.groep,
        effect=judged.effect,
        partij=judged.partij,
        herkomst=judged.herkomst,
        medewerker=judged.medewerker,
        zaakomschrijving=zaak.omschrijving if zaak else "",
        zaak_id=zaak.id if zaak else None,
        status_id=zaak.status_id if zaak else None,
    )
    documenten = gfozaken.documenten(
        opvoering,
        identificatie=identificatie,
        rsin=settings.gateway.rsin,
        groep=judged.groep,
        made=now.astimezone(AMSTERDAM).date(),
        partijnaam=gfozaken.partijnaam(judged.partij, betrokkenen=zaak.betrokkenen if zaak else ()),
    )
    return klantcontact, documenten


def _type(opvoering: Opvoering) -> KlantcontactType:
    """The Type, which KC-04 has found to be one of the five."""
    found: KlantcontactType = opvoering.type  # type: ignore[assignment]
    return found
