"""The WebhookSender over HTTP, with httpx2's connections."""

import asyncio
import logging
import ssl
from collections.abc import Iterator
from datetime import UTC

import httpcore2
import httpx2
from standardwebhooks import Webhook

from leadnator_auth.adapters.webhooks.guarded_network import GuardedNetwork
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.errors import UnavailableError, UnreachableError, WebhookTargetRefusedError

ANSWER_SECONDS = 15.0
"""From the first look at the name to the status of the answer: what Standard Webhooks advises at least."""
MAX_ANSWER_BYTES = 16 * 1024
"""How much is read of an answer, and dropped, so that its connection can take the next message."""
LEFTOVER_SECONDS = 2.0
"""How long that may take."""
MAX_CONNECTIONS, MAX_IDLE_CONNECTIONS, IDLE_SECONDS = 100, 20, 15.0
_MAX_PORT = 65_535
USER_AGENT = "leadnator-auth"

# At DEBUG it quotes what the other side says, who may just repeat what we said.
logging.getLogger("httpcore2").setLevel(logging.WARNING)


class HttpWebhookSender:
    """Posts messages over a few connections that are kept for the next; `close` it when done.

    It follows no redirect, keeps no cookie, reads no proxy, password or other wish from the environment, and unpacks no
    answer. Certificates are verified. The network decides which addresses are connected to.
    """

    def __init__(
        self,
        network: httpcore2.AsyncNetworkBackend | None = None,
        *,
        plain_http: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Takes `http://` only where it may be plain; without an SSL context, whom the system trusts is trusted."""
        self._schemes = {"https", "http"} if plain_http else {"https"}
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context or ssl.create_default_context(),
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=network or GuardedNetwork(),
        )

    async def post(self, message: WebhookMessage) -> int:
        request = self._request(message)
        end = asyncio.get_running_loop().time() + ANSWER_SECONDS
        try:
            async with asyncio.timeout_at(end):
                answer = await self._pool.handle_async_request(request)
        except TimeoutError:
            raise UnavailableError(f"no answer within {ANSWER_SECONDS:g} seconds") from None
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise UnreachableError(_words(error)) from None
        except _FAILURES as error:
            raise UnavailableError(_words(error)) from None
        try:
            await _drop_body(answer, end)
        finally:
            await answer.aclose()
        return answer.status

    async def close(self) -> None:
        """Ends all connections."""
        await self._pool.aclose()

    def _request(self, message: WebhookMessage) -> httpcore2.Request:
        try:
            url = httpx2.URL(message.url)
        except httpx2.InvalidURL:
            raise WebhookTargetRefusedError("its URL is malformed") from None
        if url.scheme not in self._schemes:
            raise WebhookTargetRefusedError("its URL does not begin with https://")
        if not url.host or not 0 < (url.port or 1) <= _MAX_PORT:
            raise WebhookTargetRefusedError("its URL has no host, or an impossible port")
        request = httpx2.Request("POST", url, headers=headers(message), content=message.body.encode())
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        return httpcore2.Request("POST", target, headers=request.headers.raw, content=request.content)


def headers(message: WebhookMessage) -> dict[str, str]:
    """Returns all headers but those of HTTP itself, as Standard Webhooks 1.0 says: each secret gives a signature."""
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


async def _drop_body(answer: httpcore2.Response, end: float) -> None:
    """Reads what is left of an answer, if it is little and soon there; the status stands, whatever becomes of it."""
    size = 0
    try:
        async with asyncio.timeout_at(min(end, asyncio.get_running_loop().time() + LEFTOVER_SECONDS)):
            async for chunk in answer.aiter_stream():
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    return
    except (TimeoutError, *_FAILURES):
        return


_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
    OSError,
)


def _words(error: Exception) -> str:
    """Returns what went wrong in words of our own: those of a library may quote what the other side sent."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "no encrypted connection came about"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
        return "no connection came about"
    if isinstance(error, httpcore2.ProtocolError):
        return "there was no answer, or none in HTTP"
    return "the connection broke"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
