"""The main job towards a receiver of ZDS 1.2: a contact comes in and lands in the dossier as zaakdocumenten."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.official import zds_schemas
from journeys.town import Town, running
from stuf_klantcontact import contract
from stuf_klantcontact.testing import Received, cast


@pytest.fixture(params=[{}, {"document": "edcLk01", "verslag": "pdf"}], ids=["ZDS", "edcLk01-pdf"])
def zds(request: pytest.FixtureRequest, database_url: str, password_hash: str, tmp_path: Path) -> Iterator[Town]:
    abonnee: dict[str, Any] = {"profiel": "zds0120", **request.param}
    judging = contract.load_zaakdocumenten()
    with running(database_url, password_hash, tmp_path, abonnee=abonnee, contract=judging) as town:
        yield town


def text(received: Received) -> bytes:
    return base64.b64decode(received.text("object/inhoud"), validate=True)


def test_a_contact_with_a_document_becomes_two_zaakdocumenten(zds: Town) -> None:
    zds.zaak()
    reply = zds.contact(pdf=cast.PDF, uitkomst="Zij wacht af.", afspraken="Vrijdag terugbellen.")
    assert reply.name == "voegKlantcontactToe_Du02", reply.raw
    zds.deliver()
    drawing, verslag = zds.zaakmagazijn.kept
    assert text(drawing) == cast.PDF
    assert drawing.text("object/titel") == "Bouwtekening"
    assert verslag.text("object/titel").startswith("Contactverslag telefoon")
    for received in (drawing, verslag):
        assert received.text("object/isRelevantVoor/gerelateerde/identificatie") == cast.RUNNING
        assert received.text("object/isRelevantVoor/stt.omschrijving") == "In behandeling"
        for schemas in zds_schemas():
            if received.message is not None and received.message.tag in schemas.roots:
                assert schemas.violations(received.message) == []
    assert list(zds.zaakmagazijn.zaakdocumenten.held) == zds.zaakmagazijn.zaakdocumenten.given
    said = text(verslag)
    if verslag.text("object/formaat") == "text/plain":
        for words in (
            "Met:                S. Jansen",
            "J. de Vries",
            "Zij wacht af.",
            "- Bouwtekening (bouwtekening.pdf)",
        ):
            assert words in said.decode()
    else:
        assert said.startswith(b"%PDF-1.7")
    assert cast.BSN.encode() not in verslag.raw


def test_a_letter_goes_with_a_verslag_that_holds_all_that_was_said(zds: Town) -> None:
    zds.zaak()
    whole = "De brief ging over de schutting. " * 50
    reply = zds.contact(type="mail", toelichting=whole, opvoerder=cast.SJANSEN)
    assert reply.text("groep") == "ontvangst", reply.raw
    zds.deliver()
    (verslag,) = zds.zaakmagazijn.kept
    assert verslag.text("object/ontvangstdatum")
    if verslag.text("object/formaat") == "text/plain":
        assert whole.strip() in text(verslag).decode()


def test_a_correction_and_a_withdrawal_reach_the_dossier(zds: Town) -> None:
    zds.zaak()
    identificatie = zds.contact(onderwerp="Stand").text("klantcontactidentificatie")
    zds.deliver()
    assert zds.contact(wijzigt=identificatie, onderwerp="Stand van zaken").status == 200
    zds.deliver()
    assert zds.withdraw(identificatie).status == 200
    zds.deliver()
    held, kept = zds.zaakmagazijn.zaakdocumenten.held, zds.zaakmagazijn.kept
    assert len(kept) == 3
    if kept[0].name == "edcLk01":
        assert [message.text("parameters/mutatiesoort") for message in kept] == ["T", "C", "V"]
        assert held == {}
    else:
        assert [message.text("object/titel").partition(" telefoon")[0] for message in kept] == [
            "Contactverslag",
            "Contactverslag (correctie)",
            "Contactverslag (ingetrokken)",
        ]
        assert len(held) == 3


def test_a_receiver_that_gives_no_numbers_now_loses_nothing(zds: Town) -> None:
    zds.zaak()
    zds.zaakmagazijn.next("fo03:StUF049")
    assert zds.contact().status == 200
    zds.deliver()
    assert zds.zaakmagazijn.kept == []
    with zds.gateway.database.connection() as connection:
        connection.execute("UPDATE outbox_stream SET due_at = now() WHERE due_at IS NOT NULL")
    zds.deliver()
    assert len(zds.zaakmagazijn.kept) == 1
