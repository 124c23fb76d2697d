"""What of ours is in a SQLite file."""

import sqlite3

from leadnator_auth.adapters.sql.former_version import FORMER_TABLE, FORMER_TABLES
from leadnator_auth.adapters.sql.installed import Installed, by_table, installed, version_table_of
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.schema import TABLES, VERSION_TABLE
from leadnator_auth.adapters.sql.shortcoming import Shortcoming, collision

# Of no other table: SQLite cannot tell the columns of a host's whose module it has not.
_COLUMNS = (
    "SELECT tables.name, columns.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns "
    f"WHERE tables.type = 'table' AND tables.name IN {(*TABLES, *FORMER_TABLES, VERSION_TABLE, FORMER_TABLE)}"
)
_OTHERS = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
# An empty table of the version is in nobody's way: what migrates fills it.
_NAMED_AS_OURS = (
    f"SELECT name FROM sqlite_master WHERE type <> 'trigger' AND (lower(name) IN {(*TABLES, *FORMER_TABLES)} "
    f"OR lower(name) = '{VERSION_TABLE}' AND NOT EXISTS "
    f"(SELECT 1 FROM pragma_table_info('{VERSION_TABLE}') WHERE name = 'version_num')) ORDER BY name"
)
_KEPT = "SELECT version_num FROM {table}"


def installed_in(connection: sqlite3.Connection) -> Installed:
    """Returns what of ours is there, by the way of who migrates."""
    columns = by_table(connection.execute(_COLUMNS))
    table = version_table_of(columns)
    kept = [str(version) for (version,) in connection.execute(_KEPT.format(table=table))] if table else []
    return installed(columns, kept, [str(name) for (name,) in connection.execute(_OTHERS)])


async def in_our_place(connection: PooledConnection) -> Shortcoming | None:
    """Returns what has a name that we need in a file where our tables are not yet; None where nothing has."""
    names = [str(row["name"]) for row in await connection.fetch_all(_NAMED_AS_OURS)]
    return collision(names, "give us a file of our own in LEADNATOR_DATABASE_URL")


async def installed_for(connection: PooledConnection) -> Installed:
    """Returns the same by the way of who serves."""
    columns = by_table([tuple(row) for row in await connection.fetch_all(_COLUMNS)])
    table = version_table_of(columns)
    kept = [str(version) for (version,) in await connection.fetch_all(_KEPT.format(table=table))] if table else []
    return installed(columns, kept, [str(name) for (name,) in await connection.fetch_all(_OTHERS)])
