"""Deliveries of events over one copy of the tables: an outbox, and what is special about events."""

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.outbox import MemoryOutbox
from leadnator_auth.adapters.memory.tables import Tables, page_of
from leadnator_auth.domain.entities.event_delivery import TOO_LATE, EventBacklog, EventDelivery, QueuedEvent
from leadnator_auth.domain.entities.outbox import DeliveryState
from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.paging import Position


class MemoryEventDeliveries(MemoryOutbox[EventDelivery]):
    """EventDeliveries over one copy of the tables."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables.event_deliveries)

    async def add_all(self, entries: Sequence[QueuedEvent]) -> None:
        self.entries.update((entry.id, entry) for entry in entries)

    async def lease_one_of(self, subscription_id: str, now: datetime) -> QueuedEvent | None:
        due = [entry for entry in self.due(now) if entry.lane == subscription_id]
        if not due:
            return None
        first = min(due, key=lambda entry: (entry.attempts == 0, entry.attempts))
        return self.take([first], now)[0]

    def take(self, entries: Sequence[QueuedEvent], now: datetime) -> list[QueuedEvent]:
        return super().take([attrs.evolve(entry, last_error="") for entry in entries], now)

    async def is_any_due(self, now: datetime, full: Collection[str] = ()) -> bool:
        return any(entry.due_at <= now and entry.lane not in full for entry in self.queued())

    async def count_queued(self, subscription_id: str, limit: int) -> int:
        return min(sum(entry.lane == subscription_id for entry in self.queued()), limit)

    async def hasten(self, subscription_id: str, now: datetime) -> int:
        waiting = [
            entry
            for entry in self.queued()
            if entry.lane == subscription_id and entry.last_error and entry.due_at > now
        ]
        self.entries.update((entry.id, attrs.evolve(entry, due_at=now)) for entry in waiting)
        return len(waiting)

    async def is_any_late(self, now: datetime) -> bool:
        return bool(self._late(now))

    async def give_up(self, now: datetime, limit: int) -> int:
        late = self._late(now)[:limit]
        self.entries.update((entry.id, entry.dead(now, entry.last_error or TOO_LATE)) for entry in late)
        return len(late)

    async def latest_of(self, subscription_id: str, limit: int, after: Position | None) -> list[QueuedEvent]:
        entries = [entry for entry in self.entries.values() if entry.lane == subscription_id]
        return page_of(entries, "queued_at", limit, after)

    async def backlog(self, limit: int) -> EventBacklog:
        waiting = sorted(self.queued(), key=attrgetter("queued_at"))[:limit]
        return EventBacklog(
            queued=len(waiting),
            retrying=sum(entry.attempts > 0 for entry in waiting),
            dead=min(sum(entry.state is DeliveryState.DEAD for entry in self.entries.values()), limit),
            oldest_queued_at=waiting[0].queued_at if waiting else None,
        )

    def due(self, now: datetime, full: Collection[str] = ()) -> list[QueuedEvent]:
        """Returns the deliveries that may be taken, those that failed first; none that waits for one of its account."""
        ahead = [entry.payload for entry in self.queued() if not entry.last_error or entry.due_at <= now]
        first: dict[tuple[str, UserId], int] = {}
        for payload in sorted(ahead, key=attrgetter("position"), reverse=True):
            first[payload.lane, payload.event.user_id] = payload.position

        def waits(payload: EventDelivery) -> bool:
            return first.get((payload.lane, payload.event.user_id), payload.position) < payload.position

        due = [entry for entry in super().due(now, full) if entry.attempts > 0 or not waits(entry.payload)]
        return sorted(due, key=lambda entry: entry.attempts == 0)

    def _late(self, now: datetime) -> list[QueuedEvent]:
        return [entry for entry in self.queued() if entry.due_at <= now and entry.give_up_at <= now]
