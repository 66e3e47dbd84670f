"""What one message may be: the limits that every layer knows, and their defaults.

Without the settings behind it, so that a check of one file need not load what reads gateway.toml. Nothing here can
go wrong. docs/settings.md [limits].
"""

from dataclasses import dataclass
from typing import Final, Protocol


class Limits(Protocol):
    """What the layers ask; settings.Limits answers with what the municipality set, STANDARD with the defaults."""

    @property
    def message_bytes(self) -> int:
        """Largest message, in bytes."""
        ...

    @property
    def document_bytes(self) -> int:
        """Largest document after decoding, in bytes."""
        ...

    @property
    def depth(self) -> int:
        """Deepest nesting of elements."""
        ...

    @property
    def elements(self) -> int:
        """Most elements in a message."""
        ...

    @property
    def attributes(self) -> int:
        """Most attributes on an element."""
        ...

    @property
    def namespaces(self) -> int:
        """Most namespace declarations in a message."""
        ...

    @property
    def klokverschil(self) -> int:
        """Seconds that a moment may be ahead of our clock (KC-09)."""
        ...

    @property
    def document_types(self) -> tuple[str, ...]:
        """MIME types a document may have (KC-12); * at the end matches any rest."""
        ...


RELATIONS: Final = 500
"""Most relations of one object: statussen and betrokkenen of a zaak, all that a klantcontact relates to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLimits:
    """The limits as they are when gateway.toml says nothing."""

    message_bytes: int = 40_000_000
    document_bytes: int = 25_000_000
    depth: int = 64
    elements: int = 50_000
    attributes: int = 64
    namespaces: int = 64
    klokverschil: int = 300
    document_types: tuple[str, ...] = (
        "application/pdf",
        "text/plain",
        "text/csv",
        "text/rtf",
        "application/rtf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-outlook",
        "application/vnd.oasis.opendocument.*",
        "application/vnd.openxmlformats-officedocument.*",
        "message/rfc822",
        "image/*",
        "audio/*",
    )


STANDARD: Final = StandardLimits()
