"""A zaaksysteem that speaks KLC itself: what it tells is judged, stored and told on, as if a contact was added."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import count

import pytest

from journeys.town import ASYNCHRONOUS, Town, now, rules_of
from stuf_klantcontact import rgbz
from stuf_klantcontact.mapping import zkn0320
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


def stored(town: Town) -> Klantcontact:
    with town.gateway.database.session() as session:
        return rgbz.load_klantcontact(session, NUMBER, rsin=cast.RSIN)


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


def test_a_synchronous_one_gets_bv02_and_what_is_known_is_replaced(town: Town) -> None:
    town.zaak()
    for _ in range(2):
        message = zkn0320.klc_lk01(klantcontact(), header=header(code="Lk02"))
        reply = town.send(message, user="zaaksysteem", port=SYNCHRONOUS)
        assert (reply.status, reply.name) == (200, "Bv02Bericht"), reply.raw
    assert stored(town).versie == 2


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
