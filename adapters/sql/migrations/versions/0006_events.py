"""Events take the place of the audit trail: the same, and all else that happens to accounts.

An event tells which fields were changed, but never somebody's name. An instant is in whole microseconds since 1970.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TYPE = (
    "CASE action WHEN 'user_created' THEN 'user.created' WHEN 'user_deleted' THEN 'user.deleted' ELSE "
    "CASE {status} WHEN 'suspended' THEN 'user.suspended' WHEN 'active' THEN 'user.activated' ELSE 'user.updated' "
    "END END"
)
_SQLITE = (
    "SELECT 'e_' || substr(id, 3), "
    + _TYPE.format(status="changes ->> '$.status[1]'")
    + ", at, user_id, actor, CASE action WHEN 'user_changed' THEN (SELECT json_group_object(key, value) FROM "
    "(SELECT 'fields' AS key, group_concat(each.key) AS value FROM json_each(changes) AS each "
    "UNION ALL SELECT each.key, each.value ->> '$[1]' FROM json_each(changes) AS each WHERE each.key <> 'name' "
    "UNION ALL SELECT 'old_' || each.key, each.value ->> '$[0]' FROM json_each(changes) AS each "
    "WHERE each.key <> 'name')) ELSE '{}' END FROM audit_entries"
)
_POSTGRESQL = (
    "SELECT 'e_' || substr(id, 3), "
    + _TYPE.format(status="changes::jsonb -> 'status' ->> 1")
    + ", at, user_id, actor, CASE action WHEN 'user_changed' THEN (SELECT jsonb_object_agg(key, value)::text FROM "
    "(SELECT 'fields' AS key, string_agg(each.key, ',') AS value FROM jsonb_each(changes::jsonb) AS each "
    "UNION ALL SELECT each.key, each.value ->> 1 FROM jsonb_each(changes::jsonb) AS each WHERE each.key <> 'name' "
    "UNION ALL SELECT 'old_' || each.key, each.value ->> 0 FROM jsonb_each(changes::jsonb) AS each "
    "WHERE each.key <> 'name') AS data) ELSE '{}' END FROM audit_entries"
)


def upgrade() -> None:
    """Makes the table, and moves what is in the audit trail there."""
    op.create_table(
        "events",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("data", _TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    entries = _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE
    op.execute(sa.text(f"INSERT INTO events {entries}".replace(":", "\\:")))
    op.drop_table("audit_entries")
    op.create_index("events_at", "events", ["at", "id"])
    op.create_index("events_user_id", "events", ["user_id", "at", "id"])
    op.create_index("events_type", "events", ["type", "at", "id"])
