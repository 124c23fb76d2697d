"""API keys over one copy of the tables."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.values.ids import ApiKeyId, UserId


@attrs.frozen
class MemoryApiKeys:
    """API keys over one copy of the tables."""

    tables: Tables

    async def add(self, key: ApiKey) -> None:
        self.tables.api_keys[key.id] = key

    async def by_id(self, key_id: ApiKeyId) -> ApiKey | None:
        return self.tables.api_keys.get(key_id)

    async def by_digest(self, digest: str) -> ApiKey | None:
        return next((key for key in self.tables.api_keys.values() if key.digest == digest), None)

    async def of_user(self, user_id: UserId) -> list[ApiKey]:
        keys = [key for key in self.tables.api_keys.values() if key.user_id == user_id]
        return sorted(keys, key=attrgetter("created_at", "id"), reverse=True)

    async def note_uses(self, uses: Mapping[ApiKeyId, datetime]) -> None:
        for key_id, at in uses.items():
            kept = self.tables.api_keys.get(key_id)
            if kept and kept.is_use_to_be_noted(at):
                self.tables.api_keys[key_id] = attrs.evolve(kept, last_used_at=at)

    async def remove(self, key_id: ApiKeyId) -> bool:
        return self.tables.api_keys.pop(key_id, None) is not None

    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[ApiKey]:
        removed = [each for each in await self.of_user(user_id) if since is None or each.created_at >= since]
        remove(self.tables.api_keys, [each.id for each in removed])
        return removed
