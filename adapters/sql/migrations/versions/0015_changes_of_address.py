"""Changes of address: what was asked for, what can be undone, and mails that name an account.

An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the columns and the table; no change of address can have been made before."""
    op.add_column("users", sa.Column("pending_email", _TEXT))
    op.add_column("users", sa.Column("pending_email_canonical", _TEXT))
    op.add_column("mails", sa.Column("user_id", _TEXT))
    op.add_column("mails", sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("mails_user_id", "mails", ["user_id", "kind", "queued_at"])
    op.create_table(
        "email_changes",
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("email", _TEXT, nullable=False),
        sa.Column("email_canonical", _TEXT, nullable=False),
        sa.Column("email_verified_at", sa.BigInteger),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("undoable_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "epoch"),
        sqlite_with_rowid=False,
    )
    op.create_index("email_changes_email_canonical", "email_changes", ["email_canonical", "undoable_until"])
    op.create_index("email_changes_undoable_until", "email_changes", ["undoable_until"])
