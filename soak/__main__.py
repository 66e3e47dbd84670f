"""Hold the promises for as long as it takes, print one table, and fail when one of them is broken.

Each module here with a `run` is one of them: `run(short=...)` gives the lines of the table.
"""

import argparse
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from soak.promise import Promise, progress, table

TESTS = Path(__file__).resolve().parent.parent / "tests"
"""Where the processes, senders and accounts are that the tests use in short."""

Run = Callable[..., Sequence[Promise]]


def main() -> int:
    """1 when a promise is broken, or could not be held against anything."""
    sys.path.append(str(TESTS))
    found = runs()
    words = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    words.add_argument("name", nargs="*", help=f"what to run: {', '.join(found)}; without one, all of it")
    words.add_argument(
        "--short",
        action="store_true",
        default=os.environ.get("SOAK", "") == "short",
        help="only show that it runs, in a minute; also SOAK=short",
    )
    given = words.parse_args()
    for name in given.name:
        if name not in found:
            words.error(f"{name!r} is none of {', '.join(found)}")
    promises: list[Promise] = []
    for name in given.name or found:
        progress(f"{name} begins")
        try:
            promises += [
                Promise(f"{name}: {p.what}", p.figure, p.aim, p.kept) for p in found[name](short=given.short)
            ]
        except AssertionError as error:
            promises.append(Promise(name, f"broken off: {error}", "to its end", False))
    print(table(promises))
    return 0 if all(promise.kept for promise in promises) else 1


def runs() -> dict[str, Run]:
    """What can be run, by name."""
    package = Path(__file__).parent
    names = [module.name for module in pkgutil.iter_modules([str(package)]) if not module.name.startswith("_")]
    modules = {name: import_module(f"soak.{name}") for name in names}
    return {name: cast(Run, module.run) for name, module in modules.items() if hasattr(module, "run")}


if __name__ == "__main__":
    sys.exit(main())
