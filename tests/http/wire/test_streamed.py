"""An answer whose length nobody knows: HEAD tells of it what GET does, with either parser."""

from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from tests.http.wire.serving import PROTOCOLS, Served, everything, serving


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers /empty with 204, and other paths with a body in parts."""
    if scope["path"] == "/empty":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for part in (b"hello", b" there") if scope["method"] == "GET" else ():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module", params=list(PROTOCOLS))
def streaming(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A server of that application."""
    with serving(stream, request.param) as served:
        yield served


def asked(served: Served, method: str, path: str = "/", version: str = "1.1") -> tuple[list[str], bytes]:
    """Returns the lines of the head that came, but for the date, and what came behind it."""
    closing = "Connection: close\r\n"
    with served.connect() as connection:
        connection.sendall(f"{method} {path} HTTP/{version}\r\nHost: a\r\n{closing}\r\n".encode())
        head, _, body = everything(connection).partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    return sorted(line for line in lines if not line.startswith("date")), body


def test_head_has_the_headers_of_get(streaming: Served) -> None:
    (head, nothing), (get, body) = asked(streaming, "HEAD"), asked(streaming, "GET")
    assert head == get
    assert "transfer-encoding: chunked" in head
    assert not [line for line in head if line.startswith("content-length")]
    assert (nothing, body) == (b"", b"5\r\nhello\r\n6\r\n there\r\n0\r\n\r\n")


@pytest.mark.parametrize(("path", "version"), [("/empty", "1.1"), ("/", "1.0")])
def test_where_there_is_no_coding_none_is_told(streaming: Served, path: str, version: str) -> None:
    head, nothing = asked(streaming, "HEAD", path, version)
    assert nothing == b""
    assert not [line for line in head if line.startswith(("transfer-encoding", "content-length"))]


def test_the_connection_goes_on_behind_it(streaming: Served) -> None:
    with streaming.connect() as connection:
        connection.sendall(
            b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" * 2 + b"GET / HTTP/1.1\r\nConnection: close\r\nHost: a\r\n\r\n"
        )
        received = everything(connection)
    assert received.count(b"HTTP/1.1 200") == 3
    assert received.endswith(b"0\r\n\r\n")
