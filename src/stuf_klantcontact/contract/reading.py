"""A message as markup, one tag at a time, as it is or as repaired in thought."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from stuf_klantcontact.names import split

_XML: Final = "http://www.w3.org/XML/1998/namespace"


@dataclass(slots=True)
class Repairs:
    """What the next reading pretends."""

    dropped: set[etree._Element] = field(default_factory=set)
    before: dict[etree._Element, list[str]] = field(default_factory=dict)
    at_end: dict[etree._Element, list[str]] = field(default_factory=dict)

    def frozen(self) -> "Repairs":
        """As they are now: what one reading finds is for the next one."""
        return Repairs(
            dropped=set(self.dropped),
            before={element: list(names) for element, names in self.before.items()},
            at_end={element: list(names) for element, names in self.at_end.items()},
        )


def tags(root: etree._Element, repairs: Repairs) -> Iterator[tuple[str, etree._Element, bool, bool]]:
    """The message as markup, one tag at a time: (markup, element, synthetic, is a start tag)."""
    text = ""
    declared = [(prefix or "", uri) for prefix, uri in root.nsmap.items()]
    names: list[str] = []
    walk = etree.iterwalk(root, events=("start-ns", "start", "end", "comment", "pi"))
    node: Any
    for event, node in walk:
        if event == "end":
            name = names.pop()
            if name:
                for missing in repairs.at_end.get(node, ()):
                    yield text + _synthetic(missing), node, True, True
                    text = ""
                yield f"{text}</{name}>", node, False, False
                text = ""
        elif event == "start":
            for missing in repairs.before.get(node, ()):
                yield text + _synthetic(missing), node, True, True
                text = ""
            if node in repairs.dropped:
                walk.skip_subtree()
                names.append("")
                declared = []
                continue
            name, markup = _start_tag(node, declared)
            names.append(name)
            declared = []
            yield text + markup, node, False, True
            text = _escaped(node.text)
            continue
        elif event == "start-ns":
            declared.append(node)
            continue
        if node is not root:
            text += _escaped(node.tail)


def _escaped(text: str | None) -> str:
    return escape(text, {"\r": "&#13;"}) if text else ""


def _start_tag(node: etree._Element, declared: list[tuple[str, str]]) -> tuple[str, str]:
    namespace, local = split(str(node.tag))
    prefix = node.prefix
    name = f"{prefix}:{local}" if prefix else local
    parts = [f"<{name}"]
    if not prefix:
        parts.append(f" xmlns={quoteattr(namespace)}")
    for key, bound in dict(declared).items():
        if key:
            parts.append(f" xmlns:{key}={quoteattr(bound)}")
    for name_of_attribute, value in node.items():
        namespace, local = split(str(name_of_attribute))
        if namespace == _XML:
            local = f"xml:{local}"
        elif namespace:
            prefixes = (known for known, uri in node.nsmap.items() if known and uri == namespace)
            local = f"{next(prefixes)}:{local}"
        parts.append(f" {local}={quoteattr(str(value), {chr(13): '&#13;'})}")
    parts.append(">")
    return name, "".join(parts)


def _synthetic(name: str) -> str:
    namespace, local = split(name)
    return f"<{local} xmlns={quoteattr(namespace)}/>"
