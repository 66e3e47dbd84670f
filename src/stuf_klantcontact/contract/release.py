"""A release of schemas as somebody downloaded it: a folder or a ZIP, read with limits and without trust.

What can go wrong raises ConfigurationError: no such place, not a ZIP, names that lead out of it, more bytes than
any release has. Whether what was read is any good is for hubs.py to say.
"""

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from stuf_klantcontact.errors import ConfigurationError

FILES: Final = 5_000
"""At most so many files, of whatever kind, in a release."""
FILE: Final = 16 * 1024 * 1024
"""At most so many bytes in a schema or WSDL."""
TOTAL: Final = 64 * 1024 * 1024
"""At most so many bytes in all of them together."""
_SUFFIXES: Final = (".xsd", ".wsdl")


def read(path: Path) -> dict[str, bytes]:
    """Every schema and WSDL of the release at `path`, by its path inside it, in the order of those paths."""
    if path.is_dir():
        found = dict(_of_folder(path))
    elif path.is_file():
        found = dict(_of_archive(path))
    else:
        raise ConfigurationError(f"{path}: there is no such folder or ZIP file")
    if not found:
        raise ConfigurationError(f"{path}: no .xsd or .wsdl in it")
    return dict(sorted(found.items()))


def fingerprint(files: Mapping[str, bytes]) -> str:
    """A hash of the contents, equal for equal files at equal paths."""
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{len(name.encode())}:{name}:{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    seen = total = 0
    home = folder.resolve()
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            seen += 1
            if seen > FILES:
                raise ConfigurationError(f"{folder}: more than {FILES} files; that is no release of schemas")
            file = Path(place) / name
            if not name.lower().endswith(_SUFFIXES):
                continue
            if not file.resolve().is_relative_to(home):
                raise ConfigurationError(f"{file}: a link that leads out of the folder")
            if not file.is_file():
                raise ConfigurationError(f"{file}: not a file")
            try:
                with file.open("rb") as stream:
                    data = stream.read(FILE + 1)
            except OSError as error:
                raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from error
            total += len(data)
            _check(file.relative_to(folder).as_posix(), len(data), total)
            yield file.relative_to(folder).as_posix(), data


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > FILES:
                raise ConfigurationError(f"{path}: more than {FILES} files; that is no release of schemas")
            total = 0
            known: set[str] = set()
            for entry in entries:
                name = _safe(entry, path)
                if entry.is_dir() or not name.lower().endswith(_SUFFIXES):
                    continue
                if name in known:
                    raise ConfigurationError(f"{path}: {name} is in it twice")
                known.add(name)
                # What the ZIP says of its size may be a lie: read no more than is allowed.
                with archive.open(entry) as stream:
                    data = stream.read(FILE + 1)
                total += len(data)
                _check(name, len(data), total)
                yield name, data
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: not a ZIP file that can be read: {error}") from error
    except Exception as error:
        if isinstance(error, ConfigurationError):
            raise
        # zlib.error and lzma.LZMAError have no base of their own.
        raise ConfigurationError(f"{path}: not a ZIP file that can be read: {error}") from error


def _safe(entry: zipfile.ZipInfo, path: Path) -> str:
    name = entry.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        raise ConfigurationError(f"{path}: a name in it leads out of it: {ascii(name)[:100]}")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ConfigurationError(f"{path}: a link in it: {ascii(name)[:100]}")
    if entry.flag_bits & 1:
        raise ConfigurationError(f"{path}: it asks for a password")
    return "/".join(parts)


def _check(name: str, size: int, total: int) -> None:
    if size > FILE:
        raise ConfigurationError(f"{name}: more than {FILE // 1024**2} MB; no schema is that large")
    if total > TOTAL:
        raise ConfigurationError(
            f"{name}: with it more than {TOTAL // 1024**2} MB of schemas; no release is that large"
        )
