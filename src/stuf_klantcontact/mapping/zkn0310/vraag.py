"""Ask for one zaak, and read what is answered: geefZaakdetails (ZDS 1.2) or zakLv01 (StUF-ZKN 3.10).

All of the zaak is asked for (`scope="alles"`): zaaksystemen understand that, and few a list of elements [choice].
An answer without `antwoord` says that there is no such zaak; it is no fault (stuf-facts §6.6). What cannot be read
as an answer about this zaak raises NotAnswered.

StUF 03.01 §6; stuf-facts §6, §11.2 and §11.7.
"""

import re
from typing import Final

from lxml import etree

from stuf_klantcontact import stuurgegevens
from stuf_klantcontact.errors import GatewayError, Text
from stuf_klantcontact.limits import RELATIONS
from stuf_klantcontact.mapping.zkn0310 import zaak
from stuf_klantcontact.names import STUF0301, ZDS0120, ZKN0310, qname
from stuf_klantcontact.rgbz import ZaakMutatie
from stuf_klantcontact.settings import Zaakvraag
from stuf_klantcontact.stuurgegevens import Header

_ROOTS: Final[dict[Zaakvraag, tuple[str, str, str]]] = {
    "geefZaakdetails": (ZDS0120, "geefZaakdetails_ZakLv01", "geefZaakdetails_ZakLa01"),
    "zakLv01": (ZKN0310, "zakLv01", "zakLa01"),
}
"""Namespace of the root, and the names of question and answer; all below it is ZKN (stuf-facts §11.2)."""
_FORM: Final = re.compile(r"[^\\/\"*?:<>|\x00-\x1f\x7f]{5,40}")
"""ZDS 1.2: five to forty characters, and none that a file name cannot have (stuf-facts §11.9)."""


class NotAnswered(GatewayError):
    """What came back is no answer about this zaak; `reason` says what it is, without repeating it."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


def askable(identificatie: str) -> bool:
    """Whether a zaak can have this identificatie: nobody is bothered about one that cannot exist."""
    return _FORM.fullmatch(identificatie) is not None and identificatie == identificatie.strip()


def write_question(vraag: Zaakvraag, *, identificatie: str, header: Header) -> etree._Element:
    """The question for one zaak; `header` gives zender, ontvanger, referentienummer and tijdstipBericht."""
    namespace, question, _ = _ROOTS[vraag]
    root = etree.Element(
        qname(namespace, question),
        nsmap={**({"ZDS": ZDS0120} if namespace == ZDS0120 else {}), "ZKN": ZKN0310, "StUF": STUF0301},
    )
    root.append(stuurgegevens.write(header, tag=qname(ZKN0310, "stuurgegevens"), namespace=STUF0301))
    parameters = etree.SubElement(root, qname(ZKN0310, "parameters"))
    etree.SubElement(parameters, qname(STUF0301, "sortering")).text = "0"
    etree.SubElement(parameters, qname(STUF0301, "indicatorVervolgvraag")).text = "false"
    etree.SubElement(_zak(root, "gelijk"), qname(ZKN0310, "identificatie")).text = identificatie
    _zak(etree.SubElement(root, qname(ZKN0310, "scope")), "object").set(qname(STUF0301, "scope"), "alles")
    return root


def answer_name(vraag: Zaakvraag) -> str:
    """The Clark name of the message that answers a question."""
    namespace, _, answer = _ROOTS[vraag]
    return qname(namespace, answer)


def read_answer(message: etree._Element, *, vraag: Zaakvraag, identificatie: str) -> ZaakMutatie | None:
    """What the answer (its root element) says about the zaak; None when the zaaksysteem does not know it.

    The mutatie is one of mutatiesoort T: everything that the zaaksysteem knows, and nothing that has ended. Raises
    NotAnswered for another message, another zaak, or a zaak with more than limits.RELATIONS relations.
    """
    expected = _ROOTS[vraag][2]
    if zaak.local_name(message) != expected:
        raise NotAnswered(
            Text(
                f"Het zaaksysteem antwoordde geen {expected}",
                f"The zaaksysteem did not answer a {expected}",
            )
        )
    antwoord = zaak.first(message, "antwoord")
    objects = [] if antwoord is None else zaak.children(antwoord, "object")
    if not objects:
        return None
    found = next((o for o in objects if zaak.identificatie(o) == identificatie), None)
    if found is None:
        raise NotAnswered(
            Text(
                "Het zaaksysteem antwoordde over een andere zaak dan gevraagd",
                "The zaaksysteem answered about another zaak than was asked for",
            )
        )
    if zaak.related(found) > RELATIONS:
        raise NotAnswered(
            Text(
                f"Het zaaksysteem antwoordde met meer dan {RELATIONS} statussen en betrokkenen",
                f"The zaaksysteem answered with more than {RELATIONS} statussen and betrokkenen",
            )
        )
    now = zaak.sent(message)
    statussen = [relation.item for relation in zaak.statussen(found) if relation.soort in zaak.THERE_NOW]
    return ZaakMutatie(
        identificatie=identificatie,
        mutatiesoort="T",
        velden=zaak.velden(found),
        statussen=tuple(status for status in statussen if status.datum_status_gezet is not None),
        betrokkenen=tuple(r.item for r in zaak.betrokkenen(found, now=now) if r.soort in zaak.THERE_NOW),
    )


def _zak(parent: etree._Element, local: str) -> etree._Element:
    element = etree.SubElement(parent, qname(ZKN0310, local))
    element.set(qname(STUF0301, "entiteittype"), "ZAK")
    return element
