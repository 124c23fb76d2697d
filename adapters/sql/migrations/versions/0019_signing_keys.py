"""The keys that tokens are signed with where others verify them; the private halves are sealed.

An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the table; at most one key is next, and at most one signs."""
    op.create_table(
        "signing_keys",
        sa.Column("kid", _TEXT, primary_key=True),
        sa.Column("algorithm", _TEXT, nullable=False),
        sa.Column("x", _TEXT, nullable=False),
        sa.Column("y", _TEXT, nullable=False),
        sa.Column("sealed", _TEXT, nullable=False),
        sa.Column("master_key_id", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.Column("signs_since", sa.BigInteger),
        sa.Column("retired_at", sa.BigInteger),
        sa.Column("verifies_until", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    only_one = sa.text("state <> 'retired'")
    op.create_index(
        "signing_keys_state",
        "signing_keys",
        ["state"],
        unique=True,
        sqlite_where=only_one,
        postgresql_where=only_one,
    )
