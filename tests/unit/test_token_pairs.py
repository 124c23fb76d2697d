"""Pairs of tokens: exchanging, refreshing, retries, reuse, and what ends them, in memory."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    AuthenticationMethod,
    Client,
    EmailNotVerifiedError,
    EmailVerification,
    EventType,
    Identity,
    InvalidFieldsError,
    InvalidRefreshTokenError,
    InvalidTokenError,
    LogOutScope,
    MailKind,
    MasterKeys,
    MissingFieldsError,
    NotFoundError,
    Policy,
    SignedIn,
    StepUpRequiredError,
    TokenPair,
    TokenPairExistsError,
    TooManyRequestsError,
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
    refresh_token_pair,
    request_password_reset,
    reset_password,
    sign_up,
    step_up,
)
from leadnator_auth.domain.entities.refresh_family import PresentedToken, read_refresh_token, written

EMAIL = "alice@example.com"
HERE, ELSEWHERE = Client("192.0.2.1", "here"), Client("198.51.100.7", "elsewhere")


@pytest.fixture
async def alice(memory: MemoryPorts) -> SignedIn:
    return await sign_up("Alice", EMAIL, "secret", HERE, ports=memory)


@pytest.fixture
async def pair(memory: MemoryPorts, alice: SignedIn) -> TokenPair:
    """The first pair of Alice, made a minute after she signed up."""
    memory.clock.advance(minutes=1)
    return await issue_token_pair(identity_of(alice), ports=memory)


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def refreshed(token: str, ports: MemoryPorts, client: Client = HERE) -> TokenPair:
    return await refresh_token_pair(token, client, ports=ports)


async def works(token: str, ports: MemoryPorts) -> bool:
    try:
        await identify(token, ports=ports)
    except InvalidTokenError:
        return False
    return True


async def is_refused(token: str, ports: MemoryPorts, client: Client = HERE) -> bool:
    with pytest.raises(InvalidRefreshTokenError):
        await refreshed(token, ports, client)
    return True


def told(memory: MemoryPorts, *types: EventType) -> list[tuple[str, str | None, str | None]]:
    return [
        (event.type.value, event.data.get("session_id"), event.data.get("reason"))
        for event in memory.events
        if event.type in types
    ]


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


# Retries and reuse


async def test_each_refresh_has_another_successor(memory: MemoryPorts, pair: TokenPair) -> None:
    pairs = [pair]
    for _ in range(4):
        pairs.append(await refreshed(pairs[-1].refresh_token, memory))
    assert len({each.refresh_token for each in pairs}) == len({each.access_token for each in pairs}) == 5
    assert [await works(each.access_token, memory) for each in pairs] == [True] * 5
    sessions = {memory.tokens.read(each.access_token).session_id for each in pairs}
    assert len(sessions) == 1, "a refresh begins no session"


async def test_a_retry_of_the_last_one_gets_the_same_successor_again(memory: MemoryPorts, pair: TokenPair) -> None:
    for _ in range(3):
        first = await refreshed(pair.refresh_token, memory)
        memory.clock.advance(hours=5)
        again = await refreshed(pair.refresh_token, memory)
        assert again.refresh_token == first.refresh_token
        assert await works(again.access_token, memory)
        pair = again


async def test_of_sixteen_refreshes_at_once_all_get_the_same_successor(memory: MemoryPorts, pair: TokenPair) -> None:
    pairs = await asyncio.gather(*(refreshed(pair.refresh_token, memory) for _ in range(16)))
    assert len({each.refresh_token for each in pairs}) == 1
    assert [await works(each.access_token, memory) for each in pairs] == [True] * 16
    await refreshed(pairs[0].refresh_token, memory)
    assert not told(memory, EventType.REFRESH_TOKEN_REUSED)


async def test_an_older_one_ends_the_session_and_the_owner_is_told(memory: MemoryPorts, pair: TokenPair) -> None:
    second = await refreshed(pair.refresh_token, memory)
    third = await refreshed(second.refresh_token, memory)
    session_id = memory.tokens.read(pair.access_token).session_id
    assert await is_refused(pair.refresh_token, memory, ELSEWHERE)
    assert told(memory, EventType.REFRESH_TOKEN_REUSED, EventType.SESSION_ENDED)[1:] == [
        ("refresh_token.reused", session_id, None),
        ("session.ended", session_id, "refresh_token.reused"),
    ]
    assert [await works(each.access_token, memory) for each in (pair, second, third)] == [False] * 3
    for each in (pair, second, third):
        assert await is_refused(each.refresh_token, memory)
    await deliver_due_mails(ports=memory)
    notice = memory.mailer.notices[-1]
    assert (notice.kind, notice.to.canonical, notice.client) == (MailKind.REFRESH_TOKEN_REUSED, EMAIL, ELSEWHERE)
    assert len(told(memory, EventType.REFRESH_TOKEN_REUSED)) == 1


async def test_other_sessions_go_on(memory: MemoryPorts, pair: TokenPair) -> None:
    other = await log_in(EMAIL, "secret", ports=memory)
    second = await refreshed(pair.refresh_token, memory)
    await refreshed(second.refresh_token, memory)
    assert await is_refused(pair.refresh_token, memory)
    assert await works(other.token, memory)


async def test_notices_have_a_limit_and_every_reuse_is_an_event(memory: MemoryPorts, alice: SignedIn) -> None:
    for _ in range(7):
        signed_in = await log_in(EMAIL, "secret", ports=memory)
        pair = await issue_token_pair(identity_of(signed_in), ports=memory)
        second = await refreshed(pair.refresh_token, memory)
        await refreshed(second.refresh_token, memory)
        assert await is_refused(pair.refresh_token, memory)
    await deliver_due_mails(ports=memory)
    notices = [mail for mail in memory.mailer.notices if mail.kind is MailKind.REFRESH_TOKEN_REUSED]
    assert len(notices) == memory.policy.notices
    assert len(told(memory, EventType.REFRESH_TOKEN_REUSED)) == 7


async def test_a_store_that_was_put_back_to_an_earlier_state_logs_nobody_out(
    memory: MemoryPorts, pair: TokenPair
) -> None:
    backup = memory.unit_of_work.tables.copy()
    stolen = third = await refreshed((await refreshed(pair.refresh_token, memory)).refresh_token, memory)
    newest = await refreshed((await refreshed(third.refresh_token, memory)).refresh_token, memory)
    memory.unit_of_work.tables = backup
    newer = await refreshed(newest.refresh_token, memory)
    assert (await refreshed(newest.refresh_token, memory)).refresh_token == newer.refresh_token
    assert await is_refused(stolen.refresh_token, memory)
    assert await is_refused(newer.refresh_token, memory)


# What ends the session


async def test_what_ends_the_session_ends_its_refresh_token(memory: MemoryPorts, alice: SignedIn) -> None:
    async def by_log_out() -> None:
        await log_out(await identify(pair.access_token, ports=memory), ports=memory)

    async def by_global_log_out() -> None:
        await log_out(await identify(pair.access_token, ports=memory), LogOutScope.GLOBAL, ports=memory)

    async def by_reset() -> None:
        await request_password_reset(EMAIL, ports=memory)
        await deliver_due_mails(ports=memory)
        await reset_password(memory.mailer.reset_links[-1].secret, "secret", ports=memory)

    async def by_suspension() -> None:
        for status in ("suspended", "active"):
            await change_user(Actor.operator(), alice.user.id, {"status": status}, ports=memory)

    async def by_purging() -> None:
        memory.clock.advance(days=8)
        await purge(ports=memory)

    for end in (by_log_out, by_global_log_out, by_reset, by_suspension, by_purging):
        pair = await issue_token_pair(identity_of(await log_in(EMAIL, "secret", ports=memory)), ports=memory)
        before = pair
        pair = await refreshed(pair.refresh_token, memory)
        await end()
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


# The tokens themselves


def changed(token: str) -> list[str]:
    prefix, session, rest = "refresh_", *token.removeprefix("refresh_").split(".", 1)
    number, mac = rest.split(".")
    return [
        f"{prefix}{session}.{int(number) + 1}.{mac}",
        f"{prefix}{session}.0{number}.{mac}",
        f"{prefix}{session}.٣.{mac}",
        f"{prefix}{session}.{number}.{mac[:-1]}",
        f"{prefix}{session}.{number}.{mac}=",
        f"{prefix}{session}.{number}.{mac[:-1]}{'B' if mac[-1] == 'A' else chr(ord(mac[-1]) + 1)}",
        f"{prefix}{session}.{number}.{'A' * 43}",
        f"{prefix}{session[:-1]}.{number}.{mac}",
        f"{prefix}{session}x.{number}.{mac}",
        f"{prefix}.{number}.{mac}",
        f"{prefix}{session}.{'9' * 5000}.{mac}",
        f"{token}\n",
        f" {token}",
        token.upper(),
        token.removeprefix(prefix),
        prefix,
        "x" * 60_000,
    ]


async def test_what_is_not_genuine_is_refused_without_a_look_at_the_store(memory: MemoryPorts, pair: TokenPair) -> None:
    without_store = attrs.evolve(memory, identities=None, unit_of_work=None, rate_limits=None)
    for text in changed(pair.refresh_token):
        assert await is_refused(text, without_store)
    assert await refreshed(pair.refresh_token, memory)


async def test_no_other_token_is_a_refresh_token_nor_the_other_way_round(memory: MemoryPorts, pair: TokenPair) -> None:
    assert await is_refused(pair.access_token, memory)
    assert not await works(pair.refresh_token, memory)


@pytest.mark.parametrize(
    ("value", "error"),
    [(None, MissingFieldsError), ("", MissingFieldsError), (7, InvalidFieldsError), ("a\0", InvalidFieldsError)],
)
async def test_a_refresh_token_is_a_text(memory: MemoryPorts, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        await refresh_token_pair(value, ports=memory)


async def test_nothing_that_is_kept_yields_a_refresh_token(memory: MemoryPorts, pair: TokenPair) -> None:
    (family,) = memory.unit_of_work.tables.refresh_families.values()
    mac = pair.refresh_token.rpartition(".")[2]
    assert mac not in repr(memory.unit_of_work.tables)
    others = MasterKeys(["a key that somebody else made, of 32 bytes or more"])
    assert await is_refused(written(attrs.evolve(family.token, key_id=others.newest_id), others), memory)


async def test_a_new_master_key_makes_new_families_and_the_old_one_reads(memory: MemoryPorts, pair: TokenPair) -> None:
    (old,), new = memory.master_keys.keys, "another master key, of at least 32 bytes"
    rotated = attrs.evolve(memory, master_keys=MasterKeys([new, old]))
    second = await refreshed(pair.refresh_token, rotated)
    assert (await refreshed(pair.refresh_token, memory)).refresh_token == second.refresh_token
    fresh = await issue_token_pair(identity_of(await log_in(EMAIL, "secret", ports=rotated)), ports=rotated)
    without = attrs.evolve(memory, master_keys=MasterKeys([new]))
    fresh = await refreshed(fresh.refresh_token, without)
    assert await is_refused(second.refresh_token, without)
    assert await is_refused(fresh.refresh_token, memory)
    assert not told(memory, EventType.REFRESH_TOKEN_REUSED)
    assert await refreshed(second.refresh_token, memory)


async def test_a_family_takes_the_tokens_of_its_own_key_alone(memory: MemoryPorts, pair: TokenPair) -> None:
    (old,), new = memory.master_keys.keys, "another master key, of at least 32 bytes"
    keys = MasterKeys([old, new])
    (family,) = memory.unit_of_work.tables.refresh_families.values()
    other = written(PresentedToken(family.session_id, 1, MasterKeys([new]).newest_id), keys)
    assert read_refresh_token(other, keys)
    assert await is_refused(other, attrs.evolve(memory, master_keys=keys))


async def test_without_a_master_key_there_are_none(memory: MemoryPorts, alice: SignedIn) -> None:
    off = attrs.evolve(memory, master_keys=MasterKeys())
    with pytest.raises(NotFoundError):
        await issue_token_pair(identity_of(alice), ports=off)
    for text in (None, "", "refresh_x"):
        with pytest.raises(NotFoundError):
            await refresh_token_pair(text, ports=off)
    assert await works(alice.token, off)


async def test_nothing_secret_shows(memory: MemoryPorts, pair: TokenPair) -> None:
    assert pair.refresh_token not in repr(pair)
    assert pair.access_token not in repr(pair)


# Limits


async def test_a_client_that_refreshes_without_end_is_stopped_and_nobody_else_is(
    memory: MemoryPorts, alice: SignedIn, pair: TokenPair
) -> None:
    limit = memory.policy.limits.refresh
    assert limit is not None
    for _ in range(limit.count):
        await refreshed(pair.refresh_token, memory, ELSEWHERE)
    with pytest.raises(TooManyRequestsError):
        await refreshed(pair.refresh_token, memory, ELSEWHERE)
    second = await refreshed(pair.refresh_token, memory, HERE)
    other = await issue_token_pair(identity_of(await log_in(EMAIL, "secret", ports=memory)), ports=memory)
    assert await refreshed(other.refresh_token, memory, ELSEWHERE)
    memory.clock.advance(seconds=limit.interval.total_seconds())
    assert (await refreshed(pair.refresh_token, memory, ELSEWHERE)).refresh_token == second.refresh_token


async def test_the_session_is_listed_as_any_other(memory: MemoryPorts, pair: TokenPair) -> None:
    identity = await identify(pair.access_token, ports=memory)
    assert [each.id for each in await list_sessions(identity, ports=memory)] == [identity.session.id]
