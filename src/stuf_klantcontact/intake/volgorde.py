"""Guard the order of the messages of a zender, where it is to be guarded (StUF019).

The tijdstipBericht of every message is later than that of all messages that were accepted from the same
organisatie, applicatie and administratie, whatever their port and berichtcode. Who is first is decided in the
transaction that accepts a message. A message that repeats one is known by its number before this is looked at.

StUF 03.01 is compared by its digits, cut off ones being zero. It has no zone, so the clock of a naive zender goes
back when summer time ends: it must count on by milliseconds until that hour is over, or not be guarded.

StUF 03.01 §4.3.2; stuf-facts §2.4 and §9.2.
"""

from datetime import timedelta
from typing import Final

from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.tijdstip import Bounds, bounds

AHEAD: Final = timedelta(days=1)
"""How far a guarded clock may run ahead of ours: after one message from next year nothing else would do."""


def of(message: Message, *, settings: Settings) -> Bounds | None:
    """The tijdstipBericht to guard; None when this zender is not guarded, or the message names no moment."""
    zender = settings.zender.get(message.received.zender)
    if zender is None or not zender.volgorde_bewaken:
        return None
    try:
        return bounds(message.header.tijdstip_bericht)
    except ValueError:
        return None


def wrong(message: Message, *, settings: Settings) -> list[Finding]:
    """A tijdstipBericht that is no moment, whoever sent it; of a guarded zender one that is far ahead too."""
    if not message.header.tijdstip_bericht:
        return []
    try:
        found = bounds(message.header.tijdstip_bericht)
    except ValueError:
        found = None
    guarded = of(message, settings=settings) is not None
    if found is not None and not (guarded and found.earliest > message.now + AHEAD):
        return []
    violation = Violation(
        rule="StUF-TIJDSTIPBERICHT",
        message=Text("tijdstipBericht is geen bestaand tijdstip.", "tijdstipBericht is not a real moment.")
        if found is None
        else Text("tijdstipBericht ligt in de toekomst.", "tijdstipBericht is in the future."),
        hint=Text("Controleer de klok van uw systeem.", "Check the clock of your system."),
        element="StUF:tijdstipBericht",
        value=message.header.tijdstip_bericht[:40],
    )
    return [Finding(Fout.StUF055 if found is None else Fout.StUF058, violation)]


def too_early(message: Message) -> Finding:
    """A message with the same or a later tijdstipBericht was accepted from this systeem."""
    return about.standard(
        Fout.StUF019,
        "StUF:tijdstipBericht",
        value=message.header.tijdstip_bericht[:40],
        nl="Bied berichten een voor een aan, elk met een later tijdstipBericht dan alle eerdere van uw systeem, "
        "over alle poorten; stuur dit bericht opnieuw met een nieuw referentienummer en tijdstip.",
        en="Offer messages one by one, each with a later tijdstipBericht than all earlier ones of your system, "
        "over all ports; send this message again with a new referentienummer and moment.",
    )
