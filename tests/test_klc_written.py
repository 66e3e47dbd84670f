"""What a gateway accepts in klc it can tell another, which then has the same record; a change too."""

from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, Phase, event, given
from hypothesis import settings as profile

from mapping.test_zkn0320_reading import columns, contacts
from stuf_klantcontact import rgbz
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.rgbz import Klantcontact
from stuf_klantcontact.settings import Zaaktype, Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.testing import cast
from test_intake import CONTRACT, DEMO, Reply, Town

ZAKEN = (cast.RUNNING, "0518ZAAK0000009")
SETTINGS = DEMO.model_copy(
    update={
        "zender": {
            "ZAAKSYSTEEM": Zender(gebruiker="b", borgt_voor_opvoerder=True, operaties=("zaken", "klantcontacten"))
        },
        "zaaktype": {
            "B1026": Zaaktype(klantcontacten=True, medewerkers=("*",), betrokkenen=True, voor_startdatum=True)
        },
    }
)
_numbers = count(1)


def tell(town: Town, contact: Klantcontact, *, oud: Klantcontact | None = None) -> Reply:
    soort = "T" if oud is None else zkn0320.mutatiesoort(oud, contact)
    header = Header("Lk01", cast.ZAAKSYSTEEM, cast.GATEWAY, f"K-{next(_numbers)}", "2026-11-22T10:15:00.000+01:00")
    message = zkn0320.klc_lk01(contact, header=replace(header, entiteittype="KLC"), mutatiesoort=soort, oud=oud)
    assert CONTRACT.violations(message) == []
    return town.send(message, zender="ZAAKSYSTEEM")


def stored(town: Town, contact: Klantcontact) -> Klantcontact:
    with town.database.session() as session:
        return rgbz.load_klantcontact(session, contact.identificatie, rsin=cast.RSIN)


@profile(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(contacts(), contacts())
def test_what_is_accepted_can_be_told_and_is_the_same_there(
    database: Database, other_database: Database, first: Klantcontact, second: Klantcontact
) -> None:
    here, there = (Town(found, SETTINGS) for found in (database, other_database))
    for town in (here, there):
        if not town.count("zaak"):
            assert [town.zaak(zaak).kind for zaak in ZAKEN] == ["Bv03", "Bv03"]
    second.zaak = first.zaak
    for contact in (first, second):
        contact.identificatie = f"ZS{next(_numbers) if contact is first else int(first.identificatie[2:]):012d}"
        contact.informatieobjecten.clear()
        contact.toelichting = contact.toelichting.strip() or "Teruggebeld."
    before: Klantcontact | None = None
    for contact in (first, second):
        answer = tell(here, contact, oud=before)
        event(
            "accepted"
            if answer.kind == "Bv03"
            else " ".join(sorted({e.text or "" for e in answer.element.iter("{*}rule", "{*}code")}))
        )
        if answer.kind != "Bv03":
            continue
        after = stored(here, contact)
        if before is None or columns(before) != columns(after):
            assert tell(there, after, oud=before).kind == "Bv03"
        assert columns(stored(there, contact)) == columns(after)
        before = after
