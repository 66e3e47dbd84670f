"""The house: imports run downward, every large dependency has one home, and the linter would notice otherwise."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conftest import ROOT

PACKAGE = ROOT / "src" / "stuf_klantcontact"
MEANINGLESS = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc", "core", "lib"}


def _lint(*options: str, folder: Path = ROOT / "src") -> "subprocess.CompletedProcess[str]":
    """import-linter on the package in `folder`; a process of its own, because it silences the log of its own."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"]
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_keep_to_the_rows() -> None:
    result = _lint()
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("names.py", "from stuf_klantcontact import rules", "layers"),
        ("web.py", "from stuf_klantcontact import worker", "layers"),
        ("app.py", "from stuf_klantcontact import testing", "layers"),
        ("intake.py", "from stuf_klantcontact.outlets import soap as unwanted", "the-door-never-sends"),
        ("rules.py", "import sqlalchemy", "sqlalchemy-psycopg"),
        ("web.py", "import spyne", "spyne"),
        ("newcomer.py", "", "layers"),
    ],
)
def test_the_linter_notices(module: str, line: str, contract: str, tmp_path: Path) -> None:
    copy = tmp_path / "stuf_klantcontact"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = _lint("--contract", contract, folder=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    named = f"stuf_klantcontact.{module.removesuffix('.py')}" if line else "newcomer"
    assert named in result.stdout


def test_every_contract_can_be_named() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    names = [contract["id"] for contract in contracts]
    assert len(names) == len(set(names)) > 5


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert {path.stem for path in PACKAGE.rglob("*.py")} & MEANINGLESS == set()
