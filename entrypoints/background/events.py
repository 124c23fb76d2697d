"""What the worker that hands events over to subscribers needs to know of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from leadnator_auth.domain import DeliveryReport, Ports, renew_event_lease
from leadnator_auth.domain.use_cases.event_delivery import (
    AttemptedEvent,
    TakenEvent,
    attempt_event,
    keep_attempts,
    take_events,
)
from leadnator_auth.domain.use_cases.steps.deliver import LeaseKeeper
from leadnator_auth.entrypoints.background.delivery_worker import Deliveries

NAME = "event"
MAX_DELIVERIES = 64
MAX_DELIVERIES_OF_A_SUBSCRIPTION = 16

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item]):
    """What comes while something is being done is done together afterwards: one transaction, and not many."""

    def __init__(self) -> None:
        self._waiting: list[Item] = []
        self._lock = asyncio.Lock()

    async def done(self, item: Item, work: Callable[[Sequence[Item]], Awaitable[Result]]) -> Result | None:
        """Returns once it was tried: what `work` returned for all that waited; or None, if somebody else was told.

        Raises: whatever `work` raises, under the same condition.
        """
        self._waiting.append(item)
        async with self._lock:
            if not any(item is each for each in self._waiting):
                return None
            together, self._waiting = self._waiting, []
            return await work(together)


def event_deliveries() -> Deliveries[TakenEvent]:
    """Returns how one worker hands events over; what becomes of several at one time is kept in one transaction."""
    kept = Together[AttemptedEvent]()

    async def send(taken: TakenEvent, keeping_lease: LeaseKeeper, ports: Ports) -> DeliveryReport:
        attempted = await attempt_event(taken, keeping_lease=keeping_lease, ports=ports)
        return await kept.done(attempted, partial(keep_attempts, ports=ports)) or DeliveryReport()

    return Deliveries(
        name=NAME,
        about=lambda entry: {"delivery": entry.id, "subscription": entry.lane},
        limit=MAX_DELIVERIES,
        limit_of_a_lane=MAX_DELIVERIES_OF_A_SUBSCRIPTION,
        head_start=0.0,
        is_new_in=lambda commit: commit.has_new_deliveries,
        take=lambda full, limit, ports: take_events(full, limit, ports=ports),
        send=send,
        renew=lambda entry, ports: renew_event_lease(entry, ports=ports),
    )
