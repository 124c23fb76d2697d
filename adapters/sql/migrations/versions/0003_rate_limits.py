"""Counters of tries, and clients that are remembered.

An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "rate_limits",
        sa.Column("bucket", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True),
        sa.Column("empty_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("rate_limits_empty_at", "rate_limits", ["empty_at"])
