"""Zaak messages that others published land as the right zaak, statussen and betrokkenen, or are refused with why.

fixtures/golden/zaak has what is expected of each, and of all about one zaak together. After a change that is meant:
``UPDATE_GOLDEN=1 pytest tests/mapping/test_zaak_golden.py``, and read the difference.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from conftest import ROOT, need
from mapping import zaakberichten
from mapping.zaakberichten import ANSWERS, OFFICIAL, OPERATIONS, published, stamped
from stuf_klantcontact import contract, parsing, rgbz
from stuf_klantcontact.app import answering
from stuf_klantcontact.intake import Intake, Received
from stuf_klantcontact.mapping import zkn0310
from stuf_klantcontact.mapping.zkn0310 import NotAnswered
from stuf_klantcontact.names import KC, SOAP11, STUF0301, ZKN0310, qname
from stuf_klantcontact.rgbz import Zaak
from stuf_klantcontact.settings import Gateway, Limits, Settings, Zaakvraag, Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import cast

GOLDEN = ROOT / "fixtures" / "golden" / "zaak"
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
CONTRACT = contract.load()
SETTINGS = Settings(
    gateway=Gateway(organisatie="0518", rsin=cast.RSIN),
    zender={"ZAAKSYSTEEM": Zender(gebruiker="zaaksysteem", operaties=("zaken",))},
)
VALID = published(*OPERATIONS, valid=True)
INVALID = published(*OPERATIONS, "zdsZakLk01", valid=False)
STORIES = zaakberichten.stories()

Take = Callable[[Path], etree._Element]


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> contract.Schemas:
    need(OFFICIAL.is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    return contract.load_set(OFFICIAL, cache=tmp_path_factory.mktemp("sets"))


@pytest.fixture(params=["without a set", "with the official set"])
def take(request: pytest.FixtureRequest, database: Database) -> Take:
    """Send the message in a file to a gateway; gives the StUF message that it answers."""
    schemas = request.getfixturevalue("official") if request.param == "with the official set" else None
    intake = Intake(SETTINGS, database=database, contract=CONTRACT, zaak_schemas=schemas, clock=lambda: NOW)

    return lambda path: give(intake, stamped(path))


def give(intake: Intake, message: etree._Element) -> etree._Element:
    """The answer to a message, which is valid."""
    raw = b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (SOAP11.encode(), etree.tostring(message))
    envelope = parsing.read(raw, limits=Limits(), schema=CONTRACT.envelope)
    element = etree.fromstring(intake.accept(Received("OntvangAsynchroon", raw, "ZAAKSYSTEEM", envelope)).body)
    assert CONTRACT.violations(element) == []
    return element


def zaken(database: Database) -> list[Zaak]:
    """All that are stored."""
    with database.session() as session:
        query = select(Zaak).options(selectinload(Zaak.statussen), selectinload(Zaak.betrokkenen))
        return [*session.scalars(query.order_by(Zaak.identificatie))]


def golden(name: str, found: dict[str, Any]) -> None:
    """Hold what was found against the file; write the file when asked to."""
    path = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))


def test_the_messages_are_there() -> None:
    need(zaakberichten.MESSAGES.is_dir(), "the messages of others are not in ../shared/messages")
    assert len(VALID) >= 30
    assert {path.stem for path in INVALID} >= {"openforms-030-zakLk01", "ozb-036-zakLk01", "ozb-026-zdsZakLk01"}
    assert {"12340000000007", "ZK2024-00001"} <= STORIES.keys()
    expected = {path.stem for path in VALID} | {f"zaak-{zaak}" for zaak in STORIES}
    expected |= {path.stem for path in published(*ANSWERS, valid=True)} | {p.stem for p in INVALID}
    assert {path.stem for path in GOLDEN.glob("*.json")} == expected


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_message_lands(path: Path, take: Take, database: Database) -> None:
    assert take(path).tag == qname(STUF0301, "Bv03Bericht")
    (found,) = zaken(database)
    golden(path.stem, zaakberichten.said(found))


@pytest.mark.parametrize("zaak", sorted(STORIES))
def test_all_messages_about_a_zaak_make_one_zaak(zaak: str, take: Take, database: Database) -> None:
    for path in STORIES[zaak]:
        assert take(path).tag == qname(STUF0301, "Bv03Bericht")
    (found,) = zaken(database)
    assert found.versie == len(STORIES[zaak])
    golden(f"zaak-{zaak}", {"messages": [path.stem for path in STORIES[zaak]], **zaakberichten.said(found)})


def _bevindingen(fault: etree._Element) -> Iterator[dict[str, str]]:
    for bevinding in fault.iter(qname(KC, "bevinding")):
        yield {name: text for name in ("rule", "line", "path") if (text := bevinding.findtext(qname(KC, name), ""))}


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_message_is_refused_with_why_or_read_leniently(
    path: Path, take: Take, database: Database, request: pytest.FixtureRequest
) -> None:
    answer = take(path)
    refused = answer.tag == qname(STUF0301, "Fo03Bericht")
    found: dict[str, Any] = (
        {"code": answer.findtext("{*}body/{*}code"), "bevindingen": [*_bevindingen(answer)]}
        if refused
        else zaakberichten.said(zaken(database)[0])
    )
    assert bool(zaken(database)) is not refused
    which = "official" if "official" in request.node.name else "own"
    if which == "official":
        assert refused
        assert all(bevinding.get("path") for bevinding in found["bevindingen"])
    file = GOLDEN / f"{path.stem}.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    golden(path.stem, {**known, which: found})


def test_the_gateway_takes_the_set_that_is_configured(database_url: str, tmp_path: Path) -> None:
    need(OFFICIAL.is_dir(), "the official ZDS 1.2 set is not in ../shared/standards")
    zender = SETTINGS.zender["ZAAKSYSTEEM"].model_copy(update={"wachtwoord_hash": "$argon2id$"})
    changes = {"database_url": database_url, "zaak_schemas": OFFICIAL, "data_dir": tmp_path}
    gateway = SETTINGS.gateway.model_copy(update=changes)
    settings = SETTINGS.model_copy(update={"gateway": gateway, "zender": {"ZAAKSYSTEEM": zender}})
    built = answering.build(settings, address="http://127.0.0.1:1", clock=lambda: NOW)
    try:
        message = cast.zaak(cast.RUNNING, referentienummer="z", now=NOW)
        etree.SubElement(message[-1], qname(ZKN0310, "kleur")).text = "rood"
        answer = give(built.intake, message)
        assert [b["rule"] for b in _bevindingen(answer)] == ["XSD-UNEXPECTED"]
        message[-1].remove(message[-1][-1])
        assert give(built.intake, message).tag == qname(STUF0301, "Bv03Bericht")
    finally:
        built.close()
    assert (tmp_path / "cache").is_dir()


@pytest.mark.parametrize("path", published(*ANSWERS, valid=True), ids=lambda path: path.stem)
def test_an_answer_is_read(path: Path, database: Database) -> None:
    message = zaakberichten.message_in(path)
    asked = next((e.text or "" for e in message.iter("{*}identificatie")), "")
    vraag: Zaakvraag = "zakLv01" if etree.QName(message).localname == "zakLa01" else "geefZaakdetails"
    try:
        mutatie = zkn0310.read_answer(message, vraag=vraag, identificatie=asked)
    except NotAnswered as error:
        golden(path.stem, {"not answered": error.reason.en})
        return
    assert mutatie is not None
    with database.session() as session:
        rgbz.verwerk(session, mutatie, rsin=cast.RSIN, versie=0)
    (found,) = zaken(database)
    golden(path.stem, zaakberichten.said(found))
