"""The framing of requests: the bytes of one connection, cut into heads and bodies."""

import re

from leadnator_auth.entrypoints.server.wire.bodies import ChunkedBody, CountedBody
from leadnator_auth.entrypoints.server.wire.heads import path_in_line, read_head
from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError

MAX_HEAD_BYTES = 64 * 1024

_END = b"\r\n\r\n"
_NEVER_IN_A_HEAD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")


class Framing:
    """The bytes that have arrived and were not yet passed to the parser."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seen = 0
        self._has_skipped_line = False
        self._body: CountedBody | ChunkedBody | None = None
        self.method: str | None = None
        """The method of the last request of a connection, where the parser was given another."""

    @property
    def is_in_body(self) -> bool:
        """Whether the head of a request was pulled, but not yet all of its body."""
        return self._body is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be pulled."""
        return not self._buffer

    @property
    def path(self) -> str:
        """The path of the request whose head waits to be pulled, as it was sent; empty where it names none."""
        return path_in_line(self._buffer)

    @property
    def begins_with_head(self) -> bool:
        """Whether the method of that request is HEAD."""
        return self._buffer.startswith(b"HEAD ")

    def push(self, data: bytes) -> None:
        """Adds bytes that have arrived."""
        self._buffer += data

    def pull(self) -> bytes:
        """Returns a whole head, or the part of a body that has arrived; nothing when more has to arrive first.

        Raises: RefusedError.
        """
        if self._body is None:
            return self._pull_head()
        part = self._body.take(self._buffer)
        if self._body.is_complete:
            self._body = None
        return part

    def _pull_head(self) -> bytes:
        self._skip_empty_line()
        end = self._buffer.find(_END, max(0, self._seen - 3))
        length = len(self._buffer) if end < 0 else end + len(_END)
        if length > MAX_HEAD_BYTES:
            raise RefusedError(Reason.HEAD_TOO_LARGE)
        if end < 0:
            self._look_at_unfinished()
            return b""
        head = read_head(bytes(self._buffer[:length]))
        if head.method is not None:
            self.method = head.method
        del self._buffer[:length]
        self._seen = 0
        self._has_skipped_line = False
        self._body = ChunkedBody() if head.length is None else CountedBody(head.length) if head.length else None
        return head.forwarded

    def _skip_empty_line(self) -> None:
        """Drops one empty line, which old clients send after a body (RFC 9112 section 2.2)."""
        if not self._has_skipped_line and self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
            self._seen = 0
            self._has_skipped_line = True

    def _look_at_unfinished(self) -> None:
        """Refuses bytes that can no longer become a head: their sender expects an answer, not a time-out."""
        if _NEVER_IN_A_HEAD.search(self._buffer, max(0, self._seen - 1)):
            raise RefusedError(Reason.BAD_BYTES)
        self._seen = len(self._buffer)
