"""What libxml2 objects to in a message: each entry of its log with the element that it is about.

A log on a shared schema mixes the texts of threads, so it is never read. There are two other ways. Validating a
tree leaves its entries in a log of the thread as well, with paths: quick, but the paths take the square of the
number of errors, and no more than a hundred entries are kept. For what is larger a parser of our own validates as
it reads, in pieces in which no name occurs twice, so that a name tells the element: linear, but each piece takes
its time.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

from lxml import etree

from stuf_klantcontact.contract.reading import OPEN, Tag

CONTENT: Final = "SCHEMAV_ELEMENT_CONTENT"
"""The type of an objection to the children of an element: libxml2 looks at none of them from there on."""

_UNSEEN: Final = (CONTENT, "SCHEMAV_CVC_COMPLEX_TYPE_2_1", "SCHEMAV_CVC_ELT_")
"""How the types begin of objections after which it does not look further in an element."""
_KEPT: Final = 100
"""So many entries lxml keeps of a thread; with as many, the first may be gone."""
_NAMED: Final = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: ")
_EXPECTED: Final = re.compile(r"Expected is (?:one of )?\( (.*) \)\.\s*$", re.DOTALL)
_REQUIRED: Final = re.compile(r"The attribute '([^']*)' is required but missing")
_OF_PARENT: Final = ("SCHEMAV_CVC_COMPLEX_TYPE_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_TYPE_3_1_2")
"""Errors about text, which a parser notices only at the tag that follows it."""


@dataclass(slots=True)
class Objection:
    """One entry of a log; of its text only what comes from the schema, never the value of the sender."""

    type: str
    element: etree._Element
    attribute: str | None
    expected: tuple[str, ...]
    detail: str
    missing: bool


class Log:
    """What libxml2 objects to in a tree."""

    def __init__(self, root: etree._Element, entries: list[etree._LogEntry]) -> None:
        self._root = root
        self._entries = [(entry.type_name, entry.message, entry.path) for entry in entries]
        self._places: dict[str, _Places] = {}

    @property
    def empty(self) -> bool:
        """Whether it objects to nothing."""
        return not self._entries

    def unseen(self) -> list[Objection]:
        """The objections after which it did not look further in an element."""
        return self._attached([entry for entry in self._entries if entry[0].startswith(_UNSEEN)])

    def all(self) -> list[Objection]:
        """Every objection."""
        return self._attached(self._entries)

    def _attached(self, entries: list[tuple[str, str, str | None]]) -> list[Objection]:
        found = []
        for kind, message, path in entries:
            named = _NAMED.match(message)
            if named is None:
                continue
            name = named[1]
            places = self._places.get(name)
            if places is None:
                places = self._places[name] = _Places(self._root, name)
            element = places.at(path or "")
            if element is not None:
                found.append(_objection(kind, message, named, element))
        return found


def log_of(root: etree._Element, *, schema: etree.XMLSchema) -> Log | None:
    """Validate `root` as a tree; None when that cannot tell everything. Not for very large messages."""
    etree.clear_error_log()
    try:
        if schema.validate(root):
            return Log(root, [])
    except etree.XMLSchemaValidateError:
        return None
    # An exception of lxml takes the log of its thread with it: the only way to get at that.
    entries = list(cast(etree._ListErrorLog, etree.LxmlError("").error_log))
    etree.clear_error_log()
    return Log(root, entries) if 0 < len(entries) < _KEPT else None


def of_pieces(stream: Iterator[Tag], *, schema: etree.XMLSchema) -> Iterator[Objection]:
    """The same of a message as markup, each objection as soon as libxml2 has it."""
    parser = etree.XMLParser(schema=schema, huge_tree=True, resolve_entities=False, no_network=True)
    try:
        yield from _fed(parser, stream)
    finally:
        # A push parser that is dropped half-way keeps its document for ever.
        with suppress(etree.XMLSyntaxError):
            parser.close()


class _Places:
    """Where the elements of one name are."""

    def __init__(self, root: etree._Element, name: str) -> None:
        self._root = root
        self._nodes = list(root.iter(name))
        self._paths: dict[str, etree._Element] | None = None

    def at(self, path: str) -> etree._Element | None:
        """The one at a path of libxml2's, which begins at the root wherever that stands in its document."""
        if len(self._nodes) == 1:
            return self._nodes[0]
        if self._paths is None:
            tree = self._root.getroottree()
            begin = len(tree.getpath(self._root))
            self._paths = {tree.getpath(node)[begin:]: node for node in self._nodes}
        _, slash, below = path.partition("/@")[0][1:].partition("/")
        return self._paths.get(slash + below)


def _fed(parser: etree.XMLParser, stream: Iterator[Tag]) -> Iterator[Objection]:
    parser.feed(OPEN)
    seen = len(parser.feed_error_log)
    open_: list[tuple[str, etree._Element]] = []
    for piece in _pieces(stream):
        parser.feed("".join(tag.markup for tag in piece))
        log = parser.feed_error_log
        if len(log) > seen:
            here = {tag.name: tag.element for tag in piece}
            for number in range(seen, len(log)):
                message, kind = log[number].message, log[number].type_name
                named = _NAMED.match(message)
                element = _named(named[1] if named else "", kind, here, open_)
                if element is not None:
                    yield _objection(kind, message, named, element)
            seen = len(log)
        for tag in piece:
            if tag.element is None:
                continue
            if tag.start:
                open_.append((tag.name, tag.element))
            else:
                open_.pop()


def _pieces(stream: Iterator[Tag]) -> Iterator[list[Tag]]:
    """The tags in pieces, such that a name stands for one element in each."""
    piece: list[Tag] = []
    names: dict[str, etree._Element | None] = {}
    for tag in stream:
        if tag.name in names and (tag.element is None or names[tag.name] is not tag.element):
            yield piece
            piece, names = [], {}
        piece.append(tag)
        names[tag.name] = tag.element
    if piece:
        yield piece


def _named(
    name: str, kind: str, here: dict[str, etree._Element | None], open_: list[tuple[str, etree._Element]]
) -> etree._Element | None:
    """The element of that name in this piece, else the innermost that is still open."""
    above = next((element for known, element in reversed(open_) if known == name), None)
    if name in here and not (kind in _OF_PARENT and above is not None and here[name] is None):
        return here[name]
    return above


def _objection(kind: str, message: str, named: re.Match[str] | None, element: etree._Element) -> Objection:
    attribute = named[2] if named else None
    detail = ""
    expected: Iterable[str] = ()
    missing = False
    if kind == CONTENT:
        missing = message.startswith("Missing child element(s).", named.end() if named else 0)
        match = _EXPECTED.search(message)
        expected = map(_clark, match.group(1).split(", ")) if match else ()
    elif kind == "SCHEMAV_CVC_ENUMERATION_VALID":
        detail = message.rpartition("is not an element of the set {")[2].rstrip().removesuffix("}.")
    elif kind == "SCHEMAV_CVC_PATTERN_VALID":
        detail = message.rpartition("is not accepted by the pattern '")[2].rstrip().removesuffix("'.")
    elif kind == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        match = _REQUIRED.search(message)
        attribute, detail = (match.group(1) if match else None), "missing"
    else:
        # The last thing quoted is the schema's.
        tail = message.rstrip()
        detail = tail.rstrip(".)")[:-1].rpartition("'")[2] if tail.endswith(("'.", "').")) else ""
    return Objection(kind, element, attribute, tuple(filter(None, expected)), detail, missing)


def _clark(name: str) -> str:
    """libxml2 writes {uri}local, ##other{uri}* for a wildcard, and * for anything."""
    return "" if "*" in name or name.startswith("##") else name
