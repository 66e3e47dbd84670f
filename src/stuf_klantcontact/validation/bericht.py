"""A StUF message as the rules look at it: its header, its version, its objects.

Read once, by local name, so that a message that breaks the schema can still be judged. Nothing here raises.
StUF 03.01 §4.1 and §5.1.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from stuf_klantcontact.names import STUF0301, STUF0302, split

KNOWN_CODES: Final = frozenset(
    {f"{kind}{number:02d}" for kind in ("Lv", "La") for number in range(1, 15)}
    | {f"Lk{number:02d}" for number in range(1, 7)}
    | {f"{kind}{number:02d}" for kind in ("Sa", "Sh", "Bv") for number in range(1, 5)}
    | {"Di01", "Di02", "Du01", "Du02", "Fo01", "Fo02", "Fo03", "Tr01"}
)
"""Every berichtcode of StUF 03.01."""
_CODE_IN_NAME: Final = re.compile(r"(Lk|Lv|La|Di|Du|Sa|Sh|Bv|Fo|Tr)([0-9]{2})(?:Bericht)?$")


@dataclass(slots=True)
class Bericht:
    """A message: `stuf` is the namespace of its StUF version, `code` what it says that it is."""

    root: etree._Element
    stuf: str
    code: str
    named: str
    """The berichtcode in the name of the root element; "" when there is none."""
    stuurgegevens: etree._Element
    header: dict[str, etree._Element]
    parameters: dict[str, etree._Element] = field(default_factory=dict)
    objects: list[etree._Element] = field(default_factory=list)

    def text(self, local: str) -> str:
        """The text of an element of the stuurgegevens; "" when absent or empty."""
        element = self.header.get(local)
        return "" if element is None else (element.text or "").strip()

    @property
    def entiteittype(self) -> str:
        """The entiteittype of the stuurgegevens, in the form of either version."""
        element = self.header.get("entiteittype")
        if element is None:
            return ""
        kind = element.find(f"{{{STUF0302}}}type")
        return ((element.text if kind is None else kind.text) or "").strip()


def read(root: etree._Element, *, within: str = "") -> Bericht | None:
    """The message, or None when the element has no stuurgegevens and so is no StUF message.

    `within` is the local name of the child that is a message itself: actueel, of a Sa message (StUF 03.01 §5.4).
    """
    whole = next(root.iterchildren("{*}" + within), None) if within else root
    parts: dict[str, etree._Element] = {}
    objects: list[etree._Element] = []
    for child in () if whole is None else whole:
        tag = child.tag
        if not isinstance(tag, str):
            continue
        local = tag.rpartition("}")[2]
        if local == "object":
            objects.append(child)
        else:
            parts.setdefault(local, child)
    stuurgegevens = parts.get("stuurgegevens")
    if stuurgegevens is None:
        return None
    header = children(stuurgegevens)
    code = header.get("berichtcode")
    named = None if within else _CODE_IN_NAME.search(split(str(root.tag))[1])
    return Bericht(
        root=root,
        stuf=_version(header),
        code="" if code is None else (code.text or "").strip(),
        named=f"{named[1]}{named[2]}" if named else "",
        stuurgegevens=stuurgegevens,
        header=header,
        parameters=children(parts["parameters"]) if "parameters" in parts else {},
        objects=objects,
    )


def children(element: etree._Element) -> dict[str, etree._Element]:
    """The children by local name; of namesakes the last."""
    return {child.tag.rpartition("}")[2]: child for child in element if isinstance(child.tag, str)}


def attribute(element: etree._Element, local: str) -> str:
    """The Clark name under which `element` has the attribute, whatever its namespace; "" when it has not."""
    for name in element.keys():  # noqa: SIM118 (an element is no mapping)
        if name == local or str(name).endswith("}" + local):
            return str(name)
    return ""


def said(element: etree._Element, local: str) -> str:
    """The value of the attribute `local` in whatever namespace; "" when absent."""
    name = attribute(element, local)
    return str(element.get(name, "")).strip() if name else ""


def _version(header: dict[str, etree._Element]) -> str:
    for element in header.values():
        namespace = split(str(element.tag))[0]
        if namespace in (STUF0301, STUF0302):
            return namespace
    return ""
