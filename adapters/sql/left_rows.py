"""The rows a deleted account leaves: they go at once if there are few, else a few at a time."""

from typing import Any

from leadnator_auth.adapters.sql.known_clients import KNOWN_CLIENTS
from leadnator_auth.adapters.sql.one_time_tokens import ONE_TIME_TOKENS
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.sessions import SESSIONS
from leadnator_auth.adapters.sql.table import Table
from leadnator_auth.domain.values.ids import UserId

_TABLES: tuple[Table[Any], ...] = (SESSIONS, ONE_TIME_TOKENS, KNOWN_CLIENTS)
_AT_ONCE = 500


async def leave_nothing(user_id: UserId, connection: PooledConnection) -> None:
    """Removes the rows of a removed account, or as many as fit, and then notes that there are more."""
    if await _removed(user_id, _AT_ONCE, connection) >= _AT_ONCE:
        await connection.run("INSERT INTO deleted_users (id) VALUES (:id) ON CONFLICT DO NOTHING", id=user_id)


async def purge_left(limit: int, connection: PooledConnection) -> int:
    """Removes rows of an account that left more than fitted; returns how many, and one for having found the end."""
    row = await connection.fetch_one(f"SELECT id FROM deleted_users LIMIT 1{connection.skip_locked}")
    if row is None:
        return 0
    removed = await _removed(UserId(row["id"]), limit, connection)
    if removed < limit:
        await connection.run("DELETE FROM deleted_users WHERE id = :id", id=row["id"])
        return removed + 1
    return removed


async def _removed(user_id: UserId, limit: int, connection: PooledConnection) -> int:
    removed = 0
    for table in _TABLES:
        removed += len(await table.delete_some(connection, "user_id = :user_id", limit - removed, user_id=user_id))
    return removed
