"""What is sent to a webhook (Standard Webhooks 1.0)."""

import base64
from datetime import datetime

import attrs

SECRET_PREFIX = "whsec_"
"""Standard Webhooks: what a symmetric secret begins with, so that it is known for one wherever it turns up."""


def shown_secret(key: bytes) -> str:
    """Returns the secret of a webhook as its owner gets it, and as every library for Standard Webhooks takes it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


@attrs.frozen(kw_only=True)
class WebhookMessage:
    """One attempt to tell one target what happened. Its repr shows no secret, nor the URL, which may hold one."""

    id: str
    """The same for each attempt, so that a receiver can tell a repetition: it is the id of the event."""
    url: str = attrs.field(repr=False)
    sent_at: datetime
    """The time of this attempt; receivers refuse what is older or newer than five minutes."""
    body: str
    """JSON; what is signed, and what arrives, is its UTF-8."""
    secrets: tuple[bytes, ...] = attrs.field(repr=False)
    """Each gives one signature: after a rotation there are two, and a receiver needs one that it knows."""
