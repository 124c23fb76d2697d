"""Refresh tokens: retries, reuse, what they are made of, and their limits, in memory."""

import asyncio

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    EventType,
    InvalidFieldsError,
    MailKind,
    MasterKeys,
    MissingFieldsError,
    NotFoundError,
    Ports,
    SignedIn,
    TokenPair,
    TooManyRequestsError,
    deliver_due_mails,
    issue_token_pair,
    log_in,
    refresh_token_pair,
)
from leadnator_auth.domain.entities.refresh_family import PresentedToken, read_refresh_token, written
from tests.unit.pairs import ELSEWHERE, EMAIL, HERE, identity_of, is_refused, refreshed, told, works

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
    nothing = dict.fromkeys(["identities", "unit_of_work", "rate_limits"])
    without_store = Ports(**attrs.asdict(memory, recurse=False) | nothing)
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
    (old,) = memory.master_keys.keys
    (family,) = memory.unit_of_work.tables.refresh_families.values()
    for number in range(100):  # their ids come before and after that of the family
        new = f"another master key, of at least 32 bytes, {number}"
        keys = MasterKeys([old, new])
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
