"""The published suite of senders to webhooks, over the receiver in memory and HTTP."""

from collections.abc import AsyncIterator

import pytest

from leadnator_auth.adapters.memory import WebhookReceiver
from leadnator_auth.domain import UnavailableError
from leadnator_auth.domain.ports import WebhookSender
from leadnator_auth.testing.contract import WebhookSenderContract
from leadnator_auth.testing.contract.webhook_sender import Answer, Received
from tests.adapters.webhooks.target import Target, listening, sending
from tests.e2e.server import free_port


class TestWebhookReceiver(WebhookSenderContract):
    """The receiver in memory."""

    @pytest.fixture
    def sender(self) -> WebhookReceiver:
        return WebhookReceiver()

    @pytest.fixture
    def url(self) -> str:
        return "https://hooks.example.com/hook"

    @pytest.fixture
    def received(self, sender: WebhookReceiver) -> Received:
        return lambda: sender.received

    @pytest.fixture
    def answer(self, sender: WebhookReceiver) -> Answer:
        def answer(status: int) -> None:
            sender.status = status

        return answer

    @pytest.fixture
    def unreachable(self) -> WebhookSender:
        return WebhookReceiver(failure=UnavailableError("away"))


class TestHttpWebhookSender(WebhookSenderContract):
    """A real target, over HTTP."""

    @pytest.fixture
    async def target(self) -> AsyncIterator[Target]:
        async with listening() as target:
            yield target

    @pytest.fixture
    async def sender(self) -> AsyncIterator[WebhookSender]:
        async with sending() as sender:
            yield sender

    @pytest.fixture
    def url(self, target: Target) -> str:
        return target.url

    @pytest.fixture
    def received(self, target: Target) -> Received:
        return lambda: target.requests

    @pytest.fixture
    def answer(self, target: Target) -> Answer:
        return target.set_status

    @pytest.fixture
    def unreachable(self, sender: WebhookSender, target: Target) -> WebhookSender:
        target.port = free_port()
        return sender
