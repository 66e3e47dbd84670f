"""kill -9 between a document number and its document: no number is taken twice, no document is lost or doubled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.municipality import Municipality, municipality
from crash.traffic import ZAKEN, Senders, announce, contacts, wait_until_empty
from plugin_database import TEMPLATE, Postgres
from stuf_klantcontact.store import Database

NAME = "test_crash_zaakdocumenten"


@pytest.fixture(scope="module")
def town(
    postgres: Postgres, _template: str, password_hash: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Municipality, Database]]:
    """One gateway for all tests: whoever was killed is started again by `serve` itself."""
    postgres.run(f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE}")
    database = Database(postgres.address(NAME), pool_size=2)
    folder: Path = tmp_path_factory.mktemp("crash")
    try:
        with municipality(
            folder, password_hash=password_hash, database_url=database.url, profiel="zds0120"
        ) as found:
            gateway = found.start()
            yield found, database
            assert gateway.terminate() == 0, gateway.log.read_text()
            gateway.wait_until_gone()
    finally:
        database.close()
        postgres.run(f"DROP DATABASE {NAME} WITH (FORCE)")


PLACES = ("numbered", "stamped", "asked", "answered")


def test_killed_between_number_and_document(town: tuple[Municipality, Database]) -> None:
    """At each place in turn, about zaken of their own: nobody need wait for the lease of who died before."""
    found, database = town
    zaken = {place: [f"0518ZDS{turn}{zaak[-6:]}" for zaak in ZAKEN] for turn, place in enumerate(PLACES)}
    streams = []
    for place in PLACES:
        announce(found.client, zaken[place])
        found.crash(place, nth=3)
        streams += contacts(each=2, zaken=zaken[place])
        Senders(found.client, streams[-len(ZAKEN) :]).join()
        found.wait_for_death()
    wait_until_empty(database)
    zaakdocumenten = found.zaakmagazijn.zaakdocumenten
    with database.connection() as connection:
        rows = connection.execute(
            "SELECT sleutel, documentidentificatie, state FROM outbox_item JOIN outbox_stream s ON s.id = stream_id"
        ).fetchall()
    assert {row[2] for row in rows} == {"delivered"}
    assert sorted(row[1] for row in rows) == sorted(zaakdocumenten.held)
    assert len(zaakdocumenten.held) == len(PLACES) * len(ZAKEN) * 3, (
        "two contacts a zaak, the second with a document"
    )
    # Who died after it asked and before it had stored the number, wasted one; so may the others that died with it,
    # at most one for each zaak that was under way.
    wasted = len(zaakdocumenten.given) - len(zaakdocumenten.held)
    assert 1 <= wasted <= len(PLACES) * len(ZAKEN)
    told = [sent.identificatie for stream in streams for sent in stream]
    assert len(set(told)) == len(told)
    for stream in streams:
        arrived = [
            message.text("object/inhoud")
            for message in found.zaakmagazijn.kept
            if message.text("object/isRelevantVoor/gerelateerde/identificatie") == stream[0].zaak
            and message.text("object/dct.omschrijving") == "Contactverslag"
        ]
        assert len(arrived) == len(set(arrived)) == len(stream)
