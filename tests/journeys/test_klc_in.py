"""A zaaksysteem that speaks KLC itself: what it tells is judged, stored and told on, as if a contact was added."""

from base64 import b64decode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import event, select

from journeys.town import ASYNCHRONOUS, Town, now, rules_of, running
from stuf_klantcontact import limits, resync, rgbz, validation
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.names import XSI, qname
from stuf_klantcontact.rgbz import Informatieobject, Klantcontact
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.testing import Reply, cast
from stuf_klantcontact.tijdstip import stuf0302

SYNCHRONOUS = "/soap/VerwerkSynchroneKennisgeving"
NUMBER = "ZS20260000001"
_numbers = count(1)


def header(entiteittype: str = "KLC", *, code: str = "Lk01") -> Header:
    return Header(
        berichtcode=code,
        zender=cast.ZAAKSYSTEEM,
        ontvanger=cast.GATEWAY,
        referentienummer=f"ZS-KLC-{next(_numbers)}",
        tijdstip_bericht=stuf0302(now()),
        entiteittype=entiteittype,
    )


def klantcontact(
    *, moment: datetime | None = None, documenten: tuple[str, ...] = (), **columns: object
) -> Klantcontact:
    """What the zaaksysteem has: a phone call of J. de Vries with S. Jansen."""
    values = {
        "identificatie": NUMBER,
        "verantwoordelijke_organisatie": cast.RSIN,
        "datum_tijd": moment or now().replace(microsecond=0),
        "type": "call",
        "kanaal": "telefoon",
        "onderwerp": "Vergunning",
        "toelichting": "Zij vroeg wanneer zij klaar is.",
        "groep": "persoonlijk",
        "effect": "uitgewisseld",
        "opvoerder": {
            "soort": "medewerker",
            "identificatie": "jdevries",
            "stelsel": "Identificatie",
            "naam": "Vries",
        },
        "medewerker": {"identificatie": "jdevries", "achternaam": "Vries"},
        "partij": {"soort": "natuurlijkPersoon", "bsn": cast.BSN, "geslachtsnaam": "Jansen"},
        "partij_herkomst": "bericht",
        "extra": {"type": "call"},
        "zaak": rgbz.Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="Vergunning"),
        **columns,
    }
    found = Klantcontact(**values)
    found.informatieobjecten = [document(name) for name in documenten]
    return found


def document(identificatie: str, *, inhoud: bytes = cast.PDF) -> Informatieobject:
    return Informatieobject(
        identificatie=identificatie,
        bronorganisatie=cast.RSIN,
        creatiedatum=now().date(),
        titel="Bouwtekening",
        bestandsnaam="bouwtekening.pdf",
        formaat="application/pdf",
        taal="nld",
        inhoud=rgbz.DocumentInhoud(sha256=b"\0" * 32, inhoud=inhoud),
    )


def tell(town: Town, contact: Klantcontact, **rest: object) -> Reply:
    message = zkn0320.klc_lk01(contact, header=header(), **rest)
    return town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)


def stored(town: Town, identificatie: str = NUMBER, *, document: str | None = None) -> Klantcontact:
    with town.gateway.database.session() as session:
        return rgbz.load_klantcontact(session, identificatie, rsin=cast.RSIN, document=document)


def bring(town: Town, contact: Klantcontact, **rest: object) -> Reply:
    """Tell of the (first) document of a contact."""
    message = zkn0320.iob_lk01(contact.informatieobjecten[0], klantcontact=contact, header=header("IOB"), **rest)
    return town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)


def told(town: Town) -> list[tuple[str, str]]:
    """What the zaakmagazijn has heard since it was last asked: which message, and its mutatiesoort."""
    town.deliver()
    found = [(message.name, message.text("parameters/mutatiesoort")) for message in town.zaakmagazijn.kept]
    town.zaakmagazijn.received.clear()
    return found


def without_keys(message: etree._Element) -> etree._Element:
    """The same message, of a system that has no keys: the kerngegevens alone say which object it is."""
    for found in message.iterchildren("{*}object"):
        found.attrib.pop("sleutelVerzendend", "")
    return message


def by_zaakmagazijn(message: etree._Element) -> etree._Element:
    """The same message, of the other system that may tell of contacts."""
    for name in message.iterfind(".//{*}zender/{*}applicatie"):
        name.text = "ZAAKMAGAZIJN"
    return message


def test_a_contact_of_a_zaaksysteem_is_stored_under_its_own_number_and_told_on(town: Town) -> None:
    town.zaak()
    reply = tell(town, klantcontact())
    assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw
    assert reply.body is not None
    assert reply.body.tag.startswith("{http://www.stufstandaarden.nl/onderlaag/stuf0302}")
    record = stored(town)
    assert (record.onderwerp, record.type, record.partij) == (
        "Vergunning",
        "call",
        {"soort": "natuurlijkPersoon", "bsn": cast.BSN, "geslachtsnaam": "Jansen"},
    )
    assert record.zaak is not None
    assert record.zaak.identificatie == cast.RUNNING
    town.deliver()
    (klc,) = town.zaakmagazijn.kept
    assert klc.text("object/identificatie") == NUMBER


def test_a_synchronous_one_gets_bv02_and_the_same_again_tells_nobody(town: Town) -> None:
    town.zaak()
    moment = now().replace(microsecond=0)
    for _ in range(2):
        message = zkn0320.klc_lk01(klantcontact(moment=moment), header=header(code="Lk02"))
        reply = town.send(message, user="zaaksysteem", port=SYNCHRONOUS)
        assert (reply.status, reply.name) == (200, "Bv02Bericht"), reply.raw
    assert stored(town).versie == 1


def test_a_contact_is_replaced_by_what_klc_sa01_says(town: Town) -> None:
    town.zaak()
    contact = klantcontact()
    assert tell(town, contact).status == 200
    synced = klantcontact(moment=contact.datum_tijd, toelichting="Zoals het nu is.")
    actueel = header()
    message = zkn0320.klc_sa(synced, header=replace(header(), berichtcode="Sa01"), actueel=actueel)
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw
    assert (stored(town).toelichting, stored(town).versie) == ("Zoals het nu is.", 2)


def test_documents_come_first_and_are_found_by_the_contact(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    refused = tell(town, contact)
    assert (refused.status, refused.code) == (500, "StUF064")
    message = zkn0320.iob_lk01(contact.informatieobjecten[0], klantcontact=contact, header=header("IOB"))
    assert town.send(message, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    assert tell(town, contact).status == 200
    assert [d.identificatie for d in stored(town).informatieobjecten] == ["TEKENING-1"]
    town.deliver()
    iob, klc = town.zaakmagazijn.kept
    assert (iob.name, klc.name) == ("iobLk01", "klcLk01")
    assert iob.text("object/informatieobjectidentificatie") == "TEKENING-1"


def test_a_document_may_say_it_all(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-2",), toelichting="")
    message = zkn0320.iob_lk01(contact.informatieobjecten[0], klantcontact=contact, header=header("IOB"))
    assert town.send(message, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    assert tell(town, contact).status == 200


def test_a_change_says_what_changes_and_a_withdrawal_ends_it(town: Town) -> None:
    town.zaak()
    before = klantcontact()
    assert tell(town, before).status == 200
    after = klantcontact(moment=before.datum_tijd, toelichting="Zij is klaar.")
    assert tell(town, after, mutatiesoort="W", oud=before).status == 200
    assert (stored(town).toelichting, stored(town).versie) == ("Zij is klaar.", 2)
    assert tell(town, after, mutatiesoort="V").status == 200
    assert stored(town).ingetrokken
    assert tell(town, after, mutatiesoort="V").code == "StUF064"


@pytest.mark.parametrize(
    ("contact", "rule"),
    [
        (lambda: klantcontact(verantwoordelijke_organisatie="111222333"), "KC-11"),
        (lambda: klantcontact(toelichting=""), "KC-05"),
        (lambda: klantcontact(zaak=rgbz.Zaak(identificatie="0518ZAAK9", bronorganisatie=cast.RSIN)), "KC-01"),
        (lambda: klantcontact(moment=datetime.fromisoformat("2099-01-01T00:00:00+01:00")), "RGBZ-TOEKOMST"),
    ],
)
def test_it_obeys_the_same_rules(contact: Callable[[], Klantcontact], rule: str, town: Town) -> None:
    town.zaak()
    reply = tell(town, contact())
    assert reply.status == 500
    assert rule in rules_of(reply)
    with town.gateway.database.session() as session, pytest.raises(LookupError):
        rgbz.load_klantcontact(session, NUMBER, rsin=cast.RSIN)


@pytest.mark.parametrize(("code", "port"), [("01", ASYNCHRONOUS), ("02", SYNCHRONOUS)])
def test_a_synchronisation_obeys_the_rules_of_stuf_and_rgbz(code: str, port: str, town: Town) -> None:
    """As the kennisgeving that is in it would."""
    town.zaak()

    def sync(contact: Klantcontact) -> etree._Element:
        return zkn0320.klc_sa(contact, header=header(code=f"Sa{code}"), actueel=header(code=f"Lk{code}"))

    def soort(message: etree._Element) -> None:
        next(message.iter("{*}heeftBetrekkingOp")).set("verwerkingssoort", "W")

    bsn = {"soort": "natuurlijkPersoon", "bsn": "999993654", "geslachtsnaam": "Jansen"}
    later = datetime.fromisoformat("2099-01-01T00:00:00+01:00")
    for contact, wrong, rule in (
        (klantcontact(partij=bsn), None, "RGBZ-NUMMER"),
        (klantcontact(partij=None, partij_herkomst="", extra={}), None, "RGBZ-PARTIJ"),
        (klantcontact(onderwerp=""), None, "RGBZ-VERPLICHT"),
        (klantcontact(moment=later), None, "RGBZ-TOEKOMST"),
        (klantcontact(), soort, "StUF-VERWERKINGSSOORT"),
    ):
        message = sync(contact)
        if wrong is not None:
            wrong(message)
        reply = town.send(message, user="zaaksysteem", port=port)
        assert (reply.status, rules_of(reply)) == (500, [rule]), reply.raw
        paths = [path.text or "" for path in reply.body.iter("{*}path")] if reply.body is not None else []
        assert all("/klc:actueel/klc:object" in path for path in paths)
    with town.gateway.database.session() as session, pytest.raises(LookupError):
        rgbz.load_klantcontact(session, NUMBER, rsin=cast.RSIN)


def test_whoever_may_not_tell_of_contacts_is_refused(town: Town) -> None:
    town.zaak()
    message = zkn0320.klc_lk01(klantcontact(), header=replace(header(), zender=cast.MIJNZAKEN))
    reply = town.send(message, user="mijnzaken", port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == (500, "StUF052")


def test_the_sender_is_not_told_in_turn(town: Town) -> None:
    town.zaak()
    settings = town.gateway.settings
    assert settings.abonnee["ZAAKMAGAZIJN"].applicatie == ""
    message = zkn0320.klc_lk01(klantcontact(), header=header())
    for zender in message.iter("{*}zender"):
        applicatie = zender.find("{*}applicatie")
        assert applicatie is not None
        applicatie.text = "ZAAKMAGAZIJN"
    reply = town.send(message, user="zaakmagazijn", port=ASYNCHRONOUS)
    assert reply.status == 200, reply.raw
    town.deliver()
    assert town.zaakmagazijn.kept == []


def test_an_abonnee_that_came_later_gets_a_changed_contact_as_new(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    """The zaaksysteem gave it the number: that does not say that everybody has it."""
    contact = klantcontact()
    with running(database_url, password_hash, tmp_path, abonnee={"zaaktypen": ["ANDERS"]}) as before:
        before.zaak()
        assert tell(before, contact).status == 200
        assert told(before) == []
    with running(database_url, password_hash, tmp_path) as town:
        after = klantcontact(moment=contact.datum_tijd, toelichting="Zij is klaar.")
        assert tell(town, after, mutatiesoort="W", oud=contact).status == 200
        assert told(town) == [("klcLk01", "T")]


def test_an_abonnee_that_told_us_of_a_contact_gets_it_back_as_a_change(town: Town) -> None:
    """Whatever its numbers begin with."""
    town.zaak()
    contact = klantcontact(identificatie="KC99260000001")
    message = by_zaakmagazijn(zkn0320.klc_lk01(contact, header=header()))
    assert town.send(message, user="zaakmagazijn", port=ASYNCHRONOUS).status == 200
    after = klantcontact(identificatie="KC99260000001", moment=contact.datum_tijd, toelichting="Zij is klaar.")
    assert tell(town, after, mutatiesoort="C", oud=contact).status == 200
    assert told(town) == [("klcLk01", "C")]


def test_what_an_abonnee_brought_it_has_also_after_it_was_told_of_a_change(town: Town) -> None:
    """Its own documents do not come back to it as new, and when one is taken out it hears of that."""
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1", "TEKENING-2"))
    for own in contact.informatieobjecten:
        message = by_zaakmagazijn(zkn0320.iob_lk01(own, klantcontact=contact, header=header("IOB")))
        assert town.send(message, user="zaakmagazijn", port=ASYNCHRONOUS).status == 200
    message = by_zaakmagazijn(zkn0320.klc_lk01(contact, header=header()))
    assert town.send(message, user="zaakmagazijn", port=ASYNCHRONOUS).status == 200
    before = contact
    for toelichting in ("Zij is klaar.", "Zij is klaar en opgehaald."):
        columns = {"moment": contact.datum_tijd, "documenten": ("TEKENING-1", "TEKENING-2")}
        after = klantcontact(**columns, toelichting=toelichting)
        assert tell(town, after, mutatiesoort="C", oud=before).status == 200
        assert told(town) == [("klcLk01", "C")]
        before = after
    without = klantcontact(moment=contact.datum_tijd, documenten=("TEKENING-1",))
    message = zkn0320.klc_sa(without, header=header(code="Sa01"), actueel=header())
    assert town.send(message, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    assert told(town) == [("klcLk01", "C"), ("iobLk01", "V")]


def test_a_document_that_an_abonnee_added_to_the_contact_of_another_does_not_come_back_as_new(town: Town) -> None:
    town.zaak()
    contact = klantcontact()
    assert tell(town, contact).status == 200
    assert told(town) == [("klcLk01", "T")]
    more = klantcontact(moment=contact.datum_tijd, documenten=("TEKENING-1",))
    (own,) = more.informatieobjecten
    for message in (
        zkn0320.iob_lk01(own, klantcontact=more, header=header("IOB")),
        zkn0320.klc_lk01(more, header=header(), mutatiesoort="W", oud=contact),
    ):
        reply = town.send(by_zaakmagazijn(message), user="zaakmagazijn", port=ASYNCHRONOUS)
        assert reply.status == 200, reply.raw
    assert told(town) == []
    after = klantcontact(moment=contact.datum_tijd, documenten=("TEKENING-1",), toelichting="Zij is klaar.")
    assert tell(town, after, mutatiesoort="C", oud=more).status == 200
    assert told(town) == [("klcLk01", "C")]
    oud = (after.informatieobjecten[0], after)
    again = klantcontact(moment=contact.datum_tijd, toelichting=after.toelichting)
    again.informatieobjecten = [document("TEKENING-1", inhoud=b"%PDF-1.7 nieuwer")]
    assert bring(town, again, mutatiesoort="W", oud=oud).status == 200
    assert ("iobLk01", "C") in told(town), "of what others make of it it hears"
    assert bring(town, again, mutatiesoort="V").status == 200
    assert ("iobLk01", "V") in told(town)


def brought_by_zaakmagazijn(town: Town, contact: Klantcontact, *, mutatiesoort: str = "T") -> None:
    (own,) = contact.informatieobjecten
    message = zkn0320.iob_lk01(own, klantcontact=contact, header=header("IOB"), mutatiesoort=mutatiesoort)
    reply = town.send(by_zaakmagazijn(message), user="zaakmagazijn", port=ASYNCHRONOUS)
    assert reply.status == 200, reply.raw


def test_a_document_of_an_abonnee_does_not_come_back_with_the_contact_that_refers_to_it(town: Town) -> None:
    """And stays its own when one of two contacts that refer to it goes."""
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    other = klantcontact(documenten=("TEKENING-1",), identificatie="ZS20260000002")
    brought_by_zaakmagazijn(town, contact)
    for one in (contact, other):
        assert tell(town, one).status == 200
    assert told(town) == [("klcLk01", "T"), ("klcLk01", "T")]
    assert tell(town, contact, mutatiesoort="V").status == 200
    assert told(town) == [("klcLk01", "V")]


def test_a_document_of_an_abonnee_that_another_changed_before_its_contact_came_goes_to_it(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    brought_by_zaakmagazijn(town, contact)
    after = klantcontact(moment=contact.datum_tijd)
    after.informatieobjecten = [document("TEKENING-1", inhoud=b"%PDF-1.7 nieuwer")]
    assert bring(town, after, mutatiesoort="W", oud=(contact.informatieobjecten[0], contact)).status == 200
    assert tell(town, after).status == 200
    assert told(town) == [("iobLk01", "T"), ("klcLk01", "T")]


def test_a_document_that_an_abonnee_brought_and_lost_goes_to_it_after_a_resync(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    brought_by_zaakmagazijn(town, contact)
    database = town.gateway.database
    begun = resync.begin(database, resync.Wanted("ZAAKMAGAZIJN"), door="kim")
    assert resync.run(database, begun, settings=town.gateway.settings).klantcontacten == 0
    assert tell(town, contact).status == 200
    assert told(town) == [("iobLk01", "T"), ("klcLk01", "T")]


def test_a_document_that_an_abonnee_took_out_itself_is_new_to_it_when_another_changes_it(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    brought_by_zaakmagazijn(town, contact)
    assert tell(town, contact).status == 200
    assert told(town) == [("klcLk01", "T")]
    brought_by_zaakmagazijn(town, contact, mutatiesoort="V")
    after = klantcontact(moment=contact.datum_tijd)
    after.informatieobjecten = [document("TEKENING-1", inhoud=b"%PDF-1.7 nieuwer")]
    assert bring(town, after, mutatiesoort="W", oud=(contact.informatieobjecten[0], contact)).status == 200
    assert [said for said in told(town) if said[0] == "iobLk01"] == [("iobLk01", "T")]


def test_a_document_of_one_contact_is_shared_with_another_that_refers_to_it(town: Town) -> None:
    town.zaak()
    one = klantcontact(documenten=("TEKENING-1",))
    other = klantcontact(documenten=("TEKENING-1",), identificatie="ZS20260000002")
    for reply in (bring(town, one), tell(town, one), tell(town, other)):
        assert reply.status == 200, reply.raw
    for identificatie in (NUMBER, "ZS20260000002"):
        (found,) = stored(town, identificatie, document="TEKENING-1").informatieobjecten
        assert found.inhoud is not None
        assert found.inhoud.inhoud == cast.PDF
    assert told(town) == [("iobLk01", "T"), ("klcLk01", "T")] * 2


def test_oud_and_huidig_are_one_contact(town: Town) -> None:
    town.zaak()
    before = klantcontact()
    assert tell(town, before).status == 200
    after = klantcontact(identificatie="ZS20260000009")
    message = zkn0320.klc_lk01(after, header=header(), mutatiesoort="W", oud=before)
    reply = town.send(without_keys(message), user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == (500, "StUF058"), reply.raw
    assert "zelfde identificatie" in reply.raw.decode()


def test_oud_and_huidig_are_one_document(town: Town) -> None:
    town.zaak()
    before = klantcontact(documenten=("TEKENING-1",))
    assert bring(town, before).status == 200
    after = klantcontact(documenten=("TEKENING-9",))
    oud = (before.informatieobjecten[0], before)
    (new,) = after.informatieobjecten
    message = zkn0320.iob_lk01(new, klantcontact=after, header=header("IOB"), mutatiesoort="W", oud=oud)
    reply = town.send(without_keys(message), user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == (500, "StUF058"), reply.raw
    assert "zelfde identificatie" in reply.raw.decode()


@pytest.mark.parametrize(
    "columns",
    [
        {"formaat": "application/x-msdownload"},
        {"bestandsnaam": "../../etc/passwd"},
        {"inhoud": rgbz.DocumentInhoud(sha256=b"\0" * 32, inhoud=b"%PDF-" + b"x" * 2_000_000)},
    ],
)
def test_a_document_obeys_what_holds_for_a_document_of_an_opvoering(
    columns: dict[str, object], database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path, limits={"document_bytes": 1_000_000}) as town:
        town.zaak()
        contact = klantcontact(documenten=("TEKENING-1",))
        for name, value in columns.items():
            setattr(contact.informatieobjecten[0], name, value)
        reply = bring(town, contact)
        assert reply.status == 500
        assert set(rules_of(reply)) == {"KC-12"}, reply.raw


def test_a_changed_document_is_a_new_version_of_its_contact(town: Town) -> None:
    town.zaak()
    before = klantcontact(documenten=("TEKENING-1",))
    for reply in (bring(town, before), tell(town, before)):
        assert reply.status == 200, reply.raw
    # Not delivered yet: what waits must still be about the document as it was.
    after = klantcontact(moment=before.datum_tijd)
    after.informatieobjecten = [document("TEKENING-1", inhoud=b"%PDF-1.7 nieuwer")]
    assert bring(town, after, mutatiesoort="W", oud=(before.informatieobjecten[0], before)).status == 200
    assert stored(town).versie == 2
    town.deliver()
    first = next(message for message in town.zaakmagazijn.kept if message.name == "iobLk01")
    assert b64decode(first.text("object/eib.inhoud")) == cast.PDF
    assert [said for said in told(town) if said[0] == "iobLk01"] == [("iobLk01", "T"), ("iobLk01", "C")]
    (found,) = stored(town, document="TEKENING-1").informatieobjecten
    assert found.inhoud is not None
    assert found.inhoud.inhoud == b"%PDF-1.7 nieuwer"


def test_a_document_told_again_without_its_bytes_keeps_them(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    for reply in (bring(town, contact), tell(town, contact)):
        assert reply.status == 200, reply.raw
    contact.informatieobjecten[0].inhoud = None
    contact.informatieobjecten[0].titel = "Tekening van de dakkapel"
    assert bring(town, contact).status == 200
    (found,) = stored(town, document="TEKENING-1").informatieobjecten
    assert found.titel == "Tekening van de dakkapel"
    assert found.inhoud is not None
    assert found.inhoud.inhoud == cast.PDF


def test_a_document_is_taken_out_of_its_contact(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    for reply in (bring(town, contact), tell(town, contact)):
        assert reply.status == 200, reply.raw
    told(town)
    assert bring(town, contact, mutatiesoort="V").status == 200
    assert (stored(town).informatieobjecten, stored(town).versie) == ([], 2)
    assert ("iobLk01", "V") in told(town)


def test_the_last_document_of_a_contact_without_words_stays(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",), toelichting="")
    for reply in (bring(town, contact), tell(town, contact)):
        assert reply.status == 200, reply.raw
    assert bring(town, contact, mutatiesoort="V").code == "StUF058"
    assert len(stored(town).informatieobjecten) == 1


def test_what_a_second_t_leaves_out_stays_and_a_synchronisation_replaces(town: Town) -> None:
    town.zaak()
    contact = klantcontact()
    assert tell(town, contact).status == 200
    without = zkn0320.klc_lk01(klantcontact(moment=contact.datum_tijd, onderwerp="Bouw"), header=header())
    for toelichting in without.findall(".//{*}object/{*}toelichting"):
        toelichting.getparent().remove(toelichting)
    assert town.send(without, user="zaaksysteem", port=ASYNCHRONOUS).status == 200
    assert (stored(town).onderwerp, stored(town).toelichting) == ("Bouw", contact.toelichting)
    whole = klantcontact(moment=contact.datum_tijd, extra={}, toelichting="", documenten=("TEKENING-1",))
    assert bring(town, whole).status == 200
    message = zkn0320.klc_sa(whole, header=header(code="Sa01"), actueel=header())
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert reply.status == 200, reply.raw
    assert (stored(town).onderwerp, stored(town).toelichting, stored(town).extra) == ("Vergunning", "", {})


def test_an_identical_one_or_another_key_tells_nobody(town: Town) -> None:
    town.zaak()
    contact = klantcontact()
    assert tell(town, contact).status == 200
    assert told(town) == [("klcLk01", "T")]
    assert tell(town, contact).status == 200
    message = zkn0320.klc_lk01(contact, header=header(), mutatiesoort="C", oud=contact)
    for klc in message.iterchildren("{*}object"):
        klc.set("verwerkingssoort", "S")
    klc.set("sleutelVerzendend", "SLEUTEL-2")
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert reply.status == 200, reply.raw
    assert (told(town), stored(town).versie) == ([], 1)
    assert stored(town).bijzonderheden["@sleutelVerzendend"] == "SLEUTEL-2"


@pytest.mark.parametrize("kanaal", ["internet", "post", "e-mail", "chat"])
def test_a_contact_with_a_person_by_an_employee_is_personal_whatever_its_kanaal(kanaal: str, town: Town) -> None:
    town.zaak()
    reply = tell(town, klantcontact(kanaal=kanaal, extra={}))
    assert reply.status == 200, reply.raw
    assert (stored(town).groep, stored(town).effect, stored(town).kanaal) == ("persoonlijk", "uitgewisseld", kanaal)
    assert told(town) == [("klcLk01", "T")]


def test_a_zaak_of_another_organisation_is_not_ours_with_the_same_number(town: Town) -> None:
    town.zaak()
    strange = rgbz.Zaak(identificatie=cast.RUNNING, bronorganisatie="123456782", omschrijving="")
    for refused in (
        tell(town, klantcontact(zaak=strange)),
        bring(town, klantcontact(zaak=strange, documenten=("D1",))),
    ):
        assert (refused.code, rules_of(refused)) == ("StUF064", ["StUF064"])
    unsaid = zkn0320.klc_lk01(klantcontact(), header=header())
    for found in unsaid.iterfind(".//{*}heeftBetrekkingOp//{*}bronorganisatie"):
        found.text = None
        found.set(qname(XSI, "nil"), "true")
    assert town.send(unsaid, user="zaaksysteem", port=ASYNCHRONOUS).name == "Bv03Bericht"
    record = stored(town)
    assert record.zaak is not None
    assert record.zaak.identificatie == cast.RUNNING


@pytest.mark.parametrize("of", ["contact", "document"])
def test_what_names_too_much_is_refused_before_it_is_read(
    of: str, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many relations as a message may have elements would take seconds to look at."""
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    if of == "contact":
        message = zkn0320.klc_lk01(contact, header=header())
    else:
        message = zkn0320.iob_lk01(contact.informatieobjecten[0], klantcontact=contact, header=header("IOB"))
    (relation,) = message.iter("{*}heeftRelevant", "{*}isBekendBij")
    for _ in range(limits.RELATIONS):
        relation.addnext(deepcopy(relation))
    with monkeypatch.context() as patched:
        patched.setattr(validation, "check_message", None)
        patched.setattr(zkn0320, "read", None)
        patched.setattr(zkn0320, "read_iob", None)
        reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code, rules_of(reply)) == (500, "StUF058", ["StUF058"]), reply.raw
    assert f"0-{limits.RELATIONS}" in reply.raw.decode()


def test_documents_are_found_at_once_however_many_they_are(town: Town) -> None:
    """A contact takes those that wait, its own, and those of another, each by two statements for all."""
    town.zaak()
    names = tuple(f"TEKENING-{n}" for n in range(6))
    one = klantcontact(documenten=names[:3])
    other = klantcontact(documenten=names, identificatie="ZS20260000002")
    with town.gateway.database.session() as session:
        for name in names:
            rgbz.put_informatieobject(session, None, document(name))
    assert tell(town, one).status == 200
    statements: list[str] = []
    with town.gateway.database.session() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
        found = rgbz.informatieobjecten_for(session, None, named=[(name, cast.RSIN) for name in (*names, "GEEN")])
        assert [name for name, _ in found] == [*names[3:], *names[:3]]
        assert len(statements) == 2
    assert tell(town, other).status == 200
    for record, there in ((stored(town), names[:3]), (stored(town, "ZS20260000002"), names)):
        assert sorted(d.identificatie for d in record.informatieobjecten) == sorted(there)


def test_two_contacts_are_not_merged(town: Town) -> None:
    town.zaak()
    contact = klantcontact()
    assert tell(town, contact).status == 200
    message = zkn0320.klc_lk01(contact, header=header(), mutatiesoort="C", oud=contact)
    for klc in message.iterchildren("{*}object"):
        klc.set("verwerkingssoort", "O")
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == (500, "StUF058"), reply.raw
    assert "Ontdubbelen" in reply.raw.decode()


def test_what_is_no_longer_relevant_to_another_stays_in_the_dossier(town: Town) -> None:
    town.zaak()
    contact = klantcontact()
    assert tell(town, contact).status == 200
    message = by_zaakmagazijn(zkn0320.klc_lk01(contact, header=header(), mutatiesoort="V"))
    reply = town.send(message, user="zaakmagazijn", port=ASYNCHRONOUS)
    assert (reply.status, reply.name) == (200, "Bv03Bericht"), reply.raw
    assert not stored(town).ingetrokken


def test_a_withdrawn_contact_comes_back_with_its_documents(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    for reply in (bring(town, contact), tell(town, contact), tell(town, contact, mutatiesoort="V")):
        assert reply.status == 200, reply.raw
    told(town)
    reply = tell(town, contact)
    assert reply.status == 200, reply.raw
    assert (stored(town).ingetrokken, stored(town).versie) == (False, 3)
    assert [d.identificatie for d in stored(town).informatieobjecten] == ["TEKENING-1"]
    assert told(town) == [("iobLk01", "T"), ("klcLk01", "T")]


def test_another_administratie_of_the_sender_is_told(database_url: str, password_hash: str, tmp_path: Path) -> None:
    with running(database_url, password_hash, tmp_path, abonnee={"administratie": "ARCHIEF"}) as town:
        town.zaak()
        message = by_zaakmagazijn(zkn0320.klc_lk01(klantcontact(), header=header()))
        assert town.send(message, user="zaakmagazijn", port=ASYNCHRONOUS).status == 200
        assert told(town) == [("klcLk01", "T")]


@pytest.mark.parametrize(
    ("columns", "element"),
    [
        ({"medewerker": None, "opvoerder": {}}, "zkn:isGevoerdDoor"),
        ({"zaak": None}, "zkn:heeftBetrekkingOp"),
        ({"partij": None, "partij_herkomst": ""}, "zkn:heeftPlaatsgevondenMetNPS"),
    ],
)
def test_a_relation_that_ends_is_named_in_the_words_of_klc(
    columns: dict[str, object], element: str, town: Town
) -> None:
    town.zaak()
    before = klantcontact()
    assert tell(town, before).status == 200
    reply = tell(town, klantcontact(moment=before.datum_tijd, **columns), mutatiesoort="C", oud=before)
    rule = "KC-10" if "partij" in columns else "StUF058"
    assert (reply.status, reply.code, rules_of(reply)) == (500, "StUF058", [rule]), reply.raw
    assert element in reply.raw.decode()


def test_what_only_a_gateway_says_of_a_contact_is_not_taken_by_halves(town: Town) -> None:
    town.zaak()
    before = klantcontact()
    assert tell(town, before).status == 200
    for beside in (
        {"partij.naam": "X"},
        {"partij.soort": "vestiging"},
        {"opvoerder.naam": "X"},
        {"groep": "ieder"},
    ):
        extra = {"type": "call", "dossier.groep": "anoniem", **{f"dossier.{n}": t for n, t in beside.items()}}
        after = klantcontact(moment=before.datum_tijd, partij=None, partij_herkomst="", extra=extra)
        reply = tell(town, after, mutatiesoort="W", oud=before)
        assert (reply.status, reply.code) == (500, "StUF055"), reply.raw
        assert "dossier." in reply.raw.decode()
    reply = tell(town, klantcontact(moment=before.datum_tijd, onderwerp="Bouw"), mutatiesoort="C", oud=before)
    assert reply.status == 200, reply.raw
    assert (stored(town).partij, stored(town).onderwerp) == (before.partij, "Bouw")


def test_a_second_partij_is_refused_and_another_in_its_place_is_not(town: Town) -> None:
    town.zaak()
    before = klantcontact()
    assert tell(town, before).status == 200
    vestiging = {"soort": "vestiging", "vestigingsnummer": cast.VESTIGING, "handelsnaam": "Bakkerij Voorbeeld"}
    after = klantcontact(moment=before.datum_tijd, partij=vestiging)
    replaced, added = (zkn0320.klc_lk01(after, header=header(), mutatiesoort="W", oud=before) for _ in "12")
    for relation in list(added.iter("{*}heeftPlaatsgevondenMetNPS")):
        relation.getparent().remove(relation)
    reply = town.send(added, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code, rules_of(reply)) == (500, "StUF058", ["KC-10"]), reply.raw
    reply = town.send(replaced, user="zaaksysteem", port=ASYNCHRONOUS)
    assert reply.status == 200, reply.raw
    assert stored(town).partij == vestiging


def test_a_document_of_a_second_zaak_is_refused(town: Town) -> None:
    town.zaak()
    contact = klantcontact(documenten=("TEKENING-1",))
    message = zkn0320.iob_lk01(contact.informatieobjecten[0], klantcontact=contact, header=header("IOB"))
    (relation,) = message.iter("{*}isBekendBij")
    relation.addnext(deepcopy(relation))
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == (500, "StUF058"), reply.raw
    assert "zkn:isBekendBij" in reply.raw.decode()


@pytest.mark.parametrize("beside", [True, False], ids=["beside the one it has", "alone"])
def test_a_change_that_adds_a_second_zaak_to_a_document_is_refused(beside: bool, town: Town) -> None:
    town.zaak()
    town.zaak("0518ZAAK0000009")
    contact = klantcontact(documenten=("TEKENING-1",))
    assert bring(town, contact).status == 200
    (own,) = contact.informatieobjecten
    other = klantcontact(zaak=rgbz.Zaak(identificatie="0518ZAAK0000009", bronorganisatie=cast.RSIN))
    message = zkn0320.iob_lk01(own, klantcontact=other, header=header("IOB"), mutatiesoort="W", oud=(own, contact))
    was, becomes = message.iter("{*}isBekendBij")
    if beside:
        for relation in (was, becomes):
            stays = deepcopy(was)
            stays.set("verwerkingssoort", "I")
            relation.addprevious(stays)
    for relation in (was, becomes):
        relation.set("verwerkingssoort", "T")
    was.remove(was[0])
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code, rules_of(reply)) == (500, "StUF058", ["StUF058"]), reply.raw
    assert "zkn:isBekendBij" in reply.raw.decode()
    with town.gateway.database.session() as session:
        assert (
            session.scalars(select(rgbz.Informatieobject)).one().zaak_id
            == session.scalars(select(rgbz.Zaak.id).where(rgbz.Zaak.identificatie == cast.RUNNING)).one()
        )


def test_a_date_of_birth_may_be_known_in_part_but_must_exist(town: Town) -> None:
    town.zaak()
    persoon = {"soort": "natuurlijkPersoon", "bsn": cast.BSN, "geslachtsnaam": "Jansen"}
    for number, (geboren, status) in enumerate((("1980", 200), ("1980-05", 200), ("2026-13-45", 500))):
        contact = klantcontact(identificatie=f"ZS2026000000{number}", partij={**persoon, "geboortedatum": geboren})
        reply = tell(town, contact)
        assert reply.status == status, reply.raw
        assert rules_of(reply) == ([] if status == 200 else ["KC-11"])
    assert told(town) == [("klcLk01", "T")] * 2


@pytest.mark.parametrize(
    ("soorten", "taken"), [(("W", "W"), False), (("I", "I"), False), (("T", "T"), False), (("R", "R"), True)]
)
def test_another_person_takes_the_place_of_one_only_when_that_is_said(
    soorten: tuple[str, str], taken: bool, town: Town
) -> None:
    town.zaak()
    before = klantcontact(partij={"soort": "natuurlijkPersoon", "bsn": "999990639", "geslachtsnaam": "Bakker"})
    assert tell(town, before).status == 200
    after = klantcontact(moment=before.datum_tijd)
    message = zkn0320.klc_lk01(after, header=header(), mutatiesoort="W", oud=before)
    for relatie, soort in zip(message.iter("{*}heeftPlaatsgevondenMetNPS"), soorten, strict=True):
        relatie.set("verwerkingssoort", soort)
    if soorten[0] == "T":
        relatie = next(message.iter("{*}heeftPlaatsgevondenMetNPS"))
        relatie[:] = []
    reply = town.send(message, user="zaaksysteem", port=ASYNCHRONOUS)
    assert (reply.status, reply.code) == ((200, "") if taken else (500, "StUF058")), reply.raw
    now_with = stored(town).partij
    assert now_with is not None
    assert now_with["bsn"] == (cast.BSN if taken else "999990639")


@pytest.mark.parametrize(
    ("columns", "element"),
    [({"toelichting": ""}, "zkn:toelichting"), ({"moment": datetime(2020, 1, 1, tzinfo=UTC)}, "zkn:datum-tijd")],
)
def test_a_rule_is_told_in_the_words_of_klc_and_of_huidig(
    columns: dict[str, object], element: str, town: Town
) -> None:
    town.zaak()
    before = klantcontact()
    assert tell(town, before).status == 200
    after = klantcontact(**{"moment": before.datum_tijd, **columns})
    reply = tell(town, after, mutatiesoort="W", oud=before)
    assert rules_of(reply)[0] in ("KC-05", "KC-09"), reply.raw
    said = reply.raw.decode()
    assert "gfo:" not in said
    assert "DatumGezet" not in said
    assert element in said
    assert "klc:object[2]" in said
    assert "klc:object[1]" not in said
