"""Stores of events, subscriptions and deliveries with one fault each, under the suite that must catch it."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime

import attrs
import pytest

from leadnator_auth.adapters.memory import (
    MemoryEventDeliveries,
    MemoryEvents,
    MemoryRepositories,
    MemorySubscriptions,
    MemoryTransaction,
    MemoryUnitOfWork,
    Tables,
)
from leadnator_auth.adapters.memory.outbox import MemoryOutbox
from leadnator_auth.domain import QueuedEvent, Subscription
from leadnator_auth.domain.entities.event import EventType, PlacedEvent
from leadnator_auth.domain.ports import Repositories, Transaction, UnitOfWork
from leadnator_auth.testing.contract import EventDeliveriesContract, EventFeedContract, SubscriptionsContract


class With(MemoryUnitOfWork):
    """Units of work in memory, one of whose repositories is another."""

    def __init__(self, name: str, repository: Callable[[Tables], object]) -> None:
        super().__init__()
        self.name, self.repository = name, repository

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            setattr(transaction, self.name, self.repository(transaction.users.tables))
            yield transaction

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Repositories]:
        async with super()._snapshot() as repositories:
            assert isinstance(repositories, MemoryRepositories)
            setattr(repositories, self.name, self.repository(repositories.users.tables))
            yield repositories


# The feed


class ByTime(MemoryEvents):
    """Gives places by when events happened, and not by when they were added."""

    async def place(self, limit: int) -> int:
        by_time = sorted(self.tables.events.values(), key=lambda event: event.at)
        self.tables.events = {event.id: event for event in by_time}
        return await super().place(limit)


class TestPlacesByTime(EventFeedContract):
    caught_by = "test_events_get_their_places_in_the_order_in_which_they_were_added"
    tells = "in the order in which events were added"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("events", ByTime)


class Counting(MemoryEvents):
    """Takes the number of events that have a place for the last position."""

    async def last_position(self) -> int:
        return len(self.tables.places.keys() & self.tables.events.keys())


class TestPlacesThatComeAgain(EventFeedContract):
    caught_by = "test_no_position_comes_again_when_its_event_went"
    tells = "the last one that was given"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("events", Counting)


class Inclusive(MemoryEvents):
    """Begins at a position, and not after it."""

    async def after(self, position: int, limit: int, of_type: EventType | None = None) -> list[PlacedEvent]:
        return await super().after(position - 1, limit, of_type)


class TestFeedThatRepeats(EventFeedContract):
    caught_by = "test_the_feed_is_read_from_any_position_on"
    tells = "with a higher position"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("events", Inclusive)


class Unlocked(MemoryUnitOfWork):
    """Takes no lock: two who give places at once give the same."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        tables = self.tables.copy()
        yield MemoryTransaction(tables, self._keep)


class TestPlacesGivenTwice(EventFeedContract):
    caught_by = "test_those_who_place_at_once_take_turns"
    tells = "take turns"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return Unlocked()


# Subscriptions


class Replacing(MemorySubscriptions):
    """Begins anew with each start of a program."""

    async def add(self, subscription: Subscription) -> None:
        self.tables.subscriptions[subscription.id] = subscription


class TestSubscriptionThatBeginsAnew(SubscriptionsContract):
    caught_by = "test_the_first_with_an_id_stays"
    tells = "leaves a subscription that is there"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("subscriptions", Replacing)


class WholeRow(MemorySubscriptions):
    """Writes the position that was read a while ago."""

    async def save(self, subscription: Subscription) -> None:
        self.tables.subscriptions[subscription.id] = subscription


class TestSaveThatTurnsBack(SubscriptionsContract):
    caught_by = "test_all_but_the_position_can_be_changed"
    tells = "leaves its position alone"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("subscriptions", WholeRow)


class Eager(MemorySubscriptions):
    """Lets everybody probe."""

    async def probe(self, subscription_id: str, failures: int, now: datetime, until: datetime) -> bool:
        return subscription_id in self.tables.subscriptions


class TestProbeOfEverybody(SubscriptionsContract):
    caught_by = "test_of_many_who_would_probe_one_may"
    tells = "compares `failures`"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("subscriptions", Eager)


class Littering(MemorySubscriptions):
    """Leaves what was on its way."""

    async def remove(self, subscription_id: str) -> None:
        self.tables.subscriptions.pop(subscription_id, None)


class TestRemovedSubscriptionThatLeavesDeliveries(SubscriptionsContract):
    caught_by = "test_a_removed_subscription_takes_its_deliveries_with_it"
    tells = "its deliveries go with a subscription"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("subscriptions", Littering)


# Deliveries


class Unordered(MemoryEventDeliveries):
    """Takes whatever is due."""

    def due(self, now: datetime, full: Collection[str] = ()) -> list[QueuedEvent]:
        return MemoryOutbox.due(self, now, full)


class TestOrderThatIsLost(EventDeliveriesContract):
    caught_by = "test_what_happened_to_an_account_goes_in_order"
    tells = "one after the other"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("event_deliveries", Unordered)


class Stuck(MemoryEventDeliveries):
    """Waits for one that failed, too."""

    def due(self, now: datetime, full: Collection[str] = ()) -> list[QueuedEvent]:
        due = MemoryOutbox.due(self, now, full)
        return [entry for entry in due if not any(self._is_before(each, entry) for each in self.queued())]

    def _is_before(self, one: QueuedEvent, other: QueuedEvent) -> bool:
        is_lower = one.payload.position < other.payload.position and one.lane == other.lane
        return is_lower and one.payload.event.user_id == other.payload.event.user_id


class TestOneThatFailsAndStopsAll(EventDeliveriesContract):
    caught_by = "test_one_that_failed_lets_the_others_of_its_account_pass"
    tells = "keeps no other one waiting"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("event_deliveries", Stuck)


class Hasty(MemoryEventDeliveries):
    """Makes everything due, what somebody has a lease of too."""

    async def hasten(self, subscription_id: str, now: datetime) -> int:
        queued = [entry for entry in self.queued() if entry.lane == subscription_id]
        self.entries.update((entry.id, attrs.evolve(entry, due_at=now)) for entry in queued)
        return len(queued)


class TestHasteThatTakesLeases(EventDeliveriesContract):
    caught_by = "test_what_failed_can_be_made_due_at_once"
    tells = "`hasten` returns how many"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("event_deliveries", Hasty)


class Impatient(MemoryEventDeliveries):
    """Gives up what is being delivered."""

    def _late(self, now: datetime) -> list[QueuedEvent]:
        return [entry for entry in self.queued() if entry.give_up_at <= now]


class TestGivingUpWhatIsUnderWay(EventDeliveriesContract):
    caught_by = "test_what_is_too_late_is_given_up_a_few_at_a_time"
    tells = "leaves alone what is leased"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return With("event_deliveries", Impatient)
