"""Where changes of address are kept for as long as they can be undone."""

from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.values.ids import UserId


class EmailChanges(Protocol):
    """The changes of address that can still be undone. They go with their account."""

    async def add(self, change: EmailChange) -> None:
        """Keeps a new change; its account has none of the same epoch."""

    async def get(self, user_id: UserId, epoch: int) -> EmailChange | None:
        """Returns the change of an account that began this epoch, if any; those too that are over."""

    async def of_user(self, user_id: UserId, limit: int) -> list[EmailChange]:
        """Returns up to `limit` changes of an account, the latest first; those too that are over."""

    async def is_reserved(self, canonical: str, now: datetime, *, but: UserId) -> bool:
        """Returns whether an account other than `but` had this canonical address and may take it back now.

        In a unit of work that may write, it sees what others stored before this call, not only before the unit began.
        """

    async def drop_since(self, user_id: UserId, epoch: int) -> None:
        """Drops the change of an account that began this epoch, and all its later ones."""
