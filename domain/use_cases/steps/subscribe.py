"""Subscribing to what happens from now on."""

from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.ports import Ports, Transaction

_MAX_PLACED = 5_000


async def subscribe(
    subscription_id: str, transaction: Transaction, ports: Ports, types: frozenset[EventType] = frozenset()
) -> None:
    """Keeps a subscription to what happens from now on, unless there is one with this id."""
    await transaction.events.place(_MAX_PLACED)  # what happened up to now gets its position before, and is not for it
    position = await transaction.events.last_position()
    await transaction.subscriptions.add(Subscription(subscription_id, ports.clock.now(), position, types))
