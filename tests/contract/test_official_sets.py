"""What is valid in our contract is valid with the official sets, and what these refuse we refuse too."""

from pathlib import Path

import pytest
from lxml import etree

from conftest import ROOT
from contract.official import errors, kc_schema, klc_schema
from stuf_klantcontact import contract
from stuf_klantcontact.names import KC, KLC, STUF0301, STUF0302, WSDL, qname

FIXTURES = ROOT / "fixtures"
VALID = sorted(FIXTURES.glob("k*/*/valid/*.xml"))
INVALID = sorted(FIXTURES.glob("klc/*/invalid/*.xml"))
KC_MESSAGES = {
    f"{operation}_{code}"
    for operation in ("voegKlantcontactToe", "wijzigKlantcontact", "verwijderKlantcontact")
    for code in ("Di01", "Di02", "Du01", "Du02")
}
KLC_MESSAGES = {
    *(f"klc{code}" for code in ("Lk01", "Lk02", "Lv01", "La01", "Sa01", "Sa02", "Sa03", "Sa04")),
    *("iobLk01", "iobLk02", "zakLv01", "zakLa01"),
}

OPEN = "the -basis types leave every element optional, for the koppelvlak to restrict"
FIXED = "libxml2 overlooks a fixed value on an attribute that is referred to"
GROUP = "every entiteit of the standard may have a verwerkingssoort; its text forbids it here"
OURS_ALONE = {
    "zonder-identificatie": OPEN,
    "zonder-sortering": "table 6.1 of the standard demands it, its schema does not",
    "zonder-referentienummer-synchroon": "optional in a synchronous message of StUF; without it no retry is safe",
    "selectie-op-toelichting": "what may be selected on is for the koppelvlak to say",
    "entiteittype-van-andere-relatie": FIXED,
    "entiteittype-van-klantcontact": FIXED,
    "entiteittype-van-klantcontact-lk01": OPEN,
    "entiteittype-van-klantcontact-lk02": OPEN,
    "verwerkingssoort-in-vraag": GROUP,
    "verwerkingssoort-in-antwoord": GROUP,
    "verwerkingssoort-t-sa03": GROUP,
    "verwerkingssoort-t-sa04": GROUP,
}
"""Fixtures that only our restriction refuses, with the reason."""

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


def schema_of(sent: etree._Element) -> etree.XMLSchema:
    return kc_schema() if etree.QName(sent).namespace in (KC, STUF0301) else klc_schema()


def test_there_are_fixtures_of_every_message_of_both_koppelvlakken() -> None:
    roots = [etree.QName(message(path)) for path in VALID]
    assert {root.localname for root in roots if root.namespace == KLC} == KLC_MESSAGES
    assert {root.localname for root in roots if root.namespace == KC} == KC_MESSAGES
    assert {root.namespace for root in roots if root.localname == "Tr01Bericht"} == {STUF0301, STUF0302}


def test_the_wsdls_name_these_messages_and_the_confirmations(ours: contract.Contract) -> None:
    for namespace, messages in ((KC, KC_MESSAGES), (KLC, KLC_MESSAGES)):
        named = set()
        for name, data in ours.files().items():
            root = etree.fromstring(data)
            if name.endswith(".wsdl") and root.get("targetNamespace") == namespace:
                named |= {part.get("element", "") for part in root.iter(f"{{{WSDL}}}part")}
        prefix = "kc" if namespace == KC else "klc"
        stuf = {f"StUF:{code}Bericht" for code in ("Bv01", "Bv02", "Bv03", "Fo01", "Fo02", "Fo03", "Tr01")}
        assert named == {f"{prefix}:{local}" for local in messages} | stuf


@pytest.mark.parametrize("path", VALID, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_valid_message_is_valid_with_the_official_set(path: Path, ours: contract.Contract) -> None:
    sent = message(path)
    assert ours.violations(sent) == []
    assert errors(schema_of(sent), sent) == []


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_what_the_official_set_refuses_we_refuse(path: Path, ours: contract.Contract) -> None:
    sent = message(path)
    assert ours.violations(sent)
    refused_officially = bool(errors(klc_schema(), sent))
    assert refused_officially == (OURS_ALONE.get(path.stem) is None)


@pytest.mark.parametrize("code", ["Bv01", "Bv03", "Bv04"])
def test_our_confirmation_of_stuf_0301_is_official(code: str, ours: contract.Contract) -> None:
    sent = stuf(STUF0301, code, moment="20261122101500123", full=True)
    assert ours.violations(sent) == []
    assert errors(kc_schema(), sent) == []


@pytest.mark.parametrize("code", ["Fo01", "Fo02", "Fo03"])
def test_our_fault_of_stuf_0301_is_official(code: str, ours: contract.Contract) -> None:
    sent = stuf(STUF0301, code, moment="20261122101500123", full=code != "Fo02", content=BODY)
    assert ours.violations(sent) == []
    assert errors(kc_schema(), sent) == []


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("Bv01", "<StUF:melding>Verwerkt</StUF:melding>"),
        ("Bv02", "<StUF:melding>Verwerkt</StUF:melding>"),
        ("Bv03", "<StUF:intermediair>N</StUF:intermediair>"),
    ],
)
def test_our_confirmation_of_stuf_0302_is_official(code: str, content: str, ours: contract.Contract) -> None:
    moment = "2026-11-22T10:15:00.123+01:00"
    sent = stuf(STUF0302, code, moment=moment, full=code == "Bv01", content=content)
    assert ours.violations(sent) == []
    assert errors(klc_schema(), sent) == []


def test_our_synchronous_confirmation_of_stuf_0301_is_official(ours: contract.Contract) -> None:
    sent = stuf(STUF0301, "Bv02", moment="", full=False, content="<StUF:melding>Verwerkt</StUF:melding>")
    assert ours.violations(sent) == []
    assert errors(kc_schema(), sent) == []


def test_a_file_of_messages_is_official_and_its_messages_are_judged(ours: contract.Contract) -> None:
    """Of StUF 03.01 the schema wants children called bericht, against its own text: only ours is asked there."""
    path = FIXTURES / "klc" / "klcLk01" / "valid" / "met-natuurlijk-persoon.xml"
    asynchronous = FIXTURES / "kc" / "wijzigKlantcontact" / "valid" / "partij-toegevoegd-asynchroon.xml"
    for namespace, held, official in (
        (STUF0302, message(path), (klc_schema(),)),
        (STUF0301, message(asynchronous), ()),
    ):
        file = etree.Element(qname(namespace, "StUF-berichtenSet"))
        assert ours.valid(file)
        file.append(held)
        assert ours.violations(file) == []
        assert [errors(schema, file) for schema in official] == [[] for _ in official]
        held.append(etree.Element(qname("urn:elders", "toevoegsel")))
        assert [violation.rule for violation in ours.violations(file)] == ["XSD-UNEXPECTED"]


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
    assert errors(kc_schema() if namespace == STUF0301 else klc_schema(), broken)
