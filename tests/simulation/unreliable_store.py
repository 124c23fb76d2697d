"""A store that fails at times, in which an account always says how many passkeys it has."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from leadnator_auth.adapters.memory import MemoryUnitOfWork
from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import UnavailableError
from leadnator_auth.domain.ports import Repositories, Transaction
from tests.simulation.scheduler import Violation


class Unreliable(MemoryUnitOfWork):
    """Units of work some of which are not kept, and of some of which nobody hears that they were."""

    chance: Random
    failures = 0.0
    turns: Sequence[int] = ()
    """How often others may go first, of which one is drawn; without any, they only do where they wait for something."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        await self._others()
        async with super()._transaction() as transaction:
            if self.chance.random() < self.failures:
                raise UnavailableError("the database is away")
            yield transaction
        if self.chance.random() < self.failures:
            raise UnavailableError("the answer was lost")

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Repositories]:
        await self._others()
        async with super().snapshot() as repositories:
            yield repositories

    def _keep(self, tables: Tables) -> None:
        counts = Counter(passkey.user_id for passkey in tables.passkeys.values())
        for user in tables.users.values():
            if user.passkey_count != counts[user.id]:
                raise Violation(f"an account says that it has {user.passkey_count} passkeys of {counts[user.id]}")
        super()._keep(tables)

    async def _others(self) -> None:
        for _ in range(self.chance.choice(self.turns) if self.turns else 0):
            await asyncio.sleep(0)
