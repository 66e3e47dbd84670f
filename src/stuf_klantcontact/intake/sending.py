"""What must be sent about an accepted contact: to each abonnee, and by mail to betrokkenen.

Pure. docs/mapping.md §5: documents go before the contact that refers to them, and a stream keeps that order.
"""

from collections.abc import Iterator, Sequence

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.opvoering import STAFF, Opvoering
from stuf_klantcontact.outbox import Mutatiesoort, Order, Soort
from stuf_klantcontact.settings import Settings


def orders(
    record: rgbz.Klantcontact,
    documenten: Sequence[rgbz.Informatieobject],
    *,
    zaak: rgbz.ZaakFeiten | None,
    settings: Settings,
) -> list[Order]:
    """What each abonnee gets, documents before the contact that refers to them (docs/mapping.md §5)."""
    if record.effect != "uitgewisseld" or zaak is None:
        return []
    found: list[Order] = []
    for naam, sleutel in _streams(zaak, settings=settings):
        found += [Order(naam, sleutel, "iobLk01", record.identificatie, d.identificatie) for d in documenten]
        if record.groep == "persoonlijk":
            found.append(Order(naam, sleutel, "klcLk01", record.identificatie))
    return found


def changes(
    record: rgbz.Klantcontact,
    vervangen: rgbz.Vervangen,
    *,
    was: tuple[str, str],
    zaak: rgbz.ZaakFeiten | None,
    settings: Settings,
) -> list[Order]:
    """What each abonnee gets of a correction or withdrawal; `was` is the groep and the effect before it.

    New documents go before the contact that refers to them, and documents that are gone after it.
    """
    before = was[1] == "uitgewisseld"
    now = record.effect == "uitgewisseld" and not record.ingetrokken
    if zaak is None or not (before or now):
        return []
    if before:
        documenten: list[tuple[Mutatiesoort, str]] = [("T", name) for name in vervangen.nieuw]
        documenten += [("C", name) for name in vervangen.gewijzigd]
    else:
        documenten = [("T", name) for name in (*vervangen.gelijk, *vervangen.gewijzigd, *vervangen.nieuw)]
    gone = (*vervangen.vervallen, *(() if now else (*vervangen.gelijk, *vervangen.gewijzigd)))
    contact = _change(before and was[0] == "persoonlijk", now and record.groep == "persoonlijk")
    found: list[Order] = []
    for naam, sleutel in _streams(zaak, settings=settings):

        def order(soort: Soort, mutatiesoort: Mutatiesoort, document: str | None = None) -> Order:
            return Order(
                naam,  # noqa: B023 - called in this turn only
                sleutel,  # noqa: B023
                soort,
                record.identificatie,
                document,
                mutatiesoort=mutatiesoort,
                versie=record.versie,
            )

        if now:
            found += [order("iobLk01", mutatiesoort, name) for mutatiesoort, name in documenten]
        if contact is not None:
            found.append(order("klcLk01", contact))
        if before:
            found += [order("iobLk01", "V", name) for name in gone]
    return found


def _change(before: bool, now: bool) -> Mutatiesoort | None:
    if before and now:
        return "C"
    if now:
        return "T"
    return "V" if before else None


def _streams(zaak: rgbz.ZaakFeiten, *, settings: Settings) -> Iterator[tuple[str, str]]:
    """The abonnees that hear of this zaak, each with the key of the stream in which it does."""
    for naam, abonnee in settings.abonnee.items():
        if "*" in abonnee.zaaktypen or zaak.zaaktype in abonnee.zaaktypen:
            yield naam, zaak.identificatie if abonnee.volgorde == "zaak" else ""


def mails(
    record: rgbz.Klantcontact,
    opvoering: Opvoering,
    *,
    zaak: rgbz.ZaakFeiten | None,
    melding: bool,
    settings: Settings,
) -> list[Order]:
    """Betrokkenen who are not staff, have an address, and did not add the contact themselves (rule 8)."""
    if zaak is None or not melding or not settings.mail.server:
        return []
    actor = opvoering.opvoerder or {}
    addresses = {
        b.emailadres.lower(): b.emailadres
        for b in zaak.betrokkenen
        if b.emailadres
        and b.soort not in STAFF
        and not (b.identificatie and (b.soort, b.identificatie) == (actor.get("soort"), actor.get("identificatie")))
    }
    return [Order(outbox.MAIL, address, "mail", record.identificatie) for address in addresses.values()]
