"""Check one document by every layer that needs no database.

Well-formedness and encoding, SOAP, the XSD, the rules of StUF, those of RGBZ, and those of the gateway that need
nothing but the message: every finding of every layer in one Report, each said once, by the lowest layer that sees
it. What can go wrong: nothing; what cannot be read is a finding too. A set of schemas that does not load raises
ConfigurationError.

StUF 03.01 §3 to §6, RGBZ 2.0 deel II; docs/validator.md.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from lxml import etree

from stuf_klantcontact import contract
from stuf_klantcontact.contract import Contract, wording
from stuf_klantcontact.errors import Violation
from stuf_klantcontact.limits import STANDARD, Limits
from stuf_klantcontact.names import KLC
from stuf_klantcontact.parsing.refusals import Unreadable
from stuf_klantcontact.report import Report
from stuf_klantcontact.tijdstip import Clock, system_clock
from stuf_klantcontact.validation import bericht, gateway, header, kennisgeving, rgbz, vraag, waarden
from stuf_klantcontact.validation.document import open_document

__all__ = ["OWN", "Schemas", "check", "check_message", "schemas", "validate"]

OWN: Final = "stuf-klantcontact"
"""The name of our own contract in a report."""

_SAYS_THE_SAME: Final = ("XSD-ENUM", "XSD-PATTERN", "XSD-TYPE", "XSD-LENGTH", "XSD-RANGE", "XSD-FIXED", "XSD-NIL")
"""Rules of the schema about a value: what a later layer says of the same place is the same again."""


class Schemas(Protocol):
    """What a document is held against: our contract, or an official set. Threads may share it."""

    @property
    def schema(self) -> etree.XMLSchema:
        """For the parser: the verdict in the same pass."""
        ...

    @property
    def roots(self) -> frozenset[str]:
        """The Clark names of the messages that it knows."""
        ...

    def valid(self, element: etree._Element) -> bool:
        """The verdict on one message."""
        ...

    def violations(self, element: etree._Element) -> list[Violation]:
        """Everything that is wrong with one message."""
        ...


def schemas(source: Path | None = None) -> Schemas:
    """Our contract, or with `source` a municipality's own GFOZaken and DGA-UF schemas in it."""
    return _Own(contract.load(source))


class _Own:
    """Our contract as Schemas."""

    def __init__(self, held: Contract) -> None:
        self._held = held
        self.schema = held.envelope
        self.roots = held._roots

    def valid(self, element: etree._Element) -> bool:
        return self.schema.validate(element)

    def violations(self, element: etree._Element) -> list[Violation]:
        return self._held.violations(element)


def validate(source: bytes | str | Path, *, against: Schemas | None = None, file: str = "") -> Report:
    """Check a message: its bytes, its text, or the path of its file.

    >>> validate(b"<a/>").valid
    False
    """
    if isinstance(source, Path):
        file, source = file or str(source), source.read_bytes()
    elif isinstance(source, str):
        source = source.encode()
    return check(source, against=against or schemas(), file=file)


def check(
    data: bytes,
    *,
    against: Schemas,
    limits: Limits = STANDARD,
    file: str = "",
    schema: str = OWN,
    clock: Clock = system_clock,
) -> Report:
    """Every finding about one document, whatever it is. Never raises on account of the document."""
    try:
        opened = open_document(data, limits=limits, schema=against.schema)
    except Unreadable as unreadable:
        return Report(file=file, schema=schema, violations=unreadable.violations)
    now = clock()
    violations = list(opened.findings)
    for message in opened.messages:
        violations += check_message(message, against=against, limits=limits, now=now, valid=opened.valid)
    for message in opened.nested:
        violations += check_message(message, against=against, limits=limits, now=now)
    return Report(file=file, schema=schema, violations=tuple(violations), messages=len(opened.messages))


def check_message(
    element: etree._Element, *, against: Schemas, limits: Limits = STANDARD, now: datetime, valid: bool = False
) -> list[Violation]:
    """Every finding about one message; `valid` says that the schema has already found it so."""
    valid = element.tag in against.roots and (valid or against.valid(element))
    by_schema: list[Violation] = []
    if not valid:
        by_schema = against.violations(element) or [wording.unexplained(element)]
    found = [*_by_rules(element, valid=valid, limits=limits, now=now)]
    return [*by_schema, *_not_said_before(found, by_schema)] if found else by_schema


def _by_rules(element: etree._Element, *, valid: bool, limits: Limits, now: datetime) -> Iterator[Violation]:
    message = bericht.read(element)
    if message is not None:
        yield from header.check(message, now=now)
        sent = header.moment(message)
        # A message that was prepared ahead is judged as of its own moment.
        now = max(now, sent) if sent is not None else now
        if message.named.startswith("Lv"):
            yield from vraag.check(message)
        if message.objects:
            yield from kennisgeving.check(message)
        yield from waarden.check(message)
        if str(element.tag).startswith(f"{{{KLC}}}"):
            yield from rgbz.check(message, now=now, limits=limits)
    if element.tag in gateway.ROOTS:
        yield from gateway.check(element, valid=valid, now=now, limits=limits)


def _not_said_before(found: list[Violation], by_schema: list[Violation]) -> Iterator[Violation]:
    """What the schema did not say of the same place: a wrong value, or an element that is absent."""
    values = {v.path.partition("/@")[0] for v in by_schema if v.path and v.rule in _SAYS_THE_SAME}
    attributes = {v.path.partition("/@")[0] for v in by_schema if v.path and v.rule == "XSD-ATTRIBUTE"}
    absent = {name for v in by_schema if v.rule == "XSD-MISSING" for name in _names(v.expected)}
    unexpected = {v.path for v in by_schema if v.rule in ("XSD-UNEXPECTED", "XSD-ORDER")}
    for violation in found:
        if violation.path in values or violation.path in unexpected:
            continue
        if violation.rule in ("StUF-VERWERKINGSSOORT", "StUF-ENTITEITTYPE") and violation.path in attributes:
            continue
        if absent and not absent.isdisjoint(_names(violation.expected)):
            continue
        yield violation


def _names(expected: str | None) -> list[str]:
    """The local names in a list of elements that were expected."""
    return [name.rpartition(":")[2] for name in (expected or "").split(", ") if name]
