"""What is valid in our contract is valid with the official sets, and what these refuse we refuse too."""

from pathlib import Path

import pytest
from lxml import etree

from conftest import ROOT
from contract.official import errors, klc_schema, stuf0301_schema
from stuf_klantcontact import contract
from stuf_klantcontact.names import STUF0301, STUF0302

FIXTURES = ROOT / "fixtures" / "klc"
VALID = sorted(FIXTURES.glob("*/valid/*.xml"))
INVALID = sorted(FIXTURES.glob("*/invalid/*.xml"))

OURS_ALONE = {
    "entiteittype-van-andere-relatie": "libxml2 overlooks a fixed value on an attribute that is referred to",
    "entiteittype-zonder-namespace": None,
    "vestiging-voor-natuurlijk-persoon": None,
    "zonder-identificatie": "the -basis types leave every element optional, for the koppelvlak to restrict",
}
"""Fixtures that only our restriction refuses, with the reason; None where the official set refuses them as well."""

SYSTEMS = """<StUF:zender><StUF:organisatie>0518</StUF:organisatie><StUF:applicatie>KLANTCONTACT</StUF:applicatie>
  </StUF:zender><StUF:ontvanger><StUF:applicatie>MIJNZAKEN</StUF:applicatie><StUF:administratie>prod</StUF:administratie>
  <StUF:gebruiker>mijnzaken</StUF:gebruiker></StUF:ontvanger>"""
BODY = """<StUF:body><StUF:code>StUF055</StUF:code><StUF:plek>client</StUF:plek>
  <StUF:omschrijving>Berichtbody is niet conform schema</StUF:omschrijving>
  <StUF:details>3 bevindingen</StUF:details>
  <StUF:detailsXML><kc:bevindingen xmlns:kc="urn:stuf-klantcontact:koppelvlak:0100"/></StUF:detailsXML>
  </StUF:body>"""


@pytest.fixture(scope="module")
def ours() -> contract.Contract:
    return contract.load()


def message(path: Path) -> etree._Element:
    root = etree.parse(str(path)).getroot()
    body = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    return root if body is None else etree.fromstring(etree.tostring(body[0]))


def stuf(namespace: str, code: str, *, moment: str, full: bool, content: str = "") -> etree._Element:
    header = f"<StUF:berichtcode>{code}</StUF:berichtcode>"
    if full:
        header += f"""{SYSTEMS}<StUF:referentienummer>KC-1</StUF:referentienummer>
          <StUF:tijdstipBericht>{moment}</StUF:tijdstipBericht><StUF:crossRefnummer>MZ-1</StUF:crossRefnummer>"""
    return etree.fromstring(
        f"""<StUF:{code}Bericht xmlns:StUF="{namespace}"><StUF:stuurgegevens>{header}</StUF:stuurgegevens>{content}
        </StUF:{code}Bericht>"""
    )


def test_there_are_fixtures_of_every_message_we_send() -> None:
    assert {path.parent.parent.name for path in VALID} == {"klcLk01", "iobLk01"}


@pytest.mark.parametrize("path", VALID, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_valid_kennisgeving_is_valid_with_the_official_set(path: Path, ours: contract.Contract) -> None:
    sent = message(path)
    assert ours.violations(sent) == []
    assert errors(klc_schema(), sent) == []


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_what_the_official_set_refuses_we_refuse(path: Path, ours: contract.Contract) -> None:
    sent = message(path)
    assert ours.violations(sent)
    refused_officially = bool(errors(klc_schema(), sent))
    assert refused_officially == (OURS_ALONE.get(path.stem) is None)


@pytest.mark.parametrize("code", ["Bv03", "Bv04"])
def test_our_confirmation_of_stuf_0301_is_official(code: str, ours: contract.Contract) -> None:
    sent = stuf(STUF0301, code, moment="20261122101500123", full=True)
    assert ours.violations(sent) == []
    assert errors(stuf0301_schema(), sent) == []


@pytest.mark.parametrize("code", ["Fo01", "Fo02", "Fo03"])
def test_our_fault_of_stuf_0301_is_official(code: str, ours: contract.Contract) -> None:
    sent = stuf(STUF0301, code, moment="20261122101500123", full=code != "Fo02", content=BODY)
    assert ours.violations(sent) == []
    assert errors(stuf0301_schema(), sent) == []


def test_our_confirmation_of_stuf_0302_is_official(ours: contract.Contract) -> None:
    sent = stuf(STUF0302, "Bv03", moment="", full=False, content="<StUF:intermediair>N</StUF:intermediair>")
    assert ours.violations(sent) == []
    assert errors(klc_schema(), sent) == []


@pytest.mark.parametrize("code", ["Fo01", "Fo02", "Fo03"])
def test_our_fault_of_stuf_0302_is_official(code: str, ours: contract.Contract) -> None:
    moment = "2026-11-22T10:15:00.123+01:00"
    sent = stuf(STUF0302, code, moment=moment, full=code != "Fo02", content=BODY)
    assert ours.violations(sent) == []
    assert errors(klc_schema(), sent) == []


@pytest.mark.parametrize(
    ("namespace", "old", "new"),
    [
        (STUF0301, "client<", "Client<"),
        (STUF0301, "StUF055", "StUF0055"),
        (STUF0301, "20261122101500123", "2026-11-22"),
        (STUF0301, "MIJNZAKEN", "MZ"),
        (STUF0302, "2026-11-22T10:15:00.123+01:00", "20261122101500123"),
        (STUF0302, "client<", "Client<"),
    ],
)
def test_a_wrong_fault_is_wrong_for_both(namespace: str, old: str, new: str, ours: contract.Contract) -> None:
    moment = "20261122101500123" if namespace == STUF0301 else "2026-11-22T10:15:00.123+01:00"
    text = etree.tostring(stuf(namespace, "Fo03", moment=moment, full=True, content=BODY)).decode()
    assert old in text
    broken = etree.fromstring(text.replace(old, new))
    assert ours.violations(broken)
    assert errors(stuf0301_schema() if namespace == STUF0301 else klc_schema(), broken)
