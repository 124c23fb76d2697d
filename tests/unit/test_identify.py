"""Identifying the user behind a token, in memory; time is moved, never waited for."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts
from leadnator_auth.domain import (
    AccessPurpose,
    Claims,
    Identity,
    InvalidTokenError,
    SessionId,
    SignedIn,
    Status,
    identify,
    log_in,
    sign_up,
)


async def assert_refused(memory: MemoryPorts, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        await identify(token, ports=memory)


@pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (604_799, True), (604_859, True), (604_860, False)])
async def test_a_token_lives_seven_days_and_the_leeway(
    memory: MemoryPorts, alice: SignedIn, seconds: int, is_good: bool
) -> None:
    memory.clock.advance(seconds=seconds)
    if is_good:
        assert (await identify(alice.token, ports=memory)).user == alice.user
    else:
        await assert_refused(memory, alice.token)


@pytest.mark.parametrize(("seconds", "is_good"), [(-30, True), (-60, True), (-61, False), (-3600, False)])
async def test_a_clock_that_is_behind_takes_a_token_from_the_near_future(
    memory: MemoryPorts, alice: SignedIn, seconds: int, is_good: bool
) -> None:
    memory.clock.advance(seconds=seconds)
    if is_good:
        assert await identify(alice.token, ports=memory)
    else:
        await assert_refused(memory, alice.token)


@pytest.mark.parametrize(
    ("seconds", "is_good"), [(0, False), (539, False), (540, True), (600, True), (604_859, True), (604_860, False)]
)
async def test_a_token_that_begins_later_is_good_from_then_on(
    memory: MemoryPorts, alice: SignedIn, seconds: int, is_good: bool
) -> None:
    claims = memory.tokens.read(alice.token)
    token = memory.tokens.issue(attrs.evolve(claims, not_before=claims.issued_at + timedelta(minutes=10)))
    memory.clock.advance(seconds=seconds)
    if is_good:
        assert (await identify(token, ports=memory)).user == alice.user
        memory.clock.advance(seconds=-seconds)
    await assert_refused(memory, token)


async def test_a_token_that_was_not_made_here_costs_no_look_up(memory: MemoryPorts, alice: SignedIn) -> None:
    class Unasked(MemoryIdentities):
        async def by_session(self, session_id: SessionId) -> Identity | None:
            raise AssertionError("the database was asked")

    ports = attrs.evolve(memory, identities=Unasked(memory.unit_of_work))
    for token in (alice.token + "x", "nonsense", ""):
        with pytest.raises(InvalidTokenError):
            await identify(token, ports=ports)
    with pytest.raises(AssertionError, match="asked"):
        await identify(alice.token, ports=ports)


async def test_a_token_dies_with_its_session_alone(memory: MemoryPorts, alice: SignedIn) -> None:
    again = await log_in("alice@example.com", "secret", ports=memory)
    async with memory.unit_of_work() as transaction:
        await transaction.sessions.end(alice.session.id)
        await transaction.commit()
    await assert_refused(memory, alice.token)
    assert await identify(again.token, ports=memory)


async def test_a_token_dies_with_the_suspension_and_comes_back_after_it(memory: MemoryPorts, alice: SignedIn) -> None:
    for status in (Status.SUSPENDED, Status.ACTIVE):
        async with memory.unit_of_work() as transaction:
            await transaction.users.save(attrs.evolve(alice.user, status=status))
            await transaction.commit()
        if status is Status.SUSPENDED:
            await assert_refused(memory, alice.token)
    assert await identify(alice.token, ports=memory)


async def test_a_token_shows_the_user_as_they_are_now(memory: MemoryPorts, alice: SignedIn) -> None:
    async with memory.unit_of_work() as transaction:
        await transaction.users.save(attrs.evolve(alice.user, plan="Growth"))
        await transaction.commit()
    assert (await identify(alice.token, ports=memory)).user.plan == "Growth"


async def test_one_users_token_does_not_open_anothers_session(memory: MemoryPorts, alice: SignedIn) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    claims = memory.tokens.read(bob.token)
    forged = memory.tokens.issue(attrs.evolve(claims, session_id=alice.session.id))
    await assert_refused(memory, forged)


async def test_a_token_made_for_another_purpose_is_refused(memory: MemoryPorts, alice: SignedIn) -> None:
    claims = memory.tokens.read(alice.token)
    with pytest.raises(InvalidTokenError):
        claims.check([AccessPurpose.MEDIA], memory.clock.now())


async def test_a_token_of_over_8_kib_is_refused_unread(memory: MemoryPorts, alice: SignedIn) -> None:
    class Counting:
        reads = 0

        def issue(self, claims: Claims) -> str:
            return memory.tokens.issue(claims)

        def read(self, token: str) -> Claims:
            self.reads += 1
            return memory.tokens.read(token)

    tokens = Counting()
    ports = attrs.evolve(memory, tokens=tokens)
    for length, reads in ((8 * 1024 + 1, 0), (8 * 1024, 1)):
        with pytest.raises(InvalidTokenError):
            await identify("x" * length, ports=ports)
        assert tokens.reads == reads
