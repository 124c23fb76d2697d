"""The contract of every Events."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import Position, User
from leadnator_auth.domain.entities.event import Event, EventFilter, EventType
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_five_purged,
    assert_utc,
    in_snapshot,
    in_transaction,
)
from leadnator_auth.testing.contract.samples import NOW, a_user, an_event

ORDER = "`latest` returns the newest first, those of one instant by descending id, from after the position on"


async def keep_events(unit_of_work: UnitOfWork, *events: Event) -> None:
    await in_transaction(unit_of_work, lambda it: it.events.add(events))


async def latest(
    unit_of_work: UnitOfWork,
    user: User | None = None,
    limit: int = 100,
    after: Event | None = None,
    event_type: EventType | None = None,
) -> list[Event]:
    position = Position(after.at, after.id) if after else None
    return await in_snapshot(
        unit_of_work, lambda it: it.events.latest(EventFilter(user.id if user else None, event_type), limit, position)
    )


class EventsContract(StoreContract):
    """For Events. Fixture: `unit_of_work`, over an empty store."""

    async def test_an_event_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_events(unit_of_work, an_event(alice))
        kept = await latest(unit_of_work)
        assert kept == [an_event(alice)], "an event comes back as it was added, its changes in order, None as None"
        assert_utc(kept[0].at)

    async def test_events_come_newest_first_those_of_one_instant_by_id(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        first, second, third = (an_event(alice, number) for number in (1, 2, 3))
        third = attrs.evolve(third, at=second.at)
        await keep_events(unit_of_work, second, third, first)
        assert await latest(unit_of_work) == [third, second, first], ORDER
        assert await latest(unit_of_work, limit=2) == [third, second], "no more than `limit` are returned"
        assert await latest(unit_of_work, after=third) == [second, first], ORDER
        assert await latest(unit_of_work, after=first) == [], ORDER

    async def test_going_from_page_to_page_sees_each_entry_once_while_others_are_added(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        events = [attrs.evolve(an_event(alice, n), at=NOW + timedelta(microseconds=n // 3)) for n in range(20)]
        await keep_events(unit_of_work, *events)
        seen: list[Event] = []
        while page := await latest(unit_of_work, limit=3, after=seen[-1] if seen else None):
            seen += page
            newer = attrs.evolve(an_event(alice, 100 + len(seen)), at=NOW + timedelta(hours=1))
            await keep_events(unit_of_work, newer)
        assert seen == list(reversed(events)), "page by position, not by offset: none is skipped or seen twice"

    async def test_events_are_found_by_the_account_they_are_about(self, unit_of_work: UnitOfWork, alice: User) -> None:
        of_alice, of_bob = an_event(alice, 1), an_event(a_user("bob"), 2)
        await keep_events(unit_of_work, of_alice, of_bob)
        assert await latest(unit_of_work, alice) == [of_alice], "`latest` of one account returns those about it"
        assert await latest(unit_of_work, a_user("bob")) == [of_bob], "the account need not exist"
        assert await latest(unit_of_work, a_user("carol")) == [], "`latest` of one account returns those about it"

    async def test_events_are_found_by_their_type(self, unit_of_work: UnitOfWork, alice: User) -> None:
        ended = attrs.evolve(an_event(alice, 2), type=EventType.SESSION_ENDED)
        of_bob = attrs.evolve(an_event(a_user("bob"), 3), type=EventType.SESSION_ENDED)
        await keep_events(unit_of_work, an_event(alice, 1), ended, of_bob)
        found = await latest(unit_of_work, event_type=EventType.SESSION_ENDED)
        assert found == [of_bob, ended], "`latest` of one type returns those of that type"
        found = await latest(unit_of_work, alice, event_type=EventType.SESSION_ENDED)
        assert found == [ended], "account and type are one filter"

    async def test_old_events_are_purged_a_few_at_a_time(self, unit_of_work: UnitOfWork, alice: User) -> None:
        events = [an_event(alice, number) for number in range(1, 7)]
        await keep_events(unit_of_work, *events)
        async with unit_of_work() as transaction:
            await assert_five_purged(transaction, Expired.EVENTS, events[0].at, events[5].at)
            await transaction.commit()
        assert await latest(unit_of_work) == [events[5]], "`purge` leaves the others"

    async def test_many_events_are_kept_at_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        events = [an_event(alice, number) for number in range(1, 101)]
        await keep_events(unit_of_work, *events)
        assert await latest(unit_of_work) == list(reversed(events)), "`add` keeps all of them"
        await keep_events(unit_of_work)

    async def test_events_outlive_the_account_they_are_about(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_events(unit_of_work, an_event(alice))
        await in_transaction(unit_of_work, lambda it: it.users.remove(alice.id))
        kept = await latest(unit_of_work, alice)
        assert kept == [an_event(alice)], "the trail stays when its account goes: no foreign key, no cascade"

    async def test_an_event_without_a_commit_is_not_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async with unit_of_work() as transaction:
            await transaction.events.add([an_event(alice)])
        kept = await latest(unit_of_work)
        assert kept == [], "an event belongs to the unit of work that it is added in, and is lost with it"
