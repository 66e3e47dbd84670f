"""What every process opens: the database, and the official set for zaak messages."""

from importlib import metadata

from stuf_klantcontact import contract as contracts
from stuf_klantcontact.contract import Schemas
from stuf_klantcontact.secrecy import shown
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.store import Database, open_database


def database(settings: Settings, *, check_server: bool = True) -> Database:
    """The database, for a process in which somebody waits for it."""
    return open_database(
        settings,
        pool_size=settings.gateway.database_connections,
        seconds=settings.gateway.database_timeout,
        check_server=check_server,
    )


def described(settings: Settings, database: Database) -> str:
    """What runs, for the log: version, abonnees, and the database without its secrets."""
    version = metadata.version("stuf-klantcontact")
    return f"version={version} abonnees={len(settings.abonnee)} database={shown(database.url)}"


def zaak_schemas(settings: Settings) -> Schemas | None:
    """The official set for zaak messages, remembered in data_dir: loading one takes seconds, the next time less."""
    path = settings.gateway.zaak_schemas
    return None if path is None else contracts.load_set(path, cache=settings.gateway.data_dir / "cache")
