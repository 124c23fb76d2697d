"""Senders to webhooks with one fault each; run by test_seeded_faults.py, as those in faulty_adapters.py are."""

from datetime import UTC

import attrs
import pytest

from leadnator_auth.adapters.memory import WebhookReceiver
from leadnator_auth.domain import WebhookMessage
from leadnator_auth.testing.contract import WebhookSenderContract
from leadnator_auth.testing.contract.webhook_sender import Answer, Received


class OverReceiver:
    """What all have: a target in memory."""

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


class OnlyTheNewSecret(WebhookReceiver):
    async def post(self, message: WebhookMessage) -> int:
        return await super().post(attrs.evolve(message, secrets=message.secrets[:1]))


class TestOnlyTheNewSecret(OverReceiver, WebhookSenderContract):
    caught_by = "test_each_secret_gives_a_signature"
    tells = "one signature for each secret"

    @pytest.fixture
    def sender(self) -> WebhookReceiver:
        return OnlyTheNewSecret()


class WallClockAsUtc(WebhookReceiver):
    async def post(self, message: WebhookMessage) -> int:
        return await super().post(attrs.evolve(message, sent_at=message.sent_at.replace(tzinfo=UTC)))


class TestWallClockAsUtc(OverReceiver, WebhookSenderContract):
    caught_by = "test_an_instant_is_the_same_in_every_time_zone"
    tells = "convert the instant to UTC"

    @pytest.fixture
    def sender(self) -> WebhookReceiver:
        return WallClockAsUtc()


class FollowsRedirects(WebhookReceiver):
    async def post(self, message: WebhookMessage) -> int:
        status = await super().post(message)
        if 300 <= status < 400:
            await super().post(message)
        return status


class TestFollowsRedirects(OverReceiver, WebhookSenderContract):
    caught_by = "test_every_status_is_an_answer"
    tells = "neither repeat it nor follow a redirect"

    @pytest.fixture
    def sender(self) -> WebhookReceiver:
        return FollowsRedirects()
