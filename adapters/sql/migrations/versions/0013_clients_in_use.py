"""When a session was used last, where somebody logged in from and with what, and what a mail tells of that.

The index of sessions has no row of those whose use is not noted. An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the columns; what is known so far are networks as a whole, and no use of a session was noted."""
    op.add_column("sessions", sa.Column("last_used_at", sa.BigInteger))
    noted = sa.text("last_used_at IS NOT NULL")
    op.create_index("sessions_last_used_at", "sessions", ["last_used_at"], sqlite_where=noted, postgresql_where=noted)
    op.add_column("mails", _text("ip"))
    op.add_column("mails", _text("user_agent"))
    if op.get_context().dialect.name == "postgresql":
        op.add_column("known_clients", _text("agent"))
        op.drop_constraint("known_clients_pkey", "known_clients", type_="primary")
        op.create_primary_key("known_clients_pkey", "known_clients", ["user_id", "network", "agent"])
    else:
        _move_known_clients()


def _move_known_clients() -> None:
    """SQLite changes no primary key: the rows move into a table with another one."""
    op.drop_index("known_clients_seen_at", "known_clients")
    op.rename_table("known_clients", "old_known_clients")
    op.create_table(
        "known_clients",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("network", _TEXT, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        _text("agent", primary_key=True),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO known_clients (user_id, network, seen_at, epoch) "
        "SELECT user_id, network, seen_at, epoch FROM old_known_clients"
    )
    op.drop_table("old_known_clients")
    op.create_index("known_clients_seen_at", "known_clients", ["seen_at"])


def _text(name: str, *, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, _TEXT, primary_key=primary_key, nullable=False, server_default="")
