"""What must be sent about an accepted contact: to each abonnee, and by mail to betrokkenen.

Pure. docs/mapping.md §5: documents go before the contact that refers to them, and a stream keeps that order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.mapping import zds0120
from stuf_klantcontact.opvoering import STAFF, Opvoering
from stuf_klantcontact.outbox import Mutatiesoort, Order, Soort
from stuf_klantcontact.settings import Abonnee, Settings


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
    for stream in _streams(record, zaak, settings=settings):
        found += [order for d in documenten for order in stream.document("T", d.identificatie)]
        found += stream.contact("T" if stream.tells(record.groep) else None)
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
    found: list[Order] = []
    for stream in _streams(record, zaak, settings=settings):
        if now:
            found += [order for soort, name in documenten for order in stream.document(soort, name)]
        found += stream.contact(_change(before and stream.tells(was[0]), now and stream.tells(record.groep)))
        if before:
            found += [order for name in gone for order in stream.document("V", name)]
    return found


def _change(before: bool, now: bool) -> Mutatiesoort | None:
    if before and now:
        return "C"
    if now:
        return "T"
    return "V" if before else None


@dataclass(frozen=True, slots=True)
class _Stream:
    """All that one abonnee hears of a zaak, in the messages of its profile."""

    naam: str
    sleutel: str
    abonnee: Abonnee
    klantcontact: str
    versie: int

    def tells(self, groep: str) -> bool:
        """Whether there is a message about the contact itself, besides its documents.

        A receiver of zaakdocumenten gets a contactverslag of every contact, others hear of conversations alone.
        """
        return self.abonnee.profiel == "zds0120" or groep == "persoonlijk"

    def contact(self, mutatiesoort: Mutatiesoort | None) -> list[Order]:
        return [] if mutatiesoort is None else [self._order("klcLk01", mutatiesoort)]

    def document(self, mutatiesoort: Mutatiesoort, identificatie: str) -> list[Order]:
        if self.abonnee.profiel == "zds0120":
            if zds0120.is_toelichting(identificatie, klantcontact=self.klantcontact):
                return []
            if mutatiesoort == "V" and self.abonnee.document == "voegZaakdocumentToe":
                return []  # ZDS 1.2 only adds; the verslag says what is gone
        return [self._order("iobLk01", mutatiesoort, identificatie)]

    def _order(self, soort: Soort, mutatiesoort: Mutatiesoort, document: str | None = None) -> Order:
        return Order(
            self.naam,
            self.sleutel,
            "edcLk01" if self.abonnee.profiel == "zds0120" else soort,
            self.klantcontact,
            document,
            mutatiesoort=mutatiesoort,
            versie=self.versie,
        )


def _streams(record: rgbz.Klantcontact, zaak: rgbz.ZaakFeiten, *, settings: Settings) -> Iterator[_Stream]:
    """The abonnees that hear of this zaak, each with the key of the stream in which it does."""
    for naam, abonnee in settings.abonnee.items():
        if "*" in abonnee.zaaktypen or zaak.zaaktype in abonnee.zaaktypen:
            sleutel = zaak.identificatie if abonnee.volgorde == "zaak" else ""
            yield _Stream(naam, sleutel, abonnee, record.identificatie, record.versie)


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
