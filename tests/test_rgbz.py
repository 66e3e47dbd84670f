"""The RGBZ model: zaken as they change, klantcontacten as they are loaded to be sent."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from stuf_klantcontact import rgbz
from stuf_klantcontact.errors import Refusal
from stuf_klantcontact.rgbz import (
    BetrokkeneMutatie,
    DocumentInhoud,
    Informatieobject,
    Klantcontact,
    StatusMutatie,
    Zaak,
    ZaakMutatie,
)
from stuf_klantcontact.store import Database, Statement
from stuf_klantcontact.testing.cast import BSN, RSIN

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
IDENTIFICATIE = "0518ZAAK0000001"


def initiator(**changed: Any) -> BetrokkeneMutatie:
    values: dict[str, Any] = {
        "rol": "Initiator",
        "soort": "natuurlijkPersoon",
        "identificatie": BSN,
        "naam": "Jansen",
    }
    return BetrokkeneMutatie(**{**values, **changed})


def mutatie(mutatiesoort: str = "T", **changed: Any) -> ZaakMutatie:
    return ZaakMutatie(identificatie=IDENTIFICATIE, mutatiesoort=mutatiesoort, **changed)


def verwerk(database: Database, *mutaties: ZaakMutatie) -> Zaak:
    """Take mutaties over, each in a transaction of its own; the zaak as it is then."""
    for each in mutaties:
        with database.session() as session:
            rgbz.verwerk(session, each, rsin=RSIN)
    with database.session() as session:
        return session.scalars(
            select(Zaak).options(selectinload(Zaak.statussen), selectinload(Zaak.betrokkenen))
        ).one()


def test_a_zaak_is_one_however_often_it_is_announced(database: Database) -> None:
    zaak = verwerk(database, mutatie(velden={"omschrijving": "Een"}), mutatie(velden={"omschrijving": "Twee"}))
    assert (zaak.omschrijving, zaak.bronorganisatie, zaak.versie, zaak.onvolledig) == ("Twee", RSIN, 2, False)


@pytest.mark.parametrize(("mutatiesoort", "onvolledig"), [("T", False), ("W", True), ("C", True), ("F", True)])
def test_a_zaak_first_heard_of_in_a_change_is_incomplete(
    mutatiesoort: str, onvolledig: bool, database: Database
) -> None:
    assert verwerk(database, mutatie(mutatiesoort)).onvolledig is onvolledig


def test_what_is_only_about_a_known_zaak_makes_none(database: Database) -> None:
    with database.session() as session:
        assert rgbz.verwerk(session, mutatie("V", bekend=True), rsin=RSIN) is None
        assert session.scalars(select(Zaak)).all() == []


@pytest.mark.parametrize(("asked_at", "taken"), [(0, False), (1, True), (2, False), (None, True)])
def test_an_answer_is_taken_only_onto_the_zaak_that_was_asked_about(
    asked_at: int | None, taken: bool, database: Database
) -> None:
    verwerk(database, mutatie("W", velden={"omschrijving": "Uit een bericht"}))
    with database.session() as session:
        answer = mutatie(velden={"omschrijving": "Uit het antwoord"})
        zaak = rgbz.verwerk(session, answer, rsin=RSIN, versie=asked_at)
        assert zaak is not None
        assert zaak.omschrijving == ("Uit het antwoord" if taken else "Uit een bericht")
        assert zaak.onvolledig is not taken


def test_a_status_that_lapses_is_not_the_current_one_and_may_come_back(database: Database) -> None:
    old = StatusMutatie(volgnummer=1, datum_status_gezet=NOW, omschrijving="Ontvangen")
    new = StatusMutatie(volgnummer=2, datum_status_gezet=NOW, omschrijving="In behandeling")
    zaak = verwerk(database, mutatie(statussen=(old, new)))
    ids = {s.volgnummer: s.id for s in zaak.statussen}
    assert current(database) == ids[2]
    verwerk(database, mutatie("W", vervallen_statussen=(StatusMutatie(volgnummer=2),)))
    assert current(database) == ids[1]
    verwerk(database, mutatie("W", statussen=(new,)))
    assert current(database) == ids[2]


def current(database: Database) -> int | None:
    """The status that a contact would be stored at."""
    with database.connection() as connection:
        row = Statement(f"SELECT {rgbz.FACTS} FROM {rgbz.FACTS_FROM}").row(
            connection, {"zaak": IDENTIFICATIE, "rsin": RSIN}
        )
    found = rgbz.facts(row or {})
    return None if found is None else found.status_id


@pytest.mark.parametrize(
    ("known", "told", "after"),
    [
        ((2, "X"), (None, "X"), [(2, "X")]),
        ((2, "X"), (None, None), [(2, "X")]),
        ((2, "X"), (None, "Y"), [(0, "Y"), (2, "X")]),
        ((None, "X"), (2, "X"), [(2, "X")]),
        ((None, "X"), (2, "Y"), [(0, "X"), (2, "Y")]),
        ((2, "X"), (2, "Y"), [(2, "Y")]),
        ((2, "X"), (2, ""), [(2, "")]),
        ((2, "X"), (3, "X"), [(2, "X"), (3, "X")]),
    ],
)
def test_a_volgnummer_that_one_message_lacks_makes_no_second_status(
    known: tuple[int | None, str | None],
    told: tuple[int | None, str | None],
    after: list[tuple[int, str]],
    database: Database,
) -> None:
    def status(parts: tuple[int | None, str | None]) -> StatusMutatie:
        return StatusMutatie(volgnummer=parts[0], datum_status_gezet=NOW, omschrijving=parts[1])

    zaak = verwerk(database, mutatie(statussen=(status(known),)), mutatie("W", statussen=(status(told),)))
    assert sorted((s.volgnummer, s.omschrijving) for s in zaak.statussen) == after


def test_none_says_nothing_and_an_empty_text_says_none(database: Database) -> None:
    known = initiator(emailadres="a@example.org", gegevens={"voorletters": "A.", "voorvoegsel": "van"})
    told = initiator(naam=None, emailadres="", gegevens={"voorvoegsel": "", "geslachtsaanduiding": "V"})
    (found,) = verwerk(database, mutatie(betrokkenen=(known,)), mutatie("W", betrokkenen=(told,))).betrokkenen
    assert (found.naam, found.emailadres) == ("Jansen", "")
    assert found.gegevens == {"voorletters": "A.", "geslachtsaanduiding": "V"}


MERGED = ZaakMutatie(identificatie="0518ZAAK0000009", mutatiesoort="C", bekend=True, opgegaan_in=IDENTIFICATIE)


def test_a_zaak_that_was_registered_twice_goes_when_nothing_depends_on_it(database: Database) -> None:
    double = ZaakMutatie(
        identificatie=MERGED.identificatie,
        mutatiesoort="T",
        statussen=(StatusMutatie(volgnummer=1, datum_status_gezet=NOW),),
        betrokkenen=(initiator(),),
    )
    with database.session() as session:
        rgbz.verwerk(session, double, rsin=RSIN)
    zaak = verwerk(database, mutatie(), MERGED)
    assert zaak.identificatie == IDENTIFICATIE


def test_a_zaak_with_a_dossier_is_not_merged_away(database: Database) -> None:
    verwerk(database, mutatie())
    with database.session() as session:
        double = ZaakMutatie(identificatie=MERGED.identificatie, mutatiesoort="T")
        contact(session, zaak=rgbz.verwerk(session, double, rsin=RSIN))
    with pytest.raises(Refusal) as refused, database.session() as session:
        rgbz.verwerk(session, MERGED, rsin=RSIN)
    assert refused.value.code == "StUF058"
    assert "klantcontacten" in refused.value.violations[0].message.nl


def test_every_change_raises_the_version_that_intake_checks(database: Database) -> None:
    zaak = verwerk(database, mutatie(), mutatie("W"), mutatie("V"), mutatie("T"))
    assert zaak.versie == 4


def test_a_betrokkene_with_a_number_is_known_by_it_and_else_by_the_name(database: Database) -> None:
    zaak = verwerk(
        database,
        mutatie(
            betrokkenen=(
                initiator(rol="Belanghebbende"),
                initiator(rol="Belanghebbende", identificatie="", naam="X"),
            )
        ),
        mutatie(
            "W",
            betrokkenen=(
                initiator(rol="Belanghebbende", naam="Jansen-Smit", gegevens={"voorletters": "S."}),
                initiator(rol="Belanghebbende", identificatie="", naam="X", emailadres="x@example.org"),
                initiator(rol="Belanghebbende", identificatie="", naam="Y"),
            ),
        ),
    )
    assert sorted((b.identificatie, b.naam, b.emailadres) for b in zaak.betrokkenen) == [
        ("", "X", "x@example.org"),
        ("", "Y", ""),
        (BSN, "Jansen-Smit", ""),
    ]
    assert [b.gegevens for b in zaak.betrokkenen if b.identificatie] == [{"voorletters": "S."}]


def test_a_zaak_keeps_one_initiator(database: Database) -> None:
    zaak = verwerk(
        database,
        mutatie(betrokkenen=(initiator(), initiator(rol="Belanghebbende"))),
        mutatie("W", betrokkenen=(initiator(identificatie="111222333"),)),
        mutatie("W", velden={"omschrijving": "Zonder betrokkenen"}),
    )
    assert sorted((b.rol, b.identificatie) for b in zaak.betrokkenen) == [
        ("Belanghebbende", BSN),
        ("Initiator", "111222333"),
    ]


def test_a_status_is_one_by_volgnummer_and_moment(database: Database) -> None:
    statussen = (
        StatusMutatie(volgnummer=1, datum_status_gezet=NOW, omschrijving="Ontvangen"),
        StatusMutatie(volgnummer=1, datum_status_gezet=NOW, omschrijving="Ontvangen"),
        StatusMutatie(volgnummer=2, datum_status_gezet=NOW),
    )
    later = StatusMutatie(volgnummer=1, datum_status_gezet=NOW, omschrijving="Anders", toelichting="Omdat")
    zaak = verwerk(database, mutatie(statussen=statussen), mutatie("W", statussen=(later,)))
    assert sorted((s.volgnummer, s.omschrijving, s.toelichting) for s in zaak.statussen) == [
        (1, "Anders", "Omdat"),
        (2, "", ""),
    ]


def contact(session: Session, *, zaak: Zaak | None, identificatie: str = "KC202600000001") -> Klantcontact:
    found = Klantcontact(
        identificatie=identificatie,
        verantwoordelijke_organisatie=RSIN,
        datum_tijd=NOW,
        type="call",
        kanaal="telefoon",
        onderwerp="Stand van zaken",
        groep="persoonlijk",
        effect="uitgewisseld",
        opvoerder={"soort": "medewerker", "identificatie": "jdevries"},
    )
    session.add(found)
    found.zaak = zaak
    return found


def test_a_contact_is_loaded_with_all_that_a_message_needs(database: Database) -> None:
    with database.session() as session:
        zaak = rgbz.verwerk(session, mutatie(betrokkenen=(initiator(),)), rsin=RSIN)
        stored = contact(session, zaak=zaak)
        for number in (2, 1):
            inhoud = DocumentInhoud(sha256=bytes([number]) * 32, inhoud=b"x" * number)
            session.add(inhoud)
            document = Informatieobject(
                identificatie=f"D{number}", bronorganisatie=RSIN, creatiedatum=date(2026, 11, 22), titel="Brief"
            )
            document.inhoud = inhoud
            stored.informatieobjecten.append(document)
    with database.session() as session:
        found = rgbz.load_klantcontact(session, "KC202600000001", rsin=RSIN)
        with pytest.raises(LookupError, match="klantcontact"):
            rgbz.load_klantcontact(session, "KC202600000001", rsin="111222333")
        assert rgbz.load_inhoud(session, bytes([2]) * 32) == b"xx"
        with pytest.raises(LookupError, match="document"):
            rgbz.load_inhoud(session, b"?" * 32)
    # Outside the session nothing more can be asked of the database.
    assert found.zaak is not None
    assert [b.naam for b in found.zaak.betrokkenen] == ["Jansen"]
    assert [d.identificatie for d in found.informatieobjecten] == ["D2", "D1"]
    assert [d.inhoud_sha256 for d in found.informatieobjecten] == [bytes([2]) * 32, bytes([1]) * 32]
    assert found.status is None


def test_the_number_of_a_contact_is_unique_within_the_organisation(database: Database) -> None:
    with database.session() as session:
        contact(session, zaak=None)
    with pytest.raises(IntegrityError), database.session() as session:
        contact(session, zaak=None)


@pytest.mark.parametrize(
    ("nummer", "expected"),
    [(1, "KC202600000001"), (99_999_999, "KC202699999999"), (100_000_001, "KC202600000001")],
)
def test_a_number_is_fourteen_characters(nummer: int, expected: str) -> None:
    assert rgbz.klantcontactidentificatie(nummer, moment=NOW) == expected
    assert len(expected) == 14


def test_facts_of_an_unknown_zaak_are_none() -> None:
    assert rgbz.facts({"zaak_id": None}) is None


def test_no_document_is_shown_when_it_is_printed() -> None:
    assert "geheim" not in repr(DocumentInhoud(sha256=b"x", inhoud=b"geheim"))


def test_facts_are_one_reading_of_a_zaak(database: Database) -> None:
    verwerk(database, mutatie(velden={"omschrijving": "Dakkapel", "zaaktype": "B1026"}))
    with database.connection() as connection:
        cursor = connection.execute(
            f"SELECT {rgbz.FACTS} FROM {rgbz.FACTS_FROM}",
            {"zaak": IDENTIFICATIE, "rsin": RSIN},
        )
        names = [column.name for column in cursor.description or ()]
        row = dict(zip(names, cursor.fetchone() or (), strict=True))
    found = rgbz.facts(row)
    assert found is not None
    assert (found.omschrijving, found.zaaktype, found.status_id, found.betrokkenen) == (
        "Dakkapel",
        "B1026",
        None,
        (),
    )
