"""The zaak messages that others published, read from the folder `shared` beside the project, and made ours to send.

Nothing of them is in the project. What the golden files say of a zaak is its numbers, dates and codes; every text
and everything about a person stands there as the beginning of its SHA-256: among the names are some that real
people have.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from lxml import etree

from conftest import SHARED
from stuf_klantcontact.names import STUF0301, qname
from stuf_klantcontact.rgbz import Zaak
from stuf_klantcontact.tijdstip import AMSTERDAM

MESSAGES = SHARED / "messages"
OFFICIAL = SHARED / "standards" / "zds0120"
OPERATIONS = ("zakLk01", "zakLk02", "creeerZaak_ZakLk01", "updateZaak_ZakLk01", "actualiseerZaakstatus_ZakLk01")
ANSWERS = ("zakLa01", "geefZaakdetails_ZakLa01")


def published(*roots: str, valid: bool) -> list[Path]:
    """The messages with one of these roots on which lxml and Xerces gave that verdict."""
    index = MESSAGES / "index.tsv"
    found = []
    for line in index.read_text(encoding="utf-8").splitlines() if index.is_file() else ():
        file, root, _, _, verdict, *_ = line.split("\t")
        if root in roots and (verdict == "yes") is valid:
            found.append(MESSAGES / file)
    return sorted(found)


def message_in(path: Path) -> etree._Element:
    """The StUF message in a file, out of whatever envelope."""
    root = etree.parse(str(path)).getroot()
    names = (*OPERATIONS, *ANSWERS, "zdsZakLk01")
    message = next(e for e in root.iter(etree.Element) if etree.QName(e).localname in names)
    return etree.fromstring(etree.tostring(message, with_tail=False))


def stamped(path: Path) -> etree._Element:
    """The zaak message in a file, as our zaaksysteem would send it now."""
    message = message_in(path)
    ours = {"zender": "ZAAKSYSTEEM", "ontvanger": "KLANTCONTACT"}
    for element in message.findall("{*}stuurgegevens/*"):
        local = etree.QName(element).localname
        if local in ours:
            for child in list(element):
                element.remove(child)
            etree.SubElement(element, qname(STUF0301, "organisatie")).text = "0518"
            etree.SubElement(element, qname(STUF0301, "applicatie")).text = ours[local]
        elif local == "referentienummer":
            element.text = path.stem[:40]
        elif local == "tijdstipBericht":
            element.text = "20261122101500000"
    return message


def said(zaak: Zaak) -> dict[str, Any]:
    """What is stored of a zaak, as the golden files have it."""
    return {
        "zaak": {
            "identificatie": zaak.identificatie,
            "omschrijving": hashed(zaak.omschrijving),
            "zaaktype": zaak.zaaktype,
            "zaaktype_omschrijving": hashed(zaak.zaaktype_omschrijving),
            **{
                name: value.isoformat() if value else None
                for name in ("startdatum", "registratiedatum", "einddatum")
                for value in [getattr(zaak, name)]
            },
            "onvolledig": zaak.onvolledig,
        },
        "statussen": sorted(
            (
                {
                    "volgnummer": status.volgnummer,
                    "datum_status_gezet": status.datum_status_gezet.astimezone(AMSTERDAM).isoformat(),
                    "omschrijving": hashed(status.omschrijving),
                    "toelichting": hashed(status.toelichting),
                    "vervallen": status.vervallen,
                }
                for status in zaak.statussen
            ),
            key=str,
        ),
        "betrokkenen": sorted(
            (
                {
                    "rol": betrokkene.rol,
                    "soort": betrokkene.soort,
                    "identificatie": hashed(betrokkene.identificatie),
                    "naam": hashed(betrokkene.naam),
                    "emailadres": hashed(betrokkene.emailadres),
                    "gegevens": {name: hashed(value) for name, value in sorted(betrokkene.gegevens.items())},
                }
                for betrokkene in zaak.betrokkenen
            ),
            key=str,
        ),
    }


def hashed(text: str) -> str:
    """The beginning of the SHA-256 of a text; nothing of nothing."""
    return f"sha256:{sha256(text.encode()).hexdigest()[:12]}" if text else ""


def stories() -> dict[str, list[Path]]:
    """The valid messages about each zaak that has more than one: what makes it known first, then by name."""
    found: dict[str, list[Path]] = {}
    for path in published(*OPERATIONS, valid=True):
        found.setdefault(_about(path), []).append(path)
    return {zaak: sorted(paths, key=_order) for zaak, paths in found.items() if len(paths) > 1}


def _order(path: Path) -> tuple[bool, str]:
    return ("T" not in _texts(message_in(path), "mutatiesoort"), path.name)


def _about(path: Path) -> str:
    objects = [e for e in message_in(path).iter(etree.Element) if etree.QName(e).localname == "object"]
    return next(_texts(objects[-1], "identificatie"))


def _texts(element: etree._Element, local: str) -> Iterator[str]:
    return ((e.text or "").strip() for e in element.iter(etree.Element) if etree.QName(e).localname == local)
