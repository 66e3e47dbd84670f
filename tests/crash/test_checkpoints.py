"""kill -9 at every named place between the sender and the receiver, and what became of every message.

One gateway for all of them: what was killed is started again by `serve` itself, a worker that answers or the
delivery process. So each test also finds whatever the ones before it left behind.
"""

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lxml import etree

from crash.gate import held_at_commit
from crash.municipality import Municipality, municipality
from crash.processes import Family, wait_until
from crash.traffic import ZAKEN, Account, Senders, Sent, account, announce, contacts, offer, wait_until_empty
from plugin_database import TEMPLATE, Postgres
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import SoapClient

NAME = "test_crash"


@dataclass
class Victim:
    """The gateway that is killed, and everything that was ever sent to it."""

    town: Municipality
    gateway: Family
    database: Database
    sent: dict[str, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    repeats: int = 0

    def contacts(self, *, each: int, zaken: Sequence[str] = ZAKEN) -> list[list[Sent]]:
        """New messages, for the account."""
        streams = contacts(each=each, zaken=zaken)
        for stream in streams:
            self.sent[stream[0].zaak] += stream
        return streams

    def account(self) -> Account:
        """When the outbox is empty: what became of everything."""
        wait_until_empty(self.database)
        return account(self.database, self.town.zaakmagazijn, list(self.sent.values()))

    def accepted(self, sent: Sent) -> list[bytes]:
        """The answers in the journal with which a message was accepted."""
        with self.database.connection() as connection:
            rows = connection.execute(
                "SELECT antwoord FROM bericht WHERE referentienummer = %s AND verdict = 'accepted'",
                [sent.referentienummer],
            )
            return [bytes(row[0]) for row in rows]


@pytest.fixture(scope="module")
def victim(
    postgres: Postgres, _template: str, password_hash: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Victim]:
    postgres.run(f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE}")
    database = Database(postgres.address(NAME), pool_size=2)
    folder: Path = tmp_path_factory.mktemp("crash")
    try:
        with municipality(folder, password_hash=password_hash, database_url=database.url) as town:
            gateway = town.start()
            announce(town.client)
            yield Victim(town, gateway, database)
            assert gateway.terminate() == 0, gateway.log.read_text()
            gateway.wait_until_gone()
    finally:
        database.close()
        postgres.run(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.mark.parametrize("place", ["before commit", "claimed", "stamped", "after commit", "answered", "settled"])
def test_killed_at_a_checkpoint_nothing_is_lost_doubled_or_out_of_order(place: str, victim: Victim) -> None:
    if "commit" in place:
        victim.gateway.wait_until_settled()
    victim.town.crash(place, nth=4)
    Senders(victim.town.client, streams := victim.contacts(each=4)).join()
    victim.town.wait_for_death()
    result = victim.account()
    unanswered = sum(sent.unanswered for stream in streams for sent in stream)
    print(f"{place}: {result} of which {result.repeated - victim.repeats} now; {unanswered} offers unanswered")
    victim.repeats = result.repeated
    result.hold()
    if "commit" in place:
        assert unanswered > 0


@pytest.mark.parametrize("outcome", ["committed", "rolled back"])
def test_killed_during_commit_the_repeat_finds_out_what_became_of_it(outcome: str, victim: Victim) -> None:
    ((sent,),) = victim.contacts(each=1, zaken=ZAKEN[:1])
    victim.gateway.wait_until_settled()
    with held_at_commit(victim.database, sent) as gate:
        offering = threading.Thread(target=offer, args=(victim.town.client, sent))
        offering.start()
        backend = gate.wait_for_somebody()
        (worker,) = victim.gateway.workers()
        os.kill(worker.pid, signal.SIGKILL)
        offering.join()
        assert sent.answer is None
        assert victim.accepted(sent) == []
        if outcome == "rolled back":
            gate.terminate(backend)
        else:
            gate.open()
            wait_until(lambda: victim.accepted(sent), seconds=10, what="not committed")
    if outcome == "rolled back":
        assert victim.accepted(sent) == []
    Senders(victim.town.client, [[sent]]).join()
    assert sent.answer is not None
    (stored,) = victim.accepted(sent)
    assert canonical(sent.answer.body) == canonical(etree.fromstring(stored))
    result = victim.account()
    print(f"during commit, {outcome}: {result}")
    result.hold()


def test_a_sender_that_gave_up_waiting_gets_the_stored_answer(victim: Victim) -> None:
    ((sent,),) = victim.contacts(each=1, zaken=ZAKEN[:1])
    impatient = SoapClient(f"http://127.0.0.1:{victim.town.port}", timeout=0.3)
    with held_at_commit(victim.database, sent) as gate:
        assert offer(impatient, sent) is None
        gate.wait_for_somebody()
        # It repeats while the first is still under way: the second must wait for the first, and not do it again.
        repeating = Senders(victim.town.client, [[sent]])
        gate.wait_for_somebody(waiting_for="transactionid")
        assert victim.accepted(sent) == []
        gate.open()
        repeating.join()
    assert sent.unanswered == 1
    assert sent.answer is not None
    (stored,) = victim.accepted(sent)
    assert canonical(sent.answer.body) == canonical(etree.fromstring(stored))
    first = sent.answer.raw
    again = offer(victim.town.client, sent)
    assert again is not None
    assert again.raw == first
    victim.account().hold()


def canonical(element: etree._Element | None) -> bytes:
    assert element is not None
    return etree.tostring(element, method="c14n", exclusive=True)
