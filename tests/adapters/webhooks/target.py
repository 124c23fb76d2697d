"""A target of webhooks that listens on this machine, and a name server that says what a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs

from leadnator_auth.adapters.memory import ReceivedWebhook
from leadnator_auth.adapters.webhooks import GuardedNetwork, HttpWebhookSender
from tests.e2e.server import HOST

NAME = "hooks.example.com"


@attrs.define
class Target:
    """What it got, and what it answers; a connection is kept for further requests."""

    port: int = 0
    scheme: str = "http"
    requests: list[ReceivedWebhook] = attrs.Factory(list)
    connections: int = 0
    greeting: bytes = b""
    """What it says before it is asked anything."""
    answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    @property
    def url(self) -> str:
        """Where it is, by its name."""
        return f"{self.scheme}://{NAME}:{self.port}/hook"

    def set_status(self, status: int) -> None:
        """Answers this status, without a body; a redirect leads back to it."""
        length = "" if status == 204 else "content-length: 0\r\n"
        self.answer = f"HTTP/1.1 {status} Whatever\r\nlocation: {self.url}\r\n{length}\r\n".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one connection."""
        self.connections += 1
        writer.write(self.greeting)
        try:
            while True:
                head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
                fields = (line.partition(":") for line in lines)
                headers = {name.lower(): value.strip() for name, _, value in fields}
                body = (await reader.readexactly(int(headers["content-length"]))).decode()
                url = f"{self.scheme}://{headers['host']}{head.split(' ')[1]}"
                self.requests.append(ReceivedWebhook(url, headers, body))
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Target]:
    """Lends a target, with TLS where it has a context."""
    target = Target(scheme="https" if tls else "http")
    server = await asyncio.start_server(target.serve, HOST, 0, ssl=tls)
    target.port = server.sockets[0].getsockname()[1]
    try:
        yield target
    finally:
        server.close()


async def on_this_machine(host: str, port: int) -> Sequence[str]:
    """Resolves every name to this machine."""
    return [HOST]


@asynccontextmanager
async def sending(ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[HttpWebhookSender]:
    """Lends a sender that may reach this machine by any name."""
    network = GuardedNetwork(private_targets=True, resolve=on_this_machine)
    sender = HttpWebhookSender(network, plain_http=True, ssl_context=ssl_context)
    try:
        yield sender
    finally:
        await sender.close()
