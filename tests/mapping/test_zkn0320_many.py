"""A klantcontact that says tens of thousands of things no field holds is read, written and compared in linear time.

Each has a number of which the square takes minutes; a message may have 50,000 elements.
"""

from collections.abc import Callable
from copy import deepcopy

import pytest
from lxml import etree

from conftest import ROOT, cpu_seconds
from stuf_klantcontact.mapping.zkn0320 import bijzonderheden, changes, elements, reading
from stuf_klantcontact.names import STUF0302, ZKN0320, qname

EXAMPLE = ROOT / "fixtures" / "klc" / "klcLk01" / "valid" / "alles-van-de-standaard.xml"


def example() -> etree._Element:
    found = etree.parse(EXAMPLE).getroot().find(".//{*}object")
    assert found is not None
    return found


def one(klc: etree._Element, local: str) -> etree._Element:
    found = klc.find(f".//{{*}}{local}")
    assert found is not None
    return found


def handelsnamen(klc: etree._Element) -> None:
    first = one(klc, "handelsnaam")
    for number in range(2_000):
        another = etree.Element(first.tag)
        another.text = f"Naam {number}"
        first.addnext(another)


def extra_elementen(klc: etree._Element) -> None:
    group = one(klc, "extraElementen")
    for number in range(5_000):
        etree.SubElement(group, qname(STUF0302, "extraElement"), naam=f"naam{number}").text = "ja"


def documents(klc: etree._Element) -> None:
    for number in range(700):
        relation = etree.SubElement(klc, qname(ZKN0320, "heeftRelevant"))
        relation.set(elements.ENTITEITTYPE, "KLCIOB")
        related = etree.SubElement(relation, qname(ZKN0320, "gerelateerde"))
        related.set(elements.ENTITEITTYPE, "IOB")
        etree.SubElement(related, qname(ZKN0320, "informatieobjectidentificatie")).text = f"D{number}"
        etree.SubElement(related, qname(ZKN0320, "titel")).text = "Brief"


def unknown(klc: etree._Element) -> None:
    for number in range(2_000):
        etree.SubElement(klc, qname(ZKN0320, f"onbekend{number}")).text = "ja"


@pytest.mark.parametrize("add", [handelsnamen, extra_elementen, documents, unknown])
def test_what_no_field_holds_costs_as_much_as_there_is_of_it(add: Callable[[etree._Element], None]) -> None:
    before, after = example(), example()
    if after.find("{*}extraElementen") is None:
        bijzonderheden.insert(after, etree.Element(qname(STUF0302, "extraElementen")))
    add(after)
    with cpu_seconds(3):
        read = reading.klantcontact(after)
        written = elements.klc(read)
        again = reading.klantcontact(deepcopy(written))
        changes.pair(elements.klc(reading.klantcontact(before)), written)
    kept, kept_again = (
        {path for path in both.bijzonderheden if "@" not in path}  # keys are those of whoever sends it
        for both in (read, again)
    )
    assert kept == kept_again
    assert (again.extra, again.documenten) == (read.extra, read.documenten)
    assert max(len(kept), len(read.extra), len(read.documenten)) > 500


def test_what_is_added_in_one_go_stands_where_it_would_one_by_one() -> None:
    names = ("toelichting", "isGevoerdDoor", "kanaal", "onbekend", "heeftRelevant", "kanaal", "identificatie")
    at_once, one_by_one = example(), example()
    bijzonderheden.insert(at_once, *(etree.Element(qname(ZKN0320, name), number="1") for name in names))
    for name in names:
        bijzonderheden.insert(one_by_one, etree.Element(qname(ZKN0320, name), number="1"))
    assert etree.tostring(at_once) == etree.tostring(one_by_one)


def test_every_namesake_is_put_back_where_it_stood() -> None:
    klc = example()
    first = one(klc, "handelsnaam")
    for name in ("Twee", "Drie", "Vier"):
        another = deepcopy(first)
        another.text = name
        [first, *first.itersiblings(first.tag)][-1].addnext(another)
    names = [element.text for element in klc.iter(first.tag)]
    assert len(names) > 3
    written = elements.klc(reading.klantcontact(klc))
    assert [element.text for element in written.iter(first.tag)] == names
