"""The examples of docs/validator.md run."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from conftest import ROOT

DOCUMENT = (ROOT / "docs/validator.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 2


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_examples_in_python_run(block: str) -> None:
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout


def test_the_hook_calls_a_command_that_takes_files() -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entry = re.search(r"entry: stuf-klantcontact (.*)", hook)
    assert entry is not None
    files = sorted((ROOT / "fixtures/klc/iobLk01/valid").glob("*.xml"))
    command = [sys.executable, "-m", "stuf_klantcontact", *shlex.split(entry[1]), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_a_build_uploads_is_what_the_command_writes() -> None:
    folder = ROOT / "fixtures/klc/klcLk01/invalid"
    command = [
        sys.executable,
        "-m",
        "stuf_klantcontact",
        "validate",
        str(folder),
        "--format",
        "sarif",
        "--jobs",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["runs"][0]["results"]) >= len(list(folder.glob("*.xml")))
