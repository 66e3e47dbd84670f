"""What must be sent about an accepted contact: to each abonnee, and by mail to betrokkenen.

Pure. docs/mapping.md §5: documents go before the contact that refers to them, and a stream keeps that order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stuf_klantcontact import outbox, rgbz
from stuf_klantcontact.intake import about
from stuf_klantcontact.mapping import zds0120
from stuf_klantcontact.opvoering import STAFF, Opvoering
from stuf_klantcontact.outbox import Mutatiesoort, Order, Soort
from stuf_klantcontact.settings import Abonnee, Settings
from stuf_klantcontact.stuurgegevens import Systeem


def orders(
    record: rgbz.Klantcontact,
    documenten: Sequence[rgbz.Informatieobject],
    *,
    zaak: rgbz.ZaakFeiten | None,
    settings: Settings,
) -> list[Order]:
    """What each abonnee gets of a new klantcontact: orders, in the order in which they must leave.

    Each document (iobLk01) comes before the contact that refers to it (klcLk01), all with mutatiesoort T; a
    receiver of zaakdocumenten gets both as edcLk01. Empty for a contact that is only kept (`record.effect`), and
    without a `zaak`, whose zaaktype says who subscribes. Raises nothing.

    docs/mapping.md §5; StUF 03.01 §5.1; stuf-facts §4.1.
    """
    if record.effect != "uitgewisseld" or zaak is None:
        return []
    found: list[Order] = []
    bronnen = _bronnen(documenten, settings=settings)
    for stream, _ in _streams(record, zaak, told={}, settings=settings):
        new = [d for d in documenten if bronnen.get(d.bron) != stream.naam]
        found += [order for d in new for order in stream.document("T", d.identificatie)]
        found += stream.contact("T" if stream.tells(record.groep) else None)
    return found


def changes(
    record: rgbz.Klantcontact,
    vervangen: rgbz.Vervangen,
    *,
    was: tuple[str, str],
    told: Mapping[str, outbox.Told],
    bron: str,
    zaak: rgbz.ZaakFeiten | None,
    settings: Settings,
) -> list[Order]:
    """What each abonnee gets of a correction or withdrawal; `was` is the groep and the effect before it,
    `told` what outbox.told says of it, and `bron` the sleutel of the system whose message added it ("": not known).

    A correction or withdrawal goes to who has it, by what was sent (`told`) and not by today's zaaktype; who never
    had it gets it as new. New documents go before the contact that refers to them, and documents that are gone
    after it.
    """
    if zaak is None:
        return []
    now = record.effect == "uitgewisseld" and not record.ingetrokken
    documenten = (*vervangen.gelijk, *vervangen.gewijzigd, *vervangen.nieuw)
    gone = (*vervangen.vervallen, *(() if now else (*vervangen.gelijk, *vervangen.gewijzigd)))
    source = about.abonnee(bron, settings=settings)
    # What this versie took out or replaced is still here: who brought that has it until it hears of this.
    here = [d for d in record.informatieobjecten if d.tot in (None, record.versie)]
    bronnen = _bronnen(here, settings=settings)
    found: list[Order] = []
    for stream, subscribed in _streams(record, zaak, told=told, settings=settings):
        known = told.get(stream.naam)
        has = known.present if known else frozenset()
        ordered = known.ordered if known else frozenset()
        if stream.naam == source:
            has |= _unsent(vervangen, was=was, stream=stream) - ordered
        if not has and not subscribed:
            continue
        if now:  # its own document stays its own when a contact goes that refers to it
            has |= {d.identificatie for d in here if bronnen.get(d.bron) == stream.naam} - ordered
        for name in documenten if now else ():
            if name not in has:
                found += stream.document("T", name)
            elif name in vervangen.gewijzigd:
                found += stream.document("C", name)
        found += stream.contact(_change(None in has, now and stream.tells(record.groep)))
        found += [order for name in gone if name in has for order in stream.document("V", name)]
    return found


def _bronnen(documenten: Iterable[rgbz.Informatieobject], *, settings: Settings) -> Mapping[str, str | None]:
    """The abonnee that each system is by whose own message a document came."""
    return {bron: about.abonnee(bron, settings=settings) for bron in {d.bron for d in documenten if d.bron}}


def _unsent(vervangen: rgbz.Vervangen, *, was: tuple[str, str], stream: "_Stream") -> frozenset[str | None]:
    """What was there of a contact, which the abonnee that told us of it has: what we never sent it, it brought."""
    if was[1] != "uitgewisseld":
        return frozenset()
    documenten = (*vervangen.gelijk, *vervangen.gewijzigd, *vervangen.vervallen)
    return frozenset((*documenten, None) if stream.tells(was[0]) else documenten)


def present(
    record: rgbz.Klantcontact,
    *,
    naam: str,
    has: frozenset[str | None],
    sleutel: str,
    soort: Literal["klcSa01", "klcLk01"],
    settings: Settings,
    elders: tuple[str, ...] = (),
) -> list[Order]:
    """What brings one abonnee up to date with a contact as it is now, whatever it missed or lost.

    `naam` is one of settings.abonnee (else KeyError), `sleutel` the key of the stream to put it in, `soort` the
    message for the contact itself where it is there. `has` is what it has of it: the identificaties of documents,
    and None for the contact itself. `record` comes with its zaak, and with its documents, those that are gone too.

    Gives orders in the order in which they must leave: T of what is there (C of what it has already, when it keeps
    zaakdocumenten: there a document that is known cannot be new), V of what is there no longer.

    StUF 03.01 §5.1 and §5.4; stuf-facts §4.1 and §7.
    """
    abonnee = settings.abonnee[naam]
    stream = _Stream(naam, sleutel, elders, abonnee, record.identificatie, record.versie)
    subscribed = record.zaak is not None and subscribes(abonnee, record.zaak.zaaktype)
    now = record.effect == "uitgewisseld" and not record.ingetrokken and (subscribed or bool(has))
    keeps = abonnee.profiel == "zds0120"
    ever = {d.identificatie: d for d in record.informatieobjecten}
    documenten = {name: d for name, d in ever.items() if now and d.tot is None}
    found: list[Order] = []
    for name, document in documenten.items():
        known = keeps and name in has
        if not known:
            found += stream.document("T", name)
        elif document.sinds > 1:
            found += replace(stream, versie=document.sinds).document("C", name)
    if now and stream.tells(record.groep):
        corrected = keeps and None in has
        if not corrected or record.versie > 1:
            found += stream.contact("C" if corrected else "T", soort)
    elif None in has:
        found += stream.contact("V")
    for name in sorted(name for name in has if name is not None and name in ever and name not in documenten):
        versie = ever[name].tot or record.versie
        found += replace(stream, versie=versie).document("V", name)
    return found


def but(orders: Sequence[Order], zender: Systeem, *, settings: Settings) -> list[Order]:
    """The orders for everybody but the system that told us: it is not told in turn."""
    told = about.abonnee(zender.sleutel, settings=settings)
    return [order for order in orders if told is None or order.abonnee != told]


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
    elders: tuple[str, ...]
    abonnee: Abonnee
    klantcontact: str
    versie: int

    def tells(self, groep: str) -> bool:
        """Whether there is a message about the contact itself, besides its documents.

        A receiver of zaakdocumenten gets a contactverslag of every contact, others hear of conversations alone.
        """
        return self.abonnee.profiel == "zds0120" or groep == "persoonlijk"

    def contact(self, mutatiesoort: Mutatiesoort | None, soort: Soort = "klcLk01") -> list[Order]:
        return [] if mutatiesoort is None else [self._order(soort, mutatiesoort)]

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
            elders=self.elders,
        )


def _streams(
    record: rgbz.Klantcontact, zaak: rgbz.ZaakFeiten, *, told: Mapping[str, outbox.Told], settings: Settings
) -> Iterator[tuple[_Stream, bool]]:
    """The abonnees that hear of this zaak now (true) or were told of this contact before, each with its stream."""
    for naam, abonnee in settings.abonnee.items():
        subscribed = subscribes(abonnee, zaak.zaaktype)
        if subscribed or naam in told:
            key = sleutel(zaak.identificatie, abonnee)
            behind = elders(zaak.identificatie, told.get(naam))
            yield _Stream(naam, key, behind, abonnee, record.identificatie, record.versie), subscribed


def elders(zaakidentificatie: str, told: outbox.Told | None = None) -> tuple[str, ...]:
    """The streams behind which a message about a zaak goes while something is open there; the first that has.

    So the setting for volgorde may be changed. What is open of a zaak is never in two of them: nothing of it goes
    into that of the system while its own is open, nor into its own while that of the system is. A klantcontact
    whose zaak has another number by now is followed where it was told of.
    """
    return tuple(dict.fromkeys(((told.sleutel if told else "") or zaakidentificatie, zaakidentificatie, "")))


def sleutel(zaakidentificatie: str, abonnee: Abonnee) -> str:
    """The key of the stream in which an abonnee hears of a zaak, as it is set now."""
    return zaakidentificatie if abonnee.volgorde == "zaak" else ""


def subscribes(abonnee: Abonnee, zaaktype: str) -> bool:
    """Whether an abonnee hears of zaken of this zaaktype."""
    return "*" in abonnee.zaaktypen or zaaktype in abonnee.zaaktypen


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
