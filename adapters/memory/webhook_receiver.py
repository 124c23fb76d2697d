"""A target of webhooks in memory, for a test to look into."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from leadnator_auth.domain.entities.webhook_message import SECRET_PREFIX, WebhookMessage


@attrs.frozen
class ReceivedWebhook:
    """A message as its target gets it: hand `headers` and `body` to your own receiver, to try that."""

    url: str
    headers: Mapping[str, str]
    body: str

    @property
    def id(self) -> str:
        """The id of the event, the same in each repetition."""
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        """What happened, such as `user.created`."""
        return str(json.loads(self.body)["type"])

    @property
    def timestamp(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(json.loads(self.body)["timestamp"]).astimezone(UTC)

    @property
    def data(self) -> dict[str, Any]:  # JSON
        """All else that is told of it."""
        data: dict[str, Any] = json.loads(self.body)["data"]
        return data

    def is_signed_with(self, secret: str) -> bool:
        """Returns whether one of the signatures was made with this secret, `whsec_…`."""
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
        expected = _signature(key, self.id, self.headers["webhook-timestamp"], self.body)
        return any(hmac.compare_digest(each, expected) for each in self.headers["webhook-signature"].split(" "))


@attrs.define
class WebhookReceiver:
    """Whoever the messages to all webhooks go to: it keeps those that reach it, oldest first.

    It answers `status`; while `failure` is set, nothing reaches it, and sending raises that instead.
    """

    received: list[ReceivedWebhook] = attrs.Factory(list)
    status: int = 200
    failure: Exception | None = None

    async def post(self, message: WebhookMessage) -> int:
        if self.failure is not None:
            raise self.failure
        self.received.append(ReceivedWebhook(message.url, _headers(message), message.body))
        return self.status


def _headers(message: WebhookMessage) -> dict[str, str]:
    timestamp = str(int(message.sent_at.timestamp()))
    signatures = [_signature(secret, message.id, timestamp, message.body) for secret in message.secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(key: bytes, message_id: str, timestamp: str, body: str) -> str:
    """Returns what Standard Webhooks calls a symmetric signature."""
    digest = hmac.digest(key, f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"
