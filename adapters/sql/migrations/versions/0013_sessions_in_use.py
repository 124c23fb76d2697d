"""When a session was used last, for those that are watched.

The index has no row of the others. An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0009"


def upgrade() -> None:
    """Makes the column and its index; of the sessions that there are, no use was noted."""
    op.add_column("sessions", sa.Column("last_used_at", sa.BigInteger))
    noted = sa.text("last_used_at IS NOT NULL")
    op.create_index("sessions_last_used_at", "sessions", ["last_used_at"], sqlite_where=noted, postgresql_where=noted)
