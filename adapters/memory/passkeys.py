"""Passkeys over one copy of the tables."""

from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.passkey import Passkey
from leadnator_auth.domain.errors import PasskeyExistsError
from leadnator_auth.domain.values.ids import PasskeyId, UserId


@attrs.frozen
class MemoryPasskeys:
    """Passkeys over one copy of the tables."""

    tables: Tables

    async def add(self, passkey: Passkey) -> None:
        if await self.by_credential_id(passkey.credential_id):
            raise PasskeyExistsError
        self.tables.passkeys[passkey.id] = passkey

    async def by_id(self, passkey_id: PasskeyId) -> Passkey | None:
        return self.tables.passkeys.get(passkey_id)

    async def by_credential_id(self, credential_id: str) -> Passkey | None:
        return next((each for each in self.tables.passkeys.values() if each.credential_id == credential_id), None)

    async def of_user(self, user_id: UserId) -> list[Passkey]:
        passkeys = [passkey for passkey in self.tables.passkeys.values() if passkey.user_id == user_id]
        return sorted(passkeys, key=attrgetter("created_at", "id"))

    async def rename(self, passkey_id: PasskeyId, name: str) -> None:
        kept = self.tables.passkeys.get(passkey_id)
        if kept:
            self.tables.passkeys[passkey_id] = attrs.evolve(kept, name=name)

    async def record_use(self, passkey: Passkey) -> bool:
        kept = self.tables.passkeys.get(passkey.id)
        if kept is None or not kept.can_count(passkey.sign_count):
            return False
        self.tables.passkeys[kept.id] = attrs.evolve(
            kept,
            sign_count=passkey.sign_count,
            backup_eligible=passkey.backup_eligible,
            backed_up=passkey.backed_up,
            last_used_at=passkey.last_used_at,
        )
        return True

    async def remove(self, passkey_id: PasskeyId) -> bool:
        return self.tables.passkeys.pop(passkey_id, None) is not None

    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[Passkey]:
        removed = [each for each in await self.of_user(user_id) if since is None or each.created_at >= since]
        remove(self.tables.passkeys, [each.id for each in removed])
        return removed
