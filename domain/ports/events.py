"""Where it is kept what happened."""

from collections.abc import Sequence
from typing import Protocol

from leadnator_auth.domain.entities.event import Event, EventFilter
from leadnator_auth.domain.values.paging import Position


class Events(Protocol):
    """What happened to accounts; events are only ever added, and go when they are old."""

    async def add(self, events: Sequence[Event]) -> None:
        """Keeps new events, however many or none; their accounts need not exist, and may go."""

    async def latest(self, wanted: EventFilter, limit: int, after: Position | None) -> list[Event]:
        """Returns up to `limit` events, from after a position on.

        The newest come first, and of one instant those with the higher id. The position of an event is its time and
        its id.
        """
