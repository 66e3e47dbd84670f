"""Have the zaaksysteem asked about the zaak of a message, once, before KC-01 says that it is not known.

Also about a zaak that is known from a change alone: without its zaaktype no contact could be added to it. Only who
was let in comes here, and only for a number that a zaak can have. Nothing is held while the zaaksysteem answers.

docs/mapping.md §4 and §6.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from stuf_klantcontact.errors import Text
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake.about import SYNCHRONOUS_PORTS, Finding
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.rgbz import ZaakFeiten

UNKNOWN_ZAAK: Final = "KC-01"
OF_THE_ZAAK: Final = frozenset({UNKNOWN_ZAAK, "KC-03", "KC-07", "KC-08"})
"""What knowing (more of) the zaak may mend: that it is known, its status, betrokkenen and zaaktype."""


class Ask(Protocol):
    """What app gives: ask for a zaak that is here at `versie` (0: not at all), and store what is answered."""

    def __call__(self, identificatie: str, *, versie: int) -> bool:
        """Whether there was an answer."""
        ...


@dataclass(slots=True)
class Inquiry:
    """About the zaak of one message: whether it was made, and whether it was answered."""

    ask: Ask | None
    made: bool = False
    answered: bool = False

    def made_about(self, identificatie: str, zaak: ZaakFeiten | None, *, findings: Sequence[Finding] = ()) -> bool:
        """Ask, where that makes sense and was not done yet; true: read the facts again.

        It makes none when `findings` has what no zaak will mend: the message is refused anyway.
        """
        known = zaak is not None and not zaak.onvolledig
        if self.ask is None or self.made or known or not zkn0310.askable(identificatie):
            return False
        if any(finding.violation.rule not in OF_THE_ZAAK for finding in findings):
            return False
        self.made = True
        self.answered = self.ask(identificatie, versie=zaak.versie if zaak else 0)
        return True

    def explained(self, findings: Sequence[Finding], *, port: str) -> list[Finding]:
        """The findings, KC-01 saying so when the zaaksysteem could not be asked.

        Then nobody knows that there is no such zaak. When that is all that is wrong, the code is the one by which
        senders repeat a message by themselves (StUF046, StUF049), as they do when our own database is away; beside
        anything else it stays StUF064, since the message as it is will never do.
        """
        if not self.made or self.answered:
            return [*findings]
        alone = len(findings) == 1
        later = Fout.StUF049 if port in SYNCHRONOUS_PORTS else Fout.StUF046
        return [
            Finding(later if alone else finding.fout, replace(finding.violation, hint=_LATER))
            if finding.violation.rule == UNKNOWN_ZAAK
            else finding
            for finding in findings
        ]


_LATER: Final = Text(
    "Het zaaksysteem kon er nu niet naar worden gevraagd: bied het bericht later ongewijzigd opnieuw aan.",
    "The zaaksysteem could not be asked about it now: offer the message again later, unchanged.",
)
