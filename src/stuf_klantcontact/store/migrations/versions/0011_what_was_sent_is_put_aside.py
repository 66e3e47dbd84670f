"""What was sent is put aside."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "outbox_past",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("soort", sa.String(length=20), nullable=False),
        sa.Column("klantcontact", sa.String(length=14), nullable=False),
        sa.Column("document", sa.String(length=40), nullable=True),
        sa.Column("mutatiesoort", sa.String(length=1), nullable=False),
        sa.Column("versie", sa.BigInteger(), nullable=False),
        sa.Column("cross_refnummer", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("referentienummer", sa.String(length=40), nullable=True),
        sa.Column("tijdstip_bericht", sa.DateTime(timezone=True), nullable=True),
        sa.Column("documentidentificatie", sa.String(length=40), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["outbox_stream.id"], name=op.f("outbox_past_stream_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_past_pkey")),
        sa.UniqueConstraint("referentienummer", name=op.f("outbox_past_referentienummer_key")),
        sa.UniqueConstraint("stream_id", "sequence", name=op.f("outbox_past_stream_id_sequence_key")),
    )
    op.create_index("outbox_past_klantcontact_idx", "outbox_past", ["klantcontact"], unique=False)
    op.create_index("klantcontact_bericht_id_idx", "klantcontact", ["bericht_id"], unique=False)
    op.drop_constraint(op.f("outbox_event_item_id_fkey"), "outbox_event", type_="foreignkey")
    op.drop_index(
        op.f("outbox_item_held_idx"), table_name="outbox_item", postgresql_where="((state)::text = 'held'::text)"
    )
    # An update that touches no index stays on its page when there is room, and needs no vacuum (ADR 22).
    for table in ("outbox_item", "outbox_stream"):
        op.execute(
            f"ALTER TABLE {table} SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05)"
        )
