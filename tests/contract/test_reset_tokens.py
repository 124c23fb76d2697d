"""What every ResetTokens must do."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain import ResetToken, User
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import HOUR, NOW, a_token, a_user


async def keep(unit_of_work: UnitOfWork, *tokens: ResetToken) -> None:
    async with unit_of_work() as transaction:
        for token in tokens:
            await transaction.reset_tokens.add(token)
        await transaction.commit()


async def test_a_token_comes_back_as_it_was_kept(unit_of_work: UnitOfWork, alice: User) -> None:
    used = attrs.evolve(a_token(alice, 2), used_at=NOW)
    await keep(unit_of_work, a_token(alice), used)
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.reset_tokens.by_digest(a_token(alice).digest) == a_token(alice)
        assert await repositories.reset_tokens.by_digest(used.digest) == used
        assert await repositories.reset_tokens.by_digest("0" * 64) is None


async def test_a_token_is_redeemed_once(unit_of_work: UnitOfWork, alice: User) -> None:
    token = a_token(alice)
    await keep(unit_of_work, token)
    async with unit_of_work() as transaction:
        assert await transaction.reset_tokens.redeem(token.digest, NOW) == attrs.evolve(token, used_at=NOW)
        assert await transaction.reset_tokens.redeem(token.digest, NOW) is None
        await transaction.commit()
    async with unit_of_work() as transaction:
        assert await transaction.reset_tokens.redeem(token.digest, NOW) is None


async def test_of_sixteen_at_once_one_redeems_the_token(unit_of_work: UnitOfWork, alice: User) -> None:
    token = a_token(alice)
    await keep(unit_of_work, token)

    async def redeem() -> ResetToken | None:
        async with unit_of_work() as transaction:
            await transaction.reset_tokens.by_digest(token.digest)
            redeemed = await transaction.reset_tokens.redeem(token.digest, NOW)
            await transaction.commit()
        return redeemed

    outcomes = await asyncio.gather(*(redeem() for _ in range(16)))
    assert sum(outcome is not None for outcome in outcomes) == 1


async def test_a_token_expires_to_the_microsecond(unit_of_work: UnitOfWork, alice: User) -> None:
    token = a_token(alice)
    await keep(unit_of_work, token)
    async with unit_of_work() as transaction:
        assert await transaction.reset_tokens.redeem(token.digest, NOW + HOUR) is None
        last_moment = NOW + HOUR - timedelta(microseconds=1)
        assert await transaction.reset_tokens.redeem(token.digest, last_moment) is not None


async def test_voiding_ends_the_unused_tokens_of_one_user(unit_of_work: UnitOfWork, alice: User) -> None:
    bob = a_user("bob")
    async with unit_of_work() as transaction:
        await transaction.users.add(bob)
        await transaction.commit()
    used = attrs.evolve(a_token(alice, 2), used_at=NOW)
    await keep(unit_of_work, a_token(alice, 1), used, a_token(bob, 3))
    later = NOW + timedelta(minutes=1)
    async with unit_of_work() as transaction:
        await transaction.reset_tokens.void_all(alice.id, later)
        await transaction.commit()
    async with unit_of_work() as transaction:
        assert await transaction.reset_tokens.redeem(a_token(alice, 1).digest, later) is None
        assert await transaction.reset_tokens.by_digest(used.digest) == used
        assert await transaction.reset_tokens.redeem(a_token(bob, 3).digest, later) is not None


async def test_mails_are_counted_once_each_and_only_recent_ones(unit_of_work: UnitOfWork, alice: User) -> None:
    bob = a_user("bob")
    async with unit_of_work() as transaction:
        await transaction.users.add(bob)
        await transaction.commit()
    old = attrs.evolve(a_token(alice, 4, "m_old"), issued_at=NOW - HOUR)
    await keep(
        unit_of_work,
        a_token(alice, 1, "m_1"),
        a_token(alice, 2, "m_1"),
        a_token(alice, 3, "m_2"),
        old,
        a_token(bob, 5, "m_3"),
    )
    async with unit_of_work.snapshot() as repositories:
        assert await repositories.reset_tokens.mails_since(alice.id, NOW - HOUR, other_than="m_9") == 2
        assert await repositories.reset_tokens.mails_since(alice.id, NOW - HOUR, other_than="m_1") == 1
        assert await repositories.reset_tokens.mails_since(alice.id, NOW - 2 * HOUR, other_than="m_9") == 3


async def test_expired_tokens_are_purged_a_few_at_a_time(unit_of_work: UnitOfWork, alice: User) -> None:
    living = attrs.evolve(a_token(alice, 9), expires_at=NOW + 2 * HOUR)
    await keep(unit_of_work, *(a_token(alice, n) for n in range(1, 6)), living)
    async with unit_of_work() as transaction:
        assert await transaction.reset_tokens.purge(NOW + HOUR, 10) == 0, "expired at this instant is not before it"
        assert await transaction.reset_tokens.purge(NOW + 2 * HOUR, 2) == 2
        assert await transaction.reset_tokens.purge(NOW + 2 * HOUR, 10) == 3
        assert await transaction.reset_tokens.by_digest(living.digest) == living
