"""The setting for volgorde is changed while something of a zaak is open: what comes later stays behind it."""

from itertools import count
from pathlib import Path

from journeys.town import Town, running
from stuf_klantcontact import outbox, resync
from stuf_klantcontact.resync import Wanted

OTHER = "0518ZAAK0000008"
ZM = "ZAAKMAGAZIJN"
NUMBERS = count(1)


def add(town: Town, **rest: object) -> str:
    reply = town.contact(referentienummer=f"VS-{next(NUMBERS)}", **rest)
    assert reply.status == 200, reply.raw
    return reply.text("klantcontactidentificatie")


def told(town: Town, klantcontact: str = "") -> list[outbox.Item]:
    """What there is to tell the zaakmagazijn."""
    with town.gateway.database.session() as session:
        return outbox.listing(session, abonnee=ZM, klantcontact=klantcontact or None)


def let(town: Town, klantcontact: str, *, go: bool) -> None:
    """Hold what is to be told of a klantcontact, or release it."""
    numbers = [item.id for item in told(town, klantcontact)]
    with town.gateway.database.connection() as connection:
        if go:
            assert outbox.release(connection, items=numbers, door="kim") == numbers
        else:
            assert outbox.hold(connection, items=numbers, door="kim", reason="wacht") == numbers


def heard(town: Town) -> list[str]:
    """Of which klantcontacten the zaakmagazijn was told, in that order."""
    done = [item for item in told(town) if item.delivered_at is not None]
    return [item.klantcontact for item in sorted(done, key=lambda item: str(item.delivered_at))]


def test_whatever_volgorde_becomes_nothing_of_a_zaak_overtakes_what_is_open_of_it(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path, abonnee={"volgorde": "systeem"}) as town:
        town.zaak()
        town.zaak(OTHER)
        first = add(town)
        let(town, first, go=False)
    with running(database_url, password_hash, tmp_path, abonnee={"volgorde": "zaak"}) as town:
        second = add(town)
        town.deliver()
        assert heard(town) == []
        let(town, first, go=True)
        town.deliver()
        third = add(town)
        let(town, third, go=False)
        fourth = add(town, zaak=OTHER)
        town.deliver()
        assert heard(town) == [first, second, fourth], "each zaak by itself again"
    with running(database_url, password_hash, tmp_path, abonnee={"volgorde": "systeem"}) as town:
        add(town, wijzigt=second)
        fifth = add(town, zaak=OTHER)
        town.deliver()
        assert heard(town) == [first, second, fourth, fifth]
        let(town, third, go=True)
        town.deliver()
        assert heard(town) == [first, second, fourth, fifth, third, second]


def test_what_comes_during_a_resync_after_a_change_of_volgorde_goes_behind_it(
    database_url: str, password_hash: str, tmp_path: Path
) -> None:
    with running(database_url, password_hash, tmp_path, abonnee={"volgorde": "systeem"}) as town:
        town.zaak()
        town.zaak(OTHER)
        first, second = add(town), add(town, zaak=OTHER)
        let(town, first, go=False)
    with running(database_url, password_hash, tmp_path, abonnee={"volgorde": "zaak"}) as town:
        database, settings = town.gateway.database, town.gateway.settings

        def come_in(done: int, total: int) -> None:
            if done == 1:
                add(town, wijzigt=first)

        begun = resync.begin(database, Wanted(ZM), door="kim")
        resync.run(database, begun, settings=settings, page=1, progress=come_in)
        town.deliver()
        assert sorted(heard(town)) == sorted([first, first, second])
        soorten = [item.soort for item in told(town, first) if item.delivered_at]
        assert soorten == ["klcSa01", "klcLk01"]
