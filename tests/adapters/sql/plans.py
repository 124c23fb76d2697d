"""The plans of statements: rows are found by an index, in every database, however many there are."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from leadnator_auth.adapters.sql import Connections
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.qualified import qualified
from leadnator_auth.adapters.sql.schema import TABLES

_READS_ALL = ("GROUP BY state", "leadnator_auth_version")
"""The statistics of an outbox count it; the table of the version has one row."""
_READS_NO_ROWS = ("BEGIN", "COMMIT", "ROLLBACK", "EXPLAIN", "SET")
_WHOLE_TABLE = re.compile(
    r"\b(Seq Scan on|SCAN) "
    r"(?!\(subquery|old\b|due\b|over\b|waiting\b|next\b|unplaced\b|json_each\b|deleted_users\b|"
    r"deleted_subscriptions\b|subscriptions\b|CONSTANT|users USING INDEX users_active_admins|"
    r"(mails|event_deliveries) USING (COVERING )?INDEX (mails|event_deliveries)_waiting|"
    r"events USING (COVERING )?INDEX events_unplaced)"
)

Statements = dict[str, Mapping[str, object]]
"""Statements, each with some of its values."""


def statements_seen(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Returns the statements that are run from now on, as they come."""
    seen: Statements = {}

    def spy(name: str) -> None:
        original = getattr(PooledConnection, name)

        async def spied(connection: PooledConnection, sql: str, *rows: Any, **values: object) -> object:
            if not rows or rows[0]:
                seen[sql] = dict(rows[0][0]) if rows else values
            return await original(connection, sql, *rows, **values)

        monkeypatch.setattr(PooledConnection, name, spied)

    for name in ("fetch_all", "run", "run_many"):
        spy(name)
    return seen


async def whole_tables_read(connections: Connections, statements: Statements, database_kind: str) -> list[str]:
    """Returns those of the statements that would read a whole table, each with the step that does."""
    found: list[str] = []
    async with connections.writing() as connection:
        for sql, values in statements.items():
            if sql.startswith(_READS_NO_ROWS) or any(part in sql for part in _READS_ALL):
                continue
            steps = await plan_of(connection, database_kind, sql, values)
            found += [f"{sql}: {step}" for step in steps if _WHOLE_TABLE.search(step)]
    return found


def tables_without_schema(sql: str) -> list[str]:
    """Returns the tables in a statement that would be looked for on the search path where a schema is set."""
    in_schema = qualified(sql, "elsewhere").replace('"elsewhere".', '"elsewhere"')
    return re.findall(rf"(?<![\"'.])(?<!AS )\b({'|'.join(TABLES)})\b(?!\.)", in_schema)


async def plan_of(
    connection: PooledConnection, database_kind: str, sql: str, values: Mapping[str, object]
) -> Sequence[str]:
    """Returns the steps in which a database would run a statement."""
    if database_kind == "sqlite":
        return [row["detail"] for row in await connection.fetch_all(f"EXPLAIN QUERY PLAN {sql}", **values)]
    await connection.run("SET LOCAL enable_seqscan = off")  # then a table is read whole only where it must be
    return [row["QUERY PLAN"] for row in await connection.fetch_all(f"EXPLAIN {sql}", **values)]
