"""Events over one copy of the tables."""

from collections.abc import Sequence
from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.event import Event, EventFilter
from leadnator_auth.domain.values.paging import Position


@attrs.frozen
class MemoryEvents:
    """Events over one copy of the tables."""

    tables: Tables

    async def add(self, events: Sequence[Event]) -> None:
        self.tables.events.update((event.id, event) for event in events)

    async def latest(self, wanted: EventFilter, limit: int, after: Position | None) -> list[Event]:
        events = [
            event
            for event in self.tables.events.values()
            if wanted.user_id in (None, event.user_id) and wanted.type in (None, event.type)
        ]
        newest_first = sorted(events, key=attrgetter("at", "id"), reverse=True)
        return [event for event in newest_first if after is None or (event.at, event.id) < (after.at, after.id)][:limit]
