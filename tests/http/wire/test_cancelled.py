"""A request that is cancelled, because the process ends: its connection does, too, and says nothing more."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from leadnator_auth.entrypoints.http.middleware.envelope import Envelope
from tests.http.wire.exchanging import ONE_TURN_SECONDS, configured, connected, in_virtual_time
from tests.http.wire.hostile import GET, POST

pytestmark = pytest.mark.usefixtures("logs")

HALF_A_BODY = b"Content-Length: 10\r\n\r\nhello"


async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
    """Never answers; on the way to /begin after the beginning of an answer, on the way to /read after half a body."""
    if scope["path"] == "/begin":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"hello", "more_body": True})
    if scope["path"] == "/read":
        await receive()
    await asyncio.Event().wait()


def written_to(parser: str, sent: bytes) -> bytes:
    """Returns what is written to a client that sent this when its request is cancelled, and checks that all is over."""

    async def cancelled() -> bytes:
        state = ServerState()
        transport = connected(configured(Envelope(hangs)), parser, state)
        transport.deliver(sent)
        await asyncio.sleep(ONE_TURN_SECONDS)
        assert len(state.tasks) == 1
        for task in state.tasks:
            task.cancel()
        await asyncio.sleep(ONE_TURN_SECONDS)
        assert (transport.is_closing(), state.tasks, state.connections) == (True, set(), set())
        return bytes(transport.written)

    return in_virtual_time(cancelled())


@pytest.mark.parametrize(
    "sent",
    [
        GET + b"\r\n",
        POST + HALF_A_BODY,
        POST.replace(b"/", b"/read", 1) + HALF_A_BODY,
        POST + HALF_A_BODY + b"world" + GET + b"\r\n",
        GET + b"Connection: close\r\n\r\n",
    ],
)
def test_it_gets_no_answer(parser: str, sent: bytes) -> None:
    assert written_to(parser, sent) == b""


def test_an_answer_that_had_begun_breaks_off(parser: str) -> None:
    written = written_to(parser, GET.replace(b"/", b"/begin", 1) + b"\r\n")
    assert written.startswith(b"HTTP/1.1 200 ")
    assert written.endswith(b"\r\n\r\nhello")
    assert written.count(b"HTTP/1.1") == 1
