"""The adapter that sends messages to webhooks, as the settings say and if its libraries are there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.ports import WebhookSender
from leadnator_auth.entrypoints.settings import Settings

if TYPE_CHECKING:
    from leadnator_auth.adapters.webhooks import HttpWebhookSender

LIBRARIES = ("httpcore2", "httpx2", "standardwebhooks")
"""What the extra `webhooks` installs."""


def missing_libraries() -> list[str]:
    """Returns which libraries of the extra `webhooks` are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


@asynccontextmanager
async def opened_webhooks(settings: Settings) -> AsyncIterator[WebhookSender | None]:
    """Lends who sends to webhooks, or None where the extra is not installed."""
    if missing_libraries():
        yield None
        return
    sender = _OpenedLate(lambda: _sender(settings))
    try:
        yield sender
    finally:
        await sender.close()


class _OpenedLate:
    """A sender that is made for its first message, in a thread: importing its libraries takes a fifth of a second."""

    def __init__(self, make: "Callable[[], HttpWebhookSender]") -> None:
        self._make = make
        self._sender: HttpWebhookSender | None = None
        self._making = asyncio.Lock()

    async def post(self, message: WebhookMessage) -> int:
        async with self._making:
            if self._sender is None:
                self._sender = await asyncio.to_thread(self._make)
        return await self._sender.post(message)

    async def close(self) -> None:
        """Ends the connections, if there were any."""
        if self._sender is not None:
            await self._sender.close()


def _sender(settings: Settings) -> "HttpWebhookSender":
    from leadnator_auth.adapters.webhooks import GuardedNetwork, HttpWebhookSender  # not needed to start without

    private = settings.webhook_private_targets == "on"
    return HttpWebhookSender(GuardedNetwork(private_targets=private), plain_http=private)
