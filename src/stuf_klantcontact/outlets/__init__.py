"""`soap`, `zgw`, `mail`: speak to one receiver; classify the answer.

Nothing raises: whatever a receiver does, or fails to do, is an outcome. Delivered is said only where the receiver
said so itself; Refused only where it said so about this very message; all else is Deferred, because repeating a
message is safe and losing one is not.

StUF 03.01 §4.4 and §4.4.3; protocolbindingen §4; stuf-facts §3.1, §8 and §9.1.
"""

from dataclasses import dataclass
from typing import Literal

from stuf_klantcontact.errors import Text


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it, and said so."""

    code: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; try again later.

    `trouble` tells where the cause lies: with this item, with the receiver (which is left alone after some of
    these in a row), or in the configuration (left alone at once, with an alarm). `anew`: stamp it anew first.
    """

    code: str
    reason: Text
    trouble: Literal["item", "receiver", "configuration"] = "receiver"
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver will never take this message as it is; a person must look at it."""

    code: str
    reason: Text


Outcome = Delivered | Deferred | Refused


Judged = Literal["delivered", "deferred", "refused"]


def judged(outcome: Outcome) -> Judged:
    """The word for an outcome."""
    match outcome:
        case Delivered():
            return "delivered"
        case Deferred():
            return "deferred"
        case Refused():
            return "refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to, and the bytes that the receiver answered, if it did."""

    outcome: Outcome
    answer: bytes | None = None
