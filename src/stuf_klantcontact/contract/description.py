"""What a schema set consists of, for people."""

import re
from dataclasses import dataclass
from typing import Final

from stuf_klantcontact.names import split

_MESSAGE: Final = re.compile(r"(?:.*(?:Lk|La|Lv|Sa|Sh|Di|Du|Bv|Fo|Tr)[0-9]{2}|.*Bericht|StUF-berichtenSet)")

_ANSWER: Final = re.compile(r"(?:Bv|Fo|Tr)[0-9]{2}Bericht|StUF-berichtenSet")


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One file of a set: where it is in it, what it defines, which version it says it is."""

    path: str
    namespace: str
    version: str
    elements: int
    """How many global elements it declares."""


@dataclass(frozen=True, slots=True)
class Description:
    """The files of a set that are used, their namespaces, and the messages that can be validated."""

    files: tuple[SchemaFile, ...]
    namespaces: tuple[str, ...]
    messages: tuple[str, ...]
    """The Clark names of the global elements that are messages of StUF, by their name."""


def is_message(name: str) -> bool:
    """Whether a global element is, by its name, a message."""
    return _MESSAGE.fullmatch(split(name)[1]) is not None


def is_answer(name: str) -> bool:
    """Whether it is one of the messages that StUF itself has, whatever the set is about."""
    return _ANSWER.fullmatch(split(name)[1]) is not None
