"""The part of a fake zaakmagazijn that speaks ZDS 1.2: it hands out document numbers and keeps zaakdocumenten."""

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from stuf_klantcontact.mapping import zds0120
from stuf_klantcontact.names import STUF0301, ZDS0120, ZKN0310, qname, split
from stuf_klantcontact.stuurgegevens import Header, write

QUESTION: Final = qname(ZDS0120, "genereerDocumentIdentificatie_Di02")
_NOTIFICATIONS: Final = (qname(ZDS0120, "voegZaakdocumentToe_EdcLk01"), qname(ZKN0310, "edcLk01"))


@dataclass
class Zaakdocumenten:
    """What a receiver of ZDS 1.2 has. `given` are the numbers it handed out, `held` its documents by number.

    `next` are the numbers that it hands out before it counts on; they may be as strange as you like.
    """

    prefix: str = "0518DMS"
    next: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    held: dict[str, etree._Element] = field(default_factory=dict)

    def speaks(self, message: etree._Element) -> bool:
        """Whether a message is one of StUF 03.01, and its answer too."""
        return split(message.tag)[0] in (ZDS0120, ZKN0310)

    def judge(self, message: etree._Element, header: Header) -> str:
        """The code with which it refuses a message that is as its schema says; empty when it does not."""
        if message.tag == QUESTION:
            wanted = ("Di02", "", zds0120.FUNCTIE)
        elif message.tag in _NOTIFICATIONS:
            wanted = ("Lk01", "EDC", "")
        else:
            return "StUF040"
        if (header.berichtcode, header.entiteittype, header.functie) != wanted:
            return "StUF040"
        if message.tag == QUESTION:
            return ""
        number, mutatiesoort = _number(message), _text(message, "mutatiesoort")
        if number.startswith(self.prefix) and number not in self.given:
            return "StUF058"
        if (number in self.held) == (mutatiesoort == "T"):
            return "StUF058" if mutatiesoort == "T" else "StUF064"
        return ""

    def take(self, message: etree._Element) -> None:
        """Keep the document of a notification, instead of the one with its number; let go of a withdrawn one."""
        number = _number(message)
        if _text(message, "mutatiesoort") == "V":
            self.held.pop(number, None)
        else:
            self.held[number] = message

    def answer(self, header: Header) -> etree._Element:
        """The Du02 with the next number; `header` is that of the answer."""
        number = self.next.pop(0) if self.next else f"{self.prefix}{len(self.given) + 1:07d}"
        self.given.append(number)
        root = etree.Element(zds0120.DU02, nsmap={"ZDS": ZDS0120, "ZKN": ZKN0310, "StUF": STUF0301})
        root.append(write(header, tag=qname(ZDS0120, "stuurgegevens"), namespace=STUF0301))
        document = etree.SubElement(root, qname(ZDS0120, "document"))
        document.set(qname(STUF0301, "entiteittype"), "EDC")
        document.set(qname(STUF0301, "functie"), "entiteit")
        etree.SubElement(document, qname(ZKN0310, "identificatie")).text = number
        return root


def _number(message: etree._Element) -> str:
    found = message.findall("{*}object/{*}identificatie")
    return "" if not found else found[-1].text or ""


def _text(message: etree._Element, local: str) -> str:
    return message.findtext(f"{{*}}parameters/{{*}}{local}") or ""
