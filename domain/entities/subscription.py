"""Subscriptions: who wants to know what happened, and how far they got."""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.entities.event import Event, EventType
from leadnator_auth.domain.entities.outbox import Schedule

Subscriber = Callable[[Event], Awaitable[None]]
"""A coroutine function of the program around the core; it is called at least once for each event."""

IN_PROCESS_PREFIX = "py:"
PAUSES = Schedule(longest_delay=timedelta(seconds=20))
"""How long nothing is delivered to a subscription after failures in a row.

Short at its longest, for one delivery tells whether it is well again; each delivery that failed has a longer schedule
of its own.
"""
PROBE = timedelta(seconds=20)
"""How long the others wait for the answer to the one delivery that finds out; longer than an answer may take."""


@attrs.frozen
class Subscription:
    """One receiver of events: a webhook, or a function of the program around the core."""

    id: str
    """The id of the webhook (`wh_…`), or `py:` and the name of the function."""
    since: datetime
    """What happened before is not for it."""
    position: int = 0
    """The position of the last event that it has a delivery of, or did not want."""
    types: frozenset[EventType] = frozenset()
    """The types of events that it wants; none means all."""
    enabled: bool = True
    """Whether anything is delivered; what happens meanwhile waits."""
    failures: int = 0
    """How many attempts in a row failed."""
    paused_until: datetime | None = None
    """When the next attempt may be made, after a failure."""

    @property
    def is_in_process(self) -> bool:
        """Whether it is a function of the program around the core."""
        return self.id.startswith(IN_PROCESS_PREFIX)

    def wants(self, event: Event) -> bool:
        """Returns whether an event is for it."""
        return event.at >= self.since and (not self.types or event.type in self.types)

    def is_open(self, now: datetime) -> bool:
        """Returns whether an attempt may be made now."""
        return self.enabled and (self.paused_until is None or self.paused_until <= now)

    def failed(self, now: datetime, jitter: float) -> "Subscription":
        """Returns it after one more failure, paused for a while that grows; `jitter` in [0, 1) is a share of chance."""
        failures = self.failures + 1
        paused_until = now + PAUSES.delay_after(failures, jitter)
        return attrs.evolve(self, failures=failures, paused_until=paused_until)

    def well(self) -> "Subscription":
        """Returns it as if no attempt had ever failed."""
        return attrs.evolve(self, failures=0, paused_until=None)

    def disabled(self) -> "Subscription":
        """Returns it as one to which nothing is delivered, until somebody says so."""
        return attrs.evolve(self, enabled=False)

    def taken_up(self) -> "Subscription":
        """Returns it as one to which everything is delivered again, at once."""
        return attrs.evolve(self.well(), enabled=True)


def subscribers_by_id(subscribers: Iterable[Subscriber]) -> dict[str, Subscriber]:
    """Returns functions by the ids of their subscriptions, which are made of their modules and names.

    Raises: TypeError when one is no coroutine function with a name, ValueError when two have one name.
    """
    by_id: dict[str, Subscriber] = {}
    for subscriber in subscribers:
        name = getattr(subscriber, "__qualname__", None)
        if not inspect.iscoroutinefunction(subscriber) or name is None:
            raise TypeError(f"a subscriber is a function made by `async def`, with one argument, not {subscriber!r}")
        subscription_id = f"{IN_PROCESS_PREFIX}{subscriber.__module__}.{name}"
        if subscription_id in by_id:
            raise ValueError(f"two subscribers are called {subscriber.__module__}.{name}: give each a name of its own")
        by_id[subscription_id] = subscriber
    return by_id
