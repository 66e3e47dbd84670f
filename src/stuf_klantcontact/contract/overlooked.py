"""What libxml2 does not look at, and Xerces does: fixed values on references to attributes, and base64.

Where to look is known when a set is loaded; so a message without either costs one question in C.
"""

from collections.abc import Callable
from typing import Any, Final

from lxml import etree

from stuf_klantcontact.contract.declarations import Declarations
from stuf_klantcontact.contract.survey import fixed_findings, is_base64
from stuf_klantcontact.names import XSI, qname, split

_NIL: Final = qname(XSI, "nil")


class Overlooked:
    """The second half of the verdict on a message of which libxml2 has said that it is valid."""

    def __init__(
        self, *, fixed: frozenset[str], base64: frozenset[str], declarations: Callable[[], Declarations]
    ) -> None:
        self._fixed = self._finder(fixed)
        self._base64 = tuple(f"{{*}}{name}" for name in sorted(base64) if name)
        self._declarations = declarations

    @staticmethod
    def _finder(fixed: frozenset[str]) -> Callable[[etree._Element], Any] | None:
        if not fixed:
            return None
        spaces: dict[str, str] = {}
        tests = []
        for name in sorted(fixed):
            namespace, local = split(name)
            prefix = spaces.setdefault(namespace, f"n{len(spaces)}") if namespace else ""
            tests.append(f"@{prefix}:{local}" if prefix else f"@{local}")
        bound = {prefix: namespace for namespace, prefix in spaces.items()}
        return etree.XPath(f"descendant-or-self::*[{' or '.join(tests)}]", namespaces=bound)

    def right(self, root: etree._Element) -> bool:
        """Whether fixed values and base64 in `root` are as they should be."""
        if self._fixed is not None:
            found = self._fixed(root)
            if found:
                declarations = self._declarations()
                for element in found:
                    kind = declarations.of(element, root=root)
                    if kind is not None and kind.fixed and any(True for _ in fixed_findings(element, kind)):
                        return False
        if self._base64:
            for element in root.iter(*self._base64):
                if element.text and not is_base64(element) and element.get(_NIL, "").strip() not in ("true", "1"):
                    kind = self._declarations().of(element, root=root)
                    if kind is not None and kind.base64:
                        return False
        return True
