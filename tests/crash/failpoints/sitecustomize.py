"""Let a process of the gateway end itself with SIGKILL at a named place. The product knows nothing of this.

Python imports this file at its start when its folder is on PYTHONPATH. CRASH_AT names the place, CRASH_NTH says the
how manieth time in a process, CRASH_ONCE is a file that is made by the process that dies: while it exists nobody
else does, so that what is started again lives. LEASE_MARGIN shortens the lease of an item, of which a test must
await the end.
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from itertools import count
from types import ModuleType
from typing import Any

AT = os.environ.get("CRASH_AT", "")
PACKAGE = "stuf_klantcontact"

_lock = threading.Lock()
_times = count(1)


def reached(place: str) -> None:
    """Die here, if this is the place and the time."""
    if place != AT:
        return
    with _lock:
        if next(_times) < int(os.environ.get("CRASH_NTH", "1")):
            return
        try:
            os.close(os.open(os.environ["CRASH_ONCE"], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def patch_intake(module: ModuleType) -> None:
    """Before and after the one statement, which is a transaction of its own."""
    accept = module._ACCEPT
    settle = module.Intake._settle

    class Watched:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, query: Any, *rest: Any, **named: Any) -> Any:
            if query is accept:
                reached("before commit")
            cursor = self._connection.execute(query, *rest, **named)
            if query is accept:
                reached("after commit")
            return cursor

    def watched(self: Any, *rest: Any, connection: Any, **named: Any) -> Any:
        return settle(self, *rest, connection=Watched(connection), **named)

    module.Intake._settle = watched  # type: ignore[attr-defined]


def patch_delivery(module: ModuleType) -> None:
    """The product's own checkpoints: claimed, stamped, answered, settled."""
    made = module.Delivery.__init__

    def make(self: Any, *rest: Any, **named: Any) -> None:
        made(self, *rest, **{"checkpoint": reached, **named})

    module.Delivery.__init__ = make  # type: ignore[attr-defined]
    if margin := os.environ.get("LEASE_MARGIN"):
        module.LEASE_MARGIN = float(margin)  # type: ignore[attr-defined]


PATCHES = {f"{PACKAGE}.intake": patch_intake, f"{PACKAGE}.delivery": patch_delivery}


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
