"""gateway.toml and the environment: everything closed by default, every mistake told at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from stuf_klantcontact import settings
from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.settings import Gateway, MappingChoices, Settings, Zaaktype

EXAMPLE = """
[gateway]
organisatie = "0518"
applicatie = "KLANTCONTACT"
rsin = "999990019"
database_url = "embedded"
data_dir = "var"
public_url = "https://gateway.example.nl"

[zender.MIJNZAKEN]
organisatie = "0518"
gebruiker = "mijnzaken"
wachtwoord_hash = "file:secrets/mijnzaken.hash"
borgt_voor_opvoerder = true
operaties = ["voegKlantcontactToe"]
strikt = true

[zender.ZAAKSYSTEEM]
operaties = ["zaken"]

[abonnee.ZAAKMAGAZIJN]
profiel = "zkn0320"
endpoint = "http://127.0.0.1:8081/OntvangAsynchroon"
organisatie = "0518"
zaaktypen = ["*"]
volgorde = "zaak"

[zaaktype."B1026"]
klantcontacten = true
medewerkers = ["*"]
betrokkenen = true
gesloten_zaken = false
partij_uit_zaak = true
interactief = ["call", "face"]
groepen = { ontvangst = "exchange", verzending = "exchange", anoniem = "keep" }
melding = true

[limits]
[mail]
[privacy]
[console]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a gateway.toml in a folder of its own, far from the working directory."""
    monkeypatch.chdir("/")

    def _write(text: str) -> Path:
        path = tmp_path / "etc" / "gateway.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def test_the_example_of_the_documentation_is_read(write: Write) -> None:
    path = write(EXAMPLE)
    (path.parent / "secrets").mkdir()
    (path.parent / "secrets" / "mijnzaken.hash").write_text("$argon2id$hash\n")
    found = settings.load(path)
    assert found.gateway.rsin == "999990019"
    assert found.zender["MIJNZAKEN"].wachtwoord_hash == "$argon2id$hash"
    assert found.zender["MIJNZAKEN"].operaties == ("voegKlantcontactToe",)
    assert found.abonnee["ZAAKMAGAZIJN"].volgorde == "zaak"
    assert found.zaaktype["B1026"].groepen.anoniem == "keep"
    assert found.zaaktype["B1026"].melding


def test_everything_is_closed_until_it_is_configured() -> None:
    found = settings.load()
    assert (dict(found.zender), dict(found.abonnee), dict(found.zaaktype)) == ({}, {}, {})
    assert not found.mail.server
    assert not Zaaktype().klantcontacten
    assert Zaaktype().medewerkers == ()
    assert not Zaaktype().betrokkenen


def test_every_mistake_is_told_at_once(write: Write) -> None:
    path = write(
        """
        [gateway]
        rsin = "12"
        organisatei = "0518"
        [zender.AB]
        [zender.MIJNZAKEN]
        borgt_voor_opvoerder = "misschien"
        [abonnee.ZAAKMAGAZIJN]
        timeout = -1
        [zaaktype.B1026.groepen]
        anoniem = "exchange"
        [onbekend]
        """
    )
    with pytest.raises(ConfigurationError) as raised:
        settings.load(path)
    told = str(raised.value)
    for place in (
        "gateway.rsin",
        "gateway.organisatei",
        "zender.AB",
        "zender.MIJNZAKEN.borgt_voor_opvoerder",
        "abonnee.ZAAKMAGAZIJN.endpoint",
        "abonnee.ZAAKMAGAZIJN.timeout",
        "zaaktype.B1026.groepen.anoniem",
        "onbekend",
    ):
        assert f"  {place}" in told
    assert str(path) in told
    assert "8 mistake(s)" in told


def test_a_mistake_does_not_tell_the_secret_it_was_made_in(write: Write) -> None:
    path = write(
        '[abonnee.ZAAKMAGAZIJN]\nendpoint = "http://x"\nwachtwoord = ["geheim1"]\n[mail]\nport = "geheim2"'
    )
    with pytest.raises(ConfigurationError) as raised:
        settings.load(path)
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("text", ["[gateway", "a = ", "\ufeff[gateway]\nx\n"])
def test_a_file_that_is_not_toml_is_a_configuration_error(write: Write, text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not TOML"):
        settings.load(write(text))


def test_a_file_that_is_not_utf_8_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_bytes(b'[gateway]\norganisatie = "\xff"\n')
    with pytest.raises(ConfigurationError, match="is not TOML"):
        settings.load(tmp_path / "gateway.toml")


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        settings.load(tmp_path / "gateway.toml")


def test_the_environment_wins_and_keys_are_spelled_as_the_file_spells_them(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write('[gateway]\norganisatie = "0518"\n[zender.MijnZaken]\ngebruiker = "a"\noperaties = ["zaken"]')
    monkeypatch.setenv("KLANTCONTACT_GATEWAY__ORGANISATIE", "0363")
    monkeypatch.setenv("KLANTCONTACT_ZENDER__MIJNZAKEN__GEBRUIKER", "b")
    monkeypatch.setenv("klantcontact_zender__mijnzaken__wachtwoord_hash", "$argon2")
    found = settings.load(path)
    assert found.gateway.organisatie == "0363"
    assert list(found.zender) == ["MijnZaken"]
    assert found.zender["MijnZaken"].gebruiker == "b"
    assert found.zender["MijnZaken"].wachtwoord_hash == "$argon2"
    assert found.zender["MijnZaken"].operaties == ("zaken",)


def test_a_zender_may_come_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_ZENDER__MIJNZAKEN__WACHTWOORD_HASH", "$argon2")
    monkeypatch.setenv("KLANTCONTACT_ZENDER__MIJNZAKEN__OPERATIES", "voegKlantcontactToe, zaken")
    monkeypatch.setenv("KLANTCONTACT_ZAAKTYPE__B1026__INTERACTIEF", "call,face,click")
    monkeypatch.setenv("KLANTCONTACT_ZAAKTYPE__B1026__KLANTCONTACTEN", "false")
    monkeypatch.setenv("KLANTCONTACT_LIMITS__DOCUMENT_TYPES", '["image/*", "text/plain"]')
    found = settings.load()
    assert found.zender["MIJNZAKEN"].wachtwoord_hash == "$argon2"
    assert found.zender["MIJNZAKEN"].operaties == ("voegKlantcontactToe", "zaken")
    assert found.zaaktype["B1026"].interactief == ("call", "face", "click")
    assert not found.zaaktype["B1026"].klantcontacten
    assert found.limits.document_types == ("image/*", "text/plain")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("KLANTCONTACT_GATEWAY__ORGANISATEI", "gateway.organisatei"),
        ("KLANTCONTACT_GATWAY__ORGANISATIE", "KLANTCONTACT_GATWAY__ORGANISATIE"),
        ("KLANTCONTACT_GATEWAY_ORGANISATIE", "KLANTCONTACT_GATEWAY_ORGANISATIE"),
        ("klantcontact_x", "klantcontact_x"),
    ],
)
def test_a_variable_that_is_no_setting_is_an_error(name: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(ConfigurationError, match=place):
        settings.load()


def test_secrets_come_from_files_beside_the_configuration(write: Write) -> None:
    path = write(
        """
        [gateway]
        database_url = "file:db.url"
        [abonnee.ZAAKMAGAZIJN]
        endpoint = "http://x"
        wachtwoord = "file:/does/not/exist"
        """
    )
    (path.parent / "db.url").write_text("postgresql://gateway:geheim@host/name\n")
    with pytest.raises(ConfigurationError, match="cannot read the secret /does/not/exist"):
        settings.load(path)
    path.write_text('[gateway]\ndatabase_url = "file:db.url"\n[console.gebruikers]\nbeheer = "file:db.url"')
    found = settings.load(path)
    assert found.gateway.database_url == "postgresql://gateway:geheim@host/name"
    assert found.console.gebruikers["beheer"] == "postgresql://gateway:geheim@host/name"


def test_a_secret_that_is_not_text_is_a_configuration_error(write: Write) -> None:
    path = write('[gateway]\ndatabase_url = "file:db.url"')
    (path.parent / "db.url").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot read the secret"):
        settings.load(path)


def test_folders_are_relative_to_the_file(write: Write) -> None:
    path = write('[gateway]\ndata_dir = "data"\nschemas_dir = "/opt/schemas"')
    found = settings.load(path)
    assert found.gateway.data_dir == path.parent / "data"
    assert found.gateway.schemas_dir == Path("/opt/schemas")


def test_without_a_file_folders_are_relative_to_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings.load().gateway.data_dir == tmp_path / "var"


def test_settings_cannot_be_changed_afterwards() -> None:
    found = settings.load()
    with pytest.raises(ValidationError):
        found.gateway = Gateway()  # type: ignore[misc]
    with pytest.raises(ValidationError):
        found.gateway.rsin = "999990019"  # type: ignore[misc]


def test_mail_needs_a_sender_of_its_own(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="afzender"):
        settings.load(write('[mail]\nserver = "mail.example.nl"'))


def test_two_systems_cannot_share_a_user_name(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="gebruiker"):
        settings.load(write('[zender.EEN]\n[zender.DRIE]\ngebruiker = "a"\n[zender.TWEE]\ngebruiker = "a"'))
    assert len(settings.load(write("[zender.EEN]\n[zender.TWEE]\n")).zender) == 2


def test_an_abonnee_cannot_have_the_name_of_what_goes_by_mail(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="mail"):
        settings.load(write('[abonnee.mail]\nendpoint = "http://x"'))


def test_a_municipality_may_rename_one_kanaal_and_keep_the_others(write: Write) -> None:
    found = settings.load(write('[mapping.kanaal]\ncall = "belletje"'))
    assert found.mapping.kanaal["call"] == "belletje"
    assert found.mapping.kanaal["face"] == "balie"
    assert set(found.mapping.kanaal) == set(MappingChoices().kanaal) == {"click", "call", "face", "mail", "e-mail"}


@pytest.mark.parametrize("kanaal", ["", "een kanaal van eenentwintig"])
def test_a_kanaal_fits_in_rgbz(write: Write, kanaal: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mapping\.kanaal\.call"):
        settings.load(write(f'[mapping.kanaal]\ncall = "{kanaal}"'))


def test_passwords_are_not_shown_when_settings_are_printed() -> None:
    found = Settings(
        abonnee={"ABC": {"endpoint": "http://x", "wachtwoord": "geheim1"}},
        mail={"server": "x", "afzender": "a@b", "wachtwoord": "geheim2"},
    )
    assert "geheim" not in repr(found)


def test_every_setting_says_what_it_is_for() -> None:
    nameless = [
        f"{section.__name__}.{name}"
        for section in settings.Section.__subclasses__()
        for name, field in section.model_fields.items()
        if not field.description
    ]
    assert nameless == []
