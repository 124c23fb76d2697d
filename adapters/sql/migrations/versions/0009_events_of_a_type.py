"""The index by which the events of one account and one type are found, however many others there are of either."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Makes the index."""
    op.create_index("events_user_id_type", "events", ["user_id", "type", "at", "id"])
