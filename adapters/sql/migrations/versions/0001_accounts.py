"""Accounts, credentials, sessions, reset tokens and the mail queue.

Instants are whole microseconds since 1970 (UTC).
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Compared byte by byte, as SQLite does: an index that depends on the system's locale breaks when the system is renewed.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the first tables."""
    _make_accounts()
    _make_sessions()
    _make_reset_tokens()
    _make_mails()


def _make_accounts() -> None:
    op.create_table(
        "users",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("email", _TEXT, nullable=False),
        sa.Column("email_canonical", _TEXT, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("plan", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("email_canonical", name="users_email_canonical"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credentials",
        _user_id(primary_key=True),
        sa.Column("password_hash", _TEXT, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", _TEXT, primary_key=True),
        _user_id(),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("ip", _TEXT, nullable=False),
        sa.Column("user_agent", _TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_user_id", "sessions", ["user_id", "created_at"])
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])


def _make_reset_tokens() -> None:
    op.create_table(
        "reset_tokens",
        sa.Column("digest", _TEXT, primary_key=True),
        _user_id(),
        sa.Column("mail_id", _TEXT, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    op.create_index("reset_tokens_user_id", "reset_tokens", ["user_id", "issued_at"])
    op.create_index("reset_tokens_expires_at", "reset_tokens", ["expires_at"])


def _make_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("recipient", _TEXT, nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("give_up_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("last_error", _TEXT, nullable=False),
    )
    op.create_index("mails_due_at", "mails", ["state", "due_at"])
    op.create_index("mails_queued_at", "mails", ["state", "queued_at"])
    op.create_index("mails_finished_at", "mails", ["state", "finished_at"])


def _user_id(primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "user_id",
        _TEXT,
        sa.ForeignKey("users.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
