"""Webhooks with a fault, under the published suite that must catch it; run by test_seeded_faults.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from leadnator_auth.adapters.memory import MemoryTransaction, MemoryUnitOfWork
from leadnator_auth.adapters.memory.webhooks import MemoryWebhooks
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.testing.contract import WebhooksContract


class Upserting(MemoryWebhooks):
    async def save(self, webhook: Webhook) -> None:
        self.tables.webhooks[webhook.id] = webhook


class OverUpserting(MemoryUnitOfWork):
    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            transaction.webhooks = Upserting(transaction.webhooks.tables)
            yield transaction


class TestSaveThatAdds(WebhooksContract):
    caught_by = "test_a_webhook_is_replaced_but_for_its_creation_time"
    tells = "adds none"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OverUpserting()
