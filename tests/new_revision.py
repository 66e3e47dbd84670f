"""Write a migration for what the models have and the migrations lack: ``python tests/new_revision.py WORDS``.

The store knows no models, so this stands beside the test that compares the two. Read what it wrote: Alembic sees
neither sequences nor data, and takes a renamed column for a new one.
"""

import sys
from importlib import import_module

from sqlalchemy import MetaData

MODELS = ("stuf_klantcontact.rgbz", "stuf_klantcontact.journal", "stuf_klantcontact.outbox")


def metadata() -> MetaData:
    """All tables of the gateway."""
    for module in MODELS:
        import_module(module)
    from stuf_klantcontact.store import Base

    return Base.metadata


def main(words: str) -> None:
    """Start a database in a temporary folder, migrate it, and compare."""
    from alembic import command

    from stuf_klantcontact.store import Database, embedded, migration

    with embedded.private_data_dir() as folder:
        hold = embedded.hold(folder)
        database = Database(hold.url(), hold=hold)
        try:
            migration.upgrade(database)
            config = migration.configuration()
            known = len(list(migration.MIGRATIONS.glob("versions/[0-9]*.py")))
            with database.engine.begin() as connection:
                config.attributes.update(connection=connection, target_metadata=metadata())
                command.revision(config, words, autogenerate=True, rev_id=f"{known + 1:04}")
        finally:
            database.close()


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
