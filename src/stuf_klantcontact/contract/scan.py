"""Under which names a set has what libxml2 overlooks: attributes with a fixed value, elements that may hold base64.

Read off the schemas without resolving anything, so that a message without such names costs nothing. Nothing here
can go wrong.
"""

from collections.abc import Iterable
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.declarations import joined
from stuf_klantcontact.names import XSD, qname, split

_ELEMENT, _ATTRIBUTE = qname(XSD, "element"), qname(XSD, "attribute")
_COMPLEX, _SIMPLE = qname(XSD, "complexType"), qname(XSD, "simpleType")
_DERIVATIONS: Final = (qname(XSD, "extension"), qname(XSD, "restriction"))
_BASE64: Final = qname(XSD, "base64Binary")


def base64_names(documents: Iterable[tuple[str, etree._Element]]) -> frozenset[str]:
    """The names of all elements that may hold base64: enough to know where to look."""
    derived: dict[str, set[str]] = {}
    elements: list[tuple[str, str]] = []
    for namespace, root in documents:
        for node in root.iter(_ELEMENT, *_DERIVATIONS):
            base = node.get("type") if node.tag == _ELEMENT else node.get("base")
            if base is None:
                continue
            prefix, colon, local = base.strip().rpartition(":")
            resolved = joined(node.nsmap.get(prefix if colon else None) or ("" if colon else namespace), local)
            if node.tag == _ELEMENT:
                elements.append((node.get("name", "").strip(), resolved))
                continue
            holder = next(node.iterancestors(_COMPLEX, _SIMPLE, _ELEMENT), None)
            while holder is not None and holder.get("name") is None:
                holder = next(holder.iterancestors(_COMPLEX, _SIMPLE, _ELEMENT), None)
            if holder is None:
                continue
            if holder.tag == _ELEMENT:
                elements.append((holder.get("name", "").strip(), resolved))
            else:
                derived.setdefault(resolved, set()).add(joined(namespace, holder.get("name", "").strip()))
    kinds, todo = {_BASE64}, [_BASE64]
    while todo:
        for name in derived.get(todo.pop(), ()):
            if name not in kinds:
                kinds.add(name)
                todo.append(name)
    return frozenset(name for name, kind in elements if kind in kinds)


def fixed_names(documents: Iterable[tuple[str, etree._Element]]) -> frozenset[str]:
    """The names of all attributes whose fixed value libxml2 overlooks somewhere."""
    found = set()
    for _, root in documents:
        globally = {a.get("name") for a in root.iterchildren(_ATTRIBUTE) if a.get("fixed") is not None}
        for attribute in root.iter(_ATTRIBUTE):
            reference = attribute.get("ref")
            if reference is None:
                continue
            prefix, colon, local = reference.strip().rpartition(":")
            if attribute.get("fixed") is not None or local in globally:
                found.add(joined(attribute.nsmap.get(prefix if colon else None) or "", local))
    return frozenset(name for name in found if split(name)[1])
