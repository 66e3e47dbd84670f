"""What is wrong with a klantcontact or document that is told in klc, in the words of that koppelvlak."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lxml import etree

from stuf_klantcontact import rules
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.limits import RELATIONS, Limits
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import (
    InformatieobjectGegevens,
    Kennisgeving,
    KlantcontactGegevens,
    ZaakVerwijzing,
)
from stuf_klantcontact.opvoering import Document
from stuf_klantcontact.rgbz import Informatieobject
from stuf_klantcontact.rules import documents
from stuf_klantcontact.settings import Settings

_IN_KLC: Final[Mapping[str, str]] = {
    "kc:zaakidentificatie": "zkn:heeftBetrekkingOp",
    "gfo:Klantcontact": "klc:object",
    "gfo:Type": "zkn:kanaal",
    "gfo:Opvoerder": "zkn:isGevoerdDoor",
    "kc:medewerker": "zkn:isGevoerdDoor",
    "gfo:DatumGezet": "zkn:datum-tijd",
    "kc:contactpartij": "klc:object",
    "kc:contactpersoon": "zkn:contactpersoonKlant-contactpersoon",
    "kc:bsn": "bg:inp.burgerservicenummer",
    "kc:vestigingsnummer": "bg:vestigingsnummer",
    "kc:rsin": "StUF:extraElementen",
    "kc:geboortedatum": "bg:geboorte",
}
_WORDS: Final[Mapping[str, str]] = {
    "gfo:Documenten/dga:Document": "zkn:heeftRelevant",
    "gfo:Documenten": "zkn:heeftRelevant",
    "gfo:Toelichting": "zkn:toelichting",
    "DatumGezet": "zkn:datum-tijd",
}
"""What the sentences of the rules call what klc names otherwise; the longer first."""


def judged(
    findings: Sequence[Finding],
    gegevens: KlantcontactGegevens,
    *,
    exchanged: bool,
    other_zaak: bool,
    had_partij: bool,
    objects: int = 1,
) -> list[Finding]:
    """What the rules found, said of klc: they name the elements of kc, which its sender does not know.

    `exchanged`: it was told to others already, and `other_zaak`: of another zaak, or of one where there is none.
    `had_partij`: it was with somebody whom RGBZ relates. `objects`: how many the message has; the last is huidig.
    """
    found: list[Finding] = []
    zaak = gegevens.zaak is not None and gegevens.zaak.aanwezig
    medewerker = gegevens.medewerker is not None and gegevens.medewerker.aanwezig
    if not zaak and exchanged:
        found.append(_without_zaak())
    elif other_zaak and exchanged:
        found.append(about.other_zaak("zkn:heeftBetrekkingOp"))
    if gegevens.partij is None and had_partij and exchanged:
        found.append(_partijen())
    for finding in findings:
        rule = finding.violation.rule
        if rule == "KC-02" and not zaak:
            found += [] if exchanged else [_without_zaak()]
        elif rule == "KC-06" and finding.violation.expected is not None and not medewerker:
            found.append(_without_medewerker())
        elif rule != "KC-04":  # a kanaal is free text (AN20), and needs no Type
            found.append(Finding(finding.fout, _in_klc(finding.violation, objects=objects)))
    return found


def _in_klc(violation: Violation, *, objects: int) -> Violation:
    """The violation as the sender of a klc message would know it: of huidig, by the names that it has there."""
    element = _IN_KLC.get(violation.element or "", violation.element or "")
    huidig = f"klc:object[{objects}]" if objects > 1 else "klc:object"
    return replace(
        violation,
        element=huidig if element in ("", "klc:object") else f"{huidig}/{element}",
        message=Text(_said(violation.message.nl), _said(violation.message.en)),
        hint=violation.hint and Text(_said(violation.hint.nl), _said(violation.hint.en)),
        expected=violation.expected and _said(violation.expected),
    )


def _said(sentence: str) -> str:
    for kc, klc in _WORDS.items():
        sentence = sentence.replace(kc, klc)
    return sentence


def not_stored(gegevens: KlantcontactGegevens) -> list[Finding]:
    """What no record can hold of a contact as it would be: a second partij, or what only a gateway says."""
    found: list[Finding] = []
    if sum(relatie.aanwezig for relatie in gegevens.partijen) > 1:
        found.append(_partijen())
    if names := zkn0320.unreadable(gegevens.extra):
        found.append(
            about.standard(
                Fout.StUF055,
                "StUF:extraElementen",
                value=names[0][:40],
                nl="Laat extraElementen weg die met dossier. beginnen: alleen een gateway gebruikt die.",
                en="Leave out extraElementen that begin with dossier.: only a gateway uses these.",
            )
        )
    return found


def _partijen() -> Finding:
    violation = Violation(
        rule="KC-10",
        message=Text(
            "Een klantcontact is met precies een natuurlijk persoon of vestiging.",
            "A klantcontact is with exactly one natuurlijk persoon or vestiging.",
        ),
        hint=Text(
            "Neem de een weg (V) in het bericht dat de ander toevoegt (T), of trek het klantcontact in.",
            "Take the one away (V) in the message that adds the other (T), or withdraw the klantcontact.",
        ),
        element="zkn:heeftPlaatsgevondenMetNPS",
        expected="zkn:heeftPlaatsgevondenMetNPS | zkn:heeftPlaatsgevondenMetVES",
    )
    return Finding(rules.rule("KC-10").fout, violation)


def other_zaken(huidig: InformatieobjectGegevens) -> list[Finding]:
    """A document belongs to one zaak here: what is said of a second could not be kept."""
    if sum(relatie.aanwezig for relatie in huidig.zaken) <= 1:
        return []
    return [another_zaak()]


def another_zaak() -> Finding:
    """A document that has a zaak is to have a second."""
    return about.standard(
        Fout.StUF058,
        "zkn:isBekendBij",
        nl="Een document hoort hier bij een zaak: noem er een, en vervang die met verwerkingssoort R.",
        en="A document belongs to one zaak here: name one, and replace it with verwerkingssoort R.",
    )


def not_one(
    kennisgeving: Kennisgeving[KlantcontactGegevens] | Kennisgeving[InformatieobjectGegevens],
) -> list[Finding]:
    """StUF058: oud and huidig are not one object, or two are to become one (verwerkingssoort O); [] when they are.

    StUF 03.01 §5.1; docs/mapping.md §7.
    """
    oud, huidig = kennisgeving.oud, kennisgeving.huidig
    if oud is None or huidig is None:
        return []
    contact = isinstance(huidig, KlantcontactGegevens)
    element = "zkn:identificatie" if contact else "zkn:informatieobjectidentificatie"
    if "O" in (oud.verwerkingssoort, huidig.verwerkingssoort):
        return [
            about.standard(
                Fout.StUF058,
                "klc:object",
                nl="Ontdubbelen (verwerkingssoort O) kan hier niet: trek het ene in (V) en wijzig het andere (W).",
                en="Two cannot be merged here (verwerkingssoort O): withdraw the one (V), change the other (W).",
            )
        ]
    if not oud.identificatie or (oud.identificatie, _organisatie(oud)) == (
        huidig.identificatie,
        _organisatie(huidig),
    ):
        return []
    return [
        about.standard(
            Fout.StUF058,
            element,
            value=huidig.identificatie[:40],
            expected=oud.identificatie[:40],
            nl="Geef oud en huidig dezelfde identificatie en organisatie: zij zijn een en hetzelfde object.",
            en="Give oud and huidig the same identificatie and organisatie: they are one and the same object.",
        )
    ]


def _organisatie(gegevens: KlantcontactGegevens | InformatieobjectGegevens) -> str:
    if isinstance(gegevens, KlantcontactGegevens):
        return gegevens.verantwoordelijke_organisatie
    return gegevens.bronorganisatie


def bad_document(new: Informatieobject, *, onleesbaar: bool, limits: Limits) -> list[Finding]:
    """KC-12, as of a document that comes with a voegKlantcontactToe; [] when nothing is wrong with `new`.

    `onleesbaar`: its content came and was no base64. `limits` are in bytes; docs/mapping.md §4.
    """
    document = Document(
        titel=new.titel,
        identificatie=new.identificatie,
        bestandsnaam=new.bestandsnaam,
        formaat=new.formaat,
        inhoud=None if new.inhoud is None else new.inhoud.inhoud,
        verwijzing=new.verwijzing,
        onleesbaar=("Inhoud",) if onleesbaar else (),
    )
    rule = rules.rule("KC-12")
    found: list[Finding] = []
    for problem in documents.problems([document], limits=limits, valid=True):
        expected = problem.expected or ""
        for name, element in _DOCUMENT.items():
            expected = expected.replace(name, element)
        violation = Violation(
            rule=rule.id,
            message=rule.demand,
            hint=rule.cure,
            element="klc:object",
            value=problem.value,
            expected=expected,
        )
        found.append(Finding(rule.fout, violation))
    return found


_DOCUMENT: Final[Mapping[str, str]] = {
    "dga:Titel": "zkn:titel",
    "dga:Formaat": "zkn:eib.formaat",
    "dga:Verwijzing": "zkn:eib.link",
    "base64": "zkn:eib.inhoud: base64",
}


def without_content() -> Finding:
    """KC-05: the last document of a contact goes, and there is no toelichting."""
    return about.standard(
        Fout.StUF058,
        "klc:object",
        nl="Zonder dit document zegt het klantcontact niets meer: trek het klantcontact zelf in (klcLk01, V).",
        en="Without this document the klantcontact says nothing: withdraw the klantcontact itself (klcLk01, V).",
    )


def _without_zaak() -> Finding:
    return about.standard(
        Fout.StUF058,
        "zkn:heeftBetrekkingOp",
        nl="Een klantcontact heeft hier betrekking op een zaak: noem die, of trek het klantcontact in (V).",
        en="A klantcontact relates to a zaak here: name it, or withdraw the klantcontact (V).",
    )


def _without_medewerker() -> Finding:
    return about.standard(
        Fout.StUF058,
        "zkn:isGevoerdDoor",
        nl="Een klantcontact is gevoerd door een medewerker: noem die, met een medewerkeridentificatie.",
        en="A klantcontact was held by a medewerker: name that one, with a medewerkeridentificatie.",
    )


def strange(identificatie: str, organisatie: str, *, settings: Settings) -> list[Finding]:
    """KC-11 for a klantcontact of another organisation, or without a number."""
    wrong: list[Finding] = []
    if not identificatie:
        wrong.append(
            about.standard(
                Fout.StUF055,
                "zkn:identificatie",
                nl="Geef het klantcontact een identificatie van ten hoogste 14 tekens.",
                en="Give the klantcontact an identificatie of at most 14 characters.",
            )
        )
    if organisatie.rjust(9, "0") != settings.gateway.rsin:
        violation = Violation(
            rule="KC-11",
            message=Text(
                "De verantwoordelijke organisatie is niet die van deze gateway.",
                "The verantwoordelijke organisatie is not that of this gateway.",
            ),
            hint=Text(
                "Stuur alleen klantcontacten van de eigen organisatie, met haar RSIN.",
                "Send only klantcontacten of the own organisation, with its RSIN.",
            ),
            element="zkn:verantwoordelijkeOrganisatie",
            expected=settings.gateway.rsin,
        )
        wrong.append(Finding(Fout.StUF058, violation))
    return wrong


def strange_zaak(element: str, zaak: ZaakVerwijzing | None, *, settings: Settings) -> list[Finding]:
    """StUF064 for a zaak of another organisation, which is none of ours with the same number; `element` names it.

    A bronorganisatie that is not said is ours (docs/mapping.md §7).
    """
    if zaak is None or zaak.is_of(settings.gateway.rsin):
        return []
    return [
        about.standard(
            Fout.StUF064,
            element,
            value=zaak.bronorganisatie[:40],
            expected=settings.gateway.rsin,
            nl="Verwijs naar een zaak van deze organisatie: de bronorganisatie is die van een andere.",
            en="Refer to a zaak of this organisation: the bronorganisatie is that of another.",
        )
    ]


def unknown_zaak(element: str, identificatie: str) -> Finding:
    """KC-01, of the zaak that a document is to belong to; `element` is the relation that names it."""
    rule = rules.rule("KC-01")
    violation = Violation(
        rule=rule.id, message=rule.demand, hint=rule.cure, element=element, value=identificatie[:40]
    )
    return Finding(rule.fout, violation)


def crowded(message: etree._Element) -> list[Finding]:
    """StUF058 for an object with more than limits.RELATIONS relations, before anything looks at each; else []."""
    most = max((sum(1 for _ in each.iterchildren(*_RELATIES)) for each in message.iter("{*}object")), default=0)
    if most <= RELATIONS:
        return []
    return [
        about.standard(
            Fout.StUF058,
            "klc:object",
            value=str(most),
            expected=f"0-{RELATIONS}",
            nl=f"Verdeel ze: noem ten hoogste {RELATIONS} relaties per bericht, en voeg de andere toe met W.",
            en=f"Spread them: name at most {RELATIONS} relations in a message, and add the others with W.",
        )
    ]


_RELATIES: Final = tuple(
    f"{{*}}{local}"
    for local in (
        *("heeftBetrekkingOp", "heeftPlaatsgevondenMetNPS", "heeftPlaatsgevondenMetVES", "heeftRelevant"),
        *("isGevoerdDoor", "isBekendBij"),
    )
)


def without_object() -> Finding:
    """StUF055 for a kennisgeving that says nothing: there is no klc:object (StUF 03.01 §5.1)."""
    return about.standard(
        Fout.StUF055,
        "klc:object",
        nl="Zet het klantcontact of document in klc:object.",
        en="Put the klantcontact or document in klc:object.",
    )


def unknown(element: str, identificatie: str) -> Finding:
    """StUF064 for an object that is not here, by the identificatie that `element` refers to (table 8.1)."""
    return about.standard(
        Fout.StUF064,
        element,
        value=identificatie[:40],
        nl="Meld eerst het object waarnaar wordt verwezen, of gebruik de identificatie die het hier heeft.",
        en="Announce the object that is referred to first, or use the identificatie that it has here.",
    )


def withdrawn(identificatie: str) -> Finding:
    """StUF064 for a change of a klantcontact that was withdrawn: only T brings it back (docs/mapping.md §7)."""
    return about.standard(
        Fout.StUF064,
        "zkn:identificatie",
        value=identificatie[:14],
        nl="Dit klantcontact is ingetrokken: voeg het opnieuw toe (mutatiesoort T).",
        en="This klantcontact was withdrawn: add it again (mutatiesoort T).",
    )


def not_replaced(element: str) -> Finding:
    """A relation names another one than is there, and does not say that it takes its place."""
    return about.standard(
        Fout.StUF058,
        f"{element}[2]",
        nl="Hier staat al een ander, en een klantcontact heeft er een: geef de relatie in oud en huidig "
        "verwerkingssoort R, of neem de oude weg (V).",
        en="Another one is there already, and a klantcontact has one: give the relation verwerkingssoort R in oud "
        "and huidig, or take the old one away (V).",
        expected="verwerkingssoort R",
    )
