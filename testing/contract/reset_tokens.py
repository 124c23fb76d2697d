"""The contract of every ResetTokens."""

import asyncio
from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.reset_token import ResetToken
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, keep_users
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_token, a_user

ONCE = "`redeem` finds a usable token and marks it in one atomic step (UPDATE … WHERE used_at IS NULL … RETURNING)"


async def keep(unit_of_work: UnitOfWork, *tokens: ResetToken) -> None:
    async with unit_of_work() as transaction:
        for token in tokens:
            await transaction.reset_tokens.add(token)
        await transaction.commit()


class ResetTokensContract(StoreContract):
    """For ResetTokens. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_token_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        used = attrs.evolve(a_token(alice, 2), used_at=NOW, epoch=3)
        await keep(unit_of_work, a_token(alice), used)
        async with unit_of_work.snapshot() as repositories:
            by_digest = repositories.reset_tokens.by_digest
            kept = await by_digest(a_token(alice).digest)
            assert kept == a_token(alice), "`by_digest` returns every field as it was added"
            assert_utc(kept.issued_at, kept.expires_at)
            kept = await by_digest(used.digest)
            assert kept == used, "`by_digest` returns used tokens, too"
            assert_utc(kept.used_at)
            assert await by_digest("0" * 64) is None, "an unknown digest finds None"

    async def test_a_token_is_redeemed_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            redeemed = await transaction.reset_tokens.redeem(token.digest, NOW)
            assert redeemed == attrs.evolve(token, used_at=NOW), "`redeem` returns the token as used now"
            assert await transaction.reset_tokens.redeem(token.digest, NOW) is None, ONCE
            await transaction.commit()
        async with unit_of_work() as transaction:
            assert await transaction.reset_tokens.redeem(token.digest, NOW) is None, "once used, it stays used"

    async def test_of_twenty_at_once_one_redeems_the_token(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)

        async def redeem() -> ResetToken | None:
            async with unit_of_work() as transaction:
                await transaction.reset_tokens.by_digest(token.digest)
                redeemed = await transaction.reset_tokens.redeem(token.digest, NOW)
                await transaction.commit()
            return redeemed

        outcomes = await asyncio.gather(*(redeem() for _ in range(20)))
        assert sum(outcome is not None for outcome in outcomes) == 1, f"of twenty at once one wins: {ONCE}"

    async def test_what_was_redeemed_without_a_commit_can_be_redeemed(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            await transaction.reset_tokens.redeem(token.digest, NOW)
        async with unit_of_work() as transaction:
            redeemed = await transaction.reset_tokens.redeem(token.digest, NOW)
        assert redeemed is not None, "a refused password uses no token up: without a commit, `redeem` is undone"

    async def test_a_token_expires_to_the_microsecond(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            too_late = await transaction.reset_tokens.redeem(token.digest, NOW + HOUR)
            assert too_late is None, "at `expires_at` a token is expired"
            last_moment = NOW + HOUR - timedelta(microseconds=1)
            redeemed = await transaction.reset_tokens.redeem(token.digest, last_moment)
            assert redeemed is not None, "until `expires_at` a token is usable: keep microseconds"

    async def test_it_is_known_when_the_tokens_of_a_user_were_issued(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        minutes = [timedelta(minutes=n) for n in range(4)]
        await keep(
            unit_of_work,
            attrs.evolve(a_token(alice, 3, "m_2"), issued_at=NOW + minutes[3]),
            attrs.evolve(a_token(alice, 1, "m_1"), issued_at=NOW + minutes[1], used_at=NOW + minutes[2]),
            attrs.evolve(a_token(alice, 2, "m_1"), issued_at=NOW + minutes[2]),
            attrs.evolve(a_token(alice, 4, "m_old"), issued_at=NOW),
            attrs.evolve(a_token(bob, 5, "m_3"), issued_at=NOW + minutes[2]),
        )
        async with unit_of_work.snapshot() as repositories:
            issued_since = repositories.reset_tokens.issued_since
            issued = await issued_since(alice.id, NOW, 9)
            expected = [NOW + minutes[n] for n in (1, 2, 3)]
            assert issued == expected, "each token of this user counts that was issued after (not at) the instant"
            assert_utc(*issued)
            assert await issued_since(alice.id, NOW, 2) == expected[1:], "no more than the last `most` are returned"
            assert len(await issued_since(alice.id, NOW - HOUR, 9)) == 4, "older ones count if asked for"
            assert await issued_since(alice.id, NOW + HOUR, 9) == [], "what was issued before does not count"

    async def test_a_token_that_was_withdrawn_is_gone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token, other = a_token(alice, 1), a_token(alice, 2)
        await keep(unit_of_work, token, other)
        async with unit_of_work() as transaction:
            await transaction.reset_tokens.withdraw(token.digest)
            await transaction.reset_tokens.withdraw("0" * 64)
            await transaction.commit()
        async with unit_of_work() as transaction:
            tokens = transaction.reset_tokens
            assert await tokens.redeem(token.digest, NOW) is None, "a withdrawn token cannot be redeemed"
            assert len(await tokens.issued_since(alice.id, NOW - HOUR, 9)) == 1, "a withdrawn token does not count"
            assert await tokens.redeem(other.digest, NOW) is not None, "`withdraw` is for one token"

    async def test_expired_tokens_are_purged_a_few_at_a_time(self, unit_of_work: UnitOfWork, alice: User) -> None:
        living = attrs.evolve(a_token(alice, 9), expires_at=NOW + 2 * HOUR)
        await keep(unit_of_work, *(a_token(alice, n) for n in range(1, 6)), living)
        async with unit_of_work() as transaction:
            purge = transaction.reset_tokens.purge
            assert await purge(NOW + HOUR, 10) == 0, "what expires at this instant did not expire before it"
            assert await purge(NOW + 2 * HOUR, 2) == 2, "`purge` removes no more than `most`, and says how many"
            assert await purge(NOW + 2 * HOUR, 10) == 3, "`purge` removes all that expired before the instant"
            kept = await transaction.reset_tokens.by_digest(living.digest)
            assert kept == living, "`purge` leaves those that have not expired"
