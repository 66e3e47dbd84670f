"""`config check`: refuses what `serve` would refuse, and says what to change."""

import os
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from plugin_database import Postgres
from stuf_klantcontact.cli import cli
from stuf_klantcontact.settings import Zender
from stuf_klantcontact.store import Database
from stuf_klantcontact.store.address import parameters, written

WORDS = (
    "voegKlantcontactToe",
    "wijzigKlantcontact",
    "verwijderKlantcontact",
    "klantcontacten",
    "vragen",
    "bevestigingen",
    "zaken",
)


def check(
    folder: Path,
    *,
    operaties: tuple[str, ...] = (),
    data_dir: Path | None = None,
    url: str = "postgresql://user@127.0.0.1:1/name",
    endpoint: str = "http://z:8080/x",
    zaak_schemas: Path | None = None,
) -> tuple[int, str]:
    """Exit status and output of `config check` with one zender and one abonnee."""
    file = folder / "gateway.toml"
    words = ", ".join(f'"{word}"' for word in operaties)
    file.write_text(
        f'[gateway]\norganisatie = "0518"\nrsin = "999990019"\ndata_dir = "{data_dir or folder / "var"}"\n'
        + ("" if data_dir else f'database_url = "{url}"\n')
        + (f'zaak_schemas = "{zaak_schemas}"\n' if zaak_schemas else "")
        + f'[zender.MIJNZAKEN]\ngebruiker = "mijnzaken"\nwachtwoord_hash = "$argon2id$"\noperaties = [{words}]\n'
        + f'[abonnee.ZAAKMAGAZIJN]\nendpoint = "{endpoint}"\n'
    )
    result = CliRunner().invoke(cli, ["config", "check", "--config", str(file)])
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


def test_every_word_for_operaties_is_known_and_described(tmp_path: Path, database: Database) -> None:
    status, said = check(tmp_path, operaties=WORDS, url=database.url)
    assert (status, "sound" in said) == (0, True)
    description = Zender.model_fields["operaties"].description or ""
    assert all(word in description for word in WORDS)


def test_a_word_that_is_none_is_refused_with_those_there_are(tmp_path: Path) -> None:
    status, said = check(tmp_path, operaties=("voegKlantContactToe",))
    assert status != 0
    assert "sound" not in said
    assert '"voegKlantContactToe"' in said
    assert all(word in said for word in WORDS)


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("ftp://usr:geheim@z/x", "ftp://usr:***@z/x"),
        *(
            (address, address)
            for address in ("http://z:99999/x", "http://z:abc/x", "http://z:0/x", "http://[::1/x")
        ),
    ],
)
def test_an_address_that_is_none_is_refused_and_told_without_its_password(
    tmp_path: Path, endpoint: str, told: str
) -> None:
    status, said = check(tmp_path, endpoint=endpoint)
    assert status != 0
    assert f'"{told}" is not an http or https address' in said


def test_a_database_that_is_down_refuses_us_or_is_not_migrated_is_no_sound_configuration(
    tmp_path: Path, database: Database, postgres: Postgres
) -> None:
    status, said = check(tmp_path)
    assert (status, "sound" in said, "does not answer" in said) == (1, False, True)
    wrong = written(parameters(database.url) | {"password": "onjuist"})
    status, said = check(tmp_path, url=wrong)
    assert (status, "sound" in said, "authentication failed" in said, "onjuist" in said) == (1, False, True, False)
    status, said = check(tmp_path, url=postgres.address("postgres"))
    assert (status, "sound" in said, "db upgrade" in said) == (1, False, True)


def test_a_data_dir_that_the_database_cannot_use_is_refused_and_not_made(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700 if os.geteuid() == 0 else 0o500)
    status, said = check(tmp_path, data_dir=closed / "var")
    assert status != 0
    assert "sound" not in said
    assert "gateway.data_dir" in said
    assert list(closed.iterdir()) == []


def test_an_address_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_GATEWAY__DATABASE_URL", "mysql://host/name")
    status, said = check(tmp_path)
    assert status != 0
    assert "gateway.database_url" in said


def test_a_password_may_come_through_a_pipe() -> None:
    result = CliRunner().invoke(cli, ["config", "hash"], input="geheim\nand no more\n", env={})
    assert result.exit_code == 0, result.output
    assert PasswordHasher().verify(result.output.strip(), "geheim")
    assert CliRunner().invoke(cli, ["config", "hash"], input="").exit_code == 2
    assert (
        "--password TEXT  The password. Better left out" in CliRunner().invoke(cli, ["config", "hash", "-h"]).output
    )


def test_an_official_set_that_cannot_be_used_is_not_called_sound(tmp_path: Path, database: Database) -> None:
    place = tmp_path / "zaken"
    place.mkdir()
    whole = place / "zkn.xsd"
    whole.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:zaken">'
        '<xs:element name="zakLk01" type="xs:string"/></xs:schema>'
    )
    status, said = check(tmp_path, url=database.url, zaak_schemas=place)
    assert (status, "sound" in said) == (0, True), said
    whole.write_text(whole.read_text().replace("xs:string", "xs:nothing"))
    status, said = check(tmp_path, url=database.url, zaak_schemas=place)
    assert (status != 0, "sound" in said, "gateway.zaak_schemas" in said) == (True, False, True), said
