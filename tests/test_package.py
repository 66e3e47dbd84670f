"""What is installed is what is in the tree, and importing it does nothing."""

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from conftest import ROOT

PACKAGE = "stuf_klantcontact/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The files of a wheel that is built now, by their path in it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _tree(folder: Path, *, prefix: str) -> dict[str, bytes]:
    return {
        f"{prefix}{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_schemas_in_the_wheel_are_those_of_the_tree(wheel: Mapping[str, bytes]) -> None:
    prefix = f"{PACKAGE}schemas/"
    shipped = {name: data for name, data in wheel.items() if name.startswith(prefix)}
    assert shipped
    assert shipped == _tree(ROOT / "schemas", prefix=prefix)


def test_package_in_the_wheel_is_that_of_the_tree(wheel: Mapping[str, bytes]) -> None:
    """Migrations, templates and pages are no modules; they too must be there."""
    shipped = {
        name: data
        for name, data in wheel.items()
        if name.startswith(PACKAGE) and not name.startswith(f"{PACKAGE}schemas/")
    }
    assert shipped == _tree(ROOT / "src" / "stuf_klantcontact", prefix=PACKAGE)
    for needed in ("store/migrations/env.py", "templates/index.html", "static/style.css", "py.typed"):
        assert f"{PACKAGE}{needed}" in shipped


def test_wheel_carries_the_licence_and_the_command(wheel: Mapping[str, bytes]) -> None:
    (licence,) = (data for name, data in wheel.items() if name.endswith(".dist-info/licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert b"EUROPEAN UNION PUBLIC LICENCE v. 1.2" in licence
    (entry_points,) = (data for name, data in wheel.items() if name.endswith("entry_points.txt"))
    assert b"stuf-klantcontact = stuf_klantcontact.cli:main" in entry_points


IMPORT_EVERYTHING = """
import importlib, logging, os, pkgutil, signal, sys, threading, warnings
before = {
    "handlers": list(logging.getLogger().handlers), "level": logging.getLogger().level,
    "filters": len(warnings.filters), "signal": signal.getsignal(signal.SIGTERM), "cwd": os.getcwd(),
    "environment": dict(os.environ), "files": os.listdir("."), "umask": os.umask(0o077), "again": os.umask(0o077),
}
import stuf_klantcontact
names = [m.name for m in pkgutil.walk_packages(stuf_klantcontact.__path__, "stuf_klantcontact.")]
for name in names:
    if not name.endswith(".__main__"):
        importlib.import_module(name)
assert len(names) > 20, names
assert threading.active_count() == 1, threading.enumerate()
assert logging.getLogger().handlers == before["handlers"], logging.getLogger().handlers
assert logging.getLogger().level == before["level"]
ours = [n for n in logging.root.manager.loggerDict if n.startswith("stuf_klantcontact")]
assert not any(logging.getLogger(n).handlers for n in ours), ours
assert signal.getsignal(signal.SIGTERM) is before["signal"]
assert os.getcwd() == before["cwd"] and dict(os.environ) == before["environment"]
assert os.listdir(".") == before["files"], os.listdir(".")
assert os.umask(0o077) == before["again"]
print("nothing happened", len(names))
"""


def test_importing_everything_does_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("nothing happened")
