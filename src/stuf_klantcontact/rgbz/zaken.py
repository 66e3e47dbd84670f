"""What a zaaksysteem says of a zaak, taken over. StUF 03.01 §5.1 and §5.2; stuf-facts §4."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stuf_klantcontact.errors import Refusal, Text, Violation
from stuf_klantcontact.rgbz.tables import Betrokkene, Informatieobject, Klantcontact, Status, Zaak


@dataclass(frozen=True, slots=True)
class StatusMutatie:
    """What a message says about a status; None is what it does not say, "" that there is none."""

    volgnummer: int | None = None
    datum_status_gezet: datetime | None = None
    omschrijving: str | None = None
    toelichting: str | None = None


@dataclass(frozen=True, slots=True)
class BetrokkeneMutatie:
    """What a message says about a betrokkene; None or an absent key is what it does not say, "" is none."""

    rol: str
    soort: str
    identificatie: str = ""
    naam: str | None = None
    emailadres: str | None = None
    gegevens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZaakMutatie:
    """What one message says about a zaak: the columns it sets, the statuses and betrokkenen it adds or ends.

    `bekend`: it is about a zaak that we know, and makes none when we do not. `opgegaan_in`: the zaak turned out to
    be another one that is registered twice, and that one remains.
    """

    identificatie: str
    mutatiesoort: str
    velden: Mapping[str, Any] = field(default_factory=dict)
    statussen: tuple[StatusMutatie, ...] = ()
    vervallen_statussen: tuple[StatusMutatie, ...] = ()
    betrokkenen: tuple[BetrokkeneMutatie, ...] = ()
    vervallen: tuple[BetrokkeneMutatie, ...] = ()
    bekend: bool = False
    opgegaan_in: str = ""


def verwerk(session: Session, mutatie: ZaakMutatie, *, rsin: str, versie: int | None = None) -> Zaak | None:
    """Take over what a message says about a zaak; a zaak first heard of in a change is marked onvolledig.

    mutatiesoort V means that the zaak is no longer relevant to the sender, not that it is gone (StUF 03.01 §5.1):
    the dossier stays. Two messages about one zaak are taken one after the other, by the lock on its row. `versie`
    (0: not known) is that at which somebody was asked: when the zaak changed since, the answer is the older news.

    None when there is no such zaak and none was made. Raises errors.Refusal where the dossier does not allow it.
    """
    if mutatie.opgegaan_in:
        return _merge(session, mutatie, rsin=rsin)
    zaak = _locked(session, mutatie.identificatie, rsin=rsin)
    if zaak is None and mutatie.bekend:
        return None
    if zaak is None:
        inserted = (
            insert(Zaak)
            .values(
                identificatie=mutatie.identificatie,
                bronorganisatie=rsin,
                omschrijving="",
                zaaktype="",
                zaaktype_omschrijving="",
                onvolledig=mutatie.mutatiesoort != "T",
                versie=0,
            )
            .on_conflict_do_nothing()
        )
        session.execute(inserted)
        zaak = _locked(session, mutatie.identificatie, rsin=rsin)
        if zaak is None:
            raise LookupError("the zaak that was just inserted is not there")
    if versie is not None and zaak.versie != versie:
        return zaak
    if mutatie.mutatiesoort == "T":
        zaak.onvolledig = False
    for name, value in mutatie.velden.items():
        setattr(zaak, name, value)
    _take_statuses(zaak, mutatie)
    _take_betrokkenen(zaak, mutatie)
    zaak.versie += 1
    return zaak


def same_betrokkene(one: Betrokkene | BetrokkeneMutatie, other: Betrokkene | BetrokkeneMutatie) -> bool:
    """The same relation: rol, soort and number, or the name where no number is known."""
    if (one.rol, one.soort) != (other.rol, other.soort):
        return False
    if one.identificatie or other.identificatie:
        return one.identificatie == other.identificatie
    return (one.naam or "") == (other.naam or "")


def same_status(one: Status | StatusMutatie, other: StatusMutatie) -> bool:
    """The same by volgnummer and moment; what one of them does not say, or 0 as volgnummer, decides nothing."""
    numbers = one.volgnummer or None, other.volgnummer or None
    moments = one.datum_status_gezet, other.datum_status_gezet
    if moments[0] != moments[1]:
        return None in moments and numbers[0] is not None and numbers[0] == numbers[1]
    if None in numbers:
        return moments[0] is not None and (one.omschrijving == other.omschrijving or other.omschrijving is None)
    return numbers[0] == numbers[1]


def _take_statuses(zaak: Zaak, mutatie: ZaakMutatie) -> None:
    for gone in mutatie.vervallen_statussen:
        for status in zaak.statussen:
            if same_status(status, gone):
                status.vervallen = True
    for new in mutatie.statussen:
        # The one with this very volgnummer goes first: no two may have it at one moment.
        like = [status for status in zaak.statussen if same_status(status, new)]
        known = min(like, key=lambda status: status.volgnummer != new.volgnummer, default=None)
        if known is not None:
            known.vervallen = False
            known.volgnummer = new.volgnummer or known.volgnummer
            known.omschrijving = known.omschrijving if new.omschrijving is None else new.omschrijving
            known.toelichting = known.toelichting if new.toelichting is None else new.toelichting
        elif new.datum_status_gezet is not None:
            zaak.statussen.append(
                Status(
                    volgnummer=new.volgnummer or 0,
                    omschrijving=new.omschrijving or "",
                    datum_status_gezet=new.datum_status_gezet,
                    toelichting=new.toelichting or "",
                )
            )


def _take_betrokkenen(zaak: Zaak, mutatie: ZaakMutatie) -> None:
    # A zaak has one initiator: who is named now takes the place of who was.
    initiators = [b for b in mutatie.betrokkenen if b.rol == "Initiator"]
    followed = [b for b in zaak.betrokkenen if initiators and b.rol == "Initiator"]
    gone: list[Betrokkene | BetrokkeneMutatie] = [*mutatie.vervallen]
    gone += [b for b in followed if not any(same_betrokkene(b, new) for new in initiators)]
    for betrokkene in [b for b in zaak.betrokkenen if any(same_betrokkene(b, g) for g in gone)]:
        zaak.betrokkenen.remove(betrokkene)
    for new in mutatie.betrokkenen:
        known = next((b for b in zaak.betrokkenen if same_betrokkene(b, new)), None)
        if known is None:
            known = Betrokkene(rol=new.rol, soort=new.soort, identificatie=new.identificatie)
            zaak.betrokkenen.append(known)
        known.naam = known.naam if new.naam is None else new.naam
        known.emailadres = known.emailadres if new.emailadres is None else new.emailadres
        merged = {**known.gegevens, **new.gegevens}
        known.gegevens = {name: value for name, value in merged.items() if value != ""}


def _merge(session: Session, mutatie: ZaakMutatie, *, rsin: str) -> Zaak | None:
    """A zaak that was registered twice: the one that goes is forgotten, unless it has a dossier here.

    Contacts of the one have been exchanged under its identificatie, and no receiver would follow us to the other.
    """
    both = sorted((mutatie.identificatie, mutatie.opgegaan_in))
    locked = {identificatie: _locked(session, identificatie, rsin=rsin) for identificatie in both}
    gone, stays = locked[mutatie.identificatie], locked[mutatie.opgegaan_in]
    if gone is None:
        return stays
    for table in (Klantcontact, Informatieobject):
        if session.scalar(select(table.id).where(table.zaak_id == gone.id).limit(1)) is not None:
            raise Refusal(
                "StUF058",
                violations=[
                    Violation(
                        rule="StUF058",
                        message=Text(
                            "De zaak die vervalt heeft hier klantcontacten; dossiers worden niet samengevoegd",
                            "The zaak that goes has klantcontacten here; dossiers are not merged",
                        ),
                        hint=Text(
                            "Sluit die zaak met een einddatum (mutatiesoort W); haar dossier blijft dan bewaard.",
                            "Close that zaak with an einddatum (mutatiesoort W); its dossier is then kept.",
                        ),
                        element="ZKN:identificatie",
                    )
                ],
            )
    for status in gone.statussen:
        session.delete(status)
    session.delete(gone)
    return stays


def _locked(session: Session, identificatie: str, *, rsin: str) -> Zaak | None:
    return session.scalars(
        select(Zaak).where(Zaak.identificatie == identificatie, Zaak.bronorganisatie == rsin).with_for_update()
    ).one_or_none()
