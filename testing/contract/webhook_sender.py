"""The contract of every WebhookSender."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import pytest

from leadnator_auth.adapters.memory import ReceivedWebhook
from leadnator_auth.domain import UnavailableError, WebhookMessage
from leadnator_auth.domain.ports import WebhookSender
from leadnator_auth.testing.contract.cancelling import cancelled_at_step
from leadnator_auth.testing.contract.checking import must_raise
from leadnator_auth.testing.contract.samples import NOW

Received = Callable[[], Sequence[ReceivedWebhook]]
Answer = Callable[[int], None]

OLD, NEW = b"o" * 32, b"n" * 32
BODY = '{"type":"user.created","timestamp":"2026-01-01T00:00:00Z","data":{"name":"Zoë 😀","user_id":"u_1"}}'


def a_message(
    url: str, number: int = 1, *, sent_at: datetime = NOW, secrets: tuple[bytes, ...] = (NEW,)
) -> WebhookMessage:
    return WebhookMessage(id=f"e_{number}", url=url, sent_at=sent_at, body=BODY, secrets=secrets)


def signature(secret: bytes, message: ReceivedWebhook) -> str:
    """Returns what Standard Webhooks 1.0 says the signature is."""
    signed = f"{message.headers['webhook-id']}.{message.headers['webhook-timestamp']}.{message.body}"
    return "v1," + base64.b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256)).decode()


@pytest.mark.asyncio
class WebhookSenderContract:
    """For WebhookSender. Fixtures: `sender`; `url`, whose target it reaches; `received`, which returns what that target
    got, oldest first; `answer`, which is told the status that the target answers from then on (200 before).

    Optional: `unreachable`, a sender that reaches nobody.
    """

    @pytest.fixture
    def unreachable(self) -> WebhookSender:
        """A sender that reaches nobody."""
        pytest.skip("override the fixture `unreachable` to test this")

    async def test_a_message_arrives_as_it_is(self, sender: WebhookSender, url: str, received: Received) -> None:
        await sender.post(a_message(url))
        (got,) = received()
        assert (got.url, got.body) == (url, BODY), "the body arrives as it is, in UTF-8: it is what is signed"
        assert got.headers["content-type"].partition(";")[0] == "application/json", "the body is JSON, and says so"
        assert got.headers["webhook-id"] == "e_1", "`webhook-id` is the id of the message"
        assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp())), "`webhook-timestamp` is in whole seconds"

    @pytest.mark.parametrize("secrets", [(NEW,), (NEW, OLD)], ids=["one secret", "two secrets"])
    async def test_each_secret_gives_a_signature(
        self, sender: WebhookSender, url: str, received: Received, secrets: tuple[bytes, ...]
    ) -> None:
        await sender.post(a_message(url, secrets=secrets))
        (got,) = received()
        expected = [signature(secret, got) for secret in secrets]
        assert got.headers["webhook-signature"].split(" ") == expected, (
            "one signature for each secret, in their order, separated by blanks: a receiver may know only one of them"
        )

    async def test_an_instant_is_the_same_in_every_time_zone(
        self, sender: WebhookSender, url: str, received: Received
    ) -> None:
        await sender.post(a_message(url, sent_at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))))
        (got,) = received()
        assert got.headers["webhook-timestamp"] == str(int(NOW.timestamp())), "convert the instant to UTC, then sign"
        assert got.headers["webhook-signature"] == signature(NEW, got), "what is signed is the time stamp that is sent"

    async def test_a_repetition_has_the_same_id_and_a_time_of_its_own(
        self, sender: WebhookSender, url: str, received: Received
    ) -> None:
        for seconds in (0, 30):
            await sender.post(a_message(url, sent_at=NOW + timedelta(seconds=seconds)))
        first, second = (got.headers for got in received())
        assert first["webhook-id"] == second["webhook-id"], "a receiver knows a repetition by its id"
        assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 30, (
            "a receiver refuses what is too old: each attempt has its own time"
        )

    @pytest.mark.parametrize("status", [200, 204, 299, 302, 400, 410, 429, 500, 503])
    async def test_every_status_is_an_answer(
        self, sender: WebhookSender, url: str, received: Received, answer: Answer, status: int
    ) -> None:
        answer(status)
        assert await sender.post(a_message(url)) == status, "return the status, whatever it is"
        assert len(received()) == 1, "one call is one request: neither repeat it nor follow a redirect"

    async def test_twenty_at_once_arrive(self, sender: WebhookSender, url: str, received: Received) -> None:
        await asyncio.gather(*(sender.post(a_message(url, number)) for number in range(20)))
        got = received()
        assert sorted(each.id for each in got) == sorted(f"e_{number}" for number in range(20)), "none is lost"
        assert all(each.headers["webhook-signature"] == signature(NEW, each) for each in got), "none is mixed up"

    async def test_cancelled_at_any_await_the_next_message_arrives(
        self, sender: WebhookSender, url: str, received: Received
    ) -> None:
        for step in range(200):
            finished = await cancelled_at_step(step, sender.post(a_message(url, step)))
            await sender.post(a_message(url, 1000 + step))
            assert f"e_{1000 + step}" in [got.id for got in received()], "who hangs up leaves the sender working"
            if finished:
                return
        pytest.fail("`post` never ran to its end")

    async def test_nobody_to_answer_is_told_so(self, unreachable: WebhookSender, url: str) -> None:
        with must_raise(UnavailableError, "a message that may be taken later must be tried again"):
            await unreachable.post(a_message(url))
