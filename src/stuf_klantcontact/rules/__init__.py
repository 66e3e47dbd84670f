"""The business rules KC-01… as pure functions over plain values.

Each rule looks at one Case and says what is wrong, or nothing. A rule whose facts are missing (an unknown zaak, a
field the schema refused) is silent: another rule, or the schema, has already spoken; but what a schema allows and
the rules cannot read is refused. Nothing here raises.

docs/mapping.md §3 and §4; the eight rules that The Hague published with its Klantcontact type.
"""

import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.limits import Limits
from stuf_klantcontact.opvoering import STAFF, Medewerker, Opvoering, Partij
from stuf_klantcontact.rules import documents
from stuf_klantcontact.tijdstip import AMSTERDAM, is_known_date

if TYPE_CHECKING:
    # Only their names: who judges without a database need not load what speaks to one.
    from stuf_klantcontact.rgbz import ZaakFeiten
    from stuf_klantcontact.settings import Groep, Zaaktype, Zender

TYPES: Final = ("click", "call", "face", "mail", "e-mail")
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by their category that leave a blank: fillers of Hangul, and Braille without dots."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the rules may look at; `zaak` is None when not known here, `zender` when nobody sent it.

    `valid`: the schema found nothing, so what is missing or unreadable is for the rules to say.
    """

    opvoering: Opvoering
    zaak: "ZaakFeiten | None"
    zaaktype: "Zaaktype | None"
    zender: "Zender | None"
    partij: Partij | None
    medewerker: Medewerker | None
    groep: "Groep"
    now: datetime
    limits: Limits
    zonder_zaak: str = "refuse"
    valid: bool = True


Check = Callable[[Case], list[Violation]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable id, the code it is refused with, what it demands, and how to cure it."""

    id: str
    fout: Fout
    demand: Text
    cure: Text
    check: Check


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings, and the code to refuse with (None: nothing to refuse)."""

    violations: tuple[Violation, ...]
    fout: Fout | None


def judge(case: Case, *, only: Collection[str] | None = None) -> Judgement:
    """Apply every rule; the code is the first by the standard's precedence, then by the lowest KC number.

    `only` names the rules to apply, for who knows no more than the message.
    """
    if case.zender is not None and not case.zender.borgt_voor_opvoerder:
        # Nobody vouches for who asks: nothing more is told, and nothing of any zaak.
        only = {"KC-06"}
    violations: list[Violation] = []
    fouten: list[Fout] = []
    for rule in RULES:
        if only is not None and rule.id not in only:
            continue
        found = rule.check(case)
        violations += found
        fouten += [rule.fout] * bool(found)
    return Judgement(violations=tuple(violations), fout=min(fouten, key=lambda f: f.precedence) if fouten else None)


def groep(
    opvoering: Opvoering, *, partij: Partij | None, medewerker: Medewerker | None, interactief: tuple[str, ...]
) -> "Groep":
    """Which of the six groups a contact belongs to (docs/mapping.md §3).

    persoonlijk, anoniem and zonder_medewerker are conversations; ontvangst and verzending are not, because the
    other side takes no active part. A conversation without a zaak is zonder_zaak whatever else it is.
    """
    if opvoering.type not in interactief:
        ours = opvoering.opvoerder is not None and opvoering.opvoerder.get("soort") == "medewerker"
        outward = opvoering.richting == "uitgaand" or (ours and opvoering.richting != "inkomend")
        return "verzending" if outward else "ontvangst"
    if not opvoering.zaakidentificatie:
        return "zonder_zaak"
    if partij is None or opvoering.anoniem:
        return "anoniem"
    return "persoonlijk" if medewerker is not None else "zonder_medewerker"


def passes_eleven_test(number: str) -> bool:
    """The 11-proef of BSN and RSIN: nine digits, weights 9 to 2 and -1, the sum a multiple of 11, not all zero."""
    if len(number) != 9 or not (number.isascii() and number.isdigit()) or number == "000000000":
        return False
    a, b, c, d, e, f, g, h, i = number.encode()  # each 48 more than its digit, and 43 of 48 in all
    return (9 * a + 8 * b + 7 * c + 6 * d + 5 * e + 4 * f + 3 * g + 2 * h - i - 43 * 48) % 11 == 0


def kc_01(case: Case) -> list[Violation]:
    """The zaak is known here."""
    if case.opvoering.zaakidentificatie and case.zaak is None:
        return [_violation("KC-01", "kc:zaakidentificatie", value=case.opvoering.zaakidentificatie)]
    return []


def kc_02(case: Case) -> list[Violation]:
    """The zaak is running (no einddatum), unless the zaaktype allows closed zaken; and there is a zaak at all."""
    if not case.opvoering.zaakidentificatie:
        return [_violation("KC-02", "kc:zaakidentificatie")] if case.zonder_zaak == "refuse" else []
    if case.zaak is None or case.zaak.einddatum is None:
        return []
    if case.zaaktype is not None and case.zaaktype.gesloten_zaken:
        return []
    return [_violation("KC-02", "kc:zaakidentificatie", value=f"einddatum {case.zaak.einddatum.isoformat()}")]


def kc_03(case: Case) -> list[Violation]:
    """The zaak has a current status."""
    if case.zaak is not None and case.zaak.status_id is None:
        return [_violation("KC-03", "kc:zaakidentificatie")]
    return []


def kc_04(case: Case) -> list[Violation]:
    """Type is one of the five."""
    if case.valid and case.opvoering.type not in TYPES:
        return [_violation("KC-04", "gfo:Type", value=case.opvoering.type, expected=", ".join(TYPES))]
    return []


def kc_05(case: Case) -> list[Violation]:
    """There is a toelichting (with something to be seen in it) or a document."""
    if not any(map(_is_visible, case.opvoering.toelichting)) and not case.opvoering.documenten:
        return [_violation("KC-05", "gfo:Klantcontact", expected="gfo:Toelichting, gfo:Documenten/dga:Document")]
    return []


def _is_visible(character: str) -> bool:
    """Letters, digits, punctuation and symbols; not what only joins, shapes, steers or separates them."""
    return unicodedata.category(character)[0] in "LNPS" and character not in _BLANK


def kc_06(case: Case) -> list[Violation]:
    """The opvoerder is authenticated: the zender is, and is trusted to vouch for opvoerders."""
    if case.zender is not None and not case.zender.borgt_voor_opvoerder:
        return [_violation("KC-06", "gfo:Opvoerder")]
    if case.valid and not (case.opvoering.opvoerder or {}).get("identificatie"):
        return [_violation("KC-06", "gfo:Opvoerder", expected="gfo:Identificatie, gfo:BSN, …")]
    return []


def kc_07(case: Case) -> list[Violation]:
    """The opvoerder is authorised: a medewerker allowed for this zaaktype, or a betrokkene of this zaak."""
    actor, zaaktype, zaak = case.opvoering.opvoerder, case.zaaktype, case.zaak
    if actor is None or zaaktype is None or zaak is None:
        return []
    identificatie = actor.get("identificatie", "")
    if actor.get("soort") in STAFF:
        allowed = "*" in zaaktype.medewerkers or identificatie in zaaktype.medewerkers
    else:
        allowed = zaaktype.betrokkenen and any(
            b.soort == actor.get("soort") and b.identificatie == identificatie != "" for b in zaak.betrokkenen
        )
    return [] if allowed else [_violation("KC-07", "gfo:Opvoerder")]


def kc_08(case: Case) -> list[Violation]:
    """The proceseigenaar allows contacts for this zaaktype, and for this group of contacts."""
    if case.zaak is None:
        return []
    if case.zaaktype is None or not case.zaaktype.klantcontacten:
        return [_violation("KC-08", "kc:zaakidentificatie", value=f"zaaktype {case.zaak.zaaktype}")]
    if case.groep != "zonder_zaak" and getattr(case.zaaktype.groepen, case.groep) == "refuse":
        return [_violation("KC-08", "gfo:Type", value=f"groep {case.groep}")]
    return []


def kc_09(case: Case) -> list[Violation]:
    """DatumGezet exists, is not in the future, nor before the zaak started unless the zaaktype says so."""
    moment = case.opvoering.datum_gezet
    if moment is None:
        expected = "een bestaand moment / a moment that exists"
        return [_violation("KC-09", "gfo:DatumGezet", expected=expected)] if case.valid else []
    local = moment.astimezone(AMSTERDAM)
    if moment > case.now + timedelta(seconds=case.limits.klokverschil):
        return [_violation("KC-09", "gfo:DatumGezet", value=local.isoformat())]
    start = case.zaak.startdatum if case.zaak else None
    if start and local.date() < start and not (case.zaaktype and case.zaaktype.voor_startdatum):
        return [_violation("KC-09", "gfo:DatumGezet", value=local.isoformat(), expected=f">= {start.isoformat()}")]
    return []


def kc_10(case: Case) -> list[Violation]:
    """A personal contact is with exactly one natuurlijk persoon or vestiging; a contactpersoon has a name."""
    wrong: list[Violation] = []
    if case.groep == "persoonlijk" and case.partij is not None and case.partij["soort"] == "nietNatuurlijkPersoon":
        wrong.append(_violation("KC-10", "kc:contactpartij", expected="kc:natuurlijkPersoon, kc:vestiging"))
    contactpersoon = (case.opvoering.contactpartij or {}).get("contactpersoon")
    if case.valid and contactpersoon is not None and "naam" not in contactpersoon:
        wrong.append(_violation("KC-10", "kc:contactpersoon", expected="kc:naam"))
    return wrong


def kc_11(case: Case) -> list[Violation]:
    """Identifiers pass their check: BSN and RSIN the 11-proef, a vestigingsnummer twelve digits; a date exists."""
    wrong: list[Violation] = []
    actor = case.opvoering.opvoerder or {}
    partij = case.opvoering.contactpartij or {}
    number = actor.get("identificatie", "")
    for kind, value, element in (
        ("bsn", number if actor.get("stelsel") == "BSN" else "", "gfo:BSN"),
        ("rsin", number if actor.get("stelsel") == "RSIN" else "", "gfo:RSIN"),
        ("vestigingsnummer", number if actor.get("stelsel") == "Vestigingsnummer" else "", "gfo:Vestigingsnummer"),
        ("bsn", partij.get("bsn", ""), "kc:bsn"),
        ("rsin", partij.get("namens", {}).get("rsin", ""), "kc:rsin"),
        ("vestigingsnummer", partij.get("vestigingsnummer", ""), "kc:vestigingsnummer"),
    ):
        if not value:
            continue
        twelve = len(value) == 12 and value.isascii() and value.isdigit()
        if not (twelve if kind == "vestigingsnummer" else passes_eleven_test(value)):
            expected = "12 cijfers / 12 digits" if kind == "vestigingsnummer" else "11-proef"
            wrong.append(_violation("KC-11", element, value="***", expected=expected))
    geboortedatum = partij.get("geboortedatum", "")
    if case.valid and geboortedatum and not is_known_date(geboortedatum):
        wrong.append(_violation("KC-11", "kc:geboortedatum", value="***", expected=documents.EXISTING))
    if case.valid and case.opvoering.medewerker is not None and not case.opvoering.medewerker.get("identificatie"):
        wrong.append(_violation("KC-11", "kc:medewerker", expected="kc:identificatie"))
    return wrong


def kc_12(case: Case) -> list[Violation]:
    """Documents: base64 decodes, dates exist, size within the limit, type on the list, a name without path."""
    found = documents.problems(case.opvoering.documenten, limits=case.limits, valid=case.valid)
    return [_violation("KC-12", problem.where, value=problem.value, expected=problem.expected) for problem in found]


RULES: tuple[Rule, ...] = (
    Rule(
        "KC-01",
        Fout.StUF064,
        Text("Deze zaak is hier niet bekend.", "This zaak is not known here."),
        Text(
            "Controleer de zaakidentificatie, of laat het zaaksysteem eerst de zaak melden (zakLk01).",
            "Check the zaakidentificatie, or let the zaaksysteem announce the zaak first (zakLk01).",
        ),
        kc_01,
    ),
    Rule(
        "KC-02",
        Fout.StUF058,
        Text(
            "Een klantcontact kan alleen bij een lopende zaak worden gevoegd.",
            "A klantcontact can only be added to a running zaak.",
        ),
        Text(
            "Noem een zaak zonder einddatum, of vraag de proceseigenaar contacten bij gesloten zaken toe te staan.",
            "Name a zaak without einddatum, or ask the proceseigenaar to allow contacts with closed zaken.",
        ),
        kc_02,
    ),
    Rule(
        "KC-03",
        Fout.StUF058,
        Text("De zaak heeft nog geen status.", "The zaak has no status yet."),
        Text(
            "Laat het zaaksysteem eerst een status zetten (actualiseerZaakstatus of zakLk01).",
            "Let the zaaksysteem set a status first (actualiseerZaakstatus or zakLk01).",
        ),
        kc_03,
    ),
    Rule(
        "KC-04",
        Fout.StUF055,
        Text("Dit Type klantcontact bestaat niet.", "There is no such Type of klantcontact."),
        Text(
            "Gebruik click, call, face, mail of e-mail, in kleine letters.",
            "Use click, call, face, mail or e-mail, in lower case.",
        ),
        kc_04,
    ),
    Rule(
        "KC-05",
        Fout.StUF058,
        Text(
            "Een klantcontact heeft ten minste een toelichting of een document.",
            "A klantcontact has at least a toelichting or a document.",
        ),
        Text(
            "Vul gfo:Toelichting (witruimte telt niet) of voeg een document toe aan gfo:Documenten.",
            "Fill gfo:Toelichting (white space does not count) or add a document to gfo:Documenten.",
        ),
        kc_05,
    ),
    Rule(
        "KC-06",
        Fout.StUF052,
        Text("De opvoerder is niet geauthenticeerd.", "The opvoerder is not authenticated."),
        Text(
            "Dit systeem mag niet voor opvoerders instaan. Vraag functioneel beheer om borgt_voor_opvoerder.",
            "This system may not vouch for opvoerders. Ask functioneel beheer for borgt_voor_opvoerder.",
        ),
        kc_06,
    ),
    Rule(
        "KC-07",
        Fout.StUF052,
        Text(
            "De opvoerder mag bij deze zaak geen klantcontact toevoegen.",
            "The opvoerder may not add a klantcontact to this zaak.",
        ),
        Text(
            "Laat een medewerker die voor dit zaaktype bevoegd is, of een betrokkene, het contact opvoeren.",
            "Let a medewerker who is allowed for this zaaktype, or a betrokkene of the zaak, add the contact.",
        ),
        kc_07,
    ),
    Rule(
        "KC-08",
        Fout.StUF058,
        Text(
            "De proceseigenaar staat dit klantcontact bij dit zaaktype niet toe.",
            "The proceseigenaar does not allow this klantcontact for this zaaktype.",
        ),
        Text(
            "Overleg met de proceseigenaar van het zaaktype; de gateway volgt de instelling [zaaktype].",
            "Consult the proceseigenaar of the zaaktype; the gateway follows the setting [zaaktype].",
        ),
        kc_08,
    ),
    Rule(
        "KC-09",
        Fout.StUF058,
        Text(
            "DatumGezet bestaat niet, ligt in de toekomst of voor de start van de zaak.",
            "DatumGezet does not exist, is in the future or before the zaak started.",
        ),
        Text(
            "Vul het moment van het contact in; controleer klok, tijdzone en zaakidentificatie.",
            "Give the moment of the contact; check clock, time zone and zaakidentificatie.",
        ),
        kc_09,
    ),
    Rule(
        "KC-10",
        Fout.StUF058,
        Text(
            "Een persoonlijk contact is met precies een natuurlijk persoon of vestiging.",
            "A personal contact is with exactly one natuurlijk persoon or vestiging.",
        ),
        Text(
            "Noem in kc:contactpartij de persoon (met namens) of de vestiging (met contactpersoon).",
            "Name the person (with namens) or the vestiging (with contactpersoon) in kc:contactpartij.",
        ),
        kc_10,
    ),
    Rule(
        "KC-11",
        Fout.StUF058,
        Text("Een nummer of geboortedatum is niet geldig.", "A number or date of birth is not valid."),
        Text(
            "Controleer het nummer: BSN en RSIN voldoen aan de 11-proef, een vestigingsnummer heeft 12 cijfers.",
            "Check the number: BSN and RSIN pass the 11-proef, a vestigingsnummer has 12 digits.",
        ),
        kc_11,
    ),
    Rule(
        "KC-12",
        Fout.StUF058,
        Text("Een document kan niet worden aangenomen.", "A document cannot be accepted."),
        Text(
            "Stuur geldige base64, een toegestaan bestandstype, binnen de grootte, met een gewone en unieke naam.",
            "Send proper base64, an allowed file type, within the size, with a plain and unique name.",
        ),
        kc_12,
    ),
)


def rule(identifier: str) -> Rule:
    """The rule with this id; KeyError when there is none."""
    return next(r for r in RULES if r.id == identifier)


def _violation(
    identifier: str, element: str, *, value: str | None = None, expected: str | None = None
) -> Violation:
    found = rule(identifier)
    return Violation(
        rule=identifier, message=found.demand, hint=found.cure, element=element, value=value, expected=expected
    )
