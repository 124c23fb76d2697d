"""Handing an event over to a webhook."""

from datetime import datetime

from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import SecretName, Webhook
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.ids import WebhookId


async def post_webhook(event: Event, subscription: Subscription, ports: Ports) -> int:
    """Returns the status that the receiver answered with, whatever it is.

    What follows from it is the caller's: from 200 to 299 the delivery is made, 410 disables the webhook, and after all
    others it is tried again.

    Raises: UnavailableError when there is no answer, no sender, no such webhook any more or no key for its secret, in
    words that hold no secret.
    """
    if ports.webhooks is None:
        raise UnavailableError("what sends to webhooks is not installed")
    async with ports.unit_of_work.snapshot() as repositories:
        webhook = await repositories.webhooks.by_id(WebhookId(subscription.id))
    if webhook is None:
        raise UnavailableError("the webhook was removed")
    now = ports.clock.now()
    secrets = tuple(ports.master_keys.derive(name.label, name.key_id) for name in _names(webhook, now, ports))
    message = WebhookMessage(id=event.id, url=webhook.url, sent_at=now, body=body_of(event), secrets=secrets)
    return await ports.webhooks.post(message)


def body_of(event: Event) -> str:
    """Returns an event as webhooks are told of it: compact JSON of the shape that Standard Webhooks recommends."""
    from json import dumps  # with the first message: the core itself needs none

    about = {"event_id": event.id, "user_id": event.user_id, "actor": event.actor}
    timestamp = event.at.isoformat().removesuffix("+00:00") + "Z"
    content = {"type": event.type.value, "timestamp": timestamp, "data": {**about, **event.data, **about}}
    return dumps(content, ensure_ascii=False, separators=(",", ":"))


def _names(webhook: Webhook, now: datetime, ports: Ports) -> list[SecretName]:
    """Returns the names of the secrets that sign now: one, or two after a rotation.

    Where the key of the former one is gone, nobody can sign with it; that is no reason to send nothing.
    """
    former = webhook.former_secret_name(now)
    return [webhook.secret_name, *([former] if former and ports.master_keys.has(former.key_id) else [])]
