"""StUF rules about stuurgegevens: what each berichtsoort must and may not have, and in what form.

StUF 03.01 §4.1 to §4.4 and table 5.1; stuf-facts §2.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from stuf_klantcontact import tijdstip
from stuf_klantcontact.errors import Text, Violation
from stuf_klantcontact.fouten import Fout
from stuf_klantcontact.names import STUF0302
from stuf_klantcontact.validation.bericht import KNOWN_CODES, Bericht
from stuf_klantcontact.validation.places import finding

REFERENTIENUMMER_LENGTH: Final = 40
_IDENTITY: Final = ("zender", "ontvanger", "referentienummer", "tijdstipBericht")
_RULES: Final = {"referentienummer": "StUF-REFERENTIENUMMER", "tijdstipBericht": "StUF-TIJDSTIPBERICHT"}


@cache
def demands(code: str, *, stuf0302: bool) -> tuple[tuple[str, ...], frozenset[str]]:
    """(mandatory, forbidden) elements of the stuurgegevens of a berichtcode (stuf-facts §2.2)."""
    kind, number = code[:2], int(code[2:])
    even = number % 2 == 0
    if code in ("Bv02", "Fo02") or (code == "Bv03" and stuf0302):
        return (), frozenset((*_IDENTITY, "crossRefnummer", "entiteittype", "functie"))
    if kind in ("Bv", "Fo"):
        return (*_IDENTITY, "crossRefnummer"), frozenset(("entiteittype", "functie"))
    if kind == "Tr":
        return _IDENTITY, frozenset(("crossRefnummer", "entiteittype", "functie"))
    if kind == "Du":
        return ((*_IDENTITY, "crossRefnummer", "functie") if number == 1 else ()), frozenset(("entiteittype",))
    if code in ("Di01", "Lk03"):
        return (*_IDENTITY, "functie"), frozenset(("crossRefnummer", "entiteittype"))
    if code in ("Di02", "Lk04"):
        return (("functie",) if kind == "Lk" else ()), frozenset(("crossRefnummer", "entiteittype"))
    if kind == "La":
        return ((*_IDENTITY, "crossRefnummer", "entiteittype") if even else ("entiteittype",)), frozenset(
            ("functie",)
        )
    asynchronous = {"Lk": not even, "Lv": even, "Sa": not even, "Sh": not even}[kind]
    forbidden = ("functie",) if kind in ("Sa", "Sh") and number < 3 else ("functie", "crossRefnummer")
    return ((*_IDENTITY, "entiteittype") if asynchronous else ("entiteittype",)), frozenset(forbidden)


def check(bericht: Bericht, *, now: datetime) -> Iterator[Violation]:
    """Everything that is wrong with the header."""
    root, code = bericht.root, bericht.code
    element = bericht.header.get("berichtcode", bericht.stuurgegevens)
    if code and code not in KNOWN_CODES:
        yield finding(
            Fout.StUF022.name,
            element,
            root=root,
            value=code,
            message=Fout.StUF022.situation,
            hint=Text("Gebruik een berichtcode uit StUF 03.01 §4.1.", "Use a berichtcode of StUF 03.01 §4.1."),
            expected=bericht.named or None,
        )
    elif code and bericht.named in KNOWN_CODES and code != bericht.named:
        yield finding(
            "StUF-BERICHTCODE",
            element,
            root=root,
            value=code,
            message=Text(
                "De berichtcode past niet bij de naam van het bericht.",
                "The berichtcode does not fit the name of the message.",
            ),
            hint=Text(f"Stuur {bericht.named}.", f"Send {bericht.named}."),
            expected=bericht.named,
        )
    kind = bericht.named if bericht.named in KNOWN_CODES else code
    if kind in KNOWN_CODES:
        mandatory, forbidden = demands(kind, stuf0302=bericht.stuf == STUF0302)
        for local in mandatory:
            if local not in bericht.header:
                yield _missing(bericht, local, code=kind)
        for local in sorted(forbidden & bericht.header.keys()):
            yield finding(
                "StUF-STUURGEGEVENS",
                bericht.header[local],
                root=root,
                message=Text(
                    f"Een {kind} heeft geen {local} in de stuurgegevens.",
                    f"The stuurgegevens of {kind} have no {local}.",
                ),
                hint=Text(f"Laat StUF:{local} weg.", f"Leave StUF:{local} out."),
            )
    yield from _referentienummer(bericht)
    yield from _tijdstip(bericht, now=now)


def moment(bericht: Bericht) -> datetime | None:
    """tijdstipBericht as a moment; None when absent or not one."""
    try:
        return tijdstip.parse(bericht.text("tijdstipBericht"))
    except ValueError:
        return None


def _missing(bericht: Bericht, local: str, *, code: str) -> Violation:
    return finding(
        _RULES.get(local, "StUF-STUURGEGEVENS"),
        bericht.stuurgegevens,
        root=bericht.root,
        message=Text(
            f"In de stuurgegevens van een {code} ontbreekt {local}.",
            f"The stuurgegevens of {code} lack {local}.",
        ),
        hint=Text(f"Vul StUF:{local}.", f"Fill StUF:{local}."),
        expected=f"StUF:{local}",
    )


def _referentienummer(bericht: Bericht) -> Iterator[Violation]:
    element = bericht.header.get("referentienummer")
    if element is None:
        return
    length = len((element.text or "").strip())
    if not 0 < length <= REFERENTIENUMMER_LENGTH:
        yield finding(
            "StUF-REFERENTIENUMMER",
            element,
            root=bericht.root,
            value=element.text or "",
            message=Text("Het referentienummer is leeg.", "The referentienummer is empty.")
            if not length
            else Text("Het referentienummer is te lang.", "The referentienummer is too long."),
            hint=Text(
                "Geef elk bericht een eigen nummer van 1 tot 40 tekens; een UUID past.",
                "Give every message a number of its own of 1 to 40 characters; a UUID fits.",
            ),
            expected=f"1-{REFERENTIENUMMER_LENGTH}",
        )


def _tijdstip(bericht: Bericht, *, now: datetime) -> Iterator[Violation]:
    element = bericht.header.get("tijdstipBericht")
    if element is None:
        return
    raw = (element.text or "").strip()
    try:
        said = tijdstip.parse(raw)
    except ValueError:
        example = "2026-11-22T10:12:00.000+01:00" if bericht.stuf == STUF0302 else "20261122101200000"
        yield finding(
            "StUF-TIJDSTIPBERICHT",
            element,
            root=bericht.root,
            value=raw,
            message=Text("tijdstipBericht is geen bestaand tijdstip.", "tijdstipBericht is not a real moment."),
            hint=Text(f"Stuur een tijdstip als {example}.", f"Send a moment such as {example}."),
            expected=example,
        )
        return
    if said > now + timedelta(days=1):
        yield finding(
            "StUF-TIJDSTIPBERICHT",
            element,
            root=bericht.root,
            value=raw,
            severity="warning",
            message=Text("tijdstipBericht ligt in de toekomst.", "tijdstipBericht is in the future."),
            hint=Text(
                "Controleer de klok van de zender: elk volgend bericht moet een later tijdstip hebben (StUF019).",
                "Check the clock of the zender: every next message must have a later moment (StUF019).",
            ),
        )
