"""Processes that share the files to validate, and give the reports back in order.

Each holds the compiled schemas, which cannot be sent from one process to another. They ignore Ctrl-C, which is for
the process that asked; and end when that one does, however it ends.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stuf_klantcontact import validation
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.parsing import saved
from stuf_klantcontact.parsing.refusals import Unreadable, beyond
from stuf_klantcontact.report import Report

_SHARE: Final = 16
"""Files that a process takes at a time."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, and the lines of the source that it speaks of."""

    report: Report
    lines: dict[int, str]


_against: validation.Schemas | None = None


class Crew:
    """Iterates over what was found, in the order of the files; with one job, here."""

    def __init__(
        self, files: Sequence[str], *, against: validation.Schemas, schema: Path | None, jobs: int
    ) -> None:
        self._files = files
        self._against = against
        self._schema = schema
        self._jobs = jobs
        self._pool: Any = None

    def __enter__(self) -> Iterator[Judged]:
        if self._jobs < 2:
            return (judge_file(file, against=self._against) for file in self._files)
        import multiprocessing  # who needs one process need not wait for it: a tenth of the start-up time

        global _against
        _against = self._against  # a forked process has it at once
        method = "fork" if sys.platform == "linux" else "spawn"
        self._pool = multiprocessing.get_context(method).Pool(self._jobs, _prepare, (self._schema, os.getpid()))
        found: Iterator[Judged] = self._pool.imap(_judge, self._files, chunksize=_SHARE)
        return found

    def __exit__(self, kind: object, *_: object) -> None:
        if self._pool is not None:
            if kind is None:
                self._pool.close()
            else:
                self._pool.terminate()
            self._pool.join()


def judge_file(file: str, *, against: validation.Schemas) -> Judged:
    """The report of one file; what cannot be opened is reported as empty."""
    try:
        with open(file, "rb") as stream:
            data = stream.read(STANDARD.message_bytes + 1)
    except OSError:
        data = b""
    return judge(data, file=file, against=against)


def judge(data: bytes, *, file: str, against: validation.Schemas) -> Judged:
    """The report of one document that is in memory."""
    if len(data) > STANDARD.message_bytes:
        too_large = beyond("XML-SIZE", STANDARD.message_bytes).violations
        return Judged(Report(file=file, schema=against.name, violations=too_large), {})
    if saved.is_multipart(data):
        try:
            data = saved.envelope(data, limits=STANDARD)
        except Unreadable as unreadable:
            return Judged(Report(file=file, schema=against.name, violations=unreadable.violations), {})
    found = validation.check(data, against=against, file=file)
    wanted = {violation.line for violation in found.violations if violation.line}
    if not wanted:
        return Judged(found, {})
    lines = data.split(b"\n")
    return Judged(
        found, {n: lines[n - 1].removesuffix(b"\r").decode("utf-8", "replace") for n in wanted if n <= len(lines)}
    )


def _prepare(schema: Path | None, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    global _against
    if _against is None:
        _against = validation.schemas(schema)


def _follow(parent: int) -> None:
    """End when the parent has gone: it may have been killed."""
    import multiprocessing

    known = multiprocessing.parent_process()
    if known is not None:
        with suppress(OSError):
            known.join()
    os._exit(1 if os.getppid() != parent else 0)


def _judge(file: str) -> Judged:
    if _against is None:
        raise RuntimeError("a process of the crew is prepared before it works")
    return judge_file(file, against=_against)
