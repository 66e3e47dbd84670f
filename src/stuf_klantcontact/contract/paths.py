"""XPaths for people: with the prefixes of `names.PREFIXES`, else those of the sender. Nothing here can go wrong."""

import re
from functools import lru_cache
from typing import Final

from lxml import etree

from stuf_klantcontact.contract.sentences import called
from stuf_klantcontact.names import PREFIXES

_STEP: Final = re.compile(r"\{([^}]*)\}([^/\[]+)(\[[0-9]+\])?")
_AT_ONCE: Final = 30
"""So many paths are asked of libxml2, which counts siblings anew for each; after that each step is remembered."""
_LONGEST: Final = 1_000


class Paths:
    """The XPaths of elements below one root; each step is worked out once."""

    def __init__(self, root: etree._Element) -> None:
        self._tree = etree.ElementTree(root)
        self._at_once = _AT_ONCE
        self._root = root
        self._paths: dict[etree._Element, str] = {root: "/" + named(root, str(root.tag))}
        self._tags: dict[etree._Element, list[str]] = {}
        self._numbers: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def path(self, element: etree._Element, attribute: str | None = None) -> str:
        """The XPath of an element, or of one of its attributes; a position only where there are namesakes."""
        path = self._paths.get(element) or self._quickly(element) or self._of(element)
        return f"{path}/@{called(attribute)}" if attribute else path

    def _quickly(self, element: etree._Element) -> str | None:
        """The path, when all in it has a prefix that is known."""
        if not self._at_once:
            return None
        self._at_once -= 1
        try:
            below = self._tree.getelementpath(element)
        except ValueError:
            return None
        steps = _told(below) if len(below) <= _LONGEST else None
        return None if steps is None else self._paths.setdefault(element, f"{self._paths[self._root]}{steps}")

    def _of(self, element: etree._Element) -> str:
        steps = [element]
        parent = element.getparent()
        while parent is not None and parent not in self._paths:
            steps.append(parent)
            parent = parent.getparent()
        path = self._paths[parent] if parent is not None else ""
        for step in reversed(steps):
            tag = str(step.tag)
            position = self._position(step, tag, parent) if parent is not None else ""
            path = self._paths[step] = f"{path}/{named(step, tag)}{position}"
            parent = step
        return path

    def _position(self, element: etree._Element, tag: str, parent: etree._Element) -> str:
        """Which of its namesakes it is; nothing when it has none."""
        numbers = self._numbers.get((parent, tag))
        if numbers is None:
            tags = self._tags.get(parent)
            if tags is None:
                tags = self._tags[parent] = [str(child.tag) for child in parent]
            numbers = {}
            if tags.count(tag) > 1:
                numbers = {child: number for number, child in enumerate(parent.iterchildren(tag), start=1)}
            self._numbers[parent, tag] = numbers
        return f"[{numbers[element]}]" if numbers else ""


@lru_cache(maxsize=1024)
def _told(path: str) -> str | None:
    """A path of libxml2's, ``{uri}local[2]/{uri}local``, in known prefixes; None when there is not one for each."""
    steps = []
    end = -1
    for step in _STEP.finditer(path):
        if step.start() != end + 1 or step[1] not in PREFIXES:
            return None
        steps.append(f"/{called(f'{{{step[1]}}}{step[2]}')}{step[3] or ''}")
        end = step.end()
    return "".join(steps) if end == len(path) else None


def named(element: etree._Element, tag: str) -> str:
    """Its name with a prefix that is known, else with the sender's; `tag` is its Clark name."""
    name = called(tag)
    if ":" not in name and tag[0] == "{" and element.prefix:
        return f"{element.prefix}:{name}"
    return name
