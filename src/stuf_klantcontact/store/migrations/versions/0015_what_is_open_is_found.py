"""What is open is found, however much there ever was; a probe that is under way is told from a failure."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of each abonnee only the last is asked for.
LAST = """
UPDATE outbox_stream s
   SET delivered_at = last.delivered_at
  FROM (
       SELECT DISTINCT ON (o.abonnee) o.id, i.delivered_at
         FROM (
              SELECT stream_id, delivered_at FROM outbox_item
               UNION ALL
              SELECT stream_id, delivered_at FROM outbox_past
         ) i
         JOIN outbox_stream o ON o.id = i.stream_id
        WHERE i.delivered_at IS NOT NULL
        ORDER BY o.abonnee, i.delivered_at DESC
  ) last
 WHERE s.id = last.id
"""


def upgrade() -> None:
    op.add_column("outbox_receiver", sa.Column("probing", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("outbox_stream", sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(LAST)
    op.create_index(
        "outbox_stream_delivered_idx",
        "outbox_stream",
        ["abonnee", "delivered_at"],
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_stream_held_idx",
        "outbox_stream",
        ["abonnee"],
        postgresql_where=sa.text("due_at IS NULL AND open_sequence IS NOT NULL"),
    )
