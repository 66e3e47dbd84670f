"""A message as repaired in thought: as a tree, or as markup, one tag at a time."""

from collections.abc import Callable, Iterator, Mapping, Set
from copy import deepcopy
from typing import Final, NamedTuple

from lxml import etree

from stuf_klantcontact.contract.declarations import Kind
from stuf_klantcontact.names import SOAP11, STUF0301, STUF0302, XMIME, XSI, qname, split
from stuf_klantcontact.parsing.markup import escape, quoteattr

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_PREFIXES: Final = {XSI: "xsi", STUF0301: "s1", STUF0302: "s2", XMIME: "m"}
_DECLARED: Final = "".join(f' xmlns:{prefix}="{uri}"' for uri, prefix in _PREFIXES.items())
_TYPE: Final = qname(XSI, "type")

OPEN: Final = f'<e:Envelope xmlns:e="{SOAP11}"{_DECLARED}><e:Body>'


class Part(NamedTuple):
    """A child as repaired: an element under a name, or only a name, to be put in; and its type if that is known."""

    element: etree._Element | None
    name: str
    kind: Kind | None


class Tag(NamedTuple):
    """A piece of markup that ends with a tag; `name` as written, `element` None when it was put in."""

    markup: str
    name: str
    element: etree._Element | None
    start: bool


Look = Callable[[etree._Element, Kind | None], tuple[list[Part], bool]]
"""The children of an element as repaired, and whether some were left out."""


def tree(
    root: Part,
    mended: Mapping[etree._Element, list[Part]],
    dropped: Set[etree._Element],
    *,
    order: Mapping[etree._Element, int],
) -> dict[etree._Element, etree._Element]:
    """A repaired copy of the message: its elements, the root first, with those of the message that they are of.

    `order` has the elements of the message in their order, each with its number from 0.
    """
    assert root.element is not None
    copy = deepcopy(root.element)
    twins = list(copy.iter(etree.Element))
    originals = dict(zip(twins, order, strict=True))
    if copy.tag != root.name:
        copy.tag = root.name
    for element, parts in mended.items():
        children = [_part(part, twins, order) for part in parts if part.element not in dropped]
        _mend(twins[order[element]], children)
    for element in dropped:
        twin = twins[order[element]]
        parent = twin.getparent()
        if parent is not None:
            _mend(parent, [child for child in parent.iterchildren(etree.Element) if child is not twin])
    return originals


def _part(part: Part, twins: list[etree._Element], order: Mapping[etree._Element, int]) -> etree._Element:
    if part.element is None:
        return etree.Element(part.name)
    twin = twins[order[part.element]]
    if twin.tag != part.name:
        twin.tag = part.name
    return twin


def _mend(twin: etree._Element, children: list[etree._Element]) -> None:
    """Give it these children, and keep the text that stood after others."""
    kept = set(children)
    tails = [child.tail for child in twin if child not in kept and child.tail and not child.tail.isspace()]
    twin[:] = children
    if tails:
        twin.text = "".join([twin.text or "", *tails])


def tags(root: Part, look: Look, dropped: Set[etree._Element]) -> Iterator[Tag]:
    """The message as markup. Prefixes are ours: nothing depends on those of the sender but a type he names."""
    stack: list[tuple[etree._Element, str, str, str, Iterator[Part], str]] = []
    split_names: dict[str, tuple[str, str]] = {}
    text = around = ""
    todo: Part | None = root
    while True:
        if todo is None:
            if not stack:
                return
            todo = next(stack[-1][4], None)
            if todo is None:
                node, name, local, around, _, left_over = stack.pop()
                yield Tag(f"{text}{left_over}</{local}>", name, node, False)
                text = "" if node is root.element else _escaped(node.tail)
                continue
        element, name, kind = todo
        todo = None
        if name not in split_names:
            split_names[name] = split(name)
        namespace, local = split_names[name]
        declared = "" if namespace == around else f" xmlns={quoteattr(namespace)}"
        if element is None:
            yield Tag(f"{text}<{local}{declared}/>", name, None, True)
            text = ""
            continue
        if element in dropped:
            text += _escaped(element.tail)
            continue
        yield Tag(f"{text}<{local}{declared}{_attributes(element)}>", name, element, True)
        text = _escaped(element.text)
        parts, less = look(element, kind)
        left_over = _left_over(element, parts) if less else ""
        stack.append((element, name, local, around, iter(parts), left_over))
        around = namespace


def _left_over(element: etree._Element, planned: list[Part]) -> str:
    """The text that stood after children that are left out."""
    kept = {part.element for part in planned}
    tails = (child.tail for child in element.iterchildren(etree.Element) if child not in kept)
    return "".join(_escaped(tail) for tail in tails if tail and not tail.isspace())


def _escaped(text: str | None) -> str:
    if not text:
        return ""
    if "&" in text or "<" in text or ">" in text or "\r" in text:
        return escape(text, {"\r": "&#13;"})
    return text


def _attributes(node: etree._Element) -> str:
    if not node.attrib:
        return ""
    parts = []
    for number, (name, value) in enumerate(node.items()):
        namespace, local = split(str(name))
        value = str(value)
        if name == _TYPE:
            # The only value with a prefix in it that a verdict depends on.
            prefix, colon, kind = value.strip().rpartition(":")
            bound = node.nsmap.get(prefix if colon else None)
            if bound is not None:
                parts.append(f' xmlns:t="{escape(bound, {chr(34): "&quot;"})}"')
                value = f"t:{kind}"
        if namespace == _XML:
            local = f"xml:{local}"
        elif namespace:
            prefix = _PREFIXES.get(namespace, "")
            if not prefix:
                prefix = f"a{number}"
                parts.append(f" xmlns:{prefix}={quoteattr(namespace)}")
            local = f"{prefix}:{local}"
        parts.append(f" {local}={quoteattr(value, {chr(13): '&#13;', chr(10): '&#10;', chr(9): '&#9;'})}")
    return "".join(parts)
