"""Numbers of zaakdocumenten, and the clock of StUF 03.01."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("outbox_item", sa.Column("documentidentificatie", sa.String(length=40), nullable=True))
    op.add_column("outbox_clock", sa.Column("lokaal", sa.DateTime(timezone=False), nullable=True))
    op.execute("UPDATE outbox_clock SET lokaal = last AT TIME ZONE 'Europe/Amsterdam'")
    op.alter_column("outbox_clock", "lokaal", nullable=False)
