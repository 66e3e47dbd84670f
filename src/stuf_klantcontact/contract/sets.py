"""Any official schema set: found, made loadable, compiled, remembered.

What is remembered is the files that libxml2 gets, under a hash of those that came in: compiled schemas cannot be
stored. A cache that cannot be written, or that is not ours, is done without.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from typing import Any, Final, cast

from lxml import etree

from stuf_klantcontact import parsing
from stuf_klantcontact.contract import hubs, release, scan, schemas
from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.description import Description, SchemaFile
from stuf_klantcontact.contract.explain import Positions, explain
from stuf_klantcontact.contract.objections import Log, log_of
from stuf_klantcontact.contract.overlooked import Overlooked
from stuf_klantcontact.errors import ConfigurationError, Text, Violation
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.parsing import Unreadable

_FORM: Final = 1
"""Of what is remembered; raised when the files made from a release change."""
_MANIFEST: Final = "manifest.json"
_is_very_large = cast(Callable[[etree._Element], bool], etree.XPath("count(descendant::*) > 5000", regexp=False))
_ATTEMPTS: Final = 12
"""So many files that do not compile are left out, one after the other, before a set is given up."""


@dataclass(frozen=True, slots=True)
class SchemaSet:
    """One set, compiled. Every method may be called from every thread; several sets may stand side by side."""

    name: str
    description: Description
    schema: etree.XMLSchema
    """Validates a bare message, and one in a SOAP 1.1 or 1.2 envelope. Never read its error_log."""
    roots: frozenset[str]
    """The Clark names of all global elements."""
    problems: tuple[Violation, ...]
    """What is wrong with the set itself; `path` is the file in it."""
    _declared: "_Declared" = field(repr=False)
    _overlooked: Overlooked = field(repr=False)

    @property
    def own(self) -> bool:
        """No: ours are not loaded as a set."""
        return False

    def valid(self, element: etree._Element) -> bool:
        """Whether `element`, a bare message, is valid: libxml2's word, and what it overlooks."""
        return element.tag in self.roots and obeys(self.schema, element) and self._overlooked.right(element)

    def judge(self, element: etree._Element) -> tuple[bool, Log | None]:
        """Whether it is valid, and what libxml2 said: for `violations`, which then need not ask again."""
        return judge(element, schema=self.schema, roots=self.roots, overlooked=self._overlooked)

    def violations(
        self, element: etree._Element, *, positions: Positions | None = None, log: Log | None = None
    ) -> list[Violation]:
        """Everything that is wrong with `element`, in the order of the document; at most LIMIT, and it says so.

        With the `positions` of the whole document (parsing.positions) each has its line and column. `log` is what
        `judge` gave of this same element.
        """
        return explain(
            element,
            schema=self.schema,
            roots=self.roots,
            declarations=self._declared.get(),
            overlooked=self._overlooked,
            positions=positions,
            log=log,
        )


def judge(
    element: etree._Element, *, schema: etree.XMLSchema, roots: frozenset[str], overlooked: Overlooked
) -> tuple[bool, Log | None]:
    """The verdict on a bare message, and the log of it; no log where the message must be read otherwise."""
    if element.tag not in roots:
        return False, None
    if _is_very_large(element):
        return obeys(schema, element) and overlooked.right(element), None
    log = log_of(element, schema=schema)
    return log is not None and log.empty and overlooked.right(element), log


def obeys(schema: etree.XMLSchema, element: etree._Element) -> bool:
    """The verdict of libxml2; a pattern of the schema that gives up on a value is no yes.

    Asked about a tree, each error costs the more the more siblings there are: of a very large one, the bytes are
    judged.
    """
    try:
        if _is_very_large(element):
            with suppress(Unreadable):
                return parsing.document(etree.tostring(element, with_tail=False), limits=STANDARD, schema=schema)[1]
        return bool(schema.validate(element))
    except etree.XMLSchemaValidateError:
        return False


class _Declared:
    """The declarations of a set, read when they are first needed: a valid message may never need them."""

    def __init__(self, stored: Mapping[str, bytes], documents: list[tuple[str, str]]) -> None:
        self._stored = {name: stored[name] for name, _ in documents}
        self._documents = documents
        self._lock = Lock()
        self._found: Declarations | None = None

    def get(self) -> Declarations:
        found = self._found
        if found is None:
            with self._lock:
                found = self._found
                if found is None:
                    roots = [(ns, schemas.parse(self._stored[name], name=name)) for name, ns in self._documents]
                    found = self._found = Declarations(roots)
        return found


@dataclass(slots=True)
class _Made:
    """A release as it is remembered."""

    stored: dict[str, bytes]
    description: Description
    problems: tuple[Violation, ...]
    roots: frozenset[str]
    fixed: frozenset[str]
    base64: frozenset[str]
    documents: list[tuple[str, str]]


def load_set(path: Path, *, cache: Path | None = None) -> SchemaSet:
    """Compile the VNG release at `path`, a folder or a ZIP as downloaded.

    `cache` is where its hubs are remembered; without it, a folder of this user. ConfigurationError when there is
    nothing in it that compiles; what is wrong with only a part of it is among the problems.
    """
    files = release.read(path)
    folder = (cache or cache_directory()) / "sets" / release.fingerprint(files)
    made, schema = _remembered(folder)
    if made is None or schema is None:
        made, schema = _make(files, path)
        _remember(made, folder)
    declared = _Declared(made.stored, made.documents)
    return SchemaSet(
        name=path.stem if path.is_file() else path.resolve().name,
        description=made.description,
        schema=schema,
        roots=made.roots,
        problems=made.problems,
        _declared=declared,
        _overlooked=Overlooked(fixed=made.fixed, base64=made.base64, declarations=declared.get),
    )


def cache_directory() -> Path:
    """Where this user's programs keep what they can make again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "stuf-klantcontact"


# --- making -----------------------------------------------------------------------------------------------------


def _make(files: Mapping[str, bytes], path: Path) -> tuple[_Made, etree.XMLSchema]:
    built = hubs.build(files)
    for _ in range(_ATTEMPTS):
        if not built.documents:
            break
        stored = built.stored()
        with TemporaryDirectory(prefix="stuf-klantcontact-") as folder:
            _write(stored, Path(folder))
            schema, error = _compile(Path(folder))
        if schema is not None:
            pairs = built.pairs()
            made = _Made(
                stored=stored,
                description=built.description(),
                problems=tuple(sorted(built.problems, key=lambda p: (p.severity, p.path or "", p.line or 0))),
                roots=built.roots(),
                fixed=scan.fixed_names(pairs),
                base64=scan.base64_names(pairs),
                documents=[(document.stored, document.namespace) for document in built.documents],
            )
            return made, schema
        if error is None or not built.leave_out(error[0], line=error[1], reason=error[2]):
            break
    wrong = "; ".join(f"{p.path or path.name}: {p.message.en}" for p in built.problems if p.severity == "error")
    raise ConfigurationError(f"{path}: no schema in it can be used. {wrong}".strip())


def _compile(folder: Path) -> tuple[etree.XMLSchema | None, tuple[str, int, str] | None]:
    """The schema, or the first thing that libxml2 says against it: (file, line, reason)."""
    try:
        return schemas.compile_file(folder / hubs.ENVELOPE), None
    except etree.XMLSchemaParseError as error:
        entries = [entry for entry in error.error_log if entry.filename]
        stored = [entry for entry in entries if Path(entry.filename).name[:3].isdigit()]
        for entry in stored or entries:
            reason = " ".join(entry.message.split()).replace(str(folder), "")
            return None, (Path(entry.filename).name, entry.line, reason[:300])
        return None, None


def _write(stored: Mapping[str, bytes], folder: Path) -> None:
    for name, data in stored.items():
        (folder / name).write_bytes(data)


# --- remembering ------------------------------------------------------------------------------------------------


def _remembered(folder: Path) -> tuple[_Made | None, etree.XMLSchema | None]:
    try:
        if not _ours(folder):
            return None, None
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        if manifest["form"] != _FORM:
            return None, None
        stored = {name: (folder / name).read_bytes() for name in manifest["stored"] if Path(name).name == name}
        made = _Made(
            stored=stored,
            description=Description(
                files=tuple(SchemaFile(**file) for file in manifest["files"]),
                namespaces=tuple(manifest["namespaces"]),
                messages=tuple(manifest["messages"]),
            ),
            problems=tuple(_problem(problem) for problem in manifest["problems"]),
            roots=frozenset(manifest["roots"]),
            fixed=frozenset(manifest["fixed"]),
            base64=frozenset(manifest["base64"]),
            documents=[(name, namespace) for name, namespace in manifest["documents"]],
        )
        if not all(name in stored for name, _ in made.documents):
            return None, None
        schema, _ = _compile(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
    return made, schema


def _ours(folder: Path) -> bool:
    """Whether nobody else can have written there."""
    if not hasattr(os, "getuid"):
        return folder.is_dir()
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _remember(made: _Made, folder: Path) -> None:
    """All or nothing: written beside its place, then moved there."""
    manifest = {
        "form": _FORM,
        "stored": sorted(made.stored),
        "files": [asdict(file) for file in made.description.files],
        "namespaces": made.description.namespaces,
        "messages": made.description.messages,
        "problems": [asdict(problem) for problem in made.problems],
        "roots": sorted(made.roots),
        "fixed": sorted(made.fixed),
        "base64": sorted(made.base64),
        "documents": made.documents,
    }
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = Path(mkdtemp(prefix="new-", dir=folder.parent))
        try:
            _write(made.stored, place)
            (place / _MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            place.rename(folder)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError:
        return


def _problem(said: dict[str, Any]) -> Violation:
    hint = said["hint"]
    return Violation(**{**said, "message": Text(**said["message"]), "hint": None if hint is None else Text(**hint)})
