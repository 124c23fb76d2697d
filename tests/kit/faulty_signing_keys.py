"""Signing keys with a fault, under the published suite that must catch it; run by test_seeded_faults.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from leadnator_auth.adapters.memory import MemoryTransaction, MemoryUnitOfWork
from leadnator_auth.adapters.memory.signing_keys import MemorySigningKeys
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.testing.contract import SigningKeysContract


class Crowded(MemorySigningKeys):
    async def add(self, key: SigningKey) -> None:
        self.tables.signing_keys[key.kid] = key


class Careless(MemorySigningKeys):
    async def change(self, key: SigningKey, was: KeyState) -> bool:
        return await super().change(key, self.tables.signing_keys[key.kid].state)


class OverFaulty(MemoryUnitOfWork):
    keys: ClassVar[type[MemorySigningKeys]]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            transaction.signing_keys = self.keys(transaction.signing_keys.tables)
            yield transaction


class OverCrowded(OverFaulty):
    keys = Crowded


class OverCareless(OverFaulty):
    keys = Careless


class TestTwoThatSign(SigningKeysContract):
    caught_by = "test_a_second_key_in_a_state_for_one_is_refused"
    tells = "at most one signs"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OverCrowded()


class TestChangeOfWhateverState(SigningKeysContract):
    caught_by = "test_of_many_at_once_one_changes_a_key"
    tells = "one atomic step"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OverCareless()
