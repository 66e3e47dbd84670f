"""pydantic-settings: gateway.toml and the environment, checked once, read-only afterwards.

Every key of the file is also an environment variable: ``KLANTCONTACT_ZENDER__MIJNZAKEN__GEBRUIKER`` is
``[zender.MIJNZAKEN] gebruiker``; the environment wins. Unknown keys, and values of the wrong type, raise
ConfigurationError with the place and the cure. Everything is closed until configured: no zender, no zaaktype
and no password exists by default.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.settings.environment import Environment, with_secrets
from stuf_klantcontact.settings.partners import Abonnee, Zaaksysteem, Zaakvraag, Zender
from stuf_klantcontact.settings.policy import (
    KANAAL_BIJ_TYPE,
    Groep,
    Groepen,
    KlantcontactType,
    MappingChoices,
    Zaaktype,
)
from stuf_klantcontact.settings.section import Applicatie, Section, Words

__all__ = [
    "ENVIRONMENT_PREFIX",
    "KANAAL_BIJ_TYPE",
    "Abonnee",
    "Console",
    "Delivery",
    "Gateway",
    "Groep",
    "Groepen",
    "KlantcontactType",
    "Limits",
    "Mail",
    "MappingChoices",
    "Privacy",
    "Section",
    "Settings",
    "Validator",
    "Zaaksysteem",
    "Zaaktype",
    "Zaakvraag",
    "Zender",
    "load",
]

ENVIRONMENT_PREFIX = "KLANTCONTACT_"


class Gateway(Section):
    """[gateway]: who we are and where our things are."""

    organisatie: str = Field("", description="organisatie in stuurgegevens, for example a gemeentecode")
    applicatie: Applicatie = Field("KLANTCONTACT", description="applicatie in stuurgegevens")
    administratie: str = Field("", description="administratie in stuurgegevens; empty: not sent")
    rsin: str = Field(
        "",
        pattern=r"^([0-9]{9})?$",
        description="RSIN: RGBZ verantwoordelijke organisatie and bronorganisatie",
    )
    database_url: str = Field(
        "embedded",
        description='"embedded", or postgresql://user@host/name (with replicas host1,host2); may be file:',
    )
    database_timeout: float = Field(
        8.0, ge=1, le=60, description="seconds that the database may take over a statement; then StUF046 or StUF049"
    )
    database_connections: int = Field(
        8, ge=1, le=100, description="most connections that each process keeps to the database, and one for hints"
    )
    data_dir: Path = Field(Path("var"), description="folder of the embedded database and of what we keep")
    public_url: str = Field("", description="address that WSDLs and links carry; empty: the bound address")
    schemas_dir: Path | None = Field(None, description="a municipality's own GFOZaken and DGA-UF schemas")
    zaak_schemas: Path | None = Field(
        None,
        description="folder or ZIP of an official set (ZDS 1.2, zkn0310) that zaak messages must satisfy; "
        "without it only what is needed to read them is checked",
    )


class Limits(Section):
    """[limits]: what one message may be."""

    message_bytes: int = Field(STANDARD.message_bytes, gt=0, description="largest request body, in bytes")
    document_bytes: int = Field(
        STANDARD.document_bytes, gt=0, description="largest document after decoding, in bytes"
    )
    depth: int = Field(STANDARD.depth, gt=0, description="deepest nesting of elements")
    elements: int = Field(STANDARD.elements, gt=0, description="most elements in a message")
    attributes: int = Field(STANDARD.attributes, gt=0, description="most attributes on an element")
    namespaces: int = Field(STANDARD.namespaces, gt=0, description="most namespace declarations in a message")
    answer_seconds: float = Field(
        30.0, gt=0, description="a synchronous message that takes longer is not processed (StUF960)"
    )
    klokverschil: int = Field(
        STANDARD.klokverschil, ge=0, description="seconds that DatumGezet may be ahead of our clock (KC-09)"
    )
    document_types: Words = Field(
        STANDARD.document_types,
        description="MIME types a document may have (KC-12); * at the end matches any rest",
    )


class Validator(Section):
    """[validator]: the page /valideren and POST /api/v1/validate, open to everyone who can reach the gateway."""

    sets: Mapping[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")], Path] = Field(
        {}, description="schema sets to choose from beside our own: name to folder or ZIP of a release"
    )
    message_bytes: int = Field(2_000_000, gt=0, description="most bytes in one request, all its files together")
    per_minute: int = Field(60, gt=0, description="requests per minute from one address, in each worker")
    proxies: int = Field(
        0,
        ge=0,
        le=9,
        description="reverse proxies before us whose X-Forwarded-For tells the address; 0: believe none",
    )

    @field_validator("sets")
    @classmethod
    def _ours_is_ours(cls, given: Mapping[str, Path]) -> Mapping[str, Path]:
        if "stuf-klantcontact" in given:
            raise ValueError('"stuf-klantcontact" is the name of our own set: choose another name')
        return given


class Mail(Section):
    """[mail]: notifications to betrokkenen; off until a server is named."""

    server: str = Field("", description="host name of the SMTP server; empty: no mail is sent")
    port: int = Field(25, gt=0, lt=65536, description="its port")
    starttls: bool = Field(True, description="insist on STARTTLS")
    gebruiker: str = Field("", description="user name, if it wants one")
    wachtwoord: str = Field("", repr=False, description="password; may be file:")
    afzender: str = Field("", description="address in From")
    portaal: str = Field("", description="link to the municipality's own portal, put in the mail")

    @model_validator(mode="after")
    def _sender_is_known(self) -> "Mail":
        if self.server and not self.afzender:
            raise ValueError("mail.afzender is needed when mail.server is set")
        return self


class Privacy(Section):
    """[privacy]: what is kept and for how long."""

    bewaartermijn_dagen: int = Field(
        0,
        ge=0,
        description="days to keep messages, attempts to deliver them, and addresses that were mailed; 0: for ever",
    )


class Console(Section):
    """[console]: the pages for functioneel beheer; closed until an account exists."""

    gebruikers: Mapping[str, str] = Field({}, description="user name to argon2 hash; may be file:")


class Delivery(Section):
    """[delivery]: how often and how long delivery is tried."""

    first_retry: float = Field(10.0, gt=0, description="seconds before the second attempt; doubles after that")
    longest_retry: float = Field(3600.0, gt=0, description="most seconds between attempts")
    patience_days: float = Field(5.0, gt=0, description="days after which an item is held for a person")
    lease: float = Field(120.0, gt=0, description="seconds a worker may hold an item before another may take it")
    aside_hours: float = Field(
        24.0, ge=0, description="hours after which what was delivered is put aside, without its message"
    )
    poll: float = Field(1.0, gt=0, description="seconds between looks at an idle queue")
    wake: bool = Field(
        True,
        description="tell delivery processes at once that there is something new (LISTEN/NOTIFY); false: they only "
        "look every `poll` seconds, as they do anyway where it does not work",
    )


class Settings(BaseSettings):
    """All of it. Field descriptions are what `config show` and the documentation print."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    gateway: Gateway = Gateway()
    zender: Mapping[Applicatie, Zender] = {}
    abonnee: Mapping[Applicatie, Abonnee] = {}
    zaaksysteem: Zaaksysteem = Zaaksysteem()
    zaaktype: Mapping[str, Zaaktype] = {}
    limits: Limits = Limits()
    validator: Validator = Validator()
    mail: Mail = Mail()
    privacy: Privacy = Privacy()
    console: Console = Console()
    mapping: MappingChoices = MappingChoices()
    delivery: Delivery = Delivery()

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> "Settings":
        users = [zender.gebruiker for zender in self.zender.values() if zender.gebruiker]
        if len(users) != len(set(users)):
            raise ValueError("each zender needs a gebruiker of its own: two have the same one")
        if "mail" in self.abonnee:
            raise ValueError('abonnee "mail" is the name of what goes by mail: choose another name')
        taken = [naam for naam in self.abonnee if naam.startswith("zender:")]
        if taken:
            raise ValueError(f'abonnee "{taken[0]}" is the name of what goes back to a zender: choose another name')
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment lies over what load() read from the file."""
        return (Environment(settings_cls, init_settings), init_settings)


def load(path: Path | None = None) -> Settings:
    """Read gateway.toml (none: an empty one), lay the environment over it, resolve ``file:`` secrets.

    ``file:`` paths and data_dir are relative to the folder of the file. Raises ConfigurationError with every
    mistake at once.
    """
    folder = path.parent.resolve() if path else Path.cwd()
    tree: dict[str, Any] = {}
    if path is not None:
        try:
            tree = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is not TOML: {error}") from error
    sections = {f"{ENVIRONMENT_PREFIX}{name}__".upper() for name in Settings.model_fields}
    strangers = [
        name
        for name in sorted(os.environ)
        if name.upper().startswith(ENVIRONMENT_PREFIX) and not any(name.upper().startswith(s) for s in sections)
    ]
    if strangers:
        raise ConfigurationError(f"unknown setting in the environment: {', '.join(strangers)}")
    try:
        settings = Settings(**tree)
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc'])) or 'top level'}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(
            f"{path or 'environment'}: {len(lines)} mistake(s) in the configuration\n" + "\n".join(lines)
        ) from None
    return cast(Settings, with_secrets(settings, folder=folder))
