"""Second factors over one copy of the tables."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.values.ids import FactorId, UserId


@attrs.frozen
class MemoryTotpFactors:
    """TotpFactors over one copy of the tables."""

    tables: Tables

    async def add(self, factor: TotpFactor) -> None:
        self.tables.totp_factors[factor.id] = factor

    async def of_user(self, user_id: UserId) -> list[TotpFactor]:
        factors = [each for each in self.tables.totp_factors.values() if each.user_id == user_id]
        return sorted(factors, key=attrgetter("created_at", "id"))

    async def confirm(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        factor = self.tables.totp_factors.get(factor_id)
        if factor is None or factor.is_confirmed:
            return False
        self.tables.totp_factors[factor_id] = attrs.evolve(factor, confirmed_at=now, last_step=step, last_used_at=now)
        return True

    async def take_step(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        factor = self.tables.totp_factors.get(factor_id)
        if factor is None or factor.last_step >= step:
            return False
        self.tables.totp_factors[factor_id] = attrs.evolve(factor, last_step=step, last_used_at=now)
        return True

    async def remove(self, factor_id: FactorId) -> bool:
        return self.tables.totp_factors.pop(factor_id, None) is not None


@attrs.frozen
class MemoryRecoveryCodes:
    """RecoveryCodes over one copy of the tables."""

    tables: Tables

    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        remove(self.tables.recovery_codes, [_key(user_id, code.digest) for code in await self.of_user(user_id)])
        self.tables.recovery_codes.update((_key(user_id, code.digest), code) for code in codes)

    async def of_user(self, user_id: UserId) -> list[RecoveryCode]:
        codes = [each for each in self.tables.recovery_codes.values() if each.user_id == user_id]
        return sorted(codes, key=attrgetter("digest"))

    async def take(self, user_id: UserId, digest: str) -> RecoveryCode | None:
        return self.tables.recovery_codes.pop(_key(user_id, digest), None)


def _key(user_id: UserId, digest: str) -> str:
    return f"{user_id} {digest}"
