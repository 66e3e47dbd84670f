"""What every test may use."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["plugin_database", "journeys.town"]

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
IN_CI = os.environ.get("CI_REQUIRED") == "1"


def need(condition: bool, reason: str) -> None:
    """Skip with a reason for the user; in CI, where everything must be there, fail."""
    if condition:
        return
    if IN_CI:
        pytest.fail(f"required in CI: {reason}")
    pytest.skip(reason)
