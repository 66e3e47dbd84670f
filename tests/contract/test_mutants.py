"""Ten thousand valid messages with one thing changed: is it found, and is it said first?"""

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from conftest import ROOT, need
from contract.mutants import mutate
from contract.official import STANDARDS
from contract.test_real_messages import message_of, rows
from stuf_klantcontact import contract

MUTANTS = 10_000
SEED = 2026

Source = tuple[contract.Schemas, etree._Element]


def _sources(official: contract.SchemaSet) -> list[Source]:
    ours = contract.load()
    found: list[Source] = []
    for path in sorted((ROOT / "fixtures").glob("k*/*/valid/*.xml")):
        root = etree.parse(str(path)).getroot()
        body = root.find("{*}Body")
        found.append((ours, etree.fromstring(etree.tostring(root if body is None else body[0], with_tail=False))))
    return found + [(official, message_of(row)) for row in rows() if row["valid by Xerces"] == "yes"]


def test_a_mutant_is_named_at_its_place_and_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need((STANDARDS / "zds0120").is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    need(bool(rows()), "the real messages are not in ../shared/messages")
    official = contract.load_set(STANDARDS / "zds0120", cache=tmp_path)
    sources = _sources(official)
    chance = random.Random(SEED)
    seen: Counter[str] = Counter()
    slowest = 0.0
    for held, original in sources:
        held.violations(original)  # the declarations are read once
    for _ in range(MUTANTS):
        held, original = chance.choice(sources)
        mutant = mutate(original, chance)
        order = {element: number for number, element in enumerate(mutant.message.iter(etree.Element))}
        before = time.thread_time()
        found = held.violations(mutant.message, positions=[(number, number) for number in range(len(order))])
        slowest = max(slowest, time.thread_time() - before)
        assert held.valid(mutant.message) == (found == []), etree.tostring(mutant.message).decode()
        if not found:
            seen["still valid"] += 1
            continue
        seen["invalid"] += 1
        about = [mutant.named_by(violation, order=order) for violation in found]
        seen["named"] += any(about)
        seen["first"] += about[0]
    named, first = seen["named"] / seen["invalid"], seen["first"] / seen["invalid"]
    with capsys.disabled():
        print(
            f"\n{MUTANTS} mutants of {len(sources)} messages, {seen['invalid']} of them invalid:"
            f" named {named:.2%}, first {first:.2%}, slowest {slowest * 1000:.0f} ms"
        )
    assert seen["invalid"] > MUTANTS / 2
    assert slowest < 1
    assert named >= 0.98
    assert first >= 0.90
