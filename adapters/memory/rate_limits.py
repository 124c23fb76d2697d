"""Counters in memory."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.rate_limit import Charge, Refusal


@attrs.define
class MemoryRateLimits:
    """RateLimits of one process; `empty_at` has when each bucket is empty."""

    empty_at: dict[str, datetime] = attrs.Factory(dict)

    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        await asyncio.sleep(0)
        taken: dict[str, datetime] = {}
        for charge in charges:
            limit = charge.limit
            empty_at = self.empty_at.get(charge.bucket, now)
            start = empty_at if now <= empty_at <= limit.latest(now) else now
            if start + limit.interval > now + limit.period:
                return Refusal(limit, start + limit.interval - limit.period)
            taken[charge.bucket] = start + limit.interval
        self.empty_at.update(taken)
        return None

    async def forgive(self, *, give_back: Sequence[Charge], clear: Sequence[Charge]) -> None:
        await asyncio.sleep(0)
        for charge in give_back:
            if charge.bucket in self.empty_at:
                self.empty_at[charge.bucket] -= charge.limit.interval
        for charge in clear:
            self.empty_at.pop(charge.bucket, None)

    async def purge(self, now: datetime, limit: int) -> int:
        over = [key for key, empty_at in self.empty_at.items() if empty_at < now][:limit]
        for key in over:
            del self.empty_at[key]
        return len(over)
