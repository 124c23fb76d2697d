"""How sessions were proven, metadata of accounts, and the addresses of those that left more than was removed at once.

Every session began with a password until now. An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the columns; a session was last proven when it began."""
    op.add_column("sessions", sa.Column("authenticated_at", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("amr", _TEXT, nullable=False, server_default="pwd"))
    op.execute("UPDATE sessions SET authenticated_at = created_at")
    for name in ("user_metadata", "app_metadata"):
        op.add_column("users", sa.Column(name, _TEXT, nullable=False, server_default="{}"))
    op.add_column("deleted_users", sa.Column("address", _TEXT))
