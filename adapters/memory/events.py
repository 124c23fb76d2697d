"""Events over one copy of the tables."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import attrs

from leadnator_auth.adapters.memory.tables import Tables, page_of
from leadnator_auth.domain.entities.event import Event, EventFilter, EventType, PlacedEvent
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
        return page_of(events, "at", limit, after)

    async def has_unplaced(self) -> bool:
        # One writer at a time: those without a position are the last ones.
        newest = next(reversed(self.tables.events), None)
        return newest is not None and newest not in self.tables.places

    async def place(self, limit: int) -> int:
        last = await self.last_position()
        unplaced = list(islice((key for key in self.tables.events if key not in self.tables.places), limit))
        self.tables.places.update((key, position) for position, key in enumerate(unplaced, last + 1))
        return len(unplaced)

    async def last_position(self) -> int:
        return next(reversed(self.tables.places.values()), 0)

    async def after(self, position: int, limit: int, of_type: EventType | None = None) -> list[PlacedEvent]:
        events, places = self.tables.events, self.tables.places.items()
        placed = (PlacedEvent(place, events[key]) for key, place in places if place > position and key in events)
        return list(islice((each for each in placed if of_type in (None, each.event.type)), limit))

    async def position_before(self, at: datetime) -> int:
        events, places = self.tables.events, self.tables.places
        before = ((event.at, event.id) for event in events.values() if event.at < at and event.id in places)
        _, last = max(before, default=(at, None))
        return places[last] if last else 0
