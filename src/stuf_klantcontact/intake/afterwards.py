"""Which zender is told of its message afterwards: one whose `functionele_fouten` is "fo01".

Its asynchronous message gets a Bv03 as soon as the stuurgegevens are right, whatever schema and rules say of the
rest; what became of it follows through the outbox, as Du01, Bv01 or Fo01. What the standard has checked before the
Bv03 (the errors of soort 3), and who may not speak at all, is refused at the door for every zender.

StUF 03.01 §4.4 and table 8.1; stuf-facts §3.4 and §8.2.
"""

from collections.abc import Sequence
from typing import Final

from stuf_klantcontact import outbox
from stuf_klantcontact.intake import about
from stuf_klantcontact.intake.about import ASYNCHRONOUS, REFERENCE_LENGTH, Finding, Soort
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.names import KC, split
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.settings import Settings

_SPOKEN_OF: Final[frozenset[Soort]] = frozenset(
    {"toevoegen", "wijzigen", "verwijderen", "zaak", "klantcontact", "document", "verzoek"}
)
"""What is answered afterwards; not what is an answer itself."""


def wanted(message: Message, *, settings: Settings) -> bool:
    """Whether its zender is to hear of it afterwards."""
    zender = settings.zender.get(message.received.zender)
    operation = about.OPERATIONS.get(message.element.tag)
    return (
        zender is not None
        and zender.functionele_fouten == "fo01"
        and message.received.port == ASYNCHRONOUS
        and operation is not None
        and operation.port == ASYNCHRONOUS
        and operation.soort in _SPOKEN_OF
    )


def functional(message: Message, findings: Sequence[Finding]) -> bool:
    """Whether these can be told afterwards: none is of soort 3, and the message can be named to its zender."""
    header = message.header
    return (
        all(not finding.fout.technical and finding.violation.rule != about.NOT_ALLOWED for finding in findings)
        and 0 < len(header.referentienummer) <= REFERENCE_LENGTH
        and header.tijdstip_bericht != ""
    )


def is_vrij(message: Message) -> bool:
    """A vrij bericht of ours is answered with a Du01, everything else with a Bv01."""
    return split(message.element.tag)[0] == KC


def order(message: Message, soort: outbox.Soort, *, concept: str, klantcontact: str = "") -> Order:
    """The answer, in the one stream of its zender."""
    return Order(outbox.ZENDER + message.received.zender, "", soort, klantcontact, concept=concept)
