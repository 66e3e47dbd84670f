"""KC-12: what a document may be. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from stuf_klantcontact.limits import Limits
from stuf_klantcontact.opvoering import Document

EXISTING: Final = "een bestaande datum / a date that exists"
_FORBIDDEN_IN_NAMES: Final = frozenset('/\\:<>"|?*')
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
_WEB: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_ANYTHING: Final = frozenset({"", "application/octet-stream"})
"""What many libraries say of every document."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Which document, what it says, and what was expected."""

    where: str
    value: str | None = None
    expected: str | None = None


def problems(documenten: Sequence[Document], *, limits: Limits, valid: bool) -> Iterator[Problem]:
    """Everything that is wrong with the documents of one contact; `valid`: the schema had nothing against it."""
    seen: set[str] = set()
    for position, document in enumerate(documenten, start=1):
        where = f"gfo:Documenten/dga:Document[{position}]"
        if document.identificatie and document.identificatie in seen:
            yield Problem(where, document.identificatie, "dga:Identificatie x 1")
        seen.add(document.identificatie)
        if "Inhoud" in document.onleesbaar:
            yield Problem(where, expected="base64")
        if valid:
            for date in document.onleesbaar:
                if date != "Inhoud":
                    yield Problem(where, expected=f"dga:{date}: {EXISTING}")
            if not document.titel:
                yield Problem(where, expected="dga:Titel")
        if document.inhoud is not None:
            yield from _content(document, len(document.inhoud), where=where, limits=limits)
        if document.verwijzing and not _WEB.match(document.verwijzing):
            yield Problem(where, expected="dga:Verwijzing: https://…, http://…")
        if document.bestandsnaam and not _is_plain(document.bestandsnaam):
            yield Problem(where, expected=r'[^/\:*?"<>|]+')


def _content(document: Document, size: int, *, where: str, limits: Limits) -> Iterator[Problem]:
    """Its size and its type; what says the type (Formaat, contentType, the name) says the same."""
    if size > limits.document_bytes:
        yield Problem(where, f"{size} bytes", f"<= {limits.document_bytes} bytes")
    said, content = _mime(document.formaat), _mime(document.mediatype)
    if not any(fnmatchcase(said, pattern) for pattern in limits.document_types):
        yield Problem(where, document.formaat[:85], ", ".join(limits.document_types))
    if content not in _ANYTHING and content != said:
        yield Problem(where, f"xmime:contentType {content[:40]}", f"dga:Formaat {said[:40]}")
    extension = document.bestandsnaam.rpartition(".")[2].lower() if "." in document.bestandsnaam else ""
    types = _TYPES_BY_EXTENSION.get(extension)
    if types is not None and said not in types:
        yield Problem(where, f"dga:Formaat {said[:40]}", f".{extension}: {', '.join(types) or '-'}")


def _mime(text: str) -> str:
    return text.lower().partition(";")[0].strip()


def _is_plain(name: str) -> bool:
    return (
        not name.startswith(".")
        and len(name.encode()) <= 255
        and not any(c in _FORBIDDEN_IN_NAMES or c in _BIDI or not c.isprintable() for c in name)
    )


_JPEG: Final = ("image/jpeg", "image/pjpeg", "image/jpg")
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_PROGRAMS: Final = (
    *("app", "bat", "cmd", "com", "cpl", "dll", "exe", "hta", "jar", "js", "jse", "lnk", "msi", "pif"),
    *("ps1", "reg", "scr", "sh", "url", "vbe", "vbs", "wsf"),
)
_TYPES_BY_EXTENSION: Final[Mapping[str, tuple[str, ...]]] = {
    "pdf": ("application/pdf",),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "png": ("image/png", "image/x-png"),
    "gif": ("image/gif",),
    "docx": (f"{_OFFICE}.wordprocessingml.document", "application/msword"),
    "xlsx": (f"{_OFFICE}.spreadsheetml.sheet", "application/vnd.ms-excel"),
    "eml": ("message/rfc822",),
    **dict.fromkeys(_PROGRAMS, ()),
}
"""What a document with such a name can be; a program is nothing that a document may be."""
