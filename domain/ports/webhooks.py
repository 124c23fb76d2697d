"""Where webhooks are kept."""

from typing import Protocol

from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.values.ids import WebhookId


class Webhooks(Protocol):
    """The receivers of events; there are never many."""

    async def add(self, webhook: Webhook) -> None:
        """Keeps a new webhook."""

    async def by_id(self, webhook_id: WebhookId) -> Webhook | None:
        """Returns the webhook with this id, if any; looked up to be changed, it stays as it was read."""

    async def all(self) -> list[Webhook]:
        """Returns every webhook, the newest first, and of one instant those with the higher id."""

    async def save(self, webhook: Webhook) -> None:
        """Replaces the webhook that has this id, if any; its creation time stays as it is."""

    async def remove(self, webhook_id: WebhookId) -> None:
        """Removes a webhook, if it is there."""
