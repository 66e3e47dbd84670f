"""A synchronisation says which request it answers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "outbox_item", sa.Column("cross_refnummer", sa.String(length=40), server_default="", nullable=False)
    )
