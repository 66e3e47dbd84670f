"""A zaakmagazijn that lost everything, or was put back, is brought to the present state while contacts come in."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from journeys.town import Town, running
from outgoing import RSIN, remember
from stuf_klantcontact import outbox, resync
from stuf_klantcontact.resync import Wanted
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import Received, cast
from test_worker import is_settled, wait_until, working

OTHER = "0518ZAAK0000008"
ZM = "ZAAKMAGAZIJN"
SAID = ("toelichting", "titel", "onderwerp", "inhoud")


@dataclass
class Dossier:
    """What a zaakmagazijn holds, by what it was told; it refuses a change of what it does not know."""

    held: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)

    def judge(self, received: Received) -> str:
        path = "actueel/" if received.name == "klcSa01" else ""
        soort = received.text(f"{path}parameters/mutatiesoort")
        assert received.message is not None
        objects = received.message.findall("/".join(f"{{*}}{step}" for step in f"{path}object".split("/")))
        number = objects[-1].get("sleutelVerzendend") or ""
        if soort in ("C", "W", "V") and number not in self.held:
            self.refused.append(number)
            return "StUF064"
        self.heard.append((number, received.name[:3] + received.name[-4:] + soort))
        if soort == "V":
            del self.held[number]
        else:
            self.held[number] = "|".join(objects[-1].findtext(f"{{*}}{name}") or "" for name in SAID)
        return ""

    def wipe(self) -> None:
        self.held.clear()
        self.refused.clear()
        self.heard.clear()


@contextmanager
def restored(
    database_url: str, password_hash: str, folder: Path, **abonnee: object
) -> Iterator[tuple[Town, Dossier]]:
    """A municipality whose zaakmagazijn remembers, and may forget."""
    with running(database_url, password_hash, folder, abonnee=abonnee) as town:
        dossier = Dossier()
        town.zaakmagazijn.judge = dossier.judge
        town.zaak()
        town.zaak(OTHER)
        yield town, dossier


def add(town: Town, **rest: object) -> str:
    reply = town.contact(**rest)
    assert reply.status == 200, reply.raw
    return reply.text("klantcontactidentificatie")


def run(town: Town, *, page: int = 2, **wanted: object) -> outbox.Resync:
    database, settings = town.gateway.database, town.gateway.settings
    begun = resync.begin(database, Wanted(ZM, **wanted), door="kim")
    return resync.run(database, begun, settings=settings, page=page)


def states(town: Town) -> Mapping[str, int]:
    with town.gateway.database.connection() as connection:
        return dict(connection.execute("SELECT state, count(*) FROM outbox_item GROUP BY 1").fetchall())


@pytest.mark.parametrize("volgorde", ["zaak", "systeem"])
def test_a_wiped_zaakmagazijn_is_equal_again_though_contacts_come_in_meanwhile(
    volgorde: str, database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with restored(database_url, password_hash, tmp_path, volgorde=volgorde) as (town, dossier):
        numbers = [
            add(town, zaak=zaak, toelichting=f"Gesprek {count}.", pdf=None if count else cast.PDF)
            for count in range(3)
            for zaak in (cast.RUNNING, OTHER)
        ]
        add(town, partij="anoniem")
        withdrawn = add(town, toelichting="Per ongeluk.")
        add(town, type="mail", pdf=cast.PDF + b"%brief", zaak=OTHER)
        town.deliver()
        town.withdraw(withdrawn)
        town.deliver()
        wanted = dict(dossier.held)
        dossier.wipe()
        # What waits when it comes back would be refused by it: it lost what this corrects and withdraws.
        add(town, wijzigt=numbers[0], toelichting="Gecorrigeerd.")
        assert town.withdraw(numbers[2]).status == 200
        came: list[str] = []

        def come_in() -> None:
            for count in range(4):
                zaak = (cast.RUNNING, OTHER)[count % 2]
                came.append(add(town, toelichting=f"Nieuw {count}.", zaak=zaak))
                add(town, wijzigt=came[-1], toelichting=f"Beter {count}.", zaak=zaak)

        coming = threading.Thread(target=come_in)
        coming.start()
        done = run(town)
        with working(town.gateway.settings, town.gateway.database, town.gateway.contract):
            coming.join(60)
            wait_until(lambda: is_settled(town.gateway.database))
        assert dossier.refused == []
        assert "held" not in states(town)
        assert done.replaced >= 3
        del wanted[numbers[2]], wanted[f"{numbers[0]}-1"]
        said = dict.fromkeys(came, "Beter") | {numbers[0]: "Gecorrigeerd"}
        assert set(dossier.held) == {*wanted, *came}
        for number, held in dossier.held.items():
            assert held.startswith(said[number]) if number in said else held == wanted[number]


def test_one_that_was_put_back_hears_what_it_missed_and_what_was_withdrawn(
    town: Town,
) -> None:
    dossier = Dossier()
    town.zaakmagazijn.judge = dossier.judge
    town.zaak()
    kept, corrected, withdrawn = (add(town, toelichting=f"Eerst {n}.", pdf=cast.PDF) for n in range(3))
    town.deliver()
    backup = dict(dossier.held)
    with town.gateway.database.connection() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    missed = add(town, toelichting="Later.")
    short = add(town, toelichting="Kort.")
    add(town, wijzigt=corrected, toelichting="Verbeterd.")
    town.withdraw(withdrawn)
    town.deliver()
    town.withdraw(short)
    town.deliver()
    now = dict(dossier.held)
    dossier.wipe()
    dossier.held.update(backup)
    done = run(town, since=row[0])
    town.deliver()
    assert dossier.refused == []
    assert dossier.held == now
    assert (missed in now, withdrawn in now, short in now) == (True, False, False)
    assert kept not in {number for number, _ in dossier.heard}, "what it has still is not sent again"
    assert short not in {number for number, _ in dossier.heard}
    assert done.klantcontacten == 5


def test_only_what_is_exchanged_of_the_zaaktypen_and_the_zaak_that_are_wanted(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with restored(database_url, password_hash, tmp_path, zaaktypen=[cast.ZAAKTYPE]) as (town, dossier):
        number = add(town, pdf=cast.PDF)
        add(town, partij="anoniem")
        other = add(town, zaak=OTHER)
        town.deliver()
        dossier.wipe()
        assert run(town, zaak=cast.RUNNING, soort="klcLk01").messages == 2
        town.deliver()
        assert [what for _, what in dossier.heard] == ["iobLk01T", "klcLk01T"]
        assert number in dossier.held
        with town.gateway.database.connection() as connection:
            connection.execute("UPDATE zaak SET zaaktype = 'B7777' WHERE identificatie = %s", [OTHER])
        dossier.wipe()
        assert run(town).messages == 2
        town.deliver()
        assert [what for _, what in dossier.heard] == ["iobLk01T", "klcSa01T"]
        assert other not in dossier.held


def test_a_receiver_of_zaakdocumenten_gets_them_under_new_numbers(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path, abonnee={"profiel": "zds0120"}) as town:
        town.zaak()
        add(town, pdf=cast.PDF)
        town.deliver()
        backup = dict(town.zaakmagazijn.zaakdocumenten.held)
        assert len(backup) == 2
        town.zaakmagazijn.zaakdocumenten.held.clear()
        run(town)
        town.deliver()
        assert len(town.zaakmagazijn.zaakdocumenten.held) == 2
        assert not set(town.zaakmagazijn.zaakdocumenten.held) & set(backup)
        assert run(town, since=datetime.now(UTC)).messages == 0, "it has all of it"


def test_broken_off_it_goes_on_where_it_was_and_another_one_ends_it(database: Database) -> None:
    remember(database, 1, 2, 3)
    remember(database, 4, 5, zaak=OTHER)
    settings = Settings.model_validate(
        {"gateway": {"rsin": RSIN}, "abonnee": {ZM: {"endpoint": "http://127.0.0.1:1/OntvangAsynchroon"}}}
    )

    def broken(done: int, total: int) -> None:
        assert (done, total) == (2, 5)
        raise KeyboardInterrupt

    first = resync.begin(database, Wanted(ZM), door="kim")
    with pytest.raises(KeyboardInterrupt):
        resync.run(database, first, settings=settings, page=2, progress=broken)
    again = resync.begin(database, Wanted(ZM), door="jo")
    assert (again.id, again.door, again.klantcontacten) == (first.id, "kim", 2)
    other = resync.begin(database, Wanted(ZM, soort="klcLk01"), door="jo")
    assert (other.klantcontacten, other.door) == (0, "jo")
    assert resync.run(database, again, settings=settings).given_up
    done = resync.run(database, other, settings=settings)
    assert (done.klantcontacten, done.messages, done.replaced, done.given_up) == (5, 5, 2, False)
    assert resync.begin(database, Wanted(ZM, soort="klcLk01"), door="jo").id != done.id, "that one is done"
