"""Finding the webhook that is meant, in an installation that has webhooks at all."""

import attrs

from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import NotFoundError
from leadnator_auth.domain.ports import Ports, Repositories
from leadnator_auth.domain.values.ids import WebhookId
from leadnator_auth.domain.values.text import is_storable


@attrs.frozen
class SubscribedWebhook:
    """A webhook, and which events it is told of."""

    webhook: Webhook
    subscription: Subscription


def check_webhooks_on(ports: Ports) -> None:
    """Makes sure that there is a master key to derive secrets from, and something to send with.

    Raises: NotFoundError.
    """
    if ports.webhooks is None or not ports.master_keys:
        raise NotFoundError("webhooks are switched off: `leadnator-auth doctor` says what they need")


async def get_webhook(webhook_id: WebhookId, repositories: Repositories) -> SubscribedWebhook:
    """Returns the webhook of this id; looked up to be changed, it stays as it was read.

    Raises: NotFoundError.
    """
    webhook = await repositories.webhooks.by_id(webhook_id) if is_storable(webhook_id) else None
    subscription = None if webhook is None else await repositories.subscriptions.by_id(webhook.id)
    if webhook is None or subscription is None:
        raise NotFoundError
    return SubscribedWebhook(webhook, subscription)
