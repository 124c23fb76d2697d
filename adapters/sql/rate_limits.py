"""Counters in SQL, one row a bucket: the instant at which it will be empty (the "theoretical arrival time" of GCRA)."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, plain
from leadnator_auth.domain.entities.rate_limit import Charge, Refusal


@attrs.frozen
class Bucket:
    """A counter, and when it will be empty."""

    bucket: str
    empty_at: datetime


RATE_LIMITS = Table("rate_limits", Bucket, (plain("bucket"), instant("empty_at")), key="bucket")
_START = "CASE WHEN rate_limits.empty_at BETWEEN :now AND :latest THEN rate_limits.empty_at ELSE :now END"
_TAKE = (
    f"{RATE_LIMITS.insert} ON CONFLICT (bucket) DO UPDATE SET empty_at = {_START} + :interval "
    f"WHERE {_START} + :interval <= :full RETURNING empty_at"
)


@attrs.frozen
class SqlRateLimits:
    """RateLimits over SQL."""

    connections: Connections

    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        async with self.connections.writing() as connection:
            for charge in charges:
                if not await self._took(charge, now, connection):
                    return await self._refusal(charge, connection)
            await connection.commit()
        return None

    async def forgive(self, *, give_back: Sequence[Charge], clear: Sequence[Charge]) -> None:
        async with self.connections.writing() as connection:
            for charge in give_back:
                await connection.run(
                    "UPDATE rate_limits SET empty_at = empty_at - :interval WHERE bucket = :bucket",
                    bucket=charge.bucket,
                    interval=_interval(charge),
                )
            for charge in clear:
                await connection.run("DELETE FROM rate_limits WHERE bucket = :bucket", bucket=charge.bucket)
            await connection.commit()

    async def purge(self, now: datetime, limit: int) -> int:
        async with self.connections.writing() as connection:
            removed = await RATE_LIMITS.delete_some(connection, "empty_at < :now", limit, now=to_number(now))
            await connection.commit()
        return len(removed)

    async def _took(self, charge: Charge, now: datetime, connection: PooledConnection) -> bool:
        row = await connection.fetch_one(
            _TAKE,
            bucket=charge.bucket,
            empty_at=to_number(now) + _interval(charge),
            now=to_number(now),
            full=to_number(now + charge.limit.period),
            latest=to_number(charge.limit.latest(now)),
            interval=_interval(charge),
        )
        return row is not None

    async def _refusal(self, charge: Charge, connection: PooledConnection) -> Refusal:
        bucket = await RATE_LIMITS.find(connection, charge.bucket)
        assert bucket is not None  # its row is what refused the try, and is locked
        return Refusal(charge.limit, bucket.empty_at + charge.limit.interval - charge.limit.period)


def _interval(charge: Charge) -> int:
    """Returns the interval in the unit that instants are kept in: microseconds."""
    interval = charge.limit.interval
    return (interval.days * 86_400 + interval.seconds) * 1_000_000 + interval.microseconds
