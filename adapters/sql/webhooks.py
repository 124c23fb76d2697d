"""Webhooks in SQL."""

import attrs

from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.table import Table, instant, optional_instant, plain
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.values.ids import WebhookId

WEBHOOKS = Table(
    "webhooks",
    Webhook,
    (
        plain("id"),
        plain("url"),
        plain("description"),
        instant("created_at"),
        plain("key_id"),
        plain("generation"),
        plain("former_key_id"),
        optional_instant("former_until"),
    ),
)


@attrs.frozen
class SqlWebhooks:
    """Webhooks on one connection."""

    connection: PooledConnection

    async def add(self, webhook: Webhook) -> None:
        await self.connection.run(WEBHOOKS.insert, **WEBHOOKS.values(webhook))

    async def by_id(self, webhook_id: WebhookId) -> Webhook | None:
        return await WEBHOOKS.find(self.connection, webhook_id)

    async def all(self) -> list[Webhook]:
        # By a range of the key, as every statement: no order of so few is worth an index.
        rows = await self.connection.fetch_all(f"SELECT {WEBHOOKS.columns} FROM webhooks WHERE id > ''")
        return sorted(map(WEBHOOKS.entity, rows), key=lambda each: (each.created_at, each.id), reverse=True)

    async def save(self, webhook: Webhook) -> None:
        values = {name: value for name, value in WEBHOOKS.values(webhook).items() if name != "created_at"}
        await self.connection.run(
            "UPDATE webhooks SET url = :url, description = :description, key_id = :key_id, generation = :generation, "
            "former_key_id = :former_key_id, former_until = :former_until WHERE id = :id",
            **values,
        )

    async def remove(self, webhook_id: WebhookId) -> None:
        await self.connection.run("DELETE FROM webhooks WHERE id = :id", id=webhook_id)
