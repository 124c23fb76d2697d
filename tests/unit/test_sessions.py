"""Seeing and ending sessions, in memory."""

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Client,
    Identity,
    InvalidTokenError,
    LogOutScope,
    NotFoundError,
    SignedIn,
    end_session,
    identify,
    list_sessions,
    log_in,
    log_out,
    sign_up,
)


@pytest.fixture
async def alice(memory: MemoryPorts) -> list[SignedIn]:
    """Three sessions, a minute apart."""
    first = await sign_up("Alice", "alice@example.com", "secret", Client("192.0.2.1", "one"), ports=memory)
    sessions = [first]
    for name in ("two", "three"):
        memory.clock.advance(minutes=1)
        client = Client("192.0.2.1", name)
        sessions.append(await log_in("alice@example.com", "secret", client, ports=memory))
    return sessions


async def living(memory: MemoryPorts, sessions: list[SignedIn]) -> list[bool]:
    async def lives(signed_in: SignedIn) -> bool:
        try:
            await identify(signed_in.token, ports=memory)
        except InvalidTokenError:
            return False
        return True

    return [await lives(signed_in) for signed_in in sessions]


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (LogOutScope.LOCAL, [True, False, True]),
        (LogOutScope.OTHERS, [False, True, False]),
        (LogOutScope.GLOBAL, [False, False, False]),
    ],
)
async def test_a_log_out_ends_the_sessions_of_its_scope(
    memory: MemoryPorts, alice: list[SignedIn], scope: LogOutScope, expected: list[bool]
) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await log_out(identity_of(alice[1]), scope, ports=memory)
    assert await living(memory, alice) == expected
    assert await living(memory, [bob]) == [True]


async def test_a_log_out_ends_the_session_it_is_asked_through(memory: MemoryPorts, alice: list[SignedIn]) -> None:
    await log_out(identity_of(alice[0]), ports=memory)
    assert await living(memory, alice) == [False, True, True]


async def test_sessions_are_listed_newest_first_until_they_expire(memory: MemoryPorts, alice: list[SignedIn]) -> None:
    identity = identity_of(alice[2])
    listed = await list_sessions(identity, ports=memory)
    assert [session.client.user_agent for session in listed] == ["three", "two", "one"]
    memory.clock.advance(days=7, minutes=-1)
    assert len(await list_sessions(identity, ports=memory)) == 2
    memory.clock.advance(days=1)
    assert await list_sessions(identity, ports=memory) == []


async def test_one_session_is_ended_by_its_id(memory: MemoryPorts, alice: list[SignedIn]) -> None:
    await end_session(identity_of(alice[0]), alice[2].session.id, ports=memory)
    assert await living(memory, alice) == [True, True, False]
    with pytest.raises(NotFoundError):
        await end_session(identity_of(alice[0]), alice[2].session.id, ports=memory)


async def test_another_users_session_is_not_there(memory: MemoryPorts, alice: list[SignedIn]) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    for session_id in (alice[0].session.id, "s_none", "", "x" * 10_000):
        with pytest.raises(NotFoundError):
            await end_session(identity_of(bob), session_id, ports=memory)
    assert await living(memory, alice) == [True, True, True]


async def test_no_session_has_an_id_that_cannot_be_stored(memory: MemoryPorts, alice: list[SignedIn]) -> None:
    for bad in ("s_\x00", "s_\ud800"):
        with pytest.raises(NotFoundError):
            await end_session(Identity(alice[0].user, alice[0].session), bad, ports=memory)
