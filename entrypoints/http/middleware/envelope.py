"""What every answer has, errors included: a request id, safe headers and a line in the log."""

import itertools
import secrets
import time
from collections.abc import Callable

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import InternalError
from leadnator_auth.entrypoints.telemetry.metrics import UNMATCHED

CLIENT_CLOSED_REQUEST = 499
MAX_LOGGED_PATH = 200
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
# Unique in one process and, with 8 random bytes, over all of them; nobody needs to be kept from guessing one.
_PROCESS = secrets.token_hex(8)
_numbers = itertools.count(1)
_NO_STORE = (b"cache-control", b"no-store")

Count = Callable[[str, str, int, float], None]
"""Takes the route, the method, the status and the seconds of a request."""


class Envelope:
    """Wraps the application, as pure ASGI, so that contexts and cancellation pass through it unharmed."""

    def __init__(self, app: ASGIApp, count: Count = lambda *_: None) -> None:
        self._app = app
        self._count = count
        self._log = structlog.get_logger("leadnator_auth.access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = CLIENT_CLOSED_REQUEST
        except Exception:  # noqa: BLE001 (the last resort: whatever it is, the client gets a clean answer)
            self._log.exception("internal_error", request_id=exchange.request_id)
            if exchange.status == 0:
                await problem_response(InternalError())(scope, receive, exchange.send)
        finally:
            exchange.tell(self._log, self._count)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.request_id = f"{_PROCESS}-{next(_numbers):x}"
        self.status = 0
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self._state = scope.setdefault("state", {})
        self._state["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message["headers"]
            own = ((b"x-request-id", self.request_id.encode()), *_HEADERS)
            is_stored = any(name == b"cache-control" for name, _ in given)
            message["headers"] = [*given, *own] if is_stored else [*given, *own, _NO_STORE]
        await self._send(message)

    def tell(self, log: structlog.typing.FilteringBoundLogger, count: Count) -> None:
        """Counts the request, and logs it without its query, its headers and its body: each may hold a secret."""
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
