"""Epochs, by which all sessions or all mailed secrets of an account end in one row's change, and known clients.

What an account may have much of has no foreign key: deleting the account must not take the longer, the more there is.
An instant is in whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the columns and tables; sessions and reset tokens go on."""
    op.add_column("users", _number("session_epoch"))
    op.add_column("users", _number("secret_epoch"))
    _drop_foreign_keys()
    op.create_index("sessions_user_id", "sessions", ["user_id", "epoch", "created_at", "id"])
    op.create_table(
        "known_clients",
        sa.Column("user_id", _TEXT, primary_key=True),
        sa.Column("network", _TEXT, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("known_clients_seen_at", "known_clients", ["seen_at"])
    op.create_table("deleted_users", sa.Column("id", _TEXT, primary_key=True), sqlite_with_rowid=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _drop_foreign_keys() -> None:
    op.drop_index("sessions_user_id", "sessions")
    if op.get_context().dialect.name == "postgresql":
        for table in ("sessions", "reset_tokens"):
            op.drop_constraint(f"{table}_user_id_fkey", table, type_="foreignkey")
            op.add_column(table, _number("epoch"))
        return
    # SQLite drops no foreign key: the rows move into tables without one.
    _move_sessions()
    _move_reset_tokens()


def _move_sessions() -> None:
    op.drop_index("sessions_expires_at", "sessions")
    op.rename_table("sessions", "old_sessions")
    op.create_table(
        "sessions",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ip", _TEXT, nullable=False),
        sa.Column("user_agent", _TEXT, nullable=False),
        _number("epoch"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO sessions SELECT *, 0 FROM old_sessions")
    op.drop_table("old_sessions")
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])


def _move_reset_tokens() -> None:
    op.drop_index("reset_tokens_user_id", "reset_tokens")
    op.drop_index("reset_tokens_expires_at", "reset_tokens")
    op.rename_table("reset_tokens", "old_reset_tokens")
    op.create_table(
        "reset_tokens",
        sa.Column("digest", _TEXT, primary_key=True),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("mail_id", _TEXT, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        _number("epoch"),
    )
    op.execute("INSERT INTO reset_tokens SELECT *, 0 FROM old_reset_tokens")
    op.drop_table("old_reset_tokens")
    op.create_index("reset_tokens_user_id", "reset_tokens", ["user_id", "issued_at"])
    op.create_index("reset_tokens_expires_at", "reset_tokens", ["expires_at"])
