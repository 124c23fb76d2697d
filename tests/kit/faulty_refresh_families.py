"""Stores of refresh tokens with one fault each, under the published suite that must catch it; run by
test_seeded_faults.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from leadnator_auth.adapters.memory import MemoryRepositories, MemorySessions, MemoryTransaction, MemoryUnitOfWork
from leadnator_auth.adapters.memory.refresh_families import MemoryRefreshFamilies
from leadnator_auth.domain.entities.refresh_family import RefreshFamily
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.values.ids import SessionId
from leadnator_auth.testing.contract import RefreshFamiliesContract, RefreshRacesContract


class Altered(MemoryUnitOfWork):
    """Units of work in memory with something about their repositories changed."""

    def alter(self, repositories: MemoryRepositories) -> None:
        """Puts the fault in."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            self.alter(transaction)
            yield transaction


class Upsert(MemoryRefreshFamilies):
    async def save(self, family: RefreshFamily) -> None:
        self.tables.refresh_families[family.session_id] = family


class OverUpsert(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.refresh_families = Upsert(repositories.refresh_families.tables)


class TestSaveThatMakesFamilies(RefreshFamiliesContract):
    caught_by = "test_a_family_comes_back_as_it_was_kept_last"
    tells = "makes no family"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OverUpsert()


class LeavesFamilies(MemorySessions):
    async def end(self, session_id: SessionId) -> bool:
        return self.tables.sessions.pop(session_id, None) is not None


class OverLeavesFamilies(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.sessions = LeavesFamilies(repositories.sessions.tables)


class TestFamiliesThatStay(RefreshFamiliesContract):
    caught_by = "test_a_family_goes_when_its_session_is_ended"
    tells = "goes with its session"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OverLeavesFamilies()


class Deferred(MemoryUnitOfWork):
    """Takes no lock when a unit begins: two of them work on the same state, and the last one wins."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        await asyncio.sleep(0)
        yield MemoryTransaction(self.tables.copy(), self._keep)


class TestRefreshesOverDeferredTransactions(RefreshRacesContract):
    caught_by = "test_a_refresh_that_races_the_end_of_its_session_leaves_nothing_that_works"
    tells = "take turns"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return Deferred()
