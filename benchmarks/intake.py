"""Durable intake a second, of the real gateway, held against a floor and against stock Spyne."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

import psycopg

from benchmarks import peers
from benchmarks.figure import Figure
from benchmarks.load import Outcome, Target, load, warm_up
from benchmarks.stage import GEBRUIKER, PORT, Stage
from stuf_klantcontact.cli.run import THREADS

WORKERS = 2
START_SECONDS = 60.0
AIM_FLOOR, AIM_SPYNE = 0.5, 1.0


def measure(stage: Stage, *, rounds: int, seconds: float) -> list[Figure]:
    """The three in turn, so that what disturbs one disturbs all; the median of the rounds' ratios."""
    with psycopg.connect(stage.conninfo, autocommit=True) as connection:
        connection.execute(peers.TABLE)
    with ExitStack() as running:
        serve = [sys.executable, "-m", "stuf_klantcontact", "serve", "--no-delivery", "--config", str(stage.config)]
        peer = [sys.executable, "-m", "benchmarks.peers"]
        threads = ["--threads", str(THREADS)]
        path = f"/soap/{PORT}"
        spyne_message = peers.for_spyne(stage.message)
        targets = [
            Target(name, running.enter_context(_server(command, say=say)), path, GEBRUIKER, stage.password, message)
            for name, command, say, message in (
                ("gateway", serve, "", stage.message),
                ("floor", [*peer, "floor", *threads], stage.conninfo, stage.message),
                ("spyne", [*peer, "spyne", *threads], "", spyne_message),
            )
        ]
        folder = stage.config.parent
        outcomes: dict[str, list[Outcome]] = {target.name: [] for target in targets}
        warm = [warm_up(target, folder=folder) for target in targets]
        for _ in range(rounds):
            for target in targets:
                outcomes[target.name].append(load(target, seconds=seconds, folder=folder))
    _all_kept(stage, warm[0] + sum(outcome.answered for outcome in outcomes["gateway"]))
    rates = {name: [outcome.rate for outcome in found] for name, found in outcomes.items()}
    return [
        Figure(
            "durable intake",
            median(rates["gateway"]),
            "/s",
            peer=peer_name,
            peer_value=median(rates[name]),
            ratio=median(ours / theirs for ours, theirs in zip(rates["gateway"], rates[name], strict=True)),
            at_least=aim,
        )
        for name, peer_name, aim in (
            ("floor", "one durable INSERT under granian", AIM_FLOOR),
            ("spyne", "stock Spyne, lxml validator, no store", AIM_SPYNE),
        )
    ]


def _all_kept(stage: Stage, answered: int) -> None:
    """An answer that stands for nothing in the database would make the figure worthless."""
    with psycopg.connect(stage.conninfo) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM bericht WHERE verdict = 'accepted'), (SELECT count(*) FROM klantcontact),"
            " (SELECT count(*) FROM outbox_item)"
        ).fetchone()
    if row is None or min(row) < answered:
        raise RuntimeError(f"{answered} messages were answered, and {row} of them are in the database")


@contextmanager
def serving(stage: Stage) -> Iterator[int]:
    """The gateway without delivery, on the port it gives."""
    serve = [sys.executable, "-m", "stuf_klantcontact", "serve", "--no-delivery", "--config", str(stage.config)]
    with _server(serve, say="", workers=1) as port:
        yield port


@contextmanager
def _server(command: list[str], *, say: str, workers: int = WORKERS) -> Iterator[int]:
    """A server on a free port, answering; gone afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", str(workers)],
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(say + "\n")
        process.stdin.close()
        _wait_until_open(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _wait_until_open(port: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with exit status {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"a server was not ready within {START_SECONDS:.0f} s")
