"""Any dossier at random: out to a berichtenSet, into an empty gateway and out again is the same set."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from lxml import etree

from mapping.test_zkn0320_reading import contacts, objects, stored
from stuf_klantcontact import contract as contracts
from stuf_klantcontact import rgbz, transfer
from stuf_klantcontact.mapping.zkn0320 import reading
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import cast
from test_transfer import LATER, records, settings

COLUMNS = (
    *("datum_tijd", "type", "kanaal", "onderwerp", "toelichting", "groep", "effect", "opvoerder", "medewerker"),
    *("partij", "partij_herkomst", "uitkomst", "afspraken", "extra", "bijzonderheden"),
)
CONTENTS = (b"%PDF-1.4 een", b"\x00\xff" * 700, b"regel\r\n" * 3, None)
Draw = Any


@st.composite
def told(draw: Draw) -> rgbz.Klantcontact:
    """A klantcontact, of our own making or with whatever the standard has beyond our fields."""
    if draw(st.booleans()):
        found: rgbz.Klantcontact = draw(contacts())
        found.datum_tijd = found.datum_tijd.replace(microsecond=draw(st.sampled_from((0, 1000, 1, 999_999))))
    else:
        found = stored(reading.klantcontact(draw(objects())))
        found.verantwoordelijke_organisatie = cast.RSIN
        found.bijzonderheden.pop("zkn:verantwoordelijkeOrganisatie", None)
    for document in found.informatieobjecten:
        inhoud = draw(st.sampled_from(CONTENTS))
        document.inhoud = inhoud and rgbz.DocumentInhoud(sha256=hashlib.sha256(inhoud).digest(), inhoud=inhoud)
        document.verwijzing = "" if inhoud else "https://dms.example.org/1?a=b&c"
        document.titel = draw(st.sampled_from(("Brief", "0123456789abcdef" * 4, "<Één> & twee")))
    return found


def new_contact(session: Any, given: rgbz.Klantcontact, *, number: int, zaken: dict[str, rgbz.Zaak]) -> None:
    """Add what was drawn under a number of its own, with documents of its own."""
    zaak = given.zaak
    contact = rgbz.Klantcontact(
        identificatie=f"KC2026{number:08d}",
        verantwoordelijke_organisatie=cast.RSIN,
        **{name: getattr(given, name) for name in COLUMNS},
    )
    if zaak is not None:
        contact.zaak = zaken.setdefault(
            zaak.identificatie,
            rgbz.Zaak(identificatie=zaak.identificatie, bronorganisatie=cast.RSIN, omschrijving=zaak.omschrijving),
        )
    session.add(contact)
    session.flush()
    rgbz.replace_klantcontact(session, contact, contact, documenten=copies(given, number=number))


def copies(given: rgbz.Klantcontact, *, number: int) -> list[rgbz.Informatieobject]:
    return [
        rgbz.Informatieobject(
            identificatie=f"{document.identificatie}-{number}",
            bronorganisatie=cast.RSIN,
            creatiedatum=document.creatiedatum,
            titel=document.titel,
            bestandsnaam=document.bestandsnaam,
            formaat=document.formaat,
            verwijzing=document.verwijzing,
            inhoud=document.inhoud
            and rgbz.DocumentInhoud(sha256=document.inhoud.sha256, inhoud=document.inhoud.inhoud),
        )
        for document in given.informatieobjecten
    ]


@dataclass(frozen=True, repr=False)
class Dossier:
    """Klantcontacten, what some were changed into, and whether the last was withdrawn."""

    drawn: list[rgbz.Klantcontact]
    changes: list[rgbz.Klantcontact]
    gone: bool


def fill(database: Database, dossier: Dossier) -> None:
    drawn = dossier.drawn
    zaken: dict[str, rgbz.Zaak] = {}
    with database.session() as session:
        for number, given_ in enumerate(drawn):
            new_contact(session, given_, number=number, zaken=zaken)
        session.flush()
        for number, change in enumerate(dossier.changes[: len(drawn)]):
            current = rgbz.lock_klantcontact(session, f"KC2026{number:08d}", rsin=cast.RSIN)
            assert current is not None
            new = rgbz.Klantcontact(
                identificatie=current.identificatie,
                verantwoordelijke_organisatie=cast.RSIN,
                **{name: getattr(change, name) for name in COLUMNS},
            )
            new.zaak_id = current.zaak_id
            documenten = copies(change, number=number)
            rgbz.replace_klantcontact(session, current, new, documenten=documenten)
        if dossier.gone:
            current = rgbz.lock_klantcontact(session, f"KC2026{len(drawn) - 1:08d}", rsin=cast.RSIN)
            assert current is not None
            rgbz.withdraw_klantcontact(session, current)


def empty(*databases: Database) -> None:
    for database in databases:
        with database.connection() as connection:
            connection.execute("TRUNCATE klantcontact, zaak, informatieobject, document_inhoud CASCADE")


def messages(file: Path) -> list[bytes]:
    """The messages of a set, but for what each sending makes anew."""
    root = etree.parse(file).getroot()
    for local in ("tijdstipBericht", "referentienummer"):
        for element in root.iter(f"{{*}}{local}"):
            element.text = "-"
    return [etree.tostring(message, method="c14n") for message in root]


def out(database: Database, target: Path) -> Path:
    target.unlink(missing_ok=True)
    (file,) = transfer.take_out(
        database, target, settings=settings(), contract=contracts.load(), clock=lambda: LATER
    ).files
    return file


@profile(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.builds(Dossier, st.lists(told(), min_size=3, max_size=8), st.lists(told(), max_size=3), st.booleans()))
def test_a_set_that_is_read_and_written_again_is_the_same_set(
    database: Database, other_database: Database, tmp_path: Path, dossier: Dossier
) -> None:
    drawn, gone = dossier.drawn, dossier.gone
    empty(database, other_database)
    fill(database, dossier)
    first = out(database, tmp_path / "first.xml")
    with first.open("rb") as stream:
        done = transfer.take_in(
            other_database, [stream], settings=settings(), contract=contracts.load(), clock=lambda: LATER
        )
    assert (done.klantcontacten, done.ingetrokken, done.afwijkend) == (len(drawn) - gone, int(gone), [])
    assert messages(out(other_database, tmp_path / "second.xml")) == messages(first)
    there, here = (
        # bijzonderheden as messages, above: what they say of documents goes by the numbers that were drawn.
        {r["identificatie"]: {n: r[n] for n in COLUMNS[:-1]} for r in records(d)}
        for d in (database, other_database)
    )
    if gone:
        there.popitem()
        here.popitem()
    assert here == there
