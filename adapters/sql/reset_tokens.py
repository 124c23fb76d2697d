"""Reset tokens in SQL."""

from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.backend import Row
from leadnator_auth.adapters.sql.instants import from_number, from_optional, to_number
from leadnator_auth.adapters.sql.slot import Slot
from leadnator_auth.domain.reset_token import ResetToken
from leadnator_auth.domain.user import UserId

_COLUMNS = "digest, user_id, mail_id, issued_at, expires_at, used_at"


def _token_of(row: Row) -> ResetToken:
    return ResetToken(
        digest=row["digest"],
        user_id=UserId(row["user_id"]),
        mail_id=row["mail_id"],
        issued_at=from_number(row["issued_at"]),
        expires_at=from_number(row["expires_at"]),
        used_at=from_optional(row["used_at"]),
    )


@attrs.frozen
class SqlResetTokens:
    """ResetTokens on one connection."""

    slot: Slot

    async def add(self, token: ResetToken) -> None:
        await self.slot.run(
            "INSERT INTO reset_tokens (digest, user_id, mail_id, issued_at, expires_at, used_at) "
            "VALUES (:digest, :user_id, :mail_id, :issued_at, :expires_at, :used_at)",
            digest=token.digest,
            user_id=token.user_id,
            mail_id=token.mail_id,
            issued_at=to_number(token.issued_at),
            expires_at=to_number(token.expires_at),
            used_at=to_number(token.used_at) if token.used_at else None,
        )

    async def by_digest(self, digest: str) -> ResetToken | None:
        row = await self.slot.fetch_one(
            f"SELECT {_COLUMNS} FROM reset_tokens WHERE digest = :digest{self.slot.row_lock}",
            digest=digest,
        )
        return None if row is None else _token_of(row)

    async def redeem(self, digest: str, now: datetime) -> ResetToken | None:
        row = await self.slot.fetch_one(
            "UPDATE reset_tokens SET used_at = :now "
            f"WHERE digest = :digest AND used_at IS NULL AND expires_at > :now RETURNING {_COLUMNS}",
            digest=digest,
            now=to_number(now),
        )
        return None if row is None else _token_of(row)

    async def void_all(self, user_id: UserId, now: datetime) -> None:
        await self.slot.run(
            "UPDATE reset_tokens SET used_at = :now WHERE user_id = :user_id AND used_at IS NULL",
            user_id=user_id,
            now=to_number(now),
        )

    async def withdraw(self, digest: str) -> None:
        await self.slot.run("DELETE FROM reset_tokens WHERE digest = :digest", digest=digest)

    async def issued_since(self, user_id: UserId, since: datetime) -> list[datetime]:
        rows = await self.slot.fetch_all(
            "SELECT issued_at FROM reset_tokens WHERE user_id = :user_id AND issued_at > :since ORDER BY issued_at",
            user_id=user_id,
            since=to_number(since),
        )
        return [from_number(row["issued_at"]) for row in rows]

    async def purge(self, expired_before: datetime, most: int) -> int:
        rows = await self.slot.fetch_all(
            "WITH old AS MATERIALIZED "
            f"(SELECT digest FROM reset_tokens WHERE expires_at < :before LIMIT :most{self.slot.skip_locked}) "
            "DELETE FROM reset_tokens WHERE digest IN (SELECT digest FROM old) RETURNING digest",
            before=to_number(expired_before),
            most=most,
        )
        return len(rows)
