"""One-time tokens in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, choice, instant, optional_instant, plain
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.values.ids import UserId

ONE_TIME_TOKENS = Table(
    "one_time_tokens",
    OneTimeToken,
    (
        plain("digest"),
        choice("purpose", Purpose),
        plain("user_id"),
        plain("address"),
        instant("issued_at"),
        instant("expires_at"),
        optional_instant("used_at"),
        plain("tries_left"),
        plain("payload"),
        plain("epoch"),
    ),
    key="digest",
)


@attrs.frozen
class SqlOneTimeTokens:
    """OneTimeTokens on one connection."""

    connection: PooledConnection

    async def add(self, token: OneTimeToken) -> None:
        await self.connection.run(ONE_TIME_TOKENS.insert, **ONE_TIME_TOKENS.values(token))

    async def by_digest(self, digest: str) -> OneTimeToken | None:
        return await ONE_TIME_TOKENS.find(self.connection, digest)

    async def use(self, digest: str, now: datetime) -> OneTimeToken | None:
        return await self._changed("used_at = :now", "", digest, now)

    async def spend_try(self, digest: str, now: datetime) -> OneTimeToken | None:
        return await self._changed("tries_left = tries_left - 1", " AND tries_left > 0", digest, now)

    async def _changed(self, change: str, condition: str, digest: str, now: datetime) -> OneTimeToken | None:
        row = await self.connection.fetch_one(
            f"UPDATE one_time_tokens SET {change} WHERE digest = :digest AND used_at IS NULL AND expires_at > :now"
            f"{condition} RETURNING {ONE_TIME_TOKENS.columns}",
            digest=digest,
            now=to_number(now),
        )
        return ONE_TIME_TOKENS.entity(row) if row else None

    async def remove(self, digest: str) -> None:
        await self.connection.run("DELETE FROM one_time_tokens WHERE digest = :digest", digest=digest)

    async def of_user(self, user_id: UserId, limit: int) -> list[OneTimeToken]:
        rows = await self.connection.fetch_all(
            f"SELECT {ONE_TIME_TOKENS.columns} FROM one_time_tokens WHERE user_id = :user_id LIMIT :limit",
            user_id=user_id,
            limit=limit,
        )
        return [ONE_TIME_TOKENS.entity(row) for row in rows]

    async def issued_since(self, purpose: Purpose, user_id: UserId, since: datetime, limit: int) -> list[datetime]:
        rows = await self.connection.fetch_all(
            "SELECT issued_at FROM one_time_tokens "
            "WHERE user_id = :user_id AND purpose = :purpose AND issued_at > :since "
            "ORDER BY user_id DESC, purpose DESC, issued_at DESC LIMIT :limit",
            user_id=user_id,
            purpose=purpose.value,
            since=to_number(since),
            limit=limit,
        )
        return [from_number(row["issued_at"]) for row in reversed(rows)]
