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
    def scope(self) -> HTTPScope:
        """What the application is told of it."""


class Parsing(Protocol):
    """A uvicorn protocol behind the guard."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The task that runs it."""

    @property
    def transport(self) -> asyncio.Transport:
        """The connection."""

    @property
    def client(self) -> tuple[str, int] | None:
        """The other end."""

    @property
    def flow(self) -> FlowControl:
        """Whether the connection is read."""

    @property
    def cycle(self) -> Cycle | None:
        """The latest request, answered or not."""

    @property
    def server_state(self) -> ServerState:
        """The headers of every answer."""

    @property
    def root_path(self) -> str:
        """The path that the application is below."""

    @property
    def timeout_keep_alive_task(self) -> asyncio.TimerHandle | None:
        """Closes a connection that is idle after an answer."""

    def stop_idling(self) -> None:
        """Stops that timer."""

    def feed(self, part: bytes) -> None:
        """Hands a checked part of a request to the parser."""
