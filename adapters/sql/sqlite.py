"""SQLite: settings, transactions and errors."""

import sqlite3
from pathlib import Path

from databases import DatabaseURL

from leadnator_auth.adapters.sql.dialect import Dialect

BUSY_TIMEOUT_SECONDS = 2.0
_UNIQUE = "UNIQUE constraint failed: "


def sqlite_path(url: str) -> Path:
    """Returns the file that a `sqlite:///…` URL names."""
    return Path(DatabaseURL(url).database)


def _broken_constraint(error: Exception) -> str | None:
    message = str(error)
    if isinstance(error, sqlite3.IntegrityError) and message.startswith(_UNIQUE):
        return message.removeprefix(_UNIQUE)
    return None


SQLITE = Dialect(
    options={"timeout": BUSY_TIMEOUT_SECONDS},
    on_open=(
        "PRAGMA journal_mode = WAL",
        # An answered sign-up must outlive a power cut, not only a crash of ours: NORMAL would not sync each commit.
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
    ),
    # A deferred BEGIN turns read-then-write into "database is locked" at once, whatever the busy timeout says.
    begin_writing="BEGIN IMMEDIATE",
    begin_reading="BEGIN",
    writers=1,
    readers=2,
    errors=(sqlite3.Error, OSError),
    broken_constraint=_broken_constraint,
)
