"""Say in the log what is wrong: once when it begins, and once when it is over.

What is tried every second would otherwise say so every second, and hide the line that tells the cause.
"""

import logging
import re
import threading
from typing import Final

import psycopg

OVER: Final = "the database answers again"


def reason(error: BaseException) -> str:
    """Why the database could not be used: the first line of what it said, without what may be of a message."""
    lines = str(error).strip().splitlines()
    if not isinstance(error, psycopg.OperationalError) or not lines:
        return type(error).__name__
    return re.sub(r'"[^"\s]*@', '"***@', lines[0])  # the rest of a password in an address that is not well-formed


class Trouble:
    """One thing that works or does not, as its users find out. Threads may share it."""

    def __init__(self, log: logging.Logger, *, over: str = OVER) -> None:
        """`over` is what the log says when it works again."""
        self._log = log
        self._over = over
        self._said = ""
        self._lock = threading.Lock()

    def begins(self, text: str, *, level: int = logging.WARNING, changes: bool = False) -> None:
        """It does not work, and this is why; said again when it `changes`, if that is worth a line."""
        with self._lock:
            if not self._said or (changes and text != self._said):
                self._said = text
                self._log.log(level, "%s", text)

    def ends(self) -> None:
        """It works."""
        if self._said:
            with self._lock:
                if self._said:
                    self._said = ""
                    self._log.info("%s", self._over)
