"""Where the first versions of this program kept the version of their schema: in Alembic's own `alembic_version`.

That table may as well be a host application's, whose revisions may have the same ids. So it counts only where the
tables are ours, as the revision that it names left them.
"""

from collections.abc import Collection, Mapping, Sequence

FORMER_TABLE = "alembic_version"
_MADE_BY: Mapping[str, Mapping[str, frozenset[str]]] = {
    "0001": {
        "users": frozenset({"id", "name", "email", "email_canonical", "role", "plan", "status", "created_at"}),
        "credentials": frozenset({"user_id", "password_hash", "changed_at", "version"}),
        "sessions": frozenset({"id", "user_id", "created_at", "expires_at", "ip", "user_agent"}),
        "reset_tokens": frozenset({"digest", "user_id", "mail_id", "issued_at", "expires_at", "used_at"}),
        "mails": frozenset({"id", "kind", "recipient", "queued_at", "due_at", "give_up_at", "attempts", "state"}),
    },
    "0002": {},
    "0003": {"rate_limits": frozenset({"bucket", "empty_at"})},
    "0004": {},
    "0005": {
        "users": frozenset({"session_epoch", "secret_epoch"}),
        "known_clients": frozenset({"user_id", "network", "seen_at", "epoch"}),
        "deleted_users": frozenset({"id"}),
    },
    "0006": {"events": frozenset({"id", "type", "at", "user_id", "actor", "data"})},
    "0007": {},
}
"""The revisions that were kept there, and what each added; later ones never were."""
FORMER_TABLES = frozenset(table for made in _MADE_BY.values() for table in made) | {"audit_entries"}

Columns = Mapping[str, Collection[str]]
"""The columns of tables, by the name of the table."""


def former_version(columns: Columns, kept: Sequence[str]) -> str | None:
    """Returns the revision of tables of ours whose version is in `alembic_version`, which has these rows.

    None where they are not there, or not ours.
    """
    ours = [version for version in kept if version in _MADE_BY]
    if len(ours) != 1 or not all(_has(columns, made) for version, made in _MADE_BY.items() if version <= ours[0]):
        return None
    is_behind = ours[0] < "0005" and "session_epoch" in columns["users"]
    return None if is_behind else ours[0]


def is_ours_alone(kept: Sequence[str], others: Collection[str]) -> bool:
    """Returns whether `alembic_version` can be nobody else's, in a database that has these tables and views."""
    return len(kept) == 1 and set(others) <= FORMER_TABLES | {FORMER_TABLE}


def _has(columns: Columns, made: Columns) -> bool:
    return all(set(needed) <= set(columns.get(table, ())) for table, needed in made.items())
