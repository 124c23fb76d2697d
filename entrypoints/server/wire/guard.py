"""The guard between a connection and uvicorn's parser: deadlines, one request at a time, and refusals."""

import asyncio
from typing import ClassVar

import structlog

from leadnator_auth.entrypoints.http.middleware.envelope import new_request_id
from leadnator_auth.entrypoints.http.middleware.lingering import DRAIN_SECONDS, MAX_DRAINED_BYTES
from leadnator_auth.entrypoints.server.wire.framing import Framing
from leadnator_auth.entrypoints.server.wire.guarded import Cycle, Parsing
from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError, refusal_answer

HEAD_SECONDS = 10.0
"""The time for a whole head, and for the rest of a body whose request has been answered."""

_log = structlog.get_logger(__name__)


class ConnectionGuard:
    """The state of one connection."""

    head_seconds: ClassVar[float] = HEAD_SECONDS
    linger_seconds: ClassVar[float] = DRAIN_SECONDS

    def __init__(self, protocol: Parsing) -> None:
        self.ending = asyncio.Event()
        """Set when the server ends, or the client sends no more: what waits for something is to be answered."""
        self._protocol = protocol
        self._framing = Framing()
        self._timer: asyncio.TimerHandle | None = None
        self._request: Cycle | None = None
        """The request whose body is being read; None while a head is."""
        self._is_over = False
        self._has_heard_all = False
        self._discarded = 0
        self._watch()

    @property
    def is_waited_for(self) -> bool:
        """Whether the client waits to be told to send the body (RFC 9110 section 10.1.1)."""
        return self._framing.is_in_body and self._request is not None and self._request.waiting_for_100_continue

    def take(self, data: bytes) -> None:
        """Accepts bytes that have arrived."""
        if self._is_over:
            self._discard(data)
            return
        self._framing.push(data)
        self.go_on()

    def go_on(self) -> None:
        """Passes on what it may: a request only once the one before is answered, so that answers keep their order."""
        if self._is_over or self._protocol.transport.is_closing():
            return
        try:
            self._hand_on()
        except RefusedError as refusal:
            self.refuse(refusal.reason)
        if self._has_heard_all:
            self._finish()
        else:
            self._watch()

    def hear_end(self) -> bool:
        """Takes note that the client sends no more; returns whether it is still owed an answer.

        Whoever has sent a whole request may close that half of the connection and read on. Nobody can tell that from a
        client that is gone.
        """
        self._has_heard_all = True
        self.ending.set()
        self.go_on()
        transport = self._protocol.transport
        return not (self._is_over or transport.is_closing()) and transport.can_write_eof()

    def refuse(self, reason: Reason) -> None:
        """Ends the connection, with a problem as the answer unless the answer to the refused request has begun."""
        if self._is_over:
            return
        request_id = new_request_id()
        client = self._protocol.client
        _log.info("request_refused", reason=reason.value, client=client[0] if client else None, request_id=request_id)
        has_begun = self._request is not None and self._request.response_started
        more_headers = self._protocol.server_state.default_headers
        base_path = self._protocol.root_path.rstrip("/")
        answer = refusal_answer(
            reason, self._path(), request_id, more_headers, base_path, to_head=self._is_asked_for_head()
        )
        self._end(b"" if has_begun else answer)

    def linger(self) -> bool:
        """Ends a connection whose client still has to send the body of an answered request; returns whether it did."""
        if self._is_over or not self._framing.is_in_body:
            return False
        self._end(b"")
        return True

    def cut_off(self) -> None:
        """Ends the connection at once; a request without an answer will get none."""
        self.lose()
        self._abandon_request()
        self._protocol.transport.close()

    def lose(self) -> None:
        """Ends with the connection."""
        self._is_over = True
        self._stop_timer()

    def _hand_on(self) -> None:
        framing, protocol = self._framing, self._protocol
        while not (self._is_over or framing.is_empty) and (framing.is_in_body or self._is_answered()):
            is_rest_of_body = framing.is_in_body
            if not is_rest_of_body:
                self._request = None
            part = framing.pull()
            if not part:
                return
            if not (is_rest_of_body and framing.is_in_body):
                self._stop_timer()
            protocol.stop_idling()
            protocol.feed(part)
            self._request = protocol.cycle
            if framing.method is not None and self._request is not None:
                self._request.scope["method"] = framing.method
        if not self._is_over and not framing.is_empty:
            protocol.flow.pause_reading()

    def _finish(self) -> None:
        """Ends the connection, once all is answered that the client has sent."""
        if self._is_over:
            return
        if self._framing.is_in_body:
            self.refuse(Reason.CUT_SHORT)
        elif self._is_answered():
            self.lose()
            self._protocol.stop_idling()
            self._protocol.transport.close()

    def _path(self) -> str:
        """Returns the path of the request that is being read, below the root path."""
        if self._framing.is_in_body and self._request is not None:
            return self._request.scope["path"].removeprefix(self._protocol.root_path)
        return self._framing.path

    def _is_asked_for_head(self) -> bool:
        """Returns whether the method of the request that is being read is HEAD, whose sender expects no content."""
        if self._framing.is_in_body and self._request is not None:
            return self._request.scope["method"] == "HEAD"
        return self._framing.begins_with_head

    def _is_answered(self) -> bool:
        cycle = self._protocol.cycle
        return cycle is None or cycle.response_complete

    def _is_between_requests(self) -> bool:
        return self._framing.is_empty and not self._framing.is_in_body

    def _watch(self) -> None:
        """Sets a deadline where the next move is the client's, except on idle connections, which uvicorn closes."""
        if self._is_over or not self._is_answered():
            return
        if self._is_between_requests() and self._protocol.timeout_keep_alive_task is not None:
            return
        self._protocol.stop_idling()
        if self._timer is None:
            self._timer = self._protocol.loop.call_later(self.head_seconds, self._on_deadline)

    def _on_deadline(self) -> None:
        if self._is_between_requests():
            self.lose()
            self._protocol.transport.close()
        else:
            self.refuse(Reason.TIMEOUT)

    def _end(self, answer: bytes) -> None:
        """Sends the last bytes and reads on for a moment: closing at once could reset the connection, and the answer
        with it (RFC 9112 section 9.6)."""
        self.lose()
        self._abandon_request()
        protocol = self._protocol
        protocol.stop_idling()
        if answer:
            protocol.transport.write(answer)
        if protocol.transport.can_write_eof():
            protocol.transport.write_eof()
        protocol.flow.resume_reading()
        self._timer = protocol.loop.call_later(self.linger_seconds, protocol.transport.abort)

    def _abandon_request(self) -> None:
        cycle = self._protocol.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > MAX_DRAINED_BYTES:
            self._protocol.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
