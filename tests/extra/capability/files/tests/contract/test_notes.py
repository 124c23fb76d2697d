"""The published suite of notes, over memory, SQLite and PostgreSQL."""

from leadnator_auth.testing.contract import NotesContract


class TestNotes(NotesContract):
    """Notes of each store."""
