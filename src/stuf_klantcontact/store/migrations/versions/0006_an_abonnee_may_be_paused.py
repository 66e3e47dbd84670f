"""An abonnee may be paused."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("outbox_receiver", sa.Column("paused_since", sa.DateTime(timezone=True), nullable=True))
    for column in ("paused_by", "paused_reason"):
        op.add_column("outbox_receiver", sa.Column(column, sa.Text(), server_default="", nullable=False))
    op.create_table(
        "outbox_receiver_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("abonnee", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_receiver_event_pkey")),
    )
