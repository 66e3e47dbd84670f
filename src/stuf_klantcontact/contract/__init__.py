"""Find, load, compile schema sets; ``violations(element)``.

What can go wrong: ConfigurationError when a schema set does not load, ContractError when a message of our own does
not satisfy the contract. A message that comes in never raises: its violations are returned.

Koppelvlakken kc 0100 and klc 0320 (docs/mapping.md §1), StUF 03.01 and 03.02, zkn0320 (stuf-facts §1, §2, §10).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from lxml import etree

from stuf_klantcontact.contract import scan, schemas, wording
from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.description import Description, SchemaFile
from stuf_klantcontact.contract.explain import LIMIT, Positions, explain
from stuf_klantcontact.contract.objections import Log
from stuf_klantcontact.contract.overlooked import Overlooked
from stuf_klantcontact.contract.schemas import schema_directory
from stuf_klantcontact.contract.sets import SchemaSet, judge, load_set, obeys
from stuf_klantcontact.errors import GatewayError, Violation
from stuf_klantcontact.names import GFOZAKEN

__all__ = [
    "LIMIT",
    "Contract",
    "ContractError",
    "Description",
    "Positions",
    "SchemaFile",
    "SchemaSet",
    "Schemas",
    "load",
    "load_set",
    "load_zaakdocumenten",
    "schema_directory",
]

OWN = "stuf-klantcontact"
"""The name of our own contract."""


class Schemas(Protocol):
    """What our own contract and every official set can be asked."""

    @property
    def name(self) -> str:
        """What to call it in a report."""
        ...

    @property
    def own(self) -> bool:
        """Whether these are the schemas that `load` compiles, with nothing of a municipality among them."""
        ...

    @property
    def description(self) -> Description:
        """Its files, namespaces and messages."""
        ...

    @property
    def schema(self) -> etree.XMLSchema:
        """For the parser: a message alone or in a SOAP envelope. Never read its error_log."""
        ...

    @property
    def roots(self) -> frozenset[str]:
        """The Clark names of what a message may begin with."""
        ...

    @property
    def problems(self) -> tuple[Violation, ...]:
        """What is wrong with the schemas themselves."""
        ...

    def valid(self, element: etree._Element) -> bool:
        """The verdict on a bare message."""
        ...

    def judge(self, element: etree._Element) -> tuple[bool, Log | None]:
        """The verdict, and what libxml2 said: for `violations`, which then need not ask again."""
        ...

    def violations(
        self, element: etree._Element, *, positions: Positions | None = None, log: Log | None = None
    ) -> list[Violation]:
        """Everything that is wrong with a bare message."""
        ...


class ContractError(GatewayError):
    """A message that we made ourselves does not satisfy the contract: a defect of ours, found before sending."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        first = violations[0]
        super().__init__(f"{first.rule} at {first.path}: {first.message.en}")


@dataclass(frozen=True, slots=True)
class Contract:
    """The compiled schemas. One for the whole process; every method may be called from every thread."""

    envelope: etree.XMLSchema
    """The SOAP 1.1 envelope with every message that we know. Never read its error_log: threads share it."""
    gfozaken: str
    """The namespace of Klantcontact: ours, or that of the municipality's own schema."""
    name: str
    own: bool
    """Whether it is what `load` compiles, with no schema of a municipality in it."""
    roots: frozenset[str]
    """The Clark names of every element that may be the root of a message."""
    _files: Mapping[str, bytes] = field(repr=False)
    _declarations: Declarations = field(repr=False)
    _overlooked: Overlooked = field(repr=False)

    @property
    def schema(self) -> etree.XMLSchema:
        """The same as `envelope`: it knows a message alone as well."""
        return self.envelope

    @property
    def problems(self) -> tuple[Violation, ...]:
        """None: what is wrong with our own schemas, or with those of the municipality, raises when they load."""
        return ()

    @property
    def description(self) -> Description:
        """The files, namespaces and messages."""
        return schemas.describe(self._files)

    def valid(self, element: etree._Element) -> bool:
        """Whether `element`, a bare message, is valid: libxml2's word, and what it overlooks."""
        return element.tag in self.roots and obeys(self.envelope, element) and self._overlooked.right(element)

    def judge(self, element: etree._Element) -> tuple[bool, Log | None]:
        """Whether it is valid, and what libxml2 said: for `violations`, which then need not ask again."""
        return judge(element, schema=self.envelope, roots=self.roots, overlooked=self._overlooked)

    def violations(
        self, element: etree._Element, *, positions: Positions | None = None, log: Log | None = None
    ) -> list[Violation]:
        """Everything that is wrong with `element`, the child of a SOAP Body, in the order of the document.

        At most LIMIT; when there may be more, the last one says so. Lines are those of the parse that made
        `element`; with the `positions` of the whole document (parsing.positions) there are columns too.
        `log` is what `judge` gave of this same element.
        """
        return explain(
            element,
            schema=self.envelope,
            roots=self.roots,
            declarations=self._declarations,
            overlooked=self._overlooked,
            positions=positions,
            log=log,
        )

    def check(self, element: etree._Element) -> None:
        """Raise ContractError when `element`, a message of our own, is not as the contract says."""
        # The boolean is safe to share between threads, the log is not; it costs a tenth of a search.
        if not obeys(self.envelope, element):
            raise ContractError(tuple(self.violations(element)) or (wording.unexplained(element),))

    def files(self) -> Mapping[str, bytes]:
        """Every schema and WSDL by its path below /schemas/."""
        return self._files

    def wsdls(self, port: str, *, address: str) -> Mapping[str, bytes]:
        """The WSDLs of `port` by their names, one per namespace, for clients that will call `address`.

        The first is the one for who names none. KeyError when there is no such port.
        """
        return schemas.served_wsdls(self._files, port=port, address=address)


def load(directory: Path | None = None) -> Contract:
    """Compile our schemas; `directory` holds a municipality's own GFOZaken and DGA-UF schemas instead of ours."""
    files = schemas.incoming()
    gfozaken: str = GFOZAKEN
    if directory is not None:
        files, gfozaken = schemas.drop_in(files, directory)
    name = OWN if directory is None else str(directory)
    return _contract(files, entries=schemas.ENTRIES, name=name, gfozaken=gfozaken, own=directory is None)


def load_zaakdocumenten() -> Contract:
    """Compile what we hold our zaakdocumenten against before they go to a receiver of ZDS 1.2.

    It is apart from `load`, since it knows StUF-ZKN 3.10 only as we write it: zaken come in by other words.
    """
    shared = ("stuf0301/", "xmlmime/")
    files = {
        name: data
        for name, data in schemas.read(schema_directory()).items()
        if name.startswith((schemas.OUTGOING, *shared))
    }
    return _contract(files, entries=schemas.OUTGOING_ENTRIES, name=f"{OWN} zds0120", gfozaken=GFOZAKEN, own=False)


def _contract(
    files: dict[str, bytes], *, entries: tuple[str, ...], name: str, gfozaken: str, own: bool
) -> Contract:
    documents = schemas.documents(files)
    declarations = Declarations(documents)
    return Contract(
        envelope=schemas.compile_envelope(files, entries=entries),
        gfozaken=gfozaken,
        name=name,
        own=own,
        roots=schemas.global_elements(documents),
        _files=MappingProxyType(files),
        _declarations=declarations,
        _overlooked=Overlooked(
            fixed=scan.fixed_names(documents),
            base64=scan.base64_names(documents),
            declarations=lambda: declarations,
        ),
    )
