"""What can be wrong with a schema set, in words: rule, file, line, and what to do about it."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final

from lxml import etree

from stuf_klantcontact.errors import Severity, Text, Violation

NO_MESSAGES: Final = Violation(
    rule="SET-NO-MESSAGES",
    message=Text(
        "Deze set heeft typen en geen berichten, hooguit de Bv en Fo van StUF: niets te valideren.",
        "This set has types but no messages, at most the Bv and Fo of StUF: nothing can be validated.",
    ),
    hint=Text("Voeg de schema's met berichten (…_msg_….xsd) toe.", "Add the schemas with messages (…_msg_….xsd)."),
    severity="warning",
    path="",
)


def malformed(path: str, number: int | None, *, reason: str) -> Violation:
    """A file that is no XML."""
    return _remark(
        "SET-MALFORMED",
        path,
        number,
        Text(f"Geen welgevormde XML: {short(reason)}", f"Not well-formed XML: {short(reason)}"),
        Text("Haal het bestand opnieuw op.", "Fetch the file again."),
    )


def no_schema(path: str, number: int | None) -> Violation:
    """A file that is something else."""
    message = Text("Dit is geen schema of WSDL; overgeslagen.", "This is no schema or WSDL; skipped.")
    return _remark("SET-MALFORMED", path, number, message, severity="warning")


def doctype(path: str) -> Violation:
    """A file with a DOCTYPE: entities in it might fetch or explode."""
    return _remark(
        "SET-DOCTYPE",
        path,
        1,
        Text(
            "Een DOCTYPE, en dus misschien entiteiten: dit bestand is niet gelezen.",
            "A DOCTYPE, and so perhaps entities: this file was not read.",
        ),
        Text("Haal de DOCTYPE uit het bestand.", "Take the DOCTYPE out of the file."),
    )


def left_out(path: str, number: int | None, *, reason: str) -> Violation:
    """A file that does not compile."""
    return _remark(
        "SET-COMPILE",
        path,
        number,
        Text(
            f"Dit schema is niet te gebruiken en weggelaten: {reason}",
            f"This schema cannot be used and is left out: {reason}",
        ),
        Text(
            "Haal de levering opnieuw op, of vraag de leverancier om een die klopt.",
            "Fetch the release again, or ask its publisher for one that is right.",
        ),
    )


def network(path: str, reference: etree._Element, location: str, *, used: bool) -> Violation:
    """A reference to the network, or elsewhere on this machine. `used`: the set itself has what it is for."""
    shown = short(location)
    what = ("Het schema van die namespace uit de set is gebruikt.", "The set's own schema of it was used.")
    if not used:
        what = ("Zonder dat bestand ontbreekt er iets.", "Without that file something is missing.")
    return _remark(
        "SET-NETWORK",
        path,
        line(reference),
        Text(
            f"Verwijst naar {shown}: er wordt niets van het netwerk of van buiten de set gehaald. {what[0]}",
            f"Refers to {shown}: nothing is fetched from the network or from outside the set. {what[1]}",
        ),
        Text(
            "Leg het bestand in de map en verwijs ernaar met een pad.",
            "Put the file into the folder and refer to it by a path.",
        ),
        severity="warning" if used else "error",
    )


def missing(path: str, reference: etree._Element, location: str, *, names: Sequence[str], used: bool) -> Violation:
    """A reference to a file that is not there. A warning: the rest works, and official sets have such."""
    close = get_close_matches(
        PurePosixPath(location).name[:80], [PurePosixPath(name).name for name in names], n=1, cutoff=0.92
    )
    hint = Text(
        "Vul de levering aan; wat alleen daarin staat, is nu onbekend.",
        "Complete the release; what only that file defines is not known now.",
    )
    if used:
        hint = Text(
            "Niets te doen: de namespace is er uit andere bestanden.",
            "Nothing to do: other files have that namespace.",
        )
    elif close:
        hint = Text(f"Bedoeld is misschien {close[0]}.", f"Perhaps {close[0]} is meant.")
    return _remark(
        "SET-MISSING",
        path,
        line(reference),
        Text(
            f"Verwijst naar {short(location)}, en dat zit niet in de set.",
            f"Refers to {short(location)}, which is not in the set.",
        ),
        hint,
        severity="warning",
    )


def case(path: str, reference: etree._Element, location: str, *, actual: str) -> Violation:
    """A reference that only works where capitals do not count."""
    name = PurePosixPath(actual).name
    return _remark(
        "SET-CASE",
        path,
        line(reference),
        Text(
            f"Verwijst naar {short(location)}; het bestand heet {name}.",
            f"Refers to {short(location)}; the file is called {name}.",
        ),
        Text("Schrijf de naam precies zo.", "Write the name exactly so."),
        severity="warning",
    )


def namespace(path: str, reference: etree._Element, other: str, *, wanted: str, actual: str) -> Violation:
    """A reference to a file of another namespace than is said."""
    return _remark(
        "SET-NAMESPACE",
        path,
        line(reference),
        Text(
            f"Verwacht in {other} namespace {wanted or '-'}, maar dat bestand heeft {actual or '-'}.",
            f"Expects namespace {wanted or '-'} in {other}, but that file has {actual or '-'}.",
        ),
        Text("Laat beide dezelfde namespace noemen.", "Let both name the same namespace."),
    )


def duplicate(path: str, other: str) -> Violation:
    """The same file twice."""
    message = Text(f"Hetzelfde als {other}; een keer gebruikt.", f"The same as {other}; used once.")
    return _remark("SET-DUPLICATE", path, None, message, severity="warning")


def contradictory(path: str, other: str, *, name: str, versions: tuple[str, str], referred: bool) -> Violation:
    """Two files that define the same and differ."""
    ours, theirs = (version or "?" for version in versions)
    return _remark(
        "SET-CONTRADICTORY",
        path,
        None,
        Text(
            f"Definieert net als {other} {name} (versie {ours} en {theirs}); weggelaten.",
            f"Defines {name}, as {other} does (version {ours} and {theirs}); left out.",
        ),
        Text(
            "Leg elk patchniveau in een eigen map en noem die apart.",
            "Put each patch level into a folder of its own and name that.",
        )
        if referred
        else Text("Niets te doen: niets verwijst ernaar.", "Nothing to do: nothing refers to it."),
        severity="error" if referred else "warning",
    )


def wsdl(path: str, part: etree._Element, element: str, *, names: Sequence[str]) -> Violation:
    """A message that a WSDL promises and no schema has."""
    close = get_close_matches(element.rpartition(":")[2][:80], names, n=1, cutoff=0.8)
    return _remark(
        "SET-WSDL",
        path,
        line(part),
        Text(
            f"Noemt bericht {short(element)}, dat geen schema van de set definieert.",
            f"Names message {short(element)}, which no schema of the set defines.",
        ),
        Text(f"Bedoeld is misschien {close[0]}.", f"Perhaps {close[0]} is meant.") if close else None,
        severity="warning",
    )


def pattern(path: str, node: etree._Element) -> Violation:
    """A pattern that is exponential."""
    return _remark(
        "SET-PATTERN",
        path,
        line(node),
        Text(
            "Dit patroon kan bij een lange waarde zeer veel rekentijd kosten.",
            "This pattern may take very much computing time on a long value.",
        ),
        Text(
            "Schrijf het patroon zonder herhaling binnen een herhaling.",
            "Write the pattern without a repetition inside a repetition.",
        ),
        severity="warning",
    )


def _remark(
    rule: str,
    path: str,
    number: int | None,
    message: Text,
    hint: Text | None = None,
    *,
    severity: Severity = "error",
) -> Violation:
    return Violation(rule=rule, message=message, hint=hint, severity=severity, line=number, path=path)


def line(element: etree._Element) -> int | None:
    """The line of an element in its file."""
    number: int | None = element.sourceline  # type: ignore[assignment]  # the stub knows no type
    return number


def short(text: str) -> str:
    """On one line, of a bounded length."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean if len(clean) <= 160 else clean[:159] + "…"


_NESTED: Final = re.compile(r"\((?:[^()\\]|\\.)*(?:[+*]|\{\d*,\})(?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,\}|\{\d{2,}\})")
_REPEATED_CHOICE: Final = re.compile(r"\(((?:[^()\\|]|\\.)+(?:\|(?:[^()\\|]|\\.)+)+)\)(?:[+*]|\{\d*,\})")


def explosive(pattern: str) -> bool:
    """Whether a pattern repeats what can itself be read in several ways: (a+)+ or (a|aa)*."""
    if _NESTED.search(pattern[:400]):
        inner = _NESTED.search(pattern[:400])
        # (b+c)* is harmless: what ends each round is not what is repeated in it.
        return inner is not None and inner.group(0)[1:].rpartition(")")[0][-1:] in "+*}"
    for found in _REPEATED_CHOICE.finditer(pattern[:400]):
        ways = found.group(1).split("|")
        if any(one != other and other.startswith(one) for one in ways for other in ways):
            return True
    return False
