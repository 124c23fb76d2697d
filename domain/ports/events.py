"""Where it is kept what happened, who wants to know, and what is on its way to them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.event import Event, EventFilter, EventType, PlacedEvent
from leadnator_auth.domain.entities.event_delivery import EventBacklog, EventDelivery, QueuedEvent
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.ports.outbox import Outbox
from leadnator_auth.domain.values.paging import Position


class Events(Protocol):
    """What happened to accounts; events are only ever added, and go when they are old.

    Together they are a feed: each event gets a position in it after it was committed, from 1 on, without a gap. No
    position comes again, whatever goes.
    """

    async def add(self, events: Sequence[Event]) -> None:
        """Keeps new events, however many or none; their accounts need not exist, and may go."""

    async def latest(self, wanted: EventFilter, limit: int, after: Position | None) -> list[Event]:
        """Returns up to `limit` events, from after a position on.

        The newest come first, and of one instant those with the higher id. The position of an event is its time and
        its id.
        """

    async def has_unplaced(self) -> bool:
        """Returns whether there is an event that has no position yet."""

    async def place(self, limit: int) -> int:
        """Gives up to `limit` events that have none the next positions, in the order in which they were added.

        Returns how many. Units that do so take turns, each until its end, whether there was an event or not. An event
        whose unit commits after those that were added later gets its position after theirs, and is never left out.
        """

    async def last_position(self) -> int:
        """Returns the last position that was given, or 0."""

    async def after(self, position: int, limit: int, of_type: EventType | None = None) -> list[PlacedEvent]:
        """Returns up to `limit` events with a higher position, all or those of one type, by position."""

    async def position_before(self, at: datetime) -> int:
        """Returns the position of the last event that happened before an instant, or 0; those without one aside."""


class Subscriptions(Protocol):
    """Who wants to know what happened."""

    async def add(self, subscription: Subscription) -> None:
        """Keeps a new subscription, unless there is one with its id."""

    async def by_id(self, subscription_id: str) -> Subscription | None:
        """Returns the subscription with this id, if any."""

    async def all(self) -> list[Subscription]:
        """Returns all of them, those with the lower id first. Unlike `by_id` it holds nobody up."""

    async def save(self, subscription: Subscription) -> None:
        """Replaces the subscription with this id, if any; its position stays as it is."""

    async def advance(self, positions: dict[str, int]) -> None:
        """Sets the positions of subscriptions by their ids, however many or none; all else stays as it is."""

    async def probe(self, subscription_id: str, failures: int, now: datetime, until: datetime) -> bool:
        """Pauses a subscription that had so many failures in a row, and is not paused now, until an instant.

        Returns whether it did: one atomic step, so that of many one makes the attempt for which the others wait.
        """

    async def remove(self, subscription_id: str) -> None:
        """Removes a subscription, if it is there, and in a time that does not grow with how many, its deliveries.

        What is too much to be removed at once goes with `Expired.OF_REMOVED_SUBSCRIPTIONS`.
        """


class EventDeliveries(Outbox[EventDelivery], Protocol):
    """The events that are on their way to subscriptions.

    A new delivery waits for those with a lower position of the same subscription and account, as long as these are new,
    under way, or due again: what happened to an account reaches each receiver in order while it succeeds. One that
    failed lets the others pass until it is due. One that is under way has no `last_error`.
    """

    async def add_all(self, entries: Sequence[QueuedEvent]) -> None:
        """Keeps new deliveries, however many or none."""

    async def lease_one_of(self, subscription_id: str, now: datetime) -> QueuedEvent | None:
        """Takes one delivery of a subscription that is due by now, as `lease` does, if there is any.

        One that was taken before goes first, however, that with the fewest attempts before others: none waits for its
        second attempt because others have their tenth.
        """

    async def is_any_due(self, now: datetime, full: Collection[str] = ()) -> bool:
        """Returns whether any delivery is due by now that is in none of the lanes in `full`."""

    async def count_queued(self, subscription_id: str, limit: int) -> int:
        """Returns how many deliveries of a subscription are queued, or `limit` if there are more."""

    async def hasten(self, subscription_id: str, now: datetime) -> int:
        """Makes the deliveries of a subscription that failed and wait for later due now; returns how many.

        Those under way, which have no `last_error`, stay as they are.
        """

    async def is_any_late(self, now: datetime) -> bool:
        """Returns whether there is a delivery that `give_up` would mark."""

    async def give_up(self, now: datetime, limit: int) -> int:
        """Marks up to `limit` deliveries as dead that are due and whose time is over by now; returns how many.

        Their last error stays; those that have none get `TOO_LATE`.
        """

    async def latest_of(self, subscription_id: str, limit: int, after: Position | None) -> list[QueuedEvent]:
        """Returns up to `limit` deliveries of a subscription, in whatever state, from after a position on.

        Those queued last come first, and of one instant those with the higher id. The position of a delivery is when
        it was queued and its id.
        """

    async def backlog(self, limit: int) -> EventBacklog:
        """Returns how many wait and how many were given up, of each no more than the first `limit`.

        It takes a time that does not grow with how many there are besides, and with how many were made.
        """
