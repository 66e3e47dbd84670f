"""A StUF-berichtenSet that was split over files: which files belong together, and whether their names are right.

The names have a prefix of at least eight characters in common, then _ and a volgnummer from 1; the last part also
has _laatste. Whether the order goes on from part to part is for the Series that they share. Nothing here is read.
StUF 03.02, protocolbindingen §2.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from stuf_klantcontact.errors import Text, Violation

RULE: Final = "StUF-BESTANDSNAAM"
PREFIX: Final = 8
"""Characters that the names of the parts have in common, at least."""
_LAST: Final = "laatste"
# A number of more digits is a date: no set has so many parts.
_NAME: Final = re.compile(r"(?P<prefix>.+)_(?P<number>[0-9]{1,4})(?:_(?P<word>[A-Za-z]+))?")


@dataclass(frozen=True, slots=True)
class Part:
    """A file by the parts of its name."""

    file: str
    prefix: str
    number: int
    word: str

    @property
    def is_last(self) -> bool:
        """Whether its name says that no part follows."""
        return self.word == _LAST


def families(files: Iterable[str]) -> list[list[Part]]:
    """The files that are parts of one set by their names, each set in the order of its volgnummers."""
    found: dict[tuple[str, str], list[Part]] = {}
    for file in dict.fromkeys(files):
        path = PurePath(file)
        stem = path.stem if path.suffix.lower() == ".xml" else path.name
        if name := _NAME.fullmatch(stem):
            part = Part(file, name["prefix"], int(name["number"]), name["word"] or "")
            found.setdefault((str(path.parent), part.prefix), []).append(part)
    return [sorted(parts, key=lambda part: part.number) for parts in found.values() if len(parts) > 1]


def in_order(files: Sequence[str], *, split: Iterable[Sequence[Part]]) -> list[str]:
    """The same files; those of one set in the order of its parts, in the places where they stood."""
    ordered = list(files)
    for parts in split:
        places = sorted(files.index(part.file) for part in parts)
        for place, part in zip(places, parts, strict=True):
            ordered[place] = part.file
    return ordered


def check(parts: Sequence[Part]) -> Iterator[tuple[str, Violation]]:
    """What is wrong with the names of the parts of one set, each with its file."""
    first, last = parts[0], parts[-1]
    if len(first.prefix) < PREFIX:
        yield (
            first.file,
            _finding(
                Text(
                    f"Het gemeenschappelijke begin {first.prefix} is korter dan {PREFIX} tekens.",
                    f"The beginning that the names share, {first.prefix}, has fewer than {PREFIX} characters.",
                ),
                expected="klantcontact_1, klantcontact_2_laatste",
            ),
        )
    wanted = 1
    for part in parts:
        if part.number != wanted:
            yield (
                part.file,
                _finding(
                    Text(f"Deel {part.number} is er tweemaal.", f"Part {part.number} is there twice.")
                    if part.number < wanted
                    else Text(
                        f"Voor dit deel ontbreekt deel {wanted}.", f"Before this part, part {wanted} is absent."
                    ),
                    expected=f"{part.prefix}_{wanted}",
                ),
            )
        wanted = part.number + 1
        if part.word and not part.is_last:
            yield (
                part.file,
                _finding(
                    Text(
                        f"Na het volgnummer staat _{part.word[:20]}; daar staat hooguit _{_LAST}.",
                        f"After the part number stands _{part.word[:20]}; only _{_LAST} may stand there.",
                    ),
                    expected=f"{part.prefix}_{part.number}",
                ),
            )
        if part.is_last and part is not last:
            yield (
                part.file,
                _finding(
                    Text(
                        f"Dit deel heet _{_LAST}, maar er volgt nog een.",
                        f"This part is called _{_LAST}, but another one follows.",
                    ),
                    expected=f"{part.prefix}_{part.number}",
                ),
            )
    if not last.is_last:
        yield (
            last.file,
            _finding(
                Text(
                    f"Het laatste deel heet niet _{_LAST}: wie het ontvangt wacht op meer.",
                    f"The last part is not called _{_LAST}: whoever receives it waits for more.",
                ),
                expected=f"{last.prefix}_{last.number}_{_LAST}",
            ),
        )


def _finding(message: Text, *, expected: str) -> Violation:
    return Violation(
        RULE,
        message,
        hint=Text(
            f"Noem het bestand zo: {expected}, of lever het deel dat ontbreekt.",
            f"Name the file so: {expected}, or deliver the part that is absent.",
        ),
        severity="warning",
        expected=expected,
    )
