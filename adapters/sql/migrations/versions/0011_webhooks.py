"""The table of webhooks: where to post to, and by which names their secrets are derived; no secret is in it.

An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "webhooks",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("url", _TEXT, nullable=False),
        sa.Column("description", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("key_id", _TEXT, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("former_key_id", _TEXT),
        sa.Column("former_until", sa.BigInteger),
        sqlite_with_rowid=False,
    )
