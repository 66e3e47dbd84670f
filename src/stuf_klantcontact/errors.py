"""GatewayError → Refusal, Trouble, ConfigurationError; Text; Violation.

A Refusal is the sender's to mend, Trouble is ours, a ConfigurationError is the municipality's. All three carry
sentences for people in Dutch and English; none ever carries a stack trace or the payload of a message.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    nl: str
    en: str


@dataclass(slots=True, unsafe_hash=True)
class Violation:
    """One finding about a message: which rule, where, what was there, what was expected, what to do.

    `rule` is stable: "KC-05", "StUF013", "XSD-ENUM". `line` and `column` count from 1; `path` is an XPath with
    the prefixes of `names.PREFIXES`. `value` is already masked where it may be personal. Of a message in a
    StUF-berichtenSet, `index` is its number from 1 and `referentienummer` what it calls itself.

    Nobody changes one; it is not frozen because a frozen one takes four times as long to make.
    """

    rule: str
    message: Text
    hint: Text | None = None
    severity: Severity = "error"
    line: int | None = None
    column: int | None = None
    path: str | None = None
    element: str | None = None
    value: str | None = None
    expected: str | None = None
    index: int | None = None
    referentienummer: str | None = None


class GatewayError(Exception):
    """The root of every error that this gateway raises on purpose."""


class Refusal(GatewayError):
    """The message cannot be accepted, and the sender can mend it.

    `code` is a StUF error code ("StUF058", stuf-facts §8.2), `violations` holds every finding, most important
    first and never empty.
    """

    def __init__(self, code: str, *, violations: Sequence[Violation]) -> None:
        if not violations:
            raise ValueError("a refusal names at least one violation")
        self.code = code
        self.violations = tuple(violations)
        super().__init__(f"{code}: {self.violations[0].message.en}")


class Trouble(GatewayError):
    """Something of ours failed; the sender may repeat the message unchanged.

    `reference` is in the answer to the sender and in the log line, so that the one finds the other.
    """

    def __init__(self, reason: str, *, reference: str) -> None:
        self.reference = reference
        super().__init__(reason)


class ConfigurationError(GatewayError):
    """The gateway cannot start, or cannot go on, until somebody changes a setting: the message says which."""


def where(error: BaseException) -> str:
    """Kind and place of an exception for the log, never its text: that may quote the message."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "?"
    return f"exception={type(error).__name__} where={place}"
