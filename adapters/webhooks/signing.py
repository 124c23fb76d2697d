"""The headers of a message, as Standard Webhooks 1.0 says."""

from datetime import UTC

from standardwebhooks import Webhook

from leadnator_auth.domain.entities.webhook_message import WebhookMessage

USER_AGENT = "leadnator-auth"


def headers(message: WebhookMessage) -> dict[str, str]:
    """Returns all headers but those of HTTP itself; each secret gives a signature, separated by blanks."""
    sent_at = message.sent_at.astimezone(UTC)  # the library reads whatever it gets as UTC
    signatures = [Webhook(secret).sign(message.id, sent_at, message.body) for secret in message.secrets]
    return {
        "content-type": "application/json",
        "accept": "*/*",
        "accept-encoding": "identity",  # nothing is made of the answer, so nothing need be unpacked
        "user-agent": USER_AGENT,
        "webhook-id": message.id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
