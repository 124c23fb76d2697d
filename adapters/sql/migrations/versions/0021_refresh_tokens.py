"""Which refresh token of a session is the newest.

A row has no secret: tokens are derived from a master key, the session and their number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table; a session has one row at most, which goes with it."""
    op.create_table(
        "refresh_families",
        sa.Column("session_id", _TEXT, sa.ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key_id", _TEXT, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
