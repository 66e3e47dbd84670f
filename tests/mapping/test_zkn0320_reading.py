"""klcLk01 and iobLk01 in: what we say is understood as it was meant, and what others say is not lost."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lxml import etree

from conftest import ROOT
from mapping.contacten import facts, judge, messages
from mapping.test_zkn0320 import NS, check, document, header, record
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.mapping.zkn0320 import elements, reading, records
from stuf_klantcontact.names import BG0320, STUF0302, ZKN0320, qname
from stuf_klantcontact.rgbz import DocumentInhoud, Klantcontact, ZaakFeiten
from stuf_klantcontact.settings import KANAAL_BIJ_TYPE
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.testing import cast

TYPES = {kanaal: kind for kind, kanaal in KANAAL_BIJ_TYPE.items()}
KLC_FIXTURES = sorted((ROOT / "fixtures" / "klc").glob("klc[LS]a[0-9][0-9]/valid/*.xml")) + sorted(
    (ROOT / "fixtures" / "klc").glob("klcLk*/valid/*.xml")
)
IOB_FIXTURES = sorted((ROOT / "fixtures" / "klc").glob("iobLk0*/valid/*.xml"))
COLUMNS = (
    *("identificatie", "verantwoordelijke_organisatie", "datum_tijd", "type", "kanaal", "onderwerp", "toelichting"),
    *("groep", "effect", "opvoerder", "medewerker", "partij", "partij_herkomst", "uitkomst", "afspraken", "extra"),
    "bijzonderheden",
)


def columns(found: Klantcontact) -> dict[str, Any]:
    return {name: getattr(found, name) for name in COLUMNS}


def c14n(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def through(element: etree._Element) -> etree._Element:
    """As it arrives: through bytes."""
    return etree.fromstring(etree.tostring(element))


def again(element: etree._Element) -> Klantcontact:
    huidig = zkn0320.read(through(element)).huidig
    assert huidig is not None
    return zkn0320.klantcontact(huidig, types=TYPES)


@profile(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(messages(), facts())
def test_a_contact_that_is_accepted_reads_back_as_the_same_record(
    message: etree._Element, zaak: ZaakFeiten
) -> None:
    judged = judge(message, zaak)
    if judged.record is None:
        event("refused")
        return
    found = judged.record
    event(found.groep)
    whole = found.groep == "persoonlijk"
    if whole:
        sent = zkn0320.klc_lk01(found, header=header("KLC"))
        assert columns(again(sent)) == columns(found)
    # A contact of any group goes into an answer and into an export.
    answer = through(zkn0320.klc(found))
    read = reading.klantcontact(answer)
    assert columns(zkn0320.klantcontact(read, types=TYPES)) == columns(found)
    assert c14n(elements.klc(replace(read, verwerkingssoort=""))) == c14n(answer)
    opvoering = zkn0320.opvoering(read, types=TYPES)
    assert opvoering.zaakidentificatie == (found.zaak.identificatie if found.zaak else "")
    assert opvoering.contactpartij == found.partij
    assert opvoering.opvoerder == found.opvoerder
    assert opvoering.richting == judged.opvoering.richting


def klc_objects(path: Path) -> list[etree._Element]:
    return list(etree.parse(str(path)).getroot().iter("{*}object"))


def without_keys(element: etree._Element) -> etree._Element:
    """Keys between two systems are kept, and not told to a third; numbers inside one message are its own."""
    found = deepcopy(element)
    for entity in found.iter(etree.Element):
        for name in ("sleutelVerzendend", "sleutelOntvangend", "sleutelSynchronisatie"):
            entity.attrib.pop(name, "")
    return found


def flat(element: etree._Element) -> list[tuple[str, dict[str, str], str]]:
    """An element without the white space between its elements, and with its extraElementen in the order of names."""
    for group in element.iter(qname(STUF0302, "extraElementen")):
        group[:] = sorted(group, key=lambda item: str(item.get("naam")))
    return [
        (item.tag, dict(item.attrib), (item.text or "") if not len(item) else "")
        for item in element.iter(etree.Element)
    ]


@pytest.mark.parametrize("path", KLC_FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_klantcontact_that_is_read_is_written_as_it_was(path: Path) -> None:
    for element in klc_objects(path):
        gegevens = reading.klantcontact(element)
        assert flat(without_keys(elements.klc(gegevens, tag=element.tag))) == flat(without_keys(element))


@pytest.mark.parametrize("path", IOB_FIXTURES, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_document_that_is_read_is_written_as_it_was(path: Path) -> None:
    for element in klc_objects(path):
        assert flat(without_keys(elements.iob(reading.informatieobject(element)))) == flat(without_keys(element))
