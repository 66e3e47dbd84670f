"""The validator as page and API use it: the sets to choose from, the throttle, and one check.

What can go wrong: a configured set that does not load; Unavailable says which. Of what is checked the log gets the
length and the hash, nothing else.
"""

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Final

from stuf_klantcontact import validation
from stuf_klantcontact.errors import ConfigurationError, Text, Violation
from stuf_klantcontact.report import Report
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.tijdstip import Clock
from stuf_klantcontact.validation import Schemas
from stuf_klantcontact.web import asked
from stuf_klantcontact.web.throttle import Throttle, Ticks

OWN: Final = "stuf-klantcontact"
_HEAD: Final = 4096
MOST: Final = 1_000
"""Findings that are shown of one document; a file of many messages may have any number."""

logger = logging.getLogger(__name__)


class Refused(Exception):
    """The request is not answered with a report: `status`, why, and after how many seconds to come back."""

    def __init__(self, status: int, text: Text, *, retry_after: int = 0) -> None:
        self.status, self.text, self.retry_after = status, text, retry_after
        super().__init__(f"{status} {text.en}")


@dataclass(slots=True)
class _Set:
    """A configured set, loaded when it is first asked for."""

    name: str
    place: Path
    lock: Lock
    loaded: Schemas | None = None

    def get(self) -> Schemas:
        with self.lock:
            if self.loaded is None:
                started = time.perf_counter()
                try:
                    self.loaded = validation.schemas(self.place)
                except ConfigurationError as error:
                    logger.error("set name=%s does not load: %s", self.name, error)
                    raise _unavailable(self.name) from None
                logger.info("set name=%s loaded seconds=%.1f", self.name, time.perf_counter() - started)
            return self.loaded


class Desk:
    """One for the whole application; every method may be called from every thread."""

    def __init__(self, settings: Settings, *, own: Schemas, clock: Clock, ticks: Ticks) -> None:
        chosen = settings.validator
        self.limit = chosen.message_bytes
        self._own = own
        self._sets = {name: _Set(name, place, Lock()) for name, place in sorted(chosen.sets.items())}
        self._limits = settings.limits
        self._proxies = chosen.proxies
        self._throttle = Throttle(chosen.per_minute, ticks=ticks)
        self._clock = clock

    @property
    def names(self) -> tuple[str, ...]:
        """The sets to choose from, our own first."""
        return (OWN, *self._sets)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What a request does with a body, it does in here: it may be refused before a byte of it is read."""
        seconds = self._throttle.wait(asked.address(proxies=self._proxies))
        if seconds:
            raise _too_often(ceil(seconds))
        with self._throttle.place() as got:
            if not got:
                raise _busy()
            yield

    def check(self, data: bytes, *, schema: str, file: str) -> Report:
        """Check one document; KeyError when there is no such set."""
        against = self._own if schema == OWN else self._sets[schema].get()
        started = time.perf_counter()
        found = self._found(data, against=against, file=file)
        logger.info(
            "checked bytes=%d sha256=%s schema=%s valid=%s findings=%d milliseconds=%d",
            len(data),
            hashlib.sha256(data).hexdigest(),
            schema,
            found.valid,
            len(found.violations),
            (time.perf_counter() - started) * 1000,
        )
        return replace(found, schema=schema, violations=_cut(found.violations))

    def _found(self, data: bytes, *, against: Schemas, file: str) -> Report:
        """One report: of a StUF-berichtenSet, in which each message has limits of its own, that of the file."""
        if not validation.is_berichtenset(data[:_HEAD]):
            return validation.check(data, against=against, limits=self._limits, file=file, clock=self._clock)
        violations: list[Violation] = []
        for report, _ in validation.check_set(
            BytesIO(data), against=against, limits=self._limits, file=file, clock=self._clock
        ):
            violations += report.violations
        return replace(report, violations=tuple(violations))


def too_large(limit: int) -> Refused:
    """More than [validator] message_bytes."""
    shown = f"{limit / 1_000_000:g} MB" if limit >= 1_000_000 else f"{limit} bytes"
    return Refused(
        413,
        Text(
            f"Dit is te groot: samen mogen de bestanden hooguit {shown} zijn. Grotere bestanden controleert u op "
            "uw eigen computer met: stuf-klantcontact validate BESTAND.",
            f"This is too large: together the files may have at most {shown}. Check larger files on your own "
            "computer with: stuf-klantcontact validate FILE.",
        ),
    )


def _cut(violations: tuple[Violation, ...]) -> tuple[Violation, ...]:
    if len(violations) <= MOST:
        return violations
    more = Violation(
        rule="XSD-MORE",
        severity="error" if any(v.severity == "error" for v in violations[MOST:]) else "warning",
        message=Text(
            f"Er zijn {len(violations)} bevindingen; de eerste {MOST} staan hier.",
            f"There are {len(violations)} findings; the first {MOST} are listed.",
        ),
        hint=Text("Herstel deze en valideer opnieuw.", "Mend these and validate again."),
    )
    return (*violations[:MOST], more)


def _too_often(seconds: int) -> Refused:
    return Refused(
        429,
        Text(
            f"U vraagt dit vaker dan per minuut mag. Probeer het over {seconds} "
            f"{'seconde' if seconds == 1 else 'seconden'} opnieuw.",
            f"You ask this more often than a minute allows. Try again in {seconds} "
            f"{'second' if seconds == 1 else 'seconds'}.",
        ),
        retry_after=seconds,
    )


def _busy() -> Refused:
    return Refused(
        503,
        Text(
            "Het is hier nu te druk. Probeer het over enkele seconden opnieuw.",
            "It is too busy here now. Try again in a few seconds.",
        ),
        retry_after=2,
    )


def _unavailable(name: str) -> Refused:
    return Refused(
        503,
        Text(
            f"De schema's {name} zijn hier niet te laden. Kies een andere set, en meld het aan de beheerder.",
            f"The schemas {name} do not load here. Choose another set, and tell the administrator.",
        ),
        retry_after=60,
    )
