"""The rows that something leaves which is removed: they go at once if there are few, else a few at a time."""

from typing import Any

import attrs

from leadnator_auth.adapters.sql.event_deliveries import EVENT_DELIVERIES
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table

AT_ONCE = 500


@attrs.frozen
class LeftRows:
    """What one sort of things leaves: the tables, the column that names the thing, and where the rest is noted."""

    tables: tuple[Table[Any], ...]
    column: str
    notes: str

    async def leave_nothing(self, removed_id: str, connection: PooledConnection) -> None:
        """Removes the rows of a removed thing, or as many as fit, and then notes that there are more."""
        if await self.remove_some(removed_id, AT_ONCE, connection) >= AT_ONCE:
            await connection.run(f"INSERT INTO {self.notes} (id) VALUES (:id) ON CONFLICT DO NOTHING", id=removed_id)

    async def purge(self, limit: int, connection: PooledConnection) -> int:
        """Removes rows of a thing that left more than fitted; returns how many, and one for having found the end."""
        row = await connection.fetch_one(f"SELECT id FROM {self.notes} LIMIT 1{connection.skip_locked}")
        if row is None:
            return 0
        removed = await self.remove_some(row["id"], limit, connection)
        if removed < limit:
            await connection.run(f"DELETE FROM {self.notes} WHERE id = :id", id=row["id"])
            return removed + 1
        return removed

    async def remove_some(self, removed_id: str, limit: int, connection: PooledConnection) -> int:
        """Removes up to `limit` rows of a removed thing; returns how many."""
        removed = 0
        for table in self.tables:
            where = f"{self.column} = :removed"
            removed += len(await table.delete_some(connection, where, limit - removed, removed=removed_id))
        return removed


OF_SUBSCRIPTIONS = LeftRows((EVENT_DELIVERIES,), "subscription_id", "deleted_subscriptions")
