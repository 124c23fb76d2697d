"""Giving events their places in the feed and their deliveries, outside every request; a worker calls this."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.event import PlacedEvent
from leadnator_auth.domain.entities.event_delivery import MAX_QUEUED, EventDelivery, QueuedEvent, queued_event
from leadnator_auth.domain.entities.outbox import DeliveryState
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.ids import DELIVERY_ID_PREFIX

MAX_AT_ONCE = 250
"""Events placed, and events looked at for one subscription, in one transaction."""


@attrs.frozen
class DispatchReport:
    """What became of events, and of deliveries whose time was over."""

    placed: int = 0
    queued: int = 0
    """How many deliveries were made of them."""
    given_up: int = 0
    """How many deliveries were given up without a further try: those that waited too long, and those made too late."""
    has_more: bool = False
    """Whether there is more to do at once."""
    is_wanted: bool = False
    """Whether anybody has subscribed."""


async def dispatch_events(*, ports: Ports) -> DispatchReport:
    """Gives events that were committed their positions, and each subscription its deliveries, a bounded number at once.

    One transaction does all of it, and processes that do so take turns: whatever is cut short never happened, no event
    is left out, and none is given to a subscription twice. A subscription that has its fill of deliveries waits, and
    the events wait for it. While there is nothing to do, no writer's lock is taken.
    """
    now = ports.clock.now()
    async with ports.unit_of_work.snapshot() as repositories:
        subscriptions = await _active(repositories, ports)
        if not await _is_anything_to_do(repositories, subscriptions, now):
            return DispatchReport(is_wanted=bool(subscriptions))

    async def dispatch(transaction: Transaction) -> DispatchReport:
        placed = await transaction.events.place(MAX_AT_ONCE)
        late = await transaction.event_deliveries.give_up(now, MAX_AT_ONCE)
        subscriptions = await _active(transaction, ports)
        made, has_more = await _fan_out(subscriptions, transaction, now, ports)
        given_up = late + sum(entry.state is DeliveryState.DEAD for entry in made)
        is_full = MAX_AT_ONCE in (placed, late)
        return DispatchReport(placed, len(made), given_up, has_more or is_full, bool(subscriptions))

    return await run_in_transaction(ports.unit_of_work, dispatch)


async def _active(repositories: Repositories, ports: Ports) -> list[Subscription]:
    """Returns the subscriptions that get deliveries from here: the functions of other programs are theirs to serve."""
    subscriptions = await repositories.subscriptions.all()
    return [each for each in subscriptions if each.enabled and (not each.is_in_process or each.id in ports.subscribers)]


async def _is_anything_to_do(repositories: Repositories, subscriptions: Sequence[Subscription], now: datetime) -> bool:
    if await repositories.events.has_unplaced() or await repositories.event_deliveries.is_any_late(now):
        return True
    last = await repositories.events.last_position()
    for subscription in subscriptions:
        if subscription.position < last and await _room_of(subscription, repositories):
            return True
    return False


async def _room_of(subscription: Subscription, repositories: Repositories) -> int:
    return MAX_QUEUED - await repositories.event_deliveries.count_queued(subscription.id, MAX_QUEUED)


async def _fan_out(
    subscriptions: Sequence[Subscription], transaction: Transaction, now: datetime, ports: Ports
) -> tuple[list[QueuedEvent], bool]:
    """Returns the deliveries that were made, and whether a subscription that has room did not see all events yet."""
    last = await transaction.events.last_position()
    read: dict[int, list[PlacedEvent]] = {}
    made: list[QueuedEvent] = []
    positions: dict[str, int] = {}
    has_more = False
    for subscription in subscriptions:
        start = subscription.position
        if start >= last or not (room := await _room_of(subscription, transaction)):
            continue
        if start not in read:  # most are at the same place
            read[start] = await transaction.events.after(start, MAX_AT_ONCE)
        entries, end, has_room = _entries(subscription, read[start], room, now, ports)
        made += entries
        positions[subscription.id] = last if end is None else end
        has_more = has_more or (has_room and positions[subscription.id] < last)
    await transaction.event_deliveries.add_all(made)
    await transaction.subscriptions.advance(positions)
    return made, has_more


def _entries(
    subscription: Subscription, events: Sequence[PlacedEvent], room: int, now: datetime, ports: Ports
) -> tuple[list[QueuedEvent], int | None, bool]:
    """Returns its deliveries of these events, the position of the last event looked at, and whether there is room left.

    What is too old to be tried takes no room.
    """
    entries: list[QueuedEvent] = []
    end = None
    for placed in events:
        if not room:
            break
        end = placed.position
        if subscription.wants(placed.event):
            payload = EventDelivery(subscription.id, placed.event, placed.position)
            entries.append(queued_event(_id_at(placed.position, ports), payload, now))
            room -= entries[-1].state is DeliveryState.QUEUED
    return entries, end, room > 0


def _id_at(position: int, ports: Ports) -> str:
    """Returns a new id; those of one instant are delivered by their ids, and so by their positions."""
    return new_id(f"{DELIVERY_ID_PREFIX}{position:012x}", ports)
