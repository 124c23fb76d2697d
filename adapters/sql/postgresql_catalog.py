"""What PostgreSQL tells of itself, of the role that is connected, and of our tables."""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.former_version import FORMER_TABLE, FORMER_TABLES
from leadnator_auth.adapters.sql.installed import Installed, by_table, installed, version_table_of
from leadnator_auth.adapters.sql.qualified import quoted
from leadnator_auth.adapters.sql.schema import TABLES, VERSION_TABLE
from leadnator_auth.adapters.sql.shortcoming import Shortcoming, collision

OLDEST = 12
"""The first with MATERIALIZED."""
ENCODING = "UTF8"
_RELATIONS = "pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
_COLUMNS = (
    f"SELECT n.nspname::text AS schema, c.relname::text AS name, a.attname::text AS column_name FROM {_RELATIONS} "
    "JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE c.relkind IN ('r', 'p') AND "
)
_OTHERS = (
    f"SELECT c.relname::text AS name FROM {_RELATIONS} WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND NOT n.nspname ~ '^pg_' AND n.nspname <> 'information_schema'"
)
_SERVER = (
    "SELECT current_setting('server_version_num')::int / 10000 AS version, pg_is_in_recovery() AS is_replica, "
    "current_setting('server_encoding') AS encoding, current_setting('transaction_read_only') = 'on' AS is_read_only"
)
_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Beside a table of the version, for what has such names without one is not ours.
_MISSING_RIGHTS = (
    f"SELECT n.nspname::text AS schema, c.relname::text AS name, given.privilege AS privilege FROM {_RELATIONS} "
    f"JOIN pg_class AS version ON version.relnamespace = n.oid AND version.relname = '{VERSION_TABLE}' "
    "CROSS JOIN unnest(:rights::text[]) AS given (privilege) WHERE c.relkind IN ('r', 'p') "
    "AND (c.relname = ANY(:names::text[]) OR c.oid = version.oid AND given.privilege = 'SELECT') "
    "AND NOT has_table_privilege(c.oid, given.privilege) AND "
)
_ROLE = "SELECT current_user::text AS role, current_database()::text AS database"
_MAY_USE = "SELECT has_schema_privilege(oid, 'USAGE') AS may_use FROM pg_namespace WHERE nspname = :schema"
_MAY_CREATE = (
    "SELECT has_database_privilege(current_database(), 'CREATE') AS in_database, "
    "(SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = :schema) AS in_schema"
)


_NAMED_AS_OURS = (
    f"SELECT c.relname::text AS name FROM {_RELATIONS} WHERE n.nspname = :schema AND c.relname = ANY(:names::text[]) "
    "ORDER BY c.relname"
)


NO_SCHEMA = Shortcoming(
    "no schema for our tables: none of the role's search path is there, or may be used by it",
    "set LEADNATOR_DATABASE_SCHEMA, or GRANT USAGE",
)


class Fetch(Protocol):
    """Runs a statement with `:name` for each of its values, and returns its rows."""

    def __call__(self, sql: str, **values: object) -> Awaitable[Sequence[Row]]: ...


async def server_shortcoming(fetch: Fetch) -> Shortcoming | None:
    """Returns why this server, or this database of it, will not do, or None where it will."""
    (server,) = await fetch(_SERVER)
    if server["version"] < OLDEST:
        return Shortcoming(
            f"PostgreSQL {server['version']} is too old: {OLDEST} or newer is needed", "upgrade the server"
        )
    if server["encoding"] != ENCODING:
        return Shortcoming(
            f"the encoding of the database is {server['encoding']}, which has no place for most names: "
            f"{ENCODING} is needed",
            f"make another: CREATE DATABASE … ENCODING '{ENCODING}' TEMPLATE template0",
        )
    if server["is_read_only"]:
        what = "the server is a replica" if server["is_replica"] else "default_transaction_read_only is on"
        return Shortcoming(
            f"nothing can be written there: {what}",
            "let LEADNATOR_DATABASE_URL lead to the primary (of several, target_session_attrs=read-write finds it)",
        )
    return None


async def missing_rights(fetch: Fetch, schema: str | None) -> Shortcoming | None:
    """Returns what the role may not do with our tables, where there are any; None where it may do all."""
    (who,) = await fetch(_ROLE)
    role = quoted(who["role"])
    if schema is not None and any(not row["may_use"] for row in await fetch(_MAY_USE, schema=schema)):
        where = quoted(schema)
        return Shortcoming(
            f"the role {role} may not use the schema {where}", f"GRANT USAGE ON SCHEMA {where} TO {role}"
        )
    rows = await fetch(_MISSING_RIGHTS + _is_ours(schema), rights=list(_RIGHTS), names=list(TABLES), **_where(schema))
    if not rows:
        return None
    rights = ", ".join(right for right in _RIGHTS if any(row["privilege"] == right for row in rows))
    names = ", ".join(sorted({f"{quoted(row['schema'])}.{row['name']}" for row in rows}))
    return Shortcoming(
        f"the role {role} lacks the right to {rights} on {names}", f"GRANT {rights} ON {names} TO {role}"
    )


async def may_not_create(fetch: Fetch, schema: str) -> Shortcoming | None:
    """Returns why the role cannot make tables in a schema, or the schema where it is not there; None where it can."""
    (may,) = await fetch(_MAY_CREATE, schema=schema)
    if may["in_schema"] if may["in_schema"] is not None else may["in_database"]:
        return None
    (who,) = await fetch(_ROLE)
    where, role = quoted(schema), quoted(who["role"])
    if may["in_schema"] is None:
        return Shortcoming(
            f"permission denied: the schema {where} is not there, and the role {role} may not make it",
            f"CREATE SCHEMA {where} AUTHORIZATION {role}, or run `leadnator-auth migrate` as a role that may",
        )
    return Shortcoming(
        f"permission denied: the role {role} may not make tables in the schema {where}",
        f"GRANT USAGE, CREATE ON SCHEMA {where} TO {role}, or run `leadnator-auth migrate` as a role that may",
    )


def cure_of_a_collision(schema: str | None) -> str:
    """Returns what to do where something is in our place: in the schema of the setting, or of the search path."""
    if schema is None:
        return "set LEADNATOR_DATABASE_SCHEMA to a schema of our own, such as leadnator_auth"
    return "set LEADNATOR_DATABASE_SCHEMA to another one"


async def in_our_place(fetch: Fetch, schema: str | None, home: str) -> Shortcoming | None:
    """Returns what has a name that we need in `home`, where our tables are not yet; None where nothing has."""
    names = [*TABLES, *FORMER_TABLES, VERSION_TABLE]
    rows = await fetch(_NAMED_AS_OURS, schema=home, names=names)
    return collision([str(row["name"]) for row in rows], cure_of_a_collision(schema))


async def installed_in(fetch: Fetch, schema: str | None) -> tuple[str | None, Installed]:
    """Returns what of ours is in a database, and the schema that it is in or would be made in, if there is one."""
    rows = await fetch(_COLUMNS + _is_ours(schema), **_where(schema))
    columns = by_table([(row["name"], row["column_name"]) for row in rows])
    table = version_table_of(columns)
    home = schema or next((str(row["schema"]) for row in rows if row["name"] == table), None)
    kept = await fetch(f"SELECT version_num FROM {table}") if table else []
    others = await fetch(_OTHERS) if table == FORMER_TABLE else []
    found = installed(columns, [str(row["version_num"]) for row in kept], [str(row["name"]) for row in others])
    if schema is None and found.revision is None:
        ((home,),) = await fetch("SELECT current_schema()::text")
    return home, found


def _is_ours(schema: str | None) -> str:
    return "pg_table_is_visible(c.oid)" if schema is None else "n.nspname = :schema"


def _where(schema: str | None) -> dict[str, object]:
    return {} if schema is None else {"schema": schema}
