"""Deliveries and subscriptions: how long each waits after so many failures, and what is kept of why."""

from datetime import datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    DeliveryReport,
    DeliveryState,
    Subscription,
    add_webhook,
    change_webhook,
    retry_mails,
)
from leadnator_auth.domain.entities.subscription import PROBE
from leadnator_auth.domain.use_cases.event_delivery import AttemptedEvent, keep_attempts
from leadnator_auth.testing.contract.samples import NOW, a_mail, a_subscription, an_event_delivery

MOMENT, SECOND, MINUTE, HOUR = (timedelta(**{unit: 1}) for unit in ("microseconds", "seconds", "minutes", "hours"))


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [(1, 5 * SECOND), (2, 10 * SECOND), (3, 20 * SECOND), (10, 2560 * SECOND), (11, HOUR), (500, HOUR)],
)
@pytest.mark.parametrize("jitter", [0.0, 0.5])
def test_a_mail_waits_for_twice_as_long_each_time_up_to_an_hour(attempts: int, delay: timedelta, jitter: float) -> None:
    mail = attrs.evolve(a_mail(), attempts=attempts)
    assert mail.failed(NOW, "away", jitter).due_at == NOW + delay * (1 - jitter / 2)


def test_a_subscription_is_paused_for_up_to_twenty_seconds() -> None:
    subscription, pauses = a_subscription(), []
    for _ in range(5):
        subscription = subscription.failed(NOW, 0.0)
        assert subscription.paused_until is not None
        pauses.append(subscription.paused_until - NOW)
        assert not subscription.is_open(subscription.paused_until - MOMENT)
        assert subscription.is_open(subscription.paused_until)
        assert subscription.is_open(subscription.paused_until + HOUR)
    assert pauses == [5 * SECOND, 10 * SECOND, 20 * SECOND, 20 * SECOND, 20 * SECOND]
    assert subscription.failures == 5
    assert PROBE == 20 * SECOND
    assert (subscription.taken_up().failures, subscription.taken_up().paused_until) == (0, None)


def test_a_lease_is_ten_seconds() -> None:
    leased = a_mail().leased(NOW)
    assert (leased.attempts, leased.due_at) == (1, NOW + 10 * SECOND)
    assert (leased.renewed(NOW + 7 * SECOND).attempts, leased.renewed(NOW + 7 * SECOND).due_at) == (
        1,
        NOW + 17 * SECOND,
    )


@pytest.mark.parametrize(
    ("until", "due_at"),
    [(None, HOUR), (MINUTE, MINUTE), (HOUR - MOMENT, HOUR - MOMENT), (HOUR, HOUR), (2 * HOUR, HOUR)],
)
def test_what_waits_is_hastened_and_never_delayed(until: timedelta | None, due_at: timedelta) -> None:
    mail = attrs.evolve(a_mail(), due_at=NOW + HOUR)
    assert mail.hastened(None if until is None else NOW + until).due_at == NOW + due_at
    sent = mail.sent(NOW)
    assert sent.hastened(NOW) == sent


@pytest.mark.parametrize("late", [-MOMENT, timedelta(), HOUR])
def test_what_is_postponed_is_dead_once_its_time_is_over(late: timedelta) -> None:
    mail = a_mail()
    now = mail.give_up_at + late
    postponed = mail.postponed(now, now + HOUR, "later")
    assert (postponed.state is DeliveryState.DEAD) is (late >= timedelta())
    assert postponed.last_error == "later"
    revived = postponed.revived(now, now + HOUR)
    assert (revived.state, revived.due_at, revived.give_up_at, revived.finished_at) == (
        DeliveryState.QUEUED,
        now,
        now + HOUR,
        None,
    )


@pytest.mark.parametrize("length", [499, 500, 501])
def test_of_a_reason_five_hundred_characters_are_kept(length: int) -> None:
    reason, mail = "x" * length, a_mail()
    for over in (mail.dead(NOW, reason), mail.settled(NOW, reason), mail.postponed(NOW, NOW, reason)):
        assert over.last_error == "x" * min(length, 500)


def test_a_report_counts_and_adds_up_whatever_it_had() -> None:
    mail = a_mail()
    total = DeliveryReport(sent=2, delayed=3, dead=5, dropped=7)
    for entry in (mail.sent(NOW), mail.sent(NOW), mail.dead(NOW, "no"), mail.failed(NOW, "away", 0.0)):
        total.add(DeliveryReport.of(entry))
    total.add(DeliveryReport(dropped=4))
    assert total == DeliveryReport(sent=4, delayed=4, dead=6, dropped=11)
    assert total.total == 25
    assert [entry.last_error for entry in total.failures] == ["no", "away"]


async def kept(memory: MemoryPorts, failures: int, paused_until: datetime | None = None) -> Subscription:
    """Keeps a subscription that failed so often."""
    failing = attrs.evolve(a_subscription(), failures=failures, paused_until=paused_until)
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.add(failing)
        await transaction.commit()
    return failing


@pytest.mark.parametrize(("failures", "is_hastened"), [(0, False), (1, False), (2, True), (3, True)])
async def test_what_waits_goes_out_at_once_where_two_failures_were_in_a_row(
    memory: MemoryPorts, failures: int, is_hastened: bool
) -> None:
    failing, now = await kept(memory, failures), memory.clock.now()
    waiting = attrs.evolve(an_event_delivery(2, failing.id), due_at=now + HOUR, last_error="away")
    async with memory.unit_of_work() as transaction:
        await transaction.event_deliveries.add_all([an_event_delivery(1, failing.id), waiting])
        await transaction.commit()
    sent = an_event_delivery(1, failing.id).sent(now)
    await keep_attempts([AttemptedEvent(sent, failing, is_gone=False)], ports=memory)
    left = memory.unit_of_work.tables.event_deliveries[waiting.id]
    assert left.due_at == (now if is_hastened else waiting.due_at)
    assert memory.unit_of_work.tables.subscriptions[failing.id].failures == 0


@pytest.mark.parametrize(("before", "now_kept", "counted"), [(3, 3, 4), (3, 0, 0), (3, 4, 4), (0, 0, 1)])
async def test_a_failure_counts_unless_somebody_else_knew_more_by_then(
    memory: MemoryPorts, before: int, now_kept: int, counted: int
) -> None:
    subscription = await kept(memory, now_kept)
    entry = an_event_delivery(1, subscription.id)
    async with memory.unit_of_work() as transaction:
        await transaction.event_deliveries.add_all([entry])
        await transaction.commit()
    failed = entry.failed(memory.clock.now(), "away", 0.0)
    attempted = AttemptedEvent(failed, attrs.evolve(subscription, failures=before), is_gone=False)
    await keep_attempts([attempted], ports=memory)
    assert memory.unit_of_work.tables.subscriptions[subscription.id].failures == counted


@pytest.mark.parametrize(
    ("changes", "failures"),
    [
        ({"url": "https://aaa.example.com"}, 0),
        ({"url": "https://zzz.example.com"}, 0),
        ({"url": "https://crm.example.com"}, 3),
        ({"description": "a note"}, 3),
        ({"enabled": False}, 3),
        ({"enabled": True}, 0),
    ],
)
async def test_what_failed_says_nothing_of_another_url_or_once_it_is_looked_after(
    memory: MemoryPorts, changes: dict[str, object], failures: int
) -> None:
    made = await add_webhook(Actor.operator(), "https://crm.example.com", ports=memory)
    kept = attrs.evolve(made.webhook.subscription, failures=3)
    async with memory.unit_of_work() as transaction:
        await transaction.subscriptions.save(kept)
        await transaction.commit()
    changed = await change_webhook(Actor.operator(), made.webhook.webhook.id, changes, ports=memory)
    assert changed.subscription.failures == failures


async def test_mails_of_many_rounds_that_are_tried_again_are_counted(memory: MemoryPorts) -> None:
    async with memory.unit_of_work() as transaction:
        for number in range(1004):
            await transaction.mail_queue.add(a_mail(number).dead(NOW, "no"))
        await transaction.commit()
    assert await retry_mails(ports=memory) == 1004
