"""Messages to webhooks, signed by `standardwebhooks` and sent by `httpx2`: the extra `webhooks`."""

from leadnator_auth.adapters.webhooks.guarded_network import GuardedNetwork
from leadnator_auth.adapters.webhooks.sender import HttpWebhookSender

__all__ = ["GuardedNetwork", "HttpWebhookSender"]
