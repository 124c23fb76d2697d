"""The audit trail, and the indexes that administration looks accounts up by.

An instant is in whole microseconds since 1970 (UTC). What an entry is about may be gone: so no foreign key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table and the indexes."""
    op.create_table(
        "audit_entries",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("action", _TEXT, nullable=False),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("changes", _TEXT, nullable=False),
    )
    op.create_index("audit_entries_at", "audit_entries", ["at", "id"])
    op.create_index("audit_entries_user_id", "audit_entries", ["user_id", "at", "id"])
    op.create_index("users_created_at", "users", ["created_at", "id"])
    active_admins = sa.text("role = 'admin' AND status = 'active'")
    op.create_index("users_active_admins", "users", ["id"], sqlite_where=active_admins, postgresql_where=active_admins)
