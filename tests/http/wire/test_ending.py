"""A request that waits for something is told that the server ends."""

import asyncio

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from leadnator_auth.entrypoints.http.middleware.envelope import ENDING
from tests.http.wire.hostile import GET
from tests.http.wire.serving import answers_in, everything, serving


class Waits:
    """Answers when the server ends."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/begun":
            await self.begun.wait()
        else:
            self.begun.set()
            await scope["state"][ENDING].wait()
        await PlainTextResponse("over")(scope, receive, send)


def test_what_waits_is_answered_when_the_server_ends(parser: str) -> None:
    with serving(Waits(), parser) as served, served.connect() as connection:
        connection.sendall(GET + b"\r\n")
        served.last_words(b"GET /begun HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        served.begin_to_stop()
        (answer,) = answers_in(everything(connection))
    assert (answer.status, answer.content) == (200, b"over")
