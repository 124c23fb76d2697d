"""Notes in SQL."""

import attrs

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, plain
from leadnator_auth.domain.entities.note import Note
from leadnator_auth.domain.values.ids import UserId

NOTES = Table("notes", Note, (plain("user_id"), plain("text"), instant("changed_at")), key="user_id")


@attrs.frozen
class SqlNotes:
    """Notes on one connection."""

    connection: PooledConnection

    async def of(self, user_id: UserId) -> Note | None:
        return await NOTES.find(self.connection, user_id)

    async def put(self, note: Note) -> None:
        await self.connection.run(
            f"{NOTES.insert} ON CONFLICT (user_id) DO UPDATE SET text = :text, changed_at = :changed_at",
            **NOTES.values(note),
        )
