"""Find, load, compile schema sets; ``violations(element)``.

What can go wrong: ConfigurationError when a schema set does not load, ContractError when a message of our own does
not satisfy the contract. A message that comes in never raises: its violations are returned.

Koppelvlakken kc 0100 and klc 0320 (docs/mapping.md §1), StUF 03.01 and 03.02, zkn0320 (stuf-facts §1, §2, §10).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lxml import etree

from stuf_klantcontact.contract import schemas, wording
from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.explain import LIMIT, explain
from stuf_klantcontact.contract.schemas import schema_directory
from stuf_klantcontact.errors import GatewayError, Violation
from stuf_klantcontact.names import GFOZAKEN

__all__ = ["LIMIT", "Contract", "ContractError", "load", "schema_directory"]


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
    _files: Mapping[str, bytes] = field(repr=False)
    _roots: frozenset[str] = field(repr=False)
    _declarations: Declarations = field(repr=False)

    def violations(self, element: etree._Element) -> list[Violation]:
        """Everything that is wrong with `element`, the child of a SOAP Body, in the order of the document.

        At most LIMIT; when there may be more, the last one says so. Lines are those of the parse that made
        `element`.
        """
        return explain(element, schema=self.envelope, roots=self._roots, declarations=self._declarations)

    def check(self, element: etree._Element) -> None:
        """Raise ContractError when `element`, a message of our own, is not as the contract says."""
        # The boolean is safe to share between threads, the log is not; it costs a tenth of a search.
        if not self.envelope.validate(element):
            raise ContractError(tuple(self.violations(element)) or (wording.unexplained(element),))

    def files(self) -> Mapping[str, bytes]:
        """Every schema and WSDL by its path below /schemas/."""
        return self._files

    def wsdl(self, port: str, *, address: str) -> bytes:
        """The WSDL of `port` for clients that will call `address`. KeyError when there is no such port."""
        return schemas.served_wsdl(self._files[schemas.WSDLS[port]], address=address)


def load(directory: Path | None = None) -> Contract:
    """Compile our schemas; `directory` holds a municipality's own GFOZaken and DGA-UF schemas instead of ours."""
    files = schemas.read(schema_directory())
    gfozaken: str = GFOZAKEN
    if directory is not None:
        files, gfozaken = schemas.drop_in(files, directory)
    return Contract(
        envelope=schemas.compile_envelope(files),
        gfozaken=gfozaken,
        _files=MappingProxyType(files),
        _roots=schemas.global_elements(files),
        _declarations=Declarations(schemas.documents(files)),
    )
