"""What a gateway accepts in klc reaches another as it stands in the outbox, and is the same record there.

A change too, and the documents; an export of the one is an export of the other, and goes into an empty gateway.
"""

from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, event, example, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from mapping.test_zkn0320 import document, record
from mapping.test_zkn0320_reading import columns, contacts
from outgoing import LATER
from stuf_klantcontact import outbox, rgbz, transfer
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.mapping import zkn0320
from stuf_klantcontact.outlets import Attempt, Delivered
from stuf_klantcontact.outlets.soap import Body
from stuf_klantcontact.rgbz import DocumentInhoud, Informatieobject, Klantcontact
from stuf_klantcontact.settings import Abonnee, Zaaktype, Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.stuurgegevens import Header
from stuf_klantcontact.testing import cast
from test_intake import ASYNC, CONTRACT, DEMO, Reply, Town
from test_transfer import LATER as EXPORTED
from test_transfer import settings
from test_transfer_written import empty, messages, out

ZAKEN = (cast.RUNNING, "0518ZAAK0000009")
OTHER = "ANDERE"
"""The other gateway, which hears of everything here; there, what sends is this one."""
_TAKES = {"gebruiker": "b", "borgt_voor_opvoerder": True, "operaties": ("zaken", "klantcontacten")}
SETTINGS = DEMO.model_copy(
    update={
        "zender": {"ZAAKSYSTEEM": Zender(**_TAKES), cast.GATEWAY.applicatie: Zender(**_TAKES)},
        "abonnee": {OTHER: Abonnee(endpoint="http://127.0.0.1:1/", applicatie=cast.GATEWAY.applicatie)},
        "zaaktype": {
            "B1026": Zaaktype(klantcontacten=True, medewerkers=("*",), betrokkenen=True, voor_startdatum=True)
        },
    }
)
CONTENTS = (b"%PDF-1.4 een", b"%PDF-1.4 " + b"\x00\xff" * 700, None)
CHANGES = {
    "words": ("onderwerp", "toelichting"),
    "moment": ("datum_tijd",),
    "outcome": ("type", "kanaal", "uitkomst", "afspraken", "extra", "opvoerder", "bijzonderheden"),
    "people": ("partij", "partij_herkomst", "medewerker"),
    "documents": (),
    "a document": (),
}
"""What a change may be of; at once, too."""
_numbers = count(1)


class Second:
    """Another gateway, as who delivers sees it: it takes the bytes as they stand in the outbox."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.taken: list[str] = []

    def send(self, body: bytes | Body, *, action: str, referentienummer: str) -> Attempt:
        raw = body if isinstance(body, bytes) else b"".join(body.pieces())
        reply = self.town.give(raw, port=ASYNC, zender=cast.GATEWAY.applicatie)
        assert reply.kind == "Bv03", (reply.kind, reply.rules, raw)
        soort = raw.partition(b"mutatiesoort>")[2][:1].decode()
        self.taken.append(f"{action.rpartition('/')[2]} {soort}")
        return Attempt(Delivered("Bv03"), reply.raw)

    def close(self) -> None:
        """There is no connection."""


def tell(town: Town, thing: Klantcontact | Informatieobject, **said: Any) -> Reply:
    """Have the zaaksysteem tell of a contact or a document, as it is now and, of a change, as it was."""
    header = Header(
        berichtcode="Lk01",
        zender=cast.ZAAKSYSTEEM,
        ontvanger=cast.GATEWAY,
        referentienummer=f"K-{next(_numbers)}",
        tijdstip_bericht="2026-11-22T10:15:00.000+01:00",
        entiteittype="KLC" if isinstance(thing, Klantcontact) else "IOB",
    )
    if isinstance(thing, Klantcontact):
        message = zkn0320.klc_lk01(thing, header=header, **said)
    else:
        message = zkn0320.iob_lk01(thing, header=header, **said)
    assert CONTRACT.violations(message) == []
    return town.send(message, zender="ZAAKSYSTEEM")


def known(database: Database, identificatie: str) -> dict[str, Any]:
    """The record, and its documents with their bytes."""
    with database.session() as session:
        found = rgbz.load_klantcontact(session, identificatie, rsin=cast.RSIN)
    documents = [(d.identificatie, d.titel, d.verwijzing, d.inhoud_sha256) for d in found.informatieobjecten]
    return {**columns(found), "documenten": sorted(documents)}


def with_documents(contact: Klantcontact, names: list[str], *, number: int) -> None:
    """Documents of these names, of this number alone, each with bytes or with a link."""
    contact.informatieobjecten = []
    for name in names:
        inhoud = CONTENTS[int(name[1:]) % len(CONTENTS)]
        contact.informatieobjecten.append(
            document(
                identificatie=f"{name}-{number}",
                formaat="application/pdf",
                inhoud=inhoud and DocumentInhoud(sha256=b"\0" * 32, inhoud=inhoud),
                verwijzing="" if inhoud else "https://dms.example.org/1?a=b&c",
            )
        )


def plain(*names: str) -> Klantcontact:
    """A contact that nothing is the matter with, and documents of these names."""
    found = record(toelichting="Teruggebeld.")
    found.zaak = rgbz.Zaak(identificatie=cast.RUNNING, bronorganisatie=cast.RSIN, omschrijving="Vergunning")
    found.informatieobjecten = [document(identificatie=name) for name in names]
    return found


def changed(first: Klantcontact, other: Klantcontact, *, changes: frozenset[str], number: int) -> Klantcontact:
    """`first` with what is of the other in these respects."""
    values = columns(first) | {name: getattr(other, name) for change in changes for name in CHANGES[change]}
    found = Klantcontact(**values)
    found.zaak = first.zaak
    names = [d.identificatie for d in (other if "documents" in changes else first).informatieobjecten]
    with_documents(found, [name.partition("-")[0] for name in names], number=number)
    if "a document" in changes:
        for own in found.informatieobjecten[:1]:
            own.titel = "Tekening van de dakkapel"
    return found


def test_what_is_accepted_reaches_another_as_it_stands_in_the_outbox_and_is_the_same_there(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    here, there = (Town(found, SETTINGS) for found in (database, other_database))
    there.now = LATER
    delivery = Delivery(SETTINGS, database=database, contract=CONTRACT, clock=lambda: LATER)
    taken: Counter[str] = Counter()

    def deliver() -> None:
        second = Second(there)
        delivery._soap[OTHER] = second  # type: ignore[assignment]
        while True:
            with database.connection() as connection:
                claims = outbox.claim(connection, abonnee=OTHER, limit=10, lease=60, now=LATER)
            if not claims:
                break
            assert [delivery.attempt(claim) for claim in claims] == [True] * len(claims)
        taken.update(second.taken)

    def told(thing: Klantcontact | Informatieobject, what: str, **said: Any) -> bool:
        answer = tell(here, thing, **said)
        event(f"{what} {answer.kind} {' '.join(sorted(set(answer.rules)))}")
        return answer.kind == "Bv03"

    @profile(
        max_examples=6,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    @given(contacts(), contacts(), st.frozensets(st.sampled_from(sorted(CHANGES)), min_size=1))
    @example(plain("D1"), plain("D1", "D2"), frozenset({"documents", "a document"}))
    @example(plain("D1", "D3"), plain("D3"), frozenset({"documents", "words"}))
    def each(first: Klantcontact, other: Klantcontact, changes: frozenset[str]) -> None:
        empty(database, other_database)
        for town in (here, there):
            for zaak in ZAKEN:
                assert town.zaak(zaak, referentienummer=f"Z-{next(_numbers)}").kind == "Bv03"
        number = next(_numbers)
        first.identificatie = f"ZS{number:012d}"
        with_documents(first, [d.identificatie for d in first.informatieobjecten], number=number)
        second = changed(first, other, changes=changes, number=number)

        def other_there() -> dict[str, Any]:
            this, that = (known(found, first.identificatie) for found in (database, other_database))
            return {name: (value, this[name]) for name, value in that.items() if value != this[name]}

        before: Klantcontact | None = None
        was: dict[str, Informatieobject] = {}
        for contact in (first, second):
            brought = [own for own in contact.informatieobjecten if own.identificatie not in was]
            for own in contact.informatieobjecten:
                if before is not None and own not in brought and own.titel != was[own.identificatie].titel:
                    said = {"mutatiesoort": "W", "oud": (was[own.identificatie], before)}
                    assert told(own, "changed document", klantcontact=contact, **said)
            for own in brought:
                assert told(own, "document", klantcontact=contact)
            was |= {own.identificatie: own for own in contact.informatieobjecten}
            soort = "T" if before is None else zkn0320.mutatiesoort(before, contact)
            if told(contact, soort, mutatiesoort=soort, oud=before):
                before = contact
            else:
                for own in brought:
                    assert told(own, "withdrawn document", klantcontact=contact, mutatiesoort="V")
            deliver()
            if before is None:
                return
            assert other_there() == {}
        exported = out(database, tmp_path / "here.xml")
        assert messages(out(other_database, tmp_path / "there.xml")) == messages(exported)
        empty(other_database)
        with exported.open("rb") as stream:
            transfer.take_in(
                other_database, [stream], settings=settings(), contract=CONTRACT, clock=lambda: EXPORTED
            )
        assert messages(out(other_database, tmp_path / "again.xml")) == messages(exported)
        # What was said beside may be kept by another path: the messages are the same.
        assert other_there().keys() <= {"bijzonderheden"}
        assert before is not None
        assert told(before, "withdrawal", mutatiesoort="V")
        deliver()
        for found in (database, other_database):
            with found.session() as session:
                assert rgbz.load_klantcontact(session, first.identificatie, rsin=cast.RSIN).ingetrokken

    each()
    delivery.close()
    assert {"iobLk01 T", "iobLk01 C", "klcLk01 T", "klcLk01 W", "klcLk01 C", "klcLk01 V", "iobLk01 V"} <= set(
        taken
    ), taken
