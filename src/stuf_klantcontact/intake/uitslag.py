"""Take what a receiver tells later of a message of ours, and its request to send what waits for it.

Bv01 confirms that it was processed, Fo01 that it could not be; an intermediate node relays an Fo03.
Each names our message by its crossRefnummer, and settles it. Tr01 asks for everything that is queued.

StUF 03.01 §4.4.1 and §4.4.2; stuf-facts §3.3 and §3.4.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from stuf_klantcontact import outbox
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Verdicts


def outcome(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take Bv01, Fo01 or Fo03, of either StUF version."""
    settings = verdicts.settings
    abonnee = about.abonnee(message.header.zender.sleutel, settings=settings)
    if findings:
        return verdicts.reject(message, findings)
    good = message.header.berichtcode.startswith("Bv")
    code = about.text(message.element, "body/code")
    reason = "" if good else (about.text(message.element, "body/omschrijving") or code)

    def work(session: Session) -> bytes | list[Finding]:
        known = abonnee is not None and outbox.outcome(
            session,
            message.header.cross_refnummer,
            abonnee=abonnee,
            state="confirmed" if good else "refused",
            code=code or message.header.berichtcode,
            reason=reason[:200],
        )
        if not known:
            return [_unknown(message.header.cross_refnummer)]
        return verdicts.confirmed(message)

    return verdicts.taken(message, work)


def trigger(message: Message, findings: Sequence[Finding], *, verdicts: Verdicts) -> Answer:
    """Take Tr01: what waits for its zender goes now, instead of at its next attempt."""
    abonnee = about.abonnee(message.header.zender.sleutel, settings=verdicts.settings)
    if findings or abonnee is None:
        return verdicts.reject(message, findings or [_nothing()])

    def work(session: Session) -> bytes:
        outbox.hurry(session, abonnee=abonnee)
        # No melding, not even of what was forgiven: stuf-facts §3.3.
        return verdicts.answers.confirmed(
            message.header, port=message.received.port, now=message.now, stuf=message.stuf
        )

    return verdicts.taken(message, work)


def _unknown(cross_refnummer: str) -> Finding:
    return about.standard(
        Fout.StUF043,
        "StUF:crossRefnummer",
        value=cross_refnummer[:40],
        nl="Neem in crossRefnummer het referentienummer over van het bericht waarop dit het antwoord is.",
        en="Put into crossRefnummer the referentienummer of the message that this answers.",
    )


def _nothing() -> Finding:
    return about.standard(
        Fout.StUF061,
        "StUF:zender",
        nl="Voor dit systeem staat hier niets klaar: het is geen abonnee.",
        en="Nothing waits here for this system: it is no abonnee.",
    )
