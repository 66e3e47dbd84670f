"""Which children a type has and in which order: a walk for what is right, the cheapest repair for what is wrong.

The content model becomes an automaton of positions, one for each place where an element may stand. Children that do
not fit are aligned with it at the least cost: an element left out, put in, or meant as another. Work and memory are
bounded; what is cut off is for libxml2 to tell, which has the verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from lxml import etree

from stuf_klantcontact.contract.automaton import POSITIONS, Particle, Position, build
from stuf_klantcontact.names import split

_BEAM: Final = 12
"""So many readings of the children are followed at once."""
_WINDOW: Final = 2.5
"""A reading that costs so much more than the cheapest one is given up."""
_MANY: Final = 300
"""With more children than this only the best two readings are followed."""
_KEPT: Final = 50
"""The repair of at most so many children is remembered: senders make the same mistake in every message."""
_FAR: Final = 12
"""At most so many elements in a row are put in."""

Edit = tuple[Literal["keep", "drop", "rename", "insert"], int, str, tuple[str, ...]]
"""(what, number of the child it is done to or before, name, equally good names)."""


@dataclass(frozen=True, slots=True)
class Repair:
    """How children become right: what to do with each, and what they cost together."""

    edits: tuple[Edit, ...]
    complete: bool
    """False when there were too many of them."""


class Content:
    """The content model of one type."""

    def __init__(self, particle: Particle) -> None:
        self.particle = particle
        self._built: list[Position] | None = None
        self._ends: frozenset[int] = frozenset()
        self._steps: dict[tuple[int, str], int | None] = {}
        self._ways: dict[tuple[int, str | None], list[tuple[tuple[tuple[str, ...], ...], int]]] = {}
        self._alphabet: dict[str, etree._Element] = {}
        self._open: list[Position] = []
        self._cut = False
        self._repairs: dict[tuple[str, ...], Repair] = {}
        self._meant: dict[str, list[str]] = {}

    # Asking

    def declaration(self, tag: str) -> etree._Element | None:
        """What declares the child `tag`."""
        self._positions()
        return self._alphabet.get(tag)

    def open_to(self, tag: str) -> bool:
        """Whether a wildcard takes `tag`, and wants it looked at."""
        self._positions()
        return any(
            position.takes(tag) for position in self._open if position.wildcard and not position.wildcard.skip
        )

    def step(self, state: int, tag: str) -> int | None:
        """The state after one more child; None when it may not stand there. The first state is 0."""
        try:
            return self._steps[state, tag]
        except KeyError:
            positions = self._positions()
            found = next((number for number in positions[state].follow if positions[number].takes(tag)), None)
            if len(self._steps) < 20_000:
                self._steps[state, tag] = found
            return found

    def ends(self, state: int) -> bool:
        """Whether nothing more is needed."""
        self._positions()
        return state in self._ends

    def right(self, tags: Sequence[str]) -> bool:
        """Whether these children, in this order, are right; beyond all bounds only libxml2 judges."""
        self._positions()
        if self._cut:
            return True
        state = 0
        for tag in tags:
            following = self.step(state, tag)
            if following is None:
                return False
            state = following
        return self.ends(state)

    def expected(self, tags: Sequence[str]) -> tuple[str, ...]:
        """What may stand after these children (which are right so far), in the order of the type."""
        state = 0
        for tag in tags:
            state = self.step(state, tag) or 0
        positions = self._positions()
        names = (name for number in positions[state].follow for name in list(positions[number].names)[:3])
        return tuple(dict.fromkeys(names))

    def exclude(self, first: str, second: str) -> bool:
        """Whether two elements are alternatives: where the one stands the other may not."""
        positions = self._positions()
        ones = [p.branches for p in positions if first in p.names]
        others = [p.branches for p in positions if second in p.names]
        return bool(ones and others) and all(
            any(one.get(choice, branch) != branch for choice, branch in other.items())
            for one in ones
            for other in others
        )

    def place(self, tags: Sequence[str], tag: str) -> int | None:
        """Before which of these children (right without it) `tag` may stand; None when nowhere."""
        if len(tags) > _MANY:
            return None
        states = [0]
        for name in tags:
            following = self.step(states[-1], name)
            if following is None:
                return None
            states.append(following)
        for number, state in enumerate(states):
            after = self.step(state, tag)
            for name in tags[number:]:
                if after is None:
                    break
                after = self.step(after, name)
            if after is not None and self.ends(after):
                return number
        return None

    def meant(self, tag: str) -> list[str]:
        """The children that somebody who wrote `tag` may have meant, the likeliest first."""
        found = self._meant.get(tag)
        if found is None:
            found = self._guess(tag)
            if len(self._meant) < 500:
                self._meant[tag] = found
        return found

    def _guess(self, tag: str) -> list[str]:
        self._positions()
        local = split(tag)[1]
        elsewhere = [name for name in self._alphabet if name != tag and split(name)[1] == local]
        if elsewhere:
            return elsewhere[:3]
        locals_ = {split(name)[1].lower(): name for name in self._alphabet if name != tag}
        close = get_close_matches(local.lower()[:60], list(locals_), n=2, cutoff=0.75)
        return [locals_[name] for name in close]

    # Repairing

    def repair(self, tags: Sequence[str], *, limit: int) -> Repair:
        """The cheapest way to make the children right."""
        key = tuple(tags) if len(tags) <= _KEPT else None
        found = self._repairs.get(key) if key is not None else None
        if found is None:
            found = self._one_repair(tags) or self._repair(tags, limit=limit)
            if key is not None and len(self._repairs) < 500:
                self._repairs[key] = found
        return found

    def _one_repair(self, tags: Sequence[str]) -> Repair | None:
        """The repair where the children first go wrong, when that one is enough: nothing can be cheaper."""
        kept: list[Edit] = []
        state = 0
        for number, tag in enumerate(tags):
            following = self.step(state, tag)
            if following is None:
                break
            kept.append(("keep", number, tag, ()))
            state = following
        here = len(kept)
        if here == len(tags):
            for inserted, _ in self._way(state, None):
                if len(inserted) == 1:
                    return Repair((*kept, _insert(here, inserted[0])), complete=True)
            return None
        tag, rest = tags[here], tags[here + 1 :]
        found: list[Edit] = []
        for name in [] if tag in self._alphabet else self.meant(tag):
            if self._rest_right(self.step(state, name), rest):
                found = [("rename", here, name, ())]
                break
        for inserted, target in () if found else self._way(state, tag):
            if len(inserted) == 1 and self._rest_right(target, rest):
                found = [_insert(here, inserted[0]), ("keep", here, tag, ())]
                break
        if not found and self._rest_right(state, rest):
            found = [("drop", here, tag, ())]
        if not found:
            return None
        after: list[Edit] = [("keep", here + 1 + number, name, ()) for number, name in enumerate(rest)]
        return Repair((*kept, *found, *after), complete=True)

    def _rest_right(self, state: int | None, tags: Sequence[str]) -> bool:
        for tag in tags:
            if state is None:
                return False
            state = self.step(state, tag)
        return state is not None and self.ends(state)

    def _repair(self, tags: Sequence[str], *, limit: int) -> Repair:
        beam = _BEAM if len(tags) <= _MANY else 2
        meant: dict[str, list[str]] = {}
        trail: list[tuple[int, Edit]] = []  # (index of the entry before, edit), shared by all readings
        front: dict[int, tuple[float, int]] = {0: (0.0, -1)}

        def reach(
            state: int, cost: float, back: int, edits: Sequence[Edit], into: dict[int, tuple[float, int]]
        ) -> None:
            known = into.get(state)
            if known is not None and known[0] <= cost:
                return
            for edit in edits:
                trail.append((back, edit))
                back = len(trail) - 1
            into[state] = (cost, back)

        done = len(tags)
        for number, tag in enumerate(tags):
            following: dict[int, tuple[float, int]] = {}

            for state, (cost, back) in front.items():
                for inserted, target in self._way(state, tag):
                    edits = [_insert(number, names) for names in inserted]
                    reach(target, cost + len(inserted), back, [*edits, ("keep", number, tag, ())], following)
                if tag not in meant:
                    meant[tag] = [] if tag in self._alphabet else self.meant(tag)
                for rank, name in enumerate(meant[tag]):
                    for inserted, target in self._way(state, name):
                        edits = [_insert(number, names) for names in inserted]
                        price = cost + len(inserted) + 0.8 + rank / 20
                        reach(target, price, back, [*edits, ("rename", number, name, ())], following)
                reach(state, cost + 1, back, [("drop", number, tag, ())], following)
            least = min(cost for cost, _ in following.values())
            ranked = [(state, found) for state, found in following.items() if found[0] <= least + _WINDOW]
            if len(ranked) > beam:
                ranked = sorted(ranked, key=lambda item: item[1][0])[:beam]
            front = dict(ranked)
            if least > limit:
                done = number + 1
                break
        best: tuple[float, int, Sequence[Edit]] | None = None
        for state, (cost, back) in front.items():
            for inserted, _ in self._way(state, None) if done == len(tags) else [((), state)]:
                if best is None or cost + len(inserted) < best[0]:
                    best = (cost + len(inserted), back, [_insert(done, names) for names in inserted])
        if best is None:
            state, (_, back) = next(iter(front.items()))
            best = (0.0, back, [])
        edits_back: list[Edit] = list(reversed(best[2]))
        index = best[1]
        while index >= 0:
            index, edit = trail[index]
            edits_back.append(edit)
        return Repair(tuple(reversed(edits_back)), complete=done == len(tags))

    def _way(self, state: int, tag: str | None) -> list[tuple[tuple[tuple[str, ...], ...], int]]:
        """What to put in, at the least, so that `tag` (None: the end) may follow, and the state after it."""
        key = (state, tag)
        found = self._ways.get(key)
        if found is None:
            found = self._search(state, tag)
            if len(self._ways) < 20_000:
                self._ways[key] = found
        return found

    def _search(self, start: int, tag: str | None) -> list[tuple[tuple[tuple[str, ...], ...], int]]:
        positions = self._positions()
        if tag is not None and tag not in self._alphabet and not self._open:
            return []
        level: dict[int, tuple[tuple[str, ...], ...]] = {start: ()}
        seen = {start}
        for _ in range(_FAR):
            arrived: list[tuple[tuple[tuple[str, ...], ...], int]] = []
            for state, path in level.items():
                if tag is None:
                    if state in self._ends:
                        return [(path, state)]
                else:
                    after = self.step(state, tag)
                    if after is not None:
                        arrived.append((path, after))
            if arrived:
                targets: dict[int, tuple[tuple[str, ...], ...]] = {}
                for path, target in arrived:
                    targets.setdefault(target, path)
                return [(path, target) for target, path in targets.items()]
            following: dict[int, tuple[tuple[str, ...], ...]] = {}
            for state, path in level.items():
                for number in positions[state].follow:
                    if number not in seen and positions[number].name:
                        following.setdefault(number, (*path, (positions[number].name,)))
            seen |= following.keys()
            level = following
            if not level:
                break
        return []

    def alternatives(self, tags: Sequence[str], name: str, rest: Sequence[str]) -> tuple[str, ...]:
        """What may stand, after `tags` and before `rest`, just as well as `name`, which is to be put in there."""
        positions = self._positions()
        state = 0
        for tag in tags:
            state = self.step(state, tag) or 0
        found = []
        for number in positions[state].follow:
            candidate = positions[number].name
            after: int | None = number
            for tag in rest:
                after = self.step(after, tag) if after is not None else None
            good = after is not None and (bool(rest) or self.ends(after))
            if candidate and (candidate == name or good):
                found.append(candidate)
        return tuple(dict.fromkeys(found)) or (name,)

    # Building

    def _positions(self) -> list[Position]:
        if self._built is None:
            built = [Position({}, None, {})]
            nullable, first, last = build(self.particle, built, {})
            built[0].follow = first
            self._cut = len(built) > POSITIONS
            alphabet: dict[str, etree._Element] = {}
            for position in built:
                for name, declared in position.names.items():
                    alphabet.setdefault(name, declared)
            self._alphabet = alphabet
            self._open = [position for position in built if position.wildcard is not None]
            self._ends = frozenset(last) | ({0} if nullable else set())
            self._built = built
        return self._built


def _insert(number: int, names: tuple[str, ...]) -> Edit:
    return ("insert", number, names[0], names)
