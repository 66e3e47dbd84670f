"""validate, explain and preview, as whoever calls them notices."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from conftest import ROOT
from stuf_klantcontact import contract, validate
from stuf_klantcontact.cli import MODULES, cli
from stuf_klantcontact.names import KC
from stuf_klantcontact.validation.explanations import explain
from stuf_klantcontact.validation.preview import PROFILES

VALID = ROOT / "fixtures/kc/voegKlantcontactToe/valid"
INVALID = ROOT / "fixtures/kc/voegKlantcontactToe/invalid"
CONTACT = VALID / "call-medewerker.xml"
FIVE = INVALID / "vijf-fouten-in-een-bericht.xml"
FIVE_RULES = ["XSD-LENGTH", "XSD-MISSING", "XSD-PATTERN", "XSD-ENUM", "XSD-ENUM"]
HEAVY = {"spyne", "zeep", "sqlalchemy", "psycopg", "alembic", "granian", "flask", "pydantic", "httpx", "xmlschema"}
START = '<StUF:StUF-berichtenSet xmlns:StUF="http://www.egem.nl/StUF/StUF0301">'


def run(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], input=stdin)


def process(*words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "stuf_klantcontact", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, timeout=60, check=False)


@pytest.fixture
def berichtenset(tmp_path: Path) -> Path:
    good = (ROOT / "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml").read_text().partition("?>")[2]
    path = tmp_path / "set_1_laatste.xml"
    path.write_text(
        START + good * 40 + good.replace(">telefoon<", ">telefoontelefoontelefoon<") + "</StUF:StUF-berichtenSet>"
    )
    return path


# --- input --------------------------------------------------------------------------------------------------------


def test_a_valid_message_is_said_to_be_so_and_an_invalid_one_is_status_1() -> None:
    assert run("validate", CONTACT).exit_code == 0
    assert "geldig" in run("validate", CONTACT).output
    assert run("validate", FIVE).exit_code == 1


def test_a_folder_is_every_message_in_it_and_standard_input_is_one() -> None:
    found = json.loads(run("validate", VALID, "--format", "json").output)
    assert len(found) == len(list(VALID.glob("*.xml")))
    assert all(report["valid"] for report in found)
    piped = json.loads(process("validate", "-", "--format", "json", stdin=FIVE.read_bytes()).stdout)
    assert [v["rule"] for v in piped["violations"]] == FIVE_RULES


@pytest.mark.parametrize(
    "words",
    [
        ("validate",),
        ("validate", "nowhere.xml"),
        ("validate", "docs/adr"),
        ("validate", str(CONTACT), "--schema", "x"),
    ],
)
def test_what_cannot_be_checked_is_status_2_in_one_line(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = run(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_set_is_read_message_by_message_from_a_file_and_from_standard_input(berichtenset: Path) -> None:
    words = ("validate", "--format", "json")
    by_name = run(*words, berichtenset).output
    piped = process(*words, "-", stdin=berichtenset.read_bytes()).stdout
    for result in (by_name, piped):
        message, file = json.loads(result)
        assert message["index"] == 41
        assert [v["rule"] for v in message["violations"]] == ["XSD-LENGTH"]
        assert (file["messages"], file["invalid"], file["valid"]) == (41, 1, False)


def test_jobs_give_the_same_in_the_same_order(berichtenset: Path) -> None:
    words = ("validate", VALID, berichtenset, INVALID, "--format", "json")
    alone, together = run(*words), process(*words, "--jobs", "3")
    assert together.returncode == alone.exit_code == 1
    assert json.loads(together.stdout) == json.loads(alone.output)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("http://www.stufstandaarden.nl/koppelvlak/zds0120", "ZDS 1.2"),
        ("http://www.egem.nl/StUF/sector/zkn/0310", "ZDS 1.2 (StUF-ZKN 3.10)"),
        ("http://www.stufstandaarden.nl/koppelvlak/prs0204", "http://www.stufstandaarden.nl/koppelvlak/prs0204"),
    ],
)
def test_a_message_of_an_official_set_says_which_schemas_it_needs(
    tmp_path: Path, namespace: str, name: str
) -> None:
    path = tmp_path / "zaak.xml"
    path.write_text(f'<z:creeerZaak_ZakLk01 xmlns:z="{namespace}"/>')
    found = json.loads(run("validate", path, "--format", "json").output)["violations"][0]
    assert found["rule"] == "XSD-UNKNOWN-ROOT"
    assert f"officiële set van VNG Realisatie, {name}" in found["message"]["nl"]
    assert f"--schema DIR|ZIP with {name} as VNG Realisatie publishes it" in found["hint"]["en"]
    assert found["expected"] is None


def test_a_message_of_ours_in_another_namespace_is_not_sent_to_another_set(tmp_path: Path) -> None:
    path = tmp_path / "contact.xml"
    path.write_bytes(CONTACT.read_bytes().replace(KC.encode(), b"http://www.egem.nl/StUF/sector/zkn/0310"))
    assert "officiële set" not in run("validate", path).output


def test_our_own_set_has_the_name_that_schemas_list_shows() -> None:
    name = run("schemas", "list").output.partition(":")[0]
    assert run("validate", CONTACT, "--schema", name).exit_code == 0
    unknown = run("validate", CONTACT, "--schema", "klantcontakt")
    assert unknown.exit_code == 2
    assert name in unknown.output


def test_what_is_no_set_is_told_what_to_name_instead(tmp_path: Path) -> None:
    (tmp_path / "leeg").mkdir()
    nothing = run("schemas", "list", tmp_path / "leeg")
    assert nothing.exit_code == 2
    assert "as VNG Realisatie publishes it" in nothing.output
    for patch in ("patch22", "patch26"):
        (tmp_path / "map" / patch).mkdir(parents=True)
        (tmp_path / "map" / patch / "stuf.xsd").write_text("<schema>")
    high = run("schemas", "list", tmp_path / "map")
    assert f"Name one of those that are in it: {tmp_path / 'map' / 'patch22'}, " in high.output
    types = tmp_path / "typen"
    types.mkdir()
    (types / "ent.xsd").write_text(
        '<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x">'
        '<s:complexType name="Zaak"/></s:schema>'
    )
    listed = run("schemas", "list", types)
    assert "no messages: it cannot validate anything" in listed.output
    assert "stuf-klantcontact schemas list DIR|ZIP" in run("schemas", "list").output


# --- a set that was split -----------------------------------------------------------------------------------------


def part(path: Path, *minutes: int) -> Path:
    """A part of a set, with messages sent at these minutes past ten."""
    good = (ROOT / "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml").read_text().partition("?>")[2]
    messages = "".join(re.sub(r"(<StUF:tijdstipBericht>.*T10:)\d\d", rf"\g<1>{m:02}", good) for m in minutes)
    path.write_text(f"{START}{messages}</StUF:StUF-berichtenSet>")
    return path


def told(*files: Path) -> list[tuple[str, str, str]]:
    """(file, rule, severity) of each finding, whatever the order in which the files were named."""
    found = json.loads(run("validate", *files, "--format", "json").output)
    again = json.loads(run("validate", *reversed(files), "--format", "json").output)
    assert again == found
    return [(Path(one["file"]).stem, v["rule"], v["severity"]) for one in found for v in one["violations"]]


def test_parts_with_the_right_names_in_the_right_order_are_in_order(tmp_path: Path) -> None:
    files = [part(tmp_path / f"klantcontact_{n}.xml", 3 * n, 3 * n + 1) for n in range(1, 11)]
    files.append(part(tmp_path / "klantcontact_11_laatste.xml", 40))
    assert told(*files) == []
    assert run("validate", tmp_path, "--fail-on", "warning").exit_code == 0


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("contact_1", "contact_2_laatste"), [("contact_1", "8 tekens")]),
        (("klantcontact_1", "klantcontact_3_laatste"), [("klantcontact_3_laatste", "ontbreekt deel 2")]),
        (("klantcontact_2", "klantcontact_3_laatste"), [("klantcontact_2", "ontbreekt deel 1")]),
        (("klantcontact_1", "klantcontact_2"), [("klantcontact_2", "heet niet _laatste")]),
        (
            ("klantcontact_1_laatste", "klantcontact_2_laatste"),
            [("klantcontact_1_laatste", "maar er volgt nog een")],
        ),
        (
            ("klantcontact_1", "klantcontact_2_last"),
            [("klantcontact_2_last", "hooguit _laatste"), ("klantcontact_2_last", "heet niet _laatste")],
        ),
        (("export_20261121", "export_20261122"), []),
        (("klantcontact_1", "burgerzaken_2"), []),
    ],
)
def test_names_of_parts_are_warned_about(
    tmp_path: Path, names: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    files = [part(tmp_path / f"{name}.xml", 10 + number) for number, name in enumerate(names)]
    result = run("validate", *files, "--format", "json")
    assert result.exit_code == 0
    found = [(Path(one["file"]).stem, v) for one in json.loads(result.output) for v in one["violations"]]
    assert [(file, v["rule"], v["severity"]) for file, v in found] == [
        (file, "StUF-BESTANDSNAAM", "warning") for file, _ in expected
    ]
    assert all(words in v["message"]["nl"] for (_, v), (_, words) in zip(found, expected, strict=True))


def test_the_order_goes_on_from_part_to_part(tmp_path: Path) -> None:
    first = part(tmp_path / "klantcontact_1.xml", 10, 20)
    second = part(tmp_path / "klantcontact_2_laatste.xml", 15, 30)
    assert told(first, second) == [("klantcontact_2_laatste", "StUF-VOLGORDE", "warning")]
    assert run("validate", second, "--fail-on", "warning").exit_code == 0  # alone it is no part of anything
    swapped = part(tmp_path / "klantcontact_2_laatste.xml", 30, 25)
    assert told(first, swapped) == [("klantcontact_2_laatste", "StUF-VOLGORDE", "error")]


# --- output -------------------------------------------------------------------------------------------------------


def test_text_has_the_line_of_the_source_and_a_caret_under_it() -> None:
    lines = run("validate", FIVE).output.splitlines()
    place = next(n for n, line in enumerate(lines) if "XSD-LENGTH" in line)
    assert lines[place + 1].endswith("| " + "  <StUF:applicatie>MZ</StUF:applicatie>")
    assert lines[place + 2].endswith("|   ^^^^^^^^^^^^^^^^")
    assert "<StUF:applicatie>MZ<" not in run("validate", FIVE, "--no-source").output


def test_colour_is_for_a_terminal_or_when_asked() -> None:
    assert "\x1b[" not in run("validate", FIVE).output
    assert "\x1b[1;31mfout XSD-LENGTH\x1b[0m" in run("validate", FIVE, "--color").output
    parent, child = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "stuf_klantcontact", "validate", str(FIVE)], stdout=child, timeout=60, check=False
    )
    os.close(child)
    assert done.returncode == 1
    assert b"\x1b[1;31m" in os.read(parent, 65536)
    os.close(parent)


def test_english_when_asked_and_quiet_about_what_is_in_order() -> None:
    assert "is too short." in run("validate", FIVE, "--lang", "en").output
    assert run("validate", CONTACT, "--quiet").output == ""


def test_several_files_end_with_how_many_are_valid_and_what_is_wrong_most(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(CONTACT.read_bytes())
    (tmp_path / "b.xml").write_bytes(b"\xef\xbb\xbf" + CONTACT.read_bytes())
    (tmp_path / "c.xml").write_bytes(FIVE.read_bytes())
    lines = run("validate", tmp_path).output.splitlines()
    assert lines[-2:] == [
        "3 bestanden: 1 geldig, 1 geldig met waarschuwingen, 1 ongeldig",
        "    vaakst: XSD-ENUM 2×, XML-BOM 1×, XSD-LENGTH 1×, XSD-MISSING 1×, XSD-PATTERN 1×",
    ]
    english = run("validate", tmp_path, "--jobs", "2", "--lang", "en", "--quiet").output
    assert "3 files: 1 valid, 1 valid with warnings, 1 invalid\n    most often: XSD-ENUM 2×" in english
    assert "bestanden" not in run("validate", FIVE).output
    assert run("validate", VALID, "--quiet").output == ""


def test_json_about_one_message_is_an_object_and_about_several_an_array(tmp_path: Path, berichtenset: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.xml").write_bytes(CONTACT.read_bytes())
    good = tmp_path / "goed_1_laatste.xml"
    good.write_bytes(berichtenset.read_bytes().replace(b"telefoontelefoontelefoon", b"telefoon"))

    def shape(*words: str | Path) -> tuple[type, int]:
        found = json.loads(run("validate", *words, "--format", "json").output)
        return type(found), len(found) if isinstance(found, list) else 1

    assert shape(CONTACT) == shape(FIVE) == shape(CONTACT, "--quiet") == (dict, 1)
    assert shape(tmp_path / "one") == (list, 1)
    assert shape(tmp_path / "one", "--quiet") == (list, 0)
    assert shape(CONTACT, FIVE) == (list, 2)
    assert shape(berichtenset) == (list, 2)
    assert shape(good) == (list, 1)
    piped = process("validate", "-", "--format", "json", stdin=good.read_bytes())
    assert [one["messages"] for one in json.loads(piped.stdout)] == [41]


def test_sarif_has_help_about_each_rule_and_links_when_it_knows_where() -> None:
    def rules(*words: str) -> list[dict[str, Any]]:
        output = run("validate", FIVE, "--format", "sarif", *words).output
        found: list[dict[str, Any]] = json.loads(output)["runs"][0]["tool"]["driver"]["rules"]
        return found

    for rule in rules():
        known = explain(rule["id"])
        assert known is not None
        assert known.cause.nl in rule["fullDescription"]["text"]
        assert known.cure.nl in rule["help"]["text"]
        assert "```xml" in rule["help"]["markdown"]
        assert "helpUri" not in rule
    linked = rules("--public-url", "https://gateway.example.nl/", "--lang", "en")
    assert {rule["helpUri"] for rule in linked} == {
        f"https://gateway.example.nl/fouten/{rule}" for rule in FIVE_RULES
    }
    assert all(" Wrong:" in rule["help"]["text"].replace("\n", " ") for rule in linked)
    found = json.loads(run("validate", FIVE, "--format", "json", "--public-url", "https://g.example").output)
    assert found["violations"][0]["url"] == "https://g.example/fouten/XSD-LENGTH"


def test_json_has_the_layer_of_each_finding() -> None:
    found = json.loads(run("validate", FIVE, "--format", "json").output)
    assert [(v["rule"], v["layer"]) for v in found["violations"]] == [(rule, "XSD") for rule in FIVE_RULES]
    assert all(v["line"] and v["column"] for v in found["violations"])


def test_sarif_is_2_1_0(berichtenset: Path, tmp_path: Path) -> None:
    """What SARIF 2.1.0 demands of what we write, property by property."""
    odd = tmp_path / "bericht één {0}.xml"
    odd.write_bytes(b"\xef\xbb\xbf" + FIVE.read_bytes())
    relative = FIVE.relative_to(ROOT)
    done = process("validate", relative, odd, berichtenset, CONTACT, "--format", "sarif")
    found = json.loads(done.stdout)
    assert found["version"] == "2.1.0"  # §3.13.2
    assert urlsplit(found["$schema"]).scheme == "https"  # §3.13.3
    (run_,) = found["runs"]  # §3.13.4
    assert run_["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")  # §3.14.17
    driver = run_["tool"]["driver"]  # §3.14.6, §3.18.2
    assert driver["name"] == "stuf-klantcontact"  # §3.19.8
    assert isinstance(driver["version"], str)
    rules = [rule["id"] for rule in driver["rules"]]  # §3.49.3
    assert len(set(rules)) == len(rules)
    for rule in driver["rules"]:
        _is_message_string(rule["shortDescription"]["text"])  # §3.49.9, §3.12.3
        assert "helpUri" not in rule or urlsplit(rule["helpUri"]).scheme  # §3.49.12: absolute
    assert {result["ruleId"] for result in run_["results"]} == set(rules)
    assert len(run_["results"]) == 2 * len(FIVE_RULES) + 2
    for result in run_["results"]:
        assert result["level"] in ("none", "note", "warning", "error")  # §3.27.10
        _is_message_string(result["message"]["text"])  # §3.27.11, §3.11.8
        (location,) = result["locations"]  # §3.27.12
        place = location["physicalLocation"]  # §3.28.3
        uri = place["artifactLocation"]["uri"]  # §3.4.3: an RFC 3986 reference, not a path
        assert re.fullmatch(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", uri)
        region = place["region"]  # §3.29.4
        assert region["startLine"] >= 1  # §3.30.5
        assert region.get("startColumn", 1) >= 1  # §3.30.6
        for logical in location.get("logicalLocations", ()):  # §3.28.4
            assert isinstance(logical["fullyQualifiedName"], str)  # §3.33.5
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run_["results"]]
    assert uris[0] == str(relative)
    assert unquote(urlsplit(uris[len(FIVE_RULES)]).path) == str(odd)
    assert run_["results"][-1]["properties"]["message"] == 41
    assert json.loads(run("validate", CONTACT, "--format", "sarif").output)["runs"][0]["results"] == []


def _is_message_string(text: str) -> None:
    """Not empty, and no brace that a reader would take for a placeholder (SARIF 2.1.0 §3.11.5)."""
    assert text
    assert re.search(r"[{}]", text.replace("{{", "").replace("}}", "")) is None


def test_junit_is_a_test_case_for_each_document() -> None:
    root = etree.fromstring(run("validate", FIVE, CONTACT, "--format", "junit").output.encode())
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failed, passed = suite.findall("testcase")
    failure = failed.find("failure")
    assert failure is not None
    assert (failure.text or "").count("XSD-") == 5
    assert len(passed) == 0


def test_a_warning_fails_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "bom.xml"
    path.write_bytes(b"\xef\xbb\xbf" + CONTACT.read_bytes())
    assert run("validate", path).exit_code == 0
    assert run("validate", path, "--fail-on", "warning").exit_code == 1
    first, finding, *_ = run("validate", path, "--lang", "en").output.splitlines()
    assert first == f"{path}: valid, with warnings (stuf-klantcontact)"
    assert finding.startswith(f"{path}:1:1: warning XML-BOM ")
    words = ("validate", path, "--format", "junit")
    assert 'failures="0"' in run(*words).output
    assert "<system-out>" in run(*words).output
    assert '<failure type="XML-BOM"' in run(*words, "--fail-on", "warning").output
    results = json.loads(run("validate", path, "--format", "sarif").output)["runs"][0]["results"]
    assert [result["level"] for result in results] == ["warning"]


def test_whoever_stops_reading_gets_no_stack_trace() -> None:
    command = f"{sys.executable} -m stuf_klantcontact validate {INVALID} | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


# --- manners ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_ctrl_c_is_130_and_leaves_nobody(tmp_path: Path, jobs: str) -> None:
    for number in range(3000):
        (tmp_path / f"{number}.xml").symlink_to(FIVE)
    running = subprocess.Popen(
        [sys.executable, "-m", "stuf_klantcontact", "validate", str(tmp_path), "--jobs", jobs],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline()  # it is at work
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert errors == b"stuf-klantcontact: interrupted\n"
    _wait_until_gone(running.pid)


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_progress_bar_is_on_a_terminal_and_not_in_the_report(tmp_path: Path, berichtenset: Path) -> None:
    command = [sys.executable, "-m", "stuf_klantcontact", "validate", str(berichtenset), "--format", "json"]
    parent, child = pty.openpty()
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=child)
    os.close(child)
    report, _ = running.communicate(timeout=60)
    bar = _all_of(parent)
    assert running.returncode == 1
    assert bar.count(b"validate") >= 1
    assert b"100%" in bar
    assert [found["file"] for found in json.loads(report)] == [str(berichtenset)] * 2
    piped = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert piped.stderr == b""
    assert piped.stdout == report


def _all_of(terminal: int) -> bytes:
    """What a process wrote to its terminal, once it has gone."""
    found = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the other end is closed
            piece = b""
        if not piece:
            os.close(terminal)
            return found
        found += piece


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processes_that_share_the_work_end_when_the_first_is_killed(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number}.xml").symlink_to(FIVE)
    running = subprocess.Popen(
        [sys.executable, "-m", "stuf_klantcontact", "validate", str(tmp_path), "--jobs", "3"],
        cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline()
    running.kill()
    running.stdout.close()
    running.wait(timeout=30)
    _wait_until_gone(running.pid)


def _wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, "a process was left behind"
        time.sleep(0.05)


@pytest.mark.parametrize("words", [("validate", str(CONTACT)), ("explain", "KC-05")])
def test_nothing_is_loaded_that_serves_or_stores(words: tuple[str, ...]) -> None:
    script = (
        "import sys; from stuf_klantcontact.cli import cli\n"
        "try:\n"
        f"    cli.main({list(words)!r})\n"
        "except SystemExit as done:\n"
        f"    print(sorted({HEAVY!r} & set(sys.modules)), done.code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip() == "[] 0"


def test_importing_the_package_loads_nothing_and_validate_is_there() -> None:
    script = (
        "import sys, stuf_klantcontact; print('lxml' in sys.modules)\n"
        "print(stuf_klantcontact.validate('<a/>').valid)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("source", [None, 7, ["<a/>"]])
def test_what_is_no_message_at_all_is_a_type_error_that_says_what_to_give(source: object) -> None:
    with pytest.raises(TypeError, match=rf"bytes, str or pathlib.Path, not {type(source).__name__}$"):
        validate(source)  # type: ignore[arg-type]


def test_help_says_what_jobs_share() -> None:
    words = " ".join(run("validate", "--help").output.split())
    assert "share the files, also those of one folder" in words
    assert "A berichtenSet, however large, is one stream: it is not shared." in words


def test_every_command_is_where_the_list_says() -> None:
    for name in MODULES:
        assert run(name, "--help").exit_code == 0
    assert run("nothing").exit_code == 2


# --- explain and preview ------------------------------------------------------------------------------------------


def test_explain_says_meaning_cause_cure_and_examples() -> None:
    said = run("explain", "stuf-objecten").output
    for word in ("oorzaak:", "oplossing:", "fout:", "goed:", "bron:", "StUF 03.01 §5.1"):
        assert word in said
    assert json.loads(run("explain", "KC-05", "--format", "json").output)["layer"] == "gateway"
    assert "cause:" in run("explain", "XSD-ORDER", "--lang", "en").output
    unknown = run("explain", "KC-99")
    assert unknown.exit_code == 1
    assert "KC-0" in unknown.output


def test_explain_alone_lists_every_code() -> None:
    listed = [line.split()[0] for line in run("explain").output.splitlines()]
    assert {"KC-01", "XML-BOM", "XSD-ENUM", "StUF-NIL", "RGBZ-PARTIJ", "StUF055"} <= set(listed)


@pytest.mark.parametrize("path", sorted(VALID.glob("*.xml")), ids=lambda p: p.stem)
def test_preview_makes_what_our_contract_and_every_rule_allow(path: Path, tmp_path: Path) -> None:
    result = run("preview", path, "--format", "json", "--rsin", "999990019", "--zaakomschrijving", "Dakkapel")
    assert result.exit_code == 0
    made = json.loads(result.output)
    held = contract.load()
    for number, message in enumerate(made["messages"]):
        assert held.violations(etree.fromstring(message["xml"])) == []
        file = tmp_path / f"{number}.xml"
        file.write_text(message["xml"], encoding="utf-8")
        checked = json.loads(run("validate", file, "--format", "json").output)
        assert [v["rule"] for v in checked["violations"]] == []
    assert {row["attribute"] for row in made["record"]} >= {"datum-tijd", "kanaal", "onderwerp"}


@pytest.mark.parametrize("path", sorted(VALID.glob("*.xml")), ids=lambda p: p.stem)
def test_preview_for_zds_makes_zaakdocumenten_that_its_contract_allows(path: Path) -> None:
    options = ("--rsin", "999990019", "--organisatie", "0518", "--zaakomschrijving", "Dakkapel")
    result = run("preview", path, "--profile", "zds0120", "--format", "json", *options)
    assert result.exit_code == 0
    made = json.loads(result.output)
    held = contract.load_zaakdocumenten()
    messages = [etree.fromstring(message["xml"]) for message in made["messages"]]
    assert [v for message in messages for v in held.violations(message)] == []
    assert bool(messages) == made["exchanged"]
    if messages:
        assert "contactverslag" in made["why"]["nl"]
        types = [str(message.findtext(".//{*}dct.omschrijving")) for message in messages]
        assert types == ["Bijlage bij klantcontact"] * (len(types) - 1) + ["Contactverslag"]


def test_preview_stands_beside_the_source_and_marks_what_nobody_gave() -> None:
    said = run("preview", CONTACT).output
    assert re.search(r"gfo:DatumGezet \(regel 20\) +datum-tijd +2026-11-20T10:12", said)
    assert re.search(r"gateway: zaak +zaak: omschrijving\* +VOORBEELD", said)
    assert "zaak: omschrijving*" not in run("preview", CONTACT, "--zaakomschrijving", "Dakkapel").output


def test_preview_of_a_contact_without_partij_says_that_it_is_that_of_the_zaak_and_what_would_go_out() -> None:
    said = run("preview", CONTACT).output
    first, _, assumed, *_ = said.splitlines()
    assert first.startswith("groep persoonlijk: uitgewisseld")
    assert "aan de deur komt die uit de zaak, de initiator" in assumed
    assert "Heeft de zaak niet precies één initiator, dan is het contact anoniem" in assumed
    assert re.search(r"gateway: initiator zaak +partij: bsn\* +999993653", said)
    assert "klcLk01" in said
    made = json.loads(run("preview", CONTACT, "--format", "json").output)
    assert made["assumed"]["en"].startswith("The message names no partij")
    named = json.loads(run("preview", VALID / "face-natuurlijk-persoon-als-partij.xml", "--format", "json").output)
    assert named["assumed"] is None


@pytest.mark.parametrize(
    ("file", "kind", "reason"),
    [
        ("call-anoniem.xml", "call", "het bericht zegt dat de partij anoniem is (kc:anoniem)"),
        ("call-zonder-zaak.xml", "call", "het bericht noemt geen kc:zaakidentificatie"),
        ("click-opvoerder-natuurlijk-persoon.xml", "call", "het bericht noemt geen medewerker"),
    ],
)
def test_preview_says_at_the_top_why_nothing_goes_out(tmp_path: Path, file: str, kind: str, reason: str) -> None:
    path = tmp_path / file
    path.write_text(re.sub(r"(<gfo:Type>)\w+", rf"\g<1>{kind}", (VALID / file).read_text()))
    first = run("preview", path).output.splitlines()[0]
    assert "er gaat niets uit" in first
    assert reason in first
    assert json.loads(run("preview", path, "--format", "json").output)["messages"] == []


def test_preview_reads_standard_input() -> None:
    piped = process("preview", "-", stdin=CONTACT.read_bytes())
    assert piped.returncode == 0
    assert b"gfo:DatumGezet (regel 20)" in piped.stdout


def test_preview_says_what_was_carried_elsewhere() -> None:
    said = run("preview", VALID / "call-toelichting-boven-duizend-tekens.xml").output
    assert "informatieobject VOORBEELD0001-T" in said
    assert "in StUF:extraElementen" in said


def test_preview_of_what_is_not_possible() -> None:
    for profile in (name for name, made in PROFILES.items() if made is None):
        later = run("preview", CONTACT, "--profile", profile)
        assert later.exit_code == 2
        assert f"{profile}: nog niet mogelijk; wel: zkn0320, zds0120" in later.output
    assert run("preview", CONTACT, "--profile", "fax").exit_code == 2
    wrong = run("preview", FIVE)
    assert wrong.exit_code == 1
    assert "XSD-LENGTH" in wrong.output
    other = run("preview", ROOT / "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml")
    assert other.exit_code == 1
    assert "voegKlantcontactToe_Di01" in other.output
