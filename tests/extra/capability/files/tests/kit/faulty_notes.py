"""Notes with a fault, under the published suite that must catch it; run by test_seeded_faults.py."""

import pytest

from leadnator_auth.adapters.memory import MemoryUnitOfWork
from leadnator_auth.adapters.memory.notes import MemoryNotes
from leadnator_auth.domain import Note, UserId
from leadnator_auth.testing.contract import NotesContract


async def note_of_anybody(notes: MemoryNotes, user_id: UserId) -> Note | None:
    return next(iter(notes.tables.notes.values()), None)


class TestOneNoteForAll(NotesContract):
    caught_by = "test_a_note_is_of_one_account"
    tells = "has none"

    @pytest.fixture
    def unit_of_work(self, monkeypatch: pytest.MonkeyPatch) -> MemoryUnitOfWork:
        monkeypatch.setattr(MemoryNotes, "of", note_of_anybody)
        return MemoryUnitOfWork()
