"""Stores of API keys with one fault each; run by test_seeded_faults.py, as those in faulty_adapters.py are."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryTransaction, MemoryUnitOfWork
from leadnator_auth.adapters.memory.api_keys import MemoryApiKeys
from leadnator_auth.domain.entities.api_key import ApiKey, KeyIdentity
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.values.ids import ApiKeyId, UserId
from leadnator_auth.testing.contract import ApiKeysContract, IdentitiesContract


class EveryUseNoted(MemoryApiKeys):
    async def note_uses(self, uses: Mapping[ApiKeyId, datetime]) -> None:
        for key_id in self.tables.api_keys.keys() & uses.keys():
            key = self.tables.api_keys[key_id]
            self.tables.api_keys[key_id] = attrs.evolve(key, last_used_at=uses[key_id])


class AllRemoved(MemoryApiKeys):
    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[ApiKey]:
        return await super().remove_of_user(user_id)


class With(MemoryUnitOfWork):
    """Units of work with another repository of API keys."""

    keys: type[MemoryApiKeys] = MemoryApiKeys

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            transaction.api_keys = self.keys(transaction.api_keys.tables)
            yield transaction


def over(keys: type[MemoryApiKeys]) -> MemoryUnitOfWork:
    unit_of_work = With()
    unit_of_work.keys = keys
    return unit_of_work


class TestEveryUseNoted(ApiKeysContract):
    caught_by = "test_a_use_is_kept_once_a_minute"
    tells = "any other after a minute"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return over(EveryUseNoted)


class TestAllRemoved(ApiKeysContract):
    caught_by = "test_those_made_since_an_instant_or_all_are_removed"
    tells = "at this instant or later"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return over(AllRemoved)


@attrs.frozen
class Remembering(MemoryIdentities):
    """Remembers whose key it was."""

    remembered: dict[str, KeyIdentity] = attrs.Factory(dict)

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        found = self.remembered.get(digest) or await MemoryIdentities.by_api_key(self, digest)
        if found:
            self.remembered[digest] = found
        return found


class TestRememberedKey(IdentitiesContract):
    caught_by = "test_an_api_key_leads_to_its_user_until_it_is_revoked"
    tells = "nothing may be cached"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork()

    @pytest.fixture
    def identities(self, unit_of_work: MemoryUnitOfWork) -> Remembering:
        return Remembering(unit_of_work)
