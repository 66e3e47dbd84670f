"""Ask the zaaksysteem for one zaak; journal question and answer, and store what it says.

No transaction and no connection is held while it answers. What came in about the zaak meanwhile is newer than the
answer, and stays. A zaaksysteem that fails is left alone for a while, and few are asking at the same time: neither
a dead one nor a burst of unknown numbers may keep the door busy. What can go wrong: the database; that the
zaaksysteem does not answer is an outcome.

StUF 03.01 §6; stuf-facts §6 and §11.7; docs/mapping.md §6.
"""

import logging
import ssl
import threading
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from stuf_klantcontact import journal, outbox, rgbz, stuurgegevens
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.mapping.zkn0310 import NotAnswered
from stuf_klantcontact.names import split
from stuf_klantcontact.outlets import Attempt, Deferred, Delivered, Refused, judged
from stuf_klantcontact.outlets.soap import SoapOutlet, action, envelope
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.tijdstip import Clock, stuf0301, system_clock

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Questions of one process at the same time; who comes after them waits as long as a question may take."""
FAILURES: Final = 3
"""After so many failures in a row the zaaksysteem is left alone."""
PAUSE: Final = timedelta(seconds=10)
"""For so long; a sender that repeats its message comes later than that."""
NOT_FOUND: Final = "StUF064"
"""A fault by which some say that they do not know the zaak; the standard wants an answer without one."""


class Asking:
    """One zaaksysteem to ask. Threads share it; it keeps whether the zaaksysteem answers, and connections."""

    def __init__(
        self,
        settings: Settings,
        *,
        database: Database,
        clock: Clock = system_clock,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        asked, gateway = settings.zaaksysteem, settings.gateway
        self._vraag = asked.vraag
        self._rsin = gateway.rsin
        self._zender = stuurgegevens.ours(gateway)
        self._ontvanger = Systeem(asked.organisatie or gateway.organisatie, asked.applicatie, asked.administratie)
        self._timeout = asked.timeout
        self._outlet = SoapOutlet(
            asked.endpoint,
            gebruiker=asked.gebruiker,
            wachtwoord=asked.wachtwoord,
            timeout=asked.timeout,
            trust=trust,
        )
        self._database = database
        self._clock = clock
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._failed = 0
        self._alone_until: datetime | None = None

    def __call__(self, identificatie: str, *, versie: int) -> bool:
        """Ask for the zaak that is here at `versie` (0: not at all), and store the answer; false: there was none.

        An answer that there is no such zaak is one too.
        """
        if self._left_alone() or not self._places.acquire(timeout=self._timeout):
            return False
        try:
            # While this one waited for its place, those before it may have found that nobody answers.
            return not self._left_alone() and self._ask(identificatie, versie=versie)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close the connections."""
        self._outlet.close()

    def _ask(self, identificatie: str, *, versie: int) -> bool:
        with self._database.connection() as connection:
            # The clock that everything we send rises by, whichever process sends it (StUF 03.01 §4.3.2).
            _, lokaal = outbox.next_tijdstip_0301(connection, now=self._clock())
        header = Header(
            berichtcode="Lv01",
            zender=self._zender,
            ontvanger=self._ontvanger,
            referentienummer=uuid4().hex,
            tijdstip_bericht=stuf0301(lokaal),
            entiteittype="ZAK",
        )
        question = zkn0310.write_question(self._vraag, identificatie=identificatie, header=header)
        soap_action, operatie = action(question), split(question.tag)[1]
        body = envelope(question)
        attempt, message = self._outlet.ask(
            body,
            action=soap_action,
            referentienummer=header.referentienummer,
            answer=zkn0310.answer_name(self._vraag),
        )
        mutatie: rgbz.ZaakMutatie | None = None
        if message is not None:
            try:
                mutatie = zkn0310.read_answer(message, vraag=self._vraag, identificatie=identificatie)
            except NotAnswered as error:
                attempt = Attempt(Deferred("answer-unexpected", error.reason, trouble="item"), attempt.answer)
        outcome = attempt.outcome
        self._remember(outcome)
        with self._database.session() as session:
            journal.record_outgoing(
                session,
                partner=self._ontvanger.applicatie,
                referentienummer=header.referentienummer,
                berichtcode="Lv01",
                operatie=operatie,
                raw=body,
                antwoord=attempt.answer,
                verdict=judged(outcome),
                code=outcome.code,
            )
            if mutatie is not None:
                rgbz.verwerk(session, mutatie, rsin=self._rsin, versie=versie)
        return isinstance(outcome, Delivered) or outcome.code == NOT_FOUND

    def _left_alone(self) -> bool:
        with self._lock:
            return self._alone_until is not None and self._clock() < self._alone_until

    def _remember(self, outcome: Delivered | Deferred | Refused) -> None:
        """Count failures in a row; a refusal or a wrong answer comes from a zaaksysteem that works."""
        if not isinstance(outcome, Delivered):
            log.warning("the zaaksysteem gave no answer: %s", outcome.code)
        works = not isinstance(outcome, Deferred) or outcome.trouble == "item"
        with self._lock:
            self._failed = 0 if works else self._failed + 1
            if works:
                self._alone_until = None
            elif self._failed >= FAILURES or (isinstance(outcome, Deferred) and outcome.trouble == "configuration"):
                self._alone_until = self._clock() + PAUSE
