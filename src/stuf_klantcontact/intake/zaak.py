"""Take what a zaaksysteem says of a zaak, and journal it, in one transaction."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from stuf_klantcontact import rgbz
from stuf_klantcontact.contract import Schemas
from stuf_klantcontact.errors import Refusal
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about
from stuf_klantcontact.intake.about import Finding
from stuf_klantcontact.intake.answers import Answer
from stuf_klantcontact.intake.message import Message
from stuf_klantcontact.intake.verdicts import Verdicts
from stuf_klantcontact.mapping import zkn0310


def take(
    message: Message, findings: Sequence[Finding], *, verdicts: Verdicts, schemas: Schemas | None = None
) -> Answer:
    """Write what a zakLk01 in any of its guises says, if `findings` has nothing against its header.

    With an official set every violation of it is told; without one, what keeps us from reading the message.
    """
    by_schema = [] if schemas is None else _violated(message, schemas=schemas)
    try:
        mutatie = zkn0310.read(message.element)
    except Refusal as refusal:
        found = _findings(refusal)
        if by_schema:
            # What our own reading has against the structure, the schema has said already.
            found = [finding for finding in found if finding.fout is not Fout.StUF055]
        return verdicts.reject(message, [*findings, *by_schema, *found])
    if findings or by_schema:
        return verdicts.reject(message, [*findings, *by_schema])

    def work(session: Session) -> bytes | list[Finding]:
        try:
            rgbz.verwerk(session, mutatie, rsin=verdicts.settings.gateway.rsin)
        except Refusal as refusal:
            return _findings(refusal)
        return verdicts.confirmed(message)

    return verdicts.taken(message, work)


def _violated(message: Message, *, schemas: Schemas) -> list[Finding]:
    if schemas.valid(message.element):
        return []
    found = [Finding(Fout.StUF055, violation) for violation in schemas.violations(message.element)]
    return found or [about.unexplained()]


def _findings(refusal: Refusal) -> list[Finding]:
    return [Finding(Fout[violation.rule], violation) for violation in refusal.violations]
