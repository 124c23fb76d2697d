"""Subscriptions over one copy of the tables."""

from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables, remove
from leadnator_auth.domain.entities.subscription import Subscription


@attrs.frozen
class MemorySubscriptions:
    """Subscriptions over one copy of the tables."""

    tables: Tables

    async def add(self, subscription: Subscription) -> None:
        self.tables.subscriptions.setdefault(subscription.id, subscription)

    async def by_id(self, subscription_id: str) -> Subscription | None:
        return self.tables.subscriptions.get(subscription_id)

    async def all(self) -> list[Subscription]:
        return sorted(self.tables.subscriptions.values(), key=attrgetter("id"))

    async def save(self, subscription: Subscription) -> None:
        kept = self.tables.subscriptions.get(subscription.id)
        if kept:
            self.tables.subscriptions[kept.id] = attrs.evolve(subscription, position=kept.position)

    async def advance(self, positions: dict[str, int]) -> None:
        kept = self.tables.subscriptions
        for subscription_id in positions.keys() & kept.keys():
            kept[subscription_id] = attrs.evolve(kept[subscription_id], position=positions[subscription_id])

    async def probe(self, subscription_id: str, failures: int, now: datetime, until: datetime) -> bool:
        kept = self.tables.subscriptions.get(subscription_id)
        if kept is None or kept.failures != failures or not kept.is_open(now):
            return False
        self.tables.subscriptions[kept.id] = attrs.evolve(kept, paused_until=until)
        return True

    async def remove(self, subscription_id: str) -> None:
        self.tables.subscriptions.pop(subscription_id, None)
        deliveries = self.tables.event_deliveries
        remove(deliveries, [key for key, entry in deliveries.items() if entry.lane == subscription_id])
