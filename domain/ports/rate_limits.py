"""The counters of tries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.rate_limit import Charge, Refusal


class RateLimits(Protocol):
    """Counters shared by all processes.

    A bucket drains by itself, at the pace of its limit. The clocks of servers may be `CLOCK_LEEWAY` apart; a clock
    that was turned back by more empties a bucket rather than keeping it full.
    """

    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        """Counts all of these tries, or counts none and returns the first limit reached; one atomic step."""

    async def forgive(self, *, give_back: Sequence[Charge], clear: Sequence[Charge]) -> None:
        """Takes back one try each of `give_back`, and empties the buckets of `clear`."""

    async def purge(self, now: datetime, limit: int) -> int:
        """Removes up to `limit` buckets that are empty; returns how many."""
