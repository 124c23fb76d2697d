"""Where tries are counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.rate_limit import Charge, Refusal


class RateLimits(Protocol):
    """Counters that hold over all processes.

    What a bucket holds drains away by itself, at the pace of its limit. Clocks of servers may be `CLOCK_LEEWAY` apart;
    one that was turned back by more empties a bucket rather than keeping it full.
    """

    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        """Counts all these tries, or none of them and returns the first limit that is reached; one atomic step."""

    async def forgive(self, *, give_back: Sequence[Charge], clear: Sequence[Charge]) -> None:
        """Takes one try each back, and empties the buckets of others."""

    async def purge(self, now: datetime, limit: int) -> int:
        """Removes up to `limit` buckets that are empty; returns how many."""
