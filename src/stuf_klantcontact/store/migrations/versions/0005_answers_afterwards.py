"""Answers to a zender afterwards, and the order of its messages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("zender_klok", sa.Column("lokaal", sa.DateTime(timezone=False), nullable=True))
    op.add_column("outbox_item", sa.Column("concept", sa.Text(), nullable=True))
    for table in ("outbox_stream", "outbox_receiver"):
        op.alter_column(table, "abonnee", type_=sa.String(length=60), existing_type=sa.String(length=50))
