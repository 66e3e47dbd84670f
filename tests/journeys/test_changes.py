"""Corrections and withdrawals: the dossier and every zaakmagazijn follow, in order."""

from contract.official import klc_schema
from journeys.town import ASYNCHRONOUS, Town, now
from stuf_klantcontact import rgbz
from stuf_klantcontact.testing import cast
from stuf_klantcontact.testing.zaakmagazijn import Received


def mutatie(received: Received) -> tuple[str, str, int]:
    """Which message, its mutatiesoort, and how many objects it has; it must be as the official set wants it."""
    assert received.message is not None
    schema = klc_schema()
    assert schema.validate(received.message), schema.error_log
    objects = received.message.findall("{*}object")
    return received.name, received.text("parameters/mutatiesoort"), len(objects)


def test_a_correction_replaces_the_contact_and_the_zaakmagazijn_hears_was_and_wordt(town: Town) -> None:
    town.zaak()
    number = town.contact(toelichting="Zij belde over de verkeerde vergunning.").text("klantcontactidentificatie")
    corrected = town.contact(wijzigt=number, toelichting="Zij belde over haar vergunning.", uitkomst="Gebeld.")
    assert corrected.name == "wijzigKlantcontact_Du02"
    assert corrected.text("klantcontactidentificatie") == number
    record = town.record(corrected)
    assert (record.toelichting, record.uitkomst, record.versie) == ("Zij belde over haar vergunning.", "Gebeld.", 2)
    town.deliver()
    new, correction = town.zaakmagazijn.kept
    assert mutatie(new) == ("klcLk01", "T", 1)
    assert new.text("object/toelichting") == "Zij belde over de verkeerde vergunning."
    assert mutatie(correction) == ("klcLk01", "C", 2)
    assert correction.message is not None
    was, wordt = correction.message.findall("{*}object")
    assert was.findtext("{*}toelichting") == "Zij belde over de verkeerde vergunning."
    assert wordt.findtext("{*}toelichting") == "Zij belde over haar vergunning."
    assert was.findtext("{*}identificatie") == wordt.findtext("{*}identificatie") == number


def test_a_withdrawn_contact_leaves_the_dossier_and_cannot_be_changed(town: Town) -> None:
    town.zaak()
    number = town.contact(pdf=cast.PDF).text("klantcontactidentificatie")
    withdrawn = town.withdraw(number)
    assert withdrawn.name == "verwijderKlantcontact_Du02"
    assert town.record(withdrawn).ingetrokken
    town.deliver()
    assert [mutatie(m)[:2] for m in town.zaakmagazijn.kept] == [
        ("iobLk01", "T"),
        ("klcLk01", "T"),
        ("klcLk01", "V"),
        ("iobLk01", "V"),
    ]
    assert town.zaakmagazijn.kept[2].text("object/identificatie") == number
    for again in (town.withdraw(number), town.contact(wijzigt=number)):
        assert (again.status, again.code) == (500, "StUF064")


def test_what_is_not_there_cannot_be_corrected(town: Town) -> None:
    town.zaak()
    refused = town.contact(wijzigt="KC202600009999")
    assert (refused.status, refused.code) == (500, "StUF064")
    assert town.withdraw("KC202600009999").code == "StUF064"


def test_a_correction_obeys_the_rules_that_the_contact_had_to(town: Town) -> None:
    town.zaak()
    number = town.contact().text("klantcontactidentificatie")
    refused = town.contact(wijzigt=number, toelichting=None, opvoerder=cast.KBAKKER)
    assert (refused.status, refused.code) == (500, "StUF052")
    with town.gateway.database.session() as session:
        assert rgbz.load_klantcontact(session, number, rsin=cast.RSIN).versie == 1


def test_a_contact_that_was_exchanged_stays_with_its_zaak(town: Town) -> None:
    other = "0518ZAAK0000009"
    town.zaak()
    town.zaak(other)
    number = town.contact().text("klantcontactidentificatie")
    refused = town.contact(wijzigt=number, zaak=other)
    assert (refused.status, refused.code) == (500, "StUF058")


def test_documents_follow_a_correction(town: Town) -> None:
    town.zaak()
    number = town.contact(pdf=cast.PDF).text("klantcontactidentificatie")
    assert town.contact(wijzigt=number, pdf=cast.PDF + b"%meer").status == 200
    assert town.contact(wijzigt=number).status == 200
    town.deliver()
    assert [mutatie(m)[:2] for m in town.zaakmagazijn.kept] == [
        ("iobLk01", "T"),
        ("klcLk01", "T"),
        ("iobLk01", "C"),
        ("klcLk01", "C"),
        ("klcLk01", "C"),
        ("iobLk01", "V"),
    ]


def test_a_contact_that_becomes_anonymous_is_taken_back_from_the_zaakmagazijn(town: Town) -> None:
    town.zaak()
    number = town.contact().text("klantcontactidentificatie")
    kept = town.contact(wijzigt=number, partij="anoniem")
    assert kept.text("effect") == "bewaard"
    again = town.contact(wijzigt=number)
    assert again.text("effect") == "uitgewisseld"
    town.deliver()
    assert [mutatie(m)[1] for m in town.zaakmagazijn.kept] == ["T", "V", "T"]


def test_a_change_without_an_answer_to_wait_for_gets_bv03(town: Town) -> None:
    town.zaak()
    number = town.contact().text("klantcontactidentificatie")
    message = cast.contact(wijzigt=number, synchronous=False, referentienummer="MZ-later", now=now())
    reply, again = (town.send(message, port=ASYNCHRONOUS) for _ in range(2))
    assert (reply.status, reply.name) == (200, "Bv03Bericht")
    assert reply.raw == again.raw
    with town.gateway.database.session() as session:
        assert rgbz.load_klantcontact(session, number, rsin=cast.RSIN).versie == 2
