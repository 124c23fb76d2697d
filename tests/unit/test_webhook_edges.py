"""Webhooks at the edges: how long a note may be, and how long a secret that was replaced signs."""

from collections import Counter
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import BadFieldError, DeliveryState, Webhook, WebhookId, dispatch_events
from leadnator_auth.domain.entities.webhook import parse_description
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.testing.contract.samples import NOW
from tests.unit.test_dispatch_events import deliveries, dispatch_all, happen, hook, subscription

HOOK = Webhook(WebhookId("wh_1"), "https://example.com", "", NOW, "key-1")
MOMENT, DAY = timedelta(microseconds=1), timedelta(days=1)


@pytest.mark.parametrize(("length", "is_good"), [(0, True), (199, True), (200, True), (201, False)])
def test_a_note_has_up_to_200_characters(length: int, is_good: bool) -> None:
    if is_good:
        assert parse_description(f" {'x' * length} ") == "x" * length
    else:
        with pytest.raises(BadFieldError) as refused:
            parse_description("x" * length)
        assert refused.value.code == "too_long"


@pytest.mark.parametrize(("late", "signs"), [(-DAY, True), (-MOMENT, True), (timedelta(), False), (DAY, False)])
def test_a_secret_that_was_replaced_signs_for_a_day(late: timedelta, signs: bool) -> None:
    rotated = HOOK.rotated("key-2", NOW)
    assert (HOOK.secret_name.label, HOOK.former_secret_name(NOW)) == ("webhook:wh_1:1", None)
    assert rotated.former_secret_name(NOW + DAY + late) == (HOOK.secret_name if signs else None)
    again = rotated.rotated("key-2", NOW)
    assert (again.generation, again.former_secret_name(NOW)) == (3, rotated.secret_name)
    assert len({each.secret_name for each in (HOOK, rotated, again)}) == 3


def test_a_message_shows_neither_its_secrets_nor_its_url() -> None:
    shown = repr(
        WebhookMessage(id="e_1", url="https://example.com/a-token", sent_at=NOW, body="{}", secrets=(b"a-secret",))
    )
    assert "e_1" in shown
    assert "token" not in shown
    assert "a-secret" not in shown


async def test_where_nothing_happened_nothing_is_dispatched(memory: MemoryPorts) -> None:
    report = await dispatch_events(ports=memory)
    assert attrs.astuple(report) == (0, 0, 0, False, False)


@pytest.mark.parametrize(
    ("waiting", "rounds"),
    [(300, [(250, True), (50, False), (0, False)]), (700, [(250, True), (250, False), (0, False)])],
)
async def test_what_waited_is_dispatched_until_a_subscription_has_its_fill(
    memory: MemoryPorts, waiting: int, rounds: list[tuple[int, bool]]
) -> None:
    await hook(memory)
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.save(subscription(memory).disabled())
        await transaction.commit()
    await happen(memory, waiting)
    await dispatch_all(memory)
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.save(subscription(memory).taken_up())
        await transaction.commit()
    reports = [await dispatch_events(ports=memory) for _ in rounds]
    assert [(each.queued, each.has_more) for each in reports] == rounds
    reading = attrs.evolve(memory, unit_of_work=ReadOnly(memory.unit_of_work.tables))
    assert (await dispatch_events(ports=reading)).is_wanted


class ReadOnly(MemoryUnitOfWork):
    """A store that nobody needs to write to."""

    def __call__(self) -> None:  # type: ignore[override]
        raise AssertionError


async def test_one_that_has_its_fill_keeps_no_other_waiting(memory: MemoryPorts) -> None:
    await hook(memory)
    await happen(memory, 500)
    await dispatch_all(memory)
    await hook(memory, subscription_id="wh_2")
    (event,) = await happen(memory, 1, start=501)
    await dispatch_all(memory)
    assert [each.payload.event for each in deliveries(memory, "wh_2")] == [event]


@pytest.mark.parametrize(("old", "made"), [(1, 3), (5, 7)])
async def test_old_events_among_new_ones_take_and_make_no_room(memory: MemoryPorts, old: int, made: int) -> None:
    await hook(memory)
    begin = memory.clock.now()
    memory.clock.advance(days=4)
    now = memory.clock.now()
    await happen(memory, 498)
    first = await dispatch_events(ports=memory)
    assert (first.queued, first.given_up) == (250, 0)
    await dispatch_all(memory)
    memory.clock.instant = begin
    await happen(memory, old, start=499)
    memory.clock.instant = now
    await happen(memory, 10, start=600)
    report = await dispatch_events(ports=memory)
    assert (report.queued, report.given_up) == (made, old)
    await dispatch_all(memory)
    states = Counter(each.state for each in deliveries(memory))
    assert states == {DeliveryState.QUEUED: 500, DeliveryState.DEAD: old}
