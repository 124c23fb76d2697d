"""Sessions in memory."""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove_sessions
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import SessionId, UserId


@attrs.frozen
class MemorySessions:
    """Sessions over one copy of the tables."""

    tables: Tables

    async def add(self, session: Session) -> None:
        self.tables.sessions[session.id] = session

    async def by_id(self, session_id: SessionId) -> Session | None:
        return self.tables.sessions.get(session_id)

    async def of_user(self, user: User, limit: int) -> list[Session]:
        sessions = [session for session in self.tables.sessions.values() if session.belongs_to(user)]
        return sorted(sessions, key=attrgetter("created_at", "id"), reverse=True)[:limit]

    async def save(self, session: Session) -> None:
        kept = self.tables.sessions.get(session.id)
        if kept:
            self.tables.sessions[session.id] = attrs.evolve(
                kept, epoch=session.epoch, authenticated_at=session.authenticated_at, amr=session.amr
            )

    async def note_uses(self, uses: Mapping[SessionId, datetime]) -> None:
        for session_id, at in uses.items():
            kept = self.tables.sessions.get(session_id)
            if kept and kept.used_at < at:
                self.tables.sessions[session_id] = attrs.evolve(kept, last_used_at=at)

    async def end(self, session_id: SessionId) -> bool:
        return remove_sessions(self.tables, [session_id] if session_id in self.tables.sessions else []) == 1

    async def trim(self, user_id: UserId, *, keep: int, limit: int) -> list[Session]:
        sessions = [session for session in self.tables.sessions.values() if session.user_id == user_id]
        last_to_go = sorted(sessions, key=attrgetter("epoch", "created_at", "id"), reverse=True)
        removed = last_to_go[keep : keep + limit]
        remove_sessions(self.tables, [session.id for session in removed])
        return removed

    async def last_expiry(self) -> datetime | None:
        return max((session.expires_at for session in self.tables.sessions.values()), default=None)
