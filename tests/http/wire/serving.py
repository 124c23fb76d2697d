"""Serves an application behind each of the guarded protocols, in a thread, and talks to it over bare sockets."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from leadnator_auth.entrypoints.server.wire.h11_protocol import GuardedH11Protocol
from leadnator_auth.entrypoints.server.wire.httptools_protocol import GuardedHttpToolsProtocol

DEADLINE_SECONDS = 30.0
"""For everything that has to happen soon: generous, so that a noisy machine fails no test."""
HOST = "127.0.0.1"
PROTOCOLS: Mapping[str, tuple[type[asyncio.Protocol], str]] = {
    "httptools": (GuardedHttpToolsProtocol, "auto"),
    "h11": (GuardedH11Protocol, "asyncio"),
}
"""Each parser, on an event loop of its own kind: they close connections in ways of their own, too."""


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:  # JSON is of any type
        """The body, parsed."""
        return json.loads(self.content)


class Served:
    """A server that runs."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self._server = server
        self.port = port

    def begin_to_stop(self) -> None:
        """Does what a SIGTERM does, and does not wait."""
        self._server.should_exit = True

    def connect(self) -> socket.socket:
        """Returns a new connection; who asks for it closes it."""
        return socket.create_connection((HOST, self.port), timeout=DEADLINE_SECONDS)

    def last_words(self, *packets: bytes) -> bytes:
        """Sends these and returns all that comes until the server closes the connection, without closing it first."""
        with self.connect() as connection:
            for packet in packets:
                connection.sendall(packet)
            return everything(connection)

    def release(self) -> None:
        """Has `Waiting` answer, and waits until it did."""
        release = b"GET /release HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert [answer.status for answer in answers_in(self.last_words(release))] == [200]

    def assert_serves(self) -> None:
        """Checks that another connection is served."""
        answers = answers_in(self.last_words(b"GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        assert [answer.status for answer in answers] in ([200], [404])


@contextmanager
def serving(app: ASGIApp, parser: str, **options: Any) -> Iterator[Served]:  # uvicorn's own options, of as many types
    """Serves until the end of the block, then checks that nothing holds the server up."""
    protocol, loop = PROTOCOLS[parser]
    defaults: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "ws": "none"}
    config = uvicorn.Config(app, http=protocol, loop=loop, lifespan="off", **defaults | options)
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield Served(server, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()


def everything(connection: socket.socket) -> bytes:
    """Returns what comes until the other end closes the connection."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def answers_in(received: bytes) -> list[Answer]:
    """Returns the answers in what was received, which must be nothing but answers with a Content-Length."""
    answers = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        assert status_line.startswith("HTTP/1.1 ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        assert len(headers) == len(lines)
        length = int(headers["content-length"])
        assert len(rest) >= length
        answers.append(Answer(int(status_line.split()[1]), headers, rest[:length]))
        received = rest[length:]
    return answers


def next_answer(connection: socket.socket) -> Answer:
    """Reads exactly one answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head = received.lower().partition(b"\r\n\r\n")[0]
    length = len(head) + 4 + int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(received) < length:
        received += _some(connection)
    (answer,) = answers_in(received)
    return answer


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    assert chunk, "the connection was closed"
    return chunk


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the request as the application got it; below /early before its body is read."""
    body = b""
    while not scope["path"].startswith("/early"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        if not message["more_body"]:
            break
    content = json.dumps(
        {
            "method": scope["method"],
            "path": scope["path"],
            "raw_path": scope["raw_path"].decode("latin-1"),
            "query": scope["query_string"].decode("latin-1"),
            "headers": [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in scope["headers"]],
            "body": body.decode("latin-1"),
        }
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class Waiting:
    """An application whose requests to /wait are answered once another one, to /release, has come."""

    def __init__(self) -> None:
        self._release = asyncio.Event()
        self._done = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await self._release.wait()
        elif scope["path"] == "/release":
            self._release.set()
            await self._done.wait()
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        if scope["path"] == "/wait":
            self._done.set()
