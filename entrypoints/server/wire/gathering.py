"""A transport that sends the head and the body of an answer together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

MAX_GATHERED_BYTES = 64 * 1024


class GatheringTransport(asyncio.Transport):
    """Passes whatever is written in one turn of the event loop to another transport in one go.

    uvicorn writes a head and its body separately, and each write is a system call and a packet: together they are the
    most expensive part of a short answer.

    Nothing is written after its end. `linger` is called before the connection is closed: it returns whether it ends
    the connection in another way.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, linger: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._linger = linger
        self._parts: list[bytes | bytearray | memoryview[Any]] = []
        self._size = 0
        self._has_ended = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self._has_ended:
            return
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MAX_GATHERED_BYTES:
            self._flush()

    def write_eof(self) -> None:
        self._flush()
        self._has_ended = True
        self._transport.write_eof()

    def close(self) -> None:
        if self._linger():
            return
        self._flush()
        self._has_ended = True
        self._transport.close()

    def abort(self) -> None:
        self._parts.clear()
        self._has_ended = True
        self._transport.abort()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        return self._has_ended or self._transport.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> Any:  # as in asyncio
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        if not self._parts:
            return
        gathered = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if not self._transport.is_closing():
            self._transport.write(gathered)
