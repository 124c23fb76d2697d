"""The contract of every Events as a feed: places in an order that does not change."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.event import Event, EventType, PlacedEvent
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, in_snapshot, in_transaction
from leadnator_auth.testing.contract.events import keep_events
from leadnator_auth.testing.contract.samples import NOW, a_user, an_event

IN_ORDER = "`place` gives the positions 1, 2, 3 and so on, in the order in which events were added"


async def placed(unit_of_work: UnitOfWork, limit: int = 100) -> int:
    return await in_transaction(unit_of_work, lambda it: it.events.place(limit))


async def feed(unit_of_work: UnitOfWork, position: int = 0, limit: int = 1000) -> list[PlacedEvent]:
    return await in_snapshot(unit_of_work, lambda it: it.events.after(position, limit))


class EventFeedContract(StoreContract):
    """For Events. Fixture: `unit_of_work`, over an empty store."""

    async def test_events_get_their_places_in_the_order_in_which_they_were_added(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        events = [an_event(alice, number) for number in (3, 1, 2)]
        await keep_events(unit_of_work, *events[:2])
        await keep_events(unit_of_work, events[2])
        assert await feed(unit_of_work) == [], "an event has no position until `place` gives it one"
        assert await placed(unit_of_work) == 3, "`place` returns how many events got a position"
        assert await feed(unit_of_work) == [PlacedEvent(place, event) for place, event in enumerate(events, 1)], (
            IN_ORDER
        )

    async def test_a_few_are_placed_at_a_time(self, unit_of_work: UnitOfWork, alice: User) -> None:
        events = [an_event(alice, number) for number in range(1, 6)]
        await keep_events(unit_of_work, *events)
        assert [await placed(unit_of_work, 2) for _ in range(4)] == [2, 2, 1, 0], "`place` places up to `limit`"
        assert [each.event for each in await feed(unit_of_work)] == events, IN_ORDER

    async def test_the_feed_is_read_from_any_position_on(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_events(unit_of_work, *(an_event(alice, number) for number in range(1, 6)))
        await placed(unit_of_work)
        positions = [each.position for each in await feed(unit_of_work, position=2, limit=2)]
        assert positions == [3, 4], "`after` returns those with a higher position, up to `limit`"
        assert await feed(unit_of_work, position=5) == [], "nothing comes after the last one"

    async def test_the_feed_is_read_by_type(self, unit_of_work: UnitOfWork, alice: User) -> None:
        ended = [attrs.evolve(an_event(alice, number), type=EventType.SESSION_ENDED) for number in (2, 4, 5)]
        await keep_events(unit_of_work, an_event(alice, 1), ended[0], an_event(alice, 3), *ended[1:])
        await placed(unit_of_work)
        found = await in_snapshot(unit_of_work, lambda it: it.events.after(1, 2, EventType.SESSION_ENDED))
        assert found == [PlacedEvent(2, ended[0]), PlacedEvent(4, ended[1])], "`limit` is that of events of this type"

    async def test_a_position_is_found_by_time(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async def position_before(event: Event) -> int:
            return await in_snapshot(unit_of_work, lambda it: it.events.position_before(event.at))

        events = [an_event(alice, number) for number in (3, 1, 2, 4)]
        await keep_events(unit_of_work, *events)
        await placed(unit_of_work, 3)
        assert await position_before(events[1]) == 0, "nothing happened before"
        assert await position_before(events[0]) == 3, "what happened at that instant did not happen before it"
        assert await position_before(an_event(alice, 5)) == 1, "an event that has no position yet does not count"

    async def test_it_is_known_whether_there_is_anything_to_place(self, unit_of_work: UnitOfWork, alice: User) -> None:
        async def has_unplaced() -> bool:
            return await in_snapshot(unit_of_work, lambda it: it.events.has_unplaced())

        assert not await has_unplaced(), "there is no event"
        await keep_events(unit_of_work, an_event(alice, 1))
        assert await has_unplaced(), "there is an event without a position"
        await placed(unit_of_work)
        assert not await has_unplaced(), "all events have a position"

    async def test_no_position_comes_again_when_its_event_went(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_events(unit_of_work, *(an_event(alice, number) for number in (1, 2)))
        await placed(unit_of_work)
        await in_transaction(unit_of_work, lambda it: it.purge(Expired.EVENTS, NOW + timedelta(hours=1), 10))
        async with unit_of_work.snapshot() as repositories:
            assert await repositories.events.last_position() == 2, "`last_position` is the last one that was given"
        later = an_event(alice, 3)
        await keep_events(unit_of_work, later)
        await placed(unit_of_work)
        assert await feed(unit_of_work) == [PlacedEvent(3, later)], "a position is given once, whatever goes"

    async def test_a_place_that_was_not_committed_was_not_given(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep_events(unit_of_work, an_event(alice))
        async with unit_of_work() as transaction:
            await transaction.events.place(10)
        assert await feed(unit_of_work) == [], "without a commit nothing was placed"
        await placed(unit_of_work)
        assert await feed(unit_of_work) == [PlacedEvent(1, an_event(alice))], "and the position is still to be given"

    async def test_those_who_place_at_once_take_turns(self, unit_of_work: UnitOfWork) -> None:
        """While others add events: in whatever order these are committed, there is no gap and no repetition."""
        users = [a_user(f"user-{number}") for number in range(6)]

        async def happen(user: User, number: int) -> None:
            for each in range(5):
                await keep_events(unit_of_work, an_event(user, 10 * number + each))

        happening = [happen(user, number) for number, user in enumerate(users)]
        await asyncio.gather(*happening, *(placed(unit_of_work, 4) for _ in range(10)))
        while await placed(unit_of_work):
            pass
        found = await feed(unit_of_work)
        positions = [each.position for each in found]
        assert positions == list(range(1, 31)), "two who place at once take turns: lock what holds the last position"
        for user in users:
            own = [each.event.id for each in found if each.event.user_id == user.id]
            assert own == sorted(own), "what was committed first has the lower position"
