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
            announce(found.client)
            yield found, database
            assert gateway.terminate() == 0, gateway.log.read_text()
            gateway.wait_until_gone()
    finally:
        database.close()
        postgres.run(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.mark.parametrize(("place", "wasted"), [("numbered", 0), ("stamped", 0), ("asked", 1), ("answered", 0)])
def test_killed_between_number_and_document(place: str, wasted: int, town: tuple[Municipality, Database]) -> None:
    found, database = town
    zaakdocumenten = found.zaakmagazijn.zaakdocumenten
    given, held = len(zaakdocumenten.given), len(zaakdocumenten.held)
    found.crash(place, nth=3)
    streams = contacts(each=2, zaken=ZAKEN)
    Senders(found.client, streams).join()
    found.wait_for_death()
    wait_until_empty(database)
    messages = len(ZAKEN) * 3  # two contacts for each zaak, the second with a document
    assert len(zaakdocumenten.held) - held == messages
    # What else was under way in the process that died may have been asked for too, at most one for each zaak.
    lost = len(zaakdocumenten.given) - given - messages
    assert wasted <= lost <= (len(ZAKEN) if wasted else len(ZAKEN) - 1)
    with database.connection() as connection:
        rows = connection.execute("SELECT documentidentificatie, state FROM outbox_item").fetchall()
    assert sorted(row[0] for row in rows) == sorted(zaakdocumenten.held)
    assert {row[1] for row in rows} == {"delivered"}
    told = [sent.identificatie for stream in streams for sent in stream]
    for zaak, stream in zip(ZAKEN, streams, strict=True):
        arrived = [
            message.text("object/inhoud")
            for message in found.zaakmagazijn.kept
            if message.text("object/isRelevantVoor/gerelateerde/identificatie") == zaak
            and message.text("object/dct.omschrijving") == "Contactverslag"
        ]
        assert len(arrived) == len(set(arrived)) >= len(stream)
    assert len(set(told)) == len(told)
