"""Versions of a klantcontact, documents without one, and the clock of a zender."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "zender_klok",
        sa.Column("systeem", sa.Text(), nullable=False),
        sa.Column("tijdstip", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("systeem", name=op.f("zender_klok_pkey")),
    )
    op.create_table(
        "klantcontact_versie",
        sa.Column("klantcontact_id", sa.BigInteger(), nullable=False),
        sa.Column("versie", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("gegevens", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["klantcontact_id"], ["klantcontact.id"], name=op.f("klantcontact_versie_klantcontact_id_fkey")
        ),
        sa.PrimaryKeyConstraint("klantcontact_id", "versie", name=op.f("klantcontact_versie_pkey")),
    )
    op.add_column("informatieobject", sa.Column("zaak_id", sa.BigInteger(), nullable=True))
    op.add_column("informatieobject", sa.Column("sinds", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("informatieobject", sa.Column("tot", sa.BigInteger(), nullable=True))
    op.add_column(
        "informatieobject",
        sa.Column("bijzonderheden", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.alter_column("informatieobject", "klantcontact_id", existing_type=sa.BIGINT(), nullable=True)
    op.drop_constraint(
        op.f("informatieobject_klantcontact_id_identificatie_key"), "informatieobject", type_="unique"
    )
    op.create_index("informatieobject_identificatie_idx", "informatieobject", ["identificatie"], unique=False)
    op.create_unique_constraint(
        op.f("informatieobject_klantcontact_id_identificatie_sinds_key"),
        "informatieobject",
        ["klantcontact_id", "identificatie", "sinds"],
    )
    op.create_foreign_key(op.f("informatieobject_zaak_id_fkey"), "informatieobject", "zaak", ["zaak_id"], ["id"])
    op.add_column(
        "klantcontact",
        sa.Column("bijzonderheden", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("klantcontact", sa.Column("versie", sa.BigInteger(), server_default="1", nullable=False))
    op.add_column("klantcontact", sa.Column("ingetrokken", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("outbox_item", sa.Column("mutatiesoort", sa.String(length=1), server_default="T", nullable=False))
    op.add_column("outbox_item", sa.Column("versie", sa.BigInteger(), server_default="1", nullable=False))
    # A synchronous message may come without a number: nothing can be recognised by it.
    op.drop_index("bericht_accepted_once", "bericht")
    op.create_index(
        "bericht_accepted_once",
        "bericht",
        ["systeem", "referentienummer"],
        unique=True,
        postgresql_where=sa.text("richting = 'in' AND verdict = 'accepted' AND referentienummer <> ''"),
    )
