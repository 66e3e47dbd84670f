"""Accept one message, in one transaction."""

from dataclasses import dataclass

from stuf_klantcontact.fouten import Fault
from stuf_klantcontact.parsing import Envelope, Unreadable


@dataclass(frozen=True, slots=True)
class Received:
    """What the door hands over: where it came in, the bytes, who sent them, and the tree or why there is none."""

    port: str
    raw: bytes
    zender: str
    envelope: Envelope | None = None
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: one complete StUF message as UTF-8 XML; with a fault it belongs in soap:Fault/detail."""

    body: bytes
    fault: Fault | None = None
