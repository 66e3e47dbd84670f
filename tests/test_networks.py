"""Gateways and workers on networks of their own: in short what `make soak NAME=networks` does at length."""

import subprocess
import sys

from conftest import ROOT, need
from soak import networks


def test_a_worker_that_is_cut_off_or_stopped_loses_its_lease_and_nothing_else_is_lost() -> None:
    need(not networks.impossible(), networks.impossible())
    command = [sys.executable, "-m", "soak", "networks", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
