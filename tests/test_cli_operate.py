"""The commands of functioneel beheer and of a zaaksysteem, against a real database and a real gateway."""

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from conftest import ROOT
from journeys.town import PASSWORD, SYNCHRONOUS, Town
from outgoing import RSIN, enqueue, items, number, order, remember
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import outbox, resync
from stuf_klantcontact.cli import cli, main
from stuf_klantcontact.outbox import Order
from stuf_klantcontact.resync import Wanted
from stuf_klantcontact.settings import load
from stuf_klantcontact.store import Database
from stuf_klantcontact.transfer import Berichtenset
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
    with database.connection() as connection:
        connection.execute("UPDATE outbox_stream SET sleutel = 'vergeten 2' WHERE abonnee = 'mail'")
    assert "mail vergeten 2" in run("deliveries", "list", "--config", config).output.splitlines()[3]
    assert "s.jansen" not in "\n".join(rows)


def test_a_message_is_shown_with_its_klantcontact_zaak_and_deliveries(database: Database, config: Path) -> None:
    incoming(database, "MZ-7", operatie="voegKlantcontactToe_Di02")
    remember(database, 1)
    enqueue(database, order(1), Order(outbox.MAIL, "s.jansen@example.org", "mail", number(1)))
    with database.connection() as connection:
        connection.execute("UPDATE klantcontact SET bericht_id = (SELECT max(id) FROM bericht)")
    shown = run("messages", "show", "MZ-7", "--config", config).output
    assert re.search(rf"klantcontact: +{number(1)} zaak {ZAAK}\n", shown)
    assert re.search(r"delivery: +\d+ ZAAKMAGAZIJN klcLk01 waiting\n", shown)
    assert re.search(r"delivery: +\d+ mail s\*\*\*@example.org mail waiting\n", shown)
    assert "jansen" not in shown


def test_deliveries_have_their_moments_and_who_did_what(database: Database, config: Path) -> None:
    enqueue(database, order(1))
    (only,) = (str(item.id) for item in items(database))
    listed = run("deliveries", "list", "--config", config).output
    assert re.search(r"waiting +0 +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\+0[12]:00", listed)
    assert "referentienummer" in listed
    run("deliveries", "hold", only, "--reason", "wacht even", "--by", "jdevries", "--config", config)
    shown = run("deliveries", "show", only, "--config", config).output
    assert re.search(r"held .*jdevries +wacht even", shown)
    assert "nothing has become" in run("deliveries", "show", "999999", "--config", config).output


def test_of_what_was_closed_the_newest_are_listed_and_more_is_said(database: Database, config: Path) -> None:
    enqueue(database, *(order(count, zaak=f"Z{count}") for count in range(3)))
    numbers = [str(item.id) for item in items(database)]

    def listed(*options: str) -> list[str]:
        lines = run("deliveries", "list", *options, "--config", config).output.splitlines()[2:]
        return [line if line.startswith("(") else line.split()[0] for line in lines]

    assert listed("--limit", "2")[:2] == numbers[:2]
    assert listed("--limit", "2")[2].startswith("(there are more: these are the oldest 2")
    assert listed("--limit", "3") == numbers
    assert listed("--state", "all", "--limit", "2")[:2] == numbers[1:]
    assert listed("--state", "all", "--limit", "2")[2].startswith("(there are more: these are the newest 2")


def test_an_abonnee_that_is_none_is_refused(database: Database, config: Path) -> None:
    enqueue(database, order(1, abonnee="WEG"))
    assert run("deliveries", "list", "--abonnee", "TYPO", "--config", config).exit_code == 2
    assert run("deliveries", "list", "--abonnee", "WEG", "--config", config).exit_code == 0
    assert run("deliveries", "list", "--abonnee", "mail", "--config", config).exit_code == 0


def test_who_sees_nothing_open_is_told_how_to_see_the_rest(database: Database, config: Path) -> None:
    enqueue(database, order(1))
    (only,) = (str(item.id) for item in items(database))
    assert run("deliveries", "skip", only, "--reason", "niet nodig", "--by", "x", "--config", config).exit_code == 0
    assert "--state all" in run("deliveries", "list", "--config", config).output
    assert only in run("deliveries", "list", "--state", "all", "--config", config).output.split()


def test_a_person_holds_releases_and_skips_with_a_reason(database: Database, config: Path) -> None:
    enqueue(database, order(1), order(2))
    first, second = (str(item.id) for item in items(database))
    by = ("--by", "jdevries", "--config", config)
    held = run("deliveries", "hold", first, "--reason", "wacht", *by)
    assert (held.exit_code, held.output) == (0, f"{first}: held, and with it what is behind it\n")
    released = run("deliveries", "release", first, second, *by)
    assert released.exit_code == 1, "the second is not held"
    assert (
        released.output == f"{first}: goes now, or as soon as it is its turn\n{second}: is not held, but waiting\n"
    )
    skipped = run("deliveries", "skip", first, "--reason", "met de hand verwerkt", *by)
    assert (skipped.exit_code, skipped.output) == (0, f"{first}: skipped; what is behind it goes on\n")
    again = run("deliveries", "skip", first, "--reason", "nog eens", *by)
    assert (again.exit_code, again.output) == (1, f"{first}: is not held or waiting, but skipped\n")
    assert run("deliveries", "skip", second, *by).exit_code == 2, "not without a reason"
    listed = run("deliveries", "list", "--state", "skipped", "--config", config).output.splitlines()
    assert [line.split()[0] for line in listed[2:]] == [first]
    everything = run("deliveries", "list", "--state", "all", "--config", config).output.splitlines()
    assert [line.split()[0] for line in everything[2:]] == [first, second]
    assert "met de hand verwerkt" in listed[2]
    assert len(run("deliveries", "list", "--config", config).output.splitlines()) == 3
    with database.connection() as connection:
        doors = connection.execute("SELECT state, door FROM outbox_event ORDER BY id").fetchall()
    assert doors == [(state, "jdevries") for state in ("held", "waiting", "skipped")]


# --- subscribers --------------------------------------------------------------------------------------------------


@pytest.fixture
def subscribed(config: Path) -> Path:
    """A gateway that tells a zaakmagazijn, and one zender afterwards."""
    config.write_text(
        f"""{config.read_text()}
[abonnee.ZAAKMAGAZIJN]
endpoint = "http://127.0.0.1:9/OntvangAsynchroon"
[zender.MIJNZAKEN]
functionele_fouten = "fo01"
endpoint = "http://127.0.0.1:9/terug"
"""
    )
    return config


def row(config: Path, name: str) -> str:
    listed = run("subscribers", "list", "--config", config)
    assert listed.exit_code == 0, listed.output
    (found,) = [line for line in listed.output.splitlines() if line.startswith(f"{name} ")]
    return found


def test_a_person_is_told_what_a_retry_comes_to(database: Database, config: Path) -> None:
    enqueue(database, order(1))
    (only,) = (str(item.id) for item in items(database))
    by = ("--by", "jdevries", "--config", config)
    unknown = run("deliveries", "retry", "999999", *by)
    assert (unknown.exit_code, unknown.output) == (1, "999999: there is no such item\n")
    with database.connection() as connection:
        (claimed,) = outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=1, lease=60)
        outbox.settle(connection, claimed, state="held", code="StUF058", reason="nee")
        outbox.pause(connection, abonnee="ZAAKMAGAZIJN", door="kim", reason="onderhoud")
    paused = run("deliveries", "retry", only, "--anew", *by)
    assert (paused.exit_code, paused.output) == (
        0,
        f"{only}: goes when ZAAKMAGAZIJN is resumed (subscribers resume)\n",
    )
    assert run("deliveries", "retry", only, *by).exit_code == 0
    with database.connection() as connection:
        events = connection.execute(
            "SELECT reason FROM outbox_event WHERE door = 'jdevries' ORDER BY id"
        ).fetchall()
    assert [reason for (reason,) in events] == [
        "opnieuw gemaakt, onder een nieuw nummer / made anew, under a new number",
        "",
    ]


def test_every_subscriber_is_listed_with_its_state(database: Database, subscribed: Path) -> None:
    enqueue(database, order(1), order(2), order(3, abonnee="WEG"))
    assert re.fullmatch(
        r"ZAAKMAGAZIJN +zkn0320 +http://127\.0\.0\.1:9/OntvangAsynchroon +open +2 +0 +20\d\d-[-0-9: ]+\+0[12]:00",
        row(subscribed, "ZAAKMAGAZIJN"),
    )
    assert re.fullmatch(
        r"zender:MIJNZAKEN +fo01 +http://127\.0\.0\.1:9/terug +open +0 +0", row(subscribed, "zender:MIJNZAKEN")
    )
    assert re.search(r"WEG +not in the settings: waits +1 +0 ", row(subscribed, "WEG"))
    with database.connection() as connection:
        (claimed,) = outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=1, lease=60)
        outbox.receiver_failed(connection, claimed, at_once=True, reason="HTTP 404", first=100, longest=100)
        assert re.search(r" left alone until [-0-9: ]+\+0[12]:00: HTTP 404 ", row(subscribed, "ZAAKMAGAZIJN"))
        connection.execute("UPDATE outbox_receiver SET not_before = now()")
        assert " left alone; the next item is a probe: HTTP 404 " in row(subscribed, "ZAAKMAGAZIJN")
        outbox.settle(connection, claimed, state="delivered", alive=True)
    assert re.search(r" open +1 +0( +20\d\d-[-0-9: ]+\+0[12]:00){2}", row(subscribed, "ZAAKMAGAZIJN"))


def test_a_subscriber_in_its_maintenance_window_says_so(database: Database, subscribed: Path) -> None:
    config = subscribed.read_text()
    subscribed.write_text(config.replace("[zender.", 'onderhoud = ["ma-zo 00:00-24:00"]\n[zender.'))
    assert " in maintenance: ma-zo 00:00-24:00 " in row(subscribed, "ZAAKMAGAZIJN")


def test_a_subscriber_is_paused_and_resumed_by_a_person(database: Database, subscribed: Path) -> None:
    enqueue(database, order(1))
    why = ("--reason", "nieuwe versie", "--by", "jdevries", "--config", subscribed)
    paused = run("subscribers", "pause", "ZAAKMAGAZIJN", *why)
    assert (paused.exit_code, paused.output) == (0, "ZAAKMAGAZIJN: paused; what is being sent now is finished\n")
    assert re.search(
        r" paused since [-0-9: ]+\+0[12]:00 by jdevries: nieuwe versie +1 ", row(subscribed, "ZAAKMAGAZIJN")
    )
    again = run("subscribers", "pause", "ZAAKMAGAZIJN", *why)
    assert (again.exit_code, again.output) == (1, "ZAAKMAGAZIJN: was paused already\n")
    with database.connection() as connection:
        assert outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=1, lease=60) == []
        resumed = run("subscribers", "resume", "ZAAKMAGAZIJN", "--by", "kim", "--config", subscribed)
        assert (resumed.exit_code, resumed.output) == (0, "ZAAKMAGAZIJN: resumed\n")
        assert len(outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=1, lease=60)) == 1
    assert run("subscribers", "resume", "ZAAKMAGAZIJN", "--config", subscribed).exit_code == 1


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_an_unknown_subscriber_is_named_with_those_there_are(subscribed: Path, command: str) -> None:
    reason = ("--reason", "x") if command == "pause" else ()
    result = run("subscribers", command, "ZAAKMAGAZIN", *reason, "--config", subscribed)
    assert result.exit_code == 2
    assert "no abonnee ZAAKMAGAZIN in the settings; there are: ZAAKMAGAZIJN, zender:MIJNZAKEN" in result.output


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


# --- config show --------------------------------------------------------------------------------------------------


def test_config_show_shows_no_secret_whatever_it_belongs_to(subscribed: Path) -> None:
    text = subscribed.read_text()
    text = text.replace("[zender.", 'wachtwoord = "geheim-1"\nsleutel_wachtwoord = "geheim-2"\n[zender.')
    subscribed.write_text(text + 'endpoint_wachtwoord = "geheim-3"\n[console]\ngebruikers = {kim = "geheim-4"}\n')
    shown = run("config", "show", "--config", subscribed)
    assert shown.exit_code == 0, shown.output
    assert "sleutel_wachtwoord" in shown.output
    assert "geheim" not in shown.output


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "postgresql://kim:geheim@db1:5432,db2/kc?sslmode=require",
            "postgresql://kim:***@db1:5432,db2/kc?sslmode=require",
        ),
        ("postgresql://127.0.0.1/kc?user=kim&password=geheim", "postgresql://127.0.0.1/kc?user=kim&password=***"),
        (
            "postgresql://db/kc?p%61ssword=geheim&sslpassword=geheim",
            "postgresql://db/kc?p%61ssword=***&sslpassword=***",
        ),
        ("postgresql://kim:ge/heim@db/kc", "postgresql://***"),
        ("host=db password=geheim", "***"),
    ],
)
def test_config_show_shows_of_an_address_all_but_its_secrets(subscribed: Path, address: str, told: str) -> None:
    text = re.sub("(?m)^database_url = .*", f'database_url = "{address}"', subscribed.read_text())
    subscribed.write_text(
        re.sub("(?m)^endpoint = .*", 'endpoint = "http://usr:geheim@z:8080/x?token=geheim&a=1"', text)
    )
    shown = json.loads(run("config", "show", "--config", subscribed).output)
    assert shown["gateway"]["database_url"] == told
    assert {abonnee["endpoint"] for abonnee in shown["abonnee"].values()} == {
        "http://usr:***@z:8080/x?token=***&a=1"
    }


def test_subscribers_list_shows_no_password_in_an_endpoint(subscribed: Path) -> None:
    text = re.sub("(?m)^endpoint = .*", 'endpoint = "http://usr:geheim@z:8080/x"', subscribed.read_text())
    subscribed.write_text(text)
    listed = run("subscribers", "list", "--config", subscribed)
    assert "http://usr:***@z:8080/x" in listed.output
    assert "geheim" not in listed.output


# --- resync -------------------------------------------------------------------------------------------------------


def test_a_resync_is_told_kept_and_refused_for_who_is_no_abonnee(database: Database, config: Path) -> None:
    with config.open("a") as file:
        file.write('[abonnee.ZAAKMAGAZIJN]\nendpoint = "http://127.0.0.1:1/OntvangAsynchroon"\n')
    remember(database, 1, 2)
    asked = ("subscribers", "resync", "ZAAKMAGAZIJN", "--by", "jdevries", "--config", config)
    result = run(*asked)
    assert result.exit_code == 0, result.output
    assert (
        "ZAAKMAGAZIJN: 2 klantcontacten looked at, 2 messages to send, 0 that waited are replaced" in result.output
    )
    assert "2 messages to send, 2 that waited are replaced" in run(*asked, "--zaak", ZAAK).output
    kept = "SELECT door, klantcontacten, messages, replaced, ended_at IS NOT NULL FROM outbox_resync ORDER BY id"
    with database.connection() as connection:
        rows = connection.execute(kept).fetchall()
    assert rows == [("jdevries", 2, 2, 0, True), ("jdevries", 2, 2, 2, True)]
    assert re.search(r"\d\d:\d\d by jdevries$", run("subscribers", "list", "--config", config).output, re.M)
    for wrong, said in (
        (("--zaak", "0518ZAAK000001"), "no zaak 0518ZAAK000001 is known here"),
        (("--since", "2130-01-01"), "2130-01-01 00:00:00+01:00 is still to come"),
    ):
        refused = run(*asked, *wrong)
        assert refused.exit_code == 2
        assert said in " ".join(refused.output.split())
    for stranger in ("ONBEKEND", outbox.MAIL):
        refused = run("subscribers", "resync", stranger, "--by", "jdevries", "--config", config)
        assert refused.exit_code == 2
        assert f"no abonnee {stranger} in the settings; there are: ZAAKMAGAZIJN" in refused.output


def test_without_its_database_a_resync_ends_in_one_line(
    database: Database, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with config.open("a") as file:
        file.write('[abonnee.ZAAKMAGAZIJN]\nendpoint = "http://127.0.0.1:1/OntvangAsynchroon"\n')
    remember(database, 1)
    with database.connection() as connection:
        connection.execute("ALTER TABLE outbox_resync RENAME TO outbox_resync_gone")
    with pytest.raises(SystemExit) as ended:
        main(["subscribers", "resync", "ZAAKMAGAZIJN", "--by", "jdevries", "--config", str(config)])
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert ended.value.code == 2
    assert line.startswith("stuf-klantcontact: the database failed: UndefinedTable (SQLSTATE 42P01).")


def test_a_resync_into_a_file_is_told_by_it_and_what_comes_later_waits(
    database: Database, config: Path, tmp_path: Path
) -> None:
    with config.open("a") as file:
        file.write('[abonnee.ZAAKMAGAZIJN]\nendpoint = "http://127.0.0.1:1/OntvangAsynchroon"\n')
    remember(database, 1, inhoud=[b"%PDF-1.4 " + b"x" * 2000])
    remember(database, 2)
    enqueue(database, order(1))
    target = tmp_path / "set.xml"
    who = ("--by", "jdevries", "--config", config)
    asked = ("subscribers", "resync", "ZAAKMAGAZIJN", "--file", target, *who)
    refused = run(*asked)
    assert (refused.exit_code, target.exists()) == (2, False)
    assert "pause ZAAKMAGAZIJN first" in refused.output
    assert run("subscribers", "pause", "ZAAKMAGAZIJN", "--reason", "leeg", *who).exit_code == 0
    result = run(*asked)
    assert result.exit_code == 0, result.output
    assert f"ZAAKMAGAZIJN: load {target} there, then resume it" in result.output
    assert "2 klantcontacten looked at, 3 messages into the file, 1 that waited are replaced" in result.output
    assert re.search(r" by jdevries into a file$", run("subscribers", "list", "--config", config).output, re.M)
    messages = list(etree.parse(target).getroot())
    assert [etree.QName(m).localname for m in messages] == ["iobLk01", "klcSa01", "klcSa01"]
    assert {m.findtext("{*}stuurgegevens/{*}ontvanger/{*}applicatie") for m in messages} == {"ZAAKMAGAZIJN"}
    assert run("validate", target).exit_code == 0
    assert [item.state for item in items(database)] == ["skipped", "delivered", "delivered", "delivered"]
    with database.session() as session:
        assert None in outbox.told(session, number(2))["ZAAKMAGAZIJN"].present
    enqueue(database, order(2))
    run("subscribers", "resume", "ZAAKMAGAZIJN", *who)
    with database.connection() as connection:
        (after,) = outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=9, lease=60)
    assert after.klantcontact == number(2)
    assert run(*asked).exit_code == 2, "a file that is there is not overwritten, and it is not paused"


@pytest.fixture
def paused(database: Database, config: Path) -> Path:
    """A paused zaakmagazijn, and two klantcontacten of which one is being sent to it for two seconds."""
    with config.open("a") as file:
        file.write('[abonnee.ZAAKMAGAZIJN]\nendpoint = "http://127.0.0.1:1/OntvangAsynchroon"\n')
    remember(database, 1, 2)
    enqueue(database, order(1))
    with database.connection() as connection:
        assert outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=1, lease=2.0)
        assert outbox.pause(connection, abonnee="ZAAKMAGAZIJN", door="kim", reason="leeg")
    return config


def test_a_file_waits_for_what_is_being_sent_and_nothing_older_comes_after_it(
    database: Database, paused: Path, tmp_path: Path
) -> None:
    target = tmp_path / "set.xml"
    asked = ("subscribers", "resync", "ZAAKMAGAZIJN", "--file", target, "--by", "kim", "--config", paused)
    result = run(*asked)
    assert result.exit_code == 0, result.output
    assert "ZAAKMAGAZIJN: 1 being sent still; waiting until " in result.output
    assert [item.state for item in items(database)] == ["skipped", "delivered", "delivered"]
    with database.connection() as connection:
        outbox.resume(connection, abonnee="ZAAKMAGAZIJN", door="kim")
        assert outbox.claim(connection, abonnee="ZAAKMAGAZIJN", limit=9, lease=60) == []


def test_a_file_for_one_that_is_being_sent_to_is_no_file_and_all_of_it_waits(
    database: Database, paused: Path, tmp_path: Path
) -> None:
    settings = load(paused)
    naam, target = "ZAAKMAGAZIJN", tmp_path / "set.xml"
    contract = contracts.load(None)

    def lease(length: str) -> None:
        with database.connection() as connection:
            connection.execute("UPDATE outbox_stream SET due_at = now() + %s::interval", [length])

    def resynced(progress: Callable[[int, int], None]) -> None:
        found = resync.begin(database, Wanted(naam, in_file=True), door="kim")
        into = Berichtenset(target, abonnee=naam, database=database, settings=settings, contract=contract)
        try:
            resync.run(database, found, settings=settings, into=into, progress=progress)
        finally:
            into.discard()

    def resumed_and_paused(done: int, total: int) -> None:
        with database.connection() as connection:
            outbox.resume(connection, abonnee="ZAAKMAGAZIJN", door="jo")
            outbox.pause(connection, abonnee="ZAAKMAGAZIJN", door="jo", reason="toch niet")

    lease("1 minute")
    with pytest.raises(resync.NotAtRest, match="pause ZAAKMAGAZIJN and give the command again"):
        resynced(lambda done, total: None)
    lease("0")
    assert resync.wait_until_unsent(database, "ZAAKMAGAZIJN", tell=lambda rest: None)
    with pytest.raises(resync.NotAtRest):
        resynced(resumed_and_paused)
    assert not target.exists()
    assert [item.state for item in items(database)] == ["skipped", "waiting", "waiting"]


def test_a_disk_that_is_full_is_said_in_one_line_and_nothing_is_taken_as_delivered(
    database: Database,
    paused: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = tmp_path / "set.xml"
    asked = ["subscribers", "resync", "ZAAKMAGAZIJN", "--file", str(target), "--by", "kim", "--config", str(paused)]
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SystemExit) as ended:
        main(asked)
    assert ended.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last == f"stuf-klantcontact: {target} cannot be written: No space left on device"
    assert {path.name for path in tmp_path.iterdir()} == {paused.name}
    assert [item.state for item in items(database)] == ["skipped", "waiting", "waiting"]
    assert " by kim into a file not finished" in run("subscribers", "list", "--config", paused).output


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("export", "{folder}/nowhere/x.xml"),
            "{folder}/nowhere/x.xml cannot be written: No such file or directory",
        ),
        (
            ("subscribers", "resync", "ZAAKMAGAZIJN", "--file", "{folder}/nowhere/x.xml", "--by", "kim"),
            "{folder}/nowhere/x.xml cannot be written: No such file or directory",
        ),
        (("import", "/proc/self/mem"), "Input/output error"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_one_line(
    words: tuple[str, ...], line: str, paused: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*(word.format(folder=tmp_path) for word in words), "--config", str(paused)])
    assert ended.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last == f"stuf-klantcontact: {line.format(folder=tmp_path)}"


@pytest.mark.parametrize("words", [("send", "--url", "http://127.0.0.1:1/"), ("preview",)])
def test_a_file_that_cannot_be_read_is_said_in_one_line(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "/proc/self/mem"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "stuf-klantcontact: Input/output error\n"
