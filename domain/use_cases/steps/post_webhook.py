"""Handing an event over to a webhook."""

from collections.abc import Mapping
from datetime import datetime

from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import SecretName, Webhook
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.ids import WebhookId

_ESCAPED = {ord('"'): '\\"', ord("\\"): "\\\\", **{code: f"\\u{code:04x}" for code in range(0x20)}}


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
    about = {"event_id": event.id, "user_id": event.user_id, "actor": event.actor}
    timestamp = event.at.isoformat().removesuffix("+00:00") + "Z"
    data = _object({name: _quoted(value) for name, value in {**about, **event.data, **about}.items()})
    return _object({"type": _quoted(event.type.value), "timestamp": _quoted(timestamp), "data": data})


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_quoted(name)}:{value}" for name, value in members.items()) + "}"


def _quoted(text: str | None) -> str:
    """Returns a text as JSON has it (RFC 8259 section 7); the core has no JSON, and needs none but this."""
    return "null" if text is None else f'"{text.translate(_ESCAPED)}"'


def _names(webhook: Webhook, now: datetime, ports: Ports) -> list[SecretName]:
    """Returns the names of the secrets that sign now: one, or two after a rotation.

    Where the key of the former one is gone, nobody can sign with it; that is no reason to send nothing.
    """
    former = webhook.former_secret_name(now)
    return [webhook.secret_name, *([former] if former and ports.master_keys.has(former.key_id) else [])]
