"""A contact whose document comes beside the message: it lands as any other, and its form is nobody's business."""

from journeys.town import PASSWORD, SYNCHRONOUS, Town, now, rules_of
from stuf_klantcontact import journal
from stuf_klantcontact.rgbz import DocumentInhoud
from stuf_klantcontact.testing import Reply, cast

PDF = cast.PDF + bytes(range(256)) * 40


def add(town: Town, *, mtom: bool, number: str = "MZ-MTOM", pdf: bytes = PDF, **rest: object) -> Reply:
    message = cast.contact(referentienummer=number, now=MOMENT, pdf=pdf, **rest)
    return town.client.post(SYNCHRONOUS, message, user="mijnzaken", password=PASSWORD, mtom=mtom)


MOMENT = now()


def test_a_document_in_a_part_is_stored_as_it_is_and_reaches_the_zaakmagazijn(town: Town) -> None:
    town.zaak()
    reply = add(town, mtom=True)
    (document,) = town.record(reply).informatieobjecten
    assert document.formaat == "application/pdf"
    town.deliver()
    assert [message.name for message in town.zaakmagazijn.kept] == ["iobLk01", "klcLk01"]
    sent = town.zaakmagazijn.kept[0]
    assert sent.documents == [PDF]
    assert not sent.in_parts, "eib.inhoud is a string in StUF 03.02"


def test_a_repeat_may_take_another_form_and_the_journal_keeps_both_as_they_came(town: Town) -> None:
    town.zaak()
    replies = [add(town, mtom=True), add(town, mtom=False), add(town, mtom=True)]
    assert {reply.raw for reply in replies} == {replies[0].raw}
    with town.gateway.database.session() as session:
        assert session.query(DocumentInhoud).count() == 1
        first, *again = journal.find(session, "MZ-MTOM")
    assert (first.verdict, [bericht.verdict for bericht in again]) == ("accepted", ["repeated", "repeated"])
    assert first.raw.startswith(b"--")
    assert PDF in first.raw
    assert again[0].raw.startswith(b"<?xml")
    assert first.hash == again[0].hash == again[1].hash


def test_another_document_under_the_same_number_is_another_message(town: Town) -> None:
    town.zaak()
    assert add(town, mtom=True).status == 200
    assert add(town, mtom=True, pdf=PDF + b"!").code == "StUF016"


def test_a_document_that_is_too_large_is_refused_by_the_same_rule(town: Town) -> None:
    town.zaak()
    limit = town.gateway.settings.limits.document_bytes
    whole = bytes(limit + 1)
    for mtom in (True, False):
        reply = add(town, mtom=mtom, number=f"MZ-{mtom}", pdf=whole)
        assert (reply.code, rules_of(reply)) == ("StUF058", ["KC-12"])
