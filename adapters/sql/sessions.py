"""Sessions in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.entities.session import Client, Session, SessionId
from leadnator_auth.domain.entities.user import User, UserId

SESSION_COLUMNS = (
    "sessions.id AS session_id, sessions.user_id, sessions.created_at, sessions.expires_at, sessions.ip, "
    "sessions.user_agent, sessions.epoch"
)


def session_of(row: Row) -> Session:
    """Returns the session in a row that has the columns of `sessions`."""
    return Session(
        id=SessionId(row["session_id"]),
        user_id=UserId(row["user_id"]),
        created_at=from_number(row["created_at"]),
        expires_at=from_number(row["expires_at"]),
        client=Client(ip=row["ip"], user_agent=row["user_agent"]),
        epoch=row["epoch"],
    )


@attrs.frozen
class SqlSessions:
    """Sessions on one connection."""

    slot: Slot

    async def add(self, session: Session) -> None:
        await self.slot.run(
            "INSERT INTO sessions (id, user_id, created_at, expires_at, ip, user_agent, epoch) "
            "VALUES (:id, :user_id, :created_at, :expires_at, :ip, :user_agent, :epoch)",
            id=session.id,
            user_id=session.user_id,
            created_at=to_number(session.created_at),
            expires_at=to_number(session.expires_at),
            ip=session.client.ip,
            user_agent=session.client.user_agent,
            epoch=session.epoch,
        )

    async def by_id(self, session_id: SessionId) -> Session | None:
        row = await self.slot.fetch_one(
            f"SELECT {SESSION_COLUMNS} FROM sessions WHERE id = :id{self.slot.row_lock}",
            id=session_id,
        )
        return None if row is None else session_of(row)

    async def of_user(self, user: User, most: int) -> list[Session]:
        # In the order of the index: asked for one epoch, PostgreSQL may read and sort all there are.
        rows = await self.slot.fetch_all(
            f"SELECT {SESSION_COLUMNS} FROM sessions WHERE user_id = :user_id "
            "ORDER BY epoch DESC, created_at DESC, id DESC LIMIT :most",
            user_id=user.id,
            most=most,
        )
        return [session for session in map(session_of, rows) if session.belongs_to(user)]

    async def save(self, session: Session) -> None:
        await self.slot.run("UPDATE sessions SET epoch = :epoch WHERE id = :id", id=session.id, epoch=session.epoch)

    async def end(self, session_id: SessionId) -> bool:
        row = await self.slot.fetch_one("DELETE FROM sessions WHERE id = :id RETURNING id", id=session_id)
        return row is not None

    async def trim(self, user_id: UserId, *, keep: int, most: int) -> int:
        rows = await self.slot.fetch_all(
            "WITH over AS MATERIALIZED (SELECT id FROM sessions WHERE user_id = :user_id "
            "ORDER BY epoch DESC, created_at DESC, id DESC LIMIT :most OFFSET :keep) "
            "DELETE FROM sessions WHERE id IN (SELECT id FROM over) RETURNING id",
            user_id=user_id,
            keep=keep,
            most=most,
        )
        return len(rows)

    async def purge(self, expired_before: datetime, most: int) -> int:
        rows = await self.slot.fetch_all(
            "WITH old AS MATERIALIZED "
            f"(SELECT id FROM sessions WHERE expires_at < :before LIMIT :most{self.slot.skip_locked}) "
            "DELETE FROM sessions WHERE id IN (SELECT id FROM old) RETURNING id",
            before=to_number(expired_before),
            most=most,
        )
        return len(rows)
