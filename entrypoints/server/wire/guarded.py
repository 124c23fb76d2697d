"""What the guard sees of uvicorn's protocol behind it, and of the request that is answered there."""

import asyncio
from typing import Protocol

from uvicorn._types import HTTPScope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState


class Cycle(Protocol):
    """A request that the application answers under uvicorn."""

    disconnected: bool
    waiting_for_100_continue: bool
    response_started: bool
    response_complete: bool
    message_event: asyncio.Event

    @property
    def scope(self) -> HTTPScope: ...


class Parsing(Protocol):
    """A uvicorn protocol behind the guard; `cycle` is the latest request, answered or not."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def transport(self) -> asyncio.Transport: ...
    @property
    def client(self) -> tuple[str, int] | None: ...
    @property
    def flow(self) -> FlowControl: ...
    @property
    def cycle(self) -> Cycle | None: ...
    @property
    def server_state(self) -> ServerState: ...
    @property
    def root_path(self) -> str: ...
    @property
    def timeout_keep_alive_task(self) -> asyncio.TimerHandle | None: ...

    def stop_idling(self) -> None:
        """Stops the timer that closes a connection which is idle after an answer."""

    def feed(self, part: bytes) -> None:
        """Hands a checked part of a request to the parser."""
