"""Sessions in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.instants import from_optional, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Column, Table, instant, optional_instant, plain
from leadnator_auth.domain.entities.proof import AuthenticationMethod
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import SessionId, UserId


def _methods(text: str) -> tuple[AuthenticationMethod, ...]:
    return tuple(map(AuthenticationMethod, text.split()))


SESSIONS = Table(
    "sessions",
    Session,
    (
        plain("id"),
        plain("user_id"),
        instant("created_at"),
        instant("expires_at"),
        plain("ip", "client.ip"),
        plain("user_agent", "client.user_agent"),
        plain("epoch"),
        optional_instant("last_used_at"),
        instant("authenticated_at"),
        Column("amr", "amr", _methods, " ".join),
    ),
)
_SAVED = ("epoch", "authenticated_at", "amr")
_PAGE = 100
_NEWEST_FIRST = "epoch DESC, created_at DESC, id DESC"


@attrs.frozen
class SqlSessions:
    """Sessions on one connection."""

    connection: PooledConnection

    async def add(self, session: Session) -> None:
        await self.connection.run(SESSIONS.insert, **SESSIONS.values(session))

    async def by_id(self, session_id: SessionId) -> Session | None:
        return await SESSIONS.find(self.connection, session_id)

    async def of_user(self, user: User, limit: int) -> list[Session]:
        sessions: list[Session] = []
        last: tuple[int, int, str] = (user.session_epoch + 1, 0, "")
        # In pages, so that others are answered between them: a thousand entities hold up the loop for 10 ms. Each page
        # begins where the one before ended, whatever is purged meanwhile.
        while len(sessions) < limit:
            rows = await self._page(user.id, min(_PAGE, limit - len(sessions)), last)
            page = [session for session in map(SESSIONS.entity, rows) if session.belongs_to(user)]
            sessions += page
            if len(page) < _PAGE:  # what is left is of earlier epochs, if there is any
                break
            last = (page[-1].epoch, to_number(page[-1].created_at), page[-1].id)
        return sessions

    async def save(self, session: Session) -> None:
        values = SESSIONS.values(session)
        await self.connection.run(
            f"UPDATE sessions SET {', '.join(f'{column} = :{column}' for column in _SAVED)} WHERE id = :id",
            **{column: values[column] for column in ("id", *_SAVED)},
        )

    async def note_uses(self, uses: Mapping[SessionId, datetime]) -> None:
        rows: list[dict[str, object]] = [{"id": session_id, "at": to_number(at)} for session_id, at in uses.items()]
        await self.connection.run_many(
            "UPDATE sessions SET last_used_at = :at WHERE id IN (SELECT id FROM sessions WHERE id = :id "
            f"AND coalesce(last_used_at, created_at) < :at{self.connection.skip_locked})",
            rows,
        )

    async def end(self, session_id: SessionId) -> bool:
        row = await self.connection.fetch_one("DELETE FROM sessions WHERE id = :id RETURNING id", id=session_id)
        return row is not None

    async def trim(self, user_id: UserId, *, keep: int, limit: int) -> list[Session]:
        return await SESSIONS.delete_some(
            self.connection, "user_id = :user_id", limit, order_by=_NEWEST_FIRST, skip=keep, user_id=user_id
        )

    async def _page(self, user_id: UserId, limit: int, last: tuple[int, int, str]) -> Sequence[Row]:
        epoch, created_at, after_id = last
        # In the order of the index: asked for one epoch, PostgreSQL may read and sort all there are.
        return await self.connection.fetch_all(
            f"SELECT {SESSIONS.columns} FROM sessions WHERE user_id = :user_id "
            "AND (epoch, created_at, id) < (:epoch, :created_at, :after_id) "
            f"ORDER BY {_NEWEST_FIRST} LIMIT :limit",
            user_id=user_id,
            limit=limit,
            epoch=epoch,
            created_at=created_at,
            after_id=after_id,
        )

    async def last_expiry(self) -> datetime | None:
        row = await self.connection.fetch_one("SELECT max(expires_at) AS last FROM sessions")
        return from_optional(row["last"]) if row else None
