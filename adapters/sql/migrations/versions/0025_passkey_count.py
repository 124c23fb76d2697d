"""How many passkeys an account has, where it is read with the account: who has none pays nothing for them."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("users", sa.Column("passkey_count", sa.Integer, nullable=False, server_default="0"))
    op.execute(
        "UPDATE users SET passkey_count = (SELECT count(*) FROM passkeys WHERE user_id = users.id) "
        "WHERE id IN (SELECT user_id FROM passkeys)"
    )
