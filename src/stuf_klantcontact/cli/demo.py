"""The demo: a gateway with everything around it, a legacy zaaksysteem that sends, and a table of what came of it.

Everything is real but the people: PostgreSQL, the gateway and its delivery worker as processes of their own, a
zaakmagazijn and a mail server that receive. Every message has an expectation; the demo fails when one is not met.
"""

import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
from lxml import etree

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, server
from stuf_klantcontact import settings as settings_module
from stuf_klantcontact.access import hash_password
from stuf_klantcontact.cli.operate import table
from stuf_klantcontact.cli.zaaksysteem import Outcome, Zaaksysteem
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.rgbz import Klantcontact, load_klantcontact
from stuf_klantcontact.store import Database, open_database
from stuf_klantcontact.store.embedded import private_data_dir
from stuf_klantcontact.testing import FakeMailServer, FakeZaakmagazijn, cast, closed_port

START_SECONDS: Final = 60.0
DELIVERY_SECONDS: Final = 60.0
SYNCHRONOUS, ASYNCHRONOUS = "VerwerkSynchroonVrijBericht", "OntvangAsynchroon"


@dataclass(frozen=True, slots=True)
class Act:
    """One message of the demo: what is sent, and what must come of it.

    `answer` is the name of the answer, "HTTP 401", or a StUF code with the rule first named; `stored` is the groep
    and effect of the record; `received` is what the zaakmagazijn gets; `mails` how many betrokkenen are told.
    """

    title: str
    message: etree._Element | bytes
    answer: str
    stored: str = ""
    received: tuple[str, ...] = ()
    mails: int = 0
    port: str = SYNCHRONOUS
    user: str = "mijnzaken"
    same_as: str = ""


@dataclass(slots=True)
class Stage:
    """What the demo runs with: addresses, credentials, and the receivers."""

    url: str
    passwords: dict[str, str]
    database: Database
    zaakmagazijn: FakeZaakmagazijn
    mail: FakeMailServer
    clients: dict[tuple[str, str], Zaaksysteem] = field(default_factory=dict)

    def client(self, port: str, user: str) -> Zaaksysteem:
        """A zaaksysteem that is logged in as `user`."""
        if (port, user) not in self.clients:
            password = self.passwords.get(user, "wrong")
            self.clients[port, user] = Zaaksysteem(f"{self.url}/soap/{port}", user=user, password=password)
        return self.clients[port, user]


def acts(now: datetime) -> list[Act]:
    """The play, in order."""
    first = cast.contact(referentienummer="MZ-2026-000001", now=now)
    changed = cast.contact(referentienummer="MZ-2026-000001", now=now, toelichting="Toch niet teruggebeld.")
    plain = cast.contact(referentienummer="MZ-2026-000099", now=now)
    envelope = (
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        + etree.tostring(plain)
        + b"</soap:Body></soap:Envelope>"
    )
    return [
        Act(
            "call, medewerker, partij uit de zaak",
            first,
            answer="voegKlantcontactToe_Du02",
            stored="persoonlijk uitgewisseld",
            received=("klcLk01",),
            mails=1,
        ),
        Act(
            "face, vestiging, uitkomst en afspraken",
            cast.contact(
                referentienummer="MZ-2026-000002",
                now=now,
                type="face",
                partij="vestiging",
                onderwerp="Terras op de stoep",
                uitkomst="De tekening is besproken.",
                afspraken="Vrijdag een nieuwe tekening.",
            ),
            answer="voegKlantcontactToe_Du02",
            stored="persoonlijk uitgewisseld",
            received=("klcLk01",),
            mails=1,
        ),
        Act(
            "click, burger, met PDF",
            cast.contact(
                referentienummer="MZ-2026-000003", now=now, type="click", opvoerder=cast.SJANSEN, pdf=cast.PDF
            ),
            answer="voegKlantcontactToe_Du02",
            stored="ontvangst uitgewisseld",
            received=("iobLk01",),
        ),
        Act(
            "mail, medewerker (verzending)",
            cast.contact(referentienummer="MZ-2026-000004", now=now, type="mail", partij="persoon"),
            answer="voegKlantcontactToe_Du02",
            stored="verzending uitgewisseld",
            received=("iobLk01",),
            mails=1,
        ),
        Act(
            "e-mail, burger (ontvangst), asynchroon",
            cast.contact(
                referentienummer="MZ-2026-000005", now=now, type="e-mail", opvoerder=cast.SJANSEN, synchronous=False
            ),
            answer="Bv03Bericht",
            stored="ontvangst uitgewisseld",
            received=("iobLk01",),
            port=ASYNCHRONOUS,
        ),
        Act(
            "call, met PDF: document voor contact",
            cast.contact(referentienummer="MZ-2026-000006", now=now, pdf=cast.PDF),
            answer="voegKlantcontactToe_Du02",
            stored="persoonlijk uitgewisseld",
            received=("iobLk01", "klcLk01"),
            mails=1,
        ),
        Act(
            "call, anoniem",
            cast.contact(referentienummer="MZ-2026-000007", now=now, partij="anoniem"),
            answer="voegKlantcontactToe_Du02",
            stored="anoniem bewaard",
            mails=1,
        ),
        Act(
            "face, burger meldt zelf, geen medewerker",
            cast.contact(referentienummer="MZ-2026-000008", now=now, type="face", opvoerder=cast.SJANSEN),
            answer="voegKlantcontactToe_Du02",
            stored="zonder_medewerker bewaard",
        ),
        Act("herhaling van de eerste", first, answer="voegKlantcontactToe_Du02", same_as="MZ-2026-000001"),
        Act("zelfde nummer, andere inhoud", changed, answer="StUF016"),
        Act(
            "gesloten zaak",
            cast.contact(referentienummer="MZ-2026-000010", now=now, zaak=cast.CLOSED),
            answer="StUF058 KC-02",
        ),
        Act(
            "onbekende zaak",
            cast.contact(referentienummer="MZ-2026-000011", now=now, zaak="0518ZAAK9999999"),
            answer="StUF064 KC-01",
        ),
        Act(
            "zaaktype zonder klantcontacten",
            cast.contact(referentienummer="MZ-2026-000012", now=now, zaak=cast.NOT_ALLOWED),
            answer="StUF058 KC-08",
        ),
        Act(
            "geen toelichting, geen document",
            cast.contact(referentienummer="MZ-2026-000013", now=now, toelichting=None),
            answer="StUF058 KC-05",
        ),
        Act(
            "opvoerder die niet mag",
            cast.contact(referentienummer="MZ-2026-000014", now=now, opvoerder=cast.KBAKKER),
            answer="StUF052 KC-07",
        ),
        Act(
            "datum in de toekomst",
            cast.contact(referentienummer="MZ-2026-000015", now=now, gezet=now + timedelta(days=2)),
            answer="StUF058 KC-09",
        ),
        Act(
            "onbekend Type",
            cast.contact(referentienummer="MZ-2026-000016", now=now, type="fax"),
            answer="StUF055 XSD-ENUM",
        ),
        Act("geen XML", envelope.replace(b"</gfo:Klantcontact>", b""), answer="StUF055 XML-TAG"),
        Act("een DOCTYPE", b"<!DOCTYPE soap:Envelope>" + envelope, answer="StUF055 XML-DOCTYPE"),
        Act("verkeerd wachtwoord", plain, answer="HTTP 401", user="indringer"),
    ]


def play(*, once: bool, port: int) -> bool:
    """Run the demo; True when every outcome was the expected one. Without `once`, stay until Ctrl-C."""
    with private_data_dir() as folder, _stage(folder, port=0 if once else port) as stage:
        now = datetime.now(UTC)
        _announce_zaken(stage, now=now)
        rows: list[tuple[str, ...]] = []
        good = True
        with click.progressbar(acts(now), label="Berichten", file=sys.stderr) as bar:
            for act in bar:
                row, as_expected = _perform(act, stage)
                rows.append(row)
                good = good and as_expected
        click.echo()
        click.echo(table(rows, head=("", "bericht", "antwoord", "opgeslagen", "zaakmagazijn", "mail")))
        click.echo()
        good = _totals(stage, rows, expected=acts(now)) and good
        if not once:
            click.echo(
                f"\nDe gateway draait op {stage.url} tot Ctrl-C; wat hij meldt staat in {folder}/gateway.log."
            )
            click.echo(f"Meld u aan als mijnzaken met wachtwoord {stage.passwords['mijnzaken']}")
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


def _announce_zaken(stage: Stage, *, now: datetime) -> None:
    """Three zaken, as the zaaksysteem of the municipality tells of them."""
    zaken = (
        cast.zaak(cast.RUNNING, referentienummer="ZS-2026-000001", now=now),
        cast.zaak(cast.CLOSED, referentienummer="ZS-2026-000002", now=now, einddatum="20261001"),
        cast.zaak(
            cast.NOT_ALLOWED,
            referentienummer="ZS-2026-000003",
            now=now,
            zaaktype=cast.ZAAKTYPE_NOT_ALLOWED,
            operation="zakLk01",
        ),
    )
    for zaak in zaken:
        outcome = stage.client(ASYNCHRONOUS, "zaaksysteem").send(zaak)
        if outcome.name != "Bv03Bericht":
            raise ConfigurationError(f"the zaak was not taken: HTTP {outcome.status} {outcome.name} {outcome.code}")


def _perform(act: Act, stage: Stage) -> tuple[tuple[str, ...], bool]:
    """Send one message, wait for what it must bring about, and hold that against the expectation."""
    before, mails_before = len(stage.zaakmagazijn.kept), len(stage.mail.mails)
    client = stage.client(act.port, act.user)
    outcome = client.post(act.message) if isinstance(act.message, bytes) else client.send(_copy(act.message))
    with suppress(AssertionError):  # what did not come is shown in the table
        stage.zaakmagazijn.wait_for(before + len(act.received), timeout=DELIVERY_SECONDS)
        stage.mail.wait_for(mails_before + act.mails, timeout=DELIVERY_SECONDS)
    received = stage.zaakmagazijn.kept[before:]
    mails = stage.mail.mails[mails_before:]
    answer = _answer(outcome)
    record = _record(outcome, act, stage)
    stored = f"{record.groep} {record.effect}" if record else ""
    as_expected = (
        answer == act.answer
        and (stored == act.stored or bool(act.same_as))
        and tuple(r.name for r in received) == act.received
        and len(mails) == act.mails
    )
    shown = f"{record.identificatie} {stored}" if record else "-"
    row = (
        "ok" if as_expected else "FOUT",
        act.title,
        answer,
        shown if not act.same_as else f"{shown} (niets nieuws)",
        ", ".join(r.name for r in received) or "-",
        ", ".join(r for m in mails for r in m.recipients) or "-",
    )
    return row, as_expected


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


@contextmanager
def _stage(folder: Path, *, port: int) -> Iterator[Stage]:
    """Everything started, and at the end everything stopped."""
    contract = contracts.load()
    passwords = {user: secrets.token_urlsafe(12) for user in ("mijnzaken", "zaaksysteem")}
    port = port or closed_port()
    server.probe("127.0.0.1", port)  # else whoever listens there would be taken for our gateway
    config = folder / "gateway.toml"
    with FakeZaakmagazijn(contract=contract) as zaakmagazijn, FakeMailServer() as mail:
        config.write_text(_toml(folder, passwords, zaakmagazijn=zaakmagazijn, mail=mail), encoding="utf-8")
        config.chmod(0o600)
        click.echo("De database, de gateway en de bezorging starten…", err=True)
        command = [sys.executable, "-m", "stuf_klantcontact", "serve", "--config", str(config), "--port", str(port)]
        log = folder / "gateway.log"
        with log.open("wb") as sink:
            gateway = subprocess.Popen([*command, "--until-stdin-closes"], stdin=subprocess.PIPE, stderr=sink)  # noqa: S603
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, gateway, log=log)
            database = open_database(settings_module.load(config), pool_size=1)
            try:
                yield Stage(url, passwords, database, zaakmagazijn, mail)
            finally:
                database.close()
        finally:
            gateway.terminate()
            gateway.wait(timeout=START_SECONDS)


def _toml(folder: Path, passwords: dict[str, str], *, zaakmagazijn: FakeZaakmagazijn, mail: FakeMailServer) -> str:
    hashes = {user: hash_password(password) for user, password in passwords.items()}
    return f"""
[gateway]
organisatie = "{cast.ORGANISATIE}"
rsin = "{cast.RSIN}"
data_dir = "{folder / "data"}"

[zender.MIJNZAKEN]
gebruiker = "mijnzaken"
wachtwoord_hash = "{hashes["mijnzaken"]}"
borgt_voor_opvoerder = true
operaties = ["voegKlantcontactToe"]

[zender.ZAAKSYSTEEM]
gebruiker = "zaaksysteem"
wachtwoord_hash = "{hashes["zaaksysteem"]}"
operaties = ["zaken"]

[abonnee.ZAAKMAGAZIJN]
endpoint = "{zaakmagazijn.url}"

[zaaktype.{cast.ZAAKTYPE}]
klantcontacten = true
medewerkers = ["jdevries"]
betrokkenen = true
melding = true

[mail]
server = "{mail.host}"
port = {mail.port}
starttls = false
afzender = "klantcontact@gemeente.example"
portaal = "https://mijn.gemeente.example/zaken"

[delivery]
poll = 0.2
"""


def _wait_until_ready(url: str, gateway: "subprocess.Popen[bytes]", *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if gateway.poll() is not None:
            raise ConfigurationError(
                f"the gateway ended with exit status {gateway.returncode}:\n{log.read_text(errors='replace')}"
            )
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as response:  # noqa: S310
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise ConfigurationError(f"the gateway was not ready within {START_SECONDS:.0f} s")


def _until_interrupted() -> None:
    """Wait for Ctrl-C or SIGTERM; both, so that what was started is also stopped where a supervisor ends it."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    click.echo("\nTot ziens.")


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element))
