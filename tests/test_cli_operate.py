"""The commands of functioneel beheer and of a zaaksysteem, against a real database and a real gateway."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conftest import ROOT
from journeys.town import PASSWORD, SYNCHRONOUS, Town
from outgoing import RSIN, enqueue, number, order, remember
from stuf_klantcontact import outbox
from stuf_klantcontact.cli import cli
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.store import Database
from test_journal import incoming

FIVE = ROOT / "fixtures/kc/voegKlantcontactToe/invalid/vijf-fouten-in-een-bericht.xml"
ZAAK = "0518ZAAK0000001"


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[gateway]\norganisatie = "0518"\nrsin = "{RSIN}"\ndatabase_url = {json.dumps(database_url)}\n'
    )
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


# --- messages and deliveries --------------------------------------------------------------------------------------


def test_a_message_is_shown_with_its_zone_and_what_its_codes_mean(database: Database, config: Path) -> None:
    incoming(database, "MZ-1", operatie="voegKlantcontactToe_Di02", code="StUF055", rules="XSD-ENUM KC-04")
    shown = run("messages", "show", "MZ-1", "--config", config).output
    assert re.search(r"moment: +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\+0[12]:00\n", shown)
    assert re.search(r"from: +MIJNZAKEN\n", shown)
    assert re.search(r"code: +StUF055 The message does not conform to the schema", shown)
    assert re.search(r"rule XSD-ENUM: +The value is not on the list\.", shown)
    assert re.search(r"rule KC-04: +There is no such Type of klantcontact\.", shown)
    listed = run("messages", "list", "--config", config).output
    assert re.search(r"\d\d:\d\d:\d\d\+0[12]:00 +in +MIJNZAKEN", listed)


def test_the_zaak_of_a_delivery_is_a_zaak_whatever_its_receiver(database: Database, config: Path) -> None:
    remember(database, 1)
    enqueue(database, order(1), Order(outbox.MAIL, "s.jansen@example.org", "mail", number(1)), order(1, zaak=""))
    result = run("deliveries", "list", "--config", config)
    assert result.exit_code == 0, result.exception
    rows = result.output.splitlines()
    assert rows[0].split()[1:3] == ["abonnee", "zaak"]
    assert [ZAAK in row for row in rows[2:]] == [True] * 3
    assert "mail s***@example.org" in rows[3]
    assert "s.jansen" not in "\n".join(rows)


# --- send ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrapping", ["none", "declaration", "envelope"])
def test_the_lines_that_a_fault_names_are_those_of_the_file(town: Town, tmp_path: Path, wrapping: str) -> None:
    text = FIVE.read_text()
    if wrapping == "none":
        text = text.partition("?>")[2].lstrip()
    elif wrapping == "envelope":
        head = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">\n\n<s:Body>\n'
        text = head + text.partition("?>")[2].lstrip() + "</s:Body></s:Envelope>"
    path = tmp_path / "bericht.xml"
    path.write_text(text)
    url = f"http://127.0.0.1:{town.client._port}{SYNCHRONOUS}"
    sent = run("send", path, "--url", url, "--user", "mijnzaken", "--password", PASSWORD)
    assert sent.exit_code == 1
    violations = json.loads(run("validate", path, "--format", "json").output)["violations"]
    told = re.findall(r"^  (\S+): regel (\d+),", sent.output, re.MULTILINE)
    assert len(violations) == 5
    assert {(v["rule"], str(v["line"])) for v in violations} == {found for found in told if found[0] != "StUF013"}
