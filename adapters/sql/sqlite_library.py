"""What the SQLite that Python was built with can do."""

import sqlite3

from leadnator_auth.adapters.sql.shortcoming import Shortcoming

OLDEST = (3, 38, 0)
"""The first with `->>`; it has RETURNING and MATERIALIZED (3.35), too."""
# All of it on tables without rows, for what a build leaves out, such as JSON, is not told by its version.
USED = (
    "CREATE TABLE parents (id TEXT PRIMARY KEY, at BIGINT, UNIQUE (at)) WITHOUT ROWID",
    "CREATE INDEX parents_at ON parents (at) WHERE at > 0",
    "ALTER TABLE parents ADD COLUMN epoch BIGINT DEFAULT 0 NOT NULL",
    "INSERT INTO parents VALUES ('a', 1, 0) ON CONFLICT (id) DO UPDATE SET at = parents.at + 1 RETURNING id",
    "WITH old AS MATERIALIZED (SELECT id FROM parents INDEXED BY parents_at WHERE at > 0) SELECT id FROM old",
    "DELETE FROM parents WHERE (id) IN (SELECT id FROM parents LIMIT 1) RETURNING id",
    "SELECT value, json_group_object('a', value ->> '$[1]') FROM json_each('[[1, 2]]')",
    "SELECT id FROM parents WHERE (at, id) < (1, 'a')",
)


def library_shortcoming() -> Shortcoming | None:
    """Returns why this SQLite will not do, or None where it will."""
    cure = (
        "use a Python that comes with a newer one, such as that of python.org, or LEADNATOR_DATABASE_URL=postgresql://…"
    )
    needed = ".".join(map(str, OLDEST))
    if sqlite3.sqlite_version_info < OLDEST:
        return Shortcoming(f"SQLite {sqlite3.sqlite_version} is too old: {needed} or newer is needed", cure)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in USED:
            connection.execute(statement).fetchall()
    except sqlite3.Error as error:
        return Shortcoming(f"this SQLite {sqlite3.sqlite_version} lacks something that is needed: {error}", cure)
    finally:
        connection.close()
    return None
