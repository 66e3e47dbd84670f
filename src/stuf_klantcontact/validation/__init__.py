"""Check one document by every layer that needs no database.

Well-formedness and encoding, SOAP, the XSD, the rules of StUF, those of RGBZ, and those of the gateway that need
nothing but the message: every finding of every layer in one Report, each said once, by the lowest layer that sees
it. What can go wrong: nothing; what cannot be read is a finding too. A set of schemas that does not load raises
ConfigurationError.

StUF 03.01 §3 to §6, RGBZ 2.0 deel II; docs/validator.md.
"""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from stuf_klantcontact import contract, parsing
from stuf_klantcontact.contract import Positions, Schemas
from stuf_klantcontact.limits import STANDARD, Limits
from stuf_klantcontact.parsing.refusals import Unreadable
from stuf_klantcontact.report import Report
from stuf_klantcontact.tijdstip import Clock, system_clock
from stuf_klantcontact.validation.berichtenset import (
    Series,
    check_set,
    is_berichtenset,
    messages,
    numbered,
    referentienummer,
)
from stuf_klantcontact.validation.document import PLAIN, open_document
from stuf_klantcontact.validation.message import GLANCE, check_header, check_message
from stuf_klantcontact.validation.places import located

__all__ = [
    "Schemas",
    "check",
    "check_header",
    "check_message",
    "check_set",
    "is_berichtenset",
    "messages",
    "referentienummer",
    "schemas",
    "validate",
]

_KLANTCONTACT: Final = re.compile(rb"""<[\w:.-]*complexType\s[^>]*\bname\s*=\s*["']Klantcontact["']""")


def schemas(source: Path | None = None) -> Schemas:
    """Our contract; with `source` a municipality's own GFOZaken and DGA-UF schemas in it, or an official set.

    A folder that defines complexType Klantcontact is the former, any other folder or ZIP the latter.
    """
    if source is None:
        return contract.load()
    if source.is_dir() and any(_KLANTCONTACT.search(file.read_bytes()) for file in source.rglob("*.xsd")):
        return contract.load(source)
    return contract.load_set(source)


def validate(source: bytes | str | Path, *, against: Schemas | None = None, file: str = "") -> Report:
    """Check a message: its bytes, its text, or the path of its file. TypeError for anything else.

    >>> validate(b"<a/>").valid
    False
    """
    if isinstance(source, Path):
        file, source = file or str(source), source.read_bytes()
    elif isinstance(source, str):
        source = source.encode("utf-8", "surrogatepass")
    elif not isinstance(source, bytes):
        raise TypeError(f"validate takes bytes, str or pathlib.Path, not {type(source).__name__}")
    return check(source, against=against or _own(), file=file)


def check(
    data: bytes, *, against: Schemas, limits: Limits = STANDARD, file: str = "", clock: Clock = system_clock
) -> Report:
    """Every finding about one document, whatever it is. Never raises on account of the document."""
    root, now = None, clock()
    try:
        if data.startswith(PLAIN):
            root, _ = parsing.document(data, limits=limits)
            if against.own and GLANCE.in_order(root, now=now, limits=limits):
                return _clean(file, against.name)
        opened = open_document(data, limits=limits, root=root)
    except Unreadable as unreadable:
        return Report(file=file, schema=against.name, violations=unreadable.violations)
    positions = _Positions(opened.data)
    violations = list(opened.findings)
    series = Series() if opened.is_set else None
    invalid = warned = 0
    for index, message in enumerate(opened.messages, start=1):
        found = check_message(
            message, against=against, limits=limits, now=now, positions=positions, glance=message is not root
        )
        if series is not None:
            found += located([*series.check(message)], root=message, positions=positions)
            found = numbered(found, index=index, message=message)
            wrong = any(v.severity == "error" for v in found)
            invalid += wrong
            warned += bool(found) and not wrong
        violations += found
    for message in opened.nested:
        violations += check_message(message, against=against, limits=limits, now=now, positions=positions)
    return Report(
        file=file,
        schema=against.name,
        violations=tuple(violations),
        messages=len(opened.messages) if opened.is_set else 1,
        invalid=invalid,
        warned=warned,
    )


@lru_cache(maxsize=8)
def _clean(file: str, schema: str) -> Report:
    """Nothing was found: the same for each message that has no name of its own."""
    return Report(file=file, schema=schema, violations=())


@cache
def _own() -> Schemas:
    return schemas()


class _Positions:
    """The positions of a document, found when a finding first needs them."""

    __slots__ = ("_data", "_found")

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data
        self._found: Positions | None = None

    def __call__(self) -> Positions | None:
        if self._data is not None:
            try:
                self._found = parsing.positions(self._data)
            except Unreadable:
                self._found = None
            self._data = None
        return self._found
