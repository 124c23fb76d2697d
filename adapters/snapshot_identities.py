"""Identities over any unit of work, for stores that have no quicker way."""

import asyncio
from contextlib import suppress
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_metadata
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.domain.values.ids import SessionId

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
        task = asyncio.create_task(self._note_use(session_id, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note_use(self, session_id: SessionId, now: datetime) -> None:
        with suppress(UnavailableError):
            async with self.unit_of_work() as transaction:
                await transaction.sessions.note_uses({session_id: now})
                await transaction.commit()
