"""Let a process of the gateway end itself with SIGKILL at a named place. The product knows nothing of this.

Python imports this file at its start when its folder is on PYTHONPATH. CRASH_PLAN is a file with a place and a
number: whoever comes to that place for the so manieth time since the file is there, renames it to `died` and dies.
So nobody dies twice, and what is started again lives. LEASE_MARGIN shortens the lease, of which a test must await
the end.
"""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

PLAN = Path(os.environ.get("CRASH_PLAN", "/nonexistent"))
PACKAGE = "stuf_klantcontact"

_lock = threading.Lock()
_times: Counter[str] = Counter()


def reached(place: str) -> None:
    """Die here, if this is the place and the time."""
    with _lock:
        try:
            plan = PLAN.read_text(encoding="utf-8")
            wanted, number = plan.splitlines()[:2]
            if wanted != place:
                return
            _times[plan] += 1
            if _times[plan] < int(number):
                return
            PLAN.rename(PLAN.with_name("died"))
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def patch_intake(module: ModuleType) -> None:
    """Before and after the one statement, which is a transaction of its own."""
    accept = module._accept

    class Watched:
        def __init__(self, statement: Any) -> None:
            self._statement = statement

        def row(self, *rest: Any) -> Any:
            reached("before commit")
            found = self._statement.row(*rest)
            reached("after commit")
            return found

    def watched(**which: bool) -> Watched:
        return Watched(accept(**which))

    module._accept = watched  # type: ignore[attr-defined]


def patch_delivery(module: ModuleType) -> None:
    """The product's own checkpoints: claimed, asked, numbered, stamped, answered, settled."""
    made = module.Delivery.__init__

    def make(self: Any, *rest: Any, **named: Any) -> None:
        made(self, *rest, **{"checkpoint": reached, **named})

    module.Delivery.__init__ = make
    if margin := os.environ.get("LEASE_MARGIN"):
        module.LEASE_MARGIN = float(margin)  # type: ignore[attr-defined]


def patch_resync(module: ModuleType) -> None:
    """Within the transaction of a step, between two steps, and when all is done. A step has two klantcontacten."""
    run, enqueue, hand_over = module.run, module.outbox.enqueue, module._hand_over

    def enqueue_and_reach(*rest: Any, **named: Any) -> Any:
        found = enqueue(*rest, **named)
        reached("enqueued")
        return found

    def run_and_reach(*rest: Any, **named: Any) -> Any:
        told = named.pop("progress")

        def progress(done: int, total: int) -> None:
            reached("step done")
            told(done, total)

        return run(*rest, page=2, progress=progress, **named)

    def hand_over_and_reach(*rest: Any, **named: Any) -> Any:
        found = hand_over(*rest, **named)
        reached("handed over")
        return found

    module.outbox.enqueue = enqueue_and_reach
    module.run, module._hand_over = run_and_reach, hand_over_and_reach  # type: ignore[attr-defined]


def patch_files(module: ModuleType) -> None:
    """When a file has its name, of which the outbox does not know yet."""
    publish = module.Files.publish

    def publish_and_reach(self: Any) -> Any:
        found = publish(self)
        reached("file named")
        return found

    module.Files.publish = publish_and_reach


PATCHES = {
    f"{PACKAGE}.intake.adding": patch_intake,
    f"{PACKAGE}.delivery": patch_delivery,
    f"{PACKAGE}.resync": patch_resync,
    f"{PACKAGE}.transfer.files": patch_files,
}


class _AfterImport(MetaPathFinder):
    """Find those modules as Python would, and change them once they are there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        patch = PATCHES.get(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if patch else None
        if patch is None or spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_patch(module: ModuleType) -> None:
            execute(module)
            patch(module)

        spec.loader.exec_module = execute_and_patch  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _AfterImport())
