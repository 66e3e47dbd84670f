"""docs/interoperability.md quotes the programs as they are, and names the versions that are tested."""

import json
import re

import pytest

from conftest import ROOT
from interop.programs import HERE

PAGE = (ROOT / "docs" / "interoperability.md").read_text(encoding="utf-8")
PROGRAMS = {
    "js": HERE / "node" / "zaaksysteem.js",
    "php": HERE / "php" / "zaaksysteem.php",
    "python": HERE / "python" / "zaaksysteem.py",
    "cpp": HERE / "gsoap" / "zaaksysteem.cpp",
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_it_quotes_lines_of_the_program(language: str) -> None:
    quotes = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    program = _lines(PROGRAMS[language].read_text(encoding="utf-8"))
    assert quotes
    assert [quote for quote in quotes if _lines(quote) not in program] == []


def _lines(text: str) -> str:
    """The lines that say something, as far as they stand to the left: a quote is less indented than its program."""
    return "\n".join(["", *(line.strip() for line in text.splitlines() if line.strip()), ""])


def test_it_names_the_version_of_node_soap_that_is_locked() -> None:
    lock = json.loads((HERE / "node" / "package-lock.json").read_text(encoding="utf-8"))
    assert f"| node-soap | {lock['packages']['node_modules/soap']['version']}, " in PAGE


def test_the_lock_names_no_place_to_download_from() -> None:
    lock = json.loads((HERE / "node" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
