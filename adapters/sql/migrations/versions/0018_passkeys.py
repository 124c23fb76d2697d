"""The table of passkeys: their public halves, and what their authenticators said of them last.

An instant is in whole microseconds since 1970 (UTC); a flag is 0 or 1.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "passkeys",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("user_id", _TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("credential_id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("public_key", _TEXT, nullable=False),
        sa.Column("algorithm", sa.Integer, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("backup_eligible", sa.Integer, nullable=False),
        sa.Column("backed_up", sa.Integer, nullable=False),
        sa.Column("transports", _TEXT, nullable=False),
        sa.Column("aaguid", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("passkeys_credential_id", "passkeys", ["credential_id"], unique=True)
    op.create_index("passkeys_user_id", "passkeys", ["user_id", "created_at", "id"])
