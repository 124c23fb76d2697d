"""Whom a message is handed to: only whoever has a certificate for the name in the URL."""

import ssl
from datetime import UTC, datetime

import pytest
import trustme

from leadnator_auth.adapters.webhooks import GuardedNetwork, HttpWebhookSender
from leadnator_auth.domain import UnavailableError
from leadnator_auth.testing.contract.webhook_sender import a_message
from tests.adapters.mail.certificates import certificate
from tests.adapters.webhooks.target import NAME, listening, on_this_machine, sending


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The one that is trusted."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What a machine has whose owner trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_good_certificate_is_for_the_name_and_not_for_the_address(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    async with listening(certificate(authority, NAME)) as target, sending(trusting) as sender:
        assert await sender.post(a_message(target.url)) == 200
        (got,) = target.requests
        assert got.headers["host"] == f"{NAME}:{target.port}"


@pytest.mark.parametrize("names", [["other.example.com"], ["127.0.0.1"], ["*.org"]])
async def test_a_certificate_for_somebody_else_is_none(
    authority: trustme.CA, trusting: ssl.SSLContext, names: list[str]
) -> None:
    async with listening(certificate(authority, *names)) as target, sending(trusting) as sender:
        with pytest.raises(UnavailableError, match="certificate is not valid: Hostname mismatch"):
            await sender.post(a_message(target.url))
        assert target.requests == []


async def test_a_certificate_that_has_expired_is_none(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    old = certificate(authority, NAME, not_after=datetime(2020, 1, 1, tzinfo=UTC))
    async with listening(old) as target, sending(trusting) as sender:
        with pytest.raises(UnavailableError, match="certificate is not valid: certificate has expired"):
            await sender.post(a_message(target.url))
        assert target.requests == []


async def test_by_default_only_whom_the_system_trusts_is_trusted(authority: trustme.CA) -> None:
    async with listening(certificate(authority, NAME)) as target:
        network = GuardedNetwork(private_targets=True, resolve=on_this_machine)
        sender = HttpWebhookSender(network, plain_http=True)
        with pytest.raises(UnavailableError, match="certificate is not valid: "):
            await sender.post(a_message(target.url))
        assert target.requests == []


async def test_who_does_not_speak_tls_gets_nothing(trusting: ssl.SSLContext) -> None:
    async with listening() as target, sending(trusting) as sender:
        target.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        with pytest.raises(UnavailableError, match="no encrypted connection came about"):
            await sender.post(a_message(target.url.replace("http://", "https://")))
        assert target.requests == []
