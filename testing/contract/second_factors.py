"""The contracts of every TotpFactors and every RecoveryCodes."""

from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.totp_factor import NEVER, TotpFactor
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Transaction, UnitOfWork
from leadnator_auth.domain.values.ids import FactorId
from leadnator_auth.testing.contract.checking import StoreContract, assert_utc, at_once, keep, keep_users
from leadnator_auth.testing.contract.samples import NOW, a_user

STEP = 59_000_000

ONCE = "`take_step` compares and sets in one atomic step (UPDATE … WHERE last_step < :step … RETURNING)"

CONFIRMED_ONCE = "`confirm` compares and sets in one atomic step (UPDATE … WHERE confirmed_at IS NULL … RETURNING)"

TAKEN_ONCE = "`take` deletes and returns in one statement (DELETE … RETURNING)"


def a_factor(user: User, number: int = 1) -> TotpFactor:
    return TotpFactor(FactorId(f"f_{number}"), user.id, "0123456789abcdef", NOW + timedelta(microseconds=number))


def a_code(user: User, number: int = 1) -> RecoveryCode:
    return RecoveryCode(user.id, f"{number:064x}", NOW + timedelta(microseconds=number))


class TotpFactorsContract(StoreContract):
    """For TotpFactors. Fixture: `unit_of_work`, over an empty store."""

    async def test_factors_come_back_as_they_were_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        used = attrs.evolve(a_factor(alice, 2), confirmed_at=NOW, last_step=STEP, last_used_at=NOW)
        twin = attrs.evolve(a_factor(alice, 3), created_at=used.created_at)
        await keep(unit_of_work, twin, used, a_factor(alice), a_factor(bob, 4))
        async with unit_of_work.snapshot() as repositories:
            kept = await repositories.totp_factors.of_user(alice.id)
            assert kept == [a_factor(alice), used, twin], "`of_user` returns every field, those made first first"
            assert_utc(kept[1].created_at, kept[1].confirmed_at, kept[1].last_used_at)
            assert kept[0].last_step == NEVER
            assert await repositories.totp_factors.of_user(a_user("nobody").id) == [], "an unknown account has none"

    async def test_a_factor_is_confirmed_once(self, unit_of_work: UnitOfWork, alice: User) -> None:
        factor, other = a_factor(alice), a_factor(alice, 2)
        await keep(unit_of_work, factor, other)
        async with unit_of_work() as transaction:
            factors = transaction.totp_factors
            assert await factors.confirm(factor.id, STEP, NOW), "`confirm` returns whether it did"
            assert not await factors.confirm(factor.id, STEP + 1, NOW), CONFIRMED_ONCE
            assert not await factors.confirm(FactorId("f_9"), STEP, NOW), "an unknown factor is not confirmed"
            confirmed = attrs.evolve(factor, confirmed_at=NOW, last_step=STEP, last_used_at=NOW)
            assert await factors.of_user(alice.id) == [confirmed, other], "`confirm` uses the step, of one factor"
            assert not await factors.take_step(factor.id, STEP, NOW), "the code of the set-up is used by it"

    async def test_a_step_is_taken_once_and_no_earlier_one_after_it(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        factor, other = a_factor(alice), a_factor(alice, 2)
        await keep(unit_of_work, factor, other)
        later = NOW + timedelta(seconds=30)
        async with unit_of_work() as transaction:
            take = transaction.totp_factors.take_step
            outcomes = [await take(factor.id, step, later) for step in (STEP, STEP, STEP - 1, STEP + 1)]
            assert outcomes == [True, False, False, True], ONCE
            assert not await take(FactorId("f_9"), STEP, NOW), "an unknown factor has no steps"
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            expected = [attrs.evolve(factor, last_step=STEP + 1, last_used_at=later), other]
            assert await repositories.totp_factors.of_user(alice.id) == expected, "`take_step` is for one factor"

    async def test_of_sixteen_at_once_one_takes_the_step(self, unit_of_work: UnitOfWork, alice: User) -> None:
        factor = a_factor(alice)
        await keep(unit_of_work, factor)

        async def take(transaction: Transaction) -> bool:
            await transaction.totp_factors.of_user(alice.id)
            return await transaction.totp_factors.take_step(factor.id, STEP, NOW)

        outcomes = await at_once(16, unit_of_work, take)
        assert sum(outcomes) == 1, f"of sixteen at once one wins: {ONCE}"

    async def test_a_factor_that_was_removed_is_gone(self, unit_of_work: UnitOfWork, alice: User) -> None:
        factor, other = a_factor(alice), a_factor(alice, 2)
        await keep(unit_of_work, factor, other)
        async with unit_of_work() as transaction:
            factors = transaction.totp_factors
            removed = [await factors.remove(factor.id) for _ in range(2)]
            assert removed == [True, False], "`remove` returns whether it was there"
            assert await factors.of_user(alice.id) == [other], "`remove` is for one factor"

    async def test_factors_go_with_their_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await keep(unit_of_work, a_factor(alice))
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            assert await transaction.totp_factors.of_user(alice.id) == [], "`Users.remove` takes factors along"


class RecoveryCodesContract(StoreContract):
    """For RecoveryCodes. Fixture: `unit_of_work`, over an empty store."""

    async def _kept(self, unit_of_work: UnitOfWork, *codes: RecoveryCode) -> None:
        async with unit_of_work() as transaction:
            for user_id in {code.user_id for code in codes}:
                await transaction.recovery_codes.replace(user_id, [each for each in codes if each.user_id == user_id])
            await transaction.commit()

    async def test_codes_come_back_as_they_were_kept_last(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await self._kept(unit_of_work, a_code(alice, 2), a_code(alice, 1), a_code(bob, 2))
        async with unit_of_work() as transaction:
            codes = transaction.recovery_codes
            kept = await codes.of_user(alice.id)
            assert kept == [a_code(alice, 1), a_code(alice, 2)], "`of_user` returns those of one account, by digest"
            assert_utc(*(code.created_at for code in kept))
            await codes.replace(alice.id, [a_code(alice, 3)])
            assert await codes.of_user(alice.id) == [a_code(alice, 3)], "`replace` leaves none of the earlier codes"
            assert await codes.of_user(bob.id) == [a_code(bob, 2)], "`replace` is for one account"
            await codes.replace(alice.id, ())
            assert await codes.of_user(alice.id) == [], "`replace` takes none as well"

    async def test_a_code_is_taken_once_by_its_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        bob = a_user("bob")
        await keep_users(unit_of_work, bob)
        await self._kept(unit_of_work, a_code(alice, 1), a_code(alice, 2))
        async with unit_of_work() as transaction:
            take = transaction.recovery_codes.take
            assert await take(bob.id, a_code(alice, 1).digest) is None, "a code is its own account's alone"
            taken = [await take(alice.id, a_code(alice, 1).digest) for _ in range(2)]
            assert taken == [a_code(alice, 1), None], TAKEN_ONCE
            assert await transaction.recovery_codes.of_user(alice.id) == [a_code(alice, 2)], "`take` is for one code"

    async def test_of_sixteen_at_once_one_takes_the_code(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await self._kept(unit_of_work, a_code(alice))

        async def take(transaction: Transaction) -> RecoveryCode | None:
            await transaction.recovery_codes.of_user(alice.id)
            return await transaction.recovery_codes.take(alice.id, a_code(alice).digest)

        outcomes = await at_once(16, unit_of_work, take)
        assert sum(outcome is not None for outcome in outcomes) == 1, f"of sixteen at once one wins: {TAKEN_ONCE}"

    async def test_what_was_taken_without_a_commit_can_be_taken(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await self._kept(unit_of_work, a_code(alice))
        async with unit_of_work() as transaction:
            await transaction.recovery_codes.take(alice.id, a_code(alice).digest)
        async with unit_of_work() as transaction:
            taken = await transaction.recovery_codes.take(alice.id, a_code(alice).digest)
        assert taken == a_code(alice), "without a commit, `take` is undone"

    async def test_codes_go_with_their_account(self, unit_of_work: UnitOfWork, alice: User) -> None:
        await self._kept(unit_of_work, a_code(alice))
        async with unit_of_work() as transaction:
            await transaction.users.remove(alice.id)
            assert await transaction.recovery_codes.of_user(alice.id) == [], "`Users.remove` takes codes along"
