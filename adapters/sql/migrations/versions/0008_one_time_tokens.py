"""One table for all secrets that work once; those that set a new password move there.

An address could not be changed until now: that of a token is that of its user. An instant is in whole microseconds
since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table, and moves the reset tokens there."""
    op.create_table(
        "one_time_tokens",
        sa.Column("digest", _TEXT, primary_key=True),
        sa.Column("purpose", _TEXT, nullable=False),
        sa.Column("user_id", _TEXT),
        sa.Column("address", _TEXT),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("tries_left", sa.Integer, nullable=False),
        sa.Column("payload", _TEXT, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO one_time_tokens "
        "(digest, purpose, user_id, address, issued_at, expires_at, used_at, tries_left, payload, epoch) "
        "SELECT digest, 'reset', user_id, email_canonical, issued_at, expires_at, used_at, 1, mail_id, epoch "
        "FROM reset_tokens LEFT JOIN users ON users.id = reset_tokens.user_id"
    )
    op.drop_table("reset_tokens")
    op.create_index("one_time_tokens_user_id", "one_time_tokens", ["user_id", "purpose", "issued_at"])
    op.create_index("one_time_tokens_expires_at", "one_time_tokens", ["expires_at"])
