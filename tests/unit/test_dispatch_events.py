"""Events get their places and their deliveries: none is left out or comes twice, and nobody costs too much."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork, memory_ports
from leadnator_auth.domain import DeliveryState, Event, EventType, QueuedEvent, Subscription, dispatch_events, sign_up
from leadnator_auth.domain.entities.event_delivery import MAX_QUEUED, TOO_LATE
from leadnator_auth.domain.use_cases import dispatch_events as module
from leadnator_auth.domain.use_cases.steps.subscribe import subscribe
from leadnator_auth.domain.use_cases.subscribe import subscribe_functions
from leadnator_auth.testing.contract.samples import a_user, an_event

HOOK = "wh_1"


async def happen(memory: MemoryPorts, count: int, start: int = 1) -> list[Event]:
    """Lets so many events happen now, each to an account of its own."""
    events = [
        attrs.evolve(an_event(a_user(f"user-{number}"), number), at=memory.clock.now())
        for number in range(start, start + count)
    ]
    async with memory.unit_of_work() as transaction:
        await transaction.events.add(events)
        await transaction.commit()
    return events


async def hook(memory: MemoryPorts, *types: EventType, subscription_id: str = HOOK) -> None:
    async with memory.unit_of_work() as transaction:
        await subscribe(subscription_id, transaction, memory, frozenset(types))
        await transaction.commit()


async def dispatch_all(memory: MemoryPorts) -> None:
    while (await dispatch_events(ports=memory)).has_more:
        pass


def deliveries(memory: MemoryPorts, subscription_id: str = HOOK) -> list[QueuedEvent]:
    kept = memory.unit_of_work.tables.event_deliveries.values()
    return [each for each in kept if each.payload.subscription_id == subscription_id]


def positions(memory: MemoryPorts, subscription_id: str = HOOK) -> list[int]:
    return [each.payload.position for each in deliveries(memory, subscription_id)]


def subscription(memory: MemoryPorts, subscription_id: str = HOOK) -> Subscription:
    return memory.unit_of_work.tables.subscriptions[subscription_id]


async def test_each_subscription_gets_each_event_once_in_order(memory: MemoryPorts) -> None:
    await hook(memory)
    await hook(memory, subscription_id="wh_2")
    events = await happen(memory, 5)
    report = await dispatch_events(ports=memory)
    assert (report.placed, report.queued, report.has_more, report.is_wanted) == (5, 10, False, True)
    await dispatch_all(memory)
    for subscription_id in (HOOK, "wh_2"):
        assert [each.payload.event for each in deliveries(memory, subscription_id)] == events
        assert positions(memory, subscription_id) == [1, 2, 3, 4, 5]
    assert len({each.id for each in memory.unit_of_work.tables.event_deliveries.values()}) == 10


async def test_many_events_are_worked_through_a_bounded_number_at_a_time(
    memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_AT_ONCE", 4)
    await hook(memory)
    await happen(memory, 10)
    reports = [await dispatch_events(ports=memory) for _ in range(4)]
    assert [report.placed for report in reports] == [4, 4, 2, 0]
    assert [report.has_more for report in reports] == [True, True, False, False]
    assert positions(memory) == list(range(1, 11))


async def test_while_there_is_nothing_to_do_no_writer_is_asked_for(memory: MemoryPorts) -> None:
    """Also where a subscription has its fill: it changes nothing that it cannot have more."""
    await hook(memory)
    await happen(memory, MAX_QUEUED + 10)
    await dispatch_all(memory)

    class ReadOnly(MemoryUnitOfWork):
        def __call__(self) -> None:  # type: ignore[override]
            raise AssertionError("nobody needs to write")

    report = await dispatch_events(ports=attrs.evolve(memory, unit_of_work=ReadOnly(memory.unit_of_work.tables)))
    assert (report.placed, report.is_wanted) == (0, True)


async def test_events_have_places_though_nobody_subscribed(memory: MemoryPorts) -> None:
    await happen(memory, 3)
    report = await dispatch_events(ports=memory)
    assert (report.placed, report.queued, report.is_wanted) == (3, 0, False)
    await hook(memory)
    await happen(memory, 1, start=4)
    await dispatch_all(memory)
    assert positions(memory) == [4]


async def test_what_happened_before_is_not_for_who_subscribes_now(memory: MemoryPorts) -> None:
    """Nor what happened at the same instant, and waited for its place."""
    await happen(memory, 3)
    await hook(memory)
    (later,) = await happen(memory, 1, start=4)
    await dispatch_all(memory)
    assert [each.payload.event for each in deliveries(memory)] == [later]


async def test_only_the_types_that_are_wanted_are_delivered(memory: MemoryPorts) -> None:
    await hook(memory, EventType.SESSION_STARTED)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await happen(memory, 2)
    await dispatch_all(memory)
    assert [each.payload.event.type for each in deliveries(memory)] == [EventType.SESSION_STARTED]
    assert subscription(memory).position == 4


async def test_who_takes_nothing_costs_so_many_rows_and_gets_everything_once_there_is_room(memory: MemoryPorts) -> None:
    await hook(memory)
    await hook(memory, subscription_id="wh_2")
    await happen(memory, MAX_QUEUED + 120)
    await dispatch_all(memory)
    assert len(deliveries(memory)) == MAX_QUEUED
    async with memory.unit_of_work() as transaction:
        for each in deliveries(memory)[:120]:
            await transaction.event_deliveries.save(each.sent(memory.clock.now()))
        await transaction.commit()
    await dispatch_all(memory)
    assert positions(memory) == list(range(1, MAX_QUEUED + 121))
    assert len(deliveries(memory, "wh_2")) == MAX_QUEUED, "the trouble of one is its own"


async def test_who_is_disabled_gets_nothing_and_then_everything(memory: MemoryPorts) -> None:
    await hook(memory)
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.save(subscription(memory).disabled())
        await transaction.commit()
    await happen(memory, 3)
    await dispatch_all(memory)
    assert deliveries(memory) == []
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.save(subscription(memory).taken_up())
        await transaction.commit()
    await dispatch_all(memory)
    assert positions(memory) == [1, 2, 3]


async def test_what_is_too_old_when_its_turn_comes_is_dead_at_once_and_takes_no_room(memory: MemoryPorts) -> None:
    await hook(memory)
    await happen(memory, MAX_QUEUED + 5)
    memory.clock.advance(days=3)
    (new,) = await happen(memory, 1, start=MAX_QUEUED + 6)
    await dispatch_all(memory)
    dead = [each for each in deliveries(memory) if each.state is DeliveryState.DEAD]
    assert [each.last_error for each in dead] == [TOO_LATE] * (MAX_QUEUED + 5)
    assert [each.payload.event for each in deliveries(memory) if each not in dead] == [new]


async def test_what_waited_for_three_days_is_given_up_and_makes_room(memory: MemoryPorts) -> None:
    await hook(memory)
    await happen(memory, MAX_QUEUED + 3)
    await dispatch_all(memory)
    memory.clock.advance(days=3, microseconds=-1)
    assert (await dispatch_events(ports=memory)).given_up == 0
    memory.clock.advance(microseconds=1)
    told, has_more = 0, True
    while has_more:
        report = await dispatch_events(ports=memory)
        told, has_more = told + report.given_up, report.has_more
    assert {each.state for each in deliveries(memory)} == {DeliveryState.DEAD}
    assert len(deliveries(memory)) == told == MAX_QUEUED + 3, "those that were never queued are told, too"


async def test_a_delivery_is_due_since_its_event_and_given_up_three_days_later(memory: MemoryPorts) -> None:
    await hook(memory)
    (event,) = await happen(memory, 1)
    memory.clock.advance(hours=5)
    await dispatch_all(memory)
    (delivery,) = deliveries(memory)
    assert (delivery.queued_at, delivery.due_at) == (event.at, event.at)
    assert delivery.give_up_at == event.at + timedelta(days=3)


async def test_an_event_of_a_clock_that_is_ahead_is_due_now(memory: MemoryPorts) -> None:
    await hook(memory)
    await happen(memory, 1)
    memory.clock.advance(seconds=-30)
    await dispatch_all(memory)
    (delivery,) = deliveries(memory)
    assert delivery.due_at == memory.clock.now()


async def test_the_functions_of_another_program_are_left_to_it() -> None:
    async def mine(event: Event) -> None: ...

    memory = memory_ports(subscribers=[mine])
    await hook(memory, subscription_id="py:elsewhere.theirs")
    await happen(memory, 2)
    await dispatch_all(memory)
    (own,) = memory.subscribers
    assert positions(memory, own) == [1, 2]
    assert deliveries(memory, "py:elsewhere.theirs") == []


async def test_a_function_goes_on_where_it_was() -> None:
    async def mine(event: Event) -> None: ...

    memory = memory_ports(subscribers=[mine])
    await happen(memory, 2)
    await dispatch_all(memory)
    without = attrs.evolve(memory, subscribers={})
    await happen(memory, 2, start=3)
    await dispatch_events(ports=without)
    await subscribe_functions(ports=memory)
    await dispatch_all(memory)
    (own,) = memory.subscribers
    assert positions(memory, own) == [1, 2, 3, 4]


async def test_a_function_that_is_new_gets_what_happens_from_now_on(memory: MemoryPorts) -> None:
    async def mine(event: Event) -> None: ...

    await happen(memory, 2)
    ports = attrs.evolve(memory, subscribers={"py:app.mine": mine})
    await subscribe_functions(ports=ports)
    await subscribe_functions(ports=ports)
    await happen(memory, 1, start=3)
    await dispatch_events(ports=ports)
    assert positions(memory, "py:app.mine") == [3]


async def test_what_finds_no_room_waits_for_it(memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED", 2)
    await hook(memory)
    await happen(memory, 3)
    await dispatch_events(ports=memory)
    assert len(memory.unit_of_work.tables.event_deliveries) == 2
    memory.unit_of_work.tables.event_deliveries.clear()
    await dispatch_events(ports=memory)
    assert len(memory.unit_of_work.tables.event_deliveries) == 1
