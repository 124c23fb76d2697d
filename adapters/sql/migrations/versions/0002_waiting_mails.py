"""The index that mail workers look at again and again holds the waiting mails only, in the order they are taken."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Replaces the index, which also held the sent mails of a week."""
    op.drop_index("mails_due_at", "mails")
    waiting = sa.text("state = 'queued'")
    op.create_index("mails_waiting", "mails", ["due_at", "id"], sqlite_where=waiting, postgresql_where=waiting)
