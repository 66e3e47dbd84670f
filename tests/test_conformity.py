"""docs/conformity.md: every code of the standard is listed, as the code has it, with a test that exists."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from conftest import ROOT
from stuf_klantcontact import outbox
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.intake import about, soort3
from stuf_klantcontact.names import split
from stuf_klantcontact.validation.bericht import KNOWN_CODES

SOURCE = ROOT / "src" / "stuf_klantcontact"


class Row(NamedTuple):
    """A row of one of the two tables."""

    code: str
    does: tuple[str, ...]
    remark: str
    tests: tuple[str, ...]


def _rows(heading: str) -> list[Row]:
    text = (ROOT / "docs" / "conformity.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            code, does, remark, tests = cells
            words = tuple(word.strip() for word in does.split(","))
            found.append(Row(code.strip("`"), words, remark, tuple(re.findall(r"`([^`]+::[^`]+)`", tests))))
    return found


BERICHTCODES = _rows("Berichtcodes")
ERRORS = _rows("Error codes")


@cache
def _functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def _constants(*folders: str) -> frozenset[str]:
    """Every text in the code of these parts of the package."""
    files: list[Path] = []
    for folder in folders:
        files += (
            [SOURCE / f"{folder}.py"] if (SOURCE / f"{folder}.py").exists() else (SOURCE / folder).rglob("*.py")
        )
    return frozenset(
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _answered(*, without: tuple[str, ...]) -> set[str]:
    """The codes that the code names as `Fout.…`, outside of these parts of it."""
    found: set[str] = set()
    for file in SOURCE.rglob("*.py"):
        parts = file.relative_to(SOURCE).parts
        if (
            parts[0].removesuffix(".py") not in (*without, "fouten", "testing", "outlets")
            and "explanations" not in parts
        ):
            found |= set(re.findall(r"\bFout\.(StUF\d{3})\b", file.read_text(encoding="utf-8")))
    return found


def test_every_code_of_the_standard_is_listed_once() -> None:
    assert sorted(row.code for row in BERICHTCODES) == sorted(KNOWN_CODES)
    assert [row.code for row in ERRORS] == [fout.name for fout in Fout]


@pytest.mark.parametrize("row", [*BERICHTCODES, *ERRORS], ids=lambda row: row.code)
def test_what_is_supported_names_a_test_and_what_is_not_a_reason(row: Row) -> None:
    for name in row.tests:
        path, _, function = name.partition("::")
        assert function in _functions(path), name
    if row.does == ("no",):
        assert len(row.remark) > 5
    else:
        assert set(row.does) <= {"taken", "sent", "yes", "validator"}
        assert row.tests


def test_what_is_taken_at_a_port_is_what_the_table_says() -> None:
    taken = {soort3.named(split(tag)[1])[1] for tag in about.OPERATIONS}
    listed = {row.code for row in BERICHTCODES if "taken" in row.does}
    assert taken <= listed
    # What else is taken comes as an answer to a message of ours.
    assert listed - taken == {"La01", "Du02", "Bv03", "Bv04", "Fo02"}


def test_what_is_sent_is_what_the_table_says() -> None:
    ordered = {soort[-4:] for soort in get_args(outbox.Soort) if soort != "mail"}
    written = _constants("intake", "delivery", "asking", "mapping") & KNOWN_CODES
    listed = {row.code for row in BERICHTCODES if "sent" in row.does}
    assert ordered <= listed
    assert listed - ordered <= written


def test_the_codes_that_we_answer_with_are_those_of_the_table() -> None:
    everywhere = _answered(without=())
    listed = {row.code: row.does for row in ERRORS}
    assert {code for code, does in listed.items() if does != ("no",)} == everywhere
    at_the_door = _answered(without=("validation",))
    # A question is judged by the validator at the door as well.
    questions = {row.code for row in ERRORS if any("test_vragen" in test for test in row.tests)}
    assert {code for code, does in listed.items() if does == ("yes",)} == at_the_door | questions
