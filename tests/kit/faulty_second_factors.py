"""Stores of second factors with one fault each; run by test_seeded_faults.py, as those in faulty_adapters.py are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryRepositories, MemoryTransaction, MemoryUnitOfWork
from leadnator_auth.adapters.memory.second_factors import MemoryRecoveryCodes, MemoryTotpFactors
from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.values.ids import FactorId, UserId
from leadnator_auth.testing.contract import RecoveryCodesContract, TotpFactorsContract


class AnyStepButTheLast(MemoryTotpFactors):
    async def take_step(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        factor = self.tables.totp_factors.get(factor_id)
        if factor is None or factor.last_step == step:
            return False
        self.tables.totp_factors[factor_id] = attrs.evolve(factor, last_step=step, last_used_at=now)
        return True


class StepNotKept(MemoryTotpFactors):
    async def take_step(self, factor_id: FactorId, step: int, now: datetime) -> bool:
        factor = self.tables.totp_factors.get(factor_id)
        return factor is not None and factor.last_step < step


class ReadAndNotDeleted(MemoryRecoveryCodes):
    async def take(self, user_id: UserId, digest: str) -> RecoveryCode | None:
        return next((code for code in await self.of_user(user_id) if code.digest == digest), None)


class ForWhoeverHasTheCode(MemoryRecoveryCodes):
    async def take(self, user_id: UserId, digest: str) -> RecoveryCode | None:
        owner = next((each.user_id for each in self.tables.recovery_codes.values() if each.digest == digest), user_id)
        return await super().take(owner, digest)


class With(MemoryUnitOfWork):
    """Units of work with other repositories of second factors."""

    factors: type[MemoryTotpFactors] = MemoryTotpFactors
    codes: type[MemoryRecoveryCodes] = MemoryRecoveryCodes

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            self._alter(transaction)
            yield transaction

    def _alter(self, repositories: MemoryRepositories) -> None:
        repositories.totp_factors = self.factors(repositories.totp_factors.tables)
        repositories.recovery_codes = self.codes(repositories.recovery_codes.tables)


def over(
    factors: type[MemoryTotpFactors] = MemoryTotpFactors, codes: type[MemoryRecoveryCodes] = MemoryRecoveryCodes
) -> MemoryUnitOfWork:
    unit_of_work = With()
    unit_of_work.factors, unit_of_work.codes = factors, codes
    return unit_of_work


class TestStepNotKept(TotpFactorsContract):
    caught_by = "test_of_sixteen_at_once_one_takes_the_step"
    tells = "one atomic step"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return over(StepNotKept)


class TestAnyStepButTheLast(TotpFactorsContract):
    caught_by = "test_a_step_is_taken_once_and_no_earlier_one_after_it"
    tells = "one atomic step"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return over(AnyStepButTheLast)


class TestReadAndNotDeleted(RecoveryCodesContract):
    caught_by = "test_of_sixteen_at_once_one_takes_the_code"
    tells = "one statement"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return over(codes=ReadAndNotDeleted)


class TestForWhoeverHasTheCode(RecoveryCodesContract):
    caught_by = "test_a_code_is_taken_once_by_its_account"
    tells = "its own account's alone"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return over(codes=ForWhoeverHasTheCode)
