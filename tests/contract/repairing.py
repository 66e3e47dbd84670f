"""What somebody meets who repairs a message one error at a time, with nothing but lxml."""

import re
from collections.abc import Iterator
from copy import deepcopy
from difflib import get_close_matches

from lxml import etree

from stuf_klantcontact.names import split

_NAMED = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: ")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.\s*$", re.DOTALL)
_SET = re.compile(r"is not an element of the set \{(.*)\}\.\s*$", re.DOTALL)
_VALUES = ("1", "x", "20260101", "20260101120000000", "xxxxxxxx", "0518", "true", "12345678901", "1234AA", "J", "V")

Met = tuple[int, str, str | None]
"""(number of the element in the document, "structure" | "attribute" | "value", name of the attribute)."""


def repair_loop(original: etree._Element, *, schema: etree.XMLSchema, roots: frozenset[str]) -> list[Met]:
    """Take the first error, mend it mechanically, and again; everything that was met on the way."""
    message = deepcopy(original)
    numbers = {element: number for number, element in enumerate(message.iter(etree.Element))}
    met: list[Met] = []
    for _ in range(400):
        error = _first(message, schema)
        if error is None:
            return met
        element = _at(message, error)
        kind, attribute = _class(error)
        if element in numbers:
            found = (numbers[element], kind, attribute)
            if found not in met:
                met.append(found)
        if not _mend(message, element, error, schema=schema, roots=roots):
            return met
    raise AssertionError("the loop does not end")


def _first(message: etree._Element, schema: etree.XMLSchema) -> etree._LogEntry | None:
    return None if schema.validate(message) else schema.error_log[0]


def _at(message: etree._Element, error: etree._LogEntry) -> etree._Element:
    """The element of an error, by the path that libxml2 gives."""
    spaces: dict[str, str] = {}
    for element in message.iter(etree.Element):
        spaces |= {prefix: uri for prefix, uri in element.nsmap.items() if prefix}
    path = error.path.partition("/@")[0]
    found = message.getroottree().xpath(path, namespaces=spaces)
    assert isinstance(found, list)
    assert isinstance(found[0], etree._Element)
    return found[0]


def _class(error: etree._LogEntry) -> tuple[str, str | None]:
    named = _NAMED.match(error.message)
    attribute = named.group(2) if named else None
    missing = re.search(r"The attribute '([^']*)' is required but missing", error.message)
    if missing:
        return "attribute", etree.QName(missing.group(1)).localname
    if attribute:
        return "attribute", etree.QName(attribute).localname
    return ("structure" if error.type_name in ("SCHEMAV_ELEMENT_CONTENT", "SCHEMAV_CVC_ELT_1") else "value"), None


def _same(one: etree._LogEntry | None, other: etree._LogEntry) -> bool:
    return one is not None and (one.path, one.type_name, one.message) == (
        other.path,
        other.type_name,
        other.message,
    )


def _mend(
    message: etree._Element,
    element: etree._Element,
    error: etree._LogEntry,
    *,
    schema: etree.XMLSchema,
    roots: frozenset[str],
) -> bool:
    if error.type_name == "SCHEMAV_CVC_ELT_1":
        same = [root for root in roots if split(root)[1] == split(str(element.tag))[1]]
        if len(same) != 1:
            return False
        element.tag = same[0]
        return True
    if error.type_name == "SCHEMAV_ELEMENT_CONTENT":
        return _mend_structure(message, element, error, schema=schema)
    kind, _ = _class(error)
    if kind == "attribute":
        return _mend_attribute(message, element, error, schema=schema)
    if error.type_name in ("SCHEMAV_CVC_COMPLEX_TYPE_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_2_3"):
        element.text = None
        for child in element:
            child.tail = None
        return True
    if error.type_name == "SCHEMAV_CVC_TYPE_3_1_2":
        element[:] = []
        return True
    for value in _candidates(error):
        before, element.text = element.text, value
        if not _same_place(_first(message, schema), error):
            return True
        element.text = before
    return False


def _same_place(one: etree._LogEntry | None, other: etree._LogEntry) -> bool:
    return one is not None and one.path == other.path and _class(one) == _class(other)


def _candidates(error: etree._LogEntry) -> Iterator[str | None]:
    listed = _SET.search(error.message)
    if listed:
        yield from (value.strip("'") for value in listed.group(1).split(", "))
    yield from _VALUES
    yield from ("x" * length for length in range(2, 45))
    yield None


def _mend_structure(
    message: etree._Element, element: etree._Element, error: etree._LogEntry, *, schema: etree.XMLSchema
) -> bool:
    listed = _EXPECTED.search(error.message)
    names = [name for name in listed.group(1).split(", ") if "*" not in name] if listed else []
    if "Missing child element(s)" in error.message:
        counted = []
        for number, name in enumerate(names):
            placeholder = etree.SubElement(element, name)
            schema.validate(message)
            counted.append((len(schema.error_log), number))
            if _same(schema.error_log[0] if schema.error_log else None, error):
                counted.pop()
            element.remove(placeholder)
        if not counted:
            return False
        etree.SubElement(element, names[min(counted)[1]])
        return True
    parent = element.getparent()
    assert parent is not None
    meant = {split(name)[1].lower(): name for name in names}
    for close in get_close_matches(split(str(element.tag))[1].lower(), list(meant), n=1, cutoff=0.8):
        written, element.tag = element.tag, meant[close]
        after = _first(message, schema)
        if after is None or _at(message, after) is not element or _class(after)[0] != "structure":
            return True
        element.tag = written
    # One placeholder for what is expected, or a row of them, when that makes the offender right; else it goes.
    for first in reversed(names):
        put: list[etree._Element] = []
        wanted: str | None = first
        while wanted is not None and len(put) < 5:
            put.append(etree.Element(wanted))
            parent.insert(parent.index(element), put[-1])
            schema.validate(message)
            log = schema.error_log
            entries = [log[number] for number in range(len(log))]
            still = [e for e in entries if e.type_name == "SCHEMAV_ELEMENT_CONTENT"]
            if any("is not expected" in e.message and _at(message, e) in put for e in still):
                break
            about = next((e for e in still if _at(message, e) is element), None)
            if about is None:
                return True
            listed = _EXPECTED.search(about.message)
            wanted = listed.group(1).split(", ")[-1] if listed and "*" not in listed.group(1) else None
        for placeholder in put:
            parent.remove(placeholder)
    parent.remove(element)
    return True


def _mend_attribute(
    message: etree._Element, element: etree._Element, error: etree._LogEntry, *, schema: etree.XMLSchema
) -> bool:
    missing = re.search(r"The attribute '([^']*)' is required but missing", error.message)
    named = _NAMED.match(error.message)
    name = missing.group(1) if missing else named.group(2) if named else None
    assert name is not None
    if error.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1":
        del element.attrib[name]
        return True
    element.set(name, "x")
    after = _first(message, schema)
    if after is None or not _same_place(after, error):
        return True
    for value in _candidates(after):
        element.set(name, value or "")
        after = _first(message, schema)
        if after is None or not _same_place(after, error):
            return True
    return False
