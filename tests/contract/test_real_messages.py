"""The official set as downloaded, and messages that other systems really sent."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from conftest import ROOT, SHARED, need
from contract.official import STANDARDS
from contract.repairing import Met, repair_loop
from stuf_klantcontact import contract, validation
from stuf_klantcontact.names import STUF0301, ZKN0310, ZKN0320, qname
from stuf_klantcontact.validation.message import check_message

MESSAGES = SHARED / "messages"

RELATION = qname(ZKN0310, "isVan")
_STRUCTURE = ("XSD-MISSING", "XSD-UNEXPECTED", "XSD-ORDER", "XSD-UNKNOWN-ROOT")


def rows() -> list[dict[str, str]]:
    """The well-formed ones, with the verdicts of others."""
    index = MESSAGES / "index.tsv"
    if not index.is_file():
        return []
    with index.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in found if row["valid by Xerces"] in ("yes", "no")]


def message_of(row: dict[str, str]) -> etree._Element:
    """The message by itself: out of its envelope, and out of the detail of a fault."""
    root = etree.parse(str(MESSAGES / row["file"])).getroot()
    found = next(e for e in root.iter(etree.Element) if etree.QName(e).localname == row["root"])
    return etree.fromstring(etree.tostring(found, with_tail=False))


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> contract.SchemaSet:
    need((STANDARDS / "zds0120").is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    return contract.load_set(STANDARDS / "zds0120", cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def ours() -> contract.Contract:
    return contract.load()


def test_the_messages_are_there() -> None:
    need(MESSAGES.is_dir(), "the real messages are not in ../shared/messages")
    assert len(rows()) > 100


@pytest.mark.parametrize("row", rows(), ids=lambda row: Path(row["file"]).stem)
class TestVerdict:
    def test_it_is_that_of_xerces(self, row: dict[str, str], official: contract.SchemaSet) -> None:
        message = message_of(row)
        valid = row["valid by Xerces"] == "yes"
        assert official.valid(message) == valid
        assert (official.violations(message) == []) == valid

    def test_it_is_the_same_inside_an_envelope(self, row: dict[str, str], official: contract.SchemaSet) -> None:
        message = message_of(row)
        if message.tag not in official.roots:
            return  # the Body takes what it does not know
        alone = official.schema.validate(message)
        for namespace in ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"):
            envelope = etree.fromstring(f'<s:Envelope xmlns:s="{namespace}"><s:Body/></s:Envelope>')
            envelope[0].append(etree.fromstring(etree.tostring(message)))
            assert official.schema.validate(envelope) == alone


def test_the_columns_differ_from_libxml2_alone_only_where_it_overlooks(official: contract.SchemaSet) -> None:
    need(bool(rows()), "the real messages are not in ../shared/messages")
    overlooked = [
        row["file"]
        for row in rows()
        if official.schema.validate(message_of(row)) and not official.valid(message_of(row))
    ]
    assert overlooked == ["haarlem-014-geefLijstZaakdocumenten_ZakLv01.xml"]


def _met_by_us(message: etree._Element, held: contract.Schemas) -> Iterator[Met]:
    count = sum(1 for _ in message.iter(etree.Element))
    for violation in held.violations(message, positions=[(n, n) for n in range(count)]):
        attribute = (violation.path or "").rpartition("/@")[2] if "/@" in (violation.path or "") else None
        assert violation.line is not None
        if violation.rule in _STRUCTURE:
            yield violation.line, "structure", None
        elif attribute is not None:
            yield violation.line, "attribute", attribute.rpartition(":")[2]
        else:
            yield violation.line, "value", None


@pytest.mark.parametrize(
    "row", [row for row in rows() if row["valid by Xerces"] == "no"], ids=lambda row: Path(row["file"]).stem
)
def test_everything_that_a_repair_loop_meets_is_said_at_once(
    row: dict[str, str], official: contract.SchemaSet
) -> None:
    message = message_of(row)
    met = repair_loop(message, schema=official.schema, roots=official.roots)
    ours = set(_met_by_us(message, official))
    assert bool(met) == (row["valid against zds0120 set (lxml)"] == "no")
    assert _held_back(met, message=message, said=ours) == []


def _held_back(met: list[Met], *, message: etree._Element, said: set[Met]) -> list[Met]:
    """What the loop met and we did not say.

    Of what is in the wrong namespace with all that is in it we say so once, of the outermost.
    """
    elements = list(message.iter(etree.Element))
    numbers = {element: number for number, element in enumerate(elements)}

    def along(found: Met) -> bool:
        here = elements[found[0]]
        wrong = etree.QName(here).namespace
        above = list(here.iterancestors())
        within = [a for a in above if etree.QName(a).namespace == wrong and (numbers[a], "structure", None) in said]
        return found[1] == "structure" and bool(within)

    return [found for found in met if found not in said and not along(found)]


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "fixtures").glob("k*/*/invalid/*.xml")),
    ids=lambda path: f"{path.parent.parent.name}-{path.stem}",
)
def test_nor_does_our_own_contract_hold_anything_back(path: Path, ours: contract.Contract) -> None:
    root = etree.parse(str(path)).getroot()
    body = root.find("{*}Body")
    message = etree.fromstring(etree.tostring(root if body is None else body[0], with_tail=False))
    met = repair_loop(message, schema=ours.schema, roots=ours.roots)
    said = set(_met_by_us(message, ours))
    assert met
    assert _held_back(met, message=message, said=said) == []


def test_of_an_absent_verwerkingssoort_only_what_fits_is_offered(official: contract.SchemaSet) -> None:
    """A new zaak: its relations are new too, whatever the schema lists."""
    need(bool(rows()), "the real messages are not in ../shared/messages")
    message = next(
        message
        for message in (message_of(row) for row in rows() if row["root"].startswith("creeerZaak_ZakLk01"))
        if official.valid(message) and next(message.iter(RELATION), None) is not None
    )
    [mutatiesoort] = message.iter("{*}mutatiesoort")
    del next(message.iter(RELATION)).attrib[qname(STUF0301, "verwerkingssoort")]
    found = check_message(message, against=official, now=datetime(2026, 12, 1, tzinfo=UTC))
    [absent] = [violation for violation in found if violation.rule == "XSD-ATTRIBUTE"]
    assert mutatiesoort.text == "T"
    assert absent.expected == 'StUF:verwerkingssoort="T"'
    assert absent.hint is not None
    assert absent.hint.en == 'Add attribute StUF:verwerkingssoort: "T".'


def test_a_message_of_another_set_is_told_which(official: contract.SchemaSet) -> None:
    need(bool(rows()), "the real messages are not in ../shared/messages")
    ours = (ROOT / "fixtures/klc/klcLk01/valid/met-natuurlijk-persoon.xml").read_bytes()
    [found] = validation.validate(ours, against=official).violations
    assert found.rule == "XSD-UNKNOWN-ROOT"
    assert "stuf-klantcontact" in found.message.nl
    assert found.hint is not None
    assert found.hint.en.startswith("Validate without --schema")
    [row] = [row for row in rows() if row["file"].startswith("zaakbrug-e2e-051-")]
    other = etree.tostring(message_of(row)).replace(ZKN0310.encode(), ZKN0320.encode())
    first = validation.validate(other, against=official).violations[0]
    assert first.rule == "XSD-UNKNOWN-ROOT"
    assert "zkn0320 (RGBZ 2.0)" in first.message.nl
    assert first.hint is not None
    assert first.hint.nl.endswith(f"zet zakLk01 dan in namespace {ZKN0310}.")
