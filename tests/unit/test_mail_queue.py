"""Looking after the mail queue, in memory."""

from datetime import timedelta

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    DeliveryReport,
    DeliveryState,
    MailRefusedError,
    NotFoundError,
    OutboxStats,
    UnavailableError,
    deliver_due_mails,
    list_mails,
    mail_stats,
    request_password_reset,
    retry_mails,
    sign_up,
)


@pytest.fixture
async def world(memory: MemoryPorts) -> MemoryPorts:
    """A world with three mails: one sent, one given up, one delayed; each a second younger than the one before."""
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for failure in (None, MailRefusedError("550 no"), UnavailableError("away")):
        memory.mailer.failure = failure
        await request_password_reset("alice@example.com", ports=memory)
        await deliver_due_mails(ports=memory)
        memory.clock.advance(seconds=1)
    memory.mailer.failure = None
    return memory


async def states(world: MemoryPorts) -> list[DeliveryState]:
    return [mail.state for mail in await list_mails(ports=world)]


async def test_mails_are_listed_newest_first(world: MemoryPorts) -> None:
    assert await states(world) == [DeliveryState.QUEUED, DeliveryState.DEAD, DeliveryState.SENT]
    (dead,) = await list_mails(DeliveryState.DEAD, ports=world)
    assert dead.last_error == "550 no"
    assert len(await list_mails(None, 2, ports=world)) == 2


async def test_the_stats_tell_what_waits_and_since_when(world: MemoryPorts) -> None:
    (waiting, *_) = await list_mails(ports=world)
    stats = await mail_stats(ports=world)
    assert stats == OutboxStats(queued=1, retrying=1, sent=1, dead=1, oldest_queued_at=waiting.queued_at)


async def test_a_mail_that_was_given_up_goes_out_when_it_is_tried_again(world: MemoryPorts) -> None:
    (dead,) = await list_mails(DeliveryState.DEAD, ports=world)
    assert await retry_mails(dead.id, ports=world) == 1
    assert await deliver_due_mails(ports=world) == DeliveryReport(sent=1)
    assert await states(world) == [DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.SENT]


async def test_all_that_failed_goes_out_when_it_is_tried_again(world: MemoryPorts) -> None:
    assert await retry_mails(ports=world) == 2
    assert await deliver_due_mails(ports=world) == DeliveryReport(sent=2)
    assert await retry_mails(ports=world) == 0


async def test_a_mail_that_was_sent_is_not_sent_again(world: MemoryPorts) -> None:
    (sent,) = await list_mails(DeliveryState.SENT, ports=world)
    for mail_id in (sent.id, "m_none", "", "m_\0", "m_\udcff"):
        with pytest.raises(NotFoundError):
            await retry_mails(mail_id, ports=world)
    assert await deliver_due_mails(ports=world) == DeliveryReport()


async def test_a_hundred_mails_are_listed_unless_more_are_asked_for(memory: MemoryPorts) -> None:
    for number in range(101):
        await request_password_reset(f"nobody{number}@example.com", ports=memory)
    assert len(await list_mails(ports=memory)) == 100
    assert len(await list_mails(limit=200, ports=memory)) == 101


async def test_a_mail_that_is_tried_again_has_three_more_days(world: MemoryPorts) -> None:
    world.clock.advance(days=4)
    (dead,) = await list_mails(DeliveryState.DEAD, ports=world)
    await retry_mails(dead.id, ports=world)
    revived = world.unit_of_work.tables.mails[dead.id]
    assert (revived.state, revived.finished_at) == (DeliveryState.QUEUED, None)
    assert (revived.due_at, revived.give_up_at) == (world.clock.now(), world.clock.now() + timedelta(days=3))
