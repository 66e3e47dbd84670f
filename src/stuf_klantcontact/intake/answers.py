"""What goes back to a sender: Du02 or Bv03, Fo02 or Fo03; and Bv01, Du01 or Fo01 for later.

Pure but for the number and the moment that an answer gets. StUF 03.01 §4.2 and §4.4; stuf-facts §2.2 and §8.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import uuid4

from lxml import etree

from stuf_klantcontact import berichten, fouten, report, rgbz, stuurgegevens
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.fouten import Fault, Fout
from stuf_klantcontact.intake.about import REFERENCE_LENGTH, SYNCHRONOUS_PORTS, VOEG_TOE
from stuf_klantcontact.mapping import gfozaken
from stuf_klantcontact.names import KC, STUF0301, STUF0302, qname
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import Clock, stuf0301, stuf0302


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: one complete StUF message as UTF-8 XML; with a fault it belongs in soap:Fault/detail."""

    body: bytes
    fault: Fault | None = None
    said: str = ""
    """Of a fault for the log: its code and the rules that were broken, never a value."""


class Answers:
    """Writes answers in the name of one gateway."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._ours = stuurgegevens.ours(settings.gateway)

    def trouble(
        self, port: str, reference: str, *, zender: str = "", header: Header | None = None, stuf: str = STUF0301
    ) -> Answer:
        """The answer when something of ours failed: StUF046 or StUF049, with the reference that the log has.

        `stuf` is the StUF namespace to write it in: that of the message, if there is one.
        """
        details = (
            f"Storing bij de gateway, niet in uw bericht. Bied het over enkele minuten ongewijzigd opnieuw aan; "
            f"blijft het misgaan, noem dan {reference}. / Trouble of the gateway, not in your message. Offer it "
            f"again unchanged in a few minutes; if it keeps failing, mention {reference}."
        )
        to = header or Header()
        element, fault = fouten.build(
            Fout.StUF049 if port in SYNCHRONOUS_PORTS else Fout.StUF046,
            header=self._fault_header(port=port, to=to, zender=zender, now=self._clock(), stuf=stuf),
            details=details,
            namespace=stuf,
        )
        return Answer(body=etree.tostring(element), fault=fault)

    def refusal(
        self,
        fout: Fout,
        violations: Sequence[Violation],
        *,
        port: str,
        to: Header,
        zender: str,
        now: datetime,
        stuf: str = STUF0301,
    ) -> Answer:
        """The fault that names every violation, the first of them also in words that a person reads first.

        `stuf` is the StUF namespace to write it in: that of the message, if there is one.
        """
        header = self._fault_header(port=port, to=to, zender=zender, now=now, stuf=stuf)
        element, fault = self._fault(fout, violations, header=header, stuf=stuf)
        rules = ",".join(dict.fromkeys(violation.rule for violation in violations))
        return Answer(body=etree.tostring(element), fault=fault, said=f"code={fout.name} rules={rules}")

    def _fault(
        self, fout: Fout, violations: Sequence[Violation], *, header: Header, stuf: str
    ) -> tuple[etree._Element, Fault]:
        first = violations[0]
        base = self._settings.gateway.public_url.rstrip("/")
        # Of a version that is not supported, the standard wants the nearest here.
        nearest = [first.expected or ""] if fout in (Fout.StUF001, Fout.StUF007) else []
        details = [*nearest, f"{first.rule}: {first.message.nl} / {first.message.en}"]
        if first.hint is not None:
            details.append(f"{first.hint.nl} / {first.hint.en}")
        if base:
            details.append(report.url(first.rule, base=base))
        return fouten.build(
            fout,
            header=header,
            details="\n".join(details),
            details_xml=(*_reference(header), report.as_element(violations, base=base)),
            namespace=stuf,
        )

    def accepted(
        self,
        header: Header,
        record: rgbz.Klantcontact,
        *,
        port: str,
        now: datetime,
        functie: str = VOEG_TOE,
        meldingen: Sequence[str] = (),
    ) -> bytes:
        """Du02 with what became of the contact, or Bv03 where nobody waits for more."""
        if port not in SYNCHRONOUS_PORTS:
            return self.confirmed(header, port=port, now=now)
        reply = _reply("Du02", header, now=now)
        return gfozaken.write_du(
            replace(reply, functie=functie),
            identificatie=record.identificatie,
            groep=record.groep,
            effect=record.effect,
            meldingen=[*_meldingen(record), *meldingen],
        )

    def processed(
        self, header: Header, record: rgbz.Klantcontact, *, functie: str, meldingen: Sequence[str] = ()
    ) -> str:
        """Du01 to send afterwards, without number and moment."""
        reply = replace(stuurgegevens.answer(header, berichtcode="Du01", **_UNSTAMPED), functie=functie)
        return gfozaken.write_du(
            reply,
            identificatie=record.identificatie,
            groep=record.groep,
            effect=record.effect,
            meldingen=[*_meldingen(record), *meldingen],
        ).decode()

    def done(self, header: Header, *, stuf: str, meldingen: Sequence[str] = ()) -> str:
        """Bv01 to send afterwards, without number and moment."""
        reply = stuurgegevens.answer(header, berichtcode="Bv01", **_UNSTAMPED)
        message = berichten.bevestiging(reply, namespace=stuf, meldingen=meldingen)
        return etree.tostring(message, encoding="unicode")

    def objection(self, fout: Fout, violations: Sequence[Violation], *, to: Header, stuf: str) -> str:
        """Fo01 to send afterwards, without number and moment: the same report as at the door."""
        reply = stuurgegevens.answer(to, berichtcode="Fo01", **_UNSTAMPED)
        element, _ = self._fault(fout, violations, header=reply, stuf=stuf)
        return etree.tostring(element, encoding="unicode")

    def confirmed(
        self, header: Header, *, port: str, now: datetime, stuf: str = STUF0301, meldingen: Sequence[str] = ()
    ) -> bytes:
        """Bv03 (in order and safe), or Bv02 (done) on a synchronous port, in the StUF version of the message.

        Only Bv02 has room for `meldingen`.
        """
        berichtcode = "Bv02" if port in SYNCHRONOUS_PORTS else "Bv03"
        reply = _reply(berichtcode, header, now=now, stuf=stuf)
        told = meldingen if berichtcode == "Bv02" else ()
        return etree.tostring(berichten.bevestiging(reply, namespace=stuf, meldingen=told))

    def _fault_header(self, *, port: str, to: Header, zender: str, now: datetime, stuf: str = STUF0301) -> Header:
        """The header of a fault: Fo02 on a synchronous port, Fo03 on an asynchronous one, always complete."""
        known = self._settings.zender.get(zender)
        fallback = Systeem(
            organisatie=(known.organisatie if known else "") or self._settings.gateway.organisatie,
            applicatie=zender or "ONBEKEND",
        )
        usable = 3 <= len(to.zender.applicatie) <= 50 and len(to.zender.organisatie) <= 200
        return Header(
            berichtcode="Fo02" if port in SYNCHRONOUS_PORTS else "Fo03",
            zender=self._ours,
            ontvanger=replace(
                to.zender, administratie=to.zender.administratie[:50], gebruiker=to.zender.gebruiker[:100]
            )
            if usable
            else fallback,
            referentienummer=uuid4().hex,
            tijdstip_bericht=tijdstip_bericht(now, stuf=stuf),
            cross_refnummer=to.referentienummer[:REFERENCE_LENGTH],
        )


_AS_SET: Final = (
    "Bewaard in het dossier, niet uitgewisseld: zo is het voor dit zaaktype ingesteld. / "
    "Kept in the dossier, not exchanged: so it is set for this zaaktype."
)
_KEPT: Final[Mapping[str, str]] = {
    "persoonlijk": _AS_SET,
    "ontvangst": _AS_SET,
    "verzending": _AS_SET,
    "anoniem": "Bewaard in het dossier, niet uitgewisseld: de contactpartij is niet bekend. / "
    "Kept in the dossier, not exchanged: the contactpartij is not known.",
    "zonder_medewerker": "Bewaard in het dossier, niet uitgewisseld: er is geen medewerker genoemd. / "
    "Kept in the dossier, not exchanged: no medewerker was named.",
    "zonder_zaak": "Bewaard, niet uitgewisseld: er is geen zaak genoemd. / Kept, not exchanged: no zaak was named.",
}
"""Why a contact is not exchanged; StUF allows a melding 250 characters."""


_UNSTAMPED: Final = {"referentienummer": "", "tijdstip_bericht": ""}
_WITHDRAWN: Final = "Ingetrokken: het klantcontact telt niet meer. / Withdrawn: the klantcontact counts no longer."


def _meldingen(record: rgbz.Klantcontact) -> list[str]:
    """Why it is not exchanged, if it is not."""
    if record.ingetrokken:
        return [_WITHDRAWN]
    if record.effect == "uitgewisseld":
        return []
    return [_KEPT["zonder_zaak" if record.zaak_id is None else record.groep]]


def tijdstip_bericht(moment: datetime, *, stuf: str) -> str:
    """A tijdstipBericht in the form of its StUF version."""
    return stuf0302(moment) if stuf == STUF0302 else stuf0301(moment)


def _reply(berichtcode: str, header: Header, *, now: datetime, stuf: str = STUF0301) -> Header:
    return stuurgegevens.answer(
        header,
        berichtcode=berichtcode,
        referentienummer=uuid4().hex,
        tijdstip_bericht=tijdstip_bericht(now, stuf=stuf),
    )


def _reference(header: Header) -> tuple[etree._Element, ...]:
    """Fo02 has no room for the sender's referentienummer: it goes into detailsXML."""
    if header.berichtcode != "Fo02" or not header.cross_refnummer:
        return ()
    element = etree.Element(qname(KC, "referentienummer"), nsmap={"kc": KC})
    element.text = header.cross_refnummer
    return (element,)
