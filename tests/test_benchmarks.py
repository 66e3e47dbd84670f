"""The benchmarks run from beginning to end and print every ratio; what the ratios are, people judge."""

import re
import subprocess
import sys

import pytest

from conftest import ROOT


@pytest.fixture(scope="module")
def printed() -> str:
    """What the short variant prints."""
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("figure", "peer"),
    [
        ("claim of four, p99, 4,000 waiting", "1,000 waiting"),
        ("enqueue, p99, 4,000 waiting", "1,000 waiting"),
        ("settle, p99, 4,000 waiting", "1,000 waiting"),
        ("deliveries, one process", "bare httpx, as many threads, the same bytes"),
        ("Du02 to arrival, p99, at half load", "a second"),
        ("durable intake", "one durable INSERT under granian"),
        ("durable intake", "stock Spyne, lxml validator, no store"),
        ("guard + XSD", "one message"),
        ("Spyne layer", "one message"),
        ("rules and mapping", "one message"),
        ("database (two statements)", "one message"),
        ("verdict on a valid message", "bare lxml parse + XSD"),
        ("validate: valid klcLk01", "bare lxml parse + XSD"),
        ("validate: a berichtenSet of 1 MB", "bare iterparse + XSD"),
        ("validate: peak memory on 1 MB", "aim"),
        ("validate: start on one file", "aim"),
    ],
)
def test_each_figure_is_printed_with_a_ratio_that_can_be(figure: str, peer: str, printed: str) -> None:
    line = rf"^{re.escape(figure)} +[0-9,]+ \S+ +{re.escape(peer)} +[0-9,]+ \S+ +([0-9.]+)"
    found = re.search(line, printed, re.MULTILINE)
    assert found, printed
    assert 0 < float(found[1]) < 50
