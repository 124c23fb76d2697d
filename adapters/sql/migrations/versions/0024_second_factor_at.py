"""Whether an account has a second factor, where it is read with the account: a log-in asks for nothing more.

An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"


def upgrade() -> None:
    """Adds the column; an account has a second factor since its app was confirmed."""
    op.add_column("users", sa.Column("second_factor_at", sa.BigInteger))
    op.execute(
        "UPDATE users SET second_factor_at = (SELECT max(confirmed_at) FROM totp_factors WHERE user_id = users.id) "
        "WHERE id IN (SELECT user_id FROM totp_factors WHERE confirmed_at IS NOT NULL)"
    )
