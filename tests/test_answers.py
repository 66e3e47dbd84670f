"""What each answer of a receiver leads to, over a real connection: the table of docs/operations.md, row by row."""

import re
import ssl
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from outgoing import LATER, RSIN, enqueue, items, number, order, remember
from plugin_database import Postgres
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.outbox import Claim, Item, Standing
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import FakeZaakmagazijn, FixedClock, closed_port
from test_outlets_tls import pki, receiver

__all__ = ["pki"]

TIMEOUT = 0.8
"""Of those that never answer in time."""


@dataclass(frozen=True)
class Row:
    """What the documentation says of an answer."""

    answer: str
    item: str
    behind: str
    receiver: str
    log: str


def documented() -> list[Row]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## What an answer leads to\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines[2:]]


@dataclass(frozen=True)
class Case:
    """One way to answer, the row that is about it (by how that begins), and the code that the item then has."""

    row: str
    behaviour: str
    code: str

    @property
    def id(self) -> str:
        return re.sub(r"[^A-Za-z0-9]+", "-", self.behaviour)


def cases(row: str, *known: tuple[str, str]) -> list[Case]:
    return [Case(row, behaviour, code) for behaviour, code in known]


CASES = [
    *cases("200 with a Bv03", ("well-behaved", "Bv03"), ("mtom", "Bv03"), ("bv04", "Bv04")),
    *cases("Fo01, Fo02 or Fo03", ("fo03:StUF058", "StUF058"), ("fo03-200:StUF064", "StUF064")),
    *cases("Fo03 with StUF046", *((f"fo03:{code}", code) for code in ("StUF046", "StUF049", "StUF960"))),
    *cases("Fo03 with StUF019", ("fo03:StUF019", "StUF019")),
    *cases(
        "200 or 500 with",
        ("html", "answer-unreadable"), ("empty", "answer-unreadable"), ("half", "answer-unreadable"),
        ("garbage", "answer-unreadable"), ("doctype", "answer-unreadable"), ("status:500", "HTTP 500"),
    ),
    *cases("an answer about another", ("wrong-cross", "crossRefnummer")),
    *cases("201, 202", *((f"status:{code}", f"HTTP {code}") for code in (201, 202, 206))),
    *cases("3xx", ("redirect", "HTTP 302"), *((f"status:{code}", f"HTTP {code}") for code in (301, 307, 308))),
    *cases("401, 403", *((f"status:{code}", f"HTTP {code}") for code in (401, 403, 404, 405, 415))),
    *cases("another 4xx", *((f"status:{code}", f"HTTP {code}") for code in (400, 408, 413, 429))),
    *cases("another 5xx", *((f"status:{code}", f"HTTP {code}") for code in (502, 503, 504))),
    *cases(
        "an answer that is compressed",
        ("gzip-bomb", "answer-encoding"), ("huge", "answer-size"), ("endless-chunks", "answer-size"),
        ("deep", "answer-unreadable"), ("wide", "answer-unreadable"), ("endless-headers", "connection"),
        ("endless-continue", "connection"),
    ),
    *cases(
        "no whole answer within",
        *((behaviour, "time-out") for behaviour in
          ("hang", "deaf", "slow", "drip", "drip-headers")),
    ),
    *cases(
        "it cannot be reached",
        ("dead", "connect"), ("reset", "connection"), ("truncated", "connection"), ("lost-answer", "connection"),
        ("half-closed", "connection"),
    ),
    *cases(
        "TLS:",
        *((behaviour, "TLS") for behaviour in
          ("tls expired", "tls self-signed", "tls elsewhere", "tls foreign-server", "tls nobody's", "tls stranger",
           "tls unknown to this machine", "tls 1.1", "tls none", "tls-garbage")),
    ),
]  # fmt: skip


class Answering:
    """A gateway with an abonnee for each case, all of them at receivers that a case sets to its behaviour."""

    def __init__(self, database: Database, zaakmagazijn: FakeZaakmagazijn, urls: dict[str, str], pki: Path) -> None:
        self.clock = FixedClock(LATER)
        self.database = database
        self.zaakmagazijn = zaakmagazijn
        both = {"certificaat": pki / "ours-client.pem", "sleutel": pki / "ours-client.key"}
        late = [case.behaviour for case in CASES if case.code == "time-out"]
        tree: dict[str, Any] = {
            "gateway": {"organisatie": "0518", "applicatie": "KLANTCONTACT", "rsin": RSIN},
            "abonnee": {
                case.id.upper(): {
                    "endpoint": urls.get(case.behaviour, zaakmagazijn.url),
                    "timeout": TIMEOUT if case.behaviour in late else 5.0,
                    **({"ca": pki / "ours.pem", **both} if case.behaviour.startswith("tls") else {}),
                    **_other(case.behaviour, pki),
                }
                for case in CASES
            },
        }
        self.delivery = Delivery(
            Settings(**tree), database=database, contract=contracts.load(), clock=self.clock, chance=lambda: 0.0
        )

    def claim(self, case: Case) -> list[Claim]:
        with self.database.connection() as connection:
            return outbox.claim(connection, abonnee=case.id.upper(), limit=9, lease=120.0, now=self.clock())

    def items(self, case: Case) -> list[Item]:
        return [item for item in items(self.database) if item.stream.abonnee == case.id.upper()]

    def standing(self, case: Case) -> Standing:
        with self.database.connection() as connection:
            return next(s for s in outbox.standings(connection) if s.abonnee == case.id.upper())


def _other(behaviour: str, pki: Path) -> dict[str, object]:
    """What is otherwise with us in some cases."""
    if behaviour == "tls nobody's":
        return {"certificaat": None, "sleutel": None}
    if behaviour == "tls stranger":
        return {"certificaat": pki / "foreign-client.pem", "sleutel": pki / "foreign-client.key"}
    return {"ca": None} if behaviour == "tls unknown to this machine" else {}


@pytest.fixture(scope="module")
def answering(postgres: Postgres, _template: str, pki: Path) -> Iterator[Answering]:
    postgres.run(f"CREATE DATABASE test_answers TEMPLATE {_template}")
    database = Database(postgres.address("test_answers"))
    remember(database, 1, 2, zaak="Z1")
    remember(database, 3, zaak="Z2")
    with ExitStack() as stack:
        zaakmagazijn = stack.enter_context(FakeZaakmagazijn(delay=60.0))
        certificates = {
            "tls expired": "expired", "tls self-signed": "self-signed", "tls elsewhere": "elsewhere",
            "tls foreign-server": "foreign-server", "tls nobody's": "ours-server", "tls stranger": "ours-server",
            "tls unknown to this machine": "ours-server",
        }  # fmt: skip
        urls = {b: stack.enter_context(receiver(pki, name=name)) for b, name in certificates.items()}
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            urls["tls 1.1"] = stack.enter_context(receiver(pki, newest=ssl.TLSVersion.TLSv1_1))
        urls["tls none"] = urls["tls-garbage"] = zaakmagazijn.url.replace("http:", "https:")
        urls["dead"] = f"http://127.0.0.1:{closed_port()}/"
        found = Answering(database, zaakmagazijn, urls, pki)
        yield found
        found.delivery.close()
    database.close()
    postgres.run("DROP DATABASE test_answers WITH (FORCE)")


def test_every_row_has_a_case_and_every_case_a_row() -> None:
    rows = [row.answer for row in documented()]
    assert [row for row in rows if not any(row.startswith(case.row) for case in CASES)] == []
    assert [case for case in CASES if len([row for row in rows if row.startswith(case.row)]) != 1] == []


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_what_it_leads_to_is_what_the_documentation_says(
    answering: Answering, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    (said,) = [row for row in documented() if row.answer.startswith(case.row)]
    abonnee, zaakmagazijn = case.id.upper(), answering.zaakmagazijn
    enqueue(answering.database, *(order(n, zaak=z, abonnee=abonnee) for n, z in ((1, "Z1"), (2, "Z1"), (3, "Z2"))))
    first, other = sorted(answering.claim(case), key=lambda claim: claim.sleutel)
    zaakmagazijn.behaviour = "well-behaved" if case.behaviour.startswith(("tls ", "dead")) else case.behaviour
    before, started = len(zaakmagazijn.received), time.monotonic()
    answering.delivery.attempt(first)
    took = time.monotonic() - started
    answering.delivery.give_back(other, code="")
    assert took < (TIMEOUT + 1.0 if case.code == "time-out" else 5.0), "its time is bounded"
    assert len(zaakmagazijn.received) - before <= 1, "nothing is sent twice in one attempt"

    item = answering.items(case)[0]
    assert item.code == case.code
    assert bool(item.reason) == (item.state != "delivered"), "a person can read why"
    assert _item(item) == said.item
    standing = answering.standing(case)
    assert _receiver(answering, case) == said.receiver
    assert (standing.left_alone_until is not None) == (said.receiver == "left alone at once")
    loudest = max((r.levelno for r in caplog.records if abonnee in r.getMessage()), default=0)
    assert {0: "", 30: "warning", 40: "error"}[loudest] == said.log
    with answering.database.connection() as connection:
        connection.execute("UPDATE outbox_receiver SET not_before = NULL WHERE abonnee = %s", (abonnee,))
    due = {claim.klantcontact for claim in answering.claim(case)}
    assert number(3) in due, "another zaak does not notice"
    assert (number(2) in due) == (said.behind == "goes")
    assert number(1) not in due, "not at once again"
    answering.clock.advance(121)
    due = {claim.klantcontact for claim in answering.claim(case)}
    assert {"goes": number(2), "waits": number(1)}.get(said.behind, number(3)) in due
    assert (number(1) in due) == (said.behind == "waits")


def _item(item: Item) -> str:
    if item.state != "waiting":
        return item.state
    return "tried again" if item.body is not None else "tried again under a new number"


def _receiver(answering: Answering, case: Case) -> str:
    with answering.database.connection() as connection:
        row = connection.execute(
            "SELECT failures, not_before FROM outbox_receiver WHERE abonnee = %s", (case.id.upper(),)
        ).fetchone()
    if row is None or row[0] == 0:
        return "goes on"
    return "left alone at once" if row[1] is not None else "counts"
