"""Subscriptions in SQL."""

import json
from collections.abc import Collection
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.instants import to_number
from leadnator_auth.adapters.sql.left_rows import OF_SUBSCRIPTIONS
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Column, Table, instant, optional_instant, plain
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.subscription import Subscription


def _read_types(text: str) -> frozenset[EventType]:
    return frozenset(map(EventType, json.loads(text)))


def _write_types(types: Collection[EventType]) -> str:
    return json.dumps(sorted(types))


SUBSCRIPTIONS = Table(
    "subscriptions",
    Subscription,
    (
        plain("id"),
        instant("since"),
        plain("position"),
        Column("types", "types", _read_types, _write_types),
        Column("enabled", "enabled", bool, int),
        plain("failures"),
        optional_instant("paused_until"),
    ),
)


@attrs.frozen
class SqlSubscriptions:
    """Subscriptions on one connection."""

    connection: PooledConnection

    async def add(self, subscription: Subscription) -> None:
        await self.connection.run(
            f"{SUBSCRIPTIONS.insert} ON CONFLICT DO NOTHING", **SUBSCRIPTIONS.values(subscription)
        )

    async def by_id(self, subscription_id: str) -> Subscription | None:
        return await SUBSCRIPTIONS.find(self.connection, subscription_id)

    async def all(self) -> list[Subscription]:
        rows = await self.connection.fetch_all(f"SELECT {SUBSCRIPTIONS.columns} FROM subscriptions ORDER BY id")
        return [SUBSCRIPTIONS.entity(row) for row in rows]

    async def save(self, subscription: Subscription) -> None:
        values = SUBSCRIPTIONS.values(subscription)
        del values["position"]
        await self.connection.run(
            "UPDATE subscriptions SET since = :since, types = :types, enabled = :enabled, failures = :failures, "
            "paused_until = :paused_until WHERE id = :id",
            **values,
        )

    async def advance(self, positions: dict[str, int]) -> None:
        rows = [{"id": subscription_id, "position": position} for subscription_id, position in positions.items()]
        if rows:
            await self.connection.run_many("UPDATE subscriptions SET position = :position WHERE id = :id", rows)

    async def probe(self, subscription_id: str, failures: int, now: datetime, until: datetime) -> bool:
        row = await self.connection.fetch_one(
            "UPDATE subscriptions SET paused_until = :until WHERE id = :id AND failures = :failures AND enabled = 1 "
            "AND (paused_until IS NULL OR paused_until <= :now) RETURNING id",
            id=subscription_id,
            failures=failures,
            now=to_number(now),
            until=to_number(until),
        )
        return row is not None

    async def remove(self, subscription_id: str) -> None:
        await self.connection.run("DELETE FROM subscriptions WHERE id = :id", id=subscription_id)
        await OF_SUBSCRIPTIONS.leave_nothing(subscription_id, self.connection)
