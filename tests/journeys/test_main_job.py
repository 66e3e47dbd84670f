"""The main job from end to end: a contact comes in over SOAP and reaches the zaakmagazijn, whatever happens."""

from contract.official import klc_schema
from journeys.town import ASYNCHRONOUS, Town, now, rules_of
from stuf_klantcontact.testing import cast


def test_a_contact_reaches_the_zaakmagazijn_as_an_official_klc_lk01(town: Town) -> None:
    town.zaak()
    reply = town.contact(uitkomst="Zij wacht af.", afspraken="Vrijdag terugbellen.")
    assert reply.name == "voegKlantcontactToe_Du02"
    town.deliver()
    (klc,) = town.zaakmagazijn.kept
    assert klc.name == "klcLk01"
    assert klc.text("object/identificatie") == reply.text("klantcontactidentificatie")
    assert klc.text("object/heeftBetrekkingOp/gerelateerde/zaakidentificatie") == cast.RUNNING
    assert klc.text("object/heeftPlaatsgevondenMetNPS/gerelateerde/inp.burgerservicenummer") == cast.BSN
    assert klc.message is not None
    extra = {e.get("naam"): e.text for e in klc.message.iter("{*}extraElement")}
    assert extra["uitkomst"] == "Zij wacht af."
    assert extra["afspraken"] == "Vrijdag terugbellen."
    assert extra["partijHerkomst"] == "initiator"
    schema = klc_schema()
    assert schema.validate(klc.message), schema.error_log


def test_a_document_goes_before_the_contact_that_refers_to_it(town: Town) -> None:
    town.zaak()
    assert town.contact(pdf=cast.PDF).status == 200
    town.deliver()
    iob, klc = town.zaakmagazijn.kept
    assert (iob.name, klc.name) == ("iobLk01", "klcLk01")
    number = iob.text("object/informatieobjectidentificatie")
    assert klc.text("object/heeftRelevant/gerelateerde/informatieobjectidentificatie") == number
    assert iob.message is not None
    assert klc_schema().validate(iob.message)


def test_a_repeated_message_gets_the_same_bytes_and_has_no_second_effect(town: Town) -> None:
    town.zaak()
    message = cast.contact(referentienummer="MZ-herhaald", now=now())
    first, second = town.send(message), town.send(message)
    assert first.status == 200
    assert first.raw == second.raw
    town.deliver()
    assert len(town.zaakmagazijn.kept) == 1
    changed = town.send(cast.contact(referentienummer="MZ-herhaald", now=now(), toelichting="Anders."))
    assert (changed.status, changed.code) == (500, "StUF016")


def test_a_refused_message_is_judged_anew_when_its_cause_is_cured(town: Town) -> None:
    message = cast.contact(referentienummer="MZ-te-vroeg", now=now())
    assert town.send(message).code == "StUF064"
    town.zaak()
    assert town.send(message).status == 200


def test_every_violation_is_named_at_once_with_its_line(town: Town) -> None:
    town.zaak(cast.CLOSED, einddatum="20261001")
    refused = town.contact(zaak=cast.CLOSED, toelichting=None, opvoerder=cast.KBAKKER, type="fax")
    found = set(rules_of(refused))
    assert {"XSD-ENUM", "KC-02", "KC-05", "KC-07"} <= found
    assert refused.body is not None
    lines = [int(e.text or 0) for e in refused.body.iter("{*}line")]
    assert len(lines) == len(rules_of(refused))


def test_a_dead_zaakmagazijn_loses_nothing_and_the_same_message_comes_later(town: Town) -> None:
    town.zaak()
    town.zaakmagazijn.next("status:503")
    assert town.contact().status == 200
    assert town.contact().status == 200
    town.deliver()
    assert town.zaakmagazijn.kept == []
    with town.gateway.database.connection() as connection:
        connection.execute("UPDATE outbox_stream SET due_at = now() WHERE due_at IS NOT NULL")
    town.deliver()
    tried = town.zaakmagazijn.received
    assert [r.kept for r in tried] == [False, True, True]
    assert tried[0].raw == tried[1].raw


def test_who_is_not_let_in_learns_nothing_about_zaken(town: Town) -> None:
    town.zaak()
    as_another = town.contact(user="portaal")
    assert (as_another.status, as_another.code, rules_of(as_another)) == (500, "StUF052", ["StUF052"])
    wrong_port = town.send(cast.contact(referentienummer="MZ-poort", now=now()), port=ASYNCHRONOUS)
    assert (wrong_port.status, wrong_port.code) == (500, "StUF025")
