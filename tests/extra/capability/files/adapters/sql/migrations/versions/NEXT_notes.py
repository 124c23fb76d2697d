"""Notes on accounts."""

import sqlalchemy as sa
from alembic import op

revision = "NEXT"
down_revision = "NEWEST"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "notes",
        sa.Column("user_id", _TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, nullable=False),
        sa.Column("text", _TEXT, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
