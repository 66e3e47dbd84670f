"""The messages of the demo, and what must come of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from stuf_klantcontact.testing import cast

SYNCHRONOUS: Final = "VerwerkSynchroonVrijBericht"
ASYNCHRONOUS: Final = "OntvangAsynchroon"
QUESTION: Final = "BeantwoordVraag"

Message = etree._Element | bytes | Callable[[Mapping[str, str]], etree._Element]
"""An element, bytes as they are, or what makes one of the klantcontactidentificaties by referentienummer."""


@dataclass(frozen=True, slots=True)
class Act:
    """One message of the demo: what is sent, and what must come of it.

    `answer` is the name of the answer, "HTTP 401", or a StUF code with the rule first named; `stored` is the groep
    and effect of the record; `received` is what the zaakmagazijn gets; `mails` how many betrokkenen are told;
    `found` is how many klantcontacten an answer to a question has.
    """

    title: str
    message: Message
    answer: str
    stored: str = ""
    received: tuple[str, ...] = ()
    mails: int = 0
    found: int = 0
    port: str = SYNCHRONOUS
    user: str = "mijnzaken"
    same_as: str = ""


def acts(now: datetime) -> list[Act]:
    """The play, in order."""
    first = cast.contact(referentienummer="MZ-2026-000001", now=now)
    changed = cast.contact(referentienummer="MZ-2026-000001", now=now, toelichting="Toch niet teruggebeld.")
    plain = cast.contact(referentienummer="MZ-2026-000099", now=now)
    envelope = (
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        + etree.tostring(plain)
        + b"</soap:Body></soap:Envelope>"
    )
    return [
        Act(
            "call, medewerker, partij uit de zaak",
            first,
            answer="voegKlantcontactToe_Du02",
            stored="persoonlijk uitgewisseld",
            received=("klcLk01",),
            mails=1,
        ),
        Act(
            "face, vestiging, uitkomst en afspraken",
            cast.contact(
                referentienummer="MZ-2026-000002",
                now=now,
                type="face",
                partij="vestiging",
                onderwerp="Terras op de stoep",
                uitkomst="De tekening is besproken.",
                afspraken="Vrijdag een nieuwe tekening.",
            ),
            answer="voegKlantcontactToe_Du02",
            stored="persoonlijk uitgewisseld",
            received=("klcLk01",),
            mails=1,
        ),
        Act(
            "click, burger, met PDF",
            cast.contact(
                referentienummer="MZ-2026-000003", now=now, type="click", opvoerder=cast.SJANSEN, pdf=cast.PDF
            ),
            answer="voegKlantcontactToe_Du02",
            stored="ontvangst uitgewisseld",
            received=("iobLk01",),
        ),
        Act(
            "mail, medewerker (verzending)",
            cast.contact(referentienummer="MZ-2026-000004", now=now, type="mail", partij="persoon"),
            answer="voegKlantcontactToe_Du02",
            stored="verzending uitgewisseld",
            received=("iobLk01",),
            mails=1,
        ),
        Act(
            "e-mail, burger (ontvangst), asynchroon",
            cast.contact(
                referentienummer="MZ-2026-000005", now=now, type="e-mail", opvoerder=cast.SJANSEN, synchronous=False
            ),
            answer="Bv03Bericht",
            stored="ontvangst uitgewisseld",
            received=("iobLk01",),
            port=ASYNCHRONOUS,
        ),
        Act(
            "call, met PDF: document voor contact",
            cast.contact(referentienummer="MZ-2026-000006", now=now, pdf=cast.PDF),
            answer="voegKlantcontactToe_Du02",
            stored="persoonlijk uitgewisseld",
            received=("iobLk01", "klcLk01"),
            mails=1,
        ),
        Act(
            "call, anoniem",
            cast.contact(referentienummer="MZ-2026-000007", now=now, partij="anoniem"),
            answer="voegKlantcontactToe_Du02",
            stored="anoniem bewaard",
            mails=1,
        ),
        Act(
            "face, burger meldt zelf, geen medewerker",
            cast.contact(referentienummer="MZ-2026-000008", now=now, type="face", opvoerder=cast.SJANSEN),
            answer="voegKlantcontactToe_Du02",
            stored="zonder_medewerker bewaard",
        ),
        Act("herhaling van de eerste", first, answer="voegKlantcontactToe_Du02", same_as="MZ-2026-000001"),
        Act("zelfde nummer, andere inhoud", changed, answer="StUF016"),
        Act(
            "correctie: wat er is afgesproken",
            lambda numbers: cast.contact(
                referentienummer="MZ-2026-000020",
                now=now,
                type="face",
                partij="vestiging",
                onderwerp="Terras op de stoep",
                afspraken="Vrijdag om tien uur, op het gemeentehuis.",
                wijzigt=numbers["MZ-2026-000002"],
            ),
            answer="wijzigKlantcontact_Du02",
            stored="persoonlijk uitgewisseld",
            received=("klcLk01",),
        ),
        Act(
            "intrekking, met het document",
            lambda numbers: cast.withdrawal(
                numbers["MZ-2026-000006"], referentienummer="MZ-2026-000021", now=now, reden="Verkeerde zaak"
            ),
            answer="verwijderKlantcontact_Du02",
            stored="ingetrokken",
            received=("klcLk01", "iobLk01"),
        ),
        Act(
            "vraag: welke klantcontacten heeft de zaak?",
            cast.question(referentienummer="MZ-2026-000022", now=now),
            answer="klcLa01",
            port=QUESTION,
            found=2,
        ),
        Act(
            "correctie van wat is ingetrokken",
            lambda numbers: cast.contact(
                referentienummer="MZ-2026-000023", now=now, wijzigt=numbers["MZ-2026-000006"]
            ),
            answer="StUF064",
        ),
        Act(
            "gesloten zaak",
            cast.contact(referentienummer="MZ-2026-000010", now=now, zaak=cast.CLOSED),
            answer="StUF058 KC-02",
        ),
        Act(
            "onbekende zaak",
            cast.contact(referentienummer="MZ-2026-000011", now=now, zaak="0518ZAAK9999999"),
            answer="StUF064 KC-01",
        ),
        Act(
            "zaaktype zonder klantcontacten",
            cast.contact(referentienummer="MZ-2026-000012", now=now, zaak=cast.NOT_ALLOWED),
            answer="StUF058 KC-08",
        ),
        Act(
            "geen toelichting, geen document",
            cast.contact(referentienummer="MZ-2026-000013", now=now, toelichting=None),
            answer="StUF058 KC-05",
        ),
        Act(
            "opvoerder die niet mag",
            cast.contact(referentienummer="MZ-2026-000014", now=now, opvoerder=cast.KBAKKER),
            answer="StUF052 KC-07",
        ),
        Act(
            "datum in de toekomst",
            cast.contact(referentienummer="MZ-2026-000015", now=now, gezet=now + timedelta(days=2)),
            answer="StUF058 KC-09",
        ),
        Act(
            "onbekend Type",
            cast.contact(referentienummer="MZ-2026-000016", now=now, type="fax"),
            answer="StUF055 XSD-ENUM",
        ),
        Act("geen XML", envelope.replace(b"</gfo:Klantcontact>", b""), answer="StUF055 XML-TAG"),
        Act("een DOCTYPE", b"<!DOCTYPE soap:Envelope>" + envelope, answer="StUF055 XML-DOCTYPE"),
        Act("verkeerd wachtwoord", plain, answer="HTTP 401", user="indringer"),
    ]
