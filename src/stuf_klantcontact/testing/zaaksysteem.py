"""A fake zaaksysteem: answers geefZaakdetails and zakLv01 about the zaken that it was given.

It is the fake zaakmagazijn with one more thing that it can do, and can be as rude.
"""

import threading
from dataclasses import replace
from typing import Any, Final

from lxml import etree

from stuf_klantcontact import tijdstip
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.names import STUF0301, ZDS0120, ZKN0310, qname, split
from stuf_klantcontact.outlets.soap import envelope
from stuf_klantcontact.parsing import Unreadable, read
from stuf_klantcontact.settings import Limits, Zaakvraag
from stuf_klantcontact.stuurgegevens import Header, answer, write
from stuf_klantcontact.stuurgegevens import read as read_header
from stuf_klantcontact.testing.zaakmagazijn import FakeZaakmagazijn
from stuf_klantcontact.tijdstip import Clock

_QUESTIONS: Final[dict[str, Zaakvraag]] = {
    qname(ZDS0120, "geefZaakdetails_ZakLv01"): "geefZaakdetails",
    qname(ZKN0310, "zakLv01"): "zakLv01",
}


class FakeZaaksysteem(FakeZaakmagazijn):
    """Knows `zaken`: by identificatie, the message (cast.zaak) by which it would announce each.

    `asked` are the identificaties that it was asked for, in order, and `most_at_once` how many it was asked for at
    the same moment. With a `gate` it answers only when that is set.
    """

    def __init__(
        self,
        *,
        zaken: dict[str, etree._Element] | None = None,
        gate: threading.Event | None = None,
        clock: Clock = tijdstip.system_clock,
        **more: Any,
    ) -> None:
        super().__init__(clock=clock, **more)
        self.zaken = zaken or {}
        self.asked: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._counting = threading.Lock()
        self._gate = gate
        self._now = clock

    def take(self, raw: bytes, headers: dict[str, str], behaviour: str) -> tuple[int, bytes]:
        """Answer a question; judge and keep any other message, or one that is to be met otherwise."""
        try:
            message = read(raw, limits=Limits()).body
        except Unreadable:
            return super().take(raw, headers, behaviour)
        vraag = _QUESTIONS.get(message.tag)
        if vraag is None or behaviour not in ("well-behaved", "slow", "wrong-cross"):
            return super().take(raw, headers, behaviour)
        header = read_header(message)
        identificatie = message.findtext("{*}gelijk/{*}identificatie") or ""
        with self._counting:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.asked.append(identificatie)
        self.note(raw, headers, behaviour)
        if self._gate is not None:
            self._gate.wait(20)
        with self._counting:
            self._at_once -= 1
        reply = answer(
            header,
            berichtcode="La01",
            referentienummer=f"ZS-{len(self.asked)}",
            tijdstip_bericht=tijdstip.stuf0301(self._now()),
        )
        if behaviour == "wrong-cross":
            reply = replace(reply, cross_refnummer="another")
        return 200, envelope(details(self.zaken.get(identificatie), vraag=vraag, header=reply))


def details(zaak: etree._Element | None, *, vraag: Zaakvraag, header: Header) -> etree._Element:
    """The answer about the zaak of a message that would announce it; about none: that it is not known."""
    root = etree.Element(zkn0310.answer_name(vraag), nsmap={"ZDS": ZDS0120, "ZKN": ZKN0310, "StUF": STUF0301})
    root.append(write(replace(header, entiteittype="ZAK"), tag=qname(ZKN0310, "stuurgegevens"), namespace=STUF0301))
    parameters = etree.SubElement(root, qname(ZKN0310, "parameters"))
    etree.SubElement(parameters, qname(STUF0301, "indicatorVervolgvraag")).text = "false"
    if zaak is not None:
        antwoord = etree.SubElement(root, qname(ZKN0310, "antwoord"))
        known = [e for e in zaak.iterchildren(etree.Element) if split(e.tag)[1] == "object"][-1]
        antwoord.append(etree.fromstring(etree.tostring(known)))
        for element in antwoord.iter(etree.Element):
            element.attrib.pop(qname(STUF0301, "verwerkingssoort"), "")
    return root
