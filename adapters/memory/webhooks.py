"""Webhooks over one copy of the tables."""

from operator import attrgetter

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.values.ids import WebhookId


@attrs.frozen
class MemoryWebhooks:
    """Webhooks over one copy of the tables."""

    tables: Tables

    async def add(self, webhook: Webhook) -> None:
        self.tables.webhooks[webhook.id] = webhook

    async def by_id(self, webhook_id: WebhookId) -> Webhook | None:
        return self.tables.webhooks.get(webhook_id)

    async def all(self) -> list[Webhook]:
        return sorted(self.tables.webhooks.values(), key=attrgetter("created_at", "id"), reverse=True)

    async def save(self, webhook: Webhook) -> None:
        kept = self.tables.webhooks.get(webhook.id)
        if kept:
            self.tables.webhooks[webhook.id] = attrs.evolve(webhook, created_at=kept.created_at)

    async def remove(self, webhook_id: WebhookId) -> None:
        self.tables.webhooks.pop(webhook_id, None)
