"""An outbox over a table of one copy of the tables, whatever is delivered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Generic

import attrs

from leadnator_auth.domain.entities.outbox import AnyPayload, DeliveryState, OutboxEntry, OutboxStats


@attrs.define
class MemoryOutbox(Generic[AnyPayload]):
    """Outbox over a dictionary of deliveries by id."""

    entries: dict[str, OutboxEntry[AnyPayload]]

    async def add(self, entry: OutboxEntry[AnyPayload]) -> None:
        self.entries[entry.id] = entry

    async def lease(self, now: datetime, limit: int, full: Collection[str] = ()) -> list[OutboxEntry[AnyPayload]]:
        return sorted(self.take(self.due(now, full)[:limit], now), key=attrgetter("queued_at", "id"))

    def take(self, entries: Sequence[OutboxEntry[AnyPayload]], now: datetime) -> list[OutboxEntry[AnyPayload]]:
        """Leases deliveries."""
        leased = [entry.leased(now) for entry in entries]
        self.entries.update((entry.id, entry) for entry in leased)
        return leased

    async def save(self, entry: OutboxEntry[AnyPayload]) -> bool:
        kept = self.entries.get(entry.id)
        if kept is None or kept.attempts != entry.attempts or kept.state is not DeliveryState.QUEUED:
            return False
        self.entries[entry.id] = entry
        return True

    async def by_id(self, entry_id: str) -> OutboxEntry[AnyPayload] | None:
        return self.entries.get(entry_id)

    async def remove(self, entry_id: str) -> None:
        self.entries.pop(entry_id, None)

    async def latest(self, state: DeliveryState | None, limit: int) -> list[OutboxEntry[AnyPayload]]:
        entries = [entry for entry in self.entries.values() if state in (None, entry.state)]
        return sorted(entries, key=attrgetter("queued_at", "id"), reverse=True)[:limit]

    async def retry(
        self, now: datetime, give_up_at: datetime, limit: int, *, after: str = "", only: str | None = None
    ) -> list[str]:
        entries = [e for e in self.entries.values() if e.id == only or (only is None and e.id > after)]
        unsent = sorted((e for e in entries if e.state is not DeliveryState.SENT), key=attrgetter("id"))
        revived = [entry.revived(now, give_up_at) for entry in unsent[:limit]]
        self.entries.update((entry.id, entry) for entry in revived)
        return [entry.id for entry in revived]

    async def stats(self) -> OutboxStats:
        queued = self.queued()
        states = [entry.state for entry in self.entries.values()]
        return OutboxStats(
            queued=len(queued),
            retrying=sum(entry.attempts > 0 for entry in queued),
            sent=states.count(DeliveryState.SENT),
            dead=states.count(DeliveryState.DEAD),
            oldest_queued_at=min((entry.queued_at for entry in queued), default=None),
        )

    async def next_due_at(self) -> datetime | None:
        return min((entry.due_at for entry in self.queued()), default=None)

    def due(self, now: datetime, full: Collection[str] = ()) -> list[OutboxEntry[AnyPayload]]:
        """Returns the deliveries that may be taken, in the order in which they are."""
        due = [entry for entry in self.queued() if entry.due_at <= now and entry.lane not in full]
        return sorted(due, key=lambda entry: entry.attempts > 0)

    def queued(self) -> list[OutboxEntry[AnyPayload]]:
        """Returns the deliveries that wait, those due first at the beginning."""
        queued = [entry for entry in self.entries.values() if entry.state is DeliveryState.QUEUED]
        return sorted(queued, key=attrgetter("due_at", "id"))
