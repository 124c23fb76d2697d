"""Sessions that go unused are over, where that is asked for, in memory."""

from datetime import datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts, MemoryUnitOfWork, memory_ports
from leadnator_auth.domain import (
    EventType,
    InvalidTokenError,
    LogOutScope,
    Policy,
    SessionId,
    SignedIn,
    end_session,
    identify,
    identify_for_media,
    issue_media_token,
    list_sessions,
    log_in,
    log_out,
    purge,
    sign_up,
)
from leadnator_auth.domain.entities.session import CLOCK_LEEWAY

HOUR = timedelta(hours=1)
LATEST = HOUR + timedelta(seconds=60)
"""Its use is known to a minute."""
TICK = timedelta(microseconds=1)


@pytest.fixture
def idle() -> MemoryPorts:
    """A world in which a session is over when it was not used for an hour."""
    return memory_ports(policy=Policy(session_idle=HOUR))


async def sign_alice_up(memory: MemoryPorts) -> SignedIn:
    return await sign_up("Alice", "alice@example.com", "secret", ports=memory)


async def assert_over(memory: MemoryPorts, token: str) -> None:
    with pytest.raises(InvalidTokenError, match="session ended"):
        await identify(token, ports=memory)


async def test_a_session_that_is_not_used_is_over_after_that_time_and_not_before(idle: MemoryPorts) -> None:
    alice = await sign_alice_up(idle)
    began = idle.clock.now()
    idle.clock.instant = began + LATEST - TICK
    assert await purge(ports=idle) == 0
    assert await identify(alice.token, ports=idle)
    used = idle.clock.now()
    idle.clock.instant = used + LATEST - TICK
    assert await identify(alice.token, ports=idle)
    idle.clock.advance(hours=1, seconds=60)
    await assert_over(idle, alice.token)


@pytest.mark.parametrize("seconds", [1, 30, 59, 60])
async def test_one_that_is_used_again_and_again_lives_on_to_its_end_and_no_longer(seconds: int) -> None:
    policy = Policy(session_idle=timedelta(seconds=60), session_lifetime=timedelta(minutes=5))
    idle = memory_ports(policy=policy)
    alice = await sign_alice_up(idle)
    end = alice.session.expires_at + CLOCK_LEEWAY
    while idle.clock.now() < end:
        assert await identify(alice.token, ports=idle)
        idle.clock.advance(seconds=seconds)
    with pytest.raises(InvalidTokenError):
        await identify(alice.token, ports=idle)


@pytest.mark.parametrize("minutes", [1, 10, 60, 24 * 60])
async def test_a_session_is_over_at_most_a_sixtieth_of_the_time_late_and_never_more_than_a_minute(minutes: int) -> None:
    setting = timedelta(minutes=minutes)
    idle = memory_ports(policy=Policy(session_idle=setting))
    alice = await sign_alice_up(idle)
    for seconds in (0, 0.9, 3.5, 59.9):  # the last use is at none of the instants that are noted
        idle.clock.advance(seconds=seconds)
        assert await identify(alice.token, ports=idle)
    used = idle.clock.now()
    idle.clock.instant = used + setting - TICK
    assert (await list_sessions(await identify(alice.token, ports=idle), ports=idle)) != []
    used = idle.clock.now()
    idle.clock.instant = used + setting + min(setting / 60, timedelta(seconds=60))
    await assert_over(idle, alice.token)


async def test_a_clock_that_is_turned_back_ends_no_session(idle: MemoryPorts) -> None:
    alice = await sign_alice_up(idle)
    idle.clock.advance(minutes=30)
    await identify(alice.token, ports=idle)
    idle.clock.advance(minutes=-30)
    assert await identify(alice.token, ports=idle)


Noted = list[tuple[SessionId, datetime]]


def watched(memory: MemoryPorts) -> tuple[MemoryPorts, Noted]:
    """Returns the world with no way to what is kept but the one look-up, and the uses that are noted there."""
    noted: Noted = []

    class Watched(MemoryIdentities):
        def note_use(self, session_id: SessionId, now: datetime) -> None:
            noted.append((session_id, now))
            super().note_use(session_id, now)

    return attrs.evolve(memory, identities=Watched(memory.unit_of_work), unit_of_work=MemoryUnitOfWork()), noted


async def test_a_use_is_noted_at_most_once_a_minute(idle: MemoryPorts) -> None:
    alice = await sign_alice_up(idle)
    ports, noted = watched(idle)
    began = idle.clock.now()
    for _ in range(600):
        assert await identify(alice.token, ports=ports)
        idle.clock.advance(seconds=1)
    assert noted == [(alice.session.id, began + timedelta(minutes=minute)) for minute in range(1, 10)]


async def test_nothing_is_noted_while_nobody_asks_for_it(memory: MemoryPorts) -> None:
    alice = await sign_alice_up(memory)
    ports, noted = watched(memory)
    for _ in range(100):
        memory.clock.advance(hours=1)
        assert await identify(alice.token, ports=ports)
    assert noted == []
    (session,) = memory.unit_of_work.tables.sessions.values()
    assert session.last_used_at is None


async def test_a_use_that_is_lost_harms_nobody(idle: MemoryPorts) -> None:
    class Losing(MemoryIdentities):
        def note_use(self, session_id: SessionId, now: datetime) -> None:
            pass

    alice = await sign_alice_up(idle)
    ports = attrs.evolve(idle, identities=Losing(idle.unit_of_work))
    for _ in range(6):
        assert await identify(alice.token, ports=ports)
        idle.clock.advance(minutes=10)
    assert await identify(alice.token, ports=idle), "the next one is noted in its place"
    idle.clock.advance(minutes=50)
    assert await identify(alice.token, ports=idle)


async def test_a_refused_token_is_no_use_of_its_session(idle: MemoryPorts) -> None:
    alice = await sign_alice_up(idle)
    idle.clock.advance(minutes=59)
    media = issue_media_token(await identify(alice.token, ports=idle), "/media/1", ports=idle).token
    ports, noted = watched(idle)
    idle.clock.advance(minutes=2)
    for token in (media, alice.token + "x"):
        with pytest.raises(InvalidTokenError):
            await identify(token, ports=ports)
    assert noted == []
    assert await identify_for_media(media, "/media/1", ports=ports), "what a page shows is a use"
    assert len(noted) == 1


async def test_what_is_over_is_in_no_list_and_no_event(idle: MemoryPorts) -> None:
    forgotten = await sign_alice_up(idle)
    idle.clock.advance(minutes=50)
    used = await log_in("alice@example.com", "secret", ports=idle)
    idle.clock.advance(minutes=50)
    identity = await identify(used.token, ports=idle)
    assert [session.id for session in await list_sessions(identity, ports=idle)] == [used.session.id]
    await end_session(identity, forgotten.session.id, ports=idle)
    await log_out(identity, LogOutScope.GLOBAL, ports=idle)
    ended = [event for event in idle.unit_of_work.tables.events.values() if event.type is EventType.SESSION_ENDED]
    assert [event.data["session_id"] for event in ended] == [used.session.id]
    await assert_over(idle, used.token)


async def test_asked_for_later_it_counts_from_the_log_in(memory: MemoryPorts) -> None:
    old = await sign_alice_up(memory)
    memory.clock.advance(hours=2)
    new = await log_in("alice@example.com", "secret", ports=memory)
    idle = attrs.evolve(memory, policy=Policy(session_idle=HOUR))
    await assert_over(idle, old.token)
    assert await identify(new.token, ports=idle)
    assert await identify(old.token, ports=memory), "it was not ended, and lives on where nobody asks"


async def test_what_is_over_is_cleared_away(idle: MemoryPorts) -> None:
    await sign_alice_up(idle)
    idle.clock.advance(minutes=30)
    used = await log_in("alice@example.com", "secret", ports=idle)
    idle.clock.advance(minutes=31, microseconds=1)
    assert await purge(ports=idle) == 1
    assert list(idle.unit_of_work.tables.sessions) == [used.session.id]
    assert await purge(ports=attrs.evolve(idle, policy=Policy())) == 0, "nothing of that kind is asked for"
