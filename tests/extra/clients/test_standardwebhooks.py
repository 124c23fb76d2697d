"""What is sent to webhooks, verified by the official library for JavaScript."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadnator_auth.domain import WebhookMessage
from leadnator_auth.domain.entities.webhook_message import shown_secret
from tests.adapters.webhooks.target import listening, sending
from tests.extra.clients.conftest import Call

HERE = Path(__file__).parent
OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
BODY = '{"type":"user.created","data":{"name":"Zoë 😀"}}'


@pytest.fixture
def receiver(folder: Path, call: Call) -> Path:
    """The folder of a receiver, with the library just installed."""
    assert shutil.which("npm"), "this test needs node and npm: apt-get install nodejs npm"
    shutil.copy(HERE / "webhooks.json", folder / "package.json")
    shutil.copy(HERE / "receiver.js", folder)
    call("npm", "install", "--no-package-lock", "--no-audit", "--no-fund")
    return folder


async def test_either_secret_verifies_and_nothing_else_does(receiver: Path, call: Call) -> None:
    async with listening() as target, sending() as sender:
        now = datetime.now(UTC)
        for sent_at in (now, now - timedelta(minutes=6)):
            message = WebhookMessage(id="e_1", url=target.url, sent_at=sent_at, body=BODY, secrets=(NEW, OLD))
            assert await sender.post(message) == 200
        fresh, stale = target.requests

    cases = [(NEW, fresh, BODY), (OLD, fresh, BODY), (OTHER, fresh, BODY), (NEW, fresh, "{}"), (NEW, stale, BODY)]
    received = [
        {"secret": shown_secret(secret), "headers": dict(got.headers), "body": body} for secret, got, body in cases
    ]
    assert fresh.body == stale.body == BODY
    (receiver / "received.json").write_text(json.dumps(received))

    assert call("node", "receiver.js").splitlines() == [
        BODY,
        BODY,
        "No matching signature found",
        "No matching signature found",
        "Message timestamp too old",
    ]
