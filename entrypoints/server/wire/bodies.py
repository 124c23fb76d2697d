"""The end of a request's body (RFC 9112 sections 6 and 7)."""

import re

from leadnator_auth.entrypoints.server.wire.heads import are_trailers
from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError

MAX_SIZE_LINE_BYTES = 256
MAX_TRAILER_BYTES = 8 * 1024

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15}+)(?:[ \t]*+;[\t\x20-\x7e\x80-\xff]*+)?\r\n")


class CountedBody:
    """A body whose length the head declares."""

    def __init__(self, length: int) -> None:
        self._missing = length

    @property
    def is_complete(self) -> bool:
        """Whether all of it has been taken."""
        return self._missing == 0

    def take(self, buffer: bytearray) -> bytes:
        """Removes whatever belongs to the body from the start of the buffer, and returns it."""
        part = bytes(buffer[: self._missing])
        del buffer[: len(part)]
        self._missing -= len(part)
        return part


class ChunkedBody:
    """A body in chunks.

    The parser is given the same chunks in their plainest form: no extensions, no trailers, which RFC 9112 section 7.1
    lets a recipient drop, and which uvicorn would add to the headers of a request that is being served.
    """

    def __init__(self) -> None:
        self._missing = 0
        self._needs_line_end = False
        self._has_ended = False
        self.is_complete = False

    def take(self, buffer: bytearray) -> bytes:
        """Removes whatever belongs to the body from the start of the buffer, and returns it for the parser.

        Raises: RefusedError.
        """
        taken = bytearray()
        while not self.is_complete and (part := self._step(buffer)):
            taken += part
        return bytes(taken)

    def _step(self, buffer: bytearray) -> bytes:
        """Returns the next part; nothing when more has to arrive first."""
        if self._missing:
            return self._take_data(buffer)
        if self._needs_line_end:
            return self._take_line_end(buffer)
        return self._take_trailers(buffer) if self._has_ended else self._take_size(buffer)

    def _take_size(self, buffer: bytearray) -> bytes:
        line = _SIZE_LINE.match(buffer, 0, MAX_SIZE_LINE_BYTES)
        if line is None:
            if b"\n" in buffer or len(buffer) >= MAX_SIZE_LINE_BYTES:
                raise RefusedError(Reason.BAD_CHUNK)
            return b""
        self._missing = int(line[1], 16)
        self._has_ended = not self._missing
        del buffer[: line.end()]
        return b"%x\r\n" % self._missing

    def _take_data(self, buffer: bytearray) -> bytes:
        part = bytes(buffer[: self._missing])
        del buffer[: len(part)]
        self._missing -= len(part)
        self._needs_line_end = True
        return part

    def _take_line_end(self, buffer: bytearray) -> bytes:
        if not b"\r\n".startswith(buffer[:2]):
            raise RefusedError(Reason.BAD_CHUNK)
        if len(buffer) < 2:
            return b""
        del buffer[:2]
        self._needs_line_end = False
        return b"\r\n"

    def _take_trailers(self, buffer: bytearray) -> bytes:
        end = 0 if buffer.startswith(b"\r\n") else buffer.find(b"\r\n\r\n", 0, MAX_TRAILER_BYTES) + 2
        if end == 1:
            if len(buffer) >= MAX_TRAILER_BYTES:
                raise RefusedError(Reason.BAD_CHUNK)
            return b""
        if not are_trailers(bytes(buffer[: end + 2])):
            raise RefusedError(Reason.BAD_CHUNK)
        del buffer[: end + 2]
        self.is_complete = True
        return b"\r\n"
