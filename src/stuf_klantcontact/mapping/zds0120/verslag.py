"""The contactverslag: what a klantcontact was, in Dutch, for people who open a zaakdocument.

Pure. It holds the whole toelichting, of which RGBZ keeps 1,000 characters, and no BSN of anybody; what a person
wrote is not changed, only its line ends. RGBZ 2.0 deel II §2.5 (KLANTCONTACT); docs/mapping.md §5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.rgbz import BetrokkeneFeiten, Informatieobject, Klantcontact
from stuf_klantcontact.tijdstip import AMSTERDAM

_DAGEN: Final = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MAANDEN: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_KOPPEN: Final = {
    "T": "Contactverslag",
    "C": "Contactverslag (correctie)",
    "V": "Contactverslag (ingetrokken)",
}
_ONBEKEND: Final = "niet bekend"


@dataclass(frozen=True, slots=True)
class Verslag:
    """A verslag before it has a form: a title, lines of a name and a value, and parts with running text."""

    kop: str
    vooraf: str
    regels: tuple[tuple[str, str], ...]
    delen: tuple[tuple[str, str], ...]
    slot: str

    @property
    def tekst(self) -> str:
        """As plain text."""
        width = max(len(naam) for naam, _ in self.regels) + 2
        lines = [self.kop, "=" * len(self.kop), ""]
        if self.vooraf:
            lines += [self.vooraf, ""]
        lines += [f"{naam + ':':<{width}}{waarde}" for naam, waarde in self.regels]
        for naam, inhoud in self.delen:
            lines += ["", naam, "-" * len(naam), inhoud]
        return "\n".join([*lines, "", self.slot, ""])


def contactverslag(klantcontact: Klantcontact, *, mutatiesoort: str = "T", vorige: str = "") -> Verslag:
    """The verslag of a new (T), corrected (C) or withdrawn (V) klantcontact.

    `vorige` is the documentidentificatie of the verslag before this one, when that is another zaakdocument.
    """
    regels = [("Zaak", _zaak(klantcontact)), ("Datum en tijd", moment(klantcontact.datum_tijd))]
    regels += [("Kanaal", klantcontact.kanaal), *_wie(klantcontact), ("Onderwerp", klantcontact.onderwerp)]
    status = klantcontact.status
    if status is not None:
        regels.append(("Status van de zaak", status.omschrijving or f"volgnummer {status.volgnummer}"))
    documenten = [
        document
        for document in klantcontact.informatieobjecten
        if not is_toelichting(document.identificatie, klantcontact=klantcontact.identificatie)
    ]
    delen = [
        ("Toelichting", toelichting(klantcontact)),
        ("Uitkomst", klantcontact.uitkomst),
        ("Afspraken", klantcontact.afspraken),
        ("Documenten", "\n".join(f"- {_document(document)}" for document in documenten)),
    ]
    return Verslag(
        kop=_KOPPEN[mutatiesoort],
        vooraf=_vooraf(mutatiesoort, vorige),
        regels=tuple((naam, " ".join(waarde.split())) for naam, waarde in regels if waarde),
        delen=tuple((naam, _lines(inhoud)) for naam, inhoud in delen if inhoud.strip()),
        slot=f"Klantcontact {klantcontact.identificatie} van {klantcontact.verantwoordelijke_organisatie}",
    )


def moment(value: datetime) -> str:
    """For people, in Dutch local time: "zondag 22 november 2026, 10:12 uur"."""
    local = value.astimezone(AMSTERDAM)
    return f"{_DAGEN[local.weekday()]} {local.day} {_MAANDEN[local.month - 1]} {local.year}, {local:%H:%M} uur"


def toelichting(klantcontact: Klantcontact) -> str:
    """The whole toelichting, from the document that was made of it when it was too long for RGBZ."""
    for document in klantcontact.informatieobjecten:
        if (
            is_toelichting(document.identificatie, klantcontact=klantcontact.identificatie)
            and document.inhoud is not None
        ):
            return document.inhoud.inhoud.decode()
    return klantcontact.toelichting


def is_toelichting(document: str, *, klantcontact: str) -> bool:
    """Whether a document was made here of a toelichting (gfozaken.documenten): the verslag holds that whole."""
    return document == f"{klantcontact}-T"


def partij(klantcontact: Klantcontact) -> str:
    """The name of who was spoken or written with; empty when none is known. Never a number of a person."""
    found = klantcontact.partij
    if found is None:
        return ""
    betrokkenen = [
        BetrokkeneFeiten(b.rol, b.soort, b.identificatie, b.naam)
        for b in (klantcontact.zaak.betrokkenen if klantcontact.zaak else ())
    ]
    return gfozaken.partijnaam(found, betrokkenen=betrokkenen)  # type: ignore[arg-type]  # stored as it was read


def medewerker(klantcontact: Klantcontact) -> str:
    """The name of the medewerker, or of a medewerker or afdeling that added the contact; empty: nobody of ours."""
    if klantcontact.medewerker is not None:
        return _naam(klantcontact.medewerker, "achternaam")
    if klantcontact.opvoerder.get("soort") in ("medewerker", "organisatorischeEenheid"):
        return _naam(klantcontact.opvoerder, "naam")
    return ""


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


def _zaak(klantcontact: Klantcontact) -> str:
    zaak = klantcontact.zaak
    return "" if zaak is None else ", ".join(part for part in (zaak.identificatie, zaak.omschrijving) if part)


def _wie(klantcontact: Klantcontact) -> Sequence[tuple[str, str]]:
    ander, zelf = {
        "ontvangst": ("Ontvangen van", "Vastgelegd door"),
        "verzending": ("Verzonden aan", "Verzonden door"),
    }.get(klantcontact.groep, ("Met", "Door"))
    regels = [(ander, _partij(klantcontact) or _ONBEKEND)]
    door = medewerker(klantcontact)
    if door or klantcontact.groep == "persoonlijk":
        regels.append((zelf, door or _ONBEKEND))
    return regels


def _partij(klantcontact: Klantcontact) -> str:
    found = klantcontact.partij
    if found is None:
        return ""
    words = [partij(klantcontact)]
    if found.get("vestigingsnummer"):
        words.append(f"vestiging {found['vestigingsnummer']}")
    contactpersoon = found.get("contactpersoon") or {}
    if contactpersoon.get("naam"):
        functie = contactpersoon.get("functie", "")
        words.append(f"contactpersoon {contactpersoon['naam']}" + (f" ({functie})" if functie else ""))
    for naam, label in (("telefoonnummer", "telefoon"), ("emailadres", "e-mail")):
        if contactpersoon.get(naam):
            words.append(f"{label} {contactpersoon[naam]}")
    namens = found.get("namens") or {}
    if namens.get("naam"):
        words.append(f"namens {namens['naam']}")
    if klantcontact.partij_herkomst == "initiator":
        words.append("initiator van de zaak")
    return ", ".join(word for word in words if word)


def _naam(values: Mapping[str, Any], achternaam: str) -> str:
    """A name with what goes before it; without one the number of an employee."""
    if not values.get(achternaam):
        return str(values.get("identificatie", ""))
    words = (values.get("voorletters", ""), values.get("voorvoegsel", ""), values[achternaam])
    return " ".join(str(word) for word in words if word)


def _document(document: Informatieobject) -> str:
    beside = document.bestandsnaam or document.verwijzing
    return " ".join((document.titel + (f" ({beside})" if beside else "")).split())


def _vooraf(mutatiesoort: str, vorige: str) -> str:
    eerder = f"het verslag in document {vorige}" if vorige else "het eerdere verslag van dit klantcontact"
    return {
        "C": f"Dit verslag vervangt {eerder}.",
        "V": f"Dit klantcontact is ingetrokken; {eerder} geldt niet meer.",
    }.get(mutatiesoort, "")
