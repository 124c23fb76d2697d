"""The contract of every SigningKeys."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.errors import ConcurrencyError
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm
from leadnator_auth.testing.contract.checking import assert_utc, in_snapshot, keep, must_raise
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_signing_key

NEXT, SIGNING, RETIRED = KeyState.NEXT, KeyState.SIGNING, KeyState.RETIRED
ONE = "at most one key is next, and at most one signs"


async def kept(unit_of_work: UnitOfWork) -> list[SigningKey]:
    return await in_snapshot(unit_of_work, lambda it: it.signing_keys.all())


@pytest.mark.asyncio
class SigningKeysContract:
    """For SigningKeys. Fixture: `unit_of_work`, over an empty store."""

    async def test_keys_come_back_as_they_were_kept(self, unit_of_work: UnitOfWork) -> None:
        public = PublicKey(SigningAlgorithm.EDDSA, "x" * 43)
        first = attrs.evolve(a_signing_key(1, RETIRED), kid=public.kid, public=public)
        keys = [first, a_signing_key(2, RETIRED), a_signing_key(3, SIGNING), a_signing_key(4)]
        await keep(unit_of_work, *reversed(keys))
        assert await kept(unit_of_work) == keys, (
            "`all` returns every field as it was added, those published first first"
        )
        assert_utc(keys[0].published_at, keys[0].verifies_until)
        async with unit_of_work() as transaction:
            assert await transaction.signing_keys.all() == keys, "`all` is the same in a unit of work that may write"

    async def test_keys_of_one_instant_come_by_kid(self, unit_of_work: UnitOfWork) -> None:
        keys = [attrs.evolve(a_signing_key(number, RETIRED), published_at=NOW) for number in range(5)]
        await keep(unit_of_work, *keys)
        assert await kept(unit_of_work) == sorted(keys, key=lambda key: key.kid), "of one instant, by kid"

    @pytest.mark.parametrize("state", [NEXT, SIGNING])
    async def test_a_second_key_in_a_state_for_one_is_refused(self, unit_of_work: UnitOfWork, state: KeyState) -> None:
        await keep(unit_of_work, a_signing_key(1, state), a_signing_key(2, RETIRED))
        with must_raise(ConcurrencyError, f"{ONE}, whatever is added"):
            await keep(unit_of_work, a_signing_key(3, state))
        with must_raise(ConcurrencyError, f"{ONE}, whatever is changed"):
            async with unit_of_work() as transaction:
                await transaction.signing_keys.change(attrs.evolve(a_signing_key(2, RETIRED), state=state), RETIRED)
        assert await kept(unit_of_work) == [a_signing_key(1, state), a_signing_key(2, RETIRED)]

    async def test_the_state_and_the_times_of_a_key_change(self, unit_of_work: UnitOfWork) -> None:
        key = a_signing_key(1)
        await keep(unit_of_work, key, a_signing_key(2, RETIRED))
        for was, changed in ((NEXT, key.signing(NOW)), (SIGNING, key.signing(NOW).retired(NOW, NOW + HOUR))):
            async with unit_of_work() as transaction:
                other = attrs.evolve(changed, sealed="other", published_at=NOW + timedelta(days=1))
                assert await transaction.signing_keys.change(other, was), "`change` returns whether it did"
                await transaction.commit()
            assert await kept(unit_of_work) == [changed, a_signing_key(2, RETIRED)], (
                "`change` keeps the state and the times of this key, and nothing else"
            )

    async def test_a_key_in_another_state_is_left_as_it_is(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_signing_key(1))
        ended = a_signing_key(1).retired(NOW, NOW)
        async with unit_of_work() as transaction:
            assert not await transaction.signing_keys.change(ended, SIGNING), "`change` is for a key as it was"
            assert not await transaction.signing_keys.change(a_signing_key(2), NEXT), "`change` adds none"
            await transaction.commit()
        assert await kept(unit_of_work) == [a_signing_key(1)], "`change` leaves a key as it is, if that was not as told"

    async def test_of_many_at_once_one_changes_a_key(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_signing_key(1))
        changed = a_signing_key(1).signing(NOW)
        results = await asyncio.gather(
            *(
                run_in_transaction(unit_of_work, lambda each: each.signing_keys.change(changed, NEXT), attempts=20)
                for _ in range(20)
            )
        )
        assert sorted(results) == [False] * 19 + [True], "`change` is one atomic step"

    async def test_a_key_that_was_removed_is_gone(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_signing_key(1, RETIRED), a_signing_key(2))
        async with unit_of_work() as transaction:
            await transaction.signing_keys.remove(a_signing_key(1).kid)
            await transaction.signing_keys.remove("nobody's")
            await transaction.commit()
        assert await kept(unit_of_work) == [a_signing_key(2)], "`remove` is for one key, there or not"

    async def test_a_key_without_a_commit_is_not_kept(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work() as transaction:
            await transaction.signing_keys.add(a_signing_key())
        assert await kept(unit_of_work) == [], "a key belongs to the unit of work that it is added in"
