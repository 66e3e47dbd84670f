"""docs/conformity.md: every code of the standard is listed, as the code has it, with a test that exists."""

import ast
import re
from functools import cache
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
def _source(path: str, function: str) -> str:
    """A test with its decorators, and what of its module it names: constants, helpers, fixtures."""
    text = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(text)
    (found,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function]
    names = {node.id for node in ast.walk(found) if isinstance(node, ast.Name)} | {a.arg for a in found.args.args}
    beside = [node for node in tree.body if _defines(node) & names]
    lines = text.splitlines()
    return "\n".join(
        "\n".join(lines[min([n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ()))]) - 1 : n.end_lineno])
        for n in (found, *beside)
    )


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@cache
def _written() -> frozenset[str]:
    """Every berichtcode that the code gives to a message of its own, and those that go through the outbox."""
    found: set[str] = set()
    for file in SOURCE.rglob("*.py"):
        if {"testing", "validation", "explanations"} & set(file.relative_to(SOURCE).parts):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            given: list[ast.expr] = []
            if isinstance(node, ast.Call):
                given += [keyword.value for keyword in node.keywords if keyword.arg == "berichtcode"]
                if ast.unparse(node.func).endswith(("_header", "_reply")):
                    given += node.args
            elif isinstance(node, ast.Assign) and "berichtcode" in map(ast.unparse, node.targets):
                given.append(node.value)
            for value in given:
                # In `"Fo02" if … else "Fo03"`, what is asked is no code that is written.
                values = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                found |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    found |= {soort[-4:] for soort in get_args(outbox.Soort) if soort != "mail"}
    return frozenset(found & KNOWN_CODES)


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
    # The kennisgeving inside a klcSa02 has the header of an Lk02, but is no message of its own.
    assert {row.code for row in BERICHTCODES if "sent" in row.does} == _written() - {"Lk02"}


@pytest.mark.parametrize(
    "row", [row for row in (*BERICHTCODES, *ERRORS) if row.does != ("no",)], ids=lambda row: row.code
)
def test_a_test_that_is_named_speaks_of_the_code(row: Row) -> None:
    spoken = [_source(*name.split("::")) for name in row.tests]
    assert any(row.code.lower() in source.lower().replace("_", "") for source in spoken)


def test_the_codes_that_we_answer_with_are_those_of_the_table() -> None:
    everywhere = _answered(without=())
    listed = {row.code: row.does for row in ERRORS}
    assert {code for code, does in listed.items() if does != ("no",)} == everywhere
    at_the_door = _answered(without=("validation",))
    # A question is judged by the validator at the door as well.
    questions = {row.code for row in ERRORS if any("test_vragen" in test for test in row.tests)}
    assert {code for code, does in listed.items() if does == ("yes",)} == at_the_door | questions
