"""The table of API keys: of each secret the digest, and what it may do.

An instant is in whole microseconds since 1970 (UTC); scopes are words with a space between them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "api_keys",
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("user_id", _TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("scopes", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("api_keys_digest", "api_keys", ["digest"], unique=True)
    op.create_index("api_keys_user_id", "api_keys", ["user_id", "created_at", "id"])
