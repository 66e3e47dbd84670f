"""README.md and docs/ say what the code does: tables, commands, settings, codes and links."""

import importlib.util
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from conftest import ROOT
from stuf_klantcontact import contract, intake, settings
from stuf_klantcontact.app import checking
from stuf_klantcontact.cli import cli
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.rules import RULES


def _tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables"] = module
    spec.loader.exec_module(module)
    return module


tables = _tables()
DOCUMENTS: list[Path] = tables.documents()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _name(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


def _blocks(kind: str) -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for found in BLOCK.finditer(document.read_text(encoding="utf-8")):
            if found[1] == kind:
                yield document, found[2]


def _shell_lines() -> list[tuple[Path, str]]:
    return [(document, line) for document, block in _blocks("sh") for line in block.splitlines() if line.strip()]


def _section(document: str, heading: str) -> str:
    text = (ROOT / document).read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}")[2].partition("\n## ")[0]


def _first_column(section: str) -> list[str]:
    """The words in backticks in the first cell of every row."""
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


# --- tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_tables_are_as_the_code_says(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert tables.rewritten(text) == text, f"run: make docs, to bring {_name(document)} up to date"


def test_every_table_stands_somewhere() -> None:
    placed = {
        name for document in DOCUMENTS for name in re.findall(r"<!-- table: ([a-z ]+) -->", document.read_text())
    }
    assert placed == set(tables.TABLES)


def test_road_map_has_every_module_once() -> None:
    listed = [name for names in tables.LAYERS.values() for name in names]
    assert sorted(listed) == sorted(tables.modules())


def test_every_module_says_its_responsibility_in_one_line() -> None:
    spoken = {module: tables.responsibility(module) for module in tables.modules()}
    assert {module for module, words in spoken.items() if not 10 <= len(words) <= 120} == set()


def test_every_setting_is_explained() -> None:
    silent = [
        f"[{heading}] {row[0]}"
        for heading, meaning, rows in tables.sections()
        for row in rows
        if not row[3] or not meaning
    ]
    assert silent == []


def test_settings_tables_have_every_section_that_a_file_may_have() -> None:
    headings = {heading.partition(".")[0] for heading, _, _ in tables.sections()}
    assert headings == set(settings.Settings.model_fields)


# --- rules and codes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "heading"),
    [
        ("HTTP", "The request"),
        ("XML", "The bytes"),
        ("SOAP", "The envelope"),
        ("XSD", "The schema"),
        ("MILD", "What is forgiven"),
    ],
)
def test_every_rule_of_the_code_is_documented(prefix: str, heading: str) -> None:
    listed = _first_column(_section("docs/error-codes.md", heading))
    assert sorted(listed) == sorted(tables.rule_ids(prefix))


def test_every_business_rule_says_what_it_looks_at() -> None:
    section = _section("docs/mapping.md", "4.")
    assert re.findall(r"^\| (KC-\d\d) \|", section, re.MULTILINE) == [rule.id for rule in RULES]


def test_every_rule_that_only_the_validator_has_is_documented() -> None:
    documented = {
        word for path in DOCUMENTS for word in re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8"))
    }
    assert tables.rule_ids("RGBZ", "StUF", "SET") - documented == set()


def test_no_rule_has_a_prefix_that_is_not_documented() -> None:
    words = {rule.partition("-")[0] for rule in tables.rule_ids("[A-Z]{2,5}") if re.fullmatch("[A-Z-]+", rule)}
    assert words <= {"HTTP", "XML", "SOAP", "XSD", "RGBZ", "MILD", "SET", "UTF", "ISO", "SHA", "EUPL"}


def test_every_code_that_is_sent_has_its_circumstances() -> None:
    section = _section("docs/error-codes.md", "The codes of StUF")
    circumstances = section.partition("When this gateway answers with which")[2]
    assert set(_first_column(circumstances)) == tables.answered_with()


def test_codes_stand_in_the_order_of_precedence() -> None:
    section = _section("docs/error-codes.md", "The codes of StUF").partition("<!-- end -->")[0]
    assert _first_column(section) == [fout.name for fout in Fout]


# --- commands ---------------------------------------------------------------------------------------------------


def _parsed(line: str) -> list[str]:
    """The arguments of a command of ours that its parser takes; raises click.ClickException when it does not."""
    words = shlex.split(line, comments=True)
    assert words[0].rpartition("/")[2] == "stuf-klantcontact"
    _parse(cli, words[1:])
    return words[1:]


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command asks for one."""
    monkeypatch.setenv("STUF_KLANTCONTACT_PASSWORD", "geheim")


def _parse(command: click.Command, words: list[str]) -> None:
    if isinstance(command, click.Group):
        context = click.Context(command)
        name, found, rest = command.resolve_command(context, words)
        assert found is not None, f"no command {name}"
        _parse(found, rest)
    else:
        command.make_context(command.name or "", list(words))


def _examples() -> list[str]:
    return [
        line.strip().removeprefix("Example: ")
        for _, command in tables.commands()
        for line in (command.help or "").splitlines()
        if line.strip().startswith("Example: ")
    ]


@pytest.mark.parametrize(("document", "line"), _shell_lines(), ids=_name)
def test_shell_lines_in_the_documents_work(document: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(line)
    if words[0] == "curl":
        path = "/" + words[1].partition("://")[2].partition("/")[2]
        where, _, name = path.partition("=")
        assert where in {f"/soap/{port}?wsdl" for port in intake.PORTS}
        assert not name or name in contract.load().wsdls(where[len("/soap/") : -len("?wsdl")], address="")
    elif words[0] == "make":
        assert words[1] in _make_targets()
    else:
        assert _parsed(line.partition(" > ")[0])


@pytest.mark.parametrize("example", _examples())
def test_examples_in_help_work(example: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for place in (tmp_path / word for word in shlex.split(example) if re.fullmatch(r"[\w-]+[./][\w./-]*", word)):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix:
            place.write_text("<a/>")
        else:
            place.mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert _parsed(example.partition(" > ")[0])


def test_every_command_has_an_example() -> None:
    without = [" ".join(words) for words, command in tables.commands() if "Example: " not in (command.help or "")]
    assert without == []


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (line, 1 if "/invalid" in line else 0)
        for _, line in _shell_lines()
        if " validate " in line and "fixtures/" in line
    ],
)
def test_validate_in_the_readme_does_what_it_says(line: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(cli, shlex.split(line)[1:])
    assert result.exit_code == status, result.output
    assert ("XSD-" in result.output) == bool(status)


def _make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_make_targets_that_the_readme_names_exist() -> None:
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named <= _make_targets()


def test_the_readme_has_what_make_does_without_make() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "pip install -q --disable-pip-version-check -e '.[dev]'" in makefile
    assert readme.count("python3 -m venv .venv && .venv/bin/pip install -e '.[dev]'") == 2


# --- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("document", "text"), list(_blocks("toml")), ids=_name)
def test_configuration_in_the_documents_works(document: Path, text: str, tmp_path: Path) -> None:
    for name in re.findall(r'"file:([^"]+)"', text):
        (tmp_path / name).write_text("$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA")
    config = tmp_path / "gateway.toml"
    config.write_text(text, encoding="utf-8")
    found = settings.load(config)
    checking.check(found)
    assert set(found.zender) == set(tomllib.loads(text)["zender"])


# --- the documents themselves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    lost = [t for t in targets if "://" not in t and not (document.parent / t).exists()]
    assert lost == []


def test_documents_that_the_code_names_exist() -> None:
    named = {
        name
        for path in tables.sources()
        for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_decision_is_listed_and_fits_on_a_page() -> None:
    folder = ROOT / "docs" / "adr"
    decisions = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8")) == decisions
    for name in decisions:
        text = (folder / name).read_text(encoding="utf-8")
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert headings == ["What was the case", "Decision", "Rejected", "What follows"], name
        assert len(text.splitlines()) <= 60, f"{name} is longer than a page"


def test_rows_of_the_house_are_those_that_are_enforced() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (enforced,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    section = _section("docs/architecture.md", "Modules")
    assert [line.strip() for line in section.splitlines() if line.startswith("    ")] == enforced
