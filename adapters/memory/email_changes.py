"""Changes of address over one copy of the tables."""

from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, is_reserved, remove
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.values.ids import UserId


@attrs.frozen
class MemoryEmailChanges:
    """EmailChanges over one copy of the tables."""

    tables: Tables

    async def add(self, change: EmailChange) -> None:
        self.tables.email_changes[_key(change.user_id, change.epoch)] = change

    async def get(self, user_id: UserId, epoch: int) -> EmailChange | None:
        return self.tables.email_changes.get(_key(user_id, epoch))

    async def of_user(self, user_id: UserId, limit: int) -> list[EmailChange]:
        changes = [change for change in self.tables.email_changes.values() if change.user_id == user_id]
        return sorted(changes, key=attrgetter("epoch"), reverse=True)[:limit]

    async def is_reserved(self, canonical: str, now: datetime, *, but: UserId) -> bool:
        return is_reserved(canonical, now, self.tables, but=but)

    async def drop_since(self, user_id: UserId, epoch: int) -> None:
        changes = [change for change in self.tables.email_changes.values() if change.user_id == user_id]
        later = [_key(user_id, change.epoch) for change in changes if change.epoch >= epoch]
        remove(self.tables.email_changes, later)


def _key(user_id: UserId, epoch: int) -> str:
    return f"{user_id} {epoch}"
