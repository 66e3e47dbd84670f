"""What must be sent about an accepted contact: to each abonnee, and by mail to betrokkenen.

Pure. docs/mapping.md §5: documents go before the contact that refers to them, and a stream keeps that order.
"""

from collections.abc import Sequence

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.opvoering import STAFF, Opvoering
from stuf_klantcontact.outbox import Order
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
    for naam, abonnee in settings.abonnee.items():
        if "*" not in abonnee.zaaktypen and zaak.zaaktype not in abonnee.zaaktypen:
            continue
        sleutel = zaak.identificatie if abonnee.volgorde == "zaak" else ""
        found += [Order(naam, sleutel, "iobLk01", record.identificatie, d.identificatie) for d in documenten]
        if record.groep == "persoonlijk":
            found.append(Order(naam, sleutel, "klcLk01", record.identificatie))
    return found


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
