"""A resync knows how far it is."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "outbox_resync",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("abonnee", sa.String(length=60), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("soort", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zaak", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.Column("last_zaak", sa.BigInteger(), nullable=False),
        sa.Column("last_klantcontact", sa.BigInteger(), nullable=False),
        sa.Column("klantcontacten", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("replaced", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_resync_pkey")),
    )
    op.create_index(
        "outbox_resync_open_idx",
        "outbox_resync",
        ["abonnee"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
