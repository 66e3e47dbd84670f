"""The programs of others: whether they are there, and what they say."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conftest import need

HERE = Path(__file__).parent
SECONDS = 60.0
"""Most seconds that any program may take over one task."""


@contextmanager
def process(command: Sequence[str | Path], *, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background, that is ended; its standard input closes however we end."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=surroundings(**environment),
        )
    try:
        yield started
    finally:
        started.terminate()
        started.communicate(timeout=SECONDS)


def surroundings(**environment: str) -> dict[str, str]:
    """Ours, without a proxy between one program of this machine and another."""
    return {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **environment}


def run(command: Sequence[str | Path], *, cwd: Path | None = None, **environment: str) -> str:
    """What a program prints; it must end well, and print nothing elsewhere."""
    done = finish(command, cwd=cwd, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def finish(
    command: Sequence[str | Path], *, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, however that is."""
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=surroundings(**environment),
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        check=False,
    )


def node() -> list[str | Path]:
    """The command for a script of node-soap."""
    found = shutil.which("node")
    need(found is not None, "node is not there: install Node.js")
    need((HERE / "node" / "node_modules" / "soap").is_dir(), "node-soap is not there: make node-soap")
    return [found or ""]


def php() -> list[str | Path]:
    """The command for a script of PHP with its extension soap."""
    found = shutil.which("php")
    need(found is not None, "php is not there: install php-cli, php-soap and php-xml")
    check = "exit(extension_loaded('soap') && extension_loaded('dom') ? 0 : 1);"
    need(finish([found or "", "-r", check]).returncode == 0, "PHP has no soap or dom: install php-soap and php-xml")
    return [found or ""]


def python() -> list[str | Path]:
    """The command for a script of zeep, which is a dependency of ours."""
    return [sys.executable]


def gsoap() -> None:
    """Nothing, when gSOAP and a compiler are there."""
    for program, package in (("wsdl2h", "gsoap"), ("soapcpp2", "gsoap"), ("g++", "g++")):
        need(shutil.which(program) is not None, f"{program} is not there: install {package}")
    header = ["g++", "-E", "-x", "c++", "-include", "stdsoap2.h", os.devnull]
    need(finish(header).returncode == 0, "the library of gSOAP is not there: install libgsoap-dev")


def generate(wsdls: Sequence[str], *, name: str, folder: Path) -> Path:
    """C++ from WSDLs, by wsdl2h and soapcpp2; the header of the proxy class. A warning fails."""
    said = finish(["wsdl2h", "-v", "-t", HERE / "gsoap" / "typemap.dat", "-o", f"{name}.h", *wsdls], cwd=folder)
    assert said.returncode == 0, said.stderr
    assert "Warning:" not in said.stderr, said.stderr
    run(["soapcpp2", "-j", "-C", "-w", "-x", f"{name}.h"], cwd=folder)
    (header,) = folder.glob("soap*Proxy.h")
    return header
