"""The envelope of every answer, errors included: a request id, safe headers and a line in the log."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from secrets import token_hex

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadnator_auth.entrypoints.http.location import base_path
from leadnator_auth.entrypoints.http.middleware.ending import ending_in_order
from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import InternalError
from leadnator_auth.entrypoints.telemetry.event_log import REQUEST
from leadnator_auth.entrypoints.telemetry.metrics import UNMATCHED

CLIENT_CLOSED_REQUEST = 499
MAX_LOGGED_PATH = 200
CUT_OFF = "leadnator_auth.cut_off"
"""The key in a scope's state under which a server says how to end the connection without an answer."""
ENDING = "leadnator_auth.ending"
"""The key under which a server has the asyncio.Event that is set when it ends: an answer that waits is due then."""
ID_BYTES = 8
_ID_LENGTH = 2 * ID_BYTES
_IDS_DRAWN_AT_ONCE = 256
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_HEADERS_UNLESS_STORED = (*_HEADERS, (b"cache-control", b"no-store"))

# Drawn ahead: asking the system for each one would cost a request more than all of its routing.
_drawn: list[str] = []
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_drawn.clear)  # two processes must not give the same ids

Count = Callable[[str, str, int, float], None]
"""Takes the route, the method, the status and the seconds of a request."""


def new_request_id() -> str:
    """Returns 64 random bits in hexadecimal, which tell nobody how many requests there were; two equal ones are highly
    unlikely.
    """
    try:
        return _drawn.pop()
    except IndexError:
        digits = token_hex(_IDS_DRAWN_AT_ONCE * ID_BYTES)
        _drawn.extend(digits[start : start + _ID_LENGTH] for start in range(_ID_LENGTH, len(digits), _ID_LENGTH))
        return digits[:_ID_LENGTH]


async def answer_internal_error(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a request that a fault of ours ended."""
    await problem_response(InternalError(), base_path(scope))(scope, receive, send)


class Envelope:
    """Wraps the application, as pure ASGI, so that contexts and cancellation pass through it unharmed."""

    def __init__(self, app: ASGIApp, count: Count = lambda *_: None, answer_fault: ASGIApp | None = None) -> None:
        self._app = app
        self._count = count
        self._answer_fault = answer_fault or answer_internal_error
        self._log = structlog.get_logger("leadnator_auth.access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            is_lifespan = scope["type"] == "lifespan"
            await self._app(scope, ending_in_order(receive) if is_lifespan else receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = CLIENT_CLOSED_REQUEST
        except asyncio.CancelledError:
            # The process ends. The server would answer 500 in plain text, though the request may be carried out.
            if CUT_OFF not in scope["state"]:
                raise
            scope["state"][CUT_OFF]()
        except Exception:  # noqa: BLE001 (the last resort: whatever it is, the client gets a clean answer)
            self._log.exception("internal_error", request_id=exchange.request_id)
            if exchange.status == 0:
                await self._answer_fault(scope, receive, exchange.send)
        finally:
            exchange.report(self._log, self._count)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.request_id = new_request_id()
        self.status = 0
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id
        client = scope.get("client")
        REQUEST.set({"client": client[0] if client else "", "request_id": self.request_id})

    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message["status"] = self.status = int(message["status"])  # a member of an enum is written with its name
            given = message["headers"]
            own = _HEADERS if b"cache-control" in dict(given) else _HEADERS_UNLESS_STORED
            message["headers"] = [*given, (b"x-request-id", self.request_id.encode()), *own]
        return self._send(message)

    def report(self, log: structlog.typing.FilteringBoundLogger, count: Count) -> None:
        """Counts the request and logs it, without its query, headers and body: each of them may hold a secret."""
        seconds = time.perf_counter() - self._began
        status = self.status or CLIENT_CLOSED_REQUEST
        count(self._state.get("route", UNMATCHED), self._scope["method"], status, seconds)
        client = self._scope.get("client")
        log.info(
            "request",
            method=self._scope["method"],
            path=self._scope["path"][:MAX_LOGGED_PATH],
            status=status,
            ms=round(seconds * 1000, 1),
            client=client[0] if client else None,
            request_id=self.request_id,
        )
