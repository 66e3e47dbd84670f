"""What every test may use."""

import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["plugin_database", "journeys.town"]

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
IN_CI = os.environ.get("CI_REQUIRED") == "1"

# There the same examples each time: who changes one thing is not told of another. People get new ones each time.
settings.register_profile("ci", derandomize=True)
if IN_CI:
    settings.load_profile("ci")


def need(condition: bool, reason: str) -> None:
    """Skip with a reason for the user; in CI, where everything must be there, fail."""
    if condition:
        return
    if IN_CI:
        pytest.fail(f"required in CI: {reason}")
    pytest.skip(reason)


@contextmanager
def cpu_seconds(limit: float) -> Iterator[None]:
    """Hold what happens inside to less than so many seconds of this thread.

    The heap that thousands of tests leave is kept from the garbage collector meanwhile: no gateway has it.
    """
    gc.freeze()
    try:
        began = time.thread_time()
        yield
        spent = time.thread_time() - began
    finally:
        gc.unfreeze()
    assert spent < limit, f"{spent:.2f} s of CPU, where {limit:g} is the limit"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a fixture of their module or folder in one process (`--dist loadgroup`).

    It is then made once. What all tests share, of this file and of the plugins, keeps nobody together.
    """
    for item in items:
        found = getattr(item, "_fixtureinfo", None)
        made = [one[-1] for one in found.name2fixturedefs.values() if one] if found else []
        homes = {one.baseid for one in made if one.scope in {"module", "session"}} - {"", "tests"}
        if homes:
            item.add_marker(pytest.mark.xdist_group(min(homes, key=len)))
