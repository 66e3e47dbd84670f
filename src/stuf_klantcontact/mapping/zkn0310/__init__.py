"""Zaken in, from StUF-ZKN 3.10 and ZDS 1.2: kennisgevingen in any guise, and the answer when we ask for a zaak.

Read leniently, by local name, whatever surrounds what we need: zaaksystemen differ in what else they send, and the
gateway keeps only what it judges and renders by. What cannot be read (a date that is none) counts as not sent. What
cannot be told from a message at all (which zaak, what happened to it) raises errors.Refusal with every reason.

stuf-facts §4 (was and wordt), §5.1 (noValue), §6 (questions), §11.3 to §11.7.
"""

from stuf_klantcontact.mapping.zkn0310.kennisgeving import OPERATIONS, read
from stuf_klantcontact.mapping.zkn0310.vraag import (
    NotAnswered,
    answer_name,
    askable,
    read_answer,
    write_question,
)

__all__ = [
    "OPERATIONS",
    "NotAnswered",
    "answer_name",
    "askable",
    "read",
    "read_answer",
    "write_question",
]
