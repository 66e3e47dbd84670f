"""Every rule that can be broken and every code of the standard is explained, in both languages, with examples."""

import importlib.util
import sys
from types import ModuleType

import pytest

from conftest import ROOT
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.rules import RULES
from stuf_klantcontact.validation.explanations import EXPLANATIONS, Explanation, codes, explain


def _tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables"] = module
    spec.loader.exec_module(module)
    return module


def test_every_rule_in_the_code_is_explained_and_nothing_else() -> None:
    used = set(_tables().rule_ids("HTTP", "XML", "SOAP", "XSD", "StUF", "RGBZ", "KC", "MILD", "SET"))
    known = used | {rule.id for rule in RULES} | {fout.name for fout in Fout}
    assert set(codes()) == known


def test_every_rule_is_used_outside_its_explanation() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "src/stuf_klantcontact").rglob("*.py")
        if "explanations" not in path.parts
    )
    assert [code for code in codes() if f'"{code}"' not in source and code not in Fout.__members__] == []


@pytest.mark.parametrize("found", EXPLANATIONS.values(), ids=lambda found: found.code)
def test_an_explanation_is_complete(found: Explanation) -> None:
    for text in (found.meaning, found.cause, found.cure):
        assert text.nl.strip().endswith((".", "?"))
        assert text.en.strip().endswith((".", "?"))
    assert found.section
    assert found.right
    assert found.wrong != found.right


def test_a_code_is_found_however_it_is_written() -> None:
    assert explain(" kc-05 ") is EXPLANATIONS["KC-05"]
    assert explain("STUF055") is EXPLANATIONS["StUF055"]
    assert explain("KC-99") is None
