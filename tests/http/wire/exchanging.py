"""Feeds connections to a guarded protocol in process and in virtual time: thousands of them take seconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from tests.http.wire.serving import PROTOCOLS, Answer, answers_in

Result = TypeVar("Result")
Conversation = Sequence[bytes | float]
"""What a client sends: packets, and pauses in seconds."""

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
PATIENCE_SECONDS = 300.0
"""Of a client, after its last packet; then it hangs up."""
ONE_TURN_SECONDS = 0.001


class Exchange(NamedTuple):
    """What came back on one connection, up to its end."""

    answers: list[Answer]
    times_told_to_go_on: int
    seconds: float
    """After which nothing more could come, in virtual time."""

    @property
    def statuses(self) -> list[int]:
        """The status of each answer."""
        return [answer.status for answer in self.answers]


def exchanges(app: ASGIApp, parser: str, conversations: Iterable[Conversation]) -> list[Exchange]:
    """Has each conversation on a connection of its own and returns what came back."""

    async def all_of_them() -> list[Exchange]:
        config = configured(app)
        return [await _exchange(config, parser, conversation) for conversation in conversations]

    return in_virtual_time(all_of_them())


def in_virtual_time(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs a coroutine in which no time is spent on waiting."""
    with asyncio.Runner(loop_factory=_VirtualTimeLoop) as runner:
        return runner.run(work)


def configured(app: ASGIApp) -> uvicorn.Config:
    """Returns what uvicorn has to know of an application."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none")
    config.load()
    return config


def connected(config: uvicorn.Config, parser: str, state: ServerState) -> RecordingTransport:
    """Returns the server's end of a new connection."""
    loop = asyncio.get_running_loop()
    make_protocol: Any = PROTOCOLS[parser][0]  # as uvicorn calls it
    protocol = make_protocol(config, state, {}, loop)
    transport = RecordingTransport(loop, protocol)
    protocol.connection_made(transport)
    return transport


def received_from(app: ASGIApp, parser: str, conversation: Conversation) -> bytes:
    """Returns all that came back on the connection of one conversation, as it was."""
    return in_virtual_time(_talk(configured(app), parser, conversation))[0]


async def _exchange(config: uvicorn.Config, parser: str, conversation: Conversation) -> Exchange:
    written, seconds = await _talk(config, parser, conversation)
    return Exchange(answers_in(written.replace(GO_ON, b"")), written.count(GO_ON), seconds)


async def _talk(config: uvicorn.Config, parser: str, conversation: Conversation) -> tuple[bytes, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    transport = connected(config, parser, ServerState())
    for packet in conversation:
        if isinstance(packet, bytes):
            transport.deliver(packet)
        await asyncio.sleep(packet if isinstance(packet, float) else ONE_TURN_SECONDS)
    await asyncio.wait([transport.end], timeout=PATIENCE_SECONDS)
    transport.close()
    await asyncio.sleep(ONE_TURN_SECONDS)
    return bytes(transport.written), transport.end.result() - began


class _VirtualSelector(selectors.SelectSelector):
    """Never waits: where nothing is ready, its time goes on to the next timer at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits for something that never comes"
            self.now += max(0.0, timeout)
        return ready


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers are due as soon as nothing else is left to do."""

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class RecordingTransport(asyncio.Transport):
    """The server's end of a connection to a client that takes whatever comes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._is_closing = False
        self._is_paused = False
        self._unread = bytearray()
        self.written = bytearray()
        self.end: asyncio.Future[float] = loop.create_future()
        """When the last byte had been sent."""

    def deliver(self, data: bytes) -> None:
        """Does what the arrival of a packet does; what is not read now is kept."""
        self._unread += data
        if self._unread and not (self._is_paused or self._is_closing):
            arrived = bytes(self._unread)
            self._unread.clear()
            self._protocol.data_received(arrived)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        assert not self.end.done(), "something was sent after the end"
        self.written += data

    def write_eof(self) -> None:
        if not self.end.done():
            self.end.set_result(self._loop.time())

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.write_eof()
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._is_closing

    def pause_reading(self) -> None:
        self._is_paused = True

    def resume_reading(self) -> None:
        self._is_paused = False
        self._loop.call_soon(self.deliver, b"")

    def get_extra_info(self, name: str, default: object = None) -> Any:  # as in asyncio
        return {"peername": ("192.0.2.1", 40000), "sockname": ("192.0.2.2", 8000)}.get(name, default)
