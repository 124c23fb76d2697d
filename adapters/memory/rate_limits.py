"""Counters in memory."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.domain.rate_limit import Charge, Refusal


@attrs.define
class MemoryRateLimits:
    """RateLimits of one process; `full_at` has when each bucket will be empty, and until when a key is remembered."""

    full_at: dict[str, datetime] = attrs.Factory(dict)

    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        await asyncio.sleep(0)
        taken: dict[str, datetime] = {}
        for charge in charges:
            limit = charge.limit
            full_at = self.full_at.get(charge.bucket, now)
            # Later than any try could make it: the clock was turned back.
            start = full_at if now <= full_at <= now + limit.period else now
            if start + limit.interval > now + limit.period:
                return Refusal(limit, start + limit.interval - limit.period)
            taken[charge.bucket] = start + limit.interval
        self.full_at.update(taken)
        return None

    async def forgive(
        self, *, give_back: Sequence[Charge], clear: Sequence[Charge], remember: str | None, until: datetime
    ) -> None:
        await asyncio.sleep(0)
        for charge in give_back:
            if charge.bucket in self.full_at:
                self.full_at[charge.bucket] -= charge.limit.interval
        for charge in clear:
            self.full_at.pop(charge.bucket, None)
        if remember is not None:
            self.full_at[remember] = until

    async def remembers(self, key: str, now: datetime) -> bool:
        await asyncio.sleep(0)
        return self.full_at.get(key, now) > now

    async def purge(self, now: datetime, most: int) -> int:
        over = [key for key, full_at in self.full_at.items() if full_at < now][:most]
        for key in over:
            del self.full_at[key]
        return len(over)
