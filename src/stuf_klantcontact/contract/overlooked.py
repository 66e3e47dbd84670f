"""What libxml2 does not look at, and Xerces does: fixed values on references to attributes, and base64.

Which sets have such attributes, and which elements may hold base64, is known when a set is loaded: a message of a
set without them costs next to nothing.
"""

from collections.abc import Callable
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.declarations import Declarations, Kind
from stuf_klantcontact.contract.survey import is_base64
from stuf_klantcontact.names import XSI, qname

_NIL: Final = qname(XSI, "nil")
_TYPE: Final = qname(XSI, "type")


class Overlooked:
    """The second half of the verdict on a message of which libxml2 has said that it is valid."""

    def __init__(
        self, *, fixed: frozenset[str], base64: frozenset[str], declarations: Callable[[], Declarations]
    ) -> None:
        self._fixed = fixed
        self._base64 = tuple(f"{{*}}{name}" for name in sorted(base64) if name)
        self._declarations = declarations

    def right(self, root: etree._Element) -> bool:
        """Whether fixed values and base64 in `root` are as they should be."""
        return (not self._fixed or self._all_fixed(root)) and (not self._base64 or self._all_base64(root))

    def _all_fixed(self, root: etree._Element) -> bool:
        """On the way of every message, so without a step too many: only who has such an attribute gets a type."""
        fixed = self._fixed
        having = [node for node in root.iter(etree.Element) if not fixed.isdisjoint(node.keys())]
        if not having:
            return True
        declarations = self._declarations()
        look = declarations.child
        kinds: dict[etree._Element | None, Kind | None] = {None: None}

        def kind_of(node: etree._Element) -> Kind | None:
            if node in kinds:
                return kinds[node]
            parent = None if node is root else node.getparent()
            above = None if parent is None else kind_of(parent)
            if node is not root and above is None:
                kinds[node] = None
                return None
            type_name = None if node.get(_TYPE) is None else declarations.type_of(node)
            kinds[node] = kind = look(above, str(node.tag), type_name=type_name)
            return kind

        for node in having:
            kind = kind_of(node)
            for attribute in kind.fixed if kind is not None else ():
                value = node.get(attribute.name)
                if value is not None and value != attribute.fixed and value.strip() != attribute.fixed:
                    return False
        return True

    def _all_base64(self, root: etree._Element) -> bool:
        for element in root.iter(*self._base64):
            if element.text and not is_base64(element) and element.get(_NIL, "").strip() not in ("true", "1"):
                kind = self._declarations().of(element, root=root)
                if kind is not None and kind.base64:
                    return False
        return True
