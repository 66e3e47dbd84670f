"""The verdict on a valid message, guard included, held against a bare lxml parse and XSD of the same bytes."""

import time
from collections.abc import Callable
from statistics import median

from lxml import etree

from benchmarks.figure import Figure
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import parsing
from stuf_klantcontact.settings import Limits

AIM = 2.0


def measure(message: bytes, *, rounds: int, messages: int) -> list[Figure]:
    """Both in turn; the median of the rounds' ratios."""
    schema = contracts.load().envelope
    limits = Limits()

    def ours() -> bool:
        return parsing.read(message, limits=limits, schema=schema).valid

    def bare() -> bool:
        return schema.validate(etree.fromstring(message))

    if not (ours() and bare()):
        raise RuntimeError("the message of the benchmark is not valid")
    pairs = [(_microseconds(ours, messages), _microseconds(bare, messages)) for _ in range(rounds)]
    return [
        Figure(
            "verdict on a valid message",
            median(our for our, _ in pairs),
            "µs",
            peer="bare lxml parse + XSD",
            peer_value=median(theirs for _, theirs in pairs),
            ratio=median(our / theirs for our, theirs in pairs),
            at_most=AIM,
        )
    ]


def _microseconds(action: Callable[[], object], times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - begin) / times * 1e6
