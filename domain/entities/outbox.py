"""Deliveries that wait for somebody else to take them: leases, back-off, giving up.

Nothing here knows what is delivered: that is the payload.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import attrs

from leadnator_auth.domain.values.text import without_controls

LEASE = timedelta(seconds=10)
"""How long a worker has a delivery to itself, unless it renews the lease; a crash delays it by no more."""
_MAX_ERROR_LENGTH = 500


class Payload(Protocol):
    """What is delivered."""

    @property
    def lane(self) -> str:
        """What may be slow or broken by itself, such as the domain of a recipient."""


AnyPayload = TypeVar("AnyPayload", bound=Payload)


class DeliveryState(StrEnum):
    """Where a delivery is on its way."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"


@attrs.frozen
class Schedule:
    """When a delivery that failed is tried again, and for how long."""

    first_delay: timedelta = timedelta(seconds=5)
    longest_delay: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(days=3)

    def delay_after(self, attempts: int, jitter: float) -> timedelta:
        """Returns how long to wait after this many attempts, the last of which failed.

        The delay doubles from the first to the longest; `jitter` in [0, 1) takes up to half of it off, so that what
        failed together does not come back together.
        """
        longest: timedelta = min(self.first_delay * 2 ** min(attempts - 1, 20), self.longest_delay)
        return longest * (1 - jitter / 2)


SCHEDULE = Schedule()
"""From five seconds to an hour apart, for three days."""


@attrs.frozen
class OutboxEntry(Generic[AnyPayload]):
    """One delivery. `due_at` is also the lease: a worker that takes a delivery moves it ahead.

    So the delivery comes back by itself when that worker dies. `attempts` tells one lease from the next.
    """

    id: str
    payload: AnyPayload
    queued_at: datetime
    due_at: datetime
    give_up_at: datetime
    attempts: int = 0
    state: DeliveryState = DeliveryState.QUEUED
    finished_at: datetime | None = None
    last_error: str = ""

    @classmethod
    def new(
        cls, entry_id: str, payload: AnyPayload, now: datetime, schedule: Schedule = SCHEDULE
    ) -> "OutboxEntry[AnyPayload]":
        """Returns a delivery that is due at once."""
        return cls(entry_id, payload, queued_at=now, due_at=now, give_up_at=now + schedule.give_up_after)

    @property
    def lane(self) -> str:
        """What may be slow or broken by itself."""
        return self.payload.lane

    def leased(self, now: datetime) -> "OutboxEntry[AnyPayload]":
        """Returns it as taken by a worker: one more attempt, due again when the lease ends."""
        return attrs.evolve(self, attempts=self.attempts + 1, due_at=now + LEASE)

    def hastened(self, until: datetime | None) -> "OutboxEntry[AnyPayload]":
        """Returns it as due no later than `until`, if it waits at all."""
        if until is None or self.state is not DeliveryState.QUEUED or self.due_at <= until:
            return self
        return attrs.evolve(self, due_at=until)

    def renewed(self, now: datetime) -> "OutboxEntry[AnyPayload]":
        """Returns it with the lease prolonged."""
        return attrs.evolve(self, due_at=now + LEASE)

    def sent(self, now: datetime) -> "OutboxEntry[AnyPayload]":
        """Returns it as accepted by whom it goes to."""
        return attrs.evolve(self, state=DeliveryState.SENT, finished_at=now, last_error="")

    def settled(self, now: datetime, reason: str) -> "OutboxEntry[AnyPayload]":
        """Returns it as over though nobody was sent anything, with the reason; it is kept, and counts, as sent ones."""
        return attrs.evolve(self.sent(now), last_error=without_controls(reason, _MAX_ERROR_LENGTH))

    def dead(self, now: datetime, error: str) -> "OutboxEntry[AnyPayload]":
        """Returns it as given up, with the reason."""
        last_error = without_controls(error, _MAX_ERROR_LENGTH)
        return attrs.evolve(self, state=DeliveryState.DEAD, finished_at=now, last_error=last_error)

    def revived(self, now: datetime, give_up_at: datetime) -> "OutboxEntry[AnyPayload]":
        """Returns it as due at once and given up only then, whatever went wrong before."""
        return attrs.evolve(self, state=DeliveryState.QUEUED, due_at=now, give_up_at=give_up_at, finished_at=None)

    def failed(
        self, now: datetime, error: str, jitter: float, schedule: Schedule = SCHEDULE
    ) -> "OutboxEntry[AnyPayload]":
        """Returns it as due again after a delay that grows with its attempts, or dead when its time is over.

        `jitter` in [0, 1) is a share of chance in the delay.
        """
        return self.postponed(now, now + schedule.delay_after(self.attempts, jitter), error)

    def postponed(self, now: datetime, until: datetime, reason: str) -> "OutboxEntry[AnyPayload]":
        """Returns it as due again at `until`, or dead when its time is over."""
        if now >= self.give_up_at:
            return self.dead(now, reason)
        return attrs.evolve(self, due_at=until, last_error=without_controls(reason, _MAX_ERROR_LENGTH))


@attrs.define
class DeliveryReport:
    """What became of some deliveries."""

    sent: int = 0
    delayed: int = 0
    dead: int = 0
    dropped: int = 0
    """Those that nobody wants, or wants no more of now."""
    failures: list[OutboxEntry[Any]] = attrs.field(factory=list, eq=False)
    """The delayed and the dead ones, with the reason in `last_error`; what was to be delivered does not matter."""

    @property
    def total(self) -> int:
        """How many deliveries something became of."""
        return self.sent + self.delayed + self.dead + self.dropped

    @classmethod
    def of(cls, entry: OutboxEntry[Any]) -> "DeliveryReport":  # as above
        """Returns what became of one delivery."""
        if entry.state is DeliveryState.SENT:
            return cls(sent=1)
        if entry.state is DeliveryState.DEAD:
            return cls(dead=1, failures=[entry])
        return cls(delayed=1, failures=[entry])

    def add(self, other: "DeliveryReport") -> None:
        """Counts what became of others, too."""
        self.sent += other.sent
        self.delayed += other.delayed
        self.dead += other.dead
        self.dropped += other.dropped
        self.failures += other.failures


@attrs.frozen
class OutboxStats:
    """How an outbox does, for those who watch over it."""

    queued: int
    """Deliveries that wait, whether for their first attempt or another one."""
    retrying: int
    """Those of them that failed at least once."""
    sent: int
    """Deliveries of the last days that were accepted."""
    dead: int
    """Deliveries that were given up and wait for somebody to look into it."""
    oldest_queued_at: datetime | None
    """When the delivery that waits longest was queued."""
