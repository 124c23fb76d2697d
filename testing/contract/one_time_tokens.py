"""What every OneTimeTokens must do."""

from datetime import timedelta

import attrs

from leadnator_auth.domain import OneTimeToken, Purpose, User
from leadnator_auth.domain.ports import Expired, Transaction, UnitOfWork
from leadnator_auth.testing.contract.checking import (
    StoreContract,
    assert_five_purged,
    assert_utc,
    at_once,
    keep,
    keep_users,
)
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_token, a_user

ONCE = "`use` finds a usable token and marks it in one atomic step (UPDATE … WHERE used_at IS NULL … RETURNING)"

TRIES = "`spend_try` finds a try and takes it in one atomic step (UPDATE … WHERE tries_left > 0 … RETURNING)"


class OneTimeTokensContract(StoreContract):
    """For OneTimeTokens. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_token_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        used = attrs.evolve(a_token(alice, 2), used_at=NOW, epoch=3, tries_left=5, payload='{"ö": "☕"}')
        of_nobody = attrs.evolve(a_token(alice, 3), user_id=None, address=None)
        await keep(unit_of_work, a_token(alice), used, of_nobody)
        async with unit_of_work.snapshot() as repositories:
            by_digest = repositories.one_time_tokens.by_digest
            kept = await by_digest(a_token(alice).digest)
            assert kept == a_token(alice), "`by_digest` returns every field as it was added"
            assert_utc(kept.issued_at, kept.expires_at)
            kept = await by_digest(used.digest)
            assert kept == used, "`by_digest` returns used tokens, too"
            assert_utc(kept.used_at)
            assert await by_digest(of_nobody.digest) == of_nobody, "a token need not be anybody's"
            assert await by_digest("0" * 64) is None, "an unknown digest finds None"

    async def test_a_token_is_used_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            used = await transaction.one_time_tokens.use(token.digest, NOW)
            assert used == attrs.evolve(token, used_at=NOW), "`use` returns the token as used now"
            assert await transaction.one_time_tokens.use(token.digest, NOW) is None, ONCE
            await transaction.commit()
        async with unit_of_work() as transaction:
            assert await transaction.one_time_tokens.use(token.digest, NOW) is None, "once used, it stays used"

    async def test_of_twenty_at_once_one_uses_the_token(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)

        async def use(transaction: Transaction) -> OneTimeToken | None:
            await transaction.one_time_tokens.by_digest(token.digest)
            return await transaction.one_time_tokens.use(token.digest, NOW)

        outcomes = await at_once(20, unit_of_work, use)
        assert sum(outcome is not None for outcome in outcomes) == 1, f"of twenty at once one wins: {ONCE}"

    async def test_tries_are_spent_until_none_is_left(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = attrs.evolve(a_token(alice), tries_left=2)
        await keep(unit_of_work, token, a_token(alice, 2))
        async with unit_of_work() as transaction:
            spend_try = transaction.one_time_tokens.spend_try
            left = [await spend_try(token.digest, NOW) for _ in range(3)]
            expected = [attrs.evolve(token, tries_left=1), attrs.evolve(token, tries_left=0), None]
            assert left == expected, "`spend_try` returns the token with one try less, until none is left"
            assert await spend_try("0" * 64, NOW) is None, "an unknown digest finds None"
            assert await transaction.one_time_tokens.by_digest(a_token(alice, 2).digest) == a_token(alice, 2), (
                "`spend_try` is for one token"
            )
            used = await transaction.one_time_tokens.use(token.digest, NOW)
            assert used is not None, "`use` asks for no try: the last one may have been the right one"
            assert await spend_try(a_token(alice, 2).digest, NOW + HOUR) is None, "at `expires_at` a token is expired"

    async def test_a_used_token_has_no_tries(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = attrs.evolve(a_token(alice), tries_left=5)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            await transaction.one_time_tokens.use(token.digest, NOW)
            assert await transaction.one_time_tokens.spend_try(token.digest, NOW) is None, "once used, it stays used"

    async def test_of_twenty_guesses_at_once_as_many_are_looked_at_as_there_were_tries(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        token = attrs.evolve(a_token(alice), tries_left=5)
        await keep(unit_of_work, token)

        async def guess(transaction: Transaction) -> OneTimeToken | None:
            await transaction.one_time_tokens.by_digest(token.digest)
            return await transaction.one_time_tokens.spend_try(token.digest, NOW)

        outcomes = await at_once(20, unit_of_work, guess)
        left = sorted(outcome.tries_left for outcome in outcomes if outcome)
        assert left == [0, 1, 2, 3, 4], f"of twenty at once five get a try: {TRIES}"

    async def test_what_was_used_without_a_commit_can_be_used(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            await transaction.one_time_tokens.use(token.digest, NOW)
        async with unit_of_work() as transaction:
            used = await transaction.one_time_tokens.use(token.digest, NOW)
        assert used is not None, "a refused password uses no token up: without a commit, `use` is undone"

    async def test_a_token_expires_to_the_microsecond(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token = a_token(alice)
        await keep(unit_of_work, token)
        async with unit_of_work() as transaction:
            too_late = await transaction.one_time_tokens.use(token.digest, NOW + HOUR)
            assert too_late is None, "at `expires_at` a token is expired"
            last_moment = NOW + HOUR - timedelta(microseconds=1)
            used = await transaction.one_time_tokens.use(token.digest, last_moment)
            assert used is not None, "until `expires_at` a token is usable: keep microseconds"

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
            issued_since = repositories.one_time_tokens.issued_since
            issued = await issued_since(Purpose.RESET, alice.id, NOW, 9)
            expected = [NOW + minutes[n] for n in (1, 2, 3)]
            assert issued == expected, "each token of this user counts that was issued after (not at) the instant"
            assert_utc(*issued)
            assert await issued_since(Purpose.RESET, alice.id, NOW, 2) == expected[1:], (
                "no more than the last `limit` are returned"
            )
            assert len(await issued_since(Purpose.RESET, alice.id, NOW - HOUR, 9)) == 4, "older ones count if asked for"
            assert await issued_since(Purpose.RESET, alice.id, NOW + HOUR, 9) == [], (
                "what was issued before does not count"
            )

    async def test_the_tokens_of_one_user_are_listed(self, unit_of_work: UnitOfWork, alice: User) -> None:
        tokens = [a_token(alice), attrs.evolve(a_token(alice, 2), used_at=NOW, expires_at=NOW), a_token(alice, 3)]
        of_nobody = attrs.evolve(a_token(alice, 5), user_id=None)
        await keep(unit_of_work, *tokens, a_token(a_user("bob"), 4), of_nobody)
        async with unit_of_work.snapshot() as repositories:
            listed = await repositories.one_time_tokens.of_user(alice.id, 10)
            assert sorted(listed, key=lambda token: token.digest) == tokens, "`of_user` returns those of one user, all"
            some = await repositories.one_time_tokens.of_user(alice.id, 2)
            assert len(some) == 2, "`of_user` returns no more than `limit`"

    async def test_a_token_that_was_withdrawn_is_gone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        token, other = a_token(alice, 1), a_token(alice, 2)
        await keep(unit_of_work, token, other)
        async with unit_of_work() as transaction:
            await transaction.one_time_tokens.remove(token.digest)
            await transaction.one_time_tokens.remove("0" * 64)
            await transaction.commit()
        async with unit_of_work() as transaction:
            tokens = transaction.one_time_tokens
            assert await tokens.use(token.digest, NOW) is None, "a withdrawn token cannot be used"
            assert len(await tokens.issued_since(Purpose.RESET, alice.id, NOW - HOUR, 9)) == 1, (
                "a withdrawn token does not count"
            )
            assert await tokens.use(other.digest, NOW) is not None, "`remove` is for one token"

    async def test_expired_tokens_are_purged_a_few_at_a_time(self, unit_of_work: UnitOfWork, alice: User) -> None:
        living = attrs.evolve(a_token(alice, 9), expires_at=NOW + 2 * HOUR)
        await keep(unit_of_work, *(a_token(alice, n) for n in range(1, 6)), living)
        async with unit_of_work() as transaction:
            await assert_five_purged(transaction, Expired.ONE_TIME_TOKENS, NOW + HOUR, NOW + 2 * HOUR)
            kept = await transaction.one_time_tokens.by_digest(living.digest)
            assert kept == living, "`purge` leaves those that have not expired"
