"""The time to load an official set, held against a bare lxml load of the same hubs in the same run."""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from lxml import etree

from benchmarks.figure import Figure
from stuf_klantcontact import contract

OFFICIAL = Path(__file__).resolve().parents[2] / "shared" / "standards" / "zds0120"


def measure(*, rounds: int, path: Path = OFFICIAL) -> list[Figure]:
    """Loaded for the first time, and again from what was remembered; nothing when there is no set."""
    if not path.is_dir():
        return []
    with TemporaryDirectory() as folder:
        cache = Path(folder)
        first = _seconds(lambda: contract.load_set(path, cache=cache))
        [hubs] = (cache / "sets").iterdir()
        pairs = [
            (
                _seconds(lambda: contract.load_set(path, cache=cache)),
                _seconds(lambda: etree.XMLSchema(file=str(hubs / "set.xsd"))),
            )
            for _ in range(rounds)
        ]
    bare = median(theirs for _, theirs in pairs)
    return [
        Figure("load of an official set, first time", first * 1e3, "ms", peer="bare lxml load of its hubs",
               peer_value=bare * 1e3, ratio=first / bare),
        Figure("load of an official set, remembered", median(ours for ours, _ in pairs) * 1e3, "ms",
               peer="bare lxml load of its hubs", peer_value=bare * 1e3,
               ratio=median(ours / theirs for ours, theirs in pairs)),
    ]  # fmt: skip


def _seconds(action: object) -> float:
    assert callable(action)
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


if __name__ == "__main__":
    from benchmarks.figure import table

    print(table(measure(rounds=5)))
