"""The demo: a gateway with everything around it, a legacy zaaksysteem that sends, and a table of what came of it.

Everything is real but the people: PostgreSQL, the gateway and its delivery worker as processes of their own, a
zaakmagazijn and a mail server that receive. Every message has an expectation; the demo fails when one is not met.
"""

import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import click
from lxml import etree

from stuf_klantcontact import outbox, stuurgegevens
from stuf_klantcontact.cli.demo.acts import Act, acts
from stuf_klantcontact.cli.demo.stage import Stage, announce_zaken, stage
from stuf_klantcontact.cli.operate import table
from stuf_klantcontact.cli.zaaksysteem import Outcome, Zaaksysteem
from stuf_klantcontact.rgbz import Klantcontact, load_klantcontact
from stuf_klantcontact.store.embedded import private_data_dir
from stuf_klantcontact.testing import cast

DELIVERY_SECONDS: Final = 60.0


def play(*, once: bool, port: int) -> bool:
    """Run the demo; True when every outcome was the expected one. Without `once`, stay until Ctrl-C."""
    with private_data_dir() as folder, stage(folder, port=0 if once else port) as ready:
        now = datetime.now(UTC)
        announce_zaken(ready, now=now)
        numbers: dict[str, str] = {}
        rows: list[tuple[str, ...]] = []
        good = True
        with click.progressbar(acts(now), label="Berichten", file=sys.stderr) as bar:
            for act in bar:
                row, as_expected = _perform(act, ready, numbers)
                rows.append(row)
                good = good and as_expected
        click.echo()
        click.echo(table(rows, head=("", "bericht", "antwoord", "opgeslagen", "zaakmagazijn", "mail")))
        click.echo()
        good = _totals(ready, rows, expected=acts(now)) and good
        if not once:
            click.echo(
                f"\nDe gateway draait op {ready.url} tot Ctrl-C; wat hij meldt staat in {folder}/gateway.log."
            )
            click.echo(f"Meld u aan als mijnzaken met wachtwoord {ready.passwords['mijnzaken']}")
            _until_interrupted()
    return good


def _totals(stage: Stage, rows: list[tuple[str, ...]], *, expected: list[Act]) -> bool:
    """What everything came to; also whether nothing came that should not have, and nothing is left to send."""
    kept = len(stage.zaakmagazijn.kept)
    refused = len(stage.zaakmagazijn.received) - kept
    deadline = time.monotonic() + DELIVERY_SECONDS
    while True:
        with stage.database.session() as session:
            left = outbox.open_items(session)
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    click.echo(
        f"{len(rows)} berichten, {sum(row[0] == 'ok' for row in rows)} zoals verwacht. Het zaakmagazijn nam {kept} "
        f"berichten aan en weigerde er {refused}; {len(stage.mail.mails)} mails; {left} nog te versturen."
    )
    wanted = sum(len(act.received) for act in expected), sum(act.mails for act in expected)
    return (kept, len(stage.mail.mails)) == wanted and refused == left == 0


def _perform(act: Act, stage: Stage, numbers: dict[str, str]) -> tuple[tuple[str, ...], bool]:
    """Send one message, wait for what it must bring about, and hold that against the expectation.

    `numbers` are the klantcontactidentificaties by referentienummer; one that is given out is added.
    """
    before, mails_before = len(stage.zaakmagazijn.kept), len(stage.mail.mails)
    client = stage.client(act.port, act.user)
    outcome = _send(act, client, numbers)
    with suppress(AssertionError):  # what did not come is shown in the table
        stage.zaakmagazijn.wait_for(before + len(act.received), timeout=DELIVERY_SECONDS)
        stage.mail.wait_for(mails_before + act.mails, timeout=DELIVERY_SECONDS)
    received = stage.zaakmagazijn.kept[before:]
    mails = stage.mail.mails[mails_before:]
    answer = _answer(outcome)
    record = _record(outcome, act, stage)
    stored = _stored(record)
    found = 0 if outcome.body is None else len(outcome.body.findall("{*}antwoord/{*}object"))
    as_expected = (
        answer == act.answer
        and (stored == act.stored or bool(act.same_as))
        and tuple(r.name for r in received) == act.received
        and len(mails) == act.mails
        and found == act.found
    )
    shown = f"{record.identificatie} {stored}" if record else f"{found} gevonden" if found else "-"
    row = (
        "ok" if as_expected else "FOUT",
        act.title,
        answer,
        shown if not act.same_as else f"{shown} (niets nieuws)",
        ", ".join(r.name for r in received) or "-",
        ", ".join(r for m in mails for r in m.recipients) or "-",
    )
    return row, as_expected


def _send(act: Act, client: Zaaksysteem, numbers: dict[str, str]) -> Outcome:
    if isinstance(act.message, bytes):
        return client.post(act.message)
    message = act.message if isinstance(act.message, etree._Element) else act.message(numbers)
    header = stuurgegevens.read(message)
    # A copy: an envelope takes what is put into it.
    outcome = client.send(etree.fromstring(etree.tostring(message)))
    if number := outcome.text("klantcontactidentificatie"):
        numbers[header.referentienummer] = number
    return outcome


def _stored(record: Klantcontact | None) -> str:
    if record is None:
        return ""
    return "ingetrokken" if record.ingetrokken else f"{record.groep} {record.effect}"


def _answer(outcome: Outcome) -> str:
    """The answer in a word: its name, or the code with the rule that is not just that code again."""
    if not outcome.code:
        return outcome.name if outcome.status == 200 else f"HTTP {outcome.status}"
    rule = outcome.findings[0][0] if outcome.findings else ""
    return outcome.code if rule in ("", outcome.code) else f"{outcome.code} {rule}"


def _record(outcome: Outcome, act: Act, stage: Stage) -> Klantcontact | None:
    """What the gateway stored, read from its database."""
    identificatie = outcome.text("klantcontactidentificatie")
    with stage.database.session() as session:
        if identificatie:
            return load_klantcontact(session, identificatie, rsin=cast.RSIN)
        if outcome.name == "Bv03Bericht":
            newest = (
                session.connection().exec_driver_sql("SELECT max(identificatie) FROM klantcontact").scalar_one()
            )
            return load_klantcontact(session, newest, rsin=cast.RSIN)
    return None


def _until_interrupted() -> None:
    """Wait for Ctrl-C or SIGTERM; both, so that what was started is also stopped where a supervisor ends it."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    click.echo("\nTot ziens.")
