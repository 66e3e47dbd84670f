"""An item may be skipped."""

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint(op.f("outbox_item_state"), "outbox_item", type_="check")
    op.create_check_constraint(
        op.f("outbox_item_state"),
        "outbox_item",
        "state IN ('waiting', 'sending', 'delivered', 'held', 'confirmed', 'refused', 'skipped')",
    )
