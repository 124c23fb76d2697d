"""The repository of notes."""

from typing import Protocol

from leadnator_auth.domain.entities.note import Note
from leadnator_auth.domain.values.ids import UserId


class Notes(Protocol):
    """The notes, at most one an account; a note goes with its account."""

    async def of(self, user_id: UserId) -> Note | None:
        """Returns the note of an account, if any."""

    async def put(self, note: Note) -> None:
        """Keeps a note, in place of the one that its account had before."""
