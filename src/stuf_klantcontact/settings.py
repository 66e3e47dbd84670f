"""pydantic-settings: gateway.toml and the environment, checked once, read-only afterwards.

Every key of the file is also an environment variable: ``KLANTCONTACT_ZENDER__MIJNZAKEN__GEBRUIKER`` is
``[zender.MIJNZAKEN] gebruiker``; the environment wins. Unknown keys, and values of the wrong type, raise
ConfigurationError with the place and the cure. Everything is closed until configured: no zender, no zaaktype
and no password exists by default.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.limits import STANDARD
from stuf_klantcontact.onderhoud import window

ENVIRONMENT_PREFIX = "KLANTCONTACT_"


def _words(value: Any) -> Any:
    """Let an environment variable write a list as ``a, b``."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Applicatie = Annotated[str, StringConstraints(min_length=3, max_length=50)]
Kanaal = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Documenttype = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Zaakdocument = Literal["voegZaakdocumentToe", "edcLk01"]
Zaakvraag = Literal["geefZaakdetails", "zakLv01"]
Groep = Literal["ontvangst", "verzending", "anoniem", "persoonlijk", "zonder_medewerker", "zonder_zaak"]
Effect = Literal["exchange", "keep", "refuse"]
Kept = Literal["keep", "refuse"]
KlantcontactType = Literal["click", "call", "face", "mail", "e-mail"]

KANAAL_BIJ_TYPE: dict[KlantcontactType, str] = {
    "click": "internet",
    "call": "telefoon",
    "face": "balie",
    "mail": "post",
    "e-mail": "e-mail",
}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gateway(_Section):
    """[gateway]: who we are and where our things are."""

    organisatie: str = Field("", description="organisatie in stuurgegevens, for example a gemeentecode")
    applicatie: Applicatie = Field("KLANTCONTACT", description="applicatie in stuurgegevens")
    administratie: str = Field("", description="administratie in stuurgegevens; empty: not sent")
    rsin: str = Field(
        "",
        pattern=r"^([0-9]{9})?$",
        description="RSIN: RGBZ verantwoordelijke organisatie and bronorganisatie",
    )
    database_url: str = Field("embedded", description='"embedded", or postgresql://user@host/name; may be file:')
    data_dir: Path = Field(Path("var"), description="folder of the embedded database and of what we keep")
    public_url: str = Field("", description="address that WSDLs and links carry; empty: the bound address")
    schemas_dir: Path | None = Field(None, description="a municipality's own GFOZaken and DGA-UF schemas")
    zaak_schemas: Path | None = Field(
        None,
        description="folder or ZIP of an official set (ZDS 1.2, zkn0310) that zaak messages must satisfy; "
        "without it only what is needed to read them is checked",
    )


class Zender(_Section):
    """[zender.APPLICATIE]: a system that may send to us; the key is its applicatie in stuurgegevens."""

    organisatie: str = Field("", description="organisatie in its stuurgegevens; empty: that of the gateway")
    administratie: str = Field("", description="administratie in its stuurgegevens; empty: any")
    gebruiker: str = Field("", description="user name of HTTP Basic; empty: the system cannot send")
    wachtwoord_hash: str = Field("", description="argon2 hash of its password; may be file:")
    borgt_voor_opvoerder: bool = Field(False, description="trusted to vouch for opvoerders (KC-06)")
    operaties: Words = Field(
        (),
        description="what it may do: voegKlantcontactToe, wijzigKlantcontact, verwijderKlantcontact, zaken, "
        "klantcontacten, vragen, bevestigingen; [] is nothing",
    )
    strikt: bool = Field(True, description="refuse every violation of the schema; false: forgive MILD-... and warn")
    volgorde_bewaken: bool = Field(
        False, description="refuse a message whose tijdstipBericht is not later than all before it (StUF019)"
    )
    functionele_fouten: Literal["fo03", "fo01"] = Field(
        "fo03",
        description="what follows an asynchronous message that schema or rules refuse: Fo03 at the door, or Bv03 "
        "and later an Fo01 to its endpoint (and Bv01 or Du01 when it was processed)",
    )
    endpoint: str = Field("", description="address of its OntvangAsynchroon, for functionele_fouten fo01")
    endpoint_gebruiker: str = Field("", description="user name of HTTP Basic there")
    endpoint_wachtwoord: str = Field("", repr=False, description="password there; may be file:")
    timeout: float = Field(30.0, gt=0, le=600, description="total seconds for one exchange of messages there")


class Zaaksysteem(_Section):
    """[zaaksysteem]: the system that is asked for a zaak that is not known here; nobody without an endpoint."""

    endpoint: str = Field("", description="address of its BeantwoordVraag; empty: nobody is asked")
    vraag: Zaakvraag = Field("geefZaakdetails", description="how it is asked: ZDS 1.2, or StUF-ZKN 3.10")
    organisatie: str = Field("", description="organisatie as ontvanger; empty: that of the gateway")
    applicatie: str = Field("", description="applicatie as ontvanger")
    administratie: str = Field("", description="administratie as ontvanger")
    gebruiker: str = Field("", description="user name of HTTP Basic at the zaaksysteem")
    wachtwoord: str = Field("", repr=False, description="its password; may be file:")
    timeout: float = Field(5.0, gt=0, le=60, description="total seconds for one question; a sender waits for it")

    @model_validator(mode="after")
    def _can_be_addressed(self) -> "Zaaksysteem":
        if self.endpoint and not 3 <= len(self.applicatie) <= 50:
            raise ValueError(
                "zaaksysteem.applicatie is needed when zaaksysteem.endpoint is set: 3 to 50 characters"
            )
        return self


class Abonnee(_Section):
    """[abonnee.NAAM]: a zaakmagazijn that is told about klantcontacten."""

    profiel: Literal["zkn0320", "zds0120", "zgw"] = Field("zkn0320", description="what the receiver speaks")
    endpoint: str = Field(..., description="address of its OntvangAsynchroon")
    organisatie: str = Field("", description="organisatie as ontvanger; empty: that of the gateway")
    applicatie: str = Field("", description="applicatie as ontvanger; empty: the key")
    administratie: str = Field("", description="administratie as ontvanger")
    gebruiker: str = Field("", description="user name of HTTP Basic at the receiver")
    wachtwoord: str = Field("", repr=False, description="its password; may be file:")
    zaaktypen: Words = Field(("*",), description="zaaktypen it hears of")
    volgorde: Literal["zaak", "systeem"] = Field("zaak", description="order per zaak, or over the whole system")
    timeout: float = Field(30.0, gt=0, le=600, description="total seconds for one exchange of messages")
    certificaat: Path | None = Field(
        None, description="PEM file with our certificate, and those between it and its root, for two-way TLS"
    )
    sleutel: Path | None = Field(None, description="PEM file with its private key; empty: in certificaat")
    sleutel_wachtwoord: str = Field("", repr=False, description="password of that key, if it has one; may be file:")
    ca: Path | None = Field(
        None, description="PEM file with the only roots to trust there; empty: those that this machine trusts"
    )
    gelijktijdig: int = Field(
        4, ge=1, le=64, description="messages it is sent at the same time by each delivery process"
    )
    onderhoud: Words = Field(
        (),
        description='hours of the week in which it is sent nothing, in Dutch local time: "zo 02:00-06:00", '
        '"ma-vr 12:30-13:00"',
    )
    document: Zaakdocument = Field(
        "voegZaakdocumentToe", description="zds0120: the message that brings a zaakdocument"
    )
    mtom: bool = Field(
        True,
        description="zds0120: documents beside the message (MTOM), as StUF 03.01 wants; false: in it as base64",
    )
    verslag: Literal["tekst", "pdf"] = Field(
        "tekst", description="zds0120: the contactverslag as text/plain, or as PDF/A"
    )
    documenttype_verslag: Documenttype = Field(
        "Contactverslag", description="zds0120: dct.omschrijving of the contactverslag, as the receiver knows it"
    )
    documenttype_document: Documenttype = Field(
        "Bijlage bij klantcontact", description="zds0120: dct.omschrijving of a document of the contact"
    )
    documentidentificatie: Literal["vragen", "zelf"] = Field(
        "vragen", description="zds0120: who numbers zaakdocumenten: the receiver, when asked, or this gateway"
    )
    gemeentecode: str = Field(
        "",
        pattern=r"^([0-9]{4})?$",
        description="zds0120: begins the numbers that this gateway makes; empty: gateway.organisatie",
    )
    endpoint_vrijbericht: str = Field(
        "",
        description="zds0120: address of its VerwerkSynchroonVrijBericht, which gives numbers; "
        "empty: that of endpoint with another last segment",
    )

    @field_validator("onderhoud")
    @classmethod
    def _windows(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            window(text)
        return given

    def in_onderhoud(self, lokaal: datetime) -> str:
        """The maintenance window in which a moment of Dutch local time lies, as it was written; else empty."""
        return next((text for text in self.onderhoud if window(text).has(lokaal)), "")

    def vrijbericht(self) -> str:
        """The address that is asked for document numbers."""
        if self.endpoint_vrijbericht:
            return self.endpoint_vrijbericht
        parts = urlsplit(self.endpoint)
        return urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/VerwerkSynchroonVrijBericht"))


class Groepen(_Section):
    """[zaaktype.CODE.groepen]: what happens with each group of contacts (docs/mapping.md §3)."""

    persoonlijk: Effect = Field("exchange", description="call or face, medewerker and partij known, about a zaak")
    ontvangst: Effect = Field("exchange", description="informatie-ontvangst: as document data")
    verzending: Effect = Field("exchange", description="informatie-verzending: as document data")
    anoniem: Kept = Field("keep", description="call or face with an unknown partij; RGBZ does not exchange it")
    zonder_medewerker: Kept = Field("keep", description="call or face that the partij reported itself")


class Zaaktype(_Section):
    """[zaaktype.CODE]: what the proceseigenaar decided; a zaaktype that is not listed allows no contacts."""

    klantcontacten: bool = Field(False, description="contacts may be added (KC-08)")
    medewerkers: Words = Field((), description='medewerkers who may add (KC-07); "*" is all')
    betrokkenen: bool = Field(False, description="betrokkenen of the zaak may add (KC-07)")
    gesloten_zaken: bool = Field(False, description="also to a zaak with an einddatum (KC-02)")
    voor_startdatum: bool = Field(False, description="also contacts from before the zaak started (KC-09)")
    partij_uit_zaak: bool = Field(True, description="the initiator is the partij when the message names none")
    medewerker_uit_zaak: bool = Field(False, description="the behandelaar is the medewerker when none is named")
    interactief: Annotated[tuple[KlantcontactType, ...], BeforeValidator(_words)] = Field(
        ("call", "face"), description="types that are a conversation"
    )
    groepen: Groepen = Field(Groepen(), description="policy per group of contacts")
    melding: bool = Field(False, description="mail to betrokkenen when a contact is added")


class Limits(_Section):
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


class Validator(_Section):
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


class Mail(_Section):
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


class Privacy(_Section):
    """[privacy]: what is kept and for how long."""

    bewaartermijn_dagen: int = Field(0, ge=0, description="days that the journal keeps messages; 0: for ever")


class Console(_Section):
    """[console]: the pages for functioneel beheer; closed until an account exists."""

    gebruikers: Mapping[str, str] = Field({}, description="user name to argon2 hash; may be file:")


class MappingChoices(_Section):
    """[mapping]: choices that a municipality may make differently (docs/mapping.md §2)."""

    kanaal: Mapping[KlantcontactType, Kanaal] = Field(
        KANAAL_BIJ_TYPE, description="RGBZ kanaal for a Type, where it is to be another than ours"
    )
    zonder_zaak: Kept = Field("refuse", description="contacts that name no zaak (KC-02)")

    @field_validator("kanaal")
    @classmethod
    def _complete(cls, given: Mapping[KlantcontactType, str]) -> Mapping[KlantcontactType, str]:
        return {**KANAAL_BIJ_TYPE, **given}


class Delivery(_Section):
    """[delivery]: how often and how long delivery is tried."""

    first_retry: float = Field(10.0, gt=0, description="seconds before the second attempt; doubles after that")
    longest_retry: float = Field(3600.0, gt=0, description="most seconds between attempts")
    patience_days: float = Field(5.0, gt=0, description="days after which an item is held for a person")
    lease: float = Field(120.0, gt=0, description="seconds a worker may hold an item before another may take it")
    poll: float = Field(1.0, gt=0, description="seconds between looks at an idle queue")


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
        return (_Environment(settings_cls, init_settings), init_settings)


class _Environment(EnvSettingsSource):
    """The environment, with the keys of [zender], [abonnee] and [zaaktype] spelled as the file spells them.

    Names of environment variables are case-blind; applicaties are not. A key that the file lacks is upper case.
    """

    def __init__(self, settings_cls: type[BaseSettings], file: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._file = file

    def __call__(self) -> dict[str, Any]:
        tree = super().__call__()
        file = self._file()
        for section in ("zender", "abonnee", "zaaktype"):
            if section in tree:
                known = {key.lower(): key for key in file.get(section, {})}
                tree[section] = {known.get(k.lower(), k.upper()): v for k, v in tree[section].items()}
        return tree


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
    return cast(Settings, _with_secrets(settings, folder=folder))


def _with_secrets(value: Any, *, folder: Path) -> Any:
    """Replace every ``file:`` value by the content of that file, and relative folders by absolute ones."""
    if isinstance(value, BaseModel):
        return value.model_copy(
            update={name: _with_secrets(getattr(value, name), folder=folder) for name in type(value).model_fields}
        )
    if isinstance(value, Mapping):
        return {key: _with_secrets(item, folder=folder) for key, item in value.items()}
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, str) and value.startswith("file:"):
        secret = folder / value.removeprefix("file:")
        try:
            return secret.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"cannot read the secret {secret}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise ConfigurationError(f"cannot read the secret {secret}: it is not UTF-8 text") from None
    return value
