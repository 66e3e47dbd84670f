"""What is wrong with a message, besides what its schema and the business rules say.

Findings about the header and the kind of message, each with the code of the standard that it is refused with.
StUF 03.01 §4.2 and table 8.1 (the checks of soort 3); stuf-facts §8.2.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from lxml import etree

from stuf_klantcontact import access, stuurgegevens
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.names import (
    KC,
    KLC,
    PREFIXES,
    STUF0301,
    STUF0302,
    prefixed,
    qname,
    split,
)
from stuf_klantcontact.parsing.refusals import line_of
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.settings.partners import Operatie
from stuf_klantcontact.stuurgegevens import Header

PORTS: Final = (
    "OntvangAsynchroon",
    "VerwerkSynchroneKennisgeving",
    "VerwerkSynchroonVrijBericht",
    "BeantwoordVraag",
    "VerstrekSynchronisatieBericht",
    "VerwerkTriggerbericht",
)
SYNCHRONOUS_PORTS: Final = frozenset(PORTS) - {"OntvangAsynchroon"}
ASYNCHRONOUS: Final = "OntvangAsynchroon"
VRIJ: Final = "VerwerkSynchroonVrijBericht"
KENNISGEVING: Final = "VerwerkSynchroneKennisgeving"
VRAAG: Final = "BeantwoordVraag"
SYNCHRONISATIE: Final = "VerstrekSynchronisatieBericht"
TRIGGER: Final = "VerwerkTriggerbericht"

Soort = Literal[
    "toevoegen",
    "wijzigen",
    "verwijderen",
    "zaak",
    "klantcontact",
    "document",
    "vraag",
    "verzoek",
    "uitslag",
    "trigger",
]


class Operation(NamedTuple):
    """A message that we take: the port it belongs on, the word in `operaties` that allows it, and what it is."""

    port: str
    operatie: Operatie
    soort: Soort


ZAKEN: Final = "zaken"
KLANTCONTACTEN: Final = "klantcontacten"
VRAGEN: Final = "vragen"
BEVESTIGINGEN: Final = "bevestigingen"
VOEG_TOE: Final = "voegKlantcontactToe"
WIJZIG: Final = "wijzigKlantcontact"
VERWIJDER: Final = "verwijderKlantcontact"
_VRIJ: Final[Mapping[Operatie, Soort]] = {VOEG_TOE: "toevoegen", WIJZIG: "wijzigen", VERWIJDER: "verwijderen"}
OPERATIONS: Final[Mapping[str, Operation]] = {
    **{qname(KC, f"{name}_Di02"): Operation(VRIJ, name, soort) for name, soort in _VRIJ.items()},
    **{qname(KC, f"{name}_Di01"): Operation(ASYNCHRONOUS, name, soort) for name, soort in _VRIJ.items()},
    qname(KLC, "klcLk01"): Operation(ASYNCHRONOUS, KLANTCONTACTEN, "klantcontact"),
    qname(KLC, "klcLk02"): Operation(KENNISGEVING, KLANTCONTACTEN, "klantcontact"),
    qname(KLC, "klcSa01"): Operation(ASYNCHRONOUS, KLANTCONTACTEN, "klantcontact"),
    qname(KLC, "klcSa02"): Operation(KENNISGEVING, KLANTCONTACTEN, "klantcontact"),
    qname(KLC, "iobLk01"): Operation(ASYNCHRONOUS, KLANTCONTACTEN, "document"),
    qname(KLC, "iobLk02"): Operation(KENNISGEVING, KLANTCONTACTEN, "document"),
    qname(KLC, "klcLv01"): Operation(VRAAG, VRAGEN, "vraag"),
    qname(KLC, "zakLv01"): Operation(VRAAG, VRAGEN, "vraag"),
    qname(KLC, "klcSa03"): Operation(ASYNCHRONOUS, VRAGEN, "verzoek"),
    qname(KLC, "klcSa04"): Operation(SYNCHRONISATIE, VRAGEN, "verzoek"),
    **{
        qname(namespace, f"{code}Bericht"): Operation(ASYNCHRONOUS, BEVESTIGINGEN, "uitslag")
        for namespace in (STUF0301, STUF0302)
        for code in ("Bv01", "Fo01", "Fo03")
    },
    **{
        qname(namespace, "Tr01Bericht"): Operation(TRIGGER, BEVESTIGINGEN, "trigger")
        for namespace in (STUF0301, STUF0302)
    },
    **{
        tag: Operation(KENNISGEVING if tag.endswith("Lk02") else ASYNCHRONOUS, ZAKEN, "zaak")
        for tag in zkn0310.OPERATIONS
    },
}
"""Each message we take, by the Clark name of its root; in the order in which people read of them."""


REFERENCE_LENGTH: Final = 40


NOT_ALLOWED: Final = Fout.StUF052.name
"""The rule of a zender that may not; an opvoerder that may not breaks KC-06 or KC-07."""
_STRANGE: Final = frozenset({Fout.StUF010, Fout.StUF013, Fout.StUF052})


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation and the code it would be refused with."""

    fout: Fout
    violation: Violation


def identity(header: Header, *, authenticated: str, settings: Settings) -> list[Finding]:
    """Who sent it, and was it meant for us. What the schema will say is absent is not said twice."""
    found: list[Finding] = []
    zender, ontvanger = header.zender, header.ontvanger
    if ontvanger.applicatie and not access.is_us(ontvanger, gateway=settings.gateway):
        us = settings.gateway
        expected = "|".join(part for part in (us.organisatie, us.applicatie, us.administratie) if part)
        found.append(
            standard(
                Fout.StUF010,
                "StUF:ontvanger",
                nl="Zet deze gateway in StUF:ontvanger, met organisatie, applicatie en administratie.",
                en="Put this gateway in StUF:ontvanger, with organisatie, applicatie and administratie.",
                expected=expected,
            )
        )
    known = access.is_known(zender, zenders=settings.zender, gateway=settings.gateway)
    if zender.applicatie and not known:
        found.append(
            standard(
                Fout.StUF013,
                "StUF:zender",
                nl="Gebruik de organisatie en applicatie waaronder uw systeem hier is aangemeld.",
                en="Use the organisatie and applicatie under which your system is registered here.",
            )
        )
    elif zender.applicatie and zender.applicatie != authenticated:
        found.append(
            standard(
                Fout.StUF052,
                "StUF:zender",
                nl="Meld u aan als het systeem dat in StUF:zender staat.",
                en="Authenticate as the system that StUF:zender names.",
            )
        )
    return found


def is_stranger(findings: Sequence[Finding]) -> bool:
    """Whether they say that the sender is not known, or may not: then it learns nothing about zaken."""
    return any(finding.fout in _STRANGE for finding in findings)


def abonnee(systeem: str, *, settings: Settings) -> str | None:
    """The abonnee that a system is, by its sleutel (Systeem.sleutel); None when it is none."""
    known = (naam for naam in settings.abonnee if stuurgegevens.abonnee(naam, settings=settings).sleutel == systeem)
    return next(known, None)


def text(message: etree._Element, path: str) -> str:
    """The text at a path of local names below the root; "" when there is none."""
    found = message.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    return "" if found is None else (found.text or "").strip()


def not_allowed(operatie: str) -> Finding:
    """The zender may not use this operation; `operatie` is the word that would allow it."""
    return standard(
        Fout.StUF052,
        "StUF:zender",
        nl=f'Vraag functioneel beheer om "{operatie}" in operaties van deze [zender].',
        en=f'Ask functioneel beheer for "{operatie}" in operaties of this [zender].',
    )


def unexplained() -> Finding:
    """The schema refused the message, and no search says why: it is refused all the same."""
    return standard(
        Fout.StUF055,
        "",
        nl="Controleer het bericht met het schema uit de WSDL.",
        en="Check the message against the schema of the WSDL.",
    )


def too_late() -> Finding:
    """We took longer than a synchronous sender waits; nothing of the message was kept."""
    return standard(
        Fout.StUF960,
        "",
        nl="Het verwerken duurde te lang; er is niets bewaard. Bied het bericht later ongewijzigd opnieuw aan.",
        en="Processing took too long; nothing was kept. Offer the message again later, unchanged.",
    )


def other_zaak(element: str) -> Finding:
    """A contact that was exchanged is to go to another zaak."""
    return standard(
        Fout.StUF058,
        element,
        nl="Een klantcontact kan niet naar een andere zaak worden gewijzigd: trek het in en voeg het daar toe.",
        en="A klantcontact cannot be corrected to another zaak: withdraw it, and add it there.",
    )


def incomplete_header(header: Header) -> list[Finding]:
    """What a zaak message must say for us to answer it and to know it when it comes again."""
    return [
        standard(
            Fout.StUF055,
            f"StUF:{name}",
            nl=f"Vul StUF:{name} in de stuurgegevens.",
            en=f"Fill StUF:{name} in the stuurgegevens.",
        )
        for name, value, shortest, longest in (
            ("zender", header.zender.applicatie, 1, 50),
            ("zender", header.zender.administratie, 0, 50),
            ("zender", header.zender.gebruiker, 0, 100),
            ("ontvanger", header.ontvanger.applicatie, 1, 50),
            ("referentienummer", header.referentienummer, 1, REFERENCE_LENGTH),
            ("tijdstipBericht", header.tijdstip_bericht, 1, 17),
        )
        if not shortest <= len(value) <= longest
    ]


def standard(
    fout: Fout, element: str, *, nl: str, en: str, value: str | None = None, expected: str | None = None
) -> Finding:
    """A finding whose rule is the standard's own code."""
    violation = Violation(
        rule=fout.name, message=fout.situation, hint=Text(nl, en), element=element, value=value, expected=expected
    )
    return Finding(fout, violation)


def code_of(violation: Violation) -> Fout:
    """The code to refuse with: the rule itself when it is one of the standard; else that of schema or rules."""
    if violation.rule in Fout.__members__:
        return Fout[violation.rule]
    return Fout.StUF055 if violation.rule.startswith("XSD-") or violation.rule in _FORM else Fout.StUF058


_FORM: Final = frozenset({"StUF-REFERENTIENUMMER", "StUF-TIJDSTIPBERICHT"})
"""What a message is known by has no value in the form of the standard, as if its schema said so."""


def placed(violation: Violation, message: etree._Element) -> Violation:
    """Add the line and the path of the element that a rule speaks of; of what it would be in when it is absent."""
    if violation.path is not None or not violation.element:
        return violation
    element = message
    for step in violation.element.split("/"):
        local, _, position = step.rpartition(":")[2].partition("[")
        found = [e for e in element.iter(etree.Element) if split(e.tag)[1] == local]
        index = int(position.rstrip("]")) - 1 if position else 0
        if index >= len(found):
            break
        element = found[index]
    steps = etree.ElementTree(message).getelementpath(element)
    inner = re.sub(r"\{([^}]*)\}", lambda m: f"{PREFIXES[m[1]]}:" if m[1] in PREFIXES else "", steps)
    path = f"/{prefixed(message.tag)}" + ("" if steps == "." else f"/{inner}")
    return replace(violation, line=line_of(element), path=path)
