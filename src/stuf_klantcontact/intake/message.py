"""A message on its way through intake: what the door gave, and what we read of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lxml import etree

from stuf_klantcontact import parsing, stuurgegevens
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.names import KLC, STUF0301, STUF0302, split
from stuf_klantcontact.parsing import Envelope, Unreadable
from stuf_klantcontact.stuurgegevens import Header

_JOURNALLED: Final = 600
"""Characters of a header value that the journal keeps beside the whole message; no valid one is longer."""


@dataclass(frozen=True, slots=True)
class Received:
    """What the door hands over: where it came in, the bytes, who sent them, and the tree or why there is none."""

    port: str
    raw: bytes
    zender: str
    envelope: Envelope | None = None
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message that could be read; `valid` is the verdict of the schema, for a message that it knows."""

    received: Received
    element: etree._Element
    header: Header
    hash: bytes
    now: datetime
    valid: bool
    until: float | None = None
    """Until when its sender waits for an answer, on the monotonic clock of this process; None: it does not."""
    warnings: tuple[Violation, ...] = ()
    """What was forgiven; `element` is the mended message then."""

    @property
    def stuf(self) -> str:
        """The StUF namespace that the answer is written in: that of the message."""
        return stuf(self.element.tag)

    @property
    def meldingen(self) -> list[str]:
        """What was forgiven, for a person; StUF allows a melding 250 characters."""
        told = (f"{w.rule} {w.element or ''}: {w.message.nl} / {w.message.en}" for w in self.warnings)
        return [melding[:250] for melding in dict.fromkeys(told)]

    @property
    def forgiven(self) -> str:
        """The ids of what was forgiven, for the journal."""
        return " ".join(dict.fromkeys(warning.rule for warning in self.warnings))

    @property
    def identity(self) -> dict[str, str]:
        """What a message is known by when it comes again: parameters of journal.accepted_before."""
        return {"systeem": self.header.zender.sleutel, "referentienummer": self.header.referentienummer}

    @property
    def journal(self) -> dict[str, Any]:
        """Parameters of journal.INSERT that do not depend on the verdict."""
        return {
            "partner": self.received.zender,
            "systeem": self.header.zender.sleutel[:_JOURNALLED],
            # What goes into an index has a limit; of a message that we accept all of it is within.
            "referentienummer": self.header.referentienummer[:_JOURNALLED],
            "berichtcode": self.header.berichtcode[:_JOURNALLED],
            "operatie": split(self.element.tag)[1][:_JOURNALLED],
            "raw": self.received.raw,
            "hash": self.hash,
        }


def stuf(tag: str) -> str:
    """The StUF namespace (STUF0301 or STUF0302) that a root element of ours builds on; 03.01 for a stranger."""
    return STUF0302 if split(tag)[0] in (KLC, STUF0302) else STUF0301


def message(received: Received, envelope: Envelope, *, now: datetime, until: float | None = None) -> Message:
    """Read the header of what came in. Raises parsing.Unreadable when the tree cannot be made canonical."""
    return Message(
        received=received,
        element=envelope.body,
        header=stuurgegevens.read(envelope.body),
        hash=parsing.canonical_hash(envelope.body),
        now=now,
        valid=envelope.valid,
        until=until,
    )
