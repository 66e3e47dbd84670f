"""Out to a berichtenSet and into an empty gateway: record by record the same."""

import copy
import hashlib
import io
import os
import pty
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from stuf_klantcontact import contract as contracts
from stuf_klantcontact import rgbz, transfer, validation
from stuf_klantcontact.errors import ConfigurationError, Refusal
from stuf_klantcontact.names import BG0320, KLC, ZKN0320, qname
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database
from stuf_klantcontact.testing import cast

LATER = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_IDS = {"id", "zaak_id", "status_id", "bericht_id", "klantcontact_id", "zaak", "status", "klantcontact"}


def settings() -> Settings:
    return Settings.model_validate({"gateway": {"organisatie": cast.ORGANISATIE, "rsin": cast.RSIN}})


def fill(database: Database, *, count: int) -> None:
    """Contacts of every groep, some with documents, about three zaken and about none."""
    with database.session() as session:
        zaken = [
            rgbz.Zaak(identificatie=f"0518ZAAK000000{n}", bronorganisatie=cast.RSIN, omschrijving=f"Zaak {n}")
            for n in range(3)
        ]
        for zaak in zaken:
            zaak.statussen = [
                rgbz.Status(
                    volgnummer=n, omschrijving=f"Stap {n}", datum_status_gezet=LATER - timedelta(days=9 - n)
                )
                for n in range(1, 4)
            ]
        session.add_all(zaken)
        for number in range(count):
            session.add(_contact(number, zaak=zaken[number % 3] if number % 5 else None))


def _contact(number: int, *, zaak: rgbz.Zaak | None) -> rgbz.Klantcontact:
    groep = ("persoonlijk", "ontvangst", "anoniem", "zonder_medewerker")[number % 4] if zaak else "zonder_zaak"
    medewerker = {"identificatie": "jdevries", "achternaam": "Vries", "voorvoegsel": "de"}
    partij: dict[str, Any] = {"soort": "natuurlijkPersoon", "bsn": cast.BSN, "geslachtsnaam": "Jansen"}
    if number % 7 == 0:
        partij = {
            "soort": "vestiging",
            "vestigingsnummer": cast.VESTIGING,
            "handelsnaam": "Bakkerij Voorbeeld",
            "contactpersoon": {"naam": "A. el Idrissi", "emailadres": "a@example.org"},
        }
    said = {"richting": "inkomend", "uitkomst": "Gebeld."} if number % 2 else {}
    said |= {"afspraken": "Vrijdag terug."} if number % 3 else {}
    kind = ("call", "face", "click", "mail", "e-mail")[number % 5]
    found = rgbz.Klantcontact(
        identificatie=f"KC2026{number + 1:08d}",
        verantwoordelijke_organisatie=cast.RSIN,
        datum_tijd=LATER - timedelta(minutes=number, microseconds=number % 3),
        type=kind,
        kanaal=("telefoon", "balie", "internet", "post", "e-mail")[number % 5],
        onderwerp=f"Onderwerp {number} <&>",
        toelichting="" if number % 6 == 5 else f"Toelichting\t{number}\nmet een regel é \U0001f600",
        groep=groep,
        effect="uitgewisseld" if groep in ("persoonlijk", "ontvangst") else "bewaard",
        opvoerder={"soort": "medewerker", "identificatie": "jdevries", "stelsel": "Identificatie", "naam": "Vries"},
        medewerker=None if groep == "zonder_medewerker" else medewerker,
        partij=None if groep == "anoniem" else partij,
        partij_herkomst="" if groep == "anoniem" else "bericht",
        uitkomst=said.get("uitkomst", ""),
        afspraken=said.get("afspraken", ""),
        extra={"type": kind, **said},
        zaak=zaak,
        status=zaak.statussen[number % 3] if zaak else None,
    )
    for position in range(number % 3):
        inhoud = b"%PDF-1.4 " + f"{number}".encode() * (position * 50 + 10)
        found.informatieobjecten.append(
            rgbz.Informatieobject(
                identificatie=f"{found.identificatie}-{position}",
                bronorganisatie=cast.RSIN,
                creatiedatum=LATER.date(),
                titel="Bouwtekening",
                bestandsnaam="tekening.pdf",
                formaat="application/pdf",
                taal="nld",
                ontvangstdatum=LATER.date() if groep == "ontvangst" else None,
                afzender="S. Jansen" if groep == "ontvangst" else "",
                inhoud=stored(inhoud),
            )
        )
    return found


def stored(inhoud: bytes) -> rgbz.DocumentInhoud:
    return rgbz.DocumentInhoud(sha256=hashlib.sha256(inhoud).digest(), inhoud=inhoud)


def _columns(row: Any) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row) if f.name not in _IDS | {"informatieobjecten"}}


def records(database: Database) -> list[dict[str, Any]]:
    """Every klantcontact with all its columns but ids, its zaak, status and documents."""
    with database.session() as session:
        found = []
        for contact in session.query(rgbz.Klantcontact).order_by(rgbz.Klantcontact.identificatie):
            documents = []
            for d in contact.informatieobjecten:
                columns = _columns(d)
                columns.pop("inhoud_sha256")
                documents.append({**columns, "inhoud": d.inhoud.inhoud if d.inhoud else None})
            found.append(
                {
                    **_columns(contact),
                    "zaak": (contact.zaak.identificatie, contact.zaak.omschrijving) if contact.zaak else None,
                    "status": (
                        contact.status.volgnummer,
                        contact.status.datum_status_gezet,
                        contact.status.omschrijving,
                    )
                    if contact.status
                    else None,
                    "documenten": documents,
                }
            )
        return found


def assert_same(full: Database, empty: Database) -> None:
    """Record by record, and column by column."""
    there, here = records(full), records(empty)
    assert [r["identificatie"] for r in here] == [r["identificatie"] for r in there]
    for was, is_now in zip(there, here, strict=True):
        assert {n: (v, is_now[n]) for n, v in was.items() if is_now[n] != v} == {}


@pytest.fixture
def pair(database: Database, other_database: Database) -> tuple[Database, Database]:
    """A gateway with a dossier, and an empty one."""
    return database, other_database


def out(database: Database, target: Path, **rest: Any) -> list[Path]:
    return exported(database, target, **rest).files


def exported(database: Database, target: Path, **rest: Any) -> transfer.Exported:
    return transfer.take_out(
        database, target, settings=settings(), contract=contracts.load(), clock=lambda: LATER, **rest
    )


def take_in(database: Database, *files: Path) -> transfer.Imported:
    streams: list[Any] = [io.BytesIO(file.read_bytes()) for file in files]
    return transfer.take_in(database, streams, settings=settings(), contract=contracts.load(), clock=lambda: LATER)


def test_what_comes_out_goes_into_an_empty_gateway_record_by_record(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    full, empty = pair
    fill(full, count=530)  # more than a page of either way
    (file,) = out(full, tmp_path / "dossier.xml")
    done = take_in(empty, file)
    assert (done.klantcontacten, done.bekend) == (530, 0)
    assert_same(full, empty)
    with empty.session() as session:
        assert session.query(rgbz.Zaak).filter_by(onvolledig=True).count() == 3
    again = take_in(empty, file)
    assert (again.klantcontacten, again.bekend, again.afwijkend) == (0, 530, [])


def test_an_export_is_a_valid_berichtenset_in_order(database: Database, tmp_path: Path) -> None:
    fill(database, count=30)
    progress: list[tuple[int, int]] = []
    (file,) = out(database, tmp_path / "dossier.xml", progress=lambda *p: progress.append(p))
    assert progress[-1] == (30, 30)
    with file.open("rb") as stream:
        reports = [report for report, _ in validation.check_set(stream, against=contracts.load())]
    # What RGBZ does not exchange (a contact without partij, say) is told, and nothing else.
    assert {v.rule.partition("-")[0] for r in reports for v in r.violations} <= {"RGBZ"}
    moments = [e.text or "" for e in etree.parse(file).iter("{*}tijdstipBericht")]
    assert moments == sorted(moments)


def test_a_large_export_falls_into_parts_that_go_in_as_one(pair: tuple[Database, Database], tmp_path: Path) -> None:
    full, empty = pair
    fill(full, count=60)
    files = out(full, tmp_path / "klantcontacten.xml", part_bytes=60_000)
    assert len(files) > 2
    assert files[0].name == "klantcontacten_1.xml"
    assert files[-1].name == f"klantcontacten_{len(files)}_laatste.xml"
    assert all(file.stat().st_size <= 60_000 for file in files)
    assert take_in(empty, *files).klantcontacten == 60
    assert_same(full, empty)


def test_a_selection_by_zaak_and_day(database: Database, tmp_path: Path) -> None:
    fill(database, count=30)
    (of_one,) = out(database, tmp_path / "zaak.xml", zaak="0518ZAAK0000001")
    named = {e.text for e in etree.parse(of_one).iter("{*}zaakidentificatie")}
    assert named == {"0518ZAAK0000001"}
    (recent,) = out(database, tmp_path / "recent.xml", since=LATER - timedelta(minutes=4, seconds=30))
    assert len(list(etree.parse(recent).iter(qname(KLC, "klcSa01")))) == 5


def test_nothing_is_imported_when_one_message_is_wrong(pair: tuple[Database, Database], tmp_path: Path) -> None:
    full, empty = pair
    fill(full, count=8)
    (file,) = out(full, tmp_path / "dossier.xml")
    tree = etree.parse(file)
    (*_, last) = tree.iter("{*}datum-tijd")
    last.text = "gisteren"
    tree.write(file)
    with pytest.raises(Refusal) as refused:
        take_in(empty, file)
    assert refused.value.violations[0].index == len(tree.getroot())
    assert records(empty) == []


def test_a_document_that_is_withdrawn_is_not_taken_for_one_that_is_added(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    full, empty = pair
    fill(full, count=8)
    (file,) = out(full, tmp_path / "dossier.xml")
    tree = etree.parse(file)
    document = next(tree.iter(qname(KLC, "iobLk01")))
    for soort in document.iter("{*}mutatiesoort"):
        soort.text = "V"
    tree.write(file)
    with pytest.raises(Refusal) as refused:
        take_in(empty, file)
    assert refused.value.violations[0].index == list(tree.getroot()).index(document) + 1
    assert records(empty) == []


def test_new_numbers_come_after_imported_ones(pair: tuple[Database, Database], tmp_path: Path) -> None:
    full, empty = pair
    fill(full, count=20)
    take_in(empty, *out(full, tmp_path / "dossier.xml"))
    assert next_number(empty) == 21


def test_withdrawn_numbers_and_loose_documents_go_along(pair: tuple[Database, Database], tmp_path: Path) -> None:
    full, empty = pair
    fill(full, count=6)
    with full.session() as session:
        last = rgbz.lock_klantcontact(session, "KC202600000006", rsin=cast.RSIN)
        assert last is not None
        rgbz.withdraw_klantcontact(session, last)
        zaak = session.query(rgbz.Zaak).filter_by(identificatie="0518ZAAK0000001").one()
        for name, zaak_id in (("LOS-1", zaak.id), ("LOS-2", None)):
            session.add(
                rgbz.Informatieobject(
                    identificatie=name,
                    bronorganisatie=cast.RSIN,
                    creatiedatum=LATER.date(),
                    titel="Brief vooruit",
                    formaat="text/plain",
                    zaak_id=zaak_id,
                    inhoud=stored(name.encode()),
                )
            )
    done = exported(full, tmp_path / "dossier.xml")
    assert (done.klantcontacten, done.ingetrokken, done.losse_documenten) == (5, 1, 2)
    text = done.files[0].read_text(encoding="utf-8")
    assert "KC202600000006" in text
    assert "Onderwerp 5" not in text
    taken = take_in(empty, *done.files)
    assert (taken.klantcontacten, taken.ingetrokken, taken.documenten) == (5, 1, 6)
    assert loose(empty) == loose(full) == [("LOS-1", "0518ZAAK0000001", b"LOS-1"), ("LOS-2", None, b"LOS-2")]
    assert next_number(empty) == 7
    # Neither is lost on the way to a third.
    again = exported(empty, tmp_path / "further.xml")
    assert (again.klantcontacten, again.ingetrokken, again.losse_documenten) == (5, 1, 2)
    # The loose documents are of no day; those of a zaak are chosen with it.
    assert exported(full, tmp_path / "recent.xml", since=LATER - timedelta(days=1)).losse_documenten == 0
    assert exported(full, tmp_path / "zaak.xml", zaak="0518ZAAK0000001").losse_documenten == 1


def loose(database: Database) -> list[tuple[str, str | None, bytes]]:
    """The documents of no klantcontact, with their zaak."""
    query = """
        SELECT i.identificatie, z.identificatie, d.inhoud
        FROM informatieobject i LEFT JOIN zaak z ON z.id = zaak_id
        JOIN document_inhoud d ON d.sha256 = inhoud_sha256
        WHERE klantcontact_id IS NULL ORDER BY 1
    """
    with database.connection() as connection:
        return [(a, b, bytes(c)) for a, b, c in connection.execute(query).fetchall()]


def next_number(database: Database) -> int:
    """What the next klantcontact would be numbered."""
    with database.connection() as connection:
        (found,) = connection.execute(f"SELECT nextval('{rgbz.KLANTCONTACT_NUMMER}')").fetchone() or (0,)
    return int(found)


def test_what_is_here_and_says_something_else_is_listed_and_stays(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    full, empty = pair
    fill(full, count=9)
    (file,) = out(full, tmp_path / "dossier.xml")
    take_in(empty, file)
    with full.session() as session:
        changed, moved, gone = (
            rgbz.lock_klantcontact(session, f"KC2026{n:08d}", rsin=cast.RSIN) for n in (2, 4, 5)
        )
        assert changed is not None
        assert moved is not None
        assert gone is not None
        changed.onderwerp = "Anders"
        changed.informatieobjecten[0].titel = "Anders"
        moved.zaak_id = session.query(rgbz.Zaak).filter_by(identificatie="0518ZAAK0000001").one().id
        rgbz.withdraw_klantcontact(session, gone)
    before = records(empty)
    done = take_in(empty, *out(full, tmp_path / "later.xml"))
    assert done.bekend == 9
    assert sorted(done.afwijkend) == ["KC202600000002", "KC202600000002-0", "KC202600000004", "KC202600000005"]
    assert records(empty) == before


def test_a_refused_message_is_told_by_its_place_and_what_it_calls_itself(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    full, empty = pair
    fill(full, count=4)
    (file,) = out(full, tmp_path / "dossier.xml")
    tree = etree.parse(file)
    wrong = tree.getroot()[2]
    said = next(wrong.iter("{*}referentienummer"))
    named = said.text
    next(wrong.iter("{*}entiteittype")).text = "XYZ"
    tree.write(file)
    with pytest.raises(Refusal) as refused:
        take_in(empty, file)
    assert {(v.index, v.referentienummer) for v in refused.value.violations} == {(3, named)}
    parent = said.getparent()
    assert parent is not None
    parent.remove(said)
    tree.write(file)
    with pytest.raises(Refusal) as refused:
        take_in(empty, file)
    assert {(v.index, v.referentienummer) for v in refused.value.violations} == {(3, None)}
    assert records(empty) == []


def test_what_the_dossier_cannot_hold_or_send_is_refused_at_its_place(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    full, empty = pair
    fill(full, count=4)
    (file,) = out(full, tmp_path / "dossier.xml")

    def said(contact: etree._Element, name: str, text: str) -> None:
        for item in contact.iter("{*}extraElement"):
            if item.get("naam") == name:
                item.text = text
                return
        etree.SubElement(next(contact.iter("{*}extraElementen")), item.tag, naam=name).text = text

    def twice(message: etree._Element, local: str, kind: str = "") -> None:
        relation = next(message.iter(f"{{*}}{local}"))
        second = copy.deepcopy(relation)
        if kind:
            second.tag, second.attrib[qname(ZKN0320, "entiteittype")] = qname(ZKN0320, kind), "KLCVES"
            for part in (*second[0], *list(second)[1:]):
                part.getparent().remove(part)
            second[0].set(qname(BG0320, "entiteittype"), "VES")
        relation.addnext(second)

    def of_another(message: etree._Element) -> None:
        for zaak in message.iter(qname(ZKN0320, "heeftBetrekkingOp"), qname(ZKN0320, "isBekendBij")):
            next(zaak.iter("{*}bronorganisatie")).text = "123456782"

    def number(document: etree._Element) -> None:
        next(document.iter("{*}bronorganisatie")).text = "999993654"

    gezet = "dossier.status.datumStatusGezet"
    for wrong, local in (
        (lambda contact: said(contact, gezet, "Jansen 999993653"), "klcSa01"),
        (lambda contact: said(contact, gezet, "2026-11-20T12:00:00"), "klcSa01"),
        (lambda contact: said(contact, "dossier.partij.naam", "Jansen"), "klcSa01"),
        (lambda contact: said(contact, "dossier.groep", "Jansen"), "klcSa01"),
        (lambda contact: twice(contact, "heeftPlaatsgevondenMetNPS", "heeftPlaatsgevondenMetVES"), "klcSa01"),
        (lambda document: twice(document, "isBekendBij"), "iobLk01"),
        (of_another, "klcSa01"),
        (of_another, "iobLk01"),
        (number, "iobLk01"),
    ):
        tree = etree.parse(file)
        (*_, last) = tree.getroot().iterchildren(qname(KLC, local))
        wrong(last)
        tree.write(tmp_path / "wrong.xml")
        with pytest.raises(Refusal) as refused:
            take_in(empty, tmp_path / "wrong.xml")
        place = tree.getroot().index(last) + 1, next(last.iter("{*}referentienummer")).text
        assert {(v.index, v.referentienummer) for v in refused.value.violations} == {place}
        assert {v.rule for v in refused.value.violations}.isdisjoint({"XSD-UNEXPECTED", "XSD-TYPE", "XSD-MISSING"})
        assert "Jansen" not in repr(refused.value.violations)
        assert records(empty) == []


def test_the_commands_show_progress_on_a_terminal_and_say_what_they_did(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    fill(database, count=5)
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'[gateway]\norganisatie = "{cast.ORGANISATIE}"\nrsin = "{cast.RSIN}"\ndatabase_url = "{database_url}"\n'
    )
    file = tmp_path / "dossier.xml"
    shown, said = terminal("export", str(file), "--config", str(config))
    assert said == f"5 klantcontacten: {file}"
    assert "100%" in shown
    shown, said = terminal("import", str(file), "--config", str(config))
    assert said == "0 klantcontacten and 0 documents were added; 5 were here"
    assert "100%" in shown


def terminal(*words: str) -> tuple[str, str]:
    """What a command shows on a terminal (its standard error), and what it prints."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "stuf_klantcontact", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        os.close(theirs)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return os.read(ours, 100_000).decode(), said.strip()


def test_a_reference_to_a_document_that_is_not_there_is_refused(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    full, empty = pair
    fill(full, count=3)
    (file,) = out(full, tmp_path / "dossier.xml")
    tree = etree.parse(file)
    for document in list(tree.getroot().iterchildren(qname(KLC, "iobLk01"))):
        tree.getroot().remove(document)
    tree.write(file)
    with pytest.raises(Refusal) as refused:
        take_in(empty, file)
    assert refused.value.violations[0].rule == "StUF064"
    assert records(empty) == []


def test_documents_long_before_their_contacts_find_them(pair: tuple[Database, Database], tmp_path: Path) -> None:
    full, empty = pair
    fill(full, count=12)
    (file,) = out(full, tmp_path / "dossier.xml")
    tree = etree.parse(file)
    root = tree.getroot()
    for contact in list(root.iterchildren(qname(KLC, "klcSa01"))):
        root.append(contact)
    tree.write(file)
    take_in(empty, file)
    assert_same(full, empty)


def test_only_who_exports_may_read_it_and_nothing_is_overwritten(database: Database, tmp_path: Path) -> None:
    fill(database, count=1)
    (file,) = out(database, tmp_path / "dossier.xml")
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(ConfigurationError):
        out(database, file)
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["dossier.xml"]


def test_large_documents_are_not_held_together(
    pair: tuple[Database, Database], database_url: str, tmp_path: Path
) -> None:
    full, empty = pair
    with full.session() as session:
        for number in range(8):
            contact = _contact(number * 3, zaak=None)
            contact.informatieobjecten.append(
                rgbz.Informatieobject(
                    identificatie=f"GROOT-{number}",
                    bronorganisatie=cast.RSIN,
                    creatiedatum=LATER.date(),
                    titel="Opname",
                    inhoud=stored(os.urandom(10_000_000)),
                )
            )
            session.add(contact)
    file = tmp_path / "dossier.xml"
    for words, url in ((("export", str(file)), database_url), (("import", str(file)), empty.url)):
        config = tmp_path / f"{words[0]}.toml"
        config.write_text(
            f'[gateway]\norganisatie = "{cast.ORGANISATIE}"\nrsin = "{cast.RSIN}"\ndatabase_url = "{url}"\n'
        )
        # A few copies of one document of 10 MB, not of all eight.
        assert _peak(*words, "--config", str(config)) < 200_000
    assert_same(full, empty)


def _peak(*words: str) -> int:
    """Kilobytes that a command needed at most."""
    script = (
        "import re, sys; from pathlib import Path; from stuf_klantcontact.cli import cli;"
        "cli.main(args=sys.argv[1:], standalone_mode=False);"
        "print(re.search('VmHWM:\\\\s+([0-9]+)', Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])
