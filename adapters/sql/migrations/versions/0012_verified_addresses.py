"""When the address of an account was proved to be its owner's; of those that are there, none was.

An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("users", sa.Column("email_verified_at", sa.BigInteger))
