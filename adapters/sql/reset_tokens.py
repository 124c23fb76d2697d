"""Reset tokens in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import from_number, to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, optional_instant, plain
from leadnator_auth.domain.entities.reset_token import ResetToken
from leadnator_auth.domain.values.ids import UserId

RESET_TOKENS = Table(
    "reset_tokens",
    ResetToken,
    (
        plain("digest"),
        plain("user_id"),
        plain("mail_id"),
        instant("issued_at"),
        instant("expires_at"),
        optional_instant("used_at"),
        plain("epoch"),
    ),
    key="digest",
)


@attrs.frozen
class SqlResetTokens:
    """ResetTokens on one connection."""

    connection: PooledConnection

    async def add(self, token: ResetToken) -> None:
        await self.connection.run(RESET_TOKENS.insert, **RESET_TOKENS.values(token))

    async def by_digest(self, digest: str) -> ResetToken | None:
        return await RESET_TOKENS.find(self.connection, digest)

    async def redeem(self, digest: str, now: datetime) -> ResetToken | None:
        row = await self.connection.fetch_one(
            "UPDATE reset_tokens SET used_at = :now "
            f"WHERE digest = :digest AND used_at IS NULL AND expires_at > :now RETURNING {RESET_TOKENS.columns}",
            digest=digest,
            now=to_number(now),
        )
        return RESET_TOKENS.entity(row) if row else None

    async def withdraw(self, digest: str) -> None:
        await self.connection.run("DELETE FROM reset_tokens WHERE digest = :digest", digest=digest)

    async def issued_since(self, user_id: UserId, since: datetime, most: int) -> list[datetime]:
        rows = await self.connection.fetch_all(
            "SELECT issued_at FROM reset_tokens WHERE user_id = :user_id AND issued_at > :since "
            "ORDER BY user_id DESC, issued_at DESC LIMIT :most",
            user_id=user_id,
            since=to_number(since),
            most=most,
        )
        return [from_number(row["issued_at"]) for row in reversed(rows)]

    async def purge(self, expired_before: datetime, most: int) -> int:
        return len(
            await RESET_TOKENS.delete_some(
                self.connection, "expires_at < :before", most, before=to_number(expired_before)
            )
        )
