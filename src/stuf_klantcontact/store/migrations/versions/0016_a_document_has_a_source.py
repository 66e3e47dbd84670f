"""A document says which system brought it, so that it is not told in turn."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("informatieobject", sa.Column("bron", sa.Text(), server_default="", nullable=False))
