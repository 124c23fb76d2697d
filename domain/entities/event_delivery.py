"""Deliveries of events: each is one event on its way to one subscription."""

from datetime import datetime

import attrs

from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.outbox import SCHEDULE, OutboxEntry

MAX_QUEUED = 500
"""The most deliveries that wait for one subscription: what happens beyond that is kept as events, and nothing else."""
MAX_COUNTED = 20_000
"""The most deliveries of one state that anybody counts: more than may wait for all webhooks together."""
TOO_LATE = "it was not delivered within three days"


@attrs.frozen
class EventDelivery:
    """An event for one subscription."""

    subscription_id: str
    event: Event
    position: int = 0
    """That of the event; 0 for one that was made for this subscription alone."""

    @property
    def lane(self) -> str:
        """What may be slow or broken by itself: the subscription."""
        return self.subscription_id


QueuedEvent = OutboxEntry[EventDelivery]
"""An event on its way to one subscription."""


def queued_event(delivery_id: str, payload: EventDelivery, now: datetime) -> QueuedEvent:
    """Returns a new delivery, or a dead one where the event is so old that nothing is to be tried any more.

    It is due since the event: of those that wait, what happened first goes first.
    """
    at = min(payload.event.at, now)
    entry = OutboxEntry(delivery_id, payload, at, at, give_up_at=payload.event.at + SCHEDULE.give_up_after)
    return entry.dead(now, TOO_LATE) if now >= entry.give_up_at else entry


@attrs.frozen
class EventBacklog:
    """How the deliveries of events do, for those who watch over them; none of them is counted beyond a limit."""

    queued: int
    """Deliveries that wait, whether for their first attempt or another one."""
    retrying: int
    """Those of them that were tried."""
    dead: int
    """Deliveries of the last days that were given up."""
    oldest_queued_at: datetime | None
    """When that happened which waits longest to be delivered."""
