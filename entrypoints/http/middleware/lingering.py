"""An answer to a body that is too long, sent so that its sender gets to read it."""

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MAX_DRAINED_BYTES = 4 * 1024 * 1024
DRAIN_SECONDS = 2.0


class LingeringResponse(Response):
    """Answers at once, then reads on for a moment before the connection is closed.

    Closing while the client is still sending would reset the connection, and the answer on its way would be lost
    (RFC 9112 section 9.6). Whatever is read is thrown away.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await _drain(receive)
        await send({"type": "http.response.body", "body": b""})


async def _drain(receive: Receive) -> None:
    drained = 0
    while drained < MAX_DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return
        drained += len(message.get("body", b""))
