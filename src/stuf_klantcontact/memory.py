"""Give memory back: when threads must make place for others, and what they have let go of.

Three things keep what a message took after it is gone. libxml2 keeps every name that a thread ever read, until that
thread ends: 60 messages of 1.9 MB with new names left 163 MB in one thread. A pull parser of lxml, and an exception
that is kept, refer to themselves, with the document that they saw, and Python looks for such only now and then. And
glibc keeps what was freed in the middle of an arena for the next who asks. So who sends large or strange messages
fills the memory of a process whose threads live as long as it does.

A parser that threads share undoes this: a new thread that uses it first goes on with the names that it has. Nothing
here can go wrong.

No section of the standard: this is the machine under it.
"""

import ctypes
import gc
from typing import Final

RETIRE_BYTES: Final = 4_000_000
"""After so many bytes of messages threads make place for others, each when it has done what it is at."""

_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""glibc's; elsewhere there is none."""


def keep_what_is() -> None:
    """Say that what is there now stays: `give_back` then need not look at it. Once, when a process has begun."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Let Python and the system have what is not used any more: milliseconds, and more when much is in use."""
    gc.collect()
    if _TRIM is not None:
        _TRIM(0)
