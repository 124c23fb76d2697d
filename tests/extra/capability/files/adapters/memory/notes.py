"""Notes over one copy of the tables."""

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.note import Note
from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class MemoryNotes:
    """Notes over one copy of the tables."""

    tables: Tables

    async def of(self, user_id: UserId) -> Note | None:
        return self.tables.notes.get(user_id)

    async def put(self, note: Note) -> None:
        self.tables.notes[note.user_id] = note
