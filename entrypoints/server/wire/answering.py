"""The application, wrapped for the requests of one connection."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadnator_auth.entrypoints.server.wire.guard import ConnectionGuard

_CLOSE = (b"connection", b"close")
_CHUNKED = (b"transfer-encoding", b"chunked")


def answering(app: ASGIApp, guard: ConnectionGuard) -> ASGIApp:
    """Returns the application, wrapped for the requests of a connection."""

    def answer(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["method"] == "HEAD" and scope["http_version"] == "1.1":
            send = _framing_as_for_get(send)
        return app(scope, receive, _closing(send, guard) if guard.is_waited_for else send)

    return answer


def _framing_as_for_get(send: Send) -> Send:
    """Returns a `send` that tells of a body of unknown length what GET tells of it, as one of the parsers does."""

    async def send_with_coding(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] not in (204, 304):
            names = {name for name, _ in message["headers"]}
            if names.isdisjoint((b"content-length", _CHUNKED[0])):
                message["headers"] = [*message["headers"], _CHUNKED]
        await send(message)

    return send_with_coding


def _closing(send: Send, guard: ConnectionGuard) -> Send:
    """Returns a `send` that closes the connection after an answer given before the client was asked for the body.

    The client may send the body nevertheless: the next bytes may be the body, or the next request.
    """

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start" and guard.is_waited_for and _CLOSE not in message["headers"]:
            message["headers"] = [*message["headers"], _CLOSE]
        await send(message)

    return send_and_close
