"""Which of the errors of soort 3 a message makes, by its namespaces, its name and its stuurgegevens."""

import pytest
from lxml import etree

from stuf_klantcontact import stuurgegevens
from stuf_klantcontact.intake import about, soort3
from stuf_klantcontact.names import BG0310, GFOZAKEN, KC, KLC, STUF0301, STUF0302, ZDS0120, ZKN0310, qname, split
from stuf_klantcontact.stuurgegevens import Header, Systeem
from stuf_klantcontact.validation.bericht import KNOWN_CODES

ASYNC, SYNC, VRAAG = "OntvangAsynchroon", "VerwerkSynchroonVrijBericht", "BeantwoordVraag"


def message(
    tag: str, *, code: str = "", entiteittype: str = "", functie: str = "", stuf: str = ""
) -> etree._Element:
    """A message of that name with these stuurgegevens."""
    root = etree.Element(tag)
    version = stuf or (STUF0302 if split(tag)[0] in (KLC, STUF0302) else STUF0301)
    header = Header(
        berichtcode=code,
        zender=Systeem("0518", "MIJNZAKEN"),
        referentienummer="1",
        entiteittype=entiteittype,
        functie=functie,
    )
    written = STUF0302 if version == STUF0302 else STUF0301
    part = stuurgegevens.write(header, tag=qname(split(tag)[0] or written, "stuurgegevens"), namespace=written)
    for child in part.iter(etree.Element):
        child.tag = child.tag.replace(written, version)
    root.append(part)
    return root


def refused(element: etree._Element, *, port: str) -> list[str]:
    """The codes of what intake would find."""
    found = soort3.versions(element)
    if not found and (element.tag not in about.OPERATIONS or about.OPERATIONS[element.tag].port != port):
        found = soort3.unsupported(element, stuurgegevens.read(element), port=port)
    elif not found:
        found = [*soort3.header(element, stuurgegevens.read(element))]
    return [finding.fout.name for finding in found]


@pytest.mark.parametrize(
    ("namespace", "nearest"),
    [
        ("http://www.egem.nl/StUF/StUF0204", "0301"),
        ("http://www.egem.nl/StUF/StUF0300", "0301"),
        ("http://www.stufstandaarden.nl/onderlaag/stuf0303", "0302"),
    ],
)
def test_another_version_of_stuf_is_told_the_nearest(namespace: str, nearest: str) -> None:
    in_header = message(qname(KC, "voegKlantcontactToe_Di02"), code="Di02", stuf=namespace)
    (finding,) = soort3.versions(in_header)
    assert (finding.fout.name, finding.violation.expected) == ("StUF001", nearest)
    assert refused(message(qname(namespace, "Bv01Bericht"), code="Bv01"), port=ASYNC) == ["StUF001"]


@pytest.mark.parametrize("namespace", [BG0310, "urn:iets", "http://www.egem.nl/StUF/sector/ZKN/0310", ""])
def test_another_sectormodel_is_not_supported(namespace: str) -> None:
    tag = qname(namespace, "npsLk01") if namespace else "npsLk01"
    assert refused(message(tag, code="Lk01", entiteittype="NPS"), port=ASYNC) == ["StUF004"]


@pytest.mark.parametrize(
    ("namespace", "nearest"),
    [
        ("http://www.egem.nl/StUF/sector/zkn/0300", "0310"),
        ("http://www.egem.nl/StUF/sector/zkn/0311", "0310"),
        ("http://www.stufstandaarden.nl/koppelvlak/zds0121", "0120"),
        (KC.replace("0100", "0200"), "0100"),
        (KLC.replace("0320", "0330"), "0320"),
    ],
)
def test_another_version_of_a_sectormodel_is_told_the_nearest(namespace: str, nearest: str) -> None:
    (finding,) = soort3.versions(message(qname(namespace, "zakLk01"), code="Lk01", entiteittype="ZAK"))
    assert (finding.fout.name, finding.violation.expected) == ("StUF007", nearest)


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (message(qname(ZKN0310, "zakLk01"), code="Lk99", entiteittype="ZAK"), "StUF022"),
        (message(qname(KC, "voegKlantcontactToe_Di02"), code="Xx02"), "StUF022"),
        (message(qname(ZKN0310, "zakQq01"), code="Qq01"), "StUF022"),
        (message(qname(KC, "voegKlantcontactToe_Di01"), code="Lk01"), "StUF040"),
        (message(qname(ZKN0310, "zakLk05"), code="Lk05", entiteittype="ZAK"), "StUF025"),
        (message(qname(ZKN0310, "zakSh01"), code="Sh01", entiteittype="ZAK"), "StUF025"),
        (message(qname(STUF0301, "Bv04Bericht"), code="Bv04"), "StUF025"),
        (message(qname(KLC, "klcLv03"), code="Lv03", entiteittype="KLC"), "StUF025"),
        (message(qname(KC, "voegKlantcontactToe_Du01"), code="Du01"), "StUF025"),
        (message(qname(KLC, "klcLv02"), code="Lv02", entiteittype="KLC"), "StUF124"),
        (message(qname(KLC, "zakLv02"), code="Lv02", entiteittype="ZAK"), "StUF124"),
        (message(qname(ZKN0310, "xyzLk01"), code="Lk01", entiteittype="XYZ"), "StUF028"),
        (message(qname(ZKN0310, "xyzLk01"), code="Lk01"), "StUF028"),
        (message(qname(KLC, "klcLk01"), code="Lk01", entiteittype="XYZ"), "StUF028"),
        (message(qname(ZKN0310, "edcLk01"), code="Lk01", entiteittype="EDC"), "StUF031"),
        (message(qname(ZDS0120, "voegZaakdocumentToe_EdcLk01"), code="Lk01", entiteittype="EDC"), "StUF031"),
        (message(qname(KLC, "zkrLk01"), code="Lk01"), "StUF031"),
        (message(qname(KC, "bewaarKlantcontact_Di02"), code="Di02", functie="bewaarKlantcontact"), "StUF034"),
        (message(qname(KC, "voegKlantcontactToe_Di02"), code="Di02", functie="bewaarKlantcontact"), "StUF034"),
        (
            message(qname(ZDS0120, "genereerZaakIdentificatie_Di02"), functie="genereerZaakidentificatie"),
            "StUF037",
        ),
        (message(qname(KC, "voegKlantcontactToe_Di02"), code="Di02", functie="wijzigKlantcontact"), "StUF040"),
        (message(qname(KLC, "klcLk01"), code="Lk01", entiteittype="ZAK"), "StUF040"),
        (message(qname(KLC, "klcSa02"), code="Sa01", entiteittype="KLC"), "StUF040"),
        (message(qname(ZDS0120, "sluitZaak_ZakLk01"), code="Lk01", entiteittype="ZAK"), "StUF040"),
        (message(qname(GFOZAKEN, "Klantcontact")), "StUF040"),
    ],
)
def test_what_is_unknown_is_told_from_what_is_not_supported(element: etree._Element, code: str) -> None:
    operation = about.OPERATIONS.get(element.tag)
    assert refused(element, port=operation.port if operation else ASYNC) == [code]


@pytest.mark.parametrize("tag", about.OPERATIONS, ids=lambda tag: split(tag)[1])
def test_every_message_that_we_take_is_refused_on_another_port_only(tag: str) -> None:
    local = split(tag)[1].removesuffix("Bericht")
    entities = split(tag)[0] in (KLC, ZKN0310, ZDS0120)
    element = message(
        tag,
        code=local[-4:],
        entiteittype=local[-7:-4].upper() if entities else "",
        functie=local[:-5] if split(tag)[0] == KC else "",
    )
    operation = about.OPERATIONS[tag]
    assert refused(element, port=operation.port) == []
    assert refused(element, port=SYNC if operation.port != SYNC else ASYNC) == ["StUF025"]


@pytest.mark.parametrize("code", sorted(KNOWN_CODES))
def test_no_berichtcode_of_the_standard_is_unknown(code: str) -> None:
    assert "StUF022" not in refused(message(qname(KLC, f"klc{code}"), code=code, entiteittype="KLC"), port=ASYNC)


def test_what_is_absent_is_left_to_the_schema() -> None:
    assert refused(message(qname(KC, "voegKlantcontactToe_Di02")), port=SYNC) == []
    assert refused(etree.Element(qname(KLC, "klcLk01")), port=ASYNC) == []


@pytest.mark.parametrize(
    "tag",
    [
        qname(ZKN0310, "creeerZaak_ZakLk01"),
        qname(ZKN0310, "updateZaak_ZakLk01"),
        qname(ZKN0310, "actualiseerZaakstatus_ZakLk01"),
        qname(ZDS0120, "zakLk01"),
        qname(ZDS0120, "zakLk02"),
    ],
)
def test_a_message_in_a_namespace_that_does_not_have_it_is_not_taken(tag: str) -> None:
    for port in about.PORTS:
        assert refused(message(tag, code=tag[-4:], entiteittype="ZAK"), port=port) == ["StUF040"]


@pytest.mark.parametrize("port", about.PORTS)
def test_what_a_port_takes_is_told_once_and_as_it_is(port: str) -> None:
    element = message(qname(ZDS0120, "sluitZaak_ZakLk01"), code="Lk01", entiteittype="ZAK")
    (finding,) = soort3.unsupported(element, stuurgegevens.read(element), port=port)
    told = (finding.violation.expected or "").split(", ")
    assert len(told) == len(set(told))
    assert not {"ZKN:creeerZaak_ZakLk01", "ZDS:zakLk01", "ZDS:zakLk02"} & set(told)
    taken = [tag for tag, operation in about.OPERATIONS.items() if operation.port == port]
    assert {name.partition(":")[2] for name in told} == {split(tag)[1] for tag in taken}


@pytest.mark.parametrize("tag", ["{urn:iets}npsLk01", qname(ZKN0310, "creeerZaak_ZakLk01")])
def test_an_unknown_root_is_named_with_its_namespace(tag: str) -> None:
    element = message(tag, code="Lk01")
    findings = soort3.versions(element) or soort3.unsupported(element, stuurgegevens.read(element), port=ASYNC)
    assert [finding.violation.value for finding in findings] == [tag]


@pytest.mark.parametrize("word", sorted({operation.operatie for operation in about.OPERATIONS.values()}))
def test_a_sender_that_may_not_is_told_the_word_that_is_needed(word: str) -> None:
    hint = about.not_allowed(word).violation.hint
    assert hint is not None
    assert f'"{word}"' in hint.nl
    assert f'"{word}"' in hint.en
