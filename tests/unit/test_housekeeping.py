"""Clearing away what is over, in memory."""

from datetime import timedelta

import attrs

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    MailRefusedError,
    Policy,
    SignedIn,
    delete_user,
    deliver_due_mails,
    import_users,
    log_in,
    purge,
    request_password_reset,
)


async def send_a_link(memory: MemoryPorts) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)


async def test_what_still_counts_stays(memory: MemoryPorts, alice: SignedIn) -> None:
    await send_a_link(memory)
    assert await purge(ports=memory) == 0
    memory.clock.advance(hours=2)
    assert await purge(ports=memory) == 0, "an expired link still counts towards the limit for a while"


async def test_what_is_over_goes(memory: MemoryPorts, alice: SignedIn) -> None:
    await send_a_link(memory)
    memory.clock.advance(hours=2, seconds=1)
    assert await purge(ports=memory) == 1, "the reset token"
    memory.clock.advance(days=7)
    assert await purge(ports=memory) == 2, "the session and the sent mail"
    tables = memory.unit_of_work.tables
    assert (tables.sessions, tables.one_time_tokens, tables.mails) == ({}, {}, {})
    assert list(tables.users.values()) == [alice.user]


async def test_a_mail_that_could_not_be_sent_is_kept_longer(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.mailer.failure = MailRefusedError("550 no such mailbox")
    await send_a_link(memory)
    memory.clock.advance(days=29)
    await purge(ports=memory)
    assert len(memory.unit_of_work.tables.mails) == 1
    memory.clock.advance(days=2)
    await purge(ports=memory)
    assert memory.unit_of_work.tables.mails == {}


async def test_a_great_deal_is_cleared_a_little_at_a_time(memory: MemoryPorts, alice: SignedIn) -> None:
    many = attrs.evolve(memory, policy=Policy(max_sessions=1000))
    for _ in range(600):
        await log_in("alice@example.com", "secret", ports=many)
    memory.clock.advance(days=8)
    assert [await purge(ports=memory) for _ in range(3)] == [500, 101, 0]


async def test_a_session_that_another_clock_still_counts_as_good_stays(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.clock.advance(days=7, seconds=60)
    assert await purge(ports=memory) == 0
    memory.clock.advance(seconds=1)
    assert await purge(ports=memory) == 1


async def test_a_sent_mail_is_kept_for_a_week(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.clock.advance(days=30)
    await send_a_link(memory)
    memory.clock.advance(days=7)
    await purge(ports=memory)
    assert len(memory.unit_of_work.tables.mails) == 1
    memory.clock.advance(seconds=1)
    await purge(ports=memory)
    assert memory.unit_of_work.tables.mails == {}


async def test_events_go_after_a_year_or_what_is_set(memory: MemoryPorts, alice: SignedIn) -> None:
    memory.clock.advance(days=30)
    strict = attrs.evolve(memory, policy=Policy(event_retention=timedelta(days=30)))
    while await purge(ports=strict):
        pass
    assert len(memory.unit_of_work.tables.events) == 2, "at the instant itself they stay"
    memory.clock.advance(seconds=1)
    assert await purge(ports=memory) == 0
    assert await purge(ports=strict) == 2
    await log_in("alice@example.com", "secret", ports=memory)
    memory.clock.advance(days=365)
    await purge(ports=memory)
    assert len(memory.unit_of_work.tables.events) == 1
    memory.clock.advance(seconds=1)
    assert await purge(ports=memory) == 1


async def test_events_go_a_little_at_a_time(memory: MemoryPorts, alice: SignedIn) -> None:
    records = [{"name": "Al", "email": f"al{n}@example.com", "password_hash": "cheap$1$x"} for n in range(600)]
    await import_users(records, ports=memory)
    memory.clock.advance(days=8)
    await purge(ports=memory)
    memory.clock.advance(days=358)
    assert [await purge(ports=memory) for _ in range(3)] == [500, 102, 0]


async def test_what_is_told_of_a_deleted_account_stays_as_long(memory: MemoryPorts, alice: SignedIn) -> None:
    await delete_user(Actor.operator(), alice.user.id, ports=memory)
    await purge(ports=memory)
    types = [event.type for event in memory.unit_of_work.tables.events.values()]
    assert types == ["user.created", "session.started", "session.ended", "user.deleted"]
