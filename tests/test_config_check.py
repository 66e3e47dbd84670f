"""`config check`: refuses what `serve` would refuse, and says what to change."""

import os
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from stuf_klantcontact.cli import cli
from stuf_klantcontact.settings import Zender

WORDS = (
    "voegKlantcontactToe",
    "wijzigKlantcontact",
    "verwijderKlantcontact",
    "klantcontacten",
    "vragen",
    "bevestigingen",
    "zaken",
)


def check(folder: Path, *, operaties: tuple[str, ...] = (), data_dir: Path | None = None) -> tuple[int, str]:
    """Exit status and output of `config check` with one zender."""
    file = folder / "gateway.toml"
    words = ", ".join(f'"{word}"' for word in operaties)
    file.write_text(
        f'[gateway]\norganisatie = "0518"\nrsin = "999990019"\ndata_dir = "{data_dir or folder / "var"}"\n'
        + ("" if data_dir else 'database_url = "postgresql://user@host/name"\n')
        + f'[zender.MIJNZAKEN]\ngebruiker = "mijnzaken"\nwachtwoord_hash = "$argon2id$"\noperaties = [{words}]\n'
    )
    result = CliRunner().invoke(cli, ["config", "check", "--config", str(file)])
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


def test_every_word_for_operaties_is_known_and_described(tmp_path: Path) -> None:
    status, said = check(tmp_path, operaties=WORDS)
    assert (status, "sound" in said) == (0, True)
    description = Zender.model_fields["operaties"].description or ""
    assert all(word in description for word in WORDS)


def test_a_word_that_is_none_is_refused_with_those_there_are(tmp_path: Path) -> None:
    status, said = check(tmp_path, operaties=("voegKlantContactToe",))
    assert status != 0
    assert "sound" not in said
    assert '"voegKlantContactToe"' in said
    assert all(word in said for word in WORDS)


def test_a_mistake_in_an_address_is_told_without_its_password(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[gateway]\norganisatie = "0518"\nrsin = "999990019"\n[abonnee.ZAAK]\nendpoint = "ftp://usr:geheim@z/x"\n'
    )
    result = CliRunner().invoke(cli, ["config", "check", "--config", str(file)])
    assert '"ftp://usr:***@z/x" is not an http or https address' in str(result.exception)


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
