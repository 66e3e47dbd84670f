"""The files of a StUF-berichtenSet: one, or the parts that the standard prescribes, written piece by piece."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.names import STUF0302

_OPEN: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<StUF:StUF-berichtenSet xmlns:StUF="{STUF0302}">\n'.encode()
)
_CLOSE: Final = b"</StUF:StUF-berichtenSet>\n"


class Files:
    """The file that is written, or the parts it falls into: NAME_1, NAME_2, … NAME_9_laatste."""

    def __init__(self, target: Path, *, part_bytes: int) -> None:
        self._target = target
        self._part_bytes = part_bytes
        self._paths: list[Path] = []
        self._stream: BinaryIO | None = None
        self._size = 0
        self._begin()

    def write(self, pieces: Iterable[bytes], *, length: int) -> None:
        """Add a message of so many bytes, to a new part when it does not fit."""
        if self._size + length + 1 + len(_CLOSE) > self._part_bytes and self._size > len(_OPEN):
            self._end()
            self._begin()
        for piece in pieces:
            self._put(piece)
        self._put(b"\n")

    def end(self) -> None:
        """Have the last file whole and on disk; none has its name yet."""
        self._end()

    def publish(self) -> list[Path]:
        """Give all files their names, which are given back; all of them, or none when that fails."""
        count = len(self._paths)
        names = [self._target]
        if count > 1:
            names = [
                self._target.with_stem(f"{self._target.stem}_{number}{'_laatste' if number == count else ''}")
                for number in range(1, count + 1)
            ]
        named = []
        try:
            for path, name in zip(self._paths, names, strict=True):
                with writing(name):
                    path.replace(name)
                    named.append(name)
                    _sync(name.parent)
        except BaseException:
            for name in named:
                name.unlink(missing_ok=True)
            raise
        return names

    def discard(self) -> None:
        """Leave nothing of what was begun."""
        if self._stream is not None:
            with suppress(OSError):  # a full disk is no reason to leave what is on it
                self._stream.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        path = self._target.with_name(f".{self._target.name}.{len(self._paths) + 1}.bezig")
        # Persons are in it: nobody but who exports may read it.
        with writing(self._target):
            self._stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._paths.append(path)
        self._size = 0
        self._put(_OPEN)

    def _end(self) -> None:
        self._put(_CLOSE)
        if self._stream is not None:
            with writing(self._target):
                self._stream.flush()
                os.fsync(self._stream.fileno())
                self._stream.close()

    def _put(self, data: bytes) -> None:
        if self._stream is None:
            raise AssertionError("a part is open from the beginning")
        with writing(self._target):
            self._stream.write(data)
        self._size += len(data)


def _sync(folder: Path) -> None:
    """Let the names in a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Raise ConfigurationError, with the file and what the system said, for what cannot be written."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error.strerror}") from error
