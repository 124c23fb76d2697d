"""Signatures, held against what others publish: the official library, and the specification's own example."""

import base64
import logging
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from leadnator_auth.adapters.webhooks import HttpWebhookSender
from leadnator_auth.adapters.webhooks.sender import headers
from leadnator_auth.domain import UnavailableError, WebhookMessage
from leadnator_auth.domain.entities.webhook_message import shown_secret
from tests.adapters.webhooks.fake_network import NO_TLS, answering
from tests.adapters.webhooks.target import listening, sending

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
BODY = '{"type":"user.created","data":{"name":"Zoë 😀"}}'


def message_to(url: str, sent_at: datetime | None = None) -> WebhookMessage:
    return WebhookMessage(id="e_1", url=url, sent_at=sent_at or datetime.now(UTC), body=BODY, secrets=(NEW, OLD))


def test_the_example_of_the_specification_comes_out() -> None:
    """Standard Webhooks 1.0, "Signature scheme": secret, id, time stamp and payload of its test vectors."""
    message = WebhookMessage(
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        url="https://hooks.example.com/",
        sent_at=datetime.fromtimestamp(1614265330, UTC),
        body='{"test": 2432232314}',
        secrets=(base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),),
    )
    assert headers(message)["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [NEW, OLD], ids=["new secret", "old secret"])
async def test_the_official_library_verifies_what_arrives(secret: bytes) -> None:
    async with listening() as target, sending() as sender:
        await sender.post(message_to(target.url))
        (got,) = target.requests
    payload = Webhook(shown_secret(secret)).verify(got.body.encode(), dict(got.headers))
    assert payload == {"type": "user.created", "data": {"name": "Zoë 😀"}}
    assert got.is_signed_with(shown_secret(secret))


async def test_it_refuses_another_secret_another_body_and_another_time() -> None:
    async with listening() as target, sending() as sender:
        await sender.post(message_to(target.url))
        await sender.post(message_to(target.url, datetime.now(UTC) - timedelta(minutes=6)))
        fresh, stale = target.requests
    for secret, got, body in (
        (OTHER, fresh, fresh.body),
        (NEW, fresh, fresh.body.replace("user.created", "user.deleted")),
        (NEW, stale, stale.body),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(shown_secret(secret)).verify(body, dict(got.headers))
    assert not fresh.is_signed_with(shown_secret(OTHER))


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/geheim-path?t=geheim", "https://127.0.0.1/geheim", "geheim"]
)
async def test_no_secret_is_in_a_repr_an_error_or_the_log(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    message = message_to(url)
    sender = HttpWebhookSender(answering(b"geheim\r\n\r\n"), ssl_context=NO_TLS)
    with pytest.raises(UnavailableError) as error:
        await sender.post(message)
    told = f"{message!r} {message} {error.value!r} {error.value} {caplog.text}"
    for secret in (NEW, OLD):
        signature = Webhook(secret).sign(message.id, message.sent_at, message.body)
        for text in (repr(secret), secret.decode(), shown_secret(secret)[6:], signature, "geheim"):
            assert text not in told


async def test_nothing_of_what_is_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with listening() as target, sending() as sender:
        await sender.post(message_to(f"{target.url}/geheim?t=geheim"))
        (got,) = target.requests
    for text in ("geheim", got.headers["webhook-signature"].split(" ")[0], "Zoë"):
        assert text not in caplog.text
