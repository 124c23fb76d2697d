"""Events reach those who subscribed: at least once, in order while that succeeds, and without a storm of tries."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    DeliveryReport,
    DeliveryState,
    Event,
    Subscription,
    UnavailableError,
    UnreachableError,
    deliver_due_events,
    dispatch_events,
    log_in,
    renew_event_lease,
    sign_up,
)
from leadnator_auth.domain.entities.outbox import LEASE
from leadnator_auth.domain.entities.subscription import PROBE, subscribers_by_id
from leadnator_auth.domain.use_cases import event_delivery
from leadnator_auth.domain.use_cases.event_delivery import attempt_event, keep_attempts, take_events
from tests.unit.test_dispatch_events import HOOK, deliveries, happen, hook, subscription

FIRST_RETRY = timedelta(seconds=30)


@attrs.define
class Receiver:
    """A webhook's receiver, or a function's: it answers what it is told to, and keeps what it took."""

    status: int = 200
    answer: Callable[[Event], int] | None = None
    taken: list[Event] = attrs.Factory(list)
    asked: list[Event] = attrs.Factory(list)

    async def post(self, event: Event, subscription: Subscription, ports: object) -> int:
        self.asked.append(event)
        status = self.answer(event) if self.answer else self.status
        if status < 0:
            raise UnreachableError
        if status == 0:
            raise UnavailableError("no answer")
        if 200 <= status <= 299:
            self.taken.append(event)
        return status


@pytest.fixture
async def receiver(memory: MemoryPorts, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """The receiver of a webhook that wants everything."""
    receiver = Receiver()
    monkeypatch.setattr(event_delivery, "post_webhook", receiver.post)
    await hook(memory)
    return receiver


async def deliver(memory: MemoryPorts) -> DeliveryReport:
    return await deliver_due_events(limit=10_000, ports=memory)


async def let_pass(memory: MemoryPorts, duration: timedelta, step: float = 1.5) -> None:
    """Lets time pass, in which the worker looks every so many seconds."""
    for _ in range(int(duration.total_seconds() / step)):
        memory.clock.advance(seconds=step)
        await deliver(memory)


async def test_a_subscriber_is_told_what_happens_in_order() -> None:
    told: list[Event] = []

    async def welcome(event: Event) -> None:
        told.append(event)

    memory = memory_ports(subscribers=[welcome])
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await log_in("alice@example.com", "secret", ports=memory)
    assert told == [], "not within the request"
    report = await deliver_due_events(ports=memory)
    assert report.sent == 3
    assert told == memory.events
    assert [event.type for event in told] == ["user.created", "session.started", "session.started"]
    assert (await deliver_due_events(ports=memory)).total == 0


async def test_a_subscriber_that_raises_is_called_again_and_delays_nobody_else() -> None:
    told: list[str] = []
    trouble = ["the CRM is away"]

    async def crm(event: Event) -> None:
        if trouble:
            raise RuntimeError(trouble[0])
        told.append(event.type)

    async def mail(event: Event) -> None:
        told.append(f"mail {event.type}")

    memory = memory_ports(subscribers=[crm, mail])
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    report = await deliver(memory)
    assert told == ["mail user.created", "mail session.started"]
    assert [failure.last_error for failure in report.failures] == ["RuntimeError: the CRM is away"]
    trouble.clear()
    await let_pass(memory, FIRST_RETRY)
    assert sorted(told[2:]) == ["session.started", "user.created"]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_what_a_webhook_takes_is_sent(memory: MemoryPorts, receiver: Receiver, status: int) -> None:
    receiver.status = status
    events = await happen(memory, 3)
    assert (await deliver(memory)).sent == 3
    assert receiver.taken == events


@pytest.mark.parametrize("status", [0, 100, 199, 300, 301, 304, 400, 404, 429, 500, 503])
async def test_all_other_answers_are_failures_and_tried_again_within_half_a_minute(
    memory: MemoryPorts, receiver: Receiver, status: int
) -> None:
    receiver.status = status
    (event,) = await happen(memory, 1)
    report = await deliver(memory)
    assert (report.sent, report.delayed) == (0, 1)
    assert str(status or "no answer") in report.failures[0].last_error
    receiver.status = 200
    await let_pass(memory, FIRST_RETRY)
    assert receiver.taken == [event]


async def test_what_failed_is_tried_first_again_so_none_waits_longer_for_its_first_retry(
    memory: MemoryPorts, receiver: Receiver
) -> None:
    """Though the receiver is down for long, and more happens all the time."""
    asked_at: dict[str, list[float]] = {}
    start = memory.clock.now()

    def down(event: Event) -> int:
        asked_at.setdefault(event.id, []).append((memory.clock.now() - start).total_seconds())
        return 503

    receiver.answer = down
    for number in range(60):
        await happen(memory, 1, start=1 + number)
        await let_pass(memory, timedelta(seconds=30))
    retried = [times for times in asked_at.values() if len(times) > 1]
    assert len(retried) > 5
    assert max(times[1] - times[0] for times in retried) <= FIRST_RETRY.total_seconds()


async def test_a_receiver_that_is_down_is_asked_by_one_delivery_at_a_time(
    memory: MemoryPorts, receiver: Receiver
) -> None:
    receiver.status = 503
    await happen(memory, 400)
    await let_pass(memory, timedelta(hours=1))
    assert len(receiver.asked) < 400, "a pause between two tries, and no storm"
    assert len(receiver.asked) > 50, "and somebody sees soon that it is back"


async def test_the_backlog_goes_out_at_once_when_the_receiver_is_back(memory: MemoryPorts, receiver: Receiver) -> None:
    receiver.status = 503
    events = await happen(memory, 300)
    await let_pass(memory, timedelta(hours=3), step=15)
    receiver.status = 200
    await let_pass(memory, timedelta(seconds=45))
    assert {event.id for event in receiver.taken} == {event.id for event in events}
    assert (subscription(memory).failures, subscription(memory).paused_until) == (0, None)


async def test_an_event_that_is_never_taken_stops_no_other_and_is_not_tried_with_each(
    memory: MemoryPorts, receiver: Receiver
) -> None:
    (poison,) = await happen(memory, 1)
    receiver.answer = lambda event: 500 if event.id == poison.id else 200
    for number in range(120):
        await happen(memory, 1, start=2 + number)
        await let_pass(memory, timedelta(seconds=30))
    assert len(receiver.taken) == 120
    tries = sum(event.id == poison.id for event in receiver.asked)
    assert tries < 25, "its own tries become rarer, whatever else is delivered"


@pytest.mark.parametrize("outage", [timedelta(seconds=4), timedelta(seconds=40), timedelta(hours=5)])
async def test_who_was_away_is_told_in_order(memory: MemoryPorts, receiver: Receiver, outage: timedelta) -> None:
    receiver.status = -1
    for name in ("alice", "bob", "carol"):
        await sign_up(name, f"{name}@example.com", "secret", ports=memory)
        await log_in(f"{name}@example.com", "secret", ports=memory)
    await deliver(memory)
    await let_pass(memory, outage, step=max(1.0, outage.total_seconds() / 400))
    receiver.status = 200
    await let_pass(memory, FIRST_RETRY)
    assert len(receiver.taken) == 9
    for user in {event.user_id for event in memory.events}:
        of_user = [event for event in receiver.taken if event.user_id == user]
        assert of_user == [event for event in memory.events if event.user_id == user]


async def test_after_three_days_a_delivery_is_dead(memory: MemoryPorts, receiver: Receiver) -> None:
    receiver.status = 503
    await happen(memory, 1)
    await deliver(memory)
    await let_pass(memory, timedelta(days=3, hours=2), step=600)
    (delivery,) = deliveries(memory)
    assert (delivery.state, delivery.last_error) == (DeliveryState.DEAD, "the receiver answered 503")


async def test_gone_disables_the_webhook_and_what_waits_stays(memory: MemoryPorts, receiver: Receiver) -> None:
    receiver.status = 410
    events = await happen(memory, 3)
    await deliver(memory)
    asked = len(receiver.asked)
    await let_pass(memory, timedelta(hours=2), step=60)
    assert len(receiver.asked) == asked
    assert not subscription(memory).enabled
    assert {each.state for each in deliveries(memory)} == {DeliveryState.QUEUED}
    receiver.status = 200
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.save(subscription(memory).taken_up())
        await transaction.commit()
    memory.clock.advance(minutes=1)
    await deliver(memory)
    assert {event.id for event in receiver.taken} == {event.id for event in events}


async def test_what_waits_for_a_removed_subscription_is_dropped(memory: MemoryPorts, receiver: Receiver) -> None:
    await happen(memory, 3)
    await dispatch_events(ports=memory)
    memory.unit_of_work.tables.subscriptions.clear()
    report = await deliver(memory)
    assert (report.dropped, report.sent) == (3, 0)
    assert (receiver.asked, deliveries(memory)) == ([], [])


async def test_failures_of_one_moment_count_as_one(memory: MemoryPorts, receiver: Receiver) -> None:
    receiver.status = 503
    await happen(memory, 10)
    await dispatch_events(ports=memory)
    taken, _ = await take_events(limit=10, ports=memory)
    assert len(taken) == 10
    attempts = [await attempt_event(each, ports=memory) for each in taken]
    await keep_attempts(attempts, ports=memory)
    assert subscription(memory).failures == 1
    paused_until = subscription(memory).paused_until
    assert paused_until is not None
    assert paused_until <= memory.clock.now() + timedelta(seconds=5)


async def test_of_several_processes_one_finds_out_whether_a_receiver_is_well(
    memory: MemoryPorts, receiver: Receiver
) -> None:
    receiver.status = 503
    await happen(memory, 10)
    await deliver(memory)
    memory.clock.advance(seconds=10)
    first, _ = await take_events(limit=10, ports=memory)
    second, _ = await take_events(limit=10, ports=memory)
    assert (len(first), len(second)) == (1, 0)
    memory.clock.advance(seconds=PROBE.total_seconds())
    third, _ = await take_events(limit=10, ports=memory)
    assert len(third) == 1, "who found nothing out may have died"


async def test_who_had_a_lease_that_ended_keeps_no_failure(memory: MemoryPorts, receiver: Receiver) -> None:
    await happen(memory, 1)
    await dispatch_events(ports=memory)
    (late,), _ = await take_events(ports=memory)
    memory.clock.advance(seconds=LEASE.total_seconds())
    (again,), _ = await take_events(ports=memory)
    receiver.status = 503
    await keep_attempts([await attempt_event(late, ports=memory)], ports=memory)
    assert subscription(memory).failures == 0
    receiver.status = 200
    await keep_attempts([await attempt_event(again, ports=memory)], ports=memory)
    assert [each.state for each in deliveries(memory)] == [DeliveryState.SENT]


async def test_a_lease_is_renewed(memory: MemoryPorts, receiver: Receiver) -> None:
    await happen(memory, 1)
    await dispatch_events(ports=memory)
    (taken,), _ = await take_events(ports=memory)
    memory.clock.advance(seconds=8)
    await renew_event_lease(taken.entry, ports=memory)
    memory.clock.advance(seconds=8)
    assert (await take_events(ports=memory))[0] == ()


async def test_one_account_goes_one_by_one_and_others_beside_it(memory: MemoryPorts, receiver: Receiver) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await dispatch_events(ports=memory)
    taken, _ = await take_events(limit=10, ports=memory)
    assert [each.entry.payload.event.type for each in taken] == ["user.created", "user.created"]


async def test_lanes_that_are_full_are_left_out(memory: MemoryPorts, receiver: Receiver) -> None:
    await happen(memory, 1)
    await dispatch_events(ports=memory)
    assert await take_events({HOOK}, 10, ports=memory) == ((), DeliveryReport())


async def plain(event: Event) -> None: ...


@pytest.mark.parametrize("wrong", [print, lambda event: None, "welcome", object()])
def test_what_is_no_coroutine_function_cannot_subscribe(wrong: object) -> None:
    with pytest.raises(TypeError, match="async def"):
        subscribers_by_id([plain, wrong])  # type: ignore[list-item]


def test_two_of_one_name_cannot_subscribe() -> None:
    with pytest.raises(ValueError, match=r"test_event_delivery\.plain"):
        subscribers_by_id([plain, plain])


def test_a_function_is_known_by_its_module_and_name() -> None:
    assert subscribers_by_id([plain]) == {"py:tests.unit.test_event_delivery.plain": plain}


async def test_no_more_are_made_than_were_asked_for(memory: MemoryPorts, receiver: Receiver) -> None:
    await happen(memory, 3)
    assert (await deliver_due_events(limit=2, ports=memory)).sent == 2
    assert len(receiver.taken) == 2


@pytest.mark.parametrize("status", [204, 500])
async def test_who_unsubscribes_while_a_delivery_is_under_way_is_not_asked_again(
    memory: MemoryPorts, receiver: Receiver, status: int
) -> None:
    await happen(memory, 2)
    receiver.status = 500
    await deliver(memory)
    memory.clock.advance(seconds=60)
    receiver.status = status
    (taken,), _ = await take_events(limit=1, ports=memory)
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.remove(HOOK)
        await transaction.commit()
    await keep_attempts([await attempt_event(taken, ports=memory)], ports=memory)
    asked = len(receiver.asked)
    await let_pass(memory, timedelta(minutes=2))
    assert len(receiver.asked) == asked
