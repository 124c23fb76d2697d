"""Ending what somebody piled up: at once, whatever there is of it, and with a bound to what there can be."""

from collections.abc import Awaitable, Callable

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Client,
    EventType,
    Identity,
    InvalidResetTokenError,
    InvalidTokenError,
    LogOutScope,
    Policy,
    SignedIn,
    change_password,
    change_user,
    delete_user,
    deliver_due_mails,
    end_session,
    identify,
    is_reset_secret_usable,
    list_sessions,
    log_in,
    log_out,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.entities.known_client import MAX_KNOWN_CLIENTS
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.use_cases.steps.end_sessions import MAX_REMOVED

EMAIL, OPERATOR = "alice@example.com", Actor.operator()
PILE = MAX_REMOVED + 50
"""More sessions than go at once."""

End = Callable[[MemoryPorts, SignedIn], Awaitable[object]]


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def pile_up(memory: MemoryPorts, count: int = PILE) -> list[SignedIn]:
    """Logs in again and again, where that was not limited yet."""
    unlimited = attrs.evolve(memory, policy=attrs.evolve(memory.policy, max_sessions=10 * count))
    return [await log_in(EMAIL, "secret", ports=unlimited) for _ in range(count)]


async def mailed_secret(memory: MemoryPorts) -> str:
    await request_password_reset(EMAIL, ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[-1].secret


async def is_good(memory: MemoryPorts, token: str) -> bool:
    try:
        await identify(token, ports=memory)
    except InvalidTokenError:
        return False
    return True


def ended_sessions(memory: MemoryPorts) -> list[str]:
    events = memory.unit_of_work.tables.events.values()
    return [str(event.data["session_id"]) for event in events if event.type is EventType.SESSION_ENDED]


async def reset(memory: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await mailed_secret(memory), "new-secret", ports=memory)


async def suspend(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=memory)
    await change_user(OPERATOR, alice.user.id, {"status": "active"}, ports=memory)


async def delete(memory: MemoryPorts, alice: SignedIn) -> None:
    await delete_user(OPERATOR, alice.user.id, ports=memory)


async def log_out_everywhere(memory: MemoryPorts, alice: SignedIn) -> None:
    await log_out(identity_of(alice), LogOutScope.GLOBAL, ports=memory)


@pytest.mark.parametrize("end", [reset, suspend, delete, log_out_everywhere])
async def test_every_session_of_a_pile_ends_at_once(memory: MemoryPorts, alice: SignedIn, end: End) -> None:
    pile = await pile_up(memory)
    await end(memory, alice)
    assert not any([await is_good(memory, each.token) for each in (alice, *pile)])
    assert sorted(ended_sessions(memory)) == sorted(each.session.id for each in (alice, *pile)), "each is told of, once"


async def test_all_but_one_session_of_a_pile_end_at_once(memory: MemoryPorts, alice: SignedIn) -> None:
    first, *rest = await pile_up(memory)
    await log_out(identity_of(first), LogOutScope.OTHERS, ports=memory)
    assert await is_good(memory, first.token)
    assert not any([await is_good(memory, each.token) for each in (alice, *rest)])
    assert [each.id for each in await list_sessions(identity_of(first), ports=memory)] == [first.session.id]


async def test_a_changed_password_spares_the_session_it_was_changed_in(memory: MemoryPorts, alice: SignedIn) -> None:
    pile = await pile_up(memory)
    await change_password(identity_of(alice), "secret", "new-secret", ports=memory)
    assert await is_good(memory, alice.token)
    assert not any([await is_good(memory, each.token) for each in pile])
    await change_password(identity_of(alice), "new-secret", "third-secret", ports=memory)
    assert await is_good(memory, alice.token)


async def test_ending_a_pile_removes_a_bounded_number_of_rows(memory: MemoryPorts, alice: SignedIn) -> None:
    await pile_up(memory)
    before = len(memory.unit_of_work.tables.sessions)
    await log_out_everywhere(memory, alice)
    assert before - len(memory.unit_of_work.tables.sessions) == MAX_REMOVED


async def test_what_a_pile_left_goes_with_the_next_log_in(memory: MemoryPorts, alice: SignedIn) -> None:
    await pile_up(memory)
    await log_out_everywhere(memory, alice)
    small = attrs.evolve(memory, policy=Policy(max_sessions=3))
    latest = await log_in(EMAIL, "secret", ports=small)
    assert len(memory.unit_of_work.tables.sessions) == 3
    assert await is_good(memory, latest.token)


async def test_a_session_that_ended_with_all_others_cannot_be_ended_again(memory: MemoryPorts, alice: SignedIn) -> None:
    pile = await pile_up(memory)
    await log_out_everywhere(memory, alice)
    fresh = await log_in(EMAIL, "secret", ports=attrs.evolve(memory, policy=Policy(max_sessions=1000)))
    stale = next(each for each in pile if each.session.id in memory.unit_of_work.tables.sessions)
    with pytest.raises(NotFoundError):
        await end_session(identity_of(fresh), stale.session.id, ports=memory)


async def test_a_new_session_ends_the_oldest_over_the_limit(memory: MemoryPorts, alice: SignedIn) -> None:
    ports = attrs.evolve(memory, policy=Policy(max_sessions=3))
    sessions = [alice]
    for _ in range(4):
        memory.clock.advance(minutes=1)
        sessions.append(await log_in(EMAIL, "secret", ports=ports))
    assert [await is_good(memory, each.token) for each in sessions] == [False, False, True, True, True]
    assert len(await list_sessions(identity_of(sessions[-1]), ports=ports)) == 3


async def test_a_session_spared_by_a_log_out_is_not_the_first_to_go(memory: MemoryPorts, alice: SignedIn) -> None:
    """It is older than those that ended, but they are over."""
    ports = attrs.evolve(memory, policy=Policy(max_sessions=3))
    pile = await pile_up(memory)
    await log_out(identity_of(alice), LogOutScope.OTHERS, ports=ports)
    assert len(memory.unit_of_work.tables.sessions) > 3
    await log_in(EMAIL, "secret", ports=ports)
    assert await is_good(memory, alice.token)
    assert not await is_good(memory, pile[-1].token)


async def test_every_end_is_an_event(memory: MemoryPorts, alice: SignedIn) -> None:
    ports = attrs.evolve(memory, policy=Policy(max_sessions=3))
    sessions = [alice, *[await log_in(EMAIL, "secret", ports=ports) for _ in range(4)]]
    await log_out(identity_of(sessions[-1]), LogOutScope.OTHERS, ports=ports)
    await log_out(identity_of(sessions[-1]), ports=ports)
    await log_out(identity_of(sessions[-1]), ports=ports)
    assert sorted(ended_sessions(memory)) == sorted(each.session.id for each in sessions)
    events = [e for e in memory.unit_of_work.tables.events.values() if e.type is EventType.SESSION_ENDED]
    assert [event.data["reason"] for event in events] == ["replaced"] * 2 + ["logged_out"] * 3
    assert {event.actor for event in events} == {alice.user.id}


async def test_a_list_of_sessions_is_no_longer_than_an_account_may_have(memory: MemoryPorts, alice: SignedIn) -> None:
    pile = await pile_up(memory)
    assert len(await list_sessions(identity_of(pile[-1]), ports=memory)) == memory.policy.max_sessions


async def test_the_expiry_of_a_session_counts_whatever_its_token_says(memory: MemoryPorts, alice: SignedIn) -> None:
    sessions = memory.unit_of_work.tables.sessions
    sessions[alice.session.id] = attrs.evolve(alice.session, expires_at=memory.clock.now())
    assert await is_good(memory, alice.token), "within the leeway of clocks"
    memory.clock.advance(seconds=60)
    assert not await is_good(memory, alice.token)


@pytest.mark.parametrize("void", [reset, suspend])
async def test_links_that_were_mailed_before_are_void(memory: MemoryPorts, alice: SignedIn, void: End) -> None:
    secret = await mailed_secret(memory)
    await void(memory, alice)
    assert not await is_reset_secret_usable(secret, ports=memory)
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "third-secret", ports=memory)


HOME = Client(ip="192.0.2.1")


async def test_the_clients_of_an_account_are_few(memory: MemoryPorts, alice: SignedIn) -> None:
    for number in range(MAX_KNOWN_CLIENTS + 20):
        memory.clock.advance(minutes=1)
        await log_in(EMAIL, "secret", Client(ip=f"198.51.100.{number}"), ports=memory)
    known = [client.network for client in memory.unit_of_work.tables.known_clients.values()]
    assert len(known) == MAX_KNOWN_CLIENTS
    assert f"198.51.100.{MAX_KNOWN_CLIENTS + 19}" in known


async def test_a_client_is_written_down_once_a_day(memory: MemoryPorts, alice: SignedIn) -> None:
    await log_in(EMAIL, "secret", HOME, ports=memory)
    (first,) = memory.unit_of_work.tables.known_clients.values()
    memory.clock.advance(hours=23)
    await log_in(EMAIL, "secret", HOME, ports=memory)
    assert list(memory.unit_of_work.tables.known_clients.values()) == [first]
    memory.clock.advance(hours=2)
    await log_in(EMAIL, "secret", HOME, ports=memory)
    (renewed,) = memory.unit_of_work.tables.known_clients.values()
    assert renewed.seen_at == memory.clock.now()


async def test_a_deleted_account_leaves_no_client_behind(memory: MemoryPorts, alice: SignedIn) -> None:
    await log_in(EMAIL, "secret", HOME, ports=memory)
    await delete(memory, alice)
    assert memory.unit_of_work.tables.known_clients == {}
    again = await sign_up("Alice", EMAIL, "secret", ports=memory)
    assert again.user.id != alice.user.id


@pytest.mark.parametrize("scope", list(LogOutScope))
async def test_who_was_deleted_since_the_token_was_checked_can_log_out(
    memory: MemoryPorts, alice: SignedIn, scope: LogOutScope
) -> None:
    await delete(memory, alice)
    await log_out(identity_of(alice), scope, ports=memory)
    assert not await list_sessions(identity_of(alice), ports=memory)
