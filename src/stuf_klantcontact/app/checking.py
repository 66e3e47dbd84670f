"""Refuse settings that would go wrong only later."""

import re
from collections.abc import Iterator
from typing import get_args
from urllib.parse import urlsplit

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.outlets import tls
from stuf_klantcontact.secrecy import shown
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.settings.partners import Operatie


def check(settings: Settings) -> None:
    """Refuse what would go wrong only later. Raises ConfigurationError, with every mistake at once."""
    mistakes: list[str] = []
    if not settings.gateway.organisatie:
        mistakes.append("gateway.organisatie is empty: without it no message can be meant for this gateway")
    if not settings.gateway.rsin:
        mistakes.append("gateway.rsin is empty: RGBZ wants the verantwoordelijke organisatie of every klantcontact")
    for naam, abonnee in settings.abonnee.items():
        if abonnee.profiel == "zgw":
            mistakes.append(
                f'abonnee.{naam}.profiel "{abonnee.profiel}" is not supported yet; use "zkn0320" or "zds0120"'
            )
        if not _is_address(abonnee.endpoint):
            mistakes.append(f'abonnee.{naam}.endpoint "{shown(abonnee.endpoint)}" is not an http or https address')
            continue
        if abonnee.profiel == "zds0120":
            mistakes += _of_zds(naam, abonnee, settings=settings)
        mistakes += _of_tls(naam, abonnee)
    if settings.zaaksysteem.endpoint and not _is_address(settings.zaaksysteem.endpoint):
        mistakes.append(
            f'zaaksysteem.endpoint "{shown(settings.zaaksysteem.endpoint)}" is not an http or https address'
        )
    zaak_schemas = settings.gateway.zaak_schemas
    if zaak_schemas is not None and not zaak_schemas.exists():
        mistakes.append(f"gateway.zaak_schemas: there is no {zaak_schemas}")
    gebruikers = [zender.gebruiker for zender in settings.zender.values() if zender.gebruiker]
    for gebruiker in sorted({g for g in gebruikers if gebruikers.count(g) > 1}):
        mistakes.append(f'gebruiker "{gebruiker}" belongs to more than one zender')
    for naam, zender in settings.zender.items():
        if zender.gebruiker and not zender.wachtwoord_hash.startswith("$argon2"):
            mistakes.append(
                f"zender.{naam}.wachtwoord_hash is not an argon2 hash; make one with: stuf-klantcontact config hash"
            )
        if zender.functionele_fouten == "fo01" and not _is_address(zender.endpoint):
            mistakes.append(f'zender.{naam}.endpoint "{shown(zender.endpoint)}" is not an http or https address')
        known = get_args(Operatie)
        for operatie in sorted(set(zender.operaties) - set(known)):
            mistakes.append(f'zender.{naam}.operaties: "{operatie}" is none of {", ".join(sorted(known))}')
    for naam, place in settings.validator.sets.items():
        if not place.exists():
            mistakes.append(f"validator.sets.{naam}: there is no {place}")
    if mistakes:
        raise ConfigurationError("the configuration cannot work:\n" + "\n".join(f"  {m}" for m in mistakes))


def _of_tls(naam: str, abonnee: Abonnee) -> Iterator[str]:
    files = (abonnee.ca, abonnee.certificaat, abonnee.sleutel)
    if any(files) and urlsplit(abonnee.endpoint).scheme != "https":
        yield f"abonnee.{naam}: ca, certificaat and sleutel are for an endpoint that begins with https:"
    try:
        tls.context(
            ca=abonnee.ca,
            certificaat=abonnee.certificaat,
            sleutel=abonnee.sleutel,
            sleutel_wachtwoord=abonnee.sleutel_wachtwoord,
        )
    except ConfigurationError as error:
        yield f"abonnee.{naam}.{error}"


def _of_zds(naam: str, abonnee: Abonnee, *, settings: Settings) -> Iterator[str]:
    asks = abonnee.documentidentificatie == "vragen"
    if asks and not _is_address(abonnee.vrijbericht()):
        where = shown(abonnee.vrijbericht())
        yield f'abonnee.{naam}.endpoint_vrijbericht "{where}" is not an http or https address'
    gemeentecode = abonnee.gemeentecode or settings.gateway.organisatie
    if not asks and not re.fullmatch(r"[0-9]{4}", gemeentecode):
        yield (
            f"abonnee.{naam}.gemeentecode is empty and gateway.organisatie is none: "
            "the document numbers that we make begin with its four digits"
        )


def _is_address(text: str) -> bool:
    try:
        where = urlsplit(text)
        return where.scheme in ("http", "https") and bool(where.hostname) and where.port != 0
    except ValueError:  # a port that is none, brackets that do not fit
        return False
