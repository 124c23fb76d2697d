"""The indexes by which new mails are found before those that failed, and all mails of one kind to one address."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the indexes."""
    new = sa.text("state = 'queued' AND attempts = 0")
    op.create_index("mails_new", "mails", ["due_at", "id"], sqlite_where=new, postgresql_where=new)
    op.create_index("mails_recipient", "mails", ["recipient", "kind", "queued_at"])
