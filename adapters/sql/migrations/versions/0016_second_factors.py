"""Second factors: apps that show codes, and recovery codes.

A row has no secret: the seed of an app is derived from a master key, and a code of 120 random bits is a digest there.
An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables; there are a dozen rows of an account, which go with it."""
    op.create_table(
        "totp_factors",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("user_id", _TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("confirmed_at", sa.BigInteger),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("totp_factors_user_id", "totp_factors", ["user_id", "created_at", "id"])
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", _TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", _TEXT, primary_key=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
