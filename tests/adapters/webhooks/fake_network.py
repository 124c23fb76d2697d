"""A network without wires, and a loop whose time passes at once: what a target does in 15 seconds takes none."""

import asyncio
import selectors
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import attrs
import httpcore2

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For where there is none: to make one that trusts whom the system trusts takes a while."""
Result = TypeVar("Result")
Reads = Callable[[], AsyncIterator[bytes]]


class _NoWaiting(selectors.DefaultSelector):
    """Instead of waiting for so long, moves the time ahead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("all wait for something that never happens")
        self.now += max(timeout, 0.0)
        events: list[Any] = super().select(0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which begins at zero."""

    def __init__(self) -> None:
        self.waiting = _NoWaiting()
        super().__init__(self.waiting)

    def time(self) -> float:
        return self.waiting.now


def in_virtual_time(work: Coroutine[Any, Any, Result]) -> tuple[Result | Exception, float]:
    """Returns what becomes of it, and how many seconds that took."""

    async def timed() -> tuple[Result | Exception, float]:
        try:
            result: Result | Exception = await work
        except Exception as error:  # noqa: BLE001 (it is what becomes of it)
            result = error
        return result, asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(timed())


async def never() -> None:
    """Waits for ever."""
    await asyncio.Event().wait()


@attrs.define
class FakeStream(httpcore2.AsyncNetworkStream):
    """A connection that reads what a test wants, and keeps what is written."""

    reads: AsyncIterator[bytes]
    takes: Callable[[], Awaitable[None]] | None = None
    shakes_hands: Callable[[], Awaitable[None]] | None = None
    written: bytes = b""
    read_bytes: int = 0
    is_closed: bool = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await anext(self.reads, b"")
        self.read_bytes += len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if self.takes is not None:
            await self.takes()
        self.written += buffer

    async def aclose(self) -> None:
        self.is_closed = True

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        if self.shakes_hands is not None:
            await self.shakes_hands()
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


@attrs.define
class FakeNetwork(httpcore2.AsyncNetworkBackend):
    """Keeps the addresses that were connected to; each connection is a stream of its own."""

    stream: Callable[[], FakeStream]
    before: Callable[[str], Awaitable[None]] | None = None
    connected: list[str] = attrs.Factory(list)
    streams: list[FakeStream] = attrs.Factory(list)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.connected.append(host)
        if self.before is not None:
            try:
                async with asyncio.timeout(timeout):
                    await self.before(host)
            except TimeoutError:
                raise httpcore2.ConnectTimeout from None
        self.streams.append(self.stream())
        return self.streams[-1]


async def at_once(*parts: bytes) -> AsyncIterator[bytes]:
    """Reads these, one after the other, and then the end."""
    for part in parts:
        yield part


def answering(*parts: bytes) -> FakeNetwork:
    """Returns a network in which every host answers this."""
    return FakeNetwork(lambda: FakeStream(at_once(*parts)))


def names(**addresses: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Returns a name server with these names below example.com."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses[host.removesuffix(".example.com")]

    return resolve
