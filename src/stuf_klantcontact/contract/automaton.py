"""The automaton of a content model: a position for each place where an element may stand, and what follows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from stuf_klantcontact.names import split

_COPIES: Final = 16
"""An element that may occur more often than this may here occur without end."""
POSITIONS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Wildcard:
    """An xs:any: all namespaces but these, or only these; what is skipped is not looked at."""

    all_but: bool
    namespaces: frozenset[str]
    skip: bool


@dataclass(frozen=True, slots=True)
class Particle:
    """A part of a content model."""

    kind: str
    parts: tuple["Particle", ...] = ()
    names: Mapping[str, etree._Element] = field(default_factory=dict)
    wildcard: Wildcard | None = None
    least: int = 1
    most: int | None = 1
    number: int = 0


@dataclass(slots=True)
class Position:
    names: Mapping[str, etree._Element]
    wildcard: Wildcard | None
    branches: dict[int, int]
    """For each choice that may be made once only: the branch that this position is in."""
    follow: list[int] = field(default_factory=list)

    def takes(self, tag: str) -> bool:
        """Whether an element of this name may stand here."""
        if tag in self.names:
            return True
        if self.wildcard is None:
            return False
        return (split(tag)[0] in self.wildcard.namespaces) != self.wildcard.all_but

    @property
    def name(self) -> str:
        """The name to put in."""
        return next(iter(self.names), "")


def build(
    particle: Particle, built: list[Position], branches: dict[int, int] | None
) -> tuple[bool, list[int], list[int]]:
    """Add the positions of `particle`; (may be empty, first positions, last positions).

    `branches` is None inside what may be repeated: a choice made there says nothing about the next time.
    """
    most = particle.most
    if most != 1:
        branches = None
    if most == 0:
        return True, [], []
    endless = most is None or most > _COPIES
    copies = max(1, min(particle.least, _COPIES)) if most is None or most > _COPIES else most
    optional_from = min(particle.least, _COPIES)
    nullable, first, last = True, list[int](), list[int]()
    for copy in range(copies):
        if len(built) > POSITIONS:
            break
        empty, begin, end = _once(particle, built, branches)
        if copy + 1 == copies and endless:
            _link(built, end, begin)
        if nullable:
            first = [*first, *begin]
        _link(built, last, begin)
        may_skip = empty or copy >= optional_from
        last = [*last, *end] if may_skip else end
        nullable = nullable and may_skip
    return nullable, first, last


def _once(
    particle: Particle, built: list[Position], branches: dict[int, int] | None
) -> tuple[bool, list[int], list[int]]:
    if len(built) > POSITIONS:
        return True, [], []
    if particle.kind in ("element", "any"):
        built.append(Position(particle.names, particle.wildcard, branches or {}))
        return False, [len(built) - 1], [len(built) - 1]
    if particle.kind == "choice":
        empty, first, last = not particle.parts, list[int](), list[int]()
        for branch, part in enumerate(particle.parts):
            inner = None if branches is None else {**branches, particle.number: branch}
            nullable, begin, end = build(part, built, inner)
            empty = empty or nullable
            first += begin
            last += end
        return empty, first, last
    empty, first, last = True, list[int](), list[int]()
    for part in particle.parts:
        nullable, begin, end = build(part, built, branches)
        _link(built, last, begin)
        if empty:
            first = [*first, *begin]
        last = [*last, *end] if nullable else end
        empty = empty and nullable
    return empty, first, last


def _link(built: list[Position], ends: list[int], begins: list[int]) -> None:
    for end in ends:
        known = set(built[end].follow)
        built[end].follow += [begin for begin in begins if begin not in known]
