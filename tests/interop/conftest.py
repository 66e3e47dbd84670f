"""One gateway for the tests here, and the gSOAP client that is compiled from its WSDLs."""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from interop.gateway import RECEIVER, RECEIVERS, SETTINGS, Running
from interop.programs import HERE, SECONDS, generate, gsoap, process, run
from plugin_database import Postgres
from standin import free_port, until
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import SoapClient, cast


@pytest.fixture(scope="session")
def gateway(
    postgres: Postgres, _template: str, password_hash: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """One gateway for all tests of this process: they share it as senders do, each with zaken of its own."""
    folder = tmp_path_factory.mktemp("interop")
    postgres.run(f"CREATE DATABASE interop TEMPLATE {_template}")
    ports = {name: free_port() for name in RECEIVERS}
    settings = SETTINGS.format(
        organisatie=cast.ORGANISATIE,
        rsin=cast.RSIN,
        folder=folder,
        database_url=postgres.address("interop"),
        password_hash=password_hash,
        zaaktype=cast.ZAAKTYPE,
    )
    config = folder / "gateway.toml"
    receivers = [RECEIVER.format(name=name, port=port) for name, port in ports.items()]
    config.write_text(settings + "".join(receivers), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    command: list[str | Path] = [sys.executable, "-m", "stuf_klantcontact", "serve", "--config", config]
    command += ["--port", url.rpartition(":")[2], "--until-stdin-closes"]
    log = folder / "serve.log"
    opener = build_opener(ProxyHandler({}))

    def ready() -> bool:
        try:
            with opener.open(f"{url}/health/ready", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    with process(command, log=log) as serving, closing(Database(postgres.address("interop"))) as database:
        assert until(lambda: serving.poll() is not None or ready(), seconds=SECONDS), log.read_text()
        assert serving.poll() is None, log.read_text()
        yield Running(url, database, ports, SoapClient(url))


@pytest.fixture(scope="session")
def gsoap_zaaksysteem(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Gives the compiled client; made by the first that asks, also among processes that share a session."""

    def compiled() -> Path:
        gsoap()
        shared = tmp_path_factory.getbasetemp()
        folder = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "gsoap-zaaksysteem"
        folder.mkdir(exist_ok=True)
        program = folder / "zaaksysteem"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                _compile(program, gateway=gateway)
        return program

    return compiled


def _compile(program: Path, *, gateway: Running) -> None:
    wsdls = gateway.wsdls()
    names = ("kc0100_verwerkSynchroonVrijBericht", "kc0100_ontvangAsynchroon")
    proxy = generate([wsdls[name] for name in names], name="kc", folder=program.parent)
    sources: list[str | Path] = [HERE / "gsoap" / "zaaksysteem.cpp", "soapC.cpp", proxy.with_suffix(".cpp")]
    options = ["-std=c++11", "-O0", "-I.", "-o", "zaaksysteem.new"]
    run(["g++", *options, *sources, "-lgsoap++"], cwd=program.parent)
    (program.parent / "zaaksysteem.new").rename(program)
