"""Pairs of tokens: the exchange, how long they live, and what ends them, in memory."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthenticationMethod,
    EmailNotVerifiedError,
    EmailVerification,
    EventType,
    InvalidRefreshTokenError,
    InvalidTokenError,
    LogOutScope,
    Policy,
    SignedIn,
    StepUpRequiredError,
    TokenPair,
    TokenPairExistsError,
    change_password,
    change_user,
    delete_account,
    deliver_due_mails,
    identify,
    identify_for_media,
    issue_media_token,
    issue_token_pair,
    list_sessions,
    log_in,
    log_out,
    purge,
    request_password_reset,
    reset_password,
    sign_up,
    step_up,
)
from tests.unit.pairs import EMAIL, HERE, identity_of, is_refused, refreshed, told, works

# The exchange


async def test_the_token_of_the_log_in_stops_and_its_session_is_told_to_have_ended(
    memory: MemoryPorts, alice: SignedIn, pair: TokenPair
) -> None:
    assert not await works(alice.token, memory)
    new = (await identify(pair.access_token, ports=memory)).session
    assert new.id != alice.session.id
    assert told(memory, EventType.SESSION_STARTED, EventType.SESSION_ENDED) == [
        ("session.started", alice.session.id, None),
        ("session.ended", alice.session.id, "token_pair"),
        ("session.started", new.id, None),
    ]


async def test_the_new_session_is_the_same_log_in(memory: MemoryPorts, alice: SignedIn, pair: TokenPair) -> None:
    new = (await identify(pair.access_token, ports=memory)).session
    assert new == attrs.evolve(alice.session, id=new.id, created_at=memory.clock.now())
    assert new.amr == (AuthenticationMethod.PASSWORD,)
    assert pair.refresh_expires_at == alice.session.expires_at
    memory.clock.advance(minutes=9)  # ten after the log-in
    pair = await refreshed(pair.refresh_token, memory)
    with pytest.raises(StepUpRequiredError):
        await delete_account(await identify(pair.access_token, ports=memory), ports=memory)


async def test_nobody_is_told_of_a_new_client_and_no_other_session_ends(alice: SignedIn) -> None:
    policy = Policy(max_sessions=2, new_sign_in_notice=True)
    world = memory_ports(policy=policy)
    first = await sign_up("Alice", EMAIL, "secret", HERE, ports=world)
    second = await log_in(EMAIL, "secret", HERE, ports=world)
    pair = await issue_token_pair(identity_of(second), ports=world)
    assert [await works(token, world) for token in (first.token, pair.access_token)] == [True, True]
    await deliver_due_mails(ports=world)
    assert [mail.kind for mail in world.mailer.notices] == []


async def test_the_oldest_session_goes_first_and_its_refresh_token_with_it() -> None:
    world = memory_ports(policy=Policy(max_sessions=2))
    first = await sign_up("Alice", EMAIL, "secret", HERE, ports=world)
    pair = await issue_token_pair(identity_of(first), ports=world)
    for _ in range(2):
        world.clock.advance(seconds=1)
        await log_in(EMAIL, "secret", HERE, ports=world)
    assert await is_refused(pair.refresh_token, world)
    assert not world.unit_of_work.tables.refresh_families


async def test_a_session_gives_one_pair_whoever_has_an_access_token_of_it(
    memory: MemoryPorts, alice: SignedIn, pair: TokenPair
) -> None:
    with pytest.raises(TokenPairExistsError):
        await issue_token_pair(await identify(pair.access_token, ports=memory), ports=memory)
    assert await works(pair.access_token, memory)
    with pytest.raises(InvalidTokenError):
        await issue_token_pair(identity_of(alice), ports=memory)


async def test_of_sixteen_exchanges_at_once_one_counts(memory: MemoryPorts, alice: SignedIn) -> None:
    tries = (issue_token_pair(identity_of(alice), ports=memory) for _ in range(16))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, TokenPair) for each in outcomes) == 1
    assert sum(isinstance(each, InvalidTokenError) for each in outcomes) == 15
    assert len(memory.unit_of_work.tables.sessions) == 1


async def test_a_media_token_is_made_of_an_access_token_and_dies_with_the_session(
    memory: MemoryPorts, pair: TokenPair
) -> None:
    identity = await identify(pair.access_token, ports=memory)
    media = issue_media_token(identity, "/media", ports=memory)
    assert (await identify_for_media(media.token, "/media/1", ports=memory)).user.id == identity.user.id
    await log_out(identity, ports=memory)
    with pytest.raises(InvalidTokenError):
        await identify_for_media(media.token, "/media/1", ports=memory)


# How long they live


async def test_an_access_token_lives_for_minutes(memory: MemoryPorts, pair: TokenPair) -> None:
    claims = memory.tokens.read(pair.access_token)
    assert pair.expires_in == (claims.expires_at - claims.issued_at).total_seconds() == 300
    memory.clock.advance(seconds=300 + 59)  # with the leeway for clocks
    assert await works(pair.access_token, memory)
    memory.clock.advance(seconds=1)
    assert not await works(pair.access_token, memory)
    again = await refreshed(pair.refresh_token, memory)
    assert await works(again.access_token, memory)


async def test_none_lives_longer_than_the_session(memory: MemoryPorts, alice: SignedIn, pair: TokenPair) -> None:
    memory.clock.instant = alice.session.expires_at - timedelta(seconds=100, microseconds=1)
    pair = await refreshed(pair.refresh_token, memory)
    assert pair.expires_in == 101
    assert memory.tokens.read(pair.access_token).expires_at == alice.session.expires_at
    assert pair.refresh_expires_at == alice.session.expires_at
    memory.clock.instant = alice.session.expires_at - timedelta(seconds=1)
    pair = await refreshed(pair.refresh_token, memory)
    assert pair.expires_in == 1
    memory.clock.advance(microseconds=1)
    assert await is_refused(pair.refresh_token, memory)
    memory.clock.advance(days=1)
    assert await is_refused(pair.refresh_token, memory)


async def test_there_is_no_pair_for_a_session_that_is_over_but_for_the_leeway(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    memory.clock.instant = alice.session.expires_at + timedelta(seconds=30)
    assert await works(alice.token, memory)
    with pytest.raises(InvalidTokenError):
        await issue_token_pair(identity_of(alice), ports=memory)


async def test_a_session_that_was_not_used_for_long_is_over_and_a_refresh_is_a_use() -> None:
    world = memory_ports(policy=Policy(session_idle=timedelta(minutes=10)))
    alice = await sign_up("Alice", EMAIL, "secret", ports=world)
    pair = await issue_token_pair(identity_of(alice), ports=world)
    for _ in range(4):
        world.clock.advance(minutes=9)
        pair = await refreshed(pair.refresh_token, world)
    world.clock.advance(minutes=11)
    assert await is_refused(pair.refresh_token, world)


async def test_the_session_is_listed_as_any_other(memory: MemoryPorts, pair: TokenPair) -> None:
    identity = await identify(pair.access_token, ports=memory)
    assert [each.id for each in await list_sessions(identity, ports=memory)] == [identity.session.id]


# What ends the session


async def test_what_ends_the_session_ends_its_refresh_token(memory: MemoryPorts, alice: SignedIn) -> None:
    async def by_log_out(pair: TokenPair) -> None:
        await log_out(await identify(pair.access_token, ports=memory), ports=memory)

    async def by_global_log_out(pair: TokenPair) -> None:
        await log_out(await identify(pair.access_token, ports=memory), LogOutScope.GLOBAL, ports=memory)

    async def by_reset(pair: TokenPair) -> None:
        await request_password_reset(EMAIL, ports=memory)
        await deliver_due_mails(ports=memory)
        await reset_password(memory.mailer.reset_links[-1].secret, "secret", ports=memory)

    async def by_suspension(pair: TokenPair) -> None:
        for status in ("suspended", "active"):
            await change_user(Actor.operator(), alice.user.id, {"status": status}, ports=memory)

    async def by_purging(pair: TokenPair) -> None:
        memory.clock.advance(days=8)
        await purge(ports=memory)

    for end in (by_log_out, by_global_log_out, by_reset, by_suspension, by_purging):
        pair = await issue_token_pair(identity_of(await log_in(EMAIL, "secret", ports=memory)), ports=memory)
        before = pair
        pair = await refreshed(pair.refresh_token, memory)
        await end(pair)
        assert await is_refused(pair.refresh_token, memory)
        assert await is_refused(before.refresh_token, memory)
    assert not told(memory, EventType.REFRESH_TOKEN_REUSED)


async def test_while_suspended_nothing_is_refreshed(memory: MemoryPorts, alice: SignedIn, pair: TokenPair) -> None:
    await change_user(Actor.operator(), alice.user.id, {"status": "suspended"}, ports=memory)
    assert await is_refused(pair.refresh_token, memory)


async def test_with_the_account_its_refresh_tokens_go(memory: MemoryPorts, pair: TokenPair) -> None:
    await delete_account(await identify(pair.access_token, ports=memory), ports=memory)
    assert await is_refused(pair.refresh_token, memory)
    assert not memory.unit_of_work.tables.refresh_families


async def test_a_session_that_is_spared_goes_on(memory: MemoryPorts, pair: TokenPair) -> None:
    identity = await identify(pair.access_token, ports=memory)
    await change_password(identity, "secret", "another", ports=memory)
    pair = await refreshed(pair.refresh_token, memory)
    memory.clock.advance(minutes=30)
    pair = await refreshed(pair.refresh_token, memory)
    identity = await identify(pair.access_token, ports=memory)
    await step_up(identity, "another", ports=memory)
    pair = await refreshed(pair.refresh_token, memory)
    await delete_account(await identify(pair.access_token, ports=memory), ports=memory)


@pytest.mark.parametrize("scope", LogOutScope)
async def test_a_refresh_that_races_a_log_out_leaves_nothing_that_works(
    memory: MemoryPorts, alice: SignedIn, pair: TokenPair, scope: LogOutScope
) -> None:
    other = identity_of(await log_in(EMAIL, "secret", ports=memory))
    identity = await identify(pair.access_token, ports=memory)
    end = log_out(other if scope is LogOutScope.OTHERS else identity, scope, ports=memory)
    refreshes = [refreshed(pair.refresh_token, memory) for _ in range(8)]
    outcomes = await asyncio.gather(*refreshes[:4], end, *refreshes[4:], return_exceptions=True)
    for outcome in outcomes:
        assert outcome is None or isinstance(outcome, TokenPair | InvalidRefreshTokenError)
        if isinstance(outcome, TokenPair):
            assert not await works(outcome.access_token, memory)
            assert await is_refused(outcome.refresh_token, memory)


async def test_an_address_that_has_to_be_verified_is_asked_for_before_anything_is_used_up() -> None:
    world = memory_ports()
    alice = await sign_up("Alice", EMAIL, "secret", ports=world)
    pair = await issue_token_pair(identity_of(alice), ports=world)
    strict = attrs.evolve(world, policy=Policy(email_verification=EmailVerification.REQUIRED))
    for _ in range(3):
        with pytest.raises(EmailNotVerifiedError):
            await refreshed(pair.refresh_token, strict)
    first = await refreshed(pair.refresh_token, world)
    assert (await refreshed(first.refresh_token, world)).refresh_token != first.refresh_token
