"""Identities over any unit of work, for stores that have no quicker way."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.api_key import KeyIdentity
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_metadata
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.ports import Transaction, UnitOfWork
from leadnator_auth.domain.values.ids import ApiKeyId, SessionId

__all__ = ["SnapshotIdentities"]


@attrs.frozen
class SnapshotIdentities:
    """Identities by two look-ups in one snapshot. Every authenticated request makes them: a join is quicker."""

    unit_of_work: UnitOfWork
    _tasks: "set[asyncio.Task[None]]" = attrs.field(factory=set, init=False, eq=False, repr=False)

    async def by_session(self, session_id: SessionId) -> Identity | None:
        async with self.unit_of_work.snapshot() as repositories:
            session = await repositories.sessions.by_id(session_id)
            user = session and await repositories.users.by_id(session.user_id)
        return Identity(without_metadata(user), session) if session and user else None

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        self._begin(lambda transaction: transaction.sessions.note_uses({session_id: now}))

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        async with self.unit_of_work.snapshot() as repositories:
            key = await repositories.api_keys.by_digest(digest)
            user = key and await repositories.users.by_id(key.user_id)
        return KeyIdentity(without_metadata(user), key) if key and user else None

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        self._begin(lambda transaction: transaction.api_keys.note_uses({key_id: now}))

    async def drained(self) -> None:
        """Waits until every use is kept that was to be noted; before a store is closed, say."""
        await asyncio.gather(*self._tasks)

    def _begin(self, note: Callable[[Transaction], Awaitable[None]]) -> None:
        task = asyncio.create_task(self._noted(note))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _noted(self, note: Callable[[Transaction], Awaitable[None]]) -> None:
        with suppress(UnavailableError):
            async with self.unit_of_work() as transaction:
                await note(transaction)
                await transaction.commit()
