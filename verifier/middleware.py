"""ASGI middleware: whoever gets to the application is known."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from leadnator_auth.verifier.errors import VerifierError
from leadnator_auth.verifier.http import MissingTokenError, answer_to
from leadnator_auth.verifier.verifier import AsyncVerifier, Verifier

Message = MutableMapping[str, Any]  # as ASGI has it
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY_VIOLATION = 1008


class VerifierMiddleware:
    """Lets requests with a good access token pass, with a `Verified` in `request.state.verified`.

        app = Starlette(routes=…, middleware=[Middleware(VerifierMiddleware, verifier=verifier)])

    Others get 401, or 503 while nobody knows which sessions ended. With `optional`, a request without any token passes
    with None there. The token is taken from the Authorization header alone.
    """

    def __init__(self, app: App, verifier: Verifier | AsyncVerifier, *, optional: bool = False) -> None:
        self._app = app
        self._engine = verifier.engine
        self._verify = verifier.engine.verify_request
        self._optional = optional

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            self._engine.start()  # after a fork, before the first request
            await self._app(scope, receive, send)
            return
        try:
            verified = self._verify(scope["headers"])
        except VerifierError as error:
            if not (self._optional and isinstance(error, MissingTokenError)):
                await _refuse(error, kind, receive, send)
                return
            verified = None
        scope.setdefault("state", {})["verified"] = verified
        await self._app(scope, receive, send)


async def _refuse(error: VerifierError, kind: str, receive: Receive, send: Send) -> None:
    if kind == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    status, headers, body = answer_to(error)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
