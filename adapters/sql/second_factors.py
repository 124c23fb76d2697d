"""Second factors in SQL."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, optional_instant, plain
from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.values.ids import FactorId, UserId

TOTP_FACTORS = Table(
    "totp_factors",
    TotpFactor,
    (
        plain("id"),
        plain("user_id"),
        plain("key_id"),
        instant("created_at"),
        optional_instant("confirmed_at"),
        plain("last_step"),
        optional_instant("last_used_at"),
    ),
)
RECOVERY_CODES = Table(
    "recovery_codes",
    RecoveryCode,
    (plain("user_id"), plain("digest"), instant("created_at")),
    key="user_id, digest",
)


@attrs.frozen
class SqlTotpFactors:
    """TotpFactors on one connection."""

    connection: PooledConnection

    async def add(self, factor: TotpFactor) -> None:
        await self.connection.run(TOTP_FACTORS.insert, **TOTP_FACTORS.values(factor))

    async def of_user(self, user_id: UserId) -> list[TotpFactor]:
        rows = await self.connection.fetch_all(
            f"SELECT {TOTP_FACTORS.columns} FROM totp_factors WHERE user_id = :user_id ORDER BY created_at, id"
            f"{self.connection.row_lock}",
            user_id=user_id,
        )
        return [TOTP_FACTORS.entity(row) for row in rows]

    async def confirm(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        return await self._changed("confirmed_at = :now, ", "confirmed_at IS NULL", factor_id, step, now)

    async def take_step(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        return await self._changed("", "last_step < :step", factor_id, step, now)

    async def _changed(self, change: str, condition: str, factor_id: FactorId, step: int, now: datetime) -> bool:
        row = await self.connection.fetch_one(
            f"UPDATE totp_factors SET {change}last_step = :step, last_used_at = :now "
            f"WHERE id = :id AND {condition} RETURNING id",
            id=factor_id,
            step=step,
            now=to_number(now),
        )
        return row is not None

    async def remove(self, factor_id: FactorId) -> bool:
        row = await self.connection.fetch_one("DELETE FROM totp_factors WHERE id = :id RETURNING id", id=factor_id)
        return row is not None


@attrs.frozen
class SqlRecoveryCodes:
    """RecoveryCodes on one connection."""

    connection: PooledConnection

    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        await self.connection.run("DELETE FROM recovery_codes WHERE user_id = :user_id", user_id=user_id)
        await RECOVERY_CODES.insert_all(self.connection, codes)

    async def of_user(self, user_id: UserId) -> list[RecoveryCode]:
        rows = await self.connection.fetch_all(
            f"SELECT {RECOVERY_CODES.columns} FROM recovery_codes WHERE user_id = :user_id ORDER BY digest",
            user_id=user_id,
        )
        return [RECOVERY_CODES.entity(row) for row in rows]

    async def take(self, user_id: UserId, digest: str) -> RecoveryCode | None:
        row = await self.connection.fetch_one(
            "DELETE FROM recovery_codes WHERE user_id = :user_id AND digest = :digest "
            f"RETURNING {RECOVERY_CODES.columns}",
            user_id=user_id,
            digest=digest,
        )
        return RECOVERY_CODES.entity(row) if row else None
