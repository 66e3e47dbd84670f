"""Export and import of a dossier: messages per second beside a bare iterparse + XSD loop, and the peak of memory.

``python -m benchmarks.transfer --contacts 100000`` measures this alone.
"""

import argparse
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from lxml import etree

from benchmarks.figure import Figure, table
from benchmarks.stage import Stage, stage
from stuf_klantcontact import contract, settings
from stuf_klantcontact.names import KLC, qname
from stuf_klantcontact.store import Database, open_database, upgrade
from stuf_klantcontact.testing import cast

PEAK: int = 200
"""Megabytes that neither way may need."""

_FILL = """
INSERT INTO klantcontact (identificatie, verantwoordelijke_organisatie, datum_tijd, type, kanaal, onderwerp,
    toelichting, groep, effect, opvoerder, medewerker, partij, partij_herkomst, uitkomst, afspraken, extra,
    zaak_id, status_id)
SELECT 'KC2026' || lpad(n::text, 8, '0'), %(rsin)s, now() - n * interval '1 second', 'call', 'telefoon',
    'Vergunning ' || n, 'Mevrouw vroeg wanneer haar vergunning klaar is. Teruggebeld met de datum. ' || n,
    'persoonlijk', 'uitgewisseld',
    '{"soort": "medewerker", "identificatie": "jdevries", "stelsel": "Identificatie", "naam": "Vries"}',
    '{"identificatie": "jdevries", "achternaam": "Vries"}',
    '{"soort": "natuurlijkPersoon", "bsn": "999993653", "geslachtsnaam": "Jansen", "voorletters": "S."}',
    'bericht', 'Zij wacht af.', '', '{"type": "call", "uitkomst": "Zij wacht af."}', zaak.id, status.id
FROM generate_series(1, %(count)s) AS n
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places FROM zaak) AS zaak
    ON zaak.place = n %% zaak.places
JOIN LATERAL (SELECT id FROM status WHERE status.zaak_id = zaak.id ORDER BY id LIMIT 1) AS status ON true
"""


_DIGEST = """
SELECT count(*), md5(string_agg(md5(ROW(k.identificatie, k.verantwoordelijke_organisatie, k.datum_tijd, k.type,
    k.kanaal, k.onderwerp, k.toelichting, k.groep, k.effect, k.opvoerder, k.medewerker, k.partij, k.partij_herkomst,
    k.uitkomst, k.afspraken, k.extra, k.bijzonderheden, z.identificatie, s.volgnummer, s.datum_status_gezet)::text),
    '' ORDER BY k.identificatie))
FROM klantcontact k LEFT JOIN zaak z ON z.id = k.zaak_id LEFT JOIN status s ON s.id = k.status_id
"""


def measure(found: Stage, *, contacts: int) -> list[Figure]:
    """Out of the database of the stage, and into a new one beside it, each in a process of its own."""
    folder = found.config.parent
    file = folder / "dossier.xml"
    empty = folder / "empty.toml"
    _say(f"filling a gateway with {contacts:,} klantcontacten")
    with found.database.connection() as connection:
        connection.execute(_FILL, {"rsin": cast.RSIN, "count": contacts})
        connection.execute("CREATE DATABASE empty")
    address = found.database.url.rpartition("/")[0] + "/empty"
    options = found.database.url.partition("?")[2]
    empty.write_text(
        found.config.read_text(encoding="utf-8").replace(
            'database_url = "embedded"', f'database_url = "{address}{"?" + options if options else ""}"'
        ),
        encoding="utf-8",
    )
    empty.chmod(0o600)
    database = open_database(settings.load(empty), check_schema=False)
    try:
        upgrade(database)
        out, out_peak = _command("export", str(file), "--config", str(found.config))
        _say(f"reading {file.stat().st_size / 1e6:,.0f} MB with lxml alone")
        bare = _bare(file)
        into, into_peak = _command("import", str(file), "--config", str(empty))
        _say("comparing both, record by record")
        if _digest(found.database) != _digest(database):
            raise AssertionError("what came in is not what went out")
    finally:
        database.close()
        file.unlink(missing_ok=True)
    peer = "bare iterparse + XSD"
    floor = contacts / bare
    return [
        Figure(f"export of {contacts:,}", contacts / out, "/s", peer=peer, peer_value=floor, ratio=bare / out),
        Figure(f"import of {contacts:,}", contacts / into, "/s", peer=peer, peer_value=floor, ratio=bare / into),
        *(
            Figure(
                f"peak memory of {name}", peak, "MB", peer="aim", peer_value=PEAK, ratio=peak / PEAK, at_most=1.0
            )
            for name, peak in (("export", out_peak), ("import", into_peak))
        ),
    ]


def _digest(database: Database) -> object:
    """All columns of all klantcontacten but their ids, and what their zaak and status are called."""
    with database.connection() as connection:
        return connection.execute(_DIGEST).fetchone()


def _bare(file: Path) -> float:
    """Seconds to read the file and hold each message against the schema, and nothing else."""
    schema = contract.load().schema
    begin = time.perf_counter()
    for _, element in etree.iterparse(file, events=("end",), tag=qname(KLC, "klcSa01"), huge_tree=True):
        schema.validate(element)
        element.clear()
        while element.getprevious() is not None:
            parent = element.getparent()
            assert parent is not None
            del parent[0]
    return time.perf_counter() - begin


def _command(*words: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one command."""
    script = textwrap.dedent(
        """
        import re, sys
        from pathlib import Path
        from stuf_klantcontact.cli import cli
        cli.main(args=sys.argv[1:], standalone_mode=False)
        status = Path("/proc/self/status")
        print(re.search("VmHWM:\\\\s+([0-9]+)", status.read_text())[1] if status.exists() else 0)
        """
    )
    begin = time.perf_counter()
    # Its progress goes to our standard error, and so does what is wrong.
    done = subprocess.run([sys.executable, "-c", script, *words], stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise RuntimeError(f"{words[0]} ended with exit status {done.returncode}")
    return seconds, int(done.stdout.split()[-1]) / 1024


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    words = argparse.ArgumentParser(prog="python -m benchmarks.transfer")
    words.add_argument("--contacts", type=int, default=100_000)
    given = words.parse_args()
    with stage() as prepared:
        print(table(measure(prepared, contacts=given.contacts)))
