"""Events in an order: a position for each, who wants to know of them, and what is on its way there.

Events get the number of their row as they are added, and a position in the feed later, in one order for everybody.
Those that are there have theirs from the start, by time. An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COLUMNS = "id, type, at, user_id, actor, data"


def upgrade() -> None:
    """Makes the tables, and numbers the events that are there."""
    if op.get_context().dialect.name == "postgresql":
        _number_in_place()
    else:
        _number_in_a_new_table()
    _partial_index("events_position", "events", ["position"], "position IS NOT NULL", unique=True)
    _partial_index("events_unplaced", "events", ["number"], "position IS NULL")
    op.create_table(
        "event_feed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO event_feed (id, position) SELECT 1, count(*) FROM events")
    _make_subscriptions()
    _make_deliveries()


def _number_in_place() -> None:
    op.add_column("events", sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False))
    op.add_column("events", sa.Column("position", sa.BigInteger))
    op.execute(
        "UPDATE events SET position = placed.position FROM "
        "(SELECT id, row_number() OVER (ORDER BY at, id) AS position FROM events) AS placed WHERE placed.id = events.id"
    )


def _number_in_a_new_table() -> None:
    """Gives SQLite's table the numbers of rows that it was made without, which cannot be added."""
    op.rename_table("events", "unnumbered_events")
    for index in ("events_at", "events_user_id", "events_type", "events_user_id_type"):
        op.drop_index(index, "unnumbered_events")
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", _TEXT, nullable=False, unique=True),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("data", _TEXT, nullable=False),
        sa.Column("position", sa.BigInteger),
    )
    op.execute(
        f"INSERT INTO events ({_COLUMNS}, position) "
        f"SELECT {_COLUMNS}, row_number() OVER (ORDER BY at, id) FROM unnumbered_events ORDER BY at, id"
    )
    op.drop_table("unnumbered_events")
    op.create_index("events_at", "events", ["at", "id"])
    op.create_index("events_user_id", "events", ["user_id", "at", "id"])
    op.create_index("events_type", "events", ["type", "at", "id"])
    op.create_index("events_user_id_type", "events", ["user_id", "type", "at", "id"])


def _make_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("types", _TEXT, nullable=False),
        sa.Column("enabled", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("paused_until", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_table("deleted_subscriptions", sa.Column("id", _TEXT, primary_key=True), sqlite_with_rowid=False)


def _make_deliveries() -> None:
    op.create_table(
        "event_deliveries",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("subscription_id", _TEXT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("data", _TEXT, nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("give_up_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("last_error", _TEXT, nullable=False),
    )
    table = "event_deliveries"
    due = ["due_at", "id", "subscription_id"]
    _partial_index("event_deliveries_new", table, due, "state = 'queued' AND attempts = 0")
    _partial_index("event_deliveries_waiting", table, due, "state = 'queued'")
    in_order = ["subscription_id", "user_id", "position"]
    _partial_index("event_deliveries_untried", table, in_order, "state = 'queued' AND last_error = ''")
    _partial_index("event_deliveries_lane", table, ["subscription_id", "due_at", "id"], "state = 'queued'")
    _partial_index("event_deliveries_give_up_at", table, ["give_up_at"], "state = 'queued'")
    op.create_index("event_deliveries_subscription", table, ["subscription_id", "queued_at", "id"])
    op.create_index("event_deliveries_queued_at", table, ["state", "queued_at", "id"])
    op.create_index("event_deliveries_finished_at", table, ["state", "finished_at"])


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
