"""Commands that keep running: serve, deliver, demo."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import click

from stuf_klantcontact.cli import importing
from stuf_klantcontact.cli.configuration import CONFIG, load

THREADS: Final = 8
"""Threads that answer in one process: as many as it has connections to the database, unless set otherwise."""

_log = logging.getLogger(__name__)

RESTART_SECONDS: Final = 1.0
STOP_SECONDS: Final = 60.0
"""How long delivery beside `serve` may take to finish what it sends. The default of systemd is 90, and requests
that are being answered have had 15 of those."""

UNTIL_STDIN_CLOSES = click.option(
    "--until-stdin-closes", is_flag=True, hidden=True, help="Stop when standard input ends: for a parent process."
)


@click.command()
@CONFIG
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that answer requests.")
@click.option("--no-delivery", is_flag=True, help="Leave sending to `deliver` elsewhere.")
@UNTIL_STDIN_CLOSES
def serve(
    config: Path | None, host: str, port: int, workers: int, no_delivery: bool, until_stdin_closes: bool
) -> None:
    """Take messages, and send on what must be sent: everything on one machine.

    Example: stuf-klantcontact serve --config gateway.toml --port 8080 --workers 2
    """
    # Here, so that a process that only delivers does without them; before the fork, so that workers have them.
    with importing():
        from stuf_klantcontact import server
        from stuf_klantcontact.app import answering, checking
        from stuf_klantcontact.store import open_database

    _log_to_stderr()
    found = load(config)
    checking.check(found)
    if until_stdin_closes:
        _follow_stdin()
    # Held here, so that the embedded server runs, and is migrated, before a worker looks for it.
    database = open_database(found, pool_size=1)
    database.rest()
    try:
        with _DeliveryProcess(_delivery(config), wanted=not no_delivery):
            build = partial(answering.build, found, address=f"http://{host}:{port}", database_checked=True)
            code = server.run(build, host=host, port=port, workers=workers, threads=THREADS)
            _log.info("told to stop; no request is answered any more")
    finally:
        database.close()
    sys.exit(code)


@click.command()
@CONFIG
@UNTIL_STDIN_CLOSES
def deliver(config: Path | None, until_stdin_closes: bool) -> None:
    """Only send: run as many of these as you like, on as many machines.

    Example: stuf-klantcontact deliver --config gateway.toml
    """
    with importing():
        from stuf_klantcontact import worker
        from stuf_klantcontact.app import sending

    _log_to_stderr()
    found = load(config)
    stop = threading.Event()
    worker.stop_on_signal(stop)
    if until_stdin_closes:
        _follow_stdin()
    sending.deliver(found, stop=stop)


@click.command()
@click.option(
    "--once", is_flag=True, help="On free ports; exit status 0 only if every outcome is the expected one."
)
@click.option("--port", default=8080, show_default=True, help="Where the gateway listens.")
def demo(once: bool, port: int) -> None:
    """Play the main job with everything around it, and show what became of every message.

    Example: stuf-klantcontact demo --once
    """
    from stuf_klantcontact.cli.demo import play  # zeep takes half a second to import

    sys.exit(0 if play(once=once, port=port) else 1)


def _delivery(config: Path | None) -> list[str]:
    options = ["--config", str(config)] if config else []
    return [sys.executable, "-m", "stuf_klantcontact", "deliver", *options, "--until-stdin-closes"]


class _DeliveryProcess:
    """A command as a process beside us, started again when it ends before we do.

    It is started in a thread while the server forks its workers. A worker that is forked in the middle of a start
    keeps the pipe open by which Popen hears that the program runs. Popen would then wait until that worker ends,
    and a command that ends would never be started again: so a fork waits until a start is complete.
    """

    def __init__(self, command: Sequence[str], *, wanted: bool = True) -> None:
        self._command = command
        self._wanted = wanted
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if self._wanted:
            lock = self._lock
            os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
            threading.Thread(target=self._supervise, name="delivery", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:  # what it was sending comes back when its lease ends
                _log.warning("delivery was still sending after %g s and is ended; it is sent again", STOP_SECONDS)
                process.kill()
                process.wait()

    def _supervise(self) -> None:
        while True:
            try:
                with self._lock:
                    if self._stopping.is_set():
                        return
                    self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)  # noqa: S603
                how = f"ended with exit status {self._process.wait()}"
                self._process.communicate()  # there is no more to say: this closes the pipe
            except OSError as error:  # no memory or process left, say: that may pass
                how = f"cannot be started: {type(error).__name__}"
            if self._stopping.wait(RESTART_SECONDS):
                return
            _log.error("delivery %s; started again", how)


def _follow_stdin() -> None:
    """End when standard input does: it is a pipe from our parent, and closes however the parent dies."""

    def follow() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="follow-stdin", daemon=True).start()


def _log_to_stderr() -> None:
    """One line an event, UTC; control characters escaped, so that no event can pretend to be two."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(asctime)sZ %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("httpx", "httpcore", "alembic", "spyne"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


COMMANDS = (serve, deliver, demo)
